//! What is said of a Domino server that opens sessions of its own.

use crate::diagnose::words::{Browsers, Words};
use serde::Serialize;

/// Logins were answered with a session of one server.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OneServer {
    /// Host that took the logins.
    pub host: String,
    /// The browsers that logged in.
    #[serde(flatten)]
    pub browsers: Browsers,
    /// The sign that single sign-on is meant, if there is one.
    #[serde(flatten)]
    pub sign: Option<SignShown>,
}

/// A sign that single sign-on is meant.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "sso_sign", rename_all = "snake_case")]
pub(crate) enum SignShown {
    /// The browser had shown this server a token.
    TokenShown,
    /// This server set a token at another time.
    TokenSet,
    /// The next server turned the browser away.
    TurnedAway {
        /// That server.
        other_host: String,
        /// The request to it: method and address without the query.
        request: String,
    },
    /// Another host of the domain uses tokens.
    OtherHost {
        /// That host.
        other_host: String,
    },
}

impl Words for OneServer {
    fn title(&self) -> String {
        format!("{} opens sessions of one server (DomAuthSessId), no single sign-on", self.host)
    }

    fn explanation(&self) -> String {
        let Self { host, browsers, sign } = self;
        let meant = match sign {
            None => "Nothing in the capture shows that single sign-on is meant here.".to_owned(),
            Some(SignShown::TokenShown) => "The browser had shown it an LTPA token, which it did not take.".to_owned(),
            Some(SignShown::TokenSet) => {
                "At another time it did set one: its Web SSO configuration comes and goes.".to_owned()
            }
            Some(SignShown::TurnedAway { other_host, request }) => format!(
                "{other_host} then got no token and asked for a login. The first request that should have carried one is {request}."
            ),
            Some(SignShown::OtherHost { other_host }) => {
                format!("{other_host} of the same domain does use LTPA tokens.")
            }
        };
        format!(
            "{host} logged in {browsers} with DomAuthSessId, which other servers cannot read, and set no LTPA token. {meant}"
        )
    }
}

/// The console of a Domino server says that it could not load its configuration.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ByConsole {
    /// Name of the log.
    pub log: String,
    /// Name of the configuration, if the console gives it.
    pub configuration: Option<String>,
    /// It says that the server goes on with sessions of its own.
    pub falls_back: bool,
    /// It says later that one was loaded.
    pub was_loaded_later: bool,
}

impl Words for ByConsole {
    fn title(&self) -> String {
        let named = self.configuration.as_ref().map_or_else(String::new, |name| format!(" {name}"));
        format!("Domino could not load its Web SSO configuration{named}")
    }

    fn explanation(&self) -> String {
        format!(
            "{} says so{}. Without it the server opens sessions of its own alone and issues no sign-on tokens.{}",
            self.log,
            if self.falls_back { ", and that it goes on with sessions of one server" } else { "" },
            if self.was_loaded_later { " Later it did load one." } else { "" },
        )
    }
}
