//! Windows: a running program's file cannot be removed, so that this is done by the watcher, which
//! runs from a copy, once the program has ended.

use crate::removal::Program;
use std::fs::{self, File};
use std::io::{BufReader, Error, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How long a file may be held after its program has ended: by the system, or by who looks for viruses.
const HELD: Duration = Duration::from_secs(20);

/// The time between two tries.
const PACE: Duration = Duration::from_millis(100);

/// A program file, which is known by what is in it: the watcher's own copy.
#[derive(Debug, Clone)]
pub(crate) struct WindowsProgram {
    patience: Duration,
}

impl WindowsProgram {
    /// The process that asks: its file cannot go before it has ended.
    pub(crate) fn this() -> Self {
        Self { patience: Duration::ZERO }
    }

    /// A process that has ended just now, by its watcher.
    pub(crate) fn that_has_ended() -> Self {
        Self { patience: HELD }
    }
}

impl Program for WindowsProgram {
    fn remove(&self, path: &Path) -> Result<Option<PathBuf>, Error> {
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        if !is_same(&std::env::current_exe()?, path)? {
            return Err(Error::other("another file than the running program is at this place"));
        }
        let deadline = Instant::now() + self.patience;
        loop {
            match fs::remove_file(path) {
                Ok(()) => break,
                Err(error) if Instant::now() >= deadline => return Err(error),
                Err(_) => thread::park_timeout(PACE),
            }
        }
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Some(path.to_owned())),
            Err(error) => Err(error),
            Ok(_) => Err(Error::other("it is still there")),
        }
    }
}

/// Whether both files hold the same bytes.
fn is_same(one: &Path, other: &Path) -> Result<bool, Error> {
    let (one, other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    for pair in BufReader::new(one).bytes().zip(BufReader::new(other).bytes()) {
        let (one, other) = pair;
        if one? != other? {
            return Ok(false);
        }
    }
    Ok(true)
}
