//! What a frame holds, in the end.

use crate::model::{Datagram, IcmpError, Segment};

/// What a frame holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet<'a> {
    /// A TCP segment.
    Tcp(Segment<'a>),
    /// A UDP datagram.
    Udp(Datagram<'a>),
    /// An ICMP or ICMPv6 error.
    IcmpError(IcmpError),
    /// Nothing that is followed further, and why: one of the phrases in `reason`.
    Other(&'static str),
}
