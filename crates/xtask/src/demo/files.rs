//! The files of a demo: what is in a folder, what appeared in it, what was made to be sent.

use crate::run::{Context, Failure};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Every file and folder below `folder`.
pub(crate) fn tree(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(entry.path());
            }
            found.insert(entry.path());
        }
    }
    found
}

/// A file that is now in `folder` but was not before, and that `accept` accepts.
pub(crate) fn arrived(folder: &Path, before: &BTreeSet<PathBuf>, accept: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    tree(folder).into_iter().find(|path| !before.contains(path) && path.is_file() && accept(path))
}

/// Whether both files hold the same bytes.
pub(crate) fn same(one: &Path, other: &Path) -> bool {
    matches!((fs::read(one), fs::read(other)), (Ok(one), Ok(other)) if one == other)
}

/// Writes a file of `size` bytes that do not compress, different for each `seed`.
pub(crate) fn write_noise(path: &Path, size: usize, seed: u64) -> Result<(), Failure> {
    // Marsaglia's xorshift with its 13, 7, 17 triple; the state must not be 0.
    let mut state = seed | 1;
    let bytes: Vec<u8> = (0..size)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[0]
        })
        .collect();
    fs::write(path, bytes).context(path.display())
}

/// What is in the folder of the client that should not be there after the end: leftovers of the
/// agent, or its program.
pub(crate) fn leftovers(folder: &Path, before: &BTreeSet<PathBuf>, program: &Path, kept: &[PathBuf]) -> Vec<PathBuf> {
    let expected = |path: &PathBuf| {
        // A file that the person wanted stays, with the folders it needs.
        path != program && (before.contains(path) || kept.iter().any(|kept| kept.starts_with(path)))
    };
    tree(folder).into_iter().filter(|path| !expected(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_are_what_was_not_there_and_is_not_wanted() {
        let folder = std::env::temp_dir().join(format!("ponte-files-{}", std::process::id()));
        let (program, wanted, trace) =
            (folder.join("agent"), folder.join("Downloads/gift.bin"), folder.join("cache/trace"));
        fs::create_dir_all(folder.join("cache")).unwrap();
        fs::write(&program, "x").unwrap();
        let before = tree(&folder);
        assert_eq!(leftovers(&folder, &before, &program, &[]), std::slice::from_ref(&program));

        fs::create_dir_all(folder.join("Downloads")).unwrap();
        write_noise(&wanted, 1000, 7).unwrap();
        fs::write(&trace, "x").unwrap();
        fs::remove_file(&program).unwrap();
        assert_eq!(arrived(&folder, &before, |path| path.ends_with("gift.bin")), Some(wanted.clone()));
        assert_eq!(leftovers(&folder, &before, &program, std::slice::from_ref(&wanted)), [trace]);
        assert!(same(&wanted, &wanted) && !same(&wanted, &program));
        fs::remove_dir_all(&folder).unwrap();
    }
}
