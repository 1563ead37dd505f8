//! What is said of NTLM where Kerberos is wanted.

use crate::diagnose::words::{Browsers, Users, Words, shown, times};
use crate::model::Endpoint;
use serde::Serialize;

/// Browsers answer Negotiate with NTLM.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct InPlaceOfKerberos {
    /// The server.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Name of the server.
    pub host: String,
    /// Browsers that did.
    #[serde(flatten)]
    pub browsers: Browsers,
    /// Users whom NTLM named.
    #[serde(flatten)]
    pub users: Users,
    /// Number of requests.
    pub count: usize,
    /// The server is called by an address or a short name.
    pub is_bare_name: bool,
}

impl Words for InPlaceOfKerberos {
    fn title(&self) -> String {
        format!("{} wants Kerberos, and the browser answers with NTLM: no ticket for HTTP/{}", self.host, self.host)
    }

    fn explanation(&self) -> String {
        let Self { host, browsers, users, count, is_bare_name, .. } = self;
        let whose = if users.is_empty() { String::new() } else { format!(" of {}", users.or("a user")) };
        let bare = if *is_bare_name {
            " The server is called by an address or a short name, for which there is seldom an SPN."
        } else {
            ""
        };
        format!(
            "{host} asked for Negotiate, and {browsers} sent NTLM{whose} {}; {host} asked again as if nothing had been sent, since it takes \
             Kerberos only. Windows does so if it finds no service principal name HTTP/{host} (or two), if it does not trust the site, or \
             if it reaches no domain controller.{bare}",
            times(*count)
        )
    }
}
