//! PPP (RFC 1661, RFC 1662) and PPPoE sessions (RFC 2516).

use super::captured::Captured;
use super::reason;
use super::step::{HeaderKind, Step, stop};

/// PPP: address and control bytes are optional, and so is the first byte of a protocol below 256.
pub(super) fn ppp(captured: Captured<'_>) -> Step<'_> {
    let captured = match captured.split::<2>() {
        Some(([0xff, 0x03], rest)) => rest,
        _ => captured,
    };
    let (protocol, inside) = match *captured.data {
        [low, ..] if low & 1 == 1 => (u16::from(low), captured.after(1)),
        [high, low, ..] => (u16::from_be_bytes([high, low]), captured.after(2)),
        _ => return stop(reason::LINK_CUT),
    };
    protocol_step(protocol, inside)
}

/// By the numbers of <https://www.iana.org/assignments/ppp-numbers>.
fn protocol_step(protocol: u16, inside: Captured<'_>) -> Step<'_> {
    match protocol {
        0x0021 | 0x0057 => Step::To(HeaderKind::Ip, inside),
        0x0281 | 0x0283 => Step::To(HeaderKind::Mpls, inside),
        0x002d | 0x002f | 0x003d | 0x0053 | 0x0055 | 0x00fb | 0x00fd => stop(reason::PPP_OPAQUE),
        0x8000.. => stop(reason::PPP_CONTROL),
        _ => stop(reason::NOT_IP),
    }
}

/// A PPPoE session: version and type 1, code 0, session, length of the PPP frame.
pub(super) fn pppoe(captured: Captured<'_>) -> Step<'_> {
    let Some((&[version, code, _, _, high, low], rest)) = captured.split::<6>() else {
        return stop(reason::LINK_CUT);
    };
    match (version, code) {
        (0x11, 0) => Step::To(HeaderKind::Ppp, rest.at_most(u16::from_be_bytes([high, low]).into())),
        (0x11, _) => stop(reason::PPP_CONTROL),
        _ => stop(reason::LINK_DAMAGED),
    }
}
