//! What the two ends say to each other inside the channel.

use crate::annotation::MarksSeen;
pub use crate::capability::{Asking, Capability};
use crate::clipboard::ClipProblem;
use crate::codec::Message;
pub use crate::files::TransferFailure;
use crate::geometry::{Layout, MonitorId};
use crate::limits;
pub use crate::machine::Ending;
use crate::machine::{ProcessName, Topic};
pub use crate::reasons::{CertificateProblem, Decision, EndReason, GrantEnd, Step};
use crate::text::{Blob, Text, list};
use serde::{Deserialize, Serialize};

/// A line of chat.
pub type ChatText = Text<{ limits::CHAT_BYTES }>;
/// A person's or organisation's display name.
pub type Name = Text<{ limits::NAME_BYTES }>;
/// A file's name or relative path.
pub type FileName = Text<{ limits::FILE_NAME_BYTES }>;
/// One line of the session's log.
pub type LogLine = Text<{ limits::LOG_LINE_BYTES }>;
/// A whole path.
pub type PathText = Text<{ limits::PATH_BYTES }>;

/// First message of every stream, says what follows on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum StreamKind {
    /// Both ways, opened by the console, the first stream: [`ConsoleToAgent`], [`AgentToConsole`].
    Control,
    /// Console to agent: [`crate::input::InputRecord`].
    Input,
    /// Agent to console: [`crate::screen::ScreenHead`], then updates.
    Screen,
    /// Agent to console: [`crate::screen::CursorUpdate`].
    Cursor,
    /// Agent to console: one page of [`crate::machine::Facts`].
    SystemInfo {
        /// What it is about.
        topic: Topic,
    },
    /// Console to agent: [`crate::annotation::Annotation`].
    Annotation,
    /// The terminal that this question opened. Console to agent: [`crate::shell::ShellInput`]. Agent to console:
    /// [`crate::shell::ShellOutput`].
    Shell {
        /// Which question.
        request: RequestId,
    },
    /// Agent to console: [`crate::files::FolderHead`], then [`crate::files::FolderEntry`] for all that is in it.
    Folder {
        /// To which [`ConsoleToAgent::ListFolder`].
        listing: u32,
    },
    /// [`crate::files::BatchEntry`]: from the console what it sends or wants, from the agent what it gives.
    BatchList {
        /// Which batch.
        transfer: TransferId,
    },
    /// From the receiver of a batch: [`crate::files::BatchWish`].
    BatchPlan {
        /// Which batch.
        transfer: TransferId,
    },
    /// From the sender of a batch: [`crate::files::BatchPart`].
    Batch {
        /// Which batch.
        transfer: TransferId,
    },
    /// The content of one clipboard, either way: [`crate::clipboard::ClipHead`], then its bytes.
    Clipboard,
}

/// Number of a question from the console, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RequestId(pub u32);

/// Number of a batch of files, chosen by the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TransferId(pub u32);

/// What exactly the console asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// To see the screen.
    View,
    /// To use mouse and keyboard.
    Control,
    /// To read what the machine is, holds and runs.
    SystemInfo,
    /// To end this running program.
    EndProcess {
        /// Its number.
        pid: u32,
        /// Its name, as the agent gave it.
        name: ProcessName,
        /// When it started, in seconds since 1970: a number may since have gone to another.
        started_s: u64,
        /// Whether at once, after it did not end when it was told to.
        force: bool,
    },
    /// To enter commands as the person's own account, in one terminal.
    Shell,
    /// To look through the folders.
    Browse,
    /// To put these files and folders, or one alone, on the client's machine; the list follows on a stream.
    SendBatch {
        /// The transfer.
        transfer: TransferId,
        /// The name of the first of them.
        title: FileName,
        /// How many were chosen.
        items: u32,
        /// The folder that receives them; the one for downloads if it is empty.
        folder: PathText,
    },
    /// To take these files and folders, or one alone, from the client's machine; the list follows on a stream.
    FetchBatch {
        /// The transfer.
        transfer: TransferId,
        /// The path of the first of them.
        title: PathText,
        /// How many were chosen.
        items: u32,
    },
    /// To read what was copied there, and to put text and pictures there to be pasted.
    Clipboard,
}

impl Request {
    /// Which power this is.
    #[must_use]
    pub fn capability(&self) -> Capability {
        match self {
            Self::View => Capability::View,
            Self::Control => Capability::Control,
            Self::SystemInfo => Capability::SystemInfo,
            Self::EndProcess { .. } => Capability::EndProcess,
            Self::Shell => Capability::Shell,
            Self::SendBatch { .. } => Capability::SendFile,
            Self::Browse | Self::FetchBatch { .. } => Capability::FetchFile,
            Self::Clipboard => Capability::Clipboard,
        }
    }

    /// What exactly, where the power alone does not say it: what both logs commit to.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::View | Self::Control | Self::SystemInfo | Self::Shell | Self::Browse | Self::Clipboard => None,
            Self::EndProcess { pid, name, .. } => Some(format!("{} ({pid})", name.as_str())),
            Self::SendBatch { title, items, folder, .. } if folder.as_str().is_empty() => {
                Some(counted(title.as_str(), *items))
            }
            Self::SendBatch { title, items, folder, .. } => {
                Some(format!("{} -> {}", counted(title.as_str(), *items), folder.as_str()))
            }
            Self::FetchBatch { title, items, .. } => Some(counted(title.as_str(), *items)),
        }
    }

    /// The batch of files that this is about, if it is about one.
    #[must_use]
    pub fn batch(&self) -> Option<TransferId> {
        match self {
            Self::SendBatch { transfer, .. } | Self::FetchBatch { transfer, .. } => Some(*transfer),
            _ => None,
        }
    }
}

/// The first of several, and how many more there are.
fn counted(title: &str, items: u32) -> String {
    if items > 1 { format!("{title} (+{})", items - 1) } else { title.to_owned() }
}

/// From the console, on the control stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConsoleToAgent {
    /// First: proof that this channel belongs to the pairing.
    Proof {
        /// HMAC over the TLS exporter under the pairing's exporter key.
        proof: [u8; 32],
        /// Program and version.
        build: Text<64>,
        /// The key with which this console signs the log of this session, Ed25519.
        log_key: [u8; 32],
        /// The operator's signature over that key and this channel.
        log_proof: Blob<64>,
        /// Length in bytes of the list of revoked certificates (DER) that follows on the stream; 0 for none.
        revocations_bytes: u32,
    },
    /// May I?
    Ask {
        /// Number of the question.
        request: RequestId,
        /// What for.
        what: Request,
    },
    /// Never mind.
    Withdraw {
        /// Number of the question.
        request: RequestId,
    },
    /// A line of chat.
    Chat {
        /// Counts from 1.
        id: u64,
        /// The line.
        text: ChatText,
    },
    /// All lines of the agent up to this one have arrived.
    ChatReceived {
        /// The last of them.
        up_to: u64,
    },
    /// Updates of a screen stream up to this one are decoded.
    ScreenDecoded {
        /// Which monitor.
        monitor: MonitorId,
        /// Which stream, as its head says.
        epoch: u32,
        /// The last of them.
        sequence: u64,
    },
    /// Which monitors the operator looks at now.
    Watch {
        /// At most all of them.
        #[serde(deserialize_with = "list::<_, _, { limits::MONITORS }>")]
        monitors: Vec<MonitorId>,
    },
    /// Nothing more of this batch is wanted, or will be sent.
    FileFailed {
        /// Which.
        transfer: TransferId,
        /// Why.
        failure: TransferFailure,
    },
    /// Answered at once by [`AgentToConsole::Pong`].
    Ping {
        /// Comes back.
        token: u64,
    },
    /// This power is not needed any more.
    Release {
        /// Which.
        capability: Capability,
    },
    /// The console vouches for the log as it has it.
    LogSigned {
        /// The last entry.
        number: u64,
        /// By the console's clock, in milliseconds since 1970.
        at_ms: u64,
        /// Ed25519 with the key of [`ConsoleToAgent::Proof`].
        signature: Blob<64>,
    },
    /// The operator ends the session.
    End,
    /// Under a grant to read about the machine: this page, on a stream of its own.
    Look {
        /// What it is about.
        topic: Topic,
    },
    /// So much of a terminal's output has been read. The agent never has more than
    /// [`limits::SHELL_WINDOW_BYTES`] beyond that on its way.
    ShellReceived {
        /// Which question opened it.
        request: RequestId,
        /// In bytes, from the beginning.
        bytes: u64,
    },
    /// Under a grant to look through the folders: what is in this one, on a stream of its own.
    ListFolder {
        /// Counts from 1.
        listing: u32,
        /// Its path; the person's home if it is empty.
        path: PathText,
    },
    /// The batch stands still, or goes on.
    HoldBatch {
        /// Which.
        transfer: TransferId,
        /// Whether it stands still.
        held: bool,
    },
    /// One file of a batch will not arrive.
    ItemFailed {
        /// Which batch.
        transfer: TransferId,
        /// Which of its files.
        index: u32,
        /// Why.
        failure: TransferFailure,
    },
    /// Under a grant to exchange the clipboard: what is on the person's, on a stream of its own.
    FetchClipboard,
}

/// From the agent, on the control stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AgentToConsole {
    /// First: proof that this channel belongs to the pairing.
    Proof {
        /// HMAC over the TLS exporter under the pairing's exporter key.
        proof: [u8; 32],
        /// Program and version.
        build: Text<64>,
        /// The agent's language, for the check word ("it", "en").
        language: Text<16>,
    },
    /// In place of the proof: the operator's certificate does not hold, and nothing follows.
    NotAccepted {
        /// What is wrong with it.
        problem: CertificateProblem,
    },
    /// The next line of the log; comes before what follows from it.
    Log {
        /// The line, without its end.
        line: LogLine,
    },
    /// The person recognised the operator; questions may come.
    Ready {
        /// The operating system's name, after consent to nothing but help.
        system: Text<100>,
    },
    /// The answer to a question.
    Decided {
        /// Which.
        request: RequestId,
        /// How it ended.
        decision: Decision,
    },
    /// A power that was granted has ended.
    Revoked {
        /// Which.
        capability: Capability,
        /// By whom or what.
        cause: GrantEnd,
    },
    /// The monitors that are shared; sent before their streams.
    Layout(Layout),
    /// A line of chat.
    Chat {
        /// Counts from 1.
        id: u64,
        /// The line.
        text: ChatText,
    },
    /// All lines of the console up to this one have arrived.
    ChatReceived {
        /// The last of them.
        up_to: u64,
    },
    /// Nothing more of this batch moves.
    FileFailed {
        /// Which.
        transfer: TransferId,
        /// Why.
        failure: TransferFailure,
    },
    /// To [`ConsoleToAgent::Ping`].
    Pong {
        /// The same.
        token: u64,
    },
    /// Input is not taken now (a question is open, or the pointer is on Ponte's own windows).
    InputPaused {
        /// Whether it is paused.
        paused: bool,
    },
    /// The session is over; powers have stopped before this was sent. The log goes on until
    /// [`AgentToConsole::Closed`].
    Ended {
        /// Why.
        reason: EndReason,
    },
    /// The person recognised the operator and is not ready yet.
    Step {
        /// What they do.
        step: Step,
    },
    /// Nothing of the screen is sent and no input taken, until the person goes on.
    SharingPaused {
        /// Whether that is so now.
        paused: bool,
        /// Number of the newest screen stream so far: what is shared later has a greater one.
        epoch: u32,
    },
    /// Last: the log is closed, with the person's rating if there is one, and the agent has removed itself.
    Closed,
    /// To [`ConsoleToAgent::Look`]: that cannot be read there.
    NoFacts {
        /// What it was about.
        topic: Topic,
    },
    /// To a question to end a running program: what became of it. May come twice: it still runs, and then not.
    ProcessEnding {
        /// Which question.
        request: RequestId,
        /// What became of it.
        ending: Ending,
    },
    /// To the beginning of an annotation stream: where the operator sees the marks.
    Marks {
        /// Where.
        seen: MarksSeen,
    },
    /// To [`ConsoleToAgent::ListFolder`]: that cannot be listed.
    NoFolder {
        /// Which.
        listing: u32,
        /// Why.
        failure: TransferFailure,
    },
    /// One file of a batch will not arrive.
    ItemFailed {
        /// Which batch.
        transfer: TransferId,
        /// Which of its files.
        index: u32,
        /// Why.
        failure: TransferFailure,
    },
    /// Everything of the batch has moved that will, and stands in the log.
    BatchOver {
        /// Which.
        transfer: TransferId,
        /// How many files are whole.
        done: u32,
    },
    /// To a clipboard of the console: it is on the person's now, or why it is not.
    ClipboardPut {
        /// What was in the way.
        problem: Option<ClipProblem>,
    },
    /// To [`ConsoleToAgent::FetchClipboard`]: nothing will come, and why.
    ClipboardNotGiven {
        /// What was in the way.
        problem: ClipProblem,
    },
}

impl Message for StreamKind {
    const MAX_BYTES: usize = 16;
}
impl Message for ConsoleToAgent {
    const MAX_BYTES: usize = limits::CONTROL_MESSAGE_BYTES;
}
impl Message for AgentToConsole {
    const MAX_BYTES: usize = limits::AGENT_MESSAGE_BYTES;
}
