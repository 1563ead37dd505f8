//! How a capture that goes on is going, in numbers: an object, a sentence, and the line that stands on a terminal.

use crate::model::{AttemptKind, OutcomeCounts, OutcomesByKind, Timestamp, sum_of_kinds};
use crate::report::text::{count, counted};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Statistics of a capture that goes on. Counters begin with it.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Stats {
    /// Packet time; none before the first packet.
    pub time: Option<Timestamp>,
    /// Frames looked at.
    pub packets: u64,
    /// Bytes of these on the wire.
    pub bytes: u64,
    /// Frames a second, since the last statistics.
    pub packets_per_s: u64,
    /// Frames that the kernel dropped because its buffer was full.
    pub kernel_drops: u64,
    /// Frames that the interface dropped.
    pub interface_drops: u64,
    /// How often the queue between reading and looking was full.
    pub queue_full: u64,
    /// Flows in the tables.
    pub flows: u64,
    /// Conversations that are held, and that rules look at.
    pub conversations: u64,
    /// Conversations that were judged, counted and let go, so that memory does not grow.
    pub let_go: u64,
    /// Those of them that were judged before it could be seen what their clients did next.
    pub early: u64,
    /// Attempts by kind and outcome. What nobody has answered so far is not among them until an answer is overdue.
    #[serde(serialize_with = "rows")]
    pub attempts: OutcomesByKind,
    /// Conversations given up because tables were full.
    pub evicted: u64,
    /// Bytes that wait for earlier ones.
    pub waiting_bytes: u64,
    /// Bytes in the ring of recent packets.
    pub ring_bytes: u64,
    /// Memory that the process occupies, in bytes, where the system says so.
    pub resident_bytes: Option<u64>,
    /// Messages of each protocol, in conversations that are over.
    pub messages: BTreeMap<&'static str, u64>,
    /// Findings told, by severity.
    pub findings: BTreeMap<&'static str, u64>,
    /// How long rules took the last time, in milliseconds.
    pub rules_ms: u64,
    /// Packets written to files, and those that could not be.
    pub written: u64,
    /// Packets that could not be written.
    pub not_written: u64,
}

/// What the line on a terminal tells: that the capture lives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Status {
    /// Frames looked at.
    pub packets: u64,
    /// Attempts by outcome.
    pub attempts: OutcomeCounts,
}

/// Statistics of a live capture in one line. Counts of losses appear only where something was lost, so that they are
/// noticed.
pub(crate) fn stats_line(stats: &Stats) -> String {
    let mut text = format!("{} ({}/s)", counted(stats.packets, "packet"), count(stats.packets_per_s));
    let drops = stats.kernel_drops.saturating_add(stats.interface_drops);
    if drops == 0 {
        text.push_str(", none dropped");
    } else {
        let (kernel, interface) = (count(stats.kernel_drops), count(stats.interface_drops));
        text = format!("{text}, {kernel} dropped by the kernel, {interface} by the interface");
    }
    let (flows, held) = (counted(stats.flows, "flow"), counted(stats.conversations, "conversation"));
    text = format!("{text}; {flows}, {held} held");
    for (number, what) in [
        (stats.let_go, "judged and let go"),
        (stats.early, "of them early"),
        (stats.evicted, "given up because the tables were full"),
        (stats.queue_full, "times the queue was full"),
        (stats.not_written, "packets not written"),
    ] {
        if number > 0 {
            text = format!("{text}, {} {what}", count(number));
        }
    }
    let findings: Vec<_> =
        stats.findings.iter().map(|(severity, number)| format!("{} {severity}", count(*number))).collect();
    let findings =
        if findings.is_empty() { "no finding".to_owned() } else { format!("findings: {}", findings.join(", ")) };
    let attempts = outcomes(sum_of_kinds(&stats.attempts));
    let memory = stats.resident_bytes.map(|bytes| format!("; {} MiB of memory", count(bytes >> 20)));
    format!("{text}; {attempts}; {findings}{}", memory.unwrap_or_default())
}

/// "12,345 packets, 41 granted, 2 refused; last 10 s: 230 packets, 1 refused": all of it, and what came lately.
pub(crate) fn status_line(all: Status, lately: Status) -> String {
    let one = |status: Status| format!("{}, {}", counted(status.packets, "packet"), outcomes(status.attempts));
    format!("{}; last 10 s: {}", one(all), one(lately))
}

/// Outcomes that there were: "41 attempts granted, 2 refused".
fn outcomes(counts: OutcomeCounts) -> String {
    let there: Vec<_> = counts.named().into_iter().filter(|(_, number)| *number > 0).collect();
    let told: Vec<_> = there.iter().map(|(name, number)| format!("{} {name}", count(*number))).collect();
    if told.is_empty() { "no attempt".to_owned() } else { format!("attempts: {}", told.join(", ")) }
}

/// Attempts as the report has them, with a row for each kind.
fn rows<S: Serializer>(attempts: &OutcomesByKind, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Row {
        kind: AttemptKind,
        #[serde(flatten)]
        counts: OutcomeCounts,
    }
    serializer.collect_seq(attempts.iter().map(|(&kind, &counts)| Row { kind, counts }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_line_tells_packets_and_outcomes_of_all_and_of_the_last_seconds() {
        let attempts = OutcomeCounts { granted: 1041, refused: 2, ..OutcomeCounts::default() };
        let lately = OutcomeCounts { refused: 1, cut_off: 3, ..OutcomeCounts::default() };
        let (all, lately) = (Status { packets: 12_345, attempts }, Status { packets: 230, attempts: lately });
        assert_eq!(
            status_line(all, lately),
            "12,345 packets, attempts: 1,041 granted, 2 refused; last 10 s: 230 packets, attempts: 1 refused, 3 cut off"
        );
        let nothing = Status::default();
        assert_eq!(status_line(nothing, nothing), "0 packets, no attempt; last 10 s: 0 packets, no attempt");
    }

    #[test]
    fn statistics_count_attempts_by_kind_and_outcome() {
        let refused = OutcomeCounts { granted: 2, refused: 3, ..OutcomeCounts::default() };
        let attempts = [(AttemptKind::Connect, OutcomeCounts::default()), (AttemptKind::NrpcOpen, refused)].into();
        let stats = Stats { attempts, let_go: 7, ..Stats::default() };
        assert!(stats_line(&stats).contains("7 judged and let go; attempts: 2 granted, 3 refused; no finding"));
        let written = serde_json::to_value(&stats).unwrap();
        let row = serde_json::json!(
            {"kind": "nrpc.open", "granted": 2, "refused": 3, "unanswered": 0, "cut_off": 0, "unknown": 0}
        );
        assert_eq!(written["attempts"][1], row);
    }
}
