//! Waiting as the engines of both ends do it in their loops: for a deadline, for the next message,
//! and for a good moment to tell progress.

use crate::stream::{Reader, StreamError};
use proto::codec::Message;
use std::time::{Duration, Instant};

/// Progress is told at most this often.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// Waits until then; for ever without a deadline.
pub async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

/// The next message of a reader that may have been taken away, which then is an orderly end.
///
/// # Errors
/// As [`Reader::message`].
pub async fn next_message<M: Message>(reader: &mut Option<Reader>) -> Result<Option<M>, StreamError> {
    match reader {
        Some(reader) => reader.message().await,
        None => Ok(None),
    }
}

/// Tells progress in bytes, not more often than a person can read.
pub fn throttled(tell: impl Fn(u64)) -> impl FnMut(u64) {
    let mut told: Option<Instant> = None;
    move |done_bytes| {
        let now = Instant::now();
        if told.is_none_or(|at| now.duration_since(at) >= PROGRESS_EVERY) {
            told = Some(now);
            tell(done_bytes);
        }
    }
}
