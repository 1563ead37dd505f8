//! Places the clock of a log that names no zone: by what log and packets both know.
//!
//! Every pair of a line and a frame that name the same connection, call or token, or the refusal of the same user, gives an
//! offset. The true offset is the one on which most lines agree, and no other may have as many. The refusal of one user
//! alone is weak: users fail more than once. It counts if the offset is one that zones have, in quarters of an hour.

use super::{CapturedRefusal, common_name, same_person};
use crate::facts::sip::SipIndex;
use crate::facts::tokens::TokenIndex;
use crate::model::{Analysis, AnchorKey, ClockPlacement, Log, LogClock, LogEvent, LogFact, LogKind, Span, Stamp};
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::sametime;
use std::net::IpAddr;

/// Offsets that differ by no more than this are one.
const WIDTH: Span = Span::from_secs(5);
/// Zones differ by multiples of this.
const QUARTER: Span = Span::from_secs(15 * 60);
/// Clocks of one zone differ by no more than this, in general.
const SLACK: Span = Span::from_secs(90);
/// No two zones differ by more (UTC-12 to UTC+14), nor does a log lie further away by its zone alone.
const ZONES: Span = Span::from_secs(26 * 3600);
/// Pairs that are looked at.
const PAIRS: usize = 4096;
/// Times of one connection that are looked at.
const TIMES: usize = 8;

/// A line and a frame that know the same thing.
#[derive(Debug, Clone, Copy)]
struct ClockPair {
    /// From the log's time to that of the packet.
    offset: Span,
    line: u64,
    at: Stamp,
    what: &'static str,
    /// It is of one connection, call or token.
    strong: bool,
}

/// The clock of each log. Clocks are compared only where neither the lines nor the user say the offset, because what is
/// written is more certain than what is inferred.
pub(super) fn clocks(
    analysis: &Analysis,
    refusals: &[CapturedRefusal],
    sip: &SipIndex<'_>,
    tokens: &TokenIndex<'_>,
) -> Vec<LogClock> {
    let needed = |log: &&Log| log.clock.placed == ClockPlacement::No && log.first.is_some();
    let connections = if analysis.logs.iter().any(|log| needed(&log)) {
        connections(analysis, &analysis.logs)
    } else {
        HashMap::new()
    };
    let clock = |log: &Log| {
        let ordered = by_capture(analysis, log);
        if !needed(&log) {
            return ordered;
        }
        let mut pairs = Vec::new();
        pairs_of_anchors(log, &ordered, &connections, sip, tokens, &mut pairs);
        pairs_of_refusals(log, &ordered, refusals, &mut pairs);
        agreed(pairs).map_or(ordered.clone(), |(best, count)| LogClock {
            placed: ClockPlacement::Anchor,
            offset: best.offset,
            why: why(&best, count),
            ..ordered
        })
    };
    analysis.logs.iter().map(clock).collect()
}

/// Day and month as the capture tells them: where both orders are possible, and only one falls into its time.
/// A log is given beside a capture because both are of the same time; where both orders fit, nothing is decided.
fn by_capture(analysis: &Analysis, log: &Log) -> LogClock {
    let clock = log.clock.clone();
    let first = analysis.inputs.iter().filter_map(|input| input.first).min();
    let (Some(first), Some(last), true) = (first, analysis.end, clock.order_guessed) else { return clock };
    let falls_in = |swapped: bool| {
        let order = LogClock { swapped, ..clock.clone() };
        let ends = log.first.as_ref().zip(log.last.as_ref());
        ends.is_some_and(|(begin, end)| {
            let (begin, end) = (order.read(begin).plus(order.offset), order.read(end).plus(order.offset));
            begin <= last.plus(ZONES) && end >= first.minus(ZONES)
        })
    };
    match (falls_in(false), falls_in(true)) {
        (plain, swapped) if plain == swapped => clock,
        (_, swapped) => {
            let words = if swapped { "the day stands before the month" } else { "the month stands before the day" };
            let why = clock.why.split("; ").next().unwrap_or_default();
            LogClock {
                swapped,
                order_guessed: false,
                why: format!("{why}; {words}, as only this falls into the time of the capture"),
                ..clock
            }
        }
    }
}

type Connections = HashMap<(IpAddr, u16), Vec<Stamp>>;

/// Times of the connections whose clients the logs name.
fn connections(analysis: &Analysis, logs: &[Log]) -> Connections {
    let anchors = logs.iter().flat_map(|log| &log.anchors);
    let mut found: Connections = anchors
        .filter_map(|anchor| match anchor.key {
            AnchorKey::Endpoint(ip, port) => Some(((ip, port), Vec::new())),
            _ => None,
        })
        .collect();
    for c in &analysis.conversations {
        if let Some(times) = found.get_mut(&(c.client.ip, c.client.port)) {
            let messages = c.messages.iter().map(|message| message.at);
            times.extend([c.first].into_iter().chain(messages).take(TIMES));
        }
    }
    found
}

/// Pairs each line with frames that name the same endpoint, call or token. A line may have several, since a token is
/// shown many times: the offset on which most lines agree is found later.
fn pairs_of_anchors(
    log: &Log,
    clock: &LogClock,
    connections: &Connections,
    sip: &SipIndex<'_>,
    tokens: &TokenIndex<'_>,
    pairs: &mut Vec<ClockPair>,
) {
    for anchor in &log.anchors {
        let (stamps, what): (Vec<Stamp>, _) = match &anchor.key {
            AnchorKey::Endpoint(ip, port) => {
                (connections.get(&(*ip, *port)).cloned().unwrap_or_default(), "the client's address and port")
            }
            AnchorKey::CallId(id) => {
                let requests = sip.of_call(id).filter_map(|exchange| Some(exchange.request()?.at()));
                (requests.take(TIMES).collect(), "the Call-ID")
            }
            AnchorKey::Token(print) => {
                let shown = tokens.showings_of(*print).map(|showing| showing.at);
                (shown.chain(tokens.issues_of(*print).map(|issue| issue.at)).take(TIMES).collect(), "the sign-on token")
            }
        };
        let written = clock.read(&anchor.at);
        for at in stamps {
            add(pairs, ClockPair { offset: at.time.since(written), line: anchor.line, at, what, strong: true });
        }
    }
}

/// Refused logins of a user in the capture, against lines of the log that refuse the same user.
fn pairs_of_refusals(log: &Log, clock: &LogClock, refusals: &[CapturedRefusal], pairs: &mut Vec<ClockPair>) {
    // A Sametime server writes of the logins at itself, not of those at web servers by the same user.
    let is_of =
        |refusal: &&CapturedRefusal| log.kind != Some(LogKind::Stusers) || refusal.protocol == &sametime::PROTOCOL;
    let mut by_name: HashMap<String, Vec<&CapturedRefusal>> = HashMap::new();
    for refusal in refusals.iter().filter(is_of) {
        for user in &refusal.users {
            by_name.entry(common_name(user)).or_default().push(refusal);
        }
    }
    for (fact, user) in refused(&log.facts) {
        let (Some(at), Some(refusals)) = (&fact.at, by_name.get(&common_name(user))) else { continue };
        if pairs.len() >= PAIRS {
            return;
        }
        let written = clock.read(at);
        let mine =
            refusals.iter().take(PAIRS).filter(|refusal| refusal.users.iter().any(|other| same_person(user, other)));
        for refusal in mine {
            let offset = refusal.at.time.since(written);
            let what = "the user whose login is refused";
            add(pairs, ClockPair { offset, line: fact.line, at: refusal.at, what, strong: false });
        }
    }
}

/// Refusals with the name of the user, which stands in lines before.
fn refused(facts: &[LogFact]) -> Vec<(&LogFact, &str)> {
    let mut user = "";
    let mut found = Vec::new();
    for fact in facts {
        match &fact.event {
            LogEvent::LoginStarted { user: named } => user = named,
            LogEvent::TokenCheckStarted { user: named } | LogEvent::TokenUser { user: named } if !named.is_empty() => {
                user = named;
            }
            LogEvent::BadLogin | LogEvent::AuthEnded { well: false, .. } if !user.is_empty() => {
                found.push((fact, user));
                user = "";
            }
            _ => {}
        }
    }
    found
}

fn add(pairs: &mut Vec<ClockPair>, pair: ClockPair) {
    if pairs.len() < PAIRS {
        pairs.push(pair);
    }
}

/// The offset on which most lines agree, and how many; nothing if another one has as many.
fn agreed(mut pairs: Vec<ClockPair>) -> Option<(ClockPair, usize)> {
    pairs.sort_by_key(|pair| pair.offset);
    let groups = groups(&pairs);
    let most = groups.iter().map(|group| group.lines).max()?;
    let mut best: Vec<&OffsetGroup> = groups.iter().filter(|group| group.lines == most && group.is_enough()).collect();
    if best.len() > 1 {
        best.retain(|group| is_of_zones(group.middle.offset));
    }
    match best.as_slice() {
        [only] => Some((only.middle, only.lines)),
        _ => None,
    }
}

/// Pairs whose offsets are one.
struct OffsetGroup {
    middle: ClockPair,
    /// Lines that agree.
    lines: usize,
    strong: bool,
}

impl OffsetGroup {
    fn is_enough(&self) -> bool {
        self.strong || (self.middle.offset.abs() <= ZONES && (self.lines > 1 || is_of_zones(self.middle.offset)))
    }
}

/// Parts the sorted pairs where they are further apart than [`WIDTH`].
fn groups(pairs: &[ClockPair]) -> Vec<OffsetGroup> {
    let mut groups = Vec::new();
    let mut rest = pairs;
    while let Some(first) = rest.first() {
        let end = rest.partition_point(|pair| pair.offset.minus(first.offset) <= WIDTH);
        let (mine, others) = rest.split_at(end);
        let lines: HashSet<u64> = mine.iter().map(|pair| pair.line).collect();
        // The smallest: a line is written after the packet that it speaks of, never before.
        let middle = mine.iter().find(|pair| pair.strong).unwrap_or(first);
        groups.push(OffsetGroup { middle: *middle, lines: lines.len(), strong: mine.iter().any(|pair| pair.strong) });
        rest = others;
    }
    groups
}

fn is_of_zones(offset: Span) -> bool {
    let rest = Span::from_nanos(offset.as_nanos().rem_euclid(QUARTER.as_nanos()));
    offset.abs() <= ZONES && (rest <= SLACK || QUARTER.minus(rest) <= SLACK)
}

fn why(pair: &ClockPair, lines: usize) -> String {
    let others = match lines {
        0 | 1 => String::new(),
        more => format!("; {more} lines agree"),
    };
    let offset = match pair.offset {
        Span::ZERO => "no offset".to_owned(),
        offset if offset > Span::ZERO => format!("{offset} to be added"),
        offset => format!("{} to be taken away", offset.abs()),
    };
    format!("by {} in line {} and frame {} ({offset}{others})", pair.what, pair.line, pair.at.frame.number)
}
