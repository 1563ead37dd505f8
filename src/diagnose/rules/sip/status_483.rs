//! A request was handed on too often.

use crate::diagnose::evidence::sip::{draft, refused_requests};
use crate::diagnose::words::sip::status_483 as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::sip::SipExchange;
use crate::facts::sip::wishes::{by_server, refused};
use crate::model::{RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct TooManyHops;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-483");

static ABOUT: About = About {
    id: ID,
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
        let lost = by_server(lost).into_iter().filter_map(|group| one(case, &group));
        let asked = by_server(asked).into_iter().filter_map(|group| wanted(case, &group));
        lost.chain(asked).collect()
    }
}

fn one(case: &Case<'_>, group: &[&SipExchange<'_>]) -> Option<Draft> {
    let said = words::HandedOnTooOften { refused: refused_requests(case, group)?, hops: hops_left(group) };
    Some(draft(case, &ABOUT, group).says(&said))
}

/// How far Max-Forwards came down in the capture.
fn hops_left(group: &[&SipExchange<'_>]) -> Option<words::HopsLeft> {
    let hops = group.iter().flat_map(|exchange| exchange.hops());
    let seen: Vec<u32> = hops.filter_map(|hop| hop.request?.sip.max_forwards).collect();
    Some(words::HopsLeft { max_forwards: *seen.iter().max()?, max_forwards_least: *seen.iter().min()? })
}

fn wanted(case: &Case<'_>, group: &[&SipExchange<'_>]) -> Option<Draft> {
    let max_forwards = few_from_the_start(case, group.first()?)?;
    let said = words::FewHops { refused: refused_requests(case, group)?, max_forwards };
    Some(draft(case, &ABOUT, group).severity(Severity::Minor).says(&said))
}

/// Max-Forwards of a request that no proxy has handed on yet, if it is small.
fn few_from_the_start(case: &Case<'_>, exchange: &SipExchange<'_>) -> Option<u32> {
    let request = exchange.request()?.sip;
    let few = request.max_forwards.filter(|&hops| hops < case.settings.thresholds.sip_hops_left);
    few.filter(|_| request.vias.len() <= 1)
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, phone, refused, register, says, the_one, told};

    const RULE: &str = "sip-483";

    #[test]
    fn hops_are_used_up() {
        let found = told(RULE, |net| {
            let (phone, proxy, next) = (phone(net), net.host("10.1.0.9"), net.host("10.1.0.10"));
            let request = phone.register();
            let onward = request.clone().via("UDP", "10.1.0.9:5060", "p1").set("Max-Forwards", "2");
            phone.sends(&request);
            net.udp(&proxy, 5060, &next, 5060, onward.as_ref());
            phone.hears(request.response(483));
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        assert_eq!(finding.conversations, [0, 1]);
        says(finding, &["In the capture Max-Forwards comes down from 70 to 2"]);
    }

    #[test]
    fn what_used_the_hops_up_may_be_elsewhere() {
        let found = told(RULE, |net| refused(&phone(net), 483));
        says(the_one(&found), &["came with Max-Forwards 70; on which way that was used up is not in the capture"]);
    }

    #[test]
    fn a_path_test_asks_for_it() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            let request = phone.register().set("Max-Forwards", "1");
            phone.sends(&request).hears(request.response(483));
        });
        assert_eq!(the_one(&found).severity, Severity::Minor);
        says(the_one(&found), &["began with Max-Forwards 1"]);
    }

    #[test]
    fn a_later_success_is_minor() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            refused(&phone, 483);
            register(&phone);
        });
        assert_eq!(the_one(&found).severity, Severity::Minor);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 2] = [
            ("accepted", |net| register(&phone(net))),
            ("OPTIONS as traceroute", |net| {
                let phone = phone(net);
                let options = phone.options("example.com").set("Max-Forwards", "0");
                phone.sends(&options).hears(options.response(483));
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
