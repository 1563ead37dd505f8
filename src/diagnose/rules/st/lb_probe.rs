//! Health checks on the Sametime port.

use crate::diagnose::evidence::each;
use crate::diagnose::words::st::lb_probe as words;
use crate::diagnose::words::{Clients, count, span};
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::grouping::group_by;
use crate::facts::sametime::SametimeLogin;
use crate::facts::sametime::ends::talk;
use crate::facts::statistics::median;
use crate::model::{Close, CloseBy, RuleId, Severity};

/// See [`ABOUT`].
pub(crate) struct LbProbe;

/// Id of the rule.
pub(crate) const ID: RuleId = RuleId::new("st-lb-probe");

static ABOUT: About = About {
    id: ID,
    title: "Health checks on the Sametime port",
    severity: Severity::Info,
    layer: Layer::Information,
    sees: "Connections to 1533 or 1516 without a handshake of Sametime: no data, less than a second, closed by the caller \
           (FIN or RST), again and again at a steady period from one source.",
    matters: "Nothing: a load balancer or a monitor looks whether the port is open. These are not users.",
    guards: &[
        "Something was said: not a probe.",
        "Too few of them, or no steady period: nothing is said of them.",
        "The server closed: silent.",
    ],
    remedy: &["None needed. Take the source out of the capture filter if it is in the way."],
    references: &["F5 BIG-IP monitors tcp and tcp_half_open"],
    explains: &[],
};

impl Rule for LbProbe {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let probes = case.sametime().logins().filter(|login| is_probe(case, login));
        let groups = group_by(probes, |login| (login.client(), login.server()));
        let series: Vec<_> = groups.into_iter().filter_map(|probes| Some((period(case, &probes)?, probes))).collect();
        finding(&series).into_iter().collect()
    }
}

fn is_probe(case: &Case<'_>, login: &SametimeLogin<'_>) -> bool {
    let teardown = &login.conversation.teardown;
    talk(login).is_probe(case.settings.thresholds.probe_life)
        && teardown.by == CloseBy::Client
        && matches!(teardown.how, Close::Fin | Close::Rst)
}

/// Seconds between the probes, if there are enough of them at a steady period (a probe may be missing).
fn period(case: &Case<'_>, probes: &[&SametimeLogin<'_>]) -> Option<f64> {
    let thresholds = &case.settings.thresholds;
    let fewest = usize::try_from(thresholds.probe_count).unwrap_or(usize::MAX).max(3);
    let starts: Vec<_> = probes.iter().map(|probe| probe.began().time).collect();
    let intervals: Vec<f64> = starts.windows(2).map(|w| w[1].seconds_since(w[0])).collect();
    let period = median(&intervals);
    let steady = |interval: &&f64| {
        let periods = (*interval / period).round().max(1.0);
        (*interval - periods * period).abs() <= thresholds.probe_spread * period
    };
    let regular = intervals.iter().filter(steady).count();
    (probes.len() >= fewest && period > 0.0 && regular * 10 >= intervals.len() * 9).then_some(period)
}

/// 80 points for a steady period, as no person opens connections without a word at equal intervals.
fn finding(series: &[(f64, Vec<&SametimeLogin<'_>>)]) -> Option<Draft> {
    let (period, first) = series.first().and_then(|(period, probes)| Some((period, *probes.first()?)))?;
    let all = || series.iter().flat_map(|(_, probes)| probes.iter().copied());
    let said = words::HealthChecks {
        server: first.server(),
        client: first.client(),
        clients: Clients::of(all().map(SametimeLogin::client)),
        count: all().count(),
        period_s: *period,
    };
    let draft = Draft::new(&ABOUT, 80).says(&said);
    let draft = all().fold(draft, |draft, login| draft.conversation(login.conversation));
    Some(each(draft, series, "series", |draft, (period, probes)| match probes.first() {
        Some(probe) => draft.packet(
            probe.began(),
            format!(
                "{} to {}: {} every {}",
                probe.client(),
                probe.server(),
                count(probes.len(), "probe"),
                span(*period)
            ),
        ),
        None => draft,
    }))
}

#[cfg(test)]
mod tests {
    use crate::diagnose::evidence::sametime::tests::dial;
    use crate::model::Severity;
    use crate::testing::{none, one, says};
    use nrpcsniff_samples::Network;
    use nrpcsniff_samples::sametime::PORT;

    const RULE: &str = "st-lb-probe";

    #[test]
    fn checks_at_a_steady_period() {
        for half_open in [true, false] {
            let net = Network::new();
            for n in [0, 1, 2, 4, 5] {
                net.at(n * 10_000);
                let dial = net.dial(&net.host("10.1.0.4"), &net.host("10.1.0.9"), PORT);
                if half_open {
                    dial.half_open();
                } else {
                    dial.open().client_fin();
                }
            }
            let finding = one(&net, RULE);
            assert_eq!((finding.severity, finding.conversations.len()), (Severity::Info, 5));
            says(&finding, &["10.1.0.4", "5 probes every 10.0 s"]);
        }
    }

    #[test]
    fn too_few_unsteady_or_talkative_ones() {
        let net = Network::new();
        for at in [0, 10_000] {
            net.at(at);
            net.connect(&net.host("10.1.0.4"), &net.host("10.1.0.9"), PORT).client_fin();
        }
        none(&net, RULE);
        for at in [11_000, 47_000, 90_000] {
            net.at(at);
            net.connect(&net.host("10.1.0.4"), &net.host("10.1.0.9"), PORT).client_fin();
        }
        none(&net, RULE);
        let net = Network::new();
        for n in 0..5 {
            net.at(n * 10_000);
            dial(&net).vp_open().client_fin();
        }
        none(&net, RULE);
    }
}
