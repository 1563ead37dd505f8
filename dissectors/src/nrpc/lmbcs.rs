//! LMBCS, the Lotus Multi-Byte Character Set, in which Notes writes names.
//!
//! Source: the description IBM published with ICU's converter (`icu4c/source/common/ucnv_lmb.cpp`). A character is
//! `[group] data [data]`. Bytes 0x20 to 0x7F are ASCII and stand alone. A byte below 0x20 announces the group its data
//! belong to: 0x01 Latin-1 (code page 850), 0x02 Greek, 0x03 Hebrew (Windows 1255), 0x04 Arabic (Windows 1256), 0x05
//! Cyrillic (Windows 1251), 0x06 Latin-2 (code page 852), 0x08 Turkish (Windows 1254), 0x0B Thai (Windows 874), 0x0F
//! control characters, 0x10 Japanese (Windows 932), 0x11 Korean (Windows 949), 0x12 Traditional Chinese (Windows 950),
//! 0x13 Simplified Chinese (Windows 936), 0x14 UTF-16BE. A single-byte character of a double-byte page stands behind its
//! announcer twice. Notes always drops the announcer of group 1, so a byte of 0x80 and above that stands alone is code page
//! 850.
//!
//! The Windows pages are those of the WHATWG (encoding_rs), which differ from IBM's in a few signs that no name has, such as
//! the wave dash. Greek, of which IBM's page is in no table at hand, and Lotus' own extra characters (a group followed by a
//! byte below 0x80) decode to U+FFFD, one for a character; callers keep the raw bytes beside the text.

use encoding_rs::{
    BIG5, EUC_KR, Encoding, GBK, SHIFT_JIS, WINDOWS_874, WINDOWS_1251, WINDOWS_1254, WINDOWS_1255, WINDOWS_1256,
};

/// Data bytes that follow group 0x14: UTF-16BE, where a high byte of 0xF6 says that the low byte is zero and the byte that
/// follows is the high one.
const UNICODE_ZERO: u8 = 0xF6;

const UNKNOWN: char = char::REPLACEMENT_CHARACTER;
/// The same as a unit of UTF-16.
const NO_UNIT: u16 = 0xFFFD;

/// The text, with U+FFFD for what is not known. Never longer than one character per byte.
pub fn decode(bytes: &[u8]) -> String {
    // Nearly every name is plain ASCII.
    if let (true, Ok(text)) = (bytes.iter().all(|byte| (0x20..0x80).contains(byte)), str::from_utf8(bytes)) {
        return text.to_owned();
    }
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        let taken = character(first, tail, &mut text);
        rest = tail.get(taken..).unwrap_or_default();
    }
    text
}

/// Adds one LMBCS character, and says how many bytes it takes behind `first`.
fn character(first: u8, tail: &[u8], text: &mut String) -> usize {
    let data = tail.first().copied();
    let (character, taken) = match first {
        0x00 | 0x09 | 0x0A | 0x0D | 0x19 | 0x20..=0x7F => (char::from(first), 0),
        0x80.. => (upper(&CP850, first), 0),
        0x01 => (single(&CP850, data), 1),
        0x06 => (single(&CP852, data), 1),
        0x02 => (UNKNOWN, 1),
        0x03 => (windows(WINDOWS_1255, data), 1),
        0x04 => (windows(WINDOWS_1256, data), 1),
        0x05 => (windows(WINDOWS_1251, data), 1),
        0x08 => (windows(WINDOWS_1254, data), 1),
        0x0B => (windows(WINDOWS_874, data), 1),
        0x0F => (data.map_or(UNKNOWN, control), 1),
        0x10 => return double(SHIFT_JIS, first, tail, text),
        0x11 => return double(EUC_KR, first, tail, text),
        0x12 => return double(BIG5, first, tail, text),
        0x13 => return double(GBK, first, tail, text),
        0x14 => return utf16(tail, text),
        _ => (UNKNOWN, 0),
    };
    text.push(character);
    taken
}

/// A character of a double-byte page; where the announcer stands twice, one of its single-byte characters.
fn double(page: &'static Encoding, group: u8, tail: &[u8], text: &mut String) -> usize {
    let data = match tail {
        [first, single, ..] if *first == group => std::slice::from_ref(single),
        _ => tail.get(..2).unwrap_or_default(),
    };
    // ASCII stands alone, so data that begin below 0x80 are none of the page.
    let begins = data.first().is_some_and(|&byte| byte >= 0x80);
    let decoded = page.decode_without_bom_handling_and_without_replacement(data).filter(|_| begins);
    match decoded {
        Some(decoded) => text.push_str(&decoded),
        None => text.push(UNKNOWN),
    }
    2
}

/// A character of group 0x14. One beyond the BMP is two of them, a surrogate each.
fn utf16(tail: &[u8], text: &mut String) -> usize {
    let (unit, mut taken) = unicode(tail);
    let mut units = vec![unit];
    if (0xD800..0xDC00).contains(&unit)
        && let Some((&0x14, behind)) = tail.get(taken..).and_then(<[u8]>::split_first)
    {
        let (low, length) = unicode(behind);
        if (0xDC00..0xE000).contains(&low) {
            units.push(low);
            taken = taken.saturating_add(1).saturating_add(length);
        }
    }
    text.extend(char::decode_utf16(units).map(|unit| unit.unwrap_or(UNKNOWN)));
    taken
}

/// Group 0x14.
fn unicode(tail: &[u8]) -> (u16, usize) {
    match *tail {
        [UNICODE_ZERO, high, ..] => (u16::from_be_bytes([high, 0]), 2),
        [high, low, ..] => (u16::from_be_bytes([high, low]), 2),
        _ => (NO_UNIT, 2),
    }
}

/// Group 0x0F: C0 controls are moved up by 0x20, C1 controls stand as they are.
fn control(data: u8) -> char {
    match data {
        0x20..=0x3F => char::from(data.wrapping_sub(0x20)),
        0x80..=0x9F => char::from(data),
        _ => UNKNOWN,
    }
}

/// A data byte behind the announcer of a group that is a table here.
fn single(table: &[&str; 8], data: Option<u8>) -> char {
    data.filter(|&byte| byte >= 0x80).map_or(UNKNOWN, |byte| upper(table, byte))
}

/// A data byte behind the announcer of a group that is a single-byte Windows page.
fn windows(page: &'static Encoding, data: Option<u8>) -> char {
    let byte = data.filter(|&byte| byte >= 0x80);
    let decoded = byte.and_then(|byte| {
        page.decode_without_bom_handling_and_without_replacement(&[byte]).and_then(|text| text.chars().next())
    });
    decoded.unwrap_or(UNKNOWN)
}

/// A byte of 0x80 and above in its code page.
fn upper(table: &[&str; 8], byte: u8) -> char {
    let row = table.get(usize::from(byte & 0x7F) >> 4);
    row.and_then(|row| row.chars().nth(usize::from(byte & 0x0F))).unwrap_or(UNKNOWN)
}

/// Code page 850 (Western Europe), 0x80 to 0xFF in rows of 16.
const CP850: [&str; 8] = [
    "ÇüéâäàåçêëèïîìÄÅ",
    "ÉæÆôöòûùÿÖÜø£Ø×ƒ",
    "áíóúñÑªº¿®¬½¼¡«»",
    "░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐",
    "└┴┬├─┼ãÃ╚╔╩╦╠═╬¤",
    "ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀",
    "ÓßÔÒõÕµþÞÚÛÙýÝ¯´",
    "\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}",
];

/// Code page 852 (Central Europe).
const CP852: [&str; 8] = [
    "ÇüéâäůćçłëŐőîŹÄĆ",
    "ÉĹĺôöĽľŚśÖÜŤťŁ×č",
    "áíóúĄąŽžĘę¬źČş«»",
    "░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐",
    "└┴┬├─┼Ăă╚╔╩╦╠═╬¤",
    "đĐĎËďŇÍÎě┘┌█▄ŢŮ▀",
    "ÓßÔŃńňŠšŔÚŕŰýÝţ´",
    "\u{ad}˝˛ˇ˘§÷¸°¨˙űŘř■\u{a0}",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_is_itself() {
        let ascii: Vec<u8> = (0x20..0x80).collect();
        assert_eq!(decode(&ascii).as_bytes(), ascii);
    }

    #[test]
    fn upper_bytes_are_code_page_850() {
        assert_eq!(decode(b"CN=M\x81ller/O=Caf\x82"), "CN=Müller/O=Café");
        assert_eq!(decode(b"M\x01\x81ller"), "Müller");
    }

    #[test]
    fn groups_choose_the_code_page() {
        assert_eq!(decode(b"\x06\x88\x06\xA2"), "łó");
        assert_eq!(decode(b"\x05\xC8\x05\xE2"), "Ив");
        assert_eq!(decode(b"\x08\xFE"), "ş");
    }

    #[test]
    fn scripts_of_the_windows_pages() {
        assert_eq!(decode(b"\x03\xF9\x03\xEC\x03\xE5\x03\xED"), "שלום");
        assert_eq!(decode(b"\x04\xC8"), "ب");
        assert_eq!(decode(b"\x0B\xA1"), "ก");
        assert_eq!(decode(b"\x03\xFFx"), "\u{fffd}x", "nothing is assigned there");
    }

    #[test]
    fn east_asian_names() {
        // A public token's name and, beside it, a cookie that escapes the same two characters as UTF-16.
        assert_eq!(decode(b"CN=\x13\xB0\xD7\x13\xE6\xBA/O=Acme"), "CN=\u{767d}\u{5a67}/O=Acme");
        assert_eq!(decode(b"\x10\x93\xFA\x10\x96\x7B"), "日本");
        assert_eq!(decode(b"\x11\xB1\xE8\x11\xC8\xF1"), "김희");
        assert_eq!(decode(b"\x12\xA4\xFD\x12\xA4\xA4"), "王中");
        assert_eq!(decode(b"\x10\x10\xAEx"), "\u{ff6e}x", "a single-byte character of the page");
    }

    #[test]
    fn what_is_none_of_a_double_byte_page_is_one_mark() {
        for bytes in [&b"\x13ABx"[..], b"\x13\xB0\x20x", b"\x10\x10\x41x", b"\x11\xFF\xFFx", b"\x12\x13\xB0x"] {
            assert_eq!(decode(bytes), "\u{fffd}x", "{bytes:02x?}");
        }
        assert_eq!(decode(b"\x13\xB0"), "\u{fffd}");
        assert_eq!(decode(b"\x13"), "\u{fffd}");
    }

    #[test]
    fn unicode_group() {
        assert_eq!(decode(b"a\x14\x20\xACb"), "a€b");
        assert_eq!(decode(b"\x14\xF6\x4Ez"), "\u{4e00}z");
        assert_eq!(decode(b"\x14\xD8\x3D\x14\xDE\x00"), "😀");
        assert_eq!(decode(b"\x14\xD8\x3Dx"), "\u{fffd}x");
    }

    #[test]
    fn unknown_groups_give_one_mark_a_character() {
        assert_eq!(decode(b"\x02\x80x"), "\u{fffd}x");
        assert_eq!(decode(b"\x01\x27x"), "\u{fffd}x");
        assert_eq!(decode(b"\x1Fx"), "\u{fffd}x");
    }

    #[test]
    fn controls() {
        assert_eq!(decode(b"\x0F\x21\x0F\x9B\x0F\x50"), "\u{1}\u{9b}\u{fffd}");
    }

    #[test]
    fn every_cut_and_every_byte() {
        for first in 0..=255u8 {
            for second in 0..=255u8 {
                let text = decode(&[first, second]);
                assert!((1..=2).contains(&text.chars().count()), "{first:02x} {second:02x}");
            }
            assert_eq!(decode(&[first]).chars().count(), 1);
        }
    }

    #[test]
    fn tables_are_whole() {
        for table in [&CP850, &CP852] {
            assert!(table.iter().all(|row| row.chars().count() == 16));
        }
    }
}
