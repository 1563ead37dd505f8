//! The shared vocabulary: plain data that the rooms hand to each other. Nothing here reads a packet.

mod analysis;
mod attempt;
mod comparison;
mod conversation;
mod conversations;
mod facts;
mod finding;
mod frame;
mod id;
mod layer;
mod let_go;
mod log;
mod outcomes;
mod packet;
mod rule_id;
mod span;
mod stay;
mod time;
mod verdict;

// What the crate offers to other programs.
pub use analysis::{Analysis, Input, InputFormat, Totals};
pub use conversation::{Close, CloseBy, Conversation, Message, PerSide, Quality, Setup, Teardown, Transport};
pub use conversations::Conversations;
pub use facts::Facts;
pub use finding::{Confidence, Evidence, Finding, Group, Severity, Source};
pub use frame::{Endpoint, Frame, FrameRef, Stamp};
pub use id::ConversationId;
pub use layer::Layer;
pub use log::{Log, LogKind, LogLine};
pub use nrpcsniff_dissectors::Side;
pub use packet::Segment;
pub use rule_id::RuleId;
pub use span::Span;
pub use time::Timestamp;
pub use verdict::{Verdict, VerdictKind};

// What rooms hand to each other.
pub(crate) use analysis::{
    CaptureFacts, ClockStep, DatagramFlow, Datagrams, FailedConnection, FailedConnections, Host, IcmpError, IcmpQuote,
};
pub(crate) use attempt::{Attempt, AttemptCounts, AttemptKind, Outcome, Unjudged, Weight};
pub(crate) use comparison::{
    Both, Class, Comparison, ComparisonResult, Difference, Fork, Likeness, Pair, Row, Step, Timing,
};
pub(crate) use conversation::{
    Dispute, DisputeCause, FirstBytes, Handshake, IdleGap, NeverArrived, ResetOrigin, Stall, StuckSegment, TcpFacts,
    Turn, Turns, Unanswered, ZeroWindow,
};
pub(crate) use let_go::{LetGo, Property, Sum, Unresolved};
pub(crate) use log::{
    AnchorKey, ClockPlacement, LogAnchor, LogClock, LogEvent, LogFact, LogMeaning, LogOutcome, LogWeight, LoggedCause,
    LoggedMessage, TokenStatusText, Witness, WrittenTime,
};
pub(crate) use outcomes::{OutcomeCounts, OutcomesByKind, sum_of_kinds};
pub(crate) use packet::{Datagram, IpInfo, OtherVersion, TcpOptions, flags};
pub(crate) use span::span;
pub(crate) use stay::Stay;
pub(crate) use verdict::CaptureOutcome;
pub(crate) use verdict::Conclusion;
