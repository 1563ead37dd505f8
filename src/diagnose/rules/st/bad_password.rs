//! Wrong name or password at the community server.

use crate::diagnose::evidence::sametime::{draft, ended_session};
use crate::diagnose::words::st::bad_password as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::sametime::SametimeLogin;
use crate::facts::sametime::ends::by_user;
use crate::model::{RuleId, Severity};
use nrpcsniff_dissectors::sametime::Auth;

/// See [`ABOUT`].
pub(crate) struct BadPassword;

const INCORRECT_LOGIN: u32 = 0x8000_0211;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("st-bad-password");

static ABOUT: About = About {
    id: ID,
    title: "Wrong name or password at the Sametime server",
    severity: Severity::Info,
    layer: Layer::Protocol,
    sees: "A login with a password (in clear, RC2/40 or RC2/128) is answered by the end of the session (DESTROY of \
           channel 0) with reason 0x80000211 (incorrect login).",
    matters: "Mostly a typing mistake. If it goes on: a password that was changed or locked, or a user name in a form that \
              the directory does not know.",
    guards: &[
        "A login with a token that ends so is another matter: see st-token-refused.",
        "The password itself is never looked at.",
    ],
    remedy: &[
        "Enter the password anew in the client; it may be stored with an old one.",
        "Check the name's form: LDAP > Search filter for resolving person names on the Sametime server must find it \
         (mail address, uid or full name).",
        "Check in the directory whether the account is locked or the password has expired.",
    ],
    references: &["Meanwhile, mw_error.h (reason codes, after draft-houri-sametime-community-client)"],
    explains: &[],
};

impl Rule for BadPassword {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let wrong = |login: &&SametimeLogin<'_>| login.refusal() == Some(INCORRECT_LOGIN) && login.by_password();
        let groups = by_user(case.sametime().logins().filter(wrong));
        let told = groups.iter().filter_map(|group| {
            let weakness = group.first()?.auth().and_then(Auth::weakness);
            let said = words::WrongPassword { session: ended_session(case, group)?, weakness };
            Some(draft(case, &ABOUT, group).says(&said))
        });
        told.collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::evidence::sametime::tests::{USER, dial, token};
    use crate::model::{Confidence, Severity};
    use crate::testing::{none, one, says, text};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::sametime::{Login, reason};

    const RULE: &str = "st-bad-password";

    #[test]
    fn a_wrong_password() {
        for (login, weak) in
            [(Login::plain(USER, "s3cret-word"), true), (Login::rc2_40(USER), true), (Login::rc2_128(USER), false)]
        {
            let net = Network::new();
            dial(&net).vp_open().vp_login(&login).vp_refuse(reason::INCORRECT_LOGIN);
            let finding = one(&net, RULE);
            assert_eq!((finding.severity, finding.confidence), (Severity::Info, Confidence::High));
            says(&finding, &[USER, "10.1.0.9:1533"]);
            assert_eq!(text(&finding).contains("Mind:"), weak);
            assert!(!text(&finding).contains("s3cret"));
        }
    }

    #[test]
    fn tokens_and_good_passwords_are_silent() {
        let net = Network::new();
        dial(&net).vp_open().vp_login(&Login::tokens(USER, &[&token(&net)])).vp_refuse(reason::INCORRECT_LOGIN);
        dial(&net).vp_works(&Login::rc2_128(USER)).vp_logout();
        none(&net, RULE);
    }
}
