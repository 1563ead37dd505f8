//! Who asked: a browser, told apart by its address, by what a proxy says of it, and by its User-Agent.

use super::exchange::HttpExchange;
use super::id::{BrowserId, ExchangeId};
use super::jar::tokens_sent;
use crate::model::ConversationId;
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::cookie::is_single_server;
use std::net::IpAddr;

/// One browser, as far as browsers can be told apart.
#[derive(Debug, Clone)]
pub(crate) struct Browser<'a> {
    /// Address from which it came to the place of the capture.
    pub client: IpAddr,
    /// X-Forwarded-For, as sent: the address behind a proxy.
    pub forwarded_for: Option<&'a str>,
    /// It sends back cookies: at least one request had some. What never does is no browser, or one that keeps none.
    pub returns_cookies: bool,
    /// Several people seem to share address and User-Agent: tokens or logins of different users, or one place's cookie that
    /// changes to and fro.
    pub is_shared: bool,
    /// What it did: places in [`super::HttpIndex::exchanges`], in order of time.
    pub(super) exchanges: Vec<ExchangeId>,
}

impl Browser<'_> {
    /// For people: its address, and that of the browser behind a proxy.
    pub(crate) fn label(&self) -> String {
        match self.forwarded_for {
            Some(behind) => format!("{behind} (by way of {})", self.client),
            None => self.client.to_string(),
        }
    }
}

type BrowserKey<'a> = (IpAddr, Option<&'a str>, Option<&'a str>);

/// Browsers while exchanges are sorted to them.
#[derive(Default)]
pub(super) struct Browsers<'a> {
    found: Vec<Browser<'a>>,
    by_key: HashMap<BrowserKey<'a>, BrowserId>,
    /// Of a response without its request: the browser that used the connection last.
    by_conversation: HashMap<ConversationId, BrowserId>,
}

impl<'a> Browsers<'a> {
    /// The browser of an exchange; it takes its place there.
    pub(super) fn place(&mut self, exchange: &HttpExchange<'a>) -> BrowserId {
        let known = exchange.request.is_none().then(|| self.by_conversation.get(&exchange.conversation.id)).flatten();
        let at = known.copied().unwrap_or_else(|| self.of_key(exchange));
        self.by_conversation.insert(exchange.conversation.id, at);
        if let Some(browser) = self.found.get_mut(at.index()) {
            browser.exchanges.push(exchange.id);
        }
        at
    }

    fn of_key(&mut self, exchange: &HttpExchange<'a>) -> BrowserId {
        let forwarded_for = exchange.request.and_then(|request| request.content.forwarded_for.as_deref());
        let (client, user_agent) = (exchange.client(), exchange.user_agent());
        let next = BrowserId::new(self.found.len());
        *self.by_key.entry((client, forwarded_for, user_agent)).or_insert_with(|| {
            let (returns_cookies, is_shared, exchanges) = (false, false, Vec::new());
            self.found.push(Browser { client, forwarded_for, returns_cookies, is_shared, exchanges });
            next
        })
    }

    pub(super) fn finish(mut self, exchanges: &[HttpExchange<'a>]) -> Vec<Browser<'a>> {
        for browser in &mut self.found {
            let mine = || browser.exchanges.iter().filter_map(|&id| exchanges.get(id.index()));
            browser.returns_cookies = mine().any(|e| e.request.is_some_and(|request| !request.cookies.is_empty()));
            browser.is_shared = several_users(mine()) || cookies_alternate(mine());
        }
        self.found
    }
}

/// Readable tokens name different users, or logins at one host do. Logins are not compared with tokens, nor with those at
/// other hosts: each may know the same person by another name.
fn several_users<'e, 'a: 'e>(exchanges: impl Iterator<Item = &'e HttpExchange<'a>> + Clone) -> bool {
    let requests = || exchanges.clone().filter_map(|exchange| exchange.request);
    let of_tokens: HashSet<_> = requests()
        .flat_map(|request| tokens_sent(request.content))
        .filter_map(|cookie| cookie.token.as_ref()?.user.as_deref())
        .map(str::to_ascii_lowercase)
        .collect();
    let mut of_logins: HashMap<&str, &str> = HashMap::new();
    let logins = exchanges.filter_map(|exchange| Some((exchange.host.as_str(), exchange.request?.content.user()?)));
    let mut others = logins.filter(|(host, user)| !of_logins.entry(host).or_insert(user).eq_ignore_ascii_case(user));
    of_tokens.len() > 1 || others.next().is_some()
}

/// A session cookie that one place set changes from A to B and back to A: two browsers take turns.
fn cookies_alternate<'e, 'a: 'e>(exchanges: impl Iterator<Item = &'e HttpExchange<'a>>) -> bool {
    let mut now: HashMap<(&str, &str, &str), &str> = HashMap::new();
    let mut before: HashSet<(&str, &str, &str, &str)> = HashSet::new();
    for exchange in exchanges {
        let Some(request) = exchange.request else { continue };
        let folder = request.content.path.split('/').nth(1).unwrap_or_default();
        for cookie in request.content.cookies.iter().filter(|cookie| is_session(&cookie.name)) {
            let (name, value) = (cookie.name.as_str(), cookie.value.expose());
            if before.contains(&(exchange.host.as_str(), folder, name, value)) {
                return true;
            }
            match now.insert((exchange.host.as_str(), folder, name), value) {
                Some(old) if old != value => drop(before.insert((exchange.host.as_str(), folder, name, old))),
                _ => {}
            }
        }
    }
    false
}

/// Names of sessions that a server never hands out twice.
fn is_session(name: &str) -> bool {
    let known = ["JSESSIONID", "ASP.NET_SessionId", "PHPSESSID"];
    is_single_server(name) || known.iter().any(|known| name.eq_ignore_ascii_case(known))
}
