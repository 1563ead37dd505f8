//! What is said of frames that were cut.

use super::Example;
use crate::diagnose::words::{Words, count, few_of};
use serde::Serialize;

/// Protocol whose opening a cut hides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Cuts {
    /// Names of NRPC.
    Nrpc,
    /// Handshakes of TLS.
    Tls,
}

impl Cuts {
    const fn conversation(self) -> &'static str {
        match self {
            Self::Nrpc => "NRPC conversation",
            Self::Tls => "TLS conversation",
        }
    }
}

/// Frames were cut by the snap length.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Cut {
    /// Which protocol they carried.
    pub protocol: Cuts,
    /// Number of conversations with such frames.
    pub count: usize,
    /// The first of them, and its first frame.
    #[serde(flatten)]
    pub example: Example,
    /// Number of frames.
    pub frame_count: u64,
    /// Snap lengths of the inputs in bytes, each once, the first eight; none, if no input says it.
    pub snap_lengths: Vec<u32>,
    /// How many different ones.
    pub snap_length_count: usize,
    /// Number of conversations whose opening could not be read.
    pub nameless_count: usize,
}

impl Words for Cut {
    fn title(&self) -> String {
        format!("{} frames of {} were cut", self.frame_count, count(self.count, self.protocol.conversation()))
    }

    fn explanation(&self) -> String {
        let lengths = few_of(&self.snap_lengths, self.snap_length_count, "lengths");
        let of = if self.snap_lengths.is_empty() { String::new() } else { format!(" of {lengths} bytes") };
        let hidden = match self.protocol {
            Cuts::Nrpc => "the opening could not be read, so that names are not judged",
            Cuts::Tls => {
                "the handshake could not be read, so that hosts, versions and certificates are not judged, and no key can open \
                 what was said inside"
            }
        };
        format!(
            "{} frames of {} were cut by the snap length{of} (first of {}). In {} of them {hidden}.",
            self.frame_count,
            count(self.count, self.protocol.conversation()),
            self.example,
            self.nameless_count,
        )
    }
}
