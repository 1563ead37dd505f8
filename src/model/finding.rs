//! What a rule has to say.

use super::{ConversationId, Facts, FrameRef, Layer, LogLine, RuleId, Timestamp};
use serde::Serialize;

/// How bad a finding is. Ordered: `Info` is the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Slow or noisy.
    Minor,
    /// A feature or a new login is lost.
    Major,
    /// The user cannot work.
    Blocker,
}

impl Severity {
    /// As reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Minor => "minor",
            Self::Major => "major",
            Self::Blocker => "blocker",
        }
    }
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The pattern alone.
    Low,
    /// The pattern and one fact beside it.
    Medium,
    /// Proved by fields that were read.
    High,
}

impl Confidence {
    /// As reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Where evidence comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A frame of the capture.
    Packet,
    /// A DNS answer in the capture.
    Dns,
    /// A line of a log.
    Log,
    /// Something that should be there and is not.
    Absence,
}

/// One fact behind a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Packets, a log, or something that is absent.
    pub source: Source,
    /// The frame that shows it, if one does.
    pub frame: Option<FrameRef>,
    /// The line of a log that says it, if one does.
    pub line: Option<LogLine>,
    /// The fact, in words. May hold text from the wire: escape it where it is printed.
    pub text: String,
}

/// A fault, or something worth knowing, that a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Id of the rule.
    pub rule: RuleId,
    /// How bad the fault is.
    pub severity: Severity,
    /// How sure the rule is.
    pub confidence: Confidence,
    /// 0 to 100.
    pub score: u8,
    /// The finding in one line.
    pub title: String,
    /// What happened, in plain words.
    pub explanation: String,
    /// Conversations it is about, by [`super::Conversation::id`].
    pub conversations: Vec<ConversationId>,
    /// Frames that show it, in ascending order.
    pub frames: Vec<FrameRef>,
    /// Frames, log lines and absences that prove it.
    pub evidence: Vec<Evidence>,
    /// What to change and where, most likely first.
    pub remedy: Vec<String>,
    /// Public sources.
    pub references: Vec<String>,
    /// Rules whose findings follow from this one.
    pub also: Vec<RuleId>,
    /// Where in the order of causes its rule stands.
    pub layer: Layer,
    /// What it says, as values: titles and explanations are made of these.
    pub facts: Facts,
    /// How often, whom and when: one cause is one finding, however many it hits.
    pub group: Group,
}

/// How many one cause hit, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Group {
    /// How often it was seen: attempts, sessions, requests, as its rule counts them.
    pub count: u64,
    /// Distinct clients, by address; 0 if it names no conversation.
    pub clients: u64,
    /// Captures that show it. The same clients may be in several of them: what is counted in two may be one.
    pub captures: u64,
    /// Begin of the first conversation that it is about.
    pub first: Option<Timestamp>,
    /// Begin of the last one.
    pub last: Option<Timestamp>,
    /// Conversations that it is about, too, and that were let go: they have no number any more.
    pub let_go: u64,
}

impl Group {
    /// "200 clients", or "3 times" if it is one client; "200 clients in 2 captures".
    pub fn extent(&self) -> String {
        let many = if self.clients > 1 { format!("{} clients", self.clients) } else { format!("{} times", self.count) };
        if self.captures > 1 { format!("{many} in {} captures", self.captures) } else { many }
    }
}

/// Conversations of a finding that are listed: the first of them.
const LISTED: usize = 8;

impl Finding {
    /// Conversations that stand for all: the first eight, and the last.
    pub fn examples(&self) -> Vec<ConversationId> {
        let first = self.conversations.iter().take(LISTED);
        first.chain(self.conversations.get(LISTED..).and_then(<[ConversationId]>::last)).copied().collect()
    }
}
