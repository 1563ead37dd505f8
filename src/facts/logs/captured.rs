//! Messages of one log as if a capture held them and nothing else: a line is a frame.
//!
//! Rules that judge messages by what stands in them judge these too. Who sent them is known as far as their headers say so; what
//! they do not say is [`UNKNOWN`], and whoever shows it says so.

use super::{LogEntry, LoggedRequest};
use crate::model::{
    Analysis, Conversation, ConversationId, Endpoint, FrameRef, LogEvent, Message, Setup, Side, Span, Stamp, Timestamp,
    Transport,
};
use nrpcsniff_dissectors::{Protocol, http, sip};
use std::net::{IpAddr, Ipv4Addr};

/// A machine whose address is not in the log (RFC 1122 section 3.2.1.3: nobody sends to it).
pub(crate) const UNKNOWN: Endpoint = Endpoint { ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED), port: 0 };

/// Those of these requests and their answers; nothing if there are none.
pub(crate) fn captured(requests: &[&LoggedRequest<'_>]) -> Option<Analysis> {
    let mut analysis = Analysis::default();
    for (number, request) in (0..).zip(requests) {
        let mut conversation = Box::new(conversation(request)?);
        conversation.id = ConversationId::new(number);
        analysis.end = analysis.end.max(Some(conversation.last.time));
        analysis.conversations.push(conversation);
    }
    (!requests.is_empty()).then_some(analysis)
}

/// One request with its answer: nothing else is known to have been said on that connection.
fn conversation(request: &LoggedRequest<'_>) -> Option<Conversation> {
    let at = stamp(&request.entry);
    let (protocol, transport): (&'static Protocol, _) =
        if request.sip().is_some() { (&sip::PROTOCOL, Transport::Udp) } else { (&http::PROTOCOL, Transport::Tcp) };
    let mut conversation = Conversation::new(transport, client(request), server(request), at);
    conversation.protocol = Some(protocol);
    if transport == Transport::Tcp {
        conversation.setup = Setup::Handshake;
    }
    conversation.messages.push(message(1, Side::Client, &request.entry)?);
    conversation.messages_seen.client = 1;
    if let Some((entry, _)) = &request.answer {
        let answer = message(2, Side::Server, entry)?;
        conversation.last = answer.at;
        conversation.messages.push(answer);
        conversation.messages_seen.server = 1;
    }
    Some(conversation)
}

fn message(n: u32, from: Side, entry: &LogEntry<'_>) -> Option<Message> {
    let LogEvent::Message(message) = &entry.fact.event else { return None };
    let at = stamp(entry);
    let body = message.body.clone();
    Some(Message { n, from, at, frames: vec![at.frame], offset: 0, length: 1, body })
}

fn stamp(entry: &LogEntry<'_>) -> Stamp {
    let line = entry.fact.line;
    let written = entry.fact.at.as_ref().map(|at| at.time);
    // Lines without times follow each other.
    let by_line = || Timestamp::from_secs(0).plus(Span::from_millis(i64::try_from(line).unwrap_or(i64::MAX)));
    Stamp { frame: FrameRef { input: entry.log, number: line }, time: entry.time.or(written).unwrap_or_else(by_line) }
}

/// Who sent a request of SIP stands in its topmost Via (RFC 3261 section 18.2.1).
fn client(request: &LoggedRequest<'_>) -> Endpoint {
    let via = request.sip().and_then(|message| message.vias.first());
    let place = |via: &sip::Via| {
        let ip = via.received.as_deref().unwrap_or(&via.host).parse().ok()?;
        Some(Endpoint { ip, port: via.rport.flatten().or(via.port).unwrap_or_default() })
    };
    via.and_then(place).unwrap_or(UNKNOWN)
}

/// Whom it was sent to, where that is an address.
fn server(request: &LoggedRequest<'_>) -> Endpoint {
    let of_sip = || match &request.sip()?.start {
        sip::Start::Request { uri, .. } => {
            Some(Endpoint { ip: uri.host.parse().ok()?, port: uri.port.unwrap_or(5060) })
        }
        _ => None,
    };
    let of_http = || {
        let host = request.http()?.host.as_deref()?;
        let whole = host.parse().map(|place: std::net::SocketAddr| Endpoint { ip: place.ip(), port: place.port() });
        whole.ok().or_else(|| Some(Endpoint { ip: host.parse().ok()?, port: 80 }))
    };
    of_sip().or_else(of_http).unwrap_or(UNKNOWN)
}
