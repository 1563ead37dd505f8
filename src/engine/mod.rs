//! The pipeline: frames in, analysis out. The only room that sees all of the others; it picks the dissector of each
//! conversation by its first bytes and keeps what the report and the rules need.

#[cfg(test)]
mod begun_tests;
mod budget;
mod buffer;
mod dissection;
mod driver;
mod failures;
mod letting_go;
mod log;
mod pairs;
mod pipeline;
mod readings;
mod reopened;
mod share;
mod snapshot;
#[cfg(test)]
mod snapshot_tests;
mod state;
mod tcp;
#[cfg(test)]
mod tests;
mod udp;

pub(crate) use letting_go::Judge;
pub use pipeline::Pipeline;
pub(crate) use snapshot::Usage;

use crate::decrypt::Keys;
use crate::stream::{FlowKey, Limits};
use nrpcsniff_dissectors::{Protocol, usual_at};
use std::sync::Arc;

/// Why most conversations are passed over.
const UNWANTED: &str = "no dissector wants it";

/// The flow of a frame, and whether the frame is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FrameRelevance {
    /// The conversation that it belongs to, or (an ICMP error) is about.
    pub flow: Option<FlowKey>,
    /// Somebody wants it: it belongs to a conversation of the report, or to one that may become one, or tells of the network.
    pub is_wanted: bool,
}

/// Limits, retention and keys of a pipeline.
#[derive(Debug, Clone)]
pub struct Options {
    /// Limits of the stream room.
    pub limits: Limits,
    /// Which messages of a conversation are kept.
    pub retention: MessageRetention,
    /// Conversations that are kept at most, a quarter of them of UDP; further ones are counted.
    pub conversations: usize,
    /// Messages that are kept at most, in all conversations together, because rules look at each (SIP, HTTP, Sametime),
    /// unless `keep` asks for all.
    pub messages: usize,
    /// `Some(protocol)`: that TCP port is dissected as that protocol, whatever the bytes say. `None`: never dissected.
    pub decode_as: Vec<(u16, Option<&'static Protocol>)>,
    /// Keep conversations that no dissector wants, too.
    pub all: bool,
    /// Bytes of conversations and messages from which on what was judged is let go; `None`: everything is kept.
    pub hold: Option<usize>,
    /// Secrets that open TLS records.
    pub keys: Arc<Keys>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            retention: MessageRetention::All(10_000),
            conversations: 200_000,
            messages: 300_000,
            decode_as: Vec::new(),
            all: false,
            hold: None,
            keys: Arc::default(),
        }
    }
}

/// Which messages of a conversation are kept. Rules see the same facts either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageRetention {
    /// What rules look at one by one (SIP, HTTP, Sametime), as long as there is room; of the rest the first 16, the last 8
    /// and those that rules ask for (refusals), of an ordinary conversation only its opening and its end: memory does not
    /// grow with the conversation.
    Essential,
    /// All, up to this many in each conversation, and then as `Essential`.
    All(usize),
}

impl Options {
    /// True if a TCP server usually listens on that port, or the user named it.
    fn is_usual(&self, port: u16) -> bool {
        self.decode_as.iter().any(|&(p, protocol)| p == port && protocol.is_some()) || usual_at(port).is_some()
    }

    /// True if what is said on that port belongs into the report, whatever it is.
    fn is_claimed(&self, port: u16) -> bool {
        self.decode_as(port).is_some() || usual_at(port).is_some_and(|protocol| protocol.claims_ports)
    }

    /// What the user said of that port, if anything.
    fn decode_as(&self, port: u16) -> Option<DecodeAs> {
        let (_, protocol) = self.decode_as.iter().find(|(p, _)| *p == port)?;
        Some(protocol.map_or(DecodeAs::Nothing, DecodeAs::Protocol))
    }
}

/// The protocol that the user named for a port.
enum DecodeAs {
    /// Dissect it as this.
    Protocol(&'static Protocol),
    /// Do not dissect it.
    Nothing,
}
