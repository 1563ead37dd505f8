//! Words and groups that many rules share.

use super::{Case, Talk};
use crate::model::{Close, CloseBy, Side};
use nrpcsniff_dissectors::dns;

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

/// The same from nanoseconds.
#[expect(clippy::cast_precision_loss, reason = "shown, not computed with")]
pub fn span_ns(nanos: i64) -> String {
    span(nanos as f64 / 1e9)
}

/// Puts conversations together that `same` says belong together; order is kept.
pub fn group<'c, 'a>(
    talks: impl Iterator<Item = &'c Talk<'a>>,
    same: impl Fn(&Talk<'a>, &Talk<'a>) -> bool,
) -> Vec<Vec<&'c Talk<'a>>> {
    let mut groups: Vec<Vec<&Talk<'a>>> = Vec::new();
    for talk in talks {
        match groups.iter_mut().find(|group| group.first().is_some_and(|first| same(first, talk))) {
            Some(group) => group.push(talk),
            None => groups.push(vec![talk]),
        }
    }
    groups
}

/// Attempts of one client at one server for one name with one answer belong together.
pub fn same_attempt(a: &Talk<'_>, b: &Talk<'_>) -> bool {
    a.conversation.client.ip == b.conversation.client.ip
        && a.conversation.server == b.conversation.server
        && a.wanted() == b.wanted()
        && a.answered() == b.answered()
}

/// The opening ended at once: both names may be known, the client said nothing more, and somebody closed within the
/// time that the user allows.
pub fn closed_after_opening(case: &Case<'_>, talk: &Talk<'_>) -> bool {
    !talk.went_on()
        && matches!(talk.conversation.teardown.how, Close::Fin | Close::Rst)
        && talk.close_delay().is_some_and(|delay| delay <= case.settings.thresholds.close_after_reply)
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
