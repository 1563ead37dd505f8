//! The comparison as one JSON document.

use super::super::escape::JsonFormatter;
use super::super::protocol_name;
use super::super::view::{self, InputView, LazySequence, MessageView, TeardownView, ToolView, ValueView, tool};
use super::{ComparisonOptions, ComparisonReport};
use crate::model::{
    Analysis, Both, Class, ComparisonResult, ConversationId, Difference, Likeness, Pair, Row, RuleId, Span, Stamp,
    Step, Timing,
};
use serde::Serialize;
use std::io::{self, Write};

/// Version of the format of comparisons, which counts for itself.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct ComparisonDocument<'a, G: Serialize, I: Serialize, F: Serialize> {
    schema_version: u32,
    tool: ToolView,
    good: Option<InputView<'a>>,
    bad: Option<InputView<'a>>,
    further_good: G,
    /// Files and logs of the failing capture: what `input` of evidence counts.
    inputs: I,
    pairs: Vec<PairView<'a>>,
    comparison: ComparisonView<'a>,
    findings: F,
}

#[derive(Serialize)]
struct PairView<'a> {
    good: Option<ConversationId>,
    bad: Option<ConversationId>,
    score: u8,
    why_paired: String,
    protocol: &'static str,
    good_conversations: &'a [ConversationId],
    bad_conversations: &'a [ConversationId],
    forks: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<Vec<RowView<'a>>>,
}

#[derive(Serialize)]
struct RowView<'a> {
    likeness: &'static str,
    good: Option<StepView<'a>>,
    bad: Option<StepView<'a>>,
}

#[derive(Serialize)]
struct StepView<'a> {
    conversation: ConversationId,
    message: Option<u32>,
    from: Option<&'static str>,
    packet: Option<u64>,
    after_s: Option<f64>,
    what: &'a str,
}

#[derive(Serialize)]
struct ComparisonView<'a> {
    result: ComparisonResult,
    pair: Option<usize>,
    fork: Option<ForkView>,
    differences: Vec<DifferenceView<'a>>,
    explanation: &'a str,
    cause: Option<RuleId>,
    noise_count: usize,
    timing: Option<TimingView>,
    notes: &'a [String],
    unpaired: &'a Both<Vec<ConversationId>>,
}

#[derive(Serialize)]
struct ForkView {
    message: u32,
    good: Option<ForkStepView>,
    bad: Option<ForkStepView>,
    conversations: Both<Option<ConversationId>>,
}

/// The step at the fork: a message, or the end of the conversation.
#[derive(Serialize)]
#[serde(untagged)]
enum ForkStepView {
    Message(Box<MessageView>),
    End(TeardownView),
}

#[derive(Serialize)]
struct DifferenceView<'a> {
    message: u32,
    field: &'a str,
    good: Option<ValueView<'a>>,
    bad: Option<ValueView<'a>>,
    class: Class,
    pair: usize,
    conversations: Both<ConversationId>,
    packets: Both<Option<u64>>,
    learned: bool,
}

#[derive(Serialize)]
struct TimingView {
    good: SideTimingView,
    bad: SideTimingView,
    network: Option<&'static str>,
}

#[derive(Serialize)]
struct SideTimingView {
    rtt_ms: Option<f64>,
    repeated_segments: u64,
    data_segments: u64,
    waited_s: f64,
    answers: u64,
}

/// Writes one document, with a line break at its end.
pub(super) fn write(report: ComparisonReport<'_>, options: &ComparisonOptions, out: &mut dyn Write) -> io::Result<()> {
    let Both { good, bad } = report.analyses;
    let rest = good.inputs.iter().skip(1).chain(report.further.iter().flat_map(|analysis| &analysis.inputs));
    let document = ComparisonDocument {
        schema_version: SCHEMA_VERSION,
        tool: tool(),
        good: first(good),
        bad: first(bad),
        further_good: rest.map(view::input).collect::<Vec<_>>(),
        inputs: view::inputs(bad).collect::<Vec<_>>(),
        pairs: report.comparison.pairs.iter().map(|p| pair(p, options.all)).collect(),
        comparison: comparison(report, options.all),
        findings: LazySequence(|| report.findings.iter().map(|finding| view::finding(report.alone(bad), finding))),
    };
    document.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, JsonFormatter::pretty()))?;
    out.write_all(b"\n")
}

fn first(analysis: &Analysis) -> Option<InputView<'_>> {
    analysis.inputs.first().map(view::input)
}

fn pair(pair: &Pair, all: bool) -> PairView<'_> {
    let Both { good, bad } = &pair.conversations;
    PairView {
        good: good.first().copied(),
        bad: bad.first().copied(),
        score: pair.score,
        why_paired: pair.reasons.join("; "),
        protocol: protocol_name(pair.protocol),
        good_conversations: good,
        bad_conversations: bad,
        forks: pair.fork.is_some(),
        rows: all.then(|| pair.rows.iter().map(row).collect()),
    }
}

fn row(row: &Row) -> RowView<'_> {
    let likeness = match row.likeness {
        Likeness::Same => "same",
        Likeness::Changed => "changed",
        Likeness::Alone => "alone",
    };
    RowView { likeness, good: row.steps.good.as_ref().map(step), bad: row.steps.bad.as_ref().map(step) }
}

fn step(step: &Step) -> StepView<'_> {
    StepView {
        conversation: step.conversation,
        message: step.message,
        from: step.from.map(crate::model::Side::name),
        packet: step.at.map(|at| at.frame.number),
        after_s: step.after.map(Span::as_secs_f64),
        what: &step.what,
    }
}

/// The result as JSON has it. Noise is only counted unless all is asked for, because it is most of what differs.
fn comparison(report: ComparisonReport<'_>, all: bool) -> ComparisonView<'_> {
    let comparison = report.comparison;
    let listed = comparison.differences.iter().filter(|d| all || d.class != Class::Noise);
    ComparisonView {
        result: comparison.result,
        pair: comparison.pair,
        fork: comparison.fork.as_ref().map(|fork| ForkView {
            message: fork.message,
            good: fork.steps.good.as_ref().and_then(|step| at_fork(report, report.analyses.good, step)),
            bad: fork.steps.bad.as_ref().and_then(|step| at_fork(report, report.analyses.bad, step)),
            conversations: Both {
                good: fork.steps.good.as_ref().map(|step| step.conversation),
                bad: fork.steps.bad.as_ref().map(|step| step.conversation),
            },
        }),
        differences: listed.map(difference).collect(),
        explanation: &comparison.explanation,
        cause: comparison.cause,
        noise_count: report.differences(Class::Noise).count(),
        timing: comparison.timing.map(|timing| TimingView {
            good: side_timing(timing.good),
            bad: side_timing(timing.bad),
            network: comparison.network,
        }),
        notes: &comparison.notes,
        unpaired: &comparison.unpaired,
    }
}

fn at_fork(report: ComparisonReport<'_>, analysis: &Analysis, step: &Step) -> Option<ForkStepView> {
    let c = analysis.conversations.by_id(step.conversation)?;
    let said = step.message.and_then(|n| c.messages.iter().find(|message| message.n == n));
    match said {
        Some(message) => {
            Some(ForkStepView::Message(Box::new(view::message_view(message, c.first.frame.input, report.reader))))
        }
        None => step.is_end.then(|| ForkStepView::End(view::teardown(c))),
    }
}

fn difference(d: &Difference) -> DifferenceView<'_> {
    let number = |stamp: Option<Stamp>| stamp.map(|at| at.frame.number);
    DifferenceView {
        message: d.message,
        field: &d.field,
        good: d.values.good.as_ref().map(ValueView),
        bad: d.values.bad.as_ref().map(ValueView),
        class: d.class,
        pair: d.pair,
        conversations: d.conversations,
        packets: Both { good: number(d.at.good), bad: number(d.at.bad) },
        learned: d.learned,
    }
}

fn side_timing(timing: Timing) -> SideTimingView {
    SideTimingView {
        rtt_ms: timing.rtt.map(Span::as_millis_f64),
        repeated_segments: timing.repeated,
        data_segments: timing.segments,
        waited_s: timing.waited.as_secs_f64(),
        answers: timing.answers,
    }
}
