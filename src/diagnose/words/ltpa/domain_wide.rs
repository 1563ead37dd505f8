//! What is said of a token for a domain that browsers refuse.

use crate::diagnose::words::{Browsers, Words};
use serde::Serialize;

/// Browsers do not keep a token, because of its domain.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Refused {
    /// Host that set the token.
    pub token_issuer: String,
    /// Name of its cookie.
    pub cookie: String,
    /// Domain that it is for.
    pub cookie_domain: String,
    /// That is a public suffix, below which anybody can register a name; else the host does not lie in it.
    pub is_public_suffix: bool,
    /// The browsers that were given it.
    #[serde(flatten)]
    pub browsers: Browsers,
    /// The first request that was turned away for want of it: method and address without the query.
    pub request: Option<String>,
}

impl Words for Refused {
    fn title(&self) -> String {
        let Self { token_issuer, cookie, cookie_domain, .. } = self;
        format!("Browsers drop the {cookie} of {token_issuer}: its domain is {cookie_domain}")
    }

    fn explanation(&self) -> String {
        let Self { token_issuer, cookie, cookie_domain, is_public_suffix, browsers, request } = self;
        let why = if *is_public_suffix {
            format!("{cookie_domain} is a public suffix, below which anybody can register a name")
        } else {
            format!("{token_issuer} does not lie in {cookie_domain}")
        };
        let then = request.as_ref().map_or_else(String::new, |request| {
            format!(" The first request that should have carried it, {request}, was turned away.")
        });
        format!(
            "{token_issuer} gave {browsers} the token {cookie} for the domain {cookie_domain}. Browsers do not keep it: {why}. It \
             was never sent back to any host.{then}"
        )
    }
}
