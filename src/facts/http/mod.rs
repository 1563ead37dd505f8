//! HTTP as rules want to see it: exchanges in order of time, the browsers that made them, and what each browser's cookie jar
//! held when it asked.
//!
//! [`HttpIndex::exchanges`] holds every request with its response. An exchange knows its browser ([`HttpExchange::browser`]) and
//! what that browser could have sent: [`HttpIndex::expected`] names the cookies of sign-on which the capture saw being set and that
//! belong to this request by RFC 6265; [`HttpIndex::jar_at`] all that it had at that time, with the reason why each is or is not sent.
//! [`pages`] tells login requests, login pages, denials and products apart.

mod browser;
pub(crate) mod denials;
mod exchange;
mod hops;
mod id;
mod jar;
mod jwt;
mod loops;
pub(crate) mod origin;
pub(crate) mod pages;
mod provider;
#[cfg(test)]
pub(crate) mod story;
#[cfg(test)]
mod tests;

pub(crate) use browser::Browser;
pub(crate) use exchange::HttpExchange;
pub(crate) use hops::Hops;
pub(crate) use id::{BrowserId, ExchangeId};
pub(crate) use jar::{CookieMatch, CookieRefusal, JarCookie, tokens_sent, tokens_set};
pub(crate) use jwt::{JwtRenewal, JwtShowing};
pub(crate) use loops::LoginRounds;
pub(crate) use provider::{ProviderRound, SamlAnswer, brings_answer, sends_away};

use super::Thresholds;
use crate::model::{Analysis, Conversation, Span, Timestamp};
use browser::Browsers;
use hashbrown::{HashMap, HashSet};
use jar::JarChange;
use nrpcsniff_dissectors::cookie::is_sign_on;
use nrpcsniff_dissectors::http;
use std::cell::OnceCell;

/// HTTP of a capture.
pub(crate) struct HttpIndex<'a> {
    exchanges: Vec<HttpExchange<'a>>,
    browsers: Vec<Browser<'a>>,
    jar_cookies: Vec<JarCookie<'a>>,
    by_host: HashMap<String, Vec<ExchangeId>>,
    sign_on_hosts: OnceCell<HashSet<String>>,
    loops: OnceCell<Vec<LoginRounds>>,
    jwts: OnceCell<Vec<JwtShowing>>,
    hops: OnceCell<Hops>,
    rounds: OnceCell<Vec<ProviderRound>>,
    saml: OnceCell<Vec<SamlAnswer>>,
}

/// A cookie set less than this before a request may not have reached the browser in time, where no round trip was
/// measured.
const REACTION: Span = Span::from_millis(200);

/// A later request decides whether a refusal mattered; so many are looked at.
const LOOK_AHEAD: usize = 256;

impl<'a> HttpIndex<'a> {
    /// Builds the index; does nothing where there is no HTTP.
    pub(crate) fn new(analysis: &'a Analysis) -> Self {
        let mut exchanges: Vec<_> =
            analysis.conversations.iter().filter(|c| c.is(&http::PROTOCOL)).flat_map(exchange::pair).collect();
        exchanges.sort_by_key(|exchange| (exchange.at().time, exchange.at().frame));
        let mut browsers = Browsers::default();
        for (index, exchange) in exchanges.iter_mut().enumerate() {
            exchange.id = ExchangeId::new(index);
            exchange.browser = browsers.place(exchange);
        }
        let mut by_host: HashMap<String, Vec<ExchangeId>> = HashMap::new();
        for exchange in &exchanges {
            by_host.entry_ref(exchange.host.as_str()).or_default().push(exchange.id);
        }
        let stored = fill_jars(&mut exchanges);
        let browsers = browsers.finish(&exchanges);
        Self {
            exchanges,
            browsers,
            jar_cookies: stored,
            by_host,
            sign_on_hosts: OnceCell::new(),
            loops: OnceCell::new(),
            jwts: OnceCell::new(),
            hops: OnceCell::new(),
            rounds: OnceCell::new(),
            saml: OnceCell::new(),
        }
    }

    /// Every request with its response, in order of time.
    pub(crate) fn exchanges(&self) -> &[HttpExchange<'a>] {
        &self.exchanges
    }

    /// The exchange of that number.
    pub(crate) fn exchange(&self, id: ExchangeId) -> Option<&HttpExchange<'a>> {
        self.exchanges.get(id.index())
    }

    /// The browser of that number.
    pub(crate) fn browser_of(&self, id: BrowserId) -> Option<&Browser<'a>> {
        self.browsers.get(id.index())
    }

    /// Everybody who asked for something.
    pub(crate) fn browsers(&self) -> &[Browser<'a>] {
        &self.browsers
    }

    /// Who made that request. Client address, what a proxy says of it, and User-Agent tell browsers apart.
    pub(crate) fn browser(&self, exchange: &HttpExchange<'a>) -> &Browser<'a> {
        &self.browsers[exchange.browser.index()]
    }

    /// Exchanges of a browser, in order of time.
    pub(crate) fn of(&self, browser: &Browser<'a>) -> impl DoubleEndedIterator<Item = &HttpExchange<'a>> {
        browser.exchanges.iter().map(|&id| &self.exchanges[id.index()])
    }

    /// What the same browser did after `exchange`, in order of time.
    pub(crate) fn after(&self, exchange: &HttpExchange<'a>) -> impl DoubleEndedIterator<Item = &HttpExchange<'a>> {
        let all = &self.browser(exchange).exchanges;
        let next = all.partition_point(|&id| id <= exchange.id);
        all[next..].iter().map(|&id| &self.exchanges[id.index()])
    }

    /// What the same browser did before `exchange`, the latest first.
    pub(crate) fn before(&self, exchange: &HttpExchange<'a>) -> impl Iterator<Item = &HttpExchange<'a>> {
        let all = &self.browser(exchange).exchanges;
        let place = all.partition_point(|&id| id < exchange.id);
        all[..place].iter().rev().map(|&id| &self.exchanges[id.index()])
    }

    /// How long it took until the same browser was shown a page of that host, if it was: whether a refusal mattered.
    pub(crate) fn let_in_after(&self, exchange: &HttpExchange<'a>) -> Option<Span> {
        let granted = |next: &&HttpExchange<'_>| next.host == exchange.host && next.is_granted() && next.is_visit();
        let later = self.after(exchange).take(LOOK_AHEAD).find(granted)?;
        Some(later.at().time.since(exchange.at().time))
    }

    /// Everything that a host was asked for under that name, in order of time.
    pub(crate) fn of_host(&self, host: &str) -> impl DoubleEndedIterator<Item = &HttpExchange<'a>> {
        self.by_host.get(host).into_iter().flatten().map(|&id| &self.exchanges[id.index()])
    }

    /// Every cookie of sign-on that was set, refused ones too, in order of time.
    pub(crate) fn jar_cookies(&self) -> &[JarCookie<'a>] {
        &self.jar_cookies
    }

    /// Exchange that set a cookie.
    pub(crate) fn setter(&self, stored: &JarCookie<'a>) -> &HttpExchange<'a> {
        &self.exchanges[stored.by.index()]
    }

    /// Cookies of sign-on that the browser had when it made that request, and whether each belongs to it. Only what the
    /// capture saw being set early enough to be known.
    pub(crate) fn jar_at(&self, exchange: &HttpExchange<'a>) -> impl Iterator<Item = (&JarCookie<'a>, CookieMatch)> {
        exchange.had.iter().map(|&index| &self.jar_cookies[index]).map(|stored| (stored, stored.matching(exchange)))
    }

    /// Cookies of sign-on that the browser should have sent with that request.
    pub(crate) fn expected(&self, exchange: &HttpExchange<'a>) -> impl Iterator<Item = &JarCookie<'a>> {
        self.jar_at(exchange).filter(|(_, matching)| *matching == CookieMatch::Sent).map(|(stored, _)| stored)
    }

    /// The Set-Cookie from which a cookie of that request comes: the same name and value, set before for this browser.
    /// `None` if the browser had it before the capture began, or a script made it.
    pub(crate) fn source(&self, exchange: &HttpExchange<'a>, name: &str, value: &str) -> Option<&JarCookie<'a>> {
        let until = self.jar_cookies.partition_point(|stored| stored.at.time <= exchange.at().time);
        let mine = |stored: &&JarCookie<'a>| stored.browser == exchange.browser && stored.cookie.name == name;
        self.jar_cookies[..until].iter().rev().filter(mine).find(|stored| stored.cookie.value.expose() == value)
    }

    /// A host of that name takes part in single sign-on by LTPA, or could: tokens go to or come from it in this capture, or
    /// something that it was asked for shows one of the products that know them.
    pub(crate) fn takes_part(&self, host: &str) -> bool {
        let hosts = self.sign_on_hosts.get_or_init(|| {
            let part = self.exchanges.iter().filter(|exchange| exchange.shows_token() || exchange.product().is_some());
            part.map(|exchange| exchange.host.clone()).collect()
        });
        hosts.contains(host)
    }

    /// Rounds in which browsers were sent to log in again and again: see [`LoginRounds`].
    pub(crate) fn loops(&self, thresholds: &Thresholds) -> &[LoginRounds] {
        self.loops.get_or_init(|| loops::find(self, thresholds))
    }

    /// Every JSON web token that was shown, in order of time.
    pub(crate) fn jwts(&self) -> &[JwtShowing] {
        self.jwts.get_or_init(|| jwt::all(&self.exchanges))
    }

    /// The JSON web token that a request carries.
    pub(crate) fn jwt_of(&self, id: ExchangeId) -> Option<&JwtShowing> {
        let all = self.jwts();
        all.get(all.binary_search_by_key(&id, |shown| shown.exchange).ok()?)
    }

    /// The JSON web tokens that a host was shown, in order of time.
    pub(crate) fn jwts_of(&self, host: &str) -> impl Iterator<Item = &JwtShowing> {
        self.of_host(host).filter_map(|exchange| self.jwt_of(exchange.id))
    }

    /// Requests that are seen on both sides of a proxy.
    pub(crate) fn hops(&self) -> &Hops {
        self.hops.get_or_init(|| Hops::new(&self.exchanges))
    }

    /// What a browser asked for, in order of time; what proxies made of others' requests, and what was said on one machine, left out.
    pub(crate) fn asked_by(&self, browser: &Browser<'a>) -> impl Iterator<Item = &HttpExchange<'a>> {
        let asked = self.of(browser).filter(|exchange| exchange.request.is_some());
        asked.filter(|exchange| !self.hops().is_inner(exchange.id) && !origin::is_local(&exchange.host))
    }

    /// Logins by an identity provider, in order of time.
    pub(crate) fn provider_rounds(&self) -> &[ProviderRound] {
        self.rounds.get_or_init(|| provider::rounds(self))
    }

    /// Answers of SAML that browsers brought, in order of time.
    pub(crate) fn saml_answers(&self) -> &[SamlAnswer] {
        self.saml.get_or_init(|| provider::saml_answers(self))
    }

    /// Those of them that the application did not take.
    pub(crate) fn refused_saml_answers(&self) -> impl Iterator<Item = &SamlAnswer> {
        self.saml_answers().iter().filter(|answer| answer.is_refused(self))
    }

    /// The conversations of every login loop in which one of these requests was turned away.
    pub(crate) fn loops_of(&self, thresholds: &Thresholds, denied: &[&HttpExchange<'a>]) -> Vec<&'a Conversation> {
        let denied: HashSet<ExchangeId> = denied.iter().map(|exchange| exchange.id).collect();
        let concerned = self.loops(thresholds).iter().filter(|found| found.denials().any(|id| denied.contains(&id)));
        concerned.flat_map(LoginRounds::exchanges).map(|id| self.exchanges[id.index()].conversation).collect()
    }
}

/// Goes through all that was said in order of time, keeps what responses set, and notes with every request what its browser
/// had by then.
fn fill_jars<'a>(exchanges: &mut [HttpExchange<'a>]) -> Vec<JarCookie<'a>> {
    let mut events: Vec<(Timestamp, bool, ExchangeId)> = Vec::new();
    for exchange in exchanges.iter() {
        events.extend(exchange.request.map(|part| (part.at().time, false, exchange.id)));
        let sets = exchange.response.filter(|response| !response.set_cookies.is_empty());
        events.extend(sets.map(|part| (part.at().time, true, exchange.id)));
    }
    if !events.iter().any(|(_, sets, _)| *sets) {
        return Vec::new();
    }
    events.sort_unstable();
    let mut stored = Vec::new();
    let mut jars: HashMap<BrowserId, Vec<usize>> = HashMap::new();
    for (_, sets, id) in events {
        let Some(exchange) = exchanges.get_mut(id.index()) else { continue };
        let jar = jars.entry(exchange.browser).or_default();
        if sets {
            set_all(exchange, jar, &mut stored);
        } else {
            exchange.had = jar.iter().copied().filter(|&k| stored.get(k).is_some_and(|k| knows(exchange, k))).collect();
        }
    }
    stored
}

fn set_all<'a>(exchange: &HttpExchange<'a>, jar: &mut Vec<usize>, stored: &mut Vec<JarCookie<'a>>) {
    let Some(response) = exchange.response else { return };
    for cookie in response.content.set_cookies.iter().filter(|c| is_sign_on(&c.name, c.token.as_ref())) {
        let change = JarCookie::read(exchange, response.at(), cookie);
        let (JarChange::Keep(new) | JarChange::Forget(new)) = &change;
        if new.refused.is_none() {
            jar.retain(|&old| {
                let replaced = stored.get(old).is_some_and(|old| new.replaces(old));
                if let Some(old) = stored.get_mut(old).filter(|_| replaced) {
                    old.ended_by = Some(exchange.id);
                }
                !replaced
            });
        }
        if let JarChange::Keep(new) = change {
            if new.refused.is_none() {
                jar.push(stored.len());
            }
            stored.push(new);
        }
        if jar.len() > jar::LIMIT {
            jar.remove(0);
        }
    }
}

/// The cookie had reached the browser when it made this request: by the same connection, or a round trip before.
fn knows(exchange: &HttpExchange<'_>, stored: &JarCookie<'_>) -> bool {
    let way = exchange.conversation.quality.rtt.unwrap_or(REACTION);
    exchange.conversation.id == stored.conversation || exchange.at().time.since(stored.at.time) >= way
}
