//! What is done with a picture after it was saved, on this computer alone: copied to another place, or read again.

use console_core::clipboard::{Content, Picture, decode};
use console_core::proto::clipboard::ClipKind;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// What became of saving under another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SavedAs {
    /// It is there.
    Done(PathBuf),
    /// Something of that name was there, and is as it was.
    Exists,
    /// It could not be written.
    Failed,
}

/// Where a file goes that the operator names so: beside the first where no folder is named, under its own name where
/// only a folder is, and with its ending where none is.
fn place(from: &Path, to: &Path) -> PathBuf {
    let mut to = from.parent().unwrap_or(Path::new("")).join(to);
    if to.is_dir() {
        to.push(from.file_name().unwrap_or_default());
    }
    if to.extension().is_none()
        && let Some(ending) = from.extension()
    {
        to.set_extension(ending);
    }
    to
}

/// Saves a copy of it there, over nothing.
#[must_use]
pub fn save_as(from: &Path, to: &Path) -> SavedAs {
    let to = place(from, to);
    let copy = || {
        let mut source = File::open(from)?;
        let mut file = File::options().write(true).create_new(true).open(&to)?;
        io::copy(&mut source, &mut file).inspect_err(|_| {
            // It was made a moment ago, and half of it is of no use.
            let _ = std::fs::remove_file(&to);
        })
    };
    match copy() {
        Ok(_) => SavedAs::Done(to),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => SavedAs::Exists,
        Err(error) => {
            tracing::warn!(%error, "a picture was not saved under another name");
            SavedAs::Failed
        }
    }
}

/// The picture in a file that this program has written; none where it is that no more.
#[must_use]
pub fn read_picture(path: &Path) -> Option<Picture> {
    let most = ClipKind::Picture.most_bytes();
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(most as u64 + 1).read_to_end(&mut bytes).ok()?;
    match decode(ClipKind::Picture, bytes).ok()? {
        Content::Picture(picture) => Some(picture),
        Content::Text(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A folder of its own, gone at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("ponte-saved-{name}-{}", std::process::id()));
            fs::create_dir_all(path.join("cases")).unwrap();
            fs::write(path.join("ponte-1.png"), "first").unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_copy_goes_where_it_is_named_and_over_nothing() {
        let folder = Folder::new("names");
        let from = folder.0.join("ponte-1.png");
        let rows = [
            ("case-4711", "case-4711.png"),
            ("case-4712.png", "case-4712.png"),
            ("cases", "cases/ponte-1.png"),
            ("cases/other", "cases/other.png"),
        ];
        for (typed, expected) in rows {
            assert_eq!(save_as(&from, Path::new(typed)), SavedAs::Done(folder.0.join(expected)), "{typed}");
            assert_eq!(fs::read_to_string(folder.0.join(expected)).unwrap(), "first");
            assert_eq!(save_as(&from, Path::new(typed)), SavedAs::Exists, "{typed} a second time");
        }
        fs::write(folder.0.join("letter.txt"), "theirs").unwrap();
        for typed in ["letter.txt", "ponte-1.png", "ponte-1", "."] {
            assert_eq!(save_as(&from, Path::new(typed)), SavedAs::Exists, "{typed}");
        }
        assert_eq!(fs::read_to_string(folder.0.join("letter.txt")).unwrap(), "theirs");
        assert_eq!(fs::read_to_string(&from).unwrap(), "first");
        assert_eq!(save_as(&from, Path::new("nowhere/a.png")), SavedAs::Failed);
        assert_eq!(save_as(Path::new("/nowhere/a.png"), &folder.0.join("b.png")), SavedAs::Failed);
        assert!(!folder.0.join("b.png").exists(), "nothing is left of what failed");
    }

    #[test]
    fn a_picture_comes_back_as_it_was_saved() {
        let folder = Folder::new("pictures");
        let rgba = [1, 2, 3, 255].repeat(12);
        let picture = console_core::picture::Picture { width: 4, height: 3, rgba: rgba.clone(), ..Default::default() };
        let path = folder.0.join("a.png");
        picture.write_png(File::create(&path).unwrap()).unwrap();
        let read = read_picture(&path).unwrap();
        assert_eq!((read.width(), read.height(), read.rgba()), (4, 3, rgba.as_slice()));
        assert!(read_picture(&folder.0.join("ponte-1.png")).is_none(), "whatever else is there is no picture");
        assert!(read_picture(&folder.0.join("gone.png")).is_none());
    }
}
