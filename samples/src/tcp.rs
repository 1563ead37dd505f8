//! A TCP connection of a story: data, acknowledgments, endings, and the escape hatch below them.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use crate::net::Network;
use crate::time::MICROSECOND;
use crate::tls::Session;
use crate::vary::Fate;
use crate::wire::{TcpFields, flags};
use crate::world::{Body, DELAYED_ACK, Event, EventIndex, HostIndex, IdRule, World};

/// The two ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The end that sent the SYN.
    Client,
    /// The end that was called.
    Server,
}

impl Side {
    /// The other end.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// Between two packets one end sends back to back.
const BACK_TO_BACK: u64 = 15 * MICROSECOND;

/// One end of a connection.
#[derive(Debug, Clone)]
pub(crate) struct End {
    pub host: HostIndex,
    pub port: u16,
    /// Sequence number of the next byte it sends.
    pub next: u32,
    /// Sequence number of the next byte it expects: what it acknowledges.
    pub seen: u32,
    pub window: u16,
    pub mss: u16,
    pub visible: bool,
    /// Full segments it received and did not acknowledge yet.
    full_segments: u8,
    /// When it acknowledges by itself.
    ack_due: Option<u64>,
    /// The last data segment it sent: sequence number and bytes.
    pub last_data: Option<(u32, Vec<u8>)>,
}

impl End {
    pub(crate) const fn new(host: HostIndex, port: u16, isn: u32, window: u16, mss: u16, visible: bool) -> Self {
        Self { host, port, next: isn, seen: 0, window, mss, visible, full_segments: 0, ack_due: None, last_data: None }
    }

    /// What it would have acknowledged did not arrive.
    pub(crate) const fn forget_ack(&mut self) {
        self.ack_due = None;
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Conn {
    pub ends: [End; 2],
    /// Who sent the last packet.
    pub last: Option<Side>,
    pub last_event: EventIndex,
    /// Number of the next NRPC transaction.
    pub nrpc_sequence: u16,
}

impl Conn {
    pub(crate) const fn new(client: End, server: End) -> Self {
        Self { ends: [client, server], last: None, last_event: 0, nrpc_sequence: 0 }
    }

    pub(crate) const fn end(&mut self, side: Side) -> &mut End {
        &mut self.ends[side as usize]
    }
}

/// A segment written field by field, for [`Tcp::segment`].
///
/// Sequence and acknowledgment numbers are relative: 0 is the number the end would use next.
#[derive(Debug, Clone, Default)]
pub struct Segment {
    /// Flag bits, see [`flags`].
    pub flags: u8,
    /// Distance from the next sequence number in bytes.
    pub sequence: i32,
    /// Distance from the number this end would acknowledge; without the ACK flag the field is zero.
    pub acknowledgment: i32,
    /// Payload.
    pub payload: Vec<u8>,
    /// Window field, if not the usual one.
    pub window: Option<u16>,
    /// TCP options, a multiple of four bytes.
    pub options: Vec<u8>,
    /// TTL or hop limit, if not the host's.
    pub ttl: Option<u8>,
    /// IPv4 identification, if not the host's next; of a fragment also that of IPv6.
    pub ip_id: Option<u16>,
    /// Urgent pointer; the URG flag goes with it.
    pub urgent: Option<u16>,
    /// Its checksum is wrong.
    pub damaged: bool,
    /// Only these bytes of TCP header and payload, as an IP fragment. They begin at a multiple of 8 and, but for the last ones, end
    /// at one.
    pub part: Option<Range<usize>>,
}

impl Segment {
    /// A segment with these flags and nothing else.
    pub fn new(flags: u8) -> Self {
        Self { flags, ..Self::default() }
    }

    /// A data segment (PSH, ACK) `sequence` bytes from the next sequence number.
    pub fn data(sequence: i32, payload: impl Into<Vec<u8>>) -> Self {
        Self { flags: flags::PSH | flags::ACK, sequence, payload: payload.into(), ..Self::default() }
    }
}

impl World {
    /// When `side` would send its next packet.
    pub(crate) fn next_time(&self, conn: usize, side: Side) -> u64 {
        let conn = &self.conns[conn];
        if self.exact {
            self.now
        } else if conn.last == Some(side) {
            self.now + BACK_TO_BACK
        } else {
            self.now + self.hosts[conn.ends[side as usize].host].turnaround()
        }
    }

    /// Sends a segment now: the clock moves, due acknowledgments go first. The connection's numbers stay.
    pub(crate) fn emit(&mut self, conn: usize, side: Side, segment: Segment) {
        let at = self.next_time(conn, side);
        self.flush_acks(conn, at);
        if segment.flags & flags::ACK != 0 {
            let end = self.conns[conn].end(side);
            end.ack_due = None;
            end.full_segments = 0;
        }
        if segment.flags & flags::RST != 0 {
            self.conns[conn].ends.iter_mut().for_each(|end| end.ack_due = None);
        }
        self.now = at;
        self.exact = false;
        self.emit_at(conn, side, segment, at);
        self.conns[conn].last = Some(side);
    }

    /// Sends a segment at a time of its own; the clock stays.
    pub(crate) fn emit_at(&mut self, conn: usize, side: Side, segment: Segment, at: u64) {
        let [from, to] = [side, side.peer()].map(|side| self.conns[conn].ends[side as usize].clone());
        if !from.visible {
            return;
        }
        let acknowledges = segment.flags & flags::ACK != 0;
        let tcp = TcpFields {
            source_port: from.port,
            destination_port: to.port,
            sequence: from.next.wrapping_add_signed(segment.sequence),
            acknowledgment: if acknowledges { from.seen.wrapping_add_signed(segment.acknowledgment) } else { 0 },
            flags: segment.flags | if segment.urgent.is_some() { flags::URG } else { 0 },
            window: segment.window.unwrap_or(from.window),
            urgent: segment.urgent.unwrap_or_default(),
            options: segment.options,
            damaged: segment.damaged,
        };
        let event = Event {
            at,
            from: from.host,
            to: to.host,
            body: Body::Tcp(tcp, segment.payload),
            ttl: segment.ttl,
            id: segment.ip_id.map_or(IdRule::Own, IdRule::Fixed),
            part: segment.part,
            note: None,
        };
        self.conns[conn].last_event = self.push(event);
    }

    /// Sends the acknowledgments of a connection that are due before `before`.
    pub(crate) fn flush_acks(&mut self, conn: usize, before: u64) {
        for side in [Side::Client, Side::Server] {
            let end = self.conns[conn].end(side);
            if let Some(at) = end.ack_due.take_if(|due| *due < before) {
                end.full_segments = 0;
                self.emit_at(conn, side, Segment::new(flags::ACK), at);
            }
        }
    }

    /// Sends one data segment; if `delivered`, the peer has it and will acknowledge it.
    pub(crate) fn data(&mut self, conn: usize, side: Side, bytes: &[u8], flags: u8, delivered: bool) {
        let segment = Segment { flags, payload: bytes.to_vec(), ..Segment::default() };
        self.emit(conn, side, segment);
        let end = self.conns[conn].end(side);
        end.last_data = Some((end.next, bytes.to_vec()));
        end.next = end.next.wrapping_add(bytes.len() as u32);
        if delivered {
            self.deliver(conn, side, bytes.len());
        }
    }

    /// Everything `side` has sent reaches the peer, lastly a segment of `len` bytes.
    pub(crate) fn deliver(&mut self, conn: usize, side: Side, len: usize) {
        let next = self.conns[conn].end(side).next;
        let peer = self.conns[conn].ends[side.peer() as usize].clone();
        let arrival = self.now + 2 * self.hosts[peer.host].distance;
        let end = self.conns[conn].end(side.peer());
        end.seen = next;
        end.full_segments += u8::from(len == usize::from(end.mss));
        end.ack_due = Some(end.ack_due.unwrap_or(arrival + DELAYED_ACK));
        if end.full_segments >= 2 {
            end.full_segments = 0;
            end.ack_due = None;
            self.emit_at(conn, side.peer(), Segment::new(flags::ACK), arrival + 5 * MICROSECOND);
        }
    }
}

/// The bytes in pieces of these sizes; the last size repeats.
fn cut<'a>(bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut chunks = Vec::new();
    let mut rest = bytes;
    let mut planned = sizes.iter().copied();
    let mut room = planned.next().unwrap_or(1460);
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(room.clamp(1, rest.len()));
        chunks.push(chunk);
        rest = after;
        room = planned.next().unwrap_or(room);
    }
    chunks
}

/// A TCP connection. Every method returns the handle, so that a story reads as one sentence.
#[derive(Debug, Clone)]
pub struct Tcp {
    pub(crate) net: Network,
    pub(crate) conn: usize,
    /// What it sends travels inside of this.
    pub(crate) tls: Option<Rc<RefCell<Session>>>,
}

impl Tcp {
    /// The client sends these bytes, in segments as large as the peer takes.
    pub fn client(&self, bytes: impl AsRef<[u8]>) -> &Self {
        self.send(Side::Client, bytes)
    }

    /// The server sends these bytes, in segments as large as the peer takes.
    pub fn server(&self, bytes: impl AsRef<[u8]>) -> &Self {
        self.send(Side::Server, bytes)
    }

    /// `side` sends these bytes. Acknowledgments ride on answers, or follow after every second full segment or 40 ms.
    ///
    /// In a varied network segments are of other sizes, and some of them meet with an accident.
    pub fn send(&self, side: Side, bytes: impl AsRef<[u8]>) -> &Self {
        match &self.tls {
            None => self.send_as_is(side, bytes.as_ref()),
            Some(session) => {
                let records = session.borrow_mut().seal(side, bytes.as_ref());
                self.send_as_is(side, &records)
            }
        }
    }

    fn send_as_is(&self, side: Side, bytes: &[u8]) -> &Self {
        let mss = self.mss(side);
        let sizes = self.net.world().vary.as_mut().map_or(vec![mss], |vary| vary.sizes(bytes.len(), mss));
        let chunks = cut(bytes, &sizes);
        let fates = self.net.world().fates(chunks.len());
        if fates.iter().all(|fate| *fate == Fate::Arrives) {
            self.send_split(side, bytes, &sizes)
        } else {
            self.send_over_rough_path(side, &chunks, &fates)
        }
    }

    /// `side` sends these bytes in segments of these sizes; the last size repeats.
    pub fn send_split(&self, side: Side, bytes: impl AsRef<[u8]>, sizes: &[usize]) -> &Self {
        let chunks = cut(bytes.as_ref(), sizes);
        for (number, chunk) in chunks.iter().enumerate() {
            let push = if number + 1 == chunks.len() { flags::PSH } else { 0 };
            self.net.world().data(self.conn, side, chunk, flags::ACK | push, true);
        }
        self
    }

    /// The port of `side`.
    pub fn port(&self, side: Side) -> u16 {
        self.net.world().conns[self.conn].end(side).port
    }

    /// The largest segment `side` may send.
    pub fn mss(&self, side: Side) -> usize {
        usize::from(self.net.world().conns[self.conn].end(side.peer()).mss)
    }

    /// The next packet goes out `ms` milliseconds after the last.
    pub fn wait(&self, ms: u64) -> &Self {
        self.net.wait(ms);
        self
    }

    /// The next packet goes out `us` microseconds after the last.
    pub fn wait_us(&self, us: u64) -> &Self {
        self.net.wait_us(us);
        self
    }

    /// The next packet goes out `seconds` after the last.
    pub fn wait_secs(&self, seconds: u64) -> &Self {
        self.net.wait_secs(seconds);
        self
    }

    /// A comment on the packet sent last; only pcapng keeps it.
    pub fn note(&self, text: &str) -> &Self {
        self.net.note(text);
        self
    }

    /// `side` closes and the peer closes in turn: FIN, ACK, FIN, ACK. In TLS it says so before.
    pub fn fin(&self, side: Side) -> &Self {
        if let Some(session) = &self.tls {
            let farewell = session.borrow_mut().farewell(side);
            self.send_as_is(side, &farewell);
        }
        self.half_close(side);
        self.half_close(side.peer())
    }

    /// The client closes first.
    pub fn client_fin(&self) -> &Self {
        self.fin(Side::Client)
    }

    /// The server closes first.
    pub fn server_fin(&self) -> &Self {
        self.fin(Side::Server)
    }

    /// `side` sends its FIN and the peer acknowledges it; the other direction stays open.
    pub fn half_close(&self, side: Side) -> &Self {
        self.fin_unanswered(side);
        let mut world = self.net.world();
        let next = world.conns[self.conn].end(side).next;
        world.conns[self.conn].end(side.peer()).seen = next;
        world.emit(self.conn, side.peer(), Segment::new(flags::ACK));
        drop(world);
        self
    }

    /// `side` sends a FIN that nothing answers.
    pub fn fin_unanswered(&self, side: Side) -> &Self {
        let mut world = self.net.world();
        world.emit(self.conn, side, Segment::new(flags::FIN | flags::ACK));
        let end = world.conns[self.conn].end(side);
        end.next = end.next.wrapping_add(1);
        drop(world);
        self
    }

    /// `side` resets the connection.
    pub fn rst(&self, side: Side) -> &Self {
        self.segment(side, Segment { window: Some(0), ..Segment::new(flags::RST | flags::ACK) })
    }

    /// The client resets the connection.
    pub fn client_rst(&self) -> &Self {
        self.rst(Side::Client)
    }

    /// The server resets the connection.
    pub fn server_rst(&self) -> &Self {
        self.rst(Side::Server)
    }

    /// `side` acknowledges all it has.
    pub fn ack(&self, side: Side) -> &Self {
        self.segment(side, Segment::new(flags::ACK))
    }

    /// What `side` sends next was sent before, by the escape hatch: so many bytes, which the peer has.
    pub fn arrived(&self, side: Side, bytes: usize) -> &Self {
        let mut world = self.net.world();
        let end = world.conns[self.conn].end(side);
        end.next = end.next.wrapping_add(bytes as u32);
        world.deliver(self.conn, side, bytes);
        drop(world);
        self
    }

    /// The escape hatch: exactly this segment, and no change to what the two ends believe.
    pub fn segment(&self, side: Side, segment: Segment) -> &Self {
        self.net.world().emit(self.conn, side, segment);
        self
    }

    /// Moves the next sequence number of `side` without sending anything; the peer acknowledges the bytes as if they had
    /// arrived, as when the capture lost them.
    pub fn skip(&self, side: Side, bytes: u32) -> &Self {
        let mut world = self.net.world();
        let end = world.conns[self.conn].end(side);
        end.next = end.next.wrapping_add(bytes);
        world.deliver(self.conn, side, 0);
        drop(world);
        self
    }
}
