//! Sign-on tokens wherever they stand, HTTP, SIP or Sametime: who issued one, who showed it, who took or refused it, and
//! whom it names.
//!
//! A token is followed by its fingerprint, which is the same in a Set-Cookie, in the Cookie of a REGISTER and in the login of
//! a chat client. An [`Issue`] is a token that a server set (or took back); a [`Showing`] is one request or login that carried
//! tokens, with what became of it. Keys, where the user gave some, open what they fit ([`KnownToken::opened`]).

mod clocks;
mod collect;
pub(crate) mod consumers;
pub(crate) mod person;
mod sums;
#[cfg(test)]
mod tests;

pub(crate) use clocks::{ServerClock, ServerClocks};
pub(crate) use sums::{AcceptedTokens, IssuedTokens};

use super::Settings;
use super::http::{BrowserId, ExchangeId, HttpIndex};
use super::sip::SipIndex;
use crate::model::{Analysis, Conversation, Endpoint, Stamp, Timestamp};
use hashbrown::HashMap;
use nrpcsniff_dissectors::cookie::SetCookie;
use nrpcsniff_dissectors::ltpa::{Class, Fingerprint, Opened, Token};
use std::net::IpAddr;

/// Tokens of a capture.
pub(crate) struct TokenIndex<'a> {
    issues: Vec<Issue<'a>>,
    showings: Vec<Showing<'a>>,
    issued: HashMap<Fingerprint, Vec<usize>>,
    shown: HashMap<Fingerprint, Vec<usize>>,
    clocks: ServerClocks,
    sums: sums::ServerSums,
    /// Issues for each browser, and for each address, in order of time.
    by_browser: HashMap<BrowserId, Vec<usize>>,
    by_client: HashMap<IpAddr, Vec<usize>>,
    /// Issues of each host.
    by_host: HashMap<String, Vec<usize>>,
    /// When tokens of each browser were deleted.
    deleted: HashMap<BrowserId, Vec<Timestamp>>,
}

/// A token, and what is known of it.
#[derive(Debug, Clone)]
pub(crate) struct KnownToken<'a> {
    /// Name of the cookie that held it; `None` in the login of a chat client.
    pub cookie: Option<&'a str>,
    /// The token as its value shows it.
    pub token: &'a Token,
    /// What a key of the user found in it.
    pub opened: Option<Opened>,
    /// What it is: by a key, by its length, or by the name of a cookie that held it elsewhere in the capture.
    pub class: Class,
}

/// A token that a server set, or took back.
#[derive(Debug, Clone)]
pub(crate) struct Issue<'a> {
    /// The frame that completed the response.
    pub at: Stamp,
    /// Conversation that carried it.
    pub conversation: &'a Conversation,
    /// The exchange: its place in [`HttpIndex::exchanges`].
    pub exchange: ExchangeId,
    /// The browser: its place in [`HttpIndex::browsers`].
    pub browser: BrowserId,
    /// Host that was asked.
    pub host: String,
    /// The cookie with its attributes.
    pub cookie: &'a SetCookie,
    /// The token.
    pub known: KnownToken<'a>,
    /// The cookie is deleted: a logout, or a token that is no longer good.
    pub deleted: bool,
    /// User of the login that this answers.
    pub login: Option<&'a str>,
}

/// What carried a token to who should take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Channel {
    /// A request of a browser.
    Http {
        /// Its place in [`HttpIndex::exchanges`].
        exchange: ExchangeId,
        /// Its browser: place in [`HttpIndex::browsers`].
        browser: BrowserId,
    },
    /// A SIP request.
    Sip,
    /// A login at a Sametime community server.
    Sametime,
}

/// One request or login that carried tokens, or what stands in their place.
#[derive(Debug, Clone)]
pub(crate) struct Showing<'a> {
    /// Protocol that carried it.
    pub channel: Channel,
    /// The frame that completed it.
    pub at: Stamp,
    /// Conversation that carried it.
    pub conversation: &'a Conversation,
    /// All conversations that carried it or its answer, those of further hops too.
    pub conversations: Vec<&'a Conversation>,
    /// Address of the client that showed it.
    pub client: IpAddr,
    /// The server to which it was shown.
    pub server: Endpoint,
    /// Name of that server, where the request names one; else its address.
    pub host: String,
    /// Method of the request, or `login`.
    pub method: &'a str,
    /// Tokens that it carried: never empty.
    pub tokens: Vec<KnownToken<'a>>,
    /// Call-ID of a SIP request: its repetitions have the same.
    pub call_id: Option<&'a str>,
    /// Name that stood beside it: user of a chat login, address of record of a SIP request.
    pub claim: Option<String>,
    /// Names under which the server accepted the login.
    pub accepted_as: Vec<&'a str>,
    /// It carried a password, or what proves one, as well: success says nothing of the token.
    pub credentials: bool,
    /// Whether the server took it.
    pub outcome: ShowingOutcome,
    /// The answer, if one was captured.
    pub answer: Option<ShowingAnswer>,
}

/// The answer to a showing.
#[derive(Debug, Clone)]
pub(crate) struct ShowingAnswer {
    /// The frame that completed it.
    pub at: Stamp,
    /// For people: `401 Unauthorized`, `302 to /login`.
    pub text: String,
}

/// Whether a server took a showing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShowingOutcome {
    /// The server let the user in.
    Accepted,
    /// The server did not.
    Refused(ShowingRefusal),
    /// No answer was captured, or one that says nothing of the token.
    Unknown,
}

/// The way in which a server refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShowingRefusal {
    /// HTTP or SIP status: 401, 403, 407, or an error that SIP gives in their place.
    Status(u16),
    /// Sent to a login page, or shown a login form.
    LoginPage,
    /// Sametime's reason.
    Reason(u32),
}

/// So many of the last tokens of a browser are looked at.
const LATEST: usize = 256;

/// Sametime's reason for a token that did not verify.
pub(crate) const TOKEN_INVALID: u32 = 0x8000_0015;
/// Sametime's reason for a token that has ended.
pub(crate) const TOKEN_EXPIRED: u32 = 0x8000_0016;
/// Sametime's reason for a wrong name or password; for a token whose user it does not find, too.
pub(crate) const INCORRECT_LOGIN: u32 = 0x8000_0211;

impl<'a> TokenIndex<'a> {
    /// Builds the index: linear in what carries tokens. Classes are settled before sums are made, because a cookie with
    /// a telling name tells what the same value is elsewhere.
    pub(crate) fn new(
        analysis: &'a Analysis,
        settings: &'a Settings,
        http: &HttpIndex<'a>,
        sip: &SipIndex<'a>,
    ) -> Self {
        let mut issues = collect::issues(http, settings);
        let mut showings = collect::showings(analysis, http, sip, settings);
        collect::settle_classes(&mut issues, &mut showings);
        let mut sources: HashMap<Fingerprint, Vec<usize>> = HashMap::new();
        for (index, issue) in issues.iter().enumerate().filter(|(_, issue)| !issue.deleted) {
            sources.entry(issue.known.token.fingerprint).or_default().push(index);
        }
        let mut shown: HashMap<Fingerprint, Vec<usize>> = HashMap::new();
        for (index, showing) in showings.iter().enumerate() {
            for print in showing.tokens.iter().map(|known| known.token.fingerprint) {
                let places = shown.entry(print).or_default();
                if places.last() != Some(&index) {
                    places.push(index);
                }
            }
        }
        let host_of =
            |print| sources.get(&print)?.first().and_then(|&i| issues.get(i)).map(|i: &Issue<'a>| i.host.clone());
        let sums = sums::ServerSums::new(&issues, &showings, host_of);
        let clocks = ServerClocks::new(http);
        let (mut by_browser, mut by_client, mut by_host) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut deleted: HashMap<BrowserId, Vec<Timestamp>> = HashMap::new();
        for (index, issue) in issues.iter().enumerate() {
            if issue.deleted {
                deleted.entry(issue.browser).or_default().push(issue.at.time);
                continue;
            }
            by_browser.entry(issue.browser).or_insert_with(Vec::new).push(index);
            by_client.entry(issue.conversation.client.ip).or_insert_with(Vec::new).push(index);
            by_host.entry(issue.host.clone()).or_insert_with(Vec::new).push(index);
        }
        Self { issues, showings, issued: sources, shown, clocks, sums, by_browser, by_client, by_host, deleted }
    }

    /// Every token that was set, in order of time; deletions left out.
    pub(crate) fn issues(&self) -> impl DoubleEndedIterator<Item = &Issue<'a>> {
        self.issues.iter().filter(|issue| !issue.deleted)
    }

    /// Every request or login that carried a token or what stands in its place, in order of time.
    pub(crate) fn showings(&self) -> &[Showing<'a>] {
        &self.showings
    }

    /// Where that token was set, in order of time.
    pub(crate) fn issues_of(&self, print: Fingerprint) -> impl Iterator<Item = &Issue<'a>> {
        self.issued.get(&print).into_iter().flatten().filter_map(|&index| self.issues.get(index))
    }

    /// The first issue of that token, if it was captured.
    pub(crate) fn issue_of(&self, token: &Token) -> Option<&Issue<'a>> {
        self.issues_of(token.fingerprint).next()
    }

    /// Where that token was shown, in order of time.
    pub(crate) fn showings_of(&self, print: Fingerprint) -> impl DoubleEndedIterator<Item = &Showing<'a>> {
        self.shown.get(&print).into_iter().flatten().filter_map(|&index| self.showings.get(index))
    }

    /// The same consumer accepted one of the same tokens at another time: the token is good, and was refused for something
    /// that passed.
    pub(crate) fn was_accepted_elsewhen(&self, showing: &Showing<'a>) -> bool {
        self.accepted_tokens(showing)
            .is_some_and(|taken| showing.genuine().any(|known| taken.times_of(known.token.fingerprint).is_some()))
    }

    /// What the server accepted that was shown this, if anything.
    pub(crate) fn accepted_tokens(&self, showing: &Showing<'a>) -> Option<&AcceptedTokens> {
        self.sums.taken(showing)
    }

    /// The showings which that server accepted, in order of time.
    pub(crate) fn accepted_at(&self, showing: &Showing<'a>) -> impl Iterator<Item = &Showing<'a>> {
        let proofs = self.accepted_tokens(showing).map_or(&[][..], |taken| &taken.proofs);
        proofs.iter().filter_map(|&index| self.showings.get(index))
    }

    /// The last version 1 token which the server issued that was shown this.
    pub(crate) fn own_keyed(&self, showing: &Showing<'a>) -> Option<&Issue<'a>> {
        self.issues.get(self.sums.own(showing)?.keyed?)
    }

    /// The last token of its own, of WebSphere's form or not, that fits a key of the user or does not.
    pub(crate) fn own_fitting(&self, showing: &Showing<'a>, websphere: bool, fits: bool) -> Option<&Issue<'a>> {
        self.issues.get(*self.sums.own(showing)?.fitting.get(&(websphere, fits))?)
    }

    /// The last token of its own whose realm a key opened.
    pub(crate) fn own_realm(&self, showing: &Showing<'a>) -> Option<&Issue<'a>> {
        self.issues.get(self.sums.own(showing)?.realm?)
    }

    /// The first token that any server set with HttpOnly in a cookie of that name.
    pub(crate) fn hidden(&self, name: &str) -> Option<&Issue<'a>> {
        self.issues.get(*self.sums.hidden.get(&name.to_ascii_lowercase())?)
    }

    /// Tokens that any server at that address issues.
    pub(crate) fn own_at(&self, address: IpAddr) -> Option<&IssuedTokens> {
        self.sums.own_at(address)
    }

    /// The last tokens that were set for a browser, the latest first (at most 256).
    pub(crate) fn issues_for(&self, browser: BrowserId) -> impl Iterator<Item = &Issue<'a>> {
        self.latest(self.by_browser.get(&browser))
    }

    /// The last tokens that were set for an address, the latest first (at most 256).
    pub(crate) fn issues_to(&self, client: IpAddr) -> impl Iterator<Item = &Issue<'a>> {
        self.latest(self.by_client.get(&client))
    }

    /// The tokens that a host set, in order of time.
    pub(crate) fn issues_by(&self, host: &str) -> impl Iterator<Item = &Issue<'a>> {
        self.by_host.get(host).into_iter().flatten().filter_map(|&index| self.issues.get(index))
    }

    fn latest(&self, places: Option<&Vec<usize>>) -> impl Iterator<Item = &Issue<'a>> + use<'_, 'a> {
        let places = places.map_or(&[][..], Vec::as_slice);
        let first = places.len().saturating_sub(LATEST);
        let places = places.get(first..).unwrap_or_default().to_vec();
        places.into_iter().rev().filter_map(|index| self.issues.get(index))
    }

    /// A token of that browser was deleted after the one and up to the other time: a logout.
    pub(crate) fn was_taken_back(&self, browser: BrowserId, after: Timestamp, until: Timestamp) -> bool {
        let times = self.deleted.get(&browser).map_or(&[][..], Vec::as_slice);
        times.get(times.partition_point(|&time| time <= after)).is_some_and(|&time| time <= until)
    }

    /// Clocks of servers, as their Date headers tell.
    pub(crate) const fn clocks(&self) -> &ServerClocks {
        &self.clocks
    }
}

impl<'a> KnownToken<'a> {
    /// Opens a token with the user's keys.
    pub(super) fn new(cookie: Option<&'a str>, token: &'a Token, settings: &Settings) -> Self {
        let opened = if settings.keys.is_empty() { None } else { token.open(&settings.keys) };
        let class = opened.as_ref().map_or(token.class, Opened::class);
        Self { cookie, token, opened, class }
    }

    /// User that it names, in clear or by a key.
    pub(crate) fn user(&self) -> Option<&str> {
        self.token.user.as_deref().or_else(|| self.opened.as_ref()?.user.as_deref())
    }

    /// Realm that it names, by a key.
    pub(crate) fn realm(&self) -> Option<&str> {
        self.opened.as_ref()?.realm.as_deref()
    }

    /// End in seconds since 1970-01-01 UTC, in clear or by a key.
    pub(crate) fn expires(&self) -> Option<i64> {
        self.token.expires.or_else(|| Some(self.opened.as_ref()?.expires_ms?.div_euclid(1000)))
    }

    /// It may be what an issuer made.
    pub(crate) const fn is_genuine(&self) -> bool {
        self.class.is_genuine()
    }

    /// A word instead of a token: `undefined`, `null`, nothing at all.
    pub(crate) const fn is_junk(&self) -> bool {
        self.class.is_word()
    }

    /// A key of the user fits: it opens the token, or has signed Domino's.
    pub(crate) fn fits_a_key(&self) -> bool {
        self.opened.as_ref().is_some_and(|opened| self.is_websphere() || opened.verified == Some(true))
    }

    /// A key of the user opens it, and its signature does not hold.
    pub(crate) fn is_forged(&self) -> bool {
        self.is_websphere() && self.opened.as_ref().is_some_and(|opened| opened.verified == Some(false))
    }

    /// It is of WebSphere's form, so that it cannot be read without keys.
    pub(crate) const fn is_websphere(&self) -> bool {
        matches!(self.class, Class::WebsphereV1 | Class::WebsphereV2 | Class::Websphere)
    }

    /// For people: cookie, kind, fingerprint; the user if a key found one.
    pub(crate) fn label(&self) -> String {
        let cookie = self.cookie.map_or_else(String::new, |name| format!("{name}: "));
        let by_key =
            self.opened.as_ref().and_then(|opened| opened.user.as_deref()).filter(|_| self.token.user.is_none());
        let user = by_key.map_or_else(String::new, |user| format!(" (opened: {user})"));
        format!("{cookie}{}{user}", self.token.label())
    }
}

impl<'a> Showing<'a> {
    /// Tokens that may be what an issuer made.
    pub(crate) fn genuine(&self) -> impl Iterator<Item = &KnownToken<'a>> {
        self.tokens.iter().filter(|known| known.is_genuine())
    }

    /// It carries a genuine token of that class.
    pub(crate) fn has(&self, class: Class) -> bool {
        self.tokens.iter().any(|known| known.class == class)
    }

    /// The token was taken: the user got in, and brought nothing else.
    pub(crate) fn is_proof(&self) -> bool {
        self.outcome == ShowingOutcome::Accepted && !self.credentials
    }

    /// Refused in a way that puts the token or its user in doubt (not: known, and forbidden).
    pub(crate) const fn is_doubted(&self) -> bool {
        match self.outcome {
            ShowingOutcome::Refused(ShowingRefusal::Status(status)) => matches!(status, 401 | 407),
            ShowingOutcome::Refused(ShowingRefusal::LoginPage) => true,
            ShowingOutcome::Refused(ShowingRefusal::Reason(reason)) => {
                matches!(reason, TOKEN_INVALID | TOKEN_EXPIRED | INCORRECT_LOGIN)
            }
            _ => false,
        }
    }

    /// Refused in whatever way.
    pub(crate) const fn is_refused(&self) -> bool {
        matches!(self.outcome, ShowingOutcome::Refused(_))
    }

    /// Shown to the same consumer over the same protocol.
    pub(crate) fn is_at(&self, other: &Self) -> bool {
        std::mem::discriminant(&self.channel) == std::mem::discriminant(&other.channel)
            && self.server.ip == other.server.ip
            && self.host == other.host
    }

    /// The exchange that carried it, if a browser showed it.
    pub(crate) const fn exchange(&self) -> Option<ExchangeId> {
        match self.channel {
            Channel::Http { exchange, .. } => Some(exchange),
            _ => None,
        }
    }

    /// One request with two cookies of one name and different values: which of them the server took cannot be told.
    pub(crate) fn is_ambiguous(&self) -> bool {
        let mut seen: HashMap<&str, Fingerprint> = HashMap::new();
        let named = self.tokens.iter().filter_map(|known| Some((known.cookie?, known.token.fingerprint)));
        named.into_iter().any(|(name, print)| seen.insert(name, print).is_some_and(|other| other != print))
    }

    /// For people: who was shown it.
    pub(crate) fn consumer(&self) -> String {
        match self.channel {
            Channel::Http { .. } => self.host.clone(),
            Channel::Sip => format!("SIP server {}", self.server),
            Channel::Sametime => format!("Sametime server {}", self.server),
        }
    }

    /// For people: what carried the tokens.
    pub(crate) fn what(&self) -> String {
        match self.channel {
            Channel::Http { .. } => format!("{} to {}", self.method, self.host),
            Channel::Sip => format!("{} to {}", self.method, self.server),
            Channel::Sametime => format!("chat login at {}", self.server),
        }
    }
}
