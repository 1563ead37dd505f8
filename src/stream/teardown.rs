//! Who hung up: the first FIN or RST that counts, by sequence number, and who really sent it.

use crate::model::{Close, CloseBy, PerSide, ResetOrigin, Side, Span, Stamp, Teardown};

/// FINs and RSTs seen so far.
#[derive(Debug, Default)]
pub(super) struct TeardownTracker {
    /// Nothing while the connection is open, which most memory is used for.
    seen: Option<Box<CloseEvents>>,
}

#[derive(Debug, Default)]
struct CloseEvents {
    fin: PerSide<Option<Fin>>,
    /// Of FINs that something on the path sent.
    fin_origin: PerSide<Option<ResetOrigin>>,
    rst: PerSide<Option<Stamp>>,
    /// The RST that ended it, if one did.
    reset: Option<(Stamp, ResetOrigin)>,
    /// It may not have been taken.
    doubt: Option<ResetDoubt>,
}

/// A RST that its receiver may not have taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct ResetDoubt {
    /// The side whose address it carries.
    pub from: Side,
    /// What either side had sent by then, as an offset.
    pub sent: PerSide<u64>,
}

/// Both sides going on for so long after a RST that nothing is under way any more from before it.
const UNDER_WAY: Span = Span::from_secs(1);

/// A FIN.
#[derive(Debug, Clone, Copy)]
struct Fin {
    at: Stamp,
    /// Offset in its sender's stream, behind the last byte.
    offset: u64,
    /// What its sender had sent by then, as an offset.
    sent: u64,
    /// What it acknowledges of the peer's stream.
    acknowledges: Option<i64>,
    acknowledged: bool,
}

/// What a RST or FIN is compared with: its sender's earlier packets and the packet it seems to answer.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ResetFingerprint {
    /// TTL or hop limit of the segment.
    pub ttl: u8,
    /// Its IP identification.
    pub id: Option<u16>,
    /// Its window.
    pub window: u16,
    /// Smallest and largest TTL of that side's earlier packets.
    pub known_ttl: Option<(u8, u8)>,
    /// IP identification of the other side's last packet.
    pub peer_id: Option<u16>,
    /// Window of the other side's last packet.
    pub peer_window: Option<u16>,
}

impl TeardownTracker {
    /// A FIN at `offset` of `from`'s stream, of which everything before `sent` was sent by then. Gives true if it is that side's first.
    pub(super) fn fin(&mut self, from: Side, offset: u64, acknowledges: Option<i64>, sent: u64, at: Stamp) -> bool {
        let fin = &mut self.seen.get_or_insert_default().fin[from];
        let first = fin.is_none();
        if first {
            *fin = Some(Fin { at, offset, sent, acknowledges, acknowledged: false });
        }
        first
    }

    /// The first FIN of that side has this fingerprint. A TTL of its own gives away a device that ends the session in the name of a
    /// host, as load balancers and proxies do; hosts number their packets as they like, so that an identification proves nothing.
    pub(super) fn fin_fingerprint(&mut self, from: Side, fingerprint: &ResetFingerprint, ttl_distance: u8) {
        if let Some(seen) = self.seen.as_mut().filter(|_| is_off(fingerprint, ttl_distance)) {
            seen.fin_origin[from] = Some(origin(from, fingerprint, ttl_distance));
        }
    }

    /// A RST in sequence. Gives true if it ended the connection: no RST and no FIN of both sides came before.
    /// `doubt`: it may not be taken, and the connection is not over before that shows.
    pub(super) fn reset(
        &mut self,
        from: Side,
        at: Stamp,
        fingerprint: &ResetFingerprint,
        ttl_distance: u8,
        doubt: Option<ResetDoubt>,
    ) -> bool {
        let seen = self.seen.get_or_insert_default();
        seen.rst[from].get_or_insert(at);
        let first = seen.reset.is_none();
        if first {
            seen.reset = Some((at, origin(from, fingerprint, ttl_distance)));
            seen.doubt = doubt;
        } else if doubt.is_none() {
            seen.doubt = None;
        }
        first
    }

    /// The peer of `of` acknowledged everything before `offset`, in a RST or not. What both sides go on after was no end.
    pub(super) fn acknowledged(&mut self, of: Side, offset: u64, at: Stamp, in_reset: bool) {
        let Some(seen) = &mut self.seen else { return };
        if let Some(fin) = &mut seen.fin[of] {
            fin.acknowledged |= offset > fin.offset;
            if offset > fin.offset.max(fin.sent).saturating_add(1) {
                (seen.fin[of], seen.fin_origin[of]) = (None, None);
            }
        }
        if !in_reset && seen.goes_on(of, offset, at) {
            if let Some((reset, origin)) = seen.reset.take() {
                seen.rst[origin.claimed].take_if(|rst| *rst == reset);
            }
            seen.doubt = None;
        }
        if seen.is_nothing() {
            self.seen = None;
        }
    }

    /// Offset behind the last byte of that side, if its FIN was seen.
    pub(super) fn end_of(&self, side: Side) -> Option<u64> {
        self.seen.as_ref()?.fin[side].map(|fin| fin.offset)
    }

    /// Nothing more is to come: reset, or both sides have ended and acknowledged.
    pub(super) fn is_over(&self) -> bool {
        let done = |fin: Option<Fin>| fin.is_some_and(|fin| fin.acknowledged);
        let is_reset = |seen: &CloseEvents| seen.reset.is_some() && seen.doubt.is_none();
        self.seen.as_ref().is_some_and(|seen| is_reset(seen) || (done(seen.fin.client) && done(seen.fin.server)))
    }

    /// A RST ended it, as far as can be told.
    pub(super) fn is_reset(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.reset.is_some())
    }

    /// True once a FIN or RST was seen.
    pub(super) fn has_begun(&self) -> bool {
        self.seen.is_some()
    }

    /// The verdict. `after_message` is left to whoever knows the messages.
    pub(super) fn verdict(&self) -> Teardown {
        self.seen.as_ref().map(|seen| seen.verdict()).unwrap_or_default()
    }
}

impl CloseEvents {
    /// That acknowledgement shows that a RST in doubt was not taken: whoever it was sent to takes what its sender said later, or its
    /// sender takes what comes long after it.
    fn goes_on(&self, of: Side, offset: u64, at: Stamp) -> bool {
        let (Some(doubt), Some((reset, _))) = (&self.doubt, &self.reset) else { return false };
        offset > doubt.sent[of].saturating_add(1) && (of == doubt.from || at.since(*reset) > UNDER_WAY)
    }

    fn is_nothing(&self) -> bool {
        let none = |at: PerSide<Option<Stamp>>| at.client.is_none() && at.server.is_none();
        self.reset.is_none() && none(self.rst) && self.fin.client.is_none() && self.fin.server.is_none()
    }

    fn verdict(&self) -> Teardown {
        let (how, by, at, reset_origin) = match (self.first_fin(), &self.reset) {
            (Some((side, fin)), reset) if reset.as_ref().is_none_or(|(at, _)| fin.at.time <= at.time) => {
                let origin = self.fin_origin[side].clone();
                let who = if origin.is_some() { CloseBy::Middlebox } else { by(side) };
                (Close::Fin, who, Some(fin.at), origin)
            }
            (_, Some((at, origin))) => {
                let who = if origin.middlebox { CloseBy::Middlebox } else { by(origin.claimed) };
                (Close::Rst, who, Some(*at), Some(origin.clone()))
            }
            _ => (Close::Open, CloseBy::None, None, None),
        };
        let fin = PerSide { client: self.fin.client.map(|f| f.at), server: self.fin.server.map(|f| f.at) };
        Teardown { how, by, at, after_message: 0, fin, rst: self.rst, reset_origin }
    }

    /// The FIN that counts. One that acknowledges the other's FIN came second, in whatever order the two were
    /// captured.
    fn first_fin(&self) -> Option<(Side, Fin)> {
        match (self.fin.client, self.fin.server) {
            (Some(client), Some(server)) => {
                let answers = |a: Fin, b: Fin| a.acknowledges.is_some_and(|ack| ack > b.offset.cast_signed());
                let client_first = match (answers(server, client), answers(client, server)) {
                    (true, false) => true,
                    (false, true) => false,
                    _ => (client.at.time, client.at.frame) <= (server.at.time, server.at.frame),
                };
                Some(if client_first { (Side::Client, client) } else { (Side::Server, server) })
            }
            (Some(client), None) => Some((Side::Client, client)),
            (None, Some(server)) => Some((Side::Server, server)),
            (None, None) => None,
        }
    }
}

fn by(side: Side) -> CloseBy {
    match side {
        Side::Client => CloseBy::Client,
        Side::Server => CloseBy::Server,
    }
}

/// The TTL is further from those of its sender than that.
fn is_off(c: &ResetFingerprint, ttl_distance: u8) -> bool {
    c.known_ttl.is_some_and(|(low, high)| low.saturating_sub(c.ttl).max(c.ttl.saturating_sub(high)) > ttl_distance)
}

/// Judges a RST or FIN by TTL, IP identification and window. A copied window alone proves nothing: hosts that send a
/// zero or a default window may happen to agree.
fn origin(claimed: Side, c: &ResetFingerprint, ttl_distance: u8) -> ResetOrigin {
    let mut reasons = Vec::new();
    let mut middlebox = false;
    if let Some((low, high)) = c.known_ttl {
        let is_off = is_off(c, ttl_distance);
        let known = if low == high { low.to_string() } else { format!("{low} to {high}") };
        middlebox |= is_off;
        let verdict = if is_off { "differs from" } else { "fits" };
        reasons.push(format!("TTL {} {verdict} the {}'s other packets ({known})", c.ttl, claimed.name()));
    }
    if let Some(id) = c.id.filter(|&id| id != 0 && Some(id) == c.peer_id) {
        middlebox = true;
        reasons.push(format!("IP ID {id} is copied from the {}'s packet before it", claimed.peer().name()));
    }
    if middlebox && c.window != 0 && Some(c.window) == c.peer_window {
        reasons.push(format!("window {} is copied from that packet as well", c.window));
    }
    ResetOrigin { claimed, middlebox, ttl: c.ttl, id: c.id, reasons }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FrameRef, Timestamp};

    fn at(n: u64) -> Stamp {
        Stamp { frame: FrameRef { input: 0, number: n }, time: Timestamp::new(n as i64 * 1000, 6) }
    }

    #[test]
    fn a_reset_after_a_fin_is_no_abort() {
        let mut closing = TeardownTracker::default();
        closing.fin(Side::Client, 10, Some(20), 10, at(1));
        closing.reset(Side::Client, at(2), &ResetFingerprint::default(), 2, None);
        let verdict = closing.verdict();
        assert_eq!((verdict.how, verdict.by), (Close::Fin, CloseBy::Client));
        assert_eq!(verdict.rst.client, Some(at(2)));
    }

    #[test]
    fn the_fin_that_answers_is_second_in_whatever_order_it_was_captured() {
        let mut closing = TeardownTracker::default();
        closing.fin(Side::Client, 10, Some(21), 10, at(1));
        closing.fin(Side::Server, 20, Some(10), 20, at(2));
        assert_eq!(closing.verdict().by, CloseBy::Server);
        assert!(!closing.is_over());
        closing.acknowledged(Side::Client, 11, at(3), false);
        closing.acknowledged(Side::Server, 21, at(4), false);
        assert!(closing.is_over());
    }

    #[test]
    fn a_reset_in_doubt_is_no_end_if_both_go_on() {
        let sent = PerSide { client: 10, server: 20 };
        let doubt = Some(ResetDoubt { from: Side::Server, sent });
        let mut closing = TeardownTracker::default();
        closing.reset(Side::Server, at(1), &ResetFingerprint::default(), 2, doubt);
        closing.acknowledged(Side::Client, 30, at(2), false); // may have been under way
        closing.acknowledged(Side::Server, 20, at(3), false);
        closing.acknowledged(Side::Server, 40, at(4), true);
        assert!(closing.has_begun() && !closing.is_over() && closing.verdict().how == Close::Rst);
        closing.acknowledged(Side::Server, 40, at(5), false);
        assert!(!closing.has_begun() && closing.verdict() == Teardown::default());
        // One without doubt behind it ends the connection all the same.
        closing.reset(Side::Server, at(6), &ResetFingerprint::default(), 2, doubt);
        closing.reset(Side::Client, at(7), &ResetFingerprint::default(), 2, None);
        assert!(closing.is_over());
    }

    #[test]
    fn a_fin_that_is_acknowledged_beyond_was_none() {
        let mut closing = TeardownTracker::default();
        closing.fin(Side::Server, 20, None, 20, at(1));
        closing.acknowledged(Side::Server, 21, at(2), false);
        assert!(closing.has_begun());
        closing.acknowledged(Side::Server, 30, at(3), false);
        assert!(!closing.has_begun() && closing.end_of(Side::Server).is_none());
    }

    #[test]
    fn a_fin_of_a_device_is_not_the_host_s() {
        let fit = ResetFingerprint {
            ttl: 63,
            known_ttl: Some((63, 64)),
            id: Some(7),
            peer_id: Some(7),
            ..ResetFingerprint::default()
        };
        let verdict = |fingerprint| {
            let mut closing = TeardownTracker::default();
            closing.fin(Side::Server, 10, None, 10, at(1));
            closing.fin_fingerprint(Side::Server, &fingerprint, 2);
            closing.verdict()
        };
        assert_eq!((verdict(fit).by, verdict(fit).reset_origin), (CloseBy::Server, None));
        let device = verdict(ResetFingerprint { ttl: 255, ..fit });
        assert_eq!((device.how, device.by), (Close::Fin, CloseBy::Middlebox));
        assert_eq!(device.reset_origin.map(|origin| origin.claimed), Some(Side::Server));
        assert_eq!(verdict(ResetFingerprint { ttl: 255, known_ttl: None, ..fit }).by, CloseBy::Server);
    }

    #[test]
    fn a_middlebox_gives_itself_away() {
        let host = ResetFingerprint { ttl: 63, known_ttl: Some((63, 64)), id: Some(7), ..ResetFingerprint::default() };
        for (fingerprint, middlebox) in [
            (host, false),
            (ResetFingerprint { ttl: 255, ..host }, true),
            (ResetFingerprint { peer_id: Some(7), ..host }, true),
            (ResetFingerprint { id: Some(0), peer_id: Some(0), ..host }, false),
            (ResetFingerprint { known_ttl: None, ttl: 255, ..host }, false),
            (ResetFingerprint { window: 512, peer_window: Some(512), ..host }, false),
        ] {
            let origin = origin(Side::Server, &fingerprint, 2);
            assert_eq!(origin.middlebox, middlebox, "{fingerprint:?}");
        }
    }
}
