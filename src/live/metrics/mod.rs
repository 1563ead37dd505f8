//! Metrics of a live capture, for a Prometheus server that asks for them (`--metrics ADDR`).
//!
//! The loop fills [`Metrics`] and [shows](MetricsPage::show) them; a thread of its own answers whoever asks with what was
//! shown last. Nobody who asks can hold up the capture.

mod server;

use crate::capture::live::Counts;
use crate::engine::Usage;
use crate::model::{OutcomesByKind, RuleId, Severity, Timestamp, Totals};
use crate::report::VERSION;
use crate::report::prometheus::{MetricKind, PrometheusText};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often metrics are renewed: Prometheus asks every few seconds at most.
const PERIOD: Duration = Duration::from_secs(1);

/// Metrics at one moment. Counters begin with the capture.
#[derive(Debug, Clone, Default)]
pub(super) struct Metrics {
    /// Counters of all interfaces together.
    pub counts: Counts,
    /// Frames, bytes, conversations and messages, as in the report.
    pub totals: Totals,
    /// Numbers of what the engine holds at present.
    pub held: Usage,
    /// What came of attempts.
    pub attempts: OutcomesByKind,
    /// Findings that were reported, by rule and severity.
    pub findings: BTreeMap<(RuleId, Severity), u64>,
    /// Bytes in the ring of recent packets, and the most it may hold; none without a ring.
    pub ring: Option<(u64, u64)>,
    /// Bytes of memory that the process occupies, where the system says so.
    pub resident: Option<u64>,
    /// Time of the latest packet.
    pub last_packet: Option<Timestamp>,
}

/// A socket that listens, and the page that it will answer with.
#[derive(Debug)]
pub(super) struct MetricsListener {
    listener: TcpListener,
    page: Arc<Mutex<Arc<str>>>,
}

/// The page of the latest metrics. It is exchanged as a whole, so that whoever asks holds the lock for no longer than a clone.
pub(super) struct MetricsPage {
    page: Arc<Mutex<Arc<str>>>,
    /// When it was renewed last.
    renewed: Option<Instant>,
}

impl MetricsListener {
    /// Listens; done before rights are given up, because low ports need them.
    pub(super) fn listen(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address)
            .with_context(|| format!("--metrics {address}: cannot listen there; give another address or port"))?;
        let page = Arc::new(Mutex::new(Arc::from(text(&Metrics::default()))));
        Ok(Self { listener, page })
    }

    /// Begins to answer, in a thread of its own that ends with the process.
    pub(super) fn serve(self) -> MetricsPage {
        let page = Arc::clone(&self.page);
        server::start(self.listener, move || latest(&page));
        MetricsPage { page: self.page, renewed: None }
    }
}

impl MetricsPage {
    /// It is time for new metrics.
    pub(super) fn is_due(&self) -> bool {
        self.renewed.is_none_or(|renewed| renewed.elapsed() >= PERIOD)
    }

    /// From now on these are the metrics.
    pub(super) fn show(&mut self, metrics: &Metrics) {
        let text = Arc::from(text(metrics));
        *self.page.lock().unwrap_or_else(PoisonError::into_inner) = text;
        self.renewed = Some(Instant::now());
    }
}

fn latest(page: &Mutex<Arc<str>>) -> Arc<str> {
    Arc::clone(&page.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Metrics as Prometheus reads them.
fn text(metrics: &Metrics) -> String {
    let mut page = PrometheusText::default();
    page.family("nrpcsniff_build_info", MetricKind::Gauge, "Version of nrpcsniff; the value is always 1.")
        .labelled(&[("version", VERSION)], 1_u64);
    taken_in(metrics, &mut page);
    understood(metrics, &mut page);
    occupied(metrics, &mut page);
    page.into_text()
}

/// What came in, and what was lost on the way.
fn taken_in(metrics: &Metrics, page: &mut PrometheusText) {
    let Metrics { counts, totals, .. } = metrics;
    page.family("nrpcsniff_frames_total", MetricKind::Counter, "Frames analysed.").value(totals.packets);
    page.family("nrpcsniff_bytes_total", MetricKind::Counter, "Bytes of these frames on the wire.").value(totals.bytes);
    let help = "Frames that the kernel took in for nrpcsniff, those included that it dropped.";
    page.family("nrpcsniff_received_total", MetricKind::Counter, help).value(counts.received);
    let help = "Frames lost before nrpcsniff saw them: by the kernel (buffer full) or by the interface.";
    page.family("nrpcsniff_drops_total", MetricKind::Counter, help)
        .labelled(&[("by", "kernel")], counts.kernel_drops)
        .labelled(&[("by", "interface")], counts.interface_drops);
    if let Some(time) = metrics.last_packet {
        let help = "Time of the latest packet, in seconds since 1970.";
        page.family("nrpcsniff_last_packet_timestamp_seconds", MetricKind::Gauge, help).value(seconds(time));
    }
}

/// Metrics of conversations, messages and findings.
fn understood(metrics: &Metrics, page: &mut PrometheusText) {
    let totals = &metrics.totals;
    page.family("nrpcsniff_conversations_total", MetricKind::Counter, "Conversations begun.")
        .labelled(&[("transport", "tcp")], totals.tcp_conversations)
        .labelled(&[("transport", "udp")], totals.udp_conversations);
    let mut messages = page.family("nrpcsniff_messages_total", MetricKind::Counter, "Messages read, by protocol.");
    for (protocol, count) in &totals.messages {
        messages.labelled(&[("protocol", protocol)], *count);
    }
    let help = "Attempts to sign on and their steps, by what was tried and what came of it.";
    let mut attempts = page.family("nrpcsniff_attempts_total", MetricKind::Counter, help);
    for (kind, counts) in &metrics.attempts {
        for (outcome, number) in counts.named() {
            attempts.labelled(&[("kind", kind.name()), ("outcome", outcome)], number);
        }
    }
    let mut findings =
        page.family("nrpcsniff_findings_total", MetricKind::Counter, "Findings reported, by rule and severity.");
    for ((rule, severity), count) in &metrics.findings {
        findings.labelled(&[("rule", rule), ("severity", name(*severity))], *count);
    }
}

/// Metrics of memory and tables.
fn occupied(metrics: &Metrics, page: &mut PrometheusText) {
    let Usage { flows, conversations, waiting_bytes, evicted } = metrics.held;
    page.family("nrpcsniff_flows", MetricKind::Gauge, "Flows in the tables, open or over.").value(count(flows));
    page.family("nrpcsniff_conversations", MetricKind::Gauge, "Conversations that are held, and that rules look at.")
        .value(count(conversations));
    let help = "Bytes that wait for earlier ones, or for the rest of their message.";
    page.family("nrpcsniff_held_bytes", MetricKind::Gauge, help).value(count(waiting_bytes));
    let help = "What was given up because a limit of memory was reached, by reason.";
    page.family("nrpcsniff_evictions_total", MetricKind::Counter, help)
        .labelled(&[("reason", "flow table full")], evicted);
    let help = "Conversations that were counted and not kept, by reason.";
    let mut passed_over = page.family("nrpcsniff_passed_over", MetricKind::Gauge, help);
    for (reason, count) in &metrics.totals.passed_over {
        passed_over.labelled(&[("reason", reason)], *count);
    }
    if let Some((filled, limit)) = metrics.ring {
        page.family("nrpcsniff_ring_bytes", MetricKind::Gauge, "Bytes in the ring of recent packets.").value(filled);
        page.family("nrpcsniff_ring_limit_bytes", MetricKind::Gauge, "The most that the ring may hold.").value(limit);
    }
    if let Some(resident) = metrics.resident {
        let help = "Memory that the process occupies.";
        page.family("process_resident_memory_bytes", MetricKind::Gauge, help).value(resident);
    }
}

fn count(count: usize) -> u64 {
    count.try_into().unwrap_or(u64::MAX)
}

const fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Blocker => "blocker",
        Severity::Major => "major",
        Severity::Minor => "minor",
        Severity::Info => "info",
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
fn seconds(time: Timestamp) -> f64 {
    (time.nanos() / 1_000_000) as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AttemptKind, OutcomeCounts};

    /// Metrics with something everywhere.
    fn full() -> Metrics {
        Metrics {
            counts: Counts { received: 1000, kernel_drops: 7, interface_drops: 8 },
            totals: Totals {
                packets: 990,
                bytes: 99_000,
                tcp_conversations: 5,
                udp_conversations: 6,
                messages: BTreeMap::from([("nrpc", 2), ("sip", 30)]),
                passed_over: BTreeMap::from([("limit of conversations kept", 4)]),
                ..Totals::default()
            },
            held: Usage { flows: 3, conversations: 4, waiting_bytes: 4096, evicted: 12 },
            attempts: BTreeMap::from([(
                AttemptKind::NrpcOpen,
                OutcomeCounts { granted: 41, refused: 2, cut_off: 1, ..OutcomeCounts::default() },
            )]),
            findings: BTreeMap::from([
                ((RuleId::new("sip-403"), Severity::Major), 2),
                ((RuleId::new("cap-drops"), Severity::Info), 1),
            ]),
            ring: Some((1 << 20, 64 << 20)),
            resident: Some(50 << 20),
            last_packet: Some(Timestamp::new(1_745_344_099_250_000_000, 9)),
        }
    }

    /// Reads the text as Prometheus does: every sample belongs to a family that was announced, once, with help and type.
    fn samples(text: &str) -> BTreeMap<String, String> {
        let (mut announced, mut samples) = (BTreeMap::new(), BTreeMap::new());
        let mut family = "";
        assert!(text.ends_with('\n'));
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                family = help.split_once(' ').unwrap().0;
                assert!(announced.insert(family, "").is_none(), "{family} is announced twice");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert!(name == family && ["counter", "gauge"].contains(&kind));
                assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
                announced.insert(name, kind);
            } else {
                let (sample, value) = line.rsplit_once(' ').unwrap();
                let name = sample.split('{').next().unwrap();
                assert!(name == family && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{line}");
                value.parse::<f64>().unwrap();
                assert!(samples.insert(sample.to_owned(), value.to_owned()).is_none(), "{sample} comes twice");
            }
        }
        assert!(announced.values().all(|kind| !kind.is_empty()));
        samples
    }

    #[test]
    fn every_figure_is_there() {
        let samples = samples(&text(&full()));
        for (sample, value) in [
            ("nrpcsniff_frames_total", "990"),
            ("nrpcsniff_bytes_total", "99000"),
            ("nrpcsniff_received_total", "1000"),
            (r#"nrpcsniff_drops_total{by="kernel"}"#, "7"),
            (r#"nrpcsniff_drops_total{by="interface"}"#, "8"),
            (r#"nrpcsniff_conversations_total{transport="udp"}"#, "6"),
            ("nrpcsniff_flows", "3"),
            ("nrpcsniff_conversations", "4"),
            (r#"nrpcsniff_evictions_total{reason="flow table full"}"#, "12"),
            (r#"nrpcsniff_passed_over{reason="limit of conversations kept"}"#, "4"),
            (r#"nrpcsniff_messages_total{protocol="sip"}"#, "30"),
            (r#"nrpcsniff_attempts_total{kind="nrpc.open",outcome="granted"}"#, "41"),
            (r#"nrpcsniff_attempts_total{kind="nrpc.open",outcome="refused"}"#, "2"),
            (r#"nrpcsniff_attempts_total{kind="nrpc.open",outcome="unanswered"}"#, "0"),
            (r#"nrpcsniff_attempts_total{kind="nrpc.open",outcome="cut off"}"#, "1"),
            (r#"nrpcsniff_findings_total{rule="sip-403",severity="major"}"#, "2"),
            ("nrpcsniff_held_bytes", "4096"),
            ("nrpcsniff_ring_bytes", "1048576"),
            ("nrpcsniff_ring_limit_bytes", "67108864"),
            ("process_resident_memory_bytes", "52428800"),
            ("nrpcsniff_last_packet_timestamp_seconds", "1745344099.25"),
        ] {
            assert_eq!(samples.get(sample).map(String::as_str), Some(value), "{sample}");
        }
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let samples = samples(&text(&Metrics::default()));
        assert!(
            !samples.keys().any(|name| name.contains("ring") || name.contains("resident") || name.contains("last"))
        );
        assert_eq!(samples["nrpcsniff_frames_total"], "0");
    }

    #[test]
    fn what_is_shown_is_what_is_answered() {
        let metrics = MetricsListener::listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = metrics.listener.local_addr().unwrap();
        let mut board = metrics.serve();
        let ask = || server::tests::ask(address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(ask().contains("nrpcsniff_frames_total 0\n"));
        assert!(board.is_due());
        board.show(&full());
        assert!(!board.is_due());
        assert!(ask().contains("nrpcsniff_frames_total 990\n"));
    }

    #[test]
    fn an_address_that_is_taken_is_told() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let said = format!("{:#}", MetricsListener::listen(address).err().unwrap());
        assert!(said.contains(&format!("--metrics {address}")), "{said}");
    }
}
