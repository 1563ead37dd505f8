//! The frames that captures are made of: Ethernet, plain IPv4, TCP or UDP. The same answer as the full path gives,
//! for a tenth of the work; whatever is not plain is left to that.

use super::captured::Captured;
use super::packet::Packet;
use super::{link, tcp, udp};
use crate::model::{Frame, IpInfo};

/// The packet, or nothing if the frame is not plain: another link type or Ethernet type, IPv4 options or fragments,
/// a length that is 0 or too small, another protocol, a port that may be a tunnel's.
#[inline]
pub(super) fn packet<'a>(frame: &Frame<'a>) -> Option<Packet<'a>> {
    let (head, data) = frame.data.split_first_chunk::<34>()?;
    let plain = frame.link_type == link::ETHERNET && [head[12], head[13], head[14]] == [0x08, 0x00, 0x45];
    let fragment = u16::from_be_bytes([head[20], head[21]]) & 0x3fff != 0;
    if !plain || fragment {
        return None;
    }
    let length = usize::from(u16::from_be_bytes([head[16], head[17]])).checked_sub(20)?;
    let captured = Captured { data, wire: data.len() }.with_length(length);
    match head[23] {
        6 => Some(tcp::packet(info(head), captured, true)),
        17 if !is_tunnel(data) => Some(udp::datagram(info(head), captured).map_or_else(Packet::Other, Packet::Udp)),
        _ => None,
    }
}

#[inline]
fn info(head: &[u8; 34]) -> IpInfo {
    IpInfo {
        source: [head[26], head[27], head[28], head[29]].into(),
        destination: [head[30], head[31], head[32], head[33]].into(),
        ttl: head[22],
        id: Some(u16::from_be_bytes([head[18], head[19]])),
        dont_fragment: head[20] & 0x40 != 0,
    }
}

#[inline]
fn is_tunnel(data: &[u8]) -> bool {
    data.first_chunk().is_some_and(|&[a, b, c, d]| {
        udp::is_tunnel(u16::from_be_bytes([a, b])) || udp::is_tunnel(u16::from_be_bytes([c, d]))
    })
}
