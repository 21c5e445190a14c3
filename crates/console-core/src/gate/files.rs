//! Where the console keeps its files, and how they are written: whole or not at all, for its owner's eyes.

use super::problem::GateProblem;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Where the console keeps what it must not forget. Two files can be elsewhere than in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The folder.
    pub data: PathBuf,
    /// The operator's vault, if it is not in the folder.
    pub operator: Option<PathBuf>,
    /// The organisation file, if it is not in the folder.
    pub organisation: Option<PathBuf>,
}

impl Places {
    /// Everything in this folder.
    #[must_use]
    pub fn in_folder(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into(), operator: None, organisation: None }
    }

    /// The operator's vault.
    #[must_use]
    pub fn vault(&self) -> PathBuf {
        self.operator.clone().unwrap_or_else(|| self.data.join("operator.ponte-vault"))
    }

    /// The organisation file.
    #[must_use]
    pub fn organisation(&self) -> PathBuf {
        self.organisation.clone().unwrap_or_else(|| self.data.join("organisation.ponte"))
    }

    /// The newest list of revoked certificates that came with an answer, DER.
    #[must_use]
    pub fn revocations(&self) -> PathBuf {
        self.data.join("revocations.crl")
    }

    /// What to send to the organisation; public.
    #[must_use]
    pub fn request(&self) -> PathBuf {
        self.data.join("operator.request")
    }

    /// The folder of the logs of sessions.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.data.join("logs")
    }
}

/// All of a file; `None` if there is none.
pub(super) fn read_if_there(path: &Path, most: usize) -> Result<Option<Vec<u8>>, GateProblem> {
    match read(path, most) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "a file cannot be read");
            Err(GateProblem::NotRead(path.to_owned()))
        }
    }
}

/// All of a file, and one byte more than `most` of one that is longer, so that its reader refuses it.
fn read(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes beside the place and renames: whoever reads sees the old file or the new one. Its owner alone may
/// read it; so it is with the folder, if it must be made.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), GateProblem> {
    prepared(path, bytes).and_then(|file| Ok(file.persist(path).map(drop)?)).map_err(|error| not_written(path, &error))
}

/// All of a small file, for records.
pub(crate) fn read_bounded(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let bytes = read(path, most)?;
    if bytes.len() > most { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// Writes all of a small file that only its owner may read, in the place of what is there; makes its folder.
///
/// # Errors
/// It is as it was before.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    prepared(path, bytes).and_then(|file| Ok(file.persist(path).map(drop)?))
}

/// As [`write()`], but leaves alone what is there already.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), GateProblem> {
    prepared(path, bytes)
        .and_then(|file| Ok(file.persist_noclobber(path).map(drop)?))
        .map_err(|error| not_written(path, &error))
}

fn not_written(path: &Path, error: &io::Error) -> GateProblem {
    tracing::warn!(%error, path = %path.display(), "a file cannot be written");
    GateProblem::NotWritten(path.to_owned())
}

/// The bytes, on the disk, in a file beside `path` that only its owner may read.
fn prepared(path: &Path, bytes: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        make_folder(folder)?;
    }
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Makes a folder that only its owner can look into; it may be there already.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
