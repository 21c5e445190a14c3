//! What a command answers: for programs, for people, and whether what was checked is as it should be.

use crate::Context;
use crate::failure::Failure;
use i18n::{Arg, I18n};
use jiff::tz::TimeZone;
use jiff::{Timestamp, fmt::strtime};
use serde_json::{Value, json};
use std::fmt::Write;

/// What a command answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// For programs; of a log only where it was asked for.
    pub json: Value,
    /// For people, a paragraph each.
    pub text: Vec<String>,
    /// Whether what was checked is as it should be.
    pub found: Found,
}

/// What was checked, and how it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It is as it should be, or nothing was to be checked.
    Good,
    /// It is not.
    Bad,
    /// A log is as one side has it, and the other never vouched for it.
    OneSided,
}

impl Found {
    /// Good or bad.
    pub(crate) fn of(holds: bool) -> Self {
        if holds { Self::Good } else { Self::Bad }
    }
}

impl Outcome {
    pub(crate) fn new(json: Value, text: Vec<String>) -> Self {
        Self { json, text, found: Found::Good }
    }
}

/// What goes to the standard output, what to the standard error, and the exit code: 0, 1 if what was
/// checked is not as it should be, 2 if nothing was done, 3 if a log is one side's word only.
#[must_use]
pub fn present(result: &Result<Outcome, Failure>, json: bool, words: &I18n) -> (String, String, u8) {
    match result {
        Ok(outcome) => {
            let text = if json { pretty(&outcome.json) } else { shown(&outcome.text.join("\n")) };
            let code = match outcome.found {
                Found::Good => 0,
                Found::Bad => 1,
                Found::OneSided => 3,
            };
            (text, String::new(), code)
        }
        Err(failure) if json => {
            let value = json!({ "error": { "code": failure.code(), "message": failure.text(words) } });
            (pretty(&value), String::new(), 2)
        }
        Err(failure) => (String::new(), shown(&failure.text(words)), 2),
    }
}

fn pretty(value: &Value) -> String {
    shown_json(&serde_json::to_string_pretty(value).unwrap_or_default())
}

/// Whether this would steer a terminal or rearrange what stands beside it. Names, reasons and logs come from files
/// that anybody may have written.
fn steers(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t') || matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Text as a terminal may have it: what steers is written out.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) {
            // Writing to a string does not fail.
            let _ = write!(shown, "[U+{:04X}]", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A JSON document that says the same and steers nothing.
pub(crate) fn shown_json(document: &str) -> String {
    let mut shown = String::with_capacity(document.len());
    for c in document.chars() {
        // Outside of strings JSON has no such character; none is beyond U+FFFF.
        if steers(c) {
            let _ = write!(shown, "\\u{:04x}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

impl Context<'_> {
    /// A sentence.
    pub(crate) fn say(&self, id: &str, args: &[(&str, Arg<'_>)]) -> String {
        self.words.text_with(id, args)
    }
}

/// A day in a time zone, as `2026-11-22`, which nobody takes for another one.
pub(crate) fn day(seconds: u64, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .and_then(|moment| strtime::format("%Y-%m-%d", &moment.to_zoned(zone)).ok())
        .unwrap_or_default()
}

/// A moment for programs.
pub(crate) fn moment(seconds: u64) -> Value {
    let moment = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    moment.map_or(Value::Null, |moment| Value::from(moment.to_string()))
}

/// Columns of text, each as wide as its widest cell.
pub(crate) fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| {
            let blanks = width.saturating_sub(cell.chars().count());
            format!("{cell}{}", " ".repeat(blanks))
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}
