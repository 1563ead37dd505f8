//! The server failed at its own work.

use crate::diagnose::evidence::sip::{draft, refused_requests};
use crate::diagnose::words::sip::status_5xx as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::sip::SipExchange;
use crate::facts::sip::wishes::{by_server, refused};
use crate::model::{RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct ServerError;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-5xx");

static ABOUT: About = About {
    id: ID,
    title: "The SIP server failed",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "A REGISTER, INVITE, MESSAGE, SUBSCRIBE or PUBLISH is answered with a server error: 500, 502, 503, 505, 513 and \
           the like.",
    matters: "The request was in order; the server, or something behind it, could not do its work. It hits all users of \
              that server.",
    guards: &[
        "504 is a server behind this one that did not answer: see sip-408.",
        "501 says that the method is unknown: pings and monitors.",
        "The same client gets through later, at this server or another one: minor.",
        "Errors within a dialog do not count: two changes at the same time are answered with 500.",
        "6xx are decisions of people or their telephones: silent.",
    ],
    remedy: &[
        "Look into SystemOut.log of the SIP Proxy and Registrar at that time: exceptions, SRVE and CWSCT messages, \
         applications that had not started.",
        "503 with Retry-After: the server is overloaded or in maintenance; see that clients have a second server.",
        "A load balancer that answers 503 by itself has no member that it believes to be alive: check its probe.",
    ],
    references: &["RFC 3261 section 21.5 (server failures)", "RFC 3261 section 20.33 (Retry-After)"],
    explains: &[],
};

impl Rule for ServerError {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let groups =
            by_server(refused(case, false, |status| matches!(status, 500..=599) && !matches!(status, 501 | 504)));
        groups.iter().filter_map(|group| one(case, group)).collect()
    }
}

fn one(case: &Case<'_>, group: &[&SipExchange<'_>]) -> Option<Draft> {
    let said = words::ServerFailed {
        refused: refused_requests(case, group)?,
        retry_after_s: group.first()?.answer().and_then(|answer| answer.sip.retry_after),
    };
    Some(draft(case, &ABOUT, group).seen_in(group.len()).says(&said))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, phone, phone_of, refused, register, says, the_one, told};

    const RULE: &str = "sip-5xx";

    #[test]
    fn a_server_that_fails_is_told_once_for_all_its_clients() {
        let found = told(RULE, |net| {
            for last in 1..=3 {
                let phone = phone_of(net, &format!("10.1.0.{last}"), &format!("user{last}@example.com"));
                let request = phone.register();
                phone.sends(&request).hears(request.response(503).header("Retry-After", "120"));
            }
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        assert_eq!(finding.conversations, [0, 1, 2]);
        says(finding, &["10.1.0.9:5060 fails: 503 Service Unavailable", "3 requests of 3 clients", "120 seconds"]);
    }

    #[test]
    fn many_users_behind_one_address_are_no_scanner_here() {
        let found = told(RULE, |net| {
            for user in 100..120 {
                refused(&phone_of(net, "10.1.0.77", &format!("{user}@example.com")), 500);
            }
        });
        assert_eq!(the_one(&found).severity, Severity::Blocker);
    }

    #[test]
    fn a_second_server_that_takes_over_makes_it_minor() {
        let found = told(RULE, |net| {
            refused(&phone(net), 503);
            let other = nrpcsniff_samples::sip::Phone::new(
                &net.host("10.1.0.50"),
                5060,
                &net.host("10.1.0.10"),
                5060,
                "ann@example.com",
            );
            register(&other);
        });
        assert_eq!(the_one(&found).severity, Severity::Minor);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 5] = [
            ("accepted", |net| register(&phone(net))),
            ("a method that is not known", |net| refused(&phone(net), 501)),
            ("a server behind this one", |net| refused(&phone(net), 504)),
            ("busy and declined are people", |net| {
                let phone = phone(net);
                for status in [486, 600, 603] {
                    let invite = phone.call("bob@example.com").invite(20_000);
                    phone.sends(&invite).hears(invite.response(status));
                }
            }),
            ("two changes at once", |net| {
                let phone = phone(net);
                let call = phone.call("bob@example.com");
                let invite = call.invite(20_000);
                let ok = invite.response(200).contact("sip:bob@10.1.0.51:5060").sdp("10.1.0.51", 30_000);
                let again = call.invite(20_000).set("To", ok.value("To"));
                phone.sends(&invite).hears(&ok).sends(call.ack(&ok)).sends(&again).hears(again.response(500));
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
