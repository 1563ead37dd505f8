//! What rules about Notes sessions say.

pub(crate) mod accept_then_close;
pub(crate) mod asymmetric;
pub(crate) mod auth_failed;
pub(crate) mod auth_rejected;
pub(crate) mod chatty_rtt;
pub(crate) mod clock_skew;
pub(crate) mod cluster_failover;
pub(crate) mod dns_failure;
pub(crate) mod early_close;
pub(crate) mod hello_unanswered;
pub(crate) mod icmp_reject;
pub(crate) mod id_expired;
pub(crate) mod idle_close;
pub(crate) mod idle_rst;
pub(crate) mod idle_silent;
pub(crate) mod ipv6_first;
pub(crate) mod name_mismatch_alias;
pub(crate) mod name_mismatch_other_server;
pub(crate) mod not_nrpc;
pub(crate) mod open_failed;
pub(crate) mod port_encryption_mandate;
pub(crate) mod port_map;
pub(crate) mod private_address;
pub(crate) mod probe_noise;
pub(crate) mod refused_status;
pub(crate) mod server_renamed;
pub(crate) mod server_restart;
mod session;
pub(crate) mod slow_server;
pub(crate) mod sprayer_inconsistent;
pub(crate) mod syn_refused;
pub(crate) mod syn_silent;

pub(crate) use session::{Ending, NameRefused, NameTraced, NamedServer};

use crate::diagnose::words::shown_if;
use crate::facts::network::attempts::Aftermath;
use crate::model::{Endpoint, Timestamp};
use serde::Serialize;
use std::fmt;

/// The end of clients that were not let in: where they got through afterwards, if they did.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Afterwards {
    /// When a later attempt at the same server got through.
    reached: Option<Timestamp>,
    /// The other server that took the client.
    #[serde(serialize_with = "shown_if")]
    recovered_at: Option<Endpoint>,
}

impl Afterwards {
    /// As the capture shows it.
    pub(crate) const fn of(aftermath: Aftermath<'_, '_>) -> Self {
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
