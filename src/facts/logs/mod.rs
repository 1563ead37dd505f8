//! What logs say, as rules want to see it: facts with their time on the clock of the packets, sign-ons put together from
//! the lines of a trace, and what the capture shows at the same moment.
//!
//! A line joins packets by its time only where the clock of its log could be placed (see `align.rs`): by the zone in the line,
//! by the offset that the user gave, or by something that both sides know.

mod align;
mod attempts;
mod captured;
mod login;
mod messages;
#[cfg(test)]
mod tests;
mod trace;

pub(crate) use attempts::{LoggedAttempt, endpoint};
pub(crate) use captured::{UNKNOWN, captured};
pub(crate) use login::TracedLogin;
pub(crate) use messages::LoggedRequest;
pub(crate) use trace::ClientTrace;

use super::sametime::SametimeIndex;
use super::sip::SipIndex;
use super::tokens::TokenIndex;
use super::tokens::person::{PersonLikeness, compare};
use super::{Settings, names};
use crate::model::{
    Analysis, AnchorKey, ConversationId, Log, LogClock, LogEvent, LogFact, LogKind, LogLine, Span, Stamp, Timestamp,
};
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::{Protocol, http, sametime, sip};

/// Logs beside a capture.
pub(crate) struct LogIndex<'a> {
    logs: &'a [Log],
    clocks: Vec<LogClock>,
    entries: Vec<LogEntry<'a>>,
    logins: Vec<TracedLogin<'a>>,
    /// Sign-ons that were let in, by log and common name: places in `logins`.
    accepted: HashMap<(u32, String), Vec<usize>>,
    /// Names that a directory knows, by log and common name.
    known: HashMap<(u32, String), Vec<&'a str>>,
    traces: Vec<ClientTrace<'a>>,
    /// Lines of sign-ons that have an end, and of attempts that ended at another server.
    traced: HashSet<LogLine>,
    requests: Vec<LoggedRequest<'a>>,
    attempts: Vec<LoggedAttempt<'a>>,
    /// In order of time.
    refusals: Vec<CapturedRefusal>,
    /// Nanoseconds within which a line and a frame are of the same moment.
    within: Span,
}

/// A fact of a log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogEntry<'a> {
    /// Index of its log.
    pub log: u32,
    /// The fact.
    pub fact: &'a LogFact,
    /// When it was, on the clock of the packets; nothing if that cannot be told.
    pub time: Option<Timestamp>,
    /// Its log is the trace of a Sametime server, which writes every step of a login.
    pub is_of_trace: bool,
}

/// A login or a request with a token that the capture shows to be refused.
#[derive(Debug, Clone)]
pub(crate) struct CapturedRefusal {
    /// When the answer came.
    pub at: Stamp,
    /// When it was asked for.
    pub asked: Timestamp,
    /// Names of its user, as far as they can be read.
    pub users: Vec<String>,
    /// Conversations that carried it.
    pub conversations: Vec<ConversationId>,
    /// Over which protocol.
    pub protocol: &'static Protocol,
}

impl<'a> LogIndex<'a> {
    /// Reads the logs of an analysis against its packets. Clocks come first, since entries of a log need them to be
    /// placed among the packets.
    pub(super) fn new(
        analysis: &'a Analysis,
        settings: &Settings,
        sametime: &SametimeIndex<'a>,
        sip: &SipIndex<'a>,
        tokens: &TokenIndex<'a>,
    ) -> Self {
        let within = settings.thresholds.log_within;
        let mut logs = Self {
            logs: &analysis.logs,
            clocks: Vec::new(),
            entries: Vec::new(),
            logins: Vec::new(),
            accepted: HashMap::new(),
            known: HashMap::new(),
            traces: Vec::new(),
            traced: HashSet::new(),
            requests: Vec::new(),
            attempts: Vec::new(),
            refusals: Vec::new(),
            within,
        };
        if !analysis.logs.is_empty() {
            logs.refusals = refusals(sametime, tokens);
            logs.clocks = align::clocks(analysis, &logs.refusals, sip, tokens);
            for log in logs.indices() {
                let entries = logs.of_log(log);
                let (logins, requests) = (login::logins(&entries), messages::requests(&entries));
                let traces = trace::traces(&entries);
                logs.attempts.extend(attempts::attempts(&entries, &logins, &requests, &traces));
                logs.logins.extend(logins);
                logs.requests.extend(requests);
                logs.traces.extend(traces);
                logs.entries.extend(entries);
            }
            logs.index();
        }
        logs
    }

    fn index(&mut self) {
        let ended = self.logins.iter().filter(|login| login.accepted.is_some() || login.failed().is_some());
        let logins = ended.flat_map(|login| &login.entries);
        self.traced = logins.chain(self.traces.iter().flat_map(|trace| &trace.entries)).map(LogEntry::line).collect();
        for (place, login) in self.logins.iter().enumerate().filter(|(_, login)| login.accepted.is_some()) {
            let Some(log) = login.first().map(|entry| entry.log) else { continue };
            for user in login.users() {
                let places = self.accepted.entry((log, common_name(user))).or_default();
                if places.last() != Some(&place) {
                    places.push(place);
                }
            }
        }
        for entry in &self.entries {
            let LogEvent::LookedUp { user } = &entry.fact.event else { continue };
            let names = self.known.entry((entry.log, common_name(user))).or_default();
            if names.len() < NAMES && !names.contains(&user.as_str()) {
                names.push(user);
            }
        }
    }

    /// The clock of each log.
    pub(crate) fn clocks(&self) -> &[LogClock] {
        &self.clocks
    }

    /// The log of that index.
    pub(crate) fn log(&self, index: u32) -> Option<&'a Log> {
        self.logs.get(usize::try_from(index).ok()?)
    }

    /// Every fact, log by log, in order of lines.
    pub(crate) fn entries(&self) -> impl Iterator<Item = LogEntry<'a>> {
        self.entries.iter().copied()
    }

    /// Facts of the same log in the lines before that one, so many lines back.
    pub(crate) fn before(&self, entry: &LogEntry<'_>, lines: u64) -> &[LogEntry<'a>] {
        let own = entry.line();
        let first = LogLine { line: own.line.saturating_sub(lines), ..own };
        let place = |line: LogLine| self.entries.partition_point(|other| other.line() < line);
        self.entries.get(place(first)..place(own)).unwrap_or_default()
    }

    /// Facts of that kind.
    pub(crate) fn saying(&self, is: impl Fn(&LogEvent) -> bool) -> impl Iterator<Item = LogEntry<'a>> {
        self.entries().filter(move |entry| is(&entry.fact.event))
    }

    /// Sign-ons that Sametime traced, in order of their first lines.
    pub(crate) fn logins(&self) -> &[TracedLogin<'a>] {
        &self.logins
    }

    /// The same user was let in by a later sign-on of the same log.
    pub(crate) fn got_in_later(&self, login: &TracedLogin<'a>) -> bool {
        let Some(last) = login.entries.last() else { return false };
        let users = login.users();
        let is_later = |first: LogEntry<'a>| first.line() > last.line() && first.since(last) >= Span::ZERO;
        let of_user = |user: &&str| self.accepted.get(&(last.log, common_name(user)));
        // The last ones are the likeliest to be later.
        let places = users.iter().filter_map(of_user).flat_map(|places| places.iter().rev().take(NAMES));
        let mut others = places.filter_map(|&place| self.logins.get(place));
        others.any(|next| {
            let names = next.users();
            next.first().is_some_and(is_later)
                && names.iter().any(|name| users.iter().any(|own| same_person(own, name)))
        })
    }

    /// The directory that this log is of knows that very name.
    pub(crate) fn knows(&self, log: u32, user: &str) -> bool {
        self.known
            .get(&(log, common_name(user)))
            .is_some_and(|names| names.iter().any(|other| same_person(user, other)))
    }

    /// Attempts of Notes clients that ended at another server.
    pub(crate) fn traces(&self) -> &[ClientTrace<'a>] {
        &self.traces
    }

    /// What logs tell of attempts, log by log, in order of their first lines.
    pub(crate) fn attempts(&self) -> &[LoggedAttempt<'a>] {
        &self.attempts
    }

    /// What that line shares with packets.
    pub(crate) fn anchors(&self, line: LogLine) -> impl Iterator<Item = &'a AnchorKey> + use<'a> {
        let all = self.log(line.log).map_or(&[][..], |log| &log.anchors);
        let from = all.partition_point(|anchor| anchor.line < line.line);
        let own = all.get(from..).unwrap_or_default().iter();
        own.take_while(move |anchor| anchor.line == line.line).map(|anchor| &anchor.key)
    }

    /// Requests of SIP and HTTP that stand in logs as text, log by log, in order of lines.
    pub(crate) fn requests(&self) -> &[LoggedRequest<'a>] {
        &self.requests
    }

    /// The lines of such a request, and of its answer, that say something.
    pub(crate) fn lines_of(&self, request: &LoggedRequest<'a>) -> Vec<LogEntry<'a>> {
        request.lines(&self.entries)
    }

    /// The line is part of a request that stands in the log as a whole.
    pub(crate) fn is_in_request(&self, entry: &LogEntry<'_>) -> bool {
        let line = entry.line();
        let next = self.requests.partition_point(|request| request.entry.line() <= line);
        next.checked_sub(1).and_then(|last| self.requests.get(last)).is_some_and(|request| request.has(line))
    }

    /// The line is part of a sign-on that a Sametime server traced, or of a Notes client's attempt that ended at another server.
    pub(crate) fn is_traced(&self, entry: &LogEntry<'_>) -> bool {
        self.traced.contains(&entry.line())
    }

    /// Conversations in which the capture shows a refusal at that moment, over one of these protocols, of that user as far
    /// as both sides name one.
    pub(crate) fn refused_at(
        &self,
        entry: &LogEntry<'_>,
        protocols: &[&Protocol],
        users: &[&str],
    ) -> Vec<ConversationId> {
        let Some(time) = entry.time else { return Vec::new() };
        let near = |other: Timestamp| other.since(time).abs() <= self.within;
        // A request may wait for its answer as long as TCP waits.
        let from = self.refusals.partition_point(|refusal| refusal.at.time < time.minus(self.within));
        let later = self.refusals.get(from..).unwrap_or_default().iter();
        let moment = later.take_while(|refusal| refusal.at.time.since(time) <= ANSWER.plus(self.within));
        let mine = moment.filter(|refusal| near(refusal.at.time) || near(refusal.asked));
        let mine: Vec<&CapturedRefusal> = mine.filter(|refusal| protocols.contains(&refusal.protocol)).collect();
        let named: Vec<&CapturedRefusal> = mine.iter().copied().filter(|refusal| is_of(refusal, users)).collect();
        if !named.is_empty() {
            return named.iter().flat_map(|refusal| refusal.conversations.iter().copied()).collect();
        }
        // Where one side names nobody, the nearest in time.
        let open =
            mine.into_iter().filter(|refusal| refusal.users.is_empty() || users.iter().all(|user| user.is_empty()));
        let nearest = open.min_by_key(|refusal| refusal.at.time.since(time).abs());
        nearest.map_or_else(Vec::new, |refusal| refusal.conversations.clone())
    }

    fn indices(&self) -> impl Iterator<Item = u32> + use<'a> {
        (0..).zip(self.logs).map(|(index, _)| index)
    }

    fn of_log(&self, index: u32) -> Vec<LogEntry<'a>> {
        let Some(log) = self.log(index) else { return Vec::new() };
        let clock = usize::try_from(index).ok().and_then(|index| self.clocks.get(index));
        let time = |fact: &LogFact| clock.and_then(|clock| clock.place(fact.at.as_ref()?));
        let is_of_trace = log.kind == Some(LogKind::Stusers);
        log.facts.iter().map(|fact| LogEntry { log: index, fact, time: time(fact), is_of_trace }).collect()
    }
}

/// Names, or sign-ons, of one common name that are looked at.
const NAMES: usize = 64;
/// Longest time between a request and the answer that belongs to it.
const ANSWER: Span = Span::from_secs(60);

impl LogEntry<'_> {
    /// Log and line number.
    pub(crate) const fn line(&self) -> LogLine {
        LogLine { log: self.log, line: self.fact.line }
    }

    /// It is about an assertion of SAML: Domino says some things of these in the words that it has for LTPA tokens.
    pub(crate) fn names_saml(&self) -> bool {
        self.fact.text.contains("SAML")
    }

    /// From `earlier` to this line by the log's own clock; none where the lines have no time.
    pub(crate) fn since(&self, earlier: &Self) -> Span {
        let time = |entry: &Self| entry.fact.at.as_ref().map(|at| at.time);
        time(self).zip(time(earlier)).map_or(Span::ZERO, |(later, earlier)| later.since(earlier))
    }
}

/// Two names of one person, where both are names.
pub(crate) fn same_person(one: &str, other: &str) -> bool {
    compare(one, other) == PersonLikeness::Same
}

/// Two names of one server.
pub(crate) fn same_server(one: &str, other: &str) -> bool {
    names::compare(one, other) == names::NameLikeness::Same
}

/// Both sides name a user, and it may be the same.
fn is_of(refusal: &CapturedRefusal, users: &[&str]) -> bool {
    let alike = |user: &&str| {
        let mut others = refusal.users.iter().map(|other| compare(user, other));
        others.any(|likeness| !matches!(likeness, PersonLikeness::Different | PersonLikeness::Unknown))
    };
    users.iter().filter(|user| !user.is_empty()).any(alike)
}

/// The first component of a name without label and surplus blanks, in lower case: names of one person have it in common.
pub(crate) fn common_name(name: &str) -> String {
    let first = name.split(['/', ',']).next().unwrap_or_default();
    let first = first.split_once('=').map_or(first, |(_, value)| value);
    first.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Refused logins at community servers, and refused requests that carried tokens. Refusals of Sametime are taken from
/// its logins alone, as a token that was shown there would count a second time.
fn refusals<'a>(sametime: &SametimeIndex<'a>, tokens: &TokenIndex<'a>) -> Vec<CapturedRefusal> {
    let logins = sametime.logins().filter(|login| login.refusal().is_some()).filter_map(|login| {
        let tokens = login.tokens().filter_map(|(_, token)| token.user.clone());
        Some(CapturedRefusal {
            at: login.reason()?.1.at(),
            asked: login.attempt().map_or(login.began(), |said| said.at()).time,
            users: login.user().map(str::to_owned).into_iter().chain(tokens).collect(),
            conversations: vec![login.conversation.id],
            protocol: &sametime::PROTOCOL,
        })
    });
    let showings = tokens.showings().iter().filter(|s| s.is_refused() && !s.conversation.is(&sametime::PROTOCOL));
    let showings = showings.filter_map(|showing| {
        let sip = matches!(showing.channel, super::tokens::Channel::Sip);
        Some(CapturedRefusal {
            at: showing.answer.as_ref()?.at,
            asked: showing.at.time,
            users: showing.tokens.iter().filter_map(|known| known.user()).map(str::to_owned).collect(),
            conversations: showing.conversations.iter().map(|c| c.id).collect(),
            protocol: if sip { &sip::PROTOCOL } else { &http::PROTOCOL },
        })
    });
    let mut all: Vec<CapturedRefusal> = logins.chain(showings).collect();
    all.sort_by_key(|refusal| (refusal.at.time, refusal.at.frame));
    all
}
