//! Why a command was not done: a code for programs, and a sentence for people in the message files.

use i18n::{Arg, I18n};
use std::io;
use std::path::Path;

/// A command was not done. The sentence is the message `org-error-CODE`, which says what happened,
/// what it means and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    code: &'static str,
    args: Vec<(&'static str, String)>,
}

impl Failure {
    pub(crate) fn new(code: &'static str) -> Self {
        Self { code, args: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((name, value.to_string()));
        self
    }

    pub(crate) fn read(path: &Path, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound {
            return Self::new("no-file").with("file", path.display());
        }
        Self::new("unreadable").with("file", path.display()).with("reason", error)
    }

    pub(crate) fn write(path: &Path, error: &io::Error) -> Self {
        Self::new("unwritable").with("file", path.display()).with("reason", error)
    }

    /// For programs; stays the same in every language.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// For people.
    #[must_use]
    pub fn text(&self, words: &I18n) -> String {
        let args: Vec<(&str, Arg<'_>)> = self.args.iter().map(|(name, value)| (*name, value.into())).collect();
        words.text_with(&format!("org-error-{}", self.code), &args)
    }
}
