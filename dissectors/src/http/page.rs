//! The beginning of an HTML body: out of its chunks, inflated, and no more of it than is needed to know a login form.

use super::body::Length;
use super::form::{self, Line};
use super::head::Head;
use super::line::{self, Judgement};
use super::login_form::LoginForm;
use crate::Side;
use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use std::io::Read;

/// Bytes of a page that are looked at.
const PAGE: usize = 4 * 1024;
/// Bytes of a body that are waited for: so much of the page in the worst case of deflate, with what gzip puts in front.
const CODED: usize = PAGE + 512;
/// Chunks that they may come in.
const CHUNKS: usize = 64;

/// How the body of a response is to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    length: Length,
    coding: Compression,
    /// The head does not say that it is HTML.
    is_unnamed: bool,
}

/// How a page is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    Plain,
    Gzip,
    Deflate,
}

/// What there is of a body.
enum PageBytes {
    /// Enough of it. True: it is all of it.
    Enough(Vec<u8>, bool),
    /// So many bytes are needed, counted from the first of the body. With what there is.
    Part(Vec<u8>, usize),
}

/// What is known before the body comes: that it is no page, or that it was not read.
pub(super) fn unread(head: &Head, status: u16) -> LoginForm {
    let media = head.first("content-type").map(str::to_ascii_lowercase);
    let may_be_html = media.is_none_or(|media| media.contains("html"));
    let has_page = !matches!(status, 100..=199 | 204 | 300..=399);
    if has_page && may_be_html && head.first("content-length").is_none_or(|length| length.trim() != "0") {
        LoginForm::NotRead
    } else {
        LoginForm::NoPage
    }
}

/// How to read that body; `None` if it is not read.
pub(super) fn readable(head: &Head, status: u16, length: Length) -> Option<Page> {
    let coding = coding(head)?;
    let is_chunked_only = head.list("transfer-encoding").all(|coding| coding == "identity" || coding == "chunked");
    let is_unnamed = head.first("content-type").is_none();
    let is_bounded = !matches!(length, Length::Unknown | Length::Bytes(0));
    (unread(head, status) == LoginForm::NotRead && is_bounded && is_chunked_only).then_some(Page {
        length,
        coding,
        is_unnamed,
    })
}

/// How the body is compressed; `None` if in a way that is not read.
fn coding(head: &Head) -> Option<Compression> {
    let mut codings = head.list("content-encoding").filter(|coding| coding != "identity");
    let coding = match codings.next().as_deref() {
        None => Compression::Plain,
        Some("gzip" | "x-gzip") => Compression::Gzip,
        Some("deflate") => Compression::Deflate,
        Some(_) => return None,
    };
    codings.next().is_none().then_some(coding)
}

impl Page {
    /// Looks at what there is of the body; else the number of bytes that it needs.
    pub(super) fn look(&self, input: &[u8]) -> Result<LoginForm, usize> {
        match line::judge(Side::Server, input) {
            // The next response: this one was to HEAD.
            Judgement::Yes => return Ok(LoginForm::NotRead),
            Judgement::Need(total) if !self.is_all(input) => return Err(total),
            Judgement::Need(_) | Judgement::No(_) => {}
        }
        match self.gather(input) {
            PageBytes::Enough(body, is_all) => Ok(self.judge(&body, is_all)),
            PageBytes::Part(body, _) if self.coding == Compression::Plain && self.is_no_html(&body) => {
                Ok(LoginForm::NoPage)
            }
            PageBytes::Part(_, total) => Err(total),
        }
    }

    /// The head does not say what it is, and what begins so is no HTML.
    fn is_no_html(&self, page: &[u8]) -> bool {
        self.is_unnamed && page.trim_ascii_start().first().is_some_and(|&byte| byte != b'<')
    }

    /// Looks at what there is of a body that does not go on.
    pub(super) fn cut(&self, input: &[u8]) -> LoginForm {
        match self.gather(input) {
            PageBytes::Enough(body, is_all) => self.judge(&body, is_all),
            PageBytes::Part(body, _) => self.judge(&body, false),
        }
    }

    fn is_all(&self, input: &[u8]) -> bool {
        matches!(self.length, Length::Bytes(bytes) if u64::try_from(input.len()).is_ok_and(|held| held >= bytes))
    }

    fn gather(&self, input: &[u8]) -> PageBytes {
        let most = if self.coding == Compression::Plain { PAGE } else { CODED };
        let (wanted, is_all) = match self.length {
            Length::Bytes(bytes) => {
                let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
                (bytes.min(most), bytes <= most)
            }
            Length::Chunked => return chunks(input, most),
            Length::UntilClose | Length::Unknown => (most, false),
        };
        match input.get(..wanted) {
            Some(body) => PageBytes::Enough(body.to_vec(), is_all),
            None => PageBytes::Part(input.to_vec(), wanted),
        }
    }

    /// What a page says that is there from its beginning.
    fn judge(&self, body: &[u8], is_all: bool) -> LoginForm {
        if !matches!(line::judge(Side::Server, body), Judgement::No(_)) {
            return LoginForm::NotRead;
        }
        let (page, ends) = match self.coding {
            Compression::Plain => (body.to_vec(), is_all),
            Compression::Gzip => inflate(GzDecoder::new(body)),
            // RFC 9110 section 8.4.1.2: with the frame of zlib, which some servers leave out.
            Compression::Deflate if is_zlib(body) => inflate(ZlibDecoder::new(body)),
            Compression::Deflate => inflate(DeflateDecoder::new(body)),
        };
        if self.is_no_html(&page) {
            return LoginForm::NoPage;
        }
        match LoginForm::of(&page) {
            LoginForm::Absent if !ends && page.len() < PAGE => LoginForm::NotRead,
            form => form,
        }
    }
}

/// The first bytes of a body in chunks (RFC 9112 section 7.1). Sizes are believed only as far as `most`, so that a chunk never
/// makes it wait for more than is looked at.
fn chunks(input: &[u8], most: usize) -> PageBytes {
    let mut body = Vec::new();
    let mut at = 0_usize;
    for _ in 0..CHUNKS {
        let line = match form::chunk_line(input.get(at..).unwrap_or_default()) {
            Line::Whole(line) => line,
            Line::Part => return PageBytes::Part(body, input.len().saturating_add(1)),
            Line::Never => return PageBytes::Enough(body, false),
        };
        if line.size == 0 {
            return PageBytes::Enough(body, true);
        }
        let begin = at.saturating_add(line.length);
        let wanted = begin.saturating_add(line.size.min(most.saturating_sub(body.len())));
        let Some(data) = input.get(begin..wanted) else {
            body.extend_from_slice(input.get(begin..).unwrap_or_default());
            return PageBytes::Part(body, wanted);
        };
        body.extend_from_slice(data);
        if body.len() >= most {
            return PageBytes::Enough(body, false);
        }
        at = match input.get(wanted..).unwrap_or_default() {
            [b'\n', ..] => wanted.saturating_add(1),
            [b'\r', b'\n', ..] => wanted.saturating_add(2),
            [] | [b'\r'] => return PageBytes::Part(body, input.len().saturating_add(1)),
            _ => return PageBytes::Enough(body, false),
        };
    }
    PageBytes::Enough(body, false)
}

/// The first bytes behind a decoder. True: there are no more.
fn inflate(decoder: impl Read) -> (Vec<u8>, bool) {
    let mut page = Vec::new();
    let ends = decoder.take(u64::try_from(PAGE).unwrap_or(u64::MAX)).read_to_end(&mut page).is_ok();
    (page, ends)
}

/// RFC 1950 section 2.2: method 8, and a check over both bytes.
fn is_zlib(body: &[u8]) -> bool {
    let &[method, flags, ..] = body else { return false };
    method & 0x0F == 8 && u16::from_be_bytes([method, flags]).is_multiple_of(31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};

    const FORM: &str = "<html><form action=\"/names.nsf?Login\"><input type=password></form></html>";

    fn page(fields: &str, length: Length) -> Page {
        let head = Head::parse(format!("HTTP/1.1 200 OK\r\n{fields}\r\n").as_bytes());
        readable(&head, 200, length).unwrap()
    }

    fn deflated(mut encoder: impl Read) -> Vec<u8> {
        let mut bytes = Vec::new();
        encoder.read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn all(bytes: &[u8]) -> Length {
        Length::Bytes(u64::try_from(bytes.len()).unwrap())
    }

    #[test]
    fn each_coding_at_every_truncation() {
        let plain = FORM.as_bytes();
        let best = Compression::best();
        for (coding, body) in [
            ("identity", plain.to_vec()),
            ("gzip", deflated(GzEncoder::new(plain, best))),
            ("deflate", deflated(ZlibEncoder::new(plain, best))),
            ("deflate", deflated(DeflateEncoder::new(plain, best))),
        ] {
            let page = page(&format!("Content-Type: text/html\r\nContent-Encoding: {coding}\r\n"), all(&body));
            assert_eq!(page.look(&body), Ok(LoginForm::Domino), "{coding}");
            for length in 1..body.len() {
                assert_eq!(page.look(&body[..length]), Err(body.len()), "{coding} {length}");
                assert!(matches!(page.cut(&body[..length]), LoginForm::NotRead | LoginForm::Domino));
            }
        }
    }

    #[test]
    fn what_comes_behind_the_beginning_is_not_waited_for() {
        let filler = "<p>x</p>".repeat(4096);
        let late = format!("{filler}{FORM}");
        let page_of = |fields: &str, body: &[u8]| page(&format!("Content-Type: text/html\r\n{fields}"), all(body));
        assert_eq!(page_of("", late.as_bytes()).look(&late.as_bytes()[..PAGE]), Ok(LoginForm::Absent));
        assert_eq!(page_of("", late.as_bytes()).look(&late.as_bytes()[..PAGE - 1]), Err(PAGE));
        let bomb = deflated(GzEncoder::new(late.as_bytes(), Compression::best()));
        assert_eq!(page_of("Content-Encoding: gzip\r\n", &bomb).look(&bomb), Ok(LoginForm::Absent));
        let broken = [&bomb[..20], &[0xFF; 40]].concat();
        assert_eq!(page_of("Content-Encoding: gzip\r\n", &broken).look(&broken), Ok(LoginForm::NotRead));
    }

    #[test]
    fn chunks_at_every_truncation() {
        let (front, back) = FORM.split_at(30);
        let body = format!("{:x};x=y\r\n{front}\r\n{:X}\n{back}\n0\r\n", front.len(), back.len());
        let page = page("Content-Type: text/html; charset=utf-8\r\n", Length::Chunked);
        assert_eq!(page.look(body.as_bytes()), Ok(LoginForm::Domino));
        for length in 1..body.len() {
            let needed = page.look(&body.as_bytes()[..length]).unwrap_err();
            assert!(needed > length && needed <= body.len(), "{length}");
        }
        for (broken, form) in [("zz\r\n", LoginForm::NotRead), ("5\r\nabcdefgh", LoginForm::NotRead)] {
            assert_eq!(page.look(broken.as_bytes()), Ok(form));
        }
        let tiny = "1\r\nx\r\n".repeat(CHUNKS + 1);
        assert_eq!(page.look(tiny.as_bytes()), Ok(LoginForm::NotRead));
    }

    #[test]
    fn what_is_no_page_and_what_is_not_read() {
        let known = |fields: &str, status| {
            let head = Head::parse(format!("HTTP/1.1 200 OK\r\n{fields}\r\n").as_bytes());
            (unread(&head, status), readable(&head, status, Length::Bytes(9)).is_some())
        };
        assert_eq!(known("", 200), (LoginForm::NotRead, true));
        assert_eq!(known("Content-Type: application/json\r\n", 200), (LoginForm::NoPage, false));
        assert_eq!(known("Content-Type: text/html\r\n", 302), (LoginForm::NoPage, false));
        assert_eq!(known("Content-Type: text/html\r\nContent-Length: 0\r\n", 401), (LoginForm::NoPage, false));
        assert_eq!(known("Content-Type: text/html\r\nContent-Encoding: br\r\n", 200), (LoginForm::NotRead, false));
        assert_eq!(known("Transfer-Encoding: gzip, chunked\r\n", 200), (LoginForm::NotRead, false));
        let unnamed = page("", Length::Bytes(5));
        assert_eq!(
            [b"hello", b"<p>hi", b"HTTP/"].map(|body| unnamed.cut(body)),
            [LoginForm::NoPage, LoginForm::Absent, LoginForm::NotRead]
        );
    }
}
