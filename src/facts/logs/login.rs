//! Sign-ons out of the trace of a Sametime community server.
//!
//! Its lines name no login: those of several users stand between each other. A line that names a user goes to the sign-on
//! of that user, and one that does not to the last that began; where others were under way, the sign-on is marked
//! ([`TracedLogin::mixed`]). Searches for other people (contact lists) belong to no sign-on and are passed over.

use super::{LogEntry, same_person};
use crate::model::{LogEvent, Span, TokenStatusText};

/// A sign-on that says nothing for so long is over.
const OVER: Span = Span::from_secs(60);
/// The refusal of a login may be told so long after its end.
const AFTERWARDS: Span = Span::from_secs(5);
/// Sign-ons under way at a time.
const OPEN: usize = 16;
/// Lines kept of one.
const LINES: usize = 64;

/// A name, and the line that says it.
pub(super) type NamedEntry<'a> = (LogEntry<'a>, &'a str);

/// One sign-on with a token, as far as the trace tells.
#[derive(Debug, Clone)]
pub(crate) struct TracedLogin<'a> {
    /// Its lines that say something (at most 64).
    pub entries: Vec<LogEntry<'a>>,
    /// Name under which the user logs in; empty if the server knows it from the token only.
    pub login_name: Option<NamedEntry<'a>>,
    /// Name in the token.
    pub token_user: Option<NamedEntry<'a>>,
    /// Domino's word against the token.
    pub status: Option<(LogEntry<'a>, TokenStatusText)>,
    /// The token is good.
    pub verified: Option<LogEntry<'a>>,
    /// The token is not good: the line, and Sametime's code.
    pub not_verified: Option<(LogEntry<'a>, Option<u32>)>,
    /// A first search did not find the user.
    pub lookup_failed: Option<NamedEntry<'a>>,
    /// No search found the user.
    pub not_found: Option<NamedEntry<'a>>,
    /// The directory knows the user.
    pub looked_up: Option<NamedEntry<'a>>,
    /// The user was let in.
    pub accepted: Option<LogEntry<'a>>,
    /// The user was turned away.
    pub turned_away: Option<LogEntry<'a>>,
    /// Lines of other sign-ons stand between its own, so that some of its lines may be of those.
    pub mixed: bool,
    request: Option<i64>,
    checking: bool,
    closed: bool,
}

/// Puts the facts of one log together.
pub(super) fn logins<'a>(entries: &[LogEntry<'a>]) -> Vec<TracedLogin<'a>> {
    let mut builder = TraceBuilder { all: Vec::new(), open: Vec::new() };
    for entry in entries {
        builder.take(*entry);
    }
    builder.all
}

struct TraceBuilder<'a> {
    all: Vec<TracedLogin<'a>>,
    /// Places of those under way, in the order in which they began.
    open: Vec<usize>,
}

impl<'a> TracedLogin<'a> {
    fn new() -> Self {
        Self {
            entries: Vec::new(),
            login_name: None,
            token_user: None,
            status: None,
            verified: None,
            not_verified: None,
            lookup_failed: None,
            not_found: None,
            looked_up: None,
            accepted: None,
            turned_away: None,
            mixed: false,
            request: None,
            checking: false,
            closed: false,
        }
    }

    /// Its first line.
    pub(crate) fn first(&self) -> Option<LogEntry<'a>> {
        self.entries.first().copied()
    }

    /// Names that are read in it, without those that are empty.
    pub(crate) fn users(&self) -> Vec<&'a str> {
        let both = [self.token_user, self.login_name].into_iter().flatten().map(|(_, name)| name);
        both.filter(|name| !name.is_empty()).collect()
    }

    /// The user for people: as in the token, else as in the login.
    pub(crate) fn user(&self) -> Option<&'a str> {
        self.users().first().copied()
    }

    /// The lines that tell its story, in order.
    pub(crate) fn telling(&self) -> Vec<LogEntry<'a>> {
        let named = [self.login_name, self.token_user, self.lookup_failed, self.not_found];
        let named = named.into_iter().flatten().map(|(entry, _)| entry);
        let checked = [self.status.map(|(entry, _)| entry), self.not_verified.map(|(entry, _)| entry), self.verified];
        let mut lines: Vec<LogEntry<'a>> = named.chain(checked.into_iter().flatten()).chain(self.turned_away).collect();
        lines.sort_by_key(LogEntry::line);
        lines
    }

    /// The line that decided: the user was turned away, the token was not good, the user was not found.
    pub(crate) fn failed(&self) -> Option<LogEntry<'a>> {
        let said = [self.turned_away, self.not_verified.map(|(at, _)| at), self.not_found.map(|(at, _)| at)];
        said.into_iter().flatten().next().filter(|_| self.accepted.is_none())
    }

    fn is_of(&self, user: &str) -> bool {
        self.users().iter().any(|own| same_person(own, user))
    }
}

impl<'a> TraceBuilder<'a> {
    /// Finds the sign-on that a line belongs to. Lines that name a user go to the one of that user; those that name
    /// nobody go to the last one, which counts as mixed if there are several, since a busy server writes them
    /// interleaved.
    fn take(&mut self, entry: LogEntry<'a>) {
        self.end_old(&entry);
        let place = match &entry.fact.event {
            LogEvent::LoginStarted { .. } => Some(self.begin()),
            LogEvent::TokenCheckStarted { user } => {
                let mine = |login: &TracedLogin<'a>| !login.checking && (login.users().is_empty() || login.is_of(user));
                Some(self.last(mine).unwrap_or_else(|| self.begin()))
            }
            LogEvent::TokenUser { user } => {
                let mine = |login: &TracedLogin<'a>| login.token_user.is_none();
                let named = self.last(|login| mine(login) && login.is_of(user));
                let found = named.or_else(|| self.lone(mine));
                Some(found.unwrap_or_else(|| self.begin()))
            }
            LogEvent::TokenNotVerified { .. } => Some(self.lone(|_| true).unwrap_or_else(|| self.begin())),
            LogEvent::TokenType(_) | LogEvent::TokenStatus(_) | LogEvent::Status { token: Some(_), .. } => {
                self.lone(|_| true)
            }
            LogEvent::TokenVerified { user } if user.is_empty() => self.lone(|_| true),
            LogEvent::TokenVerified { user }
            | LogEvent::LookupStarted { user, .. }
            | LogEvent::LookedUp { user }
            | LogEvent::LookupFailed { user }
            | LogEvent::UserNotFound { user }
            | LogEvent::UserAccepted { user } => self.last(|login| login.is_of(user)),
            LogEvent::AuthEnded { request, .. } => {
                let numbered = self.last(|login| request.is_some() && login.request == *request);
                numbered.or_else(|| self.lone(|login| login.request.is_none()))
            }
            LogEvent::BadLogin => self.lone(|_| true).or_else(|| self.just_ended(&entry)),
            _ => None,
        };
        if let Some(place) = place {
            self.add(place, entry);
        }
    }

    fn begin(&mut self) -> usize {
        let place = self.all.len();
        self.all.push(TracedLogin::new());
        self.open.push(place);
        if self.open.len() > OPEN {
            self.open.remove(0);
        }
        place
    }

    /// The last one under way of which that is true.
    fn last(&self, is: impl Fn(&TracedLogin<'a>) -> bool) -> Option<usize> {
        self.open.iter().rev().copied().find(|&place| self.all.get(place).is_some_and(&is))
    }

    /// The only one under way of which that is true, for a line that names nobody: if there are several, it may be of any.
    fn lone(&mut self, is: impl Fn(&TracedLogin<'a>) -> bool) -> Option<usize> {
        let mut mine = self.open.iter().rev().copied().filter(|&place| self.all.get(place).is_some_and(&is));
        let (last, several) = (mine.next()?, mine.next().is_some());
        if let Some(login) = self.all.get_mut(last).filter(|_| several) {
            login.mixed = true;
        }
        Some(last)
    }

    /// The last sign-on, if it ended badly just now and its refusal was not told yet.
    fn just_ended(&self, entry: &LogEntry<'a>) -> Option<usize> {
        let place = self.all.len().checked_sub(1)?;
        let login = self.all.get(place)?;
        let soon = login.entries.last().is_some_and(|last| entry.since(last) <= AFTERWARDS);
        let told = login.entries.iter().any(|entry| entry.fact.event == LogEvent::BadLogin);
        (soon && !told && login.accepted.is_none()).then_some(place)
    }

    fn end_old(&mut self, entry: &LogEntry<'a>) {
        let all = &self.all;
        self.open.retain(|&place| {
            let login = all.get(place);
            let last = login.and_then(|login| login.entries.last());
            last.is_some_and(|last| entry.since(last) <= OVER) && login.is_some_and(|login| !login.closed)
        });
    }

    /// Adds a line to a sign-on. The first verdict on a token stands, because the lines that repeat it later say less;
    /// only a code is taken from them.
    fn add(&mut self, place: usize, entry: LogEntry<'a>) {
        let Some(login) = self.all.get_mut(place) else { return };
        if login.entries.len() < LINES {
            login.entries.push(entry);
        }
        match &entry.fact.event {
            LogEvent::LoginStarted { user } => login.login_name = Some((entry, user)),
            LogEvent::TokenCheckStarted { user } => {
                login.checking = true;
                let known = login.login_name.filter(|(_, name)| user.is_empty() || !name.is_empty());
                login.login_name = known.or(Some((entry, user)));
            }
            LogEvent::TokenUser { user } => login.token_user = Some((entry, user)),
            LogEvent::TokenNotVerified { code } => {
                let known = login.not_verified.filter(|(_, known)| known.is_some() || code.is_none());
                login.not_verified = known.or(Some((entry, *code)));
            }
            LogEvent::TokenStatus(status) => login.status = login.status.or(told(*status).map(|text| (entry, text))),
            LogEvent::Status { token: Some(text), .. } => login.status = login.status.or(Some((entry, *text))),
            LogEvent::TokenVerified { .. } => login.verified = login.verified.or(Some(entry)),
            LogEvent::LookupStarted { request, .. } => login.request = login.request.or(*request),
            LogEvent::LookedUp { user } => login.looked_up = Some((entry, user)),
            LogEvent::LookupFailed { user } => login.lookup_failed = Some((entry, user)),
            LogEvent::UserNotFound { user } => login.not_found = Some((entry, user)),
            LogEvent::UserAccepted { .. } => login.accepted = Some(entry),
            LogEvent::AuthEnded { well, .. } => {
                login.closed = true;
                let side = if *well { &mut login.accepted } else { &mut login.turned_away };
                side.get_or_insert(entry);
            }
            LogEvent::BadLogin => {
                login.closed = true;
                login.turned_away.get_or_insert(entry);
            }
            _ => {}
        }
    }
}

/// A status of Domino's check of a token, by its number.
const fn told(status: u32) -> Option<TokenStatusText> {
    match status {
        0x04bc => Some(TokenStatusText::Invalid),
        0x04bd => Some(TokenStatusText::Expired),
        0x04be => Some(TokenStatusText::Realm),
        0x04bf => Some(TokenStatusText::Configuration),
        _ => None,
    }
}
