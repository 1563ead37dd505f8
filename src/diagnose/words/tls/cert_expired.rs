//! What is said of a server's certificate that is over, or not valid yet.

use super::{Handshakes, SentAlert, given_up};
use crate::diagnose::words::{Words, as_utc, clock};
use crate::facts::tls::day;
use crate::model::Timestamp;
use nrpcsniff_dissectors::ltpa::utc;
use serde::Serialize;

/// The dates of a certificate of a server's chain, in seconds since 1970.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Validity {
    /// Beginning of its validity.
    #[serde(serialize_with = "as_utc")]
    pub certificate_begins: i64,
    /// End of its validity.
    #[serde(serialize_with = "as_utc")]
    pub certificate_expires: i64,
}

/// A certificate of a server's chain whose dates do not fit the time by which it is judged.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OutOfDate {
    /// Subject of the certificate.
    pub certificate_subject: String,
    /// Issuer of the certificate.
    pub certificate_issuer: String,
    /// It is the server's own, not that of an issuer.
    pub is_own_certificate: bool,
    /// Dates of the certificate.
    #[serde(flatten)]
    pub validity: Validity,
    /// The time that it is judged by.
    pub as_of: Timestamp,
}

impl OutOfDate {
    const fn whose(&self) -> &'static str {
        if self.is_own_certificate { "The certificate" } else { "A certificate in the chain" }
    }

    /// It has ended; else it has not begun.
    const fn is_over(&self) -> bool {
        self.validity.certificate_expires < self.as_of.whole_seconds()
    }

    /// "The certificate of meet.example.com (10.1.0.22:443) ended on 2025-02-01".
    fn title(&self, site: &str) -> String {
        let (whose, Validity { certificate_begins, certificate_expires }) = (self.whose(), &self.validity);
        if self.is_over() {
            format!("{whose} of {site} ended on {}", day(&utc(*certificate_expires)))
        } else {
            format!("{whose} of {site} is not valid before {}", day(&utc(*certificate_begins)))
        }
    }

    /// "The certificate, of "CN=…", ended at …, before ….".
    fn fact(&self) -> String {
        let (whose, subject, when) = (self.whose(), &self.certificate_subject, clock(self.as_of));
        let Validity { certificate_begins, certificate_expires } = &self.validity;
        if self.is_over() {
            format!("{whose}, of \"{subject}\", ended at {}, before {when}.", utc(*certificate_expires))
        } else {
            format!("{whose}, of \"{subject}\", begins at {}, after {when}.", utc(*certificate_begins))
        }
    }
}

/// The client did not take it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CertificateRefused {
    /// Handshakes that it ended.
    #[serde(flatten)]
    pub handshakes: Handshakes,
    /// The client's alert, if it sent one.
    #[serde(flatten)]
    pub alert: Option<SentAlert>,
    /// The certificate.
    #[serde(flatten)]
    pub certificate: OutOfDate,
}

impl Words for CertificateRefused {
    fn title(&self) -> String {
        self.certificate.title(&self.handshakes.site())
    }

    fn explanation(&self) -> String {
        format!("{} {}", tried(&self.handshakes, self.alert), self.certificate.fact())
    }
}

fn tried(handshakes: &Handshakes, alert: Option<SentAlert>) -> String {
    let (tried, site, how) = (handshakes.tried(), handshakes.site(), given_up(alert, "closed"));
    format!("{tried} to reach {site} and {how} when the server had shown its certificate.")
}

/// The client speaks of dates, and the dates are in order, or cannot be seen.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TakenForExpired {
    /// Handshakes that it ended.
    #[serde(flatten)]
    pub handshakes: Handshakes,
    /// The client's alert, if it sent one.
    #[serde(flatten)]
    pub alert: Option<SentAlert>,
    /// The dates of the server's certificate, if they can be read.
    #[serde(flatten)]
    pub validity: Option<Validity>,
}

impl Words for TakenForExpired {
    fn title(&self) -> String {
        format!("{} takes the certificate of {} for expired", self.handshakes.clients, self.handshakes.site())
    }

    fn explanation(&self) -> String {
        let tried = tried(&self.handshakes, self.alert);
        match &self.validity {
            Some(Validity { certificate_begins, certificate_expires }) => format!(
                "{tried} It is valid from {} until {}, and so it was by the clock of the capture.",
                utc(*certificate_begins),
                utc(*certificate_expires),
            ),
            None => format!("{tried} The certificate itself cannot be read here."),
        }
    }
}

/// Nobody minded.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WentOn {
    /// Handshakes that went on.
    #[serde(flatten)]
    pub handshakes: Handshakes,
    /// The certificate.
    #[serde(flatten)]
    pub certificate: OutOfDate,
    /// The user gave the time that it is judged by.
    pub as_of_given: bool,
}

impl Words for WentOn {
    fn title(&self) -> String {
        self.certificate.title(&self.handshakes.site())
    }

    fn explanation(&self) -> String {
        let as_of = if self.as_of_given { " This is judged as of the time given." } else { "" };
        format!("{} {} went on all the same; others may not.{as_of}", self.certificate.fact(), self.handshakes.clients)
    }
}
