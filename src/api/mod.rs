//! What other programs call, and the command line too: captures, logs and keys in, a diagnosis out.
//!
//! A [`Diagnoser`] knows how captures are to be read and judged; a [`Diagnosis`] is what came of them: the analysis, the
//! findings, and a report of both in any format. Both ways in are one: what opens a capture for the command line opens it here,
//! so that a program sees what a user would see. Nothing in this room prints or asks the environment: who reads is told
//! through an [`Observer`], and says it or does not.

mod diagnoser;
mod diagnosis;
mod error;
mod intake;
mod keys;
mod logs;
mod merge;
#[cfg(test)]
mod needle_tests;
mod reading;
mod side_by_side;

pub use diagnoser::Diagnoser;
pub use diagnosis::Diagnosis;
pub use error::Error;

pub(crate) use diagnoser::HELD;
pub(crate) use intake::{Intake, Names, goes_if_stopped, remove_all};
pub(crate) use keys::{domino_secrets, key_file, key_log, private_key, read_secrets, small_file};
pub(crate) use logs::LogFile;
pub(crate) use reading::Observer;
