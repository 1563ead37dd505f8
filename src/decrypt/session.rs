//! One conversation: follows its handshake, finds its secrets, and opens its records.

use super::direction::{Direction, Epoch, Phase};
use super::keylog::Label;
use super::keys::{SecretStore, Secrets};
use super::master::{self, Randoms};
use super::suite::{Cipher, Hash, Suite};
use crate::model::{PerSide, Side};
use nrpcsniff_dissectors::tls::{ClientHello, Opened, Opener, ServerHello, TLS13, Why, handshake_type};

/// Type and length in front of a handshake message.
const HEADER: usize = 4;
/// Bytes of the handshake that are kept for the extended master secret.
const TRANSCRIPT: usize = 1 << 19;
/// The oldest version that is opened: TLS 1.0.
const OLDEST: u16 = 0x0301;

/// Opens the records of one conversation.
pub(crate) struct Session {
    store: SecretStore,
    client: Option<ClientHello>,
    server: Option<ServerHello>,
    /// The suite of the ServerHello, if it can be opened here: asked for at each record that stays sealed.
    suite: Option<Suite>,
    directions: PerSide<Direction>,
    /// Handshake messages up to the ClientKeyExchange, for the extended master secret.
    transcript: Vec<u8>,
    /// The ClientKeyExchange was seen, and the transcript is complete.
    exchanged: bool,
    /// What the client encrypted to the server's RSA key.
    encrypted_premaster: Option<Vec<u8>>,
    master: Option<Vec<u8>>,
    /// The keys of the present handshake are known.
    ready: bool,
    /// Keys for early data were looked for.
    early: bool,
    /// The ServerHello is lost, and it was TLS 1.3 by the secrets that are known.
    inferred: bool,
}

impl Session {
    /// With all that may open it.
    pub(crate) fn new(store: SecretStore) -> Self {
        Self {
            store,
            client: None,
            server: None,
            suite: None,
            directions: PerSide::default(),
            transcript: Vec::new(),
            exchanged: false,
            encrypted_premaster: None,
            master: None,
            ready: false,
            early: false,
            inferred: false,
        }
    }

    fn client_hello(&mut self, body: &[u8], message: &[u8]) {
        if self.server.is_some() || self.inferred {
            self.inferred = false;
            // A handshake in the middle of a conversation: its keys count behind the next ChangeCipherSpec.
            self.server = None;
            self.suite = None;
            self.master = None;
            self.ready = false;
            self.exchanged = false;
            self.encrypted_premaster = None;
        }
        self.transcript.clear();
        self.note(message);
        self.client = Some(ClientHello::parse(body).0);
        self.look_for_early_keys();
    }

    /// Keeps a message for the extended master secret.
    fn note(&mut self, message: &[u8]) {
        let fits = self.transcript.len().saturating_add(message.len()) <= TRANSCRIPT;
        if !self.exchanged && fits && self.store.may_derive() {
            self.transcript.extend_from_slice(message);
        }
    }

    fn server_hello(&mut self, body: &[u8]) {
        let (hello, _) = ServerHello::parse(body);
        if !hello.retry {
            self.suite = Suite::of(hello.suite).filter(|_| hello.version >= OLDEST);
            self.server = Some(hello);
            self.prepare();
        }
    }

    /// A vector of two bytes' length with the secret, if the key exchange is RSA (RFC 5246 section 7.4.7.1).
    fn client_key_exchange(&mut self, body: &[u8]) {
        self.exchanged = true;
        self.encrypted_premaster = body.get(2..).map(<[u8]>::to_vec);
        self.prepare();
    }

    /// A ticket of TLS 1.2 behind its lifetime (RFC 5077 section 3.3).
    fn ticket(&mut self, body: &[u8]) {
        if let (Some(ticket), Some(master), false) = (body.get(6..), &self.master, self.is_tls13()) {
            self.store.learn(ticket, master);
        }
    }

    fn is_tls13(&self) -> bool {
        self.inferred || self.server.as_ref().is_some_and(ServerHello::is_tls13)
    }

    /// Looks for the keys of the present handshake, until they are found.
    fn prepare(&mut self) {
        let (false, Some(client), Some(server)) = (self.ready, &self.client, &self.server) else { return };
        let Some(suite) = self.suite else { return };
        if server.version >= TLS13 {
            if let Some(secrets) = self.store.secrets(&client.random).filter(Secrets::has_traffic) {
                self.expect13(suite, &secrets);
            }
            return;
        }
        let Some(master) = self.find_master(client, server, suite) else { return };
        let randoms = Randoms { client: &client.random, server: &server.random };
        let Some([of_client, of_server]) = master::epochs(server, suite, &master, randoms) else { return };
        self.store.learn(&server.session_id, &master);
        self.directions.client.expect(of_client);
        self.directions.server.expect(of_server);
        self.master = Some(master);
        self.ready = true;
    }

    fn expect13(&mut self, suite: Suite, secrets: &Secrets) {
        let known = [
            (Side::Client, Phase::Handshake, Label::ClientHandshake),
            (Side::Client, Phase::Application, Label::ClientTraffic),
            (Side::Server, Phase::Handshake, Label::ServerHandshake),
            (Side::Server, Phase::Application, Label::ServerTraffic),
        ];
        for (side, phase, label) in known {
            let epoch = secrets.traffic(label).and_then(|secret| Epoch::tls13(suite, secret, phase));
            if let Some(epoch) = epoch {
                self.directions[side].expect(epoch);
                self.ready = true;
            }
        }
        if self.ready {
            self.directions.server.enter(Phase::Handshake);
            if !self.early {
                self.directions.client.enter(Phase::Handshake);
            }
        }
    }

    /// Early data come before the server says which cipher counts: the length of the secret leaves two.
    fn look_for_early_keys(&mut self) {
        let Some(client) = self.client.as_ref().filter(|client| client.early_data && !self.early) else { return };
        let Some(secrets) = self.store.secrets(&client.random) else { return };
        let Some(secret) = secrets.traffic(Label::ClientEarly) else { return };
        for suite in suites13(secret.len()) {
            if let Some(epoch) = Epoch::tls13(suite, secret, Phase::Early) {
                self.directions.client.expect(epoch);
                self.early = true;
            }
        }
    }

    /// Keys of TLS 1.3 without the ServerHello, which is lost: the length of the secrets leaves two ciphers.
    fn infer(&mut self, from: Side) {
        let (false, Some(client), None) = (self.ready, &self.client, &self.server) else { return };
        if client.early_data && from == Side::Client {
            return; // it does not wait for the ServerHello
        }
        let secrets = self.store.secrets(&client.random).filter(Secrets::has_traffic);
        let Some(secrets) = secrets else { return };
        let length = secrets.traffic(Label::ServerTraffic).or_else(|| secrets.traffic(Label::ClientTraffic));
        for suite in suites13(length.map_or(0, <[u8]>::len)) {
            self.expect13(suite, &secrets);
        }
        self.inferred = self.ready;
    }

    fn find_master(&self, client: &ClientHello, server: &ServerHello, suite: Suite) -> Option<Vec<u8>> {
        let secrets = self.store.secrets(&client.random).unwrap_or_default();
        if secrets.master.is_some() {
            return secrets.master;
        }
        if let Some(premaster) = secrets.premaster.or_else(|| self.premaster(client, suite)) {
            if !self.exchanged {
                return None;
            }
            let covered = server.extended_master_secret.then_some(self.transcript.as_slice());
            let randoms = Randoms { client: &client.random, server: &server.random };
            return Some(master::master(master::prf(server.version, suite), &premaster, randoms, covered));
        }
        let ticket = client.ticket.as_deref().filter(|ticket| !ticket.is_empty());
        let session = (server.session_id == client.session_id).then_some(server.session_id.as_slice());
        let resumed = [session, ticket].into_iter().flatten().filter(|_| !self.exchanged);
        resumed.filter(|id| !id.is_empty()).find_map(|id| self.store.session(id))
    }

    /// The secret that the client sent, where the key exchange is RSA.
    fn premaster(&self, client: &ClientHello, suite: Suite) -> Option<Vec<u8>> {
        let encrypted = self.encrypted_premaster.as_deref().filter(|_| suite.rsa)?;
        self.store.premaster(encrypted, client.version)
    }

    /// Why there are no keys.
    fn missing(&self) -> Why {
        if self.server.is_none() {
            return Why::HandshakeNotCaptured;
        }
        let rsa = self.suite.is_some_and(|suite| suite.rsa);
        let (secrets, private) = (self.store.has_secrets(), self.store.has_private_keys());
        match self.suite {
            None => Why::UnsupportedCipher,
            Some(_) if !secrets && !private => Why::NoKeysGiven,
            Some(_) if secrets && !(private && rsa) => Why::NotInKeyLog,
            Some(_) if !rsa => Why::ForwardSecrecyWithRsaKey,
            Some(_) if !self.exchanged => Why::ResumedWithoutSecret,
            Some(_) => Why::WrongKey,
        }
    }
}

/// Suites of TLS 1.3 whose secrets have that length.
fn suites13(length: usize) -> impl Iterator<Item = Suite> {
    let ciphers: &[_] = if length == Hash::Sha384.length() {
        &[(Cipher::AesGcm(32), Hash::Sha384)]
    } else {
        &[(Cipher::AesGcm(16), Hash::Sha256), (Cipher::ChaCha20, Hash::Sha256)]
    };
    ciphers.iter().map(|&(cipher, prf)| Suite { rsa: false, cipher, mac: prf, prf })
}

impl Opener for Session {
    fn handshake(&mut self, from: Side, message: &[u8]) {
        let Some((&kind, body)) = message.first().zip(message.get(HEADER..)) else { return };
        if kind == handshake_type::CLIENT_HELLO {
            return self.client_hello(body, message);
        }
        self.note(message);
        let is_tls13 = self.is_tls13();
        match kind {
            handshake_type::SERVER_HELLO => self.server_hello(body),
            handshake_type::CLIENT_KEY_EXCHANGE => self.client_key_exchange(body),
            handshake_type::NEW_SESSION_TICKET => self.ticket(body),
            handshake_type::END_OF_EARLY_DATA => self.directions[from].enter(Phase::Handshake),
            handshake_type::FINISHED if is_tls13 => self.directions[from].enter(Phase::Application),
            handshake_type::KEY_UPDATE if is_tls13 => self.directions[from].update(),
            _ => {}
        }
    }

    fn change_cipher_spec(&mut self, from: Side) {
        if !self.is_tls13() {
            self.prepare();
            self.directions[from].change();
        }
    }

    fn refuses(&mut self, from: Side) -> Option<Why> {
        self.prepare();
        self.infer(from);
        let waits_for_server = self.server.is_none() && self.early && from == Side::Client;
        if self.ready || self.directions[from].has_keys() || waits_for_server {
            return self.directions[from].is_given_up();
        }
        Some(self.missing())
    }

    fn open(&mut self, from: Side, record: &[u8]) -> Result<Opened, Why> {
        self.directions[from].open(record)
    }

    fn lost(&mut self, from: Side, bytes: u64) {
        self.directions[from].lose(bytes);
    }

    fn passed(&mut self, from: Side, bytes: u64) {
        self.directions[from].pass(bytes);
    }
}
