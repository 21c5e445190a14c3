//! A file on the disk, the same on both ends: what it has to be still once it was read, and how it gets its final name
//! when it is whole and its digest right.

use crate::allowance::Allowance;
use proto::session::TransferFailure;
use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use transfer::SafeName;

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

/// Removes a partial file, if it is there.
pub(crate) fn remove_part(part: &Path) {
    if let Err(error) = std::fs::remove_file(part)
        && error.kind() != ErrorKind::NotFound
    {
        tracing::warn!(%error, "a partial file could not be removed");
    }
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
