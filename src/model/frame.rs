//! Frames and the addresses they carry.

use super::{Span, Timestamp};
use serde::Serialize;
use std::net::IpAddr;

/// One frame as the capture holds it.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Number and time of the frame.
    pub at: Stamp,
    /// Link type as in <https://www.tcpdump.org/linktypes.html>, such as 1 for Ethernet.
    pub link_type: u16,
    /// Bytes captured.
    pub data: &'a [u8],
    /// Bytes on the wire; more than `data` if the capture was cut at its snap length.
    pub wire_length: u32,
}

/// A frame by its number, as Wireshark counts: from 1 in each input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FrameRef {
    /// Index of the input in the report.
    pub input: u32,
    /// Frame number in that input, from 1.
    pub number: u64,
}

/// A frame and its time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The frame.
    pub frame: FrameRef,
    /// When it was captured.
    pub time: Timestamp,
}

impl Stamp {
    /// Time from `earlier` to this frame; nothing, if the capture's clock ran backwards between the two.
    pub fn lasted_since(self, earlier: Self) -> Option<Span> {
        self.time.lasted_since(earlier.time)
    }

    /// Time from `earlier` to this frame.
    pub const fn since(self, earlier: Self) -> Span {
        self.time.since(earlier.time)
    }
}

/// One end of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Endpoint {
    /// Address.
    pub ip: IpAddr,
    /// Port.
    pub port: u16,
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::net::SocketAddr::new(self.ip, self.port).fmt(f)
    }
}
