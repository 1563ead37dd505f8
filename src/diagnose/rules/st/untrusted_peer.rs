//! A Sametime server or proxy is not on the other server's list.

use crate::diagnose::evidence::logs::{FEW, READ, log_of};
use crate::diagnose::evidence::sametime::show_all;
use crate::diagnose::words::Closed;
use crate::diagnose::words::st::untrusted_peer as words;
use crate::diagnose::{About, Case, Draft, Layer, Rule, Testimony};
use crate::facts::grouping::group_by;
use crate::facts::logs::LogEntry;
use crate::facts::sametime::SametimeLogin;
use crate::facts::sametime::ends::{closed_by_server, only_handshake};
use crate::model::{Confidence, ConversationId, LogEvent, RuleId, Severity};
use std::net::IpAddr;

/// See [`ABOUT`].
pub(crate) struct UntrustedPeer;

/// Port between servers.
const BETWEEN_SERVERS: u16 = 1516;
/// Ports of a community server.
const PORTS: [u16; 2] = [1533, BETWEEN_SERVERS];
/// Reasons of a server that does not trust its peer: not authorized, not trusted.
const NOT_TRUSTED: [u32; 2] = [0x8000_0003, 0x8000_0011];

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("st-untrusted-peer");

static ABOUT: About = About {
    id: ID,
    title: "A Sametime server turns another server away",
    severity: Severity::Blocker,
    layer: Layer::Protocol,
    sees: "A connection to the port between servers (1516), or from one Sametime server to another (1533), is closed by the \
           called side right after the handshake, without a login or with reason 0x80000003 or 0x80000011. \
           Logs: \"Rejecting server ... not in servers list\".",
    matters: "Proxy, meeting or multiplexer servers cannot join the community: everybody behind them is offline.",
    guards: &[
        "The caller is an ordinary client: it calls 1533 and accepts no Sametime connection itself; silent.",
        "Nothing was said at all: a probe (see st-lb-probe).",
        "The caller closed, or a login followed: silent.",
        "That the list of trusted addresses is the cause is inferred: medium confidence at most.",
    ],
    remedy: &[
        "Is the caller a Sametime community server? Then its Server document must say so (Is this a Sametime server: Yes), and Net \
         Address in it must be the name by which the called server finds its address.",
        "Else, up to Sametime 11, add its address, as the called server sees it, to the trusted IP addresses of the community: \
         Sametime System Console > Sametime Servers > community server > Connectivity > Trusted Servers (stconfig.nsf > \
         CommunityTrustedIps), then restart the server. Sametime 12: StCommunityConfig.xml takes the place of stconfig.nsf.",
        "Avoid NAT between the servers; with several network cards, bind the caller to the one that is on the list.",
        "Look for \"not in servers list\" in the called server's log: it names the address that it saw.",
    ],
    references: &["IBM SWG21206752: Community connections and trusted IP addresses"],
    explains: &[],
};

impl Rule for UntrustedPeer {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let turned_away = case.sametime().logins().filter(|login| is_turned_away(case, login));
        let groups = group_by(turned_away, |login| (login.client(), login.server()));
        groups.iter().filter_map(|group| finding(group)).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        let rejected = case.logs().saying(|event| matches!(event, LogEvent::PeerRejected { .. }));
        rejected.take(FEW).map(|entry| told_by_server(case, entry)).collect()
    }
}

fn is_turned_away(case: &Case<'_>, login: &SametimeLogin<'_>) -> bool {
    let trusted = login.reason().is_none_or(|(code, _)| NOT_TRUSTED.contains(&code));
    let soon = login
        .conversation
        .teardown
        .at
        .zip(login.conversation.messages.last())
        .is_some_and(|(close, last)| close.time.since(last.at.time) <= case.settings.thresholds.close_after_reply);
    only_handshake(login)
        && trusted
        && closed_by_server(login)
        && soon
        && login.well_captured()
        && is_server(case, login)
}

/// The caller is a server: it calls the port between servers, or accepts Sametime connections itself.
fn is_server(case: &Case<'_>, login: &SametimeLogin<'_>) -> bool {
    let accepted = case.analysis.facts.hosts.get(&login.client()).map_or(&[][..], |host| host.accepted.as_slice());
    login.server().port == BETWEEN_SERVERS || accepted.iter().any(|(port, _)| PORTS.contains(port))
}

/// Medium at most, because that the list of trusted addresses is the cause is inferred: a close right after the
/// handshake names no reason.
fn finding(group: &[&SametimeLogin<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let last = *group.last()?;
    let pauses = u32::try_from(group.len().saturating_sub(1)).ok()?;
    let between = last.began().time.seconds_since(first.began().time);
    let said = words::PeerTurnedAway {
        server: first.server(),
        client: first.client(),
        count: group.len(),
        period_s: (pauses > 0 && between >= 0.0).then(|| between / f64::from(pauses)),
        closed: Closed::of(&first.conversation.teardown),
        seen_address: first.seen_address(),
        is_translated: first.is_translated(),
    };
    let draft = Draft::new(&ABOUT, 55)
        .at_most(Confidence::Medium)
        .retry(group.len() > 1)
        .seen_in(group.len())
        .says(&said)
        .remedy_first(format!(
            "Put {} on the trusted IP addresses of the community that {} belongs to.",
            first.seen_address().map_or_else(|| first.client().to_string(), |seen| seen.to_string()),
            first.server(),
        ));
    Some(show_all(draft, group))
}

/// The called server names the address that it does not know.
fn told_by_server(case: &Case<'_>, entry: LogEntry<'_>) -> Testimony {
    let LogEvent::PeerRejected { address } = &entry.fact.event else { return Testimony::new(&ABOUT, &[entry]) };
    let draft = Draft::new(&ABOUT, READ)
        .points(20)
        .at_most(Confidence::Medium)
        .says(&words::Rejected { log: log_of(case, &entry).to_owned(), peer: address.clone() })
        .remedy_first(format!(
            "Put {address} on the trusted IP addresses of the community, if it is one of its servers."
        ));
    let ip: Option<IpAddr> = address.parse().ok();
    let peers = case.sametime().logins().filter(|login| {
        let seen = login.seen_address().map(IpAddr::V4);
        ip.is_some_and(|ip| login.client() == ip || seen == Some(ip))
    });
    let links: Vec<ConversationId> = peers.map(|login| login.conversation.id).collect();
    Testimony::new(&ABOUT, &[entry]).whom(address.clone()).links(links).proves().alone(draft)
}

#[cfg(test)]
mod tests {
    use crate::diagnose::evidence::sametime::tests::{USER, dial};
    use crate::model::{Confidence, Severity};
    use crate::testing::logs::{SOME_TIME, alone, beside, is_of_both, log, stusers};
    use crate::testing::{none, one, says, the_one};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::sametime::{Login, PORT, SERVER_PORT, reason};

    const RULE: &str = "st-untrusted-peer";

    #[test]
    fn a_proxy_at_the_port_between_servers() {
        let net = Network::new();
        for n in 0..3 {
            net.at(n * 30_000);
            let tcp = net.connect(&net.host("10.1.0.12"), &net.host("10.1.0.9"), SERVER_PORT);
            tcp.vp_handshake().wait(2).server_fin();
        }
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::Medium));
        says(&finding, &["10.1.0.12", "10.1.0.9:1516", "trusted"]);
    }

    #[test]
    fn a_server_that_serves_others() {
        let net = Network::new();
        net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.12"), PORT).vp_works(&Login::rc2_128(USER));
        net.connect(&net.host("10.1.0.12"), &net.host("10.1.0.9"), PORT).vp_open().vp_refuse(reason::NOT_AUTHORIZED);
        says(&one(&net, RULE), &["10.1.0.12 away"]);
    }

    #[test]
    fn clients_probes_and_logins_are_none() {
        let net = Network::new();
        dial(&net).vp_open().wait(2).server_fin();
        net.connect(&net.host("10.1.0.12"), &net.host("10.1.0.9"), SERVER_PORT).wait(2).server_fin();
        net.connect(&net.host("10.1.0.12"), &net.host("10.1.0.9"), SERVER_PORT).vp_open().wait(2).client_fin();
        net.connect(&net.host("10.1.0.12"), &net.host("10.1.0.9"), SERVER_PORT).vp_works(&Login::rc2_128(USER));
        let tcp = net.connect(&net.host("10.1.0.12"), &net.host("10.1.0.9"), SERVER_PORT);
        tcp.vp_open().vp_refuse(reason::VERSION_MISMATCH);
        none(&net, RULE);
    }

    #[test]
    fn the_called_server_s_log_proves_what_is_inferred() {
        let found = alone(&[&stusers(SOME_TIME, &["Rejecting server <10.1.0.30> not in servers list"])]);
        assert_eq!((the_one(&found).rule.as_str(), the_one(&found).confidence), (RULE, Confidence::Medium));
        says(the_one(&found), &["10.1.0.30"]);
        let net = Network::new();
        let tcp = net.connect(&net.host("10.1.0.12"), &net.host("10.1.0.9"), SERVER_PORT);
        tcp.vp_handshake().wait(2).server_fin();
        let text = stusers(SOME_TIME, &["Rejecting server 10.1.0.12 not in servers list"]);
        let found = beside(&net, vec![log("st.txt", &text)]);
        assert!(is_of_both(the_one(&found)), "{found:#?}");
        assert_eq!(the_one(&found).confidence, Confidence::High);
    }
}
