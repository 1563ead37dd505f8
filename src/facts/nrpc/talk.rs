//! A conversation on NRPC's port or with NRPC's content, as rules want to see it.

use crate::facts::Dissected;
use crate::model::{CloseBy, Conversation, PerSide, Side, Span, Stamp, Teardown, Timestamp, Transport};
use nrpcsniff_dissectors::{Message as Body, nrpc};

/// A conversation on NRPC's port or with NRPC's content.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Talk<'a> {
    /// The conversation.
    pub conversation: &'a Conversation,
    /// Session request.
    pub request: Option<Opening<'a>>,
    /// Session response.
    pub response: Option<Opening<'a>>,
}

/// A session request or response.
pub(super) type Opening<'a> = Dissected<'a, nrpc::Session>;

impl<'a> Talk<'a> {
    /// The conversation with its session request and response, if they are among the first messages of each side.
    pub(crate) fn new(conversation: &'a Conversation) -> Self {
        let opening = |from: Side| {
            conversation.messages.iter().filter(|m| m.from == from).take(3).find_map(|message| match &message.body {
                Body::Nrpc(nrpc::Message { body: nrpc::Body::SessionRequest(session), .. }) if from == Side::Client => {
                    Some(Dissected::new(message, session))
                }
                Body::Nrpc(nrpc::Message { body: nrpc::Body::SessionResponse(session), .. })
                    if from == Side::Server =>
                {
                    Some(Dissected::new(message, session))
                }
                _ => None,
            })
        };
        Self { conversation, request: opening(Side::Client), response: opening(Side::Server) }
    }

    /// Name that the client asked for.
    pub(crate) fn wanted(&self) -> Option<&'a str> {
        self.request.and_then(|request| request.content.wanted_server.as_deref())
    }

    /// Name that the server gave as its own.
    pub(crate) fn answered(&self) -> Option<&'a str> {
        self.response.and_then(|response| response.content.own_name.as_deref())
    }

    /// User in the client's authentication message, where it stands in clear, and that message.
    pub(crate) fn user(&self) -> Option<(&'a str, Stamp)> {
        self.conversation.messages.iter().filter(|m| m.from == Side::Client).take(2).find_map(|message| match &message
            .body
        {
            Body::Nrpc(nrpc::Message { body: nrpc::Body::Auth(auth), .. }) => {
                auth.user.as_deref().map(|user| (user, message.at))
            }
            _ => None,
        })
    }

    /// Guard G4: messages of each side. What the client says after the server's side has closed is said to nobody.
    pub(crate) fn progress(&self) -> PerSide<u64> {
        let seen = self.conversation.messages_seen;
        let (vain, _) = self.said_in_vain();
        PerSide { client: seen.client.saturating_sub(vain), ..seen }
    }

    /// Messages of the client that came after the FIN or RST of the server's side, and their bytes.
    fn said_in_vain(&self) -> (u64, u64) {
        let Teardown { by: CloseBy::Server | CloseBy::Middlebox, at: Some(close), .. } = self.conversation.teardown
        else {
            return (0, 0);
        };
        let after = self.conversation.messages.iter().rev().take_while(|message| message.at.frame > close.frame);
        after.filter(|message| message.from == Side::Client).fold((0, 0), |(count, bytes): (u64, u64), message| {
            (count.saturating_add(1), bytes.saturating_add(message.length))
        })
    }

    /// The client spoke again after its session request: it accepted the server's answer. True also if what it
    /// said is only known by its length.
    pub(crate) fn went_on(&self) -> bool {
        let (_, vain) = self.said_in_vain();
        let sent = self.conversation.bytes.client.saturating_sub(vain);
        let said = sent.saturating_add(self.conversation.tcp.acked_unseen.client);
        self.progress().client >= 2 || self.request.is_some_and(|request| said > request.end())
    }

    /// The request was read to its end, and there is no name in it.
    pub(crate) fn names_no_server(&self) -> bool {
        self.request.is_some_and(|request| request.content.wanted_server.is_none() && request.content.damage.is_none())
    }

    /// When it ended: at the teardown, else with its last frame.
    pub(crate) fn ended(&self) -> Timestamp {
        self.conversation.teardown.at.map_or(self.conversation.last.time, |at| at.time)
    }

    /// Time between the last message and the close in seconds, if both were seen.
    pub(crate) fn close_delay(&self) -> Option<Span> {
        let close = self.conversation.teardown.at?;
        let last = self.conversation.messages.iter().rev().find(|m| m.at.time <= close.time)?;
        Some(close.since(last.at))
    }

    /// Guard G1: set-up seen, both directions seen, nothing cut or missing.
    pub(crate) fn well_captured(&self) -> bool {
        let c = self.conversation;
        c.tcp.handshake.syn_ack.is_some()
            && c.packets.client > 0
            && c.packets.server > 0
            && c.tcp.cut_frames == 0
            && c.tcp.acked_unseen == PerSide::default()
            && c.quality.gaps == 0
            && c.given_up.is_none()
    }
}

impl Opening<'_> {
    /// Offset behind its last byte in the sender's stream, also if the capture lacks its end.
    fn end(&self) -> u64 {
        let Body::Nrpc(message) = &self.message.body else { return self.message.offset };
        let claimed = u64::from(message.length).saturating_add(2);
        self.message.offset.saturating_add(self.message.length.max(claimed))
    }
}

pub(crate) fn concerns_nrpc(conversation: &Conversation) -> bool {
    let by_port = || nrpc::PROTOCOL.tcp_ports.contains(&conversation.server.port);
    conversation.is(&nrpc::PROTOCOL) || (conversation.transport == Transport::Tcp && by_port())
}
