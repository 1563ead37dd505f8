//! Sessions of several clients are reset at one moment, in the middle of their work.

use crate::diagnose::evidence::each;
use crate::diagnose::rules::nrpc::early_close;
use crate::diagnose::words::Occurrences;
use crate::diagnose::words::tcp::reset_together as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::attempts::Outcomes;
use crate::facts::grouping::group_by;
use crate::facts::network::refusals::foreign_reset;
use crate::facts::nrpc::restarts::restarted;
use crate::model::{Close, CloseBy, Conversation, RuleId, Severity, Side, Span, Stamp, Transport};
use hashbrown::HashSet;
use nrpcsniff_dissectors::{http, tls};

/// See [`ABOUT`].
pub(crate) struct ResetTogether;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("tcp-reset-together");

/// Resets this near each other are of one moment.
const MOMENT: Span = Span::from_secs(2);
/// Whoever is served again within this time has lost little.
const SOON: Span = Span::from_secs(30);
/// So many sessions, of at least two clients, are no chance.
const FEWEST: usize = 3;

static ABOUT: About = About {
    id: ID,
    title: "Sessions of several clients are reset at one moment",
    severity: Severity::Major,
    layer: Layer::Network,
    sees: "Three sessions and more of two clients and more with one server are reset within two seconds, after both sides had spoken and \
           though none of them had been idle.",
    matters: "Something happened to all of them at once: a firewall or load balancer lost its table of sessions (fail-over, new policy) \
              or put the server out of service, or the server's process ended. Users are thrown out in the middle of their work.",
    guards: &[
        "New attempts are refused or not answered afterwards: nrpc-server-restart says so; silent.",
        "Sessions that had been idle for five minutes and more: the rules about idle sessions.",
        "Sessions of HTTP and TLS, which browsers and servers reset as they please.",
        "Resets by clients, one by one, or of one client alone: silent.",
        "All were served again within half a minute: minor.",
    ],
    remedy: &[
        "Look at the logs of firewall and load balancer at that moment: fail-over, policy, health check, session table.",
        "Look at the server's console log at that moment: task or server ended, \"drop all\".",
    ],
    references: &["RFC 9293 section 3.10.7 (resets)"],
    explains: &[early_close::ID],
};

impl Rule for ResetTogether {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let restarted = restarted(case);
        let all = case.analysis.conversations.iter().filter(|c| !restarted.contains(&c.id));
        let reset = all.filter_map(|c| Some((c, reset_at(case, c)?)));
        let servers = group_by(reset, |(c, _)| c.server);
        servers.into_iter().flat_map(moments).filter_map(|group| finding(case, &group)).collect()
    }
}

/// When it was reset in the middle, in the server's name.
fn reset_at(case: &Case<'_>, c: &Conversation) -> Option<Stamp> {
    let spoken = c.spoken().filter(|p| p.sign_on.is_some() && *p != &http::PROTOCOL && *p != &tls::PROTOCOL);
    let is_reset = c.transport == Transport::Tcp
        && c.teardown.how == Close::Rst
        && matches!(c.teardown.by, CloseBy::Server | CloseBy::Middlebox);
    let by_name = c.teardown.reset_origin.as_ref().is_some_and(|origin| origin.claimed == Side::Server);
    let both_spoke = c.messages_seen.client > 0 && c.messages_seen.server > 0;
    let at = c.teardown.at?;
    let was_idle = c
        .tcp
        .idle
        .last()
        .is_some_and(|gap| gap.after.frame >= at.frame && gap.length() >= case.settings.thresholds.idle);
    (spoken.is_some() && is_reset && by_name && both_spoke && !was_idle).then_some(at)
}

/// Those of one moment each, if they are enough.
fn moments(mut reset: Vec<(&Conversation, Stamp)>) -> Vec<Vec<(&Conversation, Stamp)>> {
    reset.sort_by_key(|(_, at)| at.time);
    let mut moments: Vec<Vec<(&Conversation, Stamp)>> = Vec::new();
    for (c, at) in reset {
        match moments.last_mut() {
            Some(moment) if moment.first().is_some_and(|(_, first)| at.since(*first) <= MOMENT) => moment.push((c, at)),
            _ => moments.push(vec![(c, at)]),
        }
    }
    let clients =
        |moment: &[(&Conversation, Stamp)]| moment.iter().map(|(c, _)| c.client.ip).collect::<HashSet<_>>().len();
    moments.retain(|moment| moment.len() >= FEWEST && clients(moment) > 1);
    moments
}

/// A TTL that is not the server's tells who it was; else it may be the server as well as a device as far away.
fn finding(case: &Case<'_>, group: &[(&Conversation, Stamp)]) -> Option<Draft> {
    let &(c, first) = group.first()?;
    let outcomes = Outcomes::of(case);
    let foreign = group.iter().find_map(|(c, _)| foreign_reset(case, c));
    let again = group.iter().filter(|(c, at)| is_served_again(case, &outcomes, c, *at)).count();
    let draft = group.iter().fold(Draft::new(&ABOUT, 55), |draft, (c, _)| draft.conversation(c));
    let draft = draft
        .points(if foreign.is_some() { 20 } else { 0 })
        .seen_in(group.len())
        .severity(if again == group.len() { Severity::Minor } else { Severity::Major })
        .says(&words::Reset {
            seen: Occurrences::in_conversations(c.server, group.iter().map(|(c, _)| *c), first.time),
            forged: foreign.is_some(),
            recovered_count: again,
        });
    let draft = each(draft, group, "sessions", |draft, (c, at)| {
        draft.packet(*at, format!("RST in the session of {}", c.client))
    });
    Some(match foreign {
        Some(reason) => draft.note(format!("sent by a device: {reason}")),
        None => draft,
    })
}

/// The same client was served by that server soon after.
fn is_served_again(case: &Case<'_>, outcomes: &Outcomes<'_>, c: &Conversation, at: Stamp) -> bool {
    case.analysis.conversations.iter().any(|other| {
        other.client.ip == c.client.ip
            && other.server == c.server
            && (Span::ZERO..SOON).contains(&other.first.since(at))
            && outcomes.has_granted(other)
    })
}

#[cfg(test)]
mod tests {
    use crate::model::Severity;
    use crate::testing::{idle, none, of, one, says};
    use nrpcsniff_samples::{Network, Segment, Side, Tcp, flags};

    const RULE: &str = "tcp-reset-together";
    const NAME: &str = "CN=Mail01/O=Acme";

    /// So many sessions at work; at 20 s the server, or a device with that TTL, resets them.
    fn reset(sessions: u8, ttl: Option<u8>, silence: u64) -> Network {
        let net = Network::new();
        let server = net.host("10.2.0.9").linux();
        let dial = |client: u8| net.connect(&net.host(&format!("10.1.0.{client}")), &server, 1352);
        let open: Vec<Tcp> = (50..50 + sessions).map(dial).collect();
        for tcp in &open {
            tcp.works(NAME, 3).wait(20);
        }
        net.at(silence);
        for tcp in &open {
            tcp.segment(Side::Server, Segment { ttl, ..Segment::new(flags::RST | flags::ACK) });
        }
        net
    }

    fn come_back(net: &Network) {
        net.wait_secs(5);
        for client in 50..54 {
            net.connect(&net.host(&format!("10.1.0.{client}")), &net.host("10.2.0.9"), 1352)
                .works(NAME, 3)
                .client_fin();
        }
    }

    #[test]
    fn a_device_resets_all_sessions() {
        let net = reset(4, Some(201), 20_000);
        idle(&net, 40);
        let finding = one(&net, RULE);
        assert_eq!(finding.severity, Severity::Major);
        says(&finding, &["4 sessions", "10.2.0.9:1352", "a device on the path", "TTL 201"]);
        assert!(of(&net, "nrpc-early-close").is_empty());
    }

    #[test]
    fn whoever_is_served_again_has_lost_little() {
        let net = reset(4, None, 20_000);
        come_back(&net);
        let finding = one(&net, RULE);
        assert_eq!(finding.severity, Severity::Minor);
        says(&finding, &["All of them were served again"]);
    }

    #[test]
    fn look_alikes() {
        none(&reset(2, Some(201), 20_000), RULE);
        none(&reset(4, Some(201), 400_000), RULE);
    }
}
