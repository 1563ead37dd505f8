//! What is said of a login after which the browser has no token.

use crate::diagnose::words::{Browsers, Words};
use serde::Serialize;

/// A server took a login and set no token, and the next one turned the browser away.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NoTokenSet {
    /// Host that took the login.
    pub login_host: String,
    /// Product that runs there; nothing if it is not known.
    pub product: Option<&'static str>,
    /// Status of its answer.
    pub status: u16,
    /// The browsers that logged in.
    #[serde(flatten)]
    pub browsers: Browsers,
    /// Host that was asked then.
    pub host: String,
    /// The first request that should have carried a token: method and address without the query.
    pub request: String,
}

impl Words for NoTokenSet {
    fn title(&self) -> String {
        format!("{} logged the user in but set no LTPA token; {} asks for a login", self.login_host, self.host)
    }

    fn explanation(&self) -> String {
        let Self { login_host, product, status, browsers, host, request } = self;
        let what = product.unwrap_or("server");
        format!(
            "The {what} {login_host} took the login of {browsers} (answer {status}), but set no LTPA token then or later. {host} \
             therefore got none and asked for a login. The first request that should have carried a token is {request}."
        )
    }
}
