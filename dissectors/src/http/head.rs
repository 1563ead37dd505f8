//! The head of a message: a start line and fields, up to an empty line (RFC 9112 sections 2 to 5). Lines may end with LF
//! alone, and a field may go on in the next line (obs-fold).

use crate::{Problem, text};

/// Bytes that a head may have.
pub(super) const LIMIT: usize = 256 * 1024;
/// Fields that are kept.
const FIELDS: usize = 512;

/// Start line and fields.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// Start line without its end.
    pub line: String,
    /// Fields in order.
    pub fields: Vec<Field>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// One field.
#[derive(Debug)]
pub(super) struct Field {
    /// Name in lower case.
    name: String,
    /// Value without blanks around it; lines that go on are joined by one.
    value: String,
    /// Where its line begins.
    offset: usize,
}

impl Head {
    /// Reads a head, or the beginning of one: a line that has no end is left out, for half a value says something else
    /// than the whole.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let mut head = Self::default();
        let mut offset = 0_usize;
        for (index, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
            let Some(content) = line.strip_suffix(b"\n") else { break };
            let content = content.strip_suffix(b"\r").unwrap_or(content);
            if index == 0 {
                head.line = text::lenient(content);
            } else if !content.is_empty() {
                head.add(&text::lenient(content), offset);
            }
            offset = offset.saturating_add(line.len());
        }
        head
    }

    /// Adds a field.
    pub(super) fn push(&mut self, name: &str, value: &str) {
        self.fields.push(Field { name: name.to_ascii_lowercase(), value: trim(value).to_owned(), offset: 0 });
    }

    fn add(&mut self, line: &str, offset: usize) {
        if line.starts_with([' ', '\t']) {
            if let Some(field) = self.fields.last_mut() {
                field.value.push(' ');
                field.value.push_str(trim(line));
            }
            return;
        }
        let Some((name, value)) = line.split_once(':') else {
            return self.problem("a header line without a colon", offset);
        };
        if self.fields.len() == FIELDS {
            if !self.problems.iter().any(|problem| problem.what.starts_with("more than")) {
                self.problem(format!("more than {FIELDS} header fields: the rest is not read"), offset);
            }
            return;
        }
        if name.is_empty() || !name.bytes().all(is_token) {
            self.problem("a header field whose name is none", offset);
        }
        let (name, value) = (trim(name).to_ascii_lowercase(), trim(value).to_owned());
        self.fields.push(Field { name, value, offset });
    }

    /// Notes something that is wrong.
    pub(super) fn problem(&mut self, what: impl Into<std::borrow::Cow<'static, str>>, offset: usize) {
        self.problems.push(Problem::new(what, offset));
    }

    /// Values of all fields of that name (in lower case).
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |field| field.name == name).map(|field| field.value.as_str())
    }

    /// Value of the first field of that name.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The first value of that header, as text of its own.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.first(name).map(str::to_owned)
    }

    /// Where the first field of that name stands.
    pub(super) fn offset(&self, name: &str) -> usize {
        self.fields.iter().find(|field| field.name == name).map_or(0, |field| field.offset)
    }

    /// Elements of all fields of that name, separated by commas (RFC 9110 section 5.6.1), in lower case.
    pub(super) fn list(&self, name: &str) -> impl Iterator<Item = String> {
        let elements = self.all(name).flat_map(|value| value.split(','));
        elements.map(|element| trim(element).to_ascii_lowercase()).filter(|element| !element.is_empty())
    }
}

/// Without blanks around it (RFC 9110 section 5.6.3).
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r'])
}

/// Where the head ends: behind the empty line. The first `looked` bytes were searched before.
pub(super) fn end(input: &[u8], looked: usize) -> Option<usize> {
    let from = looked.saturating_sub(3);
    let rest = input.get(from..)?;
    for (index, _) in rest.iter().enumerate().filter(|&(_, &byte)| byte == b'\n') {
        let behind = rest.get(index.saturating_add(1)..).unwrap_or_default();
        let empty = match behind {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => continue,
        };
        return Some(from.saturating_add(index).saturating_add(1).saturating_add(empty));
    }
    None
}

/// A byte of a token (RFC 9110 section 5.6.2).
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] =
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: one\r\n  two\r\n\tthree\nCookie:b=c\r\ncookie: d=e \r\n\r\n";

    #[test]
    fn fields() {
        let head = Head::parse(HEAD);
        assert_eq!((head.line.as_str(), head.first("host")), ("GET / HTTP/1.1", Some("a")));
        assert_eq!(head.first("x-long"), Some("one two three"));
        assert_eq!(head.all("cookie").collect::<Vec<_>>(), ["b=c", "d=e"]);
        assert_eq!((head.offset("host"), head.offset("none")), (16, 0));
        assert!(head.problems.is_empty());
    }

    #[test]
    fn the_end_is_found_wherever_the_search_was_interrupted() {
        for length in 0..=HEAD.len() {
            for looked in 0..=length {
                let expected = (length == HEAD.len()).then_some(HEAD.len());
                assert_eq!(end(&HEAD[..length], looked), expected.filter(|_| looked < HEAD.len()).or(expected));
            }
        }
        assert_eq!(end(b"a\n\nb", 0), Some(3));
        assert_eq!(end(b"a\r\n\nb", 0), Some(4));
        assert_eq!(end(b"a\n\r\nb", 0), Some(4));
        assert_eq!(end(b"a\n\rb\n", 0), None);
    }

    #[test]
    fn a_line_that_is_cut_is_left_out() {
        let head = Head::parse(b"GET / HTTP/1.1\r\nHost: a\r\nCookie: LtpaTok");
        assert_eq!((head.first("host"), head.first("cookie")), (Some("a"), None));
        assert_eq!(Head::parse(b"GET / HT").line, "");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let head = Head::parse(b"GET / HTTP/1.1\r\n folded\r\nnonsense\r\nHost : a\r\n: b\r\n\r\n");
        let problems: Vec<_> = head.problems.iter().map(|problem| (problem.what.as_ref(), problem.offset)).collect();
        let name = "a header field whose name is none";
        assert_eq!(problems, [("a header line without a colon", 25), (name, 35), (name, 45)]);
        assert_eq!(head.first("host"), Some("a"));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(FIELDS + 9));
        let head = Head::parse(many.as_bytes());
        assert_eq!((head.fields.len(), head.problems.len()), (FIELDS, 1));
    }
}
