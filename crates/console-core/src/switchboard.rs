//! Several sessions at once: one engine for each key and what comes of it, under one signed-in operator.
//!
//! They share threads, certificate and records, and nothing else: a session that fails takes no other with it. Each
//! key has a link to the relay of its own, because the relay knows one offer for a link.

use crate::config::{ConsoleConfig, StartError};
use crate::engine::{ConsoleHandle, now_s, runtime};
use crate::view::{ConsoleCommand, ConsoleView, OperatorView, Stage};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Most keys and sessions at once: more than one person can follow, and less than the share of links that a relay
/// gives an operator (64).
pub const MOST_LINES: usize = 12;

/// Most keys that wait at once: a relay keeps so many offers of one operator.
pub const MOST_KEYS: usize = 5;

/// One key and what comes of it; counts from 1, and none is used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(pub u64);

/// Called when a line has something new to be seen, also from other threads: which, and what it shows now.
pub type OnChange = Arc<dyn Fn(LineId, &ConsoleView) + Send + Sync>;

/// The lines of one operator. Dropping it ends all of them.
pub struct Switchboard {
    config: Arc<ConsoleConfig>,
    on_change: OnChange,
    lines: BTreeMap<LineId, ConsoleHandle>,
    /// They say goodbye to the other end.
    leaving: Vec<ConsoleHandle>,
    last: u64,
    runtime: Option<Runtime>,
}

impl fmt::Debug for Switchboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Switchboard").field("lines", &self.lines.len()).finish_non_exhaustive()
    }
}

impl Switchboard {
    /// Without any line yet.
    ///
    /// # Errors
    /// [`StartError::System`].
    pub fn start(config: ConsoleConfig, on_change: OnChange) -> Result<Self, StartError> {
        let (config, runtime) = (Arc::new(config), Some(runtime()?));
        Ok(Self { config, on_change, lines: BTreeMap::new(), leaving: Vec::new(), last: 0, runtime })
    }

    /// Who works here, and whether they may now.
    #[must_use]
    pub fn operator(&self) -> OperatorView {
        self.config.operator_view(now_s())
    }

    /// Lines that are opened from now on use this; those that run keep what they have.
    pub fn renew(&mut self, config: ConsoleConfig) {
        self.config = Arc::new(config);
    }

    /// Whether there is room for no other key: there are [`MOST_LINES`], or [`MOST_KEYS`] of them wait.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let waits = |handle: &&ConsoleHandle| {
            matches!(handle.view().stage, Stage::Idle | Stage::Preparing | Stage::Waiting(_) | Stage::Joining)
        };
        self.lines.len() >= MOST_LINES || self.lines.values().filter(waits).count() >= MOST_KEYS
    }

    /// Makes a new key on a line of its own; `None` if it [is full](Self::is_full).
    pub fn open(&mut self) -> Option<LineId> {
        self.leaving.retain(|handle| !handle.has_ended());
        if self.is_full() {
            return None;
        }
        let runtime = self.runtime.as_ref()?;
        self.last += 1;
        let id = LineId(self.last);
        let view = Arc::new(OnceLock::new());
        let (seen, tell) = (Arc::clone(&view), Arc::clone(&self.on_change));
        let changed = move || {
            let shown = seen.get().map(|view: &tokio::sync::watch::Receiver<ConsoleView>| view.borrow().clone());
            if let Some(shown) = shown {
                tell(id, &shown);
            }
        };
        let handle = ConsoleHandle::start_on(runtime.handle(), Arc::clone(&self.config), Box::new(changed));
        // Before the first command nothing changes, so nothing is missed.
        let _ = view.set(handle.watch());
        handle.send(ConsoleCommand::NewKey);
        self.lines.insert(id, handle);
        Some(id)
    }

    /// One line.
    #[must_use]
    pub fn line(&self, id: LineId) -> Option<&ConsoleHandle> {
        self.lines.get(&id)
    }

    /// All of them, in the order in which they were opened.
    pub fn lines(&self) -> impl Iterator<Item = (LineId, &ConsoleHandle)> {
        self.lines.iter().map(|(id, handle)| (*id, handle))
    }

    /// Closes a line: its key is withdrawn, its session ends, and the other end is told, without waiting for that.
    pub fn close(&mut self, id: LineId) {
        if let Some(mut handle) = self.lines.remove(&id) {
            handle.leave();
            self.leaving.push(handle);
        }
    }

    /// Ends every line, as [`Self::close`] does, and waits for that at most `deadline`; not for use inside a runtime.
    pub fn shutdown(mut self, deadline: Duration) {
        let by = Instant::now() + deadline;
        let Some(runtime) = self.runtime.take() else { return };
        let mut lines = std::mem::take(&mut self.leaving);
        lines.extend(std::mem::take(&mut self.lines).into_values());
        lines.iter_mut().for_each(ConsoleHandle::leave);
        for mut handle in lines {
            handle.wait(&runtime, by.saturating_duration_since(Instant::now()));
        }
        runtime.shutdown_background();
    }
}

impl Drop for Switchboard {
    fn drop(&mut self) {
        self.lines.clear();
        self.leaving.clear();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
