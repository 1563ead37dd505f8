//! What is said of a SIP server that never accepts a client's credentials.

use super::Requests;
use crate::diagnose::words::{Words, shown};
use crate::model::Endpoint;
use serde::Serialize;

/// The server asks for credentials again and again.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AskedAgain {
    /// The server.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The requests: their method, whom they are for, and by whom.
    #[serde(flatten)]
    pub requests: Requests,
    /// Number of challenges.
    pub count: usize,
    /// A request carried credentials.
    pub sent_credentials: bool,
    /// Those that did answer no challenge: their nonce is empty.
    pub has_empty_nonce: bool,
    /// The sign-on token that a request carried.
    #[serde(flatten)]
    pub carried: Option<CarriedToken>,
    /// The client was accepted in the end.
    pub recovered: bool,
}

/// A sign-on token in a cookie.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CarriedToken {
    /// Name of the cookie.
    pub cookie: String,
    /// Class, user and fingerprint of the token.
    #[serde(rename = "tokens", serialize_with = "alone")]
    pub token: String,
}

/// A list of one.
fn alone<S: serde::Serializer>(item: &str, serializer: S) -> Result<S::Ok, S::Error> {
    [item].serialize(serializer)
}

impl Words for AskedAgain {
    fn title(&self) -> String {
        let (server, user) = (self.server, self.requests.users());
        match (self.sent_credentials, &self.carried) {
            (true, None) if self.has_empty_nonce => {
                format!("The client of {user} answers the challenge of {server} with an empty nonce")
            }
            (true, None) => format!("{server} refuses the password or user name of {user}"),
            (true, Some(_)) => format!("{server} accepts neither the sign-on token nor the password of {user}"),
            (false, Some(_)) => format!("{server} does not accept the sign-on token of {user}"),
            (false, None) => format!("{user} never answers the challenge of {server}"),
        }
    }

    fn explanation(&self) -> String {
        let end = if self.recovered { "It was accepted in the end." } else { "None was accepted." };
        format!(
            "{} answered {} requests of {} from {} with 401, each time asking for credentials anew. {} {end}",
            self.server,
            self.count,
            self.requests.users(),
            self.requests.clients,
            self.reason(),
        )
    }
}

impl AskedAgain {
    /// The reason, by what the requests carried.
    fn reason(&self) -> String {
        match (self.sent_credentials, &self.carried) {
            (true, None) if self.has_empty_nonce => {
                "The client sent Digest credentials with an empty nonce: they answer no challenge, so that the password was never \
                 tried. The client's software is at fault."
                    .to_owned()
            }
            (true, None) => {
                "The client sent credentials and they were refused; the server did not call the nonce stale.".to_owned()
            }
            (true, Some(CarriedToken { cookie, token })) => {
                format!("The requests carry the cookie {cookie} ({token}) and credentials: neither was accepted.")
            }
            (false, Some(CarriedToken { cookie, token })) => format!(
                "The requests carry the cookie {cookie} ({token}) and no credentials: the server fell back to asking for a \
                 password."
            ),
            (false, None) => {
                "The client sent no credentials and no sign-on token: it has none, or cannot do what the server asks for."
                    .to_owned()
            }
        }
    }
}
