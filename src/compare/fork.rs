//! Where two dialogues part, and whether that matters.
//!
//! The fork is the first message that one has and the other has not, or that does not come to the same. Not every such place
//! matters: retries and extra requests are gaps that close again, and two sessions that both went well may differ in length.

use super::align::{AlignedMessages, align};
use super::dialogue::{Dialogue, DialogueMessage};
use super::outcomes::is_whole;
use crate::diagnose::Case;
use crate::facts::attempts::Outcomes;
use crate::model::{Both, Close, CloseBy, Conversation, FrameRef, Likeness, Setup, Side};

/// Two dialogues side by side, and where they part.
#[derive(Debug)]
pub(crate) struct SideBySide<'d, 'a> {
    /// Line by line: the opening of TCP, what was said, the end.
    pub lines: Vec<ComparedLine<'d, 'a>>,
    /// Whether they part, and where.
    pub outcome: ForkOutcome,
}

/// One line of two dialogues side by side.
#[derive(Debug)]
pub(crate) struct ComparedLine<'d, 'a> {
    /// The event of each dialogue.
    pub events: Both<Option<DialogueEvent<'d, 'a>>>,
    /// Whether the two events come to the same.
    pub likeness: Likeness,
}

/// An event of one dialogue.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DialogueEvent<'d, 'a> {
    /// The first SYN.
    Syn(&'a Conversation),
    /// The answer to the SYN: SYN-ACK, RST or nothing.
    Answer(&'a Conversation),
    /// A message.
    Message(&'d DialogueMessage<'a>),
    /// The end of the conversation, or of the capture.
    End(&'a Conversation),
}

impl<'a> DialogueEvent<'_, 'a> {
    fn conversation(self) -> &'a Conversation {
        match self {
            Self::Message(said) => said.conversation,
            Self::Syn(c) | Self::Answer(c) | Self::End(c) => c,
        }
    }
}

/// Whether two dialogues part, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ForkOutcome {
    /// The dialogues do not part.
    Alike,
    /// The dialogues part at that line.
    DivergesAt(usize),
    /// The dialogues come to the same, and yet a rule finds fault with the failing one alone, with its times or its network: its evidence
    /// begins at that line.
    SlowerAt(usize),
    /// The capture of the failing one ends before they could part, at that line.
    CaptureEndsAt(usize),
    /// A capture lacks bytes of one of the two, or begins too late, so that what is not seen there may have been said.
    LacksAt(usize),
    /// What is said from that line on is encrypted or unknown in at least one, and differs in size.
    OpaqueFrom(usize),
}

/// What is known of the two captures by themselves.
#[derive(Clone, Copy)]
pub(super) struct Known<'s> {
    /// The failing capture.
    pub case: &'s Case<'s>,
    /// What became of what people wanted in both.
    pub outcomes: Both<&'s Outcomes<'s>>,
}

/// Lays two dialogues side by side and judges. `evidence` are frames of the grave findings that name the failing one, and of which
/// the working one has no like.
pub(super) fn compare_dialogues<'d, 'a>(
    good: &'d Dialogue<'a>,
    bad: &'d Dialogue<'a>,
    evidence: &[FrameRef],
    known: Known<'_>,
) -> SideBySide<'d, 'a> {
    let lines = lines(good, bad);
    let finder = ForkFinder { good, bad, lines: &lines, evidence, known };
    let outcome = finder.outcome();
    SideBySide { lines, outcome }
}

/// All lines, the end of the one that ends first beside what the other goes on with.
fn lines<'d, 'a>(good: &'d Dialogue<'a>, bad: &'d Dialogue<'a>) -> Vec<ComparedLine<'d, 'a>> {
    let rows = align(good, bad);
    if !(good.is_one_connection() && bad.is_one_connection()) {
        let mut lines: Vec<_> = rows.into_iter().map(ComparedLine::from_messages).collect();
        put_ends(&mut lines);
        return lines;
    }
    let (Some(g), Some(b)) = (good.opening(), bad.opening()) else { return Vec::new() };
    let mut lines = opening(g, b);
    let tail = rows
        .iter()
        .rposition(|row| row.messages.good.is_some() && row.messages.bad.is_some())
        .map_or(0, |last| last + 1);
    // Behind the last message that both have, at most one of them goes on for long: gaps come before.
    let (shared, rest) = rows.split_at(tail);
    lines.extend(shared.iter().copied().map(ComparedLine::from_messages));
    let goods: Vec<_> = rest
        .iter()
        .filter_map(|row| row.messages.good)
        .map(DialogueEvent::Message)
        .chain([DialogueEvent::End(g)])
        .collect();
    let bads: Vec<_> = rest
        .iter()
        .filter_map(|row| row.messages.bad)
        .map(DialogueEvent::Message)
        .chain([DialogueEvent::End(b)])
        .collect();
    for index in 0..goods.len().max(bads.len()) {
        let cells = Both { good: goods.get(index).copied(), bad: bads.get(index).copied() };
        lines.push(ComparedLine { events: cells, likeness: likeness(cells) });
    }
    lines
}

/// Over several connections, where a request has no answer and its connection was closed, that end stands in the answer's place.
fn put_ends<'d, 'a>(lines: &mut [ComparedLine<'d, 'a>]) {
    let end = |asked: Option<DialogueEvent<'d, 'a>>, answer| match (asked, answer) {
        (Some(DialogueEvent::Message(said)), None) if !said.is_answer && is_cut_short(said) => {
            Some(DialogueEvent::End(said.conversation))
        }
        (_, answer) => answer,
    };
    let is_answer = |event: &DialogueEvent<'_, '_>| matches!(event, DialogueEvent::Message(said) if said.is_answer);
    for index in 1..lines.len() {
        let (asked, events) = (lines[index - 1].events, lines[index].events);
        if [events.good, events.bad].iter().flatten().any(is_answer) {
            let events = Both { good: end(asked.good, events.good), bad: end(asked.bad, events.bad) };
            lines[index] = ComparedLine { events, likeness: likeness(events) };
        }
    }
}

/// Its connection was closed, and the server had said nothing more.
fn is_cut_short(request: &DialogueMessage<'_>) -> bool {
    let c = request.conversation;
    c.teardown.how != Close::Open && !c.messages.iter().any(|m| m.n > request.message.n && m.from == Side::Server)
}

fn opening<'d, 'a>(good: &'a Conversation, bad: &'a Conversation) -> Vec<ComparedLine<'d, 'a>> {
    let has_syn = |c: &Conversation| !c.tcp.handshake.syns.is_empty();
    if !has_syn(good) && !has_syn(bad) {
        return Vec::new();
    }
    let cell = |c: &'a Conversation, cell: fn(&'a Conversation) -> DialogueEvent<'d, 'a>| has_syn(c).then(|| cell(c));
    let line = |make: fn(&'a Conversation) -> DialogueEvent<'d, 'a>| {
        let cells = Both { good: cell(good, make), bad: cell(bad, make) };
        ComparedLine { events: cells, likeness: likeness(cells) }
    };
    vec![line(DialogueEvent::Syn), line(DialogueEvent::Answer)]
}

fn likeness(cells: Both<Option<DialogueEvent<'_, '_>>>) -> Likeness {
    let (Some(good), Some(bad)) = (cells.good, cells.bad) else { return Likeness::Alone };
    let same = match (good, bad) {
        (DialogueEvent::Syn(_), DialogueEvent::Syn(_)) => true,
        (DialogueEvent::Answer(good), DialogueEvent::Answer(bad)) => is_open(good) == is_open(bad),
        (DialogueEvent::Message(good), DialogueEvent::Message(bad)) => {
            good.message.from == bad.message.from && good.meaning == bad.meaning
        }
        (DialogueEvent::End(good), DialogueEvent::End(bad)) => {
            (good.teardown.how, good.teardown.by) == (bad.teardown.how, bad.teardown.by)
        }
        _ => false,
    };
    if same { Likeness::Same } else { Likeness::Changed }
}

/// The server took the connection, or had taken it before the capture began.
pub(super) const fn is_open(c: &Conversation) -> bool {
    !matches!(c.setup, Setup::Refused | Setup::NoAnswer)
}

impl<'d, 'a> ComparedLine<'d, 'a> {
    fn from_messages(row: AlignedMessages<'d, 'a>) -> Self {
        let cells = Both {
            good: row.messages.good.map(DialogueEvent::Message),
            bad: row.messages.bad.map(DialogueEvent::Message),
        };
        Self { events: cells, likeness: row.likeness }
    }

    /// The two messages, if both are messages.
    pub(crate) fn messages(&self) -> Option<(&'d DialogueMessage<'a>, &'d DialogueMessage<'a>)> {
        match (self.events.good, self.events.bad) {
            (Some(DialogueEvent::Message(good)), Some(DialogueEvent::Message(bad))) => Some((good, bad)),
            _ => None,
        }
    }

    fn bad(&self) -> Option<&'d DialogueMessage<'a>> {
        if let Some(DialogueEvent::Message(said)) = self.events.bad { Some(said) } else { None }
    }

    fn good(&self) -> Option<&'d DialogueMessage<'a>> {
        if let Some(DialogueEvent::Message(said)) = self.events.good { Some(said) } else { None }
    }
}

struct ForkFinder<'s, 'd, 'a> {
    good: &'d Dialogue<'a>,
    bad: &'d Dialogue<'a>,
    lines: &'s [ComparedLine<'d, 'a>],
    evidence: &'s [FrameRef],
    known: Known<'s>,
}

impl ForkFinder<'_, '_, '_> {
    fn outcome(&self) -> ForkOutcome {
        let found = (0..self.lines.len()).find_map(|index| self.outcome_at(index));
        let found = found.and_then(|fork| self.proved(fork));
        found.or_else(|| self.slower_by_evidence()).or_else(|| self.opaque()).unwrap_or(ForkOutcome::Alike)
    }

    /// Whether a fork matters. What nobody minds is none. Where a capture lacks bytes, what was not seen proves nothing: if what
    /// was wanted was granted all the same they do not part, else it cannot be told.
    fn proved(&self, fork: ForkOutcome) -> Option<ForkOutcome> {
        let ForkOutcome::DivergesAt(index) = fork else { return Some(fork) };
        let line = self.lines.get(index)?;
        let before = index.checked_sub(1).and_then(|before| self.lines.get(before)?.bad());
        let here = || before.map(|said| said.conversation).or(self.bad.opening());
        let c = line.events.bad.map(DialogueEvent::conversation).or_else(here)?;
        let is_refusal = matches!(line.events.bad, Some(DialogueEvent::Message(said)) if said.refuses);
        let outcomes = self.known.outcomes.bad;
        if is_refusal || outcomes.is_lost(c) || !self.evidence.is_empty() {
            return Some(fork);
        }
        let is_whole = [Some(c), line.events.good.map(DialogueEvent::conversation)].into_iter().flatten().all(is_whole);
        match () {
            () if outcomes.has_failed(c) => None,
            () if is_whole => Some(fork),
            () if outcomes.is_granted(c) => None,
            () => Some(ForkOutcome::LacksAt(index)),
        }
    }

    /// Whether the dialogues part at this line.
    fn outcome_at(&self, index: usize) -> Option<ForkOutcome> {
        let line = self.lines.get(index)?;
        match (line.events.good, line.events.bad) {
            (Some(DialogueEvent::Answer(good)), Some(DialogueEvent::Answer(bad))) => {
                (is_open(good) && !is_open(bad)).then_some(ForkOutcome::DivergesAt(index))
            }
            (Some(DialogueEvent::Message(good)), Some(DialogueEvent::Message(bad))) => {
                let is_read = ![good, bad].into_iter().any(|said| said.message.body.is_opaque());
                let other_answer = is_read && good.is_answer && bad.is_answer && good.meaning != bad.meaning;
                let refused = bad.refuses && !self.closes_again(index);
                (!good.refuses && (other_answer || refused)).then_some(ForkOutcome::DivergesAt(index))
            }
            (Some(DialogueEvent::Message(_)), Some(DialogueEvent::End(bad))) if self.bad.is_one_connection() => {
                self.bad_ended(index, bad)
            }
            (Some(DialogueEvent::Message(_)), Some(DialogueEvent::End(_))) => self.unanswered(index),
            (Some(DialogueEvent::End(_)) | None, Some(DialogueEvent::Message(bad))) => {
                let alone = bad.refuses && !self.closes_again(index);
                alone.then_some(ForkOutcome::DivergesAt(index))
            }
            (Some(DialogueEvent::End(good)), Some(DialogueEvent::End(bad))) => {
                let is_evidence = bad.teardown.at.is_some_and(|at| self.evidence.contains(&at.frame));
                let differs = line.likeness == Likeness::Changed;
                let outcomes = self.known.outcomes;
                let is_lost = || outcomes.bad.is_lost(bad) && !outcomes.good.is_lost(good);
                let is_worse = || ends_worse(good, bad) || is_lost();
                (differs && (is_evidence || is_worse())).then_some(ForkOutcome::DivergesAt(index))
            }
            // A request that both have is answered in the working dialogue only.
            (Some(DialogueEvent::Message(good)), None) if good.is_answer => self.unanswered(index),
            _ => None,
        }
    }

    /// Further on, both come to the same again.
    fn closes_again(&self, index: usize) -> bool {
        let later = self.lines.get(index + 1..).unwrap_or_default();
        later.iter().any(|line| line.likeness == Likeness::Same && line.messages().is_some())
    }

    /// The working dialogue goes on where the failing one has ended.
    fn bad_ended(&self, index: usize, bad: &Conversation) -> Option<ForkOutcome> {
        match bad.teardown.how {
            Close::Open if self.waited_in_vain(bad) => Some(ForkOutcome::DivergesAt(index)),
            Close::Open => Some(ForkOutcome::CaptureEndsAt(index)),
            _ if self.ended_well(bad) => None,
            _ => Some(ForkOutcome::DivergesAt(index)),
        }
    }

    /// The client closed a session that did what it was made for, with every question answered, and no rule calls that the
    /// fault.
    fn ended_well(&self, bad: &Conversation) -> bool {
        let quit = bad.teardown.how == Close::Fin && bad.teardown.by == CloseBy::Client;
        let is_evidence = bad.teardown.at.is_some_and(|at| self.evidence.contains(&at.frame));
        quit && self.known.outcomes.bad.is_granted(bad) && bad.turns.unanswered.is_none() && !is_evidence
    }

    /// A question of the client was left without an answer for longer than a server may take.
    fn waited_in_vain(&self, bad: &Conversation) -> bool {
        let waited = bad.turns.unanswered.map(|asked| self.known.case.end().since(asked.time));
        waited.is_some_and(|waited| waited >= self.known.case.settings.thresholds.reply_timeout)
    }

    /// In a dialogue of several connections: the request of the line before was not answered in the failing one, and its
    /// connection was closed, or waited for long enough.
    fn unanswered(&self, index: usize) -> Option<ForkOutcome> {
        let request = self.lines.get(index.checked_sub(1)?)?.bad().filter(|said| !said.is_answer)?;
        self.lines.get(index)?.good().filter(|said| said.conversation.protocol == request.conversation.protocol)?;
        let c = request.conversation;
        if is_cut_short(request) || self.waited_in_vain(c) {
            Some(ForkOutcome::DivergesAt(index))
        } else {
            (c.teardown.how == Close::Open).then_some(ForkOutcome::CaptureEndsAt(index))
        }
    }

    /// See [`ForkOutcome::SlowerAt`]; of the messages that are evidence, the one that took longest to come.
    fn slower_by_evidence(&self) -> Option<ForkOutcome> {
        let shown = |said: &DialogueMessage<'_>| said.message.frames.iter().any(|frame| self.evidence.contains(frame));
        let evident = self.lines.iter().enumerate().filter(|(_, line)| line.bad().is_some_and(shown));
        let slowest = evident
            .max_by_key(|(index, line)| (line.bad().and_then(DialogueMessage::waited), std::cmp::Reverse(*index)));
        slowest.map(|(index, _)| ForkOutcome::SlowerAt(index))
    }

    /// Both go on in words that nobody can read, and not in the same lengths.
    fn opaque(&self) -> Option<ForkOutcome> {
        let unread = |line: &ComparedLine<'_, '_>| {
            [line.good(), line.bad()].into_iter().flatten().any(|said| said.message.body.is_opaque())
        };
        let first = self.lines.iter().position(unread);
        let sizes = |dialogue: &Dialogue<'_>| dialogue.conversations.iter().map(|c| c.bytes).collect::<Vec<_>>();
        let silent = |dialogue: &Dialogue<'_>| {
            !dialogue.has_messages()
                && dialogue.conversations.iter().any(|c| c.bytes != crate::model::PerSide::default())
        };
        let unheard = (silent(self.good) || silent(self.bad)).then_some(self.lines.len().saturating_sub(1));
        first.or(unheard).filter(|_| sizes(self.good) != sizes(self.bad)).map(ForkOutcome::OpaqueFrom)
    }
}

/// It was cut off, and the other was not.
fn ends_worse(good: &Conversation, bad: &Conversation) -> bool {
    let cut_off = |c: &Conversation| {
        c.teardown.how == Close::Timeout || (c.teardown.how == Close::Rst && c.teardown.by != CloseBy::Client)
    };
    cut_off(bad) && !cut_off(good)
}
