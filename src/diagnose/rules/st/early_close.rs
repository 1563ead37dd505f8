//! The community server closes without a word, and no other rule knows why.

use crate::diagnose::evidence::sametime::{afterwards, show_all, who};
use crate::diagnose::words::Closed;
use crate::diagnose::words::st::early_close as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::sametime::ends::closed_by_server;
use crate::facts::sametime::{SametimeLogin, SametimeLoginOutcome};
use crate::model::{Confidence, Endpoint, RuleId, Severity, Timestamp};
use hashbrown::HashMap;

/// See [`ABOUT`].
pub(crate) struct EarlyClose;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("st-early-close");

static ABOUT: About = About {
    id: ID,
    title: "The Sametime server closes instead of answering",
    severity: Severity::Major,
    layer: Layer::Fallback,
    sees: "After the handshake or the login the server's side closes the connection (FIN or RST): no acknowledgment, no \
           redirect, and no DESTROY with a reason.",
    matters: "The login failed, and the packets do not say why. The user reads that the connection was broken.",
    guards: &[
        "Only if no other rule has anything to say of the conversation.",
        "The client closed, or said why it left: silent.",
        "Several sessions with that server closed at the same time: it was stopped; silent.",
        "Beginning, direction or bytes missing from the capture: silent.",
        "The same user gets in later: minor.",
    ],
    remedy: &[
        "Read the community server's log and STUsers trace at that time (VP_TRACE_ALL=1 in [Debug-StUsers] of sametime.ini; \
         Sametime 12: STI__Debug-StUsers__VP_TRACE_ALL=1 in custom.env or a ConfigMap, of which sametime.ini is made).",
        "Look at what stands between client and server (multiplexer, load balancer, TLS offload): it may have closed because \
         its own connection to the community server failed.",
    ],
    references: &["Meanwhile, session.c (how a session ends)"],
    explains: &[],
};

impl Rule for EarlyClose {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let stops = stops(case);
        let closed = case.sametime().logins().filter(|login| is_closed(login) && !is_stopped(case, &stops, login));
        let groups =
            group_by(closed, |login| (login.client(), login.server(), login.user(), login.attempts.is_empty()));
        groups.iter().filter_map(|group| finding(case, group)).collect()
    }
}

fn is_closed(login: &SametimeLogin<'_>) -> bool {
    login.handshake.is_some()
        && login.outcome() == SametimeLoginOutcome::Closed
        && closed_by_server(login)
        && login.well_captured()
}

/// When each server closed sessions that were in use, in order of time.
type Stops = HashMap<Endpoint, Vec<Timestamp>>;

fn stops(case: &Case<'_>) -> Stops {
    let mut stops = Stops::new();
    for login in case.sametime().logins().filter(|login| lived(login) && closed_by_server(login)) {
        stops.entry(login.server()).or_default().push(login.ended());
    }
    stops.values_mut().for_each(|times| times.sort_unstable());
    stops
}

/// Other sessions with that server were closed at the same time.
fn is_stopped(case: &Case<'_>, stops: &Stops, login: &SametimeLogin<'_>) -> bool {
    let limits = &case.settings.thresholds;
    let times = stops.get(&login.server()).map_or(&[][..], Vec::as_slice);
    let early = times.partition_point(|time| login.ended().since(*time) > limits.restart_window);
    let by_then = times.partition_point(|time| time.since(login.ended()) <= limits.restart_window);
    by_then.saturating_sub(early) >= usize::try_from(limits.restart_streams).unwrap_or(usize::MAX).max(2)
}

/// It was in use.
fn lived(login: &SametimeLogin<'_>) -> bool {
    login.accepted.is_some() || login.outcome() == SametimeLoginOutcome::Unknown
}

fn finding(case: &Case<'_>, group: &[&SametimeLogin<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let recovered = group.last().is_some_and(|last| case.sametime().accepted_after(last).is_some());
    let last = first.conversation.messages.last().map_or(first.began(), |message| message.at);
    let said = words::ClosedInSilence {
        server: first.server(),
        who: who(first),
        count: group.len(),
        sent_login: !first.attempts.is_empty(),
        closed: Closed::of(&first.conversation.teardown),
        close_delay_s: delay(first, last.time),
        aftermath: afterwards(case, group),
    };
    let draft = Draft::new(&ABOUT, if first.attempts.is_empty() { 40 } else { 55 })
        .at_most(Confidence::Medium)
        .retry(group.len() > 1)
        .seen_in(group.len())
        .severity(if recovered { Severity::Minor } else { Severity::Major })
        .says(&said);
    Some(show_all(draft, group))
}

/// Time from the last message before the close to it.
fn delay(login: &SametimeLogin<'_>, last: Timestamp) -> Option<f64> {
    let delay = login.conversation.teardown.at?.time.seconds_since(last);
    (delay >= 0.0).then_some(delay)
}

#[cfg(test)]
mod tests {
    use crate::diagnose::evidence::sametime::tests::{USER, dial};
    use crate::model::{Confidence, Severity};
    use crate::testing::{none, of, one, says};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::sametime::{Login, PORT, SERVER_PORT, destroy, reason};

    const RULE: &str = "st-early-close";

    #[test]
    fn a_fin_in_place_of_an_answer() {
        let net = Network::new();
        let tcp = dial(&net);
        tcp.vp_open().vp_login(&Login::rc2_128(USER)).wait(3).server_fin().client(destroy(0, 0x8000_0221));
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Major, Confidence::Medium));
        says(&finding, &[USER, "after the login", "the server closed with FIN", "do not say why"]);
        dial(&net).vp_works(&Login::rc2_128(USER));
        assert_eq!(one(&net, RULE).severity, Severity::Minor);
    }

    #[test]
    fn after_the_handshake_it_is_weak_evidence() {
        let net = Network::new();
        dial(&net).vp_open().wait(3).server_rst();
        assert_eq!(one(&net, RULE).confidence, Confidence::Low);
    }

    #[test]
    fn another_rule_knows_better() {
        let net = Network::new();
        net.connect(&net.host("10.1.0.12"), &net.host("10.1.0.9"), SERVER_PORT).vp_handshake().wait(2).server_fin();
        assert!(of(&net, RULE).is_empty());
        assert!(one(&net, "st-untrusted-peer").also.contains(&super::ID));
    }

    #[test]
    fn reasons_clients_and_a_server_that_stops() {
        let net = Network::new();
        dial(&net).vp_open().vp_login(&Login::rc2_128(USER)).vp_refuse(reason::SERVER_FULL);
        dial(&net).vp_open().vp_login(&Login::rc2_128(USER)).client_fin();
        dial(&net).vp_works(&Login::rc2_128(USER)).server_fin();
        none(&net, RULE);
        let net = Network::new();
        let users: Vec<_> = ["10.1.0.51", "10.1.0.52", "10.1.0.53"]
            .iter()
            .map(|client| net.connect(&net.host(client), &net.host("10.1.0.9"), PORT))
            .collect();
        for tcp in &users {
            tcp.vp_works(&Login::rc2_128("Bob"));
        }
        let tcp = dial(&net);
        tcp.vp_open().vp_login(&Login::rc2_128(USER)).server_fin();
        for tcp in &users {
            tcp.server_fin();
        }
        none(&net, RULE);
    }
}
