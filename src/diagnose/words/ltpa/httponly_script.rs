//! What is said of tokens that scripts may not read.

use crate::diagnose::words::{Cookies, Words};
use serde::Serialize;

/// A host sets tokens with HttpOnly, and serves a page whose script reads them.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Hidden {
    /// Host that set them.
    pub token_issuer: String,
    /// Names of their cookies.
    #[serde(flatten)]
    pub cookies: Cookies,
    /// Path of the page.
    pub path: String,
}

impl Words for Hidden {
    fn title(&self) -> String {
        format!("{} sets {} with HttpOnly", self.token_issuer, self.cookies)
    }

    fn explanation(&self) -> String {
        format!(
            "{} sets {} so that scripts may not read them, and serves {}. In Sametime 8.5 and 9 a script of such a page \
             passes the token to the softphone. No trouble by itself.",
            self.token_issuer, self.cookies, self.path,
        )
    }
}
