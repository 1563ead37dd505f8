//! A connection that goes on: its segments, and whether a dissector reads them.

use super::{Belongs, DissectionState, NullSink, OpenFlow, has_failed};
use crate::decode::{self, Segment, flags};
use crate::engine::dissection::{self, Dissection};
use crate::engine::reopened::{NewSyn, Shows};
use crate::engine::state::EngineState;
use crate::engine::{DecodeAs, Options};
use crate::model::{Endpoint, PerSide, Stamp};
use crate::stream::Connection;
use nrpcsniff_dissectors::{Protocol, usual_at};

impl OpenFlow {
    pub(super) fn new(state: &mut EngineState, segment: &Segment<'_>, at: Stamp) -> Self {
        let stream = state.next_tcp_stream();
        Self::numbered(stream, state, segment, at)
    }

    /// The connection that a SYN opened after all.
    pub(super) fn opened_by(syn: &NewSyn, state: &mut EngineState) -> Box<Self> {
        let mut open = Box::new(Self::numbered(syn.stream, state, syn.segment(), syn.at));
        open.segment(state, syn.segment(), syn.at);
        open
    }

    /// Does the segment belong to this connection? A SYN with another number is set aside where the connection is open.
    pub(super) fn belongs(&mut self, state: &mut EngineState, segment: &Segment<'_>, at: Stamp) -> Belongs {
        if let Some(syn) = self.new_syn.take() {
            match syn.shown_by(segment) {
                Shows::Another => return Belongs::Elsewhere(Some(syn)),
                Shows::Nothing => self.new_syn = Some(syn),
                Shows::GoesOn => self.connection.count(syn.segment()),
            }
            return Belongs::Here;
        }
        if !self.connection.is_reopened_by(segment) {
            Belongs::Here
        } else if self.connection.is_opened() && !self.connection.is_closing() && segment.payload_length == 0 {
            self.new_syn = Some(Box::new(NewSyn::new(segment, at, state.next_tcp_stream())));
            Belongs::Undecided
        } else {
            Belongs::Elsewhere(None)
        }
    }

    fn numbered(stream: u32, state: &mut EngineState, segment: &Segment<'_>, at: Stamp) -> Self {
        let mut connection = Connection::new(stream, segment, at, |port| state.options.is_usual(port));
        state.totals.tcp_conversations = state.totals.tcp_conversations.saturating_add(1);
        let by_port = usual_protocol(connection.server().port, &state.options);
        let is_reported = by_port.is_some() || state.options.all;
        if is_reported {
            connection.watch();
        }
        let (dissection, at_close, place) = (DissectionState::NoData, None, None);
        Self {
            connection,
            dissection,
            by_port,
            is_reported,
            at_close,
            waiting: 0,
            given_up: None,
            place,
            changed: true,
            skipped: state.facts.let_go.conversations,
            new_syn: None,
        }
    }

    /// Takes a segment; true if nothing more is wanted of the connection. Messages are counted when the close begins, because
    /// those that come after it do not tell how far both sides got.
    pub(super) fn segment(&mut self, state: &mut EngineState, segment: &Segment<'_>, at: Stamp) -> bool {
        let had_answer = self.connection.syn_ack().is_some();
        let was_watched = self.connection.is_watched();
        let mut checksum = was_watched.then(|| decode::tcp_checksum_ok(segment)).flatten();
        if segment.payload_length > 0 && matches!(self.dissection, DissectionState::NoData) {
            self.start_dissection(segment, checksum, state);
            if !was_watched && self.connection.is_watched() {
                checksum = decode::tcp_checksum_ok(segment);
            }
        }
        let reset = segment.flags & flags::RST != 0;
        let known_ttl = if reset { state.known_ttl(segment.ip.source) } else { None };
        let (connection, limits) = (&mut self.connection, &state.options.limits);
        match &mut self.dissection {
            DissectionState::Running(dissection) => {
                connection.segment(segment, at, checksum, known_ttl, limits, &mut **dissection);
            }
            _ => connection.segment(segment, at, checksum, known_ttl, limits, &mut NullSink),
        }
        self.apply_dissection();
        self.limit_memory(state, at);
        if let Some(answer) = self.connection.syn_ack().filter(|_| !had_answer) {
            state.note_listening_port(self.connection.server(), segment.ip, answer);
        }
        if self.at_close.is_some() && !self.connection.is_closing() {
            // What looked like the end was not taken for one.
            self.at_close = None;
        } else if self.at_close.is_none() && self.connection.is_closing() {
            self.at_close = Some(match &self.dissection {
                DissectionState::Running(dissection) => dissection.seen(),
                _ => PerSide::default(),
            });
        }
        self.changed = true;
        let tells = segment.payload_length > 0 || segment.flags & (flags::SYN | flags::FIN | flags::RST) != 0;
        if tells && (self.is_reported || self.matters() || has_failed(&self.connection)) {
            state.events = state.events.saturating_add(1);
        }
        self.connection.is_over() || self.is_unwanted()
    }

    /// A dissector may want it, or the report keeps it.
    pub(super) fn is_wanted(&self) -> bool {
        self.is_reported || !matches!(self.dissection, DissectionState::Unwanted)
    }

    /// The report will show it: somebody said something that a dissector reads.
    pub(super) fn matters(&self) -> bool {
        matches!(&self.dissection, DissectionState::Running(dissection) if dissection.protocol().is_some())
    }

    /// Nobody wants it, and it has shown all that matters to others.
    fn is_unwanted(&self) -> bool {
        matches!(self.dissection, DissectionState::Unwanted) && !self.is_reported && self.connection.is_opened()
    }

    /// Counts what waits in this connection. Beyond the limit of all together it lets go.
    fn limit_memory(&mut self, state: &mut EngineState, at: Stamp) {
        let waiting = self.waiting_bytes();
        let before = std::mem::replace(&mut self.waiting, waiting);
        state.waiting_bytes = state.waiting_bytes.saturating_sub(before).saturating_add(self.waiting);
        if state.waiting_bytes > state.options.limits.total_bytes && self.waiting > 0 {
            match &mut self.dissection {
                DissectionState::Running(dissection) => {
                    self.connection.let_go(at, &mut **dissection);
                    dissection.let_go();
                }
                _ => self.connection.let_go(at, &mut NullSink),
            }
            self.given_up = Some("bytes that waited for earlier ones were let go: limit of memory");
            self.apply_dissection();
            state.waiting_bytes = state.waiting_bytes.saturating_sub(std::mem::take(&mut self.waiting));
        }
    }

    fn waiting_bytes(&self) -> usize {
        let pending = match &self.dissection {
            DissectionState::Running(dissection) => dissection.pending_bytes(),
            _ => 0,
        };
        self.connection.waiting_bytes().saturating_add(pending)
    }

    /// The first data: a dissector may want it. What its receiver would not take does not tell.
    fn start_dissection(&mut self, segment: &Segment<'_>, checksum: Option<bool>, state: &EngineState) {
        let options = &state.options;
        let (client, server) = (self.connection.client().port, self.connection.server().port);
        if self.connection.roles_guessed() {
            // It may begin with the rest of anything, and is of the report once a message tells what it is.
            self.is_reported &= options.all || [client, server].iter().any(|&port| options.is_claimed(port));
        } else if !options.all && self.connection.begins_stream(segment) && !self.connection.doubts(segment, checksum) {
            let from = self.connection.side_of(Endpoint { ip: segment.ip.source, port: segment.source_port });
            if dissection::is_unwanted(from, segment.payload, [client, server], options) {
                self.dissection = DissectionState::Unwanted;
                self.is_reported = false;
                self.connection.ignore();
                return;
            }
        }
        self.connection.watch();
        let dissection = Dissection::new([client, server], self.connection.roles_guessed(), state);
        self.dissection = DissectionState::Running(Box::new(dissection));
    }

    /// After a segment: who is who, and does anybody want it?
    fn apply_dissection(&mut self) {
        let DissectionState::Running(dissection) = &mut self.dissection else { return };
        if dissection.take_flip() {
            self.connection.swap_roles();
        }
        if dissection.is_ignored() {
            self.dissection = DissectionState::Unwanted;
            if !self.is_reported {
                self.connection.ignore();
            }
        }
    }
}

/// The protocol whose usual port that is.
fn usual_protocol(port: u16, options: &Options) -> Option<&'static Protocol> {
    match options.decode_as(port) {
        Some(DecodeAs::Protocol(protocol)) => Some(protocol),
        Some(DecodeAs::Nothing) => None,
        None => usual_at(port),
    }
}
