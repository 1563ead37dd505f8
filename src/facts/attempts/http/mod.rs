//! Sign-on over HTTP: logins by form, by name and password in a header, by a ticket of Kerberos or NTLM and by an identity
//! provider; and the tokens that are shown to hosts.
//!
//! Steps on the way are no attempts: a first 401, a first visit without a cookie, the login page itself. A request that is seen
//! on both sides of a proxy is one attempt, and what its browser was answered counts.

mod logins;
mod rounds;
#[cfg(test)]
mod tests;
mod tokens;

use super::{begun, frames, unjudged};
use crate::facts::Case;
use crate::facts::http::pages::{Denial, PageAnswer};
use crate::facts::http::{HttpExchange, HttpIndex};
use crate::model::{Attempt, AttemptKind, CloseBy, Outcome, Span, Stamp, Unjudged, Weight};
use hashbrown::HashMap;

/// Every login and every token that was shown.
pub(super) fn all(case: &Case<'_>) -> Vec<Attempt> {
    let http = case.http();
    if http.exchanges().is_empty() {
        return Vec::new();
    }
    let judge = Judge { case, http };
    let of_providers = rounds::all(&judge).into_iter().filter_map(|wish| judge.attempt(wish));
    http.browsers().iter().flat_map(|browser| judge.of_browser(browser)).chain(of_providers).collect()
}

/// Requests of one browser that are the same wish, and what came of it.
struct Wish<'w, 'a> {
    kind: AttemptKind,
    exchanges: Vec<&'w HttpExchange<'a>>,
    user: Option<String>,
    /// The page that was asked for, with its host.
    asked: Option<String>,
    outcome: Outcome,
    /// Where the user got it after all.
    mended: Option<Stamp>,
}

/// Requests of one wish that are kept; what repeats it beyond that adds nothing.
const MOST: usize = 16;

impl<'w, 'a> Wish<'w, 'a> {
    fn new(kind: AttemptKind, exchange: &'w HttpExchange<'a>, outcome: Outcome) -> Self {
        Self { kind, exchanges: vec![exchange], user: None, asked: None, outcome, mended: None }
    }

    fn add(&mut self, exchange: &'w HttpExchange<'a>) {
        if self.exchanges.len() < MOST {
            self.exchanges.push(exchange);
        }
    }
}

/// Wishes of one browser, those that are repeated as one. Keys are host and what was shown.
#[derive(Default)]
struct Runs<'w, 'a> {
    found: Vec<Wish<'w, 'a>>,
    open: HashMap<(&'w str, &'w str), usize>,
}

impl<'w, 'a> Runs<'w, 'a> {
    /// Adds a request to the wish that it repeats, with the same end, or begins another. What failed is repeated within
    /// `window`: later somebody wants it anew.
    fn add(
        &mut self,
        key: (&'w str, &'w str),
        exchange: &'w HttpExchange<'a>,
        outcome: Outcome,
        window: Span,
        begin: impl FnOnce(Outcome) -> Wish<'w, 'a>,
    ) {
        let last = self.open.get(&key).and_then(|&at| self.found.get_mut(at)).filter(|wish| {
            let since = wish.exchanges.last().map_or(Span::ZERO, |last| exchange.at().since(last.at()));
            wish.outcome == outcome && (!outcome.is_failure() || since <= window)
        });
        if let Some(wish) = last {
            wish.add(exchange);
        } else {
            self.open.insert(key, self.found.len());
            self.found.push(begin(outcome));
        }
    }
}

/// What all attempts of a capture are judged with.
struct Judge<'c, 'a> {
    case: &'c Case<'a>,
    http: &'c HttpIndex<'a>,
}

impl<'c, 'a> Judge<'c, 'a> {
    fn of_browser(&self, browser: &'c crate::facts::http::Browser<'a>) -> Vec<Attempt> {
        let mine: Vec<&HttpExchange<'a>> = self.http.asked_by(browser).collect();
        let mut wishes = logins::all(self, &mine);
        wishes.extend(tokens::all(self, &mine));
        wishes.into_iter().filter_map(|wish| self.attempt(wish)).collect()
    }

    fn attempt(&self, wish: Wish<'_, 'a>) -> Option<Attempt> {
        let (first, last) = (*wish.exchanges.first()?, *wish.exchanges.last()?);
        let inner = wish.exchanges.iter().flat_map(|exchange| self.http.hops().inner(exchange.id));
        let inner: Vec<&HttpExchange<'a>> = inner.filter_map(|id| self.http.exchange(id)).collect();
        let all = || wish.exchanges.iter().copied().chain(inner.iter().copied());
        let mut conversations = Vec::new();
        for exchange in all() {
            if !conversations.contains(&exchange.conversation.id) {
                conversations.push(exchange.conversation.id);
            }
        }
        let said = all().flat_map(|exchange| {
            let request = exchange.request.map(|part| part.message);
            request.into_iter().chain(exchange.response.map(|part| part.message))
        });
        // A browser that goes on to another page before the answer has come wants the first no more.
        let is_left = wish.outcome == Outcome::CutOff(CloseBy::Client);
        let nobody = is_left;
        Some(Attempt {
            user: wish.user,
            server_name: Some(first.host.clone()),
            asked: wish.asked.or_else(|| Some(first.host.clone())),
            answered: last.response.map(|response| response.at()),
            frames: frames(said, [first.at()]),
            conversations,
            outcome: wish.outcome,
            mended: wish.mended,
            weight: if nobody { Weight::NobodyMinds } else { Weight::Wanted },
            ..begun(wish.kind, first.conversation, first.at())
        })
    }

    /// What came of a request that got no answer.
    fn unanswered(&self, exchange: &HttpExchange<'_>) -> Outcome {
        let c = exchange.conversation;
        unjudged(c).map_or_else(|| super::unanswered(self.case, c, exchange.at(), true), Outcome::Unknown)
    }

    /// What an answer that brought no word of the user leaves unknown.
    fn untold(exchange: &HttpExchange<'_>) -> Outcome {
        Outcome::Unknown(unjudged(exchange.conversation).unwrap_or(Unjudged::UnknownForm))
    }

    /// The first time that the browser was shown that page later, if it was.
    fn served_later(&self, exchange: &HttpExchange<'a>) -> Option<Stamp> {
        let mut later = self.http.after(exchange).take(super::LOOK_AHEAD);
        later
            .find(|next| {
                next.host == exchange.host
                    && next.path() == exchange.path()
                    && next.page_answer() == PageAnswer::Granted
            })
            .map(HttpExchange::at)
    }
}

/// How a page was refused: `401 Unauthorized`, `a login form in place of the page`.
fn denied(exchange: &HttpExchange<'_>, denial: Denial) -> String {
    match denial {
        Denial::Unauthorized | Denial::Forbidden => status_line(exchange),
        Denial::LoginPage => "sent to a login page".to_owned(),
        Denial::LoginForm => "a login form in place of the page".to_owned(),
    }
}

/// Status and reason of the answer.
fn status_line(exchange: &HttpExchange<'_>) -> String {
    let line = exchange.response.map_or_else(String::new, |r| format!("{} {}", r.content.status, r.content.reason));
    line.trim_end().to_owned()
}

/// The page without its query: what is asked for again is the same.
fn page(exchange: &HttpExchange<'_>) -> String {
    format!("{}{}", exchange.host, exchange.path())
}
