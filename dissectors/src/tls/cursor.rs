//! Fields one after the other, big-endian, with vectors behind their lengths (RFC 8446 section 3).

/// Bytes that were not read yet. A field that is not whole is `None`, and so is all behind it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What is left.
    pub(super) const fn rest(self) -> &'a [u8] {
        self.0
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let Some((taken, rest)) = self.0.split_at_checked(length) else {
            self.0 = &[];
            return None;
        };
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u24(&mut self) -> Option<usize> {
        let [a, b, c] = self.array()?;
        usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// A vector behind a length of one byte.
    pub(super) fn vector8(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(usize::from(length))
    }

    /// A vector behind a length of two bytes.
    pub(super) fn vector16(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    /// A vector behind a length of three bytes.
    pub(super) fn vector24(&mut self) -> Option<&'a [u8]> {
        let length = self.u24()?;
        self.take(length)
    }

    /// As [`Cursor::vector16`] and [`Cursor::vector24`], but what there is of it if it is cut.
    pub(super) fn part(&mut self, length: Option<usize>) -> &'a [u8] {
        let (part, rest) = self.0.split_at_checked(length.unwrap_or(0)).unwrap_or((self.0, &[]));
        self.0 = rest;
        part
    }
}

/// Numbers of two bytes.
pub(super) fn numbers(bytes: &[u8]) -> Vec<u16> {
    bytes.as_chunks().0.iter().map(|&pair| u16::from_be_bytes(pair)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_taken_until_one_is_cut() {
        let mut cursor = Cursor::new(&[1, 0, 2, 9, 8, 0, 0, 1, 7, 5, 1]);
        assert_eq!((cursor.u8(), cursor.vector16(), cursor.vector24()), (Some(1), Some(&[9, 8][..]), Some(&[7][..])));
        assert_eq!((cursor.vector8(), cursor.u8(), cursor.is_empty()), (None, None, true));
        let mut cut = Cursor::new(&[0, 5, 1, 2]);
        let length = cut.u16().map(usize::from);
        assert_eq!((cut.part(length), cut.rest()), (&[1, 2][..], &[][..]));
        assert_eq!(numbers(&[1, 2, 3, 4, 5]), [0x0102, 0x0304]);
    }
}
