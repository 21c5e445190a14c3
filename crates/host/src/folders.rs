//! The folders that a person knows: for downloads, documents, the desktop, and sticks.

use std::path::{Path, PathBuf};

/// Folders that a person knows; none of them is made here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownFolders {
    /// For documents.
    pub documents: Option<PathBuf>,
    /// The desktop.
    pub desktop: Option<PathBuf>,
    /// Folders whose folders are sticks and disks that can be taken away.
    pub removable: Vec<PathBuf>,
}

/// Which folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Downloads,
    Documents,
    Desktop,
}

impl Which {
    /// The name that it has without settings.
    const fn name(self) -> &'static str {
        match self {
            Self::Downloads => "Downloads",
            Self::Documents => "Documents",
            Self::Desktop => "Desktop",
        }
    }
}

/// The person's folder for downloads: the one of the desktop's settings, else `Downloads` in their
/// home, else their home; `None` only where they have no home. The folder exists.
#[must_use]
pub fn downloads_folder() -> Option<PathBuf> {
    let home = home()?;
    Some(found(Which::Downloads, &home).unwrap_or(home))
}

/// The other folders that the person knows, those that exist.
#[must_use]
pub fn known_folders() -> KnownFolders {
    let Some(home) = home() else { return KnownFolders::default() };
    KnownFolders {
        documents: found(Which::Documents, &home),
        desktop: found(Which::Desktop, &home),
        removable: crate::removable_roots(&home).into_iter().filter(|root| root.is_dir()).collect(),
    }
}

fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| home.is_absolute() && home.is_dir())
}

/// The folder of the system's settings, else the one of the plain name; only if it is there.
fn found(which: Which, home: &Path) -> Option<PathBuf> {
    existing([crate::configured_folder(which, home), Some(home.join(which.name()))])
}

fn existing(candidates: [Option<PathBuf>; 2]) -> Option<PathBuf> {
    candidates.into_iter().flatten().find(|path| path.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_the_first_that_is_there() {
        let home = tempfile::tempdir().unwrap();
        let (set, plain) = (home.path().join("Scrivania"), home.path().join("Desktop"));
        let look = || existing([Some(set.clone()), Some(plain.clone())]);
        assert_eq!(look(), None);
        for made in [&plain, &set] {
            std::fs::create_dir(made).unwrap();
            assert_eq!(look().as_ref(), Some(made));
        }
        assert_eq!(existing([None, Some(plain.clone())]), Some(plain));
    }

    #[test]
    fn the_folder_that_is_found_exists() {
        assert!(downloads_folder().is_none_or(|folder| folder.is_dir()));
    }
}
