//! What single lines of logs tell by themselves, out of the catalogue of lines: one event for several lines of one moment,
//! one finding for events that are alike.

use super::logs::{MOST, log_of, named_by, refused_near};
use crate::diagnose::words::log::Told;
use crate::diagnose::{About, Case, Draft, Testimony};
use crate::facts::grouping::group_by;
use crate::facts::logs::{LogEntry, endpoint, same_person};
use crate::model::{
    Confidence, ConversationId, LogKind, LogMeaning, LogOutcome, LogWeight, LoggedCause, Severity, Span, Witness,
};
use nrpcsniff_dissectors::nrpc;

/// A server writes the lines of one event within this time.
const EVENT: Span = Span::from_millis(50);
/// And within so many lines.
const NEAR: u64 = 16;
/// Lines that one finding has as its evidence.
const LINES: usize = 64;
/// Findings of one rule about one log; more are alike, and the lines stand in the report all the same.
const FINDINGS: usize = 24;

/// Lines of one event, and the most telling of them.
struct LoggedEvent<'a> {
    lines: Vec<LogEntry<'a>>,
    main: LogEntry<'a>,
    meaning: &'static LogMeaning,
}

/// What to do about a cause.
type Remedies = fn(LoggedCause) -> &'static [&'static str];

/// Everything that logs tell about these causes: a testimony for each kind of line and whom it names.
pub(crate) fn told(
    case: &Case<'_>,
    about: &'static About,
    causes: &[LoggedCause],
    remedies: Remedies,
) -> Vec<Testimony> {
    let logs = case.logs();
    // What a dissector reads, and what is part of a traced sign-on, is told by the rules about these.
    let lines = logs.entries().filter(|entry| is_lost(entry) && !logs.is_in_request(entry) && !logs.is_traced(entry));
    let events = events(lines.take(MOST));
    let mine = |event: &&LoggedEvent<'_>| event.meaning.cause.is_some_and(|cause| causes.contains(&cause));
    let events: Vec<_> = events.iter().filter(|event| !event.is_told_elsewhere()).filter(mine).collect();
    let groups = group_by(events, |event| (event.main.log, event.meaning.pattern, whom(event.main)));
    groups.iter().take(FINDINGS).filter_map(|group| testimony(case, about, remedies, group)).collect()
}

/// The line tells of a failure.
fn is_lost(entry: &LogEntry<'_>) -> bool {
    let proves = |meaning: &LogMeaning| meaning.proves.is_some_and(|(_, outcome)| outcome.is_lost());
    entry.fact.meaning.is_some_and(|meaning| meaning.cause.is_some() || proves(meaning))
}

/// Whom a line names: a server, a user, or the other end of a connection. Ports of clients say nothing of whom.
fn whom(entry: LogEntry<'_>) -> String {
    let named = ["server", "user"].iter().find_map(|word| entry.fact.named(word));
    let peer = || entry.fact.named("peer").map(|peer| peer.split(['(', ' ']).next().unwrap_or(peer));
    named.or_else(peer).unwrap_or_default().to_owned()
}

/// Puts lines together that are of one moment and do not name different people or servers.
fn events<'a>(lines: impl Iterator<Item = LogEntry<'a>>) -> Vec<LoggedEvent<'a>> {
    let mut events: Vec<LoggedEvent<'a>> = Vec::new();
    for line in lines {
        let Some(meaning) = line.fact.meaning else { continue };
        match events.last_mut().filter(|event| event.holds(&line)) {
            Some(event) => {
                event.lines.push(line);
                if meaning.weight > event.meaning.weight {
                    (event.main, event.meaning) = (line, meaning);
                }
            }
            None => events.push(LoggedEvent { lines: vec![line], main: line, meaning }),
        }
    }
    events
}

impl LoggedEvent<'_> {
    /// A line of it that says as much has a rule of its own: those have no cause in the catalogue.
    fn is_told_elsewhere(&self) -> bool {
        let others = self.lines.iter().filter_map(|line| line.fact.meaning);
        others.filter(|meaning| meaning.cause.is_none()).any(|meaning| meaning.weight >= self.meaning.weight)
    }

    fn holds(&self, line: &LogEntry<'_>) -> bool {
        let Some(last) = self.lines.last() else { return false };
        let near = last.log == line.log && line.fact.line.saturating_sub(last.fact.line) <= NEAR;
        let (own, other) = (whom(self.main), whom(*line));
        let alike = own.is_empty() || other.is_empty() || own == other || same_person(&own, &other);
        near && line.since(last).abs() <= EVENT && alike
    }
}

fn testimony(
    case: &Case<'_>,
    about: &'static About,
    remedies: Remedies,
    group: &[&LoggedEvent<'_>],
) -> Option<Testimony> {
    let first = group.first()?;
    let meaning = first.meaning;
    let lines = group.iter().flat_map(|event| steps(case, event).into_iter().chain(event.lines.iter().copied()));
    let lines: Vec<LogEntry<'_>> = lines.take(LINES).collect();
    let said = Told::of(log_of(case, &first.main), first.main.fact, meaning, group.len());
    let framed = case.logs().log(first.main.log).is_some_and(|log| log.kind != Some(LogKind::Text));
    let draft = Draft::new(about, 60).points(if meaning.weight >= LogWeight::High { 20 } else { 0 });
    let draft = draft.severity(severity(case, group)).says(&said).remedies(remedies(meaning.cause?).iter().copied());
    // What nobody showed yet, and what stands in no log, proves less.
    let certain = meaning.witness == Witness::Seen && framed;
    let draft = if certain { draft } else { draft.at_most(Confidence::Medium) };
    let conversations: Vec<ConversationId> = group.iter().flat_map(|event| about_it(case, event)).collect();
    let whom = format!("{} {}", meaning.pattern, whom(first.main));
    Some(Testimony::new(about, &lines).whom(whom).links(conversations).alone(draft).yielding())
}

/// What was tried before it and led to nothing: lines before the first one that are steps of the same attempt.
fn steps<'a>(case: &Case<'a>, event: &LoggedEvent<'a>) -> Vec<LogEntry<'a>> {
    let (Some(first), Some((attempt, _))) = (event.lines.first(), event.meaning.proves) else { return Vec::new() };
    let before = case.logs().before(first, NEAR);
    let is_of_it = |entry: &&LogEntry<'a>| {
        let proves = entry.fact.meaning.and_then(|meaning| meaning.proves);
        proves.is_none_or(|(kind, outcome)| kind == attempt && matches!(outcome, LogOutcome::Step | LogOutcome::Begun))
    };
    let is_step = |entry: &&LogEntry<'a>| {
        entry.fact.meaning.is_some_and(|meaning| meaning.proves.is_some_and(|(_, outcome)| outcome == LogOutcome::Step))
    };
    let mut steps: Vec<_> = before.iter().rev().take_while(is_of_it).filter(is_step).copied().collect();
    steps.reverse();
    steps
}

/// By the weight of the line; less if the same log shows that it went well afterwards.
fn severity(case: &Case<'_>, group: &[&LoggedEvent<'_>]) -> Severity {
    let weight = group.first().map_or(LogWeight::Info, |event| event.meaning.weight);
    let recovered = group.last().is_some_and(|last| went_well_later(case, last));
    match weight {
        LogWeight::Info | LogWeight::Low => Severity::Info,
        LogWeight::Medium => Severity::Minor,
        LogWeight::High | LogWeight::Blocker if recovered => Severity::Minor,
        LogWeight::High => Severity::Major,
        LogWeight::Blocker => Severity::Blocker,
    }
}

/// The same attempt of the same user, or to the same server, was granted by a later line of the same log.
fn went_well_later(case: &Case<'_>, event: &LoggedEvent<'_>) -> bool {
    let (own, attempt) = (whom(event.main), event.meaning.proves.map(|(attempt, _)| attempt));
    let goes = |entry: &LogEntry<'_>| {
        let proves = entry.fact.meaning.and_then(|meaning| meaning.proves);
        let granted = proves.is_some_and(|(kind, outcome)| {
            outcome == LogOutcome::Granted && attempt.is_some_and(|attempt| same_way(attempt, kind))
        });
        granted && entry.log == event.main.log && entry.line() > event.main.line()
    };
    !own.is_empty()
        && case.logs().entries().filter(goes).take(MOST).any(|entry| {
            let other = whom(entry);
            other == own || same_person(&other, &own)
        })
}

/// A granted session proves that the server was reached, too.
fn same_way(lost: &str, granted: &str) -> bool {
    let of_notes = |attempt: &str| attempt.split('.').next() == Some(nrpc::PROTOCOL.name);
    lost == granted || (of_notes(lost) && of_notes(granted))
}

/// Conversations of the capture that the event is about: by what one of its lines shares with packets, by address and port of the
/// client, else those that are refused at that moment.
fn about_it(case: &Case<'_>, event: &LoggedEvent<'_>) -> Vec<ConversationId> {
    let named: Vec<ConversationId> = event.lines.iter().flat_map(|line| named_by(case, line)).collect();
    if !named.is_empty() {
        return named;
    }
    let entry = &event.main;
    let Some((ip, port)) = entry.fact.named("peer").and_then(endpoint) else { return refused_near(case, entry) };
    let within = case.settings.thresholds.log_within;
    let mine = case.analysis.conversations.iter().filter(|c| c.client.ip == ip && c.client.port == port);
    let near = mine.filter(|c| {
        entry.time.is_none_or(|time| c.first.time.minus(within) <= time && time <= c.last.time.plus(within))
    });
    near.map(|c| c.id).collect()
}
