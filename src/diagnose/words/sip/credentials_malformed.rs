//! What is said of credentials that a server cannot read.

use super::RefusedRequests;
use crate::diagnose::words::Words;
use nrpcsniff_dissectors::auth::Flaw;
use serde::{Serialize, Serializer};

/// A server could not read credentials.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Malformed {
    /// The requests that were refused.
    #[serde(flatten)]
    pub refused: RefusedRequests,
    /// The flaw of the first of them.
    #[serde(rename = "credential_flaw", serialize_with = "named")]
    pub flaw: Flaw,
}

fn named<S: Serializer>(flaw: &Flaw, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&said(*flaw))
}

fn said(flaw: Flaw) -> String {
    match flaw {
        Flaw::Several(count) => format!("{count} sets of credentials in one header"),
        Flaw::Missing(part) => format!("{part} is missing"),
        Flaw::Quotes => "typographic quotation marks".to_owned(),
    }
}

impl Words for Malformed {
    fn title(&self) -> String {
        let Self { refused, flaw } = self;
        format!("{} cannot read the credentials of {}: {}", refused.server, refused.requests.users(), said(*flaw))
    }

    fn explanation(&self) -> String {
        let Self { refused, flaw } = self;
        format!(
            "{} answered {} {}. The credentials are not as RFC 7616 wants them ({}): the server could not read the request, and the \
             password was never tried.{}",
            refused.server,
            refused.requests,
            refused.how_often(),
            said(*flaw),
            refused.aftermath(),
        )
    }
}
