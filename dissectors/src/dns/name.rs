//! Domain names on the wire (RFC 1035 3.1 and 4.1.4), in presentation form (5.1).

use std::fmt::Write;

/// Longest name on the wire, with its length bytes (RFC 1035 2.3.4).
const LONGEST: usize = 255;
/// Two bits that say that a label is a pointer.
const POINTER: u8 = 0xC0;
/// Pointers followed for one name: as many as a name can have labels.
const HOPS: usize = 127;

/// The name at `offset` of `message` without the final dot (the root is `.`), and the offset behind it. `None` if it is
/// cut, too long, or points anywhere but backwards. Each pointer must lead in front of all that was read of the name, so a
/// name ends.
pub(super) fn parse(message: &[u8], offset: usize) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut wire = 1usize;
    let mut at = offset;
    let mut earliest = offset;
    let mut end = None;
    let mut hops = 0usize;
    loop {
        let (&length, rest) = message.get(at..)?.split_first()?;
        match length {
            0 => break,
            1..=63 => {
                let label = rest.get(..usize::from(length))?;
                wire = wire.checked_add(usize::from(length))?.checked_add(1)?;
                if wire > LONGEST {
                    return None;
                }
                push_label(&mut text, label);
                at = at.checked_add(usize::from(length))?.checked_add(1)?;
            }
            POINTER.. => {
                // A pointer to what stands in front of all that was read cannot come back here: no loop needs to be remembered.
                let low = *rest.first()?;
                let target = usize::from(u16::from_be_bytes([length & !POINTER, low]));
                end = end.or(at.checked_add(2));
                hops = hops.saturating_add(1);
                if target >= earliest || hops > HOPS {
                    return None;
                }
                (at, earliest) = (target, target);
            }
            _ => return None,
        }
    }
    if text.is_empty() {
        text.push('.');
    }
    Some((text, end.or(at.checked_add(1))?))
}

/// Adds a label; a dot or a backslash in it is escaped, and what does not print becomes `\DDD`.
fn push_label(text: &mut String, label: &[u8]) {
    if !text.is_empty() {
        text.push('.');
    }
    for &byte in label {
        match byte {
            b'.' | b'\\' | b'"' | b';' | b'(' | b')' | b'@' | b'$' => {
                text.push('\\');
                text.push(char::from(byte));
            }
            0x21..=0x7E => text.push(char::from(byte)),
            _ => {
                let _ = write!(text, "\\{byte:03}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(message: &[u8], offset: usize) -> Option<(String, usize)> {
        parse(message, offset)
    }

    #[test]
    fn plain_and_compressed() {
        let message = b"\x07example\0\x04mail\xC0\x00\xC0\x09x";
        assert_eq!(text(message, 0), Some(("example".into(), 9)));
        assert_eq!(text(message, 9), Some(("mail.example".into(), 16)));
        assert_eq!(text(message, 16), Some(("mail.example".into(), 18)));
        assert_eq!(text(b"\0", 0), Some((".".into(), 1)));
    }

    #[test]
    fn presentation_form() {
        let message = b"\x08a.b\\c d\x00\x01\xFF\x00";
        assert_eq!(text(message, 0), Some(("a\\.b\\\\c\\032d\\000.\\255".into(), 12)));
    }

    #[test]
    fn loops_end() {
        for message in [b"\xC0\x00".as_slice(), b"\x01a\xC0\x00", b"\x01a\xC0\x04\xC0\x02", b"\xC0\x02\xC0\x00"] {
            for offset in 0..message.len() {
                let _ = text(message, offset);
            }
            assert_eq!(text(message, 0), None, "{message:?}");
        }
        assert_eq!(text(b"\x01a\xC0\x04\xC0\x02", 4), None);
        // Forwards is not allowed, even where it would end.
        assert_eq!(text(b"\xC0\x02\x01a\0", 0), None);
        // A chain of backward pointers, each to the one before.
        let mut chain = vec![0, 0];
        for target in (0..400u16).step_by(2) {
            chain.extend((0xC000 | target).to_be_bytes());
        }
        assert_eq!(text(&chain, 2 * HOPS), Some((".".into(), 2 * HOPS + 2)));
        assert_eq!(text(&chain, 2 * HOPS + 2), None);
    }

    #[test]
    fn limits() {
        let mut long = Vec::new();
        for _ in 0..3 {
            long.push(63);
            long.extend([b'x'; 63]);
        }
        let mut fits = long.clone();
        fits.push(61);
        fits.extend([b'x'; 61]);
        fits.push(0);
        assert_eq!(fits.len(), LONGEST);
        assert!(text(&fits, 0).is_some());
        long.push(62);
        long.extend([b'x'; 62]);
        long.push(0);
        assert_eq!(text(&long, 0), None);
        assert_eq!(text(b"\x40a\0", 0), None);
    }

    #[test]
    fn every_cut() {
        let message = b"\x07example\x02ab\0";
        for length in 0..message.len() {
            assert_eq!(text(&message[..length], 0), None);
        }
        assert_eq!(text(message, usize::MAX), None);
    }
}
