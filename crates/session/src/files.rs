//! Moving one file over one stream, from and to the disk, the same on both ends.
//!
//! A file has its final name only when it is whole and its digest right; until then it is a partial
//! file beside it, which is removed when the transfer fails.

use crate::allowance::Allowance;
use crate::private;
use crate::stream::{Reader, StreamError, Writer};
use bytes::BytesMut;
use proto::limits::FILE_BLOCK_BYTES;
use proto::session::{TransferFailure, TransferId};
use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use transfer::{FileReceiver, FileSender, PartName, SafeName};

/// Names that are tried when the wished one is taken: "a.txt", "a (2).txt", and so on.
const NAMES_TRIED: u32 = 1000;

/// Turns the system's word into ours.
#[must_use]
pub fn storage_failure(error: &io::Error) -> TransferFailure {
    match error.kind() {
        ErrorKind::NotFound => TransferFailure::NotFound,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => TransferFailure::PermissionDenied,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => TransferFailure::DiskFull,
        ErrorKind::IsADirectory | ErrorKind::NotADirectory => TransferFailure::NotAFile,
        _ => TransferFailure::Storage,
    }
}

/// How long the other end has to say why it takes no more of a file.
const TOLD_WITHIN: Duration = Duration::from_secs(5);

/// Waits for that: the reason is on another stream than the files, and whoever hears it ends what waits here.
pub async fn told_why() {
    tokio::time::sleep(TOLD_WITHIN).await;
}

fn stream_failure(_: StreamError) -> TransferFailure {
    TransferFailure::Cancelled
}

/// The size in bytes of a plain file, which may then be sent.
///
/// # Errors
/// [`TransferFailure`] as words can explain it.
pub async fn sendable(path: &Path) -> Result<u64, TransferFailure> {
    let metadata = fs::metadata(path).await.map_err(|error| storage_failure(&error))?;
    if metadata.is_file() { Ok(metadata.len()) } else { Err(TransferFailure::NotAFile) }
}

/// What a file that is sent has to be still when all of it was read: who writes to it leaves another time of change, as
/// finely as the file system keeps it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SourceState {
    size_bytes: u64,
    modified: Option<SystemTime>,
}

impl SourceState {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self { size_bytes: metadata.len(), modified: metadata.modified().ok() }
    }
}

/// Opens a file to send; before its stream is opened, so that there is none without a file.
///
/// # Errors
/// [`TransferFailure`] as words can explain it.
pub async fn open_file(path: &Path) -> Result<File, TransferFailure> {
    File::open(path).await.map_err(|error| storage_failure(&error))
}

/// Sends the file, which must still have `size_bytes`, as long as `allowed` says so, and waits until it
/// has arrived. Dropping this gives up at once what has not left. Returns the file's BLAKE3 digest.
///
/// # Errors
/// [`TransferFailure`]; the stream is then given up, so that the other end keeps nothing.
pub async fn send_file(
    writer: &mut Writer,
    mut file: File,
    size_bytes: u64,
    allowed: impl Fn() -> bool,
    mut progress: impl FnMut(u64),
) -> Result<[u8; 32], TransferFailure> {
    let sent = async {
        let state = |metadata: io::Result<Metadata>| {
            metadata.map(|metadata| SourceState::of(&metadata)).map_err(|error| storage_failure(&error))
        };
        let before = state(file.metadata().await)?;
        let mut sender = FileSender::new(size_bytes, 0).map_err(|_| TransferFailure::Changed)?;
        let mut done = 0;
        loop {
            let mut block = BytesMut::with_capacity(FILE_BLOCK_BYTES);
            let length = file.read_buf(&mut block).await.map_err(|error| storage_failure(&error))?;
            if !allowed() {
                return Err(TransferFailure::Cancelled);
            }
            if length == 0 {
                break;
            }
            sender.push(&block).map_err(|_| TransferFailure::Changed)?;
            done += length as u64;
            writer.bytes(block.freeze()).await.map_err(stream_failure)?;
            progress(done);
        }
        if state(file.metadata().await)? != before {
            return Err(TransferFailure::Changed);
        }
        let digest = sender.finish().map_err(|_| TransferFailure::Changed)?;
        writer.bytes(digest.to_vec().into()).await.map_err(stream_failure)?;
        Ok(digest)
    };
    let result = sent.await;
    match result {
        // As long as something of it is under way it can still be taken back.
        Ok(_) => writer.finish_delivered().await,
        Err(_) => writer.abandon(),
    }
    result
}

/// Receives a file of `size_bytes` into `folder` under `name`, or the next free number of it, as
/// long as it is `allowed`. Returns where it is, and its BLAKE3 digest.
///
/// # Errors
/// [`TransferFailure`]; nothing is then left on the disk.
pub async fn receive_file(
    reader: &mut Reader,
    (transfer, name, size_bytes): (TransferId, &SafeName, u64),
    folder: &Path,
    allowed: impl Allowance,
    progress: impl FnMut(u64),
) -> Result<(PathBuf, [u8; 32]), TransferFailure> {
    let part = Partial(folder.join(PartName::new(transfer, rand::random()).as_str()));
    let received = receive_part(reader, size_bytes, &part.0, &allowed, progress).await;
    let result = match received {
        Ok(digest) => {
            let (part, folder, name) = (part.0.clone(), folder.to_owned(), name.clone());
            let placed = tokio::task::spawn_blocking(move || place(&part, &folder, &name, &allowed)).await;
            placed.unwrap_or(Err(TransferFailure::Storage)).map(|path| (path, digest))
        }
        Err(failure) => Err(failure),
    };
    if result.is_err() {
        reader.stop();
    }
    result
}

/// A partial file; removed however the transfer ends, also when its task is cancelled. After
/// success it is a second name of the whole file.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        remove_part(&self.0);
    }
}

/// Removes a partial file, if it is there.
pub(crate) fn remove_part(part: &Path) {
    if let Err(error) = std::fs::remove_file(part)
        && error.kind() != ErrorKind::NotFound
    {
        tracing::warn!(%error, "a partial file could not be removed");
    }
}

async fn receive_part(
    reader: &mut Reader,
    size_bytes: u64,
    part: &Path,
    allowed: &impl Allowance,
    mut progress: impl FnMut(u64),
) -> Result<[u8; 32], TransferFailure> {
    let failed = |error: io::Error| storage_failure(&error);
    let mut file = File::from_std(private::create_new(part).map_err(failed)?);
    let mut receiver = FileReceiver::new(size_bytes);
    while let Some(bytes) = reader.some().await.map_err(stream_failure)? {
        if !allowed.stands() {
            return Err(TransferFailure::Cancelled);
        }
        let content = receiver.feed(&bytes).map_err(|_| TransferFailure::Corrupted)?;
        file.write_all(content).await.map_err(failed)?;
        progress(receiver.done_bytes());
    }
    let digest = receiver.finish().map_err(|_| TransferFailure::Corrupted)?;
    file.flush().await.map_err(failed)?;
    file.sync_all().await.map_err(failed)?;
    Ok(digest)
}

/// Gives the whole file its final name without ever replacing another, and not after what it came by is gone. Waits for
/// the disk.
pub(crate) fn place(
    part: &Path,
    folder: &Path,
    name: &SafeName,
    allowed: &impl Allowance,
) -> Result<PathBuf, TransferFailure> {
    for number in 1..=NAMES_TRIED {
        let wished = if number == 1 { name.clone() } else { name.numbered(number) };
        let path = folder.join(wished.as_str());
        // One try at a time: whoever takes the consent back waits for no more than that.
        match allowed.act(|| name_it(part, &path)) {
            Some(Ok(())) => return Ok(path),
            Some(Err(error)) if error.kind() == ErrorKind::AlreadyExists => {}
            Some(Err(error)) => return Err(storage_failure(&error)),
            None => return Err(TransferFailure::Cancelled),
        }
    }
    Err(TransferFailure::BadName)
}

fn name_it(part: &Path, path: &Path) -> io::Result<()> {
    match std::fs::hard_link(part, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {}
        linked => return linked,
    }
    // File systems without links: reserve the name, then move over the reservation.
    std::fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    std::fs::rename(part, path).inspect_err(|_| {
        // Nothing half-written under the final name, not even an empty file.
        remove_part(path);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It stood when it was looked at, and is gone when something is done by it.
    #[derive(Clone)]
    struct JustGone;

    impl Allowance for JustGone {
        fn stands(&self) -> bool {
            true
        }

        fn act<R>(&self, _: impl FnOnce() -> R) -> Option<R> {
            None
        }
    }

    #[test]
    fn a_file_gets_no_name_once_the_consent_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let (part, name) = (folder.path().join("part"), SafeName::parse("a.txt").unwrap());
        std::fs::write(&part, "a").unwrap();
        assert_eq!(place(&part, folder.path(), &name, &JustGone), Err(TransferFailure::Cancelled));
        assert!(!folder.path().join("a.txt").exists());
        assert_eq!(place(&part, folder.path(), &name, &crate::Own), Ok(folder.path().join("a.txt")));
        assert_eq!(place(&part, folder.path(), &name, &crate::Own), Ok(folder.path().join("a (2).txt")));
    }
}
