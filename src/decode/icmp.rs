//! Errors of ICMP (RFC 792, RFC 1191) and ICMPv6 (RFC 4443), and the packets they quote.

use super::captured::Captured;
use super::packet::Packet;
use super::reason;
use crate::model::{Endpoint, IcmpError, IcmpQuote, IpInfo, Stamp, Transport};
use etherparse::{Ipv4HeaderSlice, Ipv6ExtensionSlice, Ipv6ExtensionsSlice, Ipv6HeaderSlice};
use std::net::IpAddr;

/// Destination unreachable, source quench, redirect, time exceeded, parameter problem; all other types are no errors.
pub(super) fn v4(ip: IpInfo, captured: Captured<'_>, at: Stamp) -> Packet<'_> {
    let [kind, code, ..] = *captured.data else {
        return Packet::Other(reason::ICMP_CUT);
    };
    if !matches!(kind, 3 | 4 | 5 | 11 | 12) {
        return Packet::Other(reason::ICMP);
    }
    let mtu = match captured.data {
        [3, 4, _, _, _, _, high, low, ..] => Some(u32::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    };
    error(captured, IcmpError { at, from: ip.source, v6: false, kind, code, quoted: None, mtu })
}

/// Destination unreachable, packet too big, time exceeded, parameter problem.
pub(super) fn v6(ip: IpInfo, captured: Captured<'_>, at: Stamp) -> Packet<'_> {
    let [kind, code, ..] = *captured.data else {
        return Packet::Other(reason::ICMP_CUT);
    };
    if !matches!(kind, 1..=4) {
        return Packet::Other(reason::ICMPV6);
    }
    let mtu = match captured.data {
        [2, _, _, _, a, b, c, d, ..] => Some(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => None,
    };
    error(captured, IcmpError { at, from: ip.source, v6: true, kind, code, quoted: None, mtu })
}

/// Routers older than RFC 1191 leave the MTU 0.
fn error(captured: Captured<'_>, mut error: IcmpError) -> Packet<'_> {
    error.quoted = captured.data.get(8..).and_then(quoted);
    error.mtu = error.mtu.filter(|&mtu| mtu > 0);
    Packet::IcmpError(error)
}

/// The packet that an error quotes; 4 bytes of TCP or UDP are enough.
fn quoted(data: &[u8]) -> Option<IcmpQuote> {
    let (source, destination, protocol, payload) = match data.first()? >> 4 {
        4 => quoted_v4(data)?,
        _ => quoted_v6(data)?,
    };
    let transport = match protocol {
        6 => Transport::Tcp,
        17 => Transport::Udp,
        _ => return None,
    };
    let [a, b, c, d, ..] = *payload else { return None };
    Some(IcmpQuote {
        transport,
        source: Endpoint { ip: source, port: u16::from_be_bytes([a, b]) },
        destination: Endpoint { ip: destination, port: u16::from_be_bytes([c, d]) },
    })
}

type QuotedPacket<'a> = (IpAddr, IpAddr, u8, &'a [u8]);

fn quoted_v4(data: &[u8]) -> Option<QuotedPacket<'_>> {
    let header = Ipv4HeaderSlice::from_slice(data).ok()?;
    let first = header.fragments_offset().value() == 0;
    let payload = data.get(header.slice().len()..)?;
    first.then(|| (header.source_addr().into(), header.destination_addr().into(), header.protocol().0, payload))
}

fn quoted_v6(data: &[u8]) -> Option<QuotedPacket<'_>> {
    let header = Ipv6HeaderSlice::from_slice(data).ok()?;
    let after = data.get(header.slice().len()..)?;
    let (extensions, protocol, payload, _) = Ipv6ExtensionsSlice::from_slice_lax(header.next_header(), after);
    let later = |extension| matches!(extension, Ipv6ExtensionSlice::Fragment(f) if f.fragment_offset().value() != 0);
    let first = !extensions.into_iter().any(later);
    first.then(|| (header.source_addr().into(), header.destination_addr().into(), protocol.0, payload))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{alone, frames};
    use super::*;

    fn error(packet: &[u8]) -> IcmpError {
        alone(101, packet, |packet| match packet {
            Packet::IcmpError(error) => error,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn fragmentation_needed_names_the_mtu() {
        let found = error(&frames::ipv4(1, &frames::icmp(3, 4, [0, 0, 5, 0], &frames::packet()[..24])));
        assert_eq!((found.v6, found.kind, found.code, found.mtu), (false, 3, 4, Some(1280)));
        assert_eq!(found.from.to_string(), "10.0.0.1");
        let quoted = found.quoted.unwrap();
        assert_eq!(quoted.transport, Transport::Tcp);
        assert_eq!(
            (quoted.source.to_string(), quoted.destination.to_string()),
            ("10.0.0.1:40000".into(), "10.0.0.2:1352".into())
        );
        let old = error(&frames::ipv4(1, &frames::icmp(3, 4, [0; 4], &frames::packet()[..24])));
        assert_eq!(old.mtu, None, "routers older than RFC 1191 do not say");
    }

    #[test]
    fn packet_too_big_names_the_mtu() {
        let found = error(&frames::ipv6(58, &frames::icmp(2, 0, [0, 1, 0, 0], &frames::packet6()[..48])));
        assert_eq!((found.v6, found.kind, found.mtu), (true, 2, Some(65_536)));
        assert_eq!(found.quoted.unwrap().destination.to_string(), "[2001:db8::2]:1352");
    }

    #[test]
    fn which_types_are_errors() {
        let kinds = |protocol| -> Vec<u8> {
            let kind = |kind: &u8| {
                let icmp = frames::icmp(*kind, 0, [0; 4], &frames::packet());
                let packet = if protocol == 1 { frames::ipv4(1, &icmp) } else { frames::ipv6(58, &icmp) };
                alone(101, &packet, |packet| matches!(packet, Packet::IcmpError(_)))
            };
            (0..=255).filter(kind).collect()
        };
        assert_eq!((kinds(1), kinds(58)), (vec![3, 4, 5, 11, 12], vec![1, 2, 3, 4]));
    }

    /// The error counts without what it quotes.
    #[test]
    fn what_cannot_be_quoted() {
        let quoted = |bytes: &[u8]| error(&frames::ipv4(1, &frames::icmp(3, 1, [0; 4], bytes))).quoted;
        let datagram = frames::ipv4(17, &frames::datagram());
        assert_eq!(quoted(&datagram).unwrap().transport, Transport::Udp);
        assert_eq!(quoted(&datagram[..23]), None, "ports cut");
        assert_eq!(quoted(&[]), None);
        assert_eq!(quoted(&frames::ipv4_with(&[], 5, 6, &frames::tcp())), None, "a later fragment");
        assert_eq!(quoted(&frames::ipv4(47, &[0; 8])), None);
        let later = frames::join(&[&[6, 0, 0, 8, 0, 0, 0, 1], &frames::tcp()]);
        let first = frames::join(&[&[6, 0, 0, 1, 0, 0, 0, 1], &frames::tcp()]);
        assert_eq!(quoted(&frames::ipv6(44, &later)), None);
        assert!(quoted(&frames::ipv6(0, &frames::extension(44, 8, &first))).is_some());
    }
}
