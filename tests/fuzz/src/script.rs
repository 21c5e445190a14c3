//! A stream in memory whose other end says what the fuzzer wrote, in pieces, and then hangs up.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most that anything may write to a peer that never answers, in bytes.
pub const MOST_WRITTEN: usize = 1 << 20;

/// One end of a stream; the other is what was given.
#[derive(Debug)]
pub struct Script {
    says: Vec<u8>,
    at: usize,
    piece: usize,
    answer: fn(&[u8], &[u8]) -> Vec<u8>,
    waits: bool,
    /// What was written to the other end.
    pub heard: Vec<u8>,
}

impl Script {
    /// The other end says `says`, `piece` bytes at a time, without waiting for anything.
    #[must_use]
    pub fn new(says: &[u8], piece: usize) -> Self {
        Self {
            says: says.to_vec(),
            at: 0,
            piece: piece.max(1),
            answer: |_, says| says.to_vec(),
            waits: false,
            heard: Vec::new(),
        }
    }

    /// The other end waits for a whole HTTP head; `answer` makes what it says of that and `says`.
    #[must_use]
    pub fn answering(says: &[u8], piece: usize, answer: fn(&[u8], &[u8]) -> Vec<u8>) -> Self {
        Self { answer, waits: true, ..Self::new(says, piece) }
    }
}

impl AsyncRead for Script {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.waits {
            if !self.heard.ends_with(b"\r\n\r\n") {
                // Whoever writes later polls again.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            self.waits = false;
            self.says = (self.answer)(&self.heard, &self.says);
        }
        let rest = self.says.get(self.at..).unwrap_or_default();
        let taken = rest.len().min(self.piece).min(buffer.remaining());
        buffer.put_slice(&rest[..taken]);
        self.at += taken;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Script {
    fn poll_write(mut self: Pin<&mut Self>, _cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        assert!(self.heard.len() + bytes.len() <= MOST_WRITTEN, "writes without end");
        self.heard.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Runs a future to its end on a runtime of its own.
///
/// # Panics
/// If the system gives no runtime.
pub fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}
