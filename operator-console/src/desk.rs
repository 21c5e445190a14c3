//! What stands around the session in front: what is kept of all sessions, and what the operator does with it.

use console_core::records::{Description, Record, RecordId};
use std::sync::Arc;

/// What the window shows besides the session in front.
#[derive(Debug, Clone, Default)]
pub struct DeskView {
    /// What is kept of the sessions, newest first.
    pub records: Arc<[Arc<Record>]>,
    /// Whether the last change of them could not be written to the disk yet.
    pub records_failed: bool,
}

impl DeskView {
    /// What is kept of this session.
    #[must_use]
    pub fn record(&self, id: &RecordId) -> Option<&Arc<Record>> {
        self.records.iter().find(|record| record.id == *id)
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
}
