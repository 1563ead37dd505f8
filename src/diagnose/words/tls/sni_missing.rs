//! What is said of a client that does not say which host it wants.

use super::{Handshakes, SentAlert};
use crate::diagnose::words::Words;
use serde::Serialize;

/// The server serves by name, and the client names none.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NoName {
    /// Handshakes that it ended.
    #[serde(flatten)]
    pub handshakes: Handshakes,
    /// The server's alert.
    #[serde(flatten)]
    pub alert: SentAlert,
    /// A host with which others get through there.
    pub served_host: Option<String>,
}

impl Words for NoName {
    fn title(&self) -> String {
        format!(
            "{} wants a host name in the ClientHello, and {} sends none",
            self.handshakes.server, self.handshakes.clients
        )
    }

    fn explanation(&self) -> String {
        let others = self.served_host.as_ref().map_or_else(
            || " It seems to serve by name only.".to_owned(),
            |host| format!(" With {host} others get through at the same address: it serves by name."),
        );
        format!(
            "{} to reach {} with a ClientHello that names no host (SNI); the server answered with the alert {} before it chose \
             anything.{others}",
            self.handshakes.tried(),
            self.handshakes.server,
            self.alert,
        )
    }
}
