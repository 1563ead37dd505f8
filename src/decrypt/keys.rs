//! What is known: secrets of connections by their client random, private keys, and what is learned on the way.

use super::keylog::{self, Entry, Label, LogReport};
use super::pem::{self, PemError};
use hashbrown::HashMap;
use rsa::{Pkcs1v15Encrypt, PrivateKey};
use std::fmt;
use std::io::{self, BufRead};
use std::sync::{Arc, PoisonError, RwLock};

/// Secrets that are kept of one source: some 1.6 GB, far more than any browser logs.
const SECRETS: usize = 4_000_000;
/// Sessions that are remembered for their resumption.
const SESSIONS: usize = 65_536;
/// Private keys that are tried.
const PRIVATE_KEYS: usize = 64;

/// Secrets and private keys. Never printed.
#[derive(Clone, Default)]
pub struct Keys {
    connections: HashMap<[u8; 32], Secrets>,
    premasters: HashMap<[u8; 8], Vec<u8>>,
    sessions: HashMap<Vec<u8>, Vec<u8>>,
    private: Vec<PrivateKey>,
    secrets: usize,
    /// Some of them are premaster secrets.
    has_premasters: bool,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({} secrets, {} private keys)", self.secrets, self.private.len())
    }
}

/// What is known of one connection.
#[derive(Clone, Default)]
pub(super) struct Secrets {
    pub master: Option<Vec<u8>>,
    pub premaster: Option<Vec<u8>>,
    traffic: Vec<(Label, Vec<u8>)>,
}

impl Secrets {
    /// That secret of TLS 1.3.
    pub(super) fn traffic(&self, label: Label) -> Option<&[u8]> {
        self.traffic.iter().find(|(known, _)| *known == label).map(|(_, secret)| secret.as_slice())
    }

    pub(super) fn has_traffic(&self) -> bool {
        !self.traffic.is_empty()
    }
}

impl Keys {
    /// Takes the secrets of a key log. What is broken in it is counted and no error.
    pub fn add_log(&mut self, input: impl BufRead) -> io::Result<LogReport> {
        keylog::read(input, |entry| self.add(entry))
    }

    /// Takes the private RSA keys of a PEM file; gives their number.
    pub fn add_pem(&mut self, text: &str) -> Result<usize, PemError> {
        let keys = pem::private_keys(text)?;
        let room = PRIVATE_KEYS.saturating_sub(self.private.len());
        let count = keys.len().min(room);
        self.private.extend(keys.into_iter().take(room));
        Ok(count)
    }

    /// Nothing is known.
    pub fn is_empty(&self) -> bool {
        self.secrets == 0 && self.private.is_empty()
    }

    /// Takes an entry, if there is room.
    pub(super) fn add(&mut self, entry: Entry) -> bool {
        if self.secrets >= SECRETS {
            return false;
        }
        self.secrets = self.secrets.saturating_add(1);
        self.has_premasters |= matches!(entry, Entry::Premaster(..) | Entry::Rsa(..));
        match entry {
            Entry::Master(random, secret) => self.connections.entry(random).or_default().master = Some(secret),
            Entry::Premaster(random, secret) => self.connections.entry(random).or_default().premaster = Some(secret),
            Entry::Traffic(label, random, secret) => {
                let secrets = self.connections.entry(random).or_default();
                secrets.traffic.retain(|(known, _)| *known != label);
                secrets.traffic.push((label, secret));
            }
            Entry::Rsa(start, secret) => drop(self.premasters.insert(start, secret)),
            Entry::Session(id, master) => drop(self.sessions.insert(id, master)),
            Entry::Other | Entry::Nothing => {}
        }
        true
    }

    /// Remembers a session by its identifier or ticket.
    fn learn(&mut self, session: &[u8], master: &[u8]) {
        if self.sessions.len() < SESSIONS {
            self.sessions.insert(session.to_vec(), master.to_vec());
        }
    }
}

/// All that one capture may be opened with: what the user gave, and what the capture itself tells. Copies share it.
#[derive(Clone, Default)]
pub(crate) struct SecretStore {
    given: Arc<Keys>,
    own: Arc<RwLock<Keys>>,
}

impl SecretStore {
    /// Begins with what the user gave.
    pub(crate) fn new(given: Arc<Keys>) -> Self {
        Self { given, own: Arc::default() }
    }

    /// Takes the secrets of a key log that the capture brings along.
    pub(crate) fn add_log(&self, text: &[u8]) -> LogReport {
        let mut own = self.own.write().unwrap_or_else(PoisonError::into_inner);
        // Reading from memory does not fail.
        own.add_log(text).unwrap_or_default()
    }

    /// Lets go of what the capture told so far if it is more than that many secrets. Connections that began keep theirs.
    pub(crate) fn let_go_beyond(&self, secrets: usize) {
        let mut own = self.own.write().unwrap_or_else(PoisonError::into_inner);
        if own.secrets.saturating_add(own.sessions.len()) > secrets {
            *own = Keys::default();
        }
    }

    /// There are secrets of connections.
    pub(super) fn has_secrets(&self) -> bool {
        self.any(|keys| (keys.secrets > 0).then_some(())).is_some()
    }

    /// There are private keys.
    pub(super) fn has_private_keys(&self) -> bool {
        !self.given.private.is_empty()
    }

    /// A master secret may have to be derived, for which the handshake is needed.
    pub(super) fn may_derive(&self) -> bool {
        self.has_private_keys() || self.any(|keys| keys.has_premasters.then_some(())).is_some()
    }

    /// What is known of the connection with that client random.
    pub(super) fn secrets(&self, random: &[u8; 32]) -> Option<Secrets> {
        self.any(|keys| keys.connections.get(random).cloned())
    }

    /// The master secret of a session, by its identifier or ticket.
    pub(super) fn session(&self, session: &[u8]) -> Option<Vec<u8>> {
        self.any(|keys| keys.sessions.get(session).cloned())
    }

    /// Remembers a session, so that its resumption can be opened.
    pub(super) fn learn(&self, session: &[u8], master: &[u8]) {
        if !session.is_empty() {
            self.own.write().unwrap_or_else(PoisonError::into_inner).learn(session, master);
        }
    }

    /// The premaster secret that a client encrypted to the server's key: it begins with the client's version.
    pub(super) fn premaster(&self, encrypted: &[u8], version: u16) -> Option<Vec<u8>> {
        let start: Option<[u8; 8]> = encrypted.first_chunk().copied();
        let logged = start.and_then(|start| self.any(|keys| keys.premasters.get(&start).cloned()));
        let decrypted = || {
            let keys = self.given.private.iter();
            let mut found = keys.filter_map(|key| key.decrypt(Pkcs1v15Encrypt, encrypted).ok());
            found.find(|secret| secret.len() == 48 && secret.starts_with(&version.to_be_bytes()))
        };
        logged.or_else(decrypted)
    }

    fn any<T>(&self, find: impl Fn(&Keys) -> Option<T>) -> Option<T> {
        let own = self.own.read().unwrap_or_else(PoisonError::into_inner);
        find(&own).or_else(|| find(&self.given))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_capture_tells_counts_beside_what_was_given() {
        let mut given = Keys::default();
        let line = |first: &str| format!("CLIENT_RANDOM {}{} {}\n", first, "00".repeat(31), "ab".repeat(48));
        given.add_log(line("01").as_bytes()).unwrap();
        assert_eq!(format!("{given:?}"), "Keys(1 secrets, 0 private keys)");
        let store = SecretStore::new(Arc::new(given));
        let random = |first| std::array::from_fn(|index| if index == 0 { first } else { 0 });
        assert!(store.secrets(&random(1)).is_some() && store.secrets(&random(2)).is_none());
        store.add_log(line("02").as_bytes());
        assert_eq!(store.secrets(&random(2)).unwrap().master, Some(vec![0xAB; 48]));
        assert!(store.has_secrets() && !store.has_private_keys());
        store.learn(b"session", &[1; 48]);
        store.learn(b"", &[1; 48]);
        assert_eq!((store.session(b"session"), store.session(b"")), (Some(vec![1; 48]), None));
    }
}
