//! What the operator keeps of each session: who was helped, a summary, tags and the outcome, sealed beside the logs.
//!
//! Every change is on the disk within [`SAVED_WITHIN`]; each record is a file of its own, written whole or not at
//! all. Read [`Record`], then [`Records`].

mod disk;
mod plain;
mod transcript;
mod unfinished;

pub use plain::PlainLine;
pub(crate) use transcript::{Keeping, Received};
pub use transcript::{TerminalText, Transcript};
pub use unfinished::{UNFINISHED_DAYS, Unfinished};

use crate::view::{EndView, Stage};
use proto::session::EndReason;
use rand::RngCore as _;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use vault::RecordsKey;

/// What was typed is on the disk after this time at the latest, if the disk takes it.
pub const SAVED_WITHIN: Duration = Duration::from_secs(1);
/// Longest name of who was helped, in bytes: a person and an office.
pub const NAME_BYTES: usize = 200;
/// Longest summary, in bytes: some pages.
pub const NOTES_BYTES: usize = 16 * 1024;
/// Lines of the chat that are kept of a session, in bytes; of each writer a half, so that neither takes the other's
/// away; the oldest go. An hour of lively talk is a third of it, and all records are held in memory.
pub const CHAT_KEPT_BYTES: usize = 64 * 1024;
/// Most tags of a session: more are read by nobody.
pub const TAGS: usize = 16;
/// Longest tag, in bytes.
pub const TAG_BYTES: usize = 64;
/// Sessions that are listed, the newest; older ones stay on the disk.
pub const LISTED: usize = 1000;
/// Transfers that are kept because the log lacks files of them: with their names 30 kB.
pub const NOT_IN_LOG: usize = 100;
/// What a line of the chat has on the disk besides its text, in bytes.
const LINE_AROUND_BYTES: usize = 80;
/// Wakings of the writer that wait; one is as good as many.
const WAKES: usize = 8;

/// What became of the trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is solved.
    Solved,
    /// It is not.
    NotSolved,
    /// There will be another session.
    ToContinue,
    /// The person, or the operator, did not want it.
    Refused,
}

impl Outcome {
    /// All of them, in the order in which they are asked.
    pub const ALL: [Self; 4] = [Self::Solved, Self::NotSolved, Self::ToContinue, Self::Refused];
}

/// Which session, also the name of its file. Sorts by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(Arc<str>);

impl RecordId {
    fn new(began_s: u64) -> Self {
        Self(format!("{began_s:012}-{:08x}", OsRng.next_u32()).into())
    }

    /// When it began, in seconds since 1970.
    fn began_s(&self) -> u64 {
        self.0.split_once('-').and_then(|(seconds, _)| seconds.parse().ok()).unwrap_or_default()
    }

    /// `None` if no session is called so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (seconds, number) = text.split_once('-')?;
        let is_one = seconds.len() == 12
            && seconds.bytes().all(|byte| byte.is_ascii_digit())
            && number.len() == 8
            && number.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        is_one.then(|| Self(text.into()))
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is kept of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Which.
    pub id: RecordId,
    /// What of it is on the disk.
    pub kept: Kept,
}

impl Record {
    /// Writes what is kept as JSON, in the clear, beside what is in this folder: "ponte-session-1.json", ...
    ///
    /// # Errors
    /// Whatever stops the writing.
    pub fn export_into(&self, folder: &std::path::Path) -> std::io::Result<PathBuf> {
        crate::tasks::write_text(&self.kept.to_json(), folder, "ponte-session", "json")
    }
}

/// What of a record is on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// When it began, in seconds since 1970.
    pub began_s: u64,
    /// How long it lasted, in seconds; none while it runs, or if this program was ended by force.
    pub lasted_s: Option<u64>,
    /// Why it ended.
    pub end: Option<EndReason>,
    /// The client's operating system, safe to show.
    pub system: String,
    /// Whom the operator says it was.
    pub name: String,
    /// The operator's summary.
    pub notes: String,
    /// The operator's tags.
    pub tags: Vec<String>,
    /// What became of it, once the operator has said so.
    pub outcome: Option<Outcome>,
    /// The person's rating from 1 to 5.
    pub stars: Option<u8>,
    /// The person's words, safe to show.
    pub comment: Option<String>,
    /// Where the session's log is.
    pub log: Option<PathBuf>,
    /// How many terminals there were; what they showed is sealed beside the record.
    pub terminals: u32,
    /// What has come of files that were cut off, on this machine; also of the one that comes now.
    pub unfinished: Vec<Unfinished>,
    /// What was written in the chat, oldest first, at most half of [`CHAT_KEPT_BYTES`] of each writer.
    pub chat: Vec<KeptLine>,
    /// How many older lines there were.
    pub chat_left_out: u32,
    /// Transfers of which files came that do not stand in the log, the first [`NOT_IN_LOG`].
    pub not_in_log: Vec<NotInLog>,
}

/// Files that came and that the log does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotInLog {
    /// What the transfer is called, safe to show.
    pub name: String,
    /// How many files of it.
    pub files: u32,
}

/// A line of the chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptLine {
    /// When it was written or came, in milliseconds since 1970.
    pub at_ms: u64,
    /// Whether the operator wrote it.
    pub mine: bool,
    /// The line, safe to show.
    pub text: String,
    /// Whether it is the operator's, and no word came that the person has it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_delivered: bool,
}

impl KeptLine {
    fn bytes(&self) -> usize {
        self.text.len() + LINE_AROUND_BYTES
    }
}

impl Kept {
    /// As it is exported, JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Texts and numbers only; a path that is no text is left out by whoever wrote it.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    fn describe(&mut self, what: Description) {
        match what {
            Description::Name(name) => self.name = cut(one_line(&name), NAME_BYTES),
            Description::Notes(notes) => self.notes = cut(notes, NOTES_BYTES),
            Description::Tags(tags) => self.tags = clean_tags(tags),
            Description::Outcome(outcome) => self.outcome = outcome,
        }
    }

    fn say(&mut self, line: KeptLine) {
        let mine = line.mine;
        self.chat.push(line);
        let is_of_writer = |line: &KeptLine| line.mine == mine;
        let mut bytes: usize = self.chat.iter().filter(|line| is_of_writer(line)).map(KeptLine::bytes).sum();
        while bytes > CHAT_KEPT_BYTES / 2 {
            let Some(oldest) = self.chat.iter().position(is_of_writer) else { return };
            bytes -= self.chat.remove(oldest).bytes();
            self.chat_left_out = self.chat_left_out.saturating_add(1);
        }
    }

    /// All of the operator's lines have come to the person, but for the last so many.
    fn deliver(&mut self, all_but: u64) {
        let all_but = usize::try_from(all_but).unwrap_or(usize::MAX);
        let own = self.chat.iter_mut().rev().filter(|line| line.mine).skip(all_but);
        own.take_while(|line| line.not_delivered).for_each(|line| line.not_delivered = false);
    }

    fn end(&mut self, end: &EndView) {
        (self.end, self.lasted_s) = (Some(end.reason), Some(end.lasted.as_secs()));
        if let Some(rating) = &end.rating {
            (self.stars, self.comment) = (Some(rating.stars), rating.comment.clone());
        }
        let missing = end.transfers.iter().filter(|transfer| transfer.not_in_log > 0);
        let missing = missing.map(|transfer| NotInLog { name: transfer.name.clone(), files: transfer.not_in_log });
        self.not_in_log = missing.take(NOT_IN_LOG).collect();
        // What is no text cannot be written down.
        self.log = end.log.clone().filter(|path| path.to_str().is_some());
    }
}

/// What the operator says of a session; longer texts are cut at their limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Description {
    /// Who was helped.
    Name(String),
    /// What was done.
    Notes(String),
    /// Words to find it by.
    Tags(Vec<String>),
    /// What became of it.
    Outcome(Option<Outcome>),
}

fn one_line(text: &str) -> String {
    text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect()
}

/// At most so many bytes of it, in whole characters.
fn cut(mut text: String, most: usize) -> String {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.truncate(end);
    text
}

/// Each once, without the spaces around, and no more than there may be.
fn clean_tags(tags: Vec<String>) -> Vec<String> {
    let mut clean: Vec<String> = Vec::new();
    for tag in tags {
        let tag = cut(one_line(&tag).trim().to_owned(), TAG_BYTES);
        if !tag.is_empty() && !clean.contains(&tag) && clean.len() < TAGS {
            clean.push(tag);
        }
    }
    clean
}

/// What wakes the writer.
enum Wake {
    Changed,
    Flush(SyncSender<()>),
}

#[derive(Default)]
struct State {
    /// Newest first.
    all: Vec<Arc<Record>>,
    /// The same, as it was asked for last.
    listed: Option<Arc<[Arc<Record>]>>,
    unsaved: BTreeSet<RecordId>,
    /// What could not be written the last time.
    failed: BTreeSet<RecordId>,
    /// With what has come of files that were cut off.
    erased: BTreeMap<RecordId, Vec<PathBuf>>,
    /// What terminals of running sessions showed.
    shown: BTreeMap<RecordId, transcript::Unwritten>,
    opened: Option<OpenedTranscript>,
    has_failed: bool,
}

impl State {
    fn place(&self, id: &RecordId) -> Result<usize, usize> {
        self.all.binary_search_by(|record| id.cmp(&record.id))
    }
}

/// The transcript that the operator looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedTranscript {
    /// Of which session.
    pub id: RecordId,
    /// What stands there.
    pub state: TranscriptState,
}

/// How far the reading of a transcript is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TranscriptState {
    /// It is being read.
    Reading,
    /// Here it is.
    Read(Arc<Transcript>),
    /// There is none, or it cannot be read.
    Failed,
}

/// What all handles and the writer share.
struct Shared {
    state: Mutex<State>,
    folder: PathBuf,
    key: RecordsKey,
    on_change: Box<dyn Fn() + Send + Sync>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The records of one operator. When the last handle is dropped, what is not saved yet is saved.
#[derive(Clone)]
pub struct Records {
    shared: Arc<Shared>,
    wake: Arc<SyncSender<Wake>>,
}

/// The way back to the records for a thread that may hang: by itself it keeps nothing open.
#[derive(Clone)]
struct Back {
    shared: Weak<Shared>,
    wake: Weak<SyncSender<Wake>>,
}

impl Back {
    /// None once every handle is gone.
    fn records(&self) -> Option<Records> {
        Some(Records { shared: self.shared.upgrade()?, wake: self.wake.upgrade()? })
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Records")
    }
}

impl Records {
    /// The records in this folder; they are read on a thread of their own. `on_change` is called, also from other
    /// threads, when there is something new to be seen.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn open(
        folder: PathBuf,
        key: RecordsKey,
        on_change: Box<dyn Fn() + Send + Sync>,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), folder, key, on_change });
        let (wake, wakes) = sync_channel(WAKES);
        let (writer, wake) = (Arc::clone(&shared), Arc::new(wake));
        let back = Back { shared: Arc::downgrade(&shared), wake: Arc::downgrade(&wake) };
        std::thread::Builder::new().name("records".to_owned()).spawn(move || disk::run(&writer, &wakes, &back))?;
        Ok(Self { shared, wake })
    }

    /// All that are listed, newest first.
    #[must_use]
    pub fn all(&self) -> Arc<[Arc<Record>]> {
        let State { all, listed, .. } = &mut *self.shared.lock();
        Arc::clone(listed.get_or_insert_with(|| all.as_slice().into()))
    }

    /// One of them.
    #[must_use]
    pub fn find(&self, id: &RecordId) -> Option<Arc<Record>> {
        let state = self.shared.lock();
        state.place(id).ok().and_then(|place| state.all.get(place)).cloned()
    }

    /// Whether the last change could not be written yet.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.shared.lock().has_failed
    }

    /// Whether what was kept of this session the last time that anything was written is on the disk. What has changed
    /// since does not count.
    pub(crate) fn is_saved(&self, id: &RecordId) -> bool {
        let state = self.shared.lock();
        state.place(id).is_ok() && !state.failed.contains(id)
    }

    /// The operator says something of this session; false if there is no such session.
    pub fn describe(&self, id: &RecordId, what: Description) -> bool {
        self.change(id, |kept| kept.describe(what))
    }

    /// What the terminals of this session showed, as far as it is on the disk. Reads and opens the file.
    ///
    /// # Errors
    /// There were none, or the file cannot be read.
    pub fn transcript(&self, id: &RecordId) -> std::io::Result<Transcript> {
        transcript::read(&self.shared, id)
    }

    /// The same on a thread of its own, for whoever looks at [`Self::opened`]; none closes it.
    pub fn open_transcript(&self, id: Option<&RecordId>) {
        let opened = id.map(|id| OpenedTranscript { id: id.clone(), state: TranscriptState::Reading });
        self.shared.lock().opened.clone_from(&opened);
        if let Some(OpenedTranscript { id, .. }) = opened {
            let shared = Arc::clone(&self.shared);
            let read = move || {
                let read = transcript::read(&shared, &id);
                let read = read.inspect_err(|error| tracing::warn!(%error, "a transcript cannot be read"));
                let state = read.map_or(TranscriptState::Failed, |read| TranscriptState::Read(Arc::new(read)));
                if let Some(opened) = shared.lock().opened.as_mut().filter(|opened| opened.id == id) {
                    opened.state = state;
                }
                (shared.on_change)();
            };
            if let Err(error) = std::thread::Builder::new().name("transcript".to_owned()).spawn(read) {
                tracing::warn!(%error, "a transcript cannot be read");
                self.shared.lock().opened = None;
            }
        }
        (self.shared.on_change)();
    }

    /// The transcript that was opened last.
    #[must_use]
    pub fn opened(&self) -> Option<OpenedTranscript> {
        self.shared.lock().opened.clone()
    }

    /// Something is to be kept of what a terminal showed.
    fn keep(&self, id: &RecordId, put: impl FnOnce(&mut transcript::Unwritten)) {
        let is_first = {
            let mut state = self.shared.lock();
            if state.place(id).is_err() {
                // It was erased while the session runs.
                return;
            }
            let file = state.shown.entry(id.clone()).or_default();
            let was_empty = file.is_empty();
            put(file);
            was_empty
        };
        // It is written within its time, whatever comes meanwhile.
        if is_first {
            match self.wake.try_send(Wake::Changed) {
                Ok(()) | Err(TrySendError::Full(_)) => {}
                Err(TrySendError::Disconnected(_)) => tracing::error!("the records are not saved any more"),
            }
        }
    }

    /// Erases what is kept of this session, and what has come of files that were cut off, but for its log. A partial
    /// file that cannot be deleted now goes at the first start at which it can.
    pub fn erase(&self, id: &RecordId) {
        {
            let mut state = self.shared.lock();
            let Ok(place) = state.place(id) else { return };
            let parts = state.all.remove(place).kept.unfinished.iter().map(|one| one.path.clone()).collect();
            state.listed = None;
            state.unsaved.remove(id);
            state.shown.remove(id);
            state.opened.take_if(|opened| opened.id == *id);
            state.erased.insert(id.clone(), parts);
        }
        self.changed();
    }

    /// Waits until everything is on the disk, at most `deadline`.
    pub fn flush(&self, deadline: Duration) {
        if !self.is_flushed(deadline) {
            tracing::warn!("what is kept of the sessions was not saved in time");
        }
    }

    /// The same; whether it was in time.
    fn is_flushed(&self, deadline: Duration) -> bool {
        let (done, waits) = sync_channel(1);
        self.wake.send(Wake::Flush(done)).is_ok() && waits.recv_timeout(deadline).is_ok()
    }

    /// A session begins now.
    pub(crate) fn begin(&self) -> RecordId {
        let began_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let id = RecordId::new(began_s);
        {
            let mut state = self.shared.lock();
            let record = Record { id: id.clone(), kept: Kept { began_s, ..Kept::default() } };
            let place = state.place(&id).unwrap_or_else(|place| place);
            state.all.insert(place, Arc::new(record));
            state.all.truncate(LISTED);
            state.listed = None;
            state.unsaved.insert(id.clone());
        }
        self.changed();
        id
    }

    /// Takes from where a session stands what is to be kept.
    pub(crate) fn follow(&self, id: &RecordId, stage: &Stage) {
        match stage {
            // Asked with every view of a session: nothing is copied where nothing changes.
            Stage::Session(session)
                if !session.system.is_empty()
                    && self.find(id).is_some_and(|record| record.kept.system != session.system) =>
            {
                self.change(id, |kept| kept.system.clone_from(&session.system));
            }
            Stage::Ended(end) => {
                self.change(id, |kept| kept.end(end));
            }
            _ => {}
        }
    }

    /// A line of the chat of this session; one of the operator's until it is delivered counts as one that is not.
    pub(crate) fn said(&self, id: &RecordId, mine: bool, text: &str) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        self.change_in_place(id, |kept| kept.say(KeptLine { at_ms, mine, text: text.to_owned(), not_delivered: mine }));
    }

    /// All of the operator's lines have come to the person, but for the last so many.
    pub(crate) fn delivered(&self, id: &RecordId, all_but: u64) {
        self.change_in_place(id, |kept| kept.deliver(all_but));
    }

    /// Changes one for certain and has it saved, if there is one. Of all that is kept of it nothing is copied, unless
    /// somebody looks at it: lines of the chat come as fast as the other end likes.
    fn change_in_place(&self, id: &RecordId, change: impl FnOnce(&mut Kept)) {
        {
            let mut state = self.shared.lock();
            let Ok(place) = state.place(id) else { return };
            // The list has it as well.
            state.listed = None;
            let Some(record) = state.all.get_mut(place) else { return };
            change(&mut Arc::make_mut(record).kept);
            state.unsaved.insert(id.clone());
        }
        self.changed();
    }

    /// Changes one and has it saved, if that changes anything; false if there is none.
    fn change(&self, id: &RecordId, change: impl FnOnce(&mut Kept)) -> bool {
        {
            let mut state = self.shared.lock();
            let Ok(place) = state.place(id) else { return false };
            let Some(record) = state.all.get_mut(place) else { return false };
            let mut changed = Record::clone(record);
            change(&mut changed.kept);
            if changed == **record {
                return true;
            }
            *record = Arc::new(changed);
            state.listed = None;
            state.unsaved.insert(id.clone());
        }
        self.changed();
        true
    }

    fn changed(&self) {
        match self.wake.try_send(Wake::Changed) {
            // A full queue wakes the writer as well as one more would.
            Ok(()) | Err(TrySendError::Full(_)) => {}
            Err(TrySendError::Disconnected(_)) => tracing::error!("the records are not saved any more"),
        }
        (self.shared.on_change)();
    }
}

#[cfg(test)]
mod tests;
