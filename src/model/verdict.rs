//! What a capture comes to, in one sentence.

use super::{AttemptCounts, RuleId};
use serde::Serialize;
use std::ops::Range;

/// How a verdict is meant. In none of these words it is said that there is no fault: what was not seen to be granted is not
/// called working.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum VerdictKind {
    /// There is a fault, and a finding tells its cause.
    Fault,
    /// Something failed, and nothing in the capture tells why.
    Failed,
    /// Whatever was tried was granted in the end, and seen to be granted; what could not be judged stands in the cautions.
    Works,
    /// Somebody tried to sign on, and the capture does not tell what came of it.
    Undecided,
    /// Nobody was seen to try.
    #[default]
    Nothing,
}

impl VerdictKind {
    /// As reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Failed => "failed",
            Self::Works => "works",
            Self::Undecided => "undecided",
            Self::Nothing => "nothing",
        }
    }
}

/// What everything that was read comes to. Every format says the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Verdict {
    /// How it is meant.
    pub kind: VerdictKind,
    /// In words. May hold text from the wire: escape it where it is printed.
    pub text: String,
    /// The finding that it rests on, by its place among the findings.
    pub finding: Option<usize>,
    /// What limits it, and how to get what is missing.
    pub cautions: Vec<String>,
    /// What was tried, and how much of it was granted: "41 of 43 Notes sessions opened; 2 refused." Empty if nothing was.
    pub tried: String,
}

/// What stands in a report above the findings: the verdict, and what it was counted from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Conclusion {
    /// The verdict.
    pub verdict: Verdict,
    /// Who tried what and what came of it, counted, in the order of the first of each.
    pub attempts: Vec<AttemptCounts>,
    /// What each capture comes to by itself, in the order in which they were read; nothing of a capture that goes on.
    pub captures: Vec<CaptureOutcome>,
}

/// What one capture comes to. Files of a rotated capture are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CaptureOutcome {
    /// Its files, by their place among the inputs.
    pub inputs: Range<usize>,
    /// How its verdict is meant.
    pub kind: VerdictKind,
    /// Wishes that were seen, and those of them that came to nothing.
    pub tried: u64,
    /// Those that came to nothing, and stayed so.
    pub failed: u64,
    /// Rule and title of the finding that its verdict rests on.
    pub finding: Option<(RuleId, String)>,
}
