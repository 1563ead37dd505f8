//! The called side never hears that its answer arrived.

use crate::diagnose::evidence::sip::named;
use crate::diagnose::words::sip::ack_lost as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::sip::deadlines::enough_repeats;
use crate::facts::sip::wishes::repeated_successes;
use crate::facts::sip::{Call, SipMessage};
use crate::model::{RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct AckLost;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-ack-lost");

static ABOUT: About = About {
    id: ID,
    title: "The ACK of an answered call does not arrive",
    severity: Severity::Major,
    layer: Layer::Protocol,
    sees: "A 200 to an INVITE is repeated three times and more: no ACK reaches who answered. Often the call ends with a BYE \
           of the called side after 32 seconds.",
    matters: "The call seems to work, perhaps without sound on one side, and is cut off after half a minute.",
    guards: &[
        "One or two repetitions are a loss or a slow client: silent.",
        "Copies of a mirror port and answers of several branches of a forked call are no repetitions.",
        "The 200 on both sides of a proxy counts on the caller's side only.",
        "An ACK that goes another way than the capture sees, after a single 200: silent.",
    ],
    remedy: &[
        "The caller sends the ACK to the Contact of the 200, by way of the Record-Route: both must be names or addresses that \
         it can resolve and reach. Compare them with what the caller can see (NAT, internal host names).",
        "Let the SIP Proxy write an outside name or address into Record-Route.",
        "If the ACK is in the capture: it is lost behind this point; capture on the server.",
    ],
    references: &[
        "RFC 3261 section 13.3.1.4 (the 2xx is repeated until the ACK comes)",
        "RFC 3261 section 16.6, step 4 (Record-Route)",
    ],
    explains: &[],
};

impl Rule for AckLost {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        case.sip().calls().filter_map(|call| judge_call(case, &call)).collect()
    }
}

/// An ACK that was seen takes 10 of the 20 points, because repetitions that cross it on the way are no fault.
fn judge_call(case: &Case<'_>, call: &Call<'_, '_>) -> Option<Draft> {
    let repeats = repeated_successes(&call.invite.first);
    let answer = call.invite.answer()?;
    let last = *repeats.last()?;
    let in_vain = call.invite.acks.iter().filter(|ack| ack.at().time < last.at().time).count();
    let after_ack = call.invite.acks.first().map(|ack| repeats.iter().filter(|r| r.at().time > ack.at().time).count());
    let enough = enough_repeats(case);
    if after_ack.unwrap_or(repeats.len()) < enough {
        return None;
    }
    let bye = call.bye().filter(|bye| bye.client().ip == answer.source().ip);
    let said = words::NotAcknowledged {
        server: answer.source(),
        client: call.invite.client().into(),
        called: call.invite.target(),
        repetitions: repeats.len(),
        repeated_for_s: last.at().time.seconds_since(answer.at().time),
        ack_was_seen: in_vain > 0,
        lasted_s: bye.map(|bye| bye.began().seconds_since(call.answered())),
    };
    let draft = Draft::new(&ABOUT, 55).points(if in_vain == 0 { 20 } else { 10 }).retry(bye.is_some());
    let draft =
        named(draft, call.invite).packet(answer.at(), format!("{}: {}", answer.status_line(), way_back(answer)));
    let draft = draft.packet(last.at(), format!("the last of {} repetitions", repeats.len()));
    let draft = match (call.invite.acks.first(), bye) {
        (Some(ack), _) => draft.packet(ack.at(), "ACK"),
        (None, _) => draft.absence("no ACK from the caller"),
    };
    let draft = match bye {
        Some(bye) => named(draft, bye).packet(bye.first.begun.at(), "BYE of the called side"),
        None => draft,
    };
    let reach = format!("Check that the caller at {} reaches {}.", call.invite.client().ip, next_hop(answer));
    Some(draft.says(&said).remedy_first(reach))
}

/// Where the ACK has to go, as the answer says.
fn way_back(answer: SipMessage<'_>) -> String {
    let routes = if answer.sip.record_routes.is_empty() { "" } else { ", by way of its Record-Route" };
    format!("the ACK has to go to {}{routes}", next_hop(answer))
}

fn next_hop(answer: SipMessage<'_>) -> String {
    let routes = answer.sip.record_routes.last();
    let next = routes.or_else(|| answer.sip.contacts.first());
    next.map_or_else(
        || "the Contact of the answer".to_owned(),
        |address| {
            address.uri.port.map_or_else(|| address.uri.host.clone(), |port| format!("{}:{port}", address.uri.host))
        },
    )
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, phone, says, the_one, told};
    use nrpcsniff_samples::{Network, sip};

    const RULE: &str = "sip-ack-lost";

    fn answered(phone: &sip::Phone, call: &sip::Call) -> sip::Message {
        let invite = call.invite(20_000);
        let ok = invite.response(200).contact("sip:bob@pbx.internal:5060").sdp("10.1.0.51", 30_000);
        phone.sends(&invite).hears(invite.response(180)).hears(&ok);
        ok
    }

    /// The answer comes again as RFC 3261 section 13.3.1.4 says.
    fn repeated(net: &Network, phone: &sip::Phone, ok: &sip::Message, times: usize) {
        for wait in [500, 1000, 2000, 4000, 4000, 4000, 4000, 4000].into_iter().take(times) {
            net.wait(wait);
            phone.hears(ok);
        }
    }

    #[test]
    fn the_answer_is_repeated_until_the_called_side_gives_up() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            let call = phone.call("bob@example.com");
            let ok = answered(&phone, &call);
            repeated(net, &phone, &ok, 8);
            net.wait(8500);
            phone.hears(call.bye_by_callee(&ok));
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        assert_eq!(finding.conversations, [0]);
        says(finding, &["repeated its answer 8 times", "no ACK", "ended the call after 32.", "pbx.internal:5060"]);
    }

    #[test]
    fn an_ack_that_is_lost_behind_the_capture() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            let call = phone.call("bob@example.com");
            let ok = answered(&phone, &call);
            phone.sends(call.ack(&ok));
            repeated(net, &phone, &ok, 5);
        });
        says(the_one(&found), &["lost behind this point"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 5] = [
            ("acknowledged", |net| {
                let phone = phone(net);
                let call = phone.call("bob@example.com");
                let ok = answered(&phone, &call);
                phone.sends(call.ack(&ok)).sends(call.bye(&ok));
            }),
            ("a slow client", |net| {
                let phone = phone(net);
                let call = phone.call("bob@example.com");
                let ok = answered(&phone, &call);
                repeated(net, &phone, &ok, 2);
                phone.sends(call.ack(&ok));
            }),
            ("the ACK takes another way", |net| {
                let phone = phone(net);
                let call = phone.call("bob@example.com");
                let ok = answered(&phone, &call);
                net.wait_secs(60);
                phone.sends(call.bye(&ok));
            }),
            ("copies of a mirror port", |net| {
                let phone = phone(net);
                let call = phone.call("bob@example.com");
                let ok = answered(&phone, &call);
                for _ in 0..5 {
                    net.wait(1);
                    phone.hears(&ok);
                }
            }),
            ("answers of several branches", |net| {
                let phone = phone(net);
                let call = phone.call("bob@example.com");
                let ok = answered(&phone, &call);
                for branch in 0..5 {
                    net.wait(1000);
                    phone.hears(ok.clone().set("To", &format!("<sip:bob@example.com>;tag=branch{branch}")));
                }
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }

    #[test]
    fn both_sides_of_a_proxy_are_one_call() {
        let found = told(RULE, |net| {
            let (phone, proxy, callee) = (phone(net), net.host("10.1.0.9"), net.host("10.1.0.51"));
            let call = phone.call("bob@example.com");
            let invite = call.invite(20_000);
            let onward = invite.clone().via("UDP", "10.1.0.9:5060", "p1");
            phone.sends(&invite);
            net.udp(&proxy, 5060, &callee, 5060, onward.as_ref());
            for _ in 0..5 {
                net.wait(1000);
                net.udp(&callee, 5060, &proxy, 5060, onward.response(200).sdp("10.1.0.51", 30_000).as_ref());
                phone.hears(invite.response(200).sdp("10.1.0.51", 30_000));
            }
        });
        says(the_one(&found), &["repeated its answer 4 times"]);
        assert_eq!(the_one(&found).conversations, [0, 1]);
    }
}
