//! Answered calls and their media.

use super::SipIndex;
use super::exchange::{SipExchange, Transaction};
use crate::model::{CaptureFacts, DatagramFlow, Endpoint, PerSide, Side, Timestamp};
use hashbrown::HashMap;
use nrpcsniff_dissectors::sip;

/// An INVITE that was answered with 2xx.
#[derive(Clone, Copy)]
pub(crate) struct Call<'t, 'a> {
    pub(super) sip: &'t SipIndex<'a>,
    /// The INVITE.
    pub invite: &'t SipExchange<'a>,
}

/// A media stream as both sides agreed on it at one hop: where each of them wants to receive it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MediaStream<'a> {
    /// The caller's line (client) and that of the called side (server).
    pub lines: PerSide<&'a sip::Media>,
    /// The endpoints in them.
    pub ends: PerSide<Endpoint>,
}

/// Datagrams by their ends.
pub(crate) struct MediaIndex<'a> {
    facts: &'a CaptureFacts,
    by_end: HashMap<Endpoint, Vec<&'a DatagramFlow>>,
}

impl<'t, 'a> Call<'t, 'a> {
    /// When it was answered.
    pub(crate) fn answered(&self) -> Timestamp {
        self.invite.ended()
    }

    /// The BYE that ended it, if it was seen.
    pub(crate) fn bye(&self) -> Option<&'t SipExchange<'a>> {
        self.sip.of_call_since(self.invite.call_id, self.answered()).find(|e| e.method == "BYE")
    }

    /// Something changed the media later: a re-INVITE or an UPDATE in the same dialog.
    pub(crate) fn was_changed(&self) -> bool {
        let changes = |e: &SipExchange<'a>| matches!(e.method, "INVITE" | "UPDATE") && e.in_dialog();
        self.sip.of_call_since(self.invite.call_id, self.answered()).any(changes)
    }

    /// Its media streams at each hop, as far as both sides' lines were seen.
    pub(crate) fn media(&self) -> Vec<Vec<MediaStream<'a>>> {
        self.invite.hops().map(|hop| self.media_at(hop)).filter(|streams| !streams.is_empty()).collect()
    }

    fn media_at(&self, hop: &Transaction<'a>) -> Vec<MediaStream<'a>> {
        let asked = hop.request.map_or(&[][..], |request| &request.sip.media);
        let in_ack = || self.invite.acks.iter().map(|ack| ack.sip.media.as_slice()).find(|media| !media.is_empty());
        let client = if asked.is_empty() { in_ack().unwrap_or_default() } else { asked };
        let early = || hop.provisional.iter().rev().map(|p| p.sip.media.as_slice()).find(|media| !media.is_empty());
        let answered = hop.answer().map_or(&[][..], |answer| &answer.sip.media);
        let server = if answered.is_empty() { early().unwrap_or_default() } else { answered };
        client.iter().zip(server).filter_map(|(client, server)| MediaStream::new(PerSide { client, server })).collect()
    }
}

impl<'a> MediaStream<'a> {
    fn new(lines: PerSide<&'a sip::Media>) -> Option<Self> {
        let end = |media: &sip::Media| {
            let address = media.address.filter(|ip| !ip.is_unspecified() && !ip.is_multicast())?;
            (media.port != 0).then_some(Endpoint { ip: address, port: media.port })
        };
        Some(Self { lines, ends: PerSide { client: end(lines.client)?, server: end(lines.server)? } })
    }

    /// That side is to send: neither is on hold or listens only (RFC 8866 section 6.7).
    pub(crate) fn is_due(&self, from: Side) -> bool {
        let (sender, receiver) = (self.lines[from], self.lines[from.peer()]);
        matches!(sender.direction.as_str(), "sendrecv" | "sendonly")
            && matches!(receiver.direction.as_str(), "sendrecv" | "recvonly")
    }
}

impl<'a> MediaIndex<'a> {
    /// Builds the index.
    pub(crate) fn new(facts: &'a CaptureFacts) -> Self {
        let mut by_end: HashMap<Endpoint, Vec<&'a DatagramFlow>> = HashMap::new();
        for flow in &facts.datagrams {
            by_end.entry(flow.ends.client).or_default().push(flow);
            by_end.entry(flow.ends.server).or_default().push(flow);
        }
        Self { facts, by_end }
    }

    /// Had there been datagrams of this stream, they would have been counted: none of its ports had more than its share.
    pub(crate) fn is_complete_for(&self, media: &MediaStream<'_>) -> bool {
        let cut = &self.facts.datagram_ports_cut;
        !cut.contains(&media.ends.client.port) && !cut.contains(&media.ends.server.port)
    }

    /// Datagrams of a stream between two points in time, by the side of the call that sent them: those to the place where
    /// the other side wants them, and those from the place where the side itself wants its own. Counts of flows that
    /// began before or go on later are taken whole.
    pub(crate) fn seen(&self, media: &MediaStream<'_>, from: Timestamp, until: Timestamp) -> PerSide<u64> {
        let mut seen = PerSide::default();
        for side in [Side::Client, Side::Server] {
            let (own, other) = (media.ends[side], media.ends[side.peer()]);
            let leaving = self.flows(own).map(|flow| sent(flow, own, from, until));
            let arriving = self.flows(other).map(|flow| received(flow, other, from, until));
            seen[side] = leaving.chain(arriving).max().unwrap_or(0);
        }
        seen
    }

    fn flows(&self, end: Endpoint) -> impl Iterator<Item = &'a DatagramFlow> {
        self.by_end.get(&end).into_iter().flatten().copied()
    }
}

fn sent(flow: &DatagramFlow, by: Endpoint, from: Timestamp, until: Timestamp) -> u64 {
    let side = if flow.ends.client == by { Side::Client } else { Side::Server };
    let within = flow.sent[side].filter(|sent| sent.first.time <= until && sent.last.time >= from);
    within.map_or(0, |sent| sent.media)
}

fn received(flow: &DatagramFlow, by: Endpoint, from: Timestamp, until: Timestamp) -> u64 {
    let other = if flow.ends.client == by { flow.ends.server } else { flow.ends.client };
    sent(flow, other, from, until)
}
