//! Sessions that fell silent: how long, what broke the silence, and which silences of that length were survived.

use crate::facts::statistics::{equal_within, seconds};
use crate::facts::{Case, Talk};
use crate::model::{Close, IdleGap, Side, Span};

/// A session and the silence that went before its end.
#[derive(Clone, Copy)]
pub(crate) struct IdleEnd<'c, 'a> {
    /// The session.
    pub talk: &'c Talk<'a>,
    /// The silence.
    pub gap: IdleGap,
}

impl IdleEnd<'_, '_> {
    /// Length of the silence in seconds.
    pub(crate) fn length(&self) -> f64 {
        seconds(self.gap.length())
    }
}

/// The last silence that was long enough for a firewall to forget the session.
pub(crate) fn last_long_gap(case: &Case<'_>, talk: &Talk<'_>) -> Option<IdleGap> {
    let long = |gap: &&IdleGap| gap.length() >= case.settings.thresholds.idle;
    talk.conversation.tcp.idle.iter().filter(long).max_by_key(|gap| gap.after.time).copied()
}

/// What the silences of several dead sessions say about the timer that killed them.
pub(crate) struct IdleTimer {
    /// The shortest silence that was deadly, in seconds.
    pub shortest: f64,
    /// The longest one.
    pub longest: f64,
    /// Three and more, all equal within the spread that is set.
    pub equal: bool,
    /// The longest silence that other sessions with the same server lived through, if there was one.
    pub survived: Option<f64>,
}

impl IdleTimer {
    /// Compares the deadly silences with those of the same server that did no harm.
    pub(crate) fn of(case: &Case<'_>, died: &[IdleEnd<'_, '_>]) -> Option<Self> {
        let lengths: Vec<f64> = died.iter().map(IdleEnd::length).collect();
        let shortest = lengths.iter().copied().min_by(f64::total_cmp)?;
        let longest = lengths.iter().copied().max_by(f64::total_cmp)?;
        let equal = lengths.len() >= 3 && equal_within(&lengths, case.settings.thresholds.idle_spread);
        let server = died.first()?.talk.conversation.server;
        let survived = case.of_server(server).flat_map(|talk| survived(case, talk)).max_by(f64::total_cmp);
        Some(Self { shortest, longest, equal, survived })
    }

    /// A longer silence than a deadly one was survived: there is no one timer.
    pub(crate) fn contradicted(&self, case: &Case<'_>) -> bool {
        self.survived.is_some_and(|survived| survived > self.shortest * (1.0 + case.settings.thresholds.idle_spread))
    }
}

/// Long silences after which the session went on.
fn survived(case: &Case<'_>, talk: &Talk<'_>) -> Vec<f64> {
    let c = talk.conversation;
    let limits = &case.settings.thresholds;
    let end = match (&c.tcp.unanswered, c.teardown.how) {
        (Some(unanswered), _) => unanswered.first.time,
        (None, Close::Rst) => talk.ended(),
        (None, _) => c.last.time,
    };
    let lived = |gap: &&IdleGap| {
        gap.length() >= limits.idle && gap.with_data && end.since(gap.after.time) > limits.reset_within
    };
    c.tcp.idle.iter().filter(lived).map(|gap| seconds(gap.length())).collect()
}

/// The RST that answered what broke the silence: it carries the address of the side that was spoken to.
pub(crate) fn reset_after(case: &Case<'_>, talk: &Talk<'_>, gap: IdleGap) -> bool {
    let c = talk.conversation;
    let answered = |side: Side| {
        c.teardown.rst[side].is_some_and(|at| {
            let delay = at.since(gap.after);
            (Span::ZERO..=case.settings.thresholds.reset_within).contains(&delay)
        })
    };
    let spoke = |side: Side| c.messages.iter().any(|m| m.from == side && m.at.time > gap.after.time);
    c.teardown.how == Close::Rst && gap.with_data && answered(gap.by.peer()) && !spoke(gap.by.peer())
}
