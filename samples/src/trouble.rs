//! What goes wrong on the way: loss, order, windows, middleboxes.

use crate::tcp::{Segment, Side, Tcp};
use crate::time::MICROSECOND;
use crate::wire::flags;
use crate::world::{IdRule, World};

impl Tcp {
    /// `side` sends one segment that is lost beyond the capture point, and sends it again after each of these many
    /// milliseconds; the last copy arrives.
    pub fn lost(&self, side: Side, bytes: impl AsRef<[u8]>, retries_ms: &[u64]) -> &Self {
        self.unanswered(side, bytes, retries_ms);
        self.net.world().deliver(self.conn, side, 0);
        self
    }

    /// Like [`Tcp::lost`], but no copy ever arrives.
    pub fn unanswered(&self, side: Side, bytes: impl AsRef<[u8]>, retries_ms: &[u64]) -> &Self {
        self.net.world().data(self.conn, side, bytes.as_ref(), flags::ACK | flags::PSH, false);
        for ms in retries_ms {
            self.wait(*ms).resend(side);
        }
        self
    }

    /// `side` sends its last data segment once more.
    pub fn resend(&self, side: Side) -> &Self {
        let mut world = self.net.world();
        let end = world.conns[self.conn].end(side);
        let (sequence, payload) = end.last_data.clone().unwrap_or((end.next, Vec::new()));
        let back = sequence.wrapping_sub(end.next) as i32;
        drop(world);
        self.segment(side, Segment::data(back, payload))
    }

    /// The segment that `side` sent last was lost beyond the capture point after all: it is sent again `ms` milliseconds later
    /// and arrives.
    pub fn lost_last(&self, side: Side, ms: u64) -> &Self {
        self.net.world().conns[self.conn].end(side.peer()).forget_ack();
        self.wait(ms).resend(side);
        self.net.world().deliver(self.conn, side, 0);
        self
    }

    /// `side` sends these bytes in full segments, of which the capture point never sees the one numbered `missing`
    /// (from 0): the peer asks for it with duplicate acknowledgments (SACK, RFC 2018) and gets it `after_ms` later.
    pub fn gap(&self, side: Side, bytes: impl AsRef<[u8]>, missing: usize, after_ms: u64) -> &Self {
        let bytes = bytes.as_ref();
        let mss = self.mss(side);
        let mut world = self.net.world();
        let start = world.conns[self.conn].end(side).next;
        let after_hole = start.wrapping_add(((missing + 1) * mss) as u32);
        for (number, chunk) in bytes.chunks(mss).enumerate() {
            if number == missing {
                let end = world.conns[self.conn].end(side);
                end.next = end.next.wrapping_add(chunk.len() as u32);
            } else {
                world.data(self.conn, side, chunk, flags::ACK, number < missing);
            }
            if number > missing {
                let end = &world.conns[self.conn].ends[side.peer() as usize];
                let at = world.now + world.hosts[end.host].turnaround();
                let request = selective_ack(&world, self.conn, side.peer(), after_hole);
                world.emit_at(self.conn, side.peer(), request, at);
            }
        }
        drop(world);
        let found = bytes.chunks(mss).nth(missing).unwrap_or_default();
        let rest = bytes.len() - missing * mss;
        self.wait(after_ms).segment(side, Segment::data(-(rest as i32), found));
        self.net.world().deliver(self.conn, side, 0);
        self.ack(side.peer())
    }

    /// `side` sends these bytes in full segments and a shorter last one, and only the last one arrives: the path drops large packets
    /// and says nothing. The first segment is sent again after each of these many milliseconds, in vain.
    pub fn blackhole(&self, side: Side, bytes: impl AsRef<[u8]>, retries_ms: &[u64]) -> &Self {
        let bytes = bytes.as_ref();
        let mss = self.mss(side);
        let full = bytes.len() / mss * mss;
        for chunk in bytes.chunks(mss) {
            self.net.world().data(self.conn, side, chunk, flags::ACK | flags::PSH, false);
        }
        let left = self.net.world().conns[self.conn].end(side).next.wrapping_sub((bytes.len() - full) as u32);
        let request = selective_ack(&self.net.world(), self.conn, side.peer(), left);
        self.segment(side.peer(), request);
        for ms in retries_ms {
            self.wait(*ms).segment(side, Segment::data(-(bytes.len() as i32), &bytes[..mss]));
        }
        self
    }

    /// Captured at the peer of `side`: so many bytes of `side` never come, these behind them do, and the peer says what it lacks.
    pub fn never_arrives(&self, side: Side, missing: u32, behind: impl AsRef<[u8]>) -> &Self {
        {
            let mut world = self.net.world();
            let end = world.conns[self.conn].end(side);
            end.next = end.next.wrapping_add(missing);
            world.data(self.conn, side, behind.as_ref(), flags::ACK | flags::PSH, false);
        }
        let left = self.net.world().conns[self.conn].end(side).next.wrapping_sub(behind.as_ref().len() as u32);
        let request = selective_ack(&self.net.world(), self.conn, side.peer(), left);
        self.segment(side.peer(), request)
    }

    /// `side` sends these bytes in full segments, none of which arrives. The first is sent again after each of these many
    /// milliseconds, in vain.
    pub fn swallowed(&self, side: Side, bytes: impl AsRef<[u8]>, retries_ms: &[u64]) -> &Self {
        let (bytes, mss) = (bytes.as_ref(), self.mss(side));
        for chunk in bytes.chunks(mss) {
            self.net.world().data(self.conn, side, chunk, flags::ACK | flags::PSH, false);
        }
        let first = &bytes[..mss.min(bytes.len())];
        for ms in retries_ms {
            self.wait(*ms).segment(side, Segment::data(-(bytes.len() as i32), first));
        }
        self
    }

    /// `side` sends these bytes as two segments that pass the capture point in the wrong order.
    pub fn reordered(&self, side: Side, bytes: impl AsRef<[u8]>) -> &Self {
        let bytes = bytes.as_ref();
        let (first, second) = bytes.split_at(bytes.len() / 2);
        self.segment(side, Segment::data(first.len() as i32, second));
        self.segment(side, Segment { flags: flags::ACK, ..Segment::data(0, first) });
        let mut world = self.net.world();
        let end = world.conns[self.conn].end(side);
        end.next = end.next.wrapping_add(bytes.len() as u32);
        world.deliver(self.conn, side, 0);
        drop(world);
        self
    }

    /// `side` sends a segment that begins `back` bytes before its next byte: an overlap, whose first `back` bytes the peer has
    /// already.
    pub fn overlap(&self, side: Side, back: u32, bytes: impl AsRef<[u8]>) -> &Self {
        let bytes = bytes.as_ref();
        self.segment(side, Segment::data(-(back as i32), bytes));
        let mut world = self.net.world();
        let end = world.conns[self.conn].end(side);
        end.next = end.next.wrapping_add((bytes.len() as u32).saturating_sub(back));
        world.deliver(self.conn, side, 0);
        drop(world);
        self
    }

    /// `side` closes its receive window; after each of these many milliseconds the peer probes it, as Linux does with an empty
    /// segment of an old number, and finds it closed; `open_after_ms` after the last probe the window opens again.
    pub fn zero_window(&self, side: Side, probes_ms: &[u64], open_after_ms: u64) -> &Self {
        let closed = || Segment { window: Some(0), ..Segment::new(flags::ACK) };
        self.segment(side, closed());
        for ms in probes_ms {
            self.wait(*ms).keepalive_unanswered(side.peer()).segment(side, closed());
        }
        self.wait(open_after_ms).ack(side)
    }

    /// `side` sends a TCP keep-alive (RFC 9293 section 3.8.4); the peer answers it.
    pub fn keepalive(&self, side: Side) -> &Self {
        self.keepalive_unanswered(side).ack(side.peer())
    }

    /// `side` sends a TCP keep-alive that nothing answers.
    pub fn keepalive_unanswered(&self, side: Side) -> &Self {
        self.segment(side, Segment { sequence: -1, ..Segment::new(flags::ACK) })
    }

    /// A device in between resets the connection towards `to`, in the name of the other side: with the device's own TTL and
    /// the IP identification of the packet just seen.
    pub fn middlebox_rst(&self, to: Side, ttl: u8) -> &Self {
        let mut world = self.net.world();
        let copied = world.conns[self.conn].last_event;
        let reset = Segment { ttl: Some(ttl), window: Some(0), ..Segment::new(flags::RST | flags::ACK) };
        if !world.exact {
            world.now += 300 * MICROSECOND;
            world.exact = true;
        }
        world.emit(self.conn, to.peer(), reset);
        if let Some(event) = world.events.last_mut() {
            event.id = IdRule::SameAs(copied);
        }
        drop(world);
        self
    }
}

/// `side` acknowledges what it had before, and selectively what lies between `left` and the peer's next byte.
pub(crate) fn selective_ack(world: &World, conn: usize, side: Side, left: u32) -> Segment {
    const NOP: u8 = 1;
    const SACK: u8 = 5;
    let right = world.conns[conn].ends[side.peer() as usize].next;
    let mut options = vec![NOP, NOP, SACK, 10];
    options.extend(left.to_be_bytes());
    options.extend(right.to_be_bytes());
    Segment { options, ..Segment::new(flags::ACK) }
}
