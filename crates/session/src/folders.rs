//! What is in a folder, and what is in all the folders of a batch; links are told, never followed.

use crate::files::storage_failure;
use crate::stream::{Reader, StreamError, Writer};
use bytes::{Bytes, BytesMut};
use proto::codec::Message;
use proto::files::{BatchEntry, BatchItem, EntryKind, FolderEntry};
use proto::limits::{BATCH_ENTRIES, BATCH_LIST_BYTES, FILE_BLOCK_BYTES, FOLDER_ROWS, PATH_DEPTH};
use proto::session::{FileName, PathText, TransferFailure};
use proto::text::Text;
use std::cmp::Reverse;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::UNIX_EPOCH;

/// So many things in a folder are looked at; what is beyond is counted.
const LOOKED_AT: usize = 5 * FOLDER_ROWS;
/// How much the system's list of one batch entry takes at least, in bytes, whatever its name.
const ENTRY_BYTES: usize = 24;

/// What is in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FolderList {
    /// Where it is, without links.
    pub path: PathBuf,
    /// The folder that it is in.
    pub parent: Option<PathBuf>,
    /// What is in it: folders first, then by name.
    pub entries: Vec<FolderEntry>,
    /// How much more there is.
    pub left_out: u32,
}

/// Lists a folder. Waits for the disk.
///
/// # Errors
/// [`TransferFailure`] as words can explain it.
pub fn list_folder(path: &Path) -> Result<FolderList, TransferFailure> {
    let failed = |error: std::io::Error| storage_failure(&error);
    let path = fs::canonicalize(path).map_err(failed)?;
    let parent = path.parent().map(Path::to_owned);
    let mut list = FolderList { path, parent, ..FolderList::default() };
    for entry in fs::read_dir(&list.path).map_err(failed)? {
        if list.entries.len() >= LOOKED_AT {
            list.left_out = list.left_out.saturating_add(1);
            continue;
        }
        let Ok(entry) = entry else { continue };
        let (name, metadata) = (entry.file_name(), entry.metadata().ok());
        let kind = match (name.to_str(), &metadata) {
            (Some(_), Some(metadata)) => kind_of(metadata),
            _ => EntryKind::Other,
        };
        let size_bytes = metadata.as_ref().filter(|_| kind == EntryKind::File).map_or(0, Metadata::len);
        let modified_s = metadata.as_ref().map_or(0, modified_s);
        let name = FileName::truncated(&name.to_string_lossy());
        list.entries.push(FolderEntry { name, kind, size_bytes, modified_s });
    }
    list.entries.sort_by_cached_key(|entry| (entry.kind != EntryKind::Folder, entry.name.as_str().to_lowercase()));
    let beyond = list.entries.len().saturating_sub(FOLDER_ROWS);
    list.entries.truncate(FOLDER_ROWS);
    list.left_out = list.left_out.saturating_add(u32::try_from(beyond).unwrap_or(u32::MAX));
    Ok(list)
}

fn kind_of(metadata: &Metadata) -> EntryKind {
    let kind = metadata.file_type();
    match () {
        () if kind.is_symlink() => EntryKind::Link,
        () if kind.is_dir() => EntryKind::Folder,
        () if kind.is_file() => EntryKind::File,
        () => EntryKind::Other,
    }
}

/// When it was changed last, in seconds since 1970; 0 where that is not known.
pub(crate) fn modified_s(metadata: &Metadata) -> u64 {
    let modified = metadata.modified().ok();
    modified.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).map_or(0, |since| since.as_secs())
}

/// All that a batch sends: the list as the other end gets it, and where each entry is here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// The list.
    pub entries: Vec<BatchEntry>,
    /// Where each of them is.
    pub sources: Vec<PathBuf>,
}

impl Batch {
    /// How many files are sent, and how many bytes they have.
    #[must_use]
    pub fn totals(&self) -> (u32, u64) {
        totals(&self.entries)
    }
}

/// How many files a list has that are sent, and how many bytes they have.
#[must_use]
pub fn totals(entries: &[BatchEntry]) -> (u32, u64) {
    let files = entries.iter().filter(|entry| entry.item == BatchItem::File);
    files.fold((0, 0), |(count, bytes), entry| (count + 1, bytes.saturating_add(entry.size_bytes)))
}

/// Walks through files and folders, links not followed, as long as `goes_on` says so. Waits for the disk.
///
/// # Errors
/// [`TransferFailure::TooMany`] for more than one batch may have; [`TransferFailure::Cancelled`].
fn walk(paths: &[PathBuf], goes_on: impl Fn() -> bool) -> Result<Batch, TransferFailure> {
    let mut batch = Batch::default();
    let mut list_bytes = 0;
    // The next to look at is the last; names come in order.
    let mut waiting: Vec<(PathBuf, String, usize)> = Vec::new();
    for path in paths.iter().rev() {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        waiting.push((path.clone(), name, 1));
    }
    while let Some((source, path, depth)) = waiting.pop() {
        if !goes_on() {
            return Err(TransferFailure::Cancelled);
        }
        let (item, size_bytes, changed_s) = look_at(&source, &path, depth);
        let item = match item {
            BatchItem::Folder => match children(&source) {
                Ok(names) => {
                    let below = names
                        .into_iter()
                        .map(|name| (source.join(&name), format!("{path}/{}", name.to_string_lossy()), depth + 1));
                    waiting.extend(below);
                    BatchItem::Folder
                }
                Err(failure) => BatchItem::Left(failure),
            },
            item => item,
        };
        list_bytes += path.len().min(proto::limits::PATH_BYTES) + ENTRY_BYTES;
        if batch.entries.len() >= BATCH_ENTRIES || list_bytes > BATCH_LIST_BYTES || waiting.len() > BATCH_ENTRIES {
            return Err(TransferFailure::TooMany);
        }
        let path = PathText::truncated(&path);
        batch.entries.push(BatchEntry { path, item, size_bytes, modified_s: changed_s });
        batch.sources.push(source);
    }
    Ok(batch)
}

/// Ends what a thread does when nobody waits for it any more.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// [`walk`] in a thread of its own, which ends soon after this is dropped.
///
/// # Errors
/// As [`walk`].
pub async fn walk_apart(paths: impl FnOnce() -> Vec<PathBuf> + Send + 'static) -> Result<Batch, TransferFailure> {
    let stop = StopOnDrop(Arc::default());
    let is_stopped = Arc::clone(&stop.0);
    let walking = tokio::task::spawn_blocking(move || walk(&paths(), || !is_stopped.load(Ordering::Relaxed)));
    walking.await.unwrap_or(Err(TransferFailure::Storage))
}

fn look_at(source: &Path, path: &str, depth: usize) -> (BatchItem, u64, u64) {
    let left = |failure| (BatchItem::Left(failure), 0, 0);
    let is_text = source.file_name().is_some_and(|name| name.to_str().is_some());
    if !is_text || path.len() > proto::limits::PATH_BYTES || depth > PATH_DEPTH {
        return left(TransferFailure::BadName);
    }
    match fs::symlink_metadata(source) {
        Err(error) => left(storage_failure(&error)),
        Ok(metadata) => match kind_of(&metadata) {
            EntryKind::File => (BatchItem::File, metadata.len(), modified_s(&metadata)),
            EntryKind::Folder => (BatchItem::Folder, 0, modified_s(&metadata)),
            EntryKind::Link => left(TransferFailure::Link),
            EntryKind::Other => left(TransferFailure::NotAFile),
        },
    }
}

/// The names in a folder, the last first.
fn children(folder: &Path) -> Result<Vec<std::ffi::OsString>, TransferFailure> {
    let entries = fs::read_dir(folder).map_err(|error| storage_failure(&error))?;
    let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).take(BATCH_ENTRIES + 1).collect();
    names.sort_unstable_by_key(|name| Reverse(name.clone()));
    Ok(names)
}

/// Sends a list, as long as `allowed` says so.
///
/// # Errors
/// [`StreamError`].
pub async fn send_list<M: Message>(
    writer: &mut Writer,
    list: impl IntoIterator<Item = M>,
    allowed: impl Fn() -> bool,
) -> Result<(), StreamError> {
    let mut buffer = Vec::new();
    for message in list {
        proto::frame_into(&message, &mut buffer)?;
        if buffer.len() >= FILE_BLOCK_BYTES {
            if !allowed() {
                return Err(StreamError::Gone);
            }
            writer.bytes(Bytes::from(std::mem::take(&mut buffer))).await?;
        }
    }
    if !allowed() {
        return Err(StreamError::Gone);
    }
    writer.bytes(BytesMut::from(buffer.as_slice()).freeze()).await?;
    writer.finish_delivered().await;
    Ok(())
}

/// Reads a list to its end.
///
/// # Errors
/// [`StreamError`], also for more than `most` entries.
pub async fn read_list<M: Message>(reader: &mut Reader, most: usize) -> Result<Vec<M>, StreamError> {
    let mut list = Vec::new();
    while let Some(message) = reader.message::<M>().await? {
        if list.len() >= most {
            return Err(StreamError::Peer("a list that is too long"));
        }
        list.push(message);
    }
    Ok(list)
}

/// Reads the list of a batch to its end.
///
/// # Errors
/// [`StreamError`], also for a list that is longer than one may be.
pub async fn read_batch_list(reader: &mut Reader) -> Result<Vec<BatchEntry>, StreamError> {
    let (mut list, mut list_bytes) = (Vec::new(), 0);
    while let Some(entry) = reader.message::<BatchEntry>().await? {
        list_bytes += entry.path.as_str().len() + ENTRY_BYTES;
        if list.len() >= BATCH_ENTRIES || list_bytes > BATCH_LIST_BYTES {
            return Err(StreamError::Peer("a list that is too long"));
        }
        list.push(entry);
    }
    Ok(list)
}

/// A path as text that travels; none for one that is no text or too long.
#[must_use]
pub fn path_text(path: &Path) -> Option<PathText> {
    path.to_str().and_then(|path| Text::new(path).ok())
}
