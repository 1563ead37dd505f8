//! What came of attempts, counted while the capture goes on: for statistics, metrics and the line on the terminal.

use crate::model::{Attempt, AttemptCounts, Outcome, OutcomeCounts, OutcomesByKind, Unjudged, sum_of_kinds};
use crate::report::stream::Status;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What "lately" is on the terminal.
const LATELY: Duration = Duration::from_secs(10);
/// How often a moment of it is noted.
const STEP: Duration = Duration::from_millis(500);

/// Counters of attempts. They never go back, as readers of metrics expect of counters: an attempt of which something else came than
/// was seen at first counts once more.
#[derive(Debug, Default)]
pub(super) struct AttemptTally {
    of: OutcomesByKind,
}

impl AttemptTally {
    /// Takes what is known now: rows for everything that was tried, and of that the attempts that were not let go. Those that wait for
    /// an answer that is not overdue have no outcome yet, and are not counted.
    pub(super) fn update(&mut self, rows: &[AttemptCounts], held: &[Attempt]) {
        let mut now = OutcomesByKind::new();
        for row in rows {
            now.entry(row.kind).or_default().add(row);
        }
        for waiting in held.iter().filter(|attempt| attempt.outcome == Outcome::Unknown(Unjudged::CaptureEnds)) {
            let counts = now.entry(waiting.kind).or_default();
            counts.unknown = counts.unknown.saturating_sub(1);
        }
        for (kind, counts) in now {
            let of = self.of.entry(kind).or_default();
            *of = of.max(counts);
        }
    }

    /// The counters, by kind.
    pub(super) const fn by_kind(&self) -> &OutcomesByKind {
        &self.of
    }

    /// The counters of all kinds together.
    pub(super) fn sum(&self) -> OutcomeCounts {
        sum_of_kinds(&self.of)
    }
}

/// The last ten seconds.
#[derive(Debug, Default)]
pub(super) struct Lately(VecDeque<(Instant, Status)>);

impl Lately {
    /// What came in the ten seconds before `now`, if this is what there is of all; from the begin, where that is nearer.
    pub(super) fn until(&mut self, now: Instant, all: Status) -> Status {
        if self.0.back().is_none_or(|(at, _)| now.duration_since(*at) >= STEP) {
            self.0.push_back((now, all));
        }
        while self.0.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= LATELY) {
            self.0.pop_front();
        }
        let before = self.0.front().filter(|(at, _)| now.duration_since(*at) >= LATELY);
        let before = before.map_or_else(Status::default, |(_, before)| *before);
        Status { packets: all.packets.saturating_sub(before.packets), attempts: all.attempts.since(before.attempts) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Case, Settings};
    use crate::model::AttemptKind;
    use crate::testing::analysis;
    use nrpcsniff_samples::Network;

    /// Attempts of a network, as rows and one by one.
    fn tried(tally: &mut AttemptTally, story: impl FnOnce(&Network)) {
        let net = Network::new();
        story(&net);
        let (analysis, settings) = (analysis(&net.to_pcap()), Settings::default());
        let case = Case::new(&analysis, &settings);
        let mut rows = Vec::new();
        for attempt in case.attempts() {
            let mut row = AttemptCounts::new(attempt.kind, attempt.server, None);
            row.count(&attempt.outcome);
            rows.push(row);
        }
        tally.update(&rows, case.attempts());
    }

    #[test]
    fn what_waits_for_an_answer_is_not_counted_and_counters_never_go_back() {
        let mut tally = AttemptTally::default();
        let dial = |net: &Network| net.dial(&net.host("10.1.0.5"), &net.host("10.1.0.9"), 1352);
        tried(&mut tally, |net| dial(net).silent(&[1]));
        assert_eq!(tally.sum(), OutcomeCounts::default(), "the second SYN was a moment ago");
        tried(&mut tally, |net| dial(net).refused(1));
        assert_eq!(tally.by_kind()[&AttemptKind::Connect].refused, 1);
        tried(&mut tally, |_| ());
        assert_eq!(tally.sum().refused, 1);
    }

    #[test]
    fn lately_is_the_difference_to_ten_seconds_ago() {
        let begin = Instant::now();
        let mut lately = Lately::default();
        let status = |packets| Status { packets, ..Status::default() };
        let mut at = |seconds, packets| lately.until(begin + Duration::from_secs(seconds), status(packets)).packets;
        assert_eq!(at(0, 5), 5, "all of it is new");
        for second in 1..10 {
            at(second, 5 + second);
        }
        assert_eq!((at(10, 100), at(12, 100), at(40, 100)), (95, 93, 0));
    }
}
