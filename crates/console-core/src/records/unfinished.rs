//! What has come of files that a lost session cut off: remembered in its record before anything is written, so that it
//! can be gone on with, and is deleted when nobody does. Folders are never searched for it.

use super::{Back, Records, Shared, cut, one_line};
use crate::engine::now_s;
use crate::records::{NAME_BYTES, RecordId};
use serde::{Deserialize, Serialize};
use session::{Discarded, PartBook, discard_part};
use std::fs::{Metadata, symlink_metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

/// What nobody has gone on with for so long is deleted at the next start, in days: the person may be away for a week.
pub const UNFINISHED_DAYS: u64 = 7;
/// Partial files of a session that are remembered: one is written at a time, and a lost session leaves that.
const MOST: usize = 8;
/// Longest path of one that is remembered, in bytes; of a longer one nothing stays.
const PATH_BYTES: usize = 4096;
/// How long the disk may take to remember one.
const REMEMBERED_WITHIN: Duration = Duration::from_secs(10);

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

    /// Has one of this session known as it was seen. That alone is not saved: it is seen again at the next start.
    fn see(&self, id: &RecordId, seen: Unfinished) {
        {
            let mut state = self.shared.lock();
            let Ok(place) = state.place(id) else { return };
            let Some(record) = state.all.get_mut(place) else { return };
            let Some(at) = record.kept.unfinished.iter().position(|known| known.path == seen.path) else { return };
            match Arc::make_mut(record).kept.unfinished.get_mut(at) {
                Some(known) if *known != seen => *known = seen,
                _ => return,
            }
            state.listed = None;
        }
        (self.shared.on_change)();
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

/// What a record says at the start of partial files.
pub(super) struct Left {
    pub(super) id: RecordId,
    /// False if the record is too old to be held in memory.
    pub(super) is_listed: bool,
    pub(super) unfinished: Vec<Unfinished>,
}

/// Looks at what is still there of these and deletes what is over its time, on a thread of its own: a folder of the
/// network or a stick may not answer for minutes, or ever.
pub(super) fn look_after(back: &Back, left: Vec<Left>) {
    if left.is_empty() {
        return;
    }
    let back = back.clone();
    apart(move || {
        for Left { id, is_listed, unfinished } in left {
            for one in unfinished {
                let (path, seen) = (one.path.clone(), look(one, now_s()));
                let Some(records) = back.records() else { return };
                match seen {
                    Some(seen) => records.see(&id, seen),
                    None if is_listed => {
                        records.change(&id, |kept| kept.unfinished.retain(|known| known.path != path));
                    }
                    None => super::disk::forget_part(&records.shared, &id, &path),
                }
            }
        }
    });
}

/// Deletes what is left of these, on a thread of its own, and then the file that remembers them; one that somebody
/// writes is that session's by now. While one cannot be deleted, all stay remembered.
pub(super) fn discard_all(parts: Vec<PathBuf>, remembered: PathBuf) {
    apart(move || {
        let is_done = |part: &PathBuf| match discard_part(part) {
            Ok(Discarded::Gone | Discarded::InUse) => true,
            Ok(Discarded::NoFolder) => false,
            Err(error) => {
                tracing::warn!(%error, "what is left of a file cannot be deleted now");
                false
            }
        };
        // Each is tried, whatever becomes of the one before.
        let mut are_gone = true;
        for part in &parts {
            are_gone &= is_done(part);
        }
        if are_gone
            && let Err(error) = std::fs::remove_file(remembered)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "what is left of an erased record cannot be deleted now");
        }
    });
}

/// Nobody waits for it, the end of the program neither.
fn apart(work: impl FnOnce() + Send + 'static) {
    if let Err(error) = std::thread::Builder::new().name("unfinished".to_owned()).spawn(work) {
        tracing::warn!(%error, "what is left of files is not looked at now");
    }
}

/// What there is to know of one now, after deleting what is over its time; nothing if it is gone. What is on a disk that
/// is not there now stays remembered.
pub(super) fn look(mut one: Unfinished, now_s: u64) -> Option<Unfinished> {
    match symlink_metadata(&one.path) {
        // Another operator of this account may have gone on with it since, and a clock may have been wrong at one of
        // them: the later counts, also one that is still to come.
        Ok(found) if found.is_file() => {
            one.left_s = one.left_s.max(written_s(&found));
            one.done_bytes = found.len();
        }
        Ok(_) => {}
        // Where a disk is connected there may be a folder without it.
        Err(error) if is_absent(&error) => return (one.ends_s() > now_s || !one.folder().exists()).then_some(one),
        Err(_) => return Some(one),
    }
    if one.ends_s() > now_s {
        return Some(one);
    }
    match discard_part(&one.path) {
        Ok(Discarded::Gone) => None,
        Ok(Discarded::InUse | Discarded::NoFolder) => Some(one),
        Err(error) => {
            tracing::warn!(%error, "what is left of a file cannot be deleted now");
            Some(one)
        }
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// When a file was written last, in seconds since 1970.
fn written_s(found: &Metadata) -> u64 {
    let since = found.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| since.as_secs())
}
