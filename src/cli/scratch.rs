//! A run that is told to stop removes what it unpacked first.

use crate::api::remove_all;
use std::sync::Once;

/// Begins to listen, once. What cannot be listened to changes nothing: the folder then stays if the run is stopped.
pub(super) fn remove_on_signals() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(listen);
}

#[cfg(unix)]
fn listen() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM]) else { return };
    let wait = move || {
        if let Some(signal) = signals.forever().next() {
            remove_all();
            // The run ends as it would have ended without this: the shell sees the signal.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    };
    // Where no thread can be had the signals are taken and nobody answers: so it is begun before anything else is.
    let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(wait);
}

/// Windows has ^C, and no thread that it could wake: it is looked for.
#[cfg(not(unix))]
fn listen() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let stop = Arc::new(AtomicBool::new(false));
    if signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&stop)).is_err() {
        return;
    }
    let look = move || {
        while !stop.load(Ordering::Relaxed) {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        remove_all();
        signal_hook::low_level::exit(130);
    };
    let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(look);
}
