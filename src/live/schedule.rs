//! When rules are asked while the capture goes on, how far back they see, and what is let go.
//!
//! Rules judge a snapshot: the analysis that the capture would give if it ended now. They are asked soon after something
//! happened that can make them speak, and once a second because silence speaks too; but never for more than a fifth of
//! the time. What they see reaches back an hour, or as far as there is room for ([`ROOM`]) and rules keep up.

use super::tracker::{FindingTracker, FindingUpdate, conversation_key};
use crate::diagnose::{Settings, diagnose};
use crate::engine::Pipeline;
use crate::model::{Analysis, Conversation, Finding, Input, Span, Timestamp};
use hashbrown::HashSet;
use std::time::{Duration, Instant};

/// The least time between two evaluations: nobody who watches sees that a finding came later by this.
const PAUSE: Duration = Duration::from_millis(200);
/// Time after which there is an evaluation though nothing happened: thresholds of rules are seconds.
const SILENCE: Duration = Duration::from_secs(1);
/// Between two evaluations there is this many times what the last one took, so that four fifths of the time are for packets.
const REST: u32 = 4;
/// An evaluation that takes longer makes the view smaller: packets wait in the queue meanwhile.
const LONG: Duration = Duration::from_millis(150);
/// After one that takes less, the view may grow again. Well below [`LONG`], or it would swing to and fro.
const SHORT: Duration = Duration::from_millis(50);
/// Conversations in view at most, those not counted that go on.
const ROOM: usize = 20_000;
/// The view does not get smaller than this, however slow rules are: they need a client's retries beside its failure.
const LEAST_ROOM: usize = 500;
/// Messages in view at most, for each conversation that may be.
const MESSAGES: usize = 8;
/// What is older is let go in any case (nanoseconds). Rules look at minutes.
const OLD: Span = Span::from_secs(3600);
/// How often what is out of view is let go where there is room.
const CLEARING: Duration = Duration::from_secs(5);

/// When rules are asked, and what they see.
pub(super) struct Schedule<'a> {
    settings: &'a Settings,
    tracker: FindingTracker,
    /// When the last evaluation ended.
    ended: Instant,
    /// Duration of the last evaluation.
    took: Duration,
    /// The pipeline's count of events at the last evaluation.
    events: u64,
    /// Conversations in view at most, at present.
    room: usize,
    /// When what is out of view was let go last.
    cleared: Instant,
    /// More conversations were in view than there is room for.
    is_full: bool,
    /// Conversations that were let go.
    let_go: u64,
    /// What was over before this packet time may be let go.
    horizon: Option<Timestamp>,
    /// What was over before this packet time was let go, at least in part.
    seen_from: Option<Timestamp>,
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
}

impl<'a> Schedule<'a> {
    /// The first evaluation is due at once.
    pub(super) fn new(settings: &'a Settings) -> Self {
        let now = Instant::now();
        Self {
            settings,
            tracker: FindingTracker::default(),
            ended: now,
            took: Duration::ZERO,
            events: 0,
            room: ROOM,
            cleared: now,
            is_full: false,
            let_go: 0,
            horizon: None,
            seen_from: None,
        }
    }

    /// It is time to ask rules.
    pub(super) fn is_due(&self, pipeline: &Pipeline) -> bool {
        let passed = self.ended.elapsed();
        let something = pipeline.events() != self.events || self.tracker.is_waiting();
        let pause = PAUSE.max(self.took.saturating_mul(REST));
        passed >= if something { pause } else { pause.max(SILENCE) }
    }

    /// Asks rules about the capture until `now`, which is packet time; `last` if there will be no other time.
    ///
    /// The snapshot exists only while `show` sees it: a copy of it would double the memory.
    pub(super) fn evaluate(
        &mut self,
        pipeline: &mut Pipeline,
        input: Input,
        now: Timestamp,
        last: bool,
        show: impl FnOnce(Evaluation<'_>),
    ) {
        let began = Instant::now();
        // Rules ask how long an interface was watched: until now, also if nothing came.
        let input = Input { last: input.last.map(|last| last.max(now)), ..input };
        self.events = pipeline.events();
        let (room, settings, tracker) = (self.room, self.settings, &mut self.tracker);
        let (horizon, count) = pipeline.snapshot(vec![input], now, |analysis| {
            let findings = diagnose(analysis, settings);
            let updates = tracker.update(analysis, &findings, last);
            show(Evaluation { analysis, findings: &findings, updates: &updates });
            (horizon(analysis, room), analysis.conversations.len())
        });
        self.horizon = horizon.or(self.horizon);
        self.took = began.elapsed();
        self.ended = Instant::now();
        self.is_full = count > self.room;
        self.room = room_after(self.room, count, self.took);
    }

    /// Lets go of what is out of view, if it is time for that. Each conversation is shown once more.
    pub(super) fn clear(&mut self, pipeline: &mut Pipeline, mut show: impl FnMut(&Conversation)) {
        let is_due = self.is_full || self.cleared.elapsed() >= CLEARING;
        let Some(before) = self.horizon.filter(|_| is_due) else { return };
        let mut gone = HashSet::new();
        pipeline.retire(before, |conversation| {
            gone.insert(conversation_key(conversation));
            show(conversation);
        });
        self.let_go = self.let_go.saturating_add(u64::try_from(gone.len()).unwrap_or(u64::MAX));
        self.tracker.forget(&gone, before);
        if !gone.is_empty() {
            self.seen_from = self.seen_from.max(Some(before));
        }
        (self.cleared, self.is_full) = (Instant::now(), false);
    }

    /// Conversations that were let go.
    pub(super) const fn let_go(&self) -> u64 {
        self.let_go
    }

    /// Duration of the last evaluation.
    pub(crate) const fn took(&self) -> Duration {
        self.took
    }

    /// How far back rules see, if anything was let go.
    pub(super) const fn seen_from(&self) -> Option<Timestamp> {
        self.seen_from
    }
}

/// How many conversations may be in view after an evaluation of so many took so long. The view shrinks at once in
/// proportion, and grows slowly, because packets that waited too long are lost and a smaller view for a minute harms little.
fn room_after(room: usize, count: usize, took: Duration) -> usize {
    if took > LONG {
        let share = LONG.as_secs_f64() / took.as_secs_f64();
        room.min(part(count, share)).max(LEAST_ROOM)
    } else if took < SHORT {
        room.saturating_add(room / 8).min(ROOM)
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

/// The time before which conversations are let go, so that `room` of them are left, or fewer if their messages are many;
/// what is older than [`OLD`] goes in any case. Conversations are taken by their last frame, as those that go on stay.
fn horizon(analysis: &Analysis, room: usize) -> Option<Timestamp> {
    let end = analysis.end?;
    let old = end.minus(OLD);
    let count = analysis.conversations.len();
    let messages: usize = analysis.conversations.iter().map(|c| c.messages.len()).sum();
    let most = room.saturating_mul(MESSAGES);
    if count <= room && messages <= most {
        return Some(old);
    }
    // A quarter more than needed, so that there is not always one too many.
    let kept = room.min(count.saturating_mul(most) / messages.max(most)) / 4 * 3;
    let mut times: Vec<_> = analysis.conversations.iter().map(|c| c.last.time).collect();
    let place = count.saturating_sub(kept.max(1)).min(count.saturating_sub(1));
    let (_, time, _) = times.select_nth_unstable(place);
    Some(old.max(*time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::analysis;
    use nrpcsniff_samples::Network;

    #[test]
    fn the_view_shrinks_with_the_time_that_rules_take_and_grows_slowly() {
        assert_eq!(room_after(20_000, 6000, LONG * 2), 3000);
        assert_eq!(room_after(2000, 6000, LONG * 2), 2000);
        assert_eq!(room_after(20_000, 10, LONG * 2), LEAST_ROOM);
        assert_eq!(room_after(800, 10, SHORT / 2), 900);
        assert_eq!(room_after(ROOM, 10, SHORT / 2), ROOM);
        assert_eq!(room_after(800, 800, (SHORT + LONG) / 2), 800);
    }

    #[test]
    fn what_is_beyond_the_room_is_out_of_view_and_what_is_old_too() {
        let net = Network::new();
        let (client, server) = (net.host("10.1.0.5"), net.host("10.1.0.9"));
        for _ in 0..40 {
            net.connect(&client, &server, 1352).session("CN=Mail01/O=Acme", "CN=Mail01/O=Acme").client_fin();
            net.wait_secs(10);
        }
        let analysis = analysis(&net.to_pcap());
        let end = analysis.end.unwrap();
        let seconds = |room| end.seconds_since(horizon(&analysis, room).unwrap());
        assert!((3599.0..=3601.0).contains(&seconds(100)));
        // Three quarters of 20 conversations, 10 s apart.
        assert!((140.0..=150.0).contains(&seconds(20)), "{}", seconds(20));
        let kept = analysis.conversations.iter().filter(|c| c.last.time >= horizon(&analysis, 20).unwrap()).count();
        assert_eq!(kept, 15);
        assert_eq!(horizon(&Analysis::default(), 20), None);
    }
}
