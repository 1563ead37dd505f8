//! Only one direction of conversations was captured.

use super::super::attempts::one_way;
use super::super::network::{count, each, path};
use super::super::words::side;
use super::super::{About, Case, Draft, Layer, Rule, Talk};
use crate::model::{Severity, Side};

/// See [`ABOUT`].
pub struct OneWay;

static ABOUT: About = About {
    id: "cap-oneway",
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
    explains: &["nrpc-hello-unanswered", "nrpc-asymmetric", "nrpc-syn-silent"],
};

impl Rule for OneWay {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let half = case.talks().filter_map(|talk| Some((talk, one_way(talk)?)));
        finding(case.talks().count(), &half.collect::<Vec<_>>()).into_iter().collect()
    }
}

fn finding(all: usize, half: &[(&Talk<'_>, Side)]) -> Option<Draft> {
    let &(first, seen) = half.first()?;
    let draft = Draft::new(&ABOUT, 80)
        .conversations_of(half.iter().map(|(talk, _)| *talk))
        .title(format!("Only one direction of {} of {} was captured", half.len(), count(all, "NRPC conversation")))
        .explain(format!(
            "Of {} of {} only one side is in the capture (first {}, at {}: only {}). What the other side said, and who \
             ended it, cannot be judged.",
            half.len(),
            count(all, "NRPC conversation"),
            path(first.conversation),
            first.conversation.first.time,
            side(seen),
        ));
    Some(each(draft, half, "conversations", |draft, (talk, seen)| {
        draft.packet(talk.conversation.first, format!("{}: only {} is seen", path(talk.conversation), side(*seen)))
    }))
}
