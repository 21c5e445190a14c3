//! One terminal while its grant stands: what its programs write goes to the console, what the operator types goes to
//! them, and the person sees both.
//!
//! No more is on its way than the console has room for, so that a program that writes without end waits, and what
//! the operator does to stop it arrives at once. What is written is shown to the person and searched for command lines
//! before the console gets it, and while some of it waits nothing is typed: whatever a console does with its streams,
//! nothing is done here unseen.

mod screen;
mod typing;

use audit_log::OutputDigest;
use bytes::Bytes;
use channel::Channel;
use consent::{Lease, Revoked};
use host::{Read, Shells, Terminal};
use proto::limits::{SHELL_INPUT_BYTES, SHELL_OUTPUT_BYTES, SHELL_WINDOW_BYTES};
use proto::session::{RequestId, StreamKind};
use proto::shell::{ShellInput, ShellOutput, TerminalSize};
pub(crate) use screen::Found;
use screen::{Entered, ShellScreen};
use session::{Priority, Reader, StreamError, open_stream};
use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use typing::Typing;

/// How long a thread waits for output before it looks whether it is still wanted.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Pieces of output between that thread and the person's panel.
const WAITING: usize = 4;
/// Pieces of output that the person was shown and that wait for the stream.
const QUEUED: usize = 16;
/// What is typed is given on once no output has had to wait for so long: by then the terminal holds none back.
const CAUGHT_UP_AFTER: Duration = Duration::from_millis(250);
/// How long a console that is there may take no output, before the terminal closes.
const STALLED_AFTER: Duration = Duration::from_secs(20);
/// Most bytes of what is typed that wait for output to be read: as long a paste as a console lets wait.
const TYPED_AHEAD_BYTES: usize = 512 * 1024;
/// How often the person is shown what the terminal shows.
const SHOW_EVERY: Duration = Duration::from_millis(200);
/// How long a program may leave what is typed unread, before the rest of it is dropped.
const TAKES_WITHIN: Duration = Duration::from_secs(1);
/// The time between two tries.
const TAKE_PACE: Duration = Duration::from_millis(5);
/// What enters a line: Enter, and in readline(3) and its like also Ctrl+J and Ctrl+O.
const ENTERS: [u8; 3] = [b'\r', b'\n', 0x0F];
/// What stops a program, by the usual settings of a terminal (termios(3)): INTR, SUSP, QUIT.
const STOPS: [u8; 3] = [0x03, 0x1A, 0x1C];
/// Command lines that are written down at once, and the time for each more: a log that grows faster than the line
/// to the console carries would end the session.
const COMMANDS_AT_ONCE: u32 = 50;
const COMMAND_EVERY: Duration = Duration::from_millis(50);

/// What the tasks of a terminal report, each with the question that opened it.
pub(crate) enum ShellReport {
    /// A command line was entered.
    Command(RequestId, String),
    /// So many lines were entered before that nobody saw.
    Unseen(usize),
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
    /// What was found to be entered, and not reported yet.
    found: Mutex<VecDeque<Found>>,
    size: Mutex<TerminalSize>,
    /// What left for the operator.
    digest: Mutex<OutputDigest>,
    /// Output that the console has read, and that was given to the channel, in bytes.
    received: watch::Sender<u64>,
    sent: AtomicU64,
    /// Output that the person was shown, in bytes.
    shown: AtomicU64,
    /// Whether output has to wait, so that the person does not see what is done now.
    is_behind: watch::Sender<bool>,
    /// Whether the line to the console is down.
    is_away: AtomicBool,
    /// Whether the person has paused everything.
    paused: watch::Sender<bool>,
    is_over: AtomicBool,
}

impl Shared {
    fn size(&self) -> TerminalSize {
        *self.size.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn found(&self) -> MutexGuard<'_, VecDeque<Found>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn first_found(&self) -> Option<Found> {
        self.found().front().cloned()
    }

    fn is_paused(&self) -> bool {
        *self.paused.borrow()
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
            found: Mutex::default(),
            size: Mutex::new(size),
            digest: Mutex::default(),
            received: watch::Sender::new(0),
            sent: AtomicU64::new(0),
            shown: AtomicU64::new(0),
            is_behind: watch::Sender::new(false),
            is_away: AtomicBool::new(false),
            paused: watch::Sender::new(false),
            is_over: AtomicBool::new(false),
        });
        let (output, waiting) = mpsc::channel(WAITING);
        let reading = Arc::clone(&shared);
        thread::Builder::new().name("shell".to_owned()).spawn(move || read(&reading, &output))?;
        let give = give(Arc::clone(&shared), channel, waiting, report);
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

    /// The line to the console is down, or is back.
    pub(crate) fn away(&self, is_away: bool) {
        self.0.is_away.store(is_away, Ordering::Relaxed);
    }

    /// Once it has ended: what was found to be entered and not reported, and how many lines were entered that nobody
    /// saw.
    pub(crate) fn unreported(&self) -> (Vec<Found>, usize) {
        (self.0.found().drain(..).collect(), self.0.entered.all_unseen())
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

/// A part of a terminal's work that is done.
enum Done {
    Watched,
    Sent,
}

/// Shows and sends what is written until the shell ends. Whatever else ends that ends the terminal as well, be it a
/// console that takes nothing or a bug in the emulator: nobody would see what is done there.
async fn give<R: From<ShellReport> + Send + 'static>(
    shared: Arc<Shared>,
    channel: Channel,
    waiting: mpsc::Receiver<Output>,
    report: mpsc::Sender<R>,
) {
    let (queue, queued) = mpsc::channel(QUEUED);
    // Each is a task, whose panic is told here; dropping the set ends them.
    let mut parts = JoinSet::new();
    let (watched, sent, stalled) = (Arc::clone(&shared), Arc::clone(&shared), Arc::clone(&shared));
    let told = report.clone();
    parts.spawn(async move { watch(&watched, waiting, &queue, &told).await.map(|()| Done::Watched) });
    parts.spawn(async move { send(&sent, &channel, queued).await.map(|()| Done::Sent) });
    parts.spawn(async move {
        until_stalled(&stalled).await;
        Err(StreamError::Gone)
    });
    loop {
        match parts.join_next().await {
            Some(Ok(Ok(Done::Watched))) => continue,
            Some(Ok(Err(error))) => tracing::warn!(%error, "the terminal's output goes nowhere: it closes"),
            Some(Err(error)) => tracing::warn!(%error, "the terminal is not watched any more: it closes"),
            Some(Ok(Ok(Done::Sent))) | None => {}
        }
        break;
    }
    shared.is_over.store(true, Ordering::Relaxed);
    // Fails only when the session is over.
    let _ = report.send(ShellReport::Over(shared.request).into()).await;
}

/// Shows the person what is written and finds the command lines in it, and only then passes it on.
async fn watch<R: From<ShellReport>>(
    shared: &Shared,
    mut waiting: mpsc::Receiver<Output>,
    queue: &mpsc::Sender<Output>,
    report: &mpsc::Sender<R>,
) -> Result<(), StreamError> {
    let request = shared.request;
    let tell = |what: ShellReport| async { report.send(what.into()).await.map_err(|_| StreamError::Gone) };
    let mut screen = ShellScreen::new(shared.size());
    let mut pace = Pace::new(Instant::now());
    let (mut is_news, mut shown_at) = (false, Instant::now());
    let mut waited_at = Instant::now();
    loop {
        if is_news && shown_at.elapsed() >= SHOW_EVERY {
            (is_news, shown_at) = (false, Instant::now());
            tell(ShellReport::Shows(request, screen.lines().into())).await?;
        }
        if waited_at.elapsed() >= CAUGHT_UP_AFTER {
            shared.is_behind.send_if_modified(std::mem::take);
        }
        let Ok(output) = tokio::time::timeout(SHOW_EVERY, waiting.recv()).await else { continue };
        let output = output.ok_or(StreamError::Gone)?;
        let began = Instant::now();
        if let Output::Bytes(bytes) = &output {
            if !shared.lease.is_live() {
                return Err(StreamError::Gone);
            }
            screen.resize(shared.size());
            let found = screen.feed(Instant::now(), bytes, &shared.entered);
            shared.found().extend(found);
            let answers = screen.answers();
            if !answers.is_empty() {
                // A program that does not read what it has asked for gets no answer.
                let written = shared.lease.with(|permit| shared.terminal.write(permit, &answers));
                drop(written.map_err(|Revoked| StreamError::Gone)?);
            }
            while let Some(found) = shared.first_found() {
                let pause = pace.next(Instant::now());
                if !pause.is_zero() {
                    // What the log has no time for is not to be entered.
                    shared.is_behind.send_replace(true);
                    tokio::time::sleep(pause).await;
                    waited_at = Instant::now();
                }
                let unseen = shared.entered.unseen();
                if unseen > 0 {
                    tell(ShellReport::Unseen(unseen)).await?;
                }
                tell(match found {
                    Found::Command(line) => ShellReport::Command(request, line),
                    Found::Hidden => ShellReport::HiddenLine(request),
                })
                .await?;
                shared.found().pop_front();
            }
            is_news = true;
            shared.shown.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
        let is_last = matches!(output, Output::Over(_));
        let mut room = queue.try_reserve().ok();
        while room.is_none() {
            shared.is_behind.send_replace(true);
            room = match tokio::time::timeout(SHOW_EVERY, queue.reserve()).await {
                Ok(room) => Some(room.map_err(|_| StreamError::Gone)?),
                Err(_) => None,
            };
            waited_at = Instant::now();
            if std::mem::take(&mut is_news) {
                shown_at = waited_at;
                tell(ShellReport::Shows(request, screen.lines().into())).await?;
            }
        }
        let Some(room) = room else { return Err(StreamError::Gone) };
        room.send(output);
        if is_last {
            return Ok(());
        }
        // The new line of an Enter may have had to wait as long.
        shared.entered.postpone(began.elapsed());
    }
}

/// Sends what the person was shown, as the console has room.
async fn send(shared: &Shared, channel: &Channel, mut queued: mpsc::Receiver<Output>) -> Result<(), StreamError> {
    let kind = StreamKind::Shell { request: shared.request };
    let mut writer = open_stream(channel, kind, Priority::Screen).await?;
    while let Some(output) = queued.recv().await {
        let bytes = match output {
            Output::Bytes(bytes) => bytes,
            Output::Over(code) => {
                shared.unless_paused().await;
                writer.message(&ShellOutput::Ended { code }).await?;
                writer.finish();
                return Ok(());
            }
        };
        loop {
            shared.unless_paused().await;
            has_room(shared, bytes.len() as u64).await;
            // The person may have paused while there was no room.
            if !shared.is_paused() {
                break;
            }
        }
        if !shared.lease.is_live() {
            return Err(StreamError::Gone);
        }
        let length = u32::try_from(bytes.len()).unwrap_or_default();
        shared.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        writer.message(&ShellOutput::Bytes { length }).await?;
        writer.bytes(bytes.clone()).await?;
        // Nothing can come between: what left is what counts.
        shared.digest.lock().unwrap_or_else(PoisonError::into_inner).add(&bytes);
    }
    Err(StreamError::Gone)
}

/// Waits until the console, though it is there and may see it, has taken nothing of what waits for long.
async fn until_stalled(shared: &Shared) {
    let (mut sent, mut waited) = (0, Duration::ZERO);
    while waited < STALLED_AFTER {
        tokio::time::sleep(LOOK_EVERY).await;
        let before = std::mem::replace(&mut sent, shared.sent.load(Ordering::Relaxed));
        let waits = sent == before && sent < shared.shown.load(Ordering::Relaxed);
        let may_wait = shared.is_paused() || shared.is_away.load(Ordering::Relaxed);
        waited = if waits && !may_wait { waited + LOOK_EVERY } else { Duration::ZERO };
    }
}

/// Waits until the console has read so much that this may be sent too.
async fn has_room(shared: &Shared, length: u64) {
    let sent = shared.sent.load(Ordering::Relaxed);
    let fits = |received: &u64| sent.saturating_sub(*received) + length <= SHELL_WINDOW_BYTES;
    // Fails only when the sender is gone, which is in `shared`.
    let _ = shared.received.subscribe().wait_for(fits).await;
}

/// Gives the terminal what the operator types: while output waits, only what stops a program. The rest waits for it.
async fn take<R: From<ShellReport>>(
    shared: &Shared,
    mut reader: Reader,
    report: &mpsc::Sender<R>,
) -> Result<(), StreamError> {
    let (mut behind, mut paused) = (shared.is_behind.subscribe(), shared.paused.subscribe());
    let (mut typing, mut ahead) = (Typing::default(), Vec::new());
    loop {
        let input = tokio::select! {
            input = reader.message::<ShellInput>() => Some(input?),
            () = becomes(&mut paused, true), if !ahead.is_empty() => {
                ahead.clear();
                continue;
            }
            () = becomes(&mut behind, false), if !ahead.is_empty() => None,
        };
        let Some(input) = input else {
            // Each piece may make output that has to wait in turn.
            let rest = ahead.split_off(ahead.len().min(SHELL_INPUT_BYTES));
            typing.take(shared, &std::mem::replace(&mut ahead, rest), report).await?;
            continue;
        };
        match input {
            None => return Ok(()),
            Some(ShellInput::Resize(size)) => {
                let size = size.clamped();
                *shared.size.lock().unwrap_or_else(PoisonError::into_inner) = size;
                // Fails only where the terminal has ended, which its reader finds.
                let resized = shared.lease.with(|permit| shared.terminal.resize(permit, size));
                drop(resized.map_err(|Revoked| StreamError::Gone)?);
            }
            Some(ShellInput::Bytes(bytes)) => {
                let mut bytes = bytes.as_slice();
                if *behind.borrow() || !ahead.is_empty() {
                    if let Some(last) = bytes.iter().rposition(|byte| STOPS.contains(byte)) {
                        // As the terminal's own line does, it forgets what was typed before.
                        ahead.clear();
                        let stops: Vec<u8> = bytes.iter().copied().filter(|byte| STOPS.contains(byte)).collect();
                        typing.take(shared, &stops, report).await?;
                        bytes = bytes.get(last + 1..).unwrap_or_default();
                    }
                    let room = TYPED_AHEAD_BYTES.saturating_sub(ahead.len());
                    ahead.extend(bytes.iter().take(room));
                } else {
                    typing.take(shared, bytes, report).await?;
                }
            }
        }
    }
}

async fn becomes(watched: &mut watch::Receiver<bool>, wanted: bool) {
    // Fails only when the sender is gone, which is in what is being watched.
    let _ = watched.wait_for(|now| *now == wanted).await;
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
