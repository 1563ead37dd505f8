//! The TCP header (RFC 9293 3.1), its options, and its checksum.

use super::span::Span;
use super::{IpInfo, Packet, Segment, TcpOptions, reason};
use std::net::IpAddr;

/// Bytes of a header without options.
const HEADER: usize = 20;
/// The options of most segments: two NOPs and a timestamp (RFC 7323 appendix A).
const USUAL: [u8; 4] = [1, 1, 8, 10];
/// The largest shift that window scaling allows (RFC 7323 2.3).
const MAX_SHIFT: u8 = 14;

/// Whether the TCP checksum of a segment is right. `None` if that cannot be said: the capture cut the segment, its
/// IP length was left to the network card, or a routing header hides the address the checksum was made with.
///
/// Wrong checksums are usual in captures taken on the sending host, where the network card fills them in later.
pub fn tcp_checksum_ok(segment: &Segment<'_>) -> Option<bool> {
    let whole = u32::try_from(segment.payload.len()).ok()? == segment.payload_length;
    if !whole || segment.raw.is_empty() {
        return None;
    }
    let length = u32::try_from(segment.raw.len()).ok()?;
    let pseudo = sum(&length.to_be_bytes()).wrapping_add(6);
    let addresses = address_sum(segment.ip.source).wrapping_add(address_sum(segment.ip.destination));
    let mut total = pseudo.wrapping_add(addresses).wrapping_add(sum(segment.raw));
    while total > 0xffff {
        total = (total & 0xffff).wrapping_add(total >> 16);
    }
    Some(total == 0xffff)
}

/// The segment in the payload of IP. `checksum_known` as in `Network`.
#[inline]
pub(super) fn packet<'a>(ip: IpInfo, span: Span<'a>, checksum_known: bool) -> Packet<'a> {
    let Some((head, rest)) = span.data.split_first_chunk::<HEADER>() else {
        return Packet::Other(if span.wire < HEADER { reason::TCP_DAMAGED } else { reason::TCP_CUT });
    };
    let length = usize::from(head[12] >> 4).wrapping_mul(4);
    if length < HEADER || length > span.wire {
        return Packet::Other(reason::TCP_DAMAGED);
    }
    let (options, payload) = rest.split_at_checked(length.wrapping_sub(HEADER)).unwrap_or((rest, &[]));
    Packet::Tcp(Segment {
        ip,
        source_port: u16::from_be_bytes([head[0], head[1]]),
        destination_port: u16::from_be_bytes([head[2], head[3]]),
        sequence: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
        acknowledgement: u32::from_be_bytes([head[8], head[9], head[10], head[11]]),
        flags: head[13],
        window: u16::from_be_bytes([head[14], head[15]]),
        options: if options.is_empty() || (options.len() == 12 && options.starts_with(&USUAL)) {
            TcpOptions::default()
        } else {
            parse_options(options)
        },
        payload,
        payload_length: span.after(length).wire_u32(),
        raw: if checksum_known { span.data } else { &[] },
    })
}

/// Options up to the end, or to the first that is damaged.
fn parse_options(mut rest: &[u8]) -> TcpOptions {
    let mut options = TcpOptions::default();
    while let [kind, after @ ..] = rest {
        rest = match kind {
            0 => break,
            1 => after,
            _ => {
                let Some((option, after)) =
                    rest.get(1).filter(|&&length| length >= 2).and_then(|&length| rest.split_at_checked(length.into()))
                else {
                    break;
                };
                match *option {
                    [2, 4, high, low] => options.mss = Some(u16::from_be_bytes([high, low])),
                    [3, 3, shift] => options.window_scale = Some(shift.min(MAX_SHIFT)),
                    [5, ..] => options.sack = true,
                    _ => {}
                }
                after
            }
        };
    }
    options
}

/// Sum of 16-bit words, big-endian; an odd last byte is the high half of a word (RFC 1071).
fn sum(bytes: &[u8]) -> u64 {
    let (words, odd) = bytes.as_chunks::<2>();
    let words = words.iter().map(|&word| u64::from(u16::from_be_bytes(word))).fold(0, u64::wrapping_add);
    words.wrapping_add(odd.first().map_or(0, |&byte| u64::from(byte) << 8))
}

fn address_sum(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(address) => sum(&address.octets()),
        IpAddr::V6(address) => sum(&address.octets()),
    }
}
