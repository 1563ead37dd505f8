//! How facts are said: words that many rules share.

mod lists;
pub mod nrpc;
pub mod sealed;

pub use crate::model::{span, span_ns};
pub use lists::{clients, count, listed, path};

use crate::facts::Talk;
use crate::model::{Close, CloseBy, Side, Timestamp};
use nrpcsniff_dissectors::dns;
use serde::{Serialize, Serializer};
use std::fmt::Display;

/// What a rule found out, as values, and how it is said. The fields are the `facts` of the finding; the sentences are made of
/// nothing else, so that whoever has the facts has all that is said.
///
/// Names of fields are those of reports: `server` (endpoint), `server_name`, `asked`, `answered`, `client`, `clients`, `user`,
/// `host`, `port`, `status`, `cookie`, `count`; spans of time end in `_s`. See [`crate::model::Facts`].
pub trait Words: Serialize {
    /// One line.
    fn title(&self) -> String;

    /// What happened, in plain words.
    fn explanation(&self) -> String;
}

/// For fields that are written as they are shown: `#[serde(serialize_with = "shown")]`.
pub fn shown<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Who closed, and how: "the client closed with FIN".
pub fn closer(talk: &Talk<'_>) -> String {
    let teardown = &talk.conversation.teardown;
    let who = match teardown.by {
        CloseBy::Client => "the client",
        CloseBy::Server => "the server",
        CloseBy::Middlebox => "something on the path",
        CloseBy::None => "nobody",
    };
    match teardown.how {
        Close::Fin => format!("{who} closed with FIN"),
        Close::Rst => format!("{who} closed with RST"),
        Close::Open => "nobody had closed when the capture ended".to_owned(),
        Close::Timeout => "nobody closed; one side repeated itself without an answer".to_owned(),
    }
}

/// "the client", "the server".
pub const fn side(side: Side) -> &'static str {
    match side {
        Side::Client => "the client",
        Side::Server => "the server",
    }
}

/// A time for people: date, time of day to the millisecond at most, UTC.
pub fn clock(time: Timestamp) -> String {
    let text = Timestamp::new(time.nanos(), time.digits().min(3)).to_string();
    format!("{} UTC", text.trim_end_matches('Z').replacen('T', " ", 1))
}

/// "once", "twice", "3 times".
pub fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    }
}

/// How a DNS answer reaches its address: the aliases on the way, or "address record".
pub fn dns_path(answer: &dns::Message) -> String {
    let aliases: Vec<_> = answer
        .answers
        .iter()
        .filter_map(|a| match &a.data {
            dns::Data::Alias(target) => Some(format!("CNAME {target}")),
            _ => None,
        })
        .collect();
    if aliases.is_empty() { "address record".to_owned() } else { aliases.join(", ") }
}
