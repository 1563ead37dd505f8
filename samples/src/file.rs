//! Capture files: classic pcap and pcapng (IETF draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng).

use crate::link::Link;
use crate::rng::SplitMix64;

/// One frame on its way into a file.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// Nanoseconds since 1970.
    pub at: u64,
    pub bytes: Vec<u8>,
    pub note: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Container {
    Pcap,
    Pcapng,
}

/// How a capture is written: container, time resolution, byte order, link layer, snap length.
///
/// [`Format::pcap`] starts from microseconds, [`Format::pcapng`] from nanoseconds; both from little-endian and Ethernet.
#[derive(Debug, Clone)]
pub struct Format {
    container: Container,
    nanoseconds: bool,
    big_endian: bool,
    link: Link,
    snaplen: usize,
    comment: Option<String>,
    interface: Option<String>,
    dropped: Option<u64>,
    keys: bool,
    set_back: Option<(usize, u64)>,
    reversed: bool,
}

impl Format {
    /// Classic pcap, microseconds.
    pub const fn pcap() -> Self {
        Self::new(Container::Pcap, false)
    }

    /// pcapng, nanoseconds.
    pub const fn pcapng() -> Self {
        Self::new(Container::Pcapng, true)
    }

    const fn new(container: Container, nanoseconds: bool) -> Self {
        Self {
            container,
            nanoseconds,
            big_endian: false,
            link: Link::Ethernet,
            snaplen: 262_144,
            comment: None,
            interface: None,
            dropped: None,
            keys: false,
            set_back: None,
            reversed: false,
        }
    }

    /// Times in nanoseconds.
    #[must_use]
    pub const fn nanoseconds(mut self) -> Self {
        self.nanoseconds = true;
        self
    }

    /// Times in microseconds.
    #[must_use]
    pub const fn microseconds(mut self) -> Self {
        self.nanoseconds = false;
        self
    }

    /// File headers in big-endian byte order.
    #[must_use]
    pub const fn big_endian(mut self) -> Self {
        self.big_endian = true;
        self
    }

    /// Another link layer.
    #[must_use]
    pub const fn link(mut self, link: Link) -> Self {
        self.link = link;
        self
    }

    /// Keep only the first `bytes` of each frame, as `tcpdump -s` does.
    #[must_use]
    pub const fn snaplen(mut self, bytes: usize) -> Self {
        self.snaplen = bytes;
        self
    }

    /// A comment in the section header; pcapng only.
    #[must_use]
    pub fn comment(mut self, text: impl Into<String>) -> Self {
        self.comment = Some(text.into());
        self
    }

    /// The name of the interface; pcapng only.
    #[must_use]
    pub fn interface(mut self, name: impl Into<String>) -> Self {
        self.interface = Some(name.into());
        self
    }

    /// An interface statistics block that confesses this many dropped packets; pcapng only.
    #[must_use]
    pub const fn dropped(mut self, packets: u64) -> Self {
        self.dropped = Some(packets);
        self
    }

    /// A decryption secrets block with the secrets of all TLS connections; pcapng only.
    #[must_use]
    pub const fn keys(mut self) -> Self {
        self.keys = true;
        self
    }

    /// The clock of the capturing machine is set back by so many seconds before that frame, the first being 1.
    #[must_use]
    pub const fn set_back(mut self, frame: usize, seconds: u64) -> Self {
        self.set_back = Some((frame, seconds));
        self
    }

    /// The last frame comes first.
    #[must_use]
    pub const fn reversed(mut self) -> Self {
        self.reversed = true;
        self
    }

    /// Another container, resolution, byte order and link layer; what the story is about (snap length, drops, keys) stays.
    #[must_use]
    pub(crate) fn varied(mut self, rng: &mut SplitMix64) -> Self {
        let vlan = 2 + rng.below(4_000) as u16;
        let links = [Link::Ethernet, Link::Vlan(vlan), Link::Sll, Link::Sll2, Link::RawIp];
        self.link = links[rng.below(5) as usize];
        self.container = [Container::Pcap, Container::Pcapng][rng.below(2) as usize];
        [self.nanoseconds, self.big_endian] = [rng.below(2) == 0, rng.below(2) == 0];
        self
    }

    /// The same container, resolution, byte order and link layer as `other`, where this file does not need its own: statistics and
    /// keys need pcapng.
    #[must_use]
    pub(crate) fn like(mut self, other: &Self) -> Self {
        let needs_its_own = self.dropped.is_some() || self.keys;
        self.container = if needs_its_own { self.container } else { other.container };
        (self.nanoseconds, self.big_endian, self.link) = (other.nanoseconds, other.big_endian, other.link);
        self
    }

    /// The ending of a file name: `pcap` or `pcapng`.
    pub const fn extension(&self) -> &'static str {
        match self.container {
            Container::Pcap => "pcap",
            Container::Pcapng => "pcapng",
        }
    }

    /// The format in words: `pcapng, ns, Ethernet`.
    pub fn describe(&self) -> String {
        let resolution = if self.nanoseconds { "ns" } else { "µs" };
        let order = if self.big_endian { ", big-endian" } else { "" };
        let cut = if self.snaplen < 65_535 { format!(", snap length {}", self.snaplen) } else { String::new() };
        let keys = if self.keys { ", with keys" } else { "" };
        format!("{}, {resolution}{order}, {}{cut}{keys}", self.extension(), self.link.name())
    }

    pub(crate) const fn link_layer(&self) -> Link {
        self.link
    }

    /// A file of these frames; `secrets`: lines of a key log.
    pub(crate) fn write(&self, frames: &[Frame], secrets: &[String]) -> Vec<u8> {
        let mut out = Encoder { bytes: Vec::new(), big_endian: self.big_endian };
        let disturbed = (self.set_back.is_some() || self.reversed).then(|| self.disturbed(frames));
        let frames = disturbed.as_deref().unwrap_or(frames);
        match self.container {
            Container::Pcap => self.write_pcap(&mut out, frames),
            Container::Pcapng => self.write_pcapng(&mut out, frames, secrets),
        }
        out.bytes
    }

    /// The frames with the times and in the order that a capture gives them whose clock does not run forward.
    fn disturbed(&self, frames: &[Frame]) -> Vec<Frame> {
        let mut frames = frames.to_vec();
        if let Some((first, seconds)) = self.set_back {
            frames.iter_mut().skip(first.saturating_sub(1)).for_each(|frame| frame.at -= seconds * 1_000_000_000);
        }
        if self.reversed {
            frames.reverse();
        }
        frames
    }

    fn kept<'a>(&self, frame: &'a Frame) -> &'a [u8] {
        &frame.bytes[..frame.bytes.len().min(self.snaplen)]
    }

    fn write_pcap(&self, out: &mut Encoder, frames: &[Frame]) {
        let (magic, unit) = if self.nanoseconds { (0xa1b2_3c4d, 1) } else { (0xa1b2_c3d4, 1_000) };
        out.u32(magic).u16(2).u16(4).u32(0).u32(0).u32(self.snaplen as u32).u32(u32::from(self.link.number()));
        for frame in frames {
            let kept = self.kept(frame);
            out.u32((frame.at / 1_000_000_000) as u32).u32((frame.at % 1_000_000_000) as u32 / unit);
            out.u32(kept.len() as u32).u32(frame.bytes.len() as u32).raw(kept);
        }
    }

    fn write_pcapng(&self, out: &mut Encoder, frames: &[Frame], secrets: &[String]) {
        const SECTION_HEADER: u32 = 0x0a0d_0d0a;
        const INTERFACE: u32 = 1;
        const ENHANCED_PACKET: u32 = 6;
        out.block(SECTION_HEADER, |b| {
            b.u32(0x1a2b_3c4d).u16(1).u16(0).raw(&[0xff; 8]);
            b.options(&[(1, self.comment.as_deref().map(str::as_bytes)), (4, Some(b"nrpcsniff-samples"))]);
        });
        out.block(INTERFACE, |b| {
            b.u16(self.link.number()).u16(0).u32(self.snaplen as u32);
            let resolution: &[u8] = if self.nanoseconds { &[9] } else { &[6] };
            b.options(&[(2, self.interface.as_deref().map(str::as_bytes)), (9, Some(resolution))]);
        });
        if self.keys {
            write_secrets(out, secrets);
        }
        let unit = if self.nanoseconds { 1 } else { 1_000 };
        for frame in frames {
            let kept = self.kept(frame);
            out.block(ENHANCED_PACKET, |b| {
                b.u32(0).time(frame.at / unit).u32(kept.len() as u32).u32(frame.bytes.len() as u32);
                b.raw(kept).pad();
                b.options(&[(1, frame.note.as_deref().map(str::as_bytes))]);
            });
        }
        self.write_statistics(out, frames);
    }

    fn write_statistics(&self, out: &mut Encoder, frames: &[Frame]) {
        const STATISTICS: u32 = 5;
        let (Some(dropped), Some(last)) = (self.dropped, frames.last()) else { return };
        let unit = if self.nanoseconds { 1 } else { 1_000 };
        out.block(STATISTICS, |b| {
            let (received, dropped) = (b.word(frames.len() as u64), b.word(dropped));
            b.u32(0).time(last.at / unit).options(&[(4, Some(&received)), (5, Some(&dropped))]);
        });
    }
}

fn write_secrets(out: &mut Encoder, secrets: &[String]) {
    const DECRYPTION_SECRETS: u32 = 10;
    const TLS_KEY_LOG: u32 = 0x544c_534b;
    let log = secrets.iter().flat_map(|line| [line, "\n"]).collect::<String>();
    out.block(DECRYPTION_SECRETS, |b| {
        b.u32(TLS_KEY_LOG).u32(log.len() as u32).raw(log.as_bytes()).pad();
    });
}

/// Integers in the byte order of the file.
struct Encoder {
    bytes: Vec<u8>,
    big_endian: bool,
}

impl Encoder {
    fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend(bytes);
        self
    }

    fn u16(&mut self, value: u16) -> &mut Self {
        let bytes = if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        self.raw(&bytes)
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        let bytes = if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        self.raw(&bytes)
    }

    const fn word(&self, value: u64) -> [u8; 8] {
        if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    /// A pcapng timestamp: upper half first, each half in file order.
    fn time(&mut self, units: u64) -> &mut Self {
        self.u32((units >> 32) as u32).u32(units as u32)
    }

    fn pad(&mut self) -> &mut Self {
        while !self.bytes.len().is_multiple_of(4) {
            self.bytes.push(0);
        }
        self
    }

    /// Options that have a value, then the end-of-options mark; nothing at all if none has.
    fn options(&mut self, options: &[(u16, Option<&[u8]>)]) {
        for (code, value) in options {
            if let Some(value) = value {
                self.u16(*code).u16(crate::wire::len16(value.len())).raw(value).pad();
            }
        }
        if options.iter().any(|(_, value)| value.is_some()) {
            self.u32(0);
        }
    }

    fn block(&mut self, kind: u32, body: impl FnOnce(&mut Self)) {
        let mut inner = Self { bytes: Vec::new(), big_endian: self.big_endian };
        body(&mut inner);
        let total = inner.bytes.len() as u32 + 12;
        self.u32(kind).u32(total).raw(&inner.bytes).u32(total);
    }
}
