//! Packets: what a frame holds for the layers above the network.

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
    /// Options that matter.
    pub options: TcpOptions,
    /// Payload captured.
    pub payload: &'a [u8],
    /// Payload length on the wire; more than `payload` if the frame was cut.
    pub payload_length: u32,
    /// What is needed to verify the checksum later: the whole TCP segment as captured, header first. Empty if the
    /// checksum cannot be verified, see `decode::tcp_checksum_ok`.
    pub raw: &'a [u8],
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
}
