//! Output beside the report: sentences on stderr, and how many of them the user wants.

use super::escape;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// A line stands on stderr that is not ended: whatever is written next must take its place.
static STATUS: AtomicBool = AtomicBool::new(false);
/// Back to the begin of the line, and away with what stands there (ECMA-48 8.3.41).
const ERASE: &str = "\r\x1b[K";

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

/// Shows a line on stderr, which is a terminal, in the place of the one that was shown before. It is cut where the terminal ends:
/// no terminal wraps it (DECAWM), or only its last row could be taken away again.
pub(crate) fn show_status(line: &str) {
    STATUS.store(true, Ordering::Relaxed);
    let _ = write!(io::stderr(), "{ERASE}\x1b[?7l{}\x1b[?7h", escape::terminal(line));
}

/// That line stands there.
pub(crate) fn is_status_shown() -> bool {
    STATUS.load(Ordering::Relaxed)
}

/// Takes that line away, because something else is to be written on the terminal.
pub(crate) fn hide_status() {
    if STATUS.swap(false, Ordering::Relaxed) {
        let _ = write!(io::stderr(), "{ERASE}");
    }
}

/// Says one sentence. It may quote names from the wire or from the file system.
pub(crate) fn say(sentence: &str) {
    let end = if sentence.ends_with(['.', '?', '!', ')']) { "" } else { "." };
    hide_status();
    // Nothing is left to tell if stderr is closed.
    let _ = writeln!(io::stderr(), "nrpcsniff: {}{end}", escape::terminal(sentence));
}
