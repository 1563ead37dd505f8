//! Fields one after the other. What is not there is `None`, and from then on everything is.

use std::net::Ipv4Addr;

/// The bytes of a body that were not read yet.
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
    /// A field was not there, or not whole.
    pub short: bool,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(rest: &'a [u8]) -> Self {
        Self { rest, short: false }
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.chunk().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.chunk().map(u32::from_be_bytes)
    }

    /// One byte, true unless it is 0.
    pub(super) fn boolean(&mut self) -> Option<bool> {
        self.chunk().map(|[byte]| byte != 0)
    }

    pub(super) fn address(&mut self) -> Option<Ipv4Addr> {
        self.chunk::<4>().map(Ipv4Addr::from)
    }

    /// Two bytes of length, then text: UTF-8, and what is none is replaced.
    pub(super) fn string(&mut self) -> Option<String> {
        let length = self.u16()?;
        self.take(usize::from(length)).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// Four bytes of length, then bytes.
    pub(super) fn opaque(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.take(usize::try_from(length).ok()?)
    }

    /// Everything that is left.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        match self.rest.split_at_checked(length) {
            Some((taken, rest)) if !self.short => {
                self.rest = rest;
                Some(taken)
            }
            _ => {
                self.short = true;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cursor;

    #[test]
    fn fields_follow_each_other_until_one_is_short() {
        let mut cursor = Cursor::new(b"\x00\x05\x00\x02hi\x00\x00\x00\x01x\x01\x0A\x00\x00\x07\x00\x09abc");
        assert_eq!((cursor.u16(), cursor.string().as_deref()), (Some(5), Some("hi")));
        assert_eq!((cursor.opaque(), cursor.boolean()), (Some(&b"x"[..]), Some(true)));
        assert_eq!(cursor.address().unwrap().to_string(), "10.0.0.7");
        assert_eq!((cursor.string(), cursor.short, cursor.boolean()), (None, true, None));
    }
}
