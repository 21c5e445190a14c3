//! Running other programs and telling how it went.

use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Why a task stopped, in words for the person at the terminal.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Failure {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Puts what was being done before an error.
pub(crate) trait Context<T> {
    /// "what: error".
    fn context(self, what: impl fmt::Display) -> Result<T, Failure>;
}

impl<T, E: fmt::Display> Context<T> for Result<T, E> {
    fn context(self, what: impl fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| Failure(format!("{what}: {error}")))
    }
}

/// The folder of the workspace.
pub(crate) fn workspace() -> Result<PathBuf, Failure> {
    let manifest = output(Command::new("cargo").args(["locate-project", "--workspace", "--message-format", "plain"]))?;
    let folder = PathBuf::from(manifest.trim()).parent().map(PathBuf::from);
    folder.ok_or_else(|| "run this inside the workspace".into())
}

/// Runs a command to its end with its output on this terminal.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let shown = show(command);
    let status = command.stdin(Stdio::null()).status().context(&shown)?;
    if status.success() { Ok(()) } else { Err(Failure(format!("`{shown}` ended with {status}"))) }
}

/// Runs a command to its end and returns what it wrote.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let shown = show(command);
    let output = command.stdin(Stdio::null()).output().context(&shown)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Failure(format!("`{shown}` ended with {}: {said}", output.status)))
}

/// The command as one would type it.
fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Runs named steps one after the other and keeps their times.
#[derive(Debug, Default)]
pub(crate) struct Steps(Vec<(&'static str, Duration)>);

impl Steps {
    /// Runs one step; its failure ends the task.
    pub(crate) fn step(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        println!("\n== {name}");
        let begin = Instant::now();
        let result = work();
        let took = begin.elapsed();
        self.0.push((name, took));
        match result {
            Ok(()) => println!("== {name}: passed in {:.1} s", took.as_secs_f64()),
            Err(failure) => {
                println!("== {name}: FAILED after {:.1} s", took.as_secs_f64());
                return Err(Failure(format!("{name}: {failure}")));
            }
        }
        Ok(())
    }

    /// All steps with their times.
    pub(crate) fn summary(&self) -> String {
        let mut lines: Vec<_> =
            self.0.iter().map(|(name, took)| format!("{:>8.1} s  {name}", took.as_secs_f64())).collect();
        let total: Duration = self.0.iter().map(|(_, took)| *took).sum();
        lines.push(format!("{:>8.1} s  all {} steps passed", total.as_secs_f64(), self.0.len()));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_stops_and_names_its_step() {
        let mut steps = Steps::default();
        assert!(steps.step("one", || Ok(())).is_ok());
        let failure = steps.step("two", || Err("broken".into()));
        assert_eq!(failure.map_err(|failure| failure.to_string()), Err("two: broken".to_owned()));
    }

    #[test]
    fn a_command_that_fails_says_which_and_why() {
        let failure = output(Command::new("sh").args(["-c", "echo no >&2; false"]));
        let text = failure.map_err(|failure| failure.to_string()).unwrap_err();
        assert!(text.contains("sh -c") && text.ends_with("no"), "{text}");
    }
}
