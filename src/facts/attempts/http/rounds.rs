//! Logins by an identity provider: the browser is sent there (SAML, OpenID Connect), comes back with its word, and is shown the page.

use super::{Judge, Wish, page, status_line};
use crate::facts::http::HttpExchange;
use crate::facts::http::pages::PageAnswer;
use crate::model::{AttemptKind, Outcome, Unjudged};
use hashbrown::HashMap;
use nrpcsniff_dissectors::cookie::is_blank;
use nrpcsniff_dissectors::http::Parameter;

/// A browser that is sent away this often without a page in between goes round in a circle.
const CIRCLE: usize = 3;
/// Within this time of the last round (seconds): what begins later is another wish.
const ROUND: f64 = 60.0;

/// Every login by an identity provider of one browser.
pub(super) fn all<'w, 'a>(judge: &Judge<'_, 'a>, mine: &[&'w HttpExchange<'a>]) -> Vec<Wish<'w, 'a>> {
    let mut found = Vec::new();
    let mut open: HashMap<&str, Round<'w, 'a>> = HashMap::new();
    for &exchange in mine {
        let host = exchange.host.as_str();
        if let Some(old) = open.remove(host) {
            match old.next(exchange) {
                Next::GoesOn(round) => drop(open.insert(host, round)),
                Next::Ends(round) => found.extend(round.wish(judge)),
            }
        }
        if !open.contains_key(host) && sends_away(exchange) && exchange.is_visit() {
            open.insert(host, Round::begin(exchange));
        }
    }
    let mut rest: Vec<Round<'w, 'a>> = open.into_values().collect();
    rest.sort_by_key(|round| round.first.id);
    found.extend(rest.into_iter().filter_map(|round| round.wish(judge)));
    found
}

/// A login on its way.
struct Round<'w, 'a> {
    first: &'w HttpExchange<'a>,
    exchanges: Vec<&'w HttpExchange<'a>>,
    /// How often the host sent the browser away.
    away: usize,
    /// The last answer of the provider that the browser brought.
    brought: Option<&'w HttpExchange<'a>>,
    /// The page that came in the end.
    page: Option<&'w HttpExchange<'a>>,
}

enum Next<'w, 'a> {
    GoesOn(Round<'w, 'a>),
    Ends(Round<'w, 'a>),
}

impl<'w, 'a> Round<'w, 'a> {
    fn begin(first: &'w HttpExchange<'a>) -> Self {
        Self { first, exchanges: vec![first], away: 1, brought: None, page: None }
    }

    fn next(mut self, exchange: &'w HttpExchange<'a>) -> Next<'w, 'a> {
        let last = self.exchanges.last().unwrap_or(&self.first);
        let (since, brings) = (exchange.at().time.seconds_since(last.at().time), brings_answer(exchange));
        if since > ROUND {
            return Next::Ends(self);
        }
        if brings {
            self.brought = Some(exchange);
        }
        if sends_away(exchange) {
            self.away = self.away.saturating_add(1);
        }
        let is_page = self.brought.is_some() && !brings && exchange.page_answer() == PageAnswer::Granted;
        if is_page || brings || sends_away(exchange) {
            self.exchanges.push(exchange);
        }
        if is_page {
            self.page = Some(exchange);
            return Next::Ends(self);
        }
        Next::GoesOn(self)
    }

    fn wish(self, judge: &Judge<'_, 'a>) -> Option<Wish<'w, 'a>> {
        let outcome = self.outcome(judge);
        let mut wish = Wish::new(AttemptKind::HttpLogin, self.first, outcome);
        wish.asked = Some(page(self.first));
        // The last ones tell the end: they are kept whatever came between.
        let kept = self.exchanges.len().saturating_sub(super::MOST).max(1);
        self.exchanges.get(kept..)?.iter().for_each(|exchange| wish.add(exchange));
        Some(wish)
    }

    fn outcome(&self, judge: &Judge<'_, 'a>) -> Outcome {
        let lost = self.brought.and_then(|brought| lost_cookie(self.first, brought));
        match (self.brought, self.page) {
            // Signed in, but not where the user wanted to go: the server had noted that in the cookie.
            (Some(_), Some(page)) if page.path() != self.first.path() && lost.is_some() => {
                Outcome::Refused(format!("led to another page: {}", of_cookie(lost)))
            }
            (Some(_), Some(_)) => Outcome::Granted,
            _ if self.away >= CIRCLE => {
                Outcome::Refused("sent to the identity provider again and again, without a page in between".to_owned())
            }
            (Some(brought), None) if brought.status() >= 400 => {
                let why = lost.map_or_else(String::new, |_| format!(": {}", of_cookie(lost)));
                Outcome::Refused(format!("{} to the word of the identity provider{why}", status_line(brought)))
            }
            (Some(brought), None) if brought.response.is_none() => judge.unanswered(brought),
            _ => Outcome::Unknown(Unjudged::UnknownForm),
        }
    }
}

fn of_cookie(name: Option<&str>) -> String {
    let name = name.unwrap_or_default();
    format!("the cookie {name}, set on the way to the identity provider, does not come back with its word")
}

/// The first cookie that was set when the browser was sent away, and that does not come with the provider's word though it is for
/// that place.
fn lost_cookie<'w>(first: &'w HttpExchange<'_>, brought: &HttpExchange<'_>) -> Option<&'w str> {
    let (response, request) = (first.response?, brought.request?);
    let now = response.at().time.whole_seconds();
    let set = response.content.set_cookies.iter().filter(|cookie| !cookie.is_gone(now));
    let is_for = |path: Option<&str>| path.is_none_or(|path| path == "/" || brought.path().starts_with(path));
    let mut set =
        set.filter(|cookie| is_for(cookie.path.as_deref()) && (!cookie.secure || brought.scheme() == "https"));
    let comes = |name: &str| request.cookies.iter().any(|c| c.name == name && !is_blank(c.value.expose()));
    set.find(|cookie| !comes(&cookie.name)).map(|cookie| cookie.name.as_str())
}

/// The answer sends the browser to an identity provider: with a request of SAML, or of OpenID Connect (RFC 6749 section 4.1.1).
fn sends_away(exchange: &HttpExchange<'_>) -> bool {
    let Some(url) = exchange.redirect() else { return false };
    let elsewhere = exchange.target().is_some_and(|(host, _)| host != exchange.host);
    let has = |name: &str| names(&url.query, name);
    elsewhere
        && (has("SAMLRequest") || (has("client_id") && (has("redirect_uri") || has("state") || has("response_type"))))
}

/// The browser brings the provider's word: an assertion of SAML, or a code or an error of OpenID Connect (RFC 6749 section 4.1.2).
fn brings_answer(exchange: &HttpExchange<'_>) -> bool {
    let Some(request) = exchange.request else { return false };
    let has = |name: &str| names(&request.query, name) || names(&request.form, name);
    has("SAMLResponse") || has("SAMLart") || (has("state") && (has("code") || has("error")))
}

fn names(parameters: &[Parameter], wanted: &str) -> bool {
    parameters.iter().any(|parameter| parameter.name.eq_ignore_ascii_case(wanted))
}
