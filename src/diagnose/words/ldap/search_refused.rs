//! What is said of searches that a directory refuses.

use super::SignOn;
use crate::diagnose::words::{Words, shown};
use crate::model::Endpoint;
use serde::Serialize;

/// A directory refuses the search of a sign-on.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RefusedSearch {
    /// The directory.
    #[serde(serialize_with = "shown")]
    pub directory: Endpoint,
    /// The sign-on that waited.
    #[serde(flatten)]
    pub sign_on: SignOn,
    /// Where was searched.
    pub search_base: String,
    /// By which filter.
    pub search_filter: String,
    /// Its result code.
    pub result_code: u32,
    /// The result in words.
    pub outcome: String,
    /// Directory that it names instead.
    pub referral: Option<String>,
}

impl Words for RefusedSearch {
    fn title(&self) -> String {
        format!(
            "The directory {} refuses the search of a sign-on at {}: {}",
            self.directory,
            self.sign_on.called(),
            self.outcome
        )
    }

    fn explanation(&self) -> String {
        let Self { directory, sign_on, search_base, search_filter, outcome, .. } = self;
        let referral = self.referral.as_ref().map_or_else(String::new, |url| format!(" It names {url} instead."));
        let base = if search_base.is_empty() { "its root" } else { search_base.as_str() };
        format!(
            "{} asked the directory {directory} below {base} for {search_filter}, and was answered: {outcome}.{referral} {}",
            sign_on.called(),
            sign_on.waited()
        )
    }
}
