//! The signals by which a program is stopped from outside end it in order, so that the people at the other end hear of it.

use std::io;

/// From now on `stop` is called, in a thread of its own, when SIGTERM or SIGINT comes for the first time. SIGHUP stays as
/// it is: who starts the program with `nohup` wants it to outlive the terminal.
///
/// # Errors
/// The system takes no handler, or gives no thread.
#[cfg(unix)]
pub fn on_stop(stop: impl FnOnce() + Send + 'static) -> io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
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
