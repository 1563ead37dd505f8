//! SIP messages where they stand.

use crate::model::{Analysis, Conversation, Endpoint, Message, Stamp};
use nrpcsniff_dissectors::{Message as Body, http, sip};

/// A SIP message, the message of the conversation that it is, and the conversation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SipMessage<'a> {
    /// Conversation that carried it.
    pub conversation: &'a Conversation,
    /// The message in that conversation.
    pub message: &'a Message,
    /// Content of the message.
    pub sip: &'a sip::Message,
}

impl<'a> SipMessage<'a> {
    /// The frame that completed it.
    pub(crate) const fn at(&self) -> Stamp {
        self.message.at
    }

    /// Endpoint that sent it.
    pub(crate) const fn source(&self) -> Endpoint {
        self.conversation.endpoint(self.message.from)
    }

    /// Endpoint that was to get it.
    pub(crate) const fn destination(&self) -> Endpoint {
        self.conversation.endpoint(self.message.from.peer())
    }

    /// Status of a response.
    pub(crate) fn status(&self) -> Option<u16> {
        self.sip.status()
    }

    /// Topmost Via.
    pub(crate) fn via(&self) -> Option<&'a sip::Via> {
        self.sip.vias.first()
    }

    /// Reason phrase of a response; empty for a request.
    pub(crate) fn reason(&self) -> &'a str {
        match &self.sip.start {
            sip::Start::Response { reason, .. } => reason,
            _ => "",
        }
    }

    /// Status and reason of a response as people write it: `403 Forbidden`.
    pub(crate) fn status_line(&self) -> String {
        match &self.sip.start {
            sip::Start::Response { status, reason } => format!("{status} {reason}").trim_end().to_owned(),
            _ => self.sip.method().unwrap_or("SIP").to_owned(),
        }
    }
}

/// Every SIP message of a capture in order of time: over UDP and TCP, and what WebSockets carry.
pub(super) fn signals(analysis: &Analysis) -> Vec<SipMessage<'_>> {
    let may_hold = |c: &&Conversation| c.is(&sip::PROTOCOL) || c.is(&http::PROTOCOL);
    let mut signals: Vec<SipMessage<'_>> = analysis.conversations.iter().filter(may_hold).flat_map(of).collect();
    signals.sort_by_key(|signal| (signal.at().time, signal.at().frame, signal.message.n));
    signals
}

fn of(conversation: &Conversation) -> impl Iterator<Item = SipMessage<'_>> {
    conversation.messages.iter().filter_map(move |message| match &message.body {
        Body::Sip(sip) => Some(SipMessage { conversation, message, sip }),
        _ => None,
    })
}

/// Address of record of a From or To: `user@host`, of a telephone number the number. Text from the wire.
pub(super) fn aor(address: &sip::Address) -> String {
    let uri = &address.uri;
    match &uri.user {
        Some(user) => format!("{user}@{}", uri.host),
        None => uri.host.clone(),
    }
}
