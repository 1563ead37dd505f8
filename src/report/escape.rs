//! Text from the wire, made harmless for the place where it is shown.
//!
//! A server name, a DNS name or a file name may hold terminal control sequences, line breaks that fake a line of the
//! report, or bidirectional overrides that turn a name around. Everything that reaches a terminal goes through
//! [`terminal`]; JSON goes through [`JsonFormatter`], because people look at JSON on terminals too.

use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

/// Control characters and characters that are invisible or change the order of what is shown.
///
/// C0, DEL and C1 (ECMA-48: U+009B starts a control sequence as ESC `[` does), bidirectional controls (UAX #9),
/// zero-width characters, line and paragraph separators, fillers and tag characters.
pub(crate) fn is_hidden(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}'
        | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// The text with every hidden character written out: `\n`, `\r`, `\t`, `\x1b`, `\u{202e}`.
///
/// A backslash stays as it is (Windows paths would become unreadable), so the original cannot always be told from the
/// result: use JSON where that counts.
pub(crate) fn terminal(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        // Writing to a string cannot fail.
        let _ = match (c, u32::from(c)) {
            ('\n', _) => escaped.write_str("\\n"),
            ('\r', _) => escaped.write_str("\\r"),
            ('\t', _) => escaped.write_str("\\t"),
            (c, code @ 0..0x100) if is_hidden(c) => write!(escaped, "\\x{code:02x}"),
            (c, code) if is_hidden(c) => write!(escaped, "\\u{{{code:x}}}"),
            (c, _) => escaped.write_char(c),
        };
    }
    Cow::Owned(escaped)
}

/// A path as a sentence names it.
pub(crate) fn path(path: &Path) -> String {
    terminal(&path.to_string_lossy()).into_owned()
}

/// A JSON formatter that also writes hidden characters as `\uXXXX`. The document means the same to a parser.
pub(crate) struct JsonFormatter<F>(F);

impl JsonFormatter<PrettyFormatter<'static>> {
    /// Two spaces of indent.
    pub(crate) fn pretty() -> Self {
        Self(PrettyFormatter::new())
    }
}

impl JsonFormatter<CompactFormatter> {
    /// Everything on one line.
    pub(crate) fn compact() -> Self {
        Self(CompactFormatter)
    }
}

impl<F: Formatter> Formatter for JsonFormatter<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_hidden) {
            let (clean, tail) = rest.split_at(at);
            writer.write_all(clean.as_bytes())?;
            let mut tail = tail.chars();
            if let Some(hidden) = tail.next() {
                for unit in hidden.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
            rest = tail.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::{JsonFormatter, is_hidden, terminal};
    use proptest::prelude::*;
    use serde::Serialize;

    fn json(text: &str) -> String {
        let mut out = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut out, JsonFormatter::compact());
        text.serialize(&mut serializer).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn ordinary_names_are_left_alone() {
        for name in ["CN=Mail01/O=Müller", "日本", r"C:\captures\a.pcap", "a b", ""] {
            assert!(matches!(terminal(name), std::borrow::Cow::Borrowed(same) if same == name));
        }
    }

    #[test]
    fn hostile_names_are_written_out() {
        for (name, shown) in [
            ("\x1b[2Jgone", r"\x1b[2Jgone"),
            ("a\nVERDICT all is well", r"a\nVERDICT all is well"),
            ("tab\there\r", r"tab\there\r"),
            ("\u{9b}31m", r"\x9b31m"),
            ("\u{7f}\0", r"\x7f\x00"),
            ("moc.live\u{202e}", r"moc.live\u{202e}"),
            ("a\u{200b}b\u{2066}c\u{feff}", r"a\u{200b}b\u{2066}c\u{feff}"),
            ("\u{e0041}", r"\u{e0041}"),
        ] {
            assert_eq!(terminal(name), shown);
        }
    }

    #[test]
    fn json_hides_nothing_and_means_the_same() {
        assert_eq!(json("\u{9b}31m\u{202e}\u{7f}ü"), "\"\\u009b31m\\u202e\\u007fü\"");
        assert_eq!(json("\u{e0041}\""), "\"\\udb40\\udc41\\\"\"");
    }

    proptest! {
        #[test]
        fn nothing_hidden_survives(text in any::<String>()) {
            prop_assert!(!terminal(&text).contains(is_hidden));
            let json = json(&text);
            prop_assert!(!json.contains(is_hidden));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
