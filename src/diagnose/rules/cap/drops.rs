//! Segments that were on the wire but are not in the capture.

use crate::diagnose::evidence::each_of;
use crate::diagnose::words::cap::{Concerned, Example, drops as words};
use crate::diagnose::words::path;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::network::attempts::one_way;
use crate::model::{Property, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct Drops;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("cap-drops");

static ABOUT: About = About {
    id: ID,
    title: "The capture misses segments",
    severity: Severity::Minor,
    layer: Layer::Capture,
    sees: "A side acknowledges bytes that the capture does not hold, or the capturing machine counted frames that it \
           dropped.",
    matters: "What stood in the missing segments cannot be judged, and what seems lost may only be missing here: rules \
              lower their confidence for these conversations.",
    guards: &["Only one direction was captured at all: see cap-oneway.", "No NRPC conversation is concerned."],
    remedy: &[
        "Capture with less load: a filter (tcp port 1352), a larger buffer (-B), a faster disk.",
        "Do not mirror more traffic than the mirror port can carry.",
    ],
    references: &["Wireshark: TCP ACKed unseen segment"],
    explains: &[],
};

impl Rule for Drops {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let holed: Vec<&Talk<'_>> = case.talks().filter(|talk| unseen(talk) > 0 && one_way(talk).is_none()).collect();
        let dropped: u64 = case.analysis.inputs.iter().filter_map(|input| input.dropped).fold(0, u64::saturating_add);
        finding(case, &holed, dropped).into_iter().collect()
    }
}

pub(super) fn unseen(talk: &Talk<'_>) -> u64 {
    let unseen = talk.conversation.tcp.acked_unseen;
    unseen.client.saturating_add(unseen.server)
}

/// 85 points, since an acknowledgment proves that the bytes were sent; frames that the machine dropped without a hole
/// in a session are only info.
fn finding(case: &Case<'_>, holed: &[&Talk<'_>], dropped: u64) -> Option<Draft> {
    let (all, gone) = (case.let_go(Property::Talk).conversations + case.talks().count(), case.let_go(Property::Holed));
    if holed.is_empty() && (dropped == 0 || all == 0) {
        return None;
    }
    let mut draft = Draft::new(&ABOUT, 85)
        .severity(if holed.is_empty() { Severity::Info } else { Severity::Minor })
        .conversations_of(holed.iter().copied());
    draft = match holed.first() {
        Some(&Talk { conversation: c, .. }) => draft.says(&words::Holes {
            concerned: Concerned { count: holed.len() + gone.conversations, conversation_count: all },
            example: Example::of(c, c.tcp.acked_unseen_at.unwrap_or(c.first).time),
            missing_bytes: holed.iter().fold(gone.amount, |sum, talk| sum.saturating_add(unseen(talk))),
            dropped_frames: dropped,
        }),
        None => draft.says(&words::Dropped { dropped_frames: dropped }),
    };
    if dropped > 0 {
        draft = draft.note(format!("the capturing machine says that it dropped {dropped} frames"));
    }
    Some(each_of(draft, holed, gone.conversations, "conversations", |draft, talk| {
        let c = talk.conversation;
        let at = c.tcp.acked_unseen_at.unwrap_or(c.first);
        draft.packet(
            at,
            format!("{}: acknowledges bytes that are not in the capture ({} in all)", path(c), unseen(talk)),
        )
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::Severity;
    use crate::testing::findings;
    use crate::testing::{conversations, none, one, says};
    use nrpcsniff_samples::{Format, Network, Side};

    const RULE: &str = "cap-drops";

    fn network(missing: u32) -> Network {
        let net = Network::new();
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352);
        tcp.works("CN=Mail01/O=Acme", 2);
        tcp.skip(Side::Server, missing).transactions(2).client_fin();
        net
    }

    #[test]
    fn bytes_that_were_acknowledged_but_not_captured() {
        let finding = one(&network(500), RULE);
        assert_eq!((finding.severity, conversations(&finding)), (Severity::Minor, vec![0]));
        says(&finding, &["500 bytes in 1 of 1 NRPC conversation", "10.2.0.9:1352"]);
    }

    #[test]
    fn the_machine_s_own_count_is_told() {
        let net = network(0);
        none(&net, RULE);
        let found = findings(&net.write(&Format::pcapng().dropped(7)));
        let finding = found.iter().find(|finding| finding.rule == RULE).unwrap();
        assert_eq!(finding.severity, Severity::Info);
        says(finding, &["dropped 7 frames"]);
    }
}
