//! Health checks: connections in which nothing is ever said, at a steady period from one source.

use crate::facts::Case;
use crate::facts::grouping::group_by;
use crate::facts::statistics::median;
use crate::model::{Close, CloseBy, Conversation, Endpoint, PerSide, Setup};
use hashbrown::HashSet;
use std::net::IpAddr;

/// Probes from one source to one server.
pub(crate) struct ProbeSeries<'a> {
    /// The probes, in order.
    pub probes: Vec<&'a Conversation>,
    /// Seconds from one to the next.
    pub period: f64,
}

/// The series among those conversations, one for each source and server that has one.
pub(crate) fn series<'a>(case: &Case<'_>, of: impl Iterator<Item = &'a Conversation>) -> Vec<ProbeSeries<'a>> {
    let probes = of.filter(|c| is_probe(case, c));
    let groups = group_by(probes, |c| (c.client.ip, c.server)).into_iter();
    groups.filter_map(|probes| Some(ProbeSeries { period: period(case, &probes)?, probes })).collect()
}

/// Whoever checks the health of whom.
pub(in crate::facts) fn monitors(case: &Case<'_>) -> HashSet<(IpAddr, Endpoint)> {
    let all = series(case, case.analysis.conversations.iter());
    all.iter().filter_map(|series| series.probes.first()).map(|probe| (probe.client.ip, probe.server)).collect()
}

/// Guard G5, for one conversation: accepted, nothing said, short, and closed by the client.
fn is_probe(case: &Case<'_>, c: &Conversation) -> bool {
    c.bytes == PerSide::default()
        && c.setup == Setup::Handshake
        && c.tcp.handshake.syn_ack.is_some()
        && c.last.since(c.first) <= case.settings.thresholds.probe_life
        && c.teardown.by == CloseBy::Client
        && matches!(c.teardown.how, Close::Fin | Close::Rst)
}

/// Seconds between the probes, if there are enough of them at a steady period: nine of ten intervals near the median, or near a
/// multiple of it, as a probe may be missing.
fn period(case: &Case<'_>, probes: &[&Conversation]) -> Option<f64> {
    let thresholds = &case.settings.thresholds;
    let fewest = usize::try_from(thresholds.probe_count).unwrap_or(usize::MAX).max(3);
    let pairs = probes.iter().zip(probes.iter().skip(1));
    let intervals: Vec<f64> = pairs.map(|(one, next)| next.first.time.seconds_since(one.first.time)).collect();
    let period = median(&intervals);
    let steady = |interval: &&f64| {
        let periods = (*interval / period).round().max(1.0);
        (*interval - periods * period).abs() <= thresholds.probe_spread * period
    };
    let regular = intervals.iter().filter(steady).count();
    let is_steady = regular.saturating_mul(10) >= intervals.len().saturating_mul(9);
    (probes.len() >= fewest && period > 0.0 && is_steady).then_some(period)
}
