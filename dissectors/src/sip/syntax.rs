//! Pieces of the grammar that headers share (RFC 3261 section 25.1): tokens, quoted strings, lists, parameters.
//!
//! All of it works on text whose folded lines were joined. What does not fit is noted, and read as far as it goes.

use crate::Problem;
use memchr::{memchr, memchr2, memchr3};
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::char;
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};
use std::borrow::Cow;

/// Problems kept of one message.
const PROBLEMS: usize = 16;
/// Stands for all others.
const MORE: &str = "there are more problems than are listed";
/// Parameters kept of one value.
const PARAMS: usize = 64;

/// Parameters: names in lower case, values unquoted.
pub(super) type Params = Vec<(String, Option<String>)>;

/// What is wrong with a message, gathered while it is read.
#[derive(Debug, Default)]
pub(super) struct Notes {
    problems: Vec<Problem>,
    /// What is being read, and where it begins.
    subject: &'static str,
    offset: usize,
}

impl Notes {
    /// What follows is about this header or line.
    pub(super) fn about(&mut self, subject: &'static str, offset: usize) {
        (self.subject, self.offset) = (subject, offset);
    }

    /// Something is wrong.
    pub(super) fn note(&mut self, what: impl AsRef<str>) {
        let what = what.as_ref();
        let text = if self.subject.is_empty() { what.to_owned() } else { format!("{}: {what}", self.subject) };
        let problem = match self.problems.len() {
            0..PROBLEMS => Problem::new(text, self.offset),
            PROBLEMS => Problem::new(MORE, self.offset),
            _ => return,
        };
        self.add(problem);
    }

    /// Takes over what was noted elsewhere, as if it had been noted here.
    pub(super) fn take(&mut self, other: Self) {
        (self.subject, self.offset) = (other.subject, other.offset);
        for problem in other.problems {
            match self.problems.len() {
                0..PROBLEMS => self.add(problem),
                PROBLEMS => self.add(Problem { what: MORE.into(), ..problem }),
                _ => return,
            }
        }
    }

    /// The same is not said twice running.
    fn add(&mut self, problem: Problem) {
        if self.problems.last() != Some(&problem) {
            self.problems.push(problem);
        }
    }

    /// All that was noted.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

/// A character of a token.
pub(super) const fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '!' | '%' | '*' | '_' | '+' | '`' | '\'' | '~')
}

/// A token and nothing else.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && token_length(text.as_bytes()) == text.len()
}

/// Bytes of the token that these begin with.
pub(super) fn token_length(bytes: &[u8]) -> usize {
    let ends = |byte: &u8| TOKEN_BYTES.get(usize::from(*byte)) != Some(&true);
    bytes.iter().position(ends).unwrap_or(bytes.len())
}

/// Which bytes are characters of a token.
const TOKEN_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut rest = table.as_mut_slice();
    let mut byte = 0_u8;
    while let Some((first, behind)) = rest.split_first_mut() {
        *first = is_token_char(byte as char);
        byte = byte.wrapping_add(1);
        rest = behind;
    }
    table
};

/// A blank, also in a folded line.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Without blanks at both ends.
pub(super) fn trim(text: &str) -> &str {
    let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let bytes = text.as_bytes();
    let front = bytes.iter().take_while(is_blank).count();
    let rest = bytes.get(front..).unwrap_or_default();
    let end = bytes.len().saturating_sub(rest.iter().rev().take_while(is_blank).count());
    text.get(front..end).unwrap_or_default()
}

/// What stands in front of the first such ASCII character, and behind it.
pub(super) fn cut(text: &str, at: u8) -> Option<(&str, &str)> {
    let (front, behind) = text.split_at_checked(memchr(at, text.as_bytes())?)?;
    Some((front, behind.get(1..)?))
}

/// Any blanks, or none.
pub(super) fn blanks(input: &str) -> IResult<&str, &str> {
    take_while(is_blank).parse(input)
}

/// A token.
pub(super) fn token(input: &str) -> IResult<&str, &str> {
    take_while1(is_token_char).parse(input)
}

/// A character with any blanks round it.
pub(super) fn mark(mark: char) -> impl Fn(&str) -> IResult<&str, char> {
    move |input| delimited(blanks, char(mark), blanks).parse(input)
}

/// What stands behind a quoted string that the text begins with, and the string without its quotes and escapes. `None` if none
/// stands there, or it is not closed.
pub(super) fn quoted(text: &str) -> Option<(&str, Cow<'_, str>)> {
    let end = raw_quoted(text.as_bytes())?;
    let (whole, behind) = text.split_at_checked(end)?;
    let inside = whole.get(1..whole.len().checked_sub(1)?)?;
    if memchr(b'\\', inside.as_bytes()).is_none() {
        return Some((behind, Cow::Borrowed(inside)));
    }
    let mut plain = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    Some((behind, Cow::Owned(plain)))
}

/// Length of a quoted string with its quotes.
fn raw_quoted(bytes: &[u8]) -> Option<usize> {
    let mut at = usize::from(*bytes.first()? == b'"');
    if at == 0 {
        return None;
    }
    loop {
        at = at.checked_add(memchr2(b'"', b'\\', bytes.get(at..)?)?)?;
        if bytes.get(at) == Some(&b'"') {
            return at.checked_add(1);
        }
        // No byte of a character of several is a quote or a backslash: the first of an escaped one may stand for all.
        bytes.get(at.checked_add(1)?)?;
        at = at.checked_add(2)?;
    }
}

/// Cuts at each `separator`, an ASCII character, that stands neither in quotes nor in angle brackets. An unclosed quote or bracket reaches to
/// the end.
pub(super) fn split(text: &str, separator: u8) -> Split<'_> {
    Split { rest: Some(text), separator }
}

/// See [`split`].
pub(super) struct Split<'a> {
    rest: Option<&'a str>,
    separator: u8,
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.rest.take()?;
        let end = until(text, self.separator);
        let (piece, behind) = text.split_at_checked(end).unwrap_or((text, ""));
        self.rest = behind.get(1..);
        Some(trim(piece))
    }
}

/// Where `separator` stands outside of quotes and brackets; the length if nowhere.
fn until(text: &str, separator: u8) -> usize {
    walk(text.as_bytes(), separator).unwrap_or(text.len())
}

fn walk(bytes: &[u8], separator: u8) -> Option<usize> {
    let mut at = 0_usize;
    loop {
        let rest = bytes.get(at..)?;
        let found = memchr3(separator, b'"', b'<', rest)?;
        at = at.checked_add(found)?;
        let rest = rest.get(found..)?;
        let passed = match rest.first()? {
            b'"' => raw_quoted(rest)?,
            b'<' => memchr(b'>', rest)?.checked_add(1)?,
            _ => return Some(at),
        };
        at = at.checked_add(passed)?;
    }
}

/// What stands behind a value: `;name`, `;name=value`, `;name="value"`.
pub(super) fn params(text: &str, notes: &mut Notes) -> Params {
    let mut params = Params::new();
    each_param(text, notes, |name, value| params.push((name.to_ascii_lowercase(), value.map(Cow::into_owned))));
    params
}

/// Hands over each parameter, its name as sent.
pub(super) fn each_param<'a>(text: &'a str, notes: &mut Notes, mut take: impl FnMut(&'a str, Option<Cow<'a, str>>)) {
    let text = trim(text);
    let Some(list) = text.strip_prefix(';') else {
        if !text.is_empty() {
            notes.note(format!("{} where only parameters may stand", short(text)));
        }
        return;
    };
    let mut taken = 0_usize;
    for piece in split(list, b';') {
        match param(piece) {
            _ if taken >= PARAMS => {
                notes.note(format!("more than {PARAMS} parameters: the rest is not read"));
                break;
            }
            Some((name, value)) => {
                taken = taken.saturating_add(1);
                take(name, value);
            }
            None if piece.is_empty() => notes.note("an empty parameter"),
            None => notes.note(format!("{} is no parameter", short(piece))),
        }
    }
}

/// `name`, `name=value` or `name="value"` with blanks anywhere, and nothing else.
fn param(text: &str) -> Option<(&str, Option<Cow<'_, str>>)> {
    let length = token_length(text.as_bytes());
    let (name, behind) = text.split_at_checked(length).filter(|_| length > 0)?;
    let behind = behind.trim_start_matches(is_blank);
    if behind.is_empty() {
        return Some((name, None));
    }
    let value = behind.strip_prefix('=')?.trim_start_matches(is_blank);
    if let Some((rest, value)) = quoted(value) {
        return trim(rest).is_empty().then_some((name, Some(value)));
    }
    memchr(b'"', value.as_bytes()).is_none().then(|| (name, Some(Cow::Borrowed(trim(value)))))
}

/// `SIP/2.0` with any blanks round the slash, and the version it names.
pub(super) fn version(input: &str) -> IResult<&str, &str> {
    preceded((tag("SIP"), mark('/')), take_while1(|c: char| c.is_ascii_digit() || c == '.')).parse(input)
}

/// A decimal number and nothing else. `None` and a note if it is none, or larger than `most`.
pub(super) fn number(text: &str, most: u64, notes: &mut Notes) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        notes.note(format!("{} is no number", short(text)));
        return None;
    }
    let number = text.parse().ok().filter(|&number: &u64| number <= most);
    if number.is_none() {
        notes.note(format!("{} is larger than {most}", short(text)));
    }
    number
}

/// The beginning of a text from the wire, for a note.
pub(super) fn short(text: &str) -> &str {
    text.char_indices().nth(40).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// Decodes `%41` and its like (RFC 3986 section 2.1). A percent sign without two digits stays.
pub(super) fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let escaped = behind.first_chunk::<2>().filter(|_| first == b'%').and_then(|digits| hex(*digits));
        bytes.push(escaped.unwrap_or(first));
        rest = if escaped.is_some() { behind.get(2..).unwrap_or_default() } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digits: [u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok()));
    Some((high? << 4) | low?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_params(text: &str) -> (Params, Vec<String>) {
        let mut notes = Notes::default();
        let params = params(text, &mut notes);
        (params, notes.into_problems().into_iter().map(|problem| problem.what.into_owned()).collect())
    }

    fn pair(name: &str, value: Option<&str>) -> (String, Option<String>) {
        (name.to_owned(), value.map(str::to_owned))
    }

    #[test]
    fn quoted_strings() {
        assert_eq!(quoted(r#""a \"b\" \\ c" rest"#), Some((" rest", Cow::from(r#"a "b" \ c"#))));
        assert_eq!(quoted("\"\""), Some(("", Cow::from(""))));
        for cut in ["\"", "\"a", r#""a\""#, r#""\"#, "a"] {
            assert_eq!(quoted(cut), None, "{cut}");
        }
    }

    #[test]
    fn lists_are_cut_outside_of_quotes_and_brackets() {
        let pieces = |text| split(text, b',').collect::<Vec<_>>();
        assert_eq!(pieces(r#" "a, \", b" <sip:x,y> , c"#), [r#""a, \", b" <sip:x,y>"#, "c"]);
        assert_eq!(pieces("a,,b,"), ["a", "", "b", ""]);
        assert_eq!(pieces(r#"a, "b, c"#), ["a", r#""b, c"#]);
        assert_eq!(pieces("a, <b, c"), ["a", "<b, c"]);
        assert_eq!(pieces(""), [""]);
        assert_eq!(pieces("ä,ö"), ["ä", "ö"]);
    }

    #[test]
    fn parameters() {
        let (params, problems) = read_params(r#"; Tag = "a;b" ;lr; q=0.5;x=<urn:1;2>"#);
        let expected =
            [pair("tag", Some("a;b")), pair("lr", None), pair("q", Some("0.5")), pair("x", Some("<urn:1;2>"))];
        assert_eq!((params, problems.len()), (expected.to_vec(), 0));
        let (params, problems) = read_params(";;a=;=b;c d");
        assert_eq!(params, [pair("a", Some(""))]);
        assert_eq!(problems, ["an empty parameter", "=b is no parameter", "c d is no parameter"]);
        assert_eq!(read_params("x;a").1, ["x;a where only parameters may stand"]);
        let (params, problems) = read_params(&";a".repeat(100));
        assert_eq!((params.len(), problems), (64, vec!["more than 64 parameters: the rest is not read".to_owned()]));
    }

    #[test]
    fn numbers() {
        let mut notes = Notes::default();
        assert_eq!(number("0070", 255, &mut notes), Some(70));
        for wrong in ["", "-1", "+1", "1 ", "256", "99999999999999999999999", "x"] {
            assert_eq!(number(wrong, 255, &mut notes), None, "{wrong}");
        }
        assert_eq!(notes.into_problems().len(), 7);
    }

    #[test]
    fn percent_signs() {
        assert_eq!(percent_decoded("%41b%c3%A4%zz%4"), "Abä%zz%4");
        assert_eq!(percent_decoded("%00%"), "\0%");
        assert_eq!(percent_decoded("%ff"), "\u{fffd}");
    }

    #[test]
    fn notes_are_bounded() {
        let mut notes = Notes::default();
        notes.about("Via", 7);
        notes.note("odd");
        notes.note("odd");
        assert_eq!(notes.problems, [Problem::new("Via: odd", 7)]);
        (0..1000).for_each(|n| notes.note(format!("{n}")));
        assert_eq!(notes.problems.len(), PROBLEMS + 1);
        assert_eq!(notes.problems.last().unwrap().what, "there are more problems than are listed");
        assert_eq!(short(&"ä".repeat(50)).chars().count(), 40);
    }
}
