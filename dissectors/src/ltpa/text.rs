//! From a value as it was sent to the text that an issuer wrote: quotes, percent-encoding, lost `+` and lost padding.

use super::Flag;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;

/// Quotation marks that values were seen or may be expected in: plain ones, and those that word processors and mail
/// programs make of them.
const QUOTES: [char; 17] =
    ['"', '\'', '`', '´', '“', '”', '„', '‟', '‘', '’', '‚', '‛', '«', '»', '″', '＂', '\u{fffd}'];

/// Padding is looked at here; bits that a cut leaves over are nobody's.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// A value as its issuer wrote it.
pub(super) struct Plain {
    /// Without quotes and percent-encoding.
    pub text: String,
    /// What was undone.
    pub flags: Vec<Flag>,
}

impl Plain {
    /// Undoes what was done to a value on its way.
    pub(super) fn new(value: &str) -> Self {
        let mut flags = Vec::new();
        let unquoted = unquote(value, &mut flags);
        let mut text = percent_decode_str(unquoted).decode_utf8_lossy().into_owned();
        if text != unquoted {
            flags.push(Flag::PercentEncoded);
            text = unquote(&text, &mut flags).to_owned();
        }
        Self { text, flags }
    }

    /// The bytes, if it is base64. Puts back the `+` and the padding that the text may have lost.
    pub(super) fn decode(&mut self) -> Option<Vec<u8>> {
        if let Some(repaired) = plus(&self.text) {
            self.flags.push(Flag::PlusToSpace);
            self.text = repaired;
        }
        let raw = decode(&self.text)?;
        if !self.text.len().is_multiple_of(4) {
            self.flags.push(Flag::Unpadded);
            self.text.truncate(self.text.trim_end_matches('=').len());
            while !self.text.len().is_multiple_of(4) {
                self.text.push('=');
            }
        }
        Some(raw)
    }
}

/// The bytes of base64 with or without its padding. `None` for text that is none, and for an empty one.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let padding = text.bytes().rev().take_while(|&byte| byte == b'=').count();
    let text = text.trim_end_matches('=');
    if text.is_empty() || padding > 2 {
        return None;
    }
    BASE64.decode(text).ok()
}

/// The text with `+` where it has blanks, if it is base64 then.
fn plus(text: &str) -> Option<String> {
    text.contains(' ').then(|| text.replace(' ', "+")).filter(|text| decode(text).is_some())
}

/// Without blanks around it and one quotation mark at either end.
fn unquote<'a>(value: &'a str, flags: &mut Vec<Flag>) -> &'a str {
    let value = value.trim();
    let tail = value.strip_prefix(QUOTES).unwrap_or(value);
    let text = tail.strip_suffix(QUOTES).unwrap_or(tail);
    let (open, close) = (tail.len() < value.len(), text.len() < tail.len());
    for (is, flag) in [(open || close, Flag::Quoted), (open != close, Flag::HalfQuoted)] {
        if is && !flags.contains(&flag) {
            flags.push(flag);
        }
    }
    text.trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> (String, Vec<Flag>, Option<Vec<u8>>) {
        let mut plain = Plain::new(value);
        let raw = plain.decode();
        (plain.text, plain.flags, raw)
    }

    #[test]
    fn quotes_of_any_kind_are_taken_off_once() {
        for value in ["\"AAEC\"", " “AAEC” ", "„AAEC“", "'AAEC'", "«AAEC»", "%22AAEC%22"] {
            let (text, flags, raw) = read(value);
            assert_eq!((text.as_str(), raw), ("AAEC", Some(vec![0, 1, 2])), "{value}");
            assert!(flags.contains(&Flag::Quoted) && !flags.contains(&Flag::HalfQuoted), "{value}");
        }
        assert_eq!(read("\"AAEC").1, [Flag::Quoted, Flag::HalfQuoted]);
        assert_eq!(read("AAEC\"").1, [Flag::Quoted, Flag::HalfQuoted]);
        assert_eq!(read("\"\"AAEC\"\"").0, "\"AAEC\"");
        assert_eq!(read("\"").0, "");
        assert_eq!(read("AAEC").1, []);
    }

    #[test]
    fn what_was_encoded_is_decoded() {
        assert_eq!(read("AA%2FC"), ("AA/C".into(), vec![Flag::PercentEncoded], Some(vec![0, 0x0F, 0xC2])));
        assert_eq!(read("AA%3D%3D").2, Some(vec![0]));
        assert_eq!(read("%5Bobject Object%5D").0, "[object Object]");
        assert_eq!(read("AAEC%zz").1, []);
    }

    #[test]
    fn a_lost_plus_is_put_back_if_that_makes_it_base64() {
        assert_eq!(read("AA C"), ("AA+C".into(), vec![Flag::PlusToSpace], Some(vec![0, 0x0F, 0x82])));
        assert_eq!(read("a token, no"), ("a token, no".into(), vec![], None));
    }

    #[test]
    fn padding_is_restored() {
        for (value, text) in [("AA", "AA=="), ("AA=", "AA=="), ("AAE", "AAE=")] {
            let (repaired, flags, _) = read(value);
            assert_eq!((repaired.as_str(), flags), (text, vec![Flag::Unpadded]));
        }
        assert_eq!(read("AA==").1, []);
        assert_eq!(read("AB"), ("AB==".into(), vec![Flag::Unpadded], Some(vec![0])));
        for value in ["A", "AAECA", "AA===", "A=AA", "AA-_", "", "====", "ÄÄ"] {
            assert_eq!(read(value).2, None, "{value}");
        }
    }
}
