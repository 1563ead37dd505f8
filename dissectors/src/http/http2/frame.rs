//! Frames of HTTP/2: what stands in front of them and what they carry (RFC 9113 sections 4 and 6).

/// Bytes in front of every frame.
pub(super) const HEADER: usize = 9;
/// The longest frame, unless both sides agree on more.
const USUAL: usize = 1 << 14;

/// Types of frames (RFC 9113 section 6).
pub(super) mod kind {
    pub(crate) const DATA: u8 = 0;
    pub(crate) const HEADERS: u8 = 1;
    pub(crate) const PRIORITY: u8 = 2;
    pub(crate) const RST_STREAM: u8 = 3;
    pub(crate) const SETTINGS: u8 = 4;
    pub(crate) const PUSH_PROMISE: u8 = 5;
    pub(crate) const PING: u8 = 6;
    pub(crate) const GOAWAY: u8 = 7;
    pub(crate) const WINDOW_UPDATE: u8 = 8;
    pub(crate) const CONTINUATION: u8 = 9;
}

/// Flags of frames.
pub(super) mod flag {
    pub(crate) const END_STREAM: u8 = 0x01;
    pub(crate) const ACK: u8 = 0x01;
    pub(crate) const END_HEADERS: u8 = 0x04;
    pub(crate) const PADDED: u8 = 0x08;
    pub(crate) const PRIORITY: u8 = 0x20;
}

/// What stands in front of a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    /// Bytes that it carries.
    pub length: usize,
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
}

impl Header {
    pub(super) fn parse(input: &[u8]) -> Option<Self> {
        let &[high, middle, low, kind, flags, a, b, c, d] = input.first_chunk::<HEADER>()?;
        let length = usize::try_from(u32::from_be_bytes([0, high, middle, low])).ok()?;
        Some(Self { length, kind, flags, stream: u32::from_be_bytes([a, b, c, d]) & 0x7FFF_FFFF })
    }

    /// With what stands in front of it.
    pub(super) const fn total(self) -> usize {
        self.length.saturating_add(HEADER)
    }

    pub(super) const fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Length and stream are such as its type may have. Types that nobody knows are to be passed over (RFC 9113 section 5.5), but
    /// not what is no frame at all.
    pub(super) const fn is_sound(self) -> bool {
        let (length, on_stream) = (self.length, self.stream != 0);
        match self.kind {
            kind::DATA | kind::CONTINUATION => on_stream,
            kind::HEADERS => on_stream && length > 0,
            kind::PUSH_PROMISE => on_stream && length >= 4,
            kind::PRIORITY => on_stream && length == 5,
            kind::RST_STREAM => on_stream && length == 4,
            kind::SETTINGS => !on_stream && length.is_multiple_of(6) && (length == 0 || !self.has(flag::ACK)),
            kind::PING => !on_stream && length == 8,
            kind::GOAWAY => !on_stream && length >= 8,
            kind::WINDOW_UPDATE => length == 4,
            _ => length <= USUAL,
        }
    }

    /// What a search takes for a frame: one of the known types, with flags that it has, and not longer than usual.
    pub(super) const fn is_likely(self) -> bool {
        let flags = match self.kind {
            kind::DATA => flag::END_STREAM | flag::PADDED,
            kind::HEADERS => flag::END_STREAM | flag::END_HEADERS | flag::PADDED | flag::PRIORITY,
            kind::PUSH_PROMISE => flag::END_HEADERS | flag::PADDED,
            kind::CONTINUATION => flag::END_HEADERS,
            kind::SETTINGS | kind::PING => flag::ACK,
            _ => 0,
        };
        self.kind <= kind::CONTINUATION && self.flags & !flags == 0 && self.length <= USUAL && self.is_sound()
    }

    /// It carries a header block, or a part of one.
    pub(super) const fn is_of_block(self) -> bool {
        matches!(self.kind, kind::HEADERS | kind::PUSH_PROMISE | kind::CONTINUATION)
    }
}

/// The header block in these frames, without padding and priority; `None` if they contradict themselves.
pub(super) fn fragments(mut frames: &[u8]) -> Option<Vec<u8>> {
    let mut block = Vec::new();
    while let Some(header) = Header::parse(frames) {
        let (frame, rest) = frames.split_at_checked(header.total())?;
        block.extend_from_slice(payload(header, frame)?);
        frames = rest;
    }
    Some(block)
}

/// What a frame carries, without padding and what stands in front of it.
pub(super) fn payload(header: Header, frame: &[u8]) -> Option<&[u8]> {
    let mut bytes = frame.get(HEADER..)?;
    if header.kind == kind::CONTINUATION {
        return Some(bytes);
    }
    if header.has(flag::PADDED) {
        let (&padding, rest) = bytes.split_first()?;
        bytes = rest.get(..rest.len().checked_sub(usize::from(padding))?)?;
    }
    match header.kind {
        kind::HEADERS if header.has(flag::PRIORITY) => bytes.get(5..),
        kind::PUSH_PROMISE => bytes.get(4..),
        _ => Some(bytes),
    }
}
