//! What stands around the session in front: the others, what happened in them, what is kept of all, and what the
//! operator does with it.

use crate::news::Item;
use console_core::LineId;
use console_core::records::{Description, OpenedTranscript, Record, RecordId};
use console_core::view::ConsoleView;
use std::path::PathBuf;
use std::sync::Arc;

/// What the window shows besides the session in front.
#[derive(Debug, Clone, Default)]
pub struct DeskView {
    /// What is kept of the sessions, newest first.
    pub records: Arc<[Arc<Record>]>,
    /// Whether the last change of them could not be written to the disk yet.
    pub records_failed: bool,
    /// Keys that wait and sessions, in the order in which they were begun.
    pub tabs: Vec<Tab>,
    /// Which of them is in front; none for the beginning.
    pub front: Option<LineId>,
    /// What happened, newest first.
    pub news: Arc<[Arc<Item>]>,
    /// What was exported last, and where to; none if that failed.
    pub exported: Option<(RecordId, Option<PathBuf>)>,
    /// What the terminals of a session showed, as far as it is open.
    pub transcript: Option<OpenedTranscript>,
    /// Whether no more keys and sessions can be had at once.
    pub is_full: bool,
    /// Whether nothing can be kept of the sessions, because the folder for it could not be opened.
    pub records_missing: bool,
}

/// One key and what comes of it.
#[derive(Debug, Clone)]
pub struct Tab {
    /// Which.
    pub line: LineId,
    /// What it shows.
    pub view: ConsoleView,
}

impl DeskView {
    /// What is kept of this session.
    #[must_use]
    pub fn record(&self, id: &RecordId) -> Option<&Arc<Record>> {
        // The newest are first, and sorted.
        let place = self.records.binary_search_by(|record| id.cmp(&record.id)).ok()?;
        self.records.get(place)
    }

    /// How much happened in a session that was not seen yet; each line of chat counts.
    #[must_use]
    pub fn unseen_in(&self, line: LineId) -> u64 {
        self.news.iter().filter(|item| item.line == line).map(|item| item.unseen()).sum()
    }

    /// How much happened that was not seen yet.
    #[must_use]
    pub fn unseen(&self) -> u64 {
        self.news.iter().map(|item| item.unseen()).sum()
    }
}

/// What an operator can do there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskCommand {
    /// Say something of a session.
    Describe(RecordId, Description),
    /// Erase what is kept of a session, but for its log.
    Erase(RecordId),
    /// Save what is kept of a session where pictures are saved, readable by everybody.
    Export(RecordId),
    /// Open what the terminals of this session showed; none closes it.
    OpenTranscript(Option<RecordId>),
    /// Save that as text where pictures are saved, readable by everybody.
    SaveTranscript(RecordId),
    /// Bring this to the front; none for the beginning.
    Show(Option<LineId>),
    /// Make another key beside what runs.
    NewKey,
    /// Take a waiting key back.
    CancelKey(LineId),
    /// Close this; a session that runs ends.
    Close(LineId),
    /// The operator looks at the window, and with it at what is in front.
    See,
    /// The list of what happened was looked at.
    SeeNews,
    /// What was seen need not be listed any more.
    ClearNews,
    /// End the session that runs here; its last page stays until it is closed.
    End(LineId),
}
