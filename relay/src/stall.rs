//! A stream on which a write that makes no progress for too long is an error.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A write that stands still for so long ends the connection.
pub(crate) const WRITE_STALL: Duration = Duration::from_secs(10);

/// Around any stream.
pub(crate) struct Stalling<S> {
    stream: S,
    most: Duration,
    /// Until when a write that waits may wait.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Stalling<S> {
    pub(crate) fn new(stream: S, most: Duration) -> Self {
        Self { stream, most, waiting: None }
    }

    pub(crate) fn into_inner(self) -> S {
        self.stream
    }

    /// Takes note of what came of a write.
    fn watch<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let most = self.most;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(most)));
        match pin!(waiting).poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stalling<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stalling<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.watch(context, written)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(context);
        this.watch(context, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut this.stream).poll_shutdown(context);
        this.watch(context, shut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn whoever_reads_nothing_is_waited_for_so_long_and_whoever_reads_slowly_is_served() {
        let (ours, mut theirs) = duplex(100);
        let mut stalling = Stalling::new(ours, Duration::from_secs(10));
        let begin = Instant::now();
        let writing = tokio::spawn(async move { stalling.write_all(&[7; 400]).await.map(|()| stalling) });
        let mut read = [0; 100];
        for _ in 0..3 {
            sleep(Duration::from_secs(9)).await;
            theirs.read_exact(&mut read).await.unwrap();
        }
        let mut stalling = writing.await.unwrap().unwrap();
        assert_eq!(begin.elapsed(), Duration::from_secs(27));
        let error = stalling.write_all(&[7; 400]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(begin.elapsed(), Duration::from_secs(37));
    }
}
