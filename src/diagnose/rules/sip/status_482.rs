//! A request comes back to a proxy that has seen it.

use crate::diagnose::evidence::sip::{draft, refused_requests};
use crate::diagnose::words::sip::status_482 as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::sip::SipExchange;
use crate::facts::sip::wishes::{by_server, is_wish, refused};
use crate::model::{RuleId, Severity};
use hashbrown::HashMap;
use nrpcsniff_dissectors::sip::Via;

/// See [`ABOUT`].
pub(crate) struct LoopDetected;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-482");

static ABOUT: About = About {
    id: ID,
    title: "A SIP request runs in a circle",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "A request is answered with 482, or it fails and its Via headers name the same host three times and more.",
    matters: "The request never reaches who should answer it: registrations and calls fail.",
    guards: &[
        "A request that passes the same proxy twice and is answered is a spiral, which is allowed: silent.",
        "482 on one branch of a forked call (the same request came by two ways) does not count if the caller got another \
         answer.",
        "The same client gets through later: minor.",
    ],
    remedy: &[
        "Tell the proxy all of its own names and addresses: host aliases and virtual hosts of the SIP Proxy and Registrar, \
         and the load balancer's name. It sends on what it does not take for its own.",
        "On the load balancer: a server behind it must not reach itself by way of the balancer's address.",
        "Check the list of domains: two proxies that each take the other for responsible send to and fro.",
    ],
    references: &["RFC 3261 section 16.3, step 4 (loop detection)", "RFC 5393 (loops in forking proxies)"],
    explains: &[super::status_483::ID, super::status_408::ID],
};

/// The same host so often in one request's Via headers: no spiral does that.
const ROUNDS: usize = 3;

impl Rule for LoopDetected {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let mut found = refused(case, false, |status| status == 482);
        let failed = case.sip().exchanges().filter(|e| is_wish(e) && e.status().is_some_and(|s| s >= 400));
        found.extend(failed.filter(|e| e.status() != Some(482) && round(e).is_some()));
        by_server(found).iter().filter_map(|group| one(case, group)).collect()
    }
}

fn one(case: &Case<'_>, group: &[&SipExchange<'_>]) -> Option<Draft> {
    let passed = group.iter().find_map(|exchange| round(exchange));
    let said = words::Circle { refused: refused_requests(case, group)?, passed };
    let draft = draft(case, &ABOUT, group).says(&said);
    Some(match &said.passed {
        Some(words::Passed { host, .. }) => {
            draft.remedy_first(format!("Let the proxy at {host} take that name and address for its own."))
        }
        None => draft,
    })
}

/// The host that stands in the Via headers of one request most often, if that is too often.
fn round(exchange: &SipExchange<'_>) -> Option<words::Passed> {
    let requests = exchange.hops().filter_map(|hop| hop.request);
    let answers = exchange.hops().flat_map(|hop| hop.finals.iter().copied());
    requests.chain(answers).filter_map(|signal| most(&signal.sip.vias)).max_by_key(|passed| passed.rounds)
}

fn most(vias: &[Via]) -> Option<words::Passed> {
    let mut rounds: HashMap<(&str, Option<u16>), usize> = HashMap::new();
    for via in vias {
        *rounds.entry((via.host.as_str(), via.port)).or_default() += 1;
    }
    let ((host, _), rounds) = rounds.into_iter().max_by_key(|((host, port), rounds)| (*rounds, *host, *port))?;
    (rounds >= ROUNDS).then(|| words::Passed { host: host.to_owned(), rounds })
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, RuleId, Severity};
    use crate::testing::{Story, findings, phone, refused, register, says, the_one, told};
    use nrpcsniff_samples::{Network, sip};

    const RULE: &str = "sip-482";

    /// A request as it leaves a proxy for the n-th time.
    fn rounds(request: &sip::Message, n: usize) -> sip::Message {
        (0..n).fold(request.clone(), |message, round| message.via("UDP", "sip.example.com:5060", &format!("r{round}")))
    }

    fn circle(net: &Network, rounds_made: usize, status: u16) {
        let (phone, proxy, far) = (phone(net), net.host("10.1.0.9"), net.host("10.1.0.10"));
        let request = phone.register();
        let onward = rounds(&request, rounds_made);
        phone.sends(&request);
        net.udp(&proxy, 5060, &far, 5060, onward.as_ref());
        net.udp(&far, 5060, &proxy, 5060, onward.response(status).as_ref());
        phone.hears(request.response(status));
    }

    #[test]
    fn a_loop_that_the_server_tells() {
        let found = told(RULE, |net| refused(&phone(net), 482));
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Blocker, Confidence::High));
        says(the_one(&found), &["482 Loop Detected", "10.1.0.9:5060"]);
    }

    #[test]
    fn a_loop_that_the_vias_tell_explains_too_many_hops() {
        let net = Network::new();
        circle(&net, 4, 483);
        let found = findings(&net.to_pcapng());
        let sip: Vec<_> = found.iter().filter(|finding| finding.rule.starts_with("sip-")).cloned().collect();
        let finding = the_one(&sip);
        assert_eq!((finding.rule.as_str(), finding.also.as_slice()), (RULE, &[RuleId::new("sip-483")][..]));
        says(finding, &["passed sip.example.com 4 times"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 4] = [
            ("accepted", |net| register(&phone(net))),
            ("a spiral that is answered", |net| circle(net, 3, 200)),
            ("a spiral of two rounds that is refused", |net| circle(net, 2, 403)),
            ("one branch of a forked call", |net| {
                let (phone, proxy, callee) = (phone(net), net.host("10.1.0.9"), net.host("10.1.0.51"));
                let invite = phone.call("bob@example.com").invite(20_000);
                phone.sends(&invite);
                for (branch, status) in [("a", 180), ("b", 482)] {
                    let onward = invite.clone().via("UDP", "10.1.0.9:5060", branch);
                    net.udp(&proxy, 5060, &callee, 5060, onward.as_ref());
                    net.udp(&callee, 5060, &proxy, 5060, onward.response(status).as_ref());
                }
                phone.hears(invite.response(486));
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
