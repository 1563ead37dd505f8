//! What is said of a softphone that is called over TLS in vain.

use super::called;
use crate::diagnose::words::tls::{Handshakes, SentAlert};
use crate::diagnose::words::{Words, side, side_name};
use crate::model::Side;
use serde::Serialize;

/// TLS with the contact of a softphone came to nothing.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FailedContactTls {
    /// Handshakes that failed; the server is the softphone.
    #[serde(flatten)]
    pub handshakes: Handshakes,
    /// User who registered that contact.
    pub user: Option<String>,
    /// The alert that ended the first of them, if one did.
    #[serde(flatten)]
    pub refusal: Option<EndingAlert>,
}

/// An alert, and whose it was.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct EndingAlert {
    /// The alert.
    #[serde(flatten)]
    pub alert: SentAlert,
    /// The side that sent it.
    #[serde(serialize_with = "side_name")]
    pub alert_from: Side,
}

impl Words for FailedContactTls {
    fn title(&self) -> String {
        let Handshakes { server, clients, .. } = &self.handshakes;
        format!("{clients} calls the softphone of {} at {server} over TLS, and TLS fails", called(self.user.as_deref()))
    }

    fn explanation(&self) -> String {
        let how = self.refusal.map_or_else(
            || "it came to nothing".to_owned(),
            |EndingAlert { alert, alert_from }| {
                format!("{} ended the handshake with the alert {alert}", side(alert_from))
            },
        );
        format!(
            "{} to open TLS to {}, the contact that {} registered, and {how}. That is a softphone, not a server: there is no \
             certificate to renew. Calls to the user have to go over the connection that the softphone opened itself.",
            self.handshakes.tried(),
            self.handshakes.server,
            called(self.user.as_deref()),
        )
    }
}
