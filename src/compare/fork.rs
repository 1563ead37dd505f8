//! Where two dialogues part, and whether that matters.
//!
//! The fork is the first message that one has and the other has not, or that does not come to the same. Not every such place
//! matters: retries and extra requests are gaps that close again, and two sessions that both went well may differ in length.

use super::align::{Beside, align};
use super::dialogue::{Dialogue, Said};
use crate::diagnose::Case;
use crate::model::{Both, Close, CloseBy, Conversation, FrameRef, Likeness, Setup, Side};

/// Two dialogues side by side, and what came of it.
#[derive(Debug)]
pub struct Sheet<'d, 'a> {
    /// Line by line: the opening of TCP, what was said, the end.
    pub lines: Vec<Line<'d, 'a>>,
    /// What came of it.
    pub outcome: Outcome,
}

/// One line of the sheet.
#[derive(Debug)]
pub struct Line<'d, 'a> {
    /// What happened in each.
    pub cells: Both<Option<Cell<'d, 'a>>>,
    /// How they compare.
    pub likeness: Likeness,
}

/// What happened at one point of one dialogue.
#[derive(Debug, Clone, Copy)]
pub enum Cell<'d, 'a> {
    /// The first SYN.
    Syn(&'a Conversation),
    /// What came back: SYN-ACK, RST or nothing.
    Answer(&'a Conversation),
    /// A message.
    Said(&'d Said<'a>),
    /// The end of the conversation, or of the capture.
    End(&'a Conversation),
}

/// What came of laying two dialogues side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// They go alike.
    Alike,
    /// They part at that line.
    Parts(usize),
    /// They come to the same, and yet a rule finds fault with the failing one alone, with its times or its network: its evidence
    /// begins at that line.
    Lags(usize),
    /// The capture of the failing one ends before they could part, at that line.
    BadEnds(usize),
    /// What is said from that line on is encrypted or unknown in at least one, and differs in size.
    Opaque(usize),
}

/// Lays two dialogues side by side and judges. `case` is that of the failing one; `evidence` are frames of the grave findings
/// that name it, and of which the working one has no like.
pub fn judge<'d, 'a>(
    good: &'d Dialogue<'a>,
    bad: &'d Dialogue<'a>,
    evidence: &[FrameRef],
    case: &Case<'_>,
) -> Sheet<'d, 'a> {
    let lines = lines(good, bad);
    let judge = Judge { good, bad, lines: &lines, evidence, case };
    let outcome = judge.outcome();
    Sheet { lines, outcome }
}

/// All lines, the end of the one that ends first beside what the other goes on with.
fn lines<'d, 'a>(good: &'d Dialogue<'a>, bad: &'d Dialogue<'a>) -> Vec<Line<'d, 'a>> {
    let rows = align(good, bad);
    if !(good.is_one_connection() && bad.is_one_connection()) {
        return rows.into_iter().map(Line::said).collect();
    }
    let (Some(g), Some(b)) = (good.opening(), bad.opening()) else { return Vec::new() };
    let mut lines = opening(g, b);
    let tail =
        rows.iter().rposition(|row| row.said.good.is_some() && row.said.bad.is_some()).map_or(0, |last| last + 1);
    // Behind the last message that both have, at most one of them goes on for long: gaps come before.
    let (shared, rest) = rows.split_at(tail);
    lines.extend(shared.iter().copied().map(Line::said));
    let goods: Vec<_> = rest.iter().filter_map(|row| row.said.good).map(Cell::Said).chain([Cell::End(g)]).collect();
    let bads: Vec<_> = rest.iter().filter_map(|row| row.said.bad).map(Cell::Said).chain([Cell::End(b)]).collect();
    for index in 0..goods.len().max(bads.len()) {
        let cells = Both { good: goods.get(index).copied(), bad: bads.get(index).copied() };
        lines.push(Line { cells, likeness: likeness(cells) });
    }
    lines
}

fn opening<'d, 'a>(good: &'a Conversation, bad: &'a Conversation) -> Vec<Line<'d, 'a>> {
    let has_syn = |c: &Conversation| !c.tcp.handshake.syns.is_empty();
    if !has_syn(good) && !has_syn(bad) {
        return Vec::new();
    }
    let cell = |c: &'a Conversation, cell: fn(&'a Conversation) -> Cell<'d, 'a>| has_syn(c).then(|| cell(c));
    let line = |make: fn(&'a Conversation) -> Cell<'d, 'a>| {
        let cells = Both { good: cell(good, make), bad: cell(bad, make) };
        Line { cells, likeness: likeness(cells) }
    };
    vec![line(Cell::Syn), line(Cell::Answer)]
}

fn likeness(cells: Both<Option<Cell<'_, '_>>>) -> Likeness {
    let (Some(good), Some(bad)) = (cells.good, cells.bad) else { return Likeness::Alone };
    let same = match (good, bad) {
        (Cell::Syn(_), Cell::Syn(_)) => true,
        (Cell::Answer(good), Cell::Answer(bad)) => is_open(good) == is_open(bad),
        (Cell::Said(good), Cell::Said(bad)) => good.message.from == bad.message.from && good.meaning == bad.meaning,
        (Cell::End(good), Cell::End(bad)) => {
            (good.teardown.how, good.teardown.by) == (bad.teardown.how, bad.teardown.by)
        }
        _ => false,
    };
    if same { Likeness::Same } else { Likeness::Changed }
}

/// The server took the connection, or had taken it before the capture began.
pub const fn is_open(c: &Conversation) -> bool {
    !matches!(c.setup, Setup::Refused | Setup::NoAnswer)
}

impl<'d, 'a> Line<'d, 'a> {
    fn said(row: Beside<'d, 'a>) -> Self {
        let cells = Both { good: row.said.good.map(Cell::Said), bad: row.said.bad.map(Cell::Said) };
        Self { cells, likeness: row.likeness }
    }

    /// The two messages, if both are messages.
    pub fn messages(&self) -> Option<(&'d Said<'a>, &'d Said<'a>)> {
        match (self.cells.good, self.cells.bad) {
            (Some(Cell::Said(good)), Some(Cell::Said(bad))) => Some((good, bad)),
            _ => None,
        }
    }

    fn bad(&self) -> Option<&'d Said<'a>> {
        if let Some(Cell::Said(said)) = self.cells.bad { Some(said) } else { None }
    }

    fn good(&self) -> Option<&'d Said<'a>> {
        if let Some(Cell::Said(said)) = self.cells.good { Some(said) } else { None }
    }
}

struct Judge<'s, 'd, 'a> {
    good: &'d Dialogue<'a>,
    bad: &'d Dialogue<'a>,
    lines: &'s [Line<'d, 'a>],
    evidence: &'s [FrameRef],
    case: &'s Case<'s>,
}

impl Judge<'_, '_, '_> {
    fn outcome(&self) -> Outcome {
        let found = (0..self.lines.len()).find_map(|index| self.at(index));
        found.or_else(|| self.by_frames()).or_else(|| self.opaque()).unwrap_or(Outcome::Alike)
    }

    /// What this line decides, if it decides anything.
    fn at(&self, index: usize) -> Option<Outcome> {
        let line = self.lines.get(index)?;
        match (line.cells.good, line.cells.bad) {
            (Some(Cell::Answer(good)), Some(Cell::Answer(bad))) => {
                (is_open(good) && !is_open(bad)).then_some(Outcome::Parts(index))
            }
            (Some(Cell::Said(good)), Some(Cell::Said(bad))) => {
                let other_answer = good.is_answer && bad.is_answer && good.meaning != bad.meaning;
                let refused = bad.refuses && !self.closes_again(index);
                (!good.refuses && (other_answer || refused)).then_some(Outcome::Parts(index))
            }
            (Some(Cell::Said(_)), Some(Cell::End(bad))) => self.bad_ended(index, bad),
            (Some(Cell::End(_)) | None, Some(Cell::Said(bad))) => {
                let alone = bad.refuses && !self.closes_again(index);
                alone.then_some(Outcome::Parts(index))
            }
            (Some(Cell::End(good)), Some(Cell::End(bad))) => {
                let is_evidence = bad.teardown.at.is_some_and(|at| self.evidence.contains(&at.frame));
                let differs = line.likeness == Likeness::Changed;
                (differs && (ends_worse(good, bad) || is_evidence)).then_some(Outcome::Parts(index))
            }
            // A request that both have is answered in the working dialogue only.
            (Some(Cell::Said(good)), None) if good.is_answer => self.unanswered(index),
            _ => None,
        }
    }

    /// Further on, both come to the same again.
    fn closes_again(&self, index: usize) -> bool {
        let later = self.lines.get(index + 1..).unwrap_or_default();
        later.iter().any(|line| line.likeness == Likeness::Same && line.messages().is_some())
    }

    /// The working dialogue goes on where the failing one has ended.
    fn bad_ended(&self, index: usize, bad: &Conversation) -> Option<Outcome> {
        match bad.teardown.how {
            Close::Open if self.waited_in_vain(bad) => Some(Outcome::Parts(index)),
            Close::Open => Some(Outcome::BadEnds(index)),
            _ if self.ended_well(bad) => None,
            _ => Some(Outcome::Parts(index)),
        }
    }

    /// The client closed a session that did what it was made for, with every question answered, and no rule calls that the
    /// fault.
    fn ended_well(&self, bad: &Conversation) -> bool {
        let quit = bad.teardown.how == Close::Fin && bad.teardown.by == CloseBy::Client;
        let is_evidence = bad.teardown.at.is_some_and(|at| self.evidence.contains(&at.frame));
        quit && bad.went_well() && bad.turns.unanswered.is_none() && !is_evidence
    }

    /// A question of the client was left without an answer for longer than a server may take.
    fn waited_in_vain(&self, bad: &Conversation) -> bool {
        let waited = bad.turns.unanswered.map(|asked| self.case.end().seconds_since(asked.time));
        waited.is_some_and(|seconds| seconds >= self.case.settings.thresholds.reply_timeout)
    }

    /// In a dialogue of several connections: the request of the line before was not answered in the failing one, and its
    /// connection was closed, or waited for long enough.
    fn unanswered(&self, index: usize) -> Option<Outcome> {
        let request = self.lines.get(index.checked_sub(1)?)?.bad().filter(|said| !said.is_answer)?;
        self.lines.get(index)?.good().filter(|said| said.conversation.protocol == request.conversation.protocol)?;
        let c = request.conversation;
        let closed = c.teardown.how != Close::Open
            && !c.messages.iter().any(|m| m.n > request.message.n && m.from == Side::Server);
        if closed || self.waited_in_vain(c) {
            Some(Outcome::Parts(index))
        } else {
            (c.teardown.how == Close::Open).then_some(Outcome::BadEnds(index))
        }
    }

    /// See [`Outcome::Lags`]; of the messages that are evidence, the one that took longest to come.
    fn by_frames(&self) -> Option<Outcome> {
        let shown = |said: &Said<'_>| said.message.frames.iter().any(|frame| self.evidence.contains(frame));
        let evident = self.lines.iter().enumerate().filter(|(_, line)| line.bad().is_some_and(shown));
        let slowest =
            evident.max_by_key(|(index, line)| (line.bad().and_then(Said::waited), std::cmp::Reverse(*index)));
        slowest.map(|(index, _)| Outcome::Lags(index))
    }

    /// Both go on in words that nobody can read, and not in the same lengths.
    fn opaque(&self) -> Option<Outcome> {
        let unread = |line: &Line<'_, '_>| {
            [line.good(), line.bad()].into_iter().flatten().any(|said| said.message.body.is_opaque())
        };
        let first = self.lines.iter().position(unread);
        let sizes = |dialogue: &Dialogue<'_>| dialogue.conversations.iter().map(|c| c.bytes).collect::<Vec<_>>();
        let silent = |dialogue: &Dialogue<'_>| {
            !dialogue.has_messages()
                && dialogue.conversations.iter().any(|c| c.bytes != crate::model::PerSide::default())
        };
        let unheard = (silent(self.good) || silent(self.bad)).then_some(self.lines.len().saturating_sub(1));
        first.or(unheard).filter(|_| sizes(self.good) != sizes(self.bad)).map(Outcome::Opaque)
    }
}

/// It was cut off, and the other was not.
fn ends_worse(good: &Conversation, bad: &Conversation) -> bool {
    let cut_off = |c: &Conversation| {
        c.teardown.how == Close::Timeout || (c.teardown.how == Close::Rst && c.teardown.by != CloseBy::Client)
    };
    cut_off(bad) && !cut_off(good)
}
