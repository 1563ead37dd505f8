//! Nobody answers on the Sametime port.

use crate::diagnose::evidence::refusal::not_simply_down;
use crate::diagnose::evidence::{EVIDENCE, each};
use crate::diagnose::words::st::port_blocked as words;
use crate::diagnose::words::{Occurrences, RefusedBecause, count};
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::network::attempts::is_silent;
use crate::facts::network::refusals::{Refusals, foreign_reset};
use crate::facts::sametime::SametimeLogin;
use crate::facts::sametime::ends::talk;
use crate::model::{Conversation, RuleId, Setup, Severity};
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::sametime;
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct PortBlocked;

/// Ports on which clients try a tunnel: HTTP, HTTPS, and the multiplexer's own.
const TUNNELS: [u16; 3] = [80, 443, 8082];

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("st-port-blocked");

static ABOUT: About = About {
    id: ID,
    title: "The Sametime port cannot be reached",
    severity: Severity::Blocker,
    layer: Layer::Network,
    sees: "Connections to 1533 or 1516 get no answer at all, or are refused by RST; then perhaps the client tries a tunnel on \
           80, 443 or 8082 of the same server.",
    matters: "Without the direct port the client is slow (a tunnel) or offline.",
    guards: &[
        "The capture ends before an answer could be expected, or shows only one direction of the server's traffic: silent.",
        "The client calls many servers or ports and says nothing: a scan; silent.",
        "The port serves others at the same time, before or after, or the RST is not the server's: said so.",
        "A tunnel works, or the port answers the same client soon after: minor.",
    ],
    remedy: &[
        "Allow TCP 1533 from the clients to the Sametime server (1516 between servers) in every packet filter on the path; \
         try `nc -vz SERVER 1533` from the client.",
        "Refused: is the community server (STMux, or ST Community Launch) running, and bound to this address? On the server: \
         netstat -an | find \"1533\".",
        "If only a tunnel is wanted: File > Preferences > Sametime > Server Communities > Connection > HTTP with the right \
         port, so that users do not wait for the direct one.",
    ],
    references: &[
        "HCL Sametime: Ports used by the Sametime servers",
        "HCL Sametime: Client connectivity by proxy and tunnelling",
    ],
    explains: &[],
};

impl Rule for PortBlocked {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let blind = one_way(case);
        let blocked = case.sametime().logins().filter(|login| is_blocked(case, &blind, login));
        let blocked = blocked.filter(|login| !case.scans().has(login.client()));
        let refused = |c: &Conversation| (c.setup == Setup::Refused).then(|| foreign_reset(case, c).is_some());
        let groups = group_by(blocked, |login| (login.server(), refused(login.conversation)));
        if groups.is_empty() {
            return Vec::new();
        }
        let (ways, refusals) = (ways(case), Refusals::new(case));
        groups.iter().filter_map(|group| finding(case, &ways, &refusals, group)).collect()
    }
}

/// Conversations of a client with a server in which both said something, in order, by their addresses: those on ports on
/// which a tunnel may be, or of Sametime.
type Ways<'a> = HashMap<(IpAddr, IpAddr), Vec<&'a Conversation>>;

fn ways<'a>(case: &Case<'a>) -> Ways<'a> {
    let mut ways = Ways::new();
    let useful = |c: &&Conversation| (TUNNELS.contains(&c.server.port) || c.is(&sametime::PROTOCOL)) && through(c);
    for c in case.analysis.conversations.iter().filter(useful) {
        ways.entry((c.client.ip, c.server.ip)).or_default().push(c);
    }
    for all in ways.values_mut() {
        all.sort_by_key(|c| c.first.time);
    }
    ways
}

fn is_blocked(case: &Case<'_>, blind: &HashSet<IpAddr>, login: &SametimeLogin<'_>) -> bool {
    login.conversation.setup == Setup::Refused || is_silent(case, blind, &talk(login))
}

/// Servers whose answers the capture does not show although they answer.
fn one_way(case: &Case<'_>) -> HashSet<IpAddr> {
    let alone = case
        .sametime()
        .logins()
        .map(|login| login.conversation)
        .filter(|c| c.packets.server == 0 && c.bytes.client > 0);
    alone.map(|c| c.server.ip).collect()
}

/// 75 points where a RST or a second SYN bears it out, 50 without: a single SYN may have been lost on the way.
fn finding<'a>(
    case: &Case<'a>,
    ways: &Ways<'a>,
    refusals: &Refusals<'a>,
    group: &[&SametimeLogin<'a>],
) -> Option<Draft> {
    let first = *group.first()?;
    let server = first.server();
    let refused = first.conversation.setup == Setup::Refused;
    let conversations: Vec<&Conversation> = group.iter().map(|login| login.conversation).collect();
    let refusal = refused.then(|| refusals.why(case, server, &conversations));
    let why = refusal.as_ref().map(RefusedBecause::of);
    let seen = Occurrences::in_conversations(server, conversations.iter().copied(), first.began().time);
    let remedies = why.as_ref().and_then(|why| why.remedies(server, &seen.clients));
    let found: Vec<Option<Way<'_>>> = group.iter().map(|login| way_in(case, ways, login)).collect();
    let all_in = found.iter().all(Option::is_some);
    let repeated = refused || group.iter().any(|login| login.conversation.tcp.handshake.syns.len() > 1);
    let said = words::Blocked { seen, was_reset: refused, why, way: found.iter().flatten().next().map(Way::value) };
    let draft = Draft::new(&ABOUT, if repeated { 75 } else { 50 })
        .retry(group.len() > 1)
        .seen_in(group.len())
        .severity(if all_in { Severity::Minor } else { Severity::Blocker })
        .says(&said);
    let draft = match remedies {
        Some(remedies) => draft.remedies(remedies),
        None => draft,
    };
    let draft = refusal.iter().fold(draft, not_simply_down);
    let draft = group.iter().fold(draft, |draft, login| draft.conversation(login.conversation));
    let draft = each(draft, group, "attempts", |draft, login| evidence(draft, login));
    Some(found.into_iter().flatten().take(EVIDENCE).fold(draft, |draft, way| way.show(draft)))
}

fn evidence(draft: Draft, login: &SametimeLogin<'_>) -> Draft {
    let c = login.conversation;
    let draft = draft.frames(c.tcp.handshake.syns.iter().map(|syn| syn.frame));
    let what = if c.setup == Setup::Refused { "refused" } else { "no answer" };
    draft.packet(
        c.first,
        format!("{} calls {} ({}): {what}", c.client, c.server, count(c.tcp.handshake.syns.len(), "SYN")),
    )
}

/// How the client got in after all.
enum Way<'a> {
    Direct(&'a Conversation),
    Tunnel(&'a Conversation),
}

impl Way<'_> {
    const fn value(&self) -> words::WayIn {
        match self {
            Self::Direct(c) => words::WayIn::Direct { reached: c.first.time },
            Self::Tunnel(c) => words::WayIn::Tunnel { reached_port: c.server.port },
        }
    }

    fn show(&self, draft: Draft) -> Draft {
        match self {
            Self::Direct(c) => draft.packet(c.first, format!("{} reaches {}", c.client, c.server)),
            Self::Tunnel(c) => draft.packet(c.first, format!("{} reaches {} instead", c.client, c.server)),
        }
    }
}

/// The first of the client's conversations with that server, soon after, that came about.
fn way_in<'a>(case: &Case<'a>, ways: &Ways<'a>, login: &SametimeLogin<'a>) -> Option<Way<'a>> {
    let retry = case.settings.thresholds.retry_within;
    let all = ways.get(&(login.client(), login.server().ip))?;
    let next = all.get(all.partition_point(|c| c.first.time < login.began().time)..)?.first()?;
    let soon = next.first.time.since(login.began().time) <= retry.plus(retry);
    let way = if next.server == login.server() { Way::Direct(next) } else { Way::Tunnel(next) };
    soon.then_some(way)
}

/// Both sides said something.
fn through(c: &Conversation) -> bool {
    c.bytes.client > 0 && c.bytes.server > 0
}

#[cfg(test)]
mod tests {
    use crate::diagnose::evidence::sametime::tests::{USER, dial};
    use crate::model::{Confidence, Severity};
    use crate::testing::{idle, none, one, says};
    use nrpcsniff_samples::sametime::{Login, PORT};
    use nrpcsniff_samples::{Network, Side};

    const RULE: &str = "st-port-blocked";

    fn silent(net: &Network) {
        net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.9"), PORT).silent(&[1, 3, 7]);
    }

    #[test]
    fn a_port_that_does_not_answer() {
        let net = Network::new();
        silent(&net);
        idle(&net, 20);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        says(&finding, &["10.1.0.9:1533", "10.1.0.50", "a filter on the way"]);
    }

    #[test]
    fn a_port_that_refuses() {
        let net = Network::new();
        net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.9"), PORT).refused(2);
        says(&one(&net, RULE), &["refuses Sametime connections", "STMux"]);
    }

    #[test]
    fn a_tunnel_or_a_later_success_makes_it_minor() {
        for port in [8082, PORT] {
            let net = Network::new();
            silent(&net);
            net.wait_secs(3);
            net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), port).vp_works(&Login::rc2_128(USER));
            let finding = one(&net, RULE);
            assert_eq!(finding.severity, Severity::Minor);
            says(&finding, &[if port == PORT { "later attempt" } else { "port 8082" }]);
        }
    }

    #[test]
    fn too_short_a_capture_one_direction_only_and_scans() {
        let net = Network::new();
        net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.9"), PORT).silent(&[1]);
        none(&net, RULE);
        let net = Network::new();
        let half = net.dial(&net.host("10.1.0.51"), &net.host("10.1.0.9"), PORT).only(Side::Client).open();
        half.vp_works(&Login::rc2_128(USER));
        silent(&net);
        idle(&net, 20);
        none(&net, RULE);
        let net = Network::new();
        for n in 1..=20 {
            net.dial(&net.host("10.1.0.50"), &net.host(&format!("10.2.0.{n}")), PORT).refused(1);
        }
        none(&net, RULE);
    }

    #[test]
    fn a_port_that_works_is_silent() {
        let net = Network::new();
        dial(&net).vp_works(&Login::rc2_128(USER)).vp_logout();
        none(&net, RULE);
    }
}
