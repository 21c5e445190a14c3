//! The console's view as it stands on a line.

use super::names;
use console_core::proto::geometry::Layout;
use console_core::view::{self, ConsoleView, PowerState, SessionView, ShellState, ShellView, Stage};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Everything that the window would show.
#[derive(Serialize)]
pub(super) struct State {
    signed_in: bool,
    stage: &'static str,
    operator: Option<OperatorState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<KeyState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<SessionState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<EndState>,
}

/// A terminal as it is shown.
#[derive(Serialize)]
pub(super) struct TerminalState {
    state: &'static str,
    /// With which code its shell ended, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i32>,
    /// A line for each row, as long as they may be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl TerminalState {
    /// With `back` lines more of what has scrolled away in sight, and so many less of the last.
    pub(super) fn of(shell: &ShellView, back: u16) -> Self {
        let (state, code) = (names::shell(shell.state), code_of(shell.state));
        let text = shell.terminal.as_ref().map(|terminal| {
            terminal.scroll(i32::from(back));
            let text = terminal.text();
            terminal.scroll_to_end();
            text
        });
        Self { state, code, text }
    }
}

#[derive(Serialize)]
pub(super) struct OperatorState {
    name: String,
    organisation: String,
    domain: String,
    team: Option<String>,
    certificate_ends_at_s: u64,
    open_now: bool,
    longest_session_minutes: Option<u32>,
    tools: BTreeMap<&'static str, &'static str>,
}

#[derive(Serialize)]
struct KeyState {
    key: String,
    expires_in_s: u64,
    tries_left: u8,
}

#[derive(Serialize)]
struct SessionState {
    check_word: String,
    system: String,
    recognised: bool,
    step: Option<&'static str>,
    sharing_paused: bool,
    input_paused: bool,
    reconnecting: bool,
    since_s: u64,
    powers: BTreeMap<&'static str, PowerShown>,
    monitors: Vec<MonitorState>,
    shown: Option<u8>,
    chat: Vec<ChatState>,
    transfers: Vec<TransferState>,
    round_trip_ms: Option<u64>,
    pictures: u64,
    link: String,
    bytes_to_console: u64,
    bytes_to_agent: u64,
    /// Once something was drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    marks_seen: Option<&'static str>,
}

#[derive(Serialize)]
struct PowerShown {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct MonitorState {
    monitor: u8,
    x: i32,
    y: i32,
    width: u32,
    height: u32,
    scale_percent: u16,
    primary: bool,
}

#[derive(Serialize)]
struct ChatState {
    mine: bool,
    line: u64,
    text: String,
    at_s: u64,
    delivered: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct TransferState {
    transfer: u64,
    name: String,
    incoming: bool,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'static str>,
    size_bytes: u64,
    done_bytes: u64,
    files: u32,
    done_files: u32,
    failed_files: u32,
    held: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    saved_to: Option<String>,
    /// The first of the files that do not come, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<FileFailure>,
    /// The first of those that are in the folder already, while it is to be decided about them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    conflicts: Vec<String>,
    /// Files that came and do not stand in the session's log, at its end.
    #[serde(skip_serializing_if = "is_zero")]
    not_in_log: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// A file that does not come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct FileFailure {
    file: String,
    failure: &'static str,
}

/// One file or folder of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ItemState {
    file: String,
    size_bytes: u64,
    is_folder: bool,
}

impl ItemState {
    pub(super) fn of(item: &view::ItemView) -> Self {
        Self { file: item.name.clone(), size_bytes: item.size_bytes, is_folder: !item.is_file }
    }
}

impl TransferState {
    /// Whether nothing but how far it is has changed since this was shown.
    pub(super) fn differs_by_progress_alone(&self, now: &Self) -> bool {
        let (done_bytes, done_files, failed_files) = (now.done_bytes, now.done_files, now.failed_files);
        Self { done_bytes, done_files, failed_files, ..self.clone() } == *now
    }
}

#[derive(Serialize)]
struct EndState {
    reason: &'static str,
    lasted_ms: u64,
    closing: bool,
    log: Option<String>,
    rating: Option<RatingState>,
    transfers: Vec<TransferState>,
}

#[derive(Serialize)]
struct RatingState {
    stars: u8,
    comment: Option<String>,
}

impl State {
    /// Before signing in there is no view.
    pub(super) fn of(view: Option<&ConsoleView>, now: Instant) -> Self {
        let (mut key, mut session, mut end) = (None, None, None);
        match view.map(|view| &view.stage) {
            Some(Stage::Waiting(waiting)) => {
                key = Some(KeyState {
                    key: waiting.grouped.clone(),
                    expires_in_s: waiting.expires_at.saturating_duration_since(now).as_secs(),
                    tries_left: waiting.tries_left,
                });
            }
            Some(Stage::Session(running)) => session = Some(SessionState::of(running)),
            Some(Stage::Ended(ended)) => end = Some(EndState::of(ended)),
            Some(Stage::Idle | Stage::Preparing | Stage::Joining) | None => {}
        }
        let stage = view.map_or("signed_out", |view| stage_name(&view.stage));
        let operator = view.map(|view| OperatorState::of(&view.operator));
        Self { signed_in: view.is_some(), stage, operator, key, session, end }
    }
}

pub(super) fn stage_name(stage: &Stage) -> &'static str {
    match stage {
        Stage::Idle => "idle",
        Stage::Preparing => "preparing",
        Stage::Waiting(_) => "waiting",
        Stage::Joining => "joining",
        Stage::Session(_) => "session",
        Stage::Ended(_) => "ended",
    }
}

impl OperatorState {
    pub(super) fn of(operator: &view::OperatorView) -> Self {
        let tool = |(capability, asking): (&_, &_)| (names::capability(*capability), names::asking(*asking));
        Self {
            name: operator.name.clone(),
            organisation: operator.organisation.clone(),
            domain: operator.domain.clone(),
            team: operator.team.clone(),
            certificate_ends_at_s: operator.ends_at_s,
            open_now: operator.open_now,
            longest_session_minutes: operator.longest_session_minutes,
            tools: operator.tools.iter().map(tool).collect(),
        }
    }
}

impl SessionState {
    fn of(session: &SessionView) -> Self {
        let power = |power: &view::PowerView| {
            let decision = match power.state {
                PowerState::Refused(decision) => Some(names::decision(decision)),
                _ => None,
            };
            (names::capability(power.capability), PowerShown { state: names::power(power.state), decision })
        };
        let line = |line: &view::ChatLine| ChatState {
            mine: line.mine,
            line: line.number,
            text: line.text.clone(),
            at_s: seconds(line.at),
            delivered: line.delivered,
        };
        Self {
            check_word: session.check_word.clone(),
            system: session.system.clone(),
            recognised: session.recognised,
            step: session.step.map(names::step),
            sharing_paused: session.sharing_paused,
            input_paused: session.input_paused,
            reconnecting: session.reconnecting,
            since_s: seconds(session.since),
            powers: session.powers.iter().map(power).collect(),
            monitors: monitors(&session.layout),
            shown: session.monitor.map(|monitor| monitor.0),
            chat: session.chat.iter().map(line).collect(),
            transfers: session.transfers.iter().map(TransferState::of).collect(),
            round_trip_ms: session.round_trip.map(milliseconds),
            pictures: session.pictures,
            link: session.link.clone(),
            bytes_to_console: session.bytes_to_console,
            bytes_to_agent: session.bytes_to_agent,
            marks_seen: session.marks_seen.map(names::marks_seen),
        }
    }
}

pub(super) fn monitors(layout: &Layout) -> Vec<MonitorState> {
    let state = |monitor: &console_core::proto::geometry::Monitor| MonitorState {
        monitor: monitor.id.0,
        x: monitor.x,
        y: monitor.y,
        width: monitor.width,
        height: monitor.height,
        scale_percent: monitor.scale_percent,
        primary: monitor.primary,
    };
    layout.monitors.iter().map(state).collect()
}

impl TransferState {
    pub(super) fn of(transfer: &view::TransferView) -> Self {
        let failure = match transfer.state {
            view::TransferState::Failed(failure) => Some(names::transfer_failure(failure)),
            _ => None,
        };
        let failure_of = |(file, failure): &(String, _)| FileFailure {
            file: file.clone(),
            failure: names::transfer_failure(*failure),
        };
        Self {
            transfer: u64::from(transfer.id.0),
            name: transfer.name.clone(),
            incoming: transfer.incoming,
            state: names::transfer(transfer.state),
            failure,
            size_bytes: transfer.size_bytes,
            done_bytes: transfer.done_bytes,
            files: transfer.files,
            done_files: transfer.done_files,
            failed_files: transfer.failed_files,
            held: transfer.is_held,
            saved_to: transfer.saved_to.as_deref().map(text),
            failures: transfer.failures.iter().map(failure_of).collect(),
            conflicts: match transfer.state {
                view::TransferState::Conflicts(_) => transfer.conflicts.to_vec(),
                _ => Vec::new(),
            },
            not_in_log: transfer.not_in_log,
        }
    }
}

/// With which code a shell ended, if it has ended and has one.
pub(super) fn code_of(state: ShellState) -> Option<i32> {
    match state {
        ShellState::Over { code } => code,
        ShellState::None | ShellState::Open => None,
    }
}

/// A folder of the client's machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct FolderState {
    path: String,
    parent: Option<String>,
    entries: Vec<EntryState>,
    left_out: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct EntryState {
    name: String,
    kind: &'static str,
    size_bytes: u64,
    modified_s: u64,
}

impl FolderState {
    pub(super) fn of(folder: &view::FolderView) -> Self {
        let entry = |entry: &console_core::proto::files::FolderEntry| EntryState {
            // As it is: whoever wants the file names it so.
            name: entry.name.as_str().to_owned(),
            kind: names::entry(entry.kind),
            size_bytes: entry.size_bytes,
            modified_s: entry.modified_s,
        };
        Self {
            path: folder.path.clone(),
            parent: folder.parent.clone(),
            entries: folder.entries.iter().map(entry).collect(),
            left_out: folder.left_out,
        }
    }
}

impl EndState {
    fn of(end: &view::EndView) -> Self {
        let rating = |rating: &view::RatingView| RatingState { stars: rating.stars, comment: rating.comment.clone() };
        Self {
            reason: names::end_reason(end.reason),
            lasted_ms: milliseconds(end.lasted),
            closing: end.is_closing,
            log: end.log.as_deref().map(text),
            rating: end.rating.as_ref().map(rating),
            transfers: end.transfers.iter().map(TransferState::of).collect(),
        }
    }
}

/// A path as text; what no text can say of it is replaced.
pub(super) fn text(path: &std::path::Path) -> String {
    path.to_string_lossy().into_owned()
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
