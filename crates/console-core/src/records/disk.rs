//! The thread that reads records when it begins and writes them when they change.

use super::transcript::name;
use super::unfinished::{Left, UNFINISHED_DAYS, discard_all, look_after};
use super::{Back, LISTED, Record, RecordId, SAVED_WITHIN, Shared, State, Wake};
use crate::engine::now_s;
use crate::gate::{make_private_folder, read_bounded, write_whole};
use rand::rngs::OsRng;
use serde::Serialize;
use serde::de::DeserializeOwned;
use session::private::private;
use std::fs;
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Longest file of a record: its texts and paths twice as long as they may be, because of escapes and base64.
const FILE_BYTES: usize = 512 * 1024;
/// Files of a folder that are looked at: a folder of twenty years of work.
const FILES: usize = 200_000;
/// What could not be written is tried again so often.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

const ENDING: &str = "ponte-record";
const TRANSCRIPT_ENDING: &str = "ponte-terminal";
/// Of what an erased record leaves until its partial files are gone: their paths, sealed.
const ERASED_ENDING: &str = "ponte-erased";
const STEM: &str = "ponte-";

/// Reads, then writes until every handle is gone, and what is left then.
pub(super) fn run(shared: &Shared, wakes: &Receiver<Wake>, back: &Back) {
    look_after(back, load(shared));
    let is_behind = |state: &State| !state.unsaved.is_empty() || !state.erased.is_empty();
    if is_behind(&shared.lock()) {
        save(shared);
    }
    (shared.on_change)();
    loop {
        let is_behind = shared.lock().has_failed;
        let first = if is_behind { wakes.recv_timeout(AGAIN_AFTER) } else { wakes.recv().map_err(Into::into) };
        let mut flushed = Vec::new();
        let mut is_last = false;
        match first {
            Ok(Wake::Flush(done)) => flushed.push(done),
            Ok(Wake::Changed) => (flushed, is_last) = collect(wakes),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => is_last = true,
        }
        save(shared);
        for done in flushed {
            // Who waited may have given up.
            let _ = done.try_send(());
        }
        if is_last {
            return;
        }
    }
}

/// Waits for what else changes, so that typing writes once in a while; not longer than until it must be saved.
fn collect(wakes: &Receiver<Wake>) -> (Vec<std::sync::mpsc::SyncSender<()>>, bool) {
    let by = Instant::now() + SAVED_WITHIN;
    loop {
        match wakes.recv_timeout(by.saturating_duration_since(Instant::now())) {
            Ok(Wake::Changed) => {}
            Ok(Wake::Flush(done)) => return (vec![done], false),
            Err(RecvTimeoutError::Timeout) => return (Vec::new(), false),
            Err(RecvTimeoutError::Disconnected) => return (Vec::new(), true),
        }
    }
}

fn path(folder: &Path, id: &RecordId) -> PathBuf {
    folder.join(format!("{STEM}{id}.{ENDING}"))
}

/// Where what the terminals of a session showed is kept.
pub(super) fn transcript_path(folder: &Path, id: &RecordId) -> PathBuf {
    folder.join(format!("{STEM}{id}.{TRANSCRIPT_ENDING}"))
}

fn erased_path(folder: &Path, id: &RecordId) -> PathBuf {
    folder.join(format!("{STEM}{id}.{ERASED_ENDING}"))
}

/// Under which name the paths of an erased record are sealed.
fn erased_name(id: &RecordId) -> String {
    format!("{id} erased")
}

fn id_of(path: &Path, wanted: &str) -> Option<RecordId> {
    if path.extension().is_none_or(|ending| ending != wanted) {
        return None;
    }
    RecordId::parse(path.file_stem()?.to_str()?.strip_prefix(STEM)?)
}

/// Reads what is listed; returns what was left of files. Looks at nothing outside of its own folder.
fn load(shared: &Shared) -> Vec<Left> {
    let mut left = Vec::new();
    let entries = match fs::read_dir(&shared.folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return left,
        Err(error) => {
            tracing::warn!(%error, folder = %shared.folder.display(), "what is kept of sessions cannot be read");
            return left;
        }
    };
    let mut ids = Vec::new();
    for path in entries.take(FILES).filter_map(|entry| Some(entry.ok()?.path())) {
        if let Some(id) = id_of(&path, ENDING) {
            ids.push(id);
        } else if let Some(id) = id_of(&path, ERASED_ENDING)
            && let Some(parts) = read_sealed(shared, &path, &erased_name(&id))
        {
            // Not only its partial files may still be there, if the program was ended by force.
            shared.lock().erased.entry(id).or_insert(parts);
        }
    }
    ids.sort_unstable_by(|one, other| other.cmp(one));
    // One that is listed no more may still have left half a file.
    let is_recent = |id: &RecordId| id.began_s().saturating_add(2 * UNFINISHED_DAYS * 24 * 60 * 60) > now_s();
    for (place, id) in ids.into_iter().enumerate() {
        let is_listed = place < LISTED;
        if !is_listed && !is_recent(&id) {
            break;
        }
        if shared.lock().erased.contains_key(&id) {
            continue;
        }
        let Some(record) = read(shared, &id) else { continue };
        let unfinished = record.kept.unfinished.clone();
        if is_listed {
            let mut state = shared.lock();
            // One that began meanwhile is newer than what is on the disk.
            let Err(place) = state.place(&id) else { continue };
            if state.erased.contains_key(&id) {
                continue;
            }
            state.all.insert(place, Arc::new(record));
            state.listed = None;
        }
        if !unfinished.is_empty() {
            left.push(Left { id, is_listed, unfinished });
        }
    }
    let is_taken_up = |part: &PathBuf| left.iter().flat_map(|left| &left.unfinished).any(|one| one.path == *part);
    for parts in shared.lock().erased.values_mut() {
        parts.retain(|part| !is_taken_up(part));
    }
    left
}

/// A record that is not listed says no more of this partial file.
pub(super) fn forget_part(shared: &Shared, id: &RecordId, part: &Path) {
    let Some(mut record) = read(shared, id) else { return };
    record.kept.unfinished.retain(|known| known.path != part);
    if let Err(error) = write(shared, &record) {
        tracing::warn!(%error, "a record cannot be written now");
    }
}

fn read(shared: &Shared, id: &RecordId) -> Option<Record> {
    let kept = read_sealed(shared, &path(&shared.folder, id), &id.to_string())?;
    Some(Record { id: id.clone(), kept })
}

fn read_sealed<T: DeserializeOwned>(shared: &Shared, path: &Path, name: &str) -> Option<T> {
    let read = read_bounded(path, FILE_BYTES).map_err(|error| error.to_string()).and_then(|bytes| {
        let text = shared.key.open(name, &bytes).map_err(|error| error.to_string())?;
        serde_json::from_slice(&text).map_err(|error| error.to_string())
    });
    // Of another operator of this machine, or damaged: left where it is.
    read.inspect_err(|error| tracing::info!(%error, path = %path.display(), "a record is passed over")).ok()
}

fn save(shared: &Shared) {
    let (unsaved, erased) = {
        let mut state = shared.lock();
        let place = |id: &RecordId| state.place(id).ok().and_then(|place| state.all.get(place)).cloned();
        let unsaved: Vec<Arc<Record>> = state.unsaved.iter().filter_map(place).collect();
        state.unsaved.clear();
        (unsaved, std::mem::take(&mut state.erased))
    };
    let mut failed = Vec::new();
    for record in unsaved {
        if let Err(error) = write(shared, &record) {
            tracing::warn!(%error, folder = %shared.folder.display(), "a record cannot be written now");
            failed.push(record.id.clone());
        }
    }
    let mut left = Vec::new();
    for (id, parts) in erased {
        match erase(shared, &id, &parts) {
            Ok(()) if parts.is_empty() => {}
            Ok(()) => discard_all(parts, erased_path(&shared.folder, &id)),
            Err(error) => {
                tracing::warn!(%error, "a record cannot be erased now");
                left.push((id, parts));
            }
        }
    }
    let is_behind = !append_all(shared);
    let has_failed = is_behind || !failed.is_empty() || !left.is_empty();
    let is_news = {
        let mut state = shared.lock();
        state.failed = failed.iter().cloned().collect();
        state.unsaved.extend(failed);
        state.erased.extend(left);
        std::mem::replace(&mut state.has_failed, has_failed) != has_failed
    };
    if is_news {
        (shared.on_change)();
    }
}

/// Removes a record and what belongs to it, but for its partial files: these are remembered until they are gone.
fn erase(shared: &Shared, id: &RecordId, parts: &[PathBuf]) -> io::Result<()> {
    let erased = erased_path(&shared.folder, id);
    if !parts.is_empty()
        && let Err(error) = write_sealed(shared, &erased, &erased_name(id), &parts)
    {
        // A disk that is full does not keep a record from being erased.
        tracing::warn!(%error, "what is left of files is deleted now or not at all");
    }
    // The record last: as long as it is there, it can be erased again.
    let mut files = vec![transcript_path(&shared.folder, id), path(&shared.folder, id)];
    files.extend(parts.is_empty().then_some(erased));
    for file in files {
        match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Writes what terminals have shown since the last time; false if something could not be written. That is lost, and
/// the transcript says so: what a terminal shows is not held in memory for a disk that is full.
fn append_all(shared: &Shared) -> bool {
    let mut waiting = Vec::new();
    for (id, file) in &mut shared.lock().shown {
        if !file.is_empty() {
            waiting.push((id.clone(), file.lines, file.length, file.take()));
        }
    }
    let mut is_written = true;
    for (id, lines, length, portions) in waiting {
        let mut sealed = Vec::new();
        for (line, portion) in (lines..).zip(&portions) {
            sealed.extend(shared.key.seal(&name(&id, line), portion, &mut OsRng));
            sealed.push(b'\n');
        }
        match append(shared, &id, length, &sealed) {
            Ok(()) => {
                if let Some(file) = shared.lock().shown.get_mut(&id) {
                    file.lines += portions.len() as u64;
                    file.length += sealed.len() as u64;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "what a terminal showed cannot be written now");
                is_written = false;
            }
        }
    }
    is_written
}

/// Writes behind the first so many bytes of the file, in place of what an earlier try has left there.
fn append(shared: &Shared, id: &RecordId, length: u64, sealed: &[u8]) -> io::Result<()> {
    make_private_folder(&shared.folder)?;
    let mut options = fs::File::options();
    options.create(true).truncate(false).write(true);
    // Nobody else on this machine reads what a terminal showed.
    let mut file = private(&mut options).open(transcript_path(&shared.folder, id))?;
    file.set_len(length)?;
    file.seek(io::SeekFrom::Start(length))?;
    file.write_all(sealed)?;
    file.sync_data()
}

fn write(shared: &Shared, record: &Record) -> io::Result<()> {
    write_sealed(shared, &path(&shared.folder, &record.id), &record.id.to_string(), &record.kept)
}

fn write_sealed(shared: &Shared, path: &Path, name: &str, what: &impl Serialize) -> io::Result<()> {
    let text = zeroize::Zeroizing::new(serde_json::to_vec(what)?);
    let file = shared.key.seal(name, &text, &mut OsRng);
    make_private_folder(&shared.folder)?;
    write_whole(path, &file)
}
