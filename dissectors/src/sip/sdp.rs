//! Media lines of a session description (RFC 8866), with the connection address and direction that count for each.

use super::message::Media;
use super::syntax::{Notes, split};
use std::net::IpAddr;

/// Media lines kept of one body.
const MEDIA: usize = 32;

/// Media lines of a body of that Content-Type, which may be one part of several (RFC 2046 section 5.1).
pub(super) fn media(content_type: &str, body: &[u8], notes: &mut Notes) -> Vec<Media> {
    let kind = split(content_type, b';').next().unwrap_or_default().to_ascii_lowercase();
    if kind == "application/sdp" {
        return description(body, notes);
    }
    let boundary = split(content_type, b';')
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content_type: &str, body: &str) -> (Vec<Media>, usize) {
        let mut notes = Notes::default();
        let media = media(content_type, body.as_bytes(), &mut notes);
        (media, notes.into_problems().len())
    }

    fn line(kind: &str, address: Option<&str>, port: u16, direction: &str) -> Media {
        let address = address.map(|address| address.parse().unwrap());
        Media { kind: kind.to_owned(), address, port, protocol: "RTP/AVP".to_owned(), direction: direction.to_owned() }
    }

    #[test]
    fn what_the_session_says_counts_unless_a_line_says_otherwise() {
        let body = "v=0\r\nc=IN IP4 192.0.2.5\r\na=recvonly\r\nm=audio 49170/2 RTP/AVP 0\r\na=sendonly\r\na=ptime:20\r\n\
                    m=video 0 RTP/AVP 31\r\nc=IN IP6 2001:db8::5\r\n\
                    m=text 9 RTP/AVP 98\r\nc=IN IP4 media.acme.example\r\na=inactive\r\n";
        let expected = [
            line("audio", Some("192.0.2.5"), 49170, "sendonly"),
            line("video", Some("2001:db8::5"), 0, "recvonly"),
            line("text", None, 9, "inactive"),
        ];
        assert_eq!(read("application/sdp", body), (expected.to_vec(), 0));
        assert_eq!(read("Application/SDP ; charset=utf-8", body).0.len(), 3);
        assert_eq!(read("text/plain", body).0.len(), 0);
    }

    #[test]
    fn multicast_addresses_and_no_address() {
        let body = "m=audio 1 RTP/AVP 0\nc=IN IP4 224.2.1.1/127/3\nm=video 2 RTP/AVP 0\n";
        let expected = [line("audio", Some("224.2.1.1"), 1, "sendrecv"), line("video", None, 2, "sendrecv")];
        assert_eq!(read("application/sdp", body), (expected.to_vec(), 0));
    }

    #[test]
    fn one_part_of_several() {
        let body = "--b1\r\nContent-Type: text/plain\r\n\r\nm=audio 1 RTP/AVP 0\r\n--b1\r\nc: Application/sdp\r\n\r\n\
                    m=audio 2 RTP/AVP 0\r\n--b1--\r\n";
        assert_eq!(read("multipart/mixed; boundary=\"b1\"", body), (vec![line("audio", None, 2, "sendrecv")], 0));
        assert_eq!(read("multipart/mixed", body).0, []);
        assert_eq!(read("multipart/mixed;boundary=", body).0, []);
        assert_eq!(read("text/plain;boundary=b1", body).0, []);
    }

    #[test]
    fn lines_that_are_wrong() {
        for wrong in ["m=audio", "m=audio x RTP/AVP", "m=audio 70000 RTP/AVP", "m="] {
            assert_eq!(read("application/sdp", wrong), (vec![], 1), "{wrong}");
        }
        assert_eq!(read("application/sdp", &"m=audio 1 RTP/AVP 0\n".repeat(100)).0.len(), 32);
        assert_eq!(read("application/sdp", &"m=audio 1 RTP/AVP 0\n".repeat(100)).1, 1);
    }
}
