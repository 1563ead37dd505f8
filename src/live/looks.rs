//! When rules are asked while the capture goes on, how far back they see, and what is let go.
//!
//! Rules judge a snapshot: the analysis that the capture would give if it ended now. They are asked soon after something
//! happened that can make them speak, and once a second because silence speaks too; but never for more than a fifth of
//! the time. What they see reaches back an hour, or as far as there is room for ([`ROOM`]) and rules keep up.

use super::told::{Saying, Told, key};
use crate::diagnose::{Settings, diagnose};
use crate::engine::Pipeline;
use crate::model::{Analysis, Conversation, Finding, Input, Timestamp};
use hashbrown::HashSet;
use std::time::{Duration, Instant};

/// Time between two looks at least.
const PAUSE: Duration = Duration::from_millis(200);
/// Time after which there is a look though nothing happened.
const SILENCE: Duration = Duration::from_secs(1);
/// Between two looks there is this many times what the last one took.
const REST: u32 = 4;
/// A look that takes longer makes the view smaller.
const LONG: Duration = Duration::from_millis(150);
/// After one that takes less, it may grow again.
const SHORT: Duration = Duration::from_millis(50);
/// Conversations in view at most, those not counted that go on.
const ROOM: usize = 20_000;
/// The view does not get smaller than this.
const LEAST_ROOM: usize = 500;
/// Messages in view at most, for each conversation that may be.
const MESSAGES: usize = 8;
/// What is older is let go in any case (nanoseconds). Rules look at minutes.
const OLD: i64 = 3600 * 1_000_000_000;
/// How often it is let go where there is room.
const CLEARING: Duration = Duration::from_secs(5);

/// When rules are asked.
pub(super) struct Looks<'a> {
    settings: &'a Settings,
    told: Told,
    /// When the last look ended.
    ended: Instant,
    took: Duration,
    /// Events at the last look.
    events: u64,
    /// Conversations in view at most.
    room: usize,
    cleared: Instant,
    /// There are more.
    is_full: bool,
    let_go: u64,
    /// Before this time things may be let go.
    horizon: Option<Timestamp>,
    /// Before this time things were let go.
    seen_from: Option<Timestamp>,
}

/// What there is to see in one look.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    /// The capture as it would be if it ended now.
    pub analysis: &'a Analysis,
    /// Everything that rules say of it.
    pub findings: &'a [Finding],
    /// What of that is to be said now.
    pub sayings: &'a [Saying],
}

impl<'a> Looks<'a> {
    pub fn new(settings: &'a Settings) -> Self {
        let now = Instant::now();
        let (ended, cleared, took) = (now, now, Duration::ZERO);
        let told = Told::default();
        Self {
            settings,
            told,
            ended,
            took,
            events: 0,
            room: ROOM,
            cleared,
            is_full: false,
            let_go: 0,
            horizon: None,
            seen_from: None,
        }
    }

    /// It is time to ask.
    pub fn is_due(&self, pipeline: &Pipeline) -> bool {
        let passed = self.ended.elapsed();
        let something = pipeline.events() != self.events || self.told.is_waiting();
        let pause = PAUSE.max(self.took.saturating_mul(REST));
        passed >= if something { pause } else { pause.max(SILENCE) }
    }

    /// Asks rules; `last` if there will be no other time.
    pub fn look(
        &mut self,
        pipeline: &mut Pipeline,
        input: Input,
        now: Timestamp,
        last: bool,
        show: impl FnOnce(View<'_>),
    ) {
        let began = Instant::now();
        // Rules ask how long an interface was watched: until now, also if nothing came.
        let input = Input { last: input.last.map(|last| last.max(now)), ..input };
        self.events = pipeline.events();
        let (room, settings, told) = (self.room, self.settings, &mut self.told);
        let (horizon, count) = pipeline.snapshot(vec![input], now, |analysis| {
            let findings = diagnose(analysis, settings);
            let sayings = told.hear(analysis, &findings, last);
            show(View { analysis, findings: &findings, sayings: &sayings });
            (horizon(analysis, room), analysis.conversations.len())
        });
        self.horizon = horizon.or(self.horizon);
        self.took = began.elapsed();
        self.ended = Instant::now();
        self.is_full = count > self.room;
        self.room = room_after(self.room, count, self.took);
    }

    /// Lets go of what is out of view, if it is time for that. Each conversation is shown once more.
    pub fn clear(&mut self, pipeline: &mut Pipeline, mut show: impl FnMut(&Conversation)) {
        let is_due = self.is_full || self.cleared.elapsed() >= CLEARING;
        let Some(before) = self.horizon.filter(|_| is_due) else { return };
        let mut gone = HashSet::new();
        pipeline.retire(before, |conversation| {
            gone.insert(key(conversation));
            show(conversation);
        });
        self.let_go = self.let_go.saturating_add(u64::try_from(gone.len()).unwrap_or(u64::MAX));
        self.told.forget(&gone, before);
        if !gone.is_empty() {
            self.seen_from = self.seen_from.max(Some(before));
        }
        (self.cleared, self.is_full) = (Instant::now(), false);
    }

    /// Conversations that were let go.
    pub const fn let_go(&self) -> u64 {
        self.let_go
    }

    /// How long the last look took.
    pub const fn took(&self) -> Duration {
        self.took
    }

    /// How far back rules see, if anything was let go.
    pub const fn seen_from(&self) -> Option<Timestamp> {
        self.seen_from
    }
}

/// How many conversations may be in view after a look at so many took so long.
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

/// The time before which things are let go, so that this many conversations are left.
fn horizon(analysis: &Analysis, room: usize) -> Option<Timestamp> {
    let end = analysis.end?;
    let old = Timestamp::new(end.nanos().saturating_sub(OLD), 9);
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
