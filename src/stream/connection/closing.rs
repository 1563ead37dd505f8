//! FIN and RST of a connection: which of them count, and what tells whose they are.

use super::super::Limits;
use super::super::teardown::{ResetDoubt, ResetFingerprint};
use super::Connection;
use crate::model::{PerSide, Segment, Side, Stamp, flags};

/// Packets of a side from which on its FIN can be compared with them, the FIN among them.
const FIN_AFTER: u64 = 2;

impl Connection {
    pub(super) fn fin(&mut self, from: Side, segment: &Segment<'_>, at: Stamp, limits: &Limits) {
        let sequence = segment.sequence.wrapping_add(segment.payload_length);
        let Some(offset) = self.offset(from, sequence).and_then(|o| u64::try_from(o).ok()) else { return };
        let acknowledges =
            (segment.flags & flags::ACK != 0).then(|| self.offset(from.peer(), segment.acknowledgement)).flatten();
        let direction = &self.directions[from];
        if offset.saturating_add(1) < direction.acknowledged {
            return;
        }
        let is_first = self.closing.fin(from, offset, acknowledges, direction.highest, at);
        // The SYN-ACK alone may be that of a device which only opens sessions in the server's name.
        if is_first && direction.packets > FIN_AFTER {
            let fingerprint = self.fingerprint(from, segment, None);
            self.closing.fin_fingerprint(from, &fingerprint, limits.ttl_distance);
        }
    }

    /// What tells whether a RST or FIN is its sender's. `known_ttl`: what other connections show of the sender.
    fn fingerprint(&self, from: Side, segment: &Segment<'_>, known_ttl: Option<(u8, u8)>) -> ResetFingerprint {
        let (direction, peer) = (&self.directions[from], &self.directions[from.peer()]);
        ResetFingerprint {
            ttl: segment.ip.ttl,
            id: segment.ip.id,
            window: segment.window,
            // A scanner's SYN is made by hand and its RST by the system: a SYN alone is nothing to compare with.
            known_ttl: direction.ttl.filter(|_| direction.spoke).or(known_ttl),
            peer_id: peer.last_id,
            peer_window: (peer.packets > 0).then_some(peer.window),
        }
    }

    /// A RST counts if its sequence number lies where its receiver looks for it (RFC 9293 3.10.7.4); one that
    /// answers a SYN counts if it acknowledges that SYN.
    ///
    /// Hosts of today take it only if it is the very number that is due, and ask otherwise (RFC 5961 section 3); one with a wrong
    /// checksum they drop, and one that has another way behind it than its sender's packets may never have come to them. So it is
    /// waited for what they do.
    pub(super) fn reset(
        &mut self,
        from: Side,
        segment: &Segment<'_>,
        at: Stamp,
        known_ttl: Option<(u8, u8)>,
        is_damaged: bool,
        limits: &Limits,
    ) {
        let direction = &self.directions[from];
        let peer = &self.directions[from.peer()];
        let before_answer =
            from == Side::Server && self.syn_ack.is_none() && !self.roles_guessed && direction.highest == 0;
        let in_window = self.offset(from, segment.sequence).is_some_and(|offset| {
            let scale = peer.window_scale.unwrap_or(0);
            let window = i64::from(peer.window).checked_shl(u32::from(scale)).unwrap_or(i64::MAX);
            let (low, high) = (direction.acknowledged.cast_signed(), direction.highest.cast_signed());
            offset >= low.saturating_sub(1) && offset <= high.max(low.saturating_add(window)).saturating_add(1)
        });
        let answers_syn =
            segment.flags & flags::ACK != 0 && peer.base == Some(segment.acknowledgement.wrapping_sub(self.syn_data));
        let answers_syn = answers_syn || peer.base == Some(segment.acknowledgement);
        if !(in_window || before_answer && answers_syn) {
            return;
        }
        let fingerprint = self.fingerprint(from, segment, known_ttl);
        let offset = self.offset(from, segment.sequence).and_then(|offset| u64::try_from(offset).ok());
        let end =
            self.closing.end_of(from).map_or(direction.highest, |fin| direction.highest.max(fin.saturating_add(1)));
        let is_due = offset.is_some_and(|offset| (direction.acknowledged.min(end)..=end).contains(&offset));
        let is_off = |(low, high): (u8, u8)| !(low..=high).contains(&segment.ip.ttl);
        let in_doubt = !before_answer && (is_damaged || !is_due || fingerprint.known_ttl.is_some_and(is_off));
        let sent = PerSide { client: self.directions.client.highest, server: self.directions.server.highest };
        let doubt = (in_doubt && self.details.is_some()).then_some(ResetDoubt { from, sent });
        self.closing.reset(from, at, &fingerprint, limits.ttl_distance, doubt);
        self.refused |= before_answer;
    }
}
