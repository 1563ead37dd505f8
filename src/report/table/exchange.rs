//! Who said what, as a picture: one line for each step of a conversation, with an arrow that shows its direction.

use super::super::text::{clip, counted, frame};
use super::listing::{ending, said};
use super::{TableContext, spoken};
use crate::model::{Close, Conversation, Finding, FrameRef, Side, Stamp};
use hashbrown::HashSet;
use std::io::{self, Write};

/// Steps shown at the beginning and at the end of a long conversation.
const HEAD: usize = 12;
const TAIL: usize = 8;
/// Steps shown between them because they are evidence.
const MARKED: usize = 12;

/// Something that happened in a conversation.
struct ExchangeStep {
    at: Stamp,
    from: Side,
    what: String,
    /// Number of the message, if it is one: the middle of a long conversation may not have been kept.
    message: Option<u32>,
}

/// Frames of a conversation that are known by their time.
pub(super) fn stamps(c: &Conversation) -> impl Iterator<Item = Stamp> {
    let handshake = c.tcp.handshake.syns.iter().copied().chain(c.tcp.handshake.syn_ack).chain(c.tcp.handshake.ack);
    let close =
        [c.teardown.at, c.teardown.fin.client, c.teardown.fin.server, c.teardown.rst.client, c.teardown.rst.server];
    let idle = c.tcp.idle.iter().flat_map(|gap| [gap.before, gap.after]);
    let stalls = c.tcp.stalls.iter().flat_map(|stall| [stall.first, stall.repeated]);
    let unanswered = c.tcp.unanswered.iter().flat_map(|data| [data.first, data.last]);
    let stuck = c.tcp.stuck.iter().flat_map(|segment| segment.sent.iter().copied());
    let windows = c.tcp.zero_windows.iter().flat_map(|window| [window.start, window.end]);
    let turns = c.turns.slowest.iter().flat_map(|turn| [turn.request, turn.reply]).chain(c.turns.unanswered);
    let first_bytes = [&c.first_bytes.client, &c.first_bytes.server].into_iter().flatten().map(|first| first.at);
    let odd = [c.tcp.cut_at, c.tcp.duplicate_at, c.tcp.acked_unseen_at, Some(c.first), Some(c.last)];
    handshake
        .chain(close.into_iter().flatten())
        .chain(idle)
        .chain(stalls)
        .chain(unanswered)
        .chain(stuck)
        .chain(windows)
        .chain(turns)
        .chain(first_bytes)
        .chain(odd.into_iter().flatten())
        .chain(c.messages.iter().map(|message| message.at))
}

/// Writes the picture; the frames that the finding names are marked. Left-out steps are counted as messages where their
/// numbers tell, since the engine may not have kept them all.
pub(super) fn write(
    context: TableContext<'_>,
    c: &Conversation,
    finding: &Finding,
    out: &mut dyn Write,
) -> io::Result<()> {
    let steps = steps(c);
    if steps.is_empty() {
        return Ok(());
    }
    let marked: HashSet<_> = finding.frames.iter().copied().collect();
    let title = format!("Conversation {}: client {} → server {} ({})", c.id, c.client, c.server, spoken(c));
    writeln!(out, "  {}", context.paint.bold(&clip(&title, context.width.saturating_sub(2))))?;
    if steps.iter().any(|step| marked.contains(&step.at.frame)) {
        writeln!(out, "  {}", context.paint.dim("   frame   since start       * = evidence"))?;
    }
    if c.roles_guessed {
        writeln!(out, "  {}", clip("No SYN was seen: who is client and who is server is a guess.", context.width - 2))?;
    }
    let shown = shown(&steps, &marked);
    let (mut last, mut hidden) = (0, 0_u64);
    for (step, shown) in steps.iter().zip(shown) {
        if !shown {
            hidden += 1;
            continue;
        }
        let left_out = step.message.map_or(0, |n| n.saturating_sub(last + 1));
        let more = if left_out == 0 { hidden } else { left_out.into() };
        if more > 0 {
            let what = if left_out == 0 { "more step" } else { "more message" };
            writeln!(out, "  {:>8}  {:>12}   ⋮   {}", "", "", counted(more, what))?;
        }
        hidden = 0;
        last = step.message.unwrap_or(last);
        line(context, c, step, marked.contains(&step.at.frame), out)?;
    }
    writeln!(out, "  {:>8}  {:>12}       {}\n", "", "", clip(&outcome(c), context.width.saturating_sub(31)))
}

/// Which steps are shown: of a long conversation its beginning, its end, and what is evidence.
fn shown(steps: &[ExchangeStep], marked: &HashSet<FrameRef>) -> Vec<bool> {
    let hidden = if steps.len() > HEAD + TAIL + 1 { HEAD..steps.len() - TAIL } else { 0..0 };
    let mut room = MARKED;
    let mut is_shown = |(index, step): (usize, &ExchangeStep)| {
        let evidence = hidden.contains(&index) && room > 0 && marked.contains(&step.at.frame);
        room -= usize::from(evidence);
        evidence || !hidden.contains(&index)
    };
    steps.iter().enumerate().map(&mut is_shown).collect()
}

fn line(
    context: TableContext<'_>,
    c: &Conversation,
    step: &ExchangeStep,
    marked: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let number = frame(step.at.frame, context.several_inputs);
    let time = since_start(c, step.at);
    let arrow = match step.from {
        Side::Client => "──▶",
        Side::Server => "◀──",
    };
    let mark = if marked { "*" } else { " " };
    let what = clip(&step.what, context.width.saturating_sub(31));
    let what = if marked { context.paint.bold(&what) } else { what };
    writeln!(out, " {mark}{number:>8}  {time}  {arrow}  {what}")
}

/// Twelve columns: how long after the conversation's first frame. Where the capture's clock ran backwards there is no such time.
pub(super) fn since_start(c: &Conversation, at: Stamp) -> String {
    let lasted = at.lasted_since(c.first).map(|lasted| format!("{:>10.6} s", lasted.as_secs_f64()));
    lasted.unwrap_or_else(|| format!("{:>12}", "clock back"))
}

/// Everything that is known to have happened, in order of time; of the frames, where the capture's clock ran backwards.
fn steps(c: &Conversation) -> Vec<ExchangeStep> {
    let mut steps = opening(c);
    steps.extend(c.messages.iter().map(|message| ExchangeStep {
        at: message.at,
        from: message.from,
        what: said(message),
        message: Some(message.n),
    }));
    if let Some(data) = &c.tcp.unanswered {
        let what = format!("{} bytes, sent again (repetition {}), never acknowledged", data.length, data.tries);
        steps.push(ExchangeStep { at: data.last, from: data.from, what, message: None });
    }
    for side in [Side::Client, Side::Server] {
        let ends = [(c.teardown.fin[side], "FIN"), (c.teardown.rst[side], "RST")];
        steps.extend(ends.into_iter().filter_map(|(at, flag)| at.map(|at| (at, flag))).map(|(at, flag)| {
            let first = if c.teardown.at.is_some_and(|end| end.frame == at.frame) { "  ⇐ ends it here" } else { "" };
            ExchangeStep { at, from: side, what: format!("{flag}{first}"), message: None }
        }));
    }
    let is_steady = steps.iter().all(|step| step.at.time >= c.first.time);
    steps.sort_by_key(|step| (is_steady.then_some(step.at.time), step.at.frame));
    steps
}

fn opening(c: &Conversation) -> Vec<ExchangeStep> {
    let mut steps = Vec::new();
    for (index, &at) in c.tcp.handshake.syns.iter().enumerate() {
        let what = if index == 0 { "SYN".to_owned() } else { format!("SYN, repeated ({index})") };
        steps.push(ExchangeStep { at, from: Side::Client, what, message: None });
    }
    steps.extend(c.tcp.handshake.syn_ack.map(|at| ExchangeStep {
        at,
        from: Side::Server,
        what: "SYN-ACK".to_owned(),
        message: None,
    }));
    steps
}

/// The outcome in words, as a picture cannot show that nothing came.
fn outcome(c: &Conversation) -> String {
    match c.teardown.how {
        Close::Open => "still open when the capture ends".to_owned(),
        Close::Timeout => "given up: nobody answered any more".to_owned(),
        Close::Fin | Close::Rst => ending(c),
    }
}
