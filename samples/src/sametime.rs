//! Messages of the Sametime community protocol (VP) as bytes, and the steps of a login.
//!
//! The layout is the one that the Meanwhile project and Wireshark's dissector implement; all integers are big-endian. The
//! layout of a token's data is not public: stories put each token behind a length of two bytes.

use std::net::{IpAddr, Ipv4Addr};

use crate::tcp::{Side, Tcp};
use crate::wire::len16;

/// Usual port of a community server.
pub const PORT: u16 = 1533;
/// Port between servers.
pub const SERVER_PORT: u16 = 1516;
/// The byte that keeps a connection alive.
pub const KEEP_ALIVE: [u8; 1] = [0x80];

/// The id of a login in stories.
const LOGIN_ID: &str = "1A2B.3C4D";

/// Client type of Notes 7.0, the newest that is public.
pub const NOTES: u16 = 0x1214;

/// Message types.
pub mod kind {
    /// Client's first message.
    pub const HANDSHAKE: u16 = 0x0000;
    /// Server's answer to it.
    pub const HANDSHAKE_ACK: u16 = 0x8000;
    /// Login.
    pub const LOGIN: u16 = 0x0001;
    /// Login accepted.
    pub const LOGIN_ACK: u16 = 0x8001;
    /// The client stays although it was redirected.
    pub const LOGIN_CONTINUE: u16 = 0x0016;
    /// Login redirected.
    pub const LOGIN_REDIRECT: u16 = 0x0018;
    /// A channel is opened.
    pub const CHANNEL_CREATE: u16 = 0x0002;
    /// A channel, or the session, is closed.
    pub const CHANNEL_DESTROY: u16 = 0x0003;
    /// Data on a channel.
    pub const CHANNEL_SEND: u16 = 0x0004;
    /// A channel is accepted.
    pub const CHANNEL_ACCEPT: u16 = 0x0006;
    /// Status of the user.
    pub const SET_USER_STATUS: u16 = 0x0009;
}

/// Reasons of a destroyed channel.
pub mod reason {
    /// An ordinary end.
    pub const SUCCESS: u32 = 0;
    /// Not authorized.
    pub const NOT_AUTHORIZED: u32 = 0x8000_0003;
    /// Version not supported.
    pub const VERSION_NO_SUPPORT: u32 = 0x8000_0010;
    /// The token could not be verified.
    pub const TOKEN_INVALID: u32 = 0x8000_0015;
    /// The token has expired.
    pub const TOKEN_EXPIRED: u32 = 0x8000_0016;
    /// The token belongs to another address.
    pub const TOKEN_IP_MISMATCH: u32 = 0x8000_0017;
    /// Versions differ.
    pub const VERSION_MISMATCH: u32 = 0x8000_0200;
    /// No resources for the connection.
    pub const INSUF_BUFFER: u32 = 0x8000_0201;
    /// No room.
    pub const SERVER_FULL: u32 = 0x8000_020b;
    /// User not allowed.
    pub const USER_RESTRICTED: u32 = 0x8000_0210;
    /// Wrong name or password.
    pub const INCORRECT_LOGIN: u32 = 0x8000_0211;
    /// No common encryption.
    pub const ENCRYPT_MISMATCH: u32 = 0x8000_0212;
    /// Directory away.
    pub const VERIFICATION_DOWN: u32 = 0x8000_0214;
    /// Two servers at a time.
    pub const MULTI_SERVER_LOGIN: u32 = 0x8000_0227;
    /// Logged in from another computer.
    pub const MULTI_LOGIN: u32 = 0x8000_0229;
    /// Home server unreachable.
    pub const SERVER_BROKEN: u32 = 0x8000_022b;
    /// Logged in already under another user name.
    pub const CLIENT_USER_ELSEWHERE: u32 = 0x8000_2002;
}

/// One message: length, type, options, channel, body.
pub fn message(kind: u16, options: u16, channel: u32, body: &[u8]) -> Vec<u8> {
    let mut out = (8 + body.len() as u32).to_be_bytes().to_vec();
    out.extend(kind.to_be_bytes());
    out.extend(options.to_be_bytes());
    out.extend(channel.to_be_bytes());
    out.extend(body);
    out
}

/// Text behind a length of two bytes.
pub fn string(text: &str) -> Vec<u8> {
    [&len16(text.len()).to_be_bytes()[..], text.as_bytes()].concat()
}

/// Bytes behind a length of four bytes.
pub fn opaque(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
}

/// The client's first message.
#[derive(Debug, Clone)]
pub struct Handshake {
    /// Protocol version.
    pub version: (u16, u16),
    /// Client type.
    pub login_type: u16,
    /// The client's own idea of its address.
    pub own_address: Ipv4Addr,
    /// Its host name.
    pub host: String,
}

impl Handshake {
    /// The handshake of a Notes client.
    pub fn new(own_address: Ipv4Addr, host: &str) -> Self {
        Self { version: (0x1e, 0x1d), login_type: NOTES, own_address, host: host.to_owned() }
    }

    /// The message.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        body.extend(self.version.0.to_be_bytes());
        body.extend(self.version.1.to_be_bytes());
        body.extend([0; 8]); // the channel again, and the address that the server will tell
        body.extend(self.login_type.to_be_bytes());
        body.extend(self.own_address.octets());
        body.extend([1, 0, 0, 0, 0, 0]);
        body.extend(string(&self.host));
        message(kind::HANDSHAKE, 0, 0, &body)
    }
}

/// The server's answer: the client's address as the server sees it, and a public key.
pub fn handshake_ack(seen: Ipv4Addr) -> Vec<u8> {
    handshake_ack_with(seen, [0x47; 64])
}

/// An answer to the handshake that brings this key.
pub fn handshake_ack_with(seen: Ipv4Addr, key: [u8; 64]) -> Vec<u8> {
    let mut body = vec![0, 0x1e, 0, 0x1d];
    body.extend(seen.octets());
    body.extend([0, 0, 0, 1]);
    body.extend(opaque(&key));
    message(kind::HANDSHAKE_ACK, 0, 0, &body)
}

/// A login.
#[derive(Debug, Clone)]
pub struct Login {
    /// Client type.
    pub login_type: u16,
    /// User.
    pub user: String,
    /// 0 plain, 1 token, 2 RC2/40, 4 RC2/128.
    pub auth: u16,
    /// What proves it.
    pub data: Vec<u8>,
}

impl Login {
    fn new(user: &str, auth: u16, data: Vec<u8>) -> Self {
        Self { login_type: NOTES, user: user.to_owned(), auth, data }
    }

    /// With a password in clear.
    pub fn plain(user: &str, password: &str) -> Self {
        Self::new(user, 0, password.as_bytes().to_vec())
    }

    /// With these tokens, each behind its length.
    pub fn tokens(user: &str, tokens: &[&str]) -> Self {
        Self::new(user, 1, tokens.iter().flat_map(|token| string(token)).collect())
    }

    /// With a password under a key of 40 bits that travels with it (both made up).
    pub fn rc2_40(user: &str) -> Self {
        Self::new(user, 2, [opaque(b"\x11\x22\x33\x44\x55"), opaque(&[0xc4; 16])].concat())
    }

    /// With a password under a common key (both made up).
    pub fn rc2_128(user: &str) -> Self {
        Self::new(user, 4, [vec![0, 1], opaque(&[0x5d; 64]), opaque(&[0x3e; 24])].concat())
    }

    /// Of a client of another type.
    #[must_use]
    pub fn of_type(self, login_type: u16) -> Self {
        Self { login_type, ..self }
    }

    /// The message.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = self.login_type.to_be_bytes().to_vec();
        body.extend(string(&self.user));
        body.extend(opaque(&self.data));
        body.extend(self.auth.to_be_bytes());
        body.extend([0, 0]);
        message(kind::LOGIN, 0, 0, &body)
    }
}

/// The server accepts this user.
pub fn login_ack(user_id: &str, user_name: &str) -> Vec<u8> {
    login_ack_for(user_id, user_name, LOGIN_ID, Ipv4Addr::new(10, 1, 0, 50))
}

/// An answer that lets the user in under this login id, for a client of this address.
pub fn login_ack_for(user_id: &str, user_name: &str, login_id: &str, address: Ipv4Addr) -> Vec<u8> {
    let mut body = string(login_id);
    body.extend(NOTES.to_be_bytes());
    body.extend([string(user_id), string(user_name), string("")].concat());
    body.push(1); // more about the login
    body.extend([string(""), address.octets().to_vec(), string("st01")].concat());
    body.extend([0, 0]);
    body.extend([0; 5]); // nobody on the privacy list
    body.extend([0, 0x20, 0, 0, 0, 0]);
    body.extend(string("I am available"));
    message(kind::LOGIN_ACK, 0, 0, &body)
}

/// The server sends the client elsewhere.
pub fn redirect(host: &str) -> Vec<u8> {
    message(kind::LOGIN_REDIRECT, 0, 0, &[string(host), string("")].concat())
}

/// The client stays.
pub fn login_continue() -> Vec<u8> {
    message(kind::LOGIN_CONTINUE, 0, 0, &[])
}

/// A channel is closed; channel 0: the session.
pub fn destroy(channel: u32, reason: u32) -> Vec<u8> {
    message(kind::CHANNEL_DESTROY, 0, channel, &[&reason.to_be_bytes()[..], &opaque(&[])].concat())
}

/// The client opens a channel to a service of the server, without encryption.
pub fn channel_create(channel: u32, service: u32) -> Vec<u8> {
    let mut body = vec![0; 4];
    body.extend(channel.to_be_bytes());
    body.extend([string(""), string("")].concat());
    body.extend(service.to_be_bytes());
    body.extend(service.to_be_bytes());
    body.extend(3_u32.to_be_bytes());
    body.extend([0; 4]);
    body.extend(opaque(&[]));
    body.push(0); // the creator is not named
    body.extend([0; 2]); // no encryption
    body.extend([0; 8]);
    body.extend(7_u16.to_be_bytes());
    message(kind::CHANNEL_CREATE, 0, 0, &body)
}

/// The server accepts a channel.
pub fn channel_accept(channel: u32, service: u32) -> Vec<u8> {
    let mut body = [service, service, 3].into_iter().flat_map(u32::to_be_bytes).collect::<Vec<u8>>();
    body.extend(opaque(&[]));
    body.extend([0, 0, 0]); // the acceptor is not named, no encryption
    message(kind::CHANNEL_ACCEPT, 0, channel, &body)
}

/// Data on a channel.
pub fn channel_send(channel: u32, data_type: u16, data: &[u8]) -> Vec<u8> {
    message(kind::CHANNEL_SEND, 0, channel, &[&data_type.to_be_bytes()[..], &opaque(data)].concat())
}

/// The user's status, such as 0x0020 (active) or 0x0060 (away).
pub fn status(status: u16, text: &str) -> Vec<u8> {
    message(kind::SET_USER_STATUS, 0, 0, &[&status.to_be_bytes()[..], &[0; 4], &string(text)].concat())
}

impl Tcp {
    /// Handshake and answer; the client knows its address, and the server sees the same one.
    pub fn vp_open(&self) -> &Self {
        let address = ipv4(self.host(Side::Client).ip());
        self.vp_open_seen_as(address)
    }

    /// Handshake and answer; the server sees the client under this address.
    pub fn vp_open_seen_as(&self, seen: Ipv4Addr) -> &Self {
        self.vp_handshake().server(handshake_ack_with(seen, self.net.public_key()))
    }

    /// The client's handshake alone.
    pub fn vp_handshake(&self) -> &Self {
        self.client(self.next_vp_handshake())
    }

    /// The client's handshake, not sent yet.
    pub fn next_vp_handshake(&self) -> Vec<u8> {
        let name = self.net.made_up("pc");
        Handshake::new(ipv4(self.host(Side::Client).ip()), &name).encode()
    }

    /// The client logs in.
    pub fn vp_login(&self, login: &Login) -> &Self {
        self.client(login.encode())
    }

    /// The server accepts, and the client sets its status.
    pub fn vp_accept(&self, user_id: &str, user_name: &str) -> &Self {
        let (login_id, address) = (self.net.made_up(LOGIN_ID), self.net.moved(Ipv4Addr::new(10, 1, 0, 50).into()));
        self.server(login_ack_for(user_id, user_name, &login_id, ipv4(address))).client(status(0x20, ""))
    }

    /// The server ends the session for this reason and closes.
    pub fn vp_refuse(&self, reason: u32) -> &Self {
        self.server(destroy(0, reason)).server_fin()
    }

    /// The client logs out.
    pub fn vp_logout(&self) -> &Self {
        self.client(destroy(0, reason::SUCCESS)).client_fin()
    }

    /// A whole login that works, still open.
    pub fn vp_works(&self, login: &Login) -> &Self {
        self.vp_open().vp_login(login).vp_accept(&login.user, &login.user)
    }
}

/// VP carries IPv4 addresses only; of others 0.0.0.0, as clients do.
const fn ipv4(ip: IpAddr) -> Ipv4Addr {
    match ip {
        IpAddr::V4(ip) => ip,
        IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
    }
}
