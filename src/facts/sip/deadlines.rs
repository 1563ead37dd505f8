//! Requests that were never answered, and how that is known.

use super::{SipExchange, SipMessage, TransactionOutcome};
use crate::facts::Case;
use crate::facts::network::attempts::rejection;
use crate::model::{CloseBy, Conversation, Endpoint, IcmpError, PerSide, Timestamp, Transport};
use hashbrown::HashMap;

/// How it is known that a request was never answered.
#[derive(Debug, Clone, Copy)]
pub(crate) enum UnansweredRequest<'a> {
    /// The sender repeated it until its timer ran out.
    Repeated(usize),
    /// TCP delivered it, and nothing came back for so long.
    Delivered,
    /// An ICMP error says that it did not arrive.
    Rejected(&'a IcmpError),
}

/// Tells requests that were never answered.
pub(crate) struct Deadlines<'c, 'a> {
    case: &'c Case<'a>,
    /// ICMP errors about datagrams, by what they quote.
    rejected: HashMap<(Endpoint, Endpoint), Vec<&'a IcmpError>>,
}

impl<'c, 'a> Deadlines<'c, 'a> {
    /// Builds the index.
    pub(crate) fn new(case: &'c Case<'a>) -> Self {
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
    pub(crate) fn missed(&self, exchange: &SipExchange<'a>) -> Option<UnansweredRequest<'a>> {
        let request = exchange.request()?;
        let waits = match exchange.outcome() {
            TransactionOutcome::Silent => true,
            TransactionOutcome::Provisional => exchange.method != "INVITE",
            _ => false,
        };
        let answered = exchange.hops().any(|hop| !hop.finals.is_empty());
        if !waits || answered || self.case.sip().is_torn(exchange) {
            return None;
        }
        if let Some(error) = self.rejected(exchange, request) {
            return Some(UnansweredRequest::Rejected(error));
        }
        let until = exchange.began().plus(self.case.settings.thresholds.sip_timeout);
        if self.case.end() < until || !is_unbroken(request, until) {
            return None;
        }
        match request.conversation.transport {
            Transport::Udp => {
                let repeats = exchange.first.repeats.len();
                (repeats >= enough_repeats(self.case)).then_some(UnansweredRequest::Repeated(repeats))
            }
            Transport::Tcp => is_delivered(request.conversation, until).then_some(UnansweredRequest::Delivered),
        }
    }

    fn rejected(&self, exchange: &SipExchange<'a>, request: SipMessage<'a>) -> Option<&'a IcmpError> {
        let errors = self.rejected.get(&(request.source(), request.destination()))?;
        let last = exchange.first.repeats.last().copied().unwrap_or(request);
        let until = last.at().time.plus(self.case.settings.thresholds.icmp_within);
        errors.iter().copied().find(|error| (exchange.began()..=until).contains(&error.at.time))
    }
}

/// So many repetitions are no single loss.
pub(crate) fn enough_repeats(case: &Case<'_>) -> usize {
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
fn is_unbroken(signal: SipMessage<'_>, until: Timestamp) -> bool {
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
