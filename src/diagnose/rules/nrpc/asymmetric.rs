//! The answers go, but do not arrive: another way back, or a filter that has not seen the way there.

use crate::diagnose::evidence::each;
use crate::diagnose::words::nrpc::asymmetric as words;
use crate::diagnose::words::{Occurrences, span};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::grouping::group_by;
use crate::facts::nrpc::restarts::restarted;
use crate::facts::statistics::seconds;
use crate::model::{Confidence, RuleId, Severity, Span};

/// See [`ABOUT`].
pub(crate) struct Asymmetric;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-asymmetric");

static ABOUT: About = About {
    id: ID,
    title: "The server's answers do not arrive",
    severity: Severity::Blocker,
    layer: Layer::Network,
    sees: "The server answers the SYN, but the client repeats its SYN and never acknowledges the answer; or the \
           handshake is complete and the client's first data is repeated and never acknowledged although it is small.",
    matters: "One direction takes another path than the other: a firewall that saw only half of the handshake drops \
              the rest as out of state. The user reads \"the server is not responding\".",
    guards: &[
        "One SYN only (a scanner or a flood), or a RST of the client: not a lost answer.",
        "The SYN comes again right after its answer: they crossed on the way, or the mirror port doubled it.",
        "The handshake was completed later: a lost packet.",
        "Only one direction was captured: nothing can be told (cap-oneway).",
    ],
    remedy: &[
        "Compare the routes of both directions (traceroute from either end); look for a second network card with its \
         own default gateway on the server.",
        "Policy routing or source NAT, so that both directions pass the same stateful firewall.",
        "Look for \"out of state\" drops in the logs of the firewalls on the path.",
    ],
    references: &["RFC 9293 3.5 (handshake)", "RFC 2979 (firewall transparency)"],
    explains: &[super::hello_unanswered::ID, super::early_close::ID, crate::diagnose::rules::tcp::loss::ID],
};

impl Rule for Asymmetric {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let restarted = restarted(case);
        let mine = case.talks().filter(|talk| !restarted.contains(&talk.conversation.id));
        let mine = mine.filter(|talk| answer_lost(case, talk) || first_data_lost(case, talk));
        group_by(mine, |talk| talk.conversation.server).iter().filter_map(|group| finding(case, group)).collect()
    }
}

/// The SYN comes again although it was answered, and the answer is never acknowledged.
fn answer_lost(case: &Case<'_>, talk: &Talk<'_>) -> bool {
    let c = talk.conversation;
    let Some(answer) = c.tcp.handshake.syn_ack else { return false };
    let late = |syn: &crate::model::Stamp| syn.since(answer) >= case.settings.thresholds.syn_repeat;
    c.tcp.handshake.ack.is_none()
        && c.bytes.server == 0
        && c.bytes.client <= u64::from(c.tcp.handshake.syn_data)
        && c.teardown.rst.client.is_none()
        && c.tcp.handshake.syns.iter().any(late)
}

/// The handshake is complete, and nothing that the client says is ever acknowledged.
fn first_data_lost(case: &Case<'_>, talk: &Talk<'_>) -> bool {
    let (c, thresholds) = (talk.conversation, &case.settings.thresholds);
    let handshake = &c.tcp.handshake;
    let mute = c.bytes.server == 0 && handshake.syn_ack.is_some() && handshake.ack.is_some();
    mute && c.tcp.unanswered.as_ref().is_some_and(|unanswered| {
        unanswered.from == crate::model::Side::Client
            && unanswered.tries >= thresholds.stuck_tries
            && unanswered.length < thresholds.full_segment
            && u64::from(unanswered.length) == c.bytes.client
    })
}

fn finding(case: &Case<'_>, group: &[&Talk<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let server = first.conversation.server;
    let draft = Draft::new(&ABOUT, 50)
        .seen_in(group.len())
        .retry(group.len() > 1)
        .at_most(Confidence::Medium)
        .conversations_of(group.iter().copied())
        .says(&words::OneDirection {
            seen: Occurrences::of(server, group, first.conversation.first.time),
            lost: if answer_lost(case, first) { words::LostPart::Answer } else { words::LostPart::Data },
        })
        .remedy_first(format!("Trace the route from {} to {} and back.", server.ip, first.conversation.client.ip));
    Some(each(draft, group, "attempts", |draft, talk| evidence(draft, talk)))
}

fn evidence(draft: Draft, talk: &Talk<'_>) -> Draft {
    let c = talk.conversation;
    let Some(answer) = c.tcp.handshake.syn_ack else { return draft };
    let draft =
        draft.packet(c.first, format!("SYN from {}", c.client)).packet(answer, "answered by SYN-ACK".to_owned());
    match (&c.tcp.unanswered, c.tcp.handshake.syns.iter().rfind(|syn| syn.since(answer) > Span::ZERO)) {
        (Some(lost), _) => draft.packet(
            lost.last,
            format!("{} bytes of the client repeated {} times, never acknowledged", lost.length, lost.tries),
        ),
        (None, Some(syn)) => {
            draft.packet(*syn, format!("SYN again {} after its answer", span(seconds(syn.since(answer)))))
        }
        (None, None) => draft,
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{frames, idle, none, one, says};
    use nrpcsniff_samples::{Network, Segment, Side, Tcp, flags};

    const RULE: &str = "nrpc-asymmetric";

    fn syn(tcp: &Tcp) {
        tcp.segment(Side::Client, Segment { sequence: -1, ..Segment::new(flags::SYN) });
    }

    fn syn_ack(tcp: &Tcp) {
        tcp.segment(Side::Server, Segment { sequence: -1, ..Segment::new(flags::SYN | flags::ACK) });
    }

    fn dial(net: &Network) -> Tcp {
        net.dial(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352).midstream()
    }

    #[test]
    fn the_answer_to_the_syn_does_not_arrive() {
        let net = Network::new();
        let tcp = dial(&net);
        for pause in [0, 1000, 2000] {
            net.wait(pause);
            syn(&tcp);
            syn_ack(&tcp);
        }
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        assert_eq!(frames(&finding), [1, 2, 5]);
        says(&finding, &["10.1.0.50", "10.2.0.9:1352", "answered by SYN-ACK", "SYN again"]);
    }

    #[test]
    fn nothing_after_the_handshake_arrives() {
        let net = Network::new();
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352);
        let request = tcp.request_for("CN=Mail01/O=Acme").encode();
        tcp.unanswered(Side::Client, &request, &[300, 600, 1200, 2400]);
        idle(&net, 10);
        says(&one(&net, RULE), &["nothing that the client sent afterwards was acknowledged", "repeated 4 times"]);
        none(&net, "nrpc-hello-unanswered");
    }

    #[test]
    fn a_handshake_that_is_completed_later_lost_one_packet() {
        let net = Network::new();
        let tcp = dial(&net);
        syn(&tcp);
        syn_ack(&tcp);
        net.wait(1000);
        syn(&tcp);
        syn_ack(&tcp);
        tcp.ack(Side::Client).works("CN=Mail01/O=Acme", 2).client_fin();
        none(&net, RULE);
    }

    #[test]
    fn crossing_copies_and_scans_are_not_lost_answers() {
        let net = Network::new();
        let tcp = dial(&net);
        syn(&tcp);
        syn_ack(&tcp);
        syn(&tcp);
        none(&net, RULE);
        net.wait(1000);
        syn(&tcp);
        tcp.segment(Side::Client, Segment { window: Some(0), ..Segment::new(flags::RST) });
        none(&net, RULE);
    }
}
