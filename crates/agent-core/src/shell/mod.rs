//! One terminal while its grant stands: what its programs write goes to the console, what the operator types goes to
//! them, and the person sees both.
//!
//! No more is on its way than the console has room for, so that a program that writes without end waits, and what
//! the operator does to stop it arrives at once.

mod screen;
mod typing;

use audit_log::OutputDigest;
use bytes::Bytes;
use channel::Channel;
use consent::{Lease, Revoked};
use host::{Read, Shells, Terminal};
use proto::limits::{SHELL_OUTPUT_BYTES, SHELL_WINDOW_BYTES};
use proto::session::{RequestId, StreamKind};
use proto::shell::{ShellInput, ShellOutput, TerminalSize};
use screen::{Entered, Found, ShellScreen};
use session::{Priority, Reader, StreamError, open_stream};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use typing::Typing;

/// How long a thread waits for output before it looks whether it is still wanted.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Pieces of output between that thread and the stream.
const WAITING: usize = 4;
/// How often the person is shown what the terminal shows.
const SHOW_EVERY: Duration = Duration::from_millis(200);
/// How long a program may leave what is typed unread, before the rest of it is dropped.
const TAKES_WITHIN: Duration = Duration::from_secs(1);
/// The time between two tries.
const TAKE_PACE: Duration = Duration::from_millis(5);
/// Command lines that are written down at once, and the time for each more: a log that grows faster than the line
/// to the console carries would end the session.
const COMMANDS_AT_ONCE: u32 = 50;
const COMMAND_EVERY: Duration = Duration::from_millis(50);

/// What the tasks of a terminal report, each with the question that opened it.
pub(crate) enum ShellReport {
    /// A command line was entered.
    Command(RequestId, String),
    /// A line was entered that the terminal did not show.
    HiddenLine(RequestId),
    /// What the terminal shows now.
    Shows(RequestId, Arc<[String]>),
    /// The shell has ended by itself.
    Over(RequestId),
    /// Everything that was started there has ended, but for so many.
    Closed(RequestId, usize),
    /// The console broke the protocol.
    Broken(StreamError),
}

/// What the parts of a terminal share.
struct Shared {
    terminal: Arc<dyn Terminal>,
    lease: Lease<consent::Shell>,
    request: RequestId,
    entered: Entered,
    size: Mutex<TerminalSize>,
    /// What left for the operator.
    digest: Mutex<OutputDigest>,
    /// Output that the console has read, and that was given to the channel, in bytes.
    received: watch::Sender<u64>,
    sent: AtomicU64,
    /// Whether the person has paused everything.
    paused: watch::Sender<bool>,
    is_over: AtomicBool,
}

impl Shared {
    fn size(&self) -> TerminalSize {
        *self.size.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn unless_paused(&self) {
        // Fails only when the sender is gone, which is in here.
        let _ = self.paused.subscribe().wait_for(|paused| !paused).await;
    }
}

/// One open terminal. Dropping it stops its thread; [`OpenShell::end`] ends what runs there.
pub(crate) struct OpenShell(Arc<Shared>);

impl Drop for OpenShell {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Relaxed);
    }
}

/// Output on its way to the stream.
enum Output {
    Bytes(Bytes),
    Over(Option<i32>),
}

impl OpenShell {
    /// Opens one. Gives as well the task that is to run for as long as it does.
    ///
    /// # Errors
    /// The system's, or that the grant stands no more.
    pub(crate) fn open<R: From<ShellReport> + Send + 'static>(
        shells: &dyn Shells,
        lease: Lease<consent::Shell>,
        channel: Channel,
        request: RequestId,
        report: mpsc::Sender<R>,
    ) -> io::Result<(Self, impl Future<Output = ()> + Send + 'static)> {
        let size = TerminalSize::USUAL;
        let opened = lease.with(|permit| shells.open(permit, size));
        let terminal = opened.unwrap_or_else(|Revoked| Err(io::ErrorKind::PermissionDenied.into()))?;
        let shared = Arc::new(Shared {
            terminal,
            lease,
            request,
            entered: Entered::default(),
            size: Mutex::new(size),
            digest: Mutex::default(),
            received: watch::Sender::new(0),
            sent: AtomicU64::new(0),
            paused: watch::Sender::new(false),
            is_over: AtomicBool::new(false),
        });
        let (output, waiting) = mpsc::channel(WAITING);
        let reading = Arc::clone(&shared);
        thread::Builder::new().name("shell".to_owned()).spawn(move || read(&reading, &output))?;
        let giving = Arc::clone(&shared);
        let give = async move {
            if let Err(error) = give(&giving, &channel, waiting, &report).await {
                tracing::debug!(%error, "the terminal's stream ended");
            }
        };
        Ok((Self(shared), give))
    }

    /// Which question opened it.
    pub(crate) fn request(&self) -> RequestId {
        self.0.request
    }

    /// The task that gives the terminal what the operator types.
    pub(crate) fn take<R: From<ShellReport> + Send + 'static>(
        &self,
        reader: Reader,
        report: mpsc::Sender<R>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let shared = Arc::clone(&self.0);
        async move {
            if let Err(error @ StreamError::Peer(_)) = take(&shared, reader, &report).await {
                // Fails only when the session is over.
                let _ = report.send(ShellReport::Broken(error).into()).await;
            }
        }
    }

    /// The console has read so much of the output. False if that is more than was sent.
    pub(crate) fn received(&self, bytes: u64) -> bool {
        let received = |before: &mut u64| std::mem::replace(before, bytes.max(*before)) < bytes;
        self.0.received.send_if_modified(received);
        bytes <= self.0.sent.load(Ordering::Relaxed)
    }

    /// Nothing is typed and nothing shown to the operator while it is paused.
    pub(crate) fn pause(&self, paused: bool) {
        self.0.paused.send_replace(paused);
    }

    /// What the log says of what it showed.
    pub(crate) fn output(&self) -> audit_log::Event {
        let digest = self.0.digest.lock().unwrap_or_else(PoisonError::into_inner);
        let (size_bytes, sha256) = (digest.size_bytes(), digest.sha256());
        audit_log::Event::TerminalOutput { request: self.0.request.0, size_bytes, sha256 }
    }

    /// What ends everything that was started there; it waits for that.
    pub(crate) fn end(&self) -> impl FnOnce() -> usize + Send + 'static {
        let terminal = Arc::clone(&self.0.terminal);
        self.0.is_over.store(true, Ordering::Relaxed);
        move || terminal.end()
    }
}

/// Reads what is written in the terminal. The thread waits here while the console has no room.
fn read(shared: &Shared, output: &mpsc::Sender<Output>) {
    let mut buffer = vec![0; SHELL_OUTPUT_BYTES];
    while !shared.is_over.load(Ordering::Relaxed) {
        shared.terminal.wait(LOOK_EVERY);
        let read = match shared.lease.with(|permit| shared.terminal.read(permit, &mut buffer)) {
            Ok(Read::Nothing) => continue,
            Ok(Read::Bytes(length)) => Output::Bytes(Bytes::copy_from_slice(buffer.get(..length).unwrap_or_default())),
            Ok(Read::Over(code)) => Output::Over(code),
            Err(Revoked) => return,
        };
        let is_last = matches!(read, Output::Over(_));
        if output.blocking_send(read).is_err() || is_last {
            return;
        }
    }
}

async fn give<R: From<ShellReport>>(
    shared: &Shared,
    channel: &Channel,
    mut waiting: mpsc::Receiver<Output>,
    report: &mpsc::Sender<R>,
) -> Result<(), StreamError> {
    let request = shared.request;
    let tell = |what: ShellReport| async { report.send(what.into()).await.map_err(|_| StreamError::Gone) };
    let mut writer = open_stream(channel, StreamKind::Shell { request }, Priority::Screen).await?;
    let mut screen = ShellScreen::new(shared.size());
    let mut pace = Pace::new(Instant::now());
    let (mut is_news, mut shown_at) = (false, Instant::now());
    loop {
        if is_news && shown_at.elapsed() >= SHOW_EVERY {
            (is_news, shown_at) = (false, Instant::now());
            tell(ShellReport::Shows(request, screen.lines().into())).await?;
        }
        let Ok(output) = tokio::time::timeout(SHOW_EVERY, waiting.recv()).await else { continue };
        let bytes = match output {
            None => return Err(StreamError::Gone),
            Some(Output::Bytes(bytes)) => bytes,
            Some(Output::Over(code)) => {
                writer.message(&ShellOutput::Ended { code }).await?;
                writer.finish();
                return tell(ShellReport::Over(request)).await;
            }
        };
        shared.unless_paused().await;
        has_room(shared, bytes.len() as u64).await;
        if !shared.lease.is_live() {
            return Err(StreamError::Gone);
        }
        screen.resize(shared.size());
        for found in screen.feed(Instant::now(), &bytes, &shared.entered) {
            tokio::time::sleep(pace.next(Instant::now())).await;
            tell(match found {
                Found::Command(line) => ShellReport::Command(request, line),
                Found::Hidden => ShellReport::HiddenLine(request),
            })
            .await?;
        }
        let answers = screen.answers();
        if !answers.is_empty() {
            // A program that does not read what it has asked for gets no answer.
            let written = shared.lease.with(|permit| shared.terminal.write(permit, &answers));
            drop(written.map_err(|Revoked| StreamError::Gone)?);
        }
        is_news = true;
        let length = u32::try_from(bytes.len()).unwrap_or_default();
        shared.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        writer.message(&ShellOutput::Bytes { length }).await?;
        writer.bytes(bytes.clone()).await?;
        // Nothing can come between: what left is what counts.
        shared.digest.lock().unwrap_or_else(PoisonError::into_inner).add(&bytes);
    }
}

/// Waits until the console has read so much that this may be sent too.
async fn has_room(shared: &Shared, length: u64) {
    let sent = shared.sent.load(Ordering::Relaxed);
    let fits = |received: &u64| sent.saturating_sub(*received) + length <= SHELL_WINDOW_BYTES;
    // Fails only when the sender is gone, which is in `shared`.
    let _ = shared.received.subscribe().wait_for(fits).await;
}

/// Gives the terminal what the operator types.
async fn take<R: From<ShellReport>>(
    shared: &Shared,
    mut reader: Reader,
    report: &mpsc::Sender<R>,
) -> Result<(), StreamError> {
    let mut typing = Typing::default();
    while let Some(input) = reader.message::<ShellInput>().await? {
        match input {
            ShellInput::Resize(size) => {
                let size = size.clamped();
                *shared.size.lock().unwrap_or_else(PoisonError::into_inner) = size;
                // Fails only where the terminal has ended, which its reader finds.
                let resized = shared.lease.with(|permit| shared.terminal.resize(permit, size));
                drop(resized.map_err(|Revoked| StreamError::Gone)?);
            }
            ShellInput::Bytes(bytes) => {
                shared.unless_paused().await;
                typing.take(shared, bytes.as_slice(), report).await?;
            }
        }
    }
    Ok(())
}

/// How fast command lines are written down.
struct Pace {
    spared: u32,
    at: Instant,
}

impl Pace {
    fn new(now: Instant) -> Self {
        Self { spared: COMMANDS_AT_ONCE, at: now }
    }

    /// How long the next one has to wait.
    fn next(&mut self, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(self.at);
        let earned = u32::try_from(passed.as_millis() / COMMAND_EVERY.as_millis()).unwrap_or(u32::MAX);
        if earned > 0 {
            self.at = now;
            self.spared = self.spared.saturating_add(earned).min(COMMANDS_AT_ONCE);
        }
        match self.spared.checked_sub(1) {
            Some(left) => {
                self.spared = left;
                Duration::ZERO
            }
            None => {
                self.at = now + COMMAND_EVERY;
                COMMAND_EVERY
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_command_lines_are_written_down_one_after_the_other() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let at_once = (0..COMMANDS_AT_ONCE).all(|_| pace.next(start).is_zero());
        assert!(at_once && pace.next(start) == COMMAND_EVERY);
        assert_eq!(pace.next(start + COMMAND_EVERY), COMMAND_EVERY);
        assert!((0..COMMANDS_AT_ONCE).all(|_| pace.next(start + Duration::from_secs(60)).is_zero()));
    }
}
