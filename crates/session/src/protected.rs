//! Folders into which no file comes from the other end.

use std::fs;
use std::path::{Component, Path};

/// What Windows and macOS keep in a home for themselves.
const SYSTEM_FOLDERS: [&str; 2] = ["AppData", "Library"];

/// Whether a place in somebody's home holds settings, or programs that start by themselves: nothing is put there, so
/// that no file outlasts the session as more than a file.
#[must_use]
pub fn is_protected(home: &Path, place: &Path) -> bool {
    let home = fs::canonicalize(home).unwrap_or_else(|_| home.to_owned());
    is_protected_in(&home, place)
}

/// The same of a home whose path has no links.
pub(crate) fn is_protected_in(home: &Path, place: &Path) -> bool {
    let Ok(below) = place.strip_prefix(home) else { return false };
    let mut names = below.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy()),
        _ => None,
    });
    let first = names.next().unwrap_or_default();
    let is_hidden = |name: &str| name.starts_with('.');
    SYSTEM_FOLDERS.iter().any(|name| first.eq_ignore_ascii_case(name))
        || is_hidden(&first)
        || names.any(|name| is_hidden(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_put_where_programs_start_by_themselves() {
        let home = Path::new("/home/anna");
        for folder in
            [".config/autostart", ".ssh", "work/.git/hooks", "AppData/Roaming/Microsoft", "Library/LaunchAgents"]
        {
            assert!(is_protected(home, &home.join(folder)), "{folder}");
        }
        for folder in ["Documents", "", "work/a.b", "work/library"] {
            assert!(!is_protected(home, &home.join(folder)), "{folder}");
        }
        assert!(!is_protected(home, Path::new("/media/stick/.x")), "another disk starts nothing");
    }
}
