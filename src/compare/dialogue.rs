//! What is laid side by side: dialogues. A dialogue is one conversation, or all conversations of one purpose: what a browser asks
//! of one host goes over as many connections as it likes, and each DNS question has a conversation of its own.

use crate::facts::Case;
use crate::model::{Conversation, ConversationId, Finding, Message, Setup, Side, Span, Timestamp};
use hashbrown::HashMap;
use nrpcsniff_dissectors::{Class, Decision, Dialogues, Message as Body, Protocol, Purpose};
use std::collections::VecDeque;
use std::net::IpAddr;

/// Turns of one dialogue that are looked at.
const TURNS: usize = 20_000;

/// One side of a comparison: a dialogue of one capture.
#[derive(Debug)]
pub(super) struct Dialogue<'a> {
    /// Protocol that is spoken, if that is known.
    pub protocol: Option<&'static Protocol>,
    /// Conversations of the dialogue, in order.
    pub conversations: Vec<&'a Conversation>,
    /// Turns of the dialogue, in order.
    pub turns: Vec<DialogueTurn<'a>>,
    /// Turns beyond the limit.
    pub left_out: usize,
    /// The purpose of the dialogue.
    pub purpose: Purpose,
    /// Place among the dialogues of its protocol, from 0.
    pub rank: usize,
    /// Place among those that are for the same besides, from 0.
    pub turn: usize,
}

/// What belongs together: a message, or a request with its response.
#[derive(Debug)]
pub(crate) struct DialogueTurn<'a> {
    /// Key by which turns are laid side by side: equal in two that belong together.
    pub key: (Side, String),
    /// The message, or the request.
    pub first: Option<DialogueMessage<'a>>,
    /// The response; always `None` in dialogues of single messages.
    pub second: Option<DialogueMessage<'a>>,
}

/// A message in its conversation.
#[derive(Debug, Clone)]
pub(crate) struct DialogueMessage<'a> {
    /// The conversation that carried it.
    pub conversation: &'a Conversation,
    /// The message.
    pub message: &'a Message,
    /// What the message comes to, in words.
    pub meaning: String,
    /// True if it answers something.
    pub is_answer: bool,
    /// True if it refuses what was asked for.
    pub refuses: bool,
}

impl<'a> Dialogue<'a> {
    /// First conversation.
    pub(super) fn opening(&self) -> Option<&'a Conversation> {
        self.conversations.first().copied()
    }

    /// It is one conversation, so that its opening and its end belong to what is compared.
    pub(super) fn is_one_connection(&self) -> bool {
        self.conversations.len() == 1 && !self.is_joined()
    }

    /// All that a client asks belongs to it, over as many conversations as it likes.
    pub(super) fn is_joined(&self) -> bool {
        self.protocol.is_some_and(|protocol| protocol.dialogues != Dialogues::Conversation)
    }

    /// The finding names one of its conversations; or none at all, but shows one of its messages.
    pub(crate) fn is_named_by(&self, finding: &Finding) -> bool {
        let shows = |said: &DialogueMessage<'_>| said.message.frames.iter().any(|frame| finding.frames.contains(frame));
        match finding.conversations.as_slice() {
            [] => self.turns.iter().flat_map(|turn| [&turn.first, &turn.second]).flatten().any(shows),
            ids => ids.iter().any(|&id| self.has(id)),
        }
    }

    /// Its protocol and its place among those of that protocol: no other of its capture has both.
    pub(super) const fn place(&self) -> (Option<&'static Protocol>, usize) {
        (self.protocol, self.rank)
    }

    /// Something was said that could be read.
    pub(super) fn has_messages(&self) -> bool {
        !self.turns.is_empty()
    }

    /// Time of the first frame.
    pub(super) fn start(&self) -> Timestamp {
        self.opening().map_or_else(Timestamp::default, Conversation::start)
    }

    /// One of its conversations has that id.
    pub(super) fn has(&self, id: ConversationId) -> bool {
        self.conversations.iter().any(|c| c.id == id)
    }
}

impl DialogueTurn<'_> {
    /// When it began.
    fn start(&self) -> Timestamp {
        let said = self.first.as_ref().or(self.second.as_ref());
        said.map_or_else(Timestamp::default, |said| said.message.at.time)
    }
}

impl<'a> DialogueMessage<'a> {
    /// A message, and what it answers if that is known.
    fn new(conversation: &'a Conversation, message: &'a Message, request: Option<&Body>) -> Self {
        let body = &message.body;
        let refuses = body.decision(request) == Decision::Refused;
        Self { conversation, message, meaning: body.meaning(request), is_answer: body.answers(message.from), refuses }
    }
}

impl DialogueMessage<'_> {
    /// Time since the message before it in its conversation.
    pub(crate) fn waited(&self) -> Option<Span> {
        let all = &self.conversation.messages;
        let before = all.partition_point(|message| message.n < self.message.n).checked_sub(1)?;
        all.get(before).and_then(|before| self.message.at.lasted_since(before.at))
    }
}

/// The dialogues of a capture, in order of time.
pub(super) fn all<'a>(case: &Case<'a>) -> Vec<Dialogue<'a>> {
    let of_interest = of_interest(case, Dialogues::Conversation);
    let mut found: Vec<_> = of_interest.map(|(c, protocol)| of_one(c, Some(protocol), purpose(c))).collect();
    found.extend(joined(case, Dialogues::Host));
    found.extend(joined(case, Dialogues::Client));
    number(&mut found);
    found
}

/// The dialogue of one conversation alone, whatever its protocol.
pub(crate) fn of_conversation(c: &Conversation) -> Dialogue<'_> {
    of_one(c, c.spoken(), purpose(c))
}

/// Conversations in which a protocol of such dialogues is spoken. Of those that carry another somebody said something, or could
/// not: on their ports wait many connections that nobody needs.
fn of_interest<'a>(
    case: &Case<'a>,
    dialogues: Dialogues,
) -> impl Iterator<Item = (&'a Conversation, &'static Protocol)> + use<'a> {
    let spoken = |c: &'a Conversation| Some((c, c.spoken()?));
    let of_kind = case.analysis.conversations.iter().filter_map(spoken).filter(move |(_, p)| p.dialogues == dialogues);
    of_kind.filter(|(c, p)| !(p.is_carrier() && c.messages.is_empty() && c.setup == Setup::Handshake))
}

/// Of a protocol that carries another only refusals and what cannot be read; where it cannot be seen what was said inside, what
/// was asked for and chosen besides.
fn is_compared(c: &Conversation, message: &Message) -> bool {
    let body = &message.body;
    let is_told = || body.decision(None) == Decision::Refused || body.is_opaque();
    !body.protocol().is_carrier() || is_told() || body.is_comparable() && !c.over_tls
}

fn of_one<'a>(c: &'a Conversation, protocol: Option<&'static Protocol>, purpose: Purpose) -> Dialogue<'a> {
    let turn = |message| {
        let said = DialogueMessage::new(c, message, None);
        DialogueTurn { key: (said.message.from, said.meaning.clone()), first: Some(said), second: None }
    };
    Dialogue {
        conversations: vec![c],
        turns: c.messages.iter().filter(|message| is_compared(c, message)).take(TURNS).map(turn).collect(),
        left_out: c.messages.iter().filter(|message| is_compared(c, message)).skip(TURNS).count(),
        purpose,
        ..empty(protocol)
    }
}

/// What the conversation is for, by the first messages that say so.
fn purpose(c: &Conversation) -> Purpose {
    let Some(protocol) = c.spoken() else { return Purpose::default() };
    let said = c.messages.iter().filter(|message| message.body.protocol() == protocol);
    said.fold(Purpose::default(), |known, message| known.or(message.body.purpose()))
}

/// Dialogues of several conversations: what each client asked of each host, or all that it asked. A connection on which
/// nothing could be read is a dialogue of its own, because nothing tells to which host it belongs.
fn joined<'a>(case: &Case<'a>, dialogues: Dialogues) -> Vec<Dialogue<'a>> {
    let mut found: Vec<Dialogue<'a>> = Vec::new();
    let mut places: HashMap<(IpAddr, &Protocol, Option<String>), usize> = HashMap::new();
    for (c, protocol) in of_interest(case, dialogues) {
        let mut place = |found: &mut Vec<Dialogue<'a>>, wanted: Option<String>| {
            *places.entry((c.client.ip, protocol, wanted.clone())).or_insert_with(|| {
                found.push(Dialogue { purpose: Purpose { wanted, ..Purpose::default() }, ..empty(Some(protocol)) });
                found.len() - 1
            })
        };
        let turns = exchanges(c, protocol);
        match dialogues {
            Dialogues::Host if turns.is_empty() => found.push(of_one(c, Some(protocol), Purpose::default())),
            Dialogues::Host => {
                for turn in turns {
                    let at = place(&mut found, Some(host(c, &turn)));
                    found[at].add(c, turn);
                }
            }
            Dialogues::Client | Dialogues::Conversation => {
                let at = place(&mut found, None);
                for turn in turns {
                    found[at].add(c, turn);
                }
            }
        }
    }
    found
}

/// The host that a request names, else the server's address.
fn host(c: &Conversation, turn: &DialogueTurn<'_>) -> String {
    let named = turn.first.as_ref().and_then(|request| request.message.body.purpose().wanted);
    named.unwrap_or_else(|| c.server.ip.to_string())
}

/// Requests and their answers in one conversation. A request that is repeated before it is answered is one turn; what
/// asks nothing and answers nothing is left out. An answer without a number belongs to the oldest request that is open,
/// as HTTP/1.1 answers in order.
fn exchanges<'a>(c: &'a Conversation, protocol: &Protocol) -> Vec<DialogueTurn<'a>> {
    let mut turns: Vec<DialogueTurn<'a>> = Vec::new();
    let mut numbered: HashMap<String, usize> = HashMap::new();
    let mut waiting = VecDeque::new();
    for message in c.messages.iter().filter(|message| message.body.protocol() == protocol) {
        let key = message.body.transaction();
        let known = key.as_ref().and_then(|key| numbered.get(key).copied());
        let is_asked = known.and_then(|place| turns.get(place)).is_some_and(|turn| turn.first.is_some());
        match message.body.class() {
            Class::Interim | Class::Unstated => {}
            // Sent again, over UDP or another hop: still one question.
            Class::Request if is_asked => {}
            Class::Request => {
                match key {
                    Some(key) => drop(numbered.insert(key, turns.len())),
                    None => waiting.push_back(turns.len()),
                }
                let request = DialogueMessage::new(c, message, None);
                turns.push(DialogueTurn {
                    key: (Side::Client, request.meaning.clone()),
                    first: Some(request),
                    second: None,
                });
            }
            Class::Response => {
                let place = if key.is_some() { known } else { waiting.pop_front() };
                let Some(turn) = place.and_then(|place| turns.get_mut(place)) else {
                    numbered.extend(key.map(|key| (key, turns.len())));
                    turns.push(unasked(c, message));
                    continue;
                };
                let request = turn.first.as_ref().map(|request| &request.message.body);
                turn.second = turn.second.take().or_else(|| Some(DialogueMessage::new(c, message, request)));
            }
        }
    }
    turns
}

/// An answer to something that was not captured.
fn unasked<'a>(c: &'a Conversation, message: &'a Message) -> DialogueTurn<'a> {
    let question = message.body.question().unwrap_or_else(|| "?".to_owned());
    DialogueTurn { key: (Side::Client, question), first: None, second: Some(DialogueMessage::new(c, message, None)) }
}

const fn empty(protocol: Option<&'static Protocol>) -> Dialogue<'static> {
    let purpose = Purpose { wanted: None, answered: None, manner: None };
    Dialogue { protocol, conversations: Vec::new(), turns: Vec::new(), left_out: 0, purpose, rank: 0, turn: 0 }
}

impl<'a> Dialogue<'a> {
    fn add(&mut self, c: &'a Conversation, turn: DialogueTurn<'a>) {
        if !self.has(c.id) {
            self.conversations.push(c);
        }
        if self.turns.len() < TURNS { self.turns.push(turn) } else { self.left_out += 1 }
    }
}

/// Puts dialogues in order and counts those of each protocol.
fn number(found: &mut [Dialogue<'_>]) {
    for dialogue in found.iter_mut() {
        dialogue.conversations.sort_by_key(|c| c.id);
        dialogue.turns.sort_by_key(DialogueTurn::start);
    }
    found.sort_by_key(|dialogue| dialogue.opening().map(|c| c.id));
    let mut of_protocol: HashMap<Option<&Protocol>, usize> = HashMap::new();
    let mut of_purpose: HashMap<(Option<&Protocol>, Option<String>), usize> = HashMap::new();
    for dialogue in found {
        let rank = of_protocol.entry(dialogue.protocol).or_default();
        let wanted = dialogue.purpose.wanted.as_ref().map(|wanted| wanted.to_lowercase());
        let turn = of_purpose.entry((dialogue.protocol, wanted)).or_default();
        (dialogue.rank, dialogue.turn) = (*rank, *turn);
        *rank += 1;
        *turn += 1;
    }
}
