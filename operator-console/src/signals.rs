//! The signals by which a program is stopped from outside end it in order, so that the people at the other end hear of it.

use std::io;
#[cfg(unix)]
use std::sync::{Arc, atomic::AtomicBool};

/// From now on `stop` is called, in a thread of its own, when SIGTERM or SIGINT comes for the first time. The second ends
/// the program at once, also one that does not get to its end any more. SIGHUP stays as it is: who starts the program with
/// `nohup` wants it to outlive the terminal.
///
/// # Errors
/// The system takes no handler, or gives no thread.
#[cfg(unix)]
pub fn on_stop(stop: impl FnOnce() + Send + 'static) -> io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag;
    let is_ending = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        // In this order: the first signal finds that nothing ends yet. The code is the one that shells give for it.
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&is_ending))?;
        flag::register(signal, Arc::clone(&is_ending))?;
    }
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT])?;
    let wait = move || {
        if signals.forever().next().is_some() {
            stop();
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait).map(drop)
}

/// Here a program is stopped by its window or the end of its input only.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn on_stop(_stop: impl FnOnce() + Send + 'static) -> io::Result<()> {
    Ok(())
}
