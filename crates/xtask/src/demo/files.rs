//! The files of a demo: what is in a folder, what appeared in it, what was made to be sent.

use crate::run::{Context, Failure};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

/// How much of a large file is read or written at once.
const BLOCK: usize = 1 << 18;

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
    compare(one, other).unwrap_or(false)
}

/// The same without either of them in memory as a whole.
fn compare(one: &Path, other: &Path) -> io::Result<bool> {
    let (one, other) = (File::open(one)?, File::open(other)?);
    let mut left = one.metadata()?.len();
    if other.metadata()?.len() != left {
        return Ok(false);
    }
    let (mut one, mut other) = (BufReader::with_capacity(BLOCK, one), BufReader::with_capacity(BLOCK, other));
    while left > 0 {
        let (block, beside) = (one.fill_buf()?, other.fill_buf()?);
        let length = block.len().min(beside.len());
        if length == 0 || block[..length] != beside[..length] {
            return Ok(false);
        }
        one.consume(length);
        other.consume(length);
        left = left.saturating_sub(length as u64);
    }
    Ok(true)
}

/// What differs between two folders of files: a name that only one of them has, or other bytes in a file.
pub(crate) fn difference(one: &Path, other: &Path) -> Option<String> {
    let names = |folder: &Path| -> BTreeSet<PathBuf> {
        tree(folder).into_iter().filter_map(|path| path.strip_prefix(folder).map(Path::to_owned).ok()).collect()
    };
    let (here, there) = (names(one), names(other));
    if let Some(name) = here.symmetric_difference(&there).next() {
        return Some(format!("only one of them has {}", name.display()));
    }
    let is_other = |name: &&PathBuf| one.join(name).is_file() && !same(&one.join(name), &other.join(name));
    here.iter().find(is_other).map(|name| format!("{} has other bytes", name.display()))
}

/// Writes a file of `size` bytes that do not compress, different for each `seed`.
pub(crate) fn write_noise(path: &Path, size: usize, seed: u64) -> Result<(), Failure> {
    let mut file = BufWriter::with_capacity(BLOCK, File::create(path).context(path.display())?);
    // Marsaglia's xorshift with its 13, 7, 17 triple; the state must not be 0.
    let (mut state, mut left) = (seed | 1, size);
    while left > 0 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let bytes = state.to_le_bytes();
        let length = left.min(bytes.len());
        file.write_all(&bytes[..length]).context(path.display())?;
        left -= length;
    }
    file.flush().context(path.display())
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
    #[test]
    fn folders_differ_in_their_names_or_in_the_bytes_of_a_file() {
        let folder = std::env::temp_dir().join(format!("ponte-folders-{}", std::process::id()));
        let (one, other) = (folder.join("one"), folder.join("other"));
        for place in [&one, &other] {
            fs::create_dir_all(place.join("inside")).unwrap();
            write_noise(&place.join("inside/large"), BLOCK * 2 + 5, 3).unwrap();
        }
        assert_eq!(difference(&one, &other), None);
        write_noise(&other.join("inside/large"), BLOCK * 2 + 5, 9).unwrap();
        assert!(difference(&one, &other).unwrap().contains("other bytes"));
        fs::write(one.join("more"), "").unwrap();
        assert!(difference(&one, &other).unwrap().contains("more"));
        fs::remove_dir_all(&folder).unwrap();
    }
}
