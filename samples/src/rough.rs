//! Messages over a path on which some segments meet with an accident, as [`Variation`](crate::Variation) tells: loss, repetition,
//! another order. In the end the peer has every byte, and the capture shows every byte.

use crate::tcp::{Segment, Side, Tcp};
use crate::trouble::selective_ack;
use crate::vary::{Fate, Varying};
use crate::wire::flags;
use crate::world::World;

/// How long a sender waits for an acknowledgment before it repeats itself, in ms.
const RETRANSMISSION_TIMEOUT: u64 = 300;
/// How long a sender waits before it sends its last segment again to learn whether that arrived (RFC 8985 section 7), in ms.
const TAIL_LOSS_PROBE: u64 = 12;

impl World {
    /// What becomes of so many segments.
    pub(crate) fn fates(&mut self, segments: usize) -> Vec<Fate> {
        let fate = |_| self.vary.as_mut().map_or(Fate::Arrives, Varying::fate);
        (0..segments).map(fate).collect()
    }
}

impl Tcp {
    /// `side` sends these segments of one message, each of which fares as it is told.
    pub(crate) fn send_over_rough_path(&self, side: Side, chunks: &[&[u8]], fates: &[Fate]) -> &Self {
        let start = self.net.world().conns[self.conn].end(side).next;
        let mut message = Sending { tcp: self, side, start, offset: 0, missing: Vec::new(), late: None };
        for (number, (chunk, fate)) in chunks.iter().zip(fates).enumerate() {
            message.segment(chunk, *fate, number + 1 == chunks.len());
        }
        message.finish();
        self
    }
}

/// A message on its way.
struct Sending<'a> {
    tcp: &'a Tcp,
    side: Side,
    /// Sequence number of its first byte.
    start: u32,
    /// How much of it has been sent.
    offset: u32,
    /// What the peer has not got, by its place in the message.
    missing: Vec<(u32, &'a [u8])>,
    /// What follows after the next segment.
    late: Option<(u32, &'a [u8])>,
}

impl<'a> Sending<'a> {
    fn segment(&mut self, chunk: &'a [u8], fate: Fate, last: bool) {
        match fate {
            Fate::LostBeyond => {
                self.pass(chunk, last, false);
                self.missing.push((self.offset, chunk));
            }
            Fate::LostBefore => {
                self.pass_unseen(chunk);
                self.missing.push((self.offset, chunk));
            }
            Fate::Late if !last && self.late.is_none() => {
                self.pass_unseen(chunk);
                self.late = Some((self.offset, chunk));
            }
            Fate::Arrives | Fate::Twice | Fate::Late => self.arrive(chunk, fate, last),
        }
        self.offset += chunk.len() as u32;
    }

    fn arrive(&mut self, chunk: &[u8], fate: Fate, last: bool) {
        self.pass(chunk, last, self.missing.is_empty() && self.late.is_none());
        if fate == Fate::Twice {
            self.tcp.wait(TAIL_LOSS_PROBE).resend(self.side);
        }
        self.catch_up();
        if !self.missing.is_empty() {
            self.ask_again();
        }
    }

    /// Whatever is late or missing arrives, and the peer acknowledges all of it.
    fn finish(mut self) {
        self.catch_up();
        if !self.missing.is_empty() {
            self.tcp.wait(RETRANSMISSION_TIMEOUT);
        }
        for (offset, chunk) in &self.missing {
            self.put_in(*offset, chunk);
        }
        self.tcp.net.world().deliver(self.tcp.conn, self.side, 0);
    }

    fn catch_up(&mut self) {
        if let Some((offset, chunk)) = self.late.take() {
            self.put_in(offset, chunk);
        }
    }

    /// The next segment passes the capture point.
    fn pass(&self, chunk: &[u8], last: bool, delivered: bool) {
        let push = if last { flags::PSH } else { 0 };
        self.tcp.net.world().data(self.tcp.conn, self.side, chunk, flags::ACK | push, delivered);
    }

    /// The next segment is sent, and nobody has seen it yet.
    fn pass_unseen(&self, chunk: &[u8]) {
        let mut world = self.tcp.net.world();
        let end = world.conns[self.tcp.conn].end(self.side);
        end.next = end.next.wrapping_add(chunk.len() as u32);
    }

    /// A segment from so far behind the message's beginning.
    fn put_in(&self, offset: u32, chunk: &[u8]) {
        let next = self.tcp.net.world().conns[self.tcp.conn].end(self.side).next;
        let back = self.start.wrapping_add(offset).wrapping_sub(next) as i32;
        self.tcp.segment(self.side, Segment::data(back, chunk));
    }

    /// The peer has the segment sent last, but not all before it, and says so at once.
    fn ask_again(&self) {
        let (mut world, peer) = (self.tcp.net.world(), self.side.peer());
        let end = world.conns[self.tcp.conn].end(peer);
        end.forget_ack();
        let host = end.host;
        let at = world.now + world.hosts[host].turnaround();
        let request = selective_ack(&world, self.tcp.conn, peer, self.start.wrapping_add(self.offset));
        world.emit_at(self.tcp.conn, peer, request, at);
    }
}
