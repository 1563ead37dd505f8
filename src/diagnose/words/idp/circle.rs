//! What is said of a browser that goes round between an application and its identity provider.

use super::Login;
use crate::diagnose::words::{Words, span, times};
use serde::Serialize;

/// A browser is sent to the identity provider again and again.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Round {
    /// The login.
    #[serde(flatten)]
    pub login: Login,
    /// How often the application sent the browser away.
    pub count: usize,
    /// From the first time to the last.
    pub lasted_s: f64,
    /// What cookies say of the cause.
    #[serde(flatten)]
    pub cause: CircleCause,
    /// Name of a sign-on token that the browser shows unchanged in every round.
    pub token_kept: Option<String>,
}

/// What cookies say of the cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "circle_cause", rename_all = "snake_case")]
pub(crate) enum CircleCause {
    /// The provider's word itself is answered with the next request to the provider.
    AskedAgain {
        /// A cookie that was set on the way and does not come back with the word.
        cookie: Option<String>,
    },
    /// The word is answered without a cookie.
    NotSet,
    /// A cookie is set and does not come back.
    NotReturned {
        /// Its name.
        cookie: String,
        /// Its SameSite.
        same_site: Option<String>,
        /// It is for https only.
        is_secure: bool,
    },
    /// The cookie comes back, and the browser is sent away all the same.
    NotTaken {
        /// Its name.
        cookie: String,
    },
}

impl Words for Round {
    fn title(&self) -> String {
        let Login { host, provider_host, .. } = &self.login;
        format!("A browser goes round in a circle between {host} and the identity provider {provider_host}")
    }

    fn explanation(&self) -> String {
        let Login { host, provider_host, browser, request, .. } = &self.login;
        let token = self.token_kept.as_ref().map_or_else(String::new, |name| {
            format!(" In every round the browser shows {host} the same {name}, which it had before and which does not let it in.")
        });
        format!(
            "{host} sent {browser} to {provider_host} {} within {}, and each time the provider sent it back with its word; no page came \
             in between. It began with {request}. {}{token}",
            times(self.count),
            span(self.lasted_s),
            self.reason(host),
        )
    }
}

impl Round {
    /// The cause as the cookies tell it: each is mended at another place, so that none may be said for another.
    fn reason(&self, host: &str) -> String {
        match &self.cause {
            CircleCause::AskedAgain { cookie: Some(cookie) } => format!(
                "{host} answers the word itself with another request to the provider; the cookie {cookie}, which it had set on the way, \
                 does not come with that word, so that it does not know the login any more."
            ),
            CircleCause::AskedAgain { cookie: None } => {
                format!(
                    "{host} answers the word itself with another request to the provider, and sets no cookie of its own: it does not take it."
                )
            }
            CircleCause::NotSet => {
                format!("{host} sets no cookie in answer to the word, so that it does not know the browser afterwards.")
            }
            CircleCause::NotReturned { cookie, same_site, is_secure } => {
                let policy = same_site.as_ref().map_or_else(String::new, |policy| format!(", SameSite={policy}"));
                let secure = if *is_secure { ", Secure" } else { "" };
                format!(
                    "{host} sets {cookie} in answer to the word, and {cookie} does not come back with the next request{policy}{secure}."
                )
            }
            CircleCause::NotTaken { cookie } => {
                format!(
                    "The browser sends back {cookie}, which {host} set in answer to the word, and {host} does not take it."
                )
            }
        }
    }
}
