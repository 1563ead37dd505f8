//! A proxy asks for credentials and gets none, or none that it accepts.

use crate::diagnose::evidence::sip::{draft, requests};
use crate::diagnose::words::sip::status_407 as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::sip::wishes::{is_stale, is_wish, recovered, scanners};
use crate::facts::sip::{Series, SipExchange, TransactionOutcome};
use crate::model::{RuleId, Severity, Timestamp};
use hashbrown::HashMap;
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct ProxyWantsCredentials;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-407");

static ABOUT: About = About {
    id: ID,
    title: "A SIP proxy asks for credentials in vain",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "A request is answered with 407 and the client never answers the challenge, or its answers are refused with 407 \
           again, twice and more.",
    matters: "The proxy lets nothing through: no registration, no call.",
    guards: &[
        "A 407 that is answered and then accepted is how it should be: silent.",
        "A user may type the password for a minute: before that, or if the capture ends, unknown and silent.",
        "Challenges that say stale=true do not count: see sip-stale-nonce.",
        "Another answer to the second attempt (forbidden, busy) is another finding: silent.",
        "Messages that cannot be read stand between: the answer may be among them, silent.",
        "Scanners are refused rightly: silent.",
        "The same client gets through later: minor.",
    ],
    remedy: &[
        "Enter user name and password for the proxy in the client's SIP account (outbound proxy, authorization user).",
        "If the client is to get through without: let the proxy trust its network or its sign-on token.",
    ],
    references: &["RFC 3261 section 22.3 (proxy to user authentication)"],
    explains: &[],
};

impl Rule for ProxyWantsCredentials {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let scanners = scanners(case);
        let series = case.sip().series().filter(|series| !scanners.contains(&series.client().ip));
        let answered = Answered::new(case);
        let failed = series.flat_map(|series| failures(case, &answered, &series));
        let groups = group_by(failed, |(e, refused)| (e.client().ip, e.method, e.target(), *refused));
        groups.iter().filter_map(|group| judge_group(case, group)).collect()
    }
}

/// Requests answered with 407 in vain; true if they carried credentials.
fn failures<'t, 'a>(
    case: &Case<'a>,
    answered: &Answered<'a>,
    series: &Series<'t, 'a>,
) -> Vec<(&'t SipExchange<'a>, bool)> {
    let runs =
        series.runs().filter(|run| run.last().is_some_and(|last| last.outcome() != TransactionOutcome::Accepted));
    let in_run = |run: &'t [SipExchange<'a>]| {
        let asked = |e: &&SipExchange<'a>| is_wish(e) && e.status() == Some(407) && !is_stale(e);
        let refused: Vec<_> = run.iter().filter(|e| asked(e) && answers_proxy(e)).collect();
        if refused.len() >= 2 {
            return refused.into_iter().map(|e| (e, true)).collect();
        }
        let ignored = run.last().filter(asked).filter(|last| !answers_proxy(last) && was_ignored(case, answered, last));
        ignored.map(|e| (e, false)).into_iter().collect::<Vec<_>>()
    };
    runs.flat_map(in_run).collect()
}

fn answers_proxy(exchange: &SipExchange<'_>) -> bool {
    exchange.credentials().iter().any(|credentials| credentials.proxy)
}

/// There was time to answer, and the client did not get through in another call either.
fn was_ignored<'a>(case: &Case<'a>, answered: &Answered<'a>, exchange: &SipExchange<'a>) -> bool {
    exchange.ended().plus(case.settings.thresholds.sip_auth_wait) <= case.end()
        && !case.sip().accepted_after(exchange, exchange.began())
        && !answered.after(exchange)
        && !case.sip().is_torn(exchange)
}

/// When a client last answered a proxy, by what it wanted, under whatever Call-ID.
struct Answered<'a>(HashMap<Wish<'a>, Timestamp>);

/// Client, method, whom it is about.
type Wish<'a> = (IpAddr, &'a str, Option<String>);

impl<'a> Answered<'a> {
    fn new(case: &Case<'a>) -> Self {
        let mut last: HashMap<Wish<'a>, Timestamp> = HashMap::new();
        for exchange in case.sip().exchanges().filter(|exchange| answers_proxy(exchange)) {
            let time = last.entry(wish(exchange)).or_insert(exchange.began());
            *time = exchange.began().max(*time);
        }
        Self(last)
    }

    fn after(&self, exchange: &SipExchange<'a>) -> bool {
        self.0.get(&wish(exchange)).is_some_and(|&time| time > exchange.ended())
    }
}

fn wish<'a>(exchange: &SipExchange<'a>) -> Wish<'a> {
    (exchange.client().ip, exchange.method, exchange.target())
}

fn judge_group(case: &Case<'_>, group: &[(&SipExchange<'_>, bool)]) -> Option<Draft> {
    let (first, refused) = group.first()?;
    let all: Vec<&SipExchange<'_>> = group.iter().map(|(exchange, _)| *exchange).collect();
    let worst = all.iter().any(|exchange| !recovered(case, exchange));
    let said = words::AskedInVain {
        server: first.server(),
        requests: requests(&all)?,
        count: all.len(),
        sender: first.user(),
        realm: first.challenges().iter().find_map(|challenge| challenge.realm.clone()),
        reply: if *refused {
            words::Reply::Refused
        } else {
            words::Reply::NoAnswer { waited_s: case.settings.thresholds.sip_auth_wait.as_secs_f64() }
        },
    };
    let draft = draft(case, &ABOUT, &all).says(&said);
    Some(if worst { draft } else { draft.severity(Severity::Minor) })
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, idle, phone, register, says, the_one, told};
    use nrpcsniff_samples::sip;

    const RULE: &str = "sip-407";

    fn asked(phone: &sip::Phone, call: &sip::Call, before: Option<&sip::Message>) -> sip::Message {
        let invite = call.invite(20_000);
        let invite = match before {
            Some(challenge) => invite.credentials(challenge, "ann", "wrong"),
            None => invite,
        };
        let challenge = invite.response(407).challenge("example.com", "n");
        phone.sends(&invite).hears(&challenge).sends(call.ack(&challenge));
        challenge
    }

    #[test]
    fn a_client_that_never_answers() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            let _ = asked(&phone, &phone.call("bob@example.com"), None);
            idle(net, 90);
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        says(
            finding,
            &["ann@example.com never answers the challenge of the proxy 10.1.0.9:5060", "realm \"example.com\""],
        );
    }

    #[test]
    fn a_registration_is_worse() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            let request = phone.register();
            phone.sends(&request).hears(request.response(407).challenge("example.com", "n"));
            idle(net, 90);
        });
        assert_eq!(the_one(&found).severity, Severity::Blocker);
    }

    #[test]
    fn credentials_that_are_refused_again_and_again() {
        let found = told(RULE, |net| {
            let phone = phone(net);
            let call = phone.call("bob@example.com");
            let first = asked(&phone, &call, None);
            let second = asked(&phone, &call, Some(&first));
            let _ = asked(&phone, &call, Some(&second));
        });
        says(the_one(&found), &["refuses the credentials of ann@example.com"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 7] = [
            ("no proxy asks", |net| register(&phone(net))),
            ("answered and accepted", |net| {
                let phone = phone(net);
                let call = phone.call("bob@example.com");
                let challenge = asked(&phone, &call, None);
                let invite = call.invite(20_000).credentials(&challenge, "ann", "secret");
                phone.sends(&invite).hears(invite.response(200).contact("sip:bob@10.1.0.51:5060"));
                idle(net, 90);
            }),
            ("mistyped twice, then accepted", |net| {
                let phone = phone(net);
                let call = phone.call("bob@example.com");
                let first = asked(&phone, &call, None);
                let second = asked(&phone, &call, Some(&first));
                let third = asked(&phone, &call, Some(&second));
                let invite = call.invite(20_000).credentials(&third, "ann", "secret");
                phone.sends(&invite).hears(invite.response(200).contact("sip:bob@10.1.0.51:5060"));
            }),
            ("answered and busy", |net| {
                let phone = phone(net);
                let call = phone.call("bob@example.com");
                let challenge = asked(&phone, &call, None);
                let invite = call.invite(20_000).credentials(&challenge, "ann", "secret");
                phone.sends(&invite).hears(invite.response(486));
                idle(net, 90);
            }),
            ("answered in another call", |net| {
                let phone = phone(net);
                let challenge = asked(&phone, &phone.call("bob@example.com"), None);
                let invite = phone.call("bob@example.com").invite(20_000).credentials(&challenge, "ann", "secret");
                phone.sends(&invite).hears(invite.response(180));
                idle(net, 90);
            }),
            ("the user still types", |net| {
                let phone = phone(net);
                let _ = asked(&phone, &phone.call("bob@example.com"), None);
                idle(net, 20);
            }),
            ("a scanner", |net| {
                let phone = phone(net).agent("sipvicious");
                let _ = asked(&phone, &phone.call("bob@example.com"), None);
                idle(net, 90);
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
