//! nrpcsniff: bytes go in at one end, a diagnosis comes out at the other, and nothing on the way runs back.
//!
//! ```text
//! capture ─► decode ─► stream ─► decrypt ─► dissectors ─► model ─► diagnose ─► report
//!  frames    packets   ordered   plain       messages      who said  findings    table, JSON,
//!  + time    (lax)     bytes     bytes       (pure)        what,                 NDJSON
//!                                                          who hung
//!                                                          up first
//! ```
//!
//! Each room imports only what stands to its left, and the shared vocabulary in [`model`]; [`engine`] alone sees
//! all of them, and [`cli`] sees everything. `diagnose` and `report` see the model only, never packets;
//! `capture`, `decode` and `stream` never name a protocol; `decrypt` knows TLS alone. [`logs`] reads the logs that are
//! heard beside the packets; [`compare`] lays two diagnosed captures side by side.
//! `tests/layering.rs` holds these directions.

pub mod capture;
pub mod cli;
pub mod compare;
pub mod decode;
pub mod decrypt;
pub mod diagnose;
pub mod engine;
pub mod logs;
pub mod model;
pub mod report;
pub mod stream;
#[cfg(test)]
mod testing;
