//! A Notes session that did not open, and nothing says why.

use crate::diagnose::evidence::attempts::told;
use crate::diagnose::words::nrpc::open_failed as words;
use crate::diagnose::{About, Case, Draft, Layer, Lost, Rule};
use crate::model::{AttemptKind, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct OpenFailed;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-open-failed");

static ABOUT: About = About {
    id: ID,
    title: "The Notes session did not open",
    severity: Severity::Blocker,
    layer: Layer::Fallback,
    sees: "A session request was answered by a status that no other rule knows, never answered, or the session \
           ended before the client had gone on; or the server's side ended the connection before the request.",
    matters: "The user reads that the server is not responding, or a message of Domino's own.",
    guards: &[
        "Any other finding about the attempt explains it: not told by itself.",
        "A client that closes when it has its answer, and does not come back: a probe or a monitor; silent.",
        "Scanners: silent.",
        "The same client got in later: minor. Somebody of it got in by another way: major.",
        "What the capture lacks, or cannot be read, is not known to have failed: silent.",
    ],
    remedy: &[
        "Look the status up in HCL's list of Notes API return codes, and in the server's console and log.nsf \
         at that time.",
        "Trace the connection on the client (File > Preferences > Notes Ports > Trace).",
    ],
    references: &["HCL Notes C API: global.h and the lists of return codes (nserror.h, nsferr.h, neterr.h)"],
    explains: &[],
};

impl Rule for OpenFailed {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn last_resort(&self, case: &Case<'_>, lost: &Lost<'_>) -> Vec<Draft> {
        told(case, &ABOUT, lost, lost.of(AttemptKind::NrpcOpen), |failure, _| words::FailedOpenings { failure })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::{Network, Tcp};

    const RULE: &str = "nrpc-open-failed";
    const MAIL: &str = "CN=Mail01/O=Example";
    /// A status that has no rule.
    const STATUS: u16 = 0x0123;

    fn connect(net: &Network) -> Tcp {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352)
    }

    #[test]
    fn a_status_that_nobody_knows() {
        let found = told(RULE, |net| {
            connect(net).request(MAIL).answer(0x21, STATUS, 0).server_fin();
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        says(finding, &["refused (status 0x0123", "Mail01/Example", "10.1.0.50"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("it works", |net| {
                connect(net).works(MAIL, 2);
            }),
            ("another rule knows it", |net| {
                connect(net).session("chat.example.net", MAIL).wait(3).client_fin();
            }),
            ("a monitor", |net| {
                connect(net).session(MAIL, MAIL).wait(3).client_fin();
            }),
            ("the capture ends", |net| {
                connect(net).request(MAIL);
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
