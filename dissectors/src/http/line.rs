//! Start lines (RFC 9112 sections 3 and 4): is this the beginning of one, and where does the next one begin?

use super::head::is_token;
use crate::Side;
use nom::bytes::complete::{tag, take_while_m_n};
use nom::character::complete::satisfy;
use nom::combinator::eof;
use nom::{IResult, Parser};

/// Bytes that a start line may have.
pub(super) const LIMIT: usize = 64 * 1024;
/// Bytes that a method may have.
const METHOD: usize = 32;
/// Bytes of a target by which a request is told, if they are all that is there.
const TARGET: usize = 512;
/// Bytes of a target behind which a request is no longer looked for.
const FAR: usize = 16 * 1024;
/// `HTTP/1.1 200`.
const STATUS: usize = 12;

const METHODS: [&[u8]; 24] = [
    b"GET ",
    b"POST ",
    b"HEAD ",
    b"PUT ",
    b"DELETE ",
    b"OPTIONS ",
    b"CONNECT ",
    b"PATCH ",
    b"TRACE ",
    b"PROPFIND ",
    b"PROPPATCH ",
    b"MKCOL ",
    b"COPY ",
    b"MOVE ",
    b"LOCK ",
    b"UNLOCK ",
    b"REPORT ",
    b"SEARCH ",
    b"RPC_IN_DATA ",
    b"RPC_OUT_DATA ",
    b"BITS_POST ",
    b"SUBSCRIBE ",
    b"UNSUBSCRIBE ",
    b"NOTIFY ",
];

/// Whether bytes begin a start line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    /// They do.
    Yes,
    /// They do not: the byte at this offset contradicts.
    No(usize),
    /// This many are needed to tell.
    Need(usize),
}

/// Judges the first bytes of what should be a message of that side, by no more than 34 of them.
pub(super) fn judge(from: Side, input: &[u8]) -> Judgement {
    match from {
        Side::Client => judge_request(input),
        Side::Server => judge_response(input),
    }
}

/// A method, a blank, and the first byte of a target.
fn judge_request(input: &[u8]) -> Judgement {
    let method = input.iter().take_while(|&&byte| is_token(byte)).count();
    let behind = method.saturating_add(1);
    match (input.get(method), input.get(behind)) {
        _ if method > METHOD => Judgement::No(METHOD),
        (None, _) => Judgement::Need(behind),
        (Some(b' '), None) if method > 0 => Judgement::Need(behind.saturating_add(1)),
        (Some(b' '), Some(byte)) if method > 0 && *byte > b' ' => Judgement::Yes,
        (Some(b' '), Some(_)) if method > 0 => Judgement::No(behind),
        (Some(_), _) => Judgement::No(method),
    }
}

fn judge_response(input: &[u8]) -> Judgement {
    let fits = |(index, &byte): (usize, &u8)| status_byte(index, byte);
    let fitting = input.iter().take(STATUS).enumerate().take_while(|&pair| fits(pair)).count();
    match (fitting == STATUS, fitting < input.len()) {
        (true, _) => Judgement::Yes,
        (false, true) => Judgement::No(fitting),
        (false, false) => Judgement::Need(fitting.saturating_add(1)),
    }
}

/// `HTTP/1.d ddd`, byte by byte.
fn status_byte(index: usize, byte: u8) -> bool {
    match b"HTTP/1.d ddd".get(index) {
        Some(b'd') => byte.is_ascii_digit(),
        Some(&expected) => byte == expected,
        None => false,
    }
}

/// For the probe: a request is told by its version, or by much of a long target behind a well-known method.
pub(super) fn probe_request(input: &[u8]) -> Judgement {
    match judge_request(input) {
        Judgement::Yes => {}
        other => return other,
    }
    let blank = input.iter().position(|&byte| byte == b' ').unwrap_or_default();
    let begin = blank.saturating_add(1);
    let target = input.get(begin..).unwrap_or_default();
    let is_web = is_web(input);
    match request_version(target.get(..TARGET).unwrap_or(target), 0) {
        Version::Here(_) => Judgement::Yes,
        Version::No(at) => Judgement::No(begin.saturating_add(at)),
        Version::Unknown if target.len() < TARGET => Judgement::Need(input.len().saturating_add(1)),
        Version::Unknown if is_web => Judgement::Yes,
        Version::Unknown => Judgement::No(begin.saturating_add(TARGET)),
    }
}

/// Does it begin with a method that is known?
pub(super) fn is_known_method(input: &[u8]) -> bool {
    METHODS.iter().any(|method| input.starts_with(method))
}

/// A method that is known, and the beginning of a target of the web.
pub(super) fn is_web(input: &[u8]) -> bool {
    let target = input.splitn(2, |&byte| byte == b' ').nth(1).unwrap_or_default();
    is_known_method(input) && (target.starts_with(b"/") || target.starts_with(b"http"))
}

/// Where the version stands behind a target without blanks.
enum Version {
    /// Behind so many bytes.
    Here(usize),
    /// The byte at this offset contradicts.
    No(usize),
    /// The target, or the version, goes on.
    Unknown,
}

/// `looked`: so many bytes are known to be of the target.
fn request_version(target: &[u8], looked: usize) -> Version {
    const WANTED: &[u8] = b" HTTP/1.";
    let rest = target.get(looked..).unwrap_or_default();
    let length = looked.saturating_add(rest.iter().take_while(|&&byte| byte > b' ' && byte != 0x7F).count());
    let behind = target.get(length..).unwrap_or_default();
    let fitting = behind.iter().zip(WANTED).take_while(|(byte, wanted)| byte == wanted).count();
    match (fitting == WANTED.len(), fitting == behind.len()) {
        (true, _) => Version::Here(length),
        (false, true) => Version::Unknown,
        (false, false) => Version::No(length.saturating_add(fitting)),
    }
}

/// What a search for a start line found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// One begins here.
    At(usize),
    /// One may begin here; of what follows so many bytes need not be looked at again.
    Maybe(usize, usize),
    /// None does.
    Nowhere,
}

/// Looks for the next start line of that side, at any offset. `looked` is what [`Found::Maybe`] said of offset 0.
pub(super) fn find(from: Side, input: &[u8], looked: usize) -> Found {
    let first = if from == Side::Client { find_request(input, looked) } else { find_response(input) };
    first.unwrap_or(Found::Nowhere)
}

fn find_request(input: &[u8], looked: usize) -> Option<Found> {
    let could_begin = |byte: u8| b"GPHDOCTMLURSBN".contains(&byte);
    let starts = input.iter().enumerate().filter(|&(_, &byte)| could_begin(byte)).map(|(at, _)| at);
    starts.into_iter().find_map(|at| {
        let rest = input.get(at..).unwrap_or_default();
        let known = if at == 0 { looked } else { 0 };
        request_at(rest, known).map(|found| match found {
            Found::Maybe(_, looked) => Found::Maybe(at, looked),
            _ => Found::At(at),
        })
    })
}

/// Whether a request begins right here.
fn request_at(input: &[u8], looked: usize) -> Option<Found> {
    let method = METHODS.iter().find(|method| input.iter().zip(**method).all(|(byte, wanted)| byte == wanted))?;
    let Some(target) = input.get(method.len()..).filter(|target| !target.is_empty()) else {
        return Some(Found::Maybe(0, 0));
    };
    match request_version(target, looked) {
        Version::Here(0) | Version::No(_) => None,
        Version::Here(_) => Some(Found::At(0)),
        Version::Unknown if target.len() > FAR => None,
        Version::Unknown => Some(Found::Maybe(0, target.len().saturating_sub(STATUS))),
    }
}

fn find_response(input: &[u8]) -> Option<Found> {
    let starts = input.iter().enumerate().filter(|&(_, &byte)| byte == b'H').map(|(at, _)| at);
    starts.into_iter().find_map(|at| match judge_response(input.get(at..).unwrap_or_default()) {
        Judgement::Yes => Some(Found::At(at)),
        Judgement::Need(_) => Some(Found::Maybe(at, 0)),
        Judgement::No(_) => None,
    })
}

/// Method, target and version of a request line. The target may hold blanks, which it should not.
pub(super) fn request(line: &str) -> Option<(&str, &str, (u8, u8))> {
    let (method, rest) = line.split_once(' ')?;
    let (target, version) = rest.trim_end().rsplit_once(' ')?;
    let (_, version) = version_only(version).ok()?;
    let target = target.trim_matches(' ');
    (!target.is_empty() && !method.is_empty() && method.bytes().all(is_token)).then_some((method, target, version))
}

/// Method and target of a request line whose end is not there. Half a value of a parameter says something else than the whole,
/// and is left out.
pub(super) fn cut_request(line: &str) -> Option<(&str, &str)> {
    let (method, rest) = line.split_once(' ').filter(|_| is_web(line.as_bytes()))?;
    let target = match (rest.split_once(' '), rest.rsplit_once(['?', '&'])) {
        (Some((target, _)), _) => target,
        (None, Some((whole, _))) => whole,
        (None, None) => rest,
    };
    Some((method, target))
}

/// Version and status of a status line whose end is not there.
pub(super) fn cut_response(line: &str) -> Option<&str> {
    line.get(..STATUS).filter(|line| response(line).is_some())
}

/// Version, status and reason of a status line.
pub(super) fn response(line: &str) -> Option<((u8, u8), u16, &str)> {
    let (reason, (version, _, status)) =
        (version, tag(" "), take_while_m_n(3, 3, |c: char| c.is_ascii_digit())).parse(line).ok()?;
    let well_cut = reason.is_empty() || reason.starts_with([' ', '\t']);
    well_cut.then_some((version, status.parse().ok()?, reason.trim()))
}

fn version(input: &str) -> IResult<&str, (u8, u8)> {
    let (input, _) = tag("HTTP/1.").parse(input)?;
    let (input, minor) = satisfy(|c| c.is_ascii_digit()).parse(input)?;
    let minor = minor.to_digit(10).and_then(|digit| u8::try_from(digit).ok()).unwrap_or_default();
    Ok((input, (1, minor)))
}

fn version_only(input: &str) -> IResult<&str, (u8, u8)> {
    let (input, (version, _)) = (version, eof).parse(input)?;
    Ok((input, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_of_a_start_line_may_become_one() {
        for (side, line) in [(Side::Client, &b"POST /x HTTP/1.1"[..]), (Side::Server, b"HTTP/1.1 200 OK")] {
            for length in 0..line.len() {
                match judge(side, &line[..length]) {
                    Judgement::Need(total) => assert!(total > length),
                    judgement => assert_eq!((judgement, length >= 6), (Judgement::Yes, true)),
                }
            }
        }
        let no = |side, text: &[u8]| judge(side, text);
        assert_eq!(no(Side::Client, b"PO:T /"), Judgement::No(2));
        assert_eq!(no(Side::Client, b"GET  /"), Judgement::No(4));
        assert_eq!(no(Side::Client, b" /"), Judgement::No(0));
        assert_eq!(no(Side::Client, &[b'A'; 40]), Judgement::No(32));
        assert_eq!(no(Side::Server, b"HTTP/2.0 200"), Judgement::No(5));
    }

    #[test]
    fn a_search_finds_the_line_at_any_offset_and_goes_on_where_it_was() {
        let text = b"junk GET of POST /x\rDELETE /a?b=c HTTP/1.1\r\n";
        let at = 20;
        assert_eq!(find(Side::Client, text, 0), Found::At(at));
        for length in at + 1..text.len() - 3 {
            let found = find(Side::Client, &text[..length], 0);
            assert!(matches!(found, Found::Maybe(offset, _) if offset == at), "{length}: {found:?}");
            let Found::Maybe(_, looked) = found else { unreachable!() };
            assert_eq!(find(Side::Client, &text[at..], looked), Found::At(0));
        }
        assert_eq!(find(Side::Client, b"GET  HTTP/1.1", 0), Found::Nowhere);
        assert_eq!(find(Side::Client, &[b"GET /", &[b'a'; FAR][..]].concat(), 0), Found::Nowhere);
        assert_eq!(find(Side::Server, b"HTTP/1.x 200 HTTP/1.1 404 No", 0), Found::At(13));
        assert_eq!(find(Side::Server, b"HTTP/1.x 200 HTTP/1", 0), Found::Maybe(13, 0));
    }

    #[test]
    fn lines() {
        assert_eq!(request("GET /a b HTTP/1.0 "), Some(("GET", "/a b", (1, 0))));
        for line in
            ["GET /", "GET  HTTP/1.1", "G(T / HTTP/1.1", "GET / HTTP/1.10", "GET / HTTP/2.0", "GET / http/1.1", ""]
        {
            assert_eq!(request(line), None, "{line}");
        }
        assert_eq!(response("HTTP/1.1 200"), Some(((1, 1), 200, "")));
        assert_eq!(response("HTTP/1.0 404 Not Found"), Some(((1, 0), 404, "Not Found")));
        for line in ["HTTP/1.1 20", "HTTP/1.1 2000", "HTTP/1.1200", "HTTP/2 200", ""] {
            assert_eq!(response(line), None, "{line}");
        }
    }
}
