//! Where a person can keep the log: the folders that they know, and sticks.

use crate::config::Platform;
use crate::view::Place;
use std::fs;
use std::path::{Path, PathBuf};

/// Sticks and disks that are offered.
const MOST_REMOVABLE: usize = 4;

/// Where received files go: the person's folder for downloads, else their home, else where temporary files are.
#[must_use]
pub fn downloads_folder() -> PathBuf {
    host::downloads_folder().or_else(std::env::home_dir).unwrap_or_else(std::env::temp_dir)
}

/// Those that are there now.
pub(crate) fn places(platform: &Platform) -> Vec<(Place, PathBuf)> {
    let known = &platform.folders;
    let fixed = [
        (Place::Documents, known.documents.clone()),
        (Place::Desktop, known.desktop.clone()),
        (Place::Downloads, Some(platform.downloads.clone())),
    ];
    let mut places: Vec<(Place, PathBuf)> =
        fixed.into_iter().filter_map(|(place, folder)| folder.map(|folder| (place, folder))).collect();
    // The folder for downloads is made when it is needed; the others are there or not.
    places.retain(|(place, folder)| *place == Place::Downloads || folder.is_dir());
    let removable = known.removable.iter().flat_map(|root| folders(root)).take(MOST_REMOVABLE);
    places.extend(removable.map(|folder| (Place::Removable, folder)));
    places
}

/// The folders in a folder, by name.
fn folders(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sticks_are_found_and_files_beside_them_are_not() {
        let media = tempfile::tempdir().unwrap();
        fs::create_dir(media.path().join("STICK")).unwrap();
        fs::create_dir(media.path().join("disk")).unwrap();
        fs::write(media.path().join("note"), "").unwrap();
        assert_eq!(folders(media.path()), [media.path().join("STICK"), media.path().join("disk")]);
        assert!(folders(&media.path().join("nothing")).is_empty());
    }
}
