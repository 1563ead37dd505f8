//! The server does not know the user.

use crate::diagnose::evidence::sip::{draft, refused_requests};
use crate::diagnose::words::sip::status_404 as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::sip::SipExchange;
use crate::facts::sip::wishes::{by_user, refused};
use crate::model::{RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct NotFound;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-404");

static ABOUT: About = About {
    id: ID,
    title: "The SIP server does not know the user or the domain",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "A REGISTER is answered with 404: the address of record in To is unknown there. The same of an INVITE or \
           MESSAGE: whom it is for does not exist; minor, because a wrong number is a person's mistake.",
    matters: "A user whose address is unknown cannot register, and nobody can call him.",
    guards: &[
        "Pings (OPTIONS) answered with 404, 405 or 501 are how monitors see that a server lives: silent.",
        "Scanners that guess names are answered rightly: silent.",
        "A called number that does not exist is a mistake of the caller most often: minor.",
        "The same client gets through later: minor.",
    ],
    remedy: &[
        "Compare the address of record with the directory: user part and domain, letter by letter.",
        "Let the server serve that domain: Sametime SIP Proxy and Registrar, list of domains; and let the client use the \
         domain, not the host name or address of the server.",
    ],
    references: &["RFC 3261 section 21.4.5 (404 Not Found)", "RFC 3261 section 10.3, step 5 (address of record)"],
    explains: &[],
};

impl Rule for NotFound {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let groups = by_user(refused(case, true, |status| status == 404));
        groups.iter().filter_map(|group| one(case, group)).collect()
    }
}

fn one(case: &Case<'_>, group: &[&SipExchange<'_>]) -> Option<Draft> {
    let said = words::Unknown { refused: refused_requests(case, group)? };
    let draft = draft(case, &ABOUT, group).says(&said);
    Some(if said.refused.requests.method == "REGISTER" { draft } else { draft.severity(Severity::Minor) })
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, phone, phone_of, refused, register, says, the_one, told};

    const RULE: &str = "sip-404";

    #[test]
    fn a_user_that_the_registrar_does_not_know() {
        let found = told(RULE, |net| refused(&phone(net), 404));
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        says(finding, &["ann@example.com is unknown to 10.1.0.9:5060", "404 Not Found"]);
    }

    #[test]
    fn a_wrong_number_is_minor() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            let invite = phone.call("nobody@example.com").invite(20_000);
            phone.sends(&invite).hears(invite.response(404));
        });
        assert_eq!(the_one(&found).severity, Severity::Minor);
        says(the_one(&found), &["nobody@example.com"]);
    }

    #[test]
    fn a_later_success_is_minor() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            refused(&phone, 404);
            register(&phone);
        });
        assert_eq!(the_one(&found).severity, Severity::Minor);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 3] = [
            ("accepted", |net| register(&phone(net))),
            ("pings of a monitor", |net| {
                let phone = phone(net);
                for status in [404, 405, 501] {
                    let options = phone.options("example.com");
                    phone.sends(&options).hears(options.response(status));
                }
            }),
            ("a scanner", |net| {
                for user in 100..110 {
                    refused(&phone_of(net, "203.0.113.9", &format!("{user}@example.com")), 404);
                }
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
