//! Partial files: each is written by one transfer alone, and is nobody else's.

use crate::files::remove_part;
use crate::private::private;
use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use transfer::PartName;

/// Who remembers partial files, so that none is left behind for ever: on the disk, because a program may be ended by
/// force. Both wait for the disk.
pub trait PartBook: Send + Sync {
    /// One is about to be written: the file that is to come of it is called so, and has so many bytes. False if that
    /// cannot be remembered: then nothing of it may stay.
    fn opened(&self, part: &Path, name: &str, size_bytes: u64) -> bool;
    /// Nobody writes it any more; it may be gone. False if it is there and nobody remembers it: then it must go.
    fn closed(&self, part: &Path) -> bool;
}

/// A partial file: removed when it is dropped, unless it is to be gone on with.
pub(crate) struct Part {
    pub(crate) path: PathBuf,
    pub(crate) keeps: Arc<AtomicBool>,
    pub(crate) book: Option<Arc<dyn PartBook>>,
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Part")
    }
}

impl Part {
    /// Has it remembered before anything is written into it.
    fn remember(&mut self, name: &str, size_bytes: u64) {
        if self.book.as_ref().is_some_and(|book| !book.opened(&self.path, name, size_bytes)) {
            self.keeps = Arc::default();
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let is_known = || self.book.as_ref().is_none_or(|book| book.closed(&self.path));
        if !self.keeps.load(Ordering::Relaxed) || !is_known() {
            remove_part(&self.path);
            is_known();
        }
    }
}

/// The partial file of a large file, ready for what follows `from_bytes`: what was begun, or else the one that may be
/// gone on with another time, or else, where somebody is at that one, one of its own.
pub(crate) fn open_part(
    part: &mut Part,
    begun: Option<File>,
    (resumable, keeps): (Option<PathBuf>, Arc<AtomicBool>),
    (name, size_bytes): (&str, u64),
    from_bytes: u64,
) -> io::Result<File> {
    if let Some(resumable) = resumable {
        let opened = match begun {
            Some(file) => Some(file),
            None => create_or_clear(&resumable)?,
        };
        if let Some(mut file) = opened {
            let book = part.book.take();
            *part = Part { path: resumable, keeps, book };
            part.remember(name, size_bytes);
            file.set_len(from_bytes)?;
            file.seek(SeekFrom::Start(from_bytes))?;
            return Ok(file);
        }
    }
    let file = create(&part.path)?;
    part.remember(name, size_bytes);
    Ok(file)
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

/// What became of a partial file that was to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discarded {
    /// Nothing of it is there (any more), or what is there under its name is not one that this account has written.
    Gone,
    /// Somebody writes it.
    InUse,
    /// Its folder is not there, such as that of a disk that is not connected.
    NoFolder,
}

/// Removes a partial file that nobody writes, and nothing else: not what has another name, is reached by a link, is no
/// plain file, or is another account's. Waits for the disk.
///
/// # Errors
/// Whatever keeps it from being looked at or removed.
pub fn discard_part(path: &Path) -> io::Result<Discarded> {
    let name = path.file_name().and_then(OsStr::to_str);
    let (Some(folder), true) = (path.parent(), name.is_some_and(PartName::is_part)) else {
        return Ok(Discarded::Gone);
    };
    match fs::canonicalize(folder) {
        // It was where no link leads: a link has taken the folder's place since.
        Ok(found) if found != folder => return Ok(Discarded::Gone),
        Err(error) if is_absent(&error) => return Ok(Discarded::NoFolder),
        found => drop(found?),
    }
    match fs::symlink_metadata(path) {
        Ok(found) if is_own(&found) => {}
        Err(error) if !is_absent(&error) => return Err(error),
        Ok(_) | Err(_) => return Ok(Discarded::Gone),
    }
    let (file, is_writable) = open_to_lock(path)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => return Ok(Discarded::InUse),
        // A file of the network is locked by whoever may write it.
        Err(TryLockError::Error(error)) if !is_writable => return Err(error),
        // Where the system has no locks nobody goes on with it either.
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    if is_own(&file.metadata()?) && is_at(&file, path) {
        fs::remove_file(path)?;
    }
    Ok(Discarded::Gone)
}

/// Opens a file that is only locked: for writing, or else for reading what its owner may not write (any more).
fn open_to_lock(path: &Path) -> io::Result<(File, bool)> {
    match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {
            let mut options = OpenOptions::new();
            Ok((unwaiting(options.read(true)).open(path)?, false))
        }
        opened => Ok((opened?, true)),
    }
}

/// Whatever has taken the file's place meanwhile is opened without waiting, and by no link.
#[cfg(unix)]
fn unwaiting(options: &mut OpenOptions) -> &mut OpenOptions {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt as _;
    options.custom_flags((OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed())
}

/// Nothing that is opened here is waited for.
#[cfg(not(unix))]
fn unwaiting(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
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
    use std::sync::Mutex;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    const NAME: &str = ".ponte-part-0-0123456789abcdef";

    /// Remembers one at most.
    #[derive(Default)]
    struct Book(Mutex<Option<PathBuf>>, AtomicBool);

    impl PartBook for Book {
        fn opened(&self, part: &Path, name: &str, size_bytes: u64) -> bool {
            assert_eq!((name, size_bytes, fs::metadata(part).unwrap().len()), ("a.bin", 9, 0));
            let takes = !self.1.load(Ordering::Relaxed);
            *self.0.lock().unwrap() = takes.then(|| part.to_owned());
            takes
        }

        fn closed(&self, part: &Path) -> bool {
            let is_there = part.exists();
            let mut known = self.0.lock().unwrap();
            let is_known = known.as_deref() == Some(part);
            known.take_if(|_| !is_there);
            is_known || !is_there
        }
    }

    /// Opens one that may be gone on with, and lets go of it; whether it is still there.
    fn stays(folder: &Path, book: &Arc<Book>, meanwhile: impl FnOnce()) -> bool {
        let (path, keeps) = (folder.join(NAME), Arc::new(AtomicBool::new(true)));
        let book: Arc<dyn PartBook> = Arc::<Book>::clone(book);
        let mut part = Part { path: folder.join("own"), keeps: Arc::default(), book: Some(book) };
        let file = open_part(&mut part, None, (Some(path.clone()), keeps), ("a.bin", 9), 0).unwrap();
        meanwhile();
        drop((part, file));
        path.exists()
    }

    #[test]
    fn what_may_be_gone_on_with_stays_only_where_it_is_remembered() {
        let (folder, book) = (folder(), Arc::new(Book::default()));
        assert!(stays(folder.path(), &book, || {}));
        assert_eq!(*book.0.lock().unwrap(), Some(folder.path().join(NAME)));
        fs::remove_file(folder.path().join(NAME)).unwrap();
        let forget = || *book.0.lock().unwrap() = None;
        assert!(!stays(folder.path(), &book, forget), "it was forgotten while it came");
        book.1.store(true, Ordering::Relaxed);
        assert!(!stays(folder.path(), &book, || {}), "nobody can remember it");
        assert_eq!(*book.0.lock().unwrap(), None);
    }

    #[test]
    fn only_a_partial_file_that_nobody_writes_is_discarded() {
        let folder = folder();
        let root = fs::canonicalize(folder.path()).unwrap();
        let (path, other) = (root.join(NAME), root.join("precious"));
        left(&other);
        assert_eq!(discard_part(&path).unwrap(), Discarded::Gone, "nothing is there");
        assert_eq!(discard_part(&other).unwrap(), Discarded::Gone, "of another name");
        fs::create_dir(&path).unwrap();
        assert_eq!(discard_part(&path).unwrap(), Discarded::Gone, "a folder");
        assert!(other.exists() && path.exists());
        fs::remove_dir(&path).unwrap();
        left(&path);
        let writer = take_up(&path).unwrap();
        assert_eq!(discard_part(&path).unwrap(), Discarded::InUse);
        drop(writer);
        assert_eq!(discard_part(&path).unwrap(), Discarded::Gone);
        assert!(!path.exists());
        assert_eq!(discard_part(&root.join("away").join(NAME)).unwrap(), Discarded::NoFolder);
        assert_eq!(discard_part(&other.join(NAME)).unwrap(), Discarded::Gone, "a file in the folder's place");
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_discarded_that_a_link_leads_to() {
        let folder = folder();
        let root = fs::canonicalize(folder.path()).unwrap();
        let (path, other, link) = (root.join(NAME), root.join("precious"), root.join("link"));
        left(&other);
        std::os::unix::fs::symlink(&other, &path).unwrap();
        assert_eq!(discard_part(&path).unwrap(), Discarded::Gone);
        fs::remove_file(&path).unwrap();
        fs::hard_link(&other, &path).unwrap();
        assert_eq!(discard_part(&path).unwrap(), Discarded::Gone, "a second name");
        assert!(other.exists() && path.exists());
        fs::remove_file(&path).unwrap();
        left(&path);
        std::os::unix::fs::symlink(&root, &link).unwrap();
        assert_eq!(discard_part(&link.join(NAME)).unwrap(), Discarded::Gone, "another folder");
        assert!(path.exists());
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
