//! What was seen: each picture with its sentences, each check of a log, each act and whether it went as it must.

use crate::run::{Context, Failure};
use serde::Serialize;
use std::fs;
use std::path::Path;

/// Everything of one run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Record {
    /// In the order in which they were played.
    pub(crate) acts: Vec<Act>,
    /// What the windows showed.
    pub(crate) shown: Vec<Shown>,
    /// What `ponte-org log` said.
    pub(crate) logs: Vec<Checked>,
}

/// Something that was tried.
#[derive(Debug, Serialize)]
pub(crate) struct Act {
    /// What.
    pub(crate) name: &'static str,
    /// Whether everything was refused, or allowed, as it must be.
    pub(crate) as_it_must_be: bool,
    /// What was otherwise.
    pub(crate) problem: Option<String>,
}

/// One picture.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    /// Whose window it is.
    pub(crate) to: &'static str,
    /// Its file.
    pub(crate) picture: String,
    /// Everything that a screen reader says of it, from the first to the last.
    pub(crate) sentences: Vec<String>,
}

/// One look at a log.
#[derive(Debug, Serialize)]
pub(crate) struct Checked {
    /// What was done to the log before.
    pub(crate) log: &'static str,
    /// The command's exit code.
    pub(crate) code: Option<i32>,
    /// What it said.
    pub(crate) said: String,
    /// Whether that is what must be said.
    pub(crate) as_it_must_be: bool,
}

impl Record {
    /// Notes how an act went.
    pub(crate) fn note(&mut self, name: &'static str, result: &Result<(), Failure>) {
        let problem = result.as_ref().err().map(ToString::to_string);
        match &problem {
            None => println!("rogues: {name}: as it must be"),
            Some(problem) => println!("rogues: {name}: NOT AS IT MUST BE: {problem}"),
        }
        self.acts.push(Act { name, as_it_must_be: problem.is_none(), problem });
    }

    /// Writes `summary.json`.
    pub(crate) fn write(&self, out: &Path) -> Result<(), Failure> {
        let path = out.join("summary.json");
        let text = serde_json::to_string_pretty(self).context("summary")?;
        fs::write(&path, text + "\n").context(path.display())
    }

    /// Fails and names what was not as it must be.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let acts = self.acts.iter().filter(|act| !act.as_it_must_be).map(|act| act.name);
        let logs = self.logs.iter().filter(|log| !log.as_it_must_be).map(|log| log.log);
        let broken: Vec<_> = acts.chain(logs).collect();
        if broken.is_empty() { Ok(()) } else { Err(format!("not as it must be: {}", broken.join(", ")).into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_refused_is_named() {
        let mut record = Record::default();
        record.note("one", &Ok(()));
        assert!(record.check().is_ok());
        record.note("two", &Err("it was let in".into()));
        let failure = record.check().map_err(|failure| failure.to_string());
        assert_eq!(failure, Err("not as it must be: two".to_owned()));
    }
}
