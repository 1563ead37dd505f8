//! What users want of a SIP server, and how it was refused: questions that several rules ask, with the same answer for all.

use super::{SipExchange, SipMessage, Transaction};
use crate::facts::Case;
use crate::facts::grouping::group_by;
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::cookie::Cookie;
use std::net::IpAddr;

/// Program names of scanners, as they stand in User-Agent, in lower case.
const SCANNERS: [&str; 9] = [
    "friendly-scanner",
    "friendly-request",
    "sipvicious",
    "sundayddr",
    "sip-scan",
    "sipcli",
    "smap",
    "sivus",
    "pplsip",
];

/// A request of a user's own: registering, calling, sending a message, watching somebody. Not what belongs to a dialog
/// that exists already, and not the pings of monitors.
/// Of a response alone, only that to a REGISTER is known to be outside of a dialog.
pub(crate) fn is_wish(exchange: &SipExchange<'_>) -> bool {
    match exchange.method {
        "REGISTER" => true,
        "INVITE" | "MESSAGE" | "SUBSCRIBE" | "PUBLISH" => exchange.request().is_some() && !exchange.in_dialog(),
        _ => false,
    }
}

/// Challenges of one run of a series that ask for credentials anew (401, not stale): so many that it is a loop, or none.
pub(crate) fn challenges<'t, 'a>(case: &Case<'_>, run: &'t [SipExchange<'a>]) -> Vec<&'t SipExchange<'a>> {
    let enough = usize::try_from(case.settings.thresholds.sip_challenges).unwrap_or(usize::MAX).max(2);
    let challenged = challenged(run);
    if challenged.len() >= enough { challenged } else { Vec::new() }
}

/// All such challenges of a run. Left out is also the question whose answer came when its nonce was too old: it was
/// answered.
pub(crate) fn challenged<'t, 'a>(run: &'t [SipExchange<'a>]) -> Vec<&'t SipExchange<'a>> {
    let next = run.iter().skip(1).map(Some).chain([None]);
    let open = |(asked, next): &(&SipExchange<'_>, Option<&SipExchange<'_>>)| {
        is_challenged(asked) && !next.is_some_and(is_stale)
    };
    run.iter().zip(next).filter(open).map(|(asked, _)| asked).collect()
}

/// The server asks for credentials anew.
fn is_challenged(exchange: &SipExchange<'_>) -> bool {
    is_wish(exchange) && exchange.status() == Some(401) && !is_stale(exchange)
}

/// Wishes that got a final response of those statuses. Left out is who names itself a scanner; who only behaves like one, if `names`
/// says that the status is the right answer to somebody who guesses names and passwords.
pub(crate) fn refused<'c, 'a>(
    case: &'c Case<'a>,
    names: bool,
    status: impl Fn(u16) -> bool,
) -> Vec<&'c SipExchange<'a>> {
    let guesses =
        |exchange: &SipExchange<'_>| says_so(exchange) || (names && scanners(case).contains(&exchange.client().ip));
    let wishes = case.sip().exchanges().filter(|exchange| is_wish(exchange));
    let hit = wishes.filter(|exchange| exchange.status().is_some_and(&status));
    hit.filter(|exchange| !guesses(exchange)).collect()
}

/// Those of one user at one client belong together.
pub(crate) fn by_user<'c, 'a>(exchanges: Vec<&'c SipExchange<'a>>) -> Vec<Vec<&'c SipExchange<'a>>> {
    group_by(exchanges, |exchange| (exchange.client().ip, exchange.method, exchange.target()))
}

/// Those that one server answered in the same way belong together.
pub(crate) fn by_server<'c, 'a>(exchanges: Vec<&'c SipExchange<'a>>) -> Vec<Vec<&'c SipExchange<'a>>> {
    group_by(exchanges, |exchange| (exchange.server().ip, exchange.method, exchange.status()))
}

/// The same client got what it had asked for later.
pub(crate) fn recovered(case: &Case<'_>, exchange: &SipExchange<'_>) -> bool {
    case.sip().accepted_after(exchange, exchange.began())
}

/// Sources that guess names and passwords: to refuse them is right. They say so in User-Agent, or are refused for many
/// different users in requests of their own (a proxy's have more than one Via), and never accepted.
pub(crate) fn scanners<'c>(case: &'c Case<'_>) -> &'c HashSet<IpAddr> {
    case.sip_scanners.get_or_init(|| guessers(case))
}

fn guessers(case: &Case<'_>) -> HashSet<IpAddr> {
    let mut refused: HashMap<IpAddr, HashSet<String>> = HashMap::new();
    let (mut found, mut accepted) = (HashSet::new(), HashSet::new());
    for exchange in case.sip().exchanges() {
        let client = exchange.client().ip;
        let first = exchange.first.begun.sip;
        if says_so(exchange) && first.vias.len() <= 1 {
            found.insert(client);
        }
        match exchange.status() {
            Some(..300) if exchange.method != "OPTIONS" => drop(accepted.insert(client)),
            Some(401 | 403 | 404 | 407) if first.vias.len() <= 1 => {
                refused.entry(client).or_default().extend(exchange.target());
            }
            _ => {}
        }
    }
    let many = usize::try_from(case.settings.thresholds.sip_scan_users).unwrap_or(usize::MAX).max(2);
    let guesses = |(client, users): (IpAddr, HashSet<String>)| {
        (users.len() >= many && !accepted.contains(&client)).then_some(client)
    };
    found.extend(refused.into_iter().filter_map(guesses));
    found
}

/// It names itself as a program of scanners.
fn says_so(exchange: &SipExchange<'_>) -> bool {
    let agent = exchange.first.begun.sip.user_agent.as_deref().unwrap_or_default();
    SCANNERS.iter().any(|name| contains_ignoring_case(agent, name))
}

/// The final response says that only the nonce was too old: by the flag that is meant for it, or in its reason phrase, as
/// registrars do that never set the flag (`401 nonce has changed`).
pub(crate) fn is_stale(exchange: &SipExchange<'_>) -> bool {
    exchange.challenges().iter().any(|challenge| challenge.stale) || exchange.answer().is_some_and(blames_the_nonce)
}

fn blames_the_nonce(answer: SipMessage<'_>) -> bool {
    let challenges = matches!(answer.status(), Some(401 | 407));
    challenges && ["nonce", "stale"].iter().any(|word| contains_ignoring_case(answer.reason(), word))
}

/// `word` is in lower case. Asked of every message, so nothing is copied.
fn contains_ignoring_case(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// It carried a cookie that is a sign-on token or should be one.
pub(crate) fn carries_token(exchange: &SipExchange<'_>) -> bool {
    exchange.cookies().iter().any(|cookie: &Cookie| cookie.token.is_some())
}

/// Repetitions of a success to an INVITE: those of the same dialog, not of other branches.
pub(crate) fn repeated_successes<'a>(hop: &Transaction<'a>) -> Vec<SipMessage<'a>> {
    let Some(answer) = hop.answer().filter(|answer| answer.status().is_some_and(|s| s < 300)) else {
        return Vec::new();
    };
    let tag = |signal: &SipMessage<'a>| signal.sip.to.as_ref().and_then(|to| to.param("tag").map(str::to_owned));
    let same = |signal: &&SipMessage<'a>| signal.status() == answer.status() && tag(signal) == tag(&answer);
    hop.finals.iter().filter(same).copied().skip(1).collect()
}
