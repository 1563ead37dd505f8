//! Output while a capture goes on: lines for people, and JSON objects for programs (NDJSON).
//!
//! Objects are those of the report, with `kind` naming the array that they belong to; `messages` and `stats` are said
//! here only. Conversations have ids that stay: twice the number of the stream, one more for UDP. Frames are numbered as
//! they were captured here, so filters go by addresses and ports.

mod finding;
mod stats;

pub(crate) use finding::{FindingChange, FindingUpdate, line, write_finding};
pub(crate) use stats::{Stats, Status, stats_line, status_line};

use super::ndjson::{NdjsonLine, conclusion_lines, object};
use super::view::{self, InputView, TotalsView, tool};
use super::{Detail, protocol_name};
use crate::model::{Conclusion, Conversation, ConversationId, Endpoint, Input, Message, Totals, Transport, Verdict};
use nrpcsniff_dissectors::Reader;
use serde::Serialize;
use std::io::{self, Write};

/// The id of a conversation that stays while others come and go.
pub(crate) const fn id(conversation: &Conversation) -> ConversationId {
    let udp = matches!(conversation.transport, Transport::Udp) as u32;
    ConversationId::new(conversation.stream.saturating_mul(2).saturating_add(udp))
}

/// The object that comes first: the tool, and the version of the format.
pub(crate) fn write_tool(out: &mut dyn Write) -> io::Result<()> {
    object(out, &NdjsonLine { kind: "tool", schema_version: Some(view::SCHEMA_VERSION), object: tool() })
}

/// Writes the input: a file or interfaces.
pub(crate) fn write_input(input: &Input, out: &mut dyn Write) -> io::Result<()> {
    let object: InputView<'_> = view::input(input);
    self::object(out, &NdjsonLine { kind: "inputs", schema_version: None, object })
}

/// Writes the totals.
pub(crate) fn write_totals(totals: &Totals, out: &mut dyn Write) -> io::Result<()> {
    object(out, &NdjsonLine { kind: "totals", schema_version: None, object: TotalsView(totals) })
}

/// Writes what everything comes to. Findings have numbers of their own here, told at other times: the verdict names none.
pub(crate) fn write_conclusion(conclusion: &Conclusion, out: &mut dyn Write) -> io::Result<()> {
    let Conclusion { verdict, attempts, captures } = conclusion.clone();
    conclusion_lines(&Conclusion { verdict: Verdict { finding: None, ..verdict }, attempts, captures }, out)
}

/// Writes the statistics.
pub(crate) fn write_stats(stats: &Stats, out: &mut dyn Write) -> io::Result<()> {
    object(out, &NdjsonLine { kind: "stats", schema_version: None, object: stats })
}

/// A conversation as it is now, without its messages.
pub(crate) fn write_conversation(
    conversation: &Conversation,
    reader: Reader<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut object = view::conversation(conversation, Detail::Conversations, reader);
    object.id = id(conversation);
    self::object(out, &NdjsonLine { kind: "conversations", schema_version: None, object })
}

#[derive(Serialize)]
struct MessageLine<'a> {
    kind: &'static str,
    conversation: ConversationId,
    protocol: &'static str,
    client: Endpoint,
    server: Endpoint,
    #[serde(flatten)]
    message: &'a view::MessageView,
}

/// A message of a conversation.
pub(crate) fn write_message(
    of: &Conversation,
    message: &Message,
    reader: Reader<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let message = &view::message_view(message, of.first.frame.input, reader);
    let (protocol, client, server) = (protocol_name(of.protocol), of.client, of.server);
    object(out, &MessageLine { kind: "messages", conversation: id(of), protocol, client, server, message })
}
