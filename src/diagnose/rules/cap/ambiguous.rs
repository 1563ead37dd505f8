//! Bytes that the capture holds in two versions.

use crate::diagnose::evidence::each_of;
use crate::diagnose::words::cap::Example;
use crate::diagnose::words::cap::ambiguous::{self as words, Cause};
use crate::diagnose::words::path;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::model::{Conversation, Dispute, Property, RuleId, Severity, Source};

/// See [`ABOUT`].
pub(crate) struct Ambiguous;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("cap-ambiguous");

static ABOUT: About = About {
    id: ID,
    title: "The capture holds the same bytes in two versions",
    severity: Severity::Minor,
    layer: Layer::Capture,
    sees: "Copies of the same bytes that differ: TCP segments before their receiver acknowledged them, fragments of one IP packet. Or a \
           byte that TCP calls urgent.",
    matters: "The receiver took one of the versions, and the capture does not show which. Something on the path rewrites what passes, a \
              host sends nonsense, or somebody wants whoever listens to read something else. A finding that rests on such bytes is of \
              low confidence.",
    guards: &[
        "A repetition with the same bytes: silent.",
        "Bytes that the receiver had acknowledged before the second copy came: it has taken the first.",
        "A copy that its receiver drops (a wrong checksum where those of its sender are right, an older timestamp, beyond the window, \
         without ACK): not what was said; silent.",
    ],
    remedy: &[
        "Capture at the receiver itself, behind whatever stands between: there only what it took is seen.",
        "Compare TTL and IP identification of the two frames with those of their neighbours: they tell who sent which.",
    ],
    references: &[
        "Ptacek, Newsham: Insertion, Evasion, and Denial of Service: Eluding Network Intrusion Detection (1998)",
        "RFC 5722, RFC 8200 section 4.5 (fragments that overlap), RFC 6093 (urgent bytes)",
    ],
    explains: &[],
};

impl Rule for Ambiguous {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let disputed: Vec<(&Conversation, &Dispute)> = case
            .analysis
            .conversations
            .iter()
            .filter_map(|c| {
                Some((c, c.disputes.iter().find(|dispute| dispute.readings.is_some()).or(c.disputes.first())?))
            })
            .collect();
        finding(case, &disputed).into_iter().collect()
    }
}

fn finding(case: &Case<'_>, disputed: &[(&Conversation, &Dispute)]) -> Option<Draft> {
    let (first, dispute) = *disputed.first()?;
    let gone = case.let_go(Property::Disputed);
    let (read, other) = readings(dispute);
    let draft = Draft::new(&ABOUT, 90).says(&words::TwoVersions {
        count: disputed.len() + gone.conversations,
        example: Example::of(first, dispute.other_in.time),
        differs_by: Cause::of(dispute.cause),
        reading: read.map(str::to_owned),
        other_reading: other.map(str::to_owned),
    });
    let draft = disputed.iter().fold(draft, |draft, (c, _)| draft.conversation(c));
    Some(each_of(draft, disputed, gone.conversations, "conversations", |draft, (c, dispute)| {
        let (read, other) = readings(dispute);
        let draft = match dispute.read_in.filter(|frame| *frame != dispute.other_in.frame) {
            Some(frame) => draft.fact(Source::Packet, Some(frame), format!("{}: {}", path(c), words::as_read(read))),
            None => draft,
        };
        draft.packet(dispute.other_in, words::as_other(Cause::of(dispute.cause), dispute.length, other))
    }))
}

/// The message as it is read and as the other version has it.
pub(crate) fn readings(dispute: &Dispute) -> (Option<&str>, Option<&str>) {
    match &dispute.readings {
        Some((read, other)) => (Some(read), other.as_deref()),
        None => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Finding, Severity};
    use crate::testing::{all, none, says};
    use nrpcsniff_samples::{Network, Segment, Side};

    const RULE: &str = "cap-ambiguous";
    const REAL: &str = "CN=Mail01/O=Acme";

    /// A session request for one name, and before it is answered another one in the same place.
    fn told(first: &str, second: &str) -> Vec<Finding> {
        let net = Network::new();
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352);
        let request = tcp.request_for(first).encode();
        let place = request.windows(first.len()).position(|bytes| bytes == first.as_bytes()).unwrap();
        let mut other = request.clone();
        other[place..place + second.len()].copy_from_slice(second.as_bytes());
        tcp.segment(Side::Client, Segment::data(0, request)).client(other);
        tcp.wait(1).response(REAL).wait(3).client_fin();
        all(&net)
    }

    #[test]
    fn a_name_in_two_versions_names_both_and_makes_what_rests_on_it_unsure() {
        let all = told("CN=Chat01/O=Acme", REAL);
        let disputed = all.iter().find(|finding| finding.rule.as_str() == RULE).expect("disputed");
        assert_eq!(disputed.severity, Severity::Minor);
        says(disputed, &["CN=Chat01/O=Acme", "CN=Mail01/O=Acme", "10.1.0.9:1352"]);
        assert_eq!(disputed.frames.len(), 2);
        let rule = "nrpc-name-mismatch-other-server";
        let other = all.iter().find(|finding| finding.rule.as_str() == rule).expect("mismatch");
        assert_eq!(other.confidence, Confidence::Low);
        says(other, &["two versions", "CN=Mail01/O=Acme"]);
        assert!(disputed.frames.iter().all(|frame| other.frames.contains(frame)), "{other:#?}");
    }

    #[test]
    fn the_same_bytes_again_are_a_repetition() {
        assert!(told(REAL, REAL).iter().all(|finding| finding.rule.as_str() != RULE));
    }

    #[test]
    fn a_healthy_session_says_nothing() {
        let net = Network::new();
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 1352).works(REAL, 3).client_fin();
        none(&net, RULE);
    }
}
