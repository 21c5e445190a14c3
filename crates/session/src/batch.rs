//! Sending a batch: every file that the other end wants, one after the other on one stream.

use crate::files::{SourceState, storage_failure};
use crate::folders::{Batch, modified_s};
use crate::stream::{StreamError, Writer};
use bytes::{Bytes, BytesMut};
use proto::files::{BatchEntry, BatchItem, BatchPart, BatchWish};
use proto::limits::FILE_BLOCK_BYTES;
use proto::session::TransferFailure;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use tokio::sync::{mpsc, watch};
use transfer::FileSender;

/// A file of at most so many bytes is read and written in one go: nothing is cut off in its middle.
pub const SMALL_BYTES: u64 = 256 * 1024;
/// Progress is told at most this often.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// How a batch goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchNews {
    /// So many bytes have moved, of which those that were there before are counted as well.
    Progress {
        /// Of the whole batch.
        done_bytes: u64,
        /// The file that moves now.
        index: u32,
    },
    /// A file is whole.
    Whole {
        /// Which.
        index: u32,
        /// Its BLAKE3 digest.
        digest: [u8; 32],
        /// Where it is, at the end that receives.
        saved_to: Option<PathBuf>,
    },
    /// A file does not arrive.
    Failed {
        /// Which.
        index: u32,
        /// Why.
        failure: TransferFailure,
    },
}

/// Whether a batch moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// It does.
    Moves,
    /// Somebody holds it.
    Held,
    /// It does not any more: what is whole by now stays.
    Stopped,
}

/// Lets a batch pass, stand still or end.
#[derive(Debug, Clone)]
pub struct Gate {
    motion: watch::Receiver<Motion>,
    /// Files of which no more is sent.
    skipped: Arc<Mutex<BTreeSet<u32>>>,
}

impl Gate {
    /// An open one, and what closes and opens it.
    #[must_use]
    pub fn new() -> (watch::Sender<Motion>, Self) {
        let (hold, held) = watch::channel(Motion::Moves);
        (hold, Self { motion: held, skipped: Arc::default() })
    }

    /// Waits while it is held.
    pub(crate) async fn pass(&mut self) {
        // Whoever could close it is gone: it stays as it was last.
        let _ = self.motion.wait_for(|motion| *motion != Motion::Held).await;
    }

    /// No more is sent of this file; the others go on. Numbers must be those of the list, so that there are not more.
    pub fn skip(&self, index: u32) {
        self.skipped.lock().unwrap_or_else(PoisonError::into_inner).insert(index);
    }

    fn skips(&self, index: u32) -> bool {
        self.skipped.lock().unwrap_or_else(PoisonError::into_inner).contains(&index)
    }

    /// Whether it may not go on any more.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        *self.motion.borrow() == Motion::Stopped
    }

    /// Waits until it may not go on any more.
    pub async fn until_stopped(&mut self) {
        if self.motion.wait_for(|motion| *motion == Motion::Stopped).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Tells progress, not more often than a person can read.
pub(crate) struct Teller<'a> {
    news: &'a mpsc::Sender<BatchNews>,
    told: Option<Instant>,
    pub(crate) done_bytes: u64,
}

impl<'a> Teller<'a> {
    pub(crate) fn new(news: &'a mpsc::Sender<BatchNews>) -> Self {
        Self { news, told: None, done_bytes: 0 }
    }

    pub(crate) fn moved(&mut self, bytes: u64, index: u32) {
        self.done_bytes = self.done_bytes.saturating_add(bytes);
        let now = Instant::now();
        if self.told.is_none_or(|at| now.duration_since(at) >= PROGRESS_EVERY) {
            self.told = Some(now);
            // Progress that finds no room is replaced by the next.
            let _ = self.news.try_send(BatchNews::Progress { done_bytes: self.done_bytes, index });
        }
    }

    /// A large file begins, or goes on from here: whoever is told what moves hears of it at once, since it may be cut off
    /// in its middle.
    pub(crate) fn begins(&mut self, from_bytes: u64, index: u32) {
        self.told = None;
        self.moved(from_bytes, index);
    }

    pub(crate) async fn tell(&self, news: BatchNews) {
        // Fails only when the session is over.
        let _ = self.news.send(news).await;
    }
}

/// Whether what the other end wants is in the list, each once and in order.
#[must_use]
pub fn wishes_fit(entries: &[BatchEntry], wishes: &[BatchWish]) -> bool {
    let in_order = wishes.is_sorted_by(|one, next| one.index < next.index);
    in_order
        && wishes.iter().all(|wish| {
            let entry = usize::try_from(wish.index).ok().and_then(|index| entries.get(index));
            entry.is_some_and(|entry| entry.item == BatchItem::File && wish.from_bytes <= entry.size_bytes)
        })
}

/// Sends what is wished of a batch ([`wishes_fit`]), as long as `allowed` says so, and waits until it has arrived.
/// Dropping this gives up at once what has not left. `whole` hears of a digest before it leaves.
///
/// # Errors
/// [`TransferFailure`] of the whole batch; the stream is then given up. What fails of single files is told as
/// [`BatchNews::Failed`] and to the other end.
pub async fn send_batch(
    writer: &mut Writer,
    batch: &Batch,
    wishes: &[BatchWish],
    mut gate: Gate,
    (allowed, whole): (impl Fn() -> bool, impl Fn(u32, [u8; 32])),
    news: &mpsc::Sender<BatchNews>,
) -> Result<(), TransferFailure> {
    let mut teller = Teller::new(news);
    let sent = async {
        for wish in wishes {
            let at = usize::try_from(wish.index).unwrap_or(usize::MAX);
            let (Some(entry), Some(source)) = (batch.entries.get(at), batch.sources.get(at)) else {
                return Err(TransferFailure::Corrupted);
            };
            let before = teller.done_bytes;
            let file = Sending { writer: &mut *writer, entry, source, wish };
            let sent = if gate.skips(wish.index) {
                Err(Stop::File(TransferFailure::Cancelled))
            } else if entry.size_bytes <= SMALL_BYTES {
                file.small(&mut gate, &allowed, &whole, &mut teller).await
            } else {
                file.large(&mut gate, &allowed, &whole, &mut teller).await
            };
            match sent {
                Ok(digest) => teller.tell(BatchNews::Whole { index: wish.index, digest, saved_to: None }).await,
                Err(Stop::Batch(failure)) => return Err(failure),
                Err(Stop::File(failure)) => {
                    teller.done_bytes = before;
                    teller.moved(entry.size_bytes, wish.index);
                    let failed = BatchPart::Failed { index: wish.index, failure };
                    writer.message(&failed).await.map_err(gone)?;
                    teller.tell(BatchNews::Failed { index: wish.index, failure }).await;
                }
            }
        }
        Ok(())
    };
    let result = sent.await;
    match result {
        // As long as something of it is under way it can still be taken back.
        Ok(()) => writer.finish_delivered().await,
        Err(_) => writer.abandon(),
    }
    result
}

fn gone(_: StreamError) -> TransferFailure {
    TransferFailure::Cancelled
}

/// What ends a file, or all of them.
enum Stop {
    File(TransferFailure),
    Batch(TransferFailure),
}

impl From<StreamError> for Stop {
    fn from(error: StreamError) -> Self {
        Self::Batch(gone(error))
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::File(storage_failure(&error))
    }
}

const CHANGED: Stop = Stop::File(TransferFailure::Changed);
const CANCELLED: Stop = Stop::Batch(TransferFailure::Cancelled);

struct Sending<'a> {
    writer: &'a mut Writer,
    entry: &'a BatchEntry,
    source: &'a Path,
    wish: &'a BatchWish,
}

impl Sending<'_> {
    /// Reads the whole file and sends it in one piece.
    async fn small(
        self,
        gate: &mut Gate,
        allowed: &impl Fn() -> bool,
        whole: &impl Fn(u32, [u8; 32]),
        teller: &mut Teller<'_>,
    ) -> Result<[u8; 32], Stop> {
        let (source, entry) = (self.source.to_owned(), self.entry.clone());
        let read = tokio::task::spawn_blocking(move || read_small(&source, &entry)).await;
        let content = read.map_err(|_| Stop::File(TransferFailure::Storage))??;
        gate.pass().await;
        if gate.is_stopped() || !allowed() {
            return Err(CANCELLED);
        }
        // So little is quicker sent than compared.
        let mut sender = FileSender::new(self.entry.size_bytes, 0).map_err(|_| CHANGED)?;
        sender.push(&content).map_err(|_| CHANGED)?;
        let digest = sender.finish().map_err(|_| CHANGED)?;
        let mut framed = Vec::with_capacity(content.len() + 256);
        let frame = |part: BatchPart, framed: &mut Vec<u8>| {
            proto::frame_into(&part, framed).map_err(|_| Stop::Batch(TransferFailure::Storage))
        };
        frame(BatchPart::Begin { index: self.wish.index, from_bytes: 0 }, &mut framed)?;
        for block in content.chunks(FILE_BLOCK_BYTES) {
            let length = u32::try_from(block.len()).map_err(|_| CHANGED)?;
            frame(BatchPart::Block { length }, &mut framed)?;
            framed.extend_from_slice(block);
        }
        frame(BatchPart::End { digest }, &mut framed)?;
        whole(self.wish.index, digest);
        self.writer.bytes(Bytes::from(framed)).await?;
        teller.moved(self.entry.size_bytes, self.wish.index);
        Ok(digest)
    }

    /// Reads and sends block by block.
    async fn large(
        self,
        gate: &mut Gate,
        allowed: &impl Fn() -> bool,
        whole: &impl Fn(u32, [u8; 32]),
        teller: &mut Teller<'_>,
    ) -> Result<[u8; 32], Stop> {
        let Self { writer, entry, source, wish } = self;
        let (path, expected) = (source.to_owned(), entry.clone());
        let opened = tokio::task::spawn_blocking(move || open_listed(&path, &expected)).await;
        let (file, state) = opened.map_err(|_| Stop::File(TransferFailure::Storage))??;
        let mut file = File::from_std(file);
        let mut sender = prefix_of(&mut file, entry, wish, allowed).await?;
        let from_bytes = sender.done_bytes();
        writer.message(&BatchPart::Begin { index: wish.index, from_bytes }).await?;
        teller.begins(from_bytes, wish.index);
        loop {
            let mut block = BytesMut::with_capacity(FILE_BLOCK_BYTES);
            let length = file.read_buf(&mut block).await?;
            gate.pass().await;
            if gate.is_stopped() || !allowed() {
                return Err(CANCELLED);
            }
            if gate.skips(wish.index) {
                return Err(Stop::File(TransferFailure::Cancelled));
            }
            if length == 0 {
                break;
            }
            sender.push(&block).map_err(|_| CHANGED)?;
            writer.message(&BatchPart::Block { length: u32::try_from(length).map_err(|_| CHANGED)? }).await?;
            writer.bytes(block.freeze()).await?;
            teller.moved(length as u64, wish.index);
        }
        if SourceState::of(&file.metadata().await?) != state {
            return Err(CHANGED);
        }
        let digest = sender.finish().map_err(|_| CHANGED)?;
        whole(wish.index, digest);
        writer.message(&BatchPart::End { digest }).await?;
        Ok(digest)
    }
}

/// Hashes what the other end has already; begins anew where that is something else.
async fn prefix_of(
    file: &mut File,
    entry: &BatchEntry,
    wish: &BatchWish,
    allowed: &impl Fn() -> bool,
) -> Result<FileSender, Stop> {
    use tokio::io::AsyncSeekExt as _;
    let mut sender = FileSender::new(entry.size_bytes, wish.from_bytes).map_err(|_| CHANGED)?;
    let mut block = vec![0; FILE_BLOCK_BYTES];
    while sender.prefix_bytes_left() > 0 {
        let most = usize::try_from(sender.prefix_bytes_left()).unwrap_or(usize::MAX).min(block.len());
        let length = file.read(block.get_mut(..most).unwrap_or_default()).await?;
        if !allowed() {
            return Err(CANCELLED);
        }
        if length == 0 {
            return Err(CHANGED);
        }
        sender.hash_prefix(block.get(..length).unwrap_or_default()).map_err(|_| CHANGED)?;
    }
    if sender.digest_so_far() == wish.prefix || wish.from_bytes == 0 {
        return Ok(sender);
    }
    file.rewind().await?;
    FileSender::new(entry.size_bytes, 0).map_err(|_| CHANGED)
}

/// Opens a file that is still what the list says.
fn open_listed(source: &Path, entry: &BatchEntry) -> Result<(fs::File, SourceState), Stop> {
    if !fs::symlink_metadata(source)?.is_file() {
        return Err(CHANGED);
    }
    let file = fs::File::open(source)?;
    let metadata = file.metadata()?;
    let is_same = metadata.is_file() && metadata.len() == entry.size_bytes;
    if is_same && modified_s(&metadata) == entry.modified_s {
        Ok((file, SourceState::of(&metadata)))
    } else {
        Err(CHANGED)
    }
}

fn read_small(source: &Path, entry: &BatchEntry) -> Result<Vec<u8>, Stop> {
    let (mut file, state) = open_listed(source, entry)?;
    let mut content = Vec::new();
    (&mut file).take(SMALL_BYTES + 1).read_to_end(&mut content)?;
    let is_same = content.len() as u64 == entry.size_bytes && SourceState::of(&file.metadata()?) == state;
    if is_same { Ok(content) } else { Err(CHANGED) }
}
