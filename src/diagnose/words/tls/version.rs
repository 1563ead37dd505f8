//! What is said of a client and a server that have no version of TLS in common.

use super::{Handshakes, SentAlert};
use crate::diagnose::words::{Words, side_name};
use crate::model::Side;
use nrpcsniff_dissectors::tls::alert::PROTOCOL_VERSION;
use serde::Serialize;

/// One side does not take the version of the other.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotTaken {
    /// Handshakes that it ended.
    #[serde(flatten)]
    pub handshakes: Handshakes,
    /// Versions that the client offers.
    #[serde(flatten)]
    pub offered: Offered,
    /// How the version was refused; nothing, if the connection was closed without a word.
    #[serde(flatten)]
    pub refusal: Option<Refusal>,
}

/// The versions that a client offers.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Offered {
    /// Their names, the highest first; none, if the capture cuts them off.
    pub tls_versions: Vec<String>,
    /// The client names the highest only; lower ones are meant too.
    pub is_upper_bound: bool,
}

/// An alert that refused a version.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Refusal {
    /// The alert.
    #[serde(flatten)]
    pub alert: SentAlert,
    /// The side that sent it.
    #[serde(serialize_with = "side_name")]
    pub alert_from: Side,
}

impl Offered {
    /// "TLS 1.3 and TLS 1.2", "TLS 1.0 at most".
    pub(crate) fn told(&self) -> String {
        if self.tls_versions.is_empty() {
            return "a version that the capture cuts off".to_owned();
        }
        let most = if self.is_upper_bound { " at most" } else { "" };
        format!("{}{most}", self.tls_versions.join(" and "))
    }
}

impl Words for NotTaken {
    fn title(&self) -> String {
        let (Handshakes { clients, .. }, offers) = (&self.handshakes, self.offered.told());
        format!("{clients} offers {offers}, and {} does not take it", self.handshakes.site())
    }

    fn explanation(&self) -> String {
        let how = match self.refusal {
            Some(Refusal { alert, alert_from: Side::Client }) => {
                format!("the client refused the answer with the alert {alert}")
            }
            Some(Refusal { alert, .. }) if alert.code() == PROTOCOL_VERSION => {
                format!("the server answered with the alert {alert}")
            }
            Some(Refusal { alert, .. }) => {
                format!("the server answered with the alert {alert}, which does not say why")
            }
            None => "the connection was closed without an answer".to_owned(),
        };
        let (tried, site) = (self.handshakes.tried(), self.handshakes.site());
        format!("{tried} to reach {site} with {}, and {how}.", self.offered.told())
    }
}
