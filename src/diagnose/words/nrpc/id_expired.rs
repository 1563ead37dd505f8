//! What is said of the end of a user ID's certificate.

use crate::diagnose::words::{Closed, Words};
use crate::model::Timestamp;
use serde::Serialize;
use std::net::IpAddr;

/// A session request carries a date that looks like the end of a certificate, and it is near or over.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Dated {
    /// The client to which the certificate belongs.
    pub client: IpAddr,
    /// Number of sessions.
    pub count: usize,
    /// The end of the certificate.
    pub certificate_expires: Timestamp,
    /// The time that it is judged by.
    pub as_of: Timestamp,
    /// Days from that time to the end; negative if it is over.
    pub days_left: f64,
    /// End of the sessions, as far as it is known.
    pub outcome: Outcome,
    /// End of the first session, if it failed.
    #[serde(flatten)]
    pub closed: Option<Closed>,
}

/// The end of the sessions in which a certificate was shown, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// The certificate holds for some days yet.
    HoldsYet,
    /// The capture does not show their end.
    NotSeen,
    /// They were not judged by their own time.
    AsOfGivenTime,
    /// They failed.
    Failed,
}

impl Words for Dated {
    fn title(&self) -> String {
        let seems = if self.outcome == Outcome::HoldsYet { "expire" } else { "have expired" };
        format!("User ID of client {} seems to {seems} on {}", self.client, self.certificate_expires)
    }

    fn explanation(&self) -> String {
        let judged = match self.outcome {
            Outcome::HoldsYet => format!("{:.0} days after {}.", self.days_left, self.as_of),
            outcome => format!("which is before {}. {}", self.as_of, self.sessions(outcome)),
        };
        format!(
            "The session request of {} carries a date that looks like the end of the user ID's certificate \
             (inferred from its pattern, not documented): {}, {judged}",
            self.client, self.certificate_expires,
        )
    }
}

impl Dated {
    fn sessions(&self, outcome: Outcome) -> String {
        match (outcome, self.closed) {
            (Outcome::AsOfGivenTime, _) => "This is judged as of the time given, not as of the capture.".to_owned(),
            (Outcome::Failed, Some(closed)) => format!("The session failed: {closed}."),
            _ => "How the session ended is not in the capture.".to_owned(),
        }
    }
}

/// A log says that a certificate has expired.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct IdExpiryLogged {
    /// Name of the log.
    pub log: String,
}

impl Words for IdExpiryLogged {
    fn title(&self) -> String {
        "A Notes certificate has expired".to_owned()
    }

    fn explanation(&self) -> String {
        format!("{} says that the user's certificate has expired. Whose it is, the line does not tell.", self.log)
    }
}
