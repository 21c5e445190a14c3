//! Commands on their way from a window to its engine, and whether the window left or was lost.

use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc;

/// A line for commands, of which at most `most` wait.
#[must_use]
pub fn commands<C>(most: usize) -> (CommandSender<C>, Commands<C>) {
    let (queue, waiting) = mpsc::channel(most);
    let has_left = Arc::new(AtomicBool::new(false));
    (CommandSender { queue, has_left: has_left.clone() }, Commands { waiting, has_left })
}

/// Where a window puts its commands. One that is dropped is a window that was lost: its engine, whose
/// threads end just then, must do nothing more in its name; see [`Self::leave`].
pub struct CommandSender<C> {
    queue: mpsc::Sender<C>,
    has_left: Arc<AtomicBool>,
}

impl<C> fmt::Debug for CommandSender<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CommandSender")
    }
}

impl<C> CommandSender<C> {
    /// Puts a command in line; never waits. False if it was lost: too many wait, or the engine has ended.
    #[must_use]
    pub fn send(&self, command: C) -> bool {
        self.queue.try_send(command).is_ok()
    }

    /// Lets the engine end in order.
    pub fn leave(self) {
        self.has_left.store(true, Ordering::Release);
    }
}

/// The commands of a window.
#[derive(Debug)]
pub struct Commands<C> {
    waiting: mpsc::Receiver<C>,
    has_left: Arc<AtomicBool>,
}

impl<C> Commands<C> {
    /// The next one; `None` once the window has left. Waits for ever if it was lost. Safe to be cancelled.
    pub async fn recv(&mut self) -> Option<C> {
        match self.waiting.recv().await {
            None if !self.has_left.load(Ordering::Acquire) => pending().await,
            command => command,
        }
    }

    /// One that waits already.
    pub fn waiting(&mut self) -> Option<C> {
        self.waiting.try_recv().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::commands;
    use std::pin::pin;
    use std::task::{Context, Waker};

    #[tokio::test]
    async fn only_a_window_that_leaves_ends_its_engine_in_order() {
        let (sender, mut left) = commands(1);
        assert!(sender.send(1) && !sender.send(2));
        sender.leave();
        assert_eq!((left.recv().await, left.recv().await), (Some(1), None));

        let (sender, mut lost) = commands(1);
        assert!(sender.send(1));
        drop(sender);
        assert_eq!(lost.recv().await, Some(1));
        let next = pin!(lost.recv());
        assert!(next.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
}
