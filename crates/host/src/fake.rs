//! A program that is only a file, a machine and shells that are made up, for tests.

pub use crate::machine::fake::{FakeMachine, process};
pub use crate::shell::fake::FakeShells;

use crate::removal::Program;
use std::fs;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// Removes the file it is told to, running or not, or refuses.
#[derive(Debug, Clone, Default)]
pub struct FakeProgram {
    refusal: Option<&'static str>,
}

impl FakeProgram {
    /// A program that cannot be removed, for this reason.
    #[must_use]
    pub fn refusing(reason: &'static str) -> Self {
        Self { refusal: Some(reason) }
    }
}

impl Program for FakeProgram {
    fn remove(&self, path: &Path) -> Result<Option<PathBuf>, Error> {
        if let Some(reason) = self.refusal {
            return Err(Error::other(reason));
        }
        match fs::remove_file(path) {
            Ok(()) => Ok(Some(path.to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
