//! What a file is that is not a capture, in words that help.

use super::error::CaptureError;
use super::fields::{u16_at, u32_at};
use pcap_file::Endianness;

/// Bytes that are looked at.
pub(super) const HEAD: u32 = 512;

const EDITCAP: &str = "`editcap -F pcapng IN OUT` (part of Wireshark)";
const DECOMPRESS: &str = "decompress it (of compressed captures, gzip and zstd are read)";

/// Formats by their first bytes, after Wireshark's wiretap, the formats' own documentation, and file(1).
const MAGIC: &[(&[u8], &str, &str)] = &[
    (b"RTSS", "a Microsoft Network Monitor 1 capture", EDITCAP),
    (b"GMBU", "a Microsoft Network Monitor 2 or 3 capture", EDITCAP),
    (b"snoop\0\0\0", "a Solaris snoop capture (RFC 1761)", EDITCAP),
    (b"XCP\0", "a Sniffer CAP capture (NetXRay, Sniffer Basic or Pro)", EDITCAP),
    (b"TRSNIFF data", "a DOS Sniffer capture", EDITCAP),
    (b"ObserverPktBuffe", "a Network Instruments Observer capture", EDITCAP),
    (b"iptrace 1.0", "an AIX iptrace capture", EDITCAP),
    (b"iptrace 2.0", "an AIX iptrace capture", EDITCAP),
    (b"\x7fver", "an OmniPeek or EtherPeek capture", EDITCAP),
    (b"\x05VNF", "a Visual Networks capture", EDITCAP),
    (b"\x54\x52\x00\x64\x00", "an HP-UX nettl capture", EDITCAP),
    (b"\xfd7zXZ\0", "compressed with xz", DECOMPRESS),
    (b"BZh", "compressed with bzip2", DECOMPRESS),
    (b"\x04\x22\x4d\x18", "compressed with lz4", DECOMPRESS),
    (b"PK\x03\x04", "a zip archive", "unpack it and name the captures in it, or their folder"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it and name the captures in it, or their folder"),
    (b"\x0a\x0d\x0a", "a pcapng file that a transfer in text mode has damaged", "copy it again in binary mode"),
    (b"\x0a\x0a", "a pcapng file that a transfer in text mode has damaged", "copy it again in binary mode"),
];

/// First bytes of captures that are read: pcap in both byte orders and resolutions and with Kuznetzov's header, and pcapng.
pub(crate) const BEGINNINGS: [[u8; 4]; 7] = [
    [0xa1, 0xb2, 0xc3, 0xd4],
    [0xd4, 0xc3, 0xb2, 0xa1],
    [0xa1, 0xb2, 0x3c, 0x4d],
    [0x4d, 0x3c, 0xb2, 0xa1],
    [0xa1, 0xb2, 0xcd, 0x34],
    [0x34, 0xcd, 0xb2, 0xa1],
    [0x0a, 0x0d, 0x0d, 0x0a],
];

/// Says why a stream that begins with `start` (at most [`HEAD`] bytes) is not read as a capture.
pub(super) fn judge(path: &str, start: &[u8]) -> CaptureError {
    let path = path.to_owned();
    if start.is_empty() {
        return CaptureError::Empty { path };
    }
    if begins_capture(start) {
        return CaptureError::HeaderCut { path, bytes: start.len() };
    }
    if is_text(start) {
        return CaptureError::Text { path };
    }
    if let Some((format, advice, is_certain)) = foreign(&path, start) {
        return CaptureError::Foreign { path, format, advice, is_certain };
    }
    let start: Vec<String> = start.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    CaptureError::NotACapture { path, start: start.join(" ") }
}

/// Is this the start of a header that the reader would have taken, had it been longer?
fn begins_capture(start: &[u8]) -> bool {
    let enough = if start.first() == Some(&0x0a) { 12 } else { 24 };
    start.len() < enough && BEGINNINGS.iter().any(|magic| start.iter().zip(magic).all(|(a, b)| a == b))
}

/// Name, advice, and whether it is certain.
fn foreign(path: &str, start: &[u8]) -> Option<(&'static str, &'static str, bool)> {
    if let Some((magic, format, advice)) = MAGIC.iter().find(|(magic, ..)| start.starts_with(magic)) {
        return Some((format, advice, magic.len() > 2));
    }
    if std::path::Path::new(path).extension().is_some_and(|end| end.eq_ignore_ascii_case("etl")) {
        return Some((
            "a Windows event trace (netsh trace, pktmon)",
            "`etl2pcapng IN OUT` or `pktmon etl2pcap IN`",
            true,
        ));
    }
    if is_lanalyzer(start) {
        return Some(("a Novell LANalyzer capture", EDITCAP, false));
    }
    is_erf(start).then_some(("an Endace ERF capture", EDITCAP, false))
}

/// The first record is a header: type 0x1001 or, for a cyclic trace, 0x1007; then its length.
fn is_lanalyzer(start: &[u8]) -> bool {
    matches!(u16_at(Endianness::Little, start, 0), Some(0x1001 | 0x1007))
        && u16_at(Endianness::Little, start, 2).is_some_and(|length| (2..512).contains(&length))
}

/// ERF has no magic number: two records in a row must make sense, one day apart at most.
fn is_erf(start: &[u8]) -> bool {
    let Some((length, seconds)) = erf_record(start) else { return false };
    let next = start.get(usize::from(length)..).and_then(erf_record);
    next.is_some_and(|(_, next)| next.abs_diff(seconds) < 86_400)
}

/// Length and second of an ERF record: fraction and second (little endian), type, flags, length of the record, losses
/// and length on the wire (big endian).
fn erf_record(start: &[u8]) -> Option<(u16, u32)> {
    let kind = start.get(8)? & 0x7f;
    let (length, wire) = (u16_at(Endianness::Big, start, 10)?, u16_at(Endianness::Big, start, 14)?);
    let seconds = u32_at(Endianness::Little, start, 4)?;
    ((1..=48).contains(&kind) && length >= 16 && wire > 0 && seconds > 0).then_some((length, seconds))
}

/// Text in UTF-8, in UTF-16 with a byte order mark, or in a single-byte code that is mostly ASCII.
fn is_text(start: &[u8]) -> bool {
    if matches!(start, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return true;
    }
    let control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    if start.iter().any(control) {
        return false;
    }
    let printable = start.iter().filter(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()).count();
    is_utf8(start) || printable.saturating_mul(10) >= start.len().saturating_mul(7)
}

/// UTF-8, perhaps cut within its last character.
fn is_utf8(start: &[u8]) -> bool {
    std::str::from_utf8(start).map_or_else(|error| error.error_len().is_none(), |_| true)
}
