//! What is said of a cookie that does not come back with the word of the identity provider.

use super::Login;
use crate::diagnose::words::Words;
use serde::Serialize;

/// A cookie that was set on the way does not come back.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Lost {
    /// The login.
    #[serde(flatten)]
    pub login: Login,
    /// Name of the cookie.
    pub cookie: String,
    /// Its SameSite.
    pub same_site: Option<String>,
    /// Reason for which it does not come.
    #[serde(rename = "lost_because")]
    pub because: LostBecause,
    /// What that led to.
    #[serde(flatten)]
    pub fate: Fate,
}

/// Why a cookie does not come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LostBecause {
    /// A form that another site posts does not carry it.
    SameSite,
    /// Its time was over.
    Ended,
    /// It cannot be told.
    Unknown,
}

/// What became of the login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Fate {
    /// Another page than the one that was wanted.
    Elsewhere {
        /// Address of it.
        landed_on: String,
    },
    /// The word was refused.
    Refused {
        /// Status of the answer.
        status: u16,
    },
}

impl Words for Lost {
    fn title(&self) -> String {
        let Self { login, cookie, fate, .. } = self;
        match fate {
            Fate::Elsewhere { .. } => format!(
                "After the login at {} the user does not get to the page of {} that he wanted",
                login.provider_host, login.host
            ),
            Fate::Refused { .. } => format!(
                "{} refuses the word of {}: its cookie {cookie} does not come with it",
                login.host, login.provider_host
            ),
        }
    }

    fn explanation(&self) -> String {
        let Self { login, cookie, fate, .. } = self;
        let Login { host, provider_host, browser, request, .. } = login;
        let fate = match fate {
            Fate::Elsewhere { landed_on } => format!("the user is signed in and lands on {landed_on}"),
            Fate::Refused { status } => format!("{host} answers {status}"),
        };
        format!(
            "When {host} sent {browser} to {provider_host} ({request}), it set the cookie {cookie}; the provider's word came back without \
             it, and {fate}. {}",
            self.reason()
        )
    }
}

impl Lost {
    fn reason(&self) -> String {
        let host = &self.login.host;
        match self.because {
            LostBecause::SameSite => {
                let policy = self.same_site.as_ref().map_or_else(
                    || "without SameSite, which browsers take for Lax".to_owned(),
                    |policy| format!("with SameSite={policy}"),
                );
                format!(
                    "The word is a form that a page of another site posts: browsers do not send a cookie {policy} with it."
                )
            }
            LostBecause::Ended => "Its time (Max-Age) was over by then.".to_owned(),
            LostBecause::Unknown => {
                format!("Why cannot be told: compare its attributes with the address by which the word came to {host}.")
            }
        }
    }
}
