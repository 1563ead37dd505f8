//! One TLS conversation: records, the handshake messages in them, and what an [`Opener`] finds in protected ones.
//!
//! Records are taken one by one, however they are cut into segments; handshake messages are put together over records and
//! taken apart within them. Where bytes are missing, the records that they hit are lost and the next one is found again.

use super::alert::Alert;
use super::handshake::{self, HEADER as MESSAGE_HEADER};
use super::message::{Body, Message, handshake as kind, is_handshake};
use super::old_hello::{self, OldHello};
use super::protect::{NoKeys, Opener, Why};
use super::record::{ContentType, HEADER, Header, LONGEST};
use crate::{Dissector, Layer, Part, Problem, Side, Verdict};

/// The longest handshake message that is put together; longer ones are named and passed over.
const LONGEST_MESSAGE: usize = 1 << 18;
/// Times that something else than a record is told of in one direction.
const STRANGE: u8 = 4;
/// Length of a record of TLS 1.3 that holds an alert and no padding: two bytes, the type, a tag of 16 (RFC 8446 section 5.2).
const SEALED_ALERT: usize = 19;

pub(super) fn open() -> Box<dyn Dissector> {
    with(Box::new(NoKeys))
}

/// A dissector that has protected records opened.
pub(super) fn with(opener: Box<dyn Opener>) -> Box<dyn Dissector> {
    let (client, server) = (Lane::new(), Lane::new());
    Box::new(Stream { client, server, opener, tls13: None, layer: Layer::default(), sealed: Sealed::default() })
}

struct Stream {
    client: Lane,
    server: Lane,
    opener: Box<dyn Opener>,
    /// What the ServerHello says; `None` before it.
    tls13: Option<bool>,
    layer: Layer,
    sealed: Sealed,
}

/// Records of application data that could not be opened, by reason.
#[derive(Default)]
struct Sealed(Vec<(Why, u64)>);

impl Sealed {
    fn count(&mut self, why: Why) {
        match self.0.iter_mut().find(|(known, _)| *known == why) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.0.push((why, 1)),
        }
    }

    /// The most frequent reason; of two the first.
    fn main(&self) -> Option<(Why, u64)> {
        self.0.iter().rev().copied().max_by_key(|&(_, count)| count)
    }
}

/// One direction.
struct Lane {
    /// Handshake records are protected (TLS 1.2 and before).
    protected: bool,
    /// Where the next record begins is not known.
    lost: bool,
    /// It was found again by its look alone, and no other record has confirmed it; a handshake message need not begin with it.
    unsure: bool,
    /// Bytes of a record that a gap has hit, still to come.
    remainder: u64,
    /// Bytes of records that a gap has hit, not yet told to the opener.
    hit: u64,
    /// A handshake message that is not whole yet.
    message: Vec<u8>,
    /// Its first part was protected.
    opened: bool,
    /// Bytes of a handshake message that is too long, still to come.
    overlong: usize,
    /// Nothing was read yet.
    fresh: bool,
    /// The first bytes need not begin a record.
    midway: bool,
    /// No protected record was seen yet.
    unsealed: bool,
    /// Times that something else than a record was found.
    strange: u8,
}

impl Dissector for Stream {
    fn midstream(&mut self) {
        self.client.midway = true;
        self.server.midway = true;
    }

    fn next(&mut self, from: Side, input: &[u8]) -> Verdict {
        let lane = self.lane(from);
        if lane.remainder > 0 {
            let bytes = std::mem::take(&mut lane.remainder);
            lane.hit = lane.hit.saturating_add(bytes);
            return Verdict::Skip { bytes };
        }
        // Where so many starts were none, what follows is something else: nothing is sought in it any more.
        if lane.strange >= STRANGE {
            return Verdict::Skip { bytes: u64::MAX };
        }
        if lane.lost
            && let Some(verdict) = lane.search(input)
        {
            return verdict;
        }
        if from == Side::Client && self.client.fresh && !self.client.midway {
            match old_hello::read(input) {
                OldHello::Whole(hello, used) => {
                    self.begin(from);
                    return Verdict::Layer { used, parts: vec![message(Body::ClientHello(hello))], open: false };
                }
                OldHello::Need(total) => return Verdict::Need { total },
                OldHello::No => {}
            }
        }
        match Header::parse(input) {
            Some(header) => self.record(from, header, input),
            None if input.len() < HEADER && Header::may_begin(input) => Verdict::Need { total: HEADER },
            None => self.stranger(from),
        }
    }

    fn gap(&mut self, from: Side, pending: &[u8], missing: u64) -> Option<crate::Message> {
        if pending.is_empty() && missing == 0 {
            return None;
        }
        let message = self.partial(from, pending);
        self.lane(from).lose(pending, missing);
        message
    }

    fn end(&mut self, from: Side, pending: &[u8]) -> Option<crate::Message> {
        self.partial(from, pending)
    }

    fn layer(&self) -> Option<Layer> {
        let main = self.sealed.main();
        let sealed = self.sealed.0.iter().map(|(_, count)| count).sum();
        Some(Layer { why_opaque: main.map(|(why, _)| why), sealed, ..self.layer })
    }
}

impl Stream {
    fn lane(&mut self, side: Side) -> &mut Lane {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// A record whose header was read. A sealed record that cannot be opened is skipped by its header, so that it is never held
    /// in memory; what is probably an alert is told all the same.
    fn record(&mut self, from: Side, header: Header, input: &[u8]) -> Verdict {
        let is_sealed = self.is_sealed(from, header);
        let refused = if is_sealed { self.opener.refuses(from) } else { None };
        let probably_alert = self.is_sealed_alert(from, header);
        if let Some(why) = refused.filter(|_| !probably_alert) {
            self.begin(from);
            self.refuse(from, header, why);
            self.saw_sealed(from);
            return Verdict::Skip { bytes: u64::try_from(header.total()).unwrap_or(u64::MAX) };
        }
        let Some(record) = input.get(..header.total()) else { return Verdict::Need { total: header.total() } };
        let fragment = record.get(HEADER..).unwrap_or_default();
        self.begin(from);
        let parts = match (is_sealed, refused) {
            (true, Some(why)) => {
                self.refuse(from, header, why);
                vec![message(Body::SealedAlert { inferred: header.kind != ContentType::Alert })]
            }
            (true, None) => self.open(from, header, record),
            (false, _) => self.clear(from, header, fragment),
        };
        if is_sealed {
            self.saw_sealed(from);
        }
        let open = !self.lane(from).message.is_empty();
        Verdict::Layer { used: record.len(), parts, open }
    }

    /// Protected records look like this: all application data, and by their length what does not fit in clear. Handshake
    /// messages are protected behind a ChangeCipherSpec, but never under their own type in TLS 1.3.
    fn is_sealed(&self, from: Side, header: Header) -> bool {
        let lane = if from == Side::Client { &self.client } else { &self.server };
        match header.kind {
            ContentType::ApplicationData => true,
            ContentType::Alert => header.length != 2,
            ContentType::ChangeCipherSpec => header.length != 1,
            ContentType::Handshake | ContentType::Heartbeat => lane.protected && self.tls13 != Some(true),
        }
    }

    /// An alert that cannot be read but told: by its type, or as the first protected record of TLS 1.3 by its length, as no
    /// handshake message there is so short.
    fn is_sealed_alert(&self, from: Side, header: Header) -> bool {
        let lane = if from == Side::Client { &self.client } else { &self.server };
        let by_length = header.kind == ContentType::ApplicationData
            && header.length == SEALED_ALERT
            && self.tls13 == Some(true)
            && lane.unsealed
            && !lane.midway
            && lane.hit == 0;
        header.kind == ContentType::Alert && header.length != 2 || by_length
    }

    /// A record begins here for certain.
    fn begin(&mut self, from: Side) {
        self.layer.records = self.layer.records.saturating_add(1);
        let lane = self.lane(from);
        lane.fresh = false;
        let hit = std::mem::take(&mut lane.hit);
        if hit > 0 {
            self.opener.lost(from, hit);
        }
    }

    /// A protected record was seen.
    fn saw_sealed(&mut self, from: Side) {
        let older = self.tls13 != Some(true);
        let lane = self.lane(from);
        lane.unsealed = false;
        lane.protected |= older;
    }

    /// A protected record stays closed.
    fn pass(&mut self, header: Header, why: Why) {
        if header.kind == ContentType::ApplicationData {
            // Without a hello there is nothing that a key could be found for.
            self.sealed.count(if self.tls13.is_none() { Why::HandshakeNotCaptured } else { why });
        }
    }

    /// A protected record is not offered to the opener, which may find keys later.
    fn refuse(&mut self, from: Side, header: Header, why: Why) {
        self.pass(header, why);
        self.opener.passed(from, u64::try_from(header.total()).unwrap_or(u64::MAX));
    }

    fn open(&mut self, from: Side, header: Header, record: &[u8]) -> Vec<Part> {
        let opened = match self.opener.open(from, record) {
            Ok(opened) => opened,
            Err(why) => {
                self.pass(header, why);
                return Vec::new();
            }
        };
        self.layer.opened = self.layer.opened.saturating_add(1);
        if opened.kind != header.kind {
            // Only TLS 1.3 hides the type of a record: it is known even if the ServerHello is lost.
            self.tls13 = Some(true);
        }
        let lane = self.lane(from);
        lane.unsure = false;
        let mut parts = Vec::new();
        if opened.lost > 0 {
            lane.message.clear();
            parts.push(Part::Lost(opened.lost));
        }
        match opened.kind {
            ContentType::ApplicationData if opened.bytes.is_empty() => {}
            ContentType::ApplicationData => parts.push(Part::Inner(opened.bytes)),
            ContentType::Handshake => parts.extend(self.messages(from, &opened.bytes, true)),
            ContentType::Alert => parts.extend(alert(&opened.bytes, true)),
            ContentType::ChangeCipherSpec => self.opener.change_cipher_spec(from),
            ContentType::Heartbeat => {}
        }
        parts
    }

    fn clear(&mut self, from: Side, header: Header, fragment: &[u8]) -> Vec<Part> {
        let lane = self.lane(from);
        match header.kind {
            ContentType::Handshake if lane.unsure && !fits(fragment) => {
                // The middle of a message, or a protected one: it cannot be told.
                lane.hit = lane.hit.saturating_add(u64::try_from(header.total()).unwrap_or(u64::MAX));
                Vec::new()
            }
            ContentType::Handshake => {
                lane.unsure = false;
                self.messages(from, fragment, false)
            }
            ContentType::Alert => alert(fragment, false).into_iter().collect(),
            ContentType::ChangeCipherSpec => {
                lane.protected = true;
                self.opener.change_cipher_spec(from);
                Vec::new()
            }
            ContentType::ApplicationData | ContentType::Heartbeat => Vec::new(),
        }
    }

    /// Handshake messages that this fragment completes. One that is longer than any real one is told and passed over, so that its
    /// length decides over no memory.
    fn messages(&mut self, from: Side, fragment: &[u8], opened: bool) -> Vec<Part> {
        let lane = self.lane(from);
        let over = lane.overlong.min(fragment.len());
        lane.overlong = lane.overlong.saturating_sub(over);
        if lane.message.is_empty() {
            lane.opened = opened;
        }
        lane.message.extend_from_slice(fragment.get(over..).unwrap_or_default());
        let mut parts = Vec::new();
        while let Some((kind, length)) = handshake::header(&self.lane(from).message) {
            let total = length.saturating_add(MESSAGE_HEADER);
            let lane = self.lane(from);
            if total > LONGEST_MESSAGE {
                lane.overlong = total.saturating_sub(lane.message.len());
                let held = total.min(lane.message.len());
                lane.message.drain(..held);
                parts.push(too_long(kind, length));
            } else if lane.message.len() >= total {
                let bytes: Vec<u8> = lane.message.drain(..total).collect();
                parts.extend(self.message(from, &bytes));
            } else {
                break;
            }
        }
        parts
    }

    /// A handshake message that is whole.
    fn message(&mut self, from: Side, bytes: &[u8]) -> Option<Part> {
        let opened = self.lane(from).opened;
        let read = handshake::parse(bytes, self.tls13 == Some(true))?;
        if let Body::ServerHello(hello) = &read.body {
            self.tls13 = Some(hello.is_tls13());
        }
        self.opener.handshake(from, bytes);
        Some(Part::Message(wrap(Message { opened, ..read })))
    }

    /// What can be told of a handshake message that is not whole: what was put together, and the beginning of a record.
    fn partial(&mut self, from: Side, pending: &[u8]) -> Option<crate::Message> {
        let clear = Header::parse(pending)
            .filter(|header| header.kind == ContentType::Handshake && !self.is_sealed(from, *header))
            .and_then(|_| pending.get(HEADER..));
        let tls13 = self.tls13 == Some(true);
        let lane = self.lane(from);
        let mut bytes = std::mem::take(&mut lane.message);
        let in_step = !lane.lost && lane.remainder == 0 && lane.overlong == 0 && !lane.unsure;
        bytes.extend_from_slice(clear.filter(|_| in_step).unwrap_or_default());
        let (kind, _) = handshake::header(&bytes)?;
        let read = handshake::parse(&bytes, tls13).filter(|_| is_handshake(kind))?;
        Some(wrap(Message { opened: lane.opened && clear.is_none(), ..read }))
    }

    /// No record begins here.
    fn stranger(&mut self, from: Side) -> Verdict {
        let lane = self.lane(from);
        if lane.midway && lane.fresh || lane.unsure {
            lane.lost = true;
            lane.midway = false;
            lane.unsure = false;
            return Verdict::Skip { bytes: 1 };
        }
        if lane.fresh && from == Side::Client {
            return Verdict::NotMine;
        }
        // An answer that is no TLS from its first byte is no TLS further on.
        lane.strange = if lane.fresh { STRANGE } else { lane.strange.saturating_add(1) };
        lane.lost = true;
        lane.message.clear();
        let mut malformed = Message::from(Body::Malformed);
        malformed.problems.push(Problem::new("bytes that are no TLS record", 0));
        Verdict::Layer { used: 1, parts: vec![Part::Message(wrap(malformed))], open: false }
    }
}

impl Lane {
    const fn new() -> Self {
        Self {
            protected: false,
            lost: false,
            unsure: false,
            remainder: 0,
            hit: 0,
            message: Vec::new(),
            opened: false,
            overlong: 0,
            fresh: true,
            midway: false,
            unsealed: true,
            strange: 0,
        }
    }

    /// Bytes are missing behind `pending`.
    fn lose(&mut self, pending: &[u8], missing: u64) {
        let held = u64::try_from(pending.len()).unwrap_or(u64::MAX);
        self.hit = self.hit.saturating_add(held).saturating_add(missing);
        self.message.clear();
        self.overlong = 0;
        let rest = match Header::parse(pending) {
            _ if self.lost => None,
            Some(header) => u64::try_from(header.total()).ok().and_then(|total| total.checked_sub(held)),
            None if self.remainder > 0 => Some(std::mem::take(&mut self.remainder)),
            None => None,
        };
        match rest.and_then(|rest| rest.checked_sub(missing)) {
            Some(remainder) => self.remainder = remainder,
            None => self.lost = true,
        }
        self.unsure = true;
    }

    /// Looks for a record; `None` if one begins with the first byte.
    fn search(&mut self, input: &[u8]) -> Option<Verdict> {
        let begins = |at: &usize| input.get(*at..).and_then(Header::parse).is_some_and(is_likely);
        let last = input.len().saturating_sub(HEADER.saturating_sub(1));
        match (0..last).find(begins) {
            Some(0) => {
                self.lost = false;
                self.unsure = true;
                None
            }
            Some(at) => Some(self.pass_over(at)),
            None if last == 0 => Some(Verdict::Need { total: HEADER }),
            None => Some(self.pass_over(last)),
        }
    }

    fn pass_over(&mut self, bytes: usize) -> Verdict {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.hit = self.hit.saturating_add(bytes);
        Verdict::Skip { bytes }
    }
}

/// Behind a gap: a header with a length that its type really has.
const fn is_likely(header: Header) -> bool {
    let version = matches!(header.version, 0x0301..=0x0303);
    version
        && match header.kind {
            ContentType::ChangeCipherSpec => header.length == 1,
            ContentType::Alert => header.length == 2 || header.length >= 18 && header.length <= 128,
            ContentType::Handshake => header.length >= MESSAGE_HEADER && header.length <= LONGEST,
            ContentType::ApplicationData => header.length >= 17 && header.length <= LONGEST,
            ContentType::Heartbeat => false,
        }
}

/// Do handshake messages fill this fragment exactly, or begin one with a chain of certificates?
fn fits(mut fragment: &[u8]) -> bool {
    while let Some((message, length)) = handshake::header(fragment) {
        let total = length.saturating_add(MESSAGE_HEADER);
        if !is_handshake(message) {
            return false;
        }
        let Some(rest) = fragment.get(total..) else { return message == kind::CERTIFICATE && total <= LONGEST_MESSAGE };
        fragment = rest;
    }
    fragment.is_empty()
}

fn alert(fragment: &[u8], opened: bool) -> Option<Part> {
    let alert = Alert::parse(fragment)?;
    Some(Part::Message(wrap(Message { opened, ..Message::from(Body::Alert(alert)) })))
}

fn too_long(kind: u8, length: usize) -> Part {
    let what = format!("a handshake message of {length} bytes: it is not read");
    let body = Body::Handshake { kind, length };
    Part::Message(wrap(Message { incomplete: true, problems: vec![Problem::new(what, 0)], ..Message::from(body) }))
}

fn message(body: Body) -> Part {
    Part::Message(wrap(Message::from(body)))
}

fn wrap(message: Message) -> crate::Message {
    crate::Message::Tls(Box::new(message))
}
