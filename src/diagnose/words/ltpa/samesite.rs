//! What is said of a token that stays behind because the request comes from another site.

use crate::diagnose::words::Words;
use crate::diagnose::words::http::Unsent;
use serde::Serialize;

/// A request from a page of another site came without its token.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FromOtherSite {
    /// Which token, and where it was missed.
    #[serde(flatten)]
    pub unsent: Unsent,
    /// Host of the page, if the browser names it.
    pub page_host: Option<String>,
    /// The cookie's SameSite, if it has any.
    pub same_site: Option<String>,
}

impl Words for FromOtherSite {
    fn title(&self) -> String {
        let Unsent { host, cookie, .. } = &self.unsent;
        format!("{host} gets no {cookie} from pages of {}", self.page())
    }

    fn explanation(&self) -> String {
        let Unsent { cookie, browsers, host, request, .. } = &self.unsent;
        let (from, policy) = (self.page(), self.policy());
        format!(
            "{browsers} has {cookie} for {host} and sends it from pages of that site. The request from a page of {from} came \
             without it and was turned away: the cookie was set with {policy}. The first request that should have carried it is \
             {request}."
        )
    }
}

impl FromOtherSite {
    fn page(&self) -> &str {
        self.page_host.as_deref().unwrap_or("another site")
    }

    fn policy(&self) -> String {
        match &self.same_site {
            Some(policy) => format!("SameSite={policy}"),
            None => "no SameSite, which browsers take for Lax".to_owned(),
        }
    }
}
