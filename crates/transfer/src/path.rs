//! Paths from a peer, made safe name by name or refused.

use crate::{BadName, SafeName};
use proto::limits::PATH_DEPTH;
use std::fmt;

/// The place of a file below the folder that receives it, as a peer may give it. Exists only by parsing.
///
/// It is one name or several with `/` between them, each made safe as [`SafeName`] says. Refused: a path from the top
/// of a disk, an empty name, `.` and `..` anywhere, `\` and NUL, and more than 32 names. So it never leads out of the
/// folder by itself; links inside it the caller must look for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelativePath {
    path: String,
    /// Where the last name begins, in bytes.
    name_at: usize,
}

impl RelativePath {
    /// Makes a peer's path safe.
    ///
    /// # Errors
    /// [`BadName`] when it cannot be.
    pub fn parse(path: &str) -> Result<Self, BadName> {
        let mut safe = String::new();
        let mut name_at = 0;
        for (depth, name) in path.split('/').enumerate() {
            if depth >= PATH_DEPTH || matches!(name, "" | "." | "..") {
                return Err(BadName::Path);
            }
            if depth > 0 {
                safe.push('/');
            }
            name_at = safe.len();
            safe.push_str(SafeName::parse(name)?.as_str());
        }
        Ok(Self { path: safe, name_at })
    }

    /// The path, with `/` between its names.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.path
    }

    /// The folders that it leads through, from the outermost on.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        self.path.get(..self.name_at).unwrap_or_default().split_terminator('/')
    }

    /// All its names, the last one too.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.path.split('/')
    }

    /// The name of the file or folder itself.
    #[must_use]
    pub fn name(&self) -> SafeName {
        SafeName::trusted(self.path.get(self.name_at..).unwrap_or_default())
    }
}

impl fmt::Display for RelativePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}
