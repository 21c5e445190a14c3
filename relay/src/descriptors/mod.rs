//! File descriptors: each link by TLS takes one, and systems give a program few unless it asks.

use relay_core::limits;
use std::io;

#[cfg(unix)]
mod unix;

/// Sockets, files and whatever the runtime needs besides the links.
const OTHERS: u64 = 100;
/// A tenth of [`limits::LINKS`] is a relay that an organisation would call busy.
const WANTED: u64 = limits::LINKS as u64 / 10 + OTHERS;

/// Asks the system for as many as it gives, and warns if these are few.
pub(crate) fn raise() {
    match most() {
        Ok(Some(most)) if most < WANTED => {
            let links = most.saturating_sub(OTHERS);
            tracing::warn!(most, "few file descriptors: only some {links} links by TLS at a time");
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the number of file descriptors cannot be told or raised"),
    }
}

/// So many there are now, if there is a limit.
#[cfg(unix)]
fn most() -> io::Result<Option<u64>> {
    unix::most()
}

#[cfg(not(unix))]
fn most() -> io::Result<Option<u64>> {
    Ok(None)
}
