//! What may stand on a line of input, as types; whatever else stands there is refused.
//!
//! Nothing here has `Debug`: a line may hold the password, and what is typed is the person's business.

use super::answer::{Code, Id, Problem};
use console_core::gate::Secret;
use console_core::proto::input::{Button, Modifiers};
use console_core::proto::machine::Topic;
use console_core::proto::session::Capability;
use console_core::records::Outcome;
use console_core::view::Conflict;
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::{Map, Value};
use std::path::PathBuf;

/// Most bytes of an identifier that is text.
const ID_BYTES: usize = 128;
/// Most characters of what a refusal says of the line.
const DETAIL_CHARS: usize = 1000;
/// How long a wait lasts that names no time, in milliseconds.
const WAIT_MS: u64 = 60_000;

/// One command.
#[derive(serde::Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Command {
    SignIn {
        /// Else that of the file.
        password: Option<Password>,
    },
    NewKey {},
    CancelKey {},
    Wait {
        #[serde(rename = "for")]
        goal: Goal,
        #[serde(default = "wait_ms")]
        timeout_ms: u64,
        /// For pictures: more than so many.
        #[serde(default)]
        after: u64,
    },
    Request {
        capability: Power,
    },
    Release {
        capability: Power,
    },
    Monitors {},
    ShowMonitor {
        monitor: u8,
    },
    Picture {
        path: PathBuf,
    },
    Pointer {
        x: i32,
        y: i32,
        monitor: Option<u8>,
    },
    Click {
        x: i32,
        y: i32,
        monitor: Option<u8>,
        #[serde(default)]
        button: ButtonName,
        #[serde(default = "once")]
        count: u8,
    },
    Button {
        #[serde(default)]
        button: ButtonName,
        action: Action,
    },
    Wheel {
        #[serde(default)]
        dx: i16,
        #[serde(default)]
        dy: i16,
    },
    Key {
        usage: Option<u8>,
        name: Option<String>,
        #[serde(default)]
        modifiers: Vec<Modifier>,
        #[serde(default)]
        action: Action,
    },
    Type {
        text: String,
    },
    Chat {
        text: String,
    },
    /// Puts this text, or the picture in this file, on the person's clipboard.
    ClipboardSend {
        text: Option<String>,
        path: Option<PathBuf>,
    },
    /// Takes what is on theirs.
    ClipboardFetch {},
    /// Writes the picture that came last as PNG.
    ClipboardPicture {
        path: PathBuf,
    },
    /// Types this in the terminal: control characters are what their keys make there.
    TerminalType {
        text: String,
    },
    /// What the terminal shows.
    Terminal {
        /// So many lines above the last.
        #[serde(default)]
        back: u16,
    },
    SendFile {
        path: PathBuf,
    },
    FetchFile {
        path: String,
        into: Option<PathBuf>,
    },
    Transfers {},
    Notes {
        text: Option<String>,
        /// Who was helped.
        name: Option<String>,
        /// Of which session; else of this one.
        record: Option<String>,
    },
    Tags {
        tags: Vec<String>,
        record: Option<String>,
    },
    Facts {
        topic: TopicName,
    },
    EndProcess {
        pid: u32,
        #[serde(default)]
        force: bool,
    },
    Outcome {
        /// None takes it back.
        outcome: Option<Outcome>,
        record: Option<String>,
    },
    ListFolder {
        /// Else the person's home.
        #[serde(default)]
        path: String,
    },
    Send {
        paths: Vec<PathBuf>,
        /// Else the folder for downloads.
        #[serde(default)]
        into: String,
    },
    Fetch {
        paths: Vec<String>,
        into: Option<PathBuf>,
    },
    Pause {
        transfer: u32,
    },
    Resume {
        transfer: u32,
    },
    Cancel {
        transfer: u32,
        /// Only this file of it.
        file: Option<String>,
    },
    Resolve {
        transfer: u32,
        conflict: ConflictName,
    },
    End {},
    Close {},
    State {},
    Quit {},
    /// A ring over the person's screen, for two seconds.
    Point {
        x: i32,
        y: i32,
        monitor: Option<u8>,
    },
    /// The ring goes.
    PointAway {},
    /// An arrow or a box over the person's screen.
    Draw {
        shape: Shape,
        x: i32,
        y: i32,
        to_x: i32,
        to_y: i32,
        monitor: Option<u8>,
    },
    /// Whatever is drawn goes.
    ClearMarks {},
    /// How large the terminal is.
    TerminalSize {
        columns: u16,
        rows: u16,
    },
    /// What a transfer consists of, from this one of it on.
    TransferItems {
        transfer: u32,
        #[serde(default)]
        from: usize,
    },
    /// No more of any transfer.
    CancelAll {},
    /// The sessions until now.
    Records {},
    /// Saves what is kept of one of them where pictures are saved.
    ExportRecord {
        record: String,
    },
    /// Saves what its terminals showed as text where pictures are saved.
    ExportTranscript {
        record: String,
    },
    /// Erases what is kept of one of them, but for its log.
    EraseRecord {
        record: String,
    },
}

/// What is drawn from one place to another.
#[derive(Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Shape {
    Arrow,
    Box,
}

fn wait_ms() -> u64 {
    WAIT_MS
}

fn once() -> u8 {
    1
}

/// A password on its way to the gate.
pub(super) struct Password(pub(super) Secret);

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The error of the format would repeat what stands there.
        let text = String::deserialize(deserializer).map_err(|_| D::Error::custom("the password is to be text"))?;
        Ok(Self(text.into()))
    }
}

/// What can be waited for.
#[derive(Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Goal {
    Joined,
    Session,
    Recognised,
    View,
    Control,
    Picture,
    Transfers,
    Ending,
    Ended,
    Idle,
    SystemInfo,
    Clipboard,
    Shell,
    /// Looking through the folders.
    Files,
}

impl Goal {
    /// The power whose answer is waited for.
    pub(super) const fn power(self) -> Option<Capability> {
        match self {
            Self::View => Some(Capability::View),
            Self::Control => Some(Capability::Control),
            Self::SystemInfo => Some(Capability::SystemInfo),
            Self::Clipboard => Some(Capability::Clipboard),
            Self::Shell => Some(Capability::Shell),
            Self::Files => Some(Capability::FetchFile),
            _ => None,
        }
    }
}

/// A power that is asked for by itself. Each file asks for itself, and chat comes with viewing.
#[derive(Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Power {
    View,
    Control,
    SystemInfo,
    Clipboard,
    Shell,
}

/// A page about the client's machine.
#[derive(Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TopicName {
    Overview,
    Hardware,
    Disks,
    Network,
    Processes,
    Packages,
    Events,
}

impl From<TopicName> for Topic {
    fn from(name: TopicName) -> Self {
        match name {
            TopicName::Overview => Self::Overview,
            TopicName::Hardware => Self::Hardware,
            TopicName::Disks => Self::Disks,
            TopicName::Network => Self::Network,
            TopicName::Processes => Self::Processes,
            TopicName::Packages => Self::Packages,
            TopicName::Events => Self::Events,
        }
    }
}

impl From<Power> for Capability {
    fn from(power: Power) -> Self {
        match power {
            Power::View => Self::View,
            Power::Control => Self::Control,
            Power::SystemInfo => Self::SystemInfo,
            Power::Clipboard => Self::Clipboard,
            Power::Shell => Self::Shell,
        }
    }
}

/// What is done about files that are there already.
#[derive(Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ConflictName {
    KeepBoth,
    Replace,
    Skip,
}

impl From<ConflictName> for Conflict {
    fn from(name: ConflictName) -> Self {
        match name {
            ConflictName::KeepBoth => Self::KeepBoth,
            ConflictName::Replace => Self::Replace,
            ConflictName::Skip => Self::Skip,
        }
    }
}

#[derive(Clone, Copy, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ButtonName {
    #[default]
    Primary,
    Middle,
    Secondary,
    Back,
    Forward,
}

impl From<ButtonName> for Button {
    fn from(name: ButtonName) -> Self {
        match name {
            ButtonName::Primary => Self::Primary,
            ButtonName::Middle => Self::Middle,
            ButtonName::Secondary => Self::Secondary,
            ButtonName::Back => Self::Back,
            ButtonName::Forward => Self::Forward,
        }
    }
}

#[derive(Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    /// Down and up again.
    #[default]
    Press,
    Down,
    Up,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Modifier {
    Shift,
    Control,
    Alt,
    Meta,
}

impl Modifier {
    /// Its bit on the wire, and the usage of its left key.
    pub(super) fn bit_and_usage(self) -> (u8, u8) {
        match self {
            Self::Control => (Modifiers::CONTROL, 0xE0),
            Self::Shift => (Modifiers::SHIFT, 0xE1),
            Self::Alt => (Modifiers::ALT, 0xE2),
            Self::Meta => (Modifiers::META, 0xE3),
        }
    }
}

/// Takes a line apart. The identifier comes with a refusal, too, where the line has one.
pub(super) fn parse(line: &[u8]) -> (Option<Id>, Result<Command, Problem>) {
    let mut fields: Map<String, Value> = match serde_json::from_slice(line) {
        Ok(fields) => fields,
        Err(error) => {
            // Where it is broken, not what stands there.
            let text = format!("this is not a JSON object (line of input, column {})", error.column());
            return (None, Err(Problem::new(Code::BadJson, text)));
        }
    };
    let id = match fields.remove("id") {
        Some(Value::Number(number)) => number.as_u64().map(Id::Number),
        Some(Value::String(text)) if text.len() <= ID_BYTES => Some(Id::Text(text)),
        _ => None,
    };
    let Some(id) = id else {
        let text = format!("\"id\" is to be a whole number from 0 or text of at most {ID_BYTES} bytes");
        return (None, Err(Problem::new(Code::BadCommand, text)));
    };
    let command = serde_json::from_value(Value::Object(fields)).map_err(|error| {
        let text = error.to_string().chars().take(DETAIL_CHARS).collect::<String>();
        Problem::new(Code::BadCommand, text)
    });
    (Some(id), command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn refused(line: &str) -> (Option<Id>, Problem) {
        match parse(line.as_bytes()) {
            (id, Err(problem)) => (id, problem),
            (_, Ok(_)) => panic!("{line} was taken"),
        }
    }

    #[test]
    fn what_is_no_command_is_refused_and_named_where_it_can_be() {
        let one = Some(Id::Number(1));
        let rows = [
            ("", None, Code::BadJson),
            ("{", None, Code::BadJson),
            ("[]", None, Code::BadJson),
            ("\"end\"", None, Code::BadJson),
            (r#"{"id":1,"do":"end"} {}"#, None, Code::BadJson),
            (r#"{"do":"end"}"#, None, Code::BadCommand),
            (r#"{"id":-1,"do":"end"}"#, None, Code::BadCommand),
            (r#"{"id":1.5,"do":"end"}"#, None, Code::BadCommand),
            (r#"{"id":null,"do":"end"}"#, None, Code::BadCommand),
            (r#"{"id":1}"#, one.clone(), Code::BadCommand),
            (r#"{"id":1,"do":"shell"}"#, one.clone(), Code::BadCommand),
            (r#"{"id":1,"do":"end","now":true}"#, one.clone(), Code::BadCommand),
            (r#"{"id":1,"do":"new_key","id2":2}"#, one.clone(), Code::BadCommand),
            (r#"{"id":1,"do":"request","capability":"record"}"#, one.clone(), Code::BadCommand),
            (r#"{"id":1,"do":"pointer","x":1}"#, one.clone(), Code::BadCommand),
            (r#"{"id":1,"do":"pointer","x":1e99,"y":0}"#, one.clone(), Code::BadCommand),
            (r#"{"id":1,"do":"key","usage":256}"#, one, Code::BadCommand),
        ];
        for (line, id, code) in rows {
            let (found, problem) = refused(line);
            assert!(found == id && problem.code == code, "{line}: {}", problem.text);
        }
        let deep = format!(r#"{{"id":1,"do":{}"#, "[".repeat(60_000));
        assert!(refused(&deep).1.code == Code::BadJson);
        let long = format!(r#"{{"id":"{}","do":"end"}}"#, "a".repeat(ID_BYTES + 1));
        assert!(refused(&long).1.code == Code::BadCommand);
    }

    /// What stands between backticks behind "expected".
    fn expected(text: &str) -> BTreeSet<String> {
        let (_, names) = text.split_once("expected one of ").unwrap();
        names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn the_schema_has_the_commands_and_codes_that_there_are() {
        let schema: Value = serde_json::from_str(include_str!("../../headless.schema.json")).unwrap();
        let commands = schema["$defs"]["command"]["oneOf"].as_array().unwrap();
        let commands = commands.iter().map(|one| one["properties"]["do"]["const"].as_str().unwrap().to_owned());
        assert_eq!(expected(&refused(r#"{"id":1,"do":""}"#).1.text), commands.collect());
        let answers = schema["$defs"]["answer"]["oneOf"].as_array().unwrap();
        let codes = answers.iter().find_map(|one| {
            let codes = one["properties"].get("error")?["properties"]["code"]["enum"].as_array()?;
            Some(codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect::<BTreeSet<_>>())
        });
        let unknown = serde_json::from_value::<Code>(Value::from("?")).unwrap_err();
        assert_eq!(expected(&unknown.to_string()), codes.unwrap());
        for name in include_str!("names.rs").split("=> \"").skip(1) {
            let name = name.split('"').next().unwrap();
            assert!(include_str!("../../headless.schema.json").contains(&format!("\"{name}\"")), "{name}");
        }
    }

    #[test]
    fn what_the_documentation_shows_is_understood() {
        let lines = include_str!("../../README.md").lines().filter(|line| line.contains("\"do\":"));
        let lines: Vec<&str> = lines.filter(|line| line.starts_with('{')).collect();
        assert!(lines.len() > 10);
        for line in lines {
            let (_, command) = parse(line.as_bytes());
            assert!(command.is_ok(), "{line}: {}", command.err().map(|problem| problem.text).unwrap_or_default());
        }
    }

    #[test]
    fn no_refusal_repeats_a_password() {
        for line in [
            r#"{"id":1,"do":"sign_in","password":48151623}"#,
            r#"{"id":1,"do":"sign_in","password":["48151623"]}"#,
            r#"{"id":1,"do":"sign_in","password":"48151623","again":"48151623"}"#,
            r#"{"id":1,"do":"sign_in","password":"48151623"#,
        ] {
            let (_, problem) = refused(line);
            assert!(!problem.text.contains("48151623"), "{}", problem.text);
        }
    }
}
