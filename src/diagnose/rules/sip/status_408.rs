//! Nobody answers a SIP request in time.

use crate::diagnose::evidence::icmp;
use crate::diagnose::evidence::sip::{
    SHOWN, all_recovered, draft, named, refused_requests, requests, severity, subject,
};
use crate::diagnose::words::sip::status_408 as words;
use crate::diagnose::words::span;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::network::attempts::rejection;
use crate::facts::sip::SipExchange;
use crate::facts::sip::deadlines::{Deadlines, UnansweredRequest};
use crate::facts::sip::wishes::{by_server, is_wish, refused};
use crate::model::{RuleId, Severity, Timestamp};

/// See [`ABOUT`].
pub(crate) struct Timeout;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-408");

static ABOUT: About = About {
    id: ID,
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
        "The capture ends before the time is over, lacks messages, or holds some that cannot be read: unknown, silent.",
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
        let told = told.iter().filter_map(|group| answered(case, group));
        told.chain(silent(case)).collect()
    }
}

/// It rang: then a person did not answer, not a server.
fn rang(exchange: &SipExchange<'_>) -> bool {
    exchange.first.provisional.iter().any(|response| matches!(response.status(), Some(180..=183)))
}

fn answered(case: &Case<'_>, group: &[&SipExchange<'_>]) -> Option<Draft> {
    let said = words::HandedOn { refused: refused_requests(case, group)? };
    let cure = format!(
        "Find out where {} sends these requests (its routes, its log, DNS), and why that server does not answer.",
        said.refused.server
    );
    Some(draft(case, &ABOUT, group).seen_in(group.len()).says(&said).remedy_first(cure))
}

/// Requests without any final response.
fn silent(case: &Case<'_>) -> Vec<Draft> {
    let wishes = case.sip().exchanges().filter(|exchange| is_wish(exchange));
    let deadlines = Deadlines::new(case);
    let failed: Vec<_> = wishes.filter_map(|exchange| Some((exchange, deadlines.missed(exchange)?))).collect();
    let groups = group_by(failed, |(exchange, _)| (exchange.server(), exchange.method));
    groups.iter().filter_map(|group| alone(case, group)).collect()
}

fn alone<'a>(case: &Case<'a>, group: &[(&SipExchange<'a>, UnansweredRequest<'a>)]) -> Option<Draft> {
    let (first, how) = group.first()?;
    let exchanges: Vec<_> = group.iter().map(|(exchange, _)| *exchange).collect();
    let worst = severity(case, &exchanges);
    let worst = if worst == Severity::Major { Severity::Blocker } else { worst };
    let mut draft = Draft::new(&ABOUT, 65).severity(worst).retry(group.len() > 1).seen_in(group.len());
    draft = exchanges.iter().fold(draft, |draft, exchange| named(draft, exchange));
    for (exchange, how) in group.iter().take(SHOWN) {
        draft = show(case, draft, exchange, *how);
    }
    let said = words::NoAnswer {
        server: first.server(),
        requests: requests(&exchanges)?,
        count: exchanges.len(),
        fate: fate(*how),
        waited_s: (!matches!(how, UnansweredRequest::Rejected(_)))
            .then_some(case.settings.thresholds.sip_timeout.as_secs_f64()),
        recovered: all_recovered(case, &exchanges),
    };
    Some(draft.points(10).says(&said))
}

fn fate(how: UnansweredRequest<'_>) -> words::RequestFate {
    match how {
        UnansweredRequest::Repeated(repetitions) => words::RequestFate::Repeated { repetitions },
        UnansweredRequest::Delivered => words::RequestFate::Delivered,
        UnansweredRequest::Rejected(error) => {
            words::RequestFate::Rejected { rejected_by: error.from, meaning: rejection(error) }
        }
    }
}

fn show<'a>(case: &Case<'a>, draft: Draft, exchange: &SipExchange<'a>, how: UnansweredRequest<'a>) -> Draft {
    let Some(request) = exchange.request() else { return draft };
    let draft =
        draft.packet(request.at(), format!("{} for {}, CSeq {}", exchange.method, subject(exchange), exchange.number));
    let draft = match exchange.first.repeats.last() {
        Some(last) => draft.packet(last.at(), format!("the last of {} repetitions", exchange.first.repeats.len())),
        None => draft,
    };
    match how {
        UnansweredRequest::Rejected(error) => {
            draft.packet(error.at, format!("{}: the request was not delivered", icmp(error)))
        }
        _ => draft.absence(format!("no final response until {}", until(case, exchange))),
    }
}

/// The end of the time that was watched, for people.
fn until(case: &Case<'_>, exchange: &SipExchange<'_>) -> String {
    let waited = |end: Timestamp| span(end.seconds_since(exchange.began()));
    format!("the end of the capture, {} later", waited(case.end()))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, idle, phone, refused, register, says, the_one, told};
    use nrpcsniff_samples::{Network, sip};

    const RULE: &str = "sip-408";

    /// Sent and repeated as RFC 3261 section 17.1.2.2 says: T1 doubled up to T2.
    fn in_vain(net: &Network, phone: &sip::Phone, request: &sip::Message, seconds: u64) {
        phone.sends(request);
        let (mut wait, mut waited) = (500, 0);
        while waited + wait < seconds * 1000 {
            net.wait(wait);
            phone.sends(request);
            waited += wait;
            wait = (wait * 2).min(4000);
        }
    }

    #[test]
    fn a_server_that_never_answers() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            in_vain(net, &phone, &phone.register(), 32);
            idle(net, 10);
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        says(
            finding,
            &["10.1.0.9:5060 does not answer REGISTER of ann@example.com from 10.1.0.50", "repeated it 10 times"],
        );
    }

    #[test]
    fn over_tcp_the_request_is_acknowledged_and_that_is_all() {
        let found = told(RULE, |net| {
            let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 5060);
            tcp.client(sip::Phone::over(&tcp, "ann@example.com").register());
            idle(net, 40);
        });
        assert_eq!(the_one(&found).severity, Severity::Blocker);
        says(the_one(&found), &["delivered it, and nothing came back"]);
    }

    #[test]
    fn an_icmp_error_says_at_once_that_nobody_listens() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            phone.sends(phone.register());
            net.icmp(&net.host("10.1.0.9"), &net.host("10.1.0.50"), 3, 3, [0; 4]);
        });
        says(
            the_one(&found),
            &[
                "ICMP type 3 code 3 (port unreachable) from 10.1.0.9",
                "by ICMP that it was not delivered (port unreachable)",
            ],
        );
    }

    #[test]
    fn a_proxy_says_that_the_next_server_did_not_answer() {
        for status in [408, 504] {
            let found = told(RULE, |net| refused(&phone(net), status));
            assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Blocker, Confidence::High));
            says(the_one(&found), &["behind it", "Find out where 10.1.0.9:5060 sends these requests"]);
        }
    }

    /// A hundred says that work goes on, and stops no other timer than that of an INVITE.
    #[test]
    fn trying_is_no_answer_to_a_register() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            let request = phone.register();
            phone.sends(&request).hears(request.response(100));
            in_vain(net, &phone, &request, 32);
            idle(net, 10);
        });
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn a_later_success_is_minor() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            in_vain(net, &phone, &phone.register(), 32);
            idle(net, 10);
            register(&phone);
        });
        assert_eq!(the_one(&found).severity, Severity::Minor);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 10] = [
            ("accepted", |net| register(&phone(net))),
            ("the capture ends before the time is over", |net| {
                let phone = phone(net);
                in_vain(net, &phone, &phone.register(), 20);
            }),
            ("not repeated: the answer went another way", |net| {
                let phone = phone(net);
                phone.sends(phone.register());
                idle(net, 60);
            }),
            ("it rings for a minute", |net| {
                let phone = phone(net);
                let invite = phone.call("bob@example.com").invite(20_000);
                phone.sends(&invite).hears(invite.response(100)).hears(invite.response(180));
                idle(net, 60);
            }),
            ("trying, and then a long wait", |net| {
                let phone = phone(net);
                let invite = phone.call("bob@example.com").invite(20_000);
                phone.sends(&invite).hears(invite.response(100));
                idle(net, 60);
            }),
            ("trying over TCP, and then a long wait", |net| {
                let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 5060);
                let invite = sip::Phone::over(&tcp, "ann@example.com").call("bob@example.com").invite(20_000);
                tcp.client(&invite).server(invite.response(100));
                idle(net, 60);
            }),
            ("it rang and nobody picked up", |net| {
                let phone = phone(net);
                let invite = phone.call("bob@example.com").invite(20_000);
                phone.sends(&invite).hears(invite.response(180));
                net.wait_secs(60);
                phone.hears(invite.response(408));
            }),
            ("a ping to a dead server", |net| {
                let phone = phone(net);
                in_vain(net, &phone, &phone.options("example.com"), 32);
                idle(net, 10);
            }),
            ("over TCP the client left before the time was over", |net| {
                let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 5060);
                tcp.client(sip::Phone::over(&tcp, "ann@example.com").register()).wait_secs(3).client_fin();
                idle(net, 60);
            }),
            ("what cannot be read may be the answer", |net| {
                let phone = phone(net);
                let request = phone.register();
                phone.sends(&request).hears(request.response(200).without("Call-ID"));
                in_vain(net, &phone, &request, 32);
                idle(net, 10);
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
