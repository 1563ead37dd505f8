//! The steps of one conversation.

use super::StepKind;
use crate::model::{Close, CloseBy, Conversation, Message, Setup, Side, Stamp, Transport};

/// A step, before it is known where its hosts stand.
pub(super) struct RawStep<'a> {
    pub(super) at: Stamp,
    pub(super) from: Side,
    pub(super) kind: StepKind,
    /// Nothing: a step of the machinery, shown only where it is evidence.
    pub(super) text: Option<String>,
    /// The message that it is.
    pub(super) message: Option<&'a Message>,
    pub(super) skipped: u32,
}

impl RawStep<'_> {
    fn new(at: Stamp, from: Side, kind: StepKind, text: impl Into<String>) -> Self {
        Self { at, from, kind, text: Some(text.into()), message: None, skipped: 0 }
    }
}

/// Everything that is known to have happened, in no order.
pub(super) fn of(c: &Conversation) -> Vec<RawStep<'_>> {
    let mut steps = opening(c);
    let mut last = 0;
    for message in &c.messages {
        let skipped = message.n.saturating_sub(last + 1);
        last = message.n;
        let text = said(message);
        let (at, from, message) = (message.at, message.from, Some(message));
        steps.push(RawStep { at, from, kind: StepKind::Said, text, message, skipped });
    }
    repetitions(c, &mut steps);
    ending(c, &mut steps);
    steps
}

/// What a message says to who runs servers.
fn said(message: &Message) -> Option<String> {
    message.body.plainly().map(|text| if text.is_empty() { message.body.kind().to_owned() } else { text })
}

fn opening(c: &Conversation) -> Vec<RawStep<'_>> {
    let mut steps = Vec::new();
    let unheard = c.setup == Setup::NoAnswer;
    for (index, &at) in c.tcp.handshake.syns.iter().enumerate() {
        let text = if index == 0 { "connects" } else { "again: connects" };
        let kind = match index {
            _ if unheard => StepKind::Lost,
            0 => StepKind::Said,
            _ => StepKind::Again,
        };
        steps.push(RawStep::new(at, Side::Client, kind, text));
    }
    steps.extend(c.tcp.handshake.syn_ack.map(|at| RawStep::new(at, Side::Server, StepKind::Said, "accepted")));
    steps
}

/// What was sent again, and what never arrived.
fn repetitions(c: &Conversation, steps: &mut Vec<RawStep<'_>>) {
    for stall in &c.tcp.stalls {
        let of_it = |message: &&Message| {
            message.from == stall.from
                && message.frames.iter().any(|frame| [stall.first.frame, stall.repeated.frame].contains(frame))
        };
        let what = c.messages.iter().find(of_it).and_then(said);
        let text = what.map_or_else(|| "sends it again".to_owned(), |what| format!("again: {what}"));
        if !steps.iter().any(|step| step.at.frame == stall.repeated.frame) {
            steps.push(RawStep::new(stall.repeated, stall.from, StepKind::Again, text));
        }
    }
    if let Some(data) = &c.tcp.unanswered {
        steps.retain(|step| step.kind != StepKind::Again || step.at.frame != data.last.frame);
        let times = if data.tries == 1 { "once".to_owned() } else { format!("{} times", data.tries) };
        let text = format!("sent again {times}, never confirmed");
        steps.push(RawStep::new(data.last, data.from, StepKind::Lost, text));
    }
}

/// Who ended it, and how; or that nobody did.
fn ending(c: &Conversation, steps: &mut Vec<RawStep<'_>>) {
    let refused = c.setup == Setup::Refused;
    if let Some(at) = c.teardown.at {
        let from = ended_by(c, at);
        let sign = if c.teardown.how == Close::Rst { "RST" } else { "FIN" };
        let text = match (refused, c.teardown.by) {
            (true, CloseBy::Middlebox) => format!("refused by something on the way ({sign})"),
            (true, _) => format!("refuses ({sign})"),
            (false, CloseBy::Middlebox) => format!("cut off by something on the way ({sign})"),
            (false, _) if c.teardown.how == Close::Rst => format!("breaks off ({sign})"),
            (false, _) => format!("hangs up ({sign})"),
        };
        steps.push(RawStep::new(at, from, StepKind::End, text));
    } else if c.transport == Transport::Tcp {
        let text = match (c.teardown.how, c.setup) {
            (_, Setup::NoAnswer) => "nobody answers",
            (Close::Timeout, _) => "nobody answers any more",
            _ => "still open when the capture ends",
        };
        steps.push(RawStep::new(c.last, Side::Client, StepKind::Note, text));
    }
}

/// Whose address the closing packet carries.
fn ended_by(c: &Conversation, at: Stamp) -> Side {
    let is =
        |side: Side| [c.teardown.fin[side], c.teardown.rst[side]].iter().flatten().any(|end| end.frame == at.frame);
    match c.teardown.by {
        CloseBy::Client => Side::Client,
        CloseBy::Server => Side::Server,
        _ if is(Side::Client) => Side::Client,
        _ => Side::Server,
    }
}
