//! Words and groups that many rules share.

use super::Talk;
use crate::model::{Close, CloseBy, Endpoint, Side, Timestamp};
use nrpcsniff_dissectors::dns;
use std::hash::Hash;
use std::net::IpAddr;

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

/// A time span for people: microseconds to hours, two or three digits that matter.
pub fn span(seconds: f64) -> String {
    let (sign, s) = if seconds < 0.0 { ("-", -seconds) } else { ("", seconds) };
    let text = match s {
        s if s < 0.001 => format!("{:.0} µs", s * 1e6),
        s if s < 0.1 => format!("{:.1} ms", s * 1e3),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7200.0 => format!("{:.1} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    };
    format!("{sign}{text}")
}

/// A time for people: date, time of day to the millisecond at most, UTC.
pub fn clock(time: Timestamp) -> String {
    let text = Timestamp::new(time.nanos(), time.digits().min(3)).to_string();
    format!("{} UTC", text.trim_end_matches('Z').replacen('T', " ", 1))
}

/// The same from nanoseconds.
#[expect(clippy::cast_precision_loss, reason = "shown, not computed with")]
pub fn span_ns(nanos: i64) -> String {
    span(nanos as f64 / 1e9)
}

/// Puts conversations together that have the same key; order is kept, of the groups and in each of them.
pub fn group_by<'c, 'a: 'c, K: Hash + Eq>(
    talks: impl Iterator<Item = &'c Talk<'a>>,
    key: impl Fn(&Talk<'a>) -> K,
) -> Vec<Vec<&'c Talk<'a>>> {
    super::network::group_by(talks, |talk| key(talk))
}

/// Attempts of one client at one server for one name with one answer belong together: a key for [`group_by`].
pub fn attempt<'a>(talk: &Talk<'a>) -> (IpAddr, Endpoint, Option<&'a str>, Option<&'a str>) {
    (talk.conversation.client.ip, talk.conversation.server, talk.wanted(), talk.answered())
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

#[cfg(test)]
mod tests {
    #[test]
    fn spans_read_well() {
        for (seconds, text) in [
            (0.000_25, "250 µs"),
            (0.003, "3.0 ms"),
            (0.25, "250 ms"),
            (5.0, "5.0 s"),
            (1800.0, "30.0 min"),
            (-420.0, "-7.0 min"),
        ] {
            assert_eq!(super::span(seconds), text);
        }
    }
}
