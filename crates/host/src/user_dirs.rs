//! Linux: where the desktop's settings say that the person's folders are: user-dirs.dirs(5); and where sticks appear.

use crate::folders::Which;
use crate::system::unquoted;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// More of the settings is not read.
const USER_DIRS_BYTES: u64 = 64 * 1024;
/// Folders in which each person has one for sticks and disks.
const REMOVABLE: [&str; 2] = ["/media", "/run/media"];

/// Where sticks and disks of the person with that home appear.
pub(crate) fn removable_roots(home: &Path) -> Vec<PathBuf> {
    let user = home.file_name().unwrap_or_default();
    REMOVABLE.map(|root| Path::new(root).join(user)).into()
}

/// The folder that the settings name.
pub(crate) fn configured_folder(which: Which, home: &Path) -> Option<PathBuf> {
    let configured = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let settings = configured.unwrap_or_else(|| home.join(".config")).join("user-dirs.dirs");
    let mut text = String::new();
    File::open(settings).ok()?.take(USER_DIRS_BYTES).read_to_string(&mut text).ok()?;
    named(which, &text, home)
}

/// Either absolute or `$HOME/` and the rest.
fn named(which: Which, text: &str, home: &Path) -> Option<PathBuf> {
    let setting = match which {
        Which::Downloads => "XDG_DOWNLOAD_DIR",
        Which::Documents => "XDG_DOCUMENTS_DIR",
        Which::Desktop => "XDG_DESKTOP_DIR",
    };
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
            let found = named(Which::Downloads, text, Path::new("/home/ada"));
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
}
