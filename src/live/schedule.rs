//! When rules are asked while the capture goes on, and when what was judged is let go.
//!
//! Rules judge a snapshot: the analysis that the capture would give if it ended now. They are asked soon after something happened
//! that can make them speak, and once a second because silence speaks too; but never for more than a fifth of the time.
//!
//! What was judged is let go as that of a large file is, by the same [`Ledger`]: whatever can change no more is counted by its cause,
//! examples stay, and the rest goes. What was told stays told and counted however long the capture goes on, and memory does not grow
//! with it. More is let go where rules take long, because packets wait for them ([`LONG`]).

use super::outcomes::AttemptTally;
use super::tracker::FindingTracker;
use crate::diagnose::{Case, Judgement, Ledger, Settings, gather, judge_case};
use crate::engine::{Judge, Pipeline};
use crate::model::{Analysis, Conversation, Finding, Input, Span, Stay, Timestamp};
use crate::report::stream::FindingUpdate;
use std::time::{Duration, Instant};

/// The least time between two evaluations: nobody who watches sees that a finding came later by this.
const PAUSE: Duration = Duration::from_millis(200);
/// Time after which there is an evaluation though nothing happened: thresholds of rules are seconds.
const SILENCE: Duration = Duration::from_secs(1);
/// Between two evaluations there is this many times what the last one took, so that four fifths of the time are for packets.
const REST: u32 = 4;
/// After an evaluation that takes longer, less may be held: packets wait in the queue meanwhile, and a finding must be told within a
/// second.
const LONG: Duration = Duration::from_millis(100);
/// After one that takes less, more may be held again. Well below [`LONG`], or it would swing to and fro.
const SHORT: Duration = Duration::from_millis(40);
/// Bytes that may always be held, however slow rules are: they need a client's retries beside its failure.
const LEAST: usize = 2 << 20;
/// So many times what may be held cannot wait for the pause between two evaluations.
const OVERFULL: usize = 4;
/// Facts that are asked for by time are asked for within minutes; where they are many, those that are older go.
const OLD: Span = Span::from_secs(3600);
/// How often it is looked for them, and for connection attempts that are over.
const CLEARING: Duration = Duration::from_secs(5);

/// When rules are asked, what they said, and what was let go.
pub(super) struct Schedule<'a> {
    settings: &'a Settings,
    ledger: Ledger,
    tracker: FindingTracker,
    attempts: AttemptTally,
    /// When the last evaluation ended.
    ended: Instant,
    /// Duration of the last evaluation.
    took: Duration,
    /// The pipeline's count of events at the last evaluation.
    events: u64,
    /// Bytes that may be held at most, and at present.
    most: usize,
    hold: usize,
    /// When it was looked for what is old last.
    cleared: Instant,
    /// Conversations that were let go.
    let_go: u64,
}

/// Findings of one snapshot.
#[derive(Clone, Copy)]
pub(super) struct Evaluation<'a> {
    /// The capture as it would be if it ended now.
    pub analysis: &'a Analysis,
    /// Everything that rules say of it.
    pub findings: &'a [Finding],
    /// Changes of findings that are to be told now.
    pub updates: &'a [FindingUpdate],
    /// There will be no other one.
    pub is_last: bool,
}

impl<'a> Schedule<'a> {
    /// The first evaluation is due at once. So many bytes may be held.
    pub(super) fn new(settings: &'a Settings, most: usize) -> Self {
        let now = Instant::now();
        Self {
            settings,
            ledger: Ledger::default(),
            tracker: FindingTracker::default(),
            attempts: AttemptTally::default(),
            ended: now,
            took: Duration::ZERO,
            events: 0,
            most,
            hold: most,
            cleared: now,
            let_go: 0,
        }
    }

    /// It is time to ask rules.
    pub(super) fn is_due(&self, pipeline: &Pipeline) -> bool {
        let passed = self.ended.elapsed();
        let (held, room) = pipeline.held();
        let something = pipeline.events() != self.events || self.tracker.is_waiting() || held > room;
        let pause = PAUSE.max(self.took.saturating_mul(REST));
        held > room.saturating_mul(OVERFULL) || passed >= if something { pause } else { pause.max(SILENCE) }
    }

    /// Asks rules about the capture until `now`, which is packet time; `is_last` if there will be no other time.
    ///
    /// The snapshot exists only while `show` sees it: a copy of it would double the memory.
    pub(super) fn evaluate(
        &mut self,
        pipeline: &mut Pipeline,
        input: Input,
        now: Timestamp,
        is_last: bool,
        show: impl FnOnce(Evaluation<'_>),
    ) {
        let began = Instant::now();
        self.events = pipeline.events();
        let (settings, ledger) = (self.settings, &self.ledger);
        let (tracker, tally) = (&mut self.tracker, &mut self.attempts);
        pipeline.snapshot(vec![until(input, now)], now, |analysis| {
            let case = Case::new(analysis, settings);
            let Judgement { findings, attempts, .. } = judge_case(&case, ledger);
            let findings = gather(findings, analysis, &[], ledger.counted());
            let updates = tracker.update(&case, &findings, is_last);
            tally.update(&attempts, case.attempts());
            show(Evaluation { analysis, findings: &findings, updates: &updates, is_last });
        });
        self.took = began.elapsed();
        self.ended = Instant::now();
    }

    /// Lets go of what was judged, if more is held than may be. Each conversation that goes is shown once more.
    pub(super) fn let_go(
        &mut self,
        pipeline: &mut Pipeline,
        input: Input,
        now: Timestamp,
        show: impl FnMut(&Conversation),
    ) {
        let (held, _) = pipeline.held();
        self.hold = room_after(self.hold, self.most, held, self.took);
        pipeline.hold_at_most(self.hold);
        if pipeline.is_full() {
            let ledger = &mut self.ledger;
            let mut turn = Turn { settings: self.settings, room: self.hold, ledger, show, gone: 0 };
            pipeline.let_go(vec![until(input, now)], &mut turn);
            self.let_go = self.let_go.saturating_add(turn.gone);
            pipeline.sum_up(self.ledger.summed());
        }
        // Not at every look, because both go through all that is held; and what is old does no harm for some seconds.
        if self.cleared.elapsed() >= CLEARING {
            self.cleared = Instant::now();
            pipeline.give_up_attempts();
            let before = now.minus(OLD);
            if pipeline.forget_facts(before) {
                self.tracker.forget(before);
            }
        }
    }

    /// What was judged, counted and let go.
    pub(super) const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What came of attempts so far.
    pub(super) const fn attempts(&self) -> &AttemptTally {
        &self.attempts
    }

    /// Conversations that were let go.
    pub(super) const fn conversations_gone(&self) -> u64 {
        self.let_go
    }

    /// Duration of the last evaluation.
    pub(super) const fn took(&self) -> Duration {
        self.took
    }
}

/// Rules ask how long an interface was watched: until now, also if nothing came.
fn until(input: Input, now: Timestamp) -> Input {
    Input { last: input.last.map(|last| last.max(now)), ..input }
}

/// The ledger judges what is known before it goes.
struct Turn<'t, F> {
    settings: &'t Settings,
    room: usize,
    ledger: &'t mut Ledger,
    show: F,
    /// Conversations that went.
    gone: u64,
}

impl<F: FnMut(&Conversation)> Judge for Turn<'_, F> {
    fn judge(&mut self, analysis: &Analysis, is_open: &[bool]) -> Stay {
        self.ledger.turn(analysis, is_open, self.settings, self.room)
    }

    fn goes(&mut self, conversation: &Conversation) {
        self.ledger.sum(conversation);
        self.gone = self.gone.saturating_add(1);
        (self.show)(conversation);
    }
}

/// Bytes that may be held after an evaluation of so many took so long. They shrink at once in proportion, and grow slowly, because
/// packets that waited too long are lost, and what is let go a minute too early harms little.
fn room_after(room: usize, most: usize, held: usize, took: Duration) -> usize {
    if took > LONG {
        let share = LONG.as_secs_f64() / took.as_secs_f64();
        room.min(part(held, share)).max(LEAST).min(most)
    } else if took < SHORT {
        room.saturating_add(room / 8).min(most)
    } else {
        room
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a rough share"
)]
fn part(count: usize, share: f64) -> usize {
    (count as f64 * share) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_is_held_where_rules_take_long_and_more_again_slowly() {
        const MOST: usize = 24 << 20;
        assert_eq!(room_after(MOST, MOST, 16 << 20, LONG * 2), 8 << 20);
        assert_eq!(room_after(4 << 20, MOST, 16 << 20, LONG * 2), 4 << 20);
        assert_eq!(room_after(MOST, MOST, 10, LONG * 2), LEAST);
        assert_eq!(room_after(8 << 20, MOST, 10, SHORT / 2), 9 << 20);
        assert_eq!(room_after(MOST, MOST, 10, SHORT / 2), MOST);
        assert_eq!(room_after(8 << 20, MOST, 800, (SHORT + LONG) / 2), 8 << 20);
        assert_eq!(room_after(1 << 20, 1 << 20, 1 << 20, LONG * 2), 1 << 20, "the user wants it so");
    }
}
