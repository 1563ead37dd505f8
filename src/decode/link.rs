//! Link types of captures (<https://www.tcpdump.org/linktypes.html>).

use super::captured::Captured;
use super::step::{HeaderKind, Step, stop};
use super::{ppp, reason, wlan};

/// Ethernet.
pub(super) const ETHERNET: u16 = 1;

/// By the link type.
pub(super) fn step(link_type: u16, captured: Captured<'_>) -> Step<'_> {
    match link_type {
        ETHERNET => Step::To(HeaderKind::Ethernet, captured),
        0 | 108 => null(captured),
        12 | 14 | 101 | 228 | 229 => Step::To(HeaderKind::Ip, captured),
        113 => linux_cooked(captured),
        276 => linux_cooked_2(captured),
        9 | 50 => ppp_or_cisco(captured),
        51 => ppp::pppoe(captured),
        104 => cisco_hdlc(captured),
        204 => captured.skip(1).map_or(stop(reason::LINK_CUT), ppp_or_cisco),
        105 => Step::To(HeaderKind::Wlan, captured),
        119 => wlan::prism(captured),
        127 => wlan::radiotap(captured),
        163 => wlan::avs(captured),
        192 => wlan::ppi(captured),
        107 => frame_relay(captured),
        239 => nflog(captured),
        258 => pktap(captured),
        _ => stop(reason::LINK_TYPE),
    }
}

/// BSD loopback: the address family in the byte order of the host that captured, or in network order (LOOP). That
/// of IPv6 differs from system to system.
fn null(captured: Captured<'_>) -> Step<'_> {
    let Some((&family, packet)) = captured.split::<4>() else {
        return stop(reason::LINK_CUT);
    };
    match u32::from_be_bytes(family).min(u32::from_le_bytes(family)) {
        2 | 10 | 23 | 24 | 28 | 30 => Step::To(HeaderKind::Ip, packet),
        _ => stop(reason::NOT_IP),
    }
}

/// Linux "any", version 1: packet type, hardware type, address, protocol.
fn linux_cooked(captured: Captured<'_>) -> Step<'_> {
    match captured.split::<16>() {
        Some((head, rest)) => cooked([head[2], head[3]], [head[14], head[15]], rest),
        None => stop(reason::LINK_CUT),
    }
}

/// Linux "any", version 2: protocol, reserved, interface, hardware type, packet type, address.
fn linux_cooked_2(captured: Captured<'_>) -> Step<'_> {
    match captured.split::<20>() {
        Some((head, rest)) => cooked([head[8], head[9]], [head[0], head[1]], rest),
        None => stop(reason::LINK_CUT),
    }
}

/// The protocol is an Ethernet type, except where the hardware gives it another meaning: GRE tunnels (778), netlink
/// (824), IEEE 802.11 with radiotap (803); or it is one of Linux's own numbers.
fn cooked(hardware: [u8; 2], protocol: [u8; 2], captured: Captured<'_>) -> Step<'_> {
    match (u16::from_be_bytes(hardware), u16::from_be_bytes(protocol)) {
        (803, _) => wlan::radiotap(captured),
        (824, _) => stop(reason::NOT_IP),
        (_, 0x0004) => Step::To(HeaderKind::Llc, captured),
        (_, 0..0x0600) => stop(reason::NOT_IP),
        (_, ether_type) => Step::To(HeaderKind::EtherType(ether_type), captured),
    }
}

/// PPP in HDLC framing, or Cisco's framing, known by its first byte.
fn ppp_or_cisco(captured: Captured<'_>) -> Step<'_> {
    match captured.data {
        [0x0f | 0x8f, 0x00, ..] => cisco_hdlc(captured),
        _ => Step::To(HeaderKind::Ppp, captured),
    }
}

/// Cisco HDLC: address, control, Ethernet type.
fn cisco_hdlc(captured: Captured<'_>) -> Step<'_> {
    match captured.split::<4>() {
        Some((&[0xff, 0x03, ..], _)) => Step::To(HeaderKind::Ppp, captured),
        Some((&[_, _, 0x80, 0x35], _)) => stop(reason::NOT_IP), // Cisco's keepalive has the number of RARP
        Some((&[_, _, a, b], packet)) => Step::To(HeaderKind::EtherType(u16::from_be_bytes([a, b])), packet),
        None => stop(reason::LINK_CUT),
    }
}

/// Frame relay: an address whose last byte has bit 0 set, then RFC 2427 or, as Cisco does, an Ethernet type.
fn frame_relay(captured: Captured<'_>) -> Step<'_> {
    let Some(last) = captured.data.iter().take(4).position(|byte| byte & 1 == 1) else {
        return stop(if captured.data.len() < 4 { reason::LINK_CUT } else { reason::LINK_DAMAGED });
    };
    let inside = captured.after(last.saturating_add(1));
    match *inside.data {
        [0x03, 0x00, 0x80, 0, 0, 0, a, b, ..] => ether_type([a, b], inside.after(8)),
        [0x03, 0x80, 0, 0, 0, a, b, ..] => ether_type([a, b], inside.after(7)),
        [0x03, 0xcc | 0x8e, ..] => Step::To(HeaderKind::Ip, inside.after(2)),
        [0x03, 0xcf, ..] => Step::To(HeaderKind::Ppp, inside.after(2)),
        [0x03, _, ..] => stop(reason::NOT_IP),
        [a, b, ..] => ether_type([a, b], inside.after(2)),
        _ => stop(reason::LINK_CUT),
    }
}

fn ether_type(bytes: [u8; 2], captured: Captured<'_>) -> Step<'_> {
    match u16::from_be_bytes(bytes) {
        ether_type @ 0x0600.. => Step::To(HeaderKind::EtherType(ether_type), captured),
        _ => stop(reason::NOT_IP),
    }
}

/// Linux netfilter log: family, version, group, then attributes of length, type and value, padded to 4 bytes and in
/// the byte order of the host. Type 9 is the packet.
fn nflog(captured: Captured<'_>) -> Step<'_> {
    let Some((_, mut rest)) = captured.split::<4>() else {
        return stop(reason::LINK_CUT);
    };
    while let Some((&[a, b, c, d], value)) = rest.split::<4>() {
        // A packet is at most 64 KiB and a type small: the byte order shows in the type.
        let (length, kind) =
            if c == 0 && d != 0 { (u16::from_be_bytes([a, b]), d) } else { (u16::from_le_bytes([a, b]), c) };
        let length = usize::from(length);
        if length < 4 {
            return stop(reason::LINK_DAMAGED);
        }
        if kind == 9 {
            return Step::To(HeaderKind::Ip, value.at_most(length.saturating_sub(4)));
        }
        rest = rest.after(length.next_multiple_of(4));
    }
    stop(reason::LINK_CUT)
}

/// Apple's capture of all interfaces: length of the header, record type, link type of the packet; little-endian.
fn pktap(captured: Captured<'_>) -> Step<'_> {
    let Some((&[a, b, 0, 0, _, _, _, _, c, d, 0, 0], _)) = captured.split::<12>() else {
        return stop(reason::LINK_CUT);
    };
    match captured.skip(usize::from(u16::from_le_bytes([a, b])).max(12)) {
        Some(packet) => Step::To(HeaderKind::Link(u16::from_le_bytes([c, d])), packet),
        None => stop(reason::LINK_CUT),
    }
}
