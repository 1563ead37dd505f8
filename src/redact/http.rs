//! HTTP: heads and bodies. Secrets in bodies may go on from one chunk to the next, and stand within compressed ones.

use super::Redactor;
use super::protocols::is_tls;
use super::text::readable;
use flate2::Compression;
use flate2::read::{GzDecoder, ZlibDecoder};
use std::io::{Read, Write};
use std::ops::Range;

/// The most that a compressed body is inflated to.
const INFLATED: u64 = 16 << 20;
/// Bytes of a gzip header, and its flag for a comment (RFC 1952 2.3).
const GZIP_HEADER: usize = 10;
const GZIP_COMMENT: u8 = 0x10;

/// What a head says of the body behind it.
#[derive(Debug, Default)]
struct Head {
    chunked: bool,
    length: Option<usize>,
    encoding: String,
    kind: String,
    is_response: bool,
    /// It has no body, whatever it says.
    is_bare: bool,
    /// Frames of a WebSocket follow.
    upgrades: bool,
}

impl Head {
    fn of(head: &[u8]) -> Self {
        let text = readable(head).to_ascii_lowercase();
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        let status = first.split(' ').nth(1).unwrap_or_default();
        let is_response = first.starts_with("http/1.");
        let mut found = Self { is_response, ..Self::default() };
        found.is_bare = is_response && (status.starts_with('1') || status == "204" || status == "304");
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            match name.trim() {
                "transfer-encoding" => found.chunked = value.contains("chunked"),
                "content-length" => found.length = value.parse().ok(),
                "content-encoding" => value.clone_into(&mut found.encoding),
                "content-type" => value.clone_into(&mut found.kind),
                "upgrade" => found.upgrades = value.contains("websocket") && (!is_response || status == "101"),
                _ => {}
            }
        }
        found
    }
}

/// A run of one direction.
pub(super) fn run(redactor: &mut Redactor, mut rest: &mut [u8]) {
    if rest.starts_with(b"PRI * HTTP/2") || is_http2(rest) {
        // Heads are compressed by a table that goes through the connection: nothing in them can be changed and keep its length.
        return redactor.unknown(rest);
    }
    while !rest.is_empty() {
        if is_tls(rest) {
            return redactor.names_only(rest);
        }
        let Some(end) = head_end(rest) else { return text(redactor, rest) };
        let head = Head::of(rest.get(..end).unwrap_or_default());
        let (front, behind) = rest.split_at_mut(end);
        text(redactor, front);
        if head.upgrades {
            return websocket(redactor, behind);
        }
        let (ranges, used) = body(&head, behind);
        let (now, next) = behind.split_at_mut(used.min(behind.len()));
        if !now.is_empty() {
            change_body(redactor, &head, now, &ranges);
        }
        rest = next;
    }
}

fn text(redactor: &mut Redactor, bytes: &mut [u8]) {
    redactor.text(bytes);
    redactor.names_and_addresses_in_text(bytes);
}

/// The first frame that a server sends (RFC 9113 3.4) is one of settings.
fn is_http2(bytes: &[u8]) -> bool {
    matches!(bytes, [0, 0, length, 4, 0 | 1, 0, 0, 0, 0, ..] if length % 6 == 0)
}

/// End of the head that stands at the front, its empty line included.
fn head_end(bytes: &[u8]) -> Option<usize> {
    let crlf = memchr::memmem::find(bytes, b"\r\n\r\n").map(|at| at.saturating_add(4));
    let lf = memchr::memmem::find(bytes, b"\n\n").map(|at| at.saturating_add(2));
    crlf.into_iter().chain(lf).min()
}

/// Where the bytes of the body stand, and how many bytes it takes.
fn body(head: &Head, bytes: &[u8]) -> (Vec<Range<usize>>, usize) {
    let begins_anew = bytes.starts_with(b"HTTP/1.");
    if head.is_bare || begins_anew {
        return (Vec::new(), 0);
    }
    if head.chunked {
        return chunks(bytes);
    }
    let length = head.length.unwrap_or(if head.is_response { bytes.len() } else { 0 }).min(bytes.len());
    (std::iter::once(0..length).collect(), length)
}

/// Chunks (RFC 9112 7.1), as far as they go.
fn chunks(bytes: &[u8]) -> (Vec<Range<usize>>, usize) {
    let mut ranges = Vec::new();
    let mut at = 0_usize;
    loop {
        let Some(line) = bytes.get(at..).and_then(|rest| memchr::memchr(b'\n', rest)) else {
            return (ranges, bytes.len());
        };
        let size = readable(bytes.get(at..at.saturating_add(line)).unwrap_or_default());
        let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16);
        let Some(size) = size.ok().filter(|&size| size < 1 << 31) else { return (ranges, bytes.len()) };
        let start = at.saturating_add(line).saturating_add(1);
        let end = start.saturating_add(size).min(bytes.len());
        if size == 0 {
            let trailer = bytes
                .get(start..)
                .map(|rest| if rest.starts_with(b"\r\n") { 2 } else { head_end(rest).unwrap_or(rest.len()) });
            return (ranges, start.saturating_add(trailer.unwrap_or_default()).min(bytes.len()));
        }
        ranges.push(start..end);
        at = end.saturating_add(2);
        if at >= bytes.len() {
            return (ranges, bytes.len());
        }
    }
}

/// Changes a body as one, wherever it stands.
fn change_body(redactor: &mut Redactor, head: &Head, bytes: &mut [u8], ranges: &[Range<usize>]) {
    let mut whole: Vec<u8> = ranges.iter().filter_map(|range| bytes.get(range.clone())).flatten().copied().collect();
    match head.encoding.as_str() {
        "gzip" | "x-gzip" => inflated(redactor, &mut whole, true),
        "deflate" => inflated(redactor, &mut whole, false),
        "" | "identity" if is_text(&head.kind, &whole) => text(redactor, &mut whole),
        _ => redactor.unknown(&mut whole),
    }
    let mut rest = &whole[..];
    for range in ranges {
        let Some(place) = bytes.get_mut(range.clone()) else { continue };
        let (now, behind) = rest.split_at(place.len().min(rest.len()));
        place.copy_from_slice(now);
        rest = behind;
    }
}

/// A kind of body that is read: text of any kind, forms, documents of scripts. Parts of a form with files are not.
fn is_text(kind: &str, body: &[u8]) -> bool {
    let known =
        ["text/", "json", "xml", "javascript", "x-www-form-urlencoded", "sdp"].iter().any(|known| kind.contains(known));
    let printable = || body.iter().take(512).all(|&byte| byte >= b' ' || byte.is_ascii_whitespace());
    known || ((kind.is_empty() || kind.contains("text")) && printable())
}

/// A compressed body: inflated to look, and if something in it has to go, compressed anew so that it is as long as before. If that
/// cannot be, all of it goes.
fn inflated(redactor: &mut Redactor, whole: &mut [u8], is_gzip: bool) {
    let mut plain = Vec::new();
    let read = if is_gzip {
        GzDecoder::new(&*whole).take(INFLATED).read_to_end(&mut plain)
    } else {
        ZlibDecoder::new(&*whole).take(INFLATED).read_to_end(&mut plain)
    };
    let old = plain.clone();
    if is_text("", &plain) {
        text(redactor, &mut plain);
    } else {
        redactor.unknown(&mut plain);
    }
    if read.is_ok() && plain == old {
        return;
    }
    match (read, deflated(&plain, whole.len(), is_gzip)) {
        (Ok(_), Some(new)) if new.len() == whole.len() => whole.copy_from_slice(&new),
        _ => {
            let old = whole.to_vec();
            whole.fill(0);
            redactor.count_changed("compressed body with a secret, blanked", &old, whole);
        }
    }
}

/// Compressed to exactly that length: a comment of gzip, or empty blocks of deflate, fill what is left.
fn deflated(plain: &[u8], length: usize, is_gzip: bool) -> Option<Vec<u8>> {
    let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), Compression::best());
    raw.write_all(plain).ok()?;
    let raw = raw.finish().ok()?;
    if is_gzip {
        let mut crc = flate2::Crc::new();
        crc.update(plain);
        let missing = length.checked_sub(raw.len())?.checked_sub(GZIP_HEADER)?.checked_sub(8)?;
        let flags = if missing > 0 { GZIP_COMMENT } else { 0 };
        let mut new = vec![0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 0xff];
        new.extend(std::iter::repeat_n(b' ', missing.saturating_sub(1)));
        new.extend((missing > 0).then_some(0));
        new.extend(raw);
        new.extend(crc.sum().to_le_bytes());
        new.extend(crc.amount().to_le_bytes());
        return Some(new);
    }
    let missing = length.checked_sub(raw.len())?.checked_sub(6)?;
    // An empty stored block takes five bytes (RFC 1951 3.2.4); it begins at a byte, as the first block does.
    let blocks =
        missing.is_multiple_of(5).then(|| [0, 0, 0, 0xff, 0xff].repeat(missing.checked_div(5).unwrap_or_default()))?;
    let mut sum = adler32(plain).to_be_bytes().to_vec();
    let mut new = vec![0x78, 0xda];
    new.extend(blocks);
    new.extend(raw);
    new.append(&mut sum);
    Some(new)
}

/// RFC 1950 8.2.
fn adler32(bytes: &[u8]) -> u32 {
    let step = |(a, b): (u32, u32), byte: &u8| {
        let a = a.wrapping_add((*byte).into()) % 65_521;
        (a, b.wrapping_add(a) % 65_521)
    };
    let (a, b) = bytes.iter().fold((1, 0), step);
    b << 16 | a
}

/// Frames of a WebSocket (RFC 6455 5.2): what a client says is masked.
fn websocket(redactor: &mut Redactor, mut rest: &mut [u8]) {
    while let Some(&[first, second]) = rest.first_chunk() {
        let number = |bytes: Option<&[u8]>| {
            bytes.map(|bytes| bytes.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte)))
        };
        let (fixed, length) = match second & 0x7f {
            126 => (4_usize, number(rest.get(2..4))),
            127 => (10, number(rest.get(2..10))),
            short => (2, Some(usize::from(short))),
        };
        let masked = if second & 0x80 == 0 { 0 } else { 4 };
        let header = fixed.saturating_add(masked);
        let mask = rest.get(fixed..header).filter(|mask| !mask.is_empty()).map_or_else(|| vec![0], <[u8]>::to_vec);
        let end = header.saturating_add(length.unwrap_or_default()).min(rest.len());
        let (frame, next) = rest.split_at_mut(end);
        let payload = frame.get_mut(header..).unwrap_or_default();
        let turn =
            |payload: &mut [u8]| payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        turn(payload);
        match first & 0x0f {
            0x0..=0x2 if is_text("", payload) => text(redactor, payload),
            0x8..=0xa => {}
            _ => redactor.unknown(payload),
        }
        turn(payload);
        rest = next;
    }
    redactor.unknown(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_found_whatever_frames_them() {
        let chunked = b"3\r\nabc\r\n2;x=1\r\nde\r\n0\r\n\r\nHTTP/1.1";
        let (ranges, used) = chunks(chunked);
        assert_eq!((ranges, &chunked[used..]), (vec![3..6, 15..17], &b"HTTP/1.1"[..]));
        let head = Head::of(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Encoding: gzip\r\n\r\n");
        assert_eq!((body(&head, b"abc").1, head.encoding.as_str()), (2, "gzip"));
        assert_eq!(body(&Head::of(b"GET / HTTP/1.1\r\n\r\n"), b"abc").1, 0);
        assert_eq!(body(&Head::of(b"HTTP/1.1 304 x\r\nContent-Length: 2\r\n\r\n"), b"abc").1, 0);
    }

    #[test]
    fn what_is_compressed_anew_has_the_length_that_it_should() {
        let plain = b"some text, some text, some text".repeat(9);
        for length in [100, 101, 190] {
            let new = deflated(&plain, length, true).unwrap();
            let mut read = Vec::new();
            GzDecoder::new(&new[..]).read_to_end(&mut read).unwrap();
            assert_eq!((new.len(), &read), (length, &plain));
        }
        let shortest = deflated(&plain, 100, true)
            .map(|_| (40..100).find(|length| deflated(&plain, *length, false).is_some()))
            .unwrap()
            .unwrap();
        let new = deflated(&plain, shortest + 15, false).unwrap();
        let mut read = Vec::new();
        ZlibDecoder::new(&new[..]).read_to_end(&mut read).unwrap();
        assert_eq!((new.len(), &read), (shortest + 15, &plain));
        assert_eq!(deflated(&plain, 20, true), None);
    }
}
