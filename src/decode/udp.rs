//! The UDP header (RFC 768), and the tunnels that are known by their port: VXLAN (RFC 7348) and VXLAN-GPE, Geneve
//! (RFC 8926), GTP-U (3GPP TS 29.281), Teredo (RFC 4380), AYIYA (draft-massar-v6ops-ayiya-02), MPLS (RFC 7510).

use super::captured::Captured;
use super::packet::Packet;
use super::reason;
use super::step::{HeaderKind, Step, stop};
use crate::model::{Datagram, IpInfo};

const GTP_U: u16 = 2152;
const TEREDO: u16 = 3544;
const VXLAN: u16 = 4789;
const VXLAN_GPE: u16 = 4790;
const AYIYA: u16 = 5072;
const GENEVE: u16 = 6081;
const MPLS: u16 = 6635;
/// The port that Linux gave VXLAN before it had one of its own.
const VXLAN_LINUX: u16 = 8472;

/// The datagram in the payload of IP, or what is inside if it is a tunnel's.
pub(super) fn step(ip: IpInfo, captured: Captured<'_>) -> Step<'_> {
    match datagram(ip, captured) {
        Err(reason) => stop(reason),
        Ok(datagram) => match inside(&datagram) {
            Some((layer, captured)) => Step::Into(datagram, layer, captured),
            None => Step::Done(Packet::Udp(datagram)),
        },
    }
}

/// The datagram in the payload of IP. A length of 0 (jumbograms, segmentation offload) or one beyond the packet
/// stands for the rest of the packet.
#[inline]
pub(super) fn datagram(ip: IpInfo, captured: Captured<'_>) -> Result<Datagram<'_>, &'static str> {
    let Some((head, _)) = captured.data.split_first_chunk::<8>() else {
        return Err(if captured.wire < 8 { reason::UDP_DAMAGED } else { reason::UDP_CUT });
    };
    let captured = match usize::from(u16::from_be_bytes([head[4], head[5]])) {
        0 => captured,
        1..8 => return Err(reason::UDP_DAMAGED),
        length => captured.at_most(length),
    };
    let payload = captured.after(8);
    Ok(Datagram {
        ip,
        source_port: u16::from_be_bytes([head[0], head[1]]),
        destination_port: u16::from_be_bytes([head[2], head[3]]),
        payload: payload.data,
        payload_length: payload.wire_u32(),
        other: None,
    })
}

/// Whether a port may be that of a tunnel.
#[inline]
pub(super) const fn is_tunnel(port: u16) -> bool {
    matches!(port, GTP_U | TEREDO | VXLAN | VXLAN_GPE | AYIYA | GENEVE | MPLS | VXLAN_LINUX)
}

/// What a datagram of a tunnel carries; nothing if it does not look like one.
fn inside<'a>(datagram: &Datagram<'a>) -> Option<(HeaderKind, Captured<'a>)> {
    let port = [datagram.destination_port, datagram.source_port].into_iter().find(|&port| is_tunnel(port))?;
    let wire = usize::try_from(datagram.payload_length).ok()?;
    let captured = Captured { data: datagram.payload, wire };
    match port {
        GTP_U => gtp(captured),
        TEREDO => teredo(captured),
        VXLAN | VXLAN_LINUX => vxlan(captured),
        VXLAN_GPE => vxlan_gpe(captured),
        AYIYA => ayiya(captured),
        GENEVE => geneve(captured),
        _ => Some((HeaderKind::Mpls, captured)),
    }
}

/// Flags with the bit "network identifier is valid", reserved, identifier, reserved.
fn vxlan(captured: Captured<'_>) -> Option<(HeaderKind, Captured<'_>)> {
    let (head, rest) = captured.split::<8>()?;
    (head[0] & 0x08 != 0).then_some((HeaderKind::Ethernet, rest))
}

/// As VXLAN, with a next protocol (draft-ietf-nvo3-vxlan-gpe). The bit that says so is not always set.
fn vxlan_gpe(captured: Captured<'_>) -> Option<(HeaderKind, Captured<'_>)> {
    let (head, rest) = captured.split::<8>()?;
    match head[3] {
        1 | 2 => Some((HeaderKind::Ip, rest)),
        0 | 3 => Some((HeaderKind::Ethernet, rest)),
        4 => Some((HeaderKind::EtherType(0x894f), rest)),
        _ => None,
    }
}

/// Version 0, length of the options in words of 4 bytes, Ethernet type of what follows.
fn geneve(captured: Captured<'_>) -> Option<(HeaderKind, Captured<'_>)> {
    let (head, rest) = captured.split::<8>()?;
    let options = usize::from(head[0] & 0x3f).saturating_mul(4);
    let ether_type = u16::from_be_bytes([head[2], head[3]]);
    if head[0] >> 6 != 0 {
        return None;
    }
    Some((HeaderKind::EtherType(ether_type), rest.skip(options)?))
}

/// A G-PDU of version 1: type 255, optional fields if any of three flags is set, extension headers whose length is
/// in words of 4 bytes and whose last byte is the type of the next.
fn gtp(captured: Captured<'_>) -> Option<(HeaderKind, Captured<'_>)> {
    let (head, mut rest) = captured.split::<8>()?;
    if head[0] & 0xf0 != 0x30 || head[1] != 0xff {
        return None;
    }
    if head[0] & 0x07 != 0 {
        let (fields, after) = rest.split::<4>()?;
        let mut next = if head[0] & 0x04 != 0 { fields[3] } else { 0 };
        rest = after;
        while next != 0 {
            let words = usize::from(*rest.data.first()?);
            let (extension, _) = rest.data.split_at_checked(words.saturating_mul(4))?;
            next = *extension.last()?;
            rest = rest.skip(extension.len())?;
        }
    }
    Some((HeaderKind::Ip, rest))
}

/// IPv6, after an authentication header (0, 1) and an origin indication (0, 0), if they are there.
fn teredo(mut captured: Captured<'_>) -> Option<(HeaderKind, Captured<'_>)> {
    if let Some(([0, 1, client, value], _)) = captured.split::<4>() {
        captured = captured.skip(13_usize.saturating_add(usize::from(*client)).saturating_add(usize::from(*value)))?;
    }
    if let Some(([0, 0], _)) = captured.split::<2>() {
        captured = captured.skip(8)?;
    }
    (captured.data.first()? >> 4 == 6).then_some((HeaderKind::Ip, captured))
}

/// Lengths of identity (as a power of 2) and signature (in words of 4 bytes), operation, next header.
fn ayiya(captured: Captured<'_>) -> Option<(HeaderKind, Captured<'_>)> {
    let (head, rest) = captured.split::<8>()?;
    let identity = 1_usize.checked_shl(u32::from(head[0] >> 4))?;
    let signature = usize::from(head[1] >> 4).saturating_mul(4);
    let forward = head[2] & 0x0f == 1 && matches!(head[3], 4 | 41);
    let inside = rest.skip(identity.saturating_add(signature))?;
    forward.then_some((HeaderKind::Ip, inside))
}
