//! What is said of assertions that are for somebody else.

use crate::diagnose::words::idp::Login;
use crate::diagnose::words::{Words, few_of};
use serde::Serialize;

/// An assertion that is for another application, or for another address.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ForSomebodyElse {
    /// The login.
    #[serde(flatten)]
    pub login: Login,
    /// Who issued it.
    pub saml_issuer: Option<String>,
    /// What differs.
    #[serde(flatten)]
    pub mismatch: SamlMismatch,
    /// Status of the answer.
    pub status: u16,
}

/// What of an assertion does not fit the application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "saml_mismatch", rename_all = "snake_case")]
pub(crate) enum SamlMismatch {
    /// Whom it is for.
    Audience {
        /// As the assertion names them.
        #[serde(rename = "saml_named")]
        named: Vec<String>,
        /// As the application calls itself.
        #[serde(rename = "saml_wanted")]
        wanted: String,
    },
    /// Where it may be shown.
    Recipient {
        /// As the assertion names them.
        #[serde(rename = "saml_named")]
        named: Vec<String>,
        /// Where it was shown.
        #[serde(rename = "saml_wanted")]
        wanted: String,
    },
    /// Where the whole message is sent.
    Destination {
        /// As the message names it.
        #[serde(rename = "saml_named")]
        named: Vec<String>,
        /// Where it was sent.
        #[serde(rename = "saml_wanted")]
        wanted: String,
    },
}

impl Words for ForSomebodyElse {
    fn title(&self) -> String {
        let Login { host, provider_host, .. } = &self.login;
        format!("The SAML assertion of {provider_host} is not for {host}, which refuses it")
    }

    fn explanation(&self) -> String {
        let Self { login, status, .. } = self;
        let few = |named: &[String]| few_of(named, named.len(), "addresses");
        let why = match &self.mismatch {
            SamlMismatch::Audience { named, wanted } => {
                format!(
                    "is for {} (Audience), while the application calls itself {wanted} in its own request",
                    few(named)
                )
            }
            SamlMismatch::Recipient { named, wanted } => {
                format!("may be shown at {} (Recipient), and was shown at {wanted}", few(named))
            }
            SamlMismatch::Destination { named, wanted } => {
                format!("is addressed to {} (Destination), and was shown at {wanted}", few(named))
            }
        };
        let issuer = self.saml_issuer.as_deref().unwrap_or(&login.provider_host);
        format!(
            "{} brought {} an assertion of {issuer} that {why}. The application answered {status}.",
            login.browser, login.host
        )
    }
}
