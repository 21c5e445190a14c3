//! The signals by which a program is stopped from outside end it as the end of the input does.

use super::lines::Wake;
use std::io;
use std::sync::mpsc::SyncSender;

/// From now on SIGTERM and SIGINT end the input; a second one is not needed, because the end has its deadline.
///
/// # Errors
/// The system takes no handler, or gives no thread.
#[cfg(unix)]
pub(super) fn end_input(desk: &SyncSender<Wake>) -> io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT])?;
    let desk = desk.clone();
    let wait = move || {
        if signals.forever().next().is_some() {
            // A desk that is gone has ended already.
            let _ = desk.send(Wake::EndOfInput);
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait).map(drop)
}

/// Here the end of the input is the only way.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub(super) fn end_input(_desk: &SyncSender<Wake>) -> io::Result<()> {
    Ok(())
}
