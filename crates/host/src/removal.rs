//! Removing everything that the agent brought: its temporary files, and itself.

use crate::leftovers;
use crate::watcher::{self, Watcher, Word};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A running program, as its system lets it be removed.
pub trait Program: Send {
    /// Removes the file that the program runs from, if `path` leads to that very file, and checks
    /// that no name of it is left. Returns the name that was removed, `None` when the file was
    /// gone before.
    ///
    /// # Errors
    /// The system's, or one that says why the file at `path` is not the program's.
    fn remove(&self, path: &Path) -> Result<Option<PathBuf>, Error>;
}

/// What was removed and what was not; only what was looked at afterwards is called removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RemovalReport {
    /// What is gone, in the order of removal.
    pub removed: Vec<PathBuf>,
    /// What is still there, and why.
    pub failed: Vec<(PathBuf, String)>,
    /// What the person received and keeps, with the folders of ours that hold it.
    pub kept: Vec<PathBuf>,
}

/// What there is to remove at the end. Clones share it. Nothing is removed before
/// [`Removal::run`], and nothing that was not named.
#[derive(Clone)]
pub struct Removal(Arc<Mutex<State>>);

struct State {
    executable: PathBuf,
    program: Box<dyn Program>,
    is_program_gone: bool,
    created: BTreeMap<PathBuf, Extent>,
    kept: BTreeSet<PathBuf>,
    unfinished: BTreeMap<PathBuf, IsUnfinished>,
    watcher: Option<Box<dyn Watcher>>,
}

/// Knows the names of unfinished files of ours.
type IsUnfinished = fn(&str) -> bool;

/// How much of a folder is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// Only the folder, when it is empty; or a file.
    Itself,
    /// Everything inside.
    Everything,
}

impl Removal {
    /// For the program that runs here, started from that file.
    #[must_use]
    pub fn new(executable: PathBuf) -> Self {
        Self::of(executable, crate::this_program())
    }

    /// For another program (tests).
    #[must_use]
    pub fn of(executable: PathBuf, program: Box<dyn Program>) -> Self {
        Self(Arc::new(Mutex::new(State {
            executable,
            program,
            is_program_gone: false,
            created: BTreeMap::new(),
            kept: BTreeSet::new(),
            unfinished: BTreeMap::new(),
            watcher: None,
        })))
    }

    /// The same, finished by a second process should this one end before its [`Removal::run`]. Where
    /// no such process can be started everything else is as without.
    #[must_use]
    pub fn watched(self) -> Self {
        match watcher::start() {
            Ok(watcher) => self.watched_by(watcher),
            Err(error) => {
                tracing::warn!(%error, "nobody watches over the removal");
                self
            }
        }
    }

    pub(crate) fn watched_by(self, watcher: Box<dyn Watcher>) -> Self {
        let mut state = self.lock();
        state.watcher = Some(watcher);
        let program = Word::Program(state.executable.clone());
        state.tell(&program);
        drop(state);
        self
    }

    /// Nothing has begun, and the program stays where it is: whoever watches ends.
    pub fn call_off(&self) {
        let mut state = self.lock();
        state.tell(&Word::Done);
        state.watcher = None;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What was named stays named, whatever panicked elsewhere.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Names a file, or a folder to be removed only if it is empty by then, that the agent made.
    pub fn created(&self, path: impl Into<PathBuf>) {
        let (path, mut state) = (path.into(), self.lock());
        if !state.created.contains_key(&path) {
            state.tell(&Word::Made(path.clone()));
            state.created.insert(path, Extent::Itself);
        }
    }

    /// Names a folder that the agent made and that holds nothing but the agent's own.
    pub fn created_with_contents(&self, path: impl Into<PathBuf>) {
        let (path, mut state) = (path.into(), self.lock());
        state.tell(&Word::MadeWithContents(path.clone()));
        state.created.insert(path, Extent::Everything);
    }

    /// Names a file that the person received: it and the folders around it stay.
    pub fn kept(&self, path: impl Into<PathBuf>) {
        let (path, mut state) = (path.into(), self.lock());
        state.tell(&Word::Kept(path.clone()));
        state.kept.insert(path);
    }

    /// Takes back [`Removal::created`]: the path is gone already.
    pub fn forget(&self, path: &Path) {
        self.lock().forget(path);
    }

    /// Names a folder in which unfinished files of ours are not left: files of this user that
    /// `is_unfinished` knows by their names and that no process has open.
    pub fn unfinished_in(&self, folder: impl Into<PathBuf>, is_unfinished: fn(&str) -> bool) {
        let (folder, mut state) = (folder.into(), self.lock());
        state.tell(&Word::Unfinished(folder.clone()));
        state.unfinished.insert(folder, is_unfinished);
    }

    /// Removes what an earlier run has left, which was ended by a loss of power: unfinished files in
    /// the folders that were named for that, and temporary folders that nobody uses.
    #[must_use]
    pub fn clear_leftovers(&self) -> RemovalReport {
        let mut report = RemovalReport::default();
        // Looking takes time, in which others may name things.
        let unfinished = self.lock().unfinished.clone();
        remove_unfinished(&unfinished, &mut report);
        for folder in leftovers::temporary_folders(&std::env::temp_dir()) {
            report.add(folder.path().to_owned(), remove(folder.path(), Extent::Everything));
        }
        report
    }

    /// Whether unfinished files lie in the folders that were named for that.
    #[must_use]
    pub fn has_unfinished(&self) -> bool {
        // Looking takes time, in which others may name things.
        let unfinished = self.lock().unfinished.clone();
        unfinished.iter().any(|(folder, is_ours)| !leftovers::unfinished_files(folder, *is_ours).is_empty())
    }

    /// Removes the unfinished files in the folders that were named for that, which somebody else is not to go on with.
    #[must_use]
    pub fn clear_unfinished(&self) -> RemovalReport {
        let mut report = RemovalReport::default();
        // Looking takes time, in which others may name things.
        let unfinished = self.lock().unfinished.clone();
        remove_unfinished(&unfinished, &mut report);
        report
    }

    /// Removes everything that was named and then the program's file. What is gone already is not
    /// called removed; a second run tries only what failed in the first.
    #[must_use]
    pub fn run(&self) -> RemovalReport {
        let mut state = self.lock();
        let mut report = RemovalReport::default();
        report.kept.extend(state.kept.iter().filter(|path| exists(path)).cloned());
        // Backwards in order: what is inside a folder comes before the folder.
        let created: Vec<(PathBuf, Extent)> =
            state.created.iter().rev().map(|(path, what)| (path.clone(), *what)).collect();
        for (path, extent) in created {
            if report.kept.iter().any(|kept| kept.starts_with(&path)) {
                if !report.kept.contains(&path) {
                    report.kept.push(path);
                }
                continue;
            }
            let removed = remove(&path, extent);
            if removed.is_ok() {
                state.forget(&path);
            }
            report.add(path, removed);
        }
        remove_unfinished(&state.unfinished, &mut report);
        if !state.is_program_gone {
            match state.program.remove(&state.executable) {
                Ok(removed) => {
                    state.is_program_gone = true;
                    report.removed.extend(removed);
                }
                Err(error) => report.failed.push((state.executable.clone(), error.to_string())),
            }
        }
        // What is left is tried once more when this process has ended.
        if report.failed.is_empty() {
            state.tell(&Word::Done);
            state.watcher = None;
        }
        report
    }
}

impl State {
    /// Tells the watcher. One that does not hear everything would remove what is to stay: it goes.
    fn tell(&mut self, word: &Word) {
        if let Some(watcher) = &mut self.watcher
            && let Err(error) = watcher.tell(word)
        {
            tracing::warn!(%error, "nobody watches over the removal any more");
            watcher.dismiss();
            self.watcher = None;
        }
    }

    fn forget(&mut self, path: &Path) {
        if self.created.remove(path).is_some() {
            self.tell(&Word::Gone(path.to_owned()));
        }
    }
}

fn remove_unfinished(unfinished: &BTreeMap<PathBuf, IsUnfinished>, report: &mut RemovalReport) {
    for (folder, is_unfinished) in unfinished {
        for file in leftovers::unfinished_files(folder, *is_unfinished) {
            let removed = remove(&file, Extent::Itself);
            report.add(file, removed);
        }
    }
}

impl RemovalReport {
    fn add(&mut self, path: PathBuf, removed: Result<bool, Error>) {
        match removed {
            Ok(true) => self.removed.push(path),
            Ok(false) => {}
            Err(error) => self.failed.push((path, error.to_string())),
        }
    }
}

/// Whether anything has that name, a link that leads nowhere included.
fn exists(path: &Path) -> bool {
    !matches!(fs::symlink_metadata(path), Err(error) if error.kind() == ErrorKind::NotFound)
}

/// Removes one thing and looks; false when it was gone before.
fn remove(path: &Path, extent: Extent) -> Result<bool, Error> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    // A link is removed as a link: what it leads to is not ours.
    let removed = match (metadata.is_dir(), extent) {
        (false, _) => fs::remove_file(path),
        (true, Extent::Itself) => fs::remove_dir(path),
        (true, Extent::Everything) => fs::remove_dir_all(path),
    };
    match removed {
        // Somebody else was faster.
        Err(error) if error.kind() == ErrorKind::NotFound && !exists(path) => return Ok(false),
        removed => removed?,
    }
    if exists(path) { Err(Error::other("it is still there")) } else { Ok(true) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeProgram;

    fn removal(folder: &Path) -> Removal {
        Removal::of(folder.join("program"), Box::new(FakeProgram::default()))
    }

    #[test]
    fn files_go_and_folders_go_only_when_empty() {
        let folder = tempfile::tempdir().unwrap();
        let (ours, full) = (folder.path().join("ours"), folder.path().join("full"));
        fs::create_dir(&ours).unwrap();
        fs::create_dir(&full).unwrap();
        fs::write(ours.join("a"), "a").unwrap();
        fs::write(full.join("not ours"), "b").unwrap();
        let removal = removal(folder.path());
        removal.created(&ours);
        removal.created(ours.join("a"));
        removal.created(&full);
        let report = removal.run();
        assert_eq!(report.removed, [ours.join("a"), ours.clone()]);
        assert_eq!(report.failed.len(), 1);
        assert_eq!(report.failed[0].0, full);
        assert!(full.join("not ours").exists() && !ours.exists());
    }

    #[test]
    fn what_was_never_there_is_neither_removed_nor_failed() {
        let folder = tempfile::tempdir().unwrap();
        let removal = removal(folder.path());
        removal.created(folder.path().join("nothing"));
        assert_eq!(removal.run(), RemovalReport::default());
    }

    #[test]
    fn a_second_run_removes_nothing_more_and_tries_what_failed() {
        let folder = tempfile::tempdir().unwrap();
        let full = folder.path().join("full");
        fs::create_dir(&full).unwrap();
        fs::write(full.join("x"), "").unwrap();
        fs::write(folder.path().join("program"), "").unwrap();
        let removal = removal(folder.path());
        removal.created(&full);
        let first = removal.run();
        assert_eq!(first.removed, [folder.path().join("program")]);
        assert_eq!(first.failed.len(), 1);
        fs::remove_file(full.join("x")).unwrap();
        let second = removal.run();
        assert_eq!((second.removed, second.failed), (vec![full], vec![]));
        assert_eq!(removal.run(), RemovalReport::default());
    }

    #[test]
    fn received_files_stay_and_so_do_the_folders_around_them() {
        let folder = tempfile::tempdir().unwrap();
        let received = folder.path().join("received");
        fs::create_dir(&received).unwrap();
        let file = received.join("letter.pdf");
        fs::write(&file, "x").unwrap();
        fs::write(received.join("letter.pdf.part"), "x").unwrap();
        let removal = removal(folder.path());
        removal.created_with_contents(&received);
        removal.created(received.join("letter.pdf.part"));
        removal.created(&file);
        removal.kept(&file);
        removal.kept(received.join("gone"));
        let report = removal.run();
        assert_eq!(report.kept, [file.clone(), received.clone()]);
        assert_eq!(report.removed, [received.join("letter.pdf.part")]);
        assert!(report.failed.is_empty() && file.exists());
    }

    #[test]
    fn nobody_waits_while_leftovers_are_looked_for() {
        static REMOVAL: std::sync::OnceLock<Removal> = std::sync::OnceLock::new();
        fn is_asked(_: &str) -> bool {
            assert!(REMOVAL.get().unwrap().0.try_lock().is_ok());
            false
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "").unwrap();
        let removal = REMOVAL.get_or_init(|| removal(folder.path()));
        removal.unfinished_in(folder.path(), is_asked);
        assert_eq!(removal.clear_leftovers().removed.iter().filter(|path| path.starts_with(folder.path())).count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_removed_and_not_what_it_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let (precious, link) = (folder.path().join("precious"), folder.path().join("link"));
        fs::create_dir(&precious).unwrap();
        fs::write(precious.join("x"), "").unwrap();
        std::os::unix::fs::symlink(&precious, &link).unwrap();
        let removal = removal(folder.path());
        removal.created_with_contents(&link);
        assert_eq!(removal.run().removed, [link]);
        assert!(precious.join("x").exists());
    }
}
