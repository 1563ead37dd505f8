//! Conversations and their messages, where `--detail` asks for them.

use super::super::text::{clip, count, frame, span, wrap};
use super::super::{Detail, ReportOptions};
use super::answer::asked_and_answered;
use super::exchange::since_start;
use super::{TableContext, grid, heading, spoken};
use crate::model::{Close, CloseBy, Conversation, Message, Setup, Side, Transport};
use nrpcsniff_dissectors::Value;
use std::io::{self, Write};

/// Column in which the fields of a message begin.
const FIELDS_INDENT: usize = 8;

/// Conversations in one table; a longer list is several tables, each with its heading.
const ROWS: usize = 500;

/// Lists conversations, and with `--detail messages` each message below its conversation.
pub(super) fn write(context: TableContext<'_>, options: &ReportOptions, out: &mut dyn Write) -> io::Result<()> {
    let listed = context.report.listed(options.detail, options.all);
    heading(context, &format!("Conversations ({})", count(listed.len() as u64)), out)?;
    for part in listed.chunks(ROWS) {
        let rows = part.iter().map(|c| row(context, c));
        let id = if context.several_inputs { "id (capture)" } else { "id" };
        let headings = [id, "client → server", "protocol", "asked → answered", "ended", "messages", "duration"];
        writeln!(out, "{}", grid(headings, rows, context.width))?;
    }
    writeln!(out)?;
    if options.detail == Detail::Messages {
        listed.iter().filter(|c| !c.messages.is_empty()).try_for_each(|c| messages(context, c, out))?;
    }
    Ok(())
}

/// How it ended and who did it: `client closed (FIN) after message 2`.
pub(in crate::report) fn ending(c: &Conversation) -> String {
    let who = match c.teardown.by {
        CloseBy::Client => "client",
        CloseBy::Server => "server",
        CloseBy::Middlebox => "something on the path",
        CloseBy::None => "nobody",
    };
    let after = match c.teardown.after_message {
        0 => "before any message".to_owned(),
        n => format!("after message {}", count(n.into())),
    };
    match (c.setup, c.teardown.how) {
        (Setup::Refused, _) => "refused".to_owned(),
        (Setup::NoAnswer, _) => "no answer to SYN".to_owned(),
        (_, Close::Fin) => format!("{who} closed (FIN) {after}"),
        (_, Close::Rst) => format!("{who} reset (RST) {after}"),
        (_, Close::Open) if c.transport == Transport::Udp => "-".to_owned(),
        (_, Close::Open) => "open at end of capture".to_owned(),
        (_, Close::Timeout) => "no answer any more".to_owned(),
    }
}

fn row(context: TableContext<'_>, c: &Conversation) -> [String; 7] {
    let id = if context.several_inputs { format!("{} ({})", c.id, c.first.frame.input + 1) } else { c.id.to_string() };
    let guess = if c.roles_guessed { " ?" } else { "" };
    let by_port = if c.protocol_by_port { " (port)" } else { "" };
    let seen = c.messages_seen.client.saturating_add(c.messages_seen.server).max(c.messages.len() as u64);
    [
        id,
        format!("{} → {}{guess}", c.client, c.server),
        format!("{}{by_port}", spoken(c)),
        asked_and_answered(c),
        ending(c),
        count(seen),
        span(c.duration_s()),
    ]
}

fn messages(context: TableContext<'_>, c: &Conversation, out: &mut dyn Write) -> io::Result<()> {
    let title = format!("Conversation {}: {} → {} ({})", c.id, c.client, c.server, spoken(c));
    heading(context, &clip(&title, context.width), out)?;
    let mut last = 0;
    for message in &c.messages {
        if message.n > last + 1 {
            writeln!(out, "  {:>5}   … {} more messages", "", count(u64::from(message.n - last - 1)))?;
        }
        last = message.n;
        line(context, c, message, out)?;
    }
    writeln!(out)
}

/// Summary of a message; its type where there is nothing more to tell.
pub(super) fn said(message: &Message) -> String {
    let summary = message.body.summary();
    if summary.is_empty() { message.body.kind().to_owned() } else { summary }
}

fn line(context: TableContext<'_>, c: &Conversation, message: &Message, out: &mut dyn Write) -> io::Result<()> {
    let arrow = match message.from {
        Side::Client => "─▶",
        Side::Server => "◀─",
    };
    let number = frame(message.at.frame, context.several_inputs);
    let time = since_start(c, message.at);
    let prefix = format!("  {:>5}  frame {number:>7}  {time} {arrow} ", message.n);
    writeln!(out, "{}", wrap(&said(message), &prefix, context.width))?;
    let fields = fields(context, message);
    if fields.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", context.paint.dim(&wrap(&fields, &" ".repeat(FIELDS_INDENT), context.width)))
}

/// The fields that were sent and are short: what is long or nested stands in the JSON report.
fn fields(context: TableContext<'_>, message: &Message) -> String {
    let fields = message.body.fields(&context.report.reader.at(message.at.time.nanos()));
    let shown =
        fields.iter().filter_map(|(name, value)| Some(format!("{}: {}", name.replace('_', " "), short(value)?)));
    shown.collect::<Vec<_>>().join(" · ")
}

fn short(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
        Value::Int(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Text(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Map(fields) => named(fields),
        Value::List(values) => {
            let telling = |value: &&Value| match value {
                Value::Map(fields) => fields.iter().any(|(name, _)| *name == "token"),
                other => matches!(other, Value::Text(_)),
            };
            let texts: Vec<_> = values.iter().take_while(telling).map_while(short).collect();
            (!texts.is_empty() && texts.len() == values.len()).then(|| texts.join(", "))
        }
    }
}

/// A map by its name; a cookie with the class of its token and with its attributes.
fn named(fields: &[(&str, Value)]) -> Option<String> {
    let get = |wanted: &str| fields.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
    let name = short(get("name")?)?;
    // There is a value only if secrets may be shown.
    let name = get("value").and_then(short).map_or_else(|| name.clone(), |value| format!("{name}={value}"));
    let class = match get("token") {
        Some(Value::Map(token)) => token.iter().find(|(name, _)| *name == "class").and_then(|(_, class)| short(class)),
        _ => None,
    };
    let domain = get("domain").and_then(short).map(|domain| format!("Domain {domain}"));
    let flag = |field: &str, word: &str| (get(field) == Some(&Value::Bool(true))).then(|| word.to_owned());
    let site = get("same_site").and_then(short).map(|policy| format!("SameSite {policy}"));
    let told = [class, domain, flag("secure", "Secure"), flag("http_only", "HttpOnly"), site];
    let told: Vec<_> = told.into_iter().flatten().collect();
    Some(if told.is_empty() { name } else { format!("{name} ({})", told.join("; ")) })
}
