//! The server understood the request, and forbids it.

use crate::diagnose::evidence::sip::{draft, refused_requests};
use crate::diagnose::words::sip::status_403 as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::sip::wishes::{by_user, challenges, refused};
use crate::facts::sip::{Series, SipExchange};
use crate::model::{RuleId, Severity};
use hashbrown::HashSet;

/// See [`ABOUT`].
pub(crate) struct Forbidden;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-403");

static ABOUT: About = About {
    id: ID,
    title: "The SIP server forbids what the user asks for",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "A REGISTER, INVITE, MESSAGE, SUBSCRIBE or PUBLISH is answered with 403: who asks is known, but may not do it.",
    matters: "Without a registration no call reaches the user; without the right to call, calls end at once.",
    guards: &[
        "Scanners that guess names and passwords are refused rightly: silent.",
        "Between the challenges of a registration that is never accepted it belongs to sip-401-loop: silent.",
        "The same client gets through later: minor.",
        "A refused call, message or subscription is less than a refused registration.",
        "Requests within a dialog and pings (OPTIONS) do not count.",
    ],
    remedy: &[
        "Compare the address in To and From with the user's own: the domain must be the server's, and the user the one \
         that signed on (the name in the sign-on token, or in the credentials).",
        "Some servers answer 403 to a wrong password: enter it anew.",
        "Look for a policy or a blocked address on the server: Sametime SIP Proxy and Registrar, allowed users and \
         trusted hosts.",
    ],
    references: &[
        "RFC 3261 section 21.4.4 (403 Forbidden)",
        "RFC 3261 section 10.3, step 4 (who may change an address)",
    ],
    explains: &[],
};

impl Rule for Forbidden {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let looping = looping(case);
        let alone = refused(case, true, |status| status == 403).into_iter().filter(|e| !looping.contains(&id(e)));
        let groups = by_user(alone.collect());
        groups.iter().filter_map(|group| one(case, group)).collect()
    }
}

fn one(case: &Case<'_>, group: &[&SipExchange<'_>]) -> Option<Draft> {
    let token_user = token_user(group.first()?).map(str::to_owned);
    let blames_password = group.iter().any(|exchange| blames_password(exchange));
    let said = words::ForbiddenRequests { refused: refused_requests(case, group)?, blames_password, token_user };
    let draft = draft(case, &ABOUT, group).says(&said);
    Some(if blames_password {
        draft.remedy_first("Enter the user name and password of the SIP account anew.")
    } else {
        draft
    })
}

/// The server says in its own words what it does not like, as registrars do that answer 403 to a wrong password.
fn blames_password(exchange: &SipExchange<'_>) -> bool {
    let words = exchange.answer().map(|answer| answer.status_line().to_ascii_lowercase()).unwrap_or_default();
    ["password", "passwd", "credential", "authentication fail", "auth fail"].iter().any(|word| words.contains(word))
}

/// Tells one exchange from others.
type Id<'a> = (&'a str, &'a str, u32, Option<String>);

fn id<'a>(exchange: &SipExchange<'a>) -> Id<'a> {
    (exchange.call_id, exchange.method, exchange.number, exchange.target())
}

/// Those that are part of an endless challenge: sip-401-loop tells of them.
fn looping<'a>(case: &Case<'a>) -> HashSet<Id<'a>> {
    let series = case.sip().series().collect::<Vec<_>>();
    let runs = series.iter().flat_map(Series::runs).filter(|run| !challenges(case, run).is_empty());
    runs.flatten().filter(|exchange| exchange.status() == Some(403)).map(id).collect()
}

/// The user that a sign-on token in clear names.
fn token_user<'a>(exchange: &SipExchange<'a>) -> Option<&'a str> {
    exchange.cookies().iter().find_map(|cookie| cookie.token.as_ref()?.user.as_deref())
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, phone, phone_of, refused, register, says, the_one, told};

    const RULE: &str = "sip-403";

    #[test]
    fn a_registration_that_is_forbidden() {
        let found = told(RULE, |net| refused(&phone(net), 403));
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        assert_eq!(finding.conversations, [0]);
        says(finding, &["ann@example.com", "10.1.0.50", "10.1.0.9:5060", "403 Forbidden"]);
    }

    #[test]
    fn the_server_s_own_words_are_heard() {
        let answered = |words: &'static str| {
            told(RULE, move |net| {
                let phone = phone(net);
                let request = phone.register();
                let refusal = String::from_utf8(request.response(403).as_ref().to_vec()).expect("text");
                phone.sends(&request).hears(refusal.replacen("Forbidden", words, 1));
            })
        };
        for words in ["Wrong password", "Invalid credentials", "Authentication failed"] {
            let found = answered(words);
            says(
                the_one(&found),
                &["refuses the password or user name of ann@example.com", words, "password of the SIP account"],
            );
        }
        let call = told(RULE, |net| {
            let phone = phone(net);
            let invite = phone.call("bob@example.com").invite(20_000);
            let refusal = String::from_utf8(invite.response(403).as_ref().to_vec()).expect("text");
            phone.sends(&invite).hears(refusal.replacen("Forbidden", "Wrong password", 1));
        });
        says(the_one(&call), &["10.1.0.9:5060 refuses INVITE to bob@example.com", "403 Wrong password"]);
        says(the_one(&answered("Not your domain")), &["is forbidden by", "403 Not your domain"]);
    }

    #[test]
    fn a_forbidden_call_is_less_and_a_later_success_is_least() {
        let call = told(RULE, |net| {
            let phone = phone(net);
            let invite = phone.call("bob@example.com").invite(20_000);
            phone.sends(&invite).hears(invite.response(403));
        });
        assert_eq!(the_one(&call).severity, Severity::Major);
        let later = told(RULE, |net| {
            let phone = phone(net);
            refused(&phone, 403);
            register(&phone);
        });
        assert_eq!(the_one(&later).severity, Severity::Minor);
        says(the_one(&later), &["got through later"]);
    }

    #[test]
    fn the_same_refusal_on_both_sides_of_a_proxy_is_told_once() {
        let found = told(RULE, |net| {
            let (phone, proxy, registrar) = (phone(net), net.host("10.1.0.9"), net.host("10.1.0.10"));
            let request = phone.register();
            let onward = request.clone().via("UDP", "10.1.0.9:5060", "p1");
            phone.sends(&request);
            net.udp(&proxy, 5060, &registrar, 5060, onward.as_ref());
            net.udp(&registrar, 5060, &proxy, 5060, onward.response(403).as_ref());
            phone.hears(request.response(403));
        });
        assert_eq!(the_one(&found).conversations, [0, 1]);
        says(the_one(&found), &["once, with"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 6] = [
            ("accepted", |net| register(&phone(net))),
            ("a ping", |net| {
                let phone = phone(net);
                let options = phone.options("example.com");
                phone.sends(&options).hears(options.response(403));
            }),
            ("within a dialog", |net| {
                let phone = phone(net);
                let call = phone.call("bob@example.com");
                let invite = call.invite(20_000);
                let ok = invite.response(200).contact("sip:bob@10.1.0.51:5060").sdp("10.1.0.51", 30_000);
                let again = call.invite(20_000).set("To", ok.value("To"));
                phone.sends(&invite).hears(&ok).sends(call.ack(&ok)).sends(&again).hears(again.response(403));
            }),
            ("one of many refusals of one registration", |net| {
                let phone = phone(net);
                for status in [401, 401, 403, 401] {
                    refused(&phone, status);
                }
            }),
            ("a scanner by its name", |net| refused(&phone(net).agent("friendly-scanner"), 403)),
            ("a scanner by what it does", |net| {
                for user in 100..110 {
                    refused(&phone_of(net, "203.0.113.9", &format!("{user}@example.com")).agent("x"), 403);
                }
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }

    #[test]
    fn a_server_that_forbids_a_few_users_is_no_scanner() {
        let found = told(RULE, |net| {
            for user in 100..105 {
                refused(&phone_of(net, "10.1.0.77", &format!("{user}@example.com")), 403);
            }
        });
        assert_eq!(the_one(&found).group.count, 5);
    }
}
