//! Files that nobody else on this machine reads: what moved, logs, notes, facts about a person's machine, pictures of
//! their screen.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// A new file there.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`], or whatever else stops the writing.
pub fn create_new(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().write(true).create_new(true)).open(path)
}

/// For files that only whoever writes them may read.
#[cfg(unix)]
pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

/// For files that only whoever writes them may read; here the folder's rights decide who does.
#[cfg(not(unix))]
pub fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}
