//! What is said of segments that get lost on the way.

use crate::diagnose::words::{Clients, Words, count, shown};
use crate::facts::statistics::share;
use crate::model::{Endpoint, Timestamp};
use serde::Serialize;

/// Many segments of one line were sent again.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Lossy {
    /// Server at one end of the line.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The client at the other end.
    #[serde(flatten)]
    pub clients: Clients,
    /// When its first conversation began.
    pub first: Timestamp,
    /// Data segments, both directions.
    pub segments: u64,
    /// Segments that were sent again.
    pub repeated_segments: u64,
    /// Waits of a second and more before a repetition, on all lines with that server.
    pub wait_count: usize,
}

impl Words for Lossy {
    fn title(&self) -> String {
        format!("{:.1} % of the segments between {} and {} were lost", self.percent(), self.clients, self.server)
    }

    fn explanation(&self) -> String {
        format!(
            "Between {} and {}, {} of {} data segments ({:.1} %) were sent again from {} on; {} of a second and more \
             went before a repetition.",
            self.clients,
            self.server,
            self.repeated_segments,
            self.segments,
            self.percent(),
            self.first,
            count(self.wait_count, "wait"),
        )
    }
}

impl Lossy {
    fn percent(&self) -> f64 {
        share(self.repeated_segments, self.segments) * 100.0
    }
}
