//! A clipboard without a system, for tests of whole sessions.

use crate::{Clipboard, Content, Reading, Ready};
use consent::Permit;
use proto::clipboard::ClipProblem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keeps what is put there, and counts. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct FakeClipboard(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    content: Option<Content>,
    puts: u64,
    reads: u64,
}

impl FakeClipboard {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The person copies this.
    pub fn copy(&self, content: Content) {
        self.lock().content = Some(content);
    }

    /// What is there.
    #[must_use]
    pub fn content(&self) -> Option<Content> {
        self.lock().content.clone()
    }

    /// How often something was put there, and how often it was read.
    #[must_use]
    pub fn uses(&self) -> (u64, u64) {
        let state = self.lock();
        (state.puts, state.reads)
    }
}

impl Clipboard for FakeClipboard {
    fn put(&self, _: &Permit<'_, consent::Clipboard>, content: Content) -> Result<(), ClipProblem> {
        let mut state = self.lock();
        state.content = Some(content);
        state.puts += 1;
        Ok(())
    }

    fn read(&self, _: &Permit<'_, consent::Clipboard>, ready: Ready) -> Reading {
        let mut state = self.lock();
        state.reads += 1;
        let content = state.content.clone();
        Reading::start(move || content.ok_or(ClipProblem::Empty), ready)
    }
}
