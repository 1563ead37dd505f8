//! Nobody answers a SIP request in time.

use super::super::network::group_by;
use super::super::sip::{
    Deadlines, SHOWN, Unanswered, aftermath, by_server, crowd, draft, how_often, is_wish, named, refused, severity,
    subject, who,
};
use super::super::telephony::Exchange;
use super::super::words::{span, times};
use super::super::{About, Case, Draft, Layer, Rule};
use crate::model::{Severity, Timestamp};

/// See [`ABOUT`].
pub struct Timeout;

static ABOUT: About = About {
    id: "sip-408",
    title: "A SIP request gets no answer in time",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "A REGISTER, INVITE, MESSAGE, SUBSCRIBE or PUBLISH gets no final response for 32 seconds (Timer B and F): over \
           UDP it is repeated in vain, over TCP it is acknowledged and nothing follows. Or a proxy answers 408 or 504: the \
           next server did not answer it.",
    matters: "The telephone waits half a minute and gives up; the user cannot register or call.",
    guards: &[
        "A provisional response to an INVITE stops the timer: it may ring for minutes.",
        "A provisional response to another request does not: 32 seconds count by packet time.",
        "The capture ends before the time is over, or lacks messages: unknown, silent.",
        "Over UDP, a request that is not repeated was answered where the capture did not see it: silent.",
        "A telephone that rang and was not picked up may end in 408 or 480: people, silent.",
        "The same client gets through later, at this server or another one: minor.",
        "Pings (OPTIONS) and requests within a dialog do not count.",
    ],
    remedy: &[
        "No answer at all: is the SIP Proxy and Registrar up, does it listen on that port and transport, and does a \
         firewall let UDP pass in both directions? Capture on the server as well.",
        "408 or 504 from a proxy: look for the server behind it that does not answer, and for names that it cannot resolve.",
        "An answer that goes elsewhere: look at the address in the topmost Via, and whether the server honours rport (RFC \
         3581).",
    ],
    references: &[
        "RFC 3261 sections 17.1.1.2 and 17.1.2.2 (Timer B, Timer F)",
        "RFC 3261 section 21.4.9 (408), 21.5.5 (504)",
        "RFC 3581 (rport)",
    ],
    explains: &[],
};

impl Rule for Timeout {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let told = refused(case, false, |status| matches!(status, 408 | 504));
        let told = by_server(told.into_iter().filter(|exchange| !rang(exchange)).collect());
        let told = told.iter().filter_map(|group| Some(answered(case, group, group.first()?)));
        told.chain(silent(case)).collect()
    }
}

/// It rang: then a person did not answer, not a server.
fn rang(exchange: &Exchange<'_>) -> bool {
    exchange.first.provisional.iter().any(|response| matches!(response.status(), Some(180..=183)))
}

fn answered(case: &Case<'_>, group: &[&Exchange<'_>], first: &Exchange<'_>) -> Draft {
    let line = first.answer().map_or_else(String::new, |answer| answer.status_line());
    draft(case, &ABOUT, group).seen_in(group.len()).title(format!("{} says: {line}", first.server())).explain(format!(
        "{} answered {} ({}) {}: something behind it did not answer in time.{}",
        first.server(),
        who(group),
        crowd(group),
        how_often(group),
        aftermath(case, group),
    ))
}

/// Requests without any final response.
fn silent(case: &Case<'_>) -> Vec<Draft> {
    let wishes = case.telephony().exchanges().filter(|exchange| is_wish(exchange));
    let deadlines = Deadlines::new(case);
    let failed: Vec<_> = wishes.filter_map(|exchange| Some((exchange, deadlines.missed(exchange)?))).collect();
    let groups = group_by(failed, |(exchange, _)| (exchange.server(), exchange.method));
    groups.iter().filter_map(|group| alone(case, group)).collect()
}

fn alone<'a>(case: &Case<'a>, group: &[(&Exchange<'a>, Unanswered<'a>)]) -> Option<Draft> {
    let (first, how) = group.first()?;
    let exchanges: Vec<_> = group.iter().map(|(exchange, _)| *exchange).collect();
    let worst = severity(case, &exchanges);
    let worst = if worst == Severity::Major { Severity::Blocker } else { worst };
    let mut draft = Draft::new(&ABOUT, 65).severity(worst).retry(group.len() > 1).seen_in(group.len());
    draft = exchanges.iter().fold(draft, |draft, exchange| named(draft, exchange));
    for (exchange, how) in group.iter().take(SHOWN) {
        draft = show(case, draft, exchange, *how);
    }
    let how = match how {
        Unanswered::Repeated(repeats) => format!("repeated it {} in vain", times(*repeats)),
        Unanswered::Delivered => "delivered it, and nothing came back".to_owned(),
        Unanswered::Rejected(error) => format!("got an ICMP error from {} instead of an answer", error.from),
    };
    Some(draft.points(10).title(format!("{} does not answer {}", first.server(), who(&exchanges))).explain(format!(
        "{} sent {} to {} and {how}; the time of {} for an answer was over ({} in all).{}",
        first.client(),
        who(&exchanges),
        first.server(),
        span(case.settings.thresholds.sip_timeout),
        crowd(&exchanges),
        aftermath(case, &exchanges),
    )))
}

fn show<'a>(case: &Case<'a>, draft: Draft, exchange: &Exchange<'a>, how: Unanswered<'a>) -> Draft {
    let Some(request) = exchange.request() else { return draft };
    let draft =
        draft.packet(request.at(), format!("{} for {}, CSeq {}", exchange.method, subject(exchange), exchange.number));
    let draft = match exchange.first.repeats.last() {
        Some(last) => draft.packet(last.at(), format!("the last of {} repetitions", exchange.first.repeats.len())),
        None => draft,
    };
    match how {
        Unanswered::Rejected(error) => draft.packet(error.at, format!("ICMP error from {}: not delivered", error.from)),
        _ => draft.absence(format!("no final response until {}", until(case, exchange))),
    }
}

/// The end of the time that was watched, for people.
fn until(case: &Case<'_>, exchange: &Exchange<'_>) -> String {
    let waited = |end: Timestamp| span(end.seconds_since(exchange.began()));
    format!("the end of the capture, {} later", waited(case.end()))
}
