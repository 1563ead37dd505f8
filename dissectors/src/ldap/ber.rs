//! The Basic Encoding Rules as LDAP uses them: definite lengths only (RFC 4511 section 5.1), in any number of bytes.

/// Bytes that a length takes at most: a form of it with leading zeros is legal.
const LENGTH_BYTES: usize = 8;

/// A tag with its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    /// Class, form and number in one byte: LDAP has no numbers above 30.
    pub tag: u8,
    /// What is there of it.
    pub content: &'a [u8],
    /// All of it is there.
    pub is_whole: bool,
}

/// What the beginning of an element says of its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// Tag, length and content, in bytes.
    Known {
        /// Bytes of tag and length.
        header: usize,
        /// Bytes of the content.
        content: usize,
    },
    /// That needs so many bytes to be told.
    Need(usize),
    /// No length that LDAP allows, or none that can be meant.
    Wrong,
}

/// Reads the length behind a tag.
pub(crate) fn size(input: &[u8]) -> Size {
    let Some(&first) = input.get(1) else { return Size::Need(2) };
    if first < 0x80 {
        return Size::Known { header: 2, content: usize::from(first) };
    }
    let count = usize::from(first & 0x7F);
    if count == 0 || count > LENGTH_BYTES {
        return Size::Wrong;
    }
    let header = count.saturating_add(2);
    let Some(bytes) = input.get(2..header) else { return Size::Need(header) };
    let length = bytes.iter().fold(0_u64, |length, &byte| length.wrapping_shl(8) | u64::from(byte));
    match u32::try_from(length) {
        Ok(content) => Size::Known { header, content: usize::try_from(content).unwrap_or(usize::MAX) },
        Err(_) => Size::Wrong,
    }
}

/// Reads elements one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Elements<'a>(pub &'a [u8]);

impl<'a> Elements<'a> {
    /// The next element, if it has that tag.
    pub(crate) fn tagged(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.0.first() == Some(&tag) { self.next() } else { None }
    }

    /// The content of the next element as a number, if it has that tag and fits.
    pub(crate) fn number(&mut self, tag: u8) -> Option<u32> {
        let element = self.tagged(tag).filter(|element| element.is_whole)?;
        number(element.content)
    }

    /// The content of the next element as text, if it has that tag. What is no UTF-8 is replaced.
    pub(crate) fn text(&mut self, tag: u8) -> Option<String> {
        self.tagged(tag).map(|element| text(element.content))
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let input = self.0;
        let &tag = input.first()?;
        let Size::Known { header, content } = size(input) else {
            self.0 = &[];
            return None;
        };
        let end = header.saturating_add(content);
        let element = Element {
            tag,
            content: input.get(header..end.min(input.len())).unwrap_or_default(),
            is_whole: end <= input.len(),
        };
        self.0 = input.get(end..).unwrap_or_default();
        Some(element)
    }
}

/// A number of up to four bytes; negative ones are none that LDAP has (RFC 4511 section 4.1.1: 0 to 2^31-1).
fn number(content: &[u8]) -> Option<u32> {
    let fits = matches!(content, [first, ..] if *first < 0x80) && content.len() <= 4;
    fits.then(|| content.iter().fold(0, |number: u32, &byte| number.wrapping_shl(8) | u32::from(byte)))
}

/// Text as it was sent, as far as it is UTF-8.
pub(crate) fn text(content: &[u8]) -> String {
    String::from_utf8_lossy(content).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_in_every_form() {
        for (input, expected) in [
            (&[0x30, 5][..], Size::Known { header: 2, content: 5 }),
            (&[0x30, 0x81, 200], Size::Known { header: 3, content: 200 }),
            (&[0x30, 0x84, 0, 0, 1, 0], Size::Known { header: 6, content: 256 }),
            (&[0x30, 0x86, 0, 0, 0, 0, 0, 7], Size::Known { header: 8, content: 7 }),
            (&[0x30], Size::Need(2)),
            (&[0x30, 0x82, 1], Size::Need(4)),
            (&[0x30, 0x80], Size::Wrong),
            (&[0x30, 0x85, 1, 0, 0, 0, 0], Size::Wrong),
            (&[0x30, 0xFF], Size::Wrong),
        ] {
            assert_eq!(size(input), expected, "{input:02x?}");
        }
    }

    #[test]
    fn elements_at_every_truncation() {
        let input = [0x02, 1, 7, 0x04, 3, b'a', b'b', b'c'];
        for cut in 0..=input.len() {
            let mut elements = Elements(&input[..cut]);
            assert_eq!(elements.number(2), (cut >= 3).then_some(7), "{cut}");
            let text = Elements(input.get(3..cut).unwrap_or_default()).text(4);
            assert_eq!(text.as_deref(), (cut >= 5).then(|| &"abc"[..cut - 5]), "{cut}");
        }
    }

    #[test]
    fn negative_and_long_numbers_are_none() {
        assert_eq!(Elements(&[2, 1, 0xFF]).number(2), None);
        assert_eq!(Elements(&[2, 5, 0, 0, 0, 0, 1]).number(2), None);
        assert_eq!(Elements(&[2, 0]).number(2), None);
    }
}
