//! Partial files: each is written by one transfer alone, and is nobody else's.

use crate::files::remove_part;
use crate::private::private;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A partial file: removed when it is dropped, unless it is to be gone on with.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) path: PathBuf,
    pub(crate) keeps: Arc<AtomicBool>,
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.keeps.load(Ordering::Relaxed) {
            remove_part(&self.path);
        }
    }
}

/// The partial file of a large file, ready for what follows `from_bytes`: what was begun, or else the one that may be
/// gone on with another time, or else, where somebody is at that one, one of its own.
pub(crate) fn open_part(
    part: &mut Part,
    begun: Option<File>,
    (resumable, keeps): (Option<PathBuf>, Arc<AtomicBool>),
    from_bytes: u64,
) -> io::Result<File> {
    if let Some(resumable) = resumable {
        let opened = match begun {
            Some(file) => Some(file),
            None => create_or_clear(&resumable)?,
        };
        if let Some(mut file) = opened {
            *part = Part { path: resumable, keeps };
            file.set_len(from_bytes)?;
            file.seek(SeekFrom::Start(from_bytes))?;
            return Ok(file);
        }
    }
    create(&part.path)
}

/// Takes what an earlier try has left, unless it is somebody else's or somebody is at it now. Whoever has the file that
/// comes of this has its name, too, until it is dropped.
pub(crate) fn take_up(path: &Path) -> Option<File> {
    // Anything but a plain file is not even opened.
    fs::symlink_metadata(path).ok().filter(Metadata::is_file)?;
    let file = OpenOptions::new().read(true).write(true).open(path).ok()?;
    file.try_lock().ok()?;
    (is_own(&file.metadata().ok()?) && is_at(&file, path)).then_some(file)
}

/// Makes a new one where nothing is.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let file = private(OpenOptions::new().read(true).write(true).create_new(true)).open(path)?;
    // Fails where the system has no locks: then nobody takes it up either.
    let _ = file.try_lock();
    Ok(file)
}

/// The same, but begins anew with what is there; nothing if that cannot be taken up.
pub(crate) fn create_or_clear(path: &Path) -> io::Result<Option<File>> {
    match create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        created => return created.map(Some),
    }
    let Some(file) = take_up(path) else { return Ok(None) };
    file.set_len(0)?;
    Ok(Some(file))
}

/// Whether a path leads to this very file, and not by a link.
#[cfg(unix)]
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (Ok(here), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
    here.is_file() && (here.dev(), here.ino()) == (there.dev(), there.ino())
}

/// Whether a path leads to a file; which one this system does not tell.
#[cfg(not(unix))]
pub(crate) fn is_at(_: &File, path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|there| there.is_file())
}

/// Whether it is this user's, and has no other name by which somebody could get at it.
#[cfg(unix)]
fn is_own(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.is_file() && metadata.nlink() == 1 && metadata.uid() == rustix::process::geteuid().as_raw()
}

/// Whether it is a file; whose this system tells only when it is opened.
#[cfg(not(unix))]
fn is_own(metadata: &Metadata) -> bool {
    metadata.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn left(path: &Path) {
        fs::write(path, "left").unwrap();
    }

    #[test]
    fn what_an_earlier_try_left_is_taken_up_by_one_alone() {
        let folder = folder();
        let path = folder.path().join("part");
        assert!(take_up(&path).is_none(), "nothing is there");
        left(&path);
        let first = take_up(&path).unwrap();
        assert!(take_up(&path).is_none(), "another client's file of the same name, size and time");
        assert!(create_or_clear(&path).unwrap().is_none());
        assert_eq!(fs::read(&path).unwrap(), b"left");
        drop(first);
        let mut second = create_or_clear(&path).unwrap().unwrap();
        second.write_all(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(create(&path).unwrap_err().kind(), ErrorKind::AlreadyExists);
    }

    #[cfg(unix)]
    #[test]
    fn what_leads_elsewhere_is_not_taken_up() {
        let folder = folder();
        let (path, other) = (folder.path().join("part"), folder.path().join("precious"));
        left(&other);
        std::os::unix::fs::symlink(&other, &path).unwrap();
        assert!(take_up(&path).is_none() && create_or_clear(&path).unwrap().is_none(), "a link");
        fs::remove_file(&path).unwrap();
        fs::hard_link(&other, &path).unwrap();
        assert!(take_up(&path).is_none() && create_or_clear(&path).unwrap().is_none(), "a second name");
        assert_eq!(fs::read(&other).unwrap(), b"left");
    }

    #[test]
    fn a_file_that_was_put_in_its_place_is_another() {
        let folder = folder();
        let path = folder.path().join("part");
        let file = create(&path).unwrap();
        assert!(is_at(&file, &path));
        fs::rename(&path, folder.path().join("away")).unwrap();
        left(&path);
        assert_eq!(is_at(&file, &path), cfg!(not(unix)));
    }
}
