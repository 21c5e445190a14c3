//! Every view that the engine shows, in order, until it is looked at: a window that draws rarely may miss one
//! in between, a line of output must not.

use console_core::view::ConsoleView;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Views that may wait; of more, the last is replaced by the next. Only somebody who does not read our output
/// for minutes gets that far.
const MOST: usize = 1024;

type Look = Box<dyn Fn() -> ConsoleView + Send>;

#[derive(Default)]
struct Waiting {
    look: Option<Look>,
    last: Option<ConsoleView>,
    views: VecDeque<ConsoleView>,
}

/// The views that wait. Taking a view and queueing it is one step, so that no older one comes after a newer.
#[derive(Default)]
pub struct Views(Mutex<Waiting>);

impl Views {
    /// From here on views come from this engine.
    pub fn watch(&self, look: Look) {
        self.lock().look = Some(look);
    }

    /// Queues what the engine shows now, if it is news. To be called whenever the engine says so.
    pub fn note(&self) {
        let mut waiting = self.lock();
        let Some(view) = waiting.look.as_ref().map(|look| look()) else { return };
        if waiting.last.as_ref() == Some(&view) {
            return;
        }
        if waiting.views.len() >= MOST {
            waiting.views.pop_back();
        }
        waiting.last = Some(view.clone());
        waiting.views.push_back(view);
    }

    /// All that wait, and what the engine shows now.
    pub fn take(&self) -> VecDeque<ConsoleView> {
        self.note();
        std::mem::take(&mut self.lock().views)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
