//! What is said of a `ClientHello` that is answered by a close, or by something that is no TLS.

use super::Handshakes;
use crate::diagnose::words::{Closed, Words};
use serde::Serialize;

/// Nothing came but a close.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ClosedAtHello {
    /// Handshakes that it ended.
    #[serde(flatten)]
    pub handshakes: Handshakes,
    /// The side that closed, and how.
    #[serde(flatten)]
    pub closed: Closed,
}

impl Words for ClosedAtHello {
    fn title(&self) -> String {
        let Handshakes { clients, .. } = &self.handshakes;
        format!("{} closes TLS connections of {clients} without a word", self.handshakes.site())
    }

    fn explanation(&self) -> String {
        format!(
            "{} to reach {}: the ClientHello was answered by nothing but a close ({}). Why, the packets do not say.",
            self.handshakes.tried(),
            self.handshakes.site(),
            self.closed,
        )
    }
}

/// The server speaks something else.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AnsweredInClear {
    /// Handshakes that it ended.
    #[serde(flatten)]
    pub handshakes: Handshakes,
    /// Protocol in which the server answered.
    pub answered_with: InClear,
}

/// First bytes of a server that does not speak TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum InClear {
    /// A response of HTTP.
    Http,
    /// A response of SIP.
    Sip,
    /// Something that is not known.
    Other,
}

impl InClear {
    /// "an HTTP response in clear".
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Http => "an HTTP response in clear",
            Self::Sip => "a SIP response in clear",
            Self::Other => "bytes that are no TLS",
        }
    }
}

impl Words for AnsweredInClear {
    fn title(&self) -> String {
        format!("{} does not speak TLS", self.handshakes.site())
    }

    fn explanation(&self) -> String {
        format!(
            "{} to reach {}: the ClientHello was answered by {}. A service in clear stands at that port.",
            self.handshakes.tried(),
            self.handshakes.site(),
            self.answered_with.name(),
        )
    }
}
