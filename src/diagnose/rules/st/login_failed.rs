//! A login at a Sametime server that failed, for a reason that no other rule knows.

use crate::diagnose::evidence::attempts::told;
use crate::diagnose::words::st::login_failed as words;
use crate::diagnose::{About, Case, Draft, Layer, Lost, Rule};
use crate::model::{AttemptKind, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct LoginFailed;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("st-login-failed");

static ABOUT: About = About {
    id: ID,
    title: "The Sametime login failed",
    severity: Severity::Major,
    layer: Layer::Fallback,
    sees: "The server ended the session before it had accepted the login, with a reason that no other rule \
           knows, or with none (0); or the login was never answered.",
    matters: "The user is not online, and reads a general message or none.",
    guards: &[
        "Any other finding about the attempt explains it: not told by itself.",
        "A redirect that is followed, a client that leaves by itself before it was owed an answer: silent.",
        "The same client got in later: minor. Somebody of it got in by another way: major.",
        "What the capture lacks, or cannot be read, is not known to have failed: silent.",
    ],
    remedy: &[
        "Look the reason up in the server's sametime.log and the trace of StUsers and StMux at that time \
         (sametime.ini, [Debug] VPS_TRACE_LEVEL).",
        "Reason 0: the server gave none; StCommunity's log says why it let go of the user.",
    ],
    references: &["Meanwhile, mw_error.h (reason codes, after draft-houri-sametime-community-client)"],
    explains: &[],
};

impl Rule for LoginFailed {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn last_resort(&self, case: &Case<'_>, lost: &Lost<'_>) -> Vec<Draft> {
        told(case, &ABOUT, lost, lost.of(AttemptKind::SametimeLogin), |failure, _| words::FailedLogins { failure })
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::evidence::sametime::tests::{USER, dial};
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, idle, says, the_one, told};
    use nrpcsniff_samples::sametime::{Login, destroy, reason};

    const RULE: &str = "st-login-failed";
    /// FAILURE: the server does not say why.
    const FAILURE: u32 = 0x8000_0000;

    #[test]
    fn a_reason_that_tells_nothing() {
        for (code, words) in [(FAILURE, "FAILURE (0x80000000)"), (0, "gave no reason")] {
            let found = told(RULE, |net| {
                dial(net).vp_open().vp_login(&Login::rc2_128(USER)).vp_refuse(code);
            });
            let finding = the_one(&found);
            assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::Medium));
            says(finding, &[USER, "10.1.0.9:1533", words]);
        }
    }

    #[test]
    fn a_login_that_worked_later() {
        let found = told(RULE, |net| {
            dial(net).vp_open().vp_login(&Login::rc2_128(USER)).vp_refuse(FAILURE);
            net.wait_secs(300);
            dial(net).vp_works(&Login::rc2_128(USER));
        });
        assert_eq!(the_one(&found).severity, Severity::Minor);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("it works", |net| {
                dial(net).vp_works(&Login::rc2_128(USER)).vp_logout();
            }),
            ("another rule knows it", |net| {
                dial(net).vp_open().vp_login(&Login::rc2_128(USER)).vp_refuse(reason::INCORRECT_LOGIN);
            }),
            ("the client leaves", |net| {
                dial(net).vp_open().client(destroy(0, 0)).client_fin();
            }),
            ("the capture ends", |net| {
                dial(net).vp_open().vp_login(&Login::rc2_128(USER));
                idle(net, 1);
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
