//! Errors of ICMP (RFC 792, RFC 1191) and ICMPv6 (RFC 4443), and the packets they quote.

use super::span::Span;
use super::{IpInfo, Packet, reason};
use crate::model::{Endpoint, IcmpError, Quoted, Stamp, Transport};
use etherparse::{Ipv4HeaderSlice, Ipv6ExtensionSlice, Ipv6ExtensionsSlice, Ipv6HeaderSlice};
use std::net::IpAddr;

/// Destination unreachable, source quench, redirect, time exceeded, parameter problem; all other types are no errors.
pub(super) fn v4<'a>(ip: IpInfo, span: Span<'a>, at: Stamp) -> Packet<'a> {
    let [kind, code, ..] = *span.data else {
        return Packet::Other(reason::ICMP_CUT);
    };
    if !matches!(kind, 3 | 4 | 5 | 11 | 12) {
        return Packet::Other(reason::ICMP);
    }
    let mtu = match span.data {
        [3, 4, _, _, _, _, high, low, ..] => Some(u32::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    };
    error(span, IcmpError { at, from: ip.source, v6: false, kind, code, quoted: None, mtu })
}

/// Destination unreachable, packet too big, time exceeded, parameter problem.
pub(super) fn v6<'a>(ip: IpInfo, span: Span<'a>, at: Stamp) -> Packet<'a> {
    let [kind, code, ..] = *span.data else {
        return Packet::Other(reason::ICMP_CUT);
    };
    if !matches!(kind, 1..=4) {
        return Packet::Other(reason::ICMPV6);
    }
    let mtu = match span.data {
        [2, _, _, _, a, b, c, d, ..] => Some(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => None,
    };
    error(span, IcmpError { at, from: ip.source, v6: true, kind, code, quoted: None, mtu })
}

/// Routers older than RFC 1191 leave the MTU 0.
fn error<'a>(span: Span<'a>, error: IcmpError) -> Packet<'a> {
    let quoted = span.data.get(8..).and_then(quoted);
    Packet::IcmpError(IcmpError { quoted, mtu: error.mtu.filter(|&mtu| mtu > 0), ..error })
}

/// The packet that an error quotes; 4 bytes of TCP or UDP are enough.
fn quoted(data: &[u8]) -> Option<Quoted> {
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
    Some(Quoted {
        transport,
        source: Endpoint { ip: source, port: u16::from_be_bytes([a, b]) },
        destination: Endpoint { ip: destination, port: u16::from_be_bytes([c, d]) },
    })
}

type Payload<'a> = (IpAddr, IpAddr, u8, &'a [u8]);

fn quoted_v4(data: &[u8]) -> Option<Payload<'_>> {
    let header = Ipv4HeaderSlice::from_slice(data).ok()?;
    let first = header.fragments_offset().value() == 0;
    let payload = data.get(header.slice().len()..)?;
    first.then(|| (header.source_addr().into(), header.destination_addr().into(), header.protocol().0, payload))
}

fn quoted_v6(data: &[u8]) -> Option<Payload<'_>> {
    let header = Ipv6HeaderSlice::from_slice(data).ok()?;
    let after = data.get(header.slice().len()..)?;
    let (extensions, protocol, payload, _) = Ipv6ExtensionsSlice::from_slice_lax(header.next_header(), after);
    let later = |extension| matches!(extension, Ipv6ExtensionSlice::Fragment(f) if f.fragment_offset().value() != 0);
    let first = !extensions.into_iter().any(later);
    first.then(|| (header.source_addr().into(), header.destination_addr().into(), protocol.0, payload))
}
