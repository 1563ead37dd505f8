//! What is said of users whom a directory does not find.

use super::SignOn;
use crate::diagnose::words::{Words, shown};
use crate::model::Endpoint;
use serde::Serialize;

/// A directory finds nobody, or several.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Missed {
    /// The directory.
    #[serde(serialize_with = "shown")]
    pub directory: Endpoint,
    /// The sign-on that waited.
    #[serde(flatten)]
    pub sign_on: SignOn,
    /// The name as it was looked for.
    pub looked_for: String,
    /// Entry below which it was looked for.
    pub search_base: String,
    /// Filter of the search.
    pub search_filter: String,
    /// How many entries were found.
    pub entry_count: u64,
}

impl Words for Missed {
    fn title(&self) -> String {
        let Self { directory, sign_on, looked_for, entry_count, .. } = self;
        match entry_count {
            0 => {
                format!("The directory {directory} finds nobody for {looked_for}, who signs on at {}", sign_on.called())
            }
            count => format!(
                "The directory {directory} finds {count} entries for {looked_for}, who signs on at {}",
                sign_on.called()
            ),
        }
    }

    fn explanation(&self) -> String {
        let Self { directory, sign_on, search_base, search_filter, entry_count, .. } = self;
        let found = match entry_count {
            0 => "finds nobody".to_owned(),
            count => format!("finds {count} entries where one is wanted"),
        };
        let base = if search_base.is_empty() { "its root" } else { search_base.as_str() };
        format!(
            "{} asked the directory {directory} below {base} for {search_filter}, which {found}. {}",
            sign_on.called(),
            sign_on.waited()
        )
    }
}
