//! Ethernet and what may stand between it and IP: VLAN tags, MPLS labels, LLC and SNAP, MACsec in clear, Cisco
//! metadata and network service headers.

use super::captured::Captured;
use super::step::{HeaderKind, Step, stop};
use super::{ppp, reason};
use etherparse::{LaxMacsecPayloadSlice, LaxMacsecSlice};

/// Below this value the field is a length (IEEE 802.3 3.2.6).
const FIRST_ETHER_TYPE: u16 = 0x0600;
/// The longest IEEE 802.3 payload.
const LONGEST: u16 = 1500;

/// Ethernet II, or IEEE 802.3 with a length and LLC.
pub(super) fn ethernet(captured: Captured<'_>) -> Step<'_> {
    let Some((head, payload)) = captured.split::<14>() else {
        return stop(reason::LINK_CUT);
    };
    Step::To(HeaderKind::EtherType(u16::from_be_bytes([head[12], head[13]])), payload)
}

/// By the numbers of <https://www.iana.org/assignments/ieee-802-numbers>.
pub(super) fn ether_type(ether_type: u16, captured: Captured<'_>) -> Step<'_> {
    match ether_type {
        0x0800 | 0x86dd => Step::To(HeaderKind::Ip, captured),
        0x8100 | 0x88a8 | 0x9100 | 0x9200 => vlan(captured),
        0x0806 | 0x8035 => stop(reason::ARP),
        0x8847 | 0x8848 => Step::To(HeaderKind::Mpls, captured),
        0x8864 => ppp::pppoe(captured),
        0x8863 => stop(reason::PPP_CONTROL),
        0x880b => Step::To(HeaderKind::Ppp, captured),
        0x6558 => Step::To(HeaderKind::Ethernet, captured),
        0x8926 => tag::<6>(captured), // Cisco VN-Tag
        0x8909 => tag::<8>(captured), // Cisco metadata (TrustSec): version, length, option, group
        0x88e5 => macsec(captured),
        0x894f => service_header(captured),
        0..=LONGEST => Step::To(HeaderKind::Llc, captured.at_most(ether_type.into())),
        _ => stop(reason::NOT_IP),
    }
}

/// Priority and VLAN, then the next type (IEEE 802.1Q).
fn vlan(captured: Captured<'_>) -> Step<'_> {
    let Some((&[high, low, a, b], inside)) = captured.split::<4>() else {
        return stop(reason::LINK_CUT);
    };
    let id = u16::from_be_bytes([high, low]) & 0x0fff;
    Step::Tagged(id, HeaderKind::EtherType(u16::from_be_bytes([a, b])), inside)
}

/// A tag of `N` bytes that ends in the next type.
fn tag<const N: usize>(captured: Captured<'_>) -> Step<'_> {
    match captured.split::<N>() {
        Some((tag, inside)) => {
            let ether_type = tag.last_chunk().map_or(0, |&bytes| u16::from_be_bytes(bytes));
            Step::To(HeaderKind::EtherType(ether_type), inside)
        }
        None => stop(reason::LINK_CUT),
    }
}

/// IEEE 802.2: IP stands behind SNAP with an Ethernet type (RFC 1042), or behind the service point 6.
pub(super) fn llc(captured: Captured<'_>) -> Step<'_> {
    match *captured.data {
        [0xaa, 0xaa, 0x03, 0, 0, 0 | 0xf8, a, b, ..] => match u16::from_be_bytes([a, b]) {
            FIRST_ETHER_TYPE.. => Step::To(HeaderKind::EtherType(u16::from_be_bytes([a, b])), captured.after(8)),
            _ => stop(reason::LLC),
        },
        [0x06, 0x06, 0x03, ..] => Step::To(HeaderKind::Ip, captured.after(3)),
        [0xaa, 0xaa, 0x03, ..] if captured.data.len() < 8 => stop(reason::LINK_CUT),
        [_, _, _, ..] => stop(reason::LLC),
        _ => stop(reason::LINK_CUT),
    }
}

/// One label (RFC 3032). What lies below the last one is not said: IP, or a pseudowire with a control word
/// (RFC 4448) or without.
pub(super) fn mpls(captured: Captured<'_>) -> Step<'_> {
    let Some((label, inside)) = captured.split::<4>() else {
        return stop(reason::LINK_CUT);
    };
    if label[2] & 0x01 == 0 {
        return Step::To(HeaderKind::Mpls, inside);
    }
    match inside.data.first().map(|first| first >> 4) {
        Some(4 | 6) if !is_ethernet(inside) => Step::To(HeaderKind::Ip, inside),
        Some(0) if is_ethernet(inside.after(4)) => Step::To(HeaderKind::Ethernet, inside.after(4)),
        Some(_) if is_ethernet(inside) => Step::To(HeaderKind::Ethernet, inside),
        Some(_) => stop(reason::MPLS),
        None => stop(reason::LINK_CUT),
    }
}

/// Ethernet with IP or a tag in it, as far as that shows.
fn is_ethernet(captured: Captured<'_>) -> bool {
    match captured.data.get(12..15) {
        Some(&[0x08, 0x00, version]) => version >> 4 == 4,
        Some(&[0x86, 0xdd, version]) => version >> 4 == 6,
        Some(&[a, b, _]) => matches!(u16::from_be_bytes([a, b]), 0x0806 | 0x8100 | 0x88a8),
        _ => false,
    }
}

/// MACsec (IEEE 802.1AE), which may protect a frame without encrypting it.
fn macsec(captured: Captured<'_>) -> Step<'_> {
    let Ok(frame) = LaxMacsecSlice::from_slice(captured.data) else {
        return stop(reason::LINK_CUT);
    };
    match frame.payload {
        LaxMacsecPayloadSlice::Unmodified(payload) => {
            let wire = captured.after(frame.header.header_len()).wire;
            Step::To(HeaderKind::EtherType(payload.ether_type.0), Captured { data: payload.payload, wire })
        }
        LaxMacsecPayloadSlice::Modified { .. } => stop(reason::MACSEC),
    }
}

/// Network service header (RFC 8300 2.2): its length in words of 4 bytes, and the next protocol.
fn service_header(captured: Captured<'_>) -> Step<'_> {
    let Some((&[_, length, _, next], _)) = captured.split::<4>() else {
        return stop(reason::TUNNEL_CUT);
    };
    let Some(inside) = captured.skip(usize::from(length & 0x3f).saturating_mul(4).max(4)) else {
        return stop(reason::TUNNEL_CUT);
    };
    match next {
        1 | 2 => Step::To(HeaderKind::Ip, inside),
        3 => Step::To(HeaderKind::Ethernet, inside),
        5 => Step::To(HeaderKind::Mpls, inside),
        _ => stop(reason::NOT_IP),
    }
}
