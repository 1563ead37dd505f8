//! Reports for terminals that know ASCII alone: every other character becomes one of the same width, so that columns and lines
//! stay as they are.

use std::io::{self, Write};
use tabled::grid::util::string::get_char_width;

/// Writes on what it is given, without a character beyond ASCII.
pub(crate) struct AsciiWriter<'a> {
    out: &'a mut dyn Write,
    /// The beginning of a character whose end has not come yet.
    begun: Vec<u8>,
}

impl<'a> AsciiWriter<'a> {
    pub(crate) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, begun: Vec::new() }
    }
}

impl Write for AsciiWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begun.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.begun) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let text = String::from_utf8_lossy(self.begun.get(..whole).unwrap_or_default());
        let plain: String = text.chars().flat_map(plain).collect();
        self.out.write_all(plain.as_bytes())?;
        self.begun.drain(..whole);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// What stands for a character: marks and lines by what looks like them, anything else by a question mark for each column.
fn plain(c: char) -> impl Iterator<Item = char> {
    let (stand_in, columns) = match c {
        c if c.is_ascii() => (c, 1),
        '═' => ('=', 1),
        '│' => ('|', 1),
        '▶' | '→' | '⇒' => ('>', 1),
        '◀' | '←' | '⇐' => ('<', 1),
        '✗' => ('X', 1),
        '✓' | '╭' | '╮' | '╰' | '╯' | '├' | '┤' | '┬' | '┴' | '┼' => ('+', 1),
        '≠' => ('!', 1),
        '…' => ('~', 1),
        '─' | '·' | '–' | '—' => ('-', 1),
        'µ' => ('u', 1),
        '“' | '”' => ('"', 1),
        '‘' | '’' => ('\'', 1),
        other => ('?', get_char_width(other)),
    };
    std::iter::repeat_n(stand_in, columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stay_whatever_the_pieces() {
        let text = "│─── café 日 ──▶│ ✗ · …\n";
        for size in 1..9 {
            let mut out = Vec::new();
            let mut writer = AsciiWriter::new(&mut out);
            text.as_bytes().chunks(size).for_each(|piece| writer.write_all(piece).unwrap());
            assert_eq!(String::from_utf8(out).unwrap(), "|--- caf? ?? -->| X - ~\n");
        }
    }
}
