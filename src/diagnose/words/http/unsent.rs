//! Values that findings about tokens have which a browser does not send: who set it for whom, and where it was missed.

use crate::diagnose::words::Browsers;
use serde::Serialize;
use std::fmt;

/// Requests without a token that were turned away, and the token that their browsers had.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Unsent {
    /// Host that set the token.
    pub token_issuer: String,
    /// Name of its cookie.
    pub cookie: String,
    /// Whom it is for.
    #[serde(flatten)]
    pub reach: Reach,
    /// The browsers that asked.
    #[serde(flatten)]
    pub browsers: Browsers,
    /// Host that was asked.
    pub host: String,
    /// The first request that should have carried it: method and address without the query.
    pub request: String,
}

/// Hosts that a cookie is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Reach {
    /// Domain, without a leading dot; the host itself if it is for that alone.
    pub cookie_domain: String,
    /// It is for that host alone.
    pub is_host_only: bool,
}

/// "for example.com and the names below it".
impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let domain = &self.cookie_domain;
        if self.is_host_only {
            write!(f, "for the host {domain} alone")
        } else {
            write!(f, "for {domain} and the names below it")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Reach;

    #[test]
    fn says_whom_a_cookie_is_for() {
        let reach = |is_host_only| Reach { cookie_domain: "example.com".to_owned(), is_host_only }.to_string();
        assert_eq!(reach(false), "for example.com and the names below it");
        assert_eq!(reach(true), "for the host example.com alone");
    }
}
