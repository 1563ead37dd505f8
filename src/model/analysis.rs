//! Everything that was read out of one set of inputs.

use super::{
    ConversationId, Conversations, Endpoint, Finding, FrameRef, LetGo, Log, PerSide, Setup, Span, Stamp, Timestamp,
    Transport,
};
use hashbrown::HashMap;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Format of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InputFormat {
    /// Classic pcap.
    Pcap,
    /// pcapng.
    Pcapng,
    /// No file: interfaces that were listened to.
    Live,
}

/// One capture file (or stdin), or interfaces.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Path as given; `-` for stdin.
    pub path: String,
    /// Format, once known.
    pub format: Option<InputFormat>,
    /// Link types in order of appearance.
    pub link_types: Vec<u16>,
    /// Frames read.
    pub packets: u64,
    /// Bytes of those frames on the wire.
    pub bytes: u64,
    /// Time of the first frame.
    pub first: Option<Timestamp>,
    /// Time of the last frame.
    pub last: Option<Timestamp>,
    /// True if it was read to its proper end.
    pub complete: bool,
    /// What is wrong with it: one sentence with the offset and the number of frames read before it.
    pub problem: Option<String>,
    /// Frames that the capturing machine dropped, as a pcapng statistics block tells.
    pub dropped: Option<u64>,
    /// Snap length of the capture, if one is stated and it is not 0.
    pub snap_length: Option<u32>,
    /// True if there is no such file: then it is no capture, but a name.
    pub is_missing: bool,
}

impl Input {
    /// An input of which nothing is read yet.
    pub(crate) fn named(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            format: None,
            link_types: Vec::new(),
            packets: 0,
            bytes: 0,
            first: None,
            last: None,
            complete: false,
            problem: None,
            dropped: None,
            snap_length: None,
            is_missing: false,
        }
    }

    /// There is such a file, and nothing of it could be read as a capture.
    pub(crate) const fn is_unread(&self) -> bool {
        self.format.is_none() && !self.is_missing
    }
}

/// Totals of everything that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Frames.
    pub packets: u64,
    /// Bytes on the wire.
    pub bytes: u64,
    /// TCP conversations, counted as Wireshark counts `tcp.stream`.
    pub tcp_conversations: u64,
    /// UDP conversations (pairs of address and port).
    pub udp_conversations: u64,
    /// Frames that could not be decoded down to TCP, UDP or ICMP, by reason.
    pub undecoded: BTreeMap<&'static str, u64>,
    /// Messages by protocol.
    pub messages: BTreeMap<&'static str, u64>,
    /// Conversations (and ICMP errors) that are not kept in the report, by reason.
    pub passed_over: BTreeMap<&'static str, u64>,
    /// Files of folders and archives that are neither capture nor log nor key.
    pub other_files: u64,
    /// What failed or looks like a failure, and is no fault of anybody's sign-on: counted, not told.
    pub set_aside: BTreeMap<&'static str, u64>,
}

/// An ICMP message that says a packet could not be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IcmpError {
    /// Frame that carried the ICMP message.
    pub at: Stamp,
    /// Sender of the ICMP message.
    pub from: IpAddr,
    /// True for ICMPv6.
    pub v6: bool,
    /// ICMP type.
    pub kind: u8,
    /// ICMP code.
    pub code: u8,
    /// The packet it complains about, as far as quoted.
    pub quoted: Option<IcmpQuote>,
    /// Next-hop MTU, for "fragmentation needed" and "packet too big".
    pub mtu: Option<u32>,
}

/// The start of a packet that an ICMP error quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IcmpQuote {
    /// TCP or UDP.
    pub transport: Transport,
    /// Sender of the quoted packet.
    pub source: Endpoint,
    /// Destination of the quoted packet.
    pub destination: Endpoint,
}

/// A host, as far as the capture shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Host {
    /// Ports on which it accepted a TCP connection (at most 16 are kept), with the first frame.
    pub accepted: Vec<(u16, Stamp)>,
    /// Smallest and largest TTL or hop limit of its SYN-ACKs.
    pub ttl: Option<(u8, u8)>,
    /// Some of its SYN-ACKs have IP identification 0; some have another.
    pub syn_ack_ids: (bool, bool),
}

/// Datagrams between two endpoints, on whatever ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DatagramFlow {
    /// Who spoke first (client), and the other end.
    pub ends: PerSide<Endpoint>,
    /// Datagrams of each of the two.
    pub sent: PerSide<Option<Datagrams>>,
}

/// Datagrams of one sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Datagrams {
    /// Number of datagrams.
    pub count: u64,
    /// How many of them look like RTP or RTCP: a first byte of 128 to 191 (RFC 7983 section 7), 12 bytes and more. Every
    /// fourth DNS message looks like that, too: ask of ports only that somebody named for media.
    pub media: u64,
    /// First datagram.
    pub first: Stamp,
    /// Last datagram.
    pub last: Stamp,
}

/// An attempt to open a TCP connection that came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FailedConnection {
    /// First SYN of the connection.
    pub syn: Stamp,
    /// The RST that answered, if one did.
    pub reset: Option<Stamp>,
}

/// Attempts of one machine to reach one endpoint that all failed in the same way, none of them more than ten seconds
/// after the one before it. On ports that are dissected each of them is a conversation of the report, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FailedConnections {
    /// The client that tried.
    pub client: IpAddr,
    /// The endpoint that it tried to reach.
    pub server: Endpoint,
    /// [`Setup::Refused`] or [`Setup::NoAnswer`].
    pub setup: Setup,
    /// The first attempt.
    pub first: FailedConnection,
    /// The last one.
    pub last: FailedConnection,
    /// Number of attempts.
    pub count: u64,
}

/// The capture's clock ran backwards from one frame to the next of the same input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClockStep {
    /// The frame before it.
    pub before: Stamp,
    /// The frame that is older.
    pub after: Stamp,
}

impl ClockStep {
    /// How far it went back; never negative.
    pub(crate) const fn length(self) -> Span {
        self.before.since(self.after)
    }
}

/// How the capture's clock ran, frame by frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PacketClock {
    /// Frames that are older than the frame before them.
    pub older_frames: u64,
    /// The first of them.
    pub first: Option<ClockStep>,
    /// Steps of a second and more, in order: somebody set the clock, or files were put together (at most 64 are kept).
    pub steps: Vec<ClockStep>,
}

/// Facts about the capture as a whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct CaptureFacts {
    /// ICMP errors (at most 10,000 are kept).
    pub icmp_errors: Vec<IcmpError>,
    /// Hosts that accepted a connection (at most 65,536 are kept).
    pub hosts: HashMap<IpAddr, Host>,
    /// Frames cut by the snap length (any protocol).
    pub cut_frames: u64,
    /// First frame that was cut.
    pub first_cut: Option<FrameRef>,
    /// IP fragments that were never completed.
    pub fragments_lost: u64,
    /// Conversations given up because a limit was reached.
    pub evicted: u64,
    /// How its clock ran.
    pub clock: PacketClock,
    /// Datagrams by the endpoints between which they went: at most 131,072 pairs are kept, and of each port 16,384.
    pub datagrams: Vec<DatagramFlow>,
    /// Pairs of endpoints beyond the limit of all ports together.
    pub datagrams_left_out: u64,
    /// Ports of which there were more pairs than their share: what is not found there may have been left out.
    pub datagram_ports_cut: BTreeSet<u16>,
    /// TCP connections that never came about: at most 65,536 entries are kept, and of each server's port 4,096.
    pub failed: Vec<FailedConnections>,
    /// Such connections beyond that.
    pub failed_left_out: u64,
    /// Conversations that were judged and let go.
    pub let_go: LetGo,
}

/// Everything that was read out of one set of inputs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Analysis {
    /// The inputs, in the order in which they were read.
    pub inputs: Vec<Input>,
    /// Totals.
    pub totals: Totals,
    /// Conversations that are kept, by id.
    pub conversations: Conversations,
    /// Facts about the capture.
    pub(crate) facts: CaptureFacts,
    /// Logs that are heard beside the packets.
    pub logs: Vec<Log>,
    /// Time of the last frame of all inputs.
    pub end: Option<Timestamp>,
}

impl Analysis {
    /// Numbers conversations as if none had been let go, and none of the `before` that stand before them, in findings, too.
    pub(crate) fn number_among_all(&mut self, findings: &mut [Finding], before: u32) {
        let skipped: Vec<u32> = self.conversations.iter().map(|conversation| conversation.skipped).collect();
        let moved = |id: ConversationId| id.moved(skipped.get(id.index()).copied().unwrap_or_default()).moved(before);
        for id in findings.iter_mut().flat_map(|finding| &mut finding.conversations) {
            *id = moved(*id);
        }
        for conversation in &mut self.conversations {
            conversation.id = moved(conversation.id);
        }
    }
}
