//! What a log says to a person, in sentences; how it is laid out is for others.

use super::messages::{find, kebab, message_ids};
use super::{Words, time};
use crate::{Direction, Entry, Event, Finding, Report, Role, Shared, Verdict};
use proto::clipboard::ClipKind;
use proto::session::Capability;
use std::collections::HashMap;
use std::fmt::{Debug, Write};

/// How many findings are said one by one; a file that is no log has one for each of its lines.
const FINDINGS: usize = 200;

/// A log in sentences. Each is one line and safe to show as text; none is safe as markup.
pub(super) struct Page {
    pub(super) language: String,
    pub(super) title: String,
    /// What holds for the whole log: labels and values.
    pub(super) facts: Vec<(String, String)>,
    pub(super) verdict: String,
    pub(super) findings: Vec<String>,
    pub(super) entries_title: String,
    /// Titles of the number, the time and what happened.
    pub(super) columns: [String; 3],
    pub(super) entries: Vec<(u64, String, String)>,
}

impl Page {
    pub(super) fn of(report: &Report, words: &dyn Words) -> Self {
        let mut speaker = Speaker::of(report, words);
        let entries = report.entries.iter().map(|entry| (entry.number, time(entry.at_ms), speaker.entry(entry)));
        let entries = entries.collect();
        Self {
            language: speaker.say("log-language", &[]),
            title: speaker.say("log-title", &[]),
            facts: speaker.facts(),
            verdict: speaker.verdict(),
            findings: speaker.findings(),
            entries_title: speaker.say("log-part-entries", &[]),
            columns: ["log-column-number", "log-column-time", "log-column-what"].map(|id| speaker.say(id, &[])),
            entries,
        }
    }
}

/// What was found, a sentence each.
pub(super) fn findings(report: &Report, words: &dyn Words) -> Vec<String> {
    Speaker::of(report, words).findings()
}

struct Speaker<'a> {
    report: &'a Report,
    words: &'a dyn Words,
    operator: String,
    /// What each question so far was about.
    asked: HashMap<u32, Capability>,
}

impl<'a> Speaker<'a> {
    fn of(report: &'a Report, words: &'a dyn Words) -> Self {
        Self { report, words, operator: visible(&words.operator()), asked: HashMap::new() }
    }

    fn say(&self, id: &str, arguments: &[(&str, &str)]) -> String {
        debug_assert!(
            message_ids()
                .iter()
                .any(|(known, names)| *known == id && arguments.iter().map(|(name, _)| name).eq(names.iter())),
            "{id} is not in the table like this"
        );
        // Whatever the words come from, a sentence is one line.
        self.words.say(id, arguments).replace(char::is_control, " ")
    }

    /// The message for a word of the protocol; a newer protocol has words that have none.
    fn say_word(&self, family: &str, word: &dyn Debug, arguments: &[(&str, &str)]) -> String {
        let word = format!("{word:?}");
        match find(family, &kebab(&word)) {
            Some(id) => self.say(id, arguments),
            None => self.say("log-other", &[("word", &word)]),
        }
    }

    fn power(&self, power: Option<Capability>) -> String {
        let word = power.map_or_else(|| "?".to_owned(), |power| format!("{power:?}"));
        match find("log-power-", &kebab(&word)) {
            Some(id) => self.say(id, &[]),
            None => self.say("log-power-other", &[("word", &word)]),
        }
    }

    fn facts(&self) -> Vec<(String, String)> {
        let Some(begin) = &self.report.begin else { return Vec::new() };
        let facts = [
            ("log-fact-session", begin.session().to_string()),
            ("log-fact-begun", time(begin.at_ms)),
            ("log-fact-operator", self.operator.clone()),
            ("log-fact-certificate", begin.operator_certificate.to_string()),
            ("log-fact-signed-agent", self.signed(Role::Agent)),
            ("log-fact-signed-console", self.signed(Role::Console)),
        ];
        facts.into_iter().map(|(label, value)| (self.say(label, &[]), value)).collect()
    }

    fn signed(&self, by: Role) -> String {
        match self.report.signed.get(&by) {
            None => self.say("log-signed-nothing", &[]),
            Some(0) => self.say("log-signed-beginning", &[]),
            Some(number) => self.say("log-signed-up-to", &[("number", &number.to_string())]),
        }
    }

    fn verdict(&self) -> String {
        let id = match self.report.verdict() {
            Verdict::Whole => "log-verdict-whole",
            Verdict::Incomplete => "log-verdict-incomplete",
            Verdict::Changed => "log-verdict-changed",
            Verdict::Unknown => "log-verdict-unknown",
        };
        self.say(id, &[])
    }

    fn findings(&self) -> Vec<String> {
        let all = &self.report.findings;
        let mut said: Vec<_> = all.iter().take(FINDINGS).map(|finding| self.finding(finding)).collect();
        let more = (all.len() - said.len()) as u64 + self.report.findings_left_out;
        if more > 0 {
            said.push(self.say("log-finding-more", &[("count", &more.to_string())]));
        }
        said
    }

    fn finding(&self, finding: &Finding) -> String {
        let line = finding.line().unwrap_or_default().to_string();
        let at = |id| self.say(id, &[("line", &line)]);
        match finding {
            Finding::Empty => self.say("log-finding-empty", &[]),
            Finding::NoBeginning => self.say("log-finding-no-beginning", &[]),
            Finding::Format(format) => self.say("log-finding-format", &[("format", &format.to_string())]),
            Finding::OperatorProof => self.say("log-finding-operator-proof", &[]),
            Finding::NotALine(_) => at("log-finding-not-a-line"),
            Finding::SecondBeginning(_) => at("log-finding-second-beginning"),
            Finding::CutShort(_) => at("log-finding-cut-short"),
            Finding::Number { expected, found, .. } => {
                let (expected, found) = (expected.to_string(), found.to_string());
                self.say("log-finding-number", &[("line", &line), ("expected", &expected), ("found", &found)])
            }
            Finding::Changed(_) => at("log-finding-changed"),
            Finding::Signature { by: Role::Agent, .. } => at("log-finding-signature-agent"),
            Finding::Signature { by: Role::Console, .. } => at("log-finding-signature-console"),
            Finding::Stray(_) => at("log-finding-stray"),
            Finding::Certificate(_) => at("log-finding-certificate"),
            Finding::OtherOperator(_) => at("log-finding-other-operator"),
            Finding::Unsigned { by: Role::Agent, from: 0 } => self.say("log-finding-never-signed-agent", &[]),
            Finding::Unsigned { by: Role::Console, from: 0 } => self.say("log-finding-never-signed-console", &[]),
            Finding::Unsigned { by, from } => {
                let id = match by {
                    Role::Agent => "log-finding-unsigned-agent",
                    Role::Console => "log-finding-unsigned-console",
                };
                self.say(id, &[("from", &from.to_string())])
            }
            Finding::NoEnd => self.say("log-finding-no-end", &[]),
        }
    }

    fn entry(&mut self, entry: &Entry) -> String {
        if let Event::Asked { request, power, .. } = &entry.event {
            self.asked.insert(*request, *power);
        }
        let event = &entry.event;
        let operator = ("operator", self.operator.as_str());
        // Every event with a text has one commitment.
        let text = self.report.text_of(event).map_or_else(|| self.say("log-text-erased", &[]), visible);
        match event {
            Event::Operator { verified, recognised, .. } => {
                let verified =
                    ["log-entry-operator-not-verified", "log-entry-operator-verified"][usize::from(*verified)];
                let recognised =
                    ["log-entry-operator-not-recognised", "log-entry-operator-recognised"][usize::from(*recognised)];
                format!("{} {}", self.say(verified, &[]), self.say(recognised, &[]))
            }
            Event::Terms { sha256, accepted } => {
                let id = if *accepted { "log-entry-terms-accepted" } else { "log-entry-terms-declined" };
                self.say(id, &[("sha256", &sha256.to_string())])
            }
            Event::Sharing { part: Shared::Everything, .. } => self.say("log-entry-sharing-everything", &[]),
            Event::Sharing { part: Shared::Monitor, .. } => self.say("log-entry-sharing-monitor", &[]),
            Event::Sharing { part: Shared::Window, .. } => self.say("log-entry-sharing-window", &[("name", &text)]),
            Event::Paused { paused: false, .. } => self.say("log-entry-resumed", &[]),
            Event::Paused { by_person: true, .. } => self.say("log-entry-paused", &[]),
            Event::Paused { by_person: false, .. } => self.say("log-entry-paused-unseen", &[]),
            Event::Asked { power, detail, .. } => {
                let power = self.power(Some(*power));
                match detail {
                    None => self.say("log-entry-asked", &[operator, ("power", &power)]),
                    Some(_) => self.say("log-entry-asked-detail", &[operator, ("power", &power), ("detail", &text)]),
                }
            }
            Event::Shown { request } => {
                self.say("log-entry-shown", &[("power", &self.power(self.asked.get(request).copied()))])
            }
            Event::Answered { request, by_earlier_yes: true, .. } => {
                self.say("log-entry-answered-earlier", &[("power", &self.power(self.asked.get(request).copied()))])
            }
            Event::Answered { request, decision, whole_session, by_earlier_yes: false } => {
                let power = self.power(self.asked.get(request).copied());
                let mut sentence = self.say_word("log-entry-answered-", decision, &[("power", &power)]);
                if *decision == proto::session::Decision::Granted {
                    let how_long = if *whole_session { "log-entry-for-whole-session" } else { "log-entry-for-one-use" };
                    let _ = write!(sentence, " {}", self.say(how_long, &[]));
                }
                sentence
            }
            Event::Revoked { power, by } => {
                let power = self.power(Some(*power));
                let power = ("power", power.as_str());
                match by {
                    Some(Role::Agent) => self.say("log-entry-revoked", &[power]),
                    Some(Role::Console) => self.say("log-entry-given-back", &[operator, power]),
                    None => self.say("log-entry-use-over", &[power]),
                }
            }
            Event::NotAllowed { power } => {
                self.say("log-entry-not-allowed", &[operator, ("power", &self.power(Some(*power)))])
            }
            Event::File { direction, size_bytes, blake3, .. } => {
                let id = match direction {
                    Direction::ToClient => "log-entry-file-to-client",
                    Direction::ToOperator => "log-entry-file-to-operator",
                };
                let (size, blake3) = (size_bytes.to_string(), blake3.to_string());
                self.say(id, &[operator, ("name", &text), ("size", &size), ("blake3", &blake3)])
            }
            Event::Files { direction, files, size_bytes, .. } => {
                let id = match direction {
                    Direction::ToClient => "log-entry-files-to-client",
                    Direction::ToOperator => "log-entry-files-to-operator",
                };
                let (count, size) = (files.to_string(), size_bytes.to_string());
                self.say(id, &[operator, ("count", &count), ("size", &size), ("list", &text)])
            }
            Event::FolderSeen { .. } => self.say("log-entry-folder-seen", &[operator, ("path", &text)]),
            Event::FileFailed { failure, moved_bytes, .. } => {
                let mut sentence = self.say_word("log-entry-file-failed-", failure, &[]);
                if *moved_bytes > 0 {
                    let moved = self.say("log-entry-file-moved", &[("bytes", &moved_bytes.to_string())]);
                    let _ = write!(sentence, " {moved}");
                }
                sentence
            }
            Event::Command { .. } => self.say("log-entry-command", &[operator, ("line", &text)]),
            Event::Annotated => self.say("log-entry-annotated", &[operator]),
            Event::Clipboard { direction, kind, size_bytes } => {
                let id = match (direction, kind) {
                    (Direction::ToClient, ClipKind::Text) => "log-entry-clipboard-to-client-text",
                    (Direction::ToClient, ClipKind::Picture) => "log-entry-clipboard-to-client-picture",
                    (Direction::ToOperator, ClipKind::Text) => "log-entry-clipboard-to-operator-text",
                    (Direction::ToOperator, ClipKind::Picture) => "log-entry-clipboard-to-operator-picture",
                };
                self.say(id, &[operator, ("size", &size_bytes.to_string())])
            }
            Event::ProcessEnded { .. } => self.say("log-entry-process-ended", &[operator, ("name", &text)]),
            Event::Recording { on: true, .. } => self.say("log-entry-recording-on", &[]),
            Event::Recording { on: false, sha256: None } => self.say("log-entry-recording-off", &[]),
            Event::Recording { on: false, sha256: Some(sha256) } => {
                self.say("log-entry-recording-off-receipt", &[("sha256", &sha256.to_string())])
            }
            Event::Link { up: true } => self.say("log-entry-link-up", &[]),
            Event::Link { up: false } => self.say("log-entry-link-down", &[]),
            Event::ConsoleClock { console_ms } => self.say("log-entry-console-clock", &[("time", &time(*console_ms))]),
            Event::Rated { stars, comment } => {
                let stars = stars.to_string();
                match comment {
                    None => self.say("log-entry-rated", &[("stars", &stars)]),
                    Some(_) => self.say("log-entry-rated-comment", &[("stars", &stars), ("comment", &text)]),
                }
            }
            Event::Ended { reason, .. } => self.say_word("log-entry-ended-", reason, &[]),
            Event::Removed { removed, left: 0 } => self.say("log-entry-removed", &[("removed", &removed.to_string())]),
            Event::Removed { removed, left } => {
                let (removed, left) = (removed.to_string(), left.to_string());
                self.say("log-entry-removed-not-all", &[("removed", &removed), ("left", &left)])
            }
            Event::Terminal { open: true, .. } => self.say("log-entry-terminal-opened", &[operator]),
            Event::Terminal { open: false, .. } => self.say("log-entry-terminal-closed", &[]),
            Event::StillRunning { programs } => {
                self.say("log-entry-still-running", &[("count", &programs.to_string())])
            }
            Event::UnseenLines { lines } => {
                self.say("log-entry-unseen-lines", &[operator, ("count", &lines.to_string())])
            }
            Event::TerminalOutput { size_bytes, sha256, .. } => {
                let (size, sha256) = (size_bytes.to_string(), sha256.to_string());
                self.say("log-entry-terminal-output", &[("size", &size), ("sha256", &sha256)])
            }
            Event::HiddenLine { .. } => self.say("log-entry-hidden-line", &[operator]),
            Event::Chat { by: Role::Console, .. } => self.say("log-entry-chat-operator", &[operator, ("line", &text)]),
            Event::Chat { by: Role::Agent, .. } => self.say("log-entry-chat-person", &[("line", &text)]),
            Event::ChatCut { by: Role::Console } => self.say("log-entry-chat-cut-operator", &[operator]),
            Event::ChatCut { by: Role::Agent } => self.say("log-entry-chat-cut-person", &[]),
        }
    }
}

/// What rearranges text or hides in it is written out, so that what a person reads is what is there. Several blanks are
/// shown as one: with enough of them, the end of a text would stand where another entry begins.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut after_blank = false;
    for c in text.chars() {
        let is_blank = c == ' ' || is_like_a_blank(c);
        if is_blank && std::mem::replace(&mut after_blank, true) {
            continue;
        }
        after_blank = is_blank;
        match c {
            c if is_like_a_blank(c) => shown.push(' '),
            '\u{00AD}'
            | '\u{061C}'
            | '\u{180E}'
            | '\u{FEFF}'
            | '\u{2028}'..='\u{202E}'
            | '\u{200B}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}' => {
                // Writing to a string does not fail.
                let _ = write!(shown, "[U+{:04X}]", u32::from(c));
            }
            c if c.is_control() => shown.push(char::REPLACEMENT_CHARACTER),
            c => shown.push(c),
        }
    }
    shown
}

/// Whether nothing is to be seen of it but room.
fn is_like_a_blank(c: char) -> bool {
    let is_empty = matches!(c, '\u{115F}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{FFA0}');
    is_empty || (c.is_whitespace() && !c.is_control() && !matches!(c, ' ' | '\u{2028}' | '\u{2029}'))
}
