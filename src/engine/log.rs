//! What is kept of the messages of one conversation, in all its layers together.

use super::MessageRetention;
use super::budget::MessageBudget;
use super::buffer::{MessageFrames, len};
use crate::model::{FrameRef, Message, PerSide, Side, Span, Stamp, Turn, Turns};
use nrpcsniff_dissectors::{Message as Body, Protocol};

/// Messages kept from the start and from the end when memory must not grow.
const HEAD: usize = 16;
const TAIL: usize = 8;
/// Messages kept beyond these because rules ask for them.
const NOTABLE: usize = 64;
/// Messages kept of those that rules look at one by one.
pub(super) const ESSENTIAL: usize = 10_000;
/// Slow turns kept.
const SLOW_TURNS: usize = 8;

/// Messages of one conversation that are kept, and counts of all.
#[derive(Debug)]
pub(super) struct MessageLog {
    retention: MessageRetention,
    budget: MessageBudget,
    head: Vec<Message>,
    notable: usize,
    /// The last ones, in a ring.
    tail: Vec<Message>,
    /// Messages that came when the ring was full: the next one takes the place of the oldest.
    replaced: usize,
    /// Messages seen, by sender.
    pub seen: PerSide<u64>,
    /// Messages seen of each protocol: one may carry another.
    pub counts: Vec<(&'static Protocol, u64)>,
    turns: Turns,
    asked: Option<Stamp>,
    /// Frame of the last message.
    latest: FrameRef,
    /// Some message was said before one that was told earlier.
    is_disordered: bool,
}

impl MessageLog {
    /// Nothing said yet.
    pub(super) fn new(retention: MessageRetention, budget: MessageBudget) -> Self {
        Self {
            retention,
            budget,
            head: Vec::new(),
            notable: 0,
            tail: Vec::new(),
            replaced: 0,
            seen: PerSide::default(),
            counts: Vec::new(),
            turns: Turns::default(),
            asked: None,
            latest: FrameRef::default(),
            is_disordered: false,
        }
    }

    /// Adds a message of `length` bytes at `offset` of what that side sent.
    pub(super) fn add(&mut self, side: Side, offset: u64, length: usize, carried: MessageFrames, body: Body) {
        let MessageFrames { first, last, frames } = carried;
        // A handshake is no question, and an alert no answer.
        if !body.protocol().is_carrier() {
            self.turn(side, first, last);
        }
        self.seen[side] = self.seen[side].saturating_add(1);
        let n = u32::try_from(self.seen.client.saturating_add(self.seen.server)).unwrap_or(u32::MAX);
        if !body.is_nonsense() {
            self.count(body.protocol());
        }
        self.is_disordered |= last.frame < std::mem::replace(&mut self.latest, last.frame);
        self.keep(Message { n, from: side, at: last, frames, offset, length: len(length), body });
    }

    /// Questions and answers, and the messages that are kept, in order.
    pub(super) fn finish(self) -> (Turns, Vec<Message>) {
        let turns = self.turns();
        let mut messages = self.head;
        messages.extend(self.tail);
        messages.sort_by_key(|m| m.n);
        if self.is_disordered {
            in_order(&mut messages);
        }
        messages.shrink_to_fit();
        (turns, messages)
    }

    /// As [`MessageLog::finish`], while it goes on. `before` is what this gave the last time: messages that still hold are not
    /// copied again.
    pub(super) fn preview(&self, mut before: Vec<Message>) -> (Turns, Vec<Message>) {
        let known = before.len();
        let same = |a: Option<&Message>, b: Option<&Message>| a.is_some() && a.map(|m| m.n) == b.map(|m| m.n);
        let holds = self.tail.is_empty()
            && same(before.first(), self.head.first())
            && same(before.last(), known.checked_sub(1).and_then(|last| self.head.get(last)));
        if holds {
            before.extend(self.head.iter().skip(known).cloned());
            if self.is_disordered {
                in_order(&mut before);
            }
            return (self.turns(), before);
        }
        let mut messages: Vec<Message> = self.head.iter().chain(&self.tail).cloned().collect();
        messages.sort_by_key(|m| m.n);
        if self.is_disordered {
            in_order(&mut messages);
        }
        (self.turns(), messages)
    }

    /// Lets go of messages that are sealed and that nobody needs, but for the first ones. Says whether there were any.
    pub(super) fn let_go(&mut self, stays: impl FnMut(&Message) -> bool) -> bool {
        let_go(&mut self.head, stays)
    }

    /// Messages that are kept from the start on.
    pub(super) fn kept(&self) -> usize {
        self.head.len()
    }

    /// Bytes of the messages that are kept.
    pub(super) fn weight(&self) -> usize {
        self.head.iter().map(Message::weight).fold(0, usize::saturating_add)
    }

    fn turns(&self) -> Turns {
        let mut turns = self.turns.clone();
        turns.unanswered = self.asked;
        turns.slowest.sort_by_key(|turn| turn.request.time);
        turns
    }

    fn count(&mut self, protocol: &'static Protocol) {
        match self.counts.iter_mut().find(|(counted, _)| *counted == protocol) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.counts.push((protocol, 1)),
        }
    }

    fn keep(&mut self, message: Message) {
        let room = match self.retention {
            MessageRetention::All(most) => most.max(HEAD),
            MessageRetention::Essential
                if message.body.is_essential() && self.head.len() < ESSENTIAL && self.budget.take() =>
            {
                ESSENTIAL
            }
            MessageRetention::Essential => HEAD,
        };
        if self.head.len() < room.saturating_add(self.notable) {
            self.budget.hold(message.weight());
            self.head.push(message);
        } else if self.notable < NOTABLE && message.body.is_notable() {
            self.notable = self.notable.saturating_add(1);
            self.budget.hold(message.weight());
            self.head.push(message);
        } else if self.tail.len() < TAIL {
            self.tail.push(message);
        } else if let Some(oldest) = self.tail.get_mut(self.replaced % TAIL) {
            *oldest = message;
            self.replaced = self.replaced.wrapping_add(1);
        }
    }

    fn turn(&mut self, side: Side, first: Stamp, at: Stamp) {
        match (side, self.asked) {
            (Side::Client, _) => self.asked = Some(at),
            // What was told late, because more was waited for, may answer a question before this one.
            (Side::Server, Some(request)) if first.frame < request.frame => {}
            (Side::Server, Some(request)) => {
                self.asked = None;
                let turn = Turn { request, reply: first };
                let turns = &mut self.turns;
                turns.count = turns.count.saturating_add(1);
                turns.waited = turns.waited.plus(turn.length().max(Span::ZERO));
                if turn.length() < Span::ZERO {
                    // The capture's clock ran backwards: how long it took is not known.
                } else if turns.slowest.len() < SLOW_TURNS {
                    turns.slowest.push(turn);
                } else if let Some(fastest) = turns.slowest.iter_mut().min_by_key(|t| t.length())
                    && fastest.length() < turn.length()
                {
                    *fastest = turn;
                }
            }
            (Side::Server, None) => {}
        }
    }
}

/// Places that a message is moved back at most: more than a side says while the other one's page is awaited, and no capture makes
/// this dear.
const MOVED: usize = 64;

/// Puts messages where they were said. A dissector may hold one until it knows more of it (an answer whose page is to come), and
/// meanwhile the other side, or another layer, goes on. What one side says in one protocol keeps its order.
fn in_order(messages: &mut [Message]) {
    let numbers: Vec<u32> = messages.iter().map(|message| message.n).collect();
    for place in 1..messages.len() {
        let mut at = place;
        while let Some(before) = at.checked_sub(1).filter(|_| place.saturating_sub(at) < MOVED)
            && messages.get(before..=at).is_some_and(was_held)
        {
            messages.swap(before, at);
            at = before;
        }
    }
    for (message, n) in messages.iter_mut().zip(numbers) {
        message.n = n;
    }
}

/// The second of two messages was said before the first.
fn was_held(pair: &[Message]) -> bool {
    let [before, held] = pair else { return false };
    let of_one_stream = held.from == before.from && held.body.protocol() == before.body.protocol();
    !of_one_stream && held.at.frame < before.at.frame
}

/// Lets go of messages that need not stay, but for the first ones. Says whether there were any.
pub(super) fn let_go(messages: &mut Vec<Message>, mut stays: impl FnMut(&Message) -> bool) -> bool {
    let count = messages.len();
    let mut index = 0_usize;
    messages.retain(|message| {
        index = index.saturating_add(1);
        index <= HEAD || stays(message)
    });
    let went = messages.len() < count;
    if went {
        messages.shrink_to_fit();
    }
    went
}
