//! What is said of content that cannot be read.

use super::{Concerned, Example};
use crate::diagnose::words::{Words, count, sealed};
use nrpcsniff_dissectors::tls::Why;
use serde::{Serialize, Serializer};

/// TLS records stay closed, all for one reason.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Sealed {
    /// How many conversations have such records.
    #[serde(flatten)]
    pub concerned: Concerned,
    /// The reason.
    #[serde(serialize_with = "by_name")]
    pub why_opaque: Why,
    /// Other records of all of them were opened.
    pub opened_in_part: bool,
}

impl Words for Sealed {
    fn title(&self) -> String {
        format!(
            "{} cannot be read{}: {}",
            self.concerned.of_all("TLS conversation"),
            if self.opened_in_part { " to the end" } else { "" },
            sealed::reason(self.why_opaque),
        )
    }

    fn explanation(&self) -> String {
        format!(
            "Records of {} stay closed ({}): {}. Cookies, tokens, logins, redirects and statuses in them are not judged; hellos, \
             certificates and alerts that travel in clear, timing and teardown are.",
            count(self.concerned.count, "TLS conversation"),
            self.why_opaque.name(),
            sealed::because(self.why_opaque),
        )
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn by_name<S: Serializer>(why: &Why, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(why.name())
}

/// Messages of NRPC have a layout that is not known.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Opaque {
    /// How many conversations have such messages.
    #[serde(flatten)]
    pub concerned: Concerned,
    /// The first such message.
    #[serde(flatten)]
    pub example: Example,
}

impl Words for Opaque {
    fn title(&self) -> String {
        format!("{} cannot be read to the end", self.concerned.of_all("NRPC conversation"))
    }

    fn explanation(&self) -> String {
        format!(
            "In {} there are messages that cannot be read (first {}): users, databases and statuses behind the \
             opening are not judged there; names, timing and teardown are.",
            self.concerned.of_all("NRPC conversation"),
            self.example,
        )
    }
}
