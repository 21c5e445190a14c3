//! The log of a session, as it was and after somebody changed it, under the organisation's own command.

use super::office::Office;
use super::record::Checked;
use super::scene::Scene;
use crate::run::{Context, Failure};
use audit_log::{Event, Line, LogKey, Report, Role, Writer};
use std::fs;
use std::path::Path;

/// What must come of a check.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    /// Everything holds.
    Whole,
    /// Nothing was changed, but something is missing, and that is said; the last entries are one side's word.
    Incomplete,
    /// Nothing was changed, but one side never signed it, and that is said.
    OneSided,
    /// Something was changed, and that is said.
    Changed,
}

impl Wanted {
    /// The exit code, and the sentence that must be there.
    const fn said(self) -> (i32, &'static str) {
        match self {
            Self::Whole => (0, "log-verdict-whole"),
            Self::Incomplete => (3, "log-verdict-incomplete"),
            Self::OneSided => (3, "org-log-one-sided-agent"),
            Self::Changed => (1, "log-verdict-changed"),
        }
    }
}

impl Scene<'_> {
    /// Checks both copies and each kind of change.
    pub(crate) fn check_logs(
        &mut self,
        office: &Office<'_>,
        [ours, theirs]: &[std::path::PathBuf; 2],
    ) -> Result<(), Failure> {
        let organisation = office.file();
        let organisation = ["--organisation", &organisation.to_string_lossy()];
        self.verify(office, "agent", ours, &organisation, (Some(0), Wanted::Whole))?;
        self.verify(office, "console", theirs, &organisation, (Some(0), Wanted::Whole))?;
        let other = theirs.to_string_lossy();
        self.verify(office, "both", ours, &["--other", &other], (Some(0), Wanted::Whole))?;

        let log = fs::read_to_string(ours).context(ours.display())?;
        let changes: [(&str, Option<String>, Wanted); 5] = [
            ("edited", edited(&log), Wanted::Changed),
            ("truncated", truncated(&log), Wanted::Incomplete),
            ("swapped", swapped(&log), Wanted::Changed),
            ("removed", removed(&log), Wanted::Changed),
            ("signed-anew", signed_anew(&log), Wanted::OneSided),
        ];
        for (name, changed, wanted) in changes {
            let changed = changed.ok_or_else(|| format!("the log has nothing that could be {name}"))?;
            let path = self.out.join(format!("log-{name}.ponte-log"));
            fs::write(&path, changed).context(path.display())?;
            self.verify(office, name, &path, &[], (None, wanted))?;
            // Whoever has the other end's copy sees every change.
            let compared = match wanted {
                Wanted::Incomplete => Some((0, "truncated-and-other")),
                Wanted::OneSided => Some((1, "signed-anew-and-other")),
                Wanted::Whole | Wanted::Changed => None,
            };
            if let Some((code, compared)) = compared {
                let wanted = Wanted::Incomplete;
                self.verify(office, compared, &path, &["--other", &other], (Some(code), wanted))?;
            }
        }
        let said = office.run(&["log", "show", &ours.to_string_lossy(), "--format", "text"])?;
        fs::write(self.out.join("log-shown.txt"), said.text).context("log-shown.txt")
    }

    fn verify(
        &mut self,
        office: &Office<'_>,
        name: &'static str,
        log: &Path,
        more: &[&str],
        (code, wanted): (Option<i32>, Wanted),
    ) -> Result<(), Failure> {
        let log = log.to_string_lossy();
        let said = office.run(&[&["log", "verify", &*log], more].concat())?;
        let (usual, sentence) = wanted.said();
        let as_it_must_be = said.code == Some(code.unwrap_or(usual)) && said.text.contains(&self.words.text(sentence));
        let text = format!("ponte-org log verify {log} {}\nexit code {:?}\n\n{}", more.join(" "), said.code, said.text);
        fs::write(self.out.join(format!("log-{name}.txt")), text).context(name)?;
        self.record.logs.push(Checked { log: name, code: said.code, said: said.text, as_it_must_be });
        Ok(())
    }
}

/// The lines, and which of them are entries.
fn entries(log: &str) -> (Vec<&str>, Vec<usize>) {
    let lines: Vec<&str> = log.lines().collect();
    let is_entry = |line: &str| matches!(serde_json::from_str(line), Ok(Line::Entry(_)));
    let entries = (0..lines.len()).filter(|at| is_entry(lines[*at])).collect();
    (lines, entries)
}

fn joined(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [*line, "\n"]).collect()
}

/// One word is another one: what was granted was denied.
fn edited(log: &str) -> Option<String> {
    log.contains("\"Granted\"").then(|| log.replacen("\"Granted\"", "\"Denied\"", 1))
}

/// What came after the middle entry is gone.
fn truncated(log: &str) -> Option<String> {
    let (lines, entries) = entries(log);
    Some(joined(lines.get(..=*entries.get(entries.len() / 2)?)?))
}

/// Two entries in each other's place.
fn swapped(log: &str) -> Option<String> {
    let (mut lines, entries) = entries(log);
    lines.swap(*entries.get(1)?, *entries.get(2)?);
    Some(joined(&lines))
}

/// One entry in the middle is gone.
fn removed(log: &str) -> Option<String> {
    let (mut lines, entries) = entries(log);
    lines.remove(*entries.get(entries.len() / 2)?);
    Some(joined(&lines))
}

/// The agent's side alone makes the log anew, with another decision in it: it can sign for itself and for
/// nobody else.
fn signed_anew(log: &str) -> Option<String> {
    let report = Report::of(log);
    report.signed.get(&Role::Console)?;
    let (mut writer, first) = Writer::begin(report.begin?, LogKey::new(&[9; 32])?);
    let mut lines = vec![first];
    for entry in report.entries {
        let event = match entry.event {
            Event::Operator { certificate_sha256, verified, .. } => {
                Event::Operator { certificate_sha256, verified, recognised: false }
            }
            event => event,
        };
        lines.push(writer.append(entry.at_ms, event));
        lines.push(writer.sign(entry.at_ms));
    }
    Some(joined(&lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_entries_are_moved_or_taken_away() {
        let before = "00".repeat(32);
        let entry = |number: u32| {
            let event = r#"{"what":"shown","request":1}"#;
            format!(r#"{{"entry":{{"number":{number},"before":"{before}","at_ms":1,"event":{event}}}}}"#)
        };
        let log = ["beginning", &entry(1), "signature", &entry(2), &entry(3)].map(|line| format!("{line}\n")).concat();
        let lines = |log: Option<String>| log.unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(lines(truncated(&log)), ["beginning", &entry(1), "signature", &entry(2)]);
        assert_eq!(lines(removed(&log)), ["beginning", &entry(1), "signature", &entry(3)]);
        assert_eq!(lines(swapped(&log)), ["beginning", &entry(1), "signature", &entry(3), &entry(2)]);
        let nothing = "beginning\nsignature\n";
        assert!(truncated(nothing).is_none() && edited(nothing).is_none() && signed_anew(nothing).is_none());
    }
}
