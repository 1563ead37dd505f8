//! Tickets of Kerberos as browsers show them, and what a server says that refuses one: the parts in clear are real, the rest is none.

use crate::time::civil;
use crate::wire::len16;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

const SPNEGO: &[u8] = &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x02];
const KERBEROS: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02];

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = len16(content.len()).to_be_bytes();
    let length = match content.len() {
        0..=127 => vec![length[1]],
        128..=255 => vec![0x81, length[1]],
        _ => vec![0x82, length[0], length[1]],
    };
    [&[tag], length.as_slice(), content].concat()
}

fn number(tag: u8, value: u8) -> Vec<u8> {
    tlv(tag, &tlv(2, &[value]))
}

/// `HTTP/host`.
fn service(tag: u8, host: &str) -> Vec<u8> {
    let names = [tlv(0x1B, b"HTTP"), tlv(0x1B, host.as_bytes())].concat();
    tlv(tag, &tlv(0x30, &[number(0xA0, 3), tlv(0xA1, &tlv(0x30, &names))].concat()))
}

fn framed(kind: u8, message: &[u8]) -> Vec<u8> {
    tlv(0x60, &[tlv(6, KERBEROS).as_slice(), &[kind, 0], message].concat())
}

/// What stands behind `Negotiate`: a ticket for HTTP/host inside of SPNEGO.
pub fn ticket(host: &str) -> String {
    with_sealed(host, b"nothing that could be opened")
}

/// The same of a user in so many groups that the ticket's sealed parts hold so many bytes.
pub fn large_ticket(host: &str, bytes: usize) -> String {
    with_sealed(host, &vec![0x5A; bytes / 2])
}

fn with_sealed(host: &str, content: &[u8]) -> String {
    let sealed = tlv(0x30, &[number(0xA0, 18), tlv(0xA2, &tlv(4, content))].concat());
    let realm = tlv(0xA1, &tlv(0x1B, b"EXAMPLE.COM"));
    let inner = [number(0xA0, 5), realm, service(0xA2, host), tlv(0xA3, &sealed)].concat();
    let parts =
        [number(0xA0, 5), number(0xA1, 14), tlv(0xA2, &tlv(3, &[0; 5])), tlv(0xA3, &tlv(0x61, &tlv(0x30, &inner)))];
    let token = framed(1, &tlv(0x6E, &tlv(0x30, &[parts.concat(), tlv(0xA4, &sealed)].concat())));
    let mechanisms = tlv(0xA0, &tlv(0x30, &tlv(6, KERBEROS)));
    let init = tlv(0xA0, &tlv(0x30, &[mechanisms, tlv(0xA2, &tlv(4, &token))].concat()));
    BASE64_STANDARD.encode(tlv(0x60, &[tlv(6, SPNEGO), init].concat()))
}

/// What stands behind `Negotiate` in the answer of a server that rejects a ticket with that error; its clock in nanoseconds since 1970.
pub fn refusal(code: u8, clock: u64, host: &str) -> String {
    let at = civil(clock);
    let stime = format!("{:04}{:02}{:02}{:02}{:02}{:02}Z", at.year, at.month, at.day, at.hour, at.minute, at.second);
    let realm = tlv(0xA9, &tlv(0x1B, b"EXAMPLE.COM"));
    let fields = [
        number(0xA0, 5),
        number(0xA1, 30),
        tlv(0xA4, &tlv(0x18, stime.as_bytes())),
        number(0xA5, 0),
        number(0xA6, code),
        realm,
        service(0xAA, host),
    ];
    let error = framed(3, &tlv(0x7E, &tlv(0x30, &fields.concat())));
    let reject = [tlv(0xA0, &tlv(0x0A, &[2])), tlv(0xA2, &tlv(4, &error))].concat();
    BASE64_STANDARD.encode(tlv(0xA1, &tlv(0x30, &reject)))
}
