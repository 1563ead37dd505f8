//! What is said of requests whose header is too large for a server.

use crate::diagnose::words::{Browsers, Words, shown, times};
use crate::model::Endpoint;
use serde::Serialize;

/// Requests were refused for the size of their header.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct HeaderRefused {
    /// The server.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The same by name.
    pub host: String,
    /// Who asked.
    #[serde(flatten)]
    pub browsers: Browsers,
    /// Number of requests.
    pub count: usize,
    /// Status of the answer.
    pub status: u16,
    /// What makes it large.
    #[serde(rename = "header_part")]
    pub part: HeaderPart,
    /// Bytes of ticket and cookies of the largest.
    pub header_bytes: usize,
    /// The most that the server took.
    pub taken_header_bytes: Option<usize>,
}

/// What makes a header large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HeaderPart {
    /// A ticket of Negotiate.
    Ticket,
    /// Cookies.
    Cookies,
}

impl HeaderPart {
    const fn words(self) -> &'static str {
        match self {
            Self::Ticket => "a Kerberos ticket",
            Self::Cookies => "cookies",
        }
    }
}

impl Words for HeaderRefused {
    fn title(&self) -> String {
        let Self { host, status, part, header_bytes, .. } = self;
        format!("{host} refuses requests with {} of {header_bytes} bytes: too large ({status})", part.words())
    }

    fn explanation(&self) -> String {
        let Self { host, browsers, count, status, part, header_bytes, .. } = self;
        let why = match part {
            HeaderPart::Ticket => {
                "The ticket grows with the number of groups that its user is in: others get in, and this user gets in nowhere."
            }
            HeaderPart::Cookies => {
                "The browser holds more cookies for this domain than the server takes in one request."
            }
        };
        let taken =
            self.taken_header_bytes.map_or_else(String::new, |taken| format!(" It took {taken} bytes from others."));
        format!(
            "{browsers} sent {host} {} {}, of up to {header_bytes} bytes, and was answered by {status}.{taken} {why}",
            part.words(),
            times(*count)
        )
    }
}
