//! Nobody answers the SYN: a filter on the way, or the host is down.

use super::{ipv6_first, private_address};
use crate::diagnose::evidence::each;
use crate::diagnose::evidence::logs::not_responding;
use crate::diagnose::words::nrpc::{Afterwards, syn_silent as words};
use crate::diagnose::words::{Occurrences, clients, clock};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk, Testimony};
use crate::facts::grouping::group_by;
use crate::facts::network::attempts::{Aftermath, accepted_ports, got_through, silent, worst_aftermath};
use crate::facts::nrpc::restarts::restarted;
use crate::model::{ConversationId, RuleId, Severity};
use hashbrown::HashSet;

/// See [`ABOUT`].
pub(crate) struct SynSilent;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-syn-silent");

static ABOUT: About = About {
    id: ID,
    title: "Nobody answers on the NRPC port",
    severity: Severity::Blocker,
    layer: Layer::Network,
    sees: "The client's SYN to the NRPC port is repeated (after about 1, 3 and 7 seconds; Notes gives up after 5, so \
           often only two or three are sent). Neither SYN-ACK nor RST nor an ICMP error comes back. \
           Logs: \"Unable to connect\" in a Notes client's port trace, for the same address.",
    matters: "A packet filter drops the connection, or the host is down or gone. The user waits and then reads \"the \
              server is not responding\" (0x0807) or \"unable to find path to server\" (0x0803).",
    guards: &[
        "The capture ended before an answer could be expected.",
        "An ICMP error, a RST, a restart of the server or a slow IPv6 attempt explains it.",
        "The capture shows only one direction of other conversations with that host.",
        "The client sweeps over many hosts or ports: a scanner. Many addresses send one SYN each: a flood.",
        "The client got through soon after: severity is lowered.",
        "IPv6 only, while somebody gets through over IPv4: perhaps the same client; severity and confidence are lowered.",
        "A single SYN, or frames that the capturing machine dropped: confidence is lowered.",
    ],
    remedy: &[
        "Check that the server runs and has this address: ping, console, `show port TCPIP`.",
        "Follow the path hop by hop (capture on the server side): if the SYN arrives there, the way back is broken.",
        "On slow dial-up or satellite lines only: raise the connection timeout of the port (up to 10 seconds).",
    ],
    references: &[
        "RFC 9293 3.8.1 (retransmission), RFC 6298 (timer)",
        "HCL Domino: Changing the TCP/IP connection-timeout interval",
        "Notes status 0x0803, 0x0807",
    ],
    explains: &[super::early_close::ID, super::hello_unanswered::ID],
};

impl Rule for SynSilent {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let restarted = restarted(case);
        let other: HashSet<ConversationId> =
            ipv6_first::claimed(case).union(&private_address::claimed(case)).copied().collect();
        let mine = silent(case).filter(|talk| {
            let c = talk.conversation;
            !restarted.contains(&c.id) && !other.contains(&c.id) && !case.scans().has(c.client.ip)
        });
        let over_ipv4 = case.talks().any(|talk| talk.conversation.server.ip.is_ipv4() && got_through(talk));
        let groups = group_by(mine, |talk| talk.conversation.server);
        groups.iter().filter_map(|group| finding(case, over_ipv4, group)).collect()
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        not_responding(case, &ABOUT)
    }
}

/// `over_ipv4`: somebody got through over IPv4 in this capture. A client's two addresses cannot be told to be one.
fn finding(case: &Case<'_>, over_ipv4: bool, group: &[&Talk<'_>]) -> Option<Draft> {
    let first = *group.first()?;
    let server = first.conversation.server;
    let aftermath = worst_aftermath(case, group);
    let repeated = group.iter().any(|talk| talk.conversation.tcp.handshake.syns.len() > 1);
    let other_family = over_ipv4 && server.ip.is_ipv6();
    let waited = case.watched_until(first.conversation).seconds_since(first.conversation.first.time);
    let dropped = case.analysis.inputs.iter().any(|input| input.dropped.is_some_and(|n| n > 0));
    let (other_port, port_answers_others) = accepted_ports(case, server);
    let mut draft = Draft::new(&ABOUT, if repeated { 75 } else { 50 })
        .retry(group.len() > 1 || !matches!(aftermath, Aftermath::Nothing))
        .seen_in(group.len())
        .guard(dropped)
        .guard(other_family)
        .severity(if other_family { aftermath.severity().min(Severity::Major) } else { aftermath.severity() })
        .conversations_of(group.iter().copied())
        .says(&words::Silent {
            seen: Occurrences::of(server, group, first.conversation.first.time),
            syn_count: group.iter().map(|talk| talk.conversation.tcp.handshake.syns.len()).sum(),
            waited_s: waited.min(case.settings.thresholds.retry_within.as_secs_f64()),
            port_answers_others,
            other_port: other_port.map(|(port, _)| port),
            afterwards: Afterwards::of(aftermath),
        })
        .remedy_first(format!(
            "Allow TCP from {} to {server} in every packet filter on the path, and its answers back; then try \
             `nc -vz {} {}` from the client.",
            clients(group),
            server.ip,
            server.port,
        ));
    draft = each(draft, group, "attempts", |draft, talk| evidence(draft, talk));
    draft = draft.absence(format!("no SYN-ACK, RST or ICMP error from or about {server}"));
    if let Some((port, frame)) = other_port {
        draft = draft.note(format!("{} accepted a connection on port {port} (frame {})", server.ip, frame.number));
    }
    Some(draft)
}

fn evidence(draft: Draft, talk: &Talk<'_>) -> Draft {
    let c = talk.conversation;
    let syns = &c.tcp.handshake.syns;
    let Some(first) = syns.first() else { return draft };
    let waits: Vec<String> =
        syns.iter().skip(1).filter_map(|syn| Some(syn.lasted_since(*first)?.to_string())).collect();
    let text = if waits.is_empty() {
        format!("SYN from {} at {}, not repeated", c.client, clock(first.time))
    } else {
        format!("SYN from {} at {}, repeated after {}", c.client, first.time, waits.join(", "))
    };
    draft.packet(*first, text).frames(syns.iter().map(|syn| syn.frame))
}

#[cfg(test)]
mod tests {
    use crate::model::{Confidence, Severity};
    use crate::testing::logs::{beside, is_of_both, log};
    use crate::testing::{conversations, frames, idle, none, one, says};
    use nrpcsniff_samples::{Network, Side};

    const RULE: &str = "nrpc-syn-silent";
    const NAME: &str = "CN=Mail01/O=Acme";

    #[test]
    fn syns_without_any_answer() {
        let net = Network::new();
        let (client, server) = (net.host("10.1.0.50"), net.host("10.2.0.9"));
        net.dial(&client, &server, 1352).silent(&[1, 3]);
        idle(&net, 5);
        let finding = one(&net, RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Blocker, Confidence::High));
        assert_eq!((conversations(&finding), frames(&finding)), (vec![0], vec![1, 2, 3]));
        says(&finding, &["10.2.0.9:1352", "10.1.0.50", "3 SYNs", "repeated after 1.0 s, 3.0 s", "or the host is down"]);
    }

    #[test]
    fn a_host_that_answers_elsewhere_is_up() {
        let net = Network::new();
        let (client, server) = (net.host("10.1.0.50"), net.host("10.2.0.9"));
        net.connect(&client, &server, 443).client_fin();
        net.dial(&client, &server, 1352).silent(&[1, 3]);
        idle(&net, 5);
        says(&one(&net, RULE), &["the host is up: this port is filtered", "accepted a connection on port 443"]);
    }

    #[test]
    fn a_capture_that_ends_too_soon_proves_nothing() {
        for retries in [&[][..], &[1]] {
            let net = Network::new();
            net.dial(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352).silent(retries);
            none(&net, RULE);
        }
    }

    #[test]
    fn a_single_syn_is_weak_evidence() {
        let net = Network::new();
        net.dial(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352).silent(&[]);
        idle(&net, 10);
        assert_eq!(one(&net, RULE).confidence, Confidence::Medium);
    }

    #[test]
    fn success_soon_after_lowers_the_severity() {
        for (second, severity) in [("10.2.0.9", Severity::Minor), ("10.2.0.10", Severity::Major)] {
            let net = Network::new();
            let client = net.host("10.1.0.50");
            net.dial(&client, &net.host("10.2.0.9"), 1352).silent(&[1, 3]);
            net.wait_secs(2);
            net.connect(&client, &net.host(second), 1352).works(NAME, 2).client_fin();
            assert_eq!(one(&net, RULE).severity, severity, "{second}");
        }
    }

    #[test]
    fn a_capture_of_one_direction_shows_no_answers() {
        let net = Network::new();
        let (client, server) = (net.host("10.1.0.50"), net.host("10.2.0.9"));
        net.dial(&client, &server, 1352).only(Side::Client).open().works(NAME, 2);
        net.dial(&client, &server, 1352).silent(&[1, 3]);
        idle(&net, 5);
        none(&net, RULE);
    }

    #[test]
    fn a_sweep_over_many_hosts_is_a_scan() {
        let net = Network::new();
        let client = net.host("10.1.0.50");
        for n in 1..=20 {
            net.dial(&client, &net.host(&format!("10.2.0.{n}")), 1352).silent(&[]);
        }
        idle(&net, 10);
        none(&net, RULE);
        assert_eq!(one(&net, "nrpc-probe-noise").conversations.len(), 20);
    }

    #[test]
    fn the_client_s_trace_of_that_address_joins_it() {
        let net = Network::new();
        net.dial(&net.host("10.1.0.50"), &net.host("10.2.0.9"), 1352).silent(&[1, 3]);
        idle(&net, 5);
        let found = beside(&net, Vec::new());
        let server = "10.2.0.9";
        for (address, together) in [(server, true), ("10.1.0.77", false)] {
            let text = format!(
                "Using address '{address}' for Mail01 on TCPIP\nUnable to connect to Mail01 on TCPIP (The server is not responding.)\n"
            );
            let heard = beside(&net, vec![log("trace.txt", &text)]);
            let expected = found.len() + usize::from(!together);
            assert_eq!((heard.len(), is_of_both(&heard[0])), (expected, together), "{heard:#?}");
        }
    }
}
