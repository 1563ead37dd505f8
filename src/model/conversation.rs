//! A conversation: who talked to whom, what was said, and who hung up first.

use super::{ConversationId, Endpoint, FrameRef, Side, Span, Stamp, Timestamp};
use nrpcsniff_dissectors::{Layer, Protocol};
use serde::Serialize;

/// Two values, one for each side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct PerSide<T> {
    /// The client's.
    pub client: T,
    /// The server's.
    pub server: T,
}

impl<T> std::ops::Index<Side> for PerSide<T> {
    type Output = T;
    fn index(&self, side: Side) -> &T {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }
}

impl<T> std::ops::IndexMut<Side> for PerSide<T> {
    fn index_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

impl<T> PerSide<T> {
    /// These values with the sides exchanged.
    #[must_use]
    pub fn swapped(self) -> Self {
        Self { client: self.server, server: self.client }
    }
}

/// Transport protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// How a conversation began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Setup {
    /// SYN and SYN-ACK were seen.
    Handshake,
    /// The SYN was answered by RST.
    Refused,
    /// SYN without any answer.
    NoAnswer,
    /// It was already going on when the capture began (or its SYN was lost to the capture).
    Midstream,
    /// No set-up exists (UDP).
    None,
}

/// How a conversation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Close {
    /// A FIN that was in sequence came first.
    Fin,
    /// A RST that was in sequence came first.
    Rst,
    /// Nothing ended it before the capture did.
    Open,
    /// One side repeated itself to exhaustion and was never answered.
    Timeout,
}

/// Who ended a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CloseBy {
    /// The client.
    Client,
    /// The server.
    Server,
    /// Something on the path, in the name of one side.
    Middlebox,
    /// Nobody.
    None,
}

/// The end of a conversation, judged by sequence numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Teardown {
    /// The kind of end.
    pub how: Close,
    /// Who ended it.
    pub by: CloseBy,
    /// The FIN or RST that counts.
    pub at: Option<Stamp>,
    /// How many application messages had been seen by then, both directions together.
    pub after_message: u32,
    /// First FIN of each side.
    pub fin: PerSide<Option<Stamp>>,
    /// First RST that carries the address of each side.
    pub rst: PerSide<Option<Stamp>>,
    /// Which of the two sides the closing RST claims to come from, and why it is believed or not; of a FIN only if it is not.
    pub(crate) reset_origin: Option<ResetOrigin>,
}

impl Default for Teardown {
    fn default() -> Self {
        Self {
            how: Close::Open,
            by: CloseBy::None,
            at: None,
            after_message: 0,
            fin: PerSide::default(),
            rst: PerSide::default(),
            reset_origin: None,
        }
    }
}

/// Who really sent a RST or a FIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResetOrigin {
    /// The side whose address it carries.
    pub claimed: Side,
    /// True if the facts say that something on the path sent it.
    pub middlebox: bool,
    /// TTL or hop limit of it.
    pub ttl: u8,
    /// Its IP identification, where it has one.
    pub id: Option<u16>,
    /// The facts, in words: TTL, IP ID and window against that side's earlier packets. Empty if there was nothing
    /// to compare with.
    pub reasons: Vec<String>,
}

/// Quality of a TCP conversation as captured.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Quality {
    /// Segments that brought nothing new.
    pub retransmissions: u64,
    /// Segments that came before an earlier one.
    pub out_of_order: u64,
    /// Segments that brought both old and new bytes.
    pub overlaps: u64,
    /// Overlaps whose bytes differ from those seen first. The first copy counts.
    pub conflicting_overlaps: u64,
    /// Holes that were given up.
    pub gaps: u64,
    /// Bytes in those holes.
    pub missing_bytes: u64,
    /// Segments that announced a window of zero.
    pub zero_windows: u64,
    /// Round trip: of the handshake, else the shortest from data to its acknowledgement, of both
    /// directions together, as each covers the way from the place of the capture to one side only.
    pub rtt: Option<Span>,
}

/// The first bytes that one side sent (kept also where no dissector wants the conversation).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FirstBytes {
    /// Frame that carried the first of them.
    pub at: Stamp,
    /// Up to 32 bytes.
    pub bytes: Vec<u8>,
}

/// The opening of a TCP conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Handshake {
    /// Every SYN of the client, first and repeated ones (at most 16 are kept).
    pub syns: Vec<Stamp>,
    /// First SYN-ACK.
    pub syn_ack: Option<Stamp>,
    /// First acknowledgement of it.
    pub ack: Option<Stamp>,
    /// Data that travelled in the SYN, in bytes.
    pub syn_data: u32,
}

/// A time in which nobody said anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IdleGap {
    /// Last frame before it.
    pub before: Stamp,
    /// First frame after it.
    pub after: Stamp,
    /// The side that broke the silence.
    pub by: Side,
    /// What broke it carried data (or a keep-alive), and was not itself the end.
    pub with_data: bool,
}

impl IdleGap {
    /// How long it lasted.
    pub(crate) const fn length(&self) -> Span {
        self.after.since(self.before)
    }
}

/// A segment that had to be repeated after a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stall {
    /// The side that sent the segment.
    pub from: Side,
    /// When it was first sent.
    pub first: Stamp,
    /// The repetition that ended the longest wait.
    pub repeated: Stamp,
    /// Repetitions so far.
    pub tries: u32,
}

/// Data at the end of a conversation that was repeated and never acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unanswered {
    /// The side that sent the data.
    pub from: Side,
    /// First transmission.
    pub first: Stamp,
    /// Last repetition.
    pub last: Stamp,
    /// Number of repetitions.
    pub tries: u32,
    /// Bytes in the segment.
    pub length: u32,
}

/// A full-size segment that never gets through (or only in smaller pieces).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StuckSegment {
    /// The side that sent the segment.
    pub from: Side,
    /// Payload bytes in it.
    pub length: u32,
    /// Every time it was sent (at most 16 are kept).
    pub sent: Vec<Stamp>,
    /// Repetitions that were not acknowledged.
    pub tries: u32,
    /// Don't Fragment was set (always so in IPv6).
    pub dont_fragment: bool,
    /// Smaller segments of the same side were acknowledged, before or after.
    pub smaller_got_through: bool,
    /// Segments of that length that were under way, this one among them.
    pub alike: usize,
}

/// Bytes of one side that never came, though later ones did: the other side says so to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NeverArrived {
    /// The side that sent them.
    pub from: Side,
    /// How many, at least.
    pub length: u64,
    /// The first segment behind them.
    pub behind: Stamp,
    /// The last frame in which the receiver says that it has nothing of them.
    pub lacking: Stamp,
}

/// A receiver that could take no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ZeroWindow {
    /// The side that could take no more.
    pub from: Side,
    /// Frame that closed it.
    pub start: Stamp,
    /// Frame that opened it again, or the last one seen.
    pub end: Stamp,
    /// True if it opened again.
    pub reopened: bool,
}

/// Facts of a TCP conversation that rules judge.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct TcpFacts {
    /// SYN, SYN-ACK and the first acknowledgement.
    pub handshake: Handshake,
    /// Segments with data, by sender.
    pub data_segments: PerSide<u64>,
    /// Segments that brought nothing new, by sender.
    pub retransmitted: PerSide<u64>,
    /// Keep-alive probes, by sender.
    pub keep_alives: PerSide<u64>,
    /// Silences of a second and more: the 16 longest in order of time, and the last one.
    pub idle: Vec<IdleGap>,
    /// Sum of all silences of a second and more, by the side that broke them.
    pub silent: PerSide<Span>,
    /// Repetitions after a second and more (the 16 longest, in order of time).
    pub stalls: Vec<Stall>,
    /// Data at the end that nobody acknowledged.
    pub unanswered: Option<Unanswered>,
    /// A large segment that does not pass.
    pub stuck: Option<StuckSegment>,
    /// Bytes that never came to the place of the capture nor to the receiver.
    pub never_arrived: Option<NeverArrived>,
    /// The largest segment that the capture holds, by sender, in bytes of data.
    pub largest: PerSide<u32>,
    /// How many of that length it holds.
    pub largest_count: PerSide<u32>,
    /// Closed windows (the 16 longest, in order of time).
    pub zero_windows: Vec<ZeroWindow>,
    /// Smallest and largest TTL or hop limit, by sender.
    pub ttl: PerSide<Option<(u8, u8)>>,
    /// Maximum segment size announced, by sender.
    pub mss: PerSide<Option<u16>>,
    /// Bytes that the other side acknowledged although the capture does not hold them, by sender.
    pub acked_unseen: PerSide<u64>,
    /// First frame that acknowledged bytes which the capture does not hold.
    pub acked_unseen_at: Option<Stamp>,
    /// Frames cut by the snap length, so that payload is missing.
    pub cut_frames: u64,
    /// First frame that was cut.
    pub cut_at: Option<Stamp>,
    /// Copies of a segment seen a moment before, with the same IP identification (a mirror port set to both directions).
    pub duplicate_frames: u64,
    /// First copy.
    pub duplicate_at: Option<Stamp>,
    /// Segments with a wrong TCP checksum, by sender (looked at in conversations that are dissected).
    pub bad_checksums: PerSide<u64>,
    /// Segments larger than any wire carries (above 1514 bytes of Ethernet frame and above the MSS), by sender.
    pub oversized: PerSide<u64>,
}

/// Bytes of which the capture holds two versions, where the receiver may have taken either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dispute {
    /// The side that sent them.
    pub from: Side,
    /// Offset of the first byte that differs, in its stream.
    pub offset: u64,
    /// Bytes from there to the last one that differs.
    pub length: u64,
    /// Frame that brought the version that is read, where it is known.
    pub read_in: Option<FrameRef>,
    /// Frame that brought the other one.
    pub other_in: Stamp,
    /// Why there are two.
    pub cause: DisputeCause,
    /// Message that the bytes belong to, as it is read, and as the other version has it. Both may be long.
    pub readings: Option<(String, Option<String>)>,
}

/// Why there are two versions of the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DisputeCause {
    /// They were sent twice.
    SentTwice,
    /// Fragments of one packet overlap.
    Fragments,
    /// One byte is urgent: whether it belongs to what was said, the receiver decides (RFC 6093 section 3).
    Urgent,
}

impl Dispute {
    /// The message holds some of the bytes. Where it was opened first (`sealed`), only the frame tells.
    pub(crate) fn concerns(&self, message: &Message, sealed: bool) -> bool {
        let end = message.offset.saturating_add(message.length);
        let is_at = self.offset < end && message.offset < self.offset.saturating_add(self.length);
        let is_in = self.read_in.is_some_and(|frame| message.frames.contains(&frame));
        message.from == self.from && if sealed { is_in } else { is_at }
    }
}

/// A request that the server took long to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Frame that completed the request.
    pub request: Stamp,
    /// Frame that brought the first byte of the reply.
    pub reply: Stamp,
}

impl Turn {
    /// Time between the two.
    pub(crate) const fn length(&self) -> Span {
        self.reply.since(self.request)
    }
}

/// Questions and answers, whatever the protocol.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Turns {
    /// Times that the client spoke and the server answered.
    pub count: u64,
    /// Sum of the times between request and reply.
    pub waited: Span,
    /// The slowest (at most 8, in order of time).
    pub slowest: Vec<Turn>,
    /// A request at the end that was not answered.
    pub unanswered: Option<Stamp>,
}

/// One application message in its conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Number in the conversation, from 1, both directions together, in order of completion.
    pub n: u32,
    /// Sender.
    pub from: Side,
    /// Frame that completed it, and its time.
    pub at: Stamp,
    /// All frames that carried a part of it, in ascending order, `at.frame` among them.
    pub frames: Vec<FrameRef>,
    /// Offset of its first byte in the sender's stream; inside TLS, of what was opened.
    pub offset: u64,
    /// Length in bytes.
    pub length: u64,
    /// Its content, as the dissector read it.
    pub body: nrpcsniff_dissectors::Message,
}

/// One conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// Number in the report, from 0, in order of the first frame.
    pub id: ConversationId,
    /// Wireshark's `tcp.stream` (or `udp.stream`) number in a capture of one file.
    pub stream: u32,
    /// TCP or UDP.
    pub transport: Transport,
    /// Protocol by content (by port while nobody has said anything); `None` while nothing tells it.
    pub protocol: Option<&'static Protocol>,
    /// True if the protocol was told by the port alone.
    pub protocol_by_port: bool,
    /// TLS carries it: `protocol` is what was found inside.
    pub over_tls: bool,
    /// What became of the TLS records, if there are any.
    pub tls: Option<Layer>,
    /// The side that opened the connection, or spoke first.
    pub client: Endpoint,
    /// The side that was called.
    pub server: Endpoint,
    /// True if nobody's SYN was seen, and port and first message decided who is who.
    pub roles_guessed: bool,
    /// Port or addresses were used again by another conversation of the capture.
    pub ports_reused: bool,
    /// First frame.
    pub first: Stamp,
    /// Last frame.
    pub last: Stamp,
    /// How it began.
    pub setup: Setup,
    /// How it ended.
    pub teardown: Teardown,
    /// Frames by sender.
    pub packets: PerSide<u64>,
    /// Stream bytes by sender, each counted once.
    pub bytes: PerSide<u64>,
    /// Quality of the capture of it.
    pub quality: Quality,
    /// Facts for rules; empty for UDP.
    pub(crate) tcp: TcpFacts,
    /// First bytes of each side.
    pub(crate) first_bytes: PerSide<Option<FirstBytes>>,
    /// Questions and answers.
    pub(crate) turns: Turns,
    /// Messages, in order; the middle of a long conversation may have been left out (see `messages_seen`).
    pub messages: Vec<Message>,
    /// Messages seen, by sender.
    pub messages_seen: PerSide<u64>,
    /// Bytes of each side that no message accounts for (gaps, opaque bytes passed over).
    pub undissected: PerSide<u64>,
    /// Bytes in two versions (the first 8 stretches).
    pub(crate) disputes: Vec<Dispute>,
    /// The capture stopped looking at this conversation before it ended, and why (a limit was reached).
    pub given_up: Option<&'static str>,
    /// Conversations that began before it and were let go.
    pub(crate) skipped: u32,
}

impl Conversation {
    /// A conversation of which nothing is known but who talks to whom, and since when.
    pub fn new(transport: Transport, client: Endpoint, server: Endpoint, first: Stamp) -> Self {
        Self {
            id: ConversationId::default(),
            stream: 0,
            transport,
            protocol: None,
            protocol_by_port: false,
            over_tls: false,
            tls: None,
            client,
            server,
            roles_guessed: false,
            ports_reused: false,
            first,
            last: first,
            setup: Setup::None,
            teardown: Teardown::default(),
            packets: PerSide::default(),
            bytes: PerSide::default(),
            quality: Quality::default(),
            tcp: TcpFacts::default(),
            first_bytes: PerSide::default(),
            turns: Turns::default(),
            messages: Vec::new(),
            messages_seen: PerSide::default(),
            undissected: PerSide::default(),
            disputes: Vec::new(),
            given_up: None,
            skipped: 0,
        }
    }

    /// True if the conversation is of that protocol.
    pub fn is(&self, protocol: &Protocol) -> bool {
        self.protocol == Some(protocol)
    }

    /// The protocol in which what matters is said: the one that its own hands on to (HTTP opens a WebSocket, and SIP is spoken
    /// in it), else its own.
    pub fn spoken(&self) -> Option<&'static Protocol> {
        let own = self.protocol?;
        let others = || self.messages.iter().map(|message| message.body.protocol());
        let inner = own.hands_on_by.and_then(|_| others().find(|other| *other != own && !other.is_carrier()));
        inner.or(Some(own))
    }

    /// Seconds from the first frame to the last.
    pub fn duration_s(&self) -> f64 {
        self.last.time.seconds_since(self.first.time)
    }

    /// First message of that sender.
    pub fn first_message(&self, from: Side) -> Option<&Message> {
        self.messages.iter().find(|m| m.from == from)
    }

    /// The endpoint of that side.
    pub const fn endpoint(&self, side: Side) -> Endpoint {
        match side {
            Side::Client => self.client,
            Side::Server => self.server,
        }
    }

    /// Time of the first frame.
    pub const fn start(&self) -> Timestamp {
        self.first.time
    }
}
