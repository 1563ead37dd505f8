//! The application side of one TCP conversation: what the stream brings goes to a [`DissectorDriver`], and what that makes of it is
//! kept with the frames that carried it.

use super::Options;
use super::driver::DissectorDriver;
use super::log::MessageLog;
use super::state::EngineState;
use crate::model::{Message, PerSide, Side, Stamp, Turns};
use crate::stream::Sink;
use nrpcsniff_dissectors::{Layer, Message as Body, PROTOCOLS, Probe, Protocol, socks, tls, usual_at};

/// The application side of one conversation.
pub(super) struct Dissection {
    driver: DissectorDriver,
    log: MessageLog,
}

/// Messages and counts of a dissection, as the report keeps them.
#[derive(Default)]
pub(super) struct DissectionResult {
    /// The protocol of the innermost layer, if it was told.
    pub protocol: Option<&'static Protocol>,
    /// TLS carries it.
    pub over_tls: bool,
    /// Counts of the TLS records, opened and sealed.
    pub tls: Option<Layer>,
    /// Messages kept, in order.
    pub messages: Vec<Message>,
    /// Messages seen, by sender.
    pub seen: PerSide<u64>,
    /// Messages seen of each protocol.
    pub counts: Vec<(&'static Protocol, u64)>,
    /// Questions and answers.
    pub turns: Turns,
    /// Bytes that no message accounts for.
    pub undissected: PerSide<u64>,
}

/// True if no dissector wants a conversation that begins with these bytes of `from`, so that it need not be heard at
/// all. `ports` are the client's and the server's. Where a port has a claim, the answer is false. Asked where the beginning is
/// in the capture.
pub(super) fn is_unwanted(from: Side, bytes: &[u8], ports: [u16; 2], options: &Options) -> bool {
    let at_home = ports.map(usual_at);
    let refuses = |protocol: &Protocol| {
        let usual = at_home.iter().flatten().any(|home| std::ptr::eq(*home, protocol));
        (protocol.probe)(from, bytes, usual) == Probe::No
    };
    let by_proxy = from == Side::Client && socks::may_begin(bytes);
    let is_claimed = at_home.iter().flatten().any(|home| home.claims_ports)
        || ports.iter().any(|&port| options.decode_as(port).is_some());
    !by_proxy && !is_claimed && PROTOCOLS.iter().all(|protocol| refuses(protocol))
}

impl Dissection {
    /// Nothing said yet between these ports.
    pub(super) fn new([client, server]: [u16; 2], roles_guessed: bool, state: &EngineState) -> Self {
        let driver =
            DissectorDriver::new(PerSide { client, server }, roles_guessed, &state.options, state.secrets.clone());
        Self { driver, log: MessageLog::new(state.options.retention, state.budget.clone()) }
    }

    /// No dissector wants this conversation.
    pub(super) fn is_ignored(&self) -> bool {
        self.driver.is_ignored()
    }

    /// The protocol, if it was told.
    pub(super) fn protocol(&self) -> Option<&'static Protocol> {
        self.driver.protocol().0
    }

    /// True once if the first message showed that client and server are the other way round. From then on the
    /// stream is expected to name the sides rightly.
    pub(super) fn take_flip(&mut self) -> bool {
        std::mem::take(&mut self.driver.flipped)
    }

    /// Messages seen so far.
    pub(super) fn seen(&self) -> PerSide<u64> {
        self.log.seen
    }

    /// Bytes that wait for the rest of a message.
    pub(super) fn pending_bytes(&self) -> usize {
        self.driver.pending_bytes()
    }

    /// Lets go of the bytes that wait: there is no room. The messages they begin are told as far as they go.
    pub(super) fn let_go(&mut self) {
        self.driver.let_go(&mut self.log);
    }

    /// The conversation is over: what is left over is offered to the dissector once more.
    pub(super) fn finish(mut self) -> DissectionResult {
        self.driver.finish(&mut self.log);
        let (protocol, over_tls) = self.driver.protocol();
        let (tls, undissected) = (self.driver.tls_layer(), self.driver.undissected());
        let (seen, counts) = (self.log.seen, std::mem::take(&mut self.log.counts));
        let (turns, mut messages) = self.log.finish();
        explain(&mut messages, tls);
        DissectionResult { protocol, over_tls, tls, messages, seen, counts, turns, undissected }
    }

    /// The result so far. What waits for the rest of its message is left waiting. `before` are the messages that the
    /// last preview gave: those that still hold are not copied again.
    pub(super) fn preview(&self, before: Vec<Message>) -> DissectionResult {
        let (protocol, over_tls) = self.driver.protocol();
        let (tls, undissected) = (self.driver.tls_layer(), self.driver.undissected());
        let (turns, mut messages) = self.log.preview(before);
        explain(&mut messages, tls);
        let (seen, counts) = (self.log.seen, self.log.counts.clone());
        DissectionResult { protocol, over_tls, tls, messages, seen, counts, turns, undissected }
    }

    /// Messages seen of each protocol; of one that carries another, units.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&'static Protocol, u64)> {
        counts(&self.log.counts, self.driver.tls_layer())
    }

    /// Lets go of messages that need not stay, but for the first ones. Says whether there were any.
    pub(super) fn let_go_of(&mut self, stays: impl FnMut(&Message) -> bool) -> bool {
        self.log.let_go(stays)
    }

    /// Messages that are kept from its start on.
    pub(super) fn kept(&self) -> usize {
        self.log.kept()
    }

    /// Bytes of the messages that are kept.
    pub(super) fn weight(&self) -> usize {
        self.log.weight()
    }

    fn side(&self, named: Side) -> Side {
        if self.driver.flipped { named.peer() } else { named }
    }
}

impl DissectionResult {
    /// Messages seen of each protocol; of one that carries another, units.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&'static Protocol, u64)> {
        counts(&self.counts, self.tls)
    }
}

fn counts(
    messages: &[(&'static Protocol, u64)],
    layer: Option<Layer>,
) -> impl Iterator<Item = (&'static Protocol, u64)> {
    let units = move |protocol: &Protocol| layer.filter(|_| protocol.is_carrier()).map(|layer| layer.records);
    messages.iter().map(move |&(protocol, count)| (protocol, units(protocol).unwrap_or(count)))
}

/// The hellos say why what followed could not be read.
fn explain(messages: &mut [Message], tls: Option<Layer>) {
    let Some(why) = tls.and_then(|layer| layer.why_opaque) else { return };
    for message in messages {
        if let Body::Tls(message) = &mut message.body
            && matches!(message.body, tls::Body::ClientHello(_) | tls::Body::ServerHello(_))
        {
            message.why_opaque = Some(why);
        }
    }
}

impl Sink for Dissection {
    fn bytes(&mut self, from: Side, offset: u64, bytes: &[u8], at: Stamp) {
        let side = self.side(from);
        self.driver.bytes(side, offset, bytes, &[at], &mut self.log);
    }

    fn gap(&mut self, from: Side, offset: u64, length: u64, _: Stamp) {
        let side = self.side(from);
        self.driver.gap(side, offset, length, &mut self.log);
    }
}
