//! How long a message's body is (RFC 9112 section 6.3).

use super::head::Head;

/// How long a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// So many bytes.
    Bytes(u64),
    /// In chunks.
    Chunked,
    /// Until the direction ends.
    UntilClose,
    /// The head contradicts itself.
    Unknown,
}

/// Length of a request's body.
pub(super) fn of_request(head: &mut Head) -> Length {
    match (coding(head), content_length(head)) {
        (TransferCoding::Chunked, _) => Length::Chunked,
        (TransferCoding::Other, _) => {
            let at = head.offset("transfer-encoding");
            head.problem("a request body whose last transfer coding is not chunked has no end", at);
            Length::Unknown
        }
        (TransferCoding::None, Stated::Bytes(bytes)) => Length::Bytes(bytes),
        (TransferCoding::None, Stated::Nonsense) => Length::Unknown,
        (TransferCoding::None, Stated::Nothing) => Length::Bytes(0),
    }
}

/// Length of a response's body, as far as the response alone says it: that to HEAD has none, whatever it says.
pub(super) fn of_response(head: &mut Head, status: u16) -> Length {
    let (coding, stated) = (coding(head), content_length(head));
    match (coding, stated) {
        _ if matches!(status, 100..=199 | 204 | 304) => Length::Bytes(0),
        (TransferCoding::Chunked, _) => Length::Chunked,
        (TransferCoding::Other, _) | (TransferCoding::None, Stated::Nothing) => Length::UntilClose,
        (TransferCoding::None, Stated::Bytes(bytes)) => Length::Bytes(bytes),
        (TransferCoding::None, Stated::Nonsense) => Length::Unknown,
    }
}

/// What Content-Length says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stated {
    Nothing,
    Bytes(u64),
    Nonsense,
}

/// Reads Content-Length. The same number several times is one; several numbers are none.
pub(super) fn stated(head: &Head) -> Stated {
    let mut stated = Stated::Nothing;
    for element in head.list("content-length") {
        let digits = element.bytes().all(|byte| byte.is_ascii_digit());
        let number = element.parse().ok().filter(|&bytes: &u64| digits && i64::try_from(bytes).is_ok());
        stated = match (stated, number) {
            (Stated::Nothing, Some(bytes)) => Stated::Bytes(bytes),
            (Stated::Bytes(before), Some(bytes)) if before == bytes => stated,
            _ => return Stated::Nonsense,
        };
    }
    stated
}

fn content_length(head: &mut Head) -> Stated {
    let stated = stated(head);
    if stated == Stated::Nonsense {
        let at = head.offset("content-length");
        head.problem("Content-Length is not one number that a body can have: where the body ends is not known", at);
    }
    stated
}

#[derive(Clone, Copy)]
enum TransferCoding {
    None,
    Chunked,
    Other,
}

fn coding(head: &mut Head) -> TransferCoding {
    let last = head.list("transfer-encoding").filter(|coding| coding != "identity").last();
    let Some(last) = last else { return TransferCoding::None };
    if head.first("content-length").is_some() {
        let at = head.offset("content-length");
        head.problem("both Transfer-Encoding and Content-Length: the latter does not count", at);
    }
    if last == "chunked" { TransferCoding::Chunked } else { TransferCoding::Other }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(fields: &str) -> (Length, Length, usize) {
        let mut head = Head::parse(format!("x\r\n{fields}\r\n").as_bytes());
        let request = of_request(&mut head);
        let problems = head.problems.len();
        (request, of_response(&mut head, 200), problems)
    }

    #[test]
    fn by_the_fields() {
        use Length::{Bytes, Chunked, Unknown, UntilClose};
        for (fields, expected) in [
            ("", (Bytes(0), UntilClose, 0)),
            ("Content-Length: 12\r\n", (Bytes(12), Bytes(12), 0)),
            ("Content-Length: 12, 12\r\nContent-Length: 12\r\n", (Bytes(12), Bytes(12), 0)),
            ("Content-Length: 12\r\nContent-Length: 13\r\n", (Unknown, Unknown, 1)),
            ("Content-Length: -1\r\n", (Unknown, Unknown, 1)),
            ("Content-Length: +1\r\n", (Unknown, Unknown, 1)),
            ("Content-Length: 0x10\r\n", (Unknown, Unknown, 1)),
            ("Content-Length: 99999999999999999999\r\n", (Unknown, Unknown, 1)),
            ("Content-Length: 9223372036854775808\r\n", (Unknown, Unknown, 1)),
            ("Content-Length:\r\n", (Bytes(0), UntilClose, 0)),
            ("Transfer-Encoding: Chunked\r\n", (Chunked, Chunked, 0)),
            ("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", (Chunked, Chunked, 0)),
            ("Transfer-Encoding: chunked, gzip\r\n", (Unknown, UntilClose, 1)),
            ("Transfer-Encoding: identity\r\nContent-Length: 3\r\n", (Bytes(3), Bytes(3), 0)),
            ("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", (Chunked, Chunked, 1)),
        ] {
            assert_eq!(lengths(fields), expected, "{fields}");
        }
    }

    #[test]
    fn by_the_status() {
        for status in [100, 101, 103, 204, 304] {
            let mut head = Head::parse(b"x\r\nContent-Length: 5\r\n\r\n");
            assert_eq!(of_response(&mut head, status), Length::Bytes(0));
        }
    }
}
