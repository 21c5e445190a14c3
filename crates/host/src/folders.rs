//! The folders that a person knows: for downloads, documents, the desktop, and sticks.

use crate::system::unquoted;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// More of the configuration file is not read.
const USER_DIRS_BYTES: u64 = 64 * 1024;

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

/// Which folder of a user-dirs.dirs(5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Downloads,
    Documents,
    Desktop,
}

impl Which {
    /// Its name in the settings, and the one that it has without settings.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Downloads => ("XDG_DOWNLOAD_DIR", "Downloads"),
            Self::Documents => ("XDG_DOCUMENTS_DIR", "Documents"),
            Self::Desktop => ("XDG_DESKTOP_DIR", "Desktop"),
        }
    }
}

/// The person's folder for downloads: the one of the desktop's settings, else `Downloads` in their
/// home, else their home; `None` only where they have no home. The folder exists.
#[must_use]
pub fn downloads_folder() -> Option<PathBuf> {
    let home = home()?;
    Some(found(Which::Downloads, &home, &settings(&home)).unwrap_or(home))
}

/// The other folders that the person knows, those that exist.
#[must_use]
pub fn known_folders() -> KnownFolders {
    let Some(home) = home() else { return KnownFolders::default() };
    let settings = settings(&home);
    let user = home.file_name().unwrap_or_default();
    let removable = ["/media", "/run/media"].map(|root| Path::new(root).join(user));
    KnownFolders {
        documents: found(Which::Documents, &home, &settings),
        desktop: found(Which::Desktop, &home, &settings),
        removable: removable.into_iter().filter(|root| root.is_dir()).collect(),
    }
}

fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| home.is_absolute() && home.is_dir())
}

fn settings(home: &Path) -> String {
    let configured = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let settings = configured.unwrap_or_else(|| home.join(".config")).join("user-dirs.dirs");
    let mut text = String::new();
    if let Ok(file) = File::open(settings)
        && file.take(USER_DIRS_BYTES).read_to_string(&mut text).is_err()
    {
        text.clear();
    }
    text
}

fn found(which: Which, home: &Path, settings: &str) -> Option<PathBuf> {
    let (setting, plain) = which.names();
    let candidates = [configured(setting, settings, home), Some(home.join(plain))];
    candidates.into_iter().flatten().find(|path| path.is_dir())
}

/// A folder of a user-dirs.dirs(5): either absolute or `$HOME/` and the rest.
fn configured(setting: &str, text: &str, home: &Path) -> Option<PathBuf> {
    let lines = text.lines().rev();
    let line = lines.filter_map(|line| line.trim().strip_prefix(setting)?.strip_prefix('=')).next()?;
    let value = unquoted(line);
    match value.strip_prefix("$HOME") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => Some(home.join(rest.trim_start_matches('/'))),
        Some(_) => None,
        None => Some(PathBuf::from(value)).filter(|path| path.is_absolute()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_name_an_absolute_folder_or_one_in_the_home() {
        let check = |text: &str, expected: Option<&str>| {
            let (setting, _) = Which::Downloads.names();
            let found = configured(setting, text, Path::new("/home/ada"));
            assert_eq!(found.as_deref(), expected.map(Path::new), "{text:?}");
        };
        check("XDG_DOWNLOAD_DIR=\"$HOME/Scaricati\"\n", Some("/home/ada/Scaricati"));
        check("# XDG_DOWNLOAD_DIR=\"/x\"\nXDG_DOWNLOAD_DIR=\"/data/in \\\"q\\\"\"\n", Some("/data/in \"q\""));
        check("XDG_DOWNLOAD_DIR=\"$HOME/\"", Some("/home/ada"));
        check("XDG_DOWNLOAD_DIR=\"$HOMELAND/x\"", None);
        check("XDG_DOWNLOAD_DIR=\"relative\"", None);
        check("XDG_MUSIC_DIR=\"$HOME/Music\"", None);
        check("", None);
    }

    #[test]
    fn a_folder_is_found_by_the_settings_or_by_its_plain_name_and_only_if_it_is_there() {
        let home = tempfile::tempdir().unwrap();
        let settings = "XDG_DESKTOP_DIR=\"$HOME/Scrivania\"\n";
        assert_eq!(found(Which::Desktop, home.path(), settings), None);
        for (made, which) in [("Scrivania", Which::Desktop), ("Documents", Which::Documents)] {
            std::fs::create_dir(home.path().join(made)).unwrap();
            assert_eq!(found(which, home.path(), settings), Some(home.path().join(made)));
        }
    }

    #[test]
    fn the_folder_that_is_found_exists() {
        assert!(downloads_folder().is_none_or(|folder| folder.is_dir()));
    }
}
