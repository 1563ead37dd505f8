//! A SYN with another number on the addresses and ports of a connection that is open: another connection, or nobody's.
//!
//! A client that has forgotten a connection may open the next one on the same ports. So does whoever wants to make a listener forget it;
//! the server asks back (RFC 5961 section 4), and the two go on. What comes next tells: the server answers the SYN, or the client
//! speaks on as before.

use crate::decode::{Segment, flags};
use crate::model::{Endpoint, Stamp};

/// A SYN that was set aside.
pub(super) struct NewSyn {
    segment: Segment<'static>,
    /// Its frame.
    pub at: Stamp,
    /// Number of the connection that it may open: Wireshark counts it in any case.
    pub stream: u32,
}

/// What a segment says of the SYN before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    /// It opened another connection.
    Another,
    /// It was nobody's: its sender speaks on.
    GoesOn,
    /// Nothing.
    Nothing,
}

impl NewSyn {
    /// A SYN without data.
    pub(super) fn new(segment: &Segment<'_>, at: Stamp, stream: u32) -> Self {
        let Segment { ip, source_port, destination_port, sequence, acknowledgement, flags, .. } = *segment;
        let Segment { window, urgent, options, .. } = *segment;
        let (payload, payload_length, raw): (&[u8], _, &[u8]) = (&[], 0, &[]);
        let segment = Segment {
            ip,
            source_port,
            destination_port,
            sequence,
            acknowledgement,
            flags,
            window,
            urgent,
            options,
            payload,
            payload_length,
            raw,
            other: None,
        };
        Self { segment, at, stream }
    }

    /// The segment.
    pub(super) const fn segment(&self) -> &Segment<'static> {
        &self.segment
    }

    /// What the next segment of these addresses and ports says. A SYN that comes again was not answered: nobody repeats what he only
    /// feigns.
    pub(super) fn shown_by(&self, segment: &Segment<'_>) -> Shows {
        let own = sender(segment) == sender(&self.segment);
        let answers = segment.acknowledgement == self.segment.sequence.wrapping_add(1);
        let has = |flag: u8| segment.flags & flag != 0;
        match (own, has(flags::SYN), has(flags::RST)) {
            (true, true, _) | (true, _, true) => Shows::Another,
            (true, false, false) => Shows::GoesOn,
            (false, syn, rst) if (syn || rst) && has(flags::ACK) && answers => Shows::Another,
            _ => Shows::Nothing,
        }
    }
}

fn sender(segment: &Segment<'_>) -> Endpoint {
    Endpoint { ip: segment.ip.source, port: segment.source_port }
}
