//! What is said of assertions that are shown out of their time.

use crate::diagnose::words::idp::Login;
use crate::diagnose::words::{Words, span};
use crate::model::Timestamp;
use serde::Serialize;

/// An assertion that is not valid yet, or no longer.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OutOfTime {
    /// The login.
    #[serde(flatten)]
    pub login: Login,
    /// Who issued it.
    pub saml_issuer: Option<String>,
    /// Whom it names.
    pub user: Option<String>,
    /// Its beginning or its end, whichever is at fault.
    pub assertion_bound: Timestamp,
    /// It has not begun; else it has ended.
    pub is_too_early: bool,
    /// From that to when it was shown.
    #[serde(rename = "out_of_time_s")]
    pub off_s: f64,
    /// Status of the answer.
    pub status: u16,
}

impl Words for OutOfTime {
    fn title(&self) -> String {
        let Self { login, .. } = self;
        let what = if self.is_too_early { "not valid yet" } else { "no longer valid" };
        format!("The SAML assertion of {} is {what} when {} gets it", login.provider_host, login.host)
    }

    fn explanation(&self) -> String {
        let Self { login, user, assertion_bound, off_s, status, .. } = self;
        let issuer = self.saml_issuer.as_deref().unwrap_or(&login.provider_host);
        let user = user.as_ref().map_or_else(String::new, |user| format!(" for {user}"));
        let off = span(*off_s);
        let why = if self.is_too_early {
            format!(
                "begins at {assertion_bound} (NotBefore), {off} after it was shown: the clock of the provider is ahead of that of {}",
                login.host
            )
        } else {
            format!("ended at {assertion_bound} (NotOnOrAfter), {off} before it was shown")
        };
        format!(
            "{} brought {} an assertion of {issuer}{user} that {why}. The application answered {status}.",
            login.browser, login.host
        )
    }
}
