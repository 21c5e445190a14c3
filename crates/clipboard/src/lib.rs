//! Text and pictures of the system's clipboard.
//!
//! What is absent: files (a list of paths is not read, also where a program offers one), what a password manager
//! marks as a secret on the person's machine (on Linux with X, where it can be known), and on the
//! agent any way to read or write without a [`consent::Permit`]. Read [`Content`] first, then
//! [`Clipboard`].

mod content;
pub mod fake;
#[cfg(target_os = "linux")]
mod hint;
#[cfg(not(target_os = "linux"))]
mod hint {
    /// Nobody says so here.
    pub(crate) fn is_secret() -> bool {
        false
    }
}
mod system;

pub use content::{Content, Picture, decode};
pub use system::{OwnClipboard, ThisClipboard};

use consent::Permit;
use proto::clipboard::ClipProblem;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

/// Told once, when there is something to take.
pub type Ready = Box<dyn FnOnce() + Send>;

/// The clipboard of the person's machine.
pub trait Clipboard: Send + Sync {
    /// Puts this there in place of what is on it.
    ///
    /// # Errors
    /// [`ClipProblem::Unavailable`].
    fn put(&self, permit: &Permit<'_, consent::Clipboard>, content: Content) -> Result<(), ClipProblem>;

    /// Begins to read it; `ready` is told when that is done. The program that owns it may take its time, so nobody
    /// waits here.
    fn read(&self, permit: &Permit<'_, consent::Clipboard>, ready: Ready) -> Reading;
}

/// A clipboard that is being read. What is found comes out only with a permit; who drops this gets nothing of it.
#[derive(Debug)]
pub struct Reading(Receiver<Result<Content, ClipProblem>>);

impl Reading {
    /// Reads on a thread of its own.
    pub(crate) fn start(read: impl FnOnce() -> Result<Content, ClipProblem> + Send + 'static, ready: Ready) -> Self {
        let (found, reading) = sync_channel(1);
        let reading_thread = move || {
            // Fails only when nobody wants it any more.
            let _ = found.send(read());
            ready();
        };
        if let Err(error) = std::thread::Builder::new().name("clipboard".to_owned()).spawn(reading_thread) {
            tracing::warn!(%error, "the clipboard could not be read");
        }
        Self(reading)
    }

    /// What was found.
    ///
    /// # Errors
    /// [`ClipProblem`], also where nothing has been found yet.
    pub fn take(&self, _: &Permit<'_, consent::Clipboard>) -> Result<Content, ClipProblem> {
        match self.0.try_recv() {
            Ok(found) => found,
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => Err(ClipProblem::Unavailable),
        }
    }
}
