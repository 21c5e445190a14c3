//! What has come of files that a lost session cut off: remembered in its record before anything is written, so that it
//! can be gone on with, and is deleted when nobody does. Folders are never searched for it.

use super::{Records, Shared, cut, one_line};
use crate::engine::now_s;
use crate::records::{NAME_BYTES, RecordId};
use serde::{Deserialize, Serialize};
use session::{Discarded, PartBook, discard_part};
use std::fs::symlink_metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What nobody has gone on with for so long is deleted at the next start, in days: the person may be away for a week.
pub const UNFINISHED_DAYS: u64 = 7;
/// Partial files of a session that are remembered: one is written at a time, and a lost session leaves that.
const MOST: usize = 8;
/// Longest path of one that is remembered, in bytes; of a longer one nothing stays.
const PATH_BYTES: usize = 4096;
/// How long the disk may take to remember one.
const REMEMBERED_WITHIN: Duration = Duration::from_secs(2);

/// What has come of a file that a lost session cut off.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Unfinished {
    /// The partial file.
    pub path: PathBuf,
    /// What the file is called, with folders, safe to show.
    pub name: String,
    /// How long it is, in bytes.
    pub size_bytes: u64,
    /// So much of it has come.
    pub done_bytes: u64,
    /// When it was written last, in seconds since 1970.
    pub left_s: u64,
}

impl Unfinished {
    /// From when on it is deleted, in seconds since 1970: at the first start after that.
    #[must_use]
    pub fn ends_s(&self) -> u64 {
        self.left_s.saturating_add(UNFINISHED_DAYS * 24 * 60 * 60)
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }
}

/// Those of one session.
struct Book {
    records: Records,
    id: RecordId,
}

impl PartBook for Book {
    fn opened(&self, part: &Path, name: &str, size_bytes: u64) -> bool {
        if part.to_str().is_none_or(|text| text.len() > PATH_BYTES) {
            return false;
        }
        // Whoever writes it now may have taken it up from an earlier session.
        self.records.forget_part(part);
        let name = cut(one_line(name), NAME_BYTES);
        let new = Unfinished { path: part.to_owned(), name, size_bytes, done_bytes: 0, left_s: now_s() };
        let mut is_in = false;
        self.records.change(&self.id, |kept| {
            is_in = kept.unfinished.len() < MOST;
            if is_in {
                kept.unfinished.push(new);
            }
        });
        is_in && self.records.is_flushed(REMEMBERED_WITHIN) && self.records.is_saved(&self.id)
    }

    fn closed(&self, part: &Path) -> bool {
        match symlink_metadata(part) {
            Ok(found) => {
                let mut is_known = false;
                self.records.change(&self.id, |kept| {
                    if let Some(known) = kept.unfinished.iter_mut().find(|known| known.path == part) {
                        (known.done_bytes, known.left_s, is_known) = (found.len(), now_s(), true);
                    }
                });
                is_known
            }
            Err(error) => {
                if error.kind() == io::ErrorKind::NotFound {
                    self.records.forget_part(part);
                }
                true
            }
        }
    }
}

impl Records {
    /// Where a session remembers its partial files.
    pub(crate) fn book(&self, id: &RecordId) -> Arc<dyn PartBook> {
        Arc::new(Book { records: self.clone(), id: id.clone() })
    }

    /// What is kept of this session says no more of this partial file, whichever has it.
    fn forget_part(&self, part: &Path) {
        let having = |records: &Shared| -> Vec<RecordId> {
            let state = records.lock();
            let has = state.all.iter().filter(|record| record.kept.unfinished.iter().any(|known| known.path == part));
            has.map(|record| record.id.clone()).collect()
        };
        for id in having(&self.shared) {
            self.change(&id, |kept| kept.unfinished.retain(|known| known.path != part));
        }
    }
}

/// Deletes what is left of these; the first that cannot be stops it. One that somebody writes is that session's by now.
pub(super) fn discard_all(unfinished: &[Unfinished]) -> io::Result<()> {
    unfinished.iter().try_for_each(|one| discard_part(&one.path).map(drop))
}

/// Looks at the start what is still there of these, and deletes what is over its time. What is on a disk that is not
/// there now stays remembered.
pub(super) fn tidy(unfinished: &mut Vec<Unfinished>) {
    let now_s = now_s();
    unfinished.retain_mut(|one| {
        // The clock was wrong then.
        one.left_s = one.left_s.min(now_s);
        let is_over = one.ends_s() <= now_s;
        match symlink_metadata(&one.path) {
            Ok(found) if !is_over && found.is_file() => {
                one.done_bytes = found.len();
                true
            }
            Err(_) => !one.folder().exists(),
            Ok(_) => match discard_part(&one.path) {
                Ok(Discarded::Gone) => false,
                Ok(Discarded::InUse | Discarded::NoFolder) => true,
                Err(error) => {
                    tracing::warn!(%error, "what is left of a file cannot be deleted now");
                    true
                }
            },
        }
    });
}
