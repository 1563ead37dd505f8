//! Notes RPC (NRPC), TCP port 1352: the protocol between Notes clients and Domino servers. (Not Microsoft's Netlogon,
//! which shares the letters.)
//!
//! No specification is public. The layout here rests on public bytes: the nDPI sample capture `hcl_notes.pcapng`, nmap's
//! NotesRPC probe and `nrpc.lua`, the Nagios plugin `check_lotus.pl`, and the structures of the HCL C API documentation
//! that appear on the wire. What a field is called here is marked ([`Mark`]) with how well that is known.
//!
//! Integers are little-endian. `p+N` in comments is offset N of a frame's payload, which begins 12 bytes into the frame.

mod auth;
mod fields;
mod frame;
pub mod lmbcs;
mod meaning;
pub mod name;
mod probe;
mod session;
pub mod status;
mod stream;
mod timedate;
mod tlv;
mod transaction;

pub use auth::{Auth, KeyObject};
pub use frame::{Body, Message, Opaque, class};
pub use session::{Damage, Fixed, LicenseId, Session, Validity};
pub use status::Status;
pub use timedate::TimeDate;
pub use tlv::Tlv;
pub use transaction::Transaction;

use crate::{Protocol, SignOn, Success};

/// The protocol's line in the table.
pub static PROTOCOL: Protocol = Protocol {
    ends: ("Notes client", "Domino server"),
    tcp_ports: &[1352],
    claims_ports: true,
    sign_on: Some(SignOn { told_by: Success::WentOn, dedicated: true }),
    roles: meaning::ROLES,
    ..Protocol::new("nrpc", "NRPC", probe::probe, stream::open)
};

/// How well the meaning of a field is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mark {
    /// A public source states it, or the bytes prove it.
    Evidenced,
    /// It follows from what is public, and nothing contradicts it.
    Inferred,
    /// Only the value is known.
    #[default]
    Unknown,
}

impl Mark {
    /// `evidenced`, `inferred` or `unknown`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Evidenced => "evidenced",
            Self::Inferred => "inferred",
            Self::Unknown => "unknown",
        }
    }
}
