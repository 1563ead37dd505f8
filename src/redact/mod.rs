//! A capture or a log that may leave the house, and still tells why sign-on failed.
//!
//! A capture is read three times: once by the engine, which says what each connection speaks and which names there are; once to
//! collect what was said, with the place of every byte ([`collect`]); and once to write it anew, frame by frame ([`frames`]). What is
//! changed is changed in the stream, so that a secret that spans segments is whole where it is looked for, and every copy of it, sent
//! again or in a fragment, is changed alike. Lengths and sequence numbers stay.
//!
//! A secret becomes a stand-in of its own length and kind ([`key`], [`secrets`]); names and addresses, where they are to go, are mapped
//! ([`names`], [`addresses`]); what nobody understands is blanked. Decryption secrets and remarks of a capture are left out.

mod addresses;
mod collect;
mod frames;
mod http;
mod key;
mod log;
mod names;
mod protocols;
mod secrets;
mod text;

pub(crate) use key::Key;
pub(crate) use log::redact_log;

use crate::api::Diagnoser;
use crate::capture::Reader;
use crate::capture::copy::{self, Beside, Edited, Editor};
use crate::decode::{Decoder, Headers, Packet};
use crate::model::{Conversation, Endpoint, Frame, Transport};
use crate::report::{Detail, Format, ReportOptions};
use addresses::Addresses;
use anyhow::{Context, Result};
use collect::{Collection, Connection, Direction, Run};
use names::Names;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// What is done with bytes of protocols that are not understood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// The packets stay, and say nothing.
    #[default]
    Blank,
    /// Packets that carry such bytes are left out.
    Drop,
    /// They stay as they are.
    Keep,
}

/// What is to go beside secrets.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Options {
    /// Names of users, hosts and servers.
    pub(crate) names: bool,
    /// Addresses.
    pub(crate) addresses: bool,
    /// What is not understood.
    pub(crate) unknown: Unknown,
}

/// What was done, by kind.
pub(crate) type Counts = BTreeMap<&'static str, u64>;

/// Replaces what must not leave the house.
#[derive(Debug)]
pub(crate) struct Redactor {
    key: Key,
    options: Options,
    names: Option<Names>,
    addresses: Option<Addresses>,
    counts: Counts,
}

impl Redactor {
    /// With the key of this run.
    pub(crate) fn new(key: Key, options: Options) -> Self {
        Self {
            names: options.names.then(|| Names::new(key.clone())),
            addresses: options.addresses.then(|| Addresses::new(key.clone())),
            key,
            options,
            counts: Counts::new(),
        }
    }

    /// What was done so far.
    pub(crate) const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// What was learned stays; what was done is counted anew.
    pub(crate) fn forget_counts(&mut self) {
        self.counts.clear();
    }

    /// Learns the names and addresses that a capture or a log shows, so that they are known in another one, too.
    pub(crate) fn learn_from(&mut self, diagnoser: &Diagnoser, path: &Path) -> Result<()> {
        let diagnosis = diagnoser.diagnose(&[path])?;
        self.learn(&diagnosis)
    }

    /// Writes a capture anew, as far as it can be read. Gives what is wrong with it, if it is damaged.
    ///
    /// # Errors
    /// It cannot be read, or the copy cannot be written.
    pub(crate) fn capture(&mut self, path: &Path, out: impl Write) -> Result<Option<String>> {
        let diagnosis = Diagnoser::default().diagnose(&[path])?;
        if self.names.is_some() || self.addresses.is_some() {
            self.learn(&diagnosis)?;
        }
        let speaks = Spoken::of(diagnosis.analysis().conversations.iter());
        let packets = diagnosis.analysis().inputs.iter().map(|input| input.packets).sum();
        let damaged = diagnosis.analysis().inputs.iter().find(|input| !input.complete);
        let problem = damaged.map(|input| input.problem.clone().unwrap_or_else(|| "damaged".to_owned()));
        drop(diagnosis);
        let collection = self.collect(path)?;
        self.learn_texts(&collection, &speaks);
        let plan = self.plan(&collection, &speaks);
        let source = File::open(path).with_context(|| path.display().to_string())?;
        let mut editor = Rewriting { redactor: self, plan, decoder: Decoder::new() };
        copy::copy(source, out, (0, packets), &mut editor).with_context(|| path.display().to_string())?;
        Ok(problem)
    }

    /// Names and addresses that messages tell.
    fn learn(&mut self, diagnosis: &crate::api::Diagnosis) -> Result<()> {
        let mut json = Vec::new();
        let options = ReportOptions { detail: Detail::Messages, all: true, ..ReportOptions::new(Format::Json) };
        diagnosis.write(&options, &mut json)?;
        let report: serde_json::Value = serde_json::from_slice(&json)?;
        self.learn_value("", &report);
        Ok(())
    }

    fn learn_value(&mut self, name: &str, value: &serde_json::Value) {
        match value {
            serde_json::Value::Object(fields) => fields.iter().for_each(|(name, value)| self.learn_value(name, value)),
            serde_json::Value::Array(values) => values.iter().for_each(|value| self.learn_value(name, value)),
            serde_json::Value::String(text) => self.learn_field(name, text),
            _ => {}
        }
    }

    fn learn_field(&mut self, name: &str, text: &str) {
        if let (Some(addresses), Ok(address)) = (&mut self.addresses, text.parse()) {
            addresses.learn(address);
        }
        let Some(names) = &mut self.names else { return };
        match name {
            "user" | "wanted_server" | "own_name" | "server_name" | "login_id" | "user_id" | "user_name"
            | "community" | "server_id" => names.learn(text),
            "host" | "sni" | "domain" | "realm" | "answers" | "names" | "asked" => names.learn_host(text),
            "from" | "to" | "uri" | "contact" | "location" | "name" | "subject" | "issuer" | "text" | "filter"
            | "service" => {
                names.learn_text(text);
            }
            _ => {}
        }
        // A name that DNS was asked for.
        if name == "name" && text.contains('.') && !text.contains([' ', '/', '=']) {
            names.learn_host(text);
        }
    }

    /// What every frame says, with places.
    fn collect(&mut self, path: &Path) -> Result<Collection> {
        let mut reader = Reader::open(path)?;
        let (mut decoder, mut collection) = (Decoder::new(), Collection::default());
        while let Some(frame) = reader.next(0) {
            let number = frame.at.frame.number;
            let (packet, headers) = decoder.decode_with_headers(&frame);
            if let Some(fragment) = &headers.fragment {
                collection.fragment(number, fragment, frame.data);
            }
            let info = match &packet {
                Packet::Tcp(segment) => {
                    collection.segment(number, &headers, segment);
                    Some(segment.ip)
                }
                Packet::Udp(datagram) => {
                    collection.datagram(number, &headers, datagram);
                    Some(datagram.ip)
                }
                _ => None,
            };
            if let (Some(addresses), Some(info)) = (&mut self.addresses, info) {
                addresses.learn(info.source);
                addresses.learn(info.destination);
            }
        }
        Ok(collection)
    }

    /// Names that stand in texts.
    fn learn_texts(&mut self, collection: &Collection, speaks: &Spoken) {
        let Some(names) = &mut self.names else { return };
        for connection in &collection.connections {
            if matches!(speaks.protocol(connection), Some("http" | "sip")) {
                for run in connection.directions.iter().flat_map(Direction::runs) {
                    names.learn_text(&text::readable(&run.bytes));
                }
            }
        }
    }

    /// Decides what every frame becomes.
    fn plan(&mut self, collection: &Collection, speaks: &Spoken) -> Plan {
        let mut plan = Plan::default();
        for connection in &collection.connections {
            let protocol = speaks.protocol(connection);
            for direction in &connection.directions {
                self.direction(protocol, connection, direction, collection, &mut plan);
            }
        }
        for datagram in &collection.datagrams {
            let mut new = datagram.bytes.clone();
            self.packet(datagram.ports, &mut new);
            for piece in &datagram.pieces {
                let old = datagram.bytes.get(piece.bytes.clone()).unwrap_or_default();
                match &piece.other {
                    None => plan.add(collection, piece, old, new.get(piece.bytes.clone()).unwrap_or_default()),
                    Some(own) => {
                        let mut other = with(&datagram.bytes, piece.bytes.start, own);
                        self.packet(datagram.ports, &mut other);
                        plan.add(collection, piece, own, other.get(piece.bytes.clone()).unwrap_or_default());
                    }
                }
            }
        }
        if self.blanks() {
            plan.blanked.extend(collection.left_over());
        }
        plan
    }

    fn direction(
        &mut self,
        protocol: Option<&str>,
        connection: &Connection,
        direction: &Direction,
        collection: &Collection,
        plan: &mut Plan,
    ) {
        let mut previous: Option<u8> = None;
        let mut new: Vec<(Run, Vec<u8>, bool)> = Vec::new();
        for run in direction.runs() {
            let begun = if new.is_empty() { connection.has_begun() } else { previous == Some(b'\n') };
            let mut changed = run.bytes.clone();
            self.stream(protocol, &mut changed, !begun);
            previous = run.bytes.last().copied();
            new.push((run, changed, !begun));
        }
        for (position, piece) in direction.pieces() {
            let index = new.partition_point(|(run, ..)| run.start <= *position).checked_sub(1);
            let Some((run, changed, after_gap)) = index.and_then(|index| new.get(index)) else { continue };
            let from = usize::try_from(position.saturating_sub(run.start)).unwrap_or(usize::MAX);
            let place = from..from.saturating_add(piece.bytes.len());
            let (Some(said), Some(changed)) = (run.bytes.get(place.clone()), changed.get(place.clone())) else {
                continue;
            };
            let own = direction.bytes(piece);
            if own == said {
                plan.add(collection, piece, own, changed);
            } else {
                // A copy that says something else is changed as if it had been taken.
                let mut other = with(&run.bytes, from, own);
                self.stream(protocol, &mut other, *after_gap);
                plan.add(collection, piece, own, other.get(place).unwrap_or_default());
            }
        }
    }

    fn blanks(&self) -> bool {
        self.options.unknown != Unknown::Keep
    }

    /// Counts a change, if it is one.
    fn count_changed(&mut self, kind: &'static str, old: &[u8], new: &[u8]) {
        if old != new {
            self.count(kind, 1);
        }
    }

    fn count(&mut self, kind: &'static str, number: u64) {
        if number > 0 {
            let count = self.counts.entry(kind).or_default();
            *count = count.saturating_add(number);
        }
    }

    /// Replaces a token.
    fn token(&mut self, bytes: &mut [u8]) {
        let old = bytes.to_vec();
        let kind = secrets::token(&self.key, bytes);
        self.count_changed(kind, &old, bytes);
        self.names_in_token(bytes);
    }

    /// Replaces the user's name within a Domino token.
    fn names_in_token(&mut self, bytes: &mut [u8]) {
        if self.names.is_some() && secrets::is_domino(&text::readable(bytes)) {
            secrets::inside_domino(bytes, &mut |user| self.names_in(user));
        }
    }

    /// Replaces names in bytes of any kind.
    fn names_in(&mut self, bytes: &mut [u8]) {
        let count = self.names.as_mut().map_or(0, |names| names.replace(bytes));
        self.count("names, word by word", count);
    }

    fn addresses_in_bytes(&mut self, bytes: &mut [u8]) {
        let count = self.addresses.as_mut().map_or(0, |addresses| addresses.replace_bytes(bytes));
        self.count("addresses in messages", count);
    }

    fn names_and_addresses_in_text(&mut self, bytes: &mut [u8]) {
        self.names_in(bytes);
        let count = self.addresses.as_mut().map_or(0, |addresses| addresses.replace_text(bytes));
        self.count("addresses in messages", count);
    }
}

/// These bytes, with others from there on.
fn with(bytes: &[u8], at: usize, others: &[u8]) -> Vec<u8> {
    let mut new = bytes.to_vec();
    if let Some(place) = new.get_mut(at..at.saturating_add(others.len())) {
        place.copy_from_slice(others);
    }
    new
}

/// Which connection speaks what, as the engine has it.
struct Spoken(HashMap<(Endpoint, Endpoint), Vec<Speech>>);

/// First frame of a connection, and the protocol.
type Speech = (u64, Option<&'static str>);

impl Spoken {
    fn of<'c>(conversations: impl Iterator<Item = &'c Conversation>) -> Self {
        let mut spoken: HashMap<_, Vec<_>> = HashMap::new();
        for conversation in conversations.filter(|conversation| conversation.transport == Transport::Tcp) {
            let protocol = conversation.protocol.filter(|_| !conversation.over_tls).map(|protocol| protocol.name);
            let protocol = if conversation.over_tls { Some("tls") } else { protocol };
            let ends = (conversation.client, conversation.server);
            spoken.entry(ends).or_default().push((conversation.first.frame.number, protocol));
        }
        Self(spoken)
    }

    fn protocol(&self, connection: &Connection) -> Option<&'static str> {
        let (from, to) = connection.ends;
        let list = self.0.get(&(from, to)).or_else(|| self.0.get(&(to, from)))?;
        let begun = list.iter().rfind(|(first, _)| *first <= connection.first);
        begun.or(list.first()).and_then(|(_, protocol)| *protocol)
    }
}

/// What frames become.
#[derive(Debug, Default)]
struct Plan {
    /// By frame: places, and what is put there.
    changes: HashMap<u64, Vec<(usize, Vec<u8>)>>,
    /// By how much the checksum grows that stands in the frame with a packet's first fragment.
    moved: HashMap<u64, u32>,
    /// What fragments hold whose packet is not whole.
    blanked: Vec<(u64, std::ops::Range<usize>)>,
}

impl Plan {
    fn add(&mut self, collection: &Collection, piece: &collect::Piece, old: &[u8], new: &[u8]) {
        if old == new || old.len() != new.len() {
            return;
        }
        self.changes.entry(piece.frame).or_default().push((piece.at, new.to_vec()));
        let Some((number, offset)) = piece.whole else { return };
        let first = collection.wholes.get(number).and_then(|whole| whole.first);
        if let Some(frame) = first {
            let moved = self.moved.entry(frame).or_default();
            *moved = moved.wrapping_add(frames::delta_at(offset, old, new));
        }
    }
}

/// A capture that is written anew.
struct Rewriting<'r> {
    redactor: &'r mut Redactor,
    plan: Plan,
    decoder: Decoder,
}

impl Rewriting<'_> {
    /// Nothing in the packet is known.
    fn is_unknown(packet: &Packet<'_>, headers: &Headers) -> bool {
        matches!(packet, Packet::Other(_)) && headers.fragment.is_none()
    }
}

impl Editor for Rewriting<'_> {
    fn packet<'a>(&mut self, frame: &Frame<'a>) -> Option<Edited<'a>> {
        let number = frame.at.frame.number;
        let (packet, headers) = self.decoder.decode_with_headers(frame);
        if self.redactor.options.unknown == Unknown::Drop && Self::is_unknown(&packet, &headers) {
            self.redactor.count("packets of unknown protocols, left out", 1);
            return None;
        }
        let mut data = frame.data.to_vec();
        for (at, new) in self.plan.changes.remove(&number).unwrap_or_default() {
            if let Some(place) = data.get_mut(at..at.saturating_add(new.len())) {
                place.copy_from_slice(&new);
            }
        }
        for (_, place) in self.plan.blanked.iter().filter(|(frame, _)| *frame == number) {
            data.get_mut(place.clone()).into_iter().for_each(key::blank);
        }
        let moved = self.plan.moved.remove(&number).unwrap_or_default();
        self.redactor.headers(frame, &headers, &mut data, moved);
        Some(Edited { data: Cow::Owned(data), comment: None })
    }

    fn keeps(&mut self, block: Beside) -> bool {
        let kind = match block {
            Beside::Secrets => "Decryption Secrets Block, left out",
            Beside::Names => "block of names, left out",
            Beside::Other => "block that is not understood, left out",
        };
        self.redactor.count(kind, 1);
        false
    }

    fn keeps_remarks(&self) -> bool {
        false
    }

    fn comment(&self) -> Option<String> {
        let Options { names, addresses, .. } = self.redactor.options;
        let also = match (names, addresses) {
            (true, true) => ", and names and addresses are mapped",
            (true, false) => ", and names are mapped",
            (false, true) => ", and addresses are mapped",
            (false, false) => "",
        };
        Some(format!("Redacted by nrpcsniff: secrets have stand-ins of the same length{also}."))
    }
}
