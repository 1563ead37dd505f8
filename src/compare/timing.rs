//! The network under two dialogues: is it the reason, or is it ruled out?

use super::dialogue::Dialogue;
use crate::facts::{Thresholds, statistics};
use crate::model::{Both, Span, Timing};

/// A line is longer if its round trip is that many times the other's, and long by itself.
const LONGER: u64 = 3;

/// Both networks, and what can be said of them; `None` where there is nothing to measure (UDP, one packet).
pub(super) fn measure(
    good: &Dialogue<'_>,
    bad: &Dialogue<'_>,
    thresholds: &Thresholds,
) -> (Option<Both<Timing>>, Option<&'static str>) {
    let both = Both { good: of(good), bad: of(bad) };
    let is_known = |timing: &Timing| timing.rtt.is_some() || timing.segments > 0;
    if !is_known(&both.good) && !is_known(&both.bad) {
        return (None, None);
    }
    (Some(both), Some(verdict(both, thresholds)))
}

fn of(dialogue: &Dialogue<'_>) -> Timing {
    let mut all = Timing::default();
    for c in &dialogue.conversations {
        all.rtt = [all.rtt, c.quality.rtt].into_iter().flatten().min();
        all.repeated = all.repeated.saturating_add(c.quality.retransmissions);
        let segments = c.tcp.data_segments.client.saturating_add(c.tcp.data_segments.server);
        all.segments = all.segments.saturating_add(segments);
        all.waited = all.waited.plus(c.turns.waited);
        all.answers = all.answers.saturating_add(c.turns.count);
    }
    all
}

fn verdict(both: Both<Timing>, thresholds: &Thresholds) -> &'static str {
    let lossy = |timing: Timing| {
        let share = statistics::share(timing.repeated, timing.segments);
        timing.repeated > 1 && share >= thresholds.loss_minor
    };
    let long = |rtt: Span| rtt >= thresholds.long_rtt;
    match (both.good.rtt, both.bad.rtt) {
        _ if lossy(both.bad) && !lossy(both.good) => "segments were lost in the failing capture only: not ruled out",
        (Some(good), Some(bad)) if long(bad) && bad.part(LONGER) >= good => {
            "the failing line is much longer: not ruled out"
        }
        (_, None) => "no round trip was measured in the failing capture: not judged",
        _ if lossy(both.bad) => "both lose segments: the network is not the difference",
        _ => "network ruled out: round trip and loss do not differ in a way that matters",
    }
}
