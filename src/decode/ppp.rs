//! PPP (RFC 1661, RFC 1662) and PPPoE sessions (RFC 2516).

use super::reason;
use super::span::Span;
use super::step::{HeaderKind, Step, stop};

/// PPP: address and control bytes are optional, and so is the first byte of a protocol below 256.
pub(super) fn ppp(span: Span<'_>) -> Step<'_> {
    let span = match span.split::<2>() {
        Some(([0xff, 0x03], rest)) => rest,
        _ => span,
    };
    let (protocol, inside) = match *span.data {
        [low, ..] if low & 1 == 1 => (u16::from(low), span.after(1)),
        [high, low, ..] => (u16::from_be_bytes([high, low]), span.after(2)),
        _ => return stop(reason::LINK_CUT),
    };
    protocol_step(protocol, inside)
}

/// By the numbers of <https://www.iana.org/assignments/ppp-numbers>.
fn protocol_step(protocol: u16, inside: Span<'_>) -> Step<'_> {
    match protocol {
        0x0021 | 0x0057 => Step::To(HeaderKind::Ip, inside),
        0x0281 | 0x0283 => Step::To(HeaderKind::Mpls, inside),
        0x002d | 0x002f | 0x003d | 0x0053 | 0x0055 | 0x00fb | 0x00fd => stop(reason::PPP_OPAQUE),
        0x8000.. => stop(reason::PPP_CONTROL),
        _ => stop(reason::NOT_IP),
    }
}

/// A PPPoE session: version and type 1, code 0, session, length of the PPP frame.
pub(super) fn pppoe(span: Span<'_>) -> Step<'_> {
    let Some((&[version, code, _, _, high, low], rest)) = span.split::<6>() else {
        return stop(reason::LINK_CUT);
    };
    match (version, code) {
        (0x11, 0) => Step::To(HeaderKind::Ppp, rest.at_most(u16::from_be_bytes([high, low]).into())),
        (0x11, _) => stop(reason::PPP_CONTROL),
        _ => stop(reason::LINK_DAMAGED),
    }
}
