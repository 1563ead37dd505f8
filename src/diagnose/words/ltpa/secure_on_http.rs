//! What is said of a token that is for https only.

use crate::diagnose::words::Words;
use crate::diagnose::words::http::Unsent;
use serde::Serialize;

/// A token was set with Secure, and the next request went over http.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct HttpsOnly {
    /// Which token, and where it was missed.
    #[serde(flatten)]
    pub unsent: Unsent,
    /// It was itself set over http.
    pub was_set_over_http: bool,
}

impl Words for HttpsOnly {
    fn title(&self) -> String {
        let Unsent { host, cookie, .. } = &self.unsent;
        format!("{host} asked over http, but its {cookie} is for https only")
    }

    fn explanation(&self) -> String {
        let Unsent { token_issuer, cookie, reach, browsers, host, request } = &self.unsent;
        let how = if self.was_set_over_http { "itself over http, " } else { "" };
        format!(
            "{token_issuer} set {cookie} with the attribute Secure ({how}{reach}). {browsers} then asked {host} over plain http: \
             browsers do not send such a cookie there, so that the user was turned away. The first request that should have \
             carried it is {request}."
        )
    }
}
