//! One handshake message out of its bytes (RFC 8446 section 4, RFC 5246 section 7.4).

use super::certificate::{Chain, READ};
use super::cursor::Cursor;
use super::hello::{ClientHello, ServerHello, encrypted_extensions};
use super::message::{Body, Message, handshake};
use super::names::authority;
use crate::Problem;

/// Type and length in front of a message.
pub(super) const HEADER: usize = 4;
/// Issuers of a CertificateRequest that are kept.
const AUTHORITIES: usize = 32;
const CONTRADICTION: &str = "lengths in it contradict each other";

/// Type, and length of the body.
pub(super) fn header(bytes: &[u8]) -> Option<(u8, usize)> {
    let mut cursor = Cursor::new(bytes);
    Some((cursor.u8()?, cursor.u24()?))
}

/// Reads a message: header and body, or what there is of the body if it is cut.
pub(super) fn parse(bytes: &[u8], tls13: bool) -> Option<Message> {
    let (kind, length) = header(bytes)?;
    let body = bytes.get(HEADER..).unwrap_or_default();
    let incomplete = body.len() < length;
    let (said, sound) = read(kind, body, tls13);
    let mut problems = Vec::new();
    if !sound && !incomplete {
        problems.push(Problem::new(CONTRADICTION, 0));
    }
    if let Body::Certificate(chain) = &said
        && chain.count > READ
    {
        problems.push(Problem::new(format!("a chain of {} certificates: {READ} were read", chain.count), HEADER));
    }
    let said = if let Body::Handshake { kind, .. } = said { Body::Handshake { kind, length } } else { said };
    Some(Message { incomplete, problems, ..Message::from(said) })
}

/// What the body says, and whether it could be read to its end. A cut body gives what was read of it, as a hello tells most in
/// its first bytes.
fn read(kind: u8, body: &[u8], tls13: bool) -> (Body, bool) {
    match kind {
        handshake::CLIENT_HELLO => {
            let (hello, sound) = ClientHello::parse(body);
            (Body::ClientHello(Box::new(hello)), sound)
        }
        handshake::SERVER_HELLO => {
            let (hello, sound) = ServerHello::parse(body);
            (Body::ServerHello(Box::new(hello)), sound)
        }
        handshake::CERTIFICATE => {
            let (chain, sound) = Chain::parse(body, tls13);
            (Body::Certificate(Box::new(chain)), sound)
        }
        handshake::CERTIFICATE_REQUEST => {
            let mut authorities = Vec::new();
            let sound = if tls13 { request13(body, &mut authorities) } else { request(body, &mut authorities) };
            (Body::CertificateRequest { authorities }, sound.is_some())
        }
        handshake::ENCRYPTED_EXTENSIONS => {
            let (alpn, sound) = encrypted_extensions(body);
            (Body::EncryptedExtensions { alpn }, sound)
        }
        handshake::NEW_SESSION_TICKET => match Cursor::new(body).u32() {
            Some(lifetime) => (Body::Ticket { lifetime }, true),
            None => (Body::Ticket { lifetime: 0 }, false),
        },
        _ => (Body::Handshake { kind, length: body.len() }, true),
    }
}

/// Certificate types, signature algorithms (TLS 1.2 only) and issuers (RFC 5246 section 7.4.4).
fn request(body: &[u8], authorities: &mut Vec<String>) -> Option<()> {
    let mut body = Cursor::new(body);
    body.vector8()?;
    let first = body.vector16()?;
    let issuers = if body.is_empty() { first } else { body.vector16()? };
    names(issuers, authorities)
}

/// A context and extensions, certificate_authorities (47) among them (RFC 8446 sections 4.3.2 and 4.2.4).
fn request13(body: &[u8], authorities: &mut Vec<String>) -> Option<()> {
    let mut body = Cursor::new(body);
    body.vector8()?;
    let mut extensions = Cursor::new(body.vector16()?);
    while !extensions.is_empty() {
        let (kind, data) = (extensions.u16()?, extensions.vector16()?);
        if kind == 47 {
            names(Cursor::new(data).vector16()?, authorities)?;
        }
    }
    Some(())
}

fn names(list: &[u8], authorities: &mut Vec<String>) -> Option<()> {
    let mut list = Cursor::new(list);
    while !list.is_empty() && authorities.len() < AUTHORITIES {
        authorities.extend(authority(list.vector16()?));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::hello::tests::{client_hello, usual_extensions, vector};
    use super::*;
    use crate::Presentation;

    pub(super) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        [&[kind][..], &u32::try_from(body.len()).unwrap().to_be_bytes()[1..], body].concat()
    }

    #[test]
    fn a_message_is_read_at_every_truncation() {
        let bytes = message(handshake::CLIENT_HELLO, &client_hello(&usual_extensions()));
        for length in 0..=bytes.len() {
            let message = parse(&bytes[..length], false);
            assert_eq!(message.is_some(), length >= HEADER);
            let Some(message) = message else { continue };
            assert_eq!((message.incomplete, message.problems.len()), (length < bytes.len(), 0));
            assert_eq!(message.kind(), "tls.client_hello");
        }
    }

    #[test]
    fn issuers_that_a_server_accepts() {
        // CN=x
        let name = [0x30, 0x0C, 0x31, 0x0A, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0C, 0x01, b'x'];
        let list = vector(&vector(&name));
        let bodies = [
            ([&[1, 1][..], &vector(&[4, 3]), &list].concat(), false),
            ([&[1, 1][..], &list].concat(), false),
            ([&[0][..], &vector(&[&[0, 47][..], &vector(&list)].concat())].concat(), true),
        ];
        for (body, tls13) in bodies {
            let message = parse(&message(handshake::CERTIFICATE_REQUEST, &body), tls13).unwrap();
            assert_eq!(message.body, Body::CertificateRequest { authorities: vec!["CN=x".to_owned()] });
            assert!(message.problems.is_empty());
        }
        let bad = parse(&message(handshake::CERTIFICATE_REQUEST, &[9]), false).unwrap();
        assert_eq!(bad.problems[0].what, CONTRADICTION);
    }

    #[test]
    fn others_are_named_by_their_type() {
        for (kind, name) in [(20, "tls.finished"), (14, "tls.server_hello_done"), (99, "tls.handshake")] {
            let message = parse(&message(kind, &[1, 2, 3]), false).unwrap();
            assert_eq!((message.kind(), message.body), (name, Body::Handshake { kind, length: 3 }));
        }
        assert_eq!(parse(&message(4, &[0, 0, 1, 0]), true).unwrap().body, Body::Ticket { lifetime: 256 });
    }
}
