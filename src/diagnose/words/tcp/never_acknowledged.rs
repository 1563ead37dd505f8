//! What is said of data that is never acknowledged.

use super::Repetition;
use crate::diagnose::words::{Occurrences, OneSide, Words, clock, side};
use serde::Serialize;

/// A session died over data that was repeated and never acknowledged.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Died {
    /// Conversations between whom, and when the data was sent first.
    #[serde(flatten)]
    pub seen: Occurrences,
    /// The side that sent it in the first of them.
    #[serde(flatten)]
    pub sender: OneSide,
    /// Protocol that was spoken, by its name for people.
    pub protocol: &'static str,
    /// Nothing had been granted before in any of them.
    pub is_sign_on: bool,
    /// The data in the first of them.
    #[serde(flatten)]
    pub data: Repetition,
}

impl Words for Died {
    fn title(&self) -> String {
        let what = if self.is_sign_on { "The sign-on" } else { "Sessions" };
        let (die, with) = if self.is_sign_on { ("dies", "at") } else { ("die", "with") };
        format!(
            "{what} {with} {} ({}) {die}: what the {} sends is never acknowledged",
            self.seen.server,
            self.protocol,
            self.sender.side.name(),
        )
    }

    fn explanation(&self) -> String {
        let what =
            if self.is_sign_on { "Nothing was granted before: it was the sign-on." } else { "It had worked before." };
        format!(
            "In {}, {} sent {} bytes at {}, which were repeated {} and never acknowledged. {what} \
             They never came, or the acknowledgement did not come back: from here that cannot be told.",
            self.seen.conversations(),
            side(self.sender.side),
            self.data.segment_bytes,
            clock(self.seen.first),
            self.data,
        )
    }
}
