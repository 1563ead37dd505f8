//! What is said of a session that a second client or another user name ends.

use super::EndedSession;
use crate::diagnose::words::Words;
use serde::Serialize;
use std::net::IpAddr;

/// The user logged in by another client.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AnotherClient {
    /// User and server of the session that ended.
    #[serde(flatten)]
    pub session: EndedSession,
    /// Address of another client of the same user.
    pub other_client: Option<IpAddr>,
}

impl Words for AnotherClient {
    fn title(&self) -> String {
        format!("Another client ended the Sametime session of {}", self.session.who)
    }

    fn explanation(&self) -> String {
        let by = self.other_client.map_or_else(String::new, |other| format!(" The other client is {other}."));
        self.session.ended("", &by)
    }
}

/// Somebody is logged in at that client already, under another user name.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AnotherName {
    /// User and server of the session that ended.
    #[serde(flatten)]
    pub session: EndedSession,
}

impl Words for AnotherName {
    fn title(&self) -> String {
        format!("{} cannot log in: another user name is logged in there already", self.session.who)
    }

    fn explanation(&self) -> String {
        self.session.ended("", "")
    }
}
