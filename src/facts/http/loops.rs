//! Login loops: a browser that is sent to log in, logs in, and is sent to log in again.

use super::exchange::HttpExchange;
use super::id::ExchangeId;
use super::{Browser, HttpIndex};
use crate::facts::Thresholds;
use hashbrown::HashMap;
use nrpcsniff_dissectors::http::LoginAnswer;

/// One browser, one host, several rounds.
#[derive(Debug, Clone)]
pub(crate) struct LoginRounds {
    /// Host that turned it away.
    pub host: String,
    /// The rounds, in order of time.
    pub rounds: Vec<LoginRound>,
    /// The denial that followed the last login.
    pub last: ExchangeId,
}

/// One round: turned away, then logged in. Places in [`HttpIndex::exchanges`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoginRound {
    /// Request that was turned away.
    pub denied: ExchangeId,
    /// Login that the server took after it.
    pub login: ExchangeId,
}

impl LoginRounds {
    /// Requests that were turned away, in order of time.
    pub(crate) fn denials(&self) -> impl Iterator<Item = ExchangeId> {
        self.rounds.iter().map(|round| round.denied).chain([self.last])
    }

    /// Everything that it is made of.
    pub(crate) fn exchanges(&self) -> impl Iterator<Item = ExchangeId> {
        self.rounds.iter().flat_map(|round| [round.denied, round.login]).chain([self.last])
    }
}

/// Every loop of every browser.
pub(super) fn find(http: &HttpIndex<'_>, thresholds: &Thresholds) -> Vec<LoginRounds> {
    http.browsers().iter().flat_map(|browser| of_browser(http, browser, thresholds)).collect()
}

/// What is known of one host while a browser's exchanges are gone through.
#[derive(Default)]
struct LoopState {
    rounds: Vec<LoginRound>,
    denied: Option<ExchangeId>,
    login: Option<ExchangeId>,
}

/// Hosts that one browser is followed at; what goes beyond begins anew.
const HOSTS: usize = 256;

fn of_browser(http: &HttpIndex<'_>, browser: &Browser<'_>, thresholds: &Thresholds) -> Vec<LoginRounds> {
    let mut found = Vec::new();
    let mut states: HashMap<&str, LoopState> = HashMap::new();
    let enough = usize::try_from(thresholds.login_rounds).unwrap_or(usize::MAX).max(1);
    for exchange in http.of(browser) {
        if exchange.is_login() || exchange.is_automatic_login() {
            logged_in(&mut states, exchange);
        } else if exchange.is_denied() {
            let state = states.entry(exchange.host.as_str()).or_default();
            turned_away(http, state, exchange, thresholds);
        } else if exchange.is_granted()
            && let Some(state) = states.remove(exchange.host.as_str())
        {
            found.extend(state.finish(&exchange.host, enough));
        }
        if states.len() > HOSTS {
            states.clear();
        }
    }
    found.extend(states.into_iter().filter_map(|(host, state)| state.finish(host, enough)));
    found.sort_by_key(|found| found.last);
    found
}

/// A login that the server takes may be for any host that has just turned the browser away; one that it refuses ends
/// what went before: a wrong password is no loop.
fn logged_in(states: &mut HashMap<&str, LoopState>, login: &HttpExchange<'_>) {
    match login.login_answer() {
        LoginAnswer::Accepted | LoginAnswer::SentOn => {
            states.values_mut().filter(|state| state.denied.is_some()).for_each(|state| state.login = Some(login.id));
        }
        LoginAnswer::Refused | LoginAnswer::Untold => states.clear(),
    }
}

/// The first denial after a login ends a round and begins the next; further ones (other requests of the same page) add
/// nothing.
fn turned_away(http: &HttpIndex<'_>, state: &mut LoopState, exchange: &HttpExchange<'_>, thresholds: &Thresholds) {
    match (state.denied, state.login.take()) {
        (Some(_), None) => return,
        (Some(denied), Some(login)) if soon(http, login, exchange, thresholds) => {
            state.rounds.push(LoginRound { denied, login });
        }
        _ => state.rounds.clear(),
    }
    state.denied = Some(exchange.id);
}

/// The denial comes so soon after the login that no session can have run out.
fn soon(http: &HttpIndex<'_>, login: ExchangeId, denied: &HttpExchange<'_>, thresholds: &Thresholds) -> bool {
    let login = http.exchange(login);
    login.is_some_and(|login| denied.at().time.since(login.at().time) <= thresholds.login_round)
}

impl LoopState {
    /// Turned away so many times, after a login each.
    fn finish(self, host: &str, enough: usize) -> Option<LoginRounds> {
        let last = self.denied.filter(|_| self.rounds.len() >= enough)?;
        Some(LoginRounds { host: host.to_owned(), rounds: self.rounds, last })
    }
}
