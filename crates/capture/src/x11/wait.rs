//! Waiting for an X connection, an interruption or a moment, whichever comes first.
#![allow(unsafe_code)]

use crate::{CaptureError, Interrupter};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Instant;
use x11rb::rust_connection::RustConnection;

/// A pipe that ends a [`Waker::wait`].
pub(super) struct Waker {
    read: UnixStream,
    write: Arc<UnixStream>,
}

/// Why [`Waker::wait`] returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Woken {
    /// The connection may have events.
    Readable,
    /// Somebody interrupted; told once.
    Interrupted,
    /// It is that late.
    TimedOut,
}

impl Waker {
    pub(super) fn new() -> Result<Self, CaptureError> {
        let pair = || {
            let (read, write) = UnixStream::pair()?;
            read.set_nonblocking(true)?;
            write.set_nonblocking(true)?;
            Ok((read, write))
        };
        let (read, write) = pair().map_err(|error: std::io::Error| CaptureError::Lost(error.to_string()))?;
        Ok(Self { read, write: Arc::new(write) })
    }

    pub(super) fn interrupter(&self) -> Interrupter {
        let write = Arc::clone(&self.write);
        // A full pipe interrupts as well as one more byte would.
        Interrupter::new(move || drop((&*write).write(&[1])))
    }

    /// Whether somebody interrupted since the last call.
    pub(super) fn take_interruption(&self) -> bool {
        let mut bytes = [0; 64];
        let mut interrupted = false;
        while matches!((&self.read).read(&mut bytes), Ok(1..)) {
            interrupted = true;
        }
        interrupted
    }

    /// Sleeps until something is to be read, somebody interrupts, or `deadline`. The caller must
    /// have taken all events that x11rb has already read. With `None` only the interruption and
    /// the deadline count.
    pub(super) fn wait(&self, connection: Option<&RustConnection>, deadline: Instant) -> Result<Woken, CaptureError> {
        let entry = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        // poll(2) ignores entries with a negative descriptor.
        let display: RawFd = connection.map_or(-1, |connection| connection.stream().as_raw_fd());
        let mut entries = [entry(self.read.as_raw_fd()), entry(display)];
        let left = deadline.saturating_duration_since(Instant::now());
        // Rounded up, so that a wait never spins through its last millisecond.
        let left_ms = i32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
        // SAFETY: the pointer and the count describe `entries`, which lives until the call returns.
        let ready = unsafe { libc::poll(entries.as_mut_ptr(), entries.len() as libc::nfds_t, left_ms) };
        if ready < 0 {
            let error = std::io::Error::last_os_error();
            return match error.kind() {
                // As good as a spurious wake: the caller looks and waits again.
                ErrorKind::Interrupted => Ok(Woken::Readable),
                _ => Err(CaptureError::Lost(error.to_string())),
            };
        }
        if self.take_interruption() {
            Ok(Woken::Interrupted)
        } else if entries[1].revents != 0 {
            Ok(Woken::Readable)
        } else {
            Ok(Woken::TimedOut)
        }
    }
}
