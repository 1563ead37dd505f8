//! What a head says, and what it says will come behind it.

use super::{Phase, Read, Switch};
use crate::Side;
use crate::http::body::{self, Length};
use crate::http::head::Head;
use crate::http::message::Body;
use crate::http::websocket::Frames;
use crate::http::{form, http2, page, request, response};

pub(super) fn read_request(head: &mut Head) -> Option<Read> {
    let request = request::read(head)?;
    let length = body::of_request(head);
    let tunnel = request.method.eq_ignore_ascii_case("CONNECT");
    let asked = (tunnel || request.upgrade.is_some()) && length == Length::Bytes(0);
    let switch = match tunnel {
        true => Switch::Tunnel,
        false if offers_sip(head) => Switch::Sip,
        false => Switch::Other,
    };
    Some(Read {
        body: Body::Request(Box::new(request)),
        behind: if asked { Phase::Asked(switch) } else { behind(length) },
        form: form::kind(head, length).map(|kind| (kind, length)),
        page: None,
        is_final: true,
    })
}

/// The response, and whether a tunnel begins behind it.
pub(super) fn read_response(head: &mut Head) -> Option<(Read, bool)> {
    let response = response::read(head)?;
    let (status, length) = (response.status, body::of_response(head, response.status));
    let tunnel = matches!(status, 200..=299) && response.reason.eq_ignore_ascii_case("connection established");
    let quotes = head.first("content-type").is_some_and(|media| media.to_ascii_lowercase().contains("/http"));
    let behind = match length {
        _ if status == 101 && offers_sip(head) => Phase::WebSocket(Frames::default()),
        _ if status == 101 && head.list("upgrade").any(|protocol| protocol == "h2c") => {
            Phase::Http2(Box::new(http2::Frames::new(Side::Server)))
        }
        _ if status == 101 => Phase::Rest,
        Length::Bytes(1..) | Length::Chunked | Length::UntilClose if !quotes => Phase::Peek(length),
        _ => behind(length),
    };
    let is_final = !matches!(status, 100 | 102..=199);
    let page = page::readable(head, status, length).filter(|_| !tunnel && matches!(behind, Phase::Peek(_)));
    let page = page.map(|page| (page, length));
    Some((Read { body: Body::Response(Box::new(response)), behind, form: None, page, is_final }, tunnel))
}

/// What comes behind a head that states this length of its body.
pub(super) fn behind(length: Length) -> Phase {
    match length {
        Length::Bytes(0) => Phase::Start,
        Length::Bytes(bytes) => Phase::Pass(bytes),
        Length::Chunked => Phase::Chunk(true),
        Length::UntilClose => Phase::Rest,
        Length::Unknown => Phase::Lost,
    }
}

/// A WebSocket that may carry SIP (RFC 7118 section 5).
fn offers_sip(head: &Head) -> bool {
    head.list("upgrade").any(|protocol| protocol == "websocket")
        && head.list("sec-websocket-protocol").any(|name| name == "sip")
}
