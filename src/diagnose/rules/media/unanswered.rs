//! Nobody answers on the way to the video bridge or to a relay.

use crate::diagnose::evidence::{each, icmp};
use crate::diagnose::words::Clients;
use crate::diagnose::words::media::unanswered as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::media::{MediaWay, MediaWays, is_heard, rejected};
use crate::facts::network::attempts::rejection;
use crate::model::{Confidence, RuleId, Severity, Side, Span};
use nrpcsniff_dissectors::stun::Method;

/// See [`ABOUT`].
pub(crate) struct Unanswered;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("media-unanswered");

static ABOUT: About = About {
    id: ID,
    title: "Nobody answers on the way to the video bridge",
    severity: Severity::Major,
    layer: Layer::Network,
    sees: "A client asks again and again whether the way to the video bridge of a meeting works (STUN), or a relay for a way (TURN), and \
           nobody answers for five seconds and longer; or an ICMP error says that it does not arrive.",
    matters: "The meeting opens, people see each other's names, and there is neither sound nor picture.",
    guards: &[
        "Any way of the same client works in the same minute: most ways of a call are meant to fail; silent.",
        "The server answers anything on that way: silent.",
        "Nothing at all that others send to that client is in the capture, or parts of the way were left out: silent.",
        "The capture ends within five seconds: silent. Without an ICMP error: medium confidence at most.",
        "Neither a port of Sametime's video bridge nor a sign-on to Sametime in the capture; or somebody signs on to Sametime, and the server \
         has a name of another site, or a public address that has no part in a sign-on (relays of other products): silent.",
        "Only address or port speak for Sametime (no part in a sign-on, no name of its site): medium confidence at most.",
    ],
    remedy: &[
        "Open UDP 10000 (Sametime 12 in Docker) or 30000 (Kubernetes) from the clients to the video bridge, or UDP and TCP 3478 to the TURN \
         server, and let the answers out.",
        "The bridge must give out an address that clients reach: DOCKER_HOST_ADDRESS, or JVB_STUN_SERVERS with a STUN server that it reaches.",
        "Where UDP is closed for good: a TURN server over TCP or TLS (TURN_TRANSPORT), or TCP 4443 of the bridge.",
    ],
    references: &[
        "RFC 8489 section 6.2.1 (retransmissions)",
        "RFC 8445 (ICE)",
        "HCL Sametime 12: ports, STUN and TURN",
    ],
    explains: &[],
};

/// So long nobody answers: by then a request was sent five times (RFC 8489 section 6.2.1).
const PATIENCE: Span = Span::from_secs(5);
/// Requests that are too few to tell.
const ENOUGH: usize = 3;

impl Rule for Unanswered {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        if case.analysis.facts.datagrams_left_out > 0 {
            return Vec::new();
        }
        let ways = MediaWays::new(case);
        let dead = ways.concern_sametime().filter(|way| is_dead(case, &ways, way));
        group_by(dead, |way| way.conversation.server).iter().filter_map(|group| finding(case, &ways, group)).collect()
    }
}

/// The client asks long enough, and nothing comes from the server; nor does anything work.
fn is_dead(case: &Case<'_>, ways: &MediaWays<'_>, way: &MediaWay<'_>) -> bool {
    let c = way.conversation;
    let asked =
        || way.requests.iter().filter(|request| request.from == Side::Client && wants_a_way(request.asked.method));
    let Some(first) = asked().map(|request| request.asked.at().time).min() else { return false };
    let Some(last) = asked().map(|request| request.last.time).max() else { return false };
    let sent: usize = asked().map(|request| request.sent).sum();
    let long = last.since(first) >= PATIENCE || rejected(case, c).is_some();
    c.packets.server == 0
        && c.disputes.is_empty()
        && way.is_whole()
        && sent >= ENOUGH
        && long
        && case.end().since(last) >= Span::from_secs(2)
        && is_heard(case, c.client.ip)
        && !ways.another_works(c.client.ip, first)
}

const fn wants_a_way(method: Method) -> bool {
    matches!(method, Method::Binding | Method::Allocate)
}

/// 45 points for silence, 40 more where a router says why: without that the answers may only take another way.
fn finding(case: &Case<'_>, ways: &MediaWays<'_>, group: &[&MediaWay<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let server = first.conversation.server;
    let error = group.iter().find_map(|way| rejected(case, way.conversation));
    let answers = |way: &&MediaWay<'_>| way.conversation.server == server && way.conversation.packets.server > 0;
    let others = ways.of(server.ip).find(answers);
    let is_relay = first.requests.iter().any(|request| request.asked.method == Method::Allocate);
    let sent = group.iter().flat_map(|way| &way.requests).map(|request| request.sent).sum();
    let until = group.iter().filter_map(|way| way.requests.last()).map(|request| request.last.time).max()?;
    let draft = Draft::new(&ABOUT, 45).retry(true).seen_in(group.len()).points(if error.is_some() { 40 } else { 0 });
    let draft = draft.says(&words::NoAnswer {
        server,
        clients: Clients::of(group.iter().map(|way| way.conversation.client.ip)),
        count: sent,
        lasted_s: until.seconds_since(first.requests.first()?.asked.at().time),
        is_relay,
        icmp: error.and_then(rejection),
        serves_others: others.is_some(),
    });
    let draft = draft.at_most(if error.is_none() { Confidence::Medium } else { ways.at_most(server) });
    let draft = group.iter().fold(draft, |draft, way| draft.conversation(way.conversation));
    let draft = each(draft, group, "ways", |draft, way| match way.requests.first() {
        Some(request) => {
            let what = format!("{} → {server}: {}", way.conversation.client, request.asked.message.body.summary());
            draft.packet(request.asked.at(), what)
        }
        None => draft,
    });
    Some(match error {
        Some(error) => draft.packet(error.at, icmp(error)),
        None => draft.absence(format!("no datagram from {server}")),
    })
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::{Story, says, the_one, told};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::dns::{A, Record};
    use nrpcsniff_samples::stun::Call;

    const RULE: &str = "media-unanswered";

    /// Checks by the second, unanswered; the client's other traffic is seen.
    fn unanswered(net: &Network, port: u16) {
        let call = Call::new(net, "10.1.0.50", 50_100, "10.1.0.31", port);
        call.meeting();
        for _ in 0..8 {
            call.check(false);
            net.wait(1_000);
        }
        net.wait(2_000);
        call.meeting();
    }

    #[test]
    fn a_bridge_that_nobody_reaches() {
        for port in [10_000, 30_000] {
            let found = told(RULE, |net| unanswered(net, port));
            let finding = the_one(&found);
            assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::Medium), "{port}");
            says(finding, &[&format!("10.1.0.31:{port}"), "8 requests", "video bridge"]);
        }
    }

    #[test]
    fn a_relay_that_nobody_reaches() {
        let found = told(RULE, |net| {
            let call = Call::new(net, "10.1.0.50", 50_100, "10.1.0.30", 3478);
            call.meeting();
            call.asks_for_relay_in_vain(&[500, 1_000, 2_000, 4_000]);
            call.meeting();
        });
        says(the_one(&found), &["10.1.0.30:3478", "relay"]);
    }

    #[test]
    fn what_icmp_says() {
        let found = told(RULE, |net| {
            let call = Call::new(net, "10.1.0.50", 50_100, "10.1.0.31", 10_000);
            call.meeting();
            for _ in 0..4 {
                call.check(false);
                call.is_unreachable();
                net.wait(200);
            }
            net.wait(3_000);
            call.meeting();
        });
        assert_eq!(the_one(&found).confidence, Confidence::Medium);
        says(the_one(&found), &["port unreachable"]);
    }

    #[test]
    fn look_alikes_are_passed_over() {
        let stories: [Story; 6] = [
            ("another way works", |net| {
                unanswered(net, 10_000);
                Call::new(net, "10.1.0.50", 50_101, "10.1.0.30", 10_000).check(true);
                net.wait(3_000);
            }),
            ("answered", |net| {
                let call = Call::new(net, "10.1.0.50", 50_100, "10.1.0.31", 10_000);
                call.meeting();
                for _ in 0..8 {
                    call.check(true);
                    net.wait(1_000);
                }
            }),
            ("the capture ends", |net| {
                let call = Call::new(net, "10.1.0.50", 50_100, "10.1.0.31", 10_000);
                call.meeting();
                call.check(false);
                net.wait(500);
                call.check(false);
            }),
            ("no Sametime", |net| {
                Call::new(net, "10.1.0.50", 50_100, "10.1.0.30", 3478)
                    .asks_for_relay_in_vain(&[500, 1_000, 2_000, 4_000]);
            }),
            ("another product's relay", |net| {
                let (name, address) = ("relay.example.org", net.address("198.51.100.30"));
                net.resolve(&net.host("10.1.0.50"), &net.host("10.1.0.2"), name, A, &[Record::address(name, &address)]);
                let call = Call::new(net, "10.1.0.50", 50_100, "198.51.100.30", 3478);
                call.meeting();
                call.asks_for_relay_in_vain(&[500, 1_000, 2_000, 4_000]);
            }),
            ("only what the client sends is in the capture", |net| {
                let call = Call::new(net, "10.1.0.50", 50_100, "10.1.0.31", 10_000);
                for _ in 0..8 {
                    call.check(false);
                    net.wait(1_000);
                }
                net.wait(3_000);
                Call::new(net, "10.1.0.60", 50_100, "10.1.0.61", 5_000).check(false);
            }),
        ];
        for (name, story) in stories {
            assert_eq!(told(RULE, story), [], "{name}");
        }
    }
}
