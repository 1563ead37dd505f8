//! Bodies of requests that may hold a login: forms and small JSON documents.

use super::body::Length;
use super::head::Head;
use super::url::{self, LIMIT, Parameter};
use crate::{Secret, text};
use serde_json::Value;

/// Bytes that a body may have to be waited for.
pub(super) const SIZE: usize = 64 * 1024;
/// Chunks that it may come in.
const CHUNKS: usize = 64;
/// Bytes of the line in front of a chunk.
const CHUNK_LINE: usize = 64;

/// How a body holds its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    UrlEncoded,
    Json,
    Plain,
}

/// What kind of form the body of a request is, if it is one that is worth waiting for.
pub(super) fn kind(head: &Head, length: Length) -> Option<Kind> {
    let small = match length {
        Length::Bytes(bytes) => (1..=u64::try_from(SIZE).unwrap_or(u64::MAX)).contains(&bytes),
        Length::Chunked => true,
        Length::UntilClose | Length::Unknown => false,
    };
    let encoded = head.list("content-encoding").any(|coding| coding != "identity");
    let media = head.first("content-type")?.split(';').next()?.trim().to_ascii_lowercase();
    let kind = match media.as_str() {
        "application/x-www-form-urlencoded" => Kind::UrlEncoded,
        "text/plain" => Kind::Plain,
        json if json == "application/json" || json.ends_with("+json") => Kind::Json,
        _ => return None,
    };
    (small && !encoded).then_some(kind)
}

/// The fields of a body, or of the beginning of one. True: there are more than are kept.
pub(super) fn fields(kind: Kind, body: &[u8]) -> (Vec<Parameter>, bool) {
    match kind {
        Kind::UrlEncoded => (url::parameters(body), url::too_many(body)),
        Kind::Json => json(body),
        Kind::Plain => plain(body),
    }
}

/// The top level of an object; what is nested keeps its JSON text.
fn json(body: &[u8]) -> (Vec<Parameter>, bool) {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else { return (Vec::new(), false) };
    let too_many = object.len() > LIMIT;
    let text = |value: Value| match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let fields = object.into_iter().take(LIMIT);
    (fields.map(|(name, value)| Parameter { name, value: Secret::new(text(value)) }).collect(), too_many)
}

/// `name=value` in lines (HTML, form submission as text/plain).
fn plain(body: &[u8]) -> (Vec<Parameter>, bool) {
    let text = text::lenient(body);
    let mut pairs = text.lines().filter_map(|line| line.split_once('='));
    let parameter = |(name, value): (&str, &str)| Parameter { name: name.to_owned(), value: Secret::new(value) };
    let fields = pairs.by_ref().take(LIMIT).map(parameter).collect();
    (fields, pairs.next().is_some())
}

/// What there is of a chunked body.
pub(super) enum Chunks {
    /// All of it, and where its last chunk line ends: trailers follow.
    Whole(Vec<u8>, usize),
    /// Not all: so many bytes are needed to read on. With what there is.
    Part(Vec<u8>, usize),
    /// Too much, or not chunks: it is not worth waiting for.
    Never,
}

/// Puts the chunks together (RFC 9112 section 7.1), as far as they are simple.
pub(super) fn chunks(input: &[u8]) -> Chunks {
    let mut body = Vec::new();
    let mut at = 0_usize;
    for _ in 0..CHUNKS {
        let rest = input.get(at..).unwrap_or_default();
        let line = match chunk_line(rest) {
            Line::Whole(line) => line,
            Line::Part => return Chunks::Part(body, input.len().saturating_add(1)),
            Line::Never => return Chunks::Never,
        };
        let begin = at.saturating_add(line.length);
        if line.size == 0 {
            return Chunks::Whole(body, begin);
        }
        let end = begin.saturating_add(line.size);
        if body.len().saturating_add(line.size) > SIZE {
            return Chunks::Never;
        }
        let Some(data) = input.get(begin..end) else {
            body.extend_from_slice(input.get(begin..).unwrap_or_default());
            return Chunks::Part(body, end);
        };
        body.extend_from_slice(data);
        at = match input.get(end..).unwrap_or_default() {
            [b'\n', ..] => end.saturating_add(1),
            [b'\r', b'\n', ..] => end.saturating_add(2),
            [] | [b'\r'] => return Chunks::Part(body, input.len().saturating_add(1)),
            _ => return Chunks::Never,
        };
    }
    Chunks::Never
}

/// The line in front of a chunk.
pub(super) struct ChunkLine {
    /// Bytes with its end.
    pub length: usize,
    /// Bytes of the chunk.
    pub size: usize,
}

/// What there is of the line in front of a chunk.
pub(super) enum Line {
    /// All of it.
    Whole(ChunkLine),
    /// Its end is not there yet.
    Part,
    /// It is no such line.
    Never,
}

/// Reads the line in front of a chunk.
pub(super) fn chunk_line(input: &[u8]) -> Line {
    let Some(end) = input.iter().take(CHUNK_LINE).position(|&byte| byte == b'\n') else {
        return if input.len() < CHUNK_LINE { Line::Part } else { Line::Never };
    };
    match chunk_size(input.get(..end).unwrap_or_default()).and_then(|size| usize::try_from(size).ok()) {
        Some(size) => Line::Whole(ChunkLine { length: end.saturating_add(1), size }),
        None => Line::Never,
    }
}

/// The size in a chunk line; `None` if it has none, or one that no chunk can have.
pub(super) fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|&byte| byte == b';').next()?.trim_ascii();
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u64::from_str_radix(text, 16).ok().filter(|&size| i64::try_from(size).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"3;x=y\r\nabc\r\nA\n0123456789\n0\r\n";

    #[test]
    fn chunks_at_every_truncation() {
        for length in 0..BODY.len() {
            let Chunks::Part(body, total) = chunks(&BODY[..length]) else { panic!("{length}") };
            assert!(total > length && total <= BODY.len() && b"abc0123456789".starts_with(&body), "{length}: {total}");
        }
        let Chunks::Whole(body, end) = chunks(&[BODY, b"X: y"].concat()) else { panic!() };
        assert_eq!((body.as_slice(), end), (&b"abc0123456789"[..], BODY.len()));
    }

    #[test]
    fn what_is_not_worth_waiting_for() {
        let many = b"1\r\na\r\n".repeat(CHUNKS + 1);
        for input in [&b"x\r\n"[..], b"3\r\nabcd", b"10001\r\n", &many, &[b'0'; 70], b"ffffffffffffffff\r\n"] {
            assert!(matches!(chunks(input), Chunks::Never));
        }
    }

    #[test]
    fn sizes() {
        let size = |text: &str| chunk_size(text.as_bytes());
        assert_eq!(
            ["0", "1F", " a ;x", "7fffffffffffffff"].map(size),
            [Some(0), Some(31), Some(10), Some(i64::MAX as u64)]
        );
        assert_eq!(["", ";x", "-1", "+1", "0x1", "8000000000000000", "1 2", "\u{e9}"].map(size), [None; 8]);
    }
}
