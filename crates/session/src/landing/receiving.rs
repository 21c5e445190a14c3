//! Receiving the files of a batch where its list says that they go.

use super::{Landing, Target, make_folders};
use crate::allowance::Allowance;
use crate::batch::{BatchNews, Gate, SMALL_BYTES, Teller};
use crate::files::{remove_part, storage_failure};
use crate::part::open_part;
use crate::stream::{Reader, StreamError};
use proto::files::{BatchPart, BatchWish};
use proto::limits::FILE_BLOCK_BYTES;
use proto::session::TransferFailure;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use transfer::FileReceiver;

/// Small files that are written to the disk at the same time.
const WRITTEN_AT_ONCE: usize = 8;

/// The file that comes now.
struct Coming {
    index: u32,
    target: Target,
    receiver: FileReceiver,
    size_bytes: u64,
    place: Room,
    /// Why it cannot be kept; the rest of it is read and forgotten.
    failure: Option<TransferFailure>,
}

/// Where its bytes are until it is whole.
enum Room {
    Memory(Vec<u8>),
    Disk(tokio::fs::File),
}

/// Receives what was planned, as long as it is `allowed`. Every wish is answered by one [`BatchNews::Whole`] or
/// [`BatchNews::Failed`] when it returns well.
///
/// # Errors
/// [`TransferFailure`] of the whole batch; what is whole by then stays.
pub async fn receive_batch(
    reader: &mut Reader,
    landing: &mut Landing,
    wishes: &[BatchWish],
    mut gate: Gate,
    allowed: impl Allowance,
    news: &mpsc::Sender<BatchNews>,
) -> Result<(), TransferFailure> {
    let mut received = Receiving {
        awaited: wishes.iter().map(|wish| (wish.index, wish.from_bytes)).collect(),
        landing,
        writing: JoinSet::new(),
        failed: BTreeSet::new(),
        teller: Teller::new(news),
        allowed,
    };
    let mut stopped = gate.clone();
    let result = tokio::select! {
        biased;
        () = stopped.until_stopped() => Err(TransferFailure::Cancelled),
        result = received.run(reader, &mut gate) => result,
    };
    if result.is_err() {
        reader.stop();
    }
    // What has got its name by now is told, whatever became of the rest.
    let written = received.all_written().await;
    result.and(written)?;
    for index in std::mem::take(&mut received.awaited).into_keys() {
        received.fail(index, TransferFailure::Cancelled).await;
    }
    Ok(())
}

/// A file that was written: which, its digest, and where it is.
type Written = (u32, [u8; 32], Result<PathBuf, TransferFailure>);

struct Receiving<'a, A> {
    /// What has not begun yet, and from where on it may.
    awaited: BTreeMap<u32, u64>,
    landing: &'a mut Landing,
    writing: JoinSet<Written>,
    failed: BTreeSet<u32>,
    teller: Teller<'a>,
    allowed: A,
}

/// Whether this engine's threads end just now: then it is not the disk that takes nothing more.
async fn is_ending() -> bool {
    tokio::task::spawn_blocking(|| ()).await.is_err()
}

/// What came is not what may come.
const BROKEN: TransferFailure = TransferFailure::Corrupted;

impl<A: Allowance> Receiving<'_, A> {
    async fn run(&mut self, reader: &mut Reader, gate: &mut Gate) -> Result<(), TransferFailure> {
        for folder in self.landing.folders() {
            // A file in such a folder says why it cannot be there.
            let _ = make_folders(&self.landing.root, folder.names());
        }
        let mut coming = None;
        let result = self.parts(reader, gate, &mut coming).await;
        let is_cut_off = match result {
            Ok(()) | Err(TransferFailure::Cancelled) => true,
            Err(TransferFailure::Storage) => is_ending().await,
            Err(_) => false,
        };
        if !is_cut_off {
            // Nothing is gone on with of what came from an end that breaks the rules, or that there is no room for.
            self.landing.keeps_parts.store(false, Ordering::Relaxed);
        }
        result
    }

    async fn parts(
        &mut self,
        reader: &mut Reader,
        gate: &mut Gate,
        coming: &mut Option<Coming>,
    ) -> Result<(), TransferFailure> {
        while let Some(part) = reader.message::<BatchPart>().await.map_err(|error| self.lost(reader, error))? {
            gate.pass().await;
            if gate.is_stopped() || !self.allowed.stands() {
                return Err(TransferFailure::Cancelled);
            }
            // Nobody is told any more once everything is cut off.
            while let Some(written) = self.writing.try_join_next() {
                self.tell_written(written).await?;
            }
            match part {
                BatchPart::Begin { index, from_bytes } if coming.is_none() => {
                    *coming = Some(self.begin(index, from_bytes).await?);
                }
                BatchPart::Begin { .. } => return Err(BROKEN),
                BatchPart::Block { length } => {
                    let file = coming.as_mut().ok_or(BROKEN)?;
                    let length = usize::try_from(length).unwrap_or(usize::MAX);
                    let left = file.size_bytes - file.receiver.done_bytes();
                    if length > FILE_BLOCK_BYTES || length as u64 > left {
                        return Err(BROKEN);
                    }
                    let block = reader.exact(length).await.map_err(|error| self.lost(reader, error))?;
                    file.take(&block).await?;
                    self.teller.moved(length as u64, file.index);
                }
                BatchPart::End { digest } => self.end(coming.take().ok_or(BROKEN)?, digest).await?,
                BatchPart::Failed { index, failure } => {
                    let is_its = coming.as_ref().is_none_or(|file| file.index == index);
                    let was_awaited = self.awaited.remove(&index).is_some() || coming.is_some();
                    if !is_its || !was_awaited {
                        return Err(BROKEN);
                    }
                    if let Some(file) = coming.take() {
                        remove_part(&file.target.part.path);
                    }
                    self.fail(index, failure).await;
                }
            }
        }
        if coming.is_some() { Err(BROKEN) } else { Ok(()) }
    }

    fn lost(&self, reader: &Reader, error: StreamError) -> TransferFailure {
        if reader.is_given_up() && !self.landing.keeps_given_up {
            self.landing.keeps_parts.store(false, Ordering::Relaxed);
        }
        match error {
            StreamError::Gone => TransferFailure::Cancelled,
            StreamError::Peer(_) | StreamError::TooLong => BROKEN,
        }
    }

    async fn all_written(&mut self) -> Result<(), TransferFailure> {
        let mut result = Ok(());
        while !self.writing.is_empty() {
            result = result.and(self.written().await);
        }
        result
    }

    async fn begin(&mut self, index: u32, from_bytes: u64) -> Result<Coming, TransferFailure> {
        let offered = self.awaited.remove(&index).ok_or(BROKEN)?;
        let (mut target, size_bytes, resumable) = self.landing.target(index).ok_or(BROKEN)?;
        if from_bytes != 0 && from_bytes != offered {
            return Err(BROKEN);
        }
        if size_bytes > SMALL_BYTES {
            self.teller.begins(from_bytes, index);
        }
        let (begun, on_disk) = self.landing.begun.remove(&index).unzip();
        let begun = begun.filter(|_| from_bytes > 0);
        if from_bytes > 0 && begun.is_none() {
            return Err(BROKEN);
        }
        let mut failure = None;
        let place = if size_bytes <= self.landing.in_memory_bytes() {
            Room::Memory(Vec::with_capacity(usize::try_from(size_bytes).unwrap_or_default()))
        } else {
            let kept = (resumable, Arc::clone(&self.landing.keeps_parts));
            let opening = tokio::task::spawn_blocking(move || {
                let file = (target.path.as_str(), size_bytes);
                let opened = open_part(&mut target.part, on_disk, kept, file, from_bytes);
                (target, opened)
            });
            let opened = opening.await.map_err(|_| TransferFailure::Storage)?;
            target = opened.0;
            match opened.1 {
                Ok(file) => Room::Disk(tokio::fs::File::from_std(file)),
                Err(error) => {
                    failure = Some(storage_failure(&error));
                    Room::Memory(Vec::new())
                }
            }
        };
        let receiver = begun.unwrap_or_else(|| FileReceiver::new(size_bytes));
        if let Some(failure @ TransferFailure::DiskFull) = failure {
            return Err(failure);
        }
        Ok(Coming { index, target, receiver, size_bytes, place, failure })
    }

    async fn end(&mut self, mut file: Coming, digest: [u8; 32]) -> Result<(), TransferFailure> {
        use tokio::io::AsyncWriteExt as _;
        let index = file.index;
        let is_whole = file.receiver.done_bytes() == file.size_bytes
            && file.receiver.feed(&digest).is_ok_and(<[u8]>::is_empty)
            && file.receiver.finish().is_ok();
        if let Some(failure) = file.failure.or((!is_whole).then_some(BROKEN)) {
            remove_part(&file.target.part.path);
            self.fail(index, failure).await;
            return Ok(());
        }
        while self.writing.len() >= WRITTEN_AT_ONCE {
            self.written().await?;
        }
        let (target, allowed) = (file.target, self.allowed.clone());
        match file.place {
            Room::Memory(content) => {
                drop(self.writing.spawn_blocking(move || (index, digest, target.write_small(&content, &allowed))))
            }
            Room::Disk(mut on_disk) => {
                let synced = match on_disk.flush().await {
                    Ok(()) => on_disk.sync_all().await,
                    Err(error) => Err(error),
                };
                let on_disk = on_disk.into_std().await;
                if let Err(error) = synced {
                    if is_ending().await {
                        return Err(TransferFailure::Cancelled);
                    }
                    remove_part(&target.part.path);
                    return self.disk_failed(index, storage_failure(&error)).await;
                }
                self.writing.spawn_blocking(move || (index, digest, target.land(&on_disk, &allowed)));
            }
        }
        Ok(())
    }

    /// Waits until one of the files that are being written is.
    async fn written(&mut self) -> Result<(), TransferFailure> {
        match self.writing.join_next().await {
            Some(written) => self.tell_written(written).await,
            None => Ok(()),
        }
    }

    async fn tell_written(&mut self, written: Result<Written, JoinError>) -> Result<(), TransferFailure> {
        match written {
            Ok((index, digest, Ok(path))) => {
                self.teller.tell(BatchNews::Whole { index, digest, saved_to: Some(path) }).await;
                Ok(())
            }
            Ok((index, _, Err(failure))) => self.disk_failed(index, failure).await,
            Err(_) => Err(TransferFailure::Storage),
        }
    }

    /// What is wrong with one file is its own matter, but a full disk takes none of the others either.
    async fn disk_failed(&mut self, index: u32, failure: TransferFailure) -> Result<(), TransferFailure> {
        self.fail(index, failure).await;
        if failure == TransferFailure::DiskFull { Err(failure) } else { Ok(()) }
    }

    async fn fail(&mut self, index: u32, failure: TransferFailure) {
        if self.failed.insert(index) {
            self.teller.tell(BatchNews::Failed { index, failure }).await;
        }
    }
}

impl Coming {
    async fn take(&mut self, block: &[u8]) -> Result<(), TransferFailure> {
        use tokio::io::AsyncWriteExt as _;
        self.receiver.feed(block).map_err(|_| BROKEN)?;
        if self.failure.is_some() {
            return Ok(());
        }
        match &mut self.place {
            Room::Memory(content) => content.extend_from_slice(block),
            Room::Disk(file) => {
                if let Err(error) = file.write_all(block).await {
                    if is_ending().await {
                        return Err(TransferFailure::Cancelled);
                    }
                    let failure = storage_failure(&error);
                    remove_part(&self.target.part.path);
                    if failure == TransferFailure::DiskFull {
                        return Err(failure);
                    }
                    self.failure = Some(failure);
                }
            }
        }
        Ok(())
    }
}
