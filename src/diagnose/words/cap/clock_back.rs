//! What is said of a capture whose clock ran backwards.

use crate::diagnose::words::{Words, clock, count, span, times};
use crate::model::Timestamp;
use serde::Serialize;

/// The clock was set back.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SetBack {
    /// How often.
    pub count: usize,
    /// By how much at most, in seconds.
    pub set_back_s: f64,
    /// Time of the frame before the first step.
    #[serde(rename = "first")]
    pub at: Timestamp,
}

/// Frames do not come in the order of their times.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OutOfOrder {
    /// Frames that are older than the one before them.
    pub older_frames: u64,
    /// All frames.
    pub frame_count: u64,
}

impl Words for SetBack {
    fn title(&self) -> String {
        format!("Packet time runs backwards by {}", span(self.set_back_s))
    }

    fn explanation(&self) -> String {
        let most = if self.count > 1 { ", the most" } else { "" };
        format!(
            "The times of the frames run backwards {} (by {}{most}, first after {}): the clock was set back, or captures were put \
             together. Delays, silences and clocks of \
             conversations that go on over such a place are not judged.",
            times(self.count),
            span(self.set_back_s),
            clock(self.at),
        )
    }
}

impl Words for OutOfOrder {
    fn title(&self) -> String {
        "The frames are not in the order of their times".to_owned()
    }

    fn explanation(&self) -> String {
        format!(
            "{} of {} are older than the frame before them. Who began, who answered and who closed first is read in the order of \
             the file, so that what is said of these conversations is not sure, and their times are not judged.",
            self.older_frames,
            count(usize::try_from(self.frame_count).unwrap_or(usize::MAX), "frame"),
        )
    }
}
