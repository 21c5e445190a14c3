//! Waiting as the engines of both ends do it in their loops: for a deadline, and for the next message.

use crate::stream::{Reader, StreamError};
use proto::codec::Message;
use std::time::Instant;

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
