//! What is said of a Sametime login that never came because a Domino server failed over NRPC.

use crate::diagnose::words::{Clients, Words, shown, span};
use crate::model::{Endpoint, Facts, RuleId};
use serde::Serialize;
use std::net::IpAddr;

/// Clients did not log in to Sametime after a session with a Domino server had failed.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NoLogin {
    /// Title of the finding that tells why that session failed.
    #[serde(flatten)]
    pub failure: Facts,
    /// That rule.
    pub cause: RuleId,
    /// Title of the finding of that rule.
    pub cause_title: String,
    /// Explanation of the finding of that rule.
    pub cause_explanation: String,
    /// The first client without a login.
    pub client: IpAddr,
    /// All of them.
    #[serde(flatten)]
    pub clients: Clients,
    /// Sametime as the capture shows it.
    #[serde(flatten)]
    pub missing: SeenInstead,
}

/// Traces of Sametime that were seen instead of a login.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum SeenInstead {
    /// The client shook hands and went no further.
    Handshake {
        /// The Sametime server.
        #[serde(serialize_with = "shown")]
        sametime_server: Endpoint,
        /// Seconds from the end of the failed session to it, negative if it began before that.
        delay_s: f64,
    },
    /// The client talks to Sametime there, and no login came.
    Nothing {
        /// The Sametime server.
        #[serde(serialize_with = "shown")]
        sametime_server: Endpoint,
        /// Name of the protocol that they speak; nothing if it is not known.
        protocol: Option<&'static str>,
        /// Seconds in which a login should have come.
        waited_s: f64,
    },
}

impl Words for NoLogin {
    fn title(&self) -> String {
        format!("No Sametime login of {}: {}", self.clients, lower_first(&self.cause_title))
    }

    fn explanation(&self) -> String {
        format!(
            "{} {} In Notes the chat client gets its sign-on token from such a server; without one it has nothing to log in \
             with. That this server was to issue it is inferred from the order of events.",
            self.cause_explanation,
            effect(&self.missing),
        )
    }
}

fn effect(missing: &SeenInstead) -> String {
    match missing {
        SeenInstead::Handshake { sametime_server, delay_s } => {
            let when = if *delay_s >= 0.0 { format!("{} later", span(*delay_s)) } else { "Meanwhile".to_owned() };
            format!(
                "{when} the same client reached the Sametime server {sametime_server} and shook hands, but never logged in."
            )
        }
        SeenInstead::Nothing { sametime_server, protocol, waited_s } => format!(
            "The same client talks to Sametime on {sametime_server} ({}), but no Sametime login came within {}.",
            protocol.unwrap_or("something else"),
            span(*waited_s),
        ),
    }
}

/// A title within a sentence; names keep their capitals.
fn lower_first(title: &str) -> String {
    let mut letters = title.chars();
    match (letters.next(), letters.as_str()) {
        (Some(first), rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) => {
            format!("{}{rest}", first.to_lowercase())
        }
        _ => title.to_owned(),
    }
}
