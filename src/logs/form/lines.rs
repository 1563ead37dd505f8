//! Lines of text out of any stream, of bounded length and in any of the encodings that servers write.

use std::io::{self, Read};

/// Longer lines are cut here, in bytes.
pub(in crate::logs) const LONGEST: usize = 8 * 1024;
/// Bytes read at a time.
const CHUNK: usize = 64 * 1024;
/// Bytes that tell the encoding.
const START: usize = 512;

/// A line without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::logs) struct Line {
    /// Text of the line; NUL is left out.
    pub text: String,
    /// True if the line was longer.
    pub cut: bool,
}

/// Encoding of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// UTF-8, else Windows-1252, line by line.
    Bytes,
    Utf16Le,
    Utf16Be,
}

/// The lines of a stream.
pub(in crate::logs) struct Lines<R> {
    input: R,
    encoding: Option<Encoding>,
    /// Bytes of the stream that are half a character.
    half: Vec<u8>,
    /// Text that is not given out yet, in UTF-8 or as it came.
    text: Vec<u8>,
    /// Place in `text` at which the next line begins.
    next: usize,
    ended: bool,
    first: bool,
    /// Bytes read.
    pub bytes: u64,
}

impl<R: Read> Lines<R> {
    /// Lines of that stream.
    pub(in crate::logs) const fn new(input: R) -> Self {
        Self { input, encoding: None, half: Vec::new(), text: Vec::new(), next: 0, ended: false, first: true, bytes: 0 }
    }

    /// The next line; nothing at the end of the stream. What stood before an error was given out.
    pub(in crate::logs) fn next(&mut self) -> io::Result<Option<Line>> {
        let mut searched = 0_usize;
        loop {
            let rest = self.text.get(self.next..).unwrap_or_default();
            let end = memchr::memchr(b'\n', rest.get(searched..).unwrap_or_default());
            if let Some(end) = end.map(|end| end.saturating_add(searched)) {
                return Ok(Some(self.take(end, end.saturating_add(1))));
            }
            searched = rest.len();
            if searched > LONGEST {
                let line = self.take(LONGEST.saturating_add(1), searched);
                return self.skip_to_end().map(|()| Some(line));
            }
            if self.ended {
                return Ok(if searched == 0 { None } else { Some(self.take(searched, searched)) });
            }
            self.fill()?;
        }
    }

    /// A line of `length` bytes; `used` bytes are done with.
    fn take(&mut self, length: usize, used: usize) -> Line {
        let raw = self.text.get(self.next..self.next.saturating_add(length)).unwrap_or_default();
        let cut = raw.len() > LONGEST;
        let raw = raw.get(..LONGEST).unwrap_or(raw);
        let mut text = decode(raw.strip_suffix(b"\r").unwrap_or(raw));
        if std::mem::take(&mut self.first) && text.starts_with('\u{feff}') {
            text.remove(0);
        }
        if text.as_bytes().contains(&0) {
            text.retain(|c| c != '\0');
        }
        self.next = self.next.saturating_add(used);
        Line { text, cut }
    }

    /// Passes over the rest of a line that is too long.
    fn skip_to_end(&mut self) -> io::Result<()> {
        loop {
            let rest = self.text.get(self.next..).unwrap_or_default();
            if let Some(end) = memchr::memchr(b'\n', rest) {
                self.next = self.next.saturating_add(end).saturating_add(1);
                return Ok(());
            }
            self.next = self.text.len();
            if self.ended {
                return Ok(());
            }
            self.fill()?;
        }
    }

    /// Reads on.
    fn fill(&mut self) -> io::Result<()> {
        self.text.drain(..self.next.min(self.text.len()));
        self.next = 0;
        let wanted = if self.encoding.is_none() { START } else { CHUNK };
        let mut chunk = std::mem::take(&mut self.half);
        let before = chunk.len();
        let read = self.input.by_ref().take(wanted as u64).read_to_end(&mut chunk);
        let count = chunk.len().saturating_sub(before);
        self.bytes = self.bytes.saturating_add(count as u64);
        self.ended = count < wanted;
        match *self.encoding.get_or_insert_with(|| encoding(&chunk)) {
            Encoding::Bytes => self.text.append(&mut chunk),
            Encoding::Utf16Le => self.wide(&chunk, u16::from_le_bytes),
            Encoding::Utf16Be => self.wide(&chunk, u16::from_be_bytes),
        }
        // What came before an error is kept, and the error is told once that has been given out.
        read.map(|_| ())
    }

    /// Adds UTF-16 as UTF-8; what may be half a character waits.
    fn wide(&mut self, chunk: &[u8], unit: fn([u8; 2]) -> u16) {
        let mut units: Vec<u16> = chunk
            .chunks_exact(2)
            .map(|pair| unit([pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0)]))
            .collect();
        let mut whole = units.len().saturating_mul(2);
        if !self.ended && units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) {
            units.pop();
            whole = whole.saturating_sub(2);
        }
        if !self.ended {
            self.half = chunk.get(whole..).unwrap_or_default().to_vec();
        }
        let mut buffer = [0; 4];
        for c in char::decode_utf16(units) {
            let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
            self.text.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
        }
    }
}

/// By byte order mark (Unicode 23.8), else by where zeros stand: ASCII in UTF-16 has one in every character.
fn encoding(start: &[u8]) -> Encoding {
    match start {
        [0xff, 0xfe, ..] => return Encoding::Utf16Le,
        [0xfe, 0xff, ..] => return Encoding::Utf16Be,
        _ => {}
    }
    let zeros = |skip| start.iter().skip(skip).step_by(2).filter(|&&byte| byte == 0).count();
    let (even, odd, most) = (zeros(0), zeros(1), start.len().saturating_mul(2) / 5);
    match (even, odd) {
        _ if start.len() < 8 => Encoding::Bytes,
        (0, odd) if odd >= most => Encoding::Utf16Le,
        (even, 0) if even >= most => Encoding::Utf16Be,
        _ => Encoding::Bytes,
    }
}

/// UTF-8, also if it was cut within a character; else Windows-1252.
fn decode(raw: &[u8]) -> String {
    match std::str::from_utf8(raw) {
        Ok(text) => text.to_owned(),
        Err(error) if error.error_len().is_none() => {
            let whole = raw.get(..error.valid_up_to()).unwrap_or_default();
            String::from_utf8_lossy(whole).into_owned()
        }
        Err(_) => raw.iter().map(|&byte| western(byte)).collect(),
    }
}

/// Windows-1252 (<https://encoding.spec.whatwg.org/#windows-1252>), of which Latin-1 is the larger part.
fn western(byte: u8) -> char {
    const HIGH: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    match byte {
        0x80..=0x9f => HIGH.chars().nth(usize::from(byte & 0x1f)).unwrap_or('\u{fffd}'),
        byte => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Line, Lines};
    use std::io::{self, Read};

    /// Gives out a few bytes at a time.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn all(bytes: &[u8], at_a_time: usize) -> Vec<Line> {
        let mut lines = Lines::new(Drops(bytes, at_a_time));
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            found.push(line);
        }
        assert_eq!(lines.bytes, bytes.len() as u64);
        found
    }

    fn texts(bytes: &[u8]) -> Vec<String> {
        let whole = all(bytes, usize::MAX);
        for at_a_time in [1, 3, 7] {
            assert_eq!(all(bytes, at_a_time), whole, "{at_a_time}");
        }
        whole.into_iter().map(|line| line.text).collect()
    }

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flatten_units(unit)
    }

    trait Flatten {
        fn flatten_units(self, unit: fn(u16) -> [u8; 2]) -> Vec<u8>;
    }

    impl<I: Iterator<Item = u16>> Flatten for I {
        fn flatten_units(self, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
            self.flat_map(unit).collect()
        }
    }

    #[test]
    fn every_line_end_and_none() {
        assert_eq!(texts(b"one\r\ntwo\n\nfour"), ["one", "two", "", "four"]);
        assert_eq!(texts(b""), [""; 0]);
        assert_eq!(texts(b"\n"), [""]);
    }

    #[test]
    fn every_encoding() {
        let text = "Müller – „quoted“\nsecond line 🙂 here\n";
        let lines = ["Müller – „quoted“", "second line 🙂 here"];
        assert_eq!(texts(text.as_bytes()), lines);
        assert_eq!(texts(format!("\u{feff}{text}").as_bytes()), lines);
        assert_eq!(texts(&utf16(&format!("\u{feff}{text}"), u16::to_le_bytes)), lines);
        assert_eq!(texts(&utf16(&format!("\u{feff}{text}"), u16::to_be_bytes)), lines);
        assert_eq!(texts(&utf16("plain text\nnext", u16::to_le_bytes)), ["plain text", "next"]);
        assert_eq!(texts(&utf16("plain text\nnext", u16::to_be_bytes)), ["plain text", "next"]);
        assert_eq!(texts(b"M\xfcller \x96 \x93quoted\x94 \x80\n"), ["Müller – “quoted” €"]);
        assert_eq!(texts(b"a\0b\nc\0\0"), ["ab", "c"]);
    }

    #[test]
    fn a_line_without_end_is_cut_and_the_next_is_whole() {
        for extra in [0, 1, 100, 1_000_000] {
            let long = "x".repeat(LONGEST + extra);
            let bytes = format!("{long}\nnext\n");
            let lines = all(bytes.as_bytes(), usize::MAX);
            assert_eq!(lines.len(), 2, "{extra}");
            assert_eq!((lines[0].text.len(), lines[0].cut), (LONGEST, extra > 0));
            assert_eq!(lines[1], Line { text: "next".to_owned(), cut: false });
        }
        let umlauts = "ü".repeat(LONGEST);
        assert!(all(format!("x{umlauts}").as_bytes(), 1000)[0].text.ends_with('ü'));
    }

    #[test]
    fn what_stands_before_an_error_is_given_out() {
        struct Broken(bool);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                if std::mem::replace(&mut self.0, true) {
                    return Err(io::Error::other("gone"));
                }
                buffer[..8].copy_from_slice(b"one\ntwo\n");
                Ok(8)
            }
        }
        let mut lines = Lines::new(Broken(false));
        let (mut seen, mut failed) = (Vec::new(), 0);
        for _ in 0..4 {
            match lines.next() {
                Ok(Some(line)) => seen.push(line.text),
                Ok(None) => break,
                Err(_) => failed += 1,
            }
        }
        assert_eq!((seen, failed), (vec!["one".to_owned(), "two".to_owned()], 1));
    }
}
