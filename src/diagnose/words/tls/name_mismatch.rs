//! What is said of a certificate for another host, and of a host that a server does not know.

use super::{CertificateNames, Handshakes, SentAlert, given_up};
use crate::diagnose::words::Words;
use serde::Serialize;

/// The client did not take the certificate of another host.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OtherHost {
    /// Handshakes that it ended.
    #[serde(flatten)]
    pub handshakes: Handshakes,
    /// The client's alert, if it sent one.
    #[serde(flatten)]
    pub alert: Option<SentAlert>,
    /// Names that the certificate is for.
    #[serde(flatten)]
    pub names: CertificateNames,
}

impl Words for OtherHost {
    fn title(&self) -> String {
        format!("{} is shown a certificate of another host: {}", self.handshakes.site(), self.names)
    }

    fn explanation(&self) -> String {
        let (host, how) = (self.handshakes.host(), given_up(self.alert, "closed without a word inside"));
        format!(
            "{} to reach {host} at {} and {how} when the server had shown its certificate: it is for {}, not for {host}.",
            self.handshakes.tried(),
            self.handshakes.server,
            self.names,
        )
    }
}

/// The server says that it serves no host of that name.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotServed {
    /// Handshakes that it ended.
    #[serde(flatten)]
    pub handshakes: Handshakes,
    /// The server's alert.
    #[serde(flatten)]
    pub alert: SentAlert,
}

impl Words for NotServed {
    fn title(&self) -> String {
        format!("{} does not know the host {}", self.handshakes.server, self.handshakes.host())
    }

    fn explanation(&self) -> String {
        format!(
            "{} to reach {} at {}, which refused the name with the alert unrecognized_name: it serves no host of that name.",
            self.handshakes.tried(),
            self.handshakes.host(),
            self.handshakes.server,
        )
    }
}
