//! UDP conversations of the pipeline. Datagrams on the usual port of a protocol are dissected, the rest is counted.

use super::UNWANTED;
use super::pipeline::State;
use crate::decode::Datagram;
use crate::model::{Conversation, Endpoint, Message, Side, Stamp, Transport};
use crate::stream::{FlowKey, FlowTable};
use nrpcsniff_dissectors::{Message as Body, PROTOCOLS, Protocol};

/// Datagrams that are kept of one conversation.
const DATAGRAMS: usize = 64;

/// A flow in the table: where its conversation is kept, if it is, and where its datagrams are counted.
#[derive(Clone, Copy)]
pub struct UdpFlow {
    kept: Option<u32>,
    counted: Option<u32>,
}

/// Takes a datagram.
pub(super) fn datagram(table: &mut FlowTable<UdpFlow>, state: &mut State, datagram: &Datagram<'_>, at: Stamp) {
    let source = Endpoint { ip: datagram.ip.source, port: datagram.source_port };
    let destination = Endpoint { ip: datagram.ip.destination, port: datagram.destination_port };
    let key = FlowKey::new(source, destination);
    let protocol = PROTOCOLS
        .iter()
        .find(|p| p.udp_ports.contains(&destination.port) || p.udp_ports.contains(&source.port))
        .copied();
    let known = table.get(key).copied();
    let UdpFlow { kept, counted } = known.unwrap_or_else(|| {
        let stream = state.udp_streams;
        state.udp_streams = state.udp_streams.saturating_add(1);
        state.totals.udp_conversations = state.totals.udp_conversations.saturating_add(1);
        let kept = if protocol.is_some() || state.options.all {
            state.keep_datagrams(empty(stream, protocol, source, destination, at))
        } else {
            state.pass_over(UNWANTED);
            None
        };
        let counted = if protocol.is_none() { state.datagram_flow(source, destination) } else { None };
        let flow = UdpFlow { kept, counted };
        // Forgotten flows need no conclusion: what is known of them is in the report already.
        drop(table.insert(key, flow));
        flow
    });
    if let Some(flow) = counted {
        state.count_datagram(flow, source, is_media(datagram), at);
    }
    let Some(index) = kept.and_then(|kept| usize::try_from(kept).ok()) else { return };
    let body = protocol.and_then(|protocol| (protocol.datagram)(datagram.payload));
    if let Some(conversation) = state.conversations.get_mut(index) {
        let side = if source == conversation.client { Side::Client } else { Side::Server };
        note(conversation, side, datagram, at);
        if let Some(body) = body {
            let protocol = body.protocol();
            message(conversation, side, datagram, at, body);
            state.messages(protocol, 1);
        }
    }
}

/// Looks like RTP or RTCP (RFC 7983 section 7, RFC 3550 section 5.1).
fn is_media(datagram: &Datagram<'_>) -> bool {
    datagram.payload.first().is_some_and(|first| (128..=191).contains(first)) && datagram.payload_length >= 12
}

fn note(conversation: &mut Conversation, side: Side, datagram: &Datagram<'_>, at: Stamp) {
    conversation.last = at;
    conversation.packets[side] = conversation.packets[side].saturating_add(1);
    let length = u64::from(datagram.payload_length);
    conversation.bytes[side] = conversation.bytes[side].saturating_add(length);
}

fn message(conversation: &mut Conversation, side: Side, datagram: &Datagram<'_>, at: Stamp, body: Body) {
    conversation.protocol = body.protocol();
    let seen = &mut conversation.messages_seen;
    seen[side] = seen[side].saturating_add(1);
    let n = u32::try_from(seen.client.saturating_add(seen.server)).unwrap_or(u32::MAX);
    if conversation.messages.len() < DATAGRAMS {
        let offset = conversation.bytes[side].saturating_sub(u64::from(datagram.payload_length));
        let length = u64::from(datagram.payload_length);
        conversation.messages.push(Message { n, from: side, at, frames: vec![at.frame], offset, length, body });
    }
}

/// A conversation without datagrams. The side with the usual port is the server; if both have it, the first speaker
/// is the client.
fn empty(stream: u32, protocol: Option<&Protocol>, source: Endpoint, destination: Endpoint, at: Stamp) -> Conversation {
    let from_server = protocol.is_some_and(|protocol| !protocol.udp_ports.contains(&destination.port));
    let (client, server) = if from_server { (destination, source) } else { (source, destination) };
    let conversation = Conversation::new(Transport::Udp, client, server, at);
    Conversation { stream, roles_guessed: from_server, ..conversation }
}
