//! A checked log for people: as text, as one page for a browser, and as one JSON document.
//!
//! The sentences come from outside: [`Words`] turns an id of [`message_ids`] into one.

mod html;
mod json;
mod messages;
mod page;
mod wrap;

pub use html::html;
pub use json::{json, summary};
pub use messages::message_ids;

use crate::Report;
use page::Page;
use std::fmt::Write;

/// The sentences of one language.
pub trait Words {
    /// The sentence `id` with its arguments, both as [`message_ids`] lists them. Arguments are fit to be shown:
    /// what rearranges or hides text in them is written out.
    fn say(&self, id: &str, arguments: &[(&str, &str)]) -> String;

    /// Who the operator was, at the beginning of a sentence. The log itself has no name: whoever verified the
    /// operator's certificate may say the one in it.
    fn operator(&self) -> String {
        self.say("log-operator", &[])
    }
}

/// A time of a log, in milliseconds since 1970, as RFC 3339 writes it, in UTC; the number itself beyond the years
/// that this can say.
#[must_use]
pub fn time(at_ms: u64) -> String {
    let time = i64::try_from(at_ms).ok().and_then(|at_ms| jiff::Timestamp::from_millisecond(at_ms).ok());
    time.map_or_else(|| at_ms.to_string(), |time| format!("{time:.3}"))
}

/// What was found, one sentence each and each one line; the last says how many are not listed, if any.
#[must_use]
pub fn findings(report: &Report, words: &dyn Words) -> Vec<String> {
    page::findings(report, words)
}

/// The log as plain text, one line for each entry: its number, its time and what happened, two blanks apart.
#[must_use]
pub fn text(report: &Report, words: &dyn Words) -> String {
    text_of(report, words, None)
}

/// The same for a terminal that is so many columns wide: what an entry says goes on in a column of its own, so that no
/// text which somebody wrote stands where a number and a time do.
#[must_use]
pub fn text_within(report: &Report, words: &dyn Words, columns: usize) -> String {
    text_of(report, words, Some(columns))
}

fn text_of(report: &Report, words: &dyn Words, columns: Option<usize>) -> String {
    let page = Page::of(report, words);
    let mut text = format!("{}\n\n", page.title);
    // Writing to a string does not fail.
    for (label, value) in &page.facts {
        let _ = writeln!(text, "{label}: {value}");
    }
    let _ = writeln!(text, "\n{}", page.verdict);
    for finding in &page.findings {
        let _ = writeln!(text, "- {finding}");
    }
    if !page.entries.is_empty() {
        let _ = writeln!(text, "\n{}\n", page.entries_title);
    }
    for (number, at, sentence) in &page.entries {
        let head = format!("{number:>4}  {at}  ");
        let indent = head.chars().count();
        text.push_str(&head);
        match columns {
            Some(columns) => wrap::wrap(&mut text, sentence, indent, columns),
            None => text.push_str(sentence),
        }
        text.push('\n');
    }
    text
}
