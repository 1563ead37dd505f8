//! A request was handed on too often.

use super::super::sip::{aftermath, by_server, draft, refused, who};
use super::super::telephony::Exchange;
use super::super::{About, Case, Draft, Layer, Rule};
use crate::model::Severity;

/// See [`ABOUT`].
pub struct TooManyHops;

static ABOUT: About = About {
    id: "sip-483",
    title: "A SIP request was handed on too often",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "A request is answered with 483: its Max-Forwards had come down to 0. The lowest value seen on the way is told.",
    matters: "The request never reaches who should answer it: registrations and calls fail.",
    guards: &[
        "A sender that begins with few hops itself (a path test) asks for this answer: minor, and said so.",
        "Pings and path tests by OPTIONS do not count.",
        "The same client gets through later: minor.",
    ],
    remedy: &[
        "Follow the Via headers: proxies that send to each other, or to themselves by a name or a balancer's address, use \
         up Max-Forwards. Tell each proxy its own names, and which domains are whose.",
        "If the sender begins with a small Max-Forwards: set it to 70.",
    ],
    references: &[
        "RFC 3261 section 21.4.21 (483 Too Many Hops)",
        "RFC 3261 section 8.1.1.6 (Max-Forwards, begins with 70)",
    ],
    explains: &[],
};

impl Rule for TooManyHops {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let (asked, lost): (Vec<_>, Vec<_>) = refused(case, false, |status| status == 483)
            .into_iter()
            .partition(|e| few_from_the_start(case, e).is_some());
        let lost = by_server(lost).into_iter().filter_map(|group| Some(one(case, &group, group.first()?)));
        let asked = by_server(asked).into_iter().filter_map(|group| wanted(case, &group));
        lost.chain(asked).collect()
    }
}

fn one(case: &Case<'_>, group: &[&Exchange<'_>], first: &Exchange<'_>) -> Draft {
    let left = group.iter().flat_map(|exchange| exchange.hops()).filter_map(|hop| hop.request?.sip.max_forwards).min();
    let left = left.map_or_else(String::new, |left| format!(" The lowest Max-Forwards in the capture is {left}."));
    draft(case, &ABOUT, group).title(format!("{} is handed on too often", who(group))).explain(format!(
        "{} got 483 from {}: more proxies handed the request on than it allows, which happens where they send it in a \
         circle.{left}{}",
        who(group),
        first.server(),
        aftermath(case, group),
    ))
}

fn wanted(case: &Case<'_>, group: &[&Exchange<'_>]) -> Option<Draft> {
    let hops = few_from_the_start(case, group.first()?)?;
    Some(draft(case, &ABOUT, group).severity(Severity::Minor).title(format!("{} allows {hops} hops only", who(group))).explain(format!(
        "{} began with Max-Forwards {hops} and got 483. A path test does so on purpose; a telephone should begin with 70.",
        who(group),
    )))
}

/// Max-Forwards of a request that no proxy has handed on yet, if it is small.
fn few_from_the_start(case: &Case<'_>, exchange: &Exchange<'_>) -> Option<u32> {
    let request = exchange.request()?.sip;
    let few = request.max_forwards.filter(|&hops| hops < case.settings.thresholds.sip_hops_left);
    few.filter(|_| request.vias.len() <= 1)
}
