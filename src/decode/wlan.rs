//! IEEE 802.11 data frames, with or without the headers that capture drivers put before them.

use super::captured::Captured;
use super::reason;
use super::step::{HeaderKind, Step, stop};

/// Bits of the first byte of the frame control.
const TYPE: u8 = 0x0c;
const DATA: u8 = 0x08;
const NO_DATA: u8 = 0x40;
const QOS: u8 = 0x80;
/// Bits of the second byte.
const TO_AND_FROM_DS: u8 = 0x03;
const PROTECTED: u8 = 0x40;
const HT_CONTROL: u8 = 0x80;
/// In the QoS control: several packets in one frame.
const AGGREGATED: u8 = 0x80;

/// Radiotap (<https://www.radiotap.org>): version, padding, length, little-endian.
pub(super) fn radiotap(captured: Captured<'_>) -> Step<'_> {
    match captured.split::<4>() {
        Some((&[_, _, a, b], _)) => behind(captured, u16::from_le_bytes([a, b]).into()),
        None => stop(reason::LINK_CUT),
    }
}

/// PPI: version, flags, length and link type, little-endian.
pub(super) fn ppi(captured: Captured<'_>) -> Step<'_> {
    let Some((&[_, _, a, b, c, d, 0, 0], _)) = captured.split::<8>() else {
        return stop(reason::LINK_CUT);
    };
    match captured.skip(u16::from_le_bytes([a, b]).into()) {
        Some(inside) => Step::To(HeaderKind::Link(u16::from_le_bytes([c, d])), inside),
        None => stop(reason::LINK_CUT),
    }
}

/// AVS: version and length, big-endian.
pub(super) fn avs(captured: Captured<'_>) -> Step<'_> {
    match captured.split::<8>() {
        Some((&[_, _, _, _, 0, 0, a, b], _)) => behind(captured, u16::from_be_bytes([a, b]).into()),
        Some(_) => stop(reason::LINK_DAMAGED),
        None => stop(reason::LINK_CUT),
    }
}

/// Prism: message code and length in the byte order of the host. Some drivers write AVS instead, known by its version.
pub(super) fn prism(captured: Captured<'_>) -> Step<'_> {
    match captured.split::<8>() {
        Some((&[0x80, 0x21, 0x10, _, ..], _)) => avs(captured),
        Some((&[_, _, _, _, a, b, 0, 0], _)) => behind(captured, u16::from_le_bytes([a, b]).into()),
        Some((&[_, _, _, _, 0, 0, a, b], _)) => behind(captured, u16::from_be_bytes([a, b]).into()),
        Some(_) => stop(reason::LINK_DAMAGED),
        None => stop(reason::LINK_CUT),
    }
}

fn behind(captured: Captured<'_>, length: usize) -> Step<'_> {
    captured.skip(length).map_or(stop(reason::LINK_CUT), |frame| Step::To(HeaderKind::Wlan, frame))
}

/// A frame of IEEE 802.11-2020 9.3.2. Later fragments and encrypted frames are left alone, because what would tell their content is
/// not in them.
pub(super) fn wlan(captured: Captured<'_>) -> Step<'_> {
    let Some((head, _)) = captured.split::<2>() else {
        return stop(reason::LINK_CUT);
    };
    let [control, flags] = *head;
    if control & TYPE != DATA || control & NO_DATA != 0 {
        return stop(reason::WLAN);
    }
    if flags & PROTECTED != 0 {
        return stop(reason::WLAN_ENCRYPTED);
    }
    let qos = control & QOS != 0;
    let addresses: usize = if flags & TO_AND_FROM_DS == TO_AND_FROM_DS { 30 } else { 24 };
    let length = match (qos, flags & HT_CONTROL != 0) {
        (false, _) => addresses,
        (true, false) => addresses.saturating_add(2),
        (true, true) => addresses.saturating_add(6),
    };
    let (Some(&sequence), Some(body)) = (captured.data.get(22), captured.skip(length)) else {
        return stop(reason::LINK_CUT);
    };
    if sequence & 0x0f != 0 {
        return stop(reason::WLAN_FRAGMENT);
    }
    let aggregated = qos && captured.data.get(addresses).is_some_and(|control| control & AGGREGATED != 0);
    Step::To(HeaderKind::Llc, if aggregated { first_of(body) } else { padded(captured, length, body) })
}

/// The first packet of an aggregate (A-MSDU): two addresses and a length. The others are passed over.
fn first_of(body: Captured<'_>) -> Captured<'_> {
    match body.split::<14>() {
        Some((head, packet)) => packet.at_most(u16::from_be_bytes([head[12], head[13]]).into()),
        None => body.after(14),
    }
}

/// Some drivers pad the header to a multiple of 4 bytes.
fn padded<'a>(captured: Captured<'a>, length: usize, body: Captured<'a>) -> Captured<'a> {
    let aligned = captured.after(length.next_multiple_of(4));
    if !body.data.starts_with(&[0xaa, 0xaa]) && aligned.data.starts_with(&[0xaa, 0xaa, 0x03]) { aligned } else { body }
}
