//! A fault that comes, goes and comes again: how often, since when, and what of it is worth a line.
//!
//! It comes again when it is seen after something that had failed was granted, or after [`QUIET`]. Times are packet times. A fault
//! that comes and goes without end would drown everything else: each line about it makes the next one wait longer
//! ([`Recurrence::news`]), and that one tells the count.

use crate::model::{Span, Timestamp};

/// After so long without a failure the next one is news.
const QUIET: Span = Span::from_secs(600);
/// The first pause between two lines about one fault; each is twice as long as the one before, up to [`QUIET`].
const PAUSE: Span = Span::from_secs(1);

/// What is to be told of a fault that was told before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It came again: for the so-manieth time since then.
    Again(u64, Timestamp),
    /// What failed is granted since then.
    Works(Timestamp),
}

/// How often a fault came, and whether it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Recurrence {
    /// How often it came, and when it came first.
    times: u64,
    since: Timestamp,
    /// The last failure.
    failed: Timestamp,
    /// Since when what failed is granted, if it is.
    works: Option<Timestamp>,
    /// How often it had come, and whether it was gone, when it was told last.
    told: (u64, bool),
    /// Lines about it that came shortly after each other, and when the last one was told.
    lines: u32,
    line: Timestamp,
}

impl Recurrence {
    /// It came for the first time, and is told at `now`.
    pub(super) const fn new(failed: Timestamp, works: Option<Timestamp>, now: Timestamp) -> Self {
        Self { times: 1, since: failed, failed, works, told: (1, works.is_some()), lines: 0, line: now }
    }

    /// It was seen at that time. What is older than the last failure tells nothing new.
    pub(super) fn failed(&mut self, at: Timestamp) {
        if at <= self.failed {
            return;
        }
        let had_stopped = self.works.is_some_and(|works| at > works);
        let was_quiet = at.since(self.failed) >= QUIET;
        if had_stopped || was_quiet {
            self.times = self.times.saturating_add(1);
        }
        if was_quiet {
            self.lines = 0;
        }
        if had_stopped {
            self.works = None;
        }
        self.failed = at;
    }

    /// What had failed was granted at that time.
    pub(super) fn granted(&mut self, at: Timestamp) {
        if at > self.failed && self.works.is_none() {
            self.works = Some(at);
        }
    }

    /// What is to be told at `now`, if anything; `at_once` if there will be no other time.
    pub(super) fn news(&mut self, now: Timestamp, at_once: bool) -> Option<Turn> {
        let is = (self.times, self.works.is_some());
        if is == self.told || !(at_once || self.may_speak(now)) {
            return None;
        }
        self.spoke(now);
        self.told = is;
        Some(self.works.map_or(Turn::Again(self.times, self.since), Turn::Works))
    }

    /// The last line about it is long enough ago.
    pub(super) fn may_speak(&self, now: Timestamp) -> bool {
        now.since(self.line) >= self.pause()
    }

    /// A line about it was told.
    pub(super) fn spoke(&mut self, now: Timestamp) {
        self.lines = self.lines.saturating_add(1);
        self.line = now;
    }

    fn pause(&self) -> Span {
        let doubled = PAUSE.as_nanos().checked_shl(self.lines).filter(|pause| *pause > 0);
        doubled.map_or(QUIET, Span::from_nanos).min(QUIET)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    #[test]
    fn it_comes_again_after_a_success_and_after_ten_quiet_minutes() {
        let mut fault = Recurrence::new(at(0), None, at(1));
        fault.failed(at(20));
        assert_eq!(fault.news(at(20), false), None, "it goes on");
        fault.granted(at(30));
        fault.granted(at(40));
        assert_eq!(fault.news(at(40), false), Some(Turn::Works(at(30))));
        assert_eq!(fault.news(at(50), false), None);
        fault.failed(at(60));
        assert_eq!(fault.news(at(60), false), Some(Turn::Again(2, at(0))));
        fault.failed(at(659));
        assert_eq!(fault.news(at(659), false), None, "less than ten minutes");
        fault.failed(at(1259));
        assert_eq!(fault.news(at(1259), false), Some(Turn::Again(3, at(0))));
    }

    #[test]
    fn what_is_learnt_late_changes_nothing() {
        let mut fault = Recurrence::new(at(10), None, at(11));
        fault.granted(at(5));
        fault.failed(at(8));
        assert_eq!(fault.news(at(20), false), None);
        fault.granted(at(20));
        // It failed before that, and it took until now to see that nobody answers.
        fault.failed(at(18));
        assert_eq!(fault.news(at(21), false), Some(Turn::Works(at(20))));
        // It was over before it was told.
        let mut over = Recurrence::new(at(10), Some(at(12)), at(13));
        assert_eq!(over.news(at(20), false), None);
    }

    #[test]
    fn what_comes_and_goes_without_end_is_told_ever_more_rarely_and_nothing_is_left_out_of_the_count() {
        let mut fault = Recurrence::new(at(0), None, at(0));
        let mut told = Vec::new();
        for second in (2..3600).step_by(2) {
            if second % 4 == 2 {
                fault.granted(at(second));
            } else {
                fault.failed(at(second));
            }
            told.extend(fault.news(at(second), false));
        }
        assert!((10..20).contains(&told.len()), "{told:?}");
        fault.failed(at(3602));
        assert_eq!(fault.news(at(3602), true), Some(Turn::Again(901, at(0))));
    }
}
