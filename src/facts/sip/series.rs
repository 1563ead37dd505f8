//! Attempts that belong together: the same method, Call-ID and user.

use super::exchange::{SipExchange, TransactionOutcome};
use crate::model::Endpoint;
use hashbrown::HashMap;
use std::ops::Range;

/// Requests of one method, Call-ID and user, in order of time: a registration with its challenges and refreshes, the attempts
/// of one call. Never empty.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Series<'t, 'a> {
    first: &'t SipExchange<'a>,
    /// The requests.
    pub exchanges: &'t [SipExchange<'a>],
}

impl<'t, 'a> Series<'t, 'a> {
    pub(super) fn new(exchanges: &'t [SipExchange<'a>]) -> Option<Self> {
        exchanges.first().map(|first| Self { first, exchanges })
    }

    /// The first request.
    pub(crate) const fn first(&self) -> &'t SipExchange<'a> {
        self.first
    }

    /// Method of all.
    pub(crate) const fn method(&self) -> &'a str {
        self.first.method
    }

    /// Whom it is about: address of record of To.
    pub(crate) fn target(&self) -> Option<String> {
        self.first.target()
    }

    /// The client that asks.
    pub(crate) fn client(&self) -> Endpoint {
        self.first.client()
    }

    /// The requests cut behind each that was accepted: each run ends with a success, but perhaps the last.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &'t [SipExchange<'a>]> {
        self.exchanges.split_inclusive(|exchange| exchange.outcome() == TransactionOutcome::Accepted)
    }
}

/// Brings exchanges of one series together, in order of time; gives the ranges of the series, in order of their first
/// message.
pub(super) fn arrange(mut exchanges: Vec<SipExchange<'_>>) -> (Vec<SipExchange<'_>>, Vec<Range<usize>>) {
    exchanges.sort_by_key(|exchange| (exchange.began(), exchange.first.begun.at().frame));
    let mut numbers: HashMap<SeriesKey<'_>, usize> = HashMap::new();
    let mut numbered: Vec<(usize, SipExchange<'_>)> = Vec::with_capacity(exchanges.len());
    for exchange in exchanges {
        let next = numbers.len();
        numbered.push((*numbers.entry(key(&exchange)).or_insert(next), exchange));
    }
    numbered.sort_by_key(|(number, _)| *number);
    let mut ranges = Vec::with_capacity(numbers.len());
    let mut start = 0_usize;
    for group in numbered.chunk_by(|(a, _), (b, _)| a == b) {
        let end = start.saturating_add(group.len());
        ranges.push(start..end);
        start = end;
    }
    (numbered.into_iter().map(|(_, exchange)| exchange).collect(), ranges)
}

/// Method, Call-ID, whom it is about (clients use one Call-ID for several users), within a dialog.
type SeriesKey<'a> = (&'a str, &'a str, Option<String>, bool);

fn key<'a>(exchange: &SipExchange<'a>) -> SeriesKey<'a> {
    (exchange.method, exchange.call_id, exchange.target(), exchange.in_dialog())
}
