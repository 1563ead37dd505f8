//! STUN and TURN (RFC 8489, RFC 8656) and the records of DTLS (RFC 6347) on the way of a meeting's sound, as far as a capture needs them:
//! proofs are random, and what is sealed is nothing.
//!
//! ```
//! use nrpcsniff_samples::{Network, stun::{Call, Dtls}};
//!
//! let net = Network::new();
//! let call = Call::new(&net, "10.1.0.50", 50_100, "10.1.0.31", 10_000);
//! call.check(true);
//! call.handshake();
//! call.allocate(Some("ann"), Some(486));
//! ```

use std::cell::Cell;
use std::net::{IpAddr, SocketAddr};

use crate::http::{self, Browser};
use crate::net::{Host, Network};
use crate::wire::len16;

const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
const BINDING: u16 = 1;
const ALLOCATE: u16 = 3;
const SUCCESS: u16 = 0x0100;
const ERROR: u16 = 0x0110;

/// Attributes: their numbers.
const USERNAME: u16 = 0x0006;
const INTEGRITY: u16 = 0x0008;
const ERROR_CODE: u16 = 0x0009;
const LIFETIME: u16 = 0x000D;
const REALM: u16 = 0x0014;
const NONCE: u16 = 0x0015;
const RELAYED: u16 = 0x0016;
const TRANSPORT: u16 = 0x0019;
const MAPPED: u16 = 0x0020;
const PRIORITY: u16 = 0x0024;
const SOFTWARE: u16 = 0x8022;
const CONTROLLING: u16 = 0x802A;

/// One way that a client tries: two hosts and their ports.
#[derive(Debug)]
pub struct Call {
    net: Network,
    client: (Host, u16),
    server: (Host, u16),
    /// Records of DTLS so far.
    records: Cell<u8>,
}

/// A step of a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dtls {
    /// The client begins.
    ClientHello,
    /// The server wants to hear a cookie.
    HelloVerify,
    /// The server agrees.
    ServerHello,
    /// The last step of either side, sealed.
    Finished,
    /// A fatal alert.
    Alert(u8),
}

/// A message: its type, transaction id and attributes.
fn message(number: u16, transaction: [u8; 12], attributes: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (kind, value) in attributes {
        body.extend(kind.to_be_bytes());
        body.extend(len16(value.len()).to_be_bytes());
        body.extend(value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    [&number.to_be_bytes()[..], &len16(body.len()).to_be_bytes(), &COOKIE, &transaction, &body].concat()
}

/// An address under the mask of cookie and transaction id (RFC 8489 section 14.2).
fn masked(address: SocketAddr, transaction: [u8; 12]) -> Vec<u8> {
    let (family, ip) = match address.ip() {
        IpAddr::V4(ip) => (1, ip.octets().to_vec()),
        IpAddr::V6(ip) => (2, ip.octets().to_vec()),
    };
    let mask = COOKIE.iter().chain(&transaction);
    let ip = ip.iter().zip(mask).map(|(byte, mask)| byte ^ mask);
    let [high, low] = address.port().to_be_bytes();
    [0, family, high ^ COOKIE[0], low ^ COOKIE[1]].into_iter().chain(ip).collect()
}

fn reason(code: u16) -> &'static str {
    match code {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        437 => "Allocation Mismatch",
        438 => "Stale Nonce",
        441 => "Wrong Credentials",
        442 => "Unsupported Transport Protocol",
        486 => "Allocation Quota Reached",
        _ => "Insufficient Capacity",
    }
}

impl Call {
    /// A way from one place to another. Nothing is sent.
    pub fn new(net: &Network, client: &str, client_port: u16, server: &str, server_port: u16) -> Self {
        let (client, server) = (net.host(client), net.host(server).linux());
        Self { net: net.clone(), client: (client, client_port), server: (server, server_port), records: Cell::new(0) }
    }

    /// The user of the client is signed on to Sametime on the web, and goes on there.
    pub fn meeting(&self) {
        let chat = Browser::new(&self.client.0).open(&self.net.host("10.1.0.23").linux(), 80, "chat.example.com");
        chat.ask(http::get("/stwebapi/user")).reply(http::response(200).json("{}")).wait(20).tcp().client_fin();
    }

    fn asks(&self, payload: Vec<u8>) {
        self.net.udp(&self.client.0, self.client.1, &self.server.0, self.server.1, payload);
    }

    fn answers(&self, payload: Vec<u8>) {
        self.net.wait(8);
        self.net.udp(&self.server.0, self.server.1, &self.client.0, self.client.1, payload);
        self.net.wait(20);
    }

    fn own_address(&self) -> SocketAddr {
        SocketAddr::new(self.client.0.ip(), self.client.1)
    }

    /// Does the way work? The bridge answers, or does not.
    pub fn check(&self, is_answered: bool) {
        let transaction = self.net.nonce();
        let asked = [
            (USERNAME, b"bridge1:browser1".to_vec()),
            (CONTROLLING, self.net.nonce::<8>().to_vec()),
            (PRIORITY, vec![0x6E, 0x7F, 0x1E, 0xFF]),
            (INTEGRITY, self.net.nonce::<20>().to_vec()),
        ];
        self.asks(message(BINDING, transaction, &asked));
        if is_answered {
            let said =
                [(MAPPED, masked(self.own_address(), transaction)), (INTEGRITY, self.net.nonce::<20>().to_vec())];
            self.answers(message(BINDING | SUCCESS, transaction, &said));
        }
    }

    fn wants_relay(&self, user: Option<&str>, transaction: [u8; 12]) -> Vec<u8> {
        let mut asked = vec![(TRANSPORT, vec![17, 0, 0, 0]), (LIFETIME, vec![0, 0, 2, 88])];
        if let Some(user) = user {
            asked.push((USERNAME, user.as_bytes().to_vec()));
            asked.push((REALM, b"example.com".to_vec()));
            asked.push((NONCE, b"a6b56eb237576e52".to_vec()));
            asked.push((INTEGRITY, self.net.nonce::<20>().to_vec()));
        }
        message(ALLOCATE, transaction, &asked)
    }

    /// A relay is asked for, and granted or refused by that error.
    pub fn allocate(&self, user: Option<&str>, error: Option<u16>) {
        let transaction = self.net.nonce();
        self.asks(self.wants_relay(user, transaction));
        let software = (SOFTWARE, b"Coturn-4.6.1".to_vec());
        let Some(code) = error else {
            let relay = SocketAddr::new(self.server.0.ip(), 49_160);
            let said = [
                (RELAYED, masked(relay, transaction)),
                (MAPPED, masked(self.own_address(), transaction)),
                (LIFETIME, vec![0, 0, 2, 88]),
                software,
            ];
            return self.answers(message(ALLOCATE | SUCCESS, transaction, &said));
        };
        let [class, number] = [code / 100, code % 100].map(|part| part.to_be_bytes()[1]);
        let mut said = vec![(ERROR_CODE, [&[0, 0, class, number], reason(code).as_bytes()].concat())];
        if matches!(code, 401 | 438) {
            said.push((NONCE, b"a6b56eb237576e52".to_vec()));
            said.push((REALM, b"example.com".to_vec()));
        }
        said.push(software);
        self.answers(message(ALLOCATE | ERROR, transaction, &said));
    }

    /// The same request for a relay, again after each of these times in milliseconds; nobody answers.
    pub fn asks_for_relay_in_vain(&self, waits: &[u64]) {
        let request = self.wants_relay(None, self.net.nonce());
        self.asks(request.clone());
        for &wait in waits {
            self.net.wait(wait);
            self.asks(request.clone());
        }
        self.net.wait(3_000);
    }

    /// The machine says that nothing listens there, of what was sent last.
    pub fn is_unreachable(&self) {
        let (kind, code) = if self.server.0.ip().is_ipv6() { (1, 4) } else { (3, 3) };
        self.net.wait(1);
        self.net.icmp(&self.server.0, &self.client.0, kind, code, [0; 4]);
    }

    /// The client's step.
    pub fn client_says(&self, step: Dtls) {
        self.asks(self.record(step));
    }

    /// The server's step.
    pub fn server_says(&self, step: Dtls) {
        self.answers(self.record(step));
    }

    /// All of a handshake, as far as it matters.
    pub fn handshake(&self) {
        self.client_says(Dtls::ClientHello);
        self.server_says(Dtls::HelloVerify);
        self.client_says(Dtls::ClientHello);
        self.server_says(Dtls::ServerHello);
        self.client_says(Dtls::Finished);
        self.server_says(Dtls::Finished);
    }

    fn record(&self, step: Dtls) -> Vec<u8> {
        self.records.set(self.records.get().wrapping_add(1));
        let random = self.net.random(32);
        let (content, epoch, body) = match step {
            Dtls::ClientHello => {
                (22, 0, handshake(1, &[&[0xFE, 0xFD], random.as_slice(), &[0, 0, 0, 2, 0xC0, 0x2B, 1, 0]].concat()))
            }
            Dtls::HelloVerify => (22, 0, handshake(3, &[&[0xFE, 0xFF, 20], &random[..20]].concat())),
            Dtls::ServerHello => {
                (22, 0, handshake(2, &[&[0xFE, 0xFD], random.as_slice(), &[0, 0xC0, 0x2B, 0]].concat()))
            }
            Dtls::Finished => (22, 1, self.net.random(40)),
            Dtls::Alert(code) => (21, 0, vec![2, code]),
        };
        let [high, low] = len16(body.len()).to_be_bytes();
        [&[content, 0xFE, 0xFD, 0, epoch, 0, 0, 0, 0, 0, self.records.get(), high, low], body.as_slice()].concat()
    }
}

/// A message of the handshake in one fragment.
fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    let [high, low] = len16(body.len()).to_be_bytes();
    [&[kind, 0, high, low, 0, 0, 0, 0, 0, 0, high, low], body].concat()
}

/// Somebody else's web pages.
pub fn noise(net: &Network) {
    let pages = Browser::new(&net.host("10.1.0.50")).open(&net.host("10.1.0.99").linux(), 80, "news.example.org");
    pages.ask(http::get("/")).reply(http::response(200).html("news")).wait(3_000).tcp().client_fin();
}
