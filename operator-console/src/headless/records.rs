//! What the caller says of a session (name, summary, tags and outcome) while it runs and after its end, and what is
//! kept of those until now.

use super::answer::{Code, Done, Problem};
use super::desk::Desk;
use super::names;
use super::perform::{NOTHING, Result, bad_value};
use super::state::text;
use crate::engine::Engine as _;
use console_core::records::{
    Description, Kept, NAME_BYTES, NOTES_BYTES, NotInLog, Outcome, Record, RecordId, Records, TAG_BYTES, TAGS,
    Unfinished,
};
use serde::Serialize;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

/// How long a disk may take for what came last.
const FLUSHED_WITHIN: Duration = Duration::from_secs(2);

/// What is kept of the session.
#[derive(Serialize)]
pub(super) struct RecordState {
    name: String,
    notes: String,
    tags: Vec<String>,
    outcome: Option<&'static str>,
}

impl RecordState {
    fn of(kept: &Kept) -> Self {
        Self {
            name: kept.name.clone(),
            notes: kept.notes.clone(),
            tags: kept.tags.clone(),
            outcome: kept.outcome.map(names::outcome),
        }
    }
}

/// What has come of a file that was cut off.
#[derive(Serialize)]
struct UnfinishedState {
    name: String,
    folder: String,
    size_bytes: u64,
    done_bytes: u64,
    deleted_after_s: u64,
}

impl UnfinishedState {
    fn of(left: &Unfinished) -> Self {
        Self {
            name: left.name.clone(),
            folder: text(left.folder()),
            size_bytes: left.size_bytes,
            done_bytes: left.done_bytes,
            deleted_after_s: left.ends_s(),
        }
    }
}

/// A session until now, in a line of the list.
#[derive(Serialize)]
pub(super) struct RecordLine {
    record: String,
    began_s: u64,
    lasted_s: Option<u64>,
    system: String,
    name: String,
    tags: Vec<String>,
    outcome: Option<&'static str>,
    stars: Option<u8>,
    unfinished: Vec<UnfinishedState>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_in_log: Vec<NotInLog>,
}

impl RecordLine {
    fn of(record: &Record) -> Self {
        let kept = &record.kept;
        Self {
            record: record.id.to_string(),
            began_s: kept.began_s,
            lasted_s: kept.lasted_s,
            system: kept.system.clone(),
            name: kept.name.clone(),
            tags: kept.tags.clone(),
            outcome: kept.outcome.map(names::outcome),
            stars: kept.stars,
            unfinished: kept.unfinished.iter().map(UnfinishedState::of).collect(),
            not_in_log: kept.not_in_log.clone(),
        }
    }
}

impl<W: Write> Desk<W> {
    pub(super) fn notes(&mut self, text: Option<String>, name: Option<String>, record: Option<&str>) -> Result {
        if text.as_ref().is_some_and(|text| text.len() > NOTES_BYTES) {
            return Err(bad_value(format!("\"text\" has at most {NOTES_BYTES} bytes")));
        }
        if name.as_ref().is_some_and(|name| name.len() > NAME_BYTES) {
            return Err(bad_value(format!("\"name\" has at most {NAME_BYTES} bytes")));
        }
        let said = [text.map(Description::Notes), name.map(Description::Name)];
        self.describe(said.into_iter().flatten(), record)
    }

    pub(super) fn tags(&mut self, tags: Vec<String>, record: Option<&str>) -> Result {
        if tags.len() > TAGS || tags.iter().any(|tag| tag.len() > TAG_BYTES || tag.trim().is_empty()) {
            return Err(bad_value(format!("there are at most {TAGS} tags, each with 1 to {TAG_BYTES} bytes")));
        }
        self.describe([Description::Tags(tags)], record)
    }

    pub(super) fn outcome(&mut self, outcome: Option<Outcome>, record: Option<&str>) -> Result {
        self.describe([Description::Outcome(outcome)], record)
    }

    fn describe(&mut self, said: impl IntoIterator<Item = Description>, record: Option<&str>) -> Result {
        self.stage()?;
        let (id, records) = match record {
            Some(record) => {
                let (records, record) = self.past(record)?;
                (record.id.clone(), records)
            }
            None => {
                self.running.view().and_then(|view| view.record).zip(self.running.records()).ok_or_else(|| {
                    Problem::new(Code::WrongStage, "there is no session, neither running nor just ended")
                })?
            }
        };
        for what in said {
            records.describe(&id, what);
        }
        let record = records.find(&id).ok_or_else(not_kept)?;
        Ok(Done::Record { record: RecordState::of(&record.kept) })
    }

    pub(super) fn records(&mut self) -> Result {
        self.stage()?;
        let all = self.running.records().ok_or_else(not_kept)?.all();
        let current = self.current();
        let past = all.iter().filter(|record| Some(&record.id) != current.as_ref());
        Ok(Done::Records { records: past.map(|record| RecordLine::of(record)).collect() })
    }

    pub(super) fn export_record(&mut self, record: &str) -> Result {
        let (_, record) = self.past(record)?;
        let written = record.export_into(&self.pictures_folder);
        let path = written
            .map_err(|error| Problem::new(Code::NotWritten, format!("the session was not exported: {error}")))?;
        Ok(Done::Exported { path: text(&path) })
    }

    pub(super) fn export_transcript(&mut self, record: &str) -> Result {
        let (records, record) = self.past(record)?;
        // What came last may not be on the disk yet.
        records.flush(FLUSHED_WITHIN);
        let written = records.transcript(&record.id).and_then(|read| read.export_into(&self.pictures_folder));
        let path = written
            .map_err(|error| Problem::new(Code::NotWritten, format!("what terminals showed was not saved: {error}")))?;
        Ok(Done::Exported { path: text(&path) })
    }

    pub(super) fn erase_record(&mut self, record: &str) -> Result {
        let (records, record) = self.past(record)?;
        records.erase(&record.id);
        NOTHING
    }

    /// The session that runs or has just ended: it is not among those until now.
    fn current(&self) -> Option<RecordId> {
        self.running.view().and_then(|view| view.record)
    }

    /// One of the sessions until now.
    fn past(&self, record: &str) -> Result<(Records, Arc<Record>)> {
        self.stage()?;
        let records = self.running.records().ok_or_else(not_kept)?;
        let id = RecordId::parse(record).filter(|id| Some(id) != self.current().as_ref());
        let found = id.and_then(|id| records.find(&id));
        let found = found.ok_or_else(|| bad_value("\"record\" names none of the sessions until now"))?;
        Ok((records, found))
    }
}

fn not_kept() -> Problem {
    Problem::new(Code::System, "sessions are not kept")
}
