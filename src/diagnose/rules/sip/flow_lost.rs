//! The connection that a registration lived on is gone, and calls to the user fail.

use crate::diagnose::evidence::sip::{self, SHOWN, named, show, subject};
use crate::diagnose::words::Closed;
use crate::diagnose::words::sip::flow_lost as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::sip::{SipExchange, TransactionOutcome};
use crate::model::{Close, CloseBy, RuleId, Severity, Span, Stamp, Timestamp, Transport};
use hashbrown::HashMap;

/// See [`ABOUT`].
pub(crate) struct FlowLost;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("sip-flow-lost");

static ABOUT: About = ENTRY;

/// Without a failed call it explains none.
static ALONE: About = About { explains: &[], ..ENTRY };

const ENTRY: About = About {
    id: ID,
    title: "The connection of a registered client was closed",
    severity: Severity::Major,
    layer: Layer::Network,
    sees: "A client registered over TCP, something else than the client closed that connection before the registration \
           ended, and the client did not register again at once. Calls to the user fail until it does (480, 430, 408, 404, \
           410); without such a call: minor.",
    matters: "The client seems to be online, and nobody can call it until its next registration.",
    guards: &[
        "The client registers again at once: silent.",
        "The client removed its registration, or closed the connection itself: it has gone on purpose, silent.",
        "Another connection of the same client holds the registration, too: silent.",
        "The registration had ended before, or the capture ends with the connection: silent.",
    ],
    remedy: &[
        "Let the idle time of load balancer and firewall for the SIP ports be longer than the registration time.",
        "Let clients send keep-alives on the connection (CRLF, RFC 5626), or register for less time.",
        "On the server: raise the idle time of SIP connections.",
    ],
    references: &["RFC 5626 section 4.4 (keep-alives), 4.5 (flow recovery)", "RFC 3261 section 10.2.4 (refreshing)"],
    explains: &[super::status_408::ID, super::status_404::ID],
};

impl Rule for FlowLost {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let mut all: Vec<_> = case.sip().registrations().flat_map(|series| series.exchanges).collect();
        all.sort_by_key(|exchange| exchange.began());
        let registered = group_by(all, |exchange| subject(exchange));
        let lost = registered.iter().flat_map(|of_user| lost_flows(case, of_user));
        let groups = group_by(lost, |flow| (flow.last.client().ip, subject(flow.last)));
        let failed = failed_calls(case);
        groups.iter().filter_map(|group| judge_group(case, group, &failed)).collect()
    }
}

/// What a user does next is sought among so many of his registrations.
const LOOK_AHEAD: usize = 256;

/// A connection that was closed although a registration lived on it.
struct Flow<'c, 'a> {
    /// The last REGISTER on it.
    last: &'c SipExchange<'a>,
    closed: Stamp,
    /// When the same user registered again, or the end of what is known.
    until: Timestamp,
}

/// `of_user`: every REGISTER of one user, in order of time.
fn lost_flows<'c, 'a>(case: &Case<'a>, of_user: &[&'c SipExchange<'a>]) -> Vec<Flow<'c, 'a>> {
    let wait = case.settings.thresholds.retry_within;
    let judge = |(place, &last): (usize, &&'c SipExchange<'a>)| {
        let closed = lost(last)?;
        let later = of_user.get(place.saturating_add(1)..).unwrap_or_default().iter().take(LOOK_AHEAD);
        let same_client = |e: &&&SipExchange<'a>| e.client().ip == last.client().ip;
        let next_try = later.clone().filter(same_client).map(|e| e.began()).next();
        let stays = next_try.is_some_and(|tried| tried <= closed.time.plus(wait));
        let next = later
            .filter(|e| e.began() > closed.time && e.outcome() == TransactionOutcome::Accepted)
            .map(|e| e.began())
            .next();
        let until = next.unwrap_or(case.end()).min(registered_until(last)?);
        let long = until.since(closed.time) >= wait;
        (!stays && long).then_some(Flow { last, closed, until })
    };
    of_user.iter().enumerate().filter_map(judge).collect()
}

/// When the connection of a REGISTER was closed by something else than the client, or went dead.
fn lost(exchange: &SipExchange<'_>) -> Option<Stamp> {
    let connection = exchange.request().map(|request| request.conversation)?;
    let gone = match connection.teardown.how {
        Close::Fin | Close::Rst if connection.teardown.by != CloseBy::Client => connection.teardown.at,
        Close::Timeout => connection.tcp.unanswered.as_ref().map(|unanswered| unanswered.first),
        _ => None,
    };
    gone.filter(|at| connection.transport == Transport::Tcp && at.time >= exchange.ended())
}

fn registered_until(exchange: &SipExchange<'_>) -> Option<Timestamp> {
    let registered = exchange.outcome() == TransactionOutcome::Accepted && !exchange.is_unregister();
    let seconds = exchange.granted().filter(|&seconds| registered && seconds > 0)?;
    Some(exchange.ended().plus(Span::from_secs(seconds.into())))
}

/// Calls that did not reach their user, by that user.
fn failed_calls<'c, 'a>(case: &'c Case<'a>) -> HashMap<String, Vec<&'c SipExchange<'a>>> {
    let mut failed: HashMap<String, Vec<&'c SipExchange<'a>>> = HashMap::new();
    let calls = case.sip().exchanges().filter(|e| e.method == "INVITE" && !e.in_dialog());
    for call in calls.filter(|e| matches!(e.status(), Some(404 | 408 | 410 | 430 | 480))) {
        failed.entry(subject(call)).or_default().push(call);
    }
    failed
}

/// Without a call that failed meanwhile it is minor and explains no other finding, because nobody may have missed the
/// connection.
fn judge_group(
    case: &Case<'_>,
    group: &[Flow<'_, '_>],
    failed: &HashMap<String, Vec<&SipExchange<'_>>>,
) -> Option<Draft> {
    let first = group.first()?;
    let calls = failed.get(&subject(first.last)).map_or(&[][..], Vec::as_slice);
    let during =
        |call: &&&SipExchange<'_>| group.iter().any(|f| call.began() > f.closed.time && call.began() < f.until);
    let missed: Vec<_> = calls.iter().filter(during).copied().collect();
    let until = first.until.min(case.end());
    let said = words::ConnectionLost {
        server: first.last.server(),
        user: first.last.target(),
        client: first.last.client().into(),
        count: group.len(),
        granted_s: first.last.granted().unwrap_or_default(),
        delay_s: first.closed.time.seconds_since(first.last.ended()),
        closed: Closed::of(&first.last.request()?.conversation.teardown),
        unreachable_s: until.seconds_since(first.closed.time),
        calls: sip::failed_calls(&missed),
    };
    let mut draft = if missed.is_empty() {
        Draft::new(&ALONE, 50).severity(Severity::Minor)
    } else {
        Draft::new(&ABOUT, 45).names_read()
    };
    for flow in group {
        draft = named(draft, flow.last);
    }
    draft = show(draft.seen_in(group.len()), first.last).packet(first.closed, said.end());
    draft = missed.iter().fold(draft, |draft, call| named(draft, call));
    draft = missed.iter().take(SHOWN).fold(draft, |draft, call| show(draft, call));
    Some(draft.says(&said))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, idle, says, the_one, told};
    use nrpcsniff_samples::{Network, Tcp, sip};

    const RULE: &str = "sip-flow-lost";

    fn connect(net: &Network) -> Tcp {
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 5060)
    }

    /// Ann registers over a connection for so many seconds.
    fn registered(tcp: &Tcp, seconds: u32) -> sip::Phone {
        let phone = sip::Phone::over(tcp, "ann@example.com");
        let request = phone.register().expires(seconds);
        tcp.client(&request).server(request.response(200).contact_of(&request).expires(seconds));
        phone
    }

    fn call_to_ann(net: &Network, status: u16) {
        let bob = sip::Phone::new(&net.host("10.1.0.51"), 5060, &net.host("10.1.0.9"), 5060, "bob@example.com");
        let invite = bob.call("ann@example.com").invite(20_000);
        bob.sends(&invite).hears(invite.response(status));
    }

    #[test]
    fn calls_fail_until_the_client_registers_again() {
        let found = told(RULE, |net| {
            let tcp = connect(net);
            registered(&tcp, 3600);
            tcp.wait_secs(300).server_fin();
            net.wait_secs(200);
            call_to_ann(net, 480);
            net.wait_secs(600);
            registered(&connect(net), 3600);
        });
        let finding = the_one(&found);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::High));
        assert_eq!(finding.conversations, [0, 1]);
        says(finding, &["ann@example.com", "the server closed the connection", "1 call to this user failed", "480"]);
    }

    #[test]
    fn a_firewall_that_forgets_the_connection() {
        let found = told(RULE, |net| {
            let tcp = connect(net);
            let phone = registered(&tcp, 3600);
            let invite = phone.call("ann@example.com").invite(20_000);
            tcp.wait_secs(1200).unanswered(nrpcsniff_samples::Side::Server, invite, &[300, 600, 1200, 2400, 4800]);
            call_to_ann(net, 408);
            idle(net, 200);
        });
        let finding = found.iter().find(|finding| finding.severity == Severity::Major).unwrap();
        says(finding, &["the connection went dead", "408"]);
    }

    #[test]
    fn without_a_call_it_is_minor() {
        let found = told(RULE, |net| {
            let tcp = connect(net);
            registered(&tcp, 3600);
            tcp.wait_secs(300).server_rst();
            idle(net, 200);
        });
        assert_eq!((the_one(&found).severity, the_one(&found).confidence), (Severity::Minor, Confidence::Medium));
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 8] = [
            ("it stays open", |net| {
                registered(&connect(net), 3600);
                idle(net, 300);
                call_to_ann(net, 480);
            }),
            ("registered again at once", |net| {
                let tcp = connect(net);
                registered(&tcp, 3600);
                tcp.wait_secs(300).server_fin();
                registered(&connect(net), 3600);
                idle(net, 200);
                call_to_ann(net, 480);
            }),
            ("the client closes", |net| {
                let tcp = connect(net);
                registered(&tcp, 3600);
                tcp.wait_secs(300).client_fin();
                idle(net, 200);
                call_to_ann(net, 480);
            }),
            ("the client has removed its registration", |net| {
                let tcp = connect(net);
                let phone = registered(&tcp, 3600);
                let remove = phone.register().expires(0);
                tcp.wait_secs(300).client(&remove).server(remove.response(200)).server_fin();
                idle(net, 200);
                call_to_ann(net, 480);
            }),
            ("another connection holds it", |net| {
                let (first, second) = (connect(net), connect(net));
                registered(&first, 3600);
                registered(&second, 3600);
                first.wait_secs(300).server_fin();
                idle(net, 200);
                call_to_ann(net, 486);
            }),
            ("the registration had ended before", |net| {
                let tcp = connect(net);
                registered(&tcp, 60);
                tcp.wait_secs(300).server_fin();
                idle(net, 200);
                call_to_ann(net, 480);
            }),
            ("the capture ends with the connection", |net| {
                let tcp = connect(net);
                registered(&tcp, 3600);
                tcp.wait_secs(300).server_fin();
                idle(net, 5);
            }),
            ("UDP has no connection", |net| {
                crate::testing::register(&crate::testing::phone(net));
                idle(net, 200);
                call_to_ann(net, 480);
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
