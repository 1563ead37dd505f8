//! What is laid side by side: dialogues. A dialogue is one conversation, or all conversations of one purpose: what a browser asks
//! of one host goes over as many connections as it likes, and each DNS question has a conversation of its own.

use crate::facts::http::pages::Outcome;
use crate::facts::http::{Exchange, Part};
use crate::facts::{Case, Talk, names};
use crate::model::{Conversation, Finding, Message, Setup, Side, Timestamp};
use hashbrown::HashMap;
use nrpcsniff_dissectors::{Decision, Message as Body, sametime, sip, tls};
use std::net::IpAddr;

/// Turns of one dialogue that are looked at.
const TURNS: usize = 20_000;

/// One side of a comparison: a dialogue of one capture.
#[derive(Debug)]
pub struct Dialogue<'a> {
    /// Protocol that is spoken.
    pub protocol: &'static str,
    /// Its conversations, in order.
    pub conversations: Vec<&'a Conversation>,
    /// What was said.
    pub turns: Vec<Turn<'a>>,
    /// Turns beyond the limit.
    pub left_out: usize,
    /// Whom or what it is for.
    pub purpose: Purpose,
    /// Place among the dialogues of its protocol, from 0.
    pub rank: usize,
    /// Place among those that are for the same besides, from 0.
    pub turn: usize,
}

/// Whom or what a dialogue is for, as far as it was read.
#[derive(Debug, Default)]
pub struct Purpose {
    /// Server that was asked for, or who registers, or who logs in.
    pub wanted: Option<String>,
    /// Server that answered.
    pub answered: Option<String>,
    /// Further words that both must have in common.
    pub manner: Option<String>,
}

/// What belongs together: a message, or a request with its response.
#[derive(Debug)]
pub struct Turn<'a> {
    /// The same in two turns that are to be laid side by side.
    pub key: (Side, String),
    /// The message, or the request.
    pub first: Option<Said<'a>>,
    /// The response; always `None` in dialogues of single messages.
    pub second: Option<Said<'a>>,
}

/// A message in its conversation.
#[derive(Debug, Clone)]
pub struct Said<'a> {
    /// The conversation.
    pub conversation: &'a Conversation,
    /// The message.
    pub message: &'a Message,
    /// What it comes to.
    pub meaning: String,
    /// It answers something.
    pub is_answer: bool,
    /// It says no.
    pub refuses: bool,
}

impl<'a> Dialogue<'a> {
    /// First conversation.
    pub fn opening(&self) -> Option<&'a Conversation> {
        self.conversations.first().copied()
    }

    /// It is one conversation, so that its opening and its end belong to what is compared.
    pub fn is_one_connection(&self) -> bool {
        self.conversations.len() == 1 && !joins_conversations(self.protocol)
    }

    /// The finding names one of its conversations; or none at all, but shows one of its messages.
    pub fn is_named_by(&self, finding: &Finding) -> bool {
        let shows = |said: &Said<'_>| said.message.frames.iter().any(|frame| finding.frames.contains(frame));
        match finding.conversations.as_slice() {
            [] => self.turns.iter().flat_map(|turn| [&turn.first, &turn.second]).flatten().any(shows),
            ids => ids.iter().any(|&id| self.has(id)),
        }
    }

    /// Its protocol and its place among those of that protocol: no other of its capture has both.
    pub const fn place(&self) -> (&'static str, usize) {
        (self.protocol, self.rank)
    }

    /// Something was said that could be read.
    pub fn has_messages(&self) -> bool {
        !self.turns.is_empty()
    }

    /// Time of the first frame.
    pub fn start(&self) -> Timestamp {
        self.opening().map_or_else(Timestamp::default, Conversation::start)
    }

    /// One of its conversations has that id.
    pub fn has(&self, id: u32) -> bool {
        self.conversations.iter().any(|c| c.id == id)
    }
}

impl Turn<'_> {
    /// When it began.
    fn start(&self) -> Timestamp {
        let said = self.first.as_ref().or(self.second.as_ref());
        said.map_or_else(Timestamp::default, |said| said.message.at.time)
    }
}

impl<'a> Said<'a> {
    fn new(conversation: &'a Conversation, message: &'a Message) -> Self {
        let body = &message.body;
        let refuses = body.decision(None) == Decision::Refused;
        Self { conversation, message, meaning: body.meaning(None), is_answer: body.answers(message.from), refuses }
    }
}

impl Said<'_> {
    /// Nanoseconds since the message before it in its conversation.
    pub fn waited(&self) -> Option<i64> {
        let all = &self.conversation.messages;
        let before = all.partition_point(|message| message.n < self.message.n).checked_sub(1)?;
        all.get(before).map(|before| self.message.at.since(before.at))
    }
}

/// The dialogues of a capture, in order of time.
pub fn all<'a>(case: &Case<'a>) -> Vec<Dialogue<'a>> {
    let talks: HashMap<u32, &Talk<'a>> = case.talks().map(|talk| (talk.conversation.id, talk)).collect();
    let single =
        case.analysis.conversations.iter().filter(|c| is_of_interest(c) && !joins_conversations(purpose_of(c)));
    let mut found: Vec<_> = single.map(|c| of_one(c, purpose(talks.get(&c.id).copied(), c))).collect();
    found.extend(web(case));
    found.extend(lookups(case));
    number(&mut found);
    found
}

/// The dialogue of one conversation alone, whatever its protocol.
pub fn only<'a>(case: &Case<'a>, conversation: &'a Conversation) -> Dialogue<'a> {
    let mut web = case.web().exchanges().iter().filter(|exchange| exchange.conversation.id == conversation.id);
    let purpose = match web.next() {
        Some(exchange) => host(exchange),
        None => purpose(case.talks().find(|talk| talk.conversation.id == conversation.id), conversation),
    };
    of_one(conversation, purpose)
}

/// Several conversations of that protocol make one dialogue.
fn joins_conversations(protocol: &str) -> bool {
    matches!(protocol, "http" | "dns")
}

/// What a conversation is for: one that HTTP opens and SIP goes on in (WebSocket) is SIP.
fn purpose_of(c: &Conversation) -> &'static str {
    if c.carries_sip() { "sip" } else { c.protocol }
}

/// A protocol is known. Of TLS somebody said something, or could not: on its ports wait many connections that nobody needs.
fn is_of_interest(c: &Conversation) -> bool {
    let idle = c.protocol == tls::PROTOCOL.name && c.messages.is_empty() && c.setup == Setup::Handshake;
    c.protocol != crate::model::UNKNOWN && !idle
}

/// Of TLS only what is asked for, what is chosen, and refusals: the rest of a handshake depends on whether a session is resumed,
/// and is of no interest where it can be seen what was said inside.
fn is_said(c: &Conversation, message: &Message) -> bool {
    let Body::Tls(m) = &message.body else { return true };
    let is_hello = matches!(m.body, tls::Body::ClientHello(_) | tls::Body::ServerHello(_));
    message.body.decision(None) == Decision::Refused || message.body.is_opaque() || is_hello && !c.over_tls
}

fn of_one(c: &Conversation, purpose: Purpose) -> Dialogue<'_> {
    let turn = |message| {
        let said = Said::new(c, message);
        Turn { key: (said.message.from, said.meaning.clone()), first: Some(said), second: None }
    };
    Dialogue {
        protocol: purpose_of(c),
        conversations: vec![c],
        turns: c.messages.iter().filter(|message| is_said(c, message)).take(TURNS).map(turn).collect(),
        left_out: c.messages.iter().filter(|message| is_said(c, message)).skip(TURNS).count(),
        purpose,
        rank: 0,
        turn: 0,
    }
}

fn purpose(talk: Option<&Talk<'_>>, c: &Conversation) -> Purpose {
    match purpose_of(c) {
        "nrpc" => {
            let name = |name: Option<&str>| name.map(names::abbreviated);
            Purpose {
                wanted: name(talk.and_then(Talk::wanted)),
                answered: name(talk.and_then(Talk::answered)),
                manner: None,
            }
        }
        "sip" => Purpose { wanted: c.messages.iter().find_map(of_record), ..Purpose::default() },
        "sametime" => c.messages.iter().find_map(login).unwrap_or_default(),
        "tls" => Purpose { wanted: c.messages.iter().find_map(server_name), ..Purpose::default() },
        _ => Purpose::default(),
    }
}

/// The address of record of a request.
fn of_record(message: &Message) -> Option<String> {
    let Body::Sip(m) = &message.body else { return None };
    m.to.as_ref().filter(|_| m.is_request()).map(sip::Address::of_record)
}

/// The server that a ClientHello names.
fn server_name(message: &Message) -> Option<String> {
    let Body::Tls(m) = &message.body else { return None };
    let tls::Body::ClientHello(hello) = &m.body else { return None };
    hello.sni.clone()
}

fn login(message: &Message) -> Option<Purpose> {
    let Body::Sametime(m) = &message.body else { return None };
    let sametime::Body::Login { user, auth, .. } = &m.body else { return None };
    let manner = Some(if auth.is_token() { "a login by token" } else { "a login by password" }.to_owned());
    Some(Purpose { wanted: Some(user.clone()), answered: None, manner })
}

/// What each client asked of each host.
fn web<'a>(case: &Case<'a>) -> Vec<Dialogue<'a>> {
    let mut found: Vec<Dialogue<'a>> = Vec::new();
    let mut places: HashMap<(IpAddr, &str), usize> = HashMap::new();
    let exchanges = case.web().exchanges().iter().filter(|e| purpose_of(e.conversation) == "http");
    for exchange in exchanges {
        let place = *places.entry((exchange.client(), exchange.host.as_str())).or_insert_with(|| {
            found.push(Dialogue { purpose: host(exchange), ..empty("http") });
            found.len() - 1
        });
        found[place].add(exchange.conversation, asked(exchange));
    }
    let seen: hashbrown::HashSet<u32> = found.iter().flat_map(|d| d.conversations.iter().map(|c| c.id)).collect();
    let silent = |c: &&Conversation| purpose_of(c) == "http" && !seen.contains(&c.id);
    found.extend(case.analysis.conversations.iter().filter(silent).map(|c| of_one(c, Purpose::default())));
    found
}

fn host(exchange: &Exchange<'_>) -> Purpose {
    Purpose { wanted: Some(exchange.host.clone()), ..Purpose::default() }
}

/// A request and its response. Whether a page or a demand to log in comes is not told by the class of the status alone.
fn asked<'a>(exchange: &Exchange<'a>) -> Turn<'a> {
    let c = exchange.conversation;
    let first = exchange.request.map(|Part { message, .. }| Said::new(c, message));
    let second = exchange.response.map(|Part { message, .. }| {
        let said = Said::new(c, message);
        let is_login = exchange.is_login();
        if exchange.leads_to_login() || (is_login && exchange.login_outcome() == Outcome::Refused) {
            let meaning = if is_login { "login not accepted" } else { "sent to a login page" }.to_owned();
            return Said { meaning, refuses: true, ..said };
        }
        let meaning = if is_login { "login accepted".to_owned() } else { said.meaning };
        Said { meaning, ..said }
    });
    let meaning = first.as_ref().map_or_else(|| "?".to_owned(), |said| said.meaning.clone());
    Turn { key: (Side::Client, meaning), first, second }
}

/// What each client asked of DNS.
fn lookups<'a>(case: &Case<'a>) -> Vec<Dialogue<'a>> {
    let mut found: Vec<Dialogue<'a>> = Vec::new();
    let mut places: HashMap<IpAddr, usize> = HashMap::new();
    for c in case.analysis.conversations.iter().filter(|c| purpose_of(c) == "dns") {
        let place = *places.entry(c.client.ip).or_insert_with(|| {
            found.push(empty("dns"));
            found.len() - 1
        });
        for turn in questions(c) {
            found[place].add(c, turn);
        }
    }
    found
}

/// Questions and answers of one conversation, by transaction id. A question that is repeated is one turn.
fn questions(c: &Conversation) -> Vec<Turn<'_>> {
    let mut turns: Vec<Turn<'_>> = Vec::new();
    let mut open: HashMap<(u16, &str), usize> = HashMap::new();
    for message in &c.messages {
        let Body::Dns(body) = &message.body else { continue };
        let key = (body.id, body.name.as_str());
        let said = Said::new(c, message);
        match (body.response, open.get(&key)) {
            (true, Some(&place)) => turns[place].second = turns[place].second.take().or(Some(said)),
            (false, Some(_)) => {}
            (is_response, None) => {
                open.insert(key, turns.len());
                let meaning = format!("query for {}", body.name.to_ascii_lowercase());
                let (first, second) = if is_response { (None, Some(said)) } else { (Some(said), None) };
                turns.push(Turn { key: (Side::Client, meaning), first, second });
            }
        }
    }
    turns
}

const fn empty(protocol: &'static str) -> Dialogue<'static> {
    let purpose = Purpose { wanted: None, answered: None, manner: None };
    Dialogue { protocol, conversations: Vec::new(), turns: Vec::new(), left_out: 0, purpose, rank: 0, turn: 0 }
}

impl<'a> Dialogue<'a> {
    fn add(&mut self, c: &'a Conversation, turn: Turn<'a>) {
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
        dialogue.turns.sort_by_key(Turn::start);
    }
    found.sort_by_key(|dialogue| dialogue.opening().map(|c| c.id));
    let mut of_protocol: HashMap<&str, usize> = HashMap::new();
    let mut of_purpose: HashMap<(&str, Option<String>), usize> = HashMap::new();
    for dialogue in found {
        let rank = of_protocol.entry(dialogue.protocol).or_default();
        let wanted = dialogue.purpose.wanted.as_ref().map(|wanted| wanted.to_lowercase());
        let turn = of_purpose.entry((dialogue.protocol, wanted)).or_default();
        (dialogue.rank, dialogue.turn) = (*rank, *turn);
        *rank += 1;
        *turn += 1;
    }
}
