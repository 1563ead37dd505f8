//! Requests and their answers: transactions hop by hop (RFC 3261 section 17), and what they are together.

use super::signal::{SipMessage, aor};
use crate::model::{Conversation, Endpoint, Span, Timestamp};
use hashbrown::HashMap;
use nrpcsniff_dissectors::auth::{Challenge, Credentials};
use nrpcsniff_dissectors::cookie::Cookie;
use nrpcsniff_dissectors::sip::Address;
use std::net::IpAddr;

/// What comes again within this many nanoseconds is a second copy of the same datagram (a mirror port, two interfaces),
/// not a retransmission: those come T1 later, 500 ms (RFC 3261 section 17.1.1.1).
const COPY: Span = Span::from_millis(100);

/// One transaction: what one hop saw of a request.
#[derive(Debug)]
pub(crate) struct Transaction<'a> {
    /// The first message of it that was seen.
    pub begun: SipMessage<'a>,
    /// The request, if it was seen.
    pub request: Option<SipMessage<'a>>,
    /// Retransmissions of the request.
    pub repeats: Vec<SipMessage<'a>>,
    /// Responses below 200.
    pub provisional: Vec<SipMessage<'a>>,
    /// Responses from 200 on; the second and further ones are retransmissions, or come from other branches.
    pub finals: Vec<SipMessage<'a>>,
    /// ACKs of the transaction itself, which answer a response from 300 on.
    pub acks: Vec<SipMessage<'a>>,
}

/// One request on its whole way, as far as it was seen.
#[derive(Debug)]
pub(crate) struct SipExchange<'a> {
    /// Method.
    pub method: &'a str,
    /// Call-ID.
    pub call_id: &'a str,
    /// Number of its CSeq.
    pub number: u32,
    /// The hop nearest to the sender; its answer is what the sender gets.
    pub first: Transaction<'a>,
    /// Further hops in order.
    pub onward: Vec<Transaction<'a>>,
    /// ACKs of a response from 200 to 299 (they are transactions of their own).
    pub acks: Vec<SipMessage<'a>>,
}

/// Answer that the sender of a request got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransactionOutcome {
    /// 200 to 299.
    Accepted,
    /// 401 or 407: the server wants credentials.
    Challenged,
    /// Another final response.
    Refused,
    /// It is being worked on.
    Provisional,
    /// No response in the capture.
    Silent,
}

impl<'a> Transaction<'a> {
    /// The final response that counts: a success if there is one, else the first.
    pub(crate) fn answer(&self) -> Option<SipMessage<'a>> {
        let success = |signal: &&SipMessage<'a>| signal.status().is_some_and(|status| status < 300);
        self.finals.iter().find(success).or_else(|| self.finals.first()).copied()
    }

    /// Number of proxies on the way up to this hop.
    fn depth(&self) -> usize {
        self.request.unwrap_or(self.begun).sip.vias.len()
    }

    /// The sender of the request.
    pub(crate) fn client(&self) -> Endpoint {
        if self.begun.sip.is_request() { self.begun.source() } else { self.begun.destination() }
    }

    /// The receiver of the request.
    pub(crate) fn server(&self) -> Endpoint {
        if self.begun.sip.is_request() { self.begun.destination() } else { self.begun.source() }
    }

    /// Every message of it.
    pub(crate) fn signals(&self) -> impl Iterator<Item = SipMessage<'a>> {
        let lists = [&self.repeats, &self.provisional, &self.finals, &self.acks];
        self.request.into_iter().chain(lists.into_iter().flatten().copied())
    }

    fn add(&mut self, signal: SipMessage<'a>) {
        match signal.status() {
            None if is_ack(&signal) => self.acks.push(signal),
            None => match (self.request, self.repeats.last()) {
                (None, _) => self.request = Some(signal),
                (Some(last), None) | (_, Some(&last)) if is_copy(last, signal) => {}
                _ => self.repeats.push(signal),
            },
            Some(100..=199) => self.provisional.push(signal),
            Some(_) => match self.finals.last() {
                Some(&last) if last.status() == signal.status() && is_copy(last, signal) => {}
                _ => self.finals.push(signal),
            },
        }
    }
}

fn is_copy(last: SipMessage<'_>, signal: SipMessage<'_>) -> bool {
    signal.at().since(last.at()) < COPY
}

fn is_ack(signal: &SipMessage<'_>) -> bool {
    signal.sip.is_request() && signal.sip.method() == Some("ACK")
}

impl<'a> SipExchange<'a> {
    /// The request as its sender sent it, if it was seen.
    pub(crate) const fn request(&self) -> Option<SipMessage<'a>> {
        self.first.request
    }

    /// The final response that its sender got.
    pub(crate) fn answer(&self) -> Option<SipMessage<'a>> {
        self.first.answer()
    }

    /// Status of that.
    pub(crate) fn status(&self) -> Option<u16> {
        self.answer().and_then(|answer| answer.status())
    }

    /// Answer that the sender got.
    pub(crate) fn outcome(&self) -> TransactionOutcome {
        match self.status() {
            Some(..300) => TransactionOutcome::Accepted,
            Some(401 | 407) => TransactionOutcome::Challenged,
            Some(_) => TransactionOutcome::Refused,
            None if self.first.provisional.is_empty() => TransactionOutcome::Silent,
            None => TransactionOutcome::Provisional,
        }
    }

    /// Hops, the one next to the sender first.
    pub(crate) fn hops(&self) -> impl Iterator<Item = &Transaction<'a>> {
        std::iter::once(&self.first).chain(&self.onward)
    }

    /// Every conversation that carried a part of it.
    pub(crate) fn conversations(&self) -> Vec<&'a Conversation> {
        let all = self.hops().flat_map(Transaction::signals).chain(self.acks.iter().copied());
        let mut found: Vec<&'a Conversation> = all.map(|signal| signal.conversation).collect();
        found.sort_by_key(|c| c.id);
        found.dedup_by_key(|c| c.id);
        found
    }

    /// When its first message was seen.
    pub(crate) fn began(&self) -> Timestamp {
        self.first.begun.at().time
    }

    /// When the sender got its final response; when it began, if that was not seen.
    pub(crate) fn ended(&self) -> Timestamp {
        self.answer().map_or(self.began(), |answer| answer.at().time)
    }

    /// Who sent it, at the first hop that was seen.
    pub(crate) fn client(&self) -> Endpoint {
        self.first.client()
    }

    /// Who got it, at the first hop that was seen.
    pub(crate) fn server(&self) -> Endpoint {
        self.first.server()
    }

    /// The user whose request it is: address of record of From.
    pub(crate) fn user(&self) -> Option<String> {
        self.first.begun.sip.from.as_ref().map(aor)
    }

    /// Whom it is about: address of record of To. Of a REGISTER: who is to be registered.
    pub(crate) fn target(&self) -> Option<String> {
        self.first.begun.sip.to.as_ref().map(aor)
    }

    /// It belongs to a dialog: the request's To has a tag. False if only responses were seen.
    pub(crate) fn in_dialog(&self) -> bool {
        self.request().and_then(|request| request.sip.to.as_ref()).is_some_and(|to| to.param("tag").is_some())
    }

    /// Cookies that it carried.
    pub(crate) fn cookies(&self) -> &'a [Cookie] {
        self.request().map_or(&[], |request| &request.sip.cookies)
    }

    /// Credentials that it carried.
    pub(crate) fn credentials(&self) -> &'a [Credentials] {
        self.request().map_or(&[], |request| &request.sip.credentials)
    }

    /// Challenges of the final response.
    pub(crate) fn challenges(&self) -> &'a [Challenge] {
        self.answer().map_or(&[], |answer| &answer.sip.challenges)
    }

    /// Contacts that it names.
    pub(crate) fn contacts(&self) -> &'a [Address] {
        self.request().map_or(&[], |request| &request.sip.contacts)
    }

    /// Seconds that it asks to be registered for: the contact's own word before the header (RFC 3261 section 10.2.1.1).
    pub(crate) fn expires(&self) -> Option<u32> {
        let request = self.request()?.sip;
        request.contacts.iter().find_map(Address::expires).or(request.expires)
    }

    /// Seconds that the registrar granted: of the same contact in its answer, else of the answer as a whole.
    pub(crate) fn granted(&self) -> Option<u32> {
        let answer = self.answer().filter(|_| self.outcome() == TransactionOutcome::Accepted)?.sip;
        let asked = self.contacts();
        let same = |contact: &&Address| {
            asked.iter().any(|a| {
                (&a.uri.user, &a.uri.host, a.uri.port) == (&contact.uri.user, &contact.uri.host, contact.uri.port)
            })
        };
        answer.contacts.iter().find(same).and_then(Address::expires).or(answer.expires).or(self.expires())
    }

    /// A REGISTER that removes: all contacts (`*`), or each with an expiry of 0.
    pub(crate) fn is_unregister(&self) -> bool {
        let Some(request) = self.request().filter(|_| self.method == "REGISTER") else { return false };
        let removes = |contact: &Address| contact.uri.scheme == "*" || contact.uri.host == "*" || self.removes(contact);
        !request.sip.contacts.is_empty() && request.sip.contacts.iter().all(removes)
    }

    fn removes(&self, contact: &Address) -> bool {
        contact.expires().or(self.request().and_then(|request| request.sip.expires)) == Some(0)
    }
}

/// What is common to a request on all of its hops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct RequestKey<'a> {
    call_id: &'a str,
    number: u32,
    method: &'a str,
    from_tag: Option<&'a str>,
}

/// Where in an exchange a transaction stands: the topmost Via, and between whom.
type HopKey<'a> = (usize, Option<&'a str>, IpAddr, IpAddr);

#[derive(Default)]
struct ExchangeBuilder<'a> {
    made: Vec<(RequestKey<'a>, Vec<Transaction<'a>>, Vec<SipMessage<'a>>)>,
    names: HashMap<RequestKey<'a>, usize>,
    hops: HashMap<HopKey<'a>, usize>,
    /// The last hop of that branch, whoever spoke.
    branches: HashMap<(usize, Option<&'a str>), usize>,
    /// Exchanges without CSeq by Call-ID and branch: their responses say no more.
    nameless: HashMap<(&'a str, &'a str), usize>,
}

/// Puts messages, in order of time, together.
pub(super) fn exchanges(signals: Vec<SipMessage<'_>>) -> Vec<SipExchange<'_>> {
    let mut builder = ExchangeBuilder::default();
    for signal in signals {
        builder.add(signal);
    }
    builder.made.into_iter().filter_map(finish).collect()
}

fn finish<'a>(
    (name, mut hops, acks): (RequestKey<'a>, Vec<Transaction<'a>>, Vec<SipMessage<'a>>),
) -> Option<SipExchange<'a>> {
    hops.sort_by_key(|hop| (hop.depth(), hop.begun.at().time));
    let mut hops = hops.into_iter();
    let first = hops.next()?;
    let RequestKey { call_id, number, method, .. } = name;
    Some(SipExchange { method, call_id, number, first, onward: hops.collect(), acks })
}

impl<'a> ExchangeBuilder<'a> {
    /// Puts a message with its transaction, else begins one. An ACK alone begins none, because it has the name of an INVITE
    /// that was not captured.
    fn add(&mut self, signal: SipMessage<'a>) {
        let branch = signal.via().and_then(|via| via.branch.as_deref());
        let unnamed = signal.sip.cseq.is_none().then(|| signal.sip.call_id.as_deref().zip(branch)).flatten();
        let answered = unnamed.filter(|_| !signal.sip.is_request()).and_then(|key| self.nameless.get(&key).copied());
        let Some(name) = answered.and_then(|index| Some(self.made.get(index)?.0)).or_else(|| name(&signal)) else {
            return;
        };
        let ack = is_ack(&signal);
        // Without a number requests of one Call-ID are told apart by their branch.
        let known = match unnamed {
            Some(key) => self.nameless.get(&key).copied(),
            None => self.names.get(&name).copied(),
        };
        if known.is_none() && ack {
            return;
        }
        let index = known.unwrap_or(self.made.len());
        if known.is_none() {
            self.made.push((name, Vec::new(), Vec::new()));
            match unnamed {
                Some(key) => drop(self.nameless.insert(key, index)),
                None => drop(self.names.insert(name, index)),
            }
        }
        let place = self.place(index, branch, &signal);
        let Some((_, hops, acks)) = self.made.get_mut(index) else { return };
        match place.and_then(|place| hops.get_mut(place)) {
            Some(hop) => hop.add(signal),
            None if ack => acks.push(signal),
            None => {
                let key = between(index, branch, &signal);
                self.hops.insert(key, hops.len());
                self.branches.insert((index, branch), hops.len());
                let mut hop = Transaction {
                    begun: signal,
                    request: None,
                    repeats: Vec::new(),
                    provisional: Vec::new(),
                    finals: Vec::new(),
                    acks: Vec::new(),
                };
                hop.add(signal);
                hops.push(hop);
            }
        }
    }

    /// The hop that a message belongs to. Over UDP a response may take another way than its request; a request that takes
    /// another way is on its next hop, even if that one adds no Via.
    fn place(&self, index: usize, branch: Option<&'a str>, signal: &SipMessage<'a>) -> Option<usize> {
        let same_way = self.hops.get(&between(index, branch, signal)).copied();
        let any_way = || self.branches.get(&(index, branch)).copied();
        if signal.sip.is_request() { same_way } else { same_way.or_else(any_way) }
    }
}

/// Client and server address of the hop, whichever of them speaks.
fn between<'a>(index: usize, branch: Option<&'a str>, signal: &SipMessage<'a>) -> HopKey<'a> {
    let (from, to) = (signal.source().ip, signal.destination().ip);
    if signal.sip.is_request() { (index, branch, from, to) } else { (index, branch, to, from) }
}

/// It says which exchange it belongs to.
pub(super) fn is_readable(signal: &SipMessage<'_>) -> bool {
    name(signal).is_some()
}

/// A request without CSeq has the number 0, which no other has.
fn name<'a>(signal: &SipMessage<'a>) -> Option<RequestKey<'a>> {
    let sip = signal.sip;
    let method = sip.method().filter(|_| sip.cseq.is_some() || sip.is_request())?;
    let method = sip.cseq.as_ref().map_or(method, |cseq| cseq.method.as_str());
    let method = if method == "ACK" { "INVITE" } else { method };
    let number = sip.cseq.as_ref().map_or(0, |cseq| cseq.number);
    let from_tag = sip.from.as_ref().and_then(|from| from.param("tag"));
    Some(RequestKey { call_id: sip.call_id.as_deref()?, number, method, from_tag })
}
