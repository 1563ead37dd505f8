//! What is said of an identity provider that refuses a login.

use super::Login;
use crate::diagnose::words::Words;
use serde::Serialize;

/// The provider says that it does not log the user in.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Said {
    /// The login.
    #[serde(flatten)]
    pub login: Login,
    /// Its codes, the outer one first.
    pub provider_said: Vec<String>,
}

impl Words for Said {
    fn title(&self) -> String {
        let Login { host, provider_host, .. } = &self.login;
        format!("The identity provider {provider_host} refuses the login for {host}: {}", self.provider_said.join(", "))
    }

    fn explanation(&self) -> String {
        let Login { host, provider_host, browser, request, .. } = &self.login;
        format!(
            "{host} sent {browser} to {provider_host} ({request}), and the browser came back with an error instead of a login: {}. The cause \
             is at the provider, or in what {host} asked of it.",
            self.provider_said.join(", ")
        )
    }
}
