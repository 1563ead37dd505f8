//! From a frame to the TCP segment, UDP datagram or ICMP error in it: link layers, VLAN, tunnels, IPv4, IPv6 and
//! fragments. Lax: a cut, a wrong checksum or a bad option does not lose the packet.
//!
//! A frame in a tunnel gives the innermost packet. Wireshark lists the conversation of the outer UDP datagram as
//! well; here a datagram that was followed inward is not returned, and so not counted. If nothing in it can be
//! decoded, the datagram itself is the answer.
//!
//! Plain frames take a short path (`fast.rs`); all others are peeled layer by layer (`walk.rs`). Why a frame is
//! followed no further is one of the phrases in [`reason`].
//!
//! Link types: Ethernet, BSD loopback, raw IP, Linux cooked 1 and 2, PPP, PPPoE, Cisco HDLC, frame relay, IEEE 802.11
//! (bare, or with radiotap, PPI, AVS or Prism headers), Linux netfilter log, Apple PKTAP. Between them and IP: VLAN
//! tags, MPLS, PPPoE, LLC and SNAP, MACsec in clear, Cisco metadata and VN-Tag, network service headers. Tunnels: IP
//! in IP, GRE, PPTP, ERSPAN, NVGRE, EtherIP, VXLAN, VXLAN-GPE, Geneve, GTP-U, Teredo, AYIYA, MPLS in IP and UDP.
mod captured;
mod ether;
mod fast;
mod fragments;
mod gre;
mod headers;
mod icmp;
mod ip;
mod link;
mod network;
mod packet;
mod ppp;
pub(crate) mod reason;
mod step;
mod tcp;
mod udp;
mod walk;
mod wlan;

pub(crate) use crate::model::{Datagram, Segment, flags};
pub(crate) use headers::{FragmentPlace, Headers, PayloadPlace};
pub use packet::Packet;
pub(crate) use tcp::tcp_checksum_ok;

use crate::model::Frame;

/// Decodes frames. Keeps fragments until their packet is whole, within limits.
#[derive(Debug, Default)]
pub struct Decoder {
    fragments: fragments::Fragments,
    /// Packets that the last frame completed; two, as a fragment may lie inside a packet made of fragments.
    whole: [fragments::Whole; 2],
}

impl Decoder {
    /// A decoder without fragments.
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes one frame. A packet that this frame completes from fragments is lent from the decoder.
    #[inline]
    pub fn decode<'a>(&'a mut self, frame: &Frame<'a>) -> Packet<'a> {
        match fast::packet(frame) {
            Some(packet) => packet,
            None => self.decode_fully(frame),
        }
    }

    /// Decodes one frame, and says where its headers stand.
    pub(crate) fn decode_with_headers<'a>(&'a mut self, frame: &Frame<'a>) -> (Packet<'a>, Headers) {
        let mut headers = Headers::of(frame.data);
        let captured = captured::Captured::of_frame(frame);
        let (fragments, whole) = (&mut self.fragments, &mut self.whole);
        let packet = walk::walk(frame.link_type, captured, frame.at, fragments, whole, Some(&mut headers));
        (packet, headers)
    }

    /// Fragments that were given up or are still waiting.
    pub fn fragments_lost(&self) -> u64 {
        self.fragments.lost()
    }

    #[inline(never)]
    fn decode_fully<'a>(&'a mut self, frame: &Frame<'a>) -> Packet<'a> {
        let captured = captured::Captured::of_frame(frame);
        walk::walk(frame.link_type, captured, frame.at, &mut self.fragments, &mut self.whole, None)
    }
}

#[cfg(test)]
mod tests;
