//! What a decoder of one layer answers: where to go on, and as what.

use super::captured::Captured;
use super::fragments::Fragment;
use super::network::Network;
use super::packet::Packet;
use crate::model::Datagram;

/// What the next bytes are.
#[derive(Debug, Clone, Copy)]
pub(super) enum HeaderKind {
    /// By the link type of the capture.
    Link(u16),
    /// Ethernet II or IEEE 802.3.
    Ethernet,
    /// What an Ethernet type says.
    EtherType(u16),
    /// IEEE 802.2 LLC.
    Llc,
    /// A label of an MPLS stack.
    Mpls,
    /// PPP, with or without address and control bytes.
    Ppp,
    /// IEEE 802.11 with its header.
    Wlan,
    /// IPv4 or IPv6, whichever the version says.
    Ip,
    /// What an IP protocol number says.
    IpPayload(Network),
}

/// What came of one layer.
#[derive(Debug)]
pub(super) enum Step<'a> {
    /// Go on.
    To(HeaderKind, Captured<'a>),
    /// Go on under this VLAN.
    Tagged(u16, HeaderKind, Captured<'a>),
    /// Go on inside a datagram, which is the answer if nothing better is in it.
    Into(Datagram<'a>, HeaderKind, Captured<'a>),
    /// Wait for the other fragments, unless they are all here.
    Fragment(Fragment<'a>),
    /// The end.
    Done(Packet<'a>),
}

impl<'a> From<Packet<'a>> for Step<'a> {
    fn from(packet: Packet<'a>) -> Self {
        Self::Done(packet)
    }
}

/// The end, for a reason.
pub(super) const fn stop<'a>(reason: &'static str) -> Step<'a> {
    Step::Done(Packet::Other(reason))
}
