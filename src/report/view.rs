//! The report as JSON has it: structs that borrow the model and name every key, in the order of the format.
//!
//! Arrays that may be long are serialized as they are walked through, so nothing is built twice in memory.

use super::log_view::{self, LogView};
use super::{Detail, Report, ReportOptions, TOOL, VERSION, filter, protocol_name};
use crate::model::{
    Analysis, Close, CloseBy, Conversation, ConversationId, Endpoint, Evidence, Facts, Finding, FrameRef, Group, Input,
    InputFormat, Layer, Message, PerSide, RuleId, Setup, Source, Span, Stamp, Timestamp, Totals, Transport,
};
use nrpcsniff_dissectors::tls::Why;
use nrpcsniff_dissectors::{Layer as TlsLayer, PROTOCOLS, Reader, Value};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::collections::{BTreeMap, BTreeSet};

/// Version of the report's format. It grows when a key is renamed or dropped, not when one is added.
pub(super) const SCHEMA_VERSION: u32 = 2;

/// Name and version of the tool.
#[derive(Serialize)]
pub(super) struct ToolView {
    name: &'static str,
    version: &'static str,
}

pub(super) const fn tool() -> ToolView {
    ToolView { name: TOOL, version: VERSION }
}

/// A sequence that is made while it is written.
pub(super) struct LazySequence<F>(pub(super) F);

impl<F: Fn() -> I, I: Iterator<Item: Serialize>> Serialize for LazySequence<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// One capture file.
#[derive(Serialize)]
pub(super) struct InputView<'a> {
    path: &'a str,
    format: Option<InputFormat>,
    link_types: &'a [u16],
    packets: u64,
    bytes: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    complete: bool,
    problem: Option<&'a str>,
    dropped: Option<u64>,
    snap_length: Option<u32>,
}

pub(super) fn input(input: &Input) -> InputView<'_> {
    InputView {
        path: &input.path,
        format: input.format,
        link_types: &input.link_types,
        packets: input.packets,
        bytes: input.bytes,
        first: input.first,
        last: input.last,
        complete: input.complete,
        problem: input.problem.as_deref(),
        dropped: input.dropped,
        snap_length: input.snap_length,
    }
}

/// A capture or a log.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum AnyInputView<'a> {
    Capture(InputView<'a>),
    Log(LogView<'a>),
}

/// Totals; every protocol of the table has its count of messages, also if it is 0.
pub(super) struct TotalsView<'a>(pub(super) &'a Totals);

impl Serialize for TotalsView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let totals = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("packets", &totals.packets)?;
        map.serialize_entry("bytes", &totals.bytes)?;
        map.serialize_entry("tcp_conversations", &totals.tcp_conversations)?;
        map.serialize_entry("udp_conversations", &totals.udp_conversations)?;
        map.serialize_entry("undecoded", &reasons(&totals.undecoded))?;
        for protocol in PROTOCOLS {
            let messages = totals.messages.get(protocol.name).copied().unwrap_or(0);
            map.serialize_entry(&format!("{}_{}", protocol.name, protocol.counts), &messages)?;
        }
        map.serialize_entry("passed_over", &reasons(&totals.passed_over))?;
        map.serialize_entry("other_files", &totals.other_files)?;
        map.end()
    }
}

/// How many there are of one reason.
#[derive(Serialize)]
struct ReasonView<'a> {
    reason: &'a str,
    count: u64,
}

fn reasons<'a>(counts: &'a BTreeMap<&'static str, u64>) -> Vec<ReasonView<'a>> {
    counts.iter().map(|(reason, count)| ReasonView { reason, count: *count }).collect()
}

/// One conversation.
#[derive(Serialize)]
pub(super) struct ConversationView<'a> {
    pub(super) id: ConversationId,
    transport: Transport,
    protocol: &'static str,
    over_tls: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<TlsView>,
    client: Endpoint,
    server: Endpoint,
    roles_guessed: bool,
    start: Timestamp,
    duration_s: f64,
    community_id: Option<String>,
    wireshark_filter: String,
    setup: Setup,
    teardown: TeardownView,
    packets_client: u64,
    packets_server: u64,
    bytes_client: u64,
    bytes_server: u64,
    quality: QualityView,
    messages: MessagesView<'a>,
    messages_seen: PerSide<u64>,
    stream: u32,
    input: u32,
    first_packet: u64,
    last_packet: u64,
    protocol_by_port: bool,
    undissected_bytes: PerSide<u64>,
    turns: TurnsView,
    given_up: Option<&'static str>,
}

/// Counts of the TLS records of a conversation, and why the rest could not be opened.
#[derive(Serialize)]
pub(super) struct TlsView {
    records: u64,
    opened: u64,
    sealed: u64,
    why_opaque: Option<&'static str>,
}

/// The end of a conversation.
#[derive(Serialize)]
pub(super) struct TeardownView {
    how: Close,
    by: CloseBy,
    time: Option<Timestamp>,
    packet: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<u32>,
    after_message: u32,
    reasons: Vec<String>,
}

#[derive(Serialize)]
struct QualityView {
    retransmissions: u64,
    out_of_order: u64,
    overlaps: u64,
    conflicting_overlaps: u64,
    gaps: u64,
    missing_bytes: u64,
    zero_windows: u64,
    rtt_ms: Option<f64>,
    cut_frames: u64,
    duplicate_frames: u64,
    keep_alives: PerSide<u64>,
    acked_unseen_bytes: PerSide<u64>,
    bad_checksums: PerSide<u64>,
    oversized: PerSide<u64>,
}

#[derive(Serialize)]
struct TurnsView {
    count: u64,
    waited_s: f64,
    slowest: Vec<TurnView>,
    unanswered: Option<u64>,
}

#[derive(Serialize)]
struct TurnView {
    request: u64,
    reply: u64,
    waited_s: f64,
}

/// A conversation as the report lists it, with its messages if the detail asks for them.
pub(super) fn conversation<'a>(c: &'a Conversation, detail: Detail, reader: Reader<'a>) -> ConversationView<'a> {
    let input = c.first.frame.input;
    ConversationView {
        id: c.id,
        transport: c.transport,
        protocol: protocol_name(c.protocol),
        over_tls: c.over_tls,
        tls: c.tls.map(tls),
        client: c.client,
        server: c.server,
        roles_guessed: c.roles_guessed,
        start: c.start(),
        duration_s: c.duration_s(),
        community_id: community_id(c),
        wireshark_filter: filter::conversation(c),
        setup: c.setup,
        teardown: teardown(c),
        packets_client: c.packets.client,
        packets_server: c.packets.server,
        bytes_client: c.bytes.client,
        bytes_server: c.bytes.server,
        quality: quality(c),
        messages: MessagesView { of: if detail == Detail::Messages { &c.messages } else { &[] }, input, reader },
        messages_seen: c.messages_seen,
        stream: c.stream,
        input,
        first_packet: c.first.frame.number,
        last_packet: c.last.frame.number,
        protocol_by_port: c.protocol_by_port,
        undissected_bytes: c.undissected,
        turns: turns(c),
        given_up: c.given_up,
    }
}

fn tls(layer: TlsLayer) -> TlsView {
    let TlsLayer { records, opened, sealed, why_opaque } = layer;
    TlsView { records, opened, sealed, why_opaque: why_opaque.map(Why::name) }
}

pub(super) fn teardown(c: &Conversation) -> TeardownView {
    let at = c.teardown.at;
    TeardownView {
        how: c.teardown.how,
        by: c.teardown.by,
        time: at.map(|at| at.time),
        packet: at.map(|at| at.frame.number),
        input: at.and_then(|at| other_input(at.frame, c.first.frame.input)),
        after_message: c.teardown.after_message,
        reasons: c.teardown.reset_origin.as_ref().map(|origin| origin.reasons.clone()).unwrap_or_default(),
    }
}

fn quality(c: &Conversation) -> QualityView {
    QualityView {
        retransmissions: c.quality.retransmissions,
        out_of_order: c.quality.out_of_order,
        overlaps: c.quality.overlaps,
        conflicting_overlaps: c.quality.conflicting_overlaps,
        gaps: c.quality.gaps,
        missing_bytes: c.quality.missing_bytes,
        zero_windows: c.quality.zero_windows,
        rtt_ms: c.quality.rtt.map(Span::as_millis_f64),
        cut_frames: c.tcp.cut_frames,
        duplicate_frames: c.tcp.duplicate_frames,
        keep_alives: c.tcp.keep_alives,
        acked_unseen_bytes: c.tcp.acked_unseen,
        bad_checksums: c.tcp.bad_checksums,
        oversized: c.tcp.oversized,
    }
}

fn turns(c: &Conversation) -> TurnsView {
    let number = |stamp: Stamp| stamp.frame.number;
    let turn = |turn: &crate::model::Turn| TurnView {
        request: number(turn.request),
        reply: number(turn.reply),
        waited_s: turn.length().as_secs_f64(),
    };
    TurnsView {
        count: c.turns.count,
        waited_s: c.turns.waited.as_secs_f64(),
        slowest: c.turns.slowest.iter().map(turn).collect(),
        unanswered: c.turns.unanswered.map(number),
    }
}

/// Community ID v1 with seed 0 (<https://github.com/corelight/community-id-spec>).
fn community_id(c: &Conversation) -> Option<String> {
    let protocol = match c.transport {
        Transport::Tcp => 6,
        Transport::Udp => 17,
    };
    let (client, server) = (c.client, c.server);
    let ports = (Some(client.port), Some(server.port));
    community_id::calculate_community_id(0, client.ip, server.ip, ports.0, ports.1, protocol, false).ok()
}

/// Messages of one conversation; `input` is that of its first frame.
struct MessagesView<'a> {
    of: &'a [Message],
    input: u32,
    reader: Reader<'a>,
}

impl Serialize for MessagesView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.of.iter().map(|message| message_view(message, self.input, self.reader)))
    }
}

/// One message.
#[derive(Serialize)]
pub(super) struct MessageView {
    n: u32,
    packets: Vec<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<u32>,
    time: Timestamp,
    from: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    summary: String,
    fields: FieldsView,
    offset: u64,
    length: u64,
}

pub(super) fn message_view(message: &Message, input: u32, reader: Reader<'_>) -> MessageView {
    MessageView {
        n: message.n,
        packets: message.frames.iter().map(|frame| frame.number).collect(),
        input: other_input(message.at.frame, input),
        time: message.at.time,
        from: message.from.name(),
        kind: message.body.kind(),
        summary: message.body.summary(),
        fields: FieldsView(message.body.fields(&reader.at(message.at.time.nanos()))),
        offset: message.offset,
        length: message.length,
    }
}

/// Named values as a JSON object.
pub(super) struct FieldsView(pub(super) nrpcsniff_dissectors::Fields);

impl Serialize for FieldsView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, ValueView(value))))
    }
}

/// A value as JSON has it.
pub(super) struct ValueView<'a>(pub(super) &'a Value);

impl Serialize for ValueView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(value) => serializer.serialize_i64(*value),
            Value::Float(value) => serializer.serialize_f64(*value),
            Value::Text(text) => serializer.serialize_str(text),
            Value::List(values) => serializer.collect_seq(values.iter().map(ValueView)),
            Value::Map(fields) => serializer.collect_map(fields.iter().map(|(name, value)| (name, ValueView(value)))),
        }
    }
}

/// One finding.
#[derive(Serialize)]
pub(super) struct FindingView<'a> {
    rule: RuleId,
    severity: &'static str,
    confidence: &'static str,
    score: u8,
    title: &'a str,
    explanation: &'a str,
    pub(super) conversations: Vec<ConversationId>,
    packets: Vec<PacketView>,
    evidence: Vec<EvidenceView<'a>>,
    remedy: &'a [String],
    references: &'a [String],
    pub(super) wireshark_filter: String,
    also: &'a [RuleId],
    layer: Layer,
    facts: &'a Facts,
    group: GroupView,
    /// Captures and logs that it speaks of, by their place among the inputs.
    inputs: BTreeSet<u32>,
    /// While a capture goes on: what comes yet may change it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) open: bool,
}

/// A frame, as its input numbers it.
#[derive(Serialize)]
struct PacketView {
    input: u32,
    n: u64,
}

/// How many it hit.
#[derive(Serialize)]
struct GroupView {
    count: u64,
    clients: u64,
    captures: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    /// Conversations that are counted and not listed.
    more: u64,
}

#[derive(Serialize)]
struct EvidenceView<'a> {
    source: Source,
    packet: Option<u64>,
    input: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    text: &'a str,
}

pub(super) fn finding<'a>(report: Report<'a>, finding: &'a Finding) -> FindingView<'a> {
    let input = main_input(report, finding);
    let captures = u32::try_from(report.analysis.inputs.len()).unwrap_or(u32::MAX);
    FindingView {
        rule: finding.rule,
        severity: finding.severity.name(),
        confidence: finding.confidence.name(),
        score: finding.score,
        title: &finding.title,
        explanation: &finding.explanation,
        conversations: finding.examples(),
        packets: finding.frames.iter().map(|frame| PacketView { input: frame.input, n: frame.number }).collect(),
        evidence: finding.evidence.iter().map(|e| evidence(e, input, captures)).collect(),
        remedy: &finding.remedy,
        references: &finding.references,
        wireshark_filter: filter::finding(report, finding),
        also: &finding.also,
        layer: finding.layer,
        facts: &finding.facts,
        group: group(finding),
        inputs: inputs_of(report, finding, captures),
        open: false,
    }
}

fn group(finding: &Finding) -> GroupView {
    let Group { count, clients, captures, first, last, let_go } = finding.group;
    let more = finding.conversations.len().saturating_sub(finding.examples().len());
    GroupView { count, clients, captures, first, last, more: let_go.saturating_add(more as u64) }
}

/// Evidence without a frame (an absence) belongs to the input that the finding is about; logs stand behind the captures.
fn evidence(evidence: &Evidence, input: u32, captures: u32) -> EvidenceView<'_> {
    let of_log = evidence.line.map(|line| captures.saturating_add(line.log));
    EvidenceView {
        source: evidence.source,
        packet: evidence.frame.map(|frame| frame.number),
        input: evidence.frame.map(|frame| frame.input).or(of_log).unwrap_or(input),
        line: evidence.line.map(|line| line.line),
        text: &evidence.text,
    }
}

fn main_input(report: Report<'_>, finding: &Finding) -> u32 {
    let of_conversation = || report.conversations_of(finding).next().map(|c| c.first.frame.input);
    let captures = u32::try_from(report.analysis.inputs.len()).unwrap_or(u32::MAX);
    let of_log = || finding.evidence.iter().find_map(|e| e.line).map(|line| captures.saturating_add(line.log));
    finding.frames.first().map(|frame| frame.input).or_else(of_conversation).or_else(of_log).unwrap_or(0)
}

/// Inputs of its frames, conversations and lines.
fn inputs_of(report: Report<'_>, finding: &Finding, captures: u32) -> BTreeSet<u32> {
    let frames = finding.frames.iter().map(|frame| frame.input);
    let conversations = report.conversations_of(finding).map(|c| c.first.frame.input);
    let lines = finding.evidence.iter().filter_map(|e| e.line).map(|line| captures.saturating_add(line.log));
    frames.chain(conversations).chain(lines).collect()
}

fn other_input(frame: FrameRef, input: u32) -> Option<u32> {
    (frame.input != input).then_some(frame.input)
}

/// Captures, then logs.
pub(super) fn inputs(analysis: &Analysis) -> impl Iterator<Item = AnyInputView<'_>> {
    let captures = analysis.inputs.iter().map(|one| AnyInputView::Capture(input(one)));
    captures.chain(analysis.logs.iter().map(|one| AnyInputView::Log(log_view::log(one))))
}

/// The parts of a report in the order in which both JSON formats write them.
pub(super) struct ReportParts<'a> {
    pub(super) report: Report<'a>,
    pub(super) detail: Detail,
    pub(super) listed: Vec<&'a Conversation>,
}

impl<'a> ReportParts<'a> {
    pub(super) fn new(report: Report<'a>, options: &ReportOptions) -> Self {
        Self { report, detail: options.detail, listed: report.listed(options.detail, options.all) }
    }

    pub(super) fn inputs(&self) -> impl Iterator<Item = AnyInputView<'a>> + use<'a> {
        inputs(self.report.analysis)
    }

    pub(super) fn totals(&self) -> TotalsView<'a> {
        TotalsView(&self.report.analysis.totals)
    }

    pub(super) fn conversations(&self) -> impl Iterator<Item = ConversationView<'a>> {
        self.listed.iter().map(|&c| conversation(c, self.detail, self.report.reader))
    }

    pub(super) fn findings(&self) -> impl Iterator<Item = FindingView<'a>> + use<'a> {
        let report = self.report;
        report.findings.iter().map(move |f| finding(report, f))
    }
}
