//! Output beside the report: sentences on stderr, and how many of them the user wants.

use super::escape;
use std::io::{self, Write};

/// How much is said on stderr.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verbosity {
    /// Errors only.
    pub quiet: bool,
    /// Also sentences that are merely good to know.
    pub verbose: bool,
    /// A progress bar may be shown.
    pub progress: bool,
    /// Not even what is wrong with a capture: that is told elsewhere.
    pub mute: bool,
}

/// Says one sentence. It may quote names from the wire or from the file system.
pub(crate) fn say(sentence: &str) {
    let end = if sentence.ends_with(['.', '?', '!', ')']) { "" } else { "." };
    // Nothing is left to tell if stderr is closed.
    let _ = writeln!(io::stderr(), "nrpcsniff: {}{end}", escape::terminal(sentence));
}
