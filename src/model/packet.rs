//! Packets: what a frame holds for the layers above the network.

use super::{FrameRef, Stamp};
use std::net::IpAddr;

/// TCP flag bits (RFC 9293 3.1).
pub(crate) mod flags {
    /// No more data from the sender.
    pub(crate) const FIN: u8 = 0x01;
    /// Synchronise sequence numbers.
    pub(crate) const SYN: u8 = 0x02;
    /// Reset the connection.
    pub(crate) const RST: u8 = 0x04;
    /// The acknowledgement field counts.
    pub(crate) const ACK: u8 = 0x10;
    /// The urgent pointer counts.
    pub(crate) const URG: u8 = 0x20;
}

/// A TCP segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Network layer.
    pub ip: IpInfo,
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// Sequence number.
    pub sequence: u32,
    /// Acknowledgement number (counts if ACK is set).
    pub acknowledgement: u32,
    /// Flags, see `flags`.
    pub flags: u8,
    /// Window as sent, not scaled.
    pub window: u16,
    /// Urgent pointer: where the byte behind the urgent ones stands, from the first of the payload. 0 if there is none.
    pub urgent: u16,
    /// Options that matter.
    pub options: TcpOptions,
    /// Payload captured.
    pub payload: &'a [u8],
    /// Payload length on the wire; more than `payload` if the frame was cut.
    pub payload_length: u32,
    /// What is needed to verify the checksum later: the whole TCP segment as captured, header first. Empty if the
    /// checksum cannot be verified, see `decode::tcp_checksum_ok`.
    pub raw: &'a [u8],
    /// What else the fragments say that it was put together from, if they overlap and differ.
    pub other: Option<&'a OtherVersion>,
}

/// Another version of a packet, from fragments that overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherVersion {
    /// Its bytes, as many as in the version that is read; the payload of what it carries stands at the end.
    pub bytes: Vec<u8>,
    /// Frame that brought the first bytes of the version that is read, if it was noted.
    pub read_in: Option<FrameRef>,
    /// Frame that brought the first other ones.
    pub other_in: Stamp,
}

impl OtherVersion {
    /// The last `length` bytes.
    pub fn payload(&self, length: usize) -> &[u8] {
        self.bytes.get(self.bytes.len().saturating_sub(length)..).unwrap_or(&self.bytes)
    }
}

/// Network layer of a segment or datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IpInfo {
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// TTL or hop limit.
    pub ttl: u8,
    /// IPv4 identification; in IPv6 the low half of that in the fragment header, `None` without one.
    pub id: Option<u16>,
    /// Don't Fragment (always true in IPv6).
    pub dont_fragment: bool,
}

/// TCP options that matter here (RFC 9293, 7323, 2018).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TcpOptions {
    /// Maximum segment size.
    pub mss: Option<u16>,
    /// Window scale shift (0 to 14).
    pub window_scale: Option<u8>,
    /// The segment carries a SACK option (kind 5).
    pub sack: bool,
    /// Timestamp of the sender (kind 8, TSval).
    pub timestamp: Option<u32>,
}

/// A UDP datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// Network layer.
    pub ip: IpInfo,
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// Payload captured.
    pub payload: &'a [u8],
    /// Payload length on the wire.
    pub payload_length: u32,
    /// What else the fragments say that it was put together from, if they overlap and differ.
    pub other: Option<&'a OtherVersion>,
}
