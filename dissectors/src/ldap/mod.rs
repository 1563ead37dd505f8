//! LDAP (RFC 4511) over TCP: who binds at a directory and what comes of it, what is searched for and how many were found.
//!
//! Sametime, Domino and WebSphere ask a directory about everybody who signs on: a bind that is refused there is why nobody gets
//! in here. Entries are counted, not read; a password is told by its length alone. After StartTLS, and under a security layer of
//! SASL, nothing more can be read without keys, and that is said.

pub(crate) mod ber;
mod fields;
mod filter;
mod meaning;
mod message;
mod parse;
mod result;
mod stream;

pub use message::{Auth, Body, Message, NtlmStep, START_TLS, Scope};
pub use result::{Outcome, data_words, name_of};

use crate::{Pick, Protocol, SignOn, Success};

/// The protocol's line in the table. The global catalog of Active Directory has ports of its own.
pub static PROTOCOL: Protocol = Protocol {
    ends: ("LDAP client", "directory"),
    tcp_ports: &[389, 3268],
    tls_ports: &[636, 3269],
    sign_on: Some(SignOn { told_by: Success::Granted, dedicated: false }),
    listed: Pick::Last,
    roles: meaning::ROLES,
    ..Protocol::new("ldap", "LDAP", stream::probe, stream::open)
};
