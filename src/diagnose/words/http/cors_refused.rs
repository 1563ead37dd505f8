//! What is said of servers that do not let scripts of another origin in.

use crate::diagnose::words::{Browsers, Words, shown, times};
use crate::model::Endpoint;
use serde::Serialize;

/// A browser asked for a script of another origin, and the answer does not allow it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RefusedOrigin {
    /// The server.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The same by name.
    pub host: String,
    /// Origin of the page whose script it is.
    #[serde(rename = "page_origin")]
    pub origin: String,
    /// Who asked.
    #[serde(flatten)]
    pub browsers: Browsers,
    /// Number of questions.
    pub count: usize,
    /// The first of them.
    pub request: String,
    /// Status of its answer.
    pub status: u16,
    /// What is wrong with the answer.
    #[serde(flatten)]
    pub fault: CorsFault,
}

/// Why a browser does not take an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "cors_fault", rename_all = "snake_case")]
pub(crate) enum CorsFault {
    /// It is no 2xx.
    Status,
    /// It does not name who may ask.
    NoOrigin,
    /// It names somebody else.
    OtherOrigin {
        /// Whom it names.
        allowed_origin: String,
    },
    /// It names several, or one twice.
    SeveralOrigins,
    /// It does not allow the method.
    Method {
        /// The method.
        lacking_method: String,
    },
    /// It does not allow a field.
    Field {
        /// Name of the field.
        lacking_field: String,
    },
}

impl Words for RefusedOrigin {
    fn title(&self) -> String {
        format!("{} does not let scripts of {} in (CORS): {}", self.host, self.origin, self.briefly())
    }

    fn explanation(&self) -> String {
        let Self { host, origin, browsers, count, request, .. } = self;
        format!(
            "A page of {origin} calls {host} by a script. {browsers} asked {} whether it may ({request}), and {}: the browser does not send the \
             request itself, and tells so in its console alone.",
            times(*count),
            self.in_full()
        )
    }
}

impl RefusedOrigin {
    fn briefly(&self) -> String {
        match &self.fault {
            CorsFault::Status => format!("{} to the question", self.status),
            CorsFault::NoOrigin => "no Access-Control-Allow-Origin".to_owned(),
            CorsFault::OtherOrigin { allowed_origin } => format!("it allows {allowed_origin}"),
            CorsFault::SeveralOrigins => "Access-Control-Allow-Origin twice".to_owned(),
            CorsFault::Method { lacking_method } => format!("method {lacking_method} not allowed"),
            CorsFault::Field { lacking_field } => format!("field {lacking_field} not allowed"),
        }
    }

    fn in_full(&self) -> String {
        match &self.fault {
            CorsFault::Status => format!("the answer is {}, where a 2xx is due", self.status),
            CorsFault::NoOrigin => "the answer names nobody who may (no Access-Control-Allow-Origin)".to_owned(),
            CorsFault::OtherOrigin { allowed_origin } => {
                format!("the answer allows {allowed_origin}, which is not the same to the letter")
            }
            CorsFault::SeveralOrigins => {
                "the answer has Access-Control-Allow-Origin twice, or several origins in it: browsers take one"
                    .to_owned()
            }
            CorsFault::Method { lacking_method } => {
                format!("the answer does not list the method {lacking_method} (Access-Control-Allow-Methods)")
            }
            CorsFault::Field { lacking_field } => {
                format!("the answer does not list the field {lacking_field} (Access-Control-Allow-Headers)")
            }
        }
    }
}
