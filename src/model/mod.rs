//! The shared vocabulary: plain data that the rooms hand to each other. Nothing here reads a packet.

mod analysis;
mod attempt;
mod comparison;
mod conversation;
mod facts;
mod finding;
mod frame;
mod id;
mod layer;
mod log;
mod packet;
mod rule_id;
mod span;
mod time;

pub use analysis::{
    Analysis, CaptureFacts, DatagramFlow, Datagrams, FailedConnection, FailedConnections, Host, IcmpError, IcmpQuote,
    Input, InputFormat, Totals,
};
pub use attempt::{Attempt, AttemptKind, Outcome, Unjudged, Weight};
pub use comparison::{Both, Class, Comparison, Difference, Fork, Likeness, Pair, Row, Step, Timing, Verdict};
pub use conversation::{
    Close, CloseBy, Conversation, Message, PerSide, Quality, Setup, Teardown, Transport,
};
pub use facts::Facts;
pub use finding::{Confidence, Evidence, Finding, Group, Severity, Source};
pub use frame::{Endpoint, Frame, FrameRef, Stamp};
pub use id::ConversationId;
pub use layer::Layer;
pub use log::{
    AnchorKey, ClockPlacement, Log, LogAnchor, LogClock, LogEvent, LogFact, LogKind, LogLine, TokenStatusText,
    WrittenTime,
};
pub use nrpcsniff_dissectors::Side;
pub use packet::Segment;
pub use rule_id::RuleId;
pub use span::{Span, span};
pub use time::Timestamp;

// What rooms hand to each other.
pub(crate) use analysis::{
    CaptureFacts, DatagramFlow, Datagrams, FailedConnection, FailedConnections, Host, IcmpError, Quoted,
};
pub(crate) use attempt::{Attempt, AttemptKind, Outcome, Unjudged, Weight};
pub(crate) use comparison::{Both, Class, Comparison, Difference, Fork, Likeness, Pair, Row, Step, Timing, Verdict};
pub(crate) use conversation::{
    FirstBytes, Handshake, IdleGap, ResetOrigin, Stall, StuckSegment, TcpFacts, Turn, Turns, Unanswered, ZeroWindow,
};
pub(crate) use log::{
    AnchorKey, LogAnchor, LogClock, LogEvent, LogFact, Placed, TokenStatusText, WrittenTime,
};
pub(crate) use packet::{Datagram, IpInfo, TcpOptions, flags};
pub(crate) use span::{span, span_ns};
