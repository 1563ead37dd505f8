//! Only one direction of conversations was captured.

use crate::diagnose::evidence::each_of;
use crate::diagnose::words::cap::{Concerned, Example, oneway as words};
use crate::diagnose::words::{OneSide, path, side};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::network::attempts::one_way;
use crate::model::{Property, RuleId, Severity, Side};

/// See [`ABOUT`].
pub(crate) struct OneWay;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("cap-oneway");

static ABOUT: About = About {
    id: ID,
    title: "Only one direction was captured",
    severity: Severity::Minor,
    layer: Layer::Capture,
    sees: "One side goes on talking, and acknowledges what the capture does not hold; no frame of the other side is \
           there.",
    matters: "Answers, names and refusals of the side that is missing cannot be judged, nor who hung up first. The \
              connections themselves may be in good order.",
    guards: &["The side that is seen only repeats itself: then the other one really is silent."],
    remedy: &[
        "Mirror both directions (rx and tx) of the port, or capture on one of the two hosts.",
        "If the mirror is right, the two directions take different paths: capture where both pass.",
    ],
    references: &[],
    explains: &[
        crate::diagnose::rules::nrpc::hello_unanswered::ID,
        crate::diagnose::rules::nrpc::asymmetric::ID,
        crate::diagnose::rules::nrpc::syn_silent::ID,
    ],
};

impl Rule for OneWay {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let half = case.talks().filter_map(|talk| Some((talk, one_way(talk)?)));
        let all = case.talks().count() + case.let_go(Property::Talk).conversations;
        finding(all, case.let_go(Property::OneWay).conversations, &half.collect::<Vec<_>>()).into_iter().collect()
    }
}

fn finding(all: usize, gone: usize, half: &[(&Talk<'_>, Side)]) -> Option<Draft> {
    let &(first, seen) = half.first()?;
    let draft = Draft::new(&ABOUT, 80).conversations_of(half.iter().map(|(talk, _)| *talk)).says(&words::Half {
        concerned: Concerned { count: half.len() + gone, conversation_count: all },
        example: Example::of(first.conversation, first.conversation.first.time),
        seen: OneSide::of(first.conversation, seen),
    });
    Some(each_of(draft, half, gone, "conversations", |draft, (talk, seen)| {
        draft.packet(talk.conversation.first, format!("{}: only {} is seen", path(talk.conversation), side(*seen)))
    }))
}

#[cfg(test)]
mod tests {
    use crate::testing::{idle, none, of, one, says};
    use nrpcsniff_samples::{Network, Side};

    const RULE: &str = "cap-oneway";
    const NAME: &str = "CN=Mail01/O=Acme";

    #[test]
    fn one_side_of_a_live_conversation() {
        for (side, words) in [(Side::Client, "only the client is seen"), (Side::Server, "only the server is seen")] {
            let net = Network::new();
            let (client, server) = (net.host("10.1.0.50"), net.host("10.2.0.9"));
            net.dial(&client, &server, 1352).only(side).open().works(NAME, 3).client_fin();
            idle(&net, 10);
            let finding = one(&net, RULE);
            assert_eq!(finding.conversations, [0]);
            says(&finding, &[words, "10.1.0.50:", "10.2.0.9:1352", "1 of 1 NRPC conversation"]);
            for rule in ["nrpc-asymmetric", "nrpc-syn-silent", "nrpc-hello-unanswered", "cap-drops", "nrpc-early-close"]
            {
                assert!(of(&net, rule).is_empty(), "{rule} with {side:?} only: {:#?}", of(&net, rule));
            }
        }
    }

    #[test]
    fn a_side_that_only_repeats_itself_is_really_alone() {
        let net = Network::new();
        let (client, server) = (net.host("10.1.0.50"), net.host("10.2.0.9"));
        net.dial(&client, &server, 1352).silent(&[1, 3, 7]);
        let tcp = net.dial(&client, &server, 1352).midstream();
        tcp.unanswered(Side::Client, tcp.next_request(0x20, 64), &[300, 600, 1200]);
        idle(&net, 10);
        none(&net, RULE);
    }
}
