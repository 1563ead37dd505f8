//! What is said of a token that a community server refuses because of the client's address.

use super::EndedSession;
use crate::diagnose::words::Words;
use serde::Serialize;
use std::net::Ipv4Addr;

/// A token was issued to another address.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OtherAddress {
    /// User, server and reason of the login.
    #[serde(flatten)]
    pub session: EndedSession,
    /// The address that the client takes for its own.
    pub own_address: Option<Ipv4Addr>,
    /// The client's address as the server sees it.
    pub seen_address: Option<Ipv4Addr>,
    /// Something on the way translates addresses.
    pub is_translated: bool,
}

impl Words for OtherAddress {
    fn title(&self) -> String {
        let EndedSession { server, who, .. } = &self.session;
        format!("Sametime server {server} refused a token of {who} because of its address")
    }

    fn explanation(&self) -> String {
        format!("{} {}{}", self.session.refused(""), self.addresses(), self.session.aftermath)
    }
}

impl OtherAddress {
    /// Under which addresses the client goes.
    fn addresses(&self) -> String {
        let packets = self.session.who.client;
        match (self.own_address, self.seen_address) {
            (Some(own), Some(seen)) if self.is_translated => {
                format!(
                    "The client takes {own} for its address, its packets carry {packets} here, and the server sees {seen}: \
                     something on the way translates addresses."
                )
            }
            (_, Some(seen)) if self.is_translated => {
                format!(
                    "Its packets carry {packets} here, and the server sees {seen}: something on the way translates addresses."
                )
            }
            (_, Some(seen)) => {
                format!("The server sees the client as {seen}; the token was issued to another address.")
            }
            _ => format!("Its packets carry {packets} here; the token was issued to another address."),
        }
    }
}
