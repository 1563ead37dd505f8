//! What is said of a token whose domain does not reach the next server.

use crate::diagnose::words::Words;
use crate::diagnose::words::http::Unsent;
use serde::Serialize;

/// A token's domain does not cover the host that misses it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OutOfReach {
    /// Which token, and where it was missed.
    #[serde(flatten)]
    pub unsent: Unsent,
}

impl Words for OutOfReach {
    fn title(&self) -> String {
        let Unsent { token_issuer, cookie, host, .. } = &self.unsent;
        format!("The {cookie} of {token_issuer} does not reach {host}")
    }

    fn explanation(&self) -> String {
        let Unsent { token_issuer, cookie, reach, browsers, host, request } = &self.unsent;
        format!(
            "{token_issuer} set {cookie} {reach}. {browsers} later asked {host}, which that does not cover: the browser sent no \
             token and was turned away. The first request that should have carried it is {request}."
        )
    }
}
