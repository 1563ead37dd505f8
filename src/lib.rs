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

pub mod capture;
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "it counts and points into what it holds")]
pub mod cli;
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "it counts and points into what it holds")]
pub mod compare;
pub mod decode;
pub mod decrypt;
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "it counts and points into what it holds")]
pub mod diagnose;
pub mod engine;
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "it counts and points into what it holds")]
pub mod facts;
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "it counts and points into what it holds")]
pub(crate) mod live;
pub mod logs;
pub mod model;
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "it counts and points into what it holds")]
pub mod report;
pub mod stream;
#[cfg(test)]
mod testing;
