//! Media lines of a session description (RFC 8866), with the connection address and direction that count for each.

use super::message::Media;
use super::syntax::{Notes, split};
use std::net::IpAddr;

/// Media lines kept of one body.
const MEDIA: usize = 32;

/// Media lines of a body of that Content-Type, which may be one part of several (RFC 2046 section 5.1).
pub(super) fn media(content_type: &str, body: &[u8], notes: &mut Notes) -> Vec<Media> {
    let kind = split(content_type, ';').next().unwrap_or_default().to_ascii_lowercase();
    if kind == "application/sdp" {
        return description(body, notes);
    }
    let boundary = split(content_type, ';')
        .filter_map(|param| param.split_once('='))
        .find_map(|(name, value)| name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"')));
    let Some(boundary) = boundary.filter(|boundary| kind.starts_with("multipart/") && !boundary.is_empty()) else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(body);
    let part = text.split(&format!("--{boundary}")).skip(1).find_map(|part| {
        let (headers, body) = part.split_once("\r\n\r\n")?;
        headers.to_ascii_lowercase().contains("application/sdp").then_some(body)
    });
    part.map_or(Vec::new(), |part| description(part.as_bytes(), notes))
}

/// Media lines of a session description.
fn description(body: &[u8], notes: &mut Notes) -> Vec<Media> {
    let text = String::from_utf8_lossy(body);
    let mut list: Vec<Media> = Vec::new();
    // What stands in front of the first media line counts for all that do not say otherwise.
    let mut session = Media::unsaid();
    for (kind, value) in text.lines().filter_map(|line| line.split_once('=')) {
        if kind == "m" {
            if list.len() >= MEDIA {
                notes.note(format!("more than {MEDIA} media lines: the rest is not read"));
                break;
            }
            match session.line(value) {
                Some(media) => list.push(media),
                None => notes.note("a media line without a kind, a port and a protocol"),
            }
        } else {
            list.last_mut().unwrap_or(&mut session).learn(kind, value);
        }
    }
    list
}

impl Media {
    fn unsaid() -> Self {
        let direction = "sendrecv".to_owned();
        Self { kind: String::new(), address: None, port: 0, protocol: String::new(), direction }
    }

    /// `audio 49170/2 RTP/AVP 0 12`; what the line does not say is as here.
    fn line(&self, value: &str) -> Option<Self> {
        let mut words = value.split_whitespace();
        let (kind, port, protocol) = (words.next()?.to_owned(), words.next()?, words.next()?.to_owned());
        let port = port.split('/').next()?.parse().ok()?;
        Some(Self { kind, port, protocol, ..self.clone() })
    }

    /// A line of type `kind` that belongs to it.
    fn learn(&mut self, kind: &str, value: &str) {
        let value = value.trim_end();
        match kind {
            "c" => self.address = connection(value),
            "a" if matches!(value, "sendrecv" | "sendonly" | "recvonly" | "inactive") => {
                value.clone_into(&mut self.direction);
            }
            _ => {}
        }
    }
}

/// `IN IP4 192.0.2.5`, a multicast address with its reach behind a slash.
fn connection(value: &str) -> Option<IpAddr> {
    value.split_whitespace().nth(2)?.split('/').next()?.parse().ok()
}
