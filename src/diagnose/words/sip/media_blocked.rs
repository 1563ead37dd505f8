//! What is said of a call whose sound does not get through.

use super::called;
use crate::diagnose::words::{Words, shown, span};
use crate::model::Endpoint;
use serde::Serialize;
use std::net::IpAddr;

/// Media flow in one direction only.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OneWay {
    /// The user who was called.
    pub called: Option<String>,
    /// Seconds from the answer to the end of the call.
    pub lasted_s: f64,
    /// Number of calls between these two hosts.
    pub count: usize,
    /// The host whose media do not arrive.
    #[serde(serialize_with = "shown")]
    pub media_from: Endpoint,
    /// The host that should have heard them.
    #[serde(serialize_with = "shown")]
    pub media_to: Endpoint,
    /// Evidence that they do not get through.
    #[serde(flatten)]
    pub known_by: KnownBy,
}

/// How it is known that media do not get through.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
pub(crate) enum KnownBy {
    /// An ICMP error says so.
    IcmpError {
        /// Sender of the ICMP error.
        rejected_by: IpAddr,
        /// Meaning of what it says.
        meaning: Option<&'static str>,
    },
    /// The other direction works.
    OtherWay {
        /// Datagrams that went there.
        datagrams_back: u64,
    },
}

impl Words for OneWay {
    fn title(&self) -> String {
        format!("No media from {} reaches {}", self.media_from.ip, self.media_to)
    }

    fn explanation(&self) -> String {
        let known_by = match self.known_by {
            KnownBy::IcmpError { rejected_by, meaning } => {
                let meaning = meaning.map_or_else(String::new, |meaning| format!(" ({meaning})"));
                format!("{rejected_by} says by ICMP that they do not arrive{meaning}")
            }
            KnownBy::OtherWay { datagrams_back } => format!("{datagrams_back} went the other way"),
        };
        format!(
            "The call to {} was answered and lasted {}. {} should have got media from {} at {}, but no such datagrams were \
             seen, while {known_by}.",
            called(self.called.as_deref()),
            span(self.lasted_s),
            self.media_to.ip,
            self.media_from,
            self.media_to,
        )
    }
}
