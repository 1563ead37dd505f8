//! Result of a checked case.

use super::diff::Deviation;
use std::path::Path;

/// A case that was checked.
pub(super) struct CheckedCase {
    /// Its folder as the user named it; `.` for the one that everything counts from.
    pub(super) folder: String,
    /// Name of its first capture, or of its expectation if it has none.
    pub(super) file: String,
    /// Further files of a rotated capture.
    pub(super) more: usize,
    /// Result of the check.
    pub(super) result: CaseResult,
    /// Duration of the check, in seconds.
    pub(super) seconds: f64,
}

/// Result of checking a case.
pub(super) enum CaseResult {
    /// Everything that is listed is there, and nothing that must not be.
    AsExpected,
    /// All in which it differs.
    Differs(Vec<Deviation>),
    /// It could not be checked: a sentence that says why and what to do.
    Trouble(String),
    /// The expectation of the case was written.
    Written { changes: Vec<Deviation>, file: String, new: bool },
}

impl CheckedCase {
    /// The path of the case.
    pub(super) fn name(&self) -> String {
        let path =
            if self.folder == "." { Path::new(&self.file).into() } else { Path::new(&self.folder).join(&self.file) };
        let more = if self.more > 0 { format!(" and {} more", self.more) } else { String::new() };
        format!("{}{more}", path.display())
    }
}
