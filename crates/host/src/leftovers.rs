//! What an earlier run has left behind, recognised so narrowly that nothing else is taken for it.

use std::fs::{self, DirEntry, File, TryLockError};
use std::path::{Path, PathBuf};

/// How the names of our temporary folders begin.
pub(crate) const PREFIX: &str = "ponte-";
/// How many random letters and digits follow.
pub(crate) const RANDOM: usize = 16;
/// The file in a temporary folder that is locked as long as the folder is used.
pub(crate) const IN_USE: &str = "in-use";
/// More entries of a folder are not looked at.
const MOST_ENTRIES: usize = 100_000;

/// More unfinished files at a time are left for the next.
const MOST_UNFINISHED: usize = 64;

/// Files in `folder` that `is_unfinished` knows by their names, that belong to this user and that no
/// process has open.
pub(crate) fn unfinished_files(folder: &Path, is_unfinished: fn(&str) -> bool) -> Vec<PathBuf> {
    let files = named(folder, is_unfinished).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    crate::ours_and_idle(files.map(|entry| entry.path()).take(MOST_UNFINISHED).collect())
}

/// A temporary folder of a process that has ended. As long as this lives nobody else takes it.
pub(crate) struct Abandoned {
    path: PathBuf,
    _in_use: File,
}

impl Abandoned {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Our temporary folders in `place` whose processes have ended.
pub(crate) fn temporary_folders(place: &Path) -> Vec<Abandoned> {
    named(place, is_ours).filter_map(|entry| abandoned(&entry)).collect()
}

fn abandoned(folder: &DirEntry) -> Option<Abandoned> {
    let metadata = fs::symlink_metadata(folder.path()).ok()?;
    if !metadata.is_dir() || !crate::is_private(&metadata) {
        return None;
    }
    let in_use = folder.path().join(IN_USE);
    if !fs::symlink_metadata(&in_use).ok()?.is_file() {
        return None;
    }
    let in_use = File::open(in_use).ok()?;
    match in_use.try_lock() {
        Ok(()) => Some(Abandoned { path: folder.path(), _in_use: in_use }),
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => None,
    }
}

/// Whether a temporary folder of ours has such a name.
pub(crate) fn is_ours(name: &str) -> bool {
    let random = name.strip_prefix(PREFIX);
    random.is_some_and(|random| random.len() == RANDOM && random.bytes().all(|c| c.is_ascii_alphanumeric()))
}

/// The entries of a folder whose names are known.
fn named(folder: &Path, is_known: fn(&str) -> bool) -> impl Iterator<Item = DirEntry> {
    let entries = fs::read_dir(folder).into_iter().flatten().take(MOST_ENTRIES).flatten();
    entries.filter(move |entry| entry.file_name().to_str().is_some_and(is_known))
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeProgram;
    use crate::{Removal, TemporaryFolder};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::thread;

    const LOOKS: usize = 10_000;

    fn is_part(name: &str) -> bool {
        name.starts_with(".part-")
    }

    #[test]
    fn only_idle_files_with_our_names_are_leftovers() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in [".part-left", ".part-open", "letter"] {
            fs::write(path(name), "x").unwrap();
        }
        fs::create_dir(path(".part-folder")).unwrap();
        symlink(path("letter"), path(".part-link")).unwrap();
        // What another test starts has all files of this process open for a moment.
        let found = |expected: &[PathBuf]| {
            let look = || {
                let mut found = unfinished_files(folder.path(), is_part);
                found.sort();
                found == expected
            };
            (0..LOOKS).any(|_| {
                thread::yield_now();
                look()
            })
        };
        let open = File::open(path(".part-open")).unwrap();
        assert!(found(&[path(".part-left")]));
        drop(open);
        assert!(found(&[path(".part-left"), path(".part-open")]));
        assert!(unfinished_files(&path("nowhere"), is_part).is_empty());
    }

    #[test]
    fn of_very_many_files_some_are_left_for_later() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..MOST_UNFINISHED + 36 {
            fs::write(folder.path().join(format!(".part-{number}")), "x").unwrap();
        }
        let found = || unfinished_files(folder.path(), is_part).len();
        assert!((0..LOOKS).any(|_| found() == MOST_UNFINISHED));
        assert!(found() <= MOST_UNFINISHED);
    }

    /// A temporary folder as a process leaves it that had no time.
    fn left_in(place: &Path, name: &str) -> PathBuf {
        let folder = place.join(name);
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(folder.join(IN_USE), "").unwrap();
        folder
    }

    #[test]
    fn a_temporary_folder_is_a_leftover_when_its_process_has_ended() {
        let place = tempfile::tempdir().unwrap();
        let found = || -> Vec<PathBuf> {
            temporary_folders(place.path()).iter().map(|folder| folder.path().to_owned()).collect()
        };
        let left = left_in(place.path(), "ponte-0123456789abcdEF");
        assert_eq!(found(), std::slice::from_ref(&left));
        let used = File::open(left.join(IN_USE)).unwrap();
        used.lock().unwrap();
        assert!(found().is_empty());
        drop(used);
        fs::set_permissions(&left, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(found().is_empty());
        for name in
            ["ponte-0123456789abcde", "ponte-0123456789abcdef0", "ponte-0123456789abcde.", "other-0123456789abcdef"]
        {
            left_in(place.path(), name);
        }
        fs::create_dir(place.path().join("ponte-fedcba9876543210")).unwrap();
        symlink(&left, place.path().join("ponte-aaaaaaaaaaaaaaaa")).unwrap();
        assert!(found().is_empty());
    }

    #[test]
    fn the_folder_of_a_process_that_runs_is_no_leftover() {
        let removal = Removal::of("/nonexistent/program".into(), Box::new(FakeProgram::default()));
        let folder = TemporaryFolder::create(&removal).unwrap();
        let place = folder.path().parent().unwrap();
        let is_found = || temporary_folders(place).iter().any(|found| found.path() == folder.path());
        assert!(!is_found());
        assert!(is_ours(folder.path().file_name().unwrap().to_str().unwrap()));
    }
}
