//! Messages on their way out of the control stream, in order, from many senders.

use crate::stream::Writer;
use proto::codec::Message;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Messages that may wait: a peer that does not read for that long is lost. A line of the chat takes three of the
/// agent's, itself and what stands in the log; at their longest all of them have thirteen megabytes.
const WAITING: usize = 2048;

/// The session is over, or the other end reads no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the control stream takes no more messages")]
pub struct OutboxClosed;

/// Where control messages are put; a task writes them. Dropping it ends the task and gives the stream up, which the
/// other end tells from an end in order.
pub struct Outbox<M> {
    queue: Option<mpsc::Sender<M>>,
    task: Option<JoinHandle<()>>,
    is_closing: Arc<AtomicBool>,
}

impl<M> fmt::Debug for Outbox<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outbox")
    }
}

impl<M: Message + Send + Sync + 'static> Outbox<M> {
    pub(crate) fn start(mut writer: Writer) -> Self {
        let (queue, mut waiting) = mpsc::channel::<M>(WAITING);
        let is_closing = Arc::new(AtomicBool::new(false));
        let closes = is_closing.clone();
        let task = tokio::spawn(async move {
            while let Some(message) = waiting.recv().await {
                if let Err(error) = writer.message(&message).await {
                    tracing::debug!(%error, "the control stream ended");
                    return;
                }
            }
            // A task is aborted only where it waits: it may see the queue go before.
            if !closes.load(Ordering::Acquire) {
                return;
            }
            writer.finish();
            writer.delivered().await;
        });
        Self { queue: Some(queue), task: Some(task), is_closing }
    }

    /// Puts a message in line; never waits.
    ///
    /// # Errors
    /// [`OutboxClosed`].
    pub fn send(&self, message: M) -> Result<(), OutboxClosed> {
        let queue = self.queue.as_ref().ok_or(OutboxClosed)?;
        queue.try_send(message).map_err(|_| OutboxClosed)
    }

    /// Ends the stream and waits until the other end has everything, at most `deadline`.
    pub async fn close(mut self, deadline: Duration) {
        self.is_closing.store(true, Ordering::Release);
        self.queue = None;
        if let Some(mut task) = self.task.take()
            && tokio::time::timeout(deadline, &mut task).await.is_err()
        {
            task.abort();
        }
    }
}

impl<M> Drop for Outbox<M> {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
