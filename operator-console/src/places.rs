//! Paths as operators type them, and the folder for what arrives.

use std::path::{Path, PathBuf};

/// A typed or pasted path: spaces and quotes around it removed, `file://` and `~/` understood.
#[must_use]
pub fn typed_path(typed: &str, home: Option<&Path>) -> PathBuf {
    let typed = typed.trim().trim_matches(['"', '\'']);
    let typed = typed.strip_prefix("file://").unwrap_or(typed);
    match (typed.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(typed),
    }
}

/// The operator's own folder.
#[must_use]
pub fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|path| !path.as_os_str().is_empty())
}

/// Where the console keeps what it must not forget (freedesktop.org, base directories): its own folder in the
/// one for data.
#[must_use]
pub fn data() -> PathBuf {
    let named = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let data = named.or_else(|| home().map(|home| home.join(".local/share")));
    data.unwrap_or_else(|| PathBuf::from(".")).join("ponte-console")
}

/// Where received files go unless the operator says otherwise: the folder for downloads, else the
/// operator's own folder, else the one that the program runs in.
#[must_use]
pub fn downloads() -> PathBuf {
    let Some(home) = home() else { return PathBuf::from(".") };
    let config = std::env::var_os("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
    let named = std::fs::read_to_string(config.join("user-dirs.dirs")).ok().and_then(|text| download_dir(&text, &home));
    [named, Some(home.join("Downloads"))].into_iter().flatten().find(|path| path.is_dir()).unwrap_or(home)
}

/// The entry of `user-dirs.dirs` (freedesktop.org, xdg-user-dirs) for downloads.
fn download_dir(text: &str, home: &Path) -> Option<PathBuf> {
    let value = text.lines().find_map(|line| line.trim().strip_prefix("XDG_DOWNLOAD_DIR="))?.trim_matches('"');
    Some(match value.strip_prefix("$HOME") {
        Some(rest) => home.join(rest.trim_start_matches('/')),
        None => PathBuf::from(value),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_understood_as_it_is_pasted() {
        let home = Path::new("/home/giulia");
        let rows = [
            (" /tmp/a b.pdf ", "/tmp/a b.pdf"),
            ("\"/tmp/a.pdf\"", "/tmp/a.pdf"),
            ("file:///tmp/a.pdf", "/tmp/a.pdf"),
            ("~/a.pdf", "/home/giulia/a.pdf"),
            ("a.pdf", "a.pdf"),
        ];
        for (typed, expected) in rows {
            assert_eq!(typed_path(typed, Some(home)), PathBuf::from(expected));
        }
    }

    #[test]
    fn the_folder_for_downloads_is_the_one_that_the_system_names() {
        let home = Path::new("/home/giulia");
        let text = "# comment\nXDG_DESKTOP_DIR=\"$HOME/Scrivania\"\nXDG_DOWNLOAD_DIR=\"$HOME/Scaricati\"\n";
        assert_eq!(download_dir(text, home), Some(PathBuf::from("/home/giulia/Scaricati")));
        assert_eq!(download_dir("XDG_DOWNLOAD_DIR=\"/data\"", home), Some(PathBuf::from("/data")));
        assert_eq!(download_dir("", home), None);
    }
}
