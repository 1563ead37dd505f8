//! What rules about Notes sessions say.

pub mod accept_then_close;
pub mod asymmetric;
pub mod auth_rejected;
pub mod chatty_rtt;
pub mod clock_skew;
pub mod cluster_failover;
pub mod dns_failure;
pub mod early_close;
pub mod hello_unanswered;
pub mod icmp_reject;
pub mod id_expired;
pub mod idle_close;
pub mod idle_rst;
pub mod idle_silent;
pub mod ipv6_first;
pub mod name_mismatch_alias;
pub mod name_mismatch_other_server;
pub mod not_nrpc;
pub mod port_encryption_mandate;
pub mod port_map;
pub mod private_address;
pub mod probe_noise;
pub mod refused_status;
pub mod server_renamed;
pub mod server_restart;
mod session;
pub mod slow_server;
pub mod sprayer_inconsistent;
pub mod syn_refused;
pub mod syn_silent;

pub use session::{Ending, NameRefused, NameTraced, NamedServer};

use crate::diagnose::words::shown_if;
use crate::facts::network::attempts::Aftermath;
use crate::model::{Endpoint, Timestamp};
use serde::Serialize;
use std::fmt;

/// What came of clients that were not let in: where they got through afterwards, if they did.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Afterwards {
    /// When a later attempt at the same server got through.
    reached: Option<Timestamp>,
    /// The other server that took the client.
    #[serde(serialize_with = "shown_if")]
    recovered_at: Option<Endpoint>,
}

impl Afterwards {
    /// As the capture shows it.
    pub const fn of(aftermath: Aftermath<'_, '_>) -> Self {
        match aftermath {
            Aftermath::SameAddress(next) => Self { reached: Some(next.conversation.first.time), recovered_at: None },
            Aftermath::OtherAddress(next) => Self { reached: None, recovered_at: Some(next.conversation.server) },
            Aftermath::Retried | Aftermath::Nothing => Self { reached: None, recovered_at: None },
        }
    }
}

/// A sentence with a blank in front; nothing if nobody got through.
impl fmt::Display for Afterwards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(time) = self.reached {
            write!(f, " A later attempt got through ({time}).")?;
        }
        if let Some(server) = self.recovered_at {
            write!(f, " The client then got through to {server}.")?;
        }
        Ok(())
    }
}
