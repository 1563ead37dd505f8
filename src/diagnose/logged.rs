//! Logs judged for themselves: what of them joins no capture, and what they tell of attempts.
//!
//! A wish that both a capture and a log tell of is counted once: as the capture shows it. The two are joined by the Call-ID, by
//! address and port, by the fingerprint of a token, or by time and user. What a log tells of other times than the capture's stands
//! in the counts, and says nothing for the verdict on the capture.

use super::testimony::{self, TestimonyId};
use super::{CountedCauses, Wishes, gather, precedence, testimonies};
use crate::facts::logs::{LoggedAttempt, endpoint, same_person};
use crate::facts::{Case, Settings};
use crate::model::{
    Analysis, AnchorKey, Attempt, AttemptCounts, AttemptKind, Conversation, Finding, LogLine, Span, Timestamp,
};
use hashbrown::{HashMap, HashSet};
use std::net::IpAddr;

/// Users and addresses of one row that are told apart.
const CLIENTS: usize = 65_536;

/// What logs say for themselves.
#[derive(Debug)]
pub(crate) struct LogJudgement {
    /// What joined no finding of any capture.
    pub findings: Vec<Finding>,
    /// What was wanted by the logs, and counts for the verdict.
    pub wishes: Wishes,
    /// Attempts that no capture shows, counted.
    pub attempts: Vec<AttemptCounts>,
}

/// Judges the logs of an analysis for themselves. `beside` is what captures show of them, if there are any; `findings` are those
/// about captures, whose evidence may be lines of logs.
pub(crate) fn judge_logs(
    analysis: &Analysis,
    settings: &Settings,
    joined: &HashSet<TestimonyId>,
    beside: Option<&LoggedBeside>,
    findings: &[Finding],
) -> LogJudgement {
    let case = Case::new(analysis, settings);
    let rest = testimonies(&case).into_iter().filter(|testimony| !joined.contains(&testimony.id()));
    let own = gather(precedence::settle(&testimony::alone(rest.collect())), analysis, &[], &CountedCauses::default());
    let is_new = |attempt: &&LoggedAttempt<'_>| beside.is_none_or(|beside| !has(&beside.shown, attempt));
    let counts = |attempt: &&LoggedAttempt<'_>| beside.is_none_or(|beside| has(&beside.within, attempt));
    let fresh: Vec<&LoggedAttempt<'_>> = case.logs().attempts().iter().filter(is_new).collect();
    let told = findings.iter().chain(&own);
    let wishes = Wishes::of_logs(fresh.iter().copied().filter(counts), told);
    let attempts = rows(&case, &fresh);
    LogJudgement { findings: own, wishes, attempts }
}

/// One row for each log, kind and server that is named.
fn rows(case: &Case<'_>, attempts: &[&LoggedAttempt<'_>]) -> Vec<AttemptCounts> {
    let mut rows: Vec<(AttemptCounts, HashSet<String>)> = Vec::new();
    let mut places: HashMap<(u32, AttemptKind, Option<&str>), usize> = HashMap::new();
    for attempt in attempts {
        let Some(line) = attempt.id() else { continue };
        let place = *places.entry((line.log, attempt.kind, attempt.server)).or_insert(rows.len());
        if place == rows.len() {
            let log = case.logs().log(line.log).map(|log| log.path.clone());
            let counts = AttemptCounts::logged(attempt.kind, log, attempt.server.map(str::to_owned));
            rows.push((counts, HashSet::new()));
        }
        let Some((counts, clients)) = rows.get_mut(place) else { continue };
        counts.count(&attempt.outcome);
        let who = attempt.user.map(str::to_lowercase).or_else(|| attempt.peer.map(str::to_owned));
        if let Some(who) = who.filter(|_| clients.len() < CLIENTS) {
            clients.insert(who);
        }
    }
    let counted = |(counts, clients): (AttemptCounts, HashSet<String>)| AttemptCounts {
        clients: u64::try_from(clients.len()).unwrap_or(u64::MAX),
        ..counts
    };
    rows.into_iter().map(counted).collect()
}

/// Attempts that logs tell of, beside captures: by their first lines.
#[derive(Debug, Clone, Default)]
pub(crate) struct LoggedBeside {
    /// A capture shows them, too.
    shown: HashSet<LogLine>,
    /// They fall into the time of a capture.
    within: HashSet<LogLine>,
}

impl LoggedBeside {
    /// Those of one capture. Each attempt of the capture stands for one of a log at most, since several people may fail at once.
    pub(super) fn of(case: &Case<'_>) -> Self {
        let mut beside = Self::default();
        if case.logs().attempts().is_empty() {
            return beside;
        }
        let shown = Shown::new(case);
        let mut taken: HashSet<usize> = HashSet::new();
        let bounds = bounds(case);
        for attempt in case.logs().attempts() {
            let Some(id) = attempt.id() else { continue };
            let falls = attempt.at.zip(bounds).is_some_and(|(at, (first, last))| (first..=last).contains(&at));
            if falls {
                beside.within.insert(id);
            }
            if shown.names(attempt) || (falls && shown.takes(attempt, &mut taken)) {
                beside.shown.insert(id);
            }
        }
        beside
    }

    /// Takes those of another capture.
    pub(crate) fn add(&mut self, other: Self) {
        self.shown.extend(other.shown);
        self.within.extend(other.within);
    }
}

fn has(of: &HashSet<LogLine>, attempt: &LoggedAttempt<'_>) -> bool {
    attempt.id().is_some_and(|id| of.contains(&id))
}

/// From the first to the last frame, with what clocks may be apart.
fn bounds(case: &Case<'_>) -> Option<(Timestamp, Timestamp)> {
    let within = case.settings.thresholds.log_within;
    let first = case.analysis.conversations.iter().map(|c| c.first.time).min()?;
    Some((first.minus(within), case.end().plus(within)))
}

/// What one capture shows, to be found by what a line says: there may be 50,000 attempts in logs beside as many conversations.
struct Shown<'c, 'a> {
    case: &'c Case<'a>,
    by_client: HashMap<(IpAddr, u16), Vec<&'a Conversation>>,
    by_way: HashMap<AttemptKind, Way<'c>>,
}

/// Attempts of one way to sign on, in order of time, with their places.
#[derive(Default)]
struct Way<'c> {
    attempts: Vec<(usize, &'c Attempt)>,
    /// No attempt takes longer.
    longest: Span,
}

impl<'c, 'a> Shown<'c, 'a> {
    fn new(case: &'c Case<'a>) -> Self {
        let mut by_client: HashMap<_, Vec<&Conversation>> = HashMap::new();
        for c in &case.analysis.conversations {
            by_client.entry((c.client.ip, c.client.port)).or_default().push(c);
        }
        let mut by_way: HashMap<AttemptKind, Way<'c>> = HashMap::new();
        for (place, attempt) in case.attempts().iter().enumerate() {
            let way = by_way.entry(way(attempt.kind)).or_default();
            way.attempts.push((place, attempt));
            way.longest = way.longest.max(end(attempt).since(attempt.at.time));
        }
        for way in by_way.values_mut() {
            way.attempts.sort_by_key(|(place, attempt)| (attempt.at.time, *place));
        }
        Self { case, by_client, by_way }
    }

    /// The capture holds the very call, connection or token.
    fn names(&self, attempt: &LoggedAttempt<'_>) -> bool {
        let case = self.case;
        let within = case.settings.thresholds.log_within;
        let by_call = |id: &str| case.sip().of_call(id).next().is_some();
        let connected = |client: (IpAddr, u16)| {
            let mut own = self.by_client.get(&client).into_iter().flatten();
            own.any(|c| attempt.at.is_none_or(|at| c.first.time.minus(within) <= at && at <= c.last.time.plus(within)))
        };
        let shown = |key: &AnchorKey| match key {
            AnchorKey::CallId(id) => by_call(id),
            AnchorKey::Endpoint(ip, port) => connected((*ip, *port)),
            AnchorKey::Token(print) => {
                let mut showings = case.tokens().showings_of(*print);
                showings.any(|showing| attempt.at.is_none_or(|at| showing.at.time.since(at).abs() <= within))
            }
        };
        attempt.call_id.is_some_and(by_call)
            || attempt.peer.and_then(endpoint).is_some_and(connected)
            || attempt.lines.iter().flat_map(|line| case.logs().anchors(*line)).any(shown)
    }

    /// The capture shows an attempt of the kind at that moment, of that user as far as both name one. It is taken.
    fn takes(&self, attempt: &LoggedAttempt<'_>, taken: &mut HashSet<usize>) -> bool {
        let Some((at, way)) = attempt.at.zip(self.by_way.get(&way(attempt.kind))) else { return false };
        let within = self.case.settings.thresholds.log_within;
        let since = way.attempts.partition_point(|(_, other)| other.at.time.plus(way.longest).plus(within) < at);
        let around = way.attempts.iter().skip(since).take_while(|(_, other)| other.at.time.minus(within) <= at);
        let same_user = |other: &Attempt| {
            attempt.user.zip(other.user.as_deref()).is_none_or(|(one, other)| one == other || same_person(one, other))
        };
        let alike = |other: &Attempt| at <= end(other).plus(within) && same_user(other);
        let free = around.filter(|(place, other)| !taken.contains(place) && alike(other));
        let nearest = free.min_by_key(|(_, other)| (other.outcome != attempt.outcome, end(other).since(at).abs()));
        nearest.is_some_and(|(place, _)| taken.insert(*place))
    }
}

fn end(attempt: &Attempt) -> Timestamp {
    attempt.answered.unwrap_or(attempt.at).time
}

/// A log and a capture may have several kinds for the same: one stands for all.
fn way(kind: AttemptKind) -> AttemptKind {
    match kind {
        AttemptKind::HttpToken => AttemptKind::HttpLogin,
        AttemptKind::NrpcAuth => AttemptKind::NrpcOpen,
        kind => kind,
    }
}
