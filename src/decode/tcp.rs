//! The TCP header (RFC 9293 3.1), its options, and its checksum.

use super::captured::Captured;
use super::packet::Packet;
use super::reason;
use crate::model::{IpInfo, Segment, TcpOptions, flags};
use std::net::IpAddr;

/// Bytes of a header without options.
const HEADER: usize = 20;
/// The largest shift that window scaling allows (RFC 7323 2.3).
const MAX_SHIFT: u8 = 14;

/// Whether the TCP checksum of a segment is right. `None` if that cannot be said: the capture cut the segment, its
/// IP length was left to the network card, or a routing header hides the address the checksum was made with.
///
/// Wrong checksums are usual in captures taken on the sending host, where the network card fills them in later.
pub(crate) fn tcp_checksum_ok(segment: &Segment<'_>) -> Option<bool> {
    let whole = u32::try_from(segment.payload.len()).ok()? == segment.payload_length;
    if !whole || segment.raw.is_empty() {
        return None;
    }
    let length = u32::try_from(segment.raw.len()).ok()?;
    let pseudo = sum(&length.to_be_bytes()).wrapping_add(sum(&[0, 6]));
    let addresses = address_sum(segment.ip.source).wrapping_add(address_sum(segment.ip.destination));
    let mut total = pseudo.wrapping_add(addresses).wrapping_add(sum(segment.raw));
    while total > 0xffff {
        total = (total & 0xffff).wrapping_add(total >> 16);
    }
    Some(total == 0xffff)
}

/// The segment in the payload of IP. `checksum_known` as in `Network`. Header lengths are judged by what was on the wire, so that
/// a cut frame is not taken for a damaged one.
#[inline(always)]
#[expect(clippy::inline_always, reason = "every frame passes here; a call costs two copies of the segment")]
pub(super) fn packet(ip: IpInfo, captured: Captured<'_>, checksum_known: bool) -> Packet<'_> {
    let Some((head, rest)) = captured.data.split_first_chunk::<HEADER>() else {
        return Packet::Other(if captured.wire < HEADER { reason::TCP_DAMAGED } else { reason::TCP_CUT });
    };
    let length = usize::from(head[12] >> 4).wrapping_mul(4);
    if length < HEADER || length > captured.wire {
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
        urgent: if head[13] & flags::URG == 0 { 0 } else { u16::from_be_bytes([head[18], head[19]]) },
        options: match *options {
            [] => TcpOptions::default(),
            // The options of most segments: two NOPs and a timestamp (RFC 7323 appendix A).
            [1, 1, 8, 10, a, b, c, d, _, _, _, _] => {
                TcpOptions { timestamp: Some(u32::from_be_bytes([a, b, c, d])), ..TcpOptions::default() }
            }
            _ => parse_options(options),
        },
        payload,
        payload_length: captured.after(length).wire_u32(),
        raw: if checksum_known { captured.data } else { &[] },
        other: None,
    })
}

/// Options up to the end, or to the first that is damaged.
#[inline(never)]
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
                    [8, 10, a, b, c, d, ..] => options.timestamp = Some(u32::from_be_bytes([a, b, c, d])),
                    _ => {}
                }
                after
            }
        };
    }
    options
}

/// Sum of 16-bit words modulo 2^16 - 1; an odd last byte stands before a zero (RFC 1071). Two words are added at a time: 2^16 is 1
/// there. The words are in the byte order of this machine, which only turns the bytes of the sum round (RFC 1071 section 2 B): whether
/// all its bits are set is the same, and the bytes need not be turned one by one.
fn sum(bytes: &[u8]) -> u64 {
    let (pairs, rest) = bytes.as_chunks::<4>();
    let pairs = pairs.iter().map(|&pair| u64::from(u32::from_ne_bytes(pair))).fold(0, u64::wrapping_add);
    let last = match *rest {
        [a] => [a, 0, 0, 0],
        [a, b] => [a, b, 0, 0],
        [a, b, c] => [a, b, c, 0],
        _ => [0; 4],
    };
    pairs.wrapping_add(u64::from(u32::from_ne_bytes(last)))
}

fn address_sum(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(address) => sum(&address.octets()),
        IpAddr::V6(address) => sum(&address.octets()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{frame, frames, with_segment};
    use super::super::{Decoder, Packet};
    use super::*;
    use proptest::prelude::*;

    fn options(bytes: &[u8]) -> TcpOptions {
        let tcp = frames::tcp_with(bytes, frames::PAYLOAD);
        with_segment(&frames::ethernet(0x0800, &frames::ipv4(6, &tcp)), |segment| segment.options)
    }

    #[test]
    fn options_are_read() {
        let syn = options(&[2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7]);
        assert_eq!(syn, TcpOptions { mss: Some(1460), window_scale: Some(7), sack: false, timestamp: Some(1) });
        let sack = options(&[1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2]);
        assert_eq!(sack, TcpOptions { sack: true, ..TcpOptions::default() });
        let stamped = options(&[1, 1, 8, 10, 0, 0, 1, 1, 0, 0, 0, 2]);
        assert_eq!(stamped, TcpOptions { timestamp: Some(257), ..TcpOptions::default() });
        assert_eq!(options(&[3, 3, 200, 0]).window_scale, Some(14));
    }

    /// Options after the end or after a damaged one do not count; the payload is not lost.
    #[test]
    fn a_bad_option_ends_the_options_only() {
        for bad in [
            [0, 2, 4, 5, 180, 0, 0, 0],
            [99, 0, 2, 4, 5, 180, 0, 0],
            [99, 1, 2, 4, 5, 180, 0, 0],
            [2, 4, 5, 180, 99, 40, 3, 3],
        ] {
            let tcp = frames::tcp_with(&bad, frames::PAYLOAD);
            with_segment(&frames::ethernet(0x0800, &frames::ipv4(6, &tcp)), |segment| {
                assert_eq!(segment.options.mss.is_some(), bad[0] == 2);
                assert_eq!((segment.options.window_scale, segment.payload), (None, frames::PAYLOAD));
            });
        }
    }

    #[test]
    fn options_that_the_capture_cut_do_not_lose_the_segment() {
        let bytes = frames::case("TCP options").bytes;
        let payload = bytes.len() - frames::PAYLOAD.len();
        let mut decoder = Decoder::new();
        match decoder.decode(&frame(1, &bytes[..payload - 4], bytes.len())) {
            Packet::Tcp(segment) => {
                assert_eq!((segment.options.mss, segment.options.window_scale), (Some(1460), Some(7)));
                assert_eq!((segment.payload.len(), segment.payload_length as usize), (0, frames::PAYLOAD.len()));
            }
            other => panic!("{other:?}"),
        }
    }

    proptest! {
        /// The checksum that etherparse makes is right; with any bit changed it is wrong.
        #[test]
        fn checksums(payload in prop::collection::vec(any::<u8>(), 0..60), v6 in any::<bool>(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
            let mut tcp = frames::tcp_with(&[], &payload);
            let slice = etherparse::TcpSlice::from_slice(&tcp).unwrap();
            let address = |last| [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
            let sum = if v6 {
                slice.calc_checksum_ipv6(address(1), address(2)).unwrap()
            } else {
                slice.calc_checksum_ipv4([10, 0, 0, 1], [10, 0, 0, 2]).unwrap()
            };
            tcp[16..18].copy_from_slice(&sum.to_be_bytes());
            let ethernet = |tcp: &[u8]| if v6 { frames::ethernet(0x86dd, &frames::ipv6(6, tcp)) } else { frames::ethernet(0x0800, &frames::ipv4(6, tcp)) };
            with_segment(&ethernet(&tcp), |segment| assert_eq!(tcp_checksum_ok(&segment), Some(true)));
            let at = at.index(tcp.len());
            prop_assume!(at != 12);
            tcp[at] ^= 1 << bit;
            with_segment(&ethernet(&tcp), |segment| assert_eq!(tcp_checksum_ok(&segment), Some(false)));
        }
    }

    #[test]
    fn a_checksum_that_cannot_be_judged() {
        let unknown = |bytes: &[u8]| with_segment(bytes, |segment| assert_eq!(tcp_checksum_ok(&segment), None));
        unknown(&frames::case("total length 0").bytes);
        unknown(&frames::case("IPv6 payload length 0").bytes);
        // A routing header with segments left: the destination is not the one that the checksum was made with.
        let mut routed = frames::extension(6, 24, &frames::tcp());
        routed[3] = 1;
        unknown(&frames::ethernet(0x86dd, &frames::ipv6(43, &routed)));
        routed[3] = 0;
        with_segment(&frames::ethernet(0x86dd, &frames::ipv6(43, &routed)), |segment| {
            assert!(tcp_checksum_ok(&segment).is_some());
        });
    }
}
