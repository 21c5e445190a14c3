//! Linux: a running program's file may be removed at once; the program goes on from memory.

use crate::removal::Program;
use std::collections::HashSet;
use std::fs::{self, File, Metadata};
use std::io::Error;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Where a distribution says its name: os-release(5).
pub(crate) const RELEASE_FILES: &[&str] = &["/etc/os-release", "/usr/lib/os-release"];

/// A process, by the link that its system keeps to the file it runs from: proc_pid_exe(5).
#[derive(Debug, Clone)]
pub struct LinuxProgram {
    running: PathBuf,
}

impl LinuxProgram {
    /// The process that asks.
    #[must_use]
    pub fn this() -> Self {
        Self { running: PathBuf::from("/proc/self/exe") }
    }

    /// Another process.
    #[must_use]
    pub fn of_process(process: u32) -> Self {
        Self { running: PathBuf::from(format!("/proc/{process}/exe")) }
    }
}

impl Program for LinuxProgram {
    fn remove(&self, path: &Path) -> Result<Option<PathBuf>, Error> {
        // This follows the link even when the file has no name any more.
        let running = fs::metadata(&self.running)?;
        if running.nlink() == 0 {
            return Ok(None);
        }
        // Where it was started from; and if the person moved it since, where the system knows it is.
        let places = [fs::canonicalize(path), fs::read_link(&self.running)];
        let is_running = |file: &PathBuf| {
            let found = fs::symlink_metadata(file);
            found.is_ok_and(|found| (found.dev(), found.ino()) == (running.dev(), running.ino()))
        };
        let Some(file) = places.into_iter().flatten().find(is_running) else {
            return Err(Error::other("another file than the running program is at this place"));
        };
        fs::remove_file(&file)?;
        let left = fs::metadata(&self.running)?.nlink();
        if left > 0 {
            return Err(Error::other("the program's file has another name, which is still there"));
        }
        Ok(Some(file))
    }
}

/// Those of these files that belong to this user and that no process of theirs has open, as proc(5) tells; none where it
/// does not tell.
pub(crate) fn ours_and_idle(files: Vec<PathBuf>) -> Vec<PathBuf> {
    if files.is_empty() {
        return files;
    }
    let (Ok(own), Some(open)) = (own_user(), open_files()) else { return Vec::new() };
    let is_left = |file: &PathBuf| {
        let found = fs::symlink_metadata(file);
        found.is_ok_and(|found| found.uid() == own && !open.contains(&(found.dev(), found.ino())))
    };
    files.into_iter().filter(is_left).collect()
}

/// Device and number of every file that a process has open which this one may look at.
fn open_files() -> Option<HashSet<(u64, u64)>> {
    let mut open = HashSet::new();
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let is_process = process.file_name().to_str().is_some_and(|name| name.bytes().all(|c| c.is_ascii_digit()));
        let files = is_process.then(|| fs::read_dir(process.path().join("fd")).ok()).flatten();
        // This follows the link to what is open, whatever its name is by now.
        let found = files.into_iter().flatten().flatten().filter_map(|file| fs::metadata(file.path()).ok());
        open.extend(found.map(|file| (file.dev(), file.ino())));
    }
    Some(open)
}

fn own_user() -> Result<u32, Error> {
    Ok(fs::metadata("/proc/self")?.uid())
}

/// Whether only this user can open a folder; what others made they could also have prepared.
pub(crate) fn is_private(folder: &Metadata) -> bool {
    folder.mode() & 0o777 == 0o700 && own_user().is_ok_and(|own| own == folder.uid())
}

/// Whether that name leads to this open file.
pub(crate) fn leads_to(path: &Path, file: &File) -> bool {
    let found = fs::symlink_metadata(path).and_then(|found| Ok((found, file.metadata()?)));
    found.is_ok_and(|(found, file)| (found.dev(), found.ino()) == (file.dev(), file.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Removal;
    use std::io::ErrorKind;
    use std::process::{Child, Command};

    /// A running copy of a small program.
    struct Copy {
        process: Child,
        file: PathBuf,
        folder: tempfile::TempDir,
    }

    impl Copy {
        fn start() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("copy");
            fs::copy(fs::canonicalize("/bin/sleep").unwrap(), &file).unwrap();
            let process = start(&file);
            Self { process, file, folder }
        }

        fn removal(&self, path: &Path) -> Removal {
            Removal::of(path.to_owned(), Box::new(LinuxProgram::of_process(self.process.id())))
        }
    }

    /// A thread of another test that forks at the wrong moment holds the copy open for writing.
    fn start(file: &Path) -> Child {
        loop {
            match Command::new(file).arg("60").spawn() {
                Ok(process) => return process,
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => std::thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
        }
    }

    impl Drop for Copy {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    #[test]
    fn a_running_program_is_removed_and_runs_on() {
        let mut copy = Copy::start();
        let removal = copy.removal(&copy.file);
        assert_eq!(removal.run().removed, std::slice::from_ref(&copy.file));
        assert!(!copy.file.exists());
        assert!(copy.process.try_wait().unwrap().is_none());
        assert_eq!(removal.run(), crate::RemovalReport::default());
    }

    #[test]
    fn through_a_link_the_real_file_is_removed() {
        let copy = Copy::start();
        let link = copy.folder.path().join("link");
        std::os::unix::fs::symlink(&copy.file, &link).unwrap();
        assert_eq!(copy.removal(&link).run().removed, std::slice::from_ref(&copy.file));
        assert!(!copy.file.exists());
    }

    #[test]
    fn another_file_at_that_place_is_left_alone_and_the_running_one_found() {
        for is_link in [false, true] {
            let copy = Copy::start();
            let (other, link) = (copy.folder.path().join("other"), copy.folder.path().join("link"));
            fs::write(&other, "precious").unwrap();
            std::os::unix::fs::symlink(&other, &link).unwrap();
            let report = copy.removal(if is_link { &link } else { &other }).run();
            assert_eq!((report.removed.as_slice(), report.failed.len()), (std::slice::from_ref(&copy.file), 0));
            assert!(other.exists() && link.exists() && !copy.file.exists());
        }
    }

    #[test]
    fn a_program_that_is_gone_already_is_not_called_removed() {
        let copy = Copy::start();
        fs::remove_file(&copy.file).unwrap();
        assert_eq!(copy.removal(&copy.file).run(), crate::RemovalReport::default());
    }

    #[test]
    fn a_program_that_was_moved_is_found() {
        let copy = Copy::start();
        let moved = copy.folder.path().join("moved");
        fs::rename(&copy.file, &moved).unwrap();
        assert_eq!(copy.removal(&copy.file).run().removed, std::slice::from_ref(&moved));
        assert!(!moved.exists());
    }

    #[test]
    fn a_program_with_a_second_name_is_not_called_removed() {
        let copy = Copy::start();
        fs::hard_link(&copy.file, copy.folder.path().join("second")).unwrap();
        let report = copy.removal(&copy.file).run();
        assert!(report.removed.is_empty());
        assert_eq!(report.failed.len(), 1);
    }

    #[test]
    fn a_program_that_the_system_does_not_let_go_is_a_failure() {
        let removal = Removal::of("/proc/version".into(), Box::new(LinuxProgram::of_process(u32::MAX)));
        let report = removal.run();
        assert!(report.removed.is_empty());
        assert_eq!(report.failed.len(), 1);
    }
}
