//! Search filters as people write them (RFC 4515).

use super::ber::{Element, Elements};

/// Filters inside of filters that are followed.
const DEPTH: usize = 24;
/// Characters that are kept of one.
const LONGEST: usize = 1024;

/// Writes a filter; what is cut, too deep or too long ends in `...`.
pub(super) fn write(filter: Element<'_>) -> String {
    let mut text = String::new();
    add(filter, DEPTH, &mut text);
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|&end| text.is_char_boundary(end)).unwrap_or_default();
        text.truncate(end);
        text.push_str("...");
    }
    text
}

/// Writes a filter as RFC 4515 does. Depth and length are bounded, because filters nest as deeply as a client likes.
fn add(filter: Element<'_>, depth: usize, text: &mut String) {
    if depth == 0 || text.len() > LONGEST {
        text.push_str("...");
        return;
    }
    text.push('(');
    let mut parts = Elements(filter.content);
    match filter.tag {
        0xA0..=0xA2 => {
            text.push(match filter.tag {
                0xA0 => '&',
                0xA1 => '|',
                _ => '!',
            });
            for part in parts {
                if text.len() > LONGEST {
                    break;
                }
                add(part, depth.saturating_sub(1), text);
            }
        }
        0xA3 => comparison(parts, "=", text),
        0xA4 => substrings(parts, text),
        0xA5 => comparison(parts, ">=", text),
        0xA6 => comparison(parts, "<=", text),
        0x87 => {
            escape(filter.content, text);
            text.push_str("=*");
        }
        0xA8 => comparison(parts, "~=", text),
        0xA9 => {
            let rule = parts.text(0x81).map(|rule| format!(":{rule}")).unwrap_or_default();
            let attribute = parts.text(0x82).unwrap_or_default();
            text.push_str(&attribute);
            text.push_str(&rule);
            text.push_str(":=");
            escape(parts.tagged(0x83).map(|value| value.content).unwrap_or_default(), text);
        }
        _ => text.push('?'),
    }
    text.push_str(if filter.is_whole { ")" } else { "..." });
}

fn comparison(mut parts: Elements<'_>, sign: &str, text: &mut String) {
    escape(parts.tagged(0x04).map(|name| name.content).unwrap_or_default(), text);
    text.push_str(sign);
    escape(parts.tagged(0x04).map(|value| value.content).unwrap_or_default(), text);
}

fn substrings(mut parts: Elements<'_>, text: &mut String) {
    escape(parts.tagged(0x04).map(|name| name.content).unwrap_or_default(), text);
    text.push('=');
    let list = parts.tagged(0x30).map(|list| list.content).unwrap_or_default();
    let mut ends_open = true;
    for (place, piece) in Elements(list).enumerate() {
        if piece.tag != 0x80 || place > 0 {
            text.push('*');
        }
        escape(piece.content, text);
        ends_open = piece.tag != 0x82;
        if text.len() > LONGEST {
            return;
        }
    }
    if ends_open {
        text.push('*');
    }
}

/// Characters that mean something, and bytes that are no text, as two digits behind a backslash (RFC 4515 section 3).
fn escape(value: &[u8], text: &mut String) {
    let value = value.get(..LONGEST).unwrap_or(value);
    for chunk in value.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '*' => text.push_str("\\2a"),
                '(' => text.push_str("\\28"),
                ')' => text.push_str("\\29"),
                '\\' => text.push_str("\\5c"),
                '\0' => text.push_str("\\00"),
                c => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('?');
            text.extend(['\\', digit(byte >> 4), digit(byte & 0xF)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::tests::tlv;
    use super::*;

    fn written(bytes: &[u8]) -> String {
        write(Elements(bytes).next().unwrap())
    }

    fn equality(name: &str, value: &[u8]) -> Vec<u8> {
        tlv(0xA3, &[tlv(4, name.as_bytes()), tlv(4, value)].concat())
    }

    #[test]
    fn every_kind() {
        let class = equality("objectClass", b"person");
        let mail = equality("mail", b"a*(b)\\\xFF");
        let and = tlv(0xA0, &[class.clone(), tlv(0xA2, &mail)].concat());
        assert_eq!(written(&and), "(&(objectClass=person)(!(mail=a\\2a\\28b\\29\\5c\\ff)))");
        assert_eq!(written(&tlv(0x87, b"uid")), "(uid=*)");
        let pieces = tlv(0x30, &[tlv(0x80, b"An"), tlv(0x81, b"x"), tlv(0x82, b"e")].concat());
        assert_eq!(written(&tlv(0xA4, &[tlv(4, b"cn"), pieces].concat())), "(cn=An*x*e)");
        let open = tlv(0x30, &tlv(0x81, b"x"));
        assert_eq!(written(&tlv(0xA4, &[tlv(4, b"cn"), open].concat())), "(cn=*x*)");
        let bits = [tlv(0x81, b"1.2.840.113556.1.4.803"), tlv(0x82, b"userAccountControl"), tlv(0x83, b"2")].concat();
        assert_eq!(written(&tlv(0xA9, &bits)), "(userAccountControl:1.2.840.113556.1.4.803:=2)");
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let mut deep = equality("a", b"b");
        for _ in 0..1000 {
            deep = tlv(0xA2, &deep);
        }
        assert!(written(&deep).contains("...") && written(&deep).len() < 200);
        let wide = tlv(0xA1, &equality("a", &[b'b'; 100]).repeat(1000));
        assert!(written(&wide).len() <= LONGEST + 3);
        assert!(written(&equality("a", &vec![0xFF; 100_000])).len() <= LONGEST + 3);
    }

    #[test]
    fn a_cut_filter_says_so() {
        let whole = equality("cn", b"Ann");
        for cut in 2..whole.len() {
            assert!(written(&whole[..cut]).ends_with("..."), "{cut}");
        }
    }
}
