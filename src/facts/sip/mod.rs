//! SIP as rules want to see it (RFC 3261): one request with its way through the proxies and its answers is an
//! [`SipExchange`], the attempts of one Call-ID are a [`Series`], an answered INVITE is a [`Call`].
//!
//! A capture may show the same request on several hops. Rules judge the hop next to the sender, whose answer is what the
//! user gets; the further hops are part of the same exchange, so that nothing is counted twice.

mod call;
pub(crate) mod deadlines;
mod exchange;
mod series;
mod signal;
#[cfg(test)]
mod tests;
pub(crate) mod wishes;

pub(crate) use call::{Call, MediaIndex, MediaStream};
pub(crate) use exchange::{SipExchange, Transaction, TransactionOutcome};
pub(crate) use series::Series;
pub(crate) use signal::SipMessage;

use crate::model::{Analysis, ConversationId, Endpoint, Timestamp};
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::sip::Uri;
use std::net::IpAddr;
use std::ops::Range;

/// SIP of a capture.
pub(crate) struct SipIndex<'a> {
    exchanges: Vec<SipExchange<'a>>,
    series: Vec<Range<usize>>,
    /// Exchanges of each Call-ID, in order of time.
    by_call: HashMap<&'a str, Vec<usize>>,
    /// Conversations with messages that belong to no exchange because they cannot be read.
    torn: HashSet<ConversationId>,
    /// When each wish was granted last.
    accepted: HashMap<WishKey<'a>, Timestamp>,
}

/// What follows in one call is sought among so many of its exchanges.
const LOOK_AHEAD: usize = 1024;

/// A client, its server and what it wants.
#[derive(PartialEq, Eq, Hash)]
struct WishKey<'a> {
    client: IpAddr,
    method: &'a str,
    aor: String,
}

impl<'a> SipIndex<'a> {
    /// Builds the index: linear in the number of SIP messages.
    pub(crate) fn new(analysis: &'a Analysis) -> Self {
        let signals = signal::signals(analysis);
        let torn = signals.iter().filter(|s| !exchange::is_readable(s)).map(|s| s.conversation.id).collect();
        let (exchanges, series) = series::arrange(exchange::exchanges(signals));
        let mut by_call: HashMap<&'a str, Vec<usize>> = HashMap::new();
        let mut accepted: HashMap<WishKey<'a>, Timestamp> = HashMap::new();
        for (index, exchange) in exchanges.iter().enumerate() {
            by_call.entry(exchange.call_id).or_default().push(index);
            if exchange.outcome() == TransactionOutcome::Accepted && !exchange.is_unregister() {
                let last = accepted.entry(WishKey::of(exchange)).or_insert(exchange.began());
                *last = exchange.began().max(*last);
            }
        }
        for of_call in by_call.values_mut() {
            of_call.sort_by_key(|&index| exchanges.get(index).map(SipExchange::began));
        }
        Self { exchanges, series, by_call, torn, accepted }
    }

    /// Every request with its answers, those of one series beside each other.
    pub(crate) fn exchanges(&self) -> impl Iterator<Item = &SipExchange<'a>> {
        self.exchanges.iter()
    }

    /// Requests of one method, Call-ID and user, in order of their first message.
    pub(crate) fn series(&self) -> impl Iterator<Item = Series<'_, 'a>> {
        self.series.iter().filter_map(|range| Series::new(self.exchanges.get(range.clone())?))
    }

    /// Series of REGISTER requests only.
    pub(crate) fn registrations(&self) -> impl Iterator<Item = Series<'_, 'a>> {
        self.series().filter(|series| series.method() == "REGISTER")
    }

    /// Where telephones want to be called over TLS, and who is called there. An endpoint at which somebody registers is none: that
    /// is a proxy, whatever it registers itself.
    pub(crate) fn secure_contacts(&self) -> HashMap<Endpoint, Option<String>> {
        let registers = || self.registrations().flat_map(|series| series.exchanges);
        let servers: HashSet<IpAddr> = registers().map(|exchange| exchange.server().ip).collect();
        let contacts =
            registers().flat_map(|e| e.contacts().iter().filter_map(|c| Some((secure(&c.uri)?, e.target()))));
        contacts.filter(|(contact, _)| !servers.contains(&contact.ip)).collect()
    }

    /// Answered INVITEs outside of dialogs.
    pub(crate) fn calls(&self) -> impl Iterator<Item = Call<'_, 'a>> {
        let answered = |e: &&SipExchange<'a>| {
            e.method == "INVITE" && !e.in_dialog() && e.outcome() == TransactionOutcome::Accepted
        };
        self.exchanges.iter().filter(answered).map(|invite| Call { sip: self, invite })
    }

    /// Everything of one Call-ID, in order of time.
    pub(crate) fn of_call(&self, call_id: &str) -> impl Iterator<Item = &SipExchange<'a>> {
        self.by_call.get(call_id).into_iter().flatten().filter_map(|&index| self.exchanges.get(index))
    }

    /// A message that cannot be read stands in one of its conversations: what seems to be missing may be that.
    pub(crate) fn is_torn(&self, exchange: &SipExchange<'a>) -> bool {
        !self.torn.is_empty() && exchange.conversations().iter().any(|c| self.torn.contains(&c.id))
    }

    /// Of one Call-ID what began at that time or later, in order of time (at most 1,024 are looked at).
    fn of_call_since(&self, call_id: &str, since: Timestamp) -> impl Iterator<Item = &SipExchange<'a>> {
        let all = self.by_call.get(call_id).map_or(&[][..], Vec::as_slice);
        let began = |&index: &usize| self.exchanges.get(index).map(SipExchange::began);
        let from = all.partition_point(|index| began(index) < Some(since));
        let rest = all.get(from..).unwrap_or_default();
        rest.iter().take(LOOK_AHEAD).filter_map(|&index| self.exchanges.get(index))
    }

    /// The same client got what it had asked for (same method, same address of record) when it asked again after
    /// `since`, at whatever server.
    pub(crate) fn accepted_after(&self, exchange: &SipExchange<'a>, since: Timestamp) -> bool {
        self.accepted.get(&WishKey::of(exchange)).is_some_and(|&time| time > since)
    }

    /// As [`SipIndex::accepted_after`], at any time of the capture.
    pub(crate) fn ever_accepted(&self, exchange: &SipExchange<'a>) -> bool {
        self.accepted.contains_key(&WishKey::of(exchange))
    }
}

/// Address and port of a contact that is to be called over TLS.
fn secure(uri: &Uri) -> Option<Endpoint> {
    const USUAL: u16 = 5061;
    let is_tls = |(name, value): &(String, Option<String>)| {
        name == "transport" && value.as_deref().is_some_and(|value| value.eq_ignore_ascii_case("tls"))
    };
    let wanted = uri.scheme == "sips" || uri.params.iter().any(is_tls);
    Some(Endpoint { ip: uri.host.parse().ok().filter(|_| wanted)?, port: uri.port.unwrap_or(USUAL) })
}

impl<'a> WishKey<'a> {
    fn of(exchange: &SipExchange<'a>) -> Self {
        Self { client: exchange.client().ip, method: exchange.method, aor: exchange.target().unwrap_or_default() }
    }
}
