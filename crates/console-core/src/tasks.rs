//! The tasks of a session on the console: streams in, input out, pictures to disk.

use crate::live::Done;
use crate::picture::Picture;
use crate::records::Keeping;
use crate::terminal::Terminal;
use channel::Channel;
use clipboard::Content;
use proto::annotation::{Annotation, Mark};
use proto::clipboard::{ClipHead, ClipProblem};
use proto::files::{FolderEntry, FolderHead};
use proto::input::{InputEvent, InputRecord};
use proto::machine::{Facts, Topic, announced_bytes};
use proto::session::{RequestId, StreamKind, TransferFailure};
use proto::shell::ShellOutput;
use session::{Arrival, FolderList, Priority, Reader, StreamError, open_stream, private};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// What the tasks of a session report.
pub(crate) enum Event {
    Stream(StreamKind, Reader),
    StreamsEnded,
    Broken(StreamError),
    PictureSaved(Option<PathBuf>),
    /// A page about the machine is here.
    Facts(Arc<Facts>),
    TextSaved(Option<PathBuf>),
    /// So much of a terminal's output has been read, in bytes from the beginning.
    ShellRead(RequestId, u64),
    /// A terminal's output is over: in order, with the shell's code if it has one, or cut off.
    ShellOver(RequestId, Option<Option<i32>>),
    /// What is in a folder of the client's machine.
    Folder(u32, FolderHead, Vec<FolderEntry>),
    /// What is in a folder of this one; which look it was.
    LocalFolder(u32, Result<FolderList, TransferFailure>),
    /// The operator's clipboard cannot go.
    ClipNotSent(ClipProblem),
    /// The person's clipboard is here.
    ClipCame(Content),
}

impl From<Arrival> for Event {
    fn from(arrival: Arrival) -> Self {
        match arrival {
            Arrival::Stream(kind, reader) => Self::Stream(kind, reader),
            Arrival::Broken(error) => Self::Broken(error),
            Arrival::Ended => Self::StreamsEnded,
        }
    }
}

/// A stream that is given up ends by itself; one that breaks the protocol ends the session.
pub(crate) async fn report_broken(work: impl Future<Output = Result<(), StreamError>>, report: mpsc::Sender<Event>) {
    if let Err(error @ StreamError::Peer(_)) = work.await {
        let _ = report.send(Event::Broken(error)).await;
    }
}

/// What is done within so short a time shares a stamp.
const STAMP_EVERY: Duration = Duration::from_millis(100);

pub(crate) async fn send_input(channel: Channel, mut events: mpsc::Receiver<Done>) {
    let began = Instant::now();
    let stamp = |at: Instant| {
        let at_ms = u64::try_from(at.saturating_duration_since(began).as_millis()).unwrap_or(u64::MAX);
        InputEvent::Stamp { at_ms }
    };
    let sending = async {
        let mut writer = open_stream(&channel, StreamKind::Input, Priority::Input).await?;
        // One ahead of all input shows how long the way is while nothing holds it up.
        let (mut sequence, mut stamped) = (1, began);
        writer.message(&InputRecord { sequence, event: stamp(began) }).await?;
        while let Some((at, event)) = events.recv().await {
            if at.saturating_duration_since(stamped) >= STAMP_EVERY {
                stamped = at;
                sequence += 1;
                writer.message(&InputRecord { sequence, event: stamp(at) }).await?;
            }
            sequence += 1;
            writer.message(&InputRecord { sequence, event }).await?;
        }
        writer.finish();
        writer.delivered().await;
        Ok::<(), StreamError>(())
    };
    if let Err(error) = sending.await {
        tracing::debug!(%error, "the input stream ended");
    }
}

pub(crate) async fn send_annotations(channel: Channel, mut annotations: mpsc::Receiver<Annotation>) {
    let sending = async {
        let mut writer = open_stream(&channel, StreamKind::Annotation, Priority::Control).await?;
        while let Some(mut annotation) = annotations.recv().await {
            // Of pointers that have come together meanwhile only the newest.
            while let Annotation::Show { mark: Mark::Pointer(_), .. } = annotation {
                match annotations.try_recv() {
                    Ok(next @ Annotation::Show { mark: Mark::Pointer(_), .. }) => annotation = next,
                    Ok(next) => {
                        writer.message(&annotation).await?;
                        annotation = next;
                    }
                    Err(_) => break,
                }
            }
            writer.message(&annotation).await?;
        }
        writer.finish();
        Ok::<(), StreamError>(())
    };
    if let Err(error) = sending.await {
        tracing::debug!(%error, "the annotation stream ended");
    }
}

/// Sends what was copied here; the agent says what became of it.
pub(crate) async fn send_clip(channel: Channel, content: Arc<Content>) -> Result<(), ClipProblem> {
    let kind = content.kind();
    let encoded = tokio::task::spawn_blocking(move || content.encode()).await;
    let bytes = encoded.unwrap_or(Err(ClipProblem::Unavailable))?;
    let length = u32::try_from(bytes.len()).map_err(|_| ClipProblem::TooLarge)?;
    let sending = async {
        let mut writer = open_stream(&channel, StreamKind::Clipboard, Priority::Clipboard).await?;
        writer.message(&ClipHead { kind, length }).await?;
        writer.bytes(bytes.into()).await?;
        writer.finish_delivered().await;
        Ok::<(), StreamError>(())
    };
    sending.await.map_err(|error| {
        tracing::debug!(%error, "the clipboard was not sent");
        ClipProblem::Unavailable
    })
}

/// Reads the person's clipboard: as much as was announced, no more than may be, and nothing after it.
pub(crate) async fn receive_clip(mut reader: Reader, report: mpsc::Sender<Event>) -> Result<(), StreamError> {
    let head = reader.message::<ClipHead>().await?.ok_or(StreamError::Peer("a clipboard without a head"))?;
    let length = head.announced_bytes().ok_or(StreamError::Peer("a clipboard of an impossible length"))?;
    let bytes = reader.exact(length).await?.to_vec();
    if reader.some().await?.is_some() {
        return Err(StreamError::Peer("more than was announced"));
    }
    let decoded = tokio::task::spawn_blocking(move || clipboard::decode(head.kind, bytes)).await;
    let content = match decoded {
        Ok(Ok(content)) => content,
        Ok(Err(_)) => return Err(StreamError::Peer("a clipboard that is none")),
        Err(_) => return Ok(()),
    };
    // Fails only when the session is over.
    let _ = report.send(Event::ClipCame(content)).await;
    Ok(())
}

/// Reads one page about the machine: as much as was announced, no more than a page may have, and nothing after it.
pub(crate) async fn receive_facts(
    mut reader: Reader,
    topic: Topic,
    report: mpsc::Sender<Event>,
) -> Result<(), StreamError> {
    let head = reader.exact(4).await?;
    let head = head.as_ref().try_into().map_err(|_| StreamError::Peer("a stream cut short"))?;
    let json = reader.exact(announced_bytes(head)?).await?;
    if reader.some().await?.is_some() {
        return Err(StreamError::Peer("more than was announced"));
    }
    let facts = Facts::from_json(topic, &json)?;
    // Fails only when the session is over.
    let _ = report.send(Event::Facts(Arc::new(facts))).await;
    Ok(())
}

/// How often a window is told of new output, at most.
const SHOW_EVERY: Duration = Duration::from_millis(30);
/// After how many bytes of output the agent is told that they were read.
const ACKNOWLEDGE_BYTES: u64 = 32 * 1024;

/// Shows a terminal's output as it comes, and lets the agent know how much of it was read.
pub(crate) async fn follow_shell(
    mut reader: Reader,
    request: RequestId,
    terminal: Terminal,
    keeping: Keeping,
    report: mpsc::Sender<Event>,
    on_change: Arc<dyn Fn() + Send + Sync>,
) -> Result<(), StreamError> {
    let ended = read_shell(&mut reader, request, &terminal, keeping, &report, on_change.as_ref()).await;
    on_change();
    // Fails only when the session is over.
    let _ = report.send(Event::ShellOver(request, ended.as_ref().ok().copied())).await;
    ended.map(drop)
}

async fn read_shell(
    reader: &mut Reader,
    request: RequestId,
    terminal: &Terminal,
    mut keeping: Keeping,
    report: &mpsc::Sender<Event>,
    on_change: &(dyn Fn() + Send + Sync),
) -> Result<Option<i32>, StreamError> {
    let (mut read_bytes, mut told_bytes) = (0, 0);
    let mut shown_at: Option<Instant> = None;
    loop {
        let message = match shown_at {
            // There is output that no window was told of.
            Some(at) => match tokio::time::timeout_at((at + SHOW_EVERY).into(), reader.message()).await {
                Ok(message) => message,
                Err(_) => {
                    shown_at = None;
                    on_change();
                    continue;
                }
            },
            None => reader.message().await,
        };
        let length = match message? {
            Some(ShellOutput::Ended { code }) => return Ok(code),
            Some(output @ ShellOutput::Bytes { length }) if output.is_acceptable() => length,
            Some(ShellOutput::Bytes { .. }) => return Err(StreamError::Peer("more output than may come at a time")),
            None => return Err(StreamError::Gone),
        };
        let output = reader.exact(usize::try_from(length).unwrap_or_default()).await?;
        keeping.output(&output, terminal);
        feed_in_turns(terminal, &output).await;
        read_bytes += u64::from(length);
        if read_bytes - told_bytes >= ACKNOWLEDGE_BYTES {
            told_bytes = read_bytes;
            report.send(Event::ShellRead(request, read_bytes)).await.map_err(|_| StreamError::Gone)?;
        }
        match shown_at {
            Some(at) if at.elapsed() >= SHOW_EVERY => {
                shown_at = None;
                on_change();
            }
            Some(_) => {}
            None => shown_at = Some(Instant::now()),
        }
    }
}

/// Output that is worked through before whoever draws the terminal has a turn, in bytes: a few of them can change
/// the whole screen.
const TURN_BYTES: usize = 512;

/// Hands output to the terminal without keeping the window from it, whatever the output is.
async fn feed_in_turns(terminal: &Terminal, output: &[u8]) {
    for part in output.chunks(TURN_BYTES) {
        terminal.feed(part);
        tokio::task::yield_now().await;
        while terminal.is_waited_for() {
            tokio::task::yield_now().await;
        }
    }
}

/// Writes the picture beside those that are there: "ponte-1.png", "ponte-2.png", ...
pub(crate) fn write_picture(picture: &Picture, folder: &Path) -> std::io::Result<PathBuf> {
    let (path, file) = next_file(folder, "ponte", "png")?;
    picture.write_png(file)?;
    Ok(path)
}

/// Writes a text in the same way.
pub(crate) fn write_text(text: &str, folder: &Path, stem: &str, extension: &str) -> std::io::Result<PathBuf> {
    let (path, mut file) = next_file(folder, stem, extension)?;
    file.write_all(text.as_bytes())?;
    Ok(path)
}

/// A new file beside those that are there, with the next number. Nobody else on this machine reads it.
fn next_file(folder: &Path, stem: &str, extension: &str) -> std::io::Result<(PathBuf, File)> {
    std::fs::create_dir_all(folder)?;
    for number in 1..10_000 {
        let path = folder.join(format!("{stem}-{number}.{extension}"));
        match private::create_new(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(std::io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::shell::TerminalSize;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn a_window_gets_its_turns_while_output_that_is_slow_to_work_through_comes_without_end() {
        let terminal = Terminal::new(TerminalSize { columns: 80, rows: 24 });
        // Each of these fills the whole screen (DECALN).
        let output = b"\x1b#8".repeat(5000);
        let is_over = Arc::new(AtomicBool::new(false));
        let (drawn, is_over_too) = (terminal.clone(), Arc::clone(&is_over));
        let window = std::thread::spawn(move || {
            let mut longest = Duration::ZERO;
            while !is_over_too.load(Ordering::SeqCst) {
                let began = Instant::now();
                assert_eq!(drawn.screen().rows.len(), 24);
                longest = longest.max(began.elapsed());
            }
            longest
        });
        let began = Instant::now();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            for _ in 0..4 {
                feed_in_turns(&terminal, &output).await;
            }
        });
        let whole = began.elapsed();
        is_over.store(true, Ordering::SeqCst);
        let longest = window.join().unwrap();
        assert!(longest < whole / 8, "it waited for {longest:?} of {whole:?}");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_written_about_a_persons_machine_nobody_else_on_this_one_reads() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let text = write_text("{}", folder.path(), "ponte-session", "json").unwrap();
        let picture = Picture {
            width: 1,
            height: 1,
            rgba: vec![0; 4],
            stream: 1,
            sequence: 1,
            fresh: proto::geometry::Damage::default(),
        };
        let picture = write_picture(&picture, folder.path()).unwrap();
        for path in [text, picture] {
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{path:?}");
        }
    }
}
