//! Where the headers of a frame stand: for who changes a frame and must set its addresses and checksums right.

use super::captured::Captured;
use super::fragments::Fragment;
use super::step::HeaderKind;
use std::net::IpAddr;
use std::ops::Range;

/// Places of headers in one frame, outermost first, in bytes from its beginning.
#[derive(Debug, Default)]
pub(crate) struct Headers {
    /// Ethernet headers.
    pub(crate) ethernet: Vec<usize>,
    /// IP headers of either version.
    pub(crate) ip: Vec<usize>,
    /// What follows IP headers: its protocol number, and where it begins.
    pub(crate) transport: Vec<(u8, usize)>,
    /// The piece of a packet that the frame holds, if it is one.
    pub(crate) fragment: Option<FragmentPlace>,
    /// Address of the packet that the frame completed from fragments.
    whole: Option<usize>,
    frame: Range<usize>,
}

/// A fragment of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FragmentPlace {
    /// What all fragments of the packet have in common.
    pub(crate) key: (IpAddr, IpAddr, u32),
    /// Protocol of the packet's payload.
    pub(crate) protocol: u8,
    /// Bytes of the packet's payload in front of it.
    pub(crate) offset: usize,
    /// Where it begins in the frame.
    pub(crate) at: usize,
    /// Bytes of it.
    pub(crate) length: usize,
}

/// Where a payload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PayloadPlace {
    /// In the frame, so many bytes from its beginning.
    Frame(usize),
    /// In the packet that the frame completed, so many bytes from the beginning of that packet's payload.
    Whole(usize),
}

impl Headers {
    /// Of a frame with these bytes.
    pub(super) fn of(frame: &[u8]) -> Self {
        let start = frame.as_ptr().addr();
        Self { frame: start..start.saturating_add(frame.len()), ..Self::default() }
    }

    /// Notes the header that comes next.
    pub(super) fn note(&mut self, layer: HeaderKind, captured: Captured<'_>) {
        let Some(at) = self.offset(captured.data) else { return };
        match layer {
            HeaderKind::Link(super::link::ETHERNET) | HeaderKind::Ethernet => self.ethernet.push(at),
            HeaderKind::Ip => self.ip.push(at),
            HeaderKind::IpPayload(network) => self.transport.push((network.protocol, at)),
            _ => {}
        }
    }

    pub(super) fn note_fragment(&mut self, fragment: &Fragment<'_>) {
        let Some(at) = self.offset(fragment.payload.data) else { return };
        let info = fragment.network.info;
        self.fragment = Some(FragmentPlace {
            key: (info.source, info.destination, fragment.id),
            protocol: fragment.network.protocol,
            offset: fragment.offset,
            at,
            length: fragment.payload.data.len(),
        });
    }

    pub(super) fn note_whole(&mut self, packet: &[u8]) {
        self.whole = Some(packet.as_ptr().addr());
    }

    /// Where these bytes, lent by the decoder for this frame, stand.
    pub(crate) fn place(&self, payload: &[u8]) -> Option<PayloadPlace> {
        let in_frame = self.offset(payload).map(PayloadPlace::Frame);
        let in_whole = || payload.as_ptr().addr().checked_sub(self.whole?).map(PayloadPlace::Whole);
        in_frame.or_else(in_whole)
    }

    fn offset(&self, bytes: &[u8]) -> Option<usize> {
        let at = bytes.as_ptr().addr();
        (self.frame.contains(&at) && at.saturating_add(bytes.len()) <= self.frame.end)
            .then(|| at.saturating_sub(self.frame.start))
    }
}
