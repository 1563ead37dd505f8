//! Frames cut by the snap length.

use crate::diagnose::evidence::each_of;
use crate::diagnose::words::cap::Example;
use crate::diagnose::words::cap::truncated::{self as words, Cuts};
use crate::diagnose::words::{few, path};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::tls::TlsHandshake;
use crate::model::{Conversation, ConversationId, Message, Property, RuleId, Severity};
use hashbrown::HashSet;
use nrpcsniff_dissectors::Message as Body;

/// See [`ABOUT`].
pub(crate) struct Truncated;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("cap-truncated");

static ABOUT: About = About {
    id: ID,
    title: "Frames were cut by the snap length",
    severity: Severity::Minor,
    layer: Layer::Capture,
    sees: "Frames of NRPC or TLS conversations hold fewer bytes than were on the wire.",
    matters: "What stood behind the cut cannot be read: server names, statuses, certificates and their times; and no key opens a \
              record that is not there to its end. Timing and teardown are judged as usual.",
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
        let talks = case.talks().filter(|talk| talk.conversation.tcp.cut_frames > 0);
        let nrpc: Vec<_> = talks.map(|talk| (talk.conversation, is_named(talk))).collect();
        let read: HashSet<ConversationId> = case.tls().all().filter(|one| is_shown(one)).map(id).collect();
        let of_tls = case.analysis.conversations.iter().filter(|c| c.tls.is_some() && c.tcp.cut_frames > 0);
        let tls: Vec<_> = of_tls.map(|c| (c, read.contains(&c.id))).collect();
        [(Cuts::Nrpc, nrpc), (Cuts::Tls, tls)].iter().filter_map(|(of, cut)| finding(case, *of, cut)).collect()
    }
}

/// Both names of the opening were read.
fn is_named(talk: &Talk<'_>) -> bool {
    talk.wanted().is_some() && talk.answered().is_some()
}

/// Hello and answer were read to their end.
fn is_shown(handshake: &TlsHandshake<'_>) -> bool {
    let whole = |message: &Message| matches!(&message.body, Body::Tls(body) if !body.incomplete);
    handshake.has_whole_hello() && handshake.answer.is_some_and(|answer| whole(answer.message))
}

fn id(handshake: &TlsHandshake<'_>) -> ConversationId {
    handshake.conversation.id
}

/// Each conversation with a cut stands with whether its opening was read.
fn finding(case: &Case<'_>, of: Cuts, cut: &[(&Conversation, bool)]) -> Option<Draft> {
    let (first, _) = *cut.first()?;
    let (gone, gone_unread) = match of {
        Cuts::Nrpc => (case.let_go(Property::Cut), case.let_go(Property::CutNameless)),
        Cuts::Tls => (case.let_go(Property::CutTls), case.let_go(Property::CutTlsUnread)),
    };
    let unread = gone_unread.conversations + cut.iter().filter(|(_, read)| !read).count();
    let (snap_lengths, snap_length_count) = few(case.analysis.inputs.iter().filter_map(|input| input.snap_length));
    let draft = Draft::new(&ABOUT, 90).severity(if unread > 0 { Severity::Minor } else { Severity::Info });
    let draft = cut.iter().fold(draft, |draft, (c, _)| draft.conversation(c)).says(&words::Cut {
        protocol: of,
        count: cut.len() + gone.conversations,
        example: Example::of(first, first.first.time),
        frame_count: cut.iter().fold(gone.amount, |sum, (c, _)| sum.saturating_add(c.tcp.cut_frames)),
        snap_lengths,
        snap_length_count,
        nameless_count: unread,
    });
    Some(each_of(draft, cut, gone.conversations, "conversations", |draft, (c, _)| {
        draft.packet(
            c.tcp.cut_at.unwrap_or(c.first),
            format!("{}: {} frames cut, first here", path(c), c.tcp.cut_frames),
        )
    }))
}

#[cfg(test)]
mod tests {
    use crate::facts::tls::tests::{MEET, get};
    use crate::model::{Finding, Severity};
    use crate::testing::says;
    use crate::testing::{conversations, findings};
    use nrpcsniff_samples::tls::Tls;
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

    /// A page inside TLS, in frames that are cut at that length.
    fn sealed(bytes: usize) -> Vec<Finding> {
        let net = Network::new();
        get(&net, &Tls::v12(MEET));
        findings(&net.write(&Format::pcap().keys().snaplen(bytes)))
    }

    #[test]
    fn a_handshake_behind_the_cut_says_so_and_not_that_the_beginning_is_missing() {
        let found = sealed(96);
        assert_eq!(found.iter().map(|finding| finding.rule.as_str()).collect::<Vec<_>>(), ["cap-truncated"]);
        assert_eq!(found[0].severity, Severity::Minor);
        says(&found[0], &["1 TLS conversation", "of 96 bytes", "-s 0", "the handshake could not be read"]);
        assert!(sealed(65_535).iter().all(|finding| finding.rule != "cap-truncated"));
    }

    #[test]
    fn whole_frames_say_nothing() {
        assert_eq!(cut(65_535), []);
    }
}
