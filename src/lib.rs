//! nrpcsniff: bytes go in at one end, a diagnosis comes out at the other, and nothing on the way runs back.
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
//! Each room imports only what stands to its left, and the shared vocabulary in [`model`]; [`engine`] alone sees
//! all of them. `facts` finds out and never says anything: it knows no rule, no finding and no words; `diagnose` judges
//! facts and says what they mean; `report` sees the model only. None of the three sees packets. `capture`, `decode` and
//! `stream` never name a protocol; `decrypt` knows TLS alone. [`logs`] reads the logs that are heard beside the packets;
//! [`compare`] lays two diagnosed captures side by side; `live` is what a capture that goes on needs beyond a file, and
//! sees everything but [`cli`], which sees everything.
//! `tests/layering.rs` holds these directions.

pub mod capture;
pub mod cli;
pub mod compare;
pub mod decode;
pub mod decrypt;
pub mod diagnose;
pub mod engine;
pub mod facts;
pub(crate) mod live;
pub mod logs;
pub mod model;
pub mod report;
pub mod stream;
#[cfg(test)]
mod testing;
