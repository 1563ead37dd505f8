//! What became of laying a working capture and a failing one side by side.

use super::{ConversationId, RuleId, Side, Span, Stamp};
use nrpcsniff_dissectors::{Protocol, Value};
use serde::Serialize;

/// The result of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ComparisonResult {
    /// There is a difference that matters.
    Diverges,
    /// There is none, and nothing failed that could be seen.
    Same,
    /// The capture given as working has the fault.
    Swapped,
    /// It cannot be told.
    Inconclusive,
}

/// A value of the working capture and its counterpart of the failing one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Both<T> {
    /// Of the working capture.
    pub good: T,
    /// Of the failing one.
    pub bad: T,
}

/// Everything that a comparison found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Comparison {
    /// Whether they part.
    pub result: ComparisonResult,
    /// What was laid side by side, in the order of the failing capture.
    pub pairs: Vec<Pair>,
    /// Place in `pairs` of the one that tells.
    pub pair: Option<usize>,
    /// The point at which the two captures part.
    pub fork: Option<Fork>,
    /// Fields that differ, noise too: what explains comes first, and then pair by pair in order.
    pub differences: Vec<Difference>,
    /// The result in one short sentence.
    pub headline: String,
    /// What happened, in plain words. May hold text from the wire.
    pub story: String,
    /// The story, and what explains it.
    pub explanation: String,
    /// Rule of the finding that explains it: one of the failing capture, or of the other where the two were swapped.
    pub cause: Option<RuleId>,
    /// Conversations that have no counterpart, by id.
    pub unpaired: Both<Vec<ConversationId>>,
    /// Limits of the comparison, in plain words.
    pub notes: Vec<String>,
    /// The network under the pair that tells.
    pub timing: Option<Both<Timing>>,
    /// Whether the network can be the reason, in words.
    pub network: Option<&'static str>,
}

/// What was laid side by side: one conversation of each capture, or several that belong together (all that a browser asked of
/// one host).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pair {
    /// Protocol of both, if it is known.
    pub protocol: Option<&'static Protocol>,
    /// Ids of the conversations, in order of time.
    pub conversations: Both<Vec<ConversationId>>,
    /// How sure it is that they belong together, 0 to 100.
    pub score: u8,
    /// Why they were put together, in words.
    pub reasons: Vec<String>,
    /// Messages and ends of connections, aligned.
    pub rows: Vec<Row>,
    /// Place in `rows` where they part, if they do in a way that matters.
    pub fork: Option<usize>,
}

/// One line of the alignment: a step of each conversation, or of one of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// In the working and in the failing capture.
    pub steps: Both<Option<Step>>,
    /// Whether the two steps come to the same.
    pub likeness: Likeness,
}

/// How the two steps of a row compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// The steps come to the same.
    Same,
    /// The steps come to something else.
    Changed,
    /// One capture has it, the other has not.
    Alone,
}

/// Something that happened in a conversation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    /// Id of the conversation.
    pub conversation: ConversationId,
    /// Number of the message in it; `None` for the opening and the end of TCP.
    pub message: Option<u32>,
    /// Who did it; `None` if nobody did anything (the end of the capture, silence).
    pub from: Option<Side>,
    /// Frame that shows the step.
    pub at: Option<Stamp>,
    /// Time since the step before in the same conversation.
    pub after: Option<Span>,
    /// In words. May hold text from the wire.
    pub what: String,
    /// True if the step is the end of the conversation.
    pub is_end: bool,
}

/// Where two conversations part.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fork {
    /// Number of the message, from 1: the first that one has and the other has not, or that does not come to the same.
    pub message: u32,
    /// The step of each conversation at that point.
    pub steps: Both<Option<Step>>,
}

/// How much a difference matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Class {
    /// The difference explains why they part.
    Explains,
    /// The difference may or may not matter.
    WorthALook,
    /// The field differs from session to session, whatever happens.
    Noise,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Difference {
    /// Place in [`Comparison::pairs`].
    pub pair: usize,
    /// Number of the message in its conversation, 0 for the conversation itself: the failing one's, or the working one's
    /// where the failing one has none.
    pub message: u32,
    /// Ids of the conversations.
    pub conversations: Both<ConversationId>,
    /// Name of the field, with what it is nested in before it.
    pub field: String,
    /// Values of the field; `None` where it is not there.
    pub values: Both<Option<Value>>,
    /// How much it matters.
    pub class: Class,
    /// It is a field by which the other side answers, or an answer: see `nrpcsniff_dissectors::Role`.
    pub is_deciding: bool,
    /// Working captures differ in it, too: it can never be the cause.
    pub learned: bool,
    /// Frames that show it.
    pub at: Both<Option<Stamp>>,
}

/// The network under a conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Timing {
    /// Round trip, if one was measured.
    pub rtt: Option<Span>,
    /// Segments that were repeated.
    pub repeated: u64,
    /// Segments that carried data, the repeated ones too.
    pub segments: u64,
    /// Time for which the client waited for answers, all together.
    pub waited: Span,
    /// Number of those answers.
    pub answers: u64,
}
