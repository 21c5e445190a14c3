//! A folder for the agent's own files that nobody else can open, gone at the end.

use crate::Removal;
use std::io::Error;
use std::path::Path;

/// A folder in the system's temporary folder, readable by this user alone. It is removed with all
/// it holds when dropped, and by [`Removal::run`] at the latest.
pub struct TemporaryFolder {
    folder: Option<tempfile::TempDir>,
    removal: Removal,
}

impl TemporaryFolder {
    /// Makes one and names it to `removal`.
    ///
    /// # Errors
    /// The system's.
    pub fn create(removal: &Removal) -> Result<Self, Error> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("ponte-").rand_bytes(16);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let folder = builder.tempdir()?;
        removal.created_with_contents(folder.path());
        Ok(Self { folder: Some(folder), removal: removal.clone() })
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
            let path = folder.path().to_owned();
            match folder.close() {
                Ok(()) => self.removal.forget(&path),
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
