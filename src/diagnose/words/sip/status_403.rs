//! What is said of requests that a SIP server forbids.

use super::{RefusedRequests, Requests};
use crate::diagnose::words::Words;
use serde::Serialize;

/// The server knows who asks, and forbids it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ForbiddenRequests {
    /// The requests that were refused.
    #[serde(flatten)]
    pub refused: RefusedRequests,
    /// The server's own words say that password or user name are wrong.
    pub blames_password: bool,
    /// The user that a sign-on token in the first request names.
    pub token_user: Option<String>,
}

impl Words for ForbiddenRequests {
    fn title(&self) -> String {
        let Self { refused, blames_password, .. } = self;
        let Requests { method, .. } = &refused.requests;
        match (*blames_password, method.as_str()) {
            // Whom a call is to is not whose password it is.
            (true, "REGISTER") => {
                let users = refused.requests.users();
                format!("{} refuses the password or user name of {users}: {}", refused.server, refused.answer())
            }
            (true, _) => format!("{} refuses {}: {}", refused.server, refused.requests, refused.answer()),
            (false, _) => format!("{} is forbidden by {}", refused.requests, refused.server),
        }
    }

    fn explanation(&self) -> String {
        let Self { refused, blames_password, token_user } = self;
        let meaning = if *blames_password {
            "Its own words say that password or user name are wrong"
        } else {
            "It understood the request and does not allow it: the same request will not succeed later (RFC 3261)"
        };
        let token = token_user.as_ref().map_or_else(String::new, |user| {
            format!(" The sign-on token in the request names {user}: that must be the owner of the address.")
        });
        format!(
            "{} answered {} {}. {meaning}.{token}{}",
            refused.server,
            refused.requests,
            refused.how_often(),
            refused.aftermath(),
        )
    }
}
