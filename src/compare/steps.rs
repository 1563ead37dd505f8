//! Events in words: the compared lines as the model keeps them.

use super::fork::{ComparedLine, DialogueEvent};
use crate::diagnose::words;
use crate::model::{Both, Close, CloseBy, Conversation, Row, Setup, Side, Stamp, Step};

/// A line for the report.
pub(crate) fn row(line: &ComparedLine<'_, '_>) -> Row {
    Row { steps: Both { good: line.events.good.map(step), bad: line.events.bad.map(step) }, likeness: line.likeness }
}

/// What happened, when, and how long after what was before.
pub(crate) fn step(cell: DialogueEvent<'_, '_>) -> Step {
    match cell {
        DialogueEvent::Syn(c) => opened(c, Some(Side::Client), c.tcp.handshake.syns.first().copied(), "SYN".to_owned()),
        DialogueEvent::Answer(c) => answer(c),
        DialogueEvent::Message(said) => {
            let (c, message) = (said.conversation, said.message);
            let summary = message.body.summary();
            let what = if summary.is_empty() { message.body.kind().to_owned() } else { summary };
            let before = before(c, message.at);
            Step {
                conversation: c.id,
                message: Some(message.n),
                from: Some(message.from),
                at: Some(message.at),
                after: before.and_then(|before| message.at.lasted_since(before)),
                what,
                is_end: false,
            }
        }
        DialogueEvent::End(c) => end(c),
    }
}

/// The answer to the SYN.
fn answer(c: &Conversation) -> Step {
    let handshake = &c.tcp.handshake;
    let tries = handshake.syns.len();
    match c.setup {
        Setup::Refused => {
            let at = c.teardown.at.or(c.teardown.rst.server);
            Step { is_end: true, ..opened(c, Some(Side::Server), at, "RST: refused".to_owned()) }
        }
        Setup::NoAnswer => {
            let what = format!("no answer (SYN sent {})", words::times(tries));
            Step { is_end: true, ..opened(c, None, None, what) }
        }
        Setup::Handshake => opened(c, Some(Side::Server), handshake.syn_ack, "SYN-ACK".to_owned()),
        Setup::Midstream | Setup::None => opened(c, None, None, "not in the capture".to_owned()),
    }
}

fn opened(c: &Conversation, from: Option<Side>, at: Option<Stamp>, what: String) -> Step {
    let after = at.zip(c.tcp.handshake.syns.first()).and_then(|(at, syn)| at.lasted_since(*syn));
    Step { conversation: c.id, message: None, from, at, after, what, is_end: false }
}

fn end(c: &Conversation) -> Step {
    let (at, from) = (c.teardown.at, closed_by(c));
    let who = match c.teardown.by {
        CloseBy::Client => "of the client",
        CloseBy::Server => "of the server",
        CloseBy::Middlebox => "of something on the path",
        CloseBy::None => "",
    };
    let what = match c.teardown.how {
        Close::Fin => format!("FIN {who}"),
        Close::Rst => format!("RST {who}"),
        Close::Timeout => "repeats itself, nobody answers".to_owned(),
        Close::Open if c.turns.unanswered.is_some() => "no answer until the capture ends".to_owned(),
        Close::Open => "capture ends, still open".to_owned(),
    };
    let after = at.and_then(|at| at.lasted_since(before(c, at)?));
    Step { conversation: c.id, message: None, from, at, after, what: what.trim_end().to_owned(), is_end: true }
}

/// The side that ended the conversation, if one of the two did.
pub(crate) const fn closed_by(c: &Conversation) -> Option<Side> {
    match c.teardown.by {
        CloseBy::Client => Some(Side::Client),
        CloseBy::Server => Some(Side::Server),
        CloseBy::Middlebox | CloseBy::None => None,
    }
}

/// The last event before that time: a message, else the opening.
fn before(c: &Conversation, at: Stamp) -> Option<Stamp> {
    let earlier = |stamp: &Stamp| (stamp.time, stamp.frame) < (at.time, at.frame);
    let place = c.messages.partition_point(|message| earlier(&message.at));
    let message = place.checked_sub(1).and_then(|last| c.messages.get(last)).map(|message| message.at);
    message.or(c.tcp.handshake.syn_ack.filter(|stamp| earlier(stamp))).or(Some(c.first).filter(earlier))
}
