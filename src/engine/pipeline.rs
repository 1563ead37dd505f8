//! Drives one capture (or a rotated set of files) through decode, stream and dissectors.

use super::state::EngineState;
use super::tcp::{self, TcpFlow};
use super::udp::{self, UdpFlow};
use super::{FrameRelevance, Options};
use crate::decode::reason::FRAGMENT;
use crate::decode::{Decoder, Packet};
use crate::decrypt::LogReport;
use crate::model::{Analysis, Conversation, ConversationId, Conversations, Frame, Input};
use crate::stream::{FlowKey, FlowTable};
use hashbrown::HashMap;

/// One capture on its way to an analysis.
pub struct Pipeline {
    pub(super) decoder: Decoder,
    pub(super) tcp: FlowTable<TcpFlow>,
    pub(super) udp: FlowTable<UdpFlow>,
    pub(super) state: EngineState,
}

impl Pipeline {
    /// An empty pipeline.
    pub fn new(options: Options) -> Self {
        let flows = options.limits.flows;
        let (tcp, udp) = (FlowTable::new(flows), FlowTable::new(flows));
        Self { decoder: Decoder::new(), tcp, udp, state: EngineState::new(options) }
    }

    /// Takes the next frame. Frames of a rotated set come one file after the other.
    pub fn frame(&mut self, frame: &Frame<'_>) -> FrameRelevance {
        let state = &mut self.state;
        state.count_frame(frame);
        match self.decoder.decode(frame) {
            Packet::Tcp(segment) => tcp::segment(&mut self.tcp, state, &segment, frame.at),
            Packet::Udp(datagram) => udp::datagram(&mut self.udp, state, &datagram, frame.at),
            Packet::IcmpError(error) => {
                let flow = error.quoted.map(|quoted| FlowKey::new(quoted.source, quoted.destination));
                state.icmp_error(error);
                FrameRelevance { flow, is_wanted: true }
            }
            Packet::Other(reason) => {
                let count = state.totals.undecoded.entry(reason).or_default();
                *count = count.saturating_add(1);
                FrameRelevance { flow: None, is_wanted: reason == FRAGMENT }
            }
        }
    }

    /// Takes TLS secrets (a key log) that the capture brings along. They open what comes behind them.
    pub fn tls_secrets(&mut self, log: &[u8]) -> LogReport {
        self.state.secrets.add_log(log)
    }

    /// No more frames: everything that is open is concluded. Conversations are numbered in the order of their first
    /// frames.
    pub fn finish(mut self, inputs: Vec<Input>) -> Analysis {
        let last = self.state.last;
        tcp::conclude(self.tcp.into_values(), &mut self.state, last);
        self.state.remove_dropped();
        let EngineState { totals, mut facts, mut conversations, .. } = self.state;
        facts.fragments_lost = self.decoder.fragments_lost();
        let order = |c: &Conversation| (c.first.frame, c.stream);
        if !conversations.iter().is_sorted_by_key(order) {
            conversations.sort_by_cached_key(order);
        }
        for (id, conversation) in (0..).map(ConversationId::new).zip(&mut conversations) {
            conversation.id = id;
        }
        mark_reused(&mut conversations);
        let end = (totals.packets > 0).then_some(last.time);
        Analysis { inputs, totals, conversations, facts, logs: Vec::new(), end }
    }
}

/// Marks conversations whose addresses and ports were used more than once.
pub(super) fn mark_reused(conversations: &mut Conversations) {
    let key = |c: &Conversation| (c.transport, c.client.min(c.server), c.client.max(c.server));
    let mut latest = HashMap::with_capacity(conversations.len());
    for place in 0..conversations.len() {
        let Some(conversation) = conversations.get_mut(place) else { break };
        let earlier = latest.insert(key(conversation), place);
        // Another one with these ports may have been let go.
        conversation.ports_reused |= earlier.is_some();
        if let Some(earlier) = earlier.and_then(|earlier| conversations.get_mut(earlier)) {
            earlier.ports_reused = true;
        }
    }
}
