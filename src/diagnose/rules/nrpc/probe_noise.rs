//! Health checks and port scans: connections in which nothing is ever said.

use crate::diagnose::evidence::each;
use crate::diagnose::words::nrpc::probe_noise as words;
use crate::diagnose::words::{Clients, HealthChecks, Occurrences, count, span};
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::network::probes::{ProbeSeries, series};
use crate::model::{Close, Conversation, RuleId, Severity, Transport};

/// See [`ABOUT`].
pub(crate) struct ProbeNoise;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-probe-noise");

static ABOUT: About = About {
    id: ID,
    title: "Health checks, scans or floods: not users",
    severity: Severity::Info,
    layer: Layer::Information,
    sees: "Connections that carry no data, live less than a second and are closed by the client (FIN or RST), again and \
           again at a steady period from one source. Or one source that calls many hosts, many ports of one host, or several of \
           either from one port of its own, within seconds and without a word. Or many addresses that send one SYN each to one \
           port and are not heard of again.",
    matters: "Nothing for the sign-on: a load balancer or a monitor looks whether the port is open, or somebody scans or floods \
              the network. These are not users, and what they meet are no failures.",
    guards: &[
        "Something was said: not a probe.",
        "Too few of them, or no steady period: nothing is said of them.",
        "The server closed: see nrpc-accept-then-close.",
        "Who signs on as well must call very many ports to be taken for a scanner.",
    ],
    remedy: &["None needed. Take the source out of the capture filter if it is in the way."],
    references: &["RFC 9293 3.5 (half-open connections)", "F5 BIG-IP monitors tcp and tcp_half_open"],
    explains: &[super::accept_then_close::ID, super::early_close::ID, super::syn_refused::ID, super::syn_silent::ID],
};

impl Rule for ProbeNoise {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let series = series(case, case.talks().map(|talk| talk.conversation));
        checks(&series).into_iter().chain(scans(case)).chain(floods(case)).collect()
    }
}

/// 80 points for a steady period, as no person opens connections without a word at equal intervals.
fn checks(series: &[ProbeSeries<'_>]) -> Option<Draft> {
    let draft = Draft::new(&ABOUT, 80).says(&words::Checks(HealthChecks::of(series)?));
    let draft = series.iter().flat_map(|series| series.probes.iter().copied()).fold(draft, Draft::conversation);
    Some(each(draft, series, "series", |draft, series| match series.probes.first() {
        Some(probe) => draft.packet(
            probe.first,
            format!(
                "{} to {}: {} every {}, closed by {}",
                probe.client.ip,
                probe.server,
                count(series.probes.len(), "probe"),
                span(series.period),
                if probe.teardown.how == Close::Rst { "RST" } else { "FIN" },
            ),
        ),
        None => draft,
    }))
}

fn scans(case: &Case<'_>) -> Option<Draft> {
    let all = of(case, |c| case.scans().is_scanner(c.client.ip));
    let first = all.first()?;
    let draft = Draft::new(&ABOUT, 80).says(&words::Scan {
        clients: Clients::of(all.iter().map(|c| c.client.ip)),
        count: all.len(),
        scanned_count: case.scans().called(),
        first: first.first.time,
    });
    let draft = all.iter().copied().fold(draft, Draft::conversation);
    let sources = group_by(all.iter().copied(), |c| c.client.ip);
    Some(each(draft, &sources, "sources", |draft, calls| match calls.first() {
        Some(c) => draft
            .packet(c.first, format!("{} begins with {}: {}", c.client.ip, c.server, count(calls.len(), "connection"))),
        None => draft,
    }))
}

fn floods(case: &Case<'_>) -> Option<Draft> {
    let all = of(case, |c| case.scans().is_flooder(c.client.ip));
    let first = all.first()?;
    let draft = Draft::new(&ABOUT, 80).says(&words::Flood {
        seen: Occurrences::in_conversations(first.server, all.iter().copied(), first.first.time),
    });
    let draft = draft.packet(first.first, format!("SYN from {} to {}, the first of them", first.client, first.server));
    Some(all.iter().copied().fold(draft, Draft::conversation))
}

/// TCP connections without a word of such clients, in order.
fn of<'a>(case: &Case<'a>, such: impl Fn(&Conversation) -> bool) -> Vec<&'a Conversation> {
    if case.scans().is_empty() {
        return Vec::new();
    }
    let silent = |c: &&Conversation| c.transport == Transport::Tcp && c.bytes.client == 0;
    case.analysis.conversations.iter().filter(silent).filter(|c| such(c)).collect()
}

#[cfg(test)]
mod tests {
    use crate::model::Severity;
    use crate::testing::{idle, none, of, one, says};
    use nrpcsniff_samples::Network;

    const RULE: &str = "nrpc-probe-noise";

    fn probe(net: &Network, at: u64, half_open: bool) {
        net.at(at);
        let (monitor, server) = (net.host("10.1.0.5"), net.host("10.2.0.9"));
        if half_open {
            net.dial(&monitor, &server, 1352).half_open();
        } else {
            net.connect(&monitor, &server, 1352).client_fin();
        }
    }

    #[test]
    fn health_checks_at_a_steady_period() {
        for half_open in [true, false] {
            let net = Network::new();
            for n in [0, 1, 2, 4, 5] {
                probe(&net, n * 5000, half_open);
            }
            let finding = one(&net, RULE);
            assert_eq!((finding.severity, finding.conversations.len()), (Severity::Info, 5));
            says(&finding, &["Health checks from 10.1.0.5", "5 probes every 5.0 s", "10.2.0.9:1352"]);
            for rule in ["nrpc-syn-refused", "nrpc-accept-then-close", "nrpc-early-close", "nrpc-asymmetric"] {
                assert!(of(&net, rule).is_empty(), "{rule}");
            }
        }
    }

    #[test]
    fn too_few_or_unsteady_connections_are_nobody_s_check() {
        let net = Network::new();
        for at in [0, 5000] {
            probe(&net, at, false);
        }
        none(&net, RULE);
        for at in [6000, 30_000, 31_500] {
            probe(&net, at, false);
        }
        none(&net, RULE);
    }

    #[test]
    fn a_scan_of_few_ports_and_its_healthy_twin() {
        for (ports, told) in [(&[1352, 1533, 443, 80, 5060, 389][..], true), (&[1352, 443, 80], false)] {
            let net = Network::new();
            let (scanner, server) = (net.host("10.1.0.5"), net.host("10.2.0.9"));
            for &port in ports {
                net.dial(&scanner, &server, port).refused(1);
            }
            assert_eq!(!of(&net, RULE).is_empty(), told, "{ports:?}");
            assert_eq!(of(&net, "nrpc-syn-refused").is_empty(), told, "{ports:?}");
        }
    }

    #[test]
    fn one_port_of_its_own_for_all_is_a_scanner_s() {
        let net = Network::new();
        let scanner = net.host("10.1.0.5");
        for server in ["10.2.0.9", "10.2.0.10", "10.2.0.11"] {
            net.dial(&scanner, &net.host(server), 1352).client_port(33_527).refused(1);
        }
        says(&one(&net, RULE), &["10.1.0.5 scans for open ports", "3 ports"]);
        assert!(of(&net, "nrpc-syn-refused").is_empty());
    }

    #[test]
    fn a_flood_is_counted_and_a_server_that_is_down_is_told() {
        for (retries, flood) in [(&[][..], true), (&[1, 3], false)] {
            let net = Network::new();
            for n in 1..=80 {
                net.at(n * 10);
                net.dial(&net.host(&format!("10.9.0.{n}")), &net.host("10.2.0.9"), 1352).silent(retries);
            }
            idle(&net, 20);
            let told = of(&net, RULE);
            assert_eq!((!told.is_empty(), of(&net, "nrpc-syn-silent").is_empty()), (flood, flood), "{told:?}");
        }
    }

    #[test]
    fn who_says_something_is_no_probe() {
        let net = Network::new();
        for n in 0..5 {
            net.at(n * 5000);
            net.connect(&net.host("10.1.0.5"), &net.host("10.2.0.9"), 1352).works("CN=Mail01/O=Acme", 1).client_fin();
        }
        none(&net, RULE);
    }
}
