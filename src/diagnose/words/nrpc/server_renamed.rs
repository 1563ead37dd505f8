//! What is said of a server that answers under another organisation than the client knows.

use super::{NameRefused, NameTraced};
use crate::diagnose::words::Words;
use serde::Serialize;

/// The common name is the one that was asked for, the rest of the name is not, and the session ended.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct OldNameRefused(pub NameRefused);

impl Words for OldNameRefused {
    fn title(&self) -> String {
        let NameRefused { server, server_name, asked, .. } = &self.0;
        format!("Client asked for {asked}, the server at {server} is called {server_name}")
    }

    fn explanation(&self) -> String {
        let NameRefused { server, asked_in_full, answered, client, ending, .. } = &self.0;
        format!(
            "The Notes client {client} asked for \"{asked_in_full}\"; {server} answered as \"{answered}\". The common name is the \
             same, the rest is not: the server was probably renamed or recertified, or the client holds the name of a namesake in \
             another organisation. {} after the answer. Network and server are working.",
            capital(&ending.to_string()),
        )
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The port trace of a client tells both names.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct OldNameTraced(pub NameTraced);

impl Words for OldNameTraced {
    fn title(&self) -> String {
        format!("Client asked for {}, and {} answered", self.0.asked, self.0.server_name)
    }

    fn explanation(&self) -> String {
        let NameTraced { server_name, asked, address, .. } = &self.0;
        format!(
            "The client's trace says that it asked for {asked} at {address} and that {server_name} answered. The common name is \
             the same, the organisation is not: the server was renamed or recertified, or another one has that address.",
        )
    }
}
