//! What is said of a client that does not know who issued the server's certificate.

use super::{Handshakes, SentAlert};
use crate::diagnose::words::Words;
use serde::Serialize;

/// The client says that it does not take the certificate.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotTrusted {
    /// Handshakes that it ended.
    #[serde(flatten)]
    pub handshakes: Handshakes,
    /// The first alert of a client.
    #[serde(flatten)]
    pub alert: SentAlert,
    /// A client blames the issuer by its alert; else that is inferred.
    pub blames_issuer: bool,
    /// The certificate, if it can be read.
    #[serde(flatten)]
    pub certificate: Option<Issued>,
}

/// The issuer of a certificate, and how much of its chain the server sends.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Issued {
    /// Subject of the certificate.
    pub certificate_subject: String,
    /// Issuer of the certificate.
    pub certificate_issuer: String,
    /// Subject and issuer are the same.
    pub is_self_issued: bool,
    /// Certificates that the server sends.
    pub chain_length: usize,
}

impl Issued {
    fn told(&self) -> String {
        let Self { certificate_subject: subject, certificate_issuer: issuer, .. } = self;
        let length = match self.chain_length {
            1 if self.is_self_issued => "it is self-signed".to_owned(),
            1 => "the server sends it alone, without the certificate of its issuer".to_owned(),
            n => format!("the server sends a chain of {n}"),
        };
        format!("The certificate of \"{subject}\" is issued by \"{issuer}\"; {length}.")
    }
}

impl Words for NotTrusted {
    fn title(&self) -> String {
        let Handshakes { clients, .. } = &self.handshakes;
        format!("{clients} does not trust the issuer of the certificate of {}", self.handshakes.site())
    }

    fn explanation(&self) -> String {
        let unread = || "The certificate itself could not be read.".to_owned();
        format!(
            "{} to reach {} and ended the handshake with the alert {} when the server had shown its certificate. {}{}",
            self.handshakes.tried(),
            self.handshakes.site(),
            self.alert,
            self.certificate.as_ref().map_or_else(unread, Issued::told),
            if self.blames_issuer {
                ""
            } else {
                " The alert is used for other reasons too; dates and name of the certificate are in order."
            },
        )
    }
}

/// The client gave up with something as short as an alert.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Suspected {
    /// Handshakes that it ended.
    #[serde(flatten)]
    pub handshakes: Handshakes,
}

impl Words for Suspected {
    fn title(&self) -> String {
        let Handshakes { clients, .. } = &self.handshakes;
        format!("{clients} probably refuses the certificate of {}", self.handshakes.site())
    }

    fn explanation(&self) -> String {
        format!(
            "{} to reach {}, and in place of its Finished the client sent something too short for one: an alert. In TLS 1.3 \
             that is encrypted, and so is the certificate: mostly its issuer is not trusted, it is over, or it is for another \
             host.",
            self.handshakes.tried(),
            self.handshakes.site(),
        )
    }
}
