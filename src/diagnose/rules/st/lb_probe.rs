//! Health checks on the Sametime port.

use crate::diagnose::evidence::each;
use crate::diagnose::words::st::lb_probe as words;
use crate::diagnose::words::{HealthChecks, count, span};
use crate::diagnose::{About, Case, Draft, Layer, Rule};
use crate::facts::network::probes::{ProbeSeries, series};
use crate::model::{RuleId, Severity};

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
        let series = series(case, case.sametime().logins().map(|login| login.conversation));
        finding(&series).into_iter().collect()
    }
}

/// 80 points for a steady period, as no person opens connections without a word at equal intervals.
fn finding(series: &[ProbeSeries<'_>]) -> Option<Draft> {
    let draft = Draft::new(&ABOUT, 80).says(&words::PortChecks(HealthChecks::of(series)?));
    let draft = series.iter().flat_map(|series| series.probes.iter().copied()).fold(draft, Draft::conversation);
    Some(each(draft, series, "series", |draft, series| match series.probes.first() {
        Some(probe) => draft.packet(
            probe.first,
            format!(
                "{} to {}: {} every {}",
                probe.client.ip,
                probe.server,
                count(series.probes.len(), "probe"),
                span(series.period)
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
