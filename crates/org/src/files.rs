//! Files: read within a limit, written whole or not at all, one command at a time.

use crate::failure::Failure;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Its owner only.
    Owner,
    /// Everybody.
    All,
    /// Everybody, and they may run it.
    AllAsProgram,
}

impl Readers {
    #[cfg(unix)]
    fn set(self, file: &File) -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let mode = match self {
            Self::Owner => 0o600,
            Self::All => 0o644,
            Self::AllAsProgram => 0o755,
        };
        file.set_permissions(fs::Permissions::from_mode(mode))
    }

    /// Elsewhere a file has the rights of its folder.
    #[cfg(not(unix))]
    #[allow(clippy::unnecessary_wraps, clippy::unused_self)]
    fn set(self, _: &File) -> io::Result<()> {
        Ok(())
    }
}

/// All of a file, if it has at most `most` bytes.
pub(crate) fn read(path: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    let unreadable = |error: io::Error| Failure::read(path, &error);
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path).map_err(unreadable)?.take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > most {
        return Err(Failure::new("too-large").with("file", path.display()));
    }
    Ok(bytes)
}

/// Writes beside the place and renames: whoever reads sees the old file or the new one.
pub(crate) fn write(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), Failure> {
    let unwritable = |error: io::Error| Failure::write(path, &error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(unwritable)?;
    file.write_all(bytes).map_err(unwritable)?;
    readers.set(file.as_file()).map_err(unwritable)?;
    file.as_file().sync_all().map_err(unwritable)?;
    file.persist(path).map_err(|error| unwritable(error.error))?;
    Ok(())
}

/// Makes a folder that only its owner can look into; it may be there already.
pub(crate) fn make_folder(path: &Path) -> Result<(), Failure> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| Failure::write(path, &error))
}

/// Holds the organisation's folder for one command; ends with the value, also when the program is ended.
pub(crate) struct Lock(#[expect(dead_code, reason = "the lock lasts as long as the open file")] File);

impl Lock {
    pub(crate) fn take(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(".lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| Failure::write(&path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(Failure::new("in-use").with("folder", folder.display())),
            Err(TryLockError::Error(error)) => Err(Failure::write(&path, &error)),
        }
    }
}
