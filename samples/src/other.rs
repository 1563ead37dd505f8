//! First messages of other protocols, for ports where Notes was expected.

use crate::rng::SplitMix64;
use crate::wire::len16;

/// A TLS ClientHello that offers 1.3 and 1.2 (RFC 8446 section 4.1.2) for this host name.
pub fn client_hello(host: &str, rng: &mut SplitMix64) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend(rng.bytes(32));
    body.push(32);
    body.extend(rng.bytes(32));
    let ciphers: [u16; 4] = [0x1301, 0x1302, 0xc02f, 0xc030];
    body.extend(vector(&ciphers.map(u16::to_be_bytes).concat()));
    body.extend([1, 0]);
    body.extend(vector(&extensions(host, rng)));
    let mut handshake = vec![1, 0];
    handshake.extend(vector(&body));
    let mut record = vec![22, 3, 1];
    record.extend(vector(&handshake));
    record
}

fn extensions(host: &str, rng: &mut SplitMix64) -> Vec<u8> {
    const SERVER_NAME: u16 = 0;
    const SUPPORTED_GROUPS: u16 = 10;
    const SIGNATURE_ALGORITHMS: u16 = 13;
    const SUPPORTED_VERSIONS: u16 = 43;
    const KEY_SHARE: u16 = 51;
    const X25519: [u8; 2] = [0, 29];
    let name = [&[0][..], &vector(host.as_bytes())].concat();
    let share = [&X25519[..], &vector(&rng.bytes(32))].concat();
    [
        extension(SERVER_NAME, &vector(&name)),
        extension(SUPPORTED_GROUPS, &vector(&[X25519, [0, 23]].concat())),
        extension(SIGNATURE_ALGORITHMS, &vector(&[8, 4, 4, 3])),
        extension(SUPPORTED_VERSIONS, &[4, 3, 4, 3, 3]),
        extension(KEY_SHARE, &vector(&share)),
    ]
    .concat()
}

fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &vector(data)].concat()
}

/// Data behind its 16-bit length.
fn vector(data: &[u8]) -> Vec<u8> {
    [&len16(data.len()).to_be_bytes()[..], data].concat()
}

/// An HTTP/1.1 request without a body.
pub fn http_get(host: &str, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: status-check/1.0\r\nAccept: */*\r\n\r\n").into_bytes()
}
