//! What is said of DTLS that does not come to an end.

use crate::diagnose::words::{Clients, Words, count, shown};
use crate::model::Endpoint;
use serde::Serialize;

/// No keys are agreed on.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NoKeys {
    /// The bridge.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Who calls it.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of ways.
    pub count: usize,
    /// What went wrong.
    #[serde(flatten)]
    pub fault: DtlsFault,
    /// STUN is answered on that way.
    pub stun_works: bool,
}

/// What goes wrong with a handshake of DTLS.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "dtls_fault", rename_all = "snake_case")]
pub(crate) enum DtlsFault {
    /// The client's hello is not answered.
    Unanswered,
    /// The server's answer does not get through, or is not taken.
    Stuck,
    /// One side refuses.
    Refused {
        /// Number of the alert.
        alert_code: u8,
        /// Its name.
        alert_name: Option<&'static str>,
    },
}

impl Words for NoKeys {
    fn title(&self) -> String {
        let how = match &self.fault {
            DtlsFault::Unanswered => "the client hello is not answered".to_owned(),
            DtlsFault::Stuck => "the server's answer is sent again and again".to_owned(),
            DtlsFault::Refused { .. } => self.alert(),
        };
        format!("DTLS with the video bridge {} does not come to an end: {how}", self.server)
    }

    fn explanation(&self) -> String {
        let Self { server, clients, count: ways, .. } = self;
        let how = match &self.fault {
            DtlsFault::Unanswered => {
                "the client hello was sent again and again, and nothing of DTLS came back".to_owned()
            }
            DtlsFault::Stuck => {
                "the server hello was sent again and again: the client did not go on, or did not get all of it"
                    .to_owned()
            }
            DtlsFault::Refused { .. } => format!("it was refused by {}", self.alert()),
        };
        let though =
            if self.stun_works { " STUN is answered on the same way, so that the way as such works." } else { "" };
        format!(
            "{clients} called {server} on {} and began DTLS: {how}.{though} Without it there are no keys for sound and picture.",
            count(*ways, "way")
        )
    }
}

impl NoKeys {
    fn alert(&self) -> String {
        match &self.fault {
            DtlsFault::Refused { alert_code, alert_name: Some(name) } => {
                format!("a fatal alert, {name} ({alert_code})")
            }
            DtlsFault::Refused { alert_code, alert_name: None } => format!("a fatal alert ({alert_code})"),
            DtlsFault::Unanswered | DtlsFault::Stuck => String::new(),
        }
    }
}
