//! Frames cut by the snap length.

use crate::diagnose::evidence::each_of;
use crate::diagnose::words::cap::{Example, truncated as words};
use crate::diagnose::words::{few, path};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::model::{Property, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct Truncated;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("cap-truncated");

static ABOUT: About = About {
    id: ID,
    title: "Frames were cut by the snap length",
    severity: Severity::Minor,
    layer: Layer::Capture,
    sees: "Frames of NRPC conversations hold fewer bytes than were on the wire.",
    matters: "What stood behind the cut cannot be read: server names, statuses, certificate times. Timing and teardown \
              are judged as usual.",
    guards: &["Only the payload of other protocols was cut."],
    remedy: &["Capture again with whole frames: tcpdump -s 0, dumpcap without -s."],
    references: &[],
    explains: &[],
};

impl Rule for Truncated {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let cut: Vec<&Talk<'_>> = case.talks().filter(|talk| talk.conversation.tcp.cut_frames > 0).collect();
        finding(case, &cut).into_iter().collect()
    }
}

fn finding(case: &Case<'_>, cut: &[&Talk<'_>]) -> Option<Draft> {
    let first = cut.first()?.conversation;
    let gone = case.let_go(Property::Cut);
    let unread = case.let_go(Property::CutNameless).conversations
        + cut.iter().filter(|talk| talk.wanted().is_none() || talk.answered().is_none()).count();
    let (snap_lengths, snap_length_count) = few(case.analysis.inputs.iter().filter_map(|input| input.snap_length));
    let draft = Draft::new(&ABOUT, 90)
        .severity(if unread > 0 { Severity::Minor } else { Severity::Info })
        .conversations_of(cut.iter().copied())
        .says(&words::Cut {
            count: cut.len() + gone.conversations,
            example: Example::of(first, first.first.time),
            frame_count: cut.iter().fold(gone.amount, |sum, talk| sum.saturating_add(talk.conversation.tcp.cut_frames)),
            snap_lengths,
            snap_length_count,
            nameless_count: unread,
        });
    Some(each_of(draft, cut, gone.conversations, "conversations", |draft, talk| {
        let c = talk.conversation;
        draft.packet(
            c.tcp.cut_at.unwrap_or(c.first),
            format!("{}: {} frames cut, first here", path(c), c.tcp.cut_frames),
        )
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::{Finding, Severity};
    use crate::testing::says;
    use crate::testing::{conversations, findings};
    use nrpcsniff_samples::{Format, Network};

    fn cut(bytes: usize) -> Vec<Finding> {
        let net = Network::new();
        let (client, server) = (net.host("10.1.0.50"), net.host("10.2.0.9"));
        net.connect(&client, &server, 1352).works("CN=Mail01/O=Acme", 2).client_fin();
        let all = findings(&net.write(&Format::pcap().snaplen(bytes)));
        all.into_iter().filter(|finding| finding.rule == "cap-truncated").collect()
    }

    #[test]
    fn names_behind_the_cut_are_not_judged() {
        let found = cut(68);
        assert_eq!((found.len(), found[0].severity, conversations(&found[0])), (1, Severity::Minor, vec![0]));
        says(&found[0], &["68 bytes", "10.2.0.9:1352", "In 1 of them the opening could not be read"]);
    }

    #[test]
    fn a_cut_behind_the_opening_is_harmless() {
        let found = cut(300);
        assert_eq!((found.len(), found[0].severity), (1, Severity::Info));
    }

    #[test]
    fn whole_frames_say_nothing() {
        assert_eq!(cut(65_535), []);
    }
}
