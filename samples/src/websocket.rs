//! WebSocket (RFC 6455), as it carries SIP (RFC 7118): the upgrade and the frames.
//!
//! ```
//! use nrpcsniff_samples::{Network, sip, websocket};
//!
//! let net = Network::new();
//! let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.9"), 80);
//! let key = net.nonce();
//! tcp.client(websocket::upgrade("sip.example.com", "/ws", key)).server(websocket::accept(key));
//! let phone = sip::Phone::over(&tcp, "ann@example.com").transport("WS").shown_as("df7jal23ls0d.invalid");
//! let register = phone.register();
//! tcp.client(websocket::masked(&register, net.nonce())).server(websocket::text(register.response(200)));
//! ```

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha1::{Digest, Sha1};

use crate::http;
use crate::wire::len16;

/// Frame holds text.
pub const TEXT: u8 = 1;
/// Frame holds bytes.
pub const BINARY: u8 = 2;
/// Frame closes the connection.
pub const CLOSE: u8 = 8;
/// Frame asks for a [`PONG`].
pub const PING: u8 = 9;
/// Frame answers a [`PING`].
pub const PONG: u8 = 10;

/// The request that asks for WebSocket with SIP in it.
pub fn upgrade(host: &str, path: &str, key: [u8; 16]) -> http::Message {
    http::get(path)
        .host(host)
        .header("Upgrade", "websocket")
        .header("Connection", "Upgrade")
        .header("Sec-WebSocket-Key", &BASE64_STANDARD.encode(key))
        .header("Origin", &format!("http://{host}"))
        .header("Sec-WebSocket-Protocol", "sip")
        .header("Sec-WebSocket-Version", "13")
}

/// The response that grants it.
pub fn accept(key: [u8; 16]) -> http::Message {
    const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let hash = Sha1::digest(BASE64_STANDARD.encode(key) + GUID);
    http::response(101)
        .header("Upgrade", "websocket")
        .header("Connection", "Upgrade")
        .header("Sec-WebSocket-Accept", &BASE64_STANDARD.encode(hash))
        .header("Sec-WebSocket-Protocol", "sip")
}

/// A whole text message from the client, masked as a client must.
pub fn masked(payload: impl AsRef<[u8]>, mask: [u8; 4]) -> Vec<u8> {
    frame(true, TEXT, Some(mask), payload.as_ref())
}

/// A whole text message from the server.
pub fn text(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(true, TEXT, None, payload.as_ref())
}

/// One frame; `last`: it ends its message.
pub fn frame(last: bool, opcode: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let masked = if mask.is_some() { 0x80 } else { 0 };
    let mut out = vec![u8::from(last) << 7 | opcode];
    match payload.len() {
        short @ 0..126 => out.push(masked + short as u8),
        long => {
            out.push(masked + 126);
            out.extend(len16(long).to_be_bytes());
        }
    }
    out.extend(mask.iter().flatten());
    let mask = mask.unwrap_or_default();
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_those_of_rfc_6455_section_5_7() {
        assert_eq!(text("Hello"), [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
        let wanted = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(masked("Hello", [0x37, 0xfa, 0x21, 0x3d]), wanted);
        assert_eq!(frame(true, BINARY, None, &[0; 256])[..4], [0x82, 0x7e, 0x01, 0x00]);
    }

    #[test]
    fn the_key_is_accepted_as_in_rfc_6455_section_1_3() {
        let granted = Vec::from(accept(*b"the sample nonce"));
        assert!(String::from_utf8_lossy(&granted).contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    }
}
