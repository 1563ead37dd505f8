//! GRE (RFC 2784, RFC 2890), the version that PPTP uses (RFC 2637), NVGRE (RFC 7637) and ERSPAN
//! (draft-foschiano-erspan-03).

use super::captured::Captured;
use super::reason;
use super::step::{HeaderKind, Step, stop};

const CHECKSUM: u8 = 0x80;
const ROUTING: u8 = 0x40;
const KEY: u8 = 0x20;
const SEQUENCE: u8 = 0x10;
/// In the second byte, of version 1 only.
const ACKNOWLEDGEMENT: u8 = 0x80;

/// What a GRE packet carries.
pub(super) fn gre(captured: Captured<'_>) -> Step<'_> {
    let Some((&[flags, second, high, low], rest)) = captured.split::<4>() else {
        return stop(reason::TUNNEL_CUT);
    };
    let version = second & 0x07;
    let fields = (flags & (CHECKSUM | KEY | SEQUENCE)).count_ones();
    let fields = if version == 1 && second & ACKNOWLEDGEMENT != 0 { fields.saturating_add(1) } else { fields };
    if flags & ROUTING != 0 || version > 1 {
        return stop(reason::GRE);
    }
    let Some(inside) = usize::try_from(fields).ok().and_then(|fields| rest.skip(fields.saturating_mul(4))) else {
        return stop(reason::TUNNEL_CUT);
    };
    match (u16::from_be_bytes([high, low]), flags & SEQUENCE != 0) {
        (0x880b, _) if version == 1 => pptp(flags, rest, inside),
        (0x88be, false) => Step::To(HeaderKind::Ethernet, inside), // ERSPAN type I has no header of its own
        (0x88be, true) => {
            inside.skip(8).map_or(stop(reason::TUNNEL_CUT), |frame| Step::To(HeaderKind::Ethernet, frame))
        }
        (0x22eb, _) => erspan_3(inside),
        (0x883e, _) => wccp(inside),
        (ether_type, _) => Step::To(HeaderKind::EtherType(ether_type), inside),
    }
}

/// In PPTP the first half of the key is the length of the payload; without payload it is an acknowledgement.
fn pptp<'a>(flags: u8, fields: Captured<'a>, payload: Captured<'a>) -> Step<'a> {
    match fields.split::<2>() {
        _ if flags & SEQUENCE == 0 => stop(reason::GRE),
        Some((length, _)) => Step::To(HeaderKind::Ppp, payload.at_most(u16::from_be_bytes(*length).into())),
        None => stop(reason::TUNNEL_CUT),
    }
}

/// ERSPAN type III: 12 bytes, and 8 more if the last bit is set; the frame is Ethernet or IP.
fn erspan_3(captured: Captured<'_>) -> Step<'_> {
    let Some((head, rest)) = captured.split::<12>() else {
        return stop(reason::TUNNEL_CUT);
    };
    let Some(frame) = rest.skip(if head[11] & 0x01 != 0 { 8 } else { 0 }) else {
        return stop(reason::TUNNEL_CUT);
    };
    match head[10] >> 2 & 0x1f {
        0 => Step::To(HeaderKind::Ethernet, frame),
        2 => Step::To(HeaderKind::Ip, frame),
        _ => stop(reason::GRE),
    }
}

/// WCCP version 2 puts 4 bytes before the redirected packet, version 1 none.
fn wccp(captured: Captured<'_>) -> Step<'_> {
    match captured.data.first() {
        Some(first) if first >> 4 == 4 => Step::To(HeaderKind::Ip, captured),
        _ => captured.skip(4).map_or(stop(reason::TUNNEL_CUT), |packet| Step::To(HeaderKind::Ip, packet)),
    }
}
