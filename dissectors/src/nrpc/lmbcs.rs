//! LMBCS, the Lotus Multi-Byte Character Set, in which Notes writes names.
//!
//! Source: the description IBM published with ICU's converter (`icu4c/source/common/ucnv_lmb.cpp`). A character is
//! `[group] data [data]`. Bytes 0x20 to 0x7F are ASCII and stand alone. A byte below 0x20 announces the group its data
//! byte belongs to: 0x01 Latin-1 (code page 850), 0x02 Greek, 0x03 Hebrew, 0x04 Arabic, 0x05 Cyrillic (Windows 1251),
//! 0x06 Latin-2 (code page 852), 0x08 Turkish (Windows 1254), 0x0B Thai, 0x0F control characters, 0x10 to 0x13 the
//! double-byte sets, 0x14 UTF-16BE. Notes always drops the announcer of group 1, so a byte of 0x80 and above that stands
//! alone is code page 850.
//!
//! Groups of which no table is kept here, and Lotus' own extra characters (a group followed by a byte below 0x80), decode
//! to U+FFFD, one for a character; callers keep the raw bytes beside the text.

/// Data bytes that follow group 0x14: UTF-16BE, where a high byte of 0xF6 says that the low byte is zero and the byte that
/// follows is the high one.
const UNICODE_ZERO: u8 = 0xF6;

const UNKNOWN: char = char::REPLACEMENT_CHARACTER;

/// The text, with U+FFFD for what is not known. Never longer than one character per byte.
pub fn decode(bytes: &[u8]) -> String {
    // Nearly every name is plain ASCII.
    if let (true, Ok(text)) = (bytes.iter().all(|byte| (0x20..0x80).contains(byte)), str::from_utf8(bytes)) {
        return text.to_owned();
    }
    let mut text = String::with_capacity(bytes.len());
    let mut units = Vec::new();
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        let (unit, length) = unit(first, tail);
        units.clear();
        units.push(unit);
        rest = tail.get(length..).unwrap_or_default();
        // A character beyond the BMP is two units of group 0x14, one surrogate each.
        if (0xD800..0xDC00).contains(&unit)
            && let Some((&0x14, tail)) = rest.split_first()
        {
            let (low, length) = unicode(tail);
            if (0xDC00..0xE000).contains(&low) {
                units.push(low);
                rest = tail.get(length..).unwrap_or_default();
            }
        }
        text.extend(char::decode_utf16(units.iter().copied()).map(|unit| unit.unwrap_or(UNKNOWN)));
    }
    text
}

/// The UTF-16 unit of one LMBCS character and the number of bytes it takes behind `first`.
fn unit(first: u8, tail: &[u8]) -> (u16, usize) {
    let data = tail.first().copied();
    match first {
        0x00 | 0x09 | 0x0A | 0x0D | 0x19 | 0x20..=0x7F => (u16::from(first), 0),
        0x80.. => (upper(&CP850, first), 0),
        0x01 => (single(&CP850, data), 1),
        0x05 => (single(&CP1251, data), 1),
        0x06 => (single(&CP852, data), 1),
        0x08 => (single(&CP1254, data), 1),
        0x0F => (data.map_or(code(UNKNOWN), control), 1),
        0x02..=0x04 | 0x0B => (code(UNKNOWN), 1),
        0x10..=0x13 => (code(UNKNOWN), 2),
        0x14 => unicode(tail),
        _ => (code(UNKNOWN), 0),
    }
}

/// Group 0x14.
fn unicode(tail: &[u8]) -> (u16, usize) {
    match *tail {
        [UNICODE_ZERO, high, ..] => (u16::from_be_bytes([high, 0]), 2),
        [high, low, ..] => (u16::from_be_bytes([high, low]), 2),
        _ => (code(UNKNOWN), 2),
    }
}

/// Group 0x0F: C0 controls are moved up by 0x20, C1 controls stand as they are.
fn control(data: u8) -> u16 {
    match data {
        0x20..=0x3F => u16::from(data.wrapping_sub(0x20)),
        0x80..=0x9F => u16::from(data),
        _ => code(UNKNOWN),
    }
}

/// A data byte behind the announcer of a single-byte group.
fn single(table: &[&str; 8], data: Option<u8>) -> u16 {
    data.filter(|&byte| byte >= 0x80).map_or(code(UNKNOWN), |byte| upper(table, byte))
}

/// A byte of 0x80 and above in its code page.
fn upper(table: &[&str; 8], byte: u8) -> u16 {
    let row = table.get(usize::from(byte & 0x7F) >> 4);
    let character = row.and_then(|row| row.chars().nth(usize::from(byte & 0x0F)));
    code(character.unwrap_or(UNKNOWN))
}

/// All characters of the tables lie in the BMP.
fn code(character: char) -> u16 {
    u16::try_from(u32::from(character)).unwrap_or(0xFFFD)
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

/// Windows code page 1251 (Cyrillic); U+FFFD where nothing is assigned.
const CP1251: [&str; 8] = [
    "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏ",
    "ђ‘’“”•–—\u{fffd}™љ›њќћџ",
    "\u{a0}ЎўЈ¤Ґ¦§Ё©Є«¬\u{ad}®Ї",
    "°±Ііґµ¶·ё№є»јЅѕї",
    "АБВГДЕЖЗИЙКЛМНОП",
    "РСТУФХЦЧШЩЪЫЬЭЮЯ",
    "абвгдежзийклмноп",
    "рстуфхцчшщъыьэюя",
];

/// Windows code page 1254 (Turkish); U+FFFD where nothing is assigned.
const CP1254: [&str; 8] = [
    "€\u{fffd}‚ƒ„…†‡ˆ‰Š‹Œ\u{fffd}\u{fffd}\u{fffd}",
    "\u{fffd}‘’“”•–—˜™š›œ\u{fffd}\u{fffd}Ÿ",
    "\u{a0}¡¢£¤¥¦§¨©ª«¬\u{ad}®¯",
    "°±²³´µ¶·¸¹º»¼½¾¿",
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏ",
    "ĞÑÒÓÔÕÖ×ØÙÚÛÜİŞß",
    "àáâãäåæçèéêëìíîï",
    "ğñòóôõö÷øùúûüışÿ",
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
    fn unicode_group() {
        assert_eq!(decode(b"a\x14\x20\xACb"), "a€b");
        assert_eq!(decode(b"\x14\xF6\x4Ez"), "\u{4e00}z");
        assert_eq!(decode(b"\x14\xD8\x3D\x14\xDE\x00"), "😀");
        assert_eq!(decode(b"\x14\xD8\x3Dx"), "\u{fffd}x");
    }

    #[test]
    fn unknown_groups_give_one_mark_a_character() {
        assert_eq!(decode(b"\x02\x80x"), "\u{fffd}x");
        assert_eq!(decode(b"\x10\x88\x9Fx"), "\u{fffd}x");
        assert_eq!(decode(b"\x10\x10\xAEx"), "\u{fffd}x");
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
        for table in [&CP850, &CP852, &CP1251, &CP1254] {
            assert!(table.iter().all(|row| row.chars().count() == 16));
        }
    }
}
