//! What the caller says of a session: name, summary, tags and outcome, while it runs and after its end.

use super::answer::{Code, Done, Problem};
use super::desk::Desk;
use super::names;
use super::perform::bad_value;
use crate::engine::Engine as _;
use console_core::records::{Description, Kept, NAME_BYTES, NOTES_BYTES, Outcome, TAG_BYTES, TAGS};
use serde::Serialize;
use std::io::Write;

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

type Result = std::result::Result<Done, Problem>;

impl<W: Write> Desk<W> {
    pub(super) fn notes(&mut self, text: Option<String>, name: Option<String>) -> Result {
        if text.as_ref().is_some_and(|text| text.len() > NOTES_BYTES) {
            return Err(bad_value(format!("\"text\" has at most {NOTES_BYTES} bytes")));
        }
        if name.as_ref().is_some_and(|name| name.len() > NAME_BYTES) {
            return Err(bad_value(format!("\"name\" has at most {NAME_BYTES} bytes")));
        }
        let said = [text.map(Description::Notes), name.map(Description::Name)];
        self.describe(said.into_iter().flatten())
    }

    pub(super) fn tags(&mut self, tags: Vec<String>) -> Result {
        if tags.len() > TAGS || tags.iter().any(|tag| tag.len() > TAG_BYTES || tag.trim().is_empty()) {
            return Err(bad_value(format!("there are at most {TAGS} tags, each with 1 to {TAG_BYTES} bytes")));
        }
        self.describe([Description::Tags(tags)])
    }

    pub(super) fn outcome(&mut self, outcome: Option<Outcome>) -> Result {
        self.describe([Description::Outcome(outcome)])
    }

    fn describe(&mut self, said: impl IntoIterator<Item = Description>) -> Result {
        self.stage()?;
        let id = self.running.view().and_then(|view| view.record);
        let kept = id.zip(self.running.records());
        let (id, records) =
            kept.ok_or_else(|| Problem::new(Code::WrongStage, "there is no session, neither running nor just ended"))?;
        for what in said {
            records.describe(&id, what);
        }
        let record = records.find(&id).ok_or_else(|| Problem::new(Code::System, "the session is not kept"))?;
        Ok(Done::Record { record: RecordState::of(&record.kept) })
    }
}
