//! The server failed at its own work.

use super::super::sip::{aftermath, by_server, crowd, draft, how_often, refused, who};
use super::super::telephony::Exchange;
use super::super::{About, Case, Draft, Layer, Rule};
use crate::model::Severity;

/// See [`ABOUT`].
pub struct ServerError;

static ABOUT: About = About {
    id: "sip-5xx",
    title: "The SIP server failed",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "A REGISTER, INVITE, MESSAGE, SUBSCRIBE or PUBLISH is answered with a server error: 500, 502, 503, 505, 513 and \
           the like.",
    matters: "The request was in order; the server, or something behind it, could not do its work. It hits all users of \
              that server.",
    guards: &[
        "504 is a server behind this one that did not answer: see sip-408.",
        "501 says that the method is unknown: pings and monitors.",
        "The same client gets through later, at this server or another one: minor.",
        "Errors within a dialog do not count: two changes at the same time are answered with 500.",
        "6xx are decisions of people or their telephones: silent.",
    ],
    remedy: &[
        "Look into SystemOut.log of the SIP Proxy and Registrar at that time: exceptions, SRVE and CWSCT messages, \
         applications that had not started.",
        "503 with Retry-After: the server is overloaded or in maintenance; see that clients have a second server.",
        "A load balancer that answers 503 by itself has no member that it believes to be alive: check its probe.",
    ],
    references: &["RFC 3261 section 21.5 (server failures)", "RFC 3261 section 20.33 (Retry-After)"],
    explains: &[],
};

impl Rule for ServerError {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let groups =
            by_server(refused(case, false, |status| matches!(status, 500..=599) && !matches!(status, 501 | 504)));
        groups.iter().filter_map(|group| Some(one(case, group, group.first()?))).collect()
    }
}

fn one(case: &Case<'_>, group: &[&Exchange<'_>], first: &Exchange<'_>) -> Draft {
    let line = first.answer().map_or_else(String::new, |answer| answer.status_line());
    let later = first
        .answer()
        .and_then(|answer| answer.sip.retry_after)
        .map_or_else(String::new, |seconds| format!(" It asks to be tried again after {seconds} seconds."));
    draft(case, &ABOUT, group).seen_in(group.len()).title(format!("{} fails: {line}", first.server())).explain(format!(
        "{} answered {} ({}) {}.{later} The request itself was not at fault.{}",
        first.server(),
        who(group),
        crowd(group),
        how_often(group),
        aftermath(case, group),
    ))
}
