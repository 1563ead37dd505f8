//! Logs as evidence: what the lines of servers and clients say about sign-on, each with its line number and its time.
//!
//! | Kind | Written by | A line |
//! |---|---|---|
//! | stusers | Sametime community server (VP_TRACE_ALL, Debug-StUsers) | `101117_095933.869,INF,Users   ,text` |
//! | systemout | WebSphere: SystemOut.log, trace.log | `[2/11/14 18:08:43:660 GMT] 000000a7 SIPDigestServ E   text` |
//! | liberty | WebSphere Liberty: messages.log, trace.log | `[1/22/19 8:48:18:272 GMT] 000000ba com.ibm.ws.x.Y I text` |
//! | notes-trace | Notes client, port trace | `Connected to the wrong server X using address Y` |
//! | domino-console | Domino server, console.log | `[0A3C:0002-0B10] 02/11/2014 06:08:43 PM  text` |
//!
//! The kind is told by the first lines, never by the name of the file. [`read()`] takes any stream: it keeps facts, not
//! lines, and of facts the last ones, so that memory does not grow with the log. It reads no clock; what a line says of
//! time is kept as written, and placed on the clock of the packets later (see [`crate::model::LogClock`]).
//!
//! Levels (INF, FTL, E, W) are not looked at: Sametime writes FTL on steps of a login that is well.

mod anchor;
mod date;
mod event;
mod kind;
mod lines;
mod mask;
mod read;
mod stamp;
mod zone;

#[cfg(test)]
mod tests;

pub(crate) use kind::KNOWN;
pub(crate) use read::{Options, read};
