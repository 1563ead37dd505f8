//! Is this the Sametime community protocol? The first bytes of a direction decide, each as soon as it is there.

use super::frame::{self, HEADER, Header, MAX_LENGTH};
use super::kind;
use crate::{Probe, Side};

/// A handshake is no longer than this: it holds two short strings.
const MAX_HANDSHAKE: u32 = 4096;
/// Neither is a login: it holds a name and tokens.
const MAX_LOGIN: u32 = 16_384;
/// Keep-alives alone that are enough on the usual port; on others no more stand in front of a login that is known by its look.
const KEEP_ALIVES: usize = 3;
/// Bytes with the top bit set that may stand in front of a message.
const MAX_SERIES: usize = 64;
/// First byte of a TLS record that opens a conversation.
const TLS_HANDSHAKE: u8 = 0x16;
/// A handshake up to the field behind the version, which repeats the channel: 0.
const OPENING: usize = 20;

/// On any port: a handshake of the client, a login, or the server's answer to either. On the usual ports also any message of a
/// known type, keep-alives in front of it or not, and keep-alives alone.
pub(super) fn probe(from: Side, input: &[u8], usual_port: bool) -> Probe {
    let opening = opening(from, input);
    if opening == Probe::Yes {
        return opening;
    }
    if usual_port {
        return opening.or(oversized(from, input)).or(midstream(from, input));
    }
    opening.or(login(from, input))
}

/// A login or its answer, whole and without a flaw, behind keep-alives or not: what a capture that begins behind the handshakes
/// shows of a sign-on.
fn login(from: Side, input: &[u8]) -> Probe {
    let series = input.iter().take(MAX_SERIES).take_while(|&&byte| byte >= 0x80).count();
    let message = input.get(series..).unwrap_or_default();
    let wanted = match from {
        Side::Client => kind::LOGIN,
        Side::Server => kind::LOGIN_ACK,
    };
    let [high, low] = wanted.to_be_bytes();
    let fixed = [(0, 0), (1, 0), (4, high), (5, low), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 0)];
    if series > KEEP_ALIVES || fixed.iter().any(|&(offset, byte)| message.get(offset).is_some_and(|&seen| seen != byte))
    {
        return Probe::No;
    }
    let Some(header) = Header::of(message) else {
        return Probe::Need(if message.is_empty() { series.saturating_add(1) } else { series.saturating_add(HEADER) });
    };
    match message.get(..header.size()) {
        _ if !header.is_plausible() || header.length > MAX_LOGIN => Probe::No,
        None => Probe::Need(series.saturating_add(header.size())),
        Some(whole) if frame::decode(whole).problems.is_empty() => Probe::Yes,
        Some(_) => Probe::No,
    }
}

/// The first message of each side.
pub(super) fn opening(from: Side, input: &[u8]) -> Probe {
    let wanted = match from {
        Side::Client => kind::HANDSHAKE,
        Side::Server => kind::HANDSHAKE_ACK,
    };
    // Length below 64 KiB, type, no options, channel 0, version 0x00nn: each byte may refuse.
    let [high, low] = wanted.to_be_bytes();
    let fixed = [(0, 0), (1, 0), (4, high), (5, low), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 0), (12, 0)];
    let repeated = [(16, 0), (17, 0), (18, 0), (19, 0)];
    let repeated = if from == Side::Client { &repeated[..] } else { &[] };
    let differs = |&(offset, byte): &(usize, u8)| input.get(offset).is_some_and(|&seen| seen != byte);
    if fixed.iter().chain(repeated).any(differs) || input.get(13) == Some(&0) {
        return Probe::No;
    }
    match Header::of(input) {
        Some(header) if !header.is_plausible() || header.length > MAX_HANDSHAKE => Probe::No,
        Some(_) if input.len() >= OPENING => Probe::Yes,
        _ => Probe::Need(OPENING),
    }
}

/// A message of a known type whose length is too long to be true.
fn oversized(from: Side, input: &[u8]) -> Probe {
    match Header::of(input) {
        _ if input.first() == Some(&TLS_HANDSHAKE) => Probe::No,
        Some(header) if header.length > MAX_LENGTH && header.is_plausible_but_for_length() => may_send(from, &header),
        Some(_) => Probe::No,
        None => Probe::Need(HEADER),
    }
}

/// Keep-alives and a message that may be true.
fn midstream(from: Side, input: &[u8]) -> Probe {
    let series = input.iter().take(MAX_SERIES).take_while(|&&byte| byte >= 0x80).count();
    if series >= MAX_SERIES {
        return Probe::No;
    }
    let keep_alives = input.iter().take_while(|&&byte| byte == 0x80).count();
    let rest = input.get(series..).unwrap_or_default();
    match Header::of(rest) {
        _ if keep_alives >= KEEP_ALIVES => Probe::Yes,
        Some(header) if header.is_plausible() => may_send(from, &header),
        Some(_) => Probe::No,
        // The length is below 1 MiB and a few bytes.
        None if rest.first().is_some_and(|&byte| byte != 0) => Probe::No,
        None => Probe::Need(if rest.is_empty() { series.saturating_add(1) } else { series.saturating_add(HEADER) }),
    }
}

/// Some messages tell who is the client.
const fn may_send(from: Side, header: &Header) -> Probe {
    let other = match from {
        Side::Client => matches!(header.kind, kind::HANDSHAKE_ACK | kind::LOGIN_ACK | kind::LOGIN_REDIRECT),
        Side::Server => matches!(header.kind, kind::HANDSHAKE | kind::LOGIN | kind::LOGIN_CONTINUE),
    };
    if other { Probe::No } else { Probe::Yes }
}
