//! What the rules about SIP share: whose failure counts, how bad it is, and how it is shown.

use super::attempts::rejection;
use super::network::{EVIDENCE, count, each, group_by, listed};
use super::telephony::{Exchange, Outcome, Signal, Transaction};
use super::words::times;
use super::{About, Case, Draft};
use crate::model::{CloseBy, Conversation, Endpoint, IcmpError, PerSide, Severity, Timestamp, Transport};
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::cookie::Cookie;
use std::net::IpAddr;

/// Score of a status that was read: the response itself is the proof, names come on top.
pub const READ: i32 = 45;

/// Program names of scanners, as they stand in User-Agent, in lower case.
const SCANNERS: [&str; 6] = ["friendly-scanner", "sipvicious", "sundayddr", "sip-scan", "sipcli", "smap"];

/// A request of a user's own: registering, calling, sending a message, watching somebody. Not what belongs to a dialog
/// that exists already, and not the pings of monitors.
/// Of a response alone, only that to a REGISTER is known to be outside of a dialog.
pub fn is_wish(exchange: &Exchange<'_>) -> bool {
    match exchange.method {
        "REGISTER" => true,
        "INVITE" | "MESSAGE" | "SUBSCRIBE" | "PUBLISH" => exchange.request().is_some() && !exchange.in_dialog(),
        _ => false,
    }
}

/// Challenges of one run of a series that ask for credentials anew (401, not stale): so many that it is a loop, or none.
pub fn challenges<'t, 'a>(case: &Case<'_>, run: &'t [Exchange<'a>]) -> Vec<&'t Exchange<'a>> {
    let enough = usize::try_from(case.settings.thresholds.sip_challenges).unwrap_or(usize::MAX).max(2);
    let challenged = challenged(run);
    if challenged.len() >= enough { challenged } else { Vec::new() }
}

/// All such challenges of a run. Left out is also the question whose answer came when its nonce was too old: it was
/// answered.
pub fn challenged<'t, 'a>(run: &'t [Exchange<'a>]) -> Vec<&'t Exchange<'a>> {
    let next = run.iter().skip(1).map(Some).chain([None]);
    let open =
        |(asked, next): &(&Exchange<'_>, Option<&Exchange<'_>>)| is_challenged(asked) && !next.is_some_and(is_stale);
    run.iter().zip(next).filter(open).map(|(asked, _)| asked).collect()
}

/// The server asks for credentials anew.
fn is_challenged(exchange: &Exchange<'_>) -> bool {
    is_wish(exchange) && exchange.status() == Some(401) && !is_stale(exchange)
}

/// Wishes that got a final response of those statuses. Scanners are left out if `names` says that the status is the
/// right answer to somebody who guesses names and passwords.
pub fn refused<'c, 'a>(case: &'c Case<'a>, names: bool, status: impl Fn(u16) -> bool) -> Vec<&'c Exchange<'a>> {
    let scanners = if names { scanners(case) } else { HashSet::new() };
    let wishes = case.telephony().exchanges().filter(|exchange| is_wish(exchange));
    let hit = wishes.filter(|exchange| exchange.status().is_some_and(&status));
    hit.filter(|exchange| !scanners.contains(&exchange.client().ip)).collect()
}

/// Those of one user at one client belong together.
pub fn by_user<'c, 'a>(exchanges: Vec<&'c Exchange<'a>>) -> Vec<Vec<&'c Exchange<'a>>> {
    group_by(exchanges, |exchange| (exchange.client().ip, exchange.method, exchange.target()))
}

/// Those that one server answered in the same way belong together.
pub fn by_server<'c, 'a>(exchanges: Vec<&'c Exchange<'a>>) -> Vec<Vec<&'c Exchange<'a>>> {
    group_by(exchanges, |exchange| (exchange.server().ip, exchange.method, exchange.status()))
}

/// How bad failed requests are: without a registration the user cannot work, without a call a feature is lost. Minor if
/// the same client got what it wanted later.
pub fn severity(case: &Case<'_>, exchanges: &[&Exchange<'_>]) -> Severity {
    exchanges.iter().map(|exchange| severity_of(case, exchange)).max().unwrap_or(Severity::Minor)
}

fn severity_of(case: &Case<'_>, exchange: &Exchange<'_>) -> Severity {
    match exchange.method {
        _ if recovered(case, exchange) || exchange.is_unregister() => Severity::Minor,
        "REGISTER" => Severity::Blocker,
        "INVITE" | "MESSAGE" => Severity::Major,
        _ => Severity::Minor,
    }
}

/// The same client got what it had asked for later.
pub fn recovered(case: &Case<'_>, exchange: &Exchange<'_>) -> bool {
    case.telephony().accepted_after(exchange, exchange.began())
}

/// Sources that guess names and passwords: to refuse them is right. They say so in User-Agent, or are refused for many
/// different users in requests of their own (a proxy's have more than one Via), and never accepted.
pub fn scanners(case: &Case<'_>) -> HashSet<IpAddr> {
    let mut refused: HashMap<IpAddr, HashSet<String>> = HashMap::new();
    let (mut found, mut accepted) = (HashSet::new(), HashSet::new());
    for exchange in case.telephony().exchanges() {
        let client = exchange.client().ip;
        let first = exchange.first.begun.sip;
        let agent = first.user_agent.as_deref().unwrap_or_default().to_ascii_lowercase();
        if SCANNERS.iter().any(|name| agent.contains(name)) {
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

/// Begins the finding about requests that were refused: how bad it is, whose, all frames and conversations.
pub fn draft(case: &Case<'_>, about: &'static About, exchanges: &[&Exchange<'_>]) -> Draft {
    let again = exchanges.len() > 1;
    let draft = Draft::new(about, READ).names_read().retry(again).severity(severity(case, exchanges));
    show_all(draft, exchanges)
}

/// Names all conversations and shows the first requests with their answers.
pub fn show_all(draft: Draft, exchanges: &[&Exchange<'_>]) -> Draft {
    let draft = exchanges.iter().fold(draft, |draft, exchange| named(draft, exchange));
    each(draft, exchanges, "requests", |draft, exchange| show(draft, exchange))
}

/// Names every conversation of an exchange.
pub fn named(draft: Draft, exchange: &Exchange<'_>) -> Draft {
    exchange.conversations().into_iter().fold(draft, Draft::conversation)
}

/// The request and its final response as evidence.
pub fn show(draft: Draft, exchange: &Exchange<'_>) -> Draft {
    let draft = match exchange.request() {
        Some(request) => draft.packet(request.at(), asked(exchange)),
        None => draft,
    };
    match exchange.answer() {
        Some(answer) => draft.packet(answer.at(), answered(answer)),
        None => draft,
    }
}

/// "REGISTER of ann@example.com, CSeq 2, with Digest credentials for realm "example.com"".
fn asked(exchange: &Exchange<'_>) -> String {
    let what = format!("{} {} {}", exchange.method, preposition(exchange), subject(exchange));
    let mut parts = vec![what, format!("CSeq {}", exchange.number)];
    for credentials in exchange.credentials() {
        parts.push(format!("with {} credentials{}", credentials.scheme, realm(credentials.realm.as_deref())));
    }
    parts.extend(exchange.cookies().iter().map(|cookie| format!("with cookie {}", cookie.name)));
    if exchange.credentials().is_empty() && exchange.cookies().is_empty() {
        parts.push("without credentials".to_owned());
    }
    parts.join(", ")
}

fn preposition(exchange: &Exchange<'_>) -> &'static str {
    if exchange.method == "REGISTER" { "of" } else { "to" }
}

/// "401 Unauthorized, asks for Digest credentials for realm "example.com"".
fn answered(answer: Signal<'_>) -> String {
    let mut parts = vec![answer.status_line()];
    for challenge in &answer.sip.challenges {
        let stale = if challenge.stale { " (stale=true)" } else { "" };
        parts.push(format!("asks for {} credentials{}{stale}", challenge.scheme, realm(challenge.realm.as_deref())));
    }
    parts.extend(answer.sip.retry_after.map(|seconds| format!("Retry-After {seconds} s")));
    parts.join(", ")
}

fn realm(realm: Option<&str>) -> String {
    realm.map_or_else(String::new, |realm| format!(" for realm \"{realm}\""))
}

/// Whom a request is about.
pub fn subject(exchange: &Exchange<'_>) -> String {
    exchange.target().unwrap_or_else(|| "a user without a name".to_owned())
}

/// "REGISTER of ann@example.com from 10.1.0.50", "INVITE to bob@example.com from 10.1.0.50", "12 requests of 3 clients".
pub fn who(exchanges: &[&Exchange<'_>]) -> String {
    let clients = listed(exchanges.iter().map(|e| e.client().ip), "clients");
    let subjects = listed(exchanges.iter().map(|e| subject(e)), "users");
    match exchanges {
        [] => "nothing".to_owned(),
        [first, ..] => format!("{} {} {subjects} from {clients}", first.method, preposition(first)),
    }
}

/// "once, with 403 Forbidden".
pub fn how_often(exchanges: &[&Exchange<'_>]) -> String {
    let lines = listed(exchanges.iter().filter_map(|e| e.answer()).map(|a| a.status_line()), "answers");
    format!("{}, with {lines}", times(exchanges.len()))
}

/// "480 Temporarily Unavailable", or "no answer".
pub fn how_answered(exchanges: &[&Exchange<'_>]) -> String {
    let lines: Vec<_> = exchanges.iter().filter_map(|e| e.answer()).map(|answer| answer.status_line()).collect();
    if lines.is_empty() { "no answer".to_owned() } else { listed(lines, "answers") }
}

/// What the same client got later.
pub fn aftermath(case: &Case<'_>, exchanges: &[&Exchange<'_>]) -> &'static str {
    if exchanges.iter().all(|exchange| recovered(case, exchange)) { " The same client got through later." } else { "" }
}

/// The final response says that only the nonce was too old: by the flag that is meant for it, or in its reason phrase, as
/// registrars do that never set the flag (`401 nonce has changed`).
pub fn is_stale(exchange: &Exchange<'_>) -> bool {
    exchange.challenges().iter().any(|challenge| challenge.stale) || exchange.answer().is_some_and(blames_the_nonce)
}

fn blames_the_nonce(answer: Signal<'_>) -> bool {
    let challenges = matches!(answer.status(), Some(401 | 407));
    let phrase = answer.status_line().to_ascii_lowercase();
    challenges && ["nonce", "stale"].iter().any(|word| phrase.contains(word))
}

/// It carried a cookie that is a sign-on token or should be one.
pub fn carries_token(exchange: &Exchange<'_>) -> bool {
    exchange.cookies().iter().any(|cookie: &Cookie| cookie.token.is_some())
}

/// How it is known that a request was never answered.
#[derive(Debug, Clone, Copy)]
pub enum Unanswered<'a> {
    /// The sender repeated it until its timer ran out.
    Repeated(usize),
    /// TCP delivered it, and nothing came back for so long.
    Delivered,
    /// An ICMP error says that it did not arrive.
    Rejected(&'a IcmpError),
}

/// Tells requests that were never answered.
pub struct Deadlines<'c, 'a> {
    case: &'c Case<'a>,
    /// ICMP errors about datagrams, by what they quote.
    rejected: HashMap<(Endpoint, Endpoint), Vec<&'a IcmpError>>,
}

impl<'c, 'a> Deadlines<'c, 'a> {
    /// Builds the index.
    pub fn new(case: &'c Case<'a>) -> Self {
        let mut rejected: HashMap<_, Vec<&'a IcmpError>> = HashMap::new();
        for error in case.analysis.facts.icmp_errors.iter().filter(|error| rejection(error).is_some()) {
            if let Some(quoted) = error.quoted.filter(|quoted| quoted.transport == Transport::Udp) {
                rejected.entry((quoted.source, quoted.destination)).or_default().push(error);
            }
        }
        Self { case, rejected }
    }

    /// No final response although there was time for one (Timer B and F, RFC 3261 section 17.1), and the capture would
    /// have shown it. Nothing if that cannot be told.
    pub fn missed(&self, exchange: &Exchange<'a>) -> Option<Unanswered<'a>> {
        let request = exchange.request()?;
        let waits = match exchange.outcome() {
            Outcome::Silent => true,
            Outcome::Provisional => exchange.method != "INVITE",
            _ => false,
        };
        let answered = exchange.hops().any(|hop| !hop.finals.is_empty());
        if !waits || answered || self.case.telephony().is_torn(exchange) {
            return None;
        }
        if let Some(error) = self.rejected(exchange, request) {
            return Some(Unanswered::Rejected(error));
        }
        let until = plus(exchange.began(), self.case.settings.thresholds.sip_timeout);
        if self.case.end() < until || !is_unbroken(request, until) {
            return None;
        }
        match request.conversation.transport {
            Transport::Udp => {
                let repeats = exchange.first.repeats.len();
                (repeats >= enough_repeats(self.case)).then_some(Unanswered::Repeated(repeats))
            }
            Transport::Tcp => is_delivered(request.conversation, until).then_some(Unanswered::Delivered),
        }
    }

    fn rejected(&self, exchange: &Exchange<'a>, request: Signal<'a>) -> Option<&'a IcmpError> {
        let errors = self.rejected.get(&(request.source(), request.destination()))?;
        let last = exchange.first.repeats.last().copied().unwrap_or(request);
        let until = plus(last.at().time, self.case.settings.thresholds.icmp_within);
        errors.iter().copied().find(|error| (exchange.began()..=until).contains(&error.at.time))
    }
}

/// So many repetitions are no single loss.
pub fn enough_repeats(case: &Case<'_>) -> usize {
    usize::try_from(case.settings.thresholds.sip_repeats).unwrap_or(usize::MAX).max(1)
}

/// The server took the bytes, all that it sent was captured and read, and the client did not hang up before the time was
/// over.
fn is_delivered(c: &Conversation, until: Timestamp) -> bool {
    let left = c.teardown.by == CloseBy::Client && c.teardown.at.is_some_and(|at| at.time < until);
    let whole = c.quality.gaps == 0 && c.tcp.acked_unseen == PerSide::default() && c.undissected.server == 0;
    c.packets.server > 0 && c.tcp.unanswered.is_none() && whole && !left
}

/// All messages of the conversation from this one until then are kept.
fn is_unbroken(signal: Signal<'_>, until: Timestamp) -> bool {
    let c = signal.conversation;
    let mut next = signal.message.n;
    let from = c.messages.partition_point(|message| message.n < next);
    for message in c.messages.get(from..).unwrap_or_default() {
        if message.n != next {
            return false;
        }
        if message.at.time > until {
            return true;
        }
        next = next.saturating_add(1);
    }
    c.messages_seen.client.saturating_add(c.messages_seen.server) < u64::from(next)
}

/// A time so many seconds later.
pub fn plus(time: Timestamp, seconds: f64) -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "thresholds and expiries are seconds, far below 2^63 ns")]
    let nanos = (seconds * 1e9) as i64;
    Timestamp::new(time.nanos().saturating_add(nanos), time.digits())
}

/// Repetitions of a success to an INVITE: those of the same dialog, not of other branches.
pub fn repeated_successes<'a>(hop: &Transaction<'a>) -> Vec<Signal<'a>> {
    let Some(answer) = hop.answer().filter(|answer| answer.status().is_some_and(|s| s < 300)) else {
        return Vec::new();
    };
    let tag = |signal: &Signal<'a>| signal.sip.to.as_ref().and_then(|to| to.param("tag").map(str::to_owned));
    let same = |signal: &&Signal<'a>| signal.status() == answer.status() && tag(signal) == tag(&answer);
    hop.finals.iter().filter(same).copied().skip(1).collect()
}

/// "3 requests of 2 clients"; nothing if it is one client, which is named anyway.
pub fn crowd(exchanges: &[&Exchange<'_>]) -> Option<String> {
    let clients: HashSet<IpAddr> = exchanges.iter().map(|e| e.client().ip).collect();
    (clients.len() > 1).then(|| format!("{} of {}", count(exchanges.len(), "request"), count(clients.len(), "client")))
}

/// Evidence lines that a rule of its own adds.
pub const SHOWN: usize = EVIDENCE;
