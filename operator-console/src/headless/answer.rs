//! What may stand on a line of output: answers, refusals and events, as types.

use super::records::{RecordLine, RecordState};
use super::state::{FolderState, ItemState, MonitorState, OperatorState, State, TerminalState, TransferState};
use console_core::proto::machine::Facts;
use serde::Serialize;

/// How the caller names a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum Id {
    Number(u64),
    Text(String),
}

/// The one answer to a command.
#[derive(Serialize)]
pub(super) struct Answer {
    id: Option<Id>,
    ok: bool,
    #[serde(flatten)]
    outcome: Outcome,
}

impl Answer {
    pub(super) fn new(id: Option<Id>, result: Result<Done, Problem>) -> Self {
        let ok = result.is_ok();
        Self { id, ok, outcome: result.map_or_else(|error| Outcome::Refused { error }, Outcome::Done) }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Outcome {
    Done(Done),
    Refused { error: Problem },
}

/// What came of a command.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Done {
    Nothing {},
    SignedIn { operator: OperatorState },
    Monitors { monitors: Vec<MonitorState>, shown: Option<u8> },
    Picture { path: String, monitor: u8, width: u32, height: u32 },
    Chat { line: u64 },
    File { transfer: u64 },
    Transfers { transfers: Vec<TransferState> },
    Items { items: Vec<ItemState>, count: usize },
    State { state: Box<State> },
    Record { record: RecordState },
    Facts { facts: Box<Facts> },
    Terminal { terminal: TerminalState },
    Ending { ending: &'static str },
    Records { records: Vec<RecordLine> },
    Exported { path: String },
}

/// Why a command was not done.
#[derive(Serialize)]
pub(super) struct Problem {
    pub(super) code: Code,
    /// For whoever reads the line; changes between versions.
    pub(super) text: String,
    /// What exactly, where the code alone does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<&'static str>,
    /// Tries that are left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) left: Option<u8>,
    /// When it makes sense again, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wait_s: Option<u64>,
}

impl Problem {
    pub(super) fn new(code: Code, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), detail: None, left: None, wait_s: None }
    }
}

/// Codes of refusals. They are added to and never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "snake_case")]
pub(super) enum Code {
    BadJson,
    BadCommand,
    BadValue,
    LineTooLong,
    NotSignedIn,
    AlreadySignedIn,
    NoPassword,
    WrongPassword,
    Locked,
    NoVault,
    NotEnrolled,
    VaultUnusable,
    OrganisationUnusable,
    CertificateRefused,
    System,
    WrongStage,
    NotInProfile,
    NotRecognised,
    NotGranted,
    Already,
    NoSuchMonitor,
    NoPicture,
    NotWritten,
    SharingPaused,
    InputPaused,
    Reconnecting,
    NoKey,
    Refused,
    SessionOver,
    Timeout,
    TooManyWaits,
    Busy,
    Closing,
}

/// Something that happened.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Event {
    Ready {
        interface: u32,
        version: &'static str,
    },
    Key {
        key: String,
        expires_in_s: u64,
        tries_left: u8,
    },
    WrongTry {
        tries_left: u8,
    },
    KeyExpired {},
    KeyBurned {},
    Joined {},
    Idle {},
    CheckWord {
        word: String,
    },
    Step {
        step: &'static str,
    },
    Recognised {
        system: String,
    },
    Asked {
        capability: &'static str,
    },
    Granted {
        capability: &'static str,
    },
    Refused {
        capability: &'static str,
        decision: &'static str,
    },
    Revoked {
        capability: &'static str,
    },
    Over {
        capability: &'static str,
        cause: &'static str,
    },
    Released {
        capability: &'static str,
    },
    Layout {
        monitors: Vec<MonitorState>,
        shown: Option<u8>,
    },
    Picture {
        count: u64,
    },
    Chat {
        line: u64,
        text: String,
    },
    ChatDelivered {
        line: u64,
    },
    Folder {
        folder: FolderState,
    },
    NoFolder {
        failure: &'static str,
    },
    Terminal {
        state: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<i32>,
    },
    TerminalChanged {},
    Transfer {
        #[serde(flatten)]
        transfer: TransferState,
    },
    Clipboard {
        state: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        kind: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        problem: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    SharingPaused {
        paused: bool,
    },
    InputPaused {
        paused: bool,
    },
    Reconnecting {},
    Reconnected {},
    Ending {
        reason: &'static str,
    },
    Rating {
        stars: u8,
        comment: Option<String>,
    },
    Ended {
        reason: &'static str,
        lasted_ms: u64,
        log: Option<String>,
    },
    Notice {
        notice: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        detail: Option<&'static str>,
    },
}
