//! Health checks and port scans: connections in which nothing is ever said.

use crate::diagnose::evidence::each;
use crate::diagnose::words::nrpc::probe_noise as words;
use crate::diagnose::words::{Clients, clients, count, span};
use crate::diagnose::{About, Case, Draft, Layer, Rule, Talk};
use crate::facts::grouping::group_by;
use crate::facts::network::attempts::scanners;
use crate::facts::statistics::median;
use crate::model::{Close, CloseBy, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct ProbeNoise;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("nrpc-probe-noise");

static ABOUT: About = About {
    id: ID,
    title: "Health checks or scans on the NRPC port",
    severity: Severity::Info,
    layer: Layer::Information,
    sees: "Connections that carry no data, live less than a second and are closed by the client (FIN or RST), again and \
           again at a steady period from one source; or one source that calls many hosts within seconds.",
    matters: "Nothing: a load balancer or a monitor looks whether the port is open. These are not users, and their \
              closes are not failures.",
    guards: &[
        "Something was said: not a probe.",
        "Too few of them, or no steady period: nothing is said of them.",
        "The server closed: see nrpc-accept-then-close.",
    ],
    remedy: &["None needed. Take the source out of the capture filter if it is in the way."],
    references: &["RFC 9293 3.5 (half-open connections)", "F5 BIG-IP monitors tcp and tcp_half_open"],
    explains: &[super::accept_then_close::ID, super::early_close::ID, super::syn_refused::ID, super::syn_silent::ID],
};

/// Probes from one source to one server.
struct Series<'c, 'a> {
    probes: Vec<&'c Talk<'a>>,
    period: f64,
}

impl Rule for ProbeNoise {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let probes = case.talks().filter(|talk| is_probe(case, talk));
        let series: Vec<_> = group_by(probes, |talk| (talk.conversation.client.ip, talk.conversation.server))
            .into_iter()
            .filter_map(|probes| series(case, probes))
            .collect();
        checks(&series).into_iter().chain(scans(case)).collect()
    }
}

/// Guard G5, for one conversation.
fn is_probe(case: &Case<'_>, talk: &Talk<'_>) -> bool {
    let teardown = &talk.conversation.teardown;
    talk.is_probe(case.settings.thresholds.probe_life)
        && teardown.by == CloseBy::Client
        && matches!(teardown.how, Close::Fin | Close::Rst)
}

/// A series, if there are enough of them at a steady period: nine of ten intervals near the median (or near a
/// multiple of it: a probe may be missing).
fn series<'c, 'a>(case: &Case<'a>, probes: Vec<&'c Talk<'a>>) -> Option<Series<'c, 'a>> {
    let thresholds = &case.settings.thresholds;
    let fewest = usize::try_from(thresholds.probe_count).unwrap_or(usize::MAX).max(3);
    let starts = probes.windows(2).map(|w| w[1].conversation.first.time.seconds_since(w[0].conversation.first.time));
    let intervals: Vec<f64> = starts.collect();
    let period = median(&intervals);
    let steady = |interval: &&f64| {
        let periods = (*interval / period).round().max(1.0);
        (*interval - periods * period).abs() <= thresholds.probe_spread * period
    };
    let regular = intervals.iter().filter(steady).count();
    (probes.len() >= fewest && period > 0.0 && regular * 10 >= intervals.len() * 9).then_some(Series { probes, period })
}

/// 80 points for a steady period, as no person opens connections without a word at equal intervals.
fn checks(series: &[Series<'_, '_>]) -> Option<Draft> {
    let first = series.first()?;
    let all = || series.iter().flat_map(|s| s.probes.iter().copied());
    let probe = first.probes.first()?.conversation;
    let draft = Draft::new(&ABOUT, 80).conversations_of(all()).says(&words::Checks {
        server: probe.server,
        client: probe.client.ip,
        clients: Clients::of(all().map(|talk| talk.conversation.client.ip)),
        count: all().count(),
        period_s: first.period,
    });
    Some(each(draft, series, "series", |draft, series| match series.probes.first() {
        Some(probe) => draft.packet(
            probe.conversation.first,
            format!(
                "{} to {}: {} every {}, closed by {}",
                probe.conversation.client.ip,
                probe.conversation.server,
                count(series.probes.len(), "probe"),
                span(series.period),
                if probe.conversation.teardown.how == Close::Rst { "RST" } else { "FIN" },
            ),
        ),
        None => draft,
    }))
}

fn scans(case: &Case<'_>) -> Option<Draft> {
    let scanners = scanners(case);
    let talks: Vec<&Talk<'_>> = case.talks().filter(|talk| scanners.contains(&talk.conversation.client.ip)).collect();
    let sources = group_by(talks.iter().copied(), |talk| talk.conversation.client.ip);
    let first = sources.first()?.first()?;
    let draft = Draft::new(&ABOUT, 80).conversations_of(talks.iter().copied()).says(&words::Scan {
        clients: clients(&talks),
        count: talks.len(),
        first: first.conversation.first.time,
    });
    Some(each(draft, &sources, "sources", |draft, talks| match talks.first() {
        Some(talk) => draft.packet(
            talk.conversation.first,
            format!("{} calls {}", talk.conversation.client.ip, count(talks.len(), "port")),
        ),
        None => draft,
    }))
}

#[cfg(test)]
mod tests {
    use crate::model::Severity;
    use crate::testing::{none, of, one, says};
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
    fn who_says_something_is_no_probe() {
        let net = Network::new();
        for n in 0..5 {
            net.at(n * 5000);
            net.connect(&net.host("10.1.0.5"), &net.host("10.2.0.9"), 1352).works("CN=Mail01/O=Acme", 1).client_fin();
        }
        none(&net, RULE);
    }
}
