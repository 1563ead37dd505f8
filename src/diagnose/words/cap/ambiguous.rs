//! What is said of bytes that the capture holds in two versions.

use super::Example;
use crate::diagnose::words::{Words, count};
use crate::model::DisputeCause;
use serde::Serialize;

/// The same bytes, twice.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TwoVersions {
    /// Number of conversations that have some.
    pub count: usize,
    /// The first of them.
    #[serde(flatten)]
    pub example: Example,
    /// Why there are two.
    pub differs_by: Cause,
    /// The message as it is read.
    pub reading: Option<String>,
    /// The same message in the other version.
    pub other_reading: Option<String>,
}

/// Why there are two versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    /// They were sent twice.
    SentTwice,
    /// Fragments overlap.
    Fragments,
    /// A byte is urgent.
    Urgent,
}

impl Cause {
    /// As the stream tells it.
    pub(crate) const fn of(cause: DisputeCause) -> Self {
        match cause {
            DisputeCause::SentTwice => Self::SentTwice,
            DisputeCause::Fragments => Self::Fragments,
            DisputeCause::Urgent => Self::Urgent,
        }
    }
}

impl Words for TwoVersions {
    fn title(&self) -> String {
        format!("{} in two versions: what was said is disputed", count(self.count, "conversation"))
    }

    fn explanation(&self) -> String {
        let how = match self.differs_by {
            Cause::SentTwice => "the same bytes were sent twice and differ, before the first copy was acknowledged",
            Cause::Fragments => "fragments of one packet overlap and differ",
            Cause::Urgent => "a byte is marked as urgent, which some receivers leave out",
        };
        let read = match (&self.reading, &self.other_reading) {
            (Some(read), Some(other)) => format!(" One reading is \"{read}\", the other \"{other}\"."),
            (Some(read), None) => format!(" One reading is \"{read}\"; the other could not be read."),
            _ => String::new(),
        };
        format!(
            "In {} (first of {}) {how}.{read} The receiver took one of them, and the capture does not show which: what rests on it \
             is not sure.",
            count(self.count, "conversation"),
            self.example,
        )
    }
}

/// The version that is read.
pub(crate) fn as_read(read: Option<&str>) -> String {
    read.map_or_else(|| "the first version, which is read here".to_owned(), |read| format!("read here: {read}"))
}

/// The version that is not.
pub(crate) fn as_other(cause: Cause, length: u64, other: Option<&str>) -> String {
    let bytes = if length == 1 { "1 byte".to_owned() } else { format!("{length} bytes") };
    let why = match cause {
        Cause::SentTwice => format!("the same place again, with other values in {bytes}"),
        Cause::Fragments => format!("fragments that overlap, with other values in {bytes}"),
        Cause::Urgent => "an urgent byte, which some receivers leave out".to_owned(),
    };
    other.map_or_else(|| why.clone(), |other| format!("{why}: {other}"))
}
