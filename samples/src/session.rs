//! NRPC conversations, one step a method: what a client and a server say in order.

use crate::net::Host;
use crate::nrpc::{self, Auth, SessionRequest, SessionResponse};
use crate::tcp::{Side, Tcp};

/// Sizes of the opaque part of modern authentication messages, client and server.
const AUTH_OPAQUE: [usize; 2] = [374, 384];

impl Tcp {
    /// The session request the client would send now for this server: its clock, its LICENSEID, fresh nonces.
    pub fn request_for(&self, wanted: &str) -> SessionRequest {
        let client = self.host(Side::Client);
        let (created, expires) = client.certificate();
        SessionRequest {
            created,
            expires,
            license: client.license(),
            nonce: self.net.nonce(),
            ticket: self.net.nonce(),
            ..SessionRequest::new(wanted, client.clock())
        }
    }

    /// The session response the server would send now under this name.
    pub fn response_as(&self, name: &str) -> SessionResponse {
        let server = self.host(Side::Server);
        SessionResponse {
            license: server.license(),
            nonce: self.net.nonce(),
            ..SessionResponse::new(name, server.clock())
        }
    }

    /// The client asks for this server.
    pub fn request(&self, wanted: &str) -> &Self {
        self.client(self.request_for(wanted).encode())
    }

    /// The server answers with its name.
    pub fn response(&self, name: &str) -> &Self {
        self.server(self.response_as(name).encode())
    }

    /// Session request and response.
    pub fn session(&self, wanted: &str, answered: &str) -> &Self {
        self.request(wanted).response(answered)
    }

    /// The client's authentication message of current releases, 386 bytes, 13 ms after the message before it.
    pub fn auth_request(&self) -> &Self {
        let opaque = self.net.random(AUTH_OPAQUE[0]);
        self.wait(13).client(nrpc::modern_auth(nrpc::TYPE_AUTH, &opaque))
    }

    /// The server's answer to it, 396 bytes.
    pub fn auth_reply(&self) -> &Self {
        let opaque = self.net.random(AUTH_OPAQUE[1]);
        self.server(nrpc::modern_auth(nrpc::TYPE_AUTH_REPLY, &opaque))
    }

    /// Both authentication messages of current releases.
    pub fn auth(&self) -> &Self {
        self.auth_request().auth_reply()
    }

    /// The authentication message of an R5 client, with the user's name in clear.
    pub fn auth_as(&self, user: &str) -> &Self {
        let (created, expires) = self.host(Side::Client).certificate();
        let auth = Auth {
            created,
            expires,
            license: self.host(Side::Client).license(),
            modulus: self.net.nonce(),
            check: self.net.nonce(),
            ..Auth::new(user)
        };
        self.wait(13).client(auth.encode())
    }

    /// The client's next request with `len` bytes of data, not sent yet.
    pub fn next_request(&self, function: u16, len: usize) -> Vec<u8> {
        let data = self.net.random(len);
        let mut world = self.net.world();
        let sequence = &mut world.conns[self.conn].nrpc_sequence;
        *sequence = sequence.wrapping_add(1);
        nrpc::transaction(function, *sequence, &data)
    }

    /// A request with `len` bytes of data; it opens a transaction that [`Tcp::answer`] closes.
    pub fn ask(&self, function: u16, len: usize) -> &Self {
        self.client(self.next_request(function, len))
    }

    /// The server's next reply with `len` bytes of data, not sent yet.
    pub fn next_reply(&self, function: u16, status: u16, len: usize) -> Vec<u8> {
        let data = self.net.random(len);
        nrpc::reply(function, self.net.world().conns[self.conn].nrpc_sequence, status, &data)
    }

    /// The reply to the transaction asked last, with `len` bytes of data.
    pub fn answer(&self, function: u16, status: u16, len: usize) -> &Self {
        self.server(self.next_reply(function, status, len))
    }

    /// `count` transactions that succeed, 20 ms apart, of sizes that vary a little.
    pub fn transactions(&self, count: usize) -> &Self {
        for number in 0..count {
            let extra = (number * 37) % 90;
            self.wait(20).ask(nrpc::FUNCTION_WORK, 16 + extra);
            self.answer(nrpc::FUNCTION_WORK, 0, 120 + 7 * extra);
        }
        self
    }

    /// A whole working session, still open: the names agree, authentication, `count` transactions.
    pub fn works(&self, name: &str, count: usize) -> &Self {
        self.session(name, name).auth().transactions(count)
    }

    /// One of the two hosts.
    pub fn host(&self, side: Side) -> Host {
        let index = self.net.world().conns[self.conn].end(side).host;
        Host::of(&self.net, index)
    }
}
