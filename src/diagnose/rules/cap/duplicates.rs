//! Frames that the mirror port delivered twice.

use crate::diagnose::evidence::each_of;
use crate::diagnose::words::cap::{Example, duplicates as words};
use crate::diagnose::words::path;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::model::{Property, RuleId, Severity, Sum};

/// See [`ABOUT`].
pub(crate) struct Duplicates;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("cap-duplicates");

static ABOUT: About = About {
    id: ID,
    title: "Frames are in the capture twice",
    severity: Severity::Info,
    layer: Layer::Capture,
    sees: "The same segment with the same IP ID again within a tenth of a second (without an ID: data, within a \
           millisecond).",
    matters: "The mirror port copies frames on their way in and out, two mirrored ports see the same frame, or the \
              network delivers twice. Copies are left out of everything else; they are no repetitions.",
    guards: &["A repetition by the sender comes later, or with another IP ID."],
    remedy: &["Mirror one direction of each port only, or remove the copies: editcap -d."],
    references: &["editcap manual: -d, -D, -w"],
    explains: &[],
};

impl Rule for Duplicates {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let twice: Vec<&Talk<'_>> = case.talks().filter(|talk| talk.conversation.tcp.duplicate_frames > 0).collect();
        finding(&twice, case.let_go(Property::Twice)).into_iter().collect()
    }
}

fn finding(twice: &[&Talk<'_>], gone: Sum) -> Option<Draft> {
    let first = twice.first()?.conversation;
    let draft = Draft::new(&ABOUT, 90).conversations_of(twice.iter().copied()).says(&words::Twice {
        count: twice.len() + gone.conversations,
        example: Example::of(first, first.tcp.duplicate_at.unwrap_or(first.first).time),
        frame_count: twice
            .iter()
            .fold(gone.amount, |sum, talk| sum.saturating_add(talk.conversation.tcp.duplicate_frames)),
    });
    Some(each_of(draft, twice, gone.conversations, "conversations", |draft, talk| {
        let c = talk.conversation;
        let at = c.tcp.duplicate_at.unwrap_or(c.first);
        draft.packet(at, format!("{}: {} copies, first here", path(c), c.tcp.duplicate_frames))
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::Severity;
    use crate::testing::{conversations, none, one, says};
    use nrpcsniff_samples::{Network, Side};

    const RULE: &str = "cap-duplicates";

    fn network() -> Network {
        let net = Network::new();
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352);
        tcp.works("CN=Mail01/O=Acme", 3);
        tcp.lost(Side::Server, tcp.next_reply(0x20, 0, 64), &[300]).client_fin();
        net
    }

    #[test]
    fn every_frame_comes_twice() {
        let net = network();
        let frames = net.frame_count();
        net.span_duplicates(1);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, conversations(&finding)), (Severity::Info, vec![0]));
        let copies = frames - 1; // the last frame's copy comes when the conversation is over
        says(&finding, &[&format!("{copies} frames of 1 NRPC conversation"), "10.2.0.9:1352"]);
    }

    #[test]
    fn a_repetition_is_no_copy() {
        none(&network(), RULE);
    }
}
