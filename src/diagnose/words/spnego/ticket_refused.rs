//! What is said of Kerberos tickets that a web server refuses.

use crate::diagnose::words::{Browsers, Words, shown, span, times};
use crate::model::Endpoint;
use serde::Serialize;

/// A ticket was refused.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RefusedTicket {
    /// The server.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Name of the server.
    pub host: String,
    /// Browsers that showed it.
    #[serde(flatten)]
    pub browsers: Browsers,
    /// The service that it is for.
    #[serde(rename = "kerberos_service")]
    pub service: Option<String>,
    /// Number of requests.
    pub count: usize,
    /// What tells the cause.
    #[serde(flatten)]
    pub cause: TicketFault,
}

/// What tells the cause.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum TicketFault {
    /// The server's own word.
    Said {
        /// Its number.
        kerberos_code: u32,
        /// Its name in RFC 4120.
        kerberos_name: Option<&'static str>,
        /// How far the server's clock is ahead of the client's, if that is the fault.
        server_ahead_s: Option<f64>,
    },
    /// The ticket is for another host.
    OtherName,
}

impl Words for RefusedTicket {
    fn title(&self) -> String {
        let Self { host, .. } = self;
        match &self.cause {
            TicketFault::Said { kerberos_code: 37, .. } => {
                format!("{host} refuses Kerberos tickets: its clock and the client's are too far apart")
            }
            TicketFault::Said { kerberos_code, kerberos_name, .. } => {
                format!("{host} refuses Kerberos tickets: {kerberos_code} {}", kerberos_name.unwrap_or_default())
            }
            TicketFault::OtherName => format!("{host} refuses a Kerberos ticket that is for {}", self.service()),
        }
    }

    fn explanation(&self) -> String {
        let Self { host, browsers, count, .. } = self;
        format!(
            "{browsers} showed {host} a Kerberos ticket for {} {}, and was answered by 401. {}",
            self.service(),
            times(*count),
            self.reason()
        )
    }
}

impl RefusedTicket {
    fn service(&self) -> &str {
        self.service.as_deref().unwrap_or("a service that cannot be read")
    }

    /// The error in words. Errors that are mended in the same way are told alike, because their difference helps nobody.
    fn reason(&self) -> String {
        match &self.cause {
            TicketFault::Said { kerberos_code, kerberos_name, server_ahead_s } => {
                let name = kerberos_name.unwrap_or_default();
                let meaning = match kerberos_code {
                    37 => "the clocks of client and server differ by more than is allowed (five minutes)".to_owned(),
                    32 => "the ticket has ended".to_owned(),
                    33 => "the ticket has not begun".to_owned(),
                    31 | 35 | 36 | 41 | 44 | 45 => {
                        "the server has not the key for which the ticket was made: its SPN belongs to another \
                                                    account, or the server's keytab is older than the password"
                            .to_owned()
                    }
                    _ => "see RFC 4120".to_owned(),
                };
                let clocks = match server_ahead_s {
                    Some(ahead) if *ahead >= 0.0 => format!(" The server's clock is {} ahead.", span(*ahead)),
                    Some(ahead) => format!(" The server's clock is {} behind.", span(-ahead)),
                    None => String::new(),
                };
                format!("The server says {kerberos_code} {name}: {meaning}.{clocks}")
            }
            TicketFault::OtherName => format!(
                "The address calls it {}: the browser found an SPN for another name only, and the server has no key for that, or does not \
                 take it.",
                self.host
            ),
        }
    }
}
