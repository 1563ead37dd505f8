//! The SIP server cannot read the credentials that a client sends.

use crate::diagnose::evidence::sip::{draft, refused_requests};
use crate::diagnose::words::sip::credentials_malformed as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::sip::SipExchange;
use crate::facts::sip::wishes::{is_wish, scanners};
use crate::model::{RuleId, Severity};
use nrpcsniff_dissectors::auth::Flaw;

/// See [`ABOUT`].
pub(crate) struct CredentialsMalformed;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-credentials-malformed");

static ABOUT: About = About {
    id: ID,
    title: "The SIP server cannot read the client's credentials",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "A request is answered with 400, and its credentials are not as RFC 7616 wants them: several sets in one header, a part of \
           Digest missing (realm, nonce, uri, response, username), typographic quotation marks.",
    matters: "The server could not read the request; the password was never tried.",
    guards: &[
        "Credentials without a flaw: the cause is another (sip-register-failed).",
        "Credentials with a flaw that the server takes, or answers with a challenge: silent.",
        "The same client gets in later: minor.",
        "Scanners: silent.",
    ],
    remedy: &[
        "Each set of credentials needs an Authorization header of its own: bring the client to a release that sends it so, or let \
         proxy and registrar ask for one realm together, so that the client has only one set.",
        "Type the account in anew instead of pasting it from a document, which turns quotation marks into typographic ones.",
        "The log of the SIP server says which line it could not read.",
    ],
    references: &[
        "RFC 3261 sections 20.7 and 22.3 (one Authorization header a set of credentials)",
        "RFC 7616 section 3.4 (parts of Digest credentials)",
    ],
    explains: &[],
};

impl Rule for CredentialsMalformed {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let scanners = scanners(case);
        let refused = case.sip().exchanges().filter(|e| is_wish(e) && e.status() == Some(400));
        let flawed = refused.filter_map(|exchange| Some((exchange, flaw(exchange)?)));
        let flawed = flawed.filter(|(exchange, _)| !scanners.contains(&exchange.client().ip));
        let groups = group_by(flawed, |(exchange, flaw)| (exchange.server().ip, exchange.method, *flaw));
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

fn flaw(exchange: &SipExchange<'_>) -> Option<Flaw> {
    exchange.credentials().iter().find_map(|credentials| credentials.flaw)
}

fn finding(case: &Case<'_>, group: &[(&SipExchange<'_>, Flaw)]) -> Option<Draft> {
    let exchanges: Vec<&SipExchange<'_>> = group.iter().map(|(exchange, _)| *exchange).collect();
    let said = words::Malformed { refused: refused_requests(case, &exchanges)?, flaw: group.first()?.1 };
    Some(draft(case, &ABOUT, &exchanges).says(&said))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, phone, refused, register, says, the_one, told};
    use nrpcsniff_samples::Network;

    const RULE: &str = "sip-credentials-malformed";
    const ONE: &str = "Digest username=\"ann\", realm=\"one\", nonce=\"n1\", uri=\"sip:a\", response=\"0123\"";

    /// A registration with that Authorization header is answered so.
    fn sends(net: &Network, header: &str, status: u16) {
        let phone = phone(net);
        let first = phone.register();
        phone.sends(&first).hears(first.response(401).challenge("one", "n1"));
        let second = phone.register().header("Authorization", header);
        phone.sends(&second).hears(second.response(status));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (header, words) in [
            (format!("{ONE}, {}", ONE.replace("one", "two")), "2 sets of credentials in one header"),
            (ONE.replace(", nonce=\"n1\"", ""), "nonce is missing"),
            (ONE.replace(", response=\"0123\"", ""), "response is missing"),
            (ONE.replace("realm=\"one\"", "realm=\u{201c}one\u{201d}"), "typographic quotation marks"),
        ] {
            let found = told(RULE, |net| sends(net, &header, 400));
            let finding = the_one(&found);
            assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
            says(finding, &["10.1.0.9:5060", "ann@example.com", "400 Bad Request", words]);
        }
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("without a flaw", |net| sends(net, ONE, 400)),
            ("refused for itself", |net| refused(&phone(net), 400)),
            ("the server takes it", |net| sends(net, &format!("{ONE}, {ONE}"), 200)),
            ("it works", |net| register(&phone(net))),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
