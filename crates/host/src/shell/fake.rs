//! A shell that a test plays.

use super::{Read, Shells, Terminal};
use consent::{Permit, Shell};
use proto::shell::TerminalSize;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a test may change and see.
#[derive(Debug, Default)]
struct State {
    refuses: bool,
    opened: usize,
    typed: Vec<u8>,
    output: VecDeque<u8>,
    sizes: Vec<TerminalSize>,
    hidden_looks: usize,
    is_stuck: bool,
    forgotten: usize,
    over: Option<Option<i32>>,
    ended: usize,
    left: usize,
    ends_late: bool,
}

/// Shells with one terminal at a time; its copies are the same ones.
#[derive(Debug, Clone, Default)]
pub struct FakeShells(Arc<(Mutex<State>, Condvar)>);

impl FakeShells {
    /// There are no terminals here.
    #[must_use]
    pub fn refusing() -> Self {
        let shells = Self::default();
        shells.state().refuses = true;
        shells
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The program in the terminal writes this.
    pub fn write(&self, output: &[u8]) {
        self.state().output.extend(output);
        self.0.1.notify_all();
    }

    /// The shell ends by itself.
    pub fn exit(&self, code: i32) {
        self.state().over = Some(Some(code));
        self.0.1.notify_all();
    }

    /// What is typed is hidden for as many looks from now on.
    pub fn hide_for(&self, looks: usize) {
        self.state().hidden_looks = looks;
    }

    /// From now on ending takes its time, or no longer.
    pub fn end_late(&self, ends_late: bool) {
        self.state().ends_late = ends_late;
        self.0.1.notify_all();
    }

    /// So many programs cannot be ended.
    pub fn leave(&self, left: usize) {
        self.state().left = left;
    }

    /// From now on no program reads what is typed, or one does again.
    pub fn get_stuck(&self, is_stuck: bool) {
        self.state().is_stuck = is_stuck;
    }

    /// How often what nobody has read was forgotten.
    #[must_use]
    pub fn forgotten(&self) -> usize {
        self.state().forgotten
    }

    /// How many terminals were opened.
    #[must_use]
    pub fn opened(&self) -> usize {
        self.state().opened
    }

    /// How many were ended.
    #[must_use]
    pub fn ended(&self) -> usize {
        self.state().ended
    }

    /// What was typed into them.
    #[must_use]
    pub fn typed(&self) -> Vec<u8> {
        self.state().typed.clone()
    }

    /// The sizes that they were given, from the first.
    #[must_use]
    pub fn sizes(&self) -> Vec<TerminalSize> {
        self.state().sizes.clone()
    }

    /// How much of what the program wrote nobody has taken, in bytes.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.state().output.len()
    }
}

impl Shells for FakeShells {
    fn open(&self, _: &Permit<'_, Shell>, size: TerminalSize) -> io::Result<Arc<dyn Terminal>> {
        let mut state = self.state();
        if state.refuses {
            return Err(io::ErrorKind::Unsupported.into());
        }
        state.opened += 1;
        state.sizes.push(size);
        state.over = None;
        Ok(Arc::new(FakeTerminal(self.clone())))
    }
}

struct FakeTerminal(FakeShells);

impl Terminal for FakeTerminal {
    fn write(&self, _: &Permit<'_, Shell>, bytes: &[u8]) -> io::Result<usize> {
        self.0.state().typed.extend(bytes);
        Ok(bytes.len())
    }

    fn resize(&self, _: &Permit<'_, Shell>, size: TerminalSize) -> io::Result<()> {
        self.0.state().sizes.push(size);
        Ok(())
    }

    fn read(&self, _: &Permit<'_, Shell>, buffer: &mut [u8]) -> Read {
        let mut state = self.0.state();
        let length = state.output.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(state.output.drain(..length)) {
            *to = from;
        }
        match (length, state.over) {
            (0, Some(code)) => Read::Over(code),
            (0, None) => Read::Nothing,
            _ => Read::Bytes(length),
        }
    }

    fn wait(&self, at_most: Duration) {
        let is_idle = |state: &mut State| state.output.is_empty() && state.over.is_none();
        let waited = self.0.0.1.wait_timeout_while(self.0.state(), at_most, is_idle);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn is_hidden(&self) -> bool {
        let left = &mut self.0.state().hidden_looks;
        let is_hidden = *left > 0;
        *left = left.saturating_sub(1);
        is_hidden
    }

    fn is_unread(&self) -> bool {
        self.0.state().is_stuck
    }

    fn forget_unread(&self, _: &Permit<'_, Shell>) {
        self.0.state().forgotten += 1;
    }

    fn end(&self) -> usize {
        let waited = self.0.0.1.wait_while(self.0.state(), |state| state.ends_late);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.over.get_or_insert(None);
        state.ended += 1;
        self.0.0.1.notify_all();
        state.left
    }
}
