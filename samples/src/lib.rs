//! Constructed captures: a small simulated network, the encoders that fill it, and the stories it tells.
//!
//! Nothing here was recorded. A [`Network`] holds hosts and a clock; [`Network::connect`] opens a TCP conversation whose [`Tcp`]
//! handle sends data, waits, loses segments and hangs up; [`Network::write`] turns all of it into a capture
//! file, the same bytes every time. The crate shares no code with the analyser, so that a test which reads these captures
//! tests the analyser and not a mistake both have in common.
//!
//! ```
//! use nrpcsniff_samples::{Format, Network};
//!
//! let net = Network::new();
//! let (client, server) = (net.host("10.1.0.50"), net.host("10.1.0.9"));
//! let tcp = net.connect(&client, &server, 1352);
//! tcp.session("chat.example.net", "CN=STCOMM7/OU=Servers/O=Example").wait(3).fin(nrpcsniff_samples::Side::Client);
//! let capture: Vec<u8> = net.write(&Format::pcapng());
//! # assert!(capture.len() > 600);
//! ```
//!
//! What travels: [`nrpc`] and [`dns`], [`http`] with a browser that keeps cookies, [`sip`] with a telephone that numbers its
//! requests, [`websocket`] and [`rtp`] for what a softphone needs besides, [`sametime`] logins, [`ltpa`] tokens made with
//! demo keys, [`jwt`] tokens, [`saml`] assertions, [`kerberos`] tickets, [`ldap`] of a directory, [`tls`] around any of them, and what servers write into a [`log`] meanwhile.
//!
//! Bad arguments (an address that does not parse, a payload too long for its length field) panic: they are mistakes in
//! a story, found the first time it runs.
#![allow(
    clippy::missing_panics_doc,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "what panics is said above, once for all builders; wire formats take fields apart and sequence numbers wrap, \
              and lengths that could overflow a field go through wire::len16"
)]

mod background;
mod dial;
pub mod dns;
mod file;
pub mod http;
pub mod jwt;
pub mod kerberos;
pub mod ldap;
mod link;
pub mod log;
pub mod ltpa;
mod mixture;
mod net;
pub mod nrpc;
pub mod other;
mod rng;
mod rough;
pub mod rtp;
pub mod sametime;
pub mod saml;
mod session;
pub mod sip;
pub mod stories;
pub mod stun;
mod tcp;
mod text;
pub mod time;
pub mod tls;
mod trouble;
mod vary;
pub mod websocket;
mod wire;
mod world;

pub use dial::Dial;
pub use file::Format;
pub use link::Link;
pub use mixture::mixture;
pub use net::{Host, IpId, Network};
pub use rng::SplitMix64;
pub use tcp::{Segment, Side, Tcp};
pub use vary::Variation;
pub use wire::flags;
