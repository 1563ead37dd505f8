//! A log says why a sign-on by a token, a ticket or an assertion is refused.

use super::ByCause;
use crate::diagnose::{About, Layer};
use crate::model::{LoggedCause, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) static RULE: ByCause = ByCause {
    about: &ABOUT,
    causes: &[
        LoggedCause::Directory,
        LoggedCause::Trust,
        LoggedCause::Keys,
        LoggedCause::Token,
        LoggedCause::Clock,
        LoggedCause::Name,
        LoggedCause::Oidc,
        LoggedCause::Provider,
        LoggedCause::Saml,
        LoggedCause::Kerberos,
        LoggedCause::Setup,
        LoggedCause::Size,
    ],
};

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("log-sign-on-refused");

static ABOUT: About = About {
    id: ID,
    title: "A log says why a sign-on by a token, a ticket or an assertion is refused",
    severity: Severity::Blocker,
    layer: Layer::SignOn,
    sees: "Logs: messages of OpenID Connect, SAML, Kerberos, trust associations, directories and LTPA settings of which each names a cause: an issuer, an audience, a principal, a clock, a key, a name that leads to nobody.",
    matters: "The user sees a login page again, or an error without a reason; the reason is in this line.",
    guards: &[
        "The same log shows later that the same user got in, or the same server was reached: minor.",
        "Lines of one moment are one event, however many a server writes of it.",
        "A line that nobody has shown from a real log, or that stands in no log: medium confidence at most.",
    ],
    remedy: &[
        "Change what the line names on the side that it names, and begin the next sign-on in a fresh browser window.",
        "Clocks: set all servers that take part by NTP from one source.",
        "A name that leads to nobody, or to several: make the attribute by which the server searches the same in all directories.",
    ],
    references: &[
        "OpenLiberty/open-liberty on GitHub: message files of the security features",
        "IBM documentation: WebSphere messages SECJ, CWWIM, CWSPN",
        "RFC 4120 section 7.5.9 (errors of Kerberos)",
    ],
    explains: &[
        crate::diagnose::rules::http::token_refused::ID,
        crate::diagnose::rules::idp::refused::ID,
        crate::diagnose::rules::spnego::ticket_refused::ID,
    ],
};

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::logs::{SOME_TIME, alone, console, lines, systemout};
    use crate::testing::{says, the_one};

    #[test]
    fn an_assertion_from_the_future_is_no_token() {
        let future = "Single Sign-On token has a creation time in the future. Single Sign-On servers may need to have clocks synchronized.";
        let said = [
            format!("SECCheckSAMLAssertion> NotBefore time check failed : {future}"),
            format!("SECCheckAndParseSAMLResponse> Exiting : {future}"),
            format!("Error in SAML response - {future}"),
            "Bad SAML Request [/names.nsf?SAMLLogin]".to_owned(),
        ];
        let found = alone(&[&console(SOME_TIME, &said.each_ref().map(String::as_str))]);
        let finding = the_one(&found);
        assert_eq!(
            (finding.rule.as_str(), finding.severity, finding.confidence),
            ("log-sign-on-refused", Severity::Major, Confidence::High)
        );
        assert_eq!(lines(finding), [1, 2, 3, 4]);
        says(finding, &["not valid yet by Domino's clock"]);
    }

    #[test]
    fn what_nobody_showed_is_never_high() {
        let found = alone(&[&systemout(SOME_TIME, &["CWOAU0038E: Der Client konnte nicht verifiziert werden."])]);
        assert_eq!(the_one(&found).confidence, Confidence::Medium);
        says(the_one(&found), &["inferred"]);
    }

    /// The healthy twin: a ticket that is taken, a client that is configured.
    #[test]
    fn what_works_is_silent() {
        let lines = [
            "CWSPN0023I: Username ASmith@AD.EXAMPLE.COM Token size 1966.",
            "CWWKS1700I: configuration successfully processed.",
        ];
        assert_eq!(alone(&[&systemout(SOME_TIME, &lines)]), []);
        let old = "SECJ0371W: Validation of the LTPA token failed because the token expired. Token expiration Date: Thu Jan 01 00:00:00 GMT 1970";
        assert_eq!(alone(&[&systemout(SOME_TIME, &[old])]), []);
        assert_eq!(Severity::Info.max(Severity::Major), Severity::Major);
    }
}
