//! The Huffman code of HPACK (RFC 7541 appendix B). It is canonical: the lengths of the codes say what the codes are.

/// Bits of the code of each octet, and of the end of a string.
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, // control characters
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, //
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, // blank to /
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, // 0 to ?
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, // @ to O
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, // P to _
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, // ` to o
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, // p to ~
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, //
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, //
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, //
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, //
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, //
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, //
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, //
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, //
    30,
];
/// The longest code.
const LONGEST: usize = 30;

/// Codes of one length: they are numbers that follow each other.
#[derive(Clone, Copy)]
struct Group {
    first: u32,
    count: u32,
    /// Place of the first one's symbol.
    place: usize,
}

struct Code {
    groups: [Group; LONGEST + 1],
    /// Symbols in the order of their codes.
    symbols: [u16; LENGTHS.len()],
}

static CODE: Code = code();

/// Octets of a string; `None` if the code is broken off or its padding is none (RFC 7541 section 5.2).
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(bytes.len().saturating_mul(3) / 2);
    let (mut code, mut length) = (0_u32, 0_usize);
    for bit in bytes.iter().flat_map(|byte| (0..8).rev().map(move |shift| byte >> shift & 1)) {
        code = code << 1 | u32::from(bit);
        length = length.saturating_add(1);
        if let Some(symbol) = CODE.symbol(code, length) {
            // Nobody writes the end of a string.
            octets.push(u8::try_from(symbol).ok()?);
            (code, length) = (0, 0);
        } else if length == LONGEST {
            return None;
        }
    }
    // What is left must be the beginning of the end, all ones, and shorter than an octet.
    (length < 8 && code.count_ones() == u32::try_from(length).ok()?).then_some(octets)
}

impl Code {
    fn symbol(&self, code: u32, length: usize) -> Option<u16> {
        let group = self.groups.get(length)?;
        let number = code.checked_sub(group.first).filter(|&number| number < group.count)?;
        self.symbols.get(group.place.checked_add(usize::try_from(number).ok()?)?).copied()
    }
}

#[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "the compiler evaluates it")]
#[expect(clippy::cast_possible_truncation, reason = "there are 257 symbols")]
const fn code() -> Code {
    let mut code = Code { groups: [Group { first: 0, count: 0, place: 0 }; LONGEST + 1], symbols: [0; LENGTHS.len()] };
    let (mut next, mut place, mut length) = (0, 0, 1);
    while length <= LONGEST {
        next <<= 1;
        let first = next;
        code.groups[length].first = first;
        code.groups[length].place = place;
        let mut symbol = 0;
        while symbol < LENGTHS.len() {
            if LENGTHS[symbol] as usize == length {
                code.symbols[place] = symbol as u16;
                place += 1;
                next += 1;
            }
            symbol += 1;
        }
        code.groups[length].count = next - first;
        length += 1;
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7541 appendices C.4 and C.6.
    #[test]
    fn examples_of_the_rfc() {
        for (text, bytes) in [
            ("www.example.com", &[0xF1, 0xE3, 0xC2, 0xE5, 0xF2, 0x3A, 0x6B, 0xA0, 0xAB, 0x90, 0xF4, 0xFF][..]),
            ("no-cache", &[0xA8, 0xEB, 0x10, 0x64, 0x9C, 0xBF]),
            ("302", &[0x64, 0x02]),
            ("private", &[0xAE, 0xC3, 0x77, 0x1A, 0x4B]),
            ("", &[]),
        ] {
            assert_eq!(decode(bytes).as_deref(), Some(text.as_bytes()));
        }
    }

    #[test]
    fn padding_is_ones_and_short() {
        // '0' is 00000.
        assert_eq!(decode(&[0b0000_0111]), Some(b"0".to_vec()));
        assert_eq!(decode(&[0b0000_0110]), None);
        assert_eq!(decode(&[0b0000_0111, 0xFF]), None);
        assert_eq!(decode(&[0xFF; 4]), None, "the end of a string is not to be written");
    }

    #[test]
    fn every_octet_has_a_code() {
        let total: u32 = CODE.groups.iter().map(|group| group.count).sum();
        assert_eq!(total, 257);
        // A complete code: the last one is all ones.
        let last = CODE.groups[LONGEST];
        assert_eq!(last.first + last.count, 1 << LONGEST);
    }
}
