//! Why a port refuses connections, as far as what else is seen of it tells.
//!
//! A RST says that nothing listens there only if nothing says otherwise. A port that serves others meanwhile, or the same clients a
//! moment later, is up; and a RST that has come less far than the server's own packets was sent by somebody else.

use crate::facts::Case;
use crate::model::{Close, CloseBy, Conversation, Endpoint, Setup, Side, Stamp, Timestamp, Transport};
use hashbrown::{HashMap, HashSet};
use std::net::IpAddr;

/// Why refused attempts were refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nothing speaks against it: nothing listens there.
    NothingListens,
    /// Something on the path refuses in the server's name; what gives it away, in words.
    Filter(String),
    /// Others are served while these clients are refused, and these never are.
    Selective(Serving),
    /// The same clients, or clients like these, are served between the refusals.
    Intermittent(Serving),
    /// It served before or afterwards, and nobody between.
    Away {
        /// The last time before the last refusal at which it was seen to serve.
        before: Option<Timestamp>,
        /// The first time after the last refusal.
        after: Option<Timestamp>,
    },
}

/// How a port serves others while it refuses some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Serving {
    /// Connections that were accepted between the first refusal and the last, or just before or after.
    pub count: usize,
    /// A client of them.
    pub client: IpAddr,
    /// When the first of them began.
    pub first: Stamp,
    /// The most calls of clients in any second of that time, refused ones too.
    pub busiest: usize,
}

/// What is seen of every server's ports.
pub(crate) struct Refusals<'a> {
    accepted: HashMap<Endpoint, Vec<&'a Conversation>>,
}

/// Around refusals it is looked so far for connections that were accepted, in seconds.
const AROUND: f64 = 10.0;

impl<'a> Refusals<'a> {
    /// Builds the index.
    pub(crate) fn new(case: &Case<'a>) -> Self {
        let mut accepted: HashMap<Endpoint, Vec<&Conversation>> = HashMap::new();
        let tcp = case.analysis.conversations.iter().filter(|c| c.transport == Transport::Tcp);
        for c in tcp.filter(|c| is_accepted(c)) {
            accepted.entry(c.server).or_default().push(c);
        }
        for all in accepted.values_mut() {
            all.sort_by_key(|c| c.first.time);
        }
        Self { accepted }
    }

    /// Who was let in last before that attempt, and first after it.
    pub(crate) fn around(&self, refused: &Conversation) -> impl Iterator<Item = &'a Conversation> {
        let accepted = self.accepted.get(&refused.server).map_or(&[][..], Vec::as_slice);
        let began = refused.first.time;
        let before = accepted.iter().filter(|c| c.last.time < began).max_by_key(|c| c.last.time);
        before.into_iter().chain(accepted.iter().find(|c| c.first.time > began)).copied()
    }

    /// Why that server's port refused these attempts, in order of time.
    pub(crate) fn why(&self, case: &Case<'a>, server: Endpoint, refused: &[&Conversation]) -> Refusal {
        if let Some(reason) = refused.iter().find_map(|c| foreign_reset(case, c)) {
            return Refusal::Filter(reason);
        }
        let times = || refused.iter().map(|c| c.first.time);
        let (Some(first), Some(last)) = (times().min(), times().max()) else { return Refusal::NothingListens };
        let accepted = self.accepted.get(&server).map_or(&[][..], Vec::as_slice);
        if let Some(serving) = serving(accepted, refused, first, last) {
            let clients: HashSet<IpAddr> = refused.iter().map(|c| c.client.ip).collect();
            let let_in = accepted.iter().any(|c| clients.contains(&c.client.ip));
            return if let_in { Refusal::Intermittent(serving) } else { Refusal::Selective(serving) };
        }
        // Of several outages the last one is told.
        let seen = |c: &&&Conversation| c.last.time < if c.first.time > first { last } else { first };
        let before = accepted.iter().filter(seen).map(|c| c.last.time).max();
        let after = accepted.iter().map(|c| c.first.time).find(|began| *began > last);
        match (before, after) {
            (None, None) => Refusal::NothingListens,
            (before, after) => Refusal::Away { before, after },
        }
    }
}

/// Connections that were accepted while others were refused: between the first refusal and the last, or on both sides of them and
/// near; or that go on after the first.
fn serving(
    accepted: &[&Conversation],
    refused: &[&Conversation],
    first: Timestamp,
    last: Timestamp,
) -> Option<Serving> {
    let near = |c: &&&Conversation| {
        let (early, late) = (first.seconds_since(c.first.time), c.first.time.seconds_since(last));
        early <= AROUND && late <= AROUND
    };
    let near: Vec<&&Conversation> = accepted.iter().filter(near).collect();
    // Two outages with hours of service between them are none of both.
    let is_amid = |c: &&&Conversation| {
        let (earlier, later) = refused.split_at(refused.partition_point(|r| r.first.time <= c.first.time));
        let just_before = earlier.last().is_some_and(|r| is_near(r.first.time, c.first.time));
        just_before && later.first().is_some_and(|r| is_near(c.first.time, r.first.time))
    };
    let began_between = near.iter().any(is_amid);
    let on_both_sides =
        is_near(first, last) && near.iter().any(|c| c.first.time < first) && near.iter().any(|c| c.first.time > last);
    let goes_on = accepted.iter().find(|c| c.first.time < first && c.last.time > last && speaks_after(c, last));
    let one = if began_between || on_both_sides { near.first().copied() } else { goes_on };
    let one = one?;
    let calls: Vec<Timestamp> = near.iter().map(|c| c.first.time).chain(refused.iter().map(|c| c.first.time)).collect();
    Some(Serving { count: near.len().max(1), client: one.client.ip, first: one.first, busiest: busiest(calls) })
}

/// So soon after one another that they belong to one time of trouble.
fn is_near(earlier: Timestamp, later: Timestamp) -> bool {
    later.seconds_since(earlier) <= AROUND
}

/// The server says something after that time.
fn speaks_after(c: &Conversation, time: Timestamp) -> bool {
    c.messages.iter().any(|message| message.from == Side::Server && message.at.time > time)
}

/// The most that lie within one second.
fn busiest(mut times: Vec<Timestamp>) -> usize {
    times.sort_unstable();
    let mut from = 0;
    let mut most = 0;
    for (to, time) in times.iter().enumerate() {
        while times.get(from).is_some_and(|first| time.seconds_since(*first) >= 1.0) {
            from = from.saturating_add(1);
        }
        most = most.max(to.saturating_sub(from).saturating_add(1));
    }
    most
}

/// Somebody was let in, or had been before the capture.
fn is_accepted(c: &Conversation) -> bool {
    match c.setup {
        Setup::Handshake => c.tcp.handshake.syn_ack.is_some() && (c.tcp.handshake.ack.is_some() || c.bytes.client > 0),
        Setup::Midstream => c.bytes.server > 0,
        Setup::Refused | Setup::NoAnswer | Setup::None => false,
    }
}

/// A RST in the server's name that the server did not send, as far as one can see: what gives it away, in words.
pub(crate) fn foreign_reset(case: &Case<'_>, c: &Conversation) -> Option<String> {
    let origin = c.teardown.reset_origin.as_ref().filter(|origin| origin.claimed == Side::Server)?;
    if c.teardown.how != Close::Rst {
        return None;
    }
    if c.teardown.by == CloseBy::Middlebox {
        return Some(origin.reasons.join("; "));
    }
    let host = case.analysis.facts.hosts.get(&c.server.ip)?;
    let (_, high) = host.ttl?;
    if origin.ttl > high {
        return Some(format!(
            "TTL {}, where the server's own SYN-ACKs have {high}: sent {} nearer",
            origin.ttl,
            hops(origin.ttl.saturating_sub(high)),
        ));
    }
    let id = origin.id?;
    let (zero, other) = host.syn_ack_ids;
    let unlike = (id == 0 && other && !zero) || (id != 0 && zero && !other);
    let accepts = host.accepted.iter().any(|(port, _)| *port == c.server.port);
    (unlike && accepts && c.setup == Setup::Refused)
        .then(|| format!("IP ID {id}, where the server's own SYN-ACKs have {}", if id == 0 { "others" } else { "0" }))
}

fn hops(count: u8) -> String {
    if count == 1 { "one hop".to_owned() } else { format!("{count} hops") }
}
