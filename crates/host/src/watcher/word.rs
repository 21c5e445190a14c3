//! What the agent tells the process that watches over it: one line a word.

use std::path::{Path, PathBuf};

/// The first line; whoever begins otherwise is not an agent of this kind, and nothing is removed.
pub(crate) const GREETING: &[u8] = b"ponte-agent watcher 1\n";

/// Longest path that is told, in bytes: no system here has longer ones.
const PATH_BYTES: usize = 32 * 1024;

/// Longest line in bytes: two digits for each byte of the path, and what stands before it.
pub(crate) const LINE_BYTES: usize = 2 * PATH_BYTES + 64;

/// One thing that the watcher must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// Where the program's file is.
    Program(PathBuf),
    /// A file, or a folder to be removed only when it is empty.
    Made(PathBuf),
    /// A folder that goes with all it holds.
    MadeWithContents(PathBuf),
    /// That path is gone already.
    Gone(PathBuf),
    /// That file stays, with the folders around it.
    Kept(PathBuf),
    /// Unfinished files of ours in that folder go.
    Unfinished(PathBuf),
    /// The last word: nothing is left to do.
    Done,
}

impl Word {
    /// The line that says it; `None` if the path cannot be told.
    pub(crate) fn line(&self) -> Option<Vec<u8>> {
        let (name, path) = match self {
            Self::Program(path) => ("program", path),
            Self::Made(path) => ("made", path),
            Self::MadeWithContents(path) => ("made-with-contents", path),
            Self::Gone(path) => ("gone", path),
            Self::Kept(path) => ("kept", path),
            Self::Unfinished(path) => ("unfinished", path),
            Self::Done => return Some(b"done\n".to_vec()),
        };
        let bytes = path_bytes(path).filter(|bytes| bytes.len() <= PATH_BYTES)?;
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(format!("{name} {} {digits}\n", bytes.len()).into_bytes())
    }

    /// The word of a whole line, its end included. A path has as many bytes as is said before it:
    /// half a path would be another one.
    pub(crate) fn read(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
        if line == "done" {
            return Some(Self::Done);
        }
        let mut parts = line.split(' ');
        let (name, length, digits) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = bytes(digits)?;
        if parts.next().is_some() || length != bytes.len().to_string() {
            return None;
        }
        let path = bytes_path(bytes).filter(|path| path.is_absolute())?;
        Some(match name {
            "program" => Self::Program(path),
            "made" => Self::Made(path),
            "made-with-contents" => Self::MadeWithContents(path),
            "gone" => Self::Gone(path),
            "kept" => Self::Kept(path),
            "unfinished" => Self::Unfinished(path),
            _ => return None,
        })
    }
}

/// The bytes that lower-case hexadecimal digits stand for.
fn bytes(digits: &str) -> Option<Vec<u8>> {
    if digits.len() > 2 * PATH_BYTES {
        return None;
    }
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    bytes.filter(|_| rest.is_empty())
}

#[cfg(unix)]
fn path_bytes(path: &Path) -> Option<Vec<u8>> {
    use std::os::unix::ffi::OsStrExt;
    Some(path.as_os_str().as_bytes().to_vec())
}

#[cfg(unix)]
fn bytes_path(bytes: Vec<u8>) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    Some(std::ffi::OsString::from_vec(bytes).into())
}

/// Names that are no text are not told: none of ours is such a one.
#[cfg(not(unix))]
fn path_bytes(path: &Path) -> Option<Vec<u8>> {
    path.to_str().map(|path| path.as_bytes().to_vec())
}

#[cfg(not(unix))]
fn bytes_path(bytes: Vec<u8>) -> Option<PathBuf> {
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    /// A path with a blank, a line's end and bytes that are no text.
    fn odd() -> PathBuf {
        bytes_path(b"/tmp/a b\nc \xff\xfe".to_vec()).unwrap()
    }

    #[test]
    fn every_word_comes_back_as_it_was_said() {
        let words = [
            Word::Program(odd()),
            Word::Made(odd()),
            Word::MadeWithContents(odd()),
            Word::Gone(odd()),
            Word::Kept(odd()),
            Word::Unfinished(odd()),
            Word::Done,
        ];
        for word in words {
            let line = word.line().unwrap();
            assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1, "{word:?}");
            assert!(line.len() <= LINE_BYTES);
            assert_eq!(Word::read(&line), Some(word));
        }
    }

    #[test]
    fn no_part_of_a_line_is_a_word() {
        let line = Word::Made("/tmp/letters/a".into()).line().unwrap();
        for length in 0..line.len() {
            assert_eq!(Word::read(&line[..length]), None, "{length}");
            let ended: Vec<u8> = line[..length].iter().copied().chain(*b"\n").collect();
            assert_eq!(Word::read(&ended).is_some(), length + 1 == line.len(), "{length}");
        }
    }

    #[test]
    fn what_is_not_a_word_is_not_read() {
        for line in [
            "",
            "\n",
            "done \n",
            "made\n",
            "made 1\n",
            "made 1 \n",
            "made 0 \n",
            "made 2 2f\n",
            "made 01 2f\n",
            "made 1 2F\n",
            "made 1 2\n",
            "made 1 2f 2f\n",
            "made  1 2f\n",
            "make 1 2f\n",
            "made 1 61\n",
        ] {
            assert_eq!(Word::read(line.as_bytes()), None, "{line:?}");
        }
        assert_eq!(Word::read(b"made 1 2f\n"), Some(Word::Made("/".into())));
    }

    #[test]
    fn a_path_that_is_too_long_is_not_told() {
        let path = |bytes: usize| PathBuf::from(format!("/{}", "x".repeat(bytes - 1)));
        assert!(Word::Made(path(PATH_BYTES)).line().unwrap().len() <= LINE_BYTES);
        assert_eq!(Word::Made(path(PATH_BYTES + 1)).line(), None);
    }
}
