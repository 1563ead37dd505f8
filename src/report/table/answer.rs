//! What a conversation came to, in a few words for a column: whom or what the client asked for, and what it was told.

use crate::model::{Conversation, Message, Side};
use nrpcsniff_dissectors::{Message as Body, Reading, Value, http, sametime};

/// Asked for and answered; empty where neither was read.
pub(super) fn asked_and_answered(c: &Conversation) -> String {
    let (asked, answered) = match c.protocol {
        "http" => (last(c, host), last(c, status)),
        "sip" => (first(c, aor), last(c, sip_status)),
        "sametime" => (first(c, user), last(c, verdict)),
        _ => (name(c, Side::Client, "wanted_server_abbreviated"), name(c, Side::Server, "server_name_abbreviated")),
    };
    match (asked, answered) {
        (None, None) => String::new(),
        (asked, answered) => format!("{} → {}", asked.as_deref().unwrap_or("?"), answered.as_deref().unwrap_or("?")),
    }
}

fn first(c: &Conversation, what: fn(&Message) -> Option<String>) -> Option<String> {
    c.messages.iter().find_map(what)
}

fn last(c: &Conversation, what: fn(&Message) -> Option<String>) -> Option<String> {
    c.messages.iter().rev().find_map(what)
}

fn host(message: &Message) -> Option<String> {
    match &message.body {
        Body::Http(m) => match &m.body {
            http::Body::Request(request) => request.host.clone(),
            _ => None,
        },
        _ => None,
    }
}

fn status(message: &Message) -> Option<String> {
    match &message.body {
        Body::Http(m) => match &m.body {
            http::Body::Response(response) => Some(response.status.to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// The address of record of a request: who registers, or who is called.
fn aor(message: &Message) -> Option<String> {
    let Body::Sip(m) = &message.body else { return None };
    let uri = &m.to.as_ref().filter(|_| m.is_request())?.uri;
    Some(uri.user.as_ref().map_or_else(|| uri.host.clone(), |user| format!("{user}@{}", uri.host)))
}

fn sip_status(message: &Message) -> Option<String> {
    let Body::Sip(m) = &message.body else { return None };
    m.status().filter(|&status| status >= 200).map(|status| status.to_string())
}

fn user(message: &Message) -> Option<String> {
    match &message.body {
        Body::Sametime(m) => match &m.body {
            sametime::Body::Login { user, .. } => Some(user.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// What the server said to a login.
fn verdict(message: &Message) -> Option<String> {
    let Body::Sametime(m) = &message.body else { return None };
    match &m.body {
        sametime::Body::LoginAck { user_name, .. } => Some(user_name.clone()),
        sametime::Body::LoginRedirect { host, .. } => Some(format!("to {host}")),
        sametime::Body::ChannelDestroy { reason, .. }
            if m.channel == 0 && message.from == Side::Server && *reason != 0 =>
        {
            Some(format!("refused 0x{reason:08X}"))
        }
        _ => None,
    }
}

/// A field of that name in the first messages of that side.
fn name(c: &Conversation, from: Side, field: &str) -> Option<String> {
    let reading = |m: &Message| Reading::masked(m.at.time.nanos());
    let fields = c.messages.iter().filter(|m| m.from == from).take(3).flat_map(|m| m.body.fields(&reading(m)));
    fields.into_iter().find_map(|(name, value)| match value {
        Value::Text(text) if name == field => Some(text),
        _ => None,
    })
}
