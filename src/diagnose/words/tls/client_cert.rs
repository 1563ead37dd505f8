//! What is said of a server that wants a certificate of its client.

use super::{Handshakes, SentAlert, given_up};
use crate::diagnose::words::Words;
use serde::Serialize;

/// The server got no certificate of the client, or none that it takes.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Wanted {
    /// Handshakes that it ended.
    #[serde(flatten)]
    pub handshakes: Handshakes,
    /// The client sent a certificate.
    pub sent_certificate: bool,
    /// Content of that certificate, if it can be read.
    #[serde(flatten)]
    pub certificate: Option<Sent>,
    /// The server's alert, if it sent one.
    #[serde(flatten)]
    pub alert: Option<SentAlert>,
}

/// A certificate that a client sent.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Sent {
    /// Subject of the certificate.
    pub certificate_subject: String,
    /// Issuer of the certificate.
    pub certificate_issuer: String,
}

impl Words for Wanted {
    fn title(&self) -> String {
        let (site, clients) = (self.handshakes.site(), &self.handshakes.clients);
        if self.sent_certificate {
            format!("{site} does not take the certificate of {clients}")
        } else {
            format!("{site} wants a certificate, and {clients} has none")
        }
    }

    fn explanation(&self) -> String {
        let what = match &self.certificate {
            Some(Sent { certificate_subject, certificate_issuer }) => {
                format!("sent that of \"{certificate_subject}\", issued by \"{certificate_issuer}\"")
            }
            None if self.sent_certificate => "sent one that cannot be read".to_owned(),
            None => "sent none".to_owned(),
        };
        format!(
            "{} to reach {}, which asked for a certificate of the client; it {what}, and the server {}.",
            self.handshakes.tried(),
            self.handshakes.site(),
            given_up(self.alert, "closed"),
        )
    }
}
