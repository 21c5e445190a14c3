//! Where files that the person receives are put.

use crate::system::unquoted;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// More of the configuration file is not read.
const USER_DIRS_BYTES: u64 = 64 * 1024;

/// The person's folder for downloads: the one of the desktop's settings, else `Downloads` in their
/// home, else their home; `None` only where they have no home. The folder exists.
#[must_use]
pub fn downloads_folder() -> Option<PathBuf> {
    let home = std::env::home_dir().filter(|home| home.is_absolute() && home.is_dir())?;
    let configured = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let settings = configured.unwrap_or_else(|| home.join(".config")).join("user-dirs.dirs");
    let mut text = String::new();
    if let Ok(file) = File::open(settings)
        && file.take(USER_DIRS_BYTES).read_to_string(&mut text).is_err()
    {
        text.clear();
    }
    let candidates = [configured_downloads(&text, &home), Some(home.join("Downloads"))];
    let found = candidates.into_iter().flatten().find(|path| path.is_dir());
    Some(found.unwrap_or(home))
}

/// `XDG_DOWNLOAD_DIR` of a user-dirs.dirs(5): either absolute or `$HOME/` and the rest.
fn configured_downloads(text: &str, home: &Path) -> Option<PathBuf> {
    let line = text.lines().rev().find_map(|line| line.trim().strip_prefix("XDG_DOWNLOAD_DIR="))?;
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
            assert_eq!(
                configured_downloads(text, Path::new("/home/ada")).as_deref(),
                expected.map(Path::new),
                "{text:?}"
            );
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
    fn the_folder_that_is_found_exists() {
        assert!(downloads_folder().is_none_or(|folder| folder.is_dir()));
    }
}
