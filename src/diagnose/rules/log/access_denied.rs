//! A log says that an access list, or a missing role, keeps somebody out.

use super::ByCause;
use crate::diagnose::{About, Layer};
use crate::model::{LoggedCause, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) static RULE: ByCause = ByCause { about: &ABOUT, causes: &[LoggedCause::Denied, LoggedCause::Certifier] };

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("log-access-denied");

static ABOUT: About = About {
    id: ID,
    title: "A log says that an access list, or a missing role, keeps somebody out",
    severity: Severity::Blocker,
    layer: Layer::SignOn,
    sees: "Logs: a server whose access lists do not name a user or another server, a page whose roles the user has not, ID files without a certifier in common.",
    matters: "Who signs on is known; he is just not let in. Passwords and tokens are not the fault.",
    guards: &[
        "The same log shows later that the same user got in, or the same server was reached: minor.",
        "Lines of one moment are one event, however many a server writes of it.",
        "A line that nobody has shown from a real log, or that stands in no log: medium confidence at most.",
    ],
    remedy: &[
        "Domino: Server document > Security, \"Access server\" and \"Not access server\", with their groups; look whether the name in the log is in them as it is written there.",
        "WebSphere and Liberty: map the user or a group of his to a role of the application.",
        "No certifier in common: cross-certify the two organizations.",
    ],
    references: &["HCL Domino help: server access for Notes users, Internet users, and Domino servers"],
    explains: &[crate::diagnose::rules::nrpc::auth_failed::ID, crate::diagnose::rules::sip::status_403::ID],
};

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::logs::{SOME_TIME, alone, console, lines};
    use crate::testing::the_one;

    const DENIED: &str = "ATTEMPT TO ACCESS SERVER by CN=Scan/O=ACME was denied";

    #[test]
    fn whom_a_server_does_not_let_in() {
        let found = alone(&[&console(SOME_TIME, &[DENIED, DENIED])]);
        let finding = the_one(&found);
        assert_eq!(
            (finding.rule.as_str(), finding.severity, finding.confidence),
            ("log-access-denied", Severity::Major, Confidence::High)
        );
        assert_eq!((lines(finding), finding.facts.text("user")), (vec![1, 2], Some("CN=Scan/O=ACME")));
    }

    /// The healthy twin: the same user gets in later.
    #[test]
    fn who_gets_in_later_is_minor() {
        let log = [
            console(SOME_TIME, &[DENIED]),
            console(SOME_TIME + 60_000_000_000, &["Opened session for Scan/ACME (Release 12.0.2)"]),
        ];
        assert_eq!(the_one(&alone(&[&log.concat()])).severity, Severity::Minor);
        assert_eq!(alone(&[&console(SOME_TIME, &["Opened session for Scan/ACME (Release 12.0.2)"])]), []);
    }
}
