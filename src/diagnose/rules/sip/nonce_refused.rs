//! A nonce that was good before is refused without a word that it is too old, and the client gives up.

use crate::diagnose::evidence::sip::{SHOWN, draft, named, refused_requests, show};
use crate::diagnose::words::sip::nonce_refused as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::sip::wishes::{is_stale, is_wish, recovered, scanners};
use crate::facts::sip::{SipExchange, TransactionOutcome};
use crate::model::{RuleId, Severity, Timestamp};
use hashbrown::HashMap;
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct NonceRefused;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-nonce-refused");

static ABOUT: About = About {
    id: ID,
    title: "The SIP server refuses a nonce that was good before, and does not say that it is too old",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "Credentials that answer a nonce with which the same client got in before are refused (401 without stale=true, or 403), and \
           the client does not get in again.",
    matters: "The password is right. A client that is not told that only the nonce is too old takes it for wrong and gives up: it is no \
              longer registered, shows its user online all the same, and calls to him fail.",
    guards: &[
        "stale=true, or a reason phrase that says so: see sip-stale-nonce; silent.",
        "The client tries the new nonce and is accepted: that is how nonces are renewed; silent.",
        "The nonce was never good here: a wrong password is likelier; silent.",
        "The client may still try: silent until a password could have been typed.",
        "Scanners: silent.",
    ],
    remedy: &[
        "Let the server say stale=true when it is only the nonce that is too old (RFC 7616 section 3.3).",
        "Raise the life of nonces on the server above the time of registration (Expires), or let the client ask for a new nonce \
         before each renewal.",
        "Behind a load balancer: keep a client at one node, or let the nodes share their nonces.",
        "Restart the client: it registers anew.",
    ],
    references: &["RFC 7616 sections 3.3 and 3.5 (stale)", "RFC 3261 sections 10.2.4 and 22.4 (renewal, Digest)"],
    explains: &[super::status_403::ID, super::status_401_loop::ID],
};

impl Rule for NonceRefused {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let good = good_nonces(case);
        if good.is_empty() {
            return Vec::new();
        }
        let scanners = scanners(case);
        let wishes = case.sip().exchanges().filter(|e| is_wish(e) && !scanners.contains(&e.client().ip));
        let told = wishes.filter_map(|exchange| Some((exchange, age(case, &good, exchange)?)));
        let groups = group_by(told, |(exchange, _)| (exchange.server().ip, exchange.method, exchange.status()));
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// Nonces with which a client got in, and when first.
type GoodNonces<'a> = HashMap<(IpAddr, &'a str), Timestamp>;

fn good_nonces<'a>(case: &Case<'a>) -> GoodNonces<'a> {
    let mut good = GoodNonces::new();
    for exchange in case.sip().exchanges().filter(|e| e.outcome() == TransactionOutcome::Accepted) {
        for nonce in nonces(exchange) {
            good.entry((exchange.client().ip, nonce)).or_insert(exchange.began());
        }
    }
    good
}

fn nonces<'a>(exchange: &SipExchange<'a>) -> impl Iterator<Item = &'a str> {
    exchange.credentials().iter().filter_map(|credentials| credentials.nonce.as_deref()).filter(|n| !n.is_empty())
}

/// Seconds since the refused nonce was good, where nothing mends the refusal.
fn age(case: &Case<'_>, good: &GoodNonces<'_>, exchange: &SipExchange<'_>) -> Option<f64> {
    let refused = matches!(exchange.status(), Some(401 | 403 | 407)) && !is_stale(exchange);
    let since = nonces(exchange).find_map(|nonce| good.get(&(exchange.client().ip, nonce)))?;
    let waited = case.watched_until(exchange.first.begun.conversation).since(exchange.ended());
    let final_word = exchange.status() == Some(403) || waited >= case.settings.thresholds.sip_auth_wait;
    let lost = refused && *since < exchange.began() && final_word && !recovered(case, exchange);
    lost.then(|| exchange.began().seconds_since(*since))
}

fn finding(case: &Case<'_>, group: &[(&SipExchange<'_>, f64)]) -> Option<Draft> {
    let exchanges: Vec<&SipExchange<'_>> = group.iter().map(|(exchange, _)| *exchange).collect();
    let missed = missed(case, &exchanges);
    let said = words::Refused {
        refused: refused_requests(case, &exchanges)?,
        nonce_age_s: group.first()?.1,
        missed_count: missed.len(),
    };
    let draft = missed.iter().fold(draft(case, &ABOUT, &exchanges), |draft, call| named(draft, call));
    Some(missed.iter().take(SHOWN).fold(draft, |draft, call| show(draft, call)).says(&said))
}

/// Calls to those users that failed from then on.
fn missed<'c, 'a>(case: &'c Case<'a>, refused: &[&SipExchange<'_>]) -> Vec<&'c SipExchange<'a>> {
    let to_them = |call: &&SipExchange<'a>| {
        let lost = |one: &&SipExchange<'_>| one.target() == call.target() && call.began() > one.ended();
        matches!(call.status(), Some(404 | 408 | 410 | 430 | 480 | 504)) && refused.iter().any(lost)
    };
    case.sip().exchanges().filter(|e| e.method == "INVITE" && !e.in_dialog()).filter(to_them).collect()
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, idle, phone, phone_of, refused, register, says, the_one, told};
    use nrpcsniff_samples::{Network, sip};

    const RULE: &str = "sip-nonce-refused";

    /// The renewal carries the nonce of the beginning.
    fn renews(net: &Network, phone: &sip::Phone, answer: impl Fn(&sip::Message) -> sip::Message) {
        register(phone);
        net.wait_secs(900);
        let old = phone.register().response(401).challenge("example.com", "8f3c");
        let again = phone.register().credentials(&old, "ann", "secret");
        phone.sends(&again).hears(answer(&again));
    }

    fn challenged(request: &sip::Message) -> sip::Message {
        request.response(401).challenge("example.com", "new")
    }

    #[test]
    fn a_renewal_with_the_old_nonce() {
        for forbidden in [false, true] {
            let found = told(RULE, |net| {
                renews(net, &phone(net), |again| if forbidden { again.response(403) } else { challenged(again) });
                idle(net, 200);
            });
            let finding = the_one(&found);
            assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
            says(finding, &["ann@example.com", "10.1.0.9:5060", "15.0 min", "stale=true"]);
        }
    }

    #[test]
    fn calls_that_fail_since_belong_to_it() {
        let found = told(RULE, |net| {
            renews(net, &phone(net), challenged);
            net.wait_secs(200);
            let bob = phone_of(net, "10.1.0.51", "bob@example.com");
            let invite = bob.call("ann@example.com").invite(20_000);
            bob.sends(&invite).hears(invite.response(480));
        });
        says(the_one(&found), &["1 call to this user failed since"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 5] = [
            ("renewed with the new nonce", |net| {
                let phone = phone(net);
                renews(net, &phone, challenged);
                register(&phone);
                idle(net, 200);
            }),
            ("it is called stale", |net| {
                renews(net, &phone(net), |again| challenged(again).stale());
                idle(net, 200);
            }),
            ("the client may still try", |net| renews(net, &phone(net), challenged)),
            ("forbidden without credentials", |net| {
                let phone = phone(net);
                register(&phone);
                refused(&phone, 403);
                idle(net, 200);
            }),
            ("a nonce that was never good", |net| {
                let phone = phone(net);
                let first = phone.register();
                let challenge = challenged(&first);
                phone.sends(&first).hears(&challenge);
                let second = phone.register().credentials(&challenge, "ann", "wrong");
                phone.sends(&second).hears(second.response(401).challenge("example.com", "newer"));
                idle(net, 200);
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
