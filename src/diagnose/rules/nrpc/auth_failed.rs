//! A Notes session that did not get past its authentication, and nothing says why.

use crate::diagnose::evidence::attempts::told;
use crate::diagnose::words::nrpc::auth_failed as words;
use crate::diagnose::{About, Case, Draft, Layer, Lost, Rule};
use crate::model::{AttemptKind, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct AuthFailed;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-auth-failed");

static ABOUT: About = About {
    id: ID,
    title: "The Notes session ended at its authentication",
    severity: Severity::Blocker,
    layer: Layer::Fallback,
    sees: "The server had answered the session request under a name that the client takes, and the client went \
           on; then the server refused with a status, closed, or said nothing more, before it had answered \
           anything else.",
    matters: "The user reads that the server is not responding, or that authentication failed. Network and names \
           are right.",
    guards: &[
        "Any other finding about the attempt explains it: not told by itself.",
        "Closed at once, or with a status of the security package: see nrpc-auth-rejected.",
        "A client that closes and does not come back has tested the connection: silent.",
        "The same client got in later: minor. Somebody of it got in by another way: major.",
        "What the capture lacks, or cannot be read, is not known to have failed: silent.",
    ],
    remedy: &[
        "Read the server's console and log.nsf at that time: \"Authentication failure\", \"not authorized\", or a \
         session that was ended.",
        "Trace the connection on the client (File > Preferences > Notes Ports > Trace): it names the step that \
         failed.",
        "notes.ini on the server: Debug_Authentication and Log_Sessions=1 show each step while it is tried \
         again.",
    ],
    references: &["HCL Domino: log events of authentication failures (LOG_SESSIONS)"],
    explains: &[],
};

impl Rule for AuthFailed {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn last_resort(&self, case: &Case<'_>, lost: &Lost<'_>) -> Vec<Draft> {
        told(case, &ABOUT, lost, lost.of(AttemptKind::NrpcAuth), |failure, _| words::FailedAuthentications { failure })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, idle, says, the_one, told};
    use nrpcsniff_samples::{Network, Tcp};

    const RULE: &str = "nrpc-auth-failed";
    const MAIL: &str = "CN=Mail01/O=Example";

    fn session(net: &Network) -> Tcp {
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352);
        tcp.session(MAIL, MAIL);
        tcp
    }

    #[test]
    fn closed_a_while_after_the_identities() {
        let found = told(RULE, |net| {
            session(net).auth().wait_secs(4).server_fin();
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        says(finding, &["Mail01/Example", "cut off by the server", "10.1.0.50"]);
    }

    #[test]
    fn never_answered() {
        let found = told(RULE, |net| {
            session(net).auth_request();
            idle(net, 30);
        });
        says(the_one(&found), &["unanswered"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 5] = [
            ("it works", |net| {
                session(net).auth().transactions(2).wait_secs(4).server_fin();
            }),
            ("another rule knows it", |net| {
                session(net).auth().wait(100).server_fin();
            }),
            ("a test of the connection", |net| {
                session(net).auth().wait_secs(4).client_fin();
            }),
            ("the capture ends", |net| {
                session(net).auth();
            }),
            ("already going on", |net| {
                let tcp = net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352).midstream();
                tcp.transactions(1).wait_secs(4).server_fin();
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
