//! The technical log: in memory only, and on the disk when the person wants it there.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tracing_subscriber::fmt::MakeWriter;

/// Bytes of the newest lines that are kept.
const KEPT_BYTES: usize = 256 * 1024;
/// Names that are tried when one is taken.
const NAMES_TRIED: u32 = 100;

/// The newest lines. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct TechnicalLog(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl TechnicalLog {
    /// Everything that is kept, oldest first.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.lines.iter().flatten().copied().collect()
    }

    /// Writes it into a new file in this folder; says where it is.
    ///
    /// # Errors
    /// The system's.
    pub fn save(&self, folder: &Path) -> io::Result<PathBuf> {
        for number in 1..NAMES_TRIED {
            let name = if number == 1 { "ponte-technical.log".into() } else { format!("ponte-technical-{number}.log") };
            let path = folder.join(name);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(mut file) => return file.write_all(&self.text()).map(|()| path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

impl Write for TechnicalLog {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += line.len();
        kept.lines.push_back(line.to_vec());
        while kept.bytes > KEPT_BYTES
            && let Some(oldest) = kept.lines.pop_front()
        {
            kept.bytes -= oldest.len();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for TechnicalLog {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_are_kept_and_saved_beside_an_older_log() {
        let mut log = TechnicalLog::default();
        log.write_all(b"the first line\n").unwrap();
        for _ in 0..KEPT_BYTES / 64 {
            log.write_all(&[b'x'; 64]).unwrap();
        }
        log.write_all(b"the last line\n").unwrap();
        let text = log.text();
        assert!(text.len() <= KEPT_BYTES && text.ends_with(b"the last line\n"));
        assert!(!text.starts_with(b"the first line\n"));
        let folder = tempfile::tempdir().unwrap();
        let saved = [log.save(folder.path()).unwrap(), log.save(folder.path()).unwrap()];
        assert_ne!(saved[0], saved[1]);
        assert_eq!(std::fs::read(&saved[1]).unwrap(), text);
        assert!(log.save(&folder.path().join("nowhere")).is_err());
    }
}
