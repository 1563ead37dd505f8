//! nrpcsniff says why sign-on to Notes, Domino or Sametime fails, from captures of packets and from logs.
//!
//! # As a library
//!
//! A [`Diagnoser`] takes captures (files, folders, any stream) with what may open them, and gives a [`Diagnosis`]: what was
//! read, what the rules find in it, and the report in any format. It is what the command does, by the same code.
//!
//! ```
//! use nrpcsniff::{Diagnoser, Format, ReportOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Keys within the capture are used as they are; others would be given: `.key_log("sslkeys.txt")?`.
//! let diagnoser = Diagnoser::default().log("samples/nrpc-alias.notes-trace.log", None);
//! let diagnosis = diagnoser.diagnose(&["samples/nrpc-alias.pcapng"])?;
//!
//! let worst = diagnosis.findings().first().ok_or("no fault was found")?;
//! assert_eq!(worst.rule, "nrpc-name-mismatch-alias");
//! assert_eq!(worst.facts.text("asked"), Some("chat.example.net"));
//! println!("{}, shown by frame {}", worst.title, worst.frames[0].number);
//! println!("{}", worst.remedy[0]);
//!
//! let mut json = Vec::new();
//! diagnosis.write(&ReportOptions::new(Format::Json), &mut json)?;
//! # assert!(json.starts_with(b"{"));
//! # Ok(())
//! # }
//! ```
//!
//! `examples/diagnose.rs` does it for paths of a command line. What a [`Finding`] says as sentences it says as values, too
//! ([`Finding::facts`]); text in either may come from the wire, and is to be escaped where it is printed.
//!
//! # The house
//!
//! Bytes go in at one end, a diagnosis comes out at the other, and nothing on the way runs back.
//!
//! ```text
//! capture ─► decode ─► stream ─► decrypt ─► dissectors ─► facts ─► diagnose ─► report
//!  frames    packets   ordered   plain       messages      who      findings    table, JSON,
//!  + time    (lax)     bytes     bytes       (pure)        tried                NDJSON
//!                                                          what,
//!                                                          what
//!                                                          came of it
//! ```
//!
//! Each room imports only what stands to its left, and the shared vocabulary in `model`; `engine` alone sees
//! all of them. `facts` finds out and never says anything: it knows no rule, no finding and no words; `diagnose` judges
//! facts and says what they mean; `report` sees the model only. None of the three sees packets. `capture`, `decode` and
//! `stream` never name a protocol; `decrypt` knows TLS alone. `logs` reads the logs that are heard beside the packets;
//! `compare` lays two diagnosed captures side by side; `live` is what a capture that goes on needs beyond a file, and
//! `api` the way from captures to a diagnosis: both see everything but `cli`, which sees everything. `redact` writes captures
//! and logs anew without what must not be shared.
//! `tests/layering.rs` holds these directions. Rooms are no part of what the crate offers: that is listed below.

// Bytes from outside must not bring the program down: nothing panics on purpose, or by a length that was not checked; tests
// may. The rooms that see packets and lines of logs do not even add or index without saying what happens at the limit. The
// others count and point into lists that they hold themselves, and may do it plainly: see `allow` at each.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap
    )
)]

#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "it counts and points into what it holds")]
pub(crate) mod api;
pub(crate) mod capture;
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "it counts and points into what it holds")]
pub(crate) mod cli;
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "it counts and points into what it holds")]
pub(crate) mod compare;
pub(crate) mod decode;
pub(crate) mod decrypt;
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "it counts and points into what it holds")]
pub(crate) mod diagnose;
pub(crate) mod engine;
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "it counts and points into what it holds")]
pub(crate) mod facts;
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "it counts and points into what it holds")]
pub(crate) mod live;
pub(crate) mod logs;
pub(crate) mod model;
pub(crate) mod redact;
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "it counts and points into what it holds")]
pub(crate) mod report;
pub(crate) mod stream;
#[cfg(test)]
mod testing;

pub use api::{Diagnoser, Diagnosis, Error};
#[doc(hidden)]
pub use cli::main as command;
pub use diagnose::{ExpectedServer, Settings, Thresholds};
pub use model::{
    Analysis, Close, CloseBy, Confidence, Conversation, ConversationId, Conversations, Endpoint, Evidence, Facts,
    Finding, FrameRef, Group, Input, InputFormat, Layer, Log, LogKind, LogLine, Message, PerSide, Quality, RuleId,
    Setup, Severity, Side, Source, Span, Stamp, Teardown, Timestamp, Totals, Transport, Verdict, VerdictKind,
};
pub use nrpcsniff_dissectors as dissectors;
pub use report::{Detail, Format, LadderOf, ReportOptions, Zone};

/// Parts of rooms for what measures or checks one room by itself and must stand outside of the crate: the benches, and the
/// tests that hold frames, streams and TLS records against tshark (`decode_oracle`, `oracle_follow`, `tls_corpus`), read
/// a capture frame by frame (`tls_pipe`) or captures that lie in memory (`bench_captures`). Everybody else goes through
/// [`Diagnoser`]: what stands here changes without a word.
#[doc(hidden)]
pub mod internals {
    pub use crate::capture::Reader;
    pub use crate::decode::{Decoder, Packet};
    pub use crate::decrypt::Keys;
    pub use crate::diagnose::diagnose;
    pub use crate::engine::{Options, Pipeline};
    pub use crate::model::{Frame, Segment};
    pub use crate::stream::{Assembler, Connection, Limits, OrderedSink, Sink};
}
