//! Output while a capture goes on: lines for people, and JSON objects for programs (NDJSON).
//!
//! Objects are those of the report, with `kind` naming the array that they belong to; `messages` and `stats` are said
//! here only. Conversations have ids that stay: twice the number of the stream, one more for UDP. Frames are numbered as
//! they were captured here, so filters go by addresses and ports.

use super::escape;
use super::ndjson::{NdjsonLine, conclusion_lines, object};
use super::text::{Paint, count, counted, sentence, span, time_of_day};
use super::view::{self, InputView, TotalsView, tool};
use super::{Detail, Report, filter, protocol_name};
use crate::model::{
    Conclusion, Conversation, ConversationId, Endpoint, Finding, Input, Message, Timestamp, Totals, Transport, Verdict,
};
use nrpcsniff_dissectors::Reader;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;

/// Clients that a line names.
const CLIENTS: usize = 3;

/// Change of a finding that makes it worth a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FindingChange {
    /// The finding is new.
    New,
    /// The finding was told before, and now holds for these clients too.
    Spread(Vec<IpAddr>),
    /// The finding was told before, and is worse now.
    Worse,
    /// The finding was told, and what came since does not bear it out.
    Withdrawn,
}

impl FindingChange {
    const fn name(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Spread(_) => "spread",
            Self::Worse => "worse",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// Statistics of a capture that goes on. Counters begin with it.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Stats {
    /// Packet time; none before the first packet.
    pub time: Option<Timestamp>,
    /// Frames looked at.
    pub packets: u64,
    /// Bytes of these on the wire.
    pub bytes: u64,
    /// Frames a second, since the last statistics.
    pub packets_per_s: u64,
    /// Frames that the kernel dropped because its buffer was full.
    pub kernel_drops: u64,
    /// Frames that the interface dropped.
    pub interface_drops: u64,
    /// How often the queue between reading and looking was full.
    pub queue_full: u64,
    /// Flows in the tables.
    pub flows: u64,
    /// Conversations that rules see.
    pub conversations: u64,
    /// How far back rules see, in seconds, at present.
    pub window_s: u64,
    /// Conversations that were over and were let go, so that memory does not grow.
    pub let_go: u64,
    /// Conversations given up because tables were full.
    pub evicted: u64,
    /// Bytes that wait for earlier ones.
    pub waiting_bytes: u64,
    /// Bytes in the ring of recent packets.
    pub ring_bytes: u64,
    /// Memory that the process occupies, in bytes, where the system says so.
    pub resident_bytes: Option<u64>,
    /// Messages of each protocol, in conversations that are over.
    pub messages: BTreeMap<&'static str, u64>,
    /// Findings told, by severity.
    pub findings: BTreeMap<&'static str, u64>,
    /// How long rules took the last time, in milliseconds.
    pub rules_ms: u64,
    /// Packets written to files, and those that could not be.
    pub written: u64,
    /// Packets that could not be written.
    pub not_written: u64,
}

/// The id of a conversation that stays while others come and go.
pub(crate) const fn id(conversation: &Conversation) -> ConversationId {
    let udp = matches!(conversation.transport, Transport::Udp) as u32;
    ConversationId::new(conversation.stream.saturating_mul(2).saturating_add(udp))
}

/// A finding in one line: when, how bad, who, what, and what to do first.
pub(crate) fn line(report: Report<'_>, finding: &Finding, change: &FindingChange, paint: Paint) -> String {
    let time = paint.dim(&when(time_of(report, finding)));
    let badge = paint.badge(finding.severity);
    let who = who(report, finding, change);
    let title = sentence(&finding.title);
    let text = match change {
        FindingChange::New | FindingChange::Worse => {
            let remedy = finding.remedy.first().map(|remedy| format!(" To do: {}", sentence(remedy)));
            let also = if finding.also.is_empty() {
                String::new()
            } else {
                format!(" Explains {}.", list(&finding.also.iter().map(|rule| rule.as_str()).collect::<Vec<_>>()))
            };
            let worse = if *change == FindingChange::Worse { "Worse now: " } else { "" };
            format!("{worse}{title}{also}{}", remedy.unwrap_or_default())
        }
        FindingChange::Spread(_) => format!("As before: {title}"),
        FindingChange::Withdrawn => format!("Taken back, what came since does not bear it out: {title}"),
    };
    let rule = paint.bold(&finding.rule);
    format!("{time} {badge} {rule} {} {}", escape::terminal(&who), escape::terminal(&text))
}

/// Statistics of a live capture in one line. Counts of losses appear only where something was lost, so that they are
/// noticed.
pub(crate) fn stats_line(stats: &Stats) -> String {
    let mut text = format!("{} ({}/s)", counted(stats.packets, "packet"), count(stats.packets_per_s));
    let drops = stats.kernel_drops.saturating_add(stats.interface_drops);
    if drops == 0 {
        text.push_str(", none dropped");
    } else {
        let (kernel, interface) = (count(stats.kernel_drops), count(stats.interface_drops));
        text = format!("{text}, {kernel} dropped by the kernel, {interface} by the interface");
    }
    let window = span(f64::from(u32::try_from(stats.window_s).unwrap_or(u32::MAX)));
    let (flows, held) = (counted(stats.flows, "flow"), counted(stats.conversations, "conversation"));
    text = format!("{text}; {flows}, {held} in view over {window}");
    for (number, what) in [
        (stats.let_go, "let go"),
        (stats.evicted, "given up because the tables were full"),
        (stats.queue_full, "times the queue was full"),
        (stats.not_written, "packets not written"),
    ] {
        if number > 0 {
            text = format!("{text}, {} {what}", count(number));
        }
    }
    let findings: Vec<_> =
        stats.findings.iter().map(|(severity, number)| format!("{} {severity}", count(*number))).collect();
    let findings =
        if findings.is_empty() { "no finding".to_owned() } else { format!("findings: {}", findings.join(", ")) };
    let memory = stats.resident_bytes.map(|bytes| format!("; {} MiB of memory", count(bytes >> 20)));
    format!("{text}; {findings}{}", memory.unwrap_or_default())
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

/// Writes what everything in view comes to. Findings have numbers of their own here, told at other times: the verdict names none.
pub(crate) fn write_conclusion(conclusion: &Conclusion, out: &mut dyn Write) -> io::Result<()> {
    let Conclusion { verdict, attempts } = conclusion.clone();
    conclusion_lines(&Conclusion { verdict: Verdict { finding: None, ..verdict }, attempts }, out)
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

#[derive(Serialize)]
struct FindingLine<'a> {
    kind: &'static str,
    /// Counts findings; one that is spoken of again has the number that it had.
    n: u64,
    why: &'static str,
    time: Timestamp,
    clients: Vec<IpAddr>,
    #[serde(flatten)]
    finding: view::FindingView<'a>,
}

/// A finding, what changed of it, and the number that it keeps.
pub(crate) fn write_finding(
    report: Report<'_>,
    finding: &Finding,
    n: u64,
    change: &FindingChange,
    out: &mut dyn Write,
) -> io::Result<()> {
    let conversations: Vec<_> = report.examples_of(finding).map(id).collect();
    let mut clients: Vec<_> = report.conversations_of(finding).map(|c| c.client.ip).collect();
    clients.sort_unstable();
    clients.dedup();
    if let FindingChange::Spread(new) = change {
        clients.clone_from(new);
    }
    let mut view = view::finding(report, finding);
    view.conversations = conversations;
    view.wireshark_filter = filter::talks(report, finding);
    let line =
        FindingLine { kind: "findings", n, why: change.name(), time: time_of(report, finding), clients, finding: view };
    object(out, &line)
}

/// The time of the last packet of the conversations that a finding is about, or of the capture.
fn time_of(report: Report<'_>, finding: &Finding) -> Timestamp {
    let last = report.conversations_of(finding).map(|c| c.last.time).max();
    last.or(report.analysis.end).unwrap_or_default()
}

/// `10.1.0.5 → 10.1.0.9:1352`, or how many of them.
fn who(report: Report<'_>, finding: &Finding, change: &FindingChange) -> String {
    let mut clients: Vec<_> = report.conversations_of(finding).map(|c| c.client.ip).collect();
    clients.sort_unstable();
    clients.dedup();
    if let FindingChange::Spread(new) = change {
        clients.clone_from(new);
    }
    let mut servers: Vec<_> = report.conversations_of(finding).map(|c| c.server).collect();
    servers.sort_unstable();
    servers.dedup();
    match (some(&clients), some(&servers)) {
        (Some(clients), Some(servers)) => format!("{clients} → {servers}:"),
        _ => String::new(),
    }
}

/// The first of several, and how many more there are.
fn some<T: ToString>(all: &[T]) -> Option<String> {
    let named: Vec<_> = all.iter().take(CLIENTS).map(ToString::to_string).collect();
    let more = all.len().saturating_sub(named.len());
    match (named.is_empty(), more) {
        (true, _) => None,
        (_, 0) => Some(named.join(", ")),
        _ => Some(format!("{} and {more} more", named.join(", "))),
    }
}

fn list(rules: &[&str]) -> String {
    rules.join(", ")
}

fn when(time: Timestamp) -> String {
    let time = Timestamp::new(time.nanos(), 3);
    let date = time.to_string();
    format!("{} {}", date.split_once('T').map_or("", |(date, _)| date), time_of_day(time))
}
