//! A server answers, and its answers do not reach the client.

use crate::diagnose::evidence::sip::{all_recovered, draft, requests, subject};
use crate::diagnose::words::sip::answer_lost as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::sip::wishes::{is_wish, scanners};
use crate::facts::sip::{SipExchange, SipMessage};
use crate::model::{Confidence, RuleId, Severity, Transport};

/// See [`ABOUT`].
pub(crate) struct AnswerLost;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-answer-lost");

static ABOUT: About = About {
    id: ID,
    title: "The SIP server's answers do not reach the client",
    severity: Severity::Blocker,
    layer: Layer::Network,
    sees: "The same request (same branch of Via) comes again and again over UDP although the server answers it each time, three times \
           and more.",
    matters: "The server has nothing to complain of and the client hears nothing: to its user the server is dead.",
    guards: &[
        "Copies of a mirror port, and of a second interface, are no repetitions.",
        "Repetitions that cross the first answer on the way: fewer than three, silent.",
        "An INVITE that rings, and answers to an INVITE that are repeated because the ACK is missing: see sip-ack-lost.",
        "A request over TCP: silent.",
        "The same client gets through later: minor.",
        "The answers go to the address and port that the request came from: the way there is to be looked at; else the port in Via is \
         to blame, and that is said.",
    ],
    remedy: &[
        "Answers to another port than the request came from: let the client send rport in its Via (RFC 3581), or the server answer to \
         the source address (for many servers a setting for NAT).",
        "Look at the firewall or NAT between both: UDP from the server to that port must come through, and its mapping must last longer \
         than the server takes to answer.",
        "Capture at the client at the same time: it shows whether the answers come.",
    ],
    references: &["RFC 3261 sections 17.1.2.2, 18.2.2 (repetitions, where answers go)", "RFC 3581 (rport)"],
    explains: &[super::status_401_loop::ID],
};

impl Rule for AnswerLost {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let scanners = scanners(case);
        let wishes = case.sip().exchanges().filter(|e| is_wish(e) && !scanners.contains(&e.client().ip));
        let lost = wishes.filter(|exchange| is_unheard(case, exchange));
        let groups = group_by(lost, |exchange| (exchange.server(), exchange.method, other_port(exchange).is_some()));
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// Answered each time, and repeated all the same.
fn is_unheard(case: &Case<'_>, exchange: &SipExchange<'_>) -> bool {
    let hop = &exchange.first;
    let many = usize::try_from(case.settings.thresholds.stuck_tries).unwrap_or(usize::MAX);
    let udp = hop.begun.conversation.transport == Transport::Udp;
    let Some(first) = hop.finals.first() else { return false };
    let later = hop.repeats.iter().filter(|repeat| repeat.at().time > first.at().time).count();
    // The answer to an INVITE is repeated by the server itself.
    udp && exchange.method != "INVITE" && later >= many && hop.finals.len() > many
}

/// Where the answers go, if not to the port or address that the request came from.
fn other_port<'a>(exchange: &SipExchange<'a>) -> Option<SipMessage<'a>> {
    let (request, answer) = (exchange.request()?, exchange.first.finals.first()?);
    (answer.destination() != request.source()).then_some(*answer)
}

/// Where the capture was made decides what it can show: at the client the answers would be seen only if they came to the machine.
fn finding(case: &Case<'_>, group: &[&SipExchange<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let other = other_port(first);
    let said = words::Unheard {
        server: first.server(),
        requests: requests(group)?,
        count: group.len(),
        repetitions: first.first.repeats.len(),
        sent_answers: first.first.finals.len(),
        answer: first.answer()?.status_line(),
        asked_from: first.client(),
        answered_to: first.first.finals.first()?.destination(),
        recovered: all_recovered(case, group),
    };
    let draft = draft(case, &ABOUT, group).at_most(if other.is_some() { Confidence::High } else { Confidence::Medium });
    let (repeat, answer) = (first.first.repeats.last()?, first.first.finals.last()?);
    let draft = draft
        .packet(repeat.at(), format!("{} of {} again, the same branch", first.method, subject(first)))
        .packet(answer.at(), format!("answered again: {}", answer.status_line()));
    Some(draft.says(&said))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, phone, register, says, the_one, told};
    use nrpcsniff_samples::Network;

    const RULE: &str = "sip-answer-lost";

    /// The same request that often, each answered, to that port of the client.
    fn unheard(net: &Network, times: usize, port: u16) {
        let (phone, server, client) = (phone(net), net.host("10.1.0.9"), net.host("10.1.0.50"));
        let request = phone.register();
        let answer = request.response(401).challenge("example.com", "8f3c");
        for wait in [500, 1000, 2000, 4000, 4000, 4000].iter().take(times) {
            phone.sends(&request);
            net.udp(&server, 5060, &client, port, answer.as_ref());
            net.wait(*wait);
        }
    }

    #[test]
    fn answered_each_time() {
        let found = told(RULE, |net| unheard(net, 5, 5060));
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        says(finding, &["10.1.0.9:5060", "10.1.0.50", "5 times", "401 Unauthorized"]);
    }

    #[test]
    fn answers_to_another_port() {
        let found = told(RULE, |net| unheard(net, 5, 6060));
        assert_eq!(the_one(&found).confidence, Confidence::High);
        says(the_one(&found), &["10.1.0.50:6060", "came from 10.1.0.50:5060", "rport"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 3] = [
            ("an answer that was slow", |net| unheard(net, 2, 5060)),
            ("it works", |net| register(&phone(net))),
            ("each request is another", |net| {
                let phone = phone(net);
                for _ in 0..6 {
                    let request = phone.register();
                    phone.sends(&request).hears(request.response(200)).wait(500);
                }
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
        let mirrored = told(RULE, |net| {
            register(&phone(net));
            net.span_duplicates(300);
        });
        assert_eq!(mirrored, []);
    }
}
