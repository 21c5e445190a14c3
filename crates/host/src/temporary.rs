//! A folder for the agent's own files that nobody else can open, gone at the end.

use crate::Removal;
use crate::leftovers::{IN_USE, PREFIX, RANDOM};
use std::fs::File;
use std::io::{Error, ErrorKind};
use std::path::Path;

/// So often a folder is made until one stays.
const TRIES: usize = 4;

/// A folder in the system's temporary folder, readable by this user alone. It is removed with all
/// it holds when dropped, and by [`Removal::run`] at the latest.
pub struct TemporaryFolder {
    folder: Option<tempfile::TempDir>,
    /// Locked as long as this process runs: by that a later one knows what was left behind.
    in_use: Option<File>,
    removal: Removal,
}

impl TemporaryFolder {
    /// Makes one and names it to `removal`.
    ///
    /// # Errors
    /// The system's.
    pub fn create(removal: &Removal) -> Result<Self, Error> {
        Self::create_with(removal, |_| {})
    }

    /// `before_lock` is told each try: a test does there what another process could.
    fn create_with(removal: &Removal, mut before_lock: impl FnMut(&Path)) -> Result<Self, Error> {
        for _ in 0..TRIES {
            let mut builder = tempfile::Builder::new();
            builder.prefix(PREFIX).rand_bytes(RANDOM);
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
            let folder = builder.tempdir()?;
            removal.created_with_contents(folder.path());
            let mut made = Self { folder: Some(folder), in_use: None, removal: removal.clone() };
            let name = made.path().join(IN_USE);
            let in_use = File::create_new(&name)?;
            before_lock(made.path());
            in_use.lock()?;
            // Before it was locked another run could take it for a leftover, and clear it away.
            if crate::leads_to(&name, &in_use) {
                made.in_use = Some(in_use);
                return Ok(made);
            }
        }
        Err(Error::other("every temporary folder is cleared away at once"))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.as_ref().map_or(Path::new(""), tempfile::TempDir::path)
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if let Some(folder) = self.folder.take() {
            self.in_use = None;
            let path = folder.path().to_owned();
            match folder.close() {
                Ok(()) => self.removal.forget(&path),
                // Another run has cleared it away.
                Err(error) if error.kind() == ErrorKind::NotFound => self.removal.forget(&path),
                // It stays named: `Removal::run` tries again and says so if it fails.
                Err(error) => tracing::warn!(%error, "a temporary folder could not be removed yet"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RemovalReport;
    use crate::fake::FakeProgram;

    fn removal() -> Removal {
        Removal::of("/nonexistent/program".into(), Box::new(FakeProgram::default()))
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_open_it() {
        use std::os::unix::fs::PermissionsExt;
        let removal = removal();
        let folder = TemporaryFolder::create(&removal).unwrap();
        assert_eq!(std::fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o700);
        assert_ne!(folder.path(), TemporaryFolder::create(&removal).unwrap().path());
    }

    #[test]
    fn one_that_another_run_clears_away_before_it_is_locked_is_made_again() {
        let removal = removal();
        let mut cleared = None;
        let folder = TemporaryFolder::create_with(&removal, |path| {
            if cleared.is_none() {
                std::fs::remove_dir_all(path).unwrap();
                cleared = Some(path.to_owned());
            }
        });
        let folder = folder.unwrap();
        assert!(folder.path().join(IN_USE).is_file());
        assert_ne!(Some(folder.path()), cleared.as_deref());
        let always = TemporaryFolder::create_with(&removal, |path| std::fs::remove_dir_all(path).unwrap());
        assert!(always.is_err());
        drop(folder);
        assert_eq!(removal.run(), RemovalReport::default());
    }

    #[test]
    fn it_goes_with_its_contents_by_dropping_or_by_the_removal() {
        let removal = removal();
        let folder = TemporaryFolder::create(&removal).unwrap();
        let path = folder.path().to_owned();
        std::fs::write(path.join("a"), "a").unwrap();
        drop(folder);
        assert!(!path.exists());
        assert_eq!(removal.run(), RemovalReport::default());

        let folder = TemporaryFolder::create(&removal).unwrap();
        let path = folder.path().to_owned();
        std::fs::create_dir(path.join("deep")).unwrap();
        assert_eq!(removal.run().removed, std::slice::from_ref(&path));
        assert!(!path.exists());
        drop(folder);
    }
}
