//! Logs as evidence: what the lines of servers and clients say about sign-on, each with its line number and its time.
//!
//! A line is read in three steps, each of which knows nothing of the next:
//!
//! - [`form`] takes off what stands around it: prefixes of containers and tools, quotes, colours, encodings, and joins what
//!   was wrapped; and it reads dates as all countries write them;
//! - [`kind`] tells who wrote it, by the frame in front of the message;
//! - [`table`] is the catalogue of lines: what the message means, what it proves, where it was seen.
//!
//! The kind is told by the lines, never by the name of the file. [`read()`] takes any stream: it keeps facts, not
//! lines, and of facts the last ones, so that memory does not grow with the log. It reads no clock; what a line says of
//! time is kept as written, and placed on the clock of the packets later (see [`crate::model::LogClock`]).
//!
//! Levels (INF, FTL, E, W) are not looked at: Sametime writes FTL on steps of a login that is well.

mod anchor;
mod event;
mod form;
mod glance;
mod kind;
pub(crate) mod mask;
mod message;
mod read;
mod table;

#[cfg(test)]
mod tests;

pub(crate) use kind::KNOWN;
pub(crate) use read::{Options, read};
#[cfg(test)]
pub(crate) use table::tests::lines as catalogue_lines;
