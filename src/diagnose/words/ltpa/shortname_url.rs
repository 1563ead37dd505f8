//! What is said of a server that is called by a short name or an address.

use crate::diagnose::words::http::Unsent;
use crate::diagnose::words::{Browsers, Words};
use serde::Serialize;

/// The name by which one server is called has no domain in common with the other's.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NoCommonDomain {
    /// Which token, and where it was missed.
    #[serde(flatten)]
    pub unsent: Unsent,
    /// The short name or address.
    pub bare_name: String,
    /// Path that was asked for.
    pub path: String,
}

impl Words for NoCommonDomain {
    fn title(&self) -> String {
        let Unsent { token_issuer, host, .. } = &self.unsent;
        format!("Called as {}: the sign-on token of {token_issuer} does not fit {host}", self.bare_name)
    }

    fn explanation(&self) -> String {
        let Unsent { token_issuer, cookie, reach, browsers, host, .. } = &self.unsent;
        format!(
            "{token_issuer} set {cookie} {reach}. {browsers} then asked http://{host}{}: the two names have no domain in common, \
             so the browser sent no token and was turned away.",
            self.path,
        )
    }
}

/// A server that is called by a bare name sets its token for a domain.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Dropped {
    /// The short name or address.
    pub bare_name: String,
    /// Name of the cookie.
    pub cookie: String,
    /// Domain that it is for.
    pub cookie_domain: String,
    /// The browsers that asked.
    #[serde(flatten)]
    pub browsers: Browsers,
}

impl Words for Dropped {
    fn title(&self) -> String {
        let Self { bare_name, cookie_domain, .. } = self;
        format!("Called as {bare_name}, but it sets its token for {cookie_domain}: browsers drop it")
    }

    fn explanation(&self) -> String {
        let Self { bare_name, cookie, cookie_domain, browsers } = self;
        format!(
            "{browsers} called the server by the name {bare_name}. It set {cookie} for {cookie_domain}, which does not cover that \
             name: browsers do not keep such a cookie."
        )
    }
}
