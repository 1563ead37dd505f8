//! How facts are said: words that many rules share.

pub(crate) mod cap;
mod failure;
mod health_checks;
pub(crate) mod http;
pub(crate) mod idp;
pub(crate) mod jwt;
pub(crate) mod ldap;
mod lists;
pub(crate) mod log;
pub(crate) mod ltpa;
pub(crate) mod media;
pub(crate) mod net;
pub(crate) mod nrpc;
mod refusal;
pub(crate) mod saml;
pub(crate) mod sealed;
pub(crate) mod sip;
pub(crate) mod spnego;
pub(crate) mod sso;
pub(crate) mod st;
pub(crate) mod tcp;
#[cfg(test)]
pub(crate) mod tests;
mod texts;
pub(crate) mod tls;
mod values;

pub(crate) use crate::model::span;
pub(crate) use failure::Failure;
pub(crate) use health_checks::HealthChecks;
pub(crate) use lists::{clients, count, few, few_of, listed, path};
pub(crate) use refusal::RefusedBecause;
pub(crate) use texts::{Answers, Browsers, Callers, Cookies, Placeholders, Refusals, Refusers};
pub(crate) use values::{Clients, Closed, Occurrences, OneSide, Silence, Status, Users};

use crate::facts::Talk;
use crate::model::{Side, Timestamp};
use nrpcsniff_dissectors::dns;
use nrpcsniff_dissectors::ltpa::utc;
use serde::{Serialize, Serializer};
use std::fmt::Display;

/// Values that a rule found out, and how they are said. The fields are the `facts` of the finding; the sentences are made of
/// nothing else, so that whoever has the facts has all that is said.
///
#[doc = include_str!("facts.md")]
pub(crate) trait Words: Serialize {
    /// One line.
    fn title(&self) -> String;

    /// The story, in plain words.
    fn explanation(&self) -> String;
}

/// Facts that tell one cause of a rule from another: whom, what was asked of it, and how it was refused. Whoever asked, when and how
/// often tells only one example from another.
pub(crate) const CAUSE: &[&str] = &[
    "server",
    "server_name",
    "host",
    "asked",
    "answered",
    "method",
    "realm",
    "dns_name",
    "dns_rcode",
    "alert_code",
    "certificate_subject",
    "token_issuer",
    "token_kind",
    "login_host",
    "page_host",
    "other_host",
    "sent_credentials",
    "answered_new_nonce",
    "status",
    "status_code",
    "reason_code",
    "fault",
    "means",
    "mismatch",
    "outcome",
    "cause",
    "other_server",
];

/// For fields that are written as they are shown: `#[serde(serialize_with = "shown")]`.
pub(crate) fn shown<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// For fields that may be unknown, and are written as they are shown if they are known.
pub(crate) fn shown_if<'v, T: Display + 'v, S: Serializer>(
    value: impl IntoIterator<Item = &'v T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.into_iter().next().map(ToString::to_string).serialize(serializer)
}

/// For seconds since 1970, as tokens and certificates have them: a time.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde lends the field")]
pub(crate) fn as_utc<S: Serializer>(seconds: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&utc(*seconds))
}

/// For a side: `client`, `server`.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde lends the field")]
pub(crate) fn side_name<S: Serializer>(side: &Side, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(side.name())
}

/// For a side that may be unknown.
pub(crate) fn side_if<'v, S: Serializer>(
    side: impl IntoIterator<Item = &'v Side>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    side.into_iter().next().map(|side| side.name()).serialize(serializer)
}

/// The side that closed, and how: "the client closed with FIN".
pub(crate) fn closer(talk: &Talk<'_>) -> String {
    Closed::of(&talk.conversation.teardown).to_string()
}

/// " (3 times in this capture)"; nothing if it was once.
pub(crate) fn how_often(count: usize) -> String {
    if count > 1 { format!(" ({} in this capture)", times(count)) } else { String::new() }
}

/// "the client", "the server".
pub(crate) const fn side(side: Side) -> &'static str {
    match side {
        Side::Client => "the client",
        Side::Server => "the server",
    }
}

/// A time for people: date, time of day to the millisecond at most, UTC.
pub(crate) fn clock(time: Timestamp) -> String {
    let text = Timestamp::new(time.nanos(), time.digits().min(3)).to_string();
    format!("{} UTC", text.trim_end_matches('Z').replacen('T', " ", 1))
}

/// "once", "twice", "3 times".
pub(crate) fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    }
}

/// How a DNS answer reaches its address: the aliases on the way, or "address record".
pub(crate) fn dns_path(answer: &dns::Message) -> String {
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
