//! What the user says while it runs: signals.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Signals that came since the last look.
pub(super) struct Signals {
    stop: Arc<AtomicBool>,
    show: Arc<AtomicBool>,
    reopen: Arc<AtomicBool>,
}

impl Signals {
    /// Listens from now on. A second ^C (or SIGTERM) ends the process at once, with status 130.
    pub(super) fn listen() -> io::Result<Self> {
        use signal_hook::consts::{SIGINT, SIGTERM};
        use signal_hook::flag::{register, register_conditional_shutdown};
        let signals = Self::silent();
        for signal in [SIGINT, SIGTERM] {
            register_conditional_shutdown(signal, 130, Arc::clone(&signals.stop))?;
            register(signal, Arc::clone(&signals.stop))?;
        }
        // Windows has ^C, and none of these.
        #[cfg(unix)]
        for (signal, flag) in
            [(signal_hook::consts::SIGUSR1, &signals.show), (signal_hook::consts::SIGHUP, &signals.reopen)]
        {
            register(signal, Arc::clone(flag))?;
        }
        Ok(signals)
    }

    /// Nothing came yet, and nothing is listened to.
    pub(super) fn silent() -> Self {
        let flag = || Arc::new(AtomicBool::new(false));
        Self { stop: flag(), show: flag(), reopen: flag() }
    }

    /// As if the user wanted it to end.
    #[cfg(test)]
    pub(super) fn ask_to_stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// The user wants it to end.
    pub(super) fn stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The user wants to see how it goes (SIGUSR1).
    pub(super) fn show(&self) -> bool {
        self.show.swap(false, Ordering::Relaxed)
    }

    /// The user moved output files away (SIGHUP).
    pub(super) fn reopen(&self) -> bool {
        self.reopen.swap(false, Ordering::Relaxed)
    }
}
