//! What is said of a cookie's name that a server does not look for.

use super::Verifier;
use crate::diagnose::words::{Answers, Clients, Cookies, Words};
use serde::Serialize;

/// A token in a cookie of an unusual name was refused.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct UnusualName {
    /// The server that refused it.
    #[serde(flatten)]
    pub verifier: Verifier,
    /// Names of such cookies.
    #[serde(flatten)]
    pub cookies: Cookies,
    /// The clients that showed them.
    #[serde(flatten)]
    pub clients: Clients,
    /// The server was seen to set or accept tokens of the usual names.
    pub uses_usual_name: bool,
    /// Answers of the server.
    #[serde(flatten)]
    pub answers: Answers,
}

impl Words for UnusualName {
    fn title(&self) -> String {
        format!("{} seems not to look for a token called {}", self.verifier, self.cookies.called("names"))
    }

    fn explanation(&self) -> String {
        let Self { verifier, clients, answers, .. } = self;
        let names = self.cookies.called("names");
        let usual = if self.uses_usual_name { ", and this one was seen to use that name" } else { "" };
        format!(
            "{clients} showed a token in a cookie called {names}, and {verifier} did not accept it ({answers}). Nothing that can \
             be read speaks against the token; servers look for LtpaToken and LtpaToken2 unless told otherwise{usual}, so that \
             the name is the likely reason (inferred)."
        )
    }
}
