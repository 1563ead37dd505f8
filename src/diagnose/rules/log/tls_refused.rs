//! A log says that a TLS handshake failed.

use super::ByCause;
use crate::diagnose::{About, Layer};
use crate::model::{LoggedCause, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) static RULE: ByCause =
    ByCause { about: &ABOUT, causes: &[LoggedCause::Tls, LoggedCause::Certificate, LoggedCause::Untrusted] };

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("log-tls-refused");

static ABOUT: About = About {
    id: ID,
    title: "A log says that a TLS handshake failed",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "Logs: handshakes that Domino, IBM HTTP Server, nginx, OpenLDAP or a WebSphere server refused or was refused in, with the reason and, where the log has it, the address and port of the client.",
    matters: "Nothing of a sign-on was said on such a connection: the two could not agree on TLS, or one does not trust the other.",
    guards: &[
        "The same log shows later that the same user got in, or the same server was reached: minor.",
        "Lines of one moment are one event, however many a server writes of it.",
        "A line that nobody has shown from a real log, or that stands in no log: medium confidence at most.",
        "A scanner makes the same lines: an address that nobody knows, many of them within seconds.",
    ],
    remedy: &[
        "No cipher or version in common: update the older side, or allow it what it needs for as long as it must be (Server document > Ports > Internet Ports; SSLProtocol and SSLCipherSpec of IBM HTTP Server).",
        "A signer that is not trusted: import the issuer's certificate into the trust store that the line names.",
        "A certificate that has ended or is for another name: renew it with all names under which the server is called.",
    ],
    references: &[
        "HCL Domino help: TLS and SSL settings",
        "IBM documentation: SSL handshake messages of IBM HTTP Server",
    ],
    explains: &[crate::diagnose::rules::tls::handshake_failed::ID, crate::diagnose::rules::tls::silent_close::ID],
};

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::logs::{SOME_TIME, alone, console, systemout};
    use crate::testing::{says, the_one};

    #[test]
    fn the_client_and_the_reason() {
        let line = "TLS/SSL connection 10.1.0.50(50332) -> 10.1.0.9(443) failed with no supported ciphers";
        let found = alone(&[&console(SOME_TIME, &[line])]);
        let finding = the_one(&found);
        assert_eq!(
            (finding.rule.as_str(), finding.severity, finding.confidence),
            ("log-tls-refused", Severity::Major, Confidence::High)
        );
        assert_eq!(finding.facts.text("peer"), Some("10.1.0.50(50332)"));
        says(finding, &["no cipher in common"]);
    }

    #[test]
    fn a_signer_that_is_not_trusted_in_any_language() {
        let found = alone(&[&systemout(SOME_TIME, &["CWPKI0022E: SSL-HANDSHAKEFEHLER: Ein Unterzeichner"])]);
        says(the_one(&found), &["trust store"]);
    }

    /// The healthy twin: handshakes that end well.
    #[test]
    fn a_handshake_that_ends_well_is_silent() {
        let lines = ["SSL_Handshake> Enter", "int_MapSSLError> Mapping SSL error 0 to 0 [SSLNoErr]"];
        assert_eq!(alone(&[&console(SOME_TIME, &lines)]), []);
    }
}
