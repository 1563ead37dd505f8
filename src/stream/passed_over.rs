//! A connection that nobody wants to hear: its packets are told from those of the next connection on the same ports,
//! and that is all.

use crate::decode::{Segment, flags};
use crate::model::Endpoint;

/// What is kept of a connection that is passed over. Small enough to lie in the table of flows itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassedOver {
    /// Sequence number of the first byte, of the lower endpoint and of the higher.
    bases: [u32; 2],
    /// Whose FIN was seen, in the same order.
    fins: [bool; 2],
    reset: bool,
}

impl PassedOver {
    /// A connection between two endpoints, each with the sequence number of its first byte and whether it sent a FIN.
    pub(super) fn new(one: (Endpoint, u32, bool), other: (Endpoint, u32, bool)) -> Self {
        let (low, high) = if one.0 <= other.0 { (one, other) } else { (other, one) };
        Self { bases: [low.1, high.1], fins: [low.2, high.2], reset: false }
    }

    /// Takes a segment between the same endpoints. True if it is a SYN that opens another connection, as
    /// [`Connection::is_reopened_by`](super::Connection::is_reopened_by) judges; it is not taken then.
    #[inline]
    pub fn is_reopened_by(&mut self, segment: &Segment<'_>) -> bool {
        segment.flags & (flags::SYN | flags::FIN | flags::RST) != 0 && self.boundary(segment)
    }

    /// Nothing more is to come.
    pub fn is_over(&self) -> bool {
        self.reset || self.fins == [true; 2]
    }

    fn boundary(&mut self, segment: &Segment<'_>) -> bool {
        let low = (segment.ip.source, segment.source_port) <= (segment.ip.destination, segment.destination_port);
        let ([low_base, high_base], [low_fin, high_fin]) = (self.bases, &mut self.fins);
        let closing = self.reset || *low_fin || *high_fin;
        let (base, fin) = if low { (low_base, low_fin) } else { (high_base, high_fin) };
        *fin |= segment.flags & flags::FIN != 0;
        self.reset |= segment.flags & flags::RST != 0;
        let syn = segment.flags & (flags::SYN | flags::ACK) == flags::SYN;
        syn && (closing || base.wrapping_sub(1) != segment.sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{IpInfo, TcpOptions};

    const CLIENT: u8 = 50;
    const SERVER: u8 = 9;

    fn segment(from: u8, flags: u8, sequence: u32) -> Segment<'static> {
        let to = if from == CLIENT { SERVER } else { CLIENT };
        let ip = |host| [10, 0, 0, host].into();
        Segment {
            ip: IpInfo { source: ip(from), destination: ip(to), ttl: 64, id: None, dont_fragment: true },
            source_port: 443,
            destination_port: 443,
            sequence,
            acknowledgement: 0,
            flags,
            window: 1000,
            options: TcpOptions::default(),
            payload: &[],
            payload_length: 0,
            raw: &[],
        }
    }

    /// The client's stream begins at 1001, the server's at 5001.
    fn passed_over() -> PassedOver {
        let end = |host| Endpoint { ip: [10, 0, 0, host].into(), port: 443 };
        PassedOver::new((end(CLIENT), 1001, false), (end(SERVER), 5001, false))
    }

    #[test]
    fn only_a_new_syn_opens_another() {
        let mut flow = passed_over();
        for (from, flags, sequence, reopens) in [
            (CLIENT, flags::ACK, 7777, false),
            (CLIENT, flags::SYN, 1000, false),
            (SERVER, flags::SYN, 5000, false),
            (SERVER, flags::SYN | flags::ACK, 9999, false),
            (CLIENT, flags::SYN, 9999, true),
            (SERVER, flags::SYN, 1000, true),
        ] {
            assert_eq!(flow.is_reopened_by(&segment(from, flags, sequence)), reopens, "{from} {flags} {sequence}");
        }
        assert!(!flow.is_over());
    }

    #[test]
    fn after_a_fin_or_rst_any_syn_does() {
        for end in [flags::FIN, flags::RST] {
            let mut flow = passed_over();
            assert!(!flow.is_reopened_by(&segment(SERVER, end | flags::ACK, 6000)));
            assert_eq!(flow.is_over(), end == flags::RST);
            assert!(flow.is_reopened_by(&segment(CLIENT, flags::SYN, 1000)));
        }
    }

    #[test]
    fn both_fins_are_the_end() {
        let mut flow = passed_over();
        flow.is_reopened_by(&segment(SERVER, flags::FIN | flags::ACK, 6000));
        flow.is_reopened_by(&segment(CLIENT, flags::FIN | flags::ACK, 2000));
        assert!(flow.is_over());
    }
}
