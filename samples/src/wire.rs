//! IP, TCP, UDP and ICMP headers with right checksums (RFC 791, 8200, 9293, 768, 792, 4443).

use std::net::IpAddr;
use std::ops::Range;

/// TCP flag bits (RFC 9293 section 3.1).
pub mod flags {
    /// No more data from sender.
    pub const FIN: u8 = 0x01;
    /// Synchronise sequence numbers.
    pub const SYN: u8 = 0x02;
    /// Reset the connection.
    pub const RST: u8 = 0x04;
    /// Push.
    pub const PSH: u8 = 0x08;
    /// Acknowledgment field is significant.
    pub const ACK: u8 = 0x10;
    /// Urgent pointer is significant.
    pub const URG: u8 = 0x20;
}

/// IP protocol number of TCP.
pub(crate) const TCP: u8 = 6;
/// IP protocol number of UDP.
pub(crate) const UDP: u8 = 17;
/// IP protocol number of ICMP.
pub(crate) const ICMP: u8 = 1;
/// IP protocol number of the fragment header of IPv6.
const FRAGMENT: u8 = 44;
/// IP protocol number of ICMPv6.
pub(crate) const ICMPV6: u8 = 58;

/// How the checksums of a packet are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checksums {
    /// As they go over the wire.
    Right,
    /// As a host sees its own packets before the network card has filled them in.
    Offloaded,
}

/// What an IP header says beside its addresses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IpFields {
    pub source: IpAddr,
    pub destination: IpAddr,
    pub protocol: u8,
    pub ttl: u8,
    /// IPv4 identification; unused for IPv6.
    pub id: u16,
    pub checksums: Checksums,
}

/// The fields of a TCP header.
#[derive(Debug, Clone)]
pub(crate) struct TcpFields {
    pub source_port: u16,
    pub destination_port: u16,
    pub sequence: u32,
    pub acknowledgment: u32,
    pub flags: u8,
    pub window: u16,
    pub urgent: u16,
    /// Options, already padded to a multiple of four bytes.
    pub options: Vec<u8>,
    /// The checksum is wrong.
    pub damaged: bool,
}

/// A length that the story promises to fit a 16-bit field.
pub(crate) fn len16(len: usize) -> u16 {
    u16::try_from(len).unwrap_or_else(|_| panic!("{len} bytes do not fit a 16-bit length"))
}

/// One's complement sum of 16-bit words, not yet complemented (RFC 1071).
fn sum(parts: &[&[u8]]) -> u16 {
    let mut total = 0u32;
    for part in parts {
        for pair in part.chunks(2) {
            total += u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
            total = (total & 0xffff) + (total >> 16);
        }
    }
    total as u16
}

fn pseudo_header(ip: &IpFields, len: usize) -> Vec<u8> {
    let mut out = address(ip.source);
    out.extend(address(ip.destination));
    out.extend((len as u32).to_be_bytes());
    out.extend([0, 0, 0, ip.protocol]);
    out
}

fn address(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

/// The transport checksum of `segment`, whose checksum field is zero.
fn transport_checksum(ip: &IpFields, segment: &[u8]) -> u16 {
    let pseudo = pseudo_header(ip, segment.len());
    match ip.checksums {
        Checksums::Right => !sum(&[&pseudo, segment]),
        Checksums::Offloaded => sum(&[&pseudo]),
    }
}

/// A whole IP packet around `body`.
pub(crate) fn ip_packet(ip: &IpFields, body: &[u8]) -> Vec<u8> {
    let mut out = match ip.source {
        IpAddr::V4(_) => ipv4_header(ip, body.len()),
        IpAddr::V6(_) => ipv6_header(ip, body.len()),
    };
    out.extend(body);
    out
}

/// One fragment of a packet around `body`: those of its bytes (RFC 791, RFC 8200 section 4.5).
pub(crate) fn ip_fragment(ip: &IpFields, body: &[u8], bytes: Range<usize>) -> Vec<u8> {
    let more = bytes.end < body.len();
    let part = &body[bytes.clone()];
    let mut out = match ip.source {
        IpAddr::V4(_) => ipv4_header_with(ip, part.len(), len16(bytes.start / 8) | if more { 0x2000 } else { 0 }),
        IpAddr::V6(_) => {
            let mut out = ipv6_header(&IpFields { protocol: FRAGMENT, ..*ip }, 8 + part.len());
            out.extend([ip.protocol, 0]);
            out.extend((len16(bytes.start) | u16::from(more)).to_be_bytes());
            out.extend(u32::from(ip.id).to_be_bytes());
            out
        }
    };
    out.extend(part);
    out
}

fn ipv4_header(ip: &IpFields, body: usize) -> Vec<u8> {
    const DONT_FRAGMENT: u16 = 0x4000;
    ipv4_header_with(ip, body, DONT_FRAGMENT)
}

fn ipv4_header_with(ip: &IpFields, body: usize, fragment: u16) -> Vec<u8> {
    let mut out = vec![0x45, 0];
    out.extend(len16(20 + body).to_be_bytes());
    out.extend(ip.id.to_be_bytes());
    out.extend(fragment.to_be_bytes());
    out.extend([ip.ttl, ip.protocol, 0, 0]);
    out.extend(address(ip.source));
    out.extend(address(ip.destination));
    if ip.checksums == Checksums::Right {
        let checksum = !sum(&[&out]);
        out[10..12].copy_from_slice(&checksum.to_be_bytes());
    }
    out
}

fn ipv6_header(ip: &IpFields, body: usize) -> Vec<u8> {
    let mut out = vec![0x60, 0, 0, 0];
    out.extend(len16(body).to_be_bytes());
    out.extend([ip.protocol, ip.ttl]);
    out.extend(address(ip.source));
    out.extend(address(ip.destination));
    out
}

/// A TCP segment.
pub(crate) fn tcp_segment(ip: &IpFields, tcp: &TcpFields, payload: &[u8]) -> Vec<u8> {
    let words = (20 + tcp.options.len()) / 4;
    let mut out = Vec::new();
    out.extend(tcp.source_port.to_be_bytes());
    out.extend(tcp.destination_port.to_be_bytes());
    out.extend(tcp.sequence.to_be_bytes());
    out.extend(tcp.acknowledgment.to_be_bytes());
    out.extend([(words as u8) << 4, tcp.flags]);
    out.extend(tcp.window.to_be_bytes());
    out.extend([0; 2]);
    out.extend(tcp.urgent.to_be_bytes());
    out.extend(&tcp.options);
    out.extend(payload);
    let checksum = transport_checksum(ip, &out) ^ if tcp.damaged { 0x5a5a } else { 0 };
    out[16..18].copy_from_slice(&checksum.to_be_bytes());
    out
}

/// A UDP datagram.
pub(crate) fn udp_datagram(ip: &IpFields, source_port: u16, destination_port: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(source_port.to_be_bytes());
    out.extend(destination_port.to_be_bytes());
    out.extend(len16(8 + payload.len()).to_be_bytes());
    out.extend([0; 2]);
    out.extend(payload);
    let checksum = match transport_checksum(ip, &out) {
        0 => 0xffff, // zero would mean "no checksum" (RFC 768)
        sum => sum,
    };
    out[6..8].copy_from_slice(&checksum.to_be_bytes());
    out
}

/// An ICMP or ICMPv6 error that quotes the packet it is about.
pub(crate) fn icmp_error(ip: &IpFields, kind: u8, code: u8, rest: [u8; 4], quoted: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, code, 0, 0];
    out.extend(rest);
    out.extend(quoted);
    let checksum = match ip.source {
        IpAddr::V4(_) => !sum(&[&out]),
        IpAddr::V6(_) => !sum(&[&pseudo_header(ip, out.len()), &out]),
    };
    out[2..4].copy_from_slice(&checksum.to_be_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sum_is_that_of_rfc_1071_section_3() {
        assert_eq!(sum(&[&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]]), 0xddf2);
    }
}
