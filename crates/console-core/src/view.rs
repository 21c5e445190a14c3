//! What the console's window shows, as plain data, and what an operator can do there.

mod command;

pub use command::{ConsoleCommand, Typed};

use crate::records::RecordId;
use crate::terminal::Terminal;
use clipboard::Content;
use identity::Hours;
use proto::annotation::MarksSeen;
use proto::clipboard::{ClipKind, ClipProblem};
use proto::files::FolderEntry;
use proto::geometry::{Layout, MonitorId};
use proto::machine::{Facts, Topic};
use proto::session::{
    Asking, Capability, CertificateProblem, Decision, EndReason, Ending, GrantEnd, RequestId, Step, TransferFailure,
    TransferId,
};
pub use session::Conflict;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// Everything that the console's window shows at one moment, but for the pixels (see
/// [`crate::picture`]).
#[derive(Debug, Clone, PartialEq)]
pub struct ConsoleView {
    /// Who works here.
    pub operator: OperatorView,
    /// Where the one session of this window stands.
    pub stage: Stage,
    /// What happened, newest last; shown until dismissed.
    pub notices: Vec<Notice>,
    /// Under which the session's notes and outcome are kept, from its beginning until the next key.
    pub record: Option<RecordId>,
}

/// The operator, from the own certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorView {
    /// Given name and surname.
    pub name: String,
    /// The organisation's display name.
    pub organisation: String,
    /// The organisation's domain.
    pub domain: String,
    /// Whole days until the certificate ends.
    pub days_left: i64,
    /// The team, if the certificate names one.
    pub team: Option<String>,
    /// When the certificate ends, in seconds since 1970.
    pub ends_at_s: u64,
    /// SHA-256 of the certificate.
    pub fingerprint: [u8; 32],
    /// How the person is asked for each power; what is missing the operator does not have.
    pub tools: BTreeMap<Capability, Asking>,
    /// When the operator may work; always if empty.
    pub hours: Vec<Hours>,
    /// Where these hours are counted.
    pub time_zone: String,
    /// After how many minutes a session ends by itself.
    pub longest_session_minutes: Option<u32>,
    /// Whether the operator may work now.
    pub open_now: bool,
    /// The page that people are sent to, at the relay; empty if there is none.
    pub portal: String,
}

impl OperatorView {
    /// Whether the certificate lets the operator ask for this.
    #[must_use]
    pub fn may(&self, capability: Capability) -> bool {
        self.tools.contains_key(&capability)
    }
}

/// Where the session stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// Nothing runs.
    Idle,
    /// A key is being made.
    Preparing,
    /// The key waits for the client.
    Waiting(KeyView),
    /// Somebody typed the key; the channel is being made.
    Joining,
    /// The channel stands.
    Session(Box<SessionView>),
    /// It is over.
    Ended(EndView),
}

/// A key that waits.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyView {
    /// The key as it is read out: "K7M 4QXP".
    pub grouped: String,
    /// When it ends.
    pub expires_at: Instant,
    /// Wrong tries that are left.
    pub tries_left: u8,
}

impl fmt::Debug for KeyView {
    /// Nothing of the key: debug output ends up in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyView").field("tries_left", &self.tries_left).finish_non_exhaustive()
    }
}

/// One running session.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionView {
    /// The word to read aloud.
    pub check_word: String,
    /// The client's operating system; empty until the person recognised the operator.
    pub system: String,
    /// Whether the person has said who the operator is and questions may be asked.
    pub recognised: bool,
    /// What the person does until then, once they recognised the operator.
    pub step: Option<Step>,
    /// Whether the person has paused the sharing.
    pub sharing_paused: bool,
    /// Since when.
    pub since: SystemTime,
    /// What the operator may do.
    pub powers: Vec<PowerView>,
    /// The monitors that are shared.
    pub layout: Layout,
    /// The monitor that is shown.
    pub monitor: Option<MonitorId>,
    /// The chat, oldest first.
    pub chat: Arc<[ChatLine]>,
    /// Files that moved or move.
    pub transfers: Arc<[TransferView]>,
    /// What is known of the client's machine.
    pub machine: Arc<MachineView>,
    /// The terminal on the client's machine.
    pub shell: ShellView,
    /// The folders on both sides.
    pub files: Arc<FilesView>,
    /// Round trip to the agent; `None` until measured.
    pub round_trip: Option<Duration>,
    /// Pictures decoded in the last second.
    pub pictures_per_s: u32,
    /// Pictures decoded in all.
    pub pictures: u64,
    /// "quic" or "tls".
    pub link: String,
    /// Whether the link is down and being dialled again, or the agent is not heard: input goes nowhere.
    pub reconnecting: bool,
    /// Whether the agent takes no input now.
    pub input_paused: bool,
    /// Bytes that the console received in this session, packets as they arrived.
    pub bytes_to_console: u64,
    /// Bytes that the console sent in this session.
    pub bytes_to_agent: u64,
    /// Where the operator sees what they draw over the screen; `None` until something was drawn.
    pub marks_seen: Option<MarksSeen>,
    /// Where copying from one machine to the other stands.
    pub clipboard: ClipView,
    /// How many times the person was asked for each power; of fetching files, for the folders. A number tells a no from
    /// the one before it.
    pub asks: Arc<BTreeMap<Capability, u32>>,
}

impl Stage {
    /// Whether the other differs from this in nothing but figures that change by themselves as long as
    /// a session lasts. A window draws those when it draws anyway, and once in a while.
    #[must_use]
    pub fn is_same_but_for_figures(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Session(one), Self::Session(other)) => one.is_same_but_for_figures(other),
            (one, other) => one == other,
        }
    }
}

impl SessionView {
    fn is_same_but_for_figures(&self, other: &Self) -> bool {
        let Self { round_trip, pictures, bytes_to_console, bytes_to_agent, .. } = *other;
        // The first of each is more than a figure: there is something to show that was not there before.
        self.round_trip.is_some() == round_trip.is_some()
            && (self.pictures > 0) == (pictures > 0)
            && Self { round_trip, pictures, bytes_to_console, bytes_to_agent, ..self.clone() } == *other
    }
}

/// Where copying from one machine to the other stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClipView {
    /// What was done last.
    pub state: ClipState,
    /// What came last from the person's clipboard, and how many have come; content of the other end.
    pub fetched: Option<(u64, Arc<Content>)>,
}

/// What became of the last copy from one machine to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClipState {
    /// Nothing yet.
    #[default]
    Idle,
    /// The operator's is on its way.
    Sending,
    /// It is on the person's clipboard.
    Sent,
    /// It is not, and why.
    NotSent(ClipProblem),
    /// The person's is on its way.
    Fetching,
    /// It is here.
    Fetched(ClipKind),
    /// It is not, and why.
    NotFetched(ClipProblem),
}

/// One power and how the person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PowerView {
    /// Which.
    pub capability: Capability,
    /// Where it stands.
    pub state: PowerState,
}

/// Where a power stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerState {
    /// Not asked for.
    Off,
    /// The person has the question.
    Asked,
    /// Granted.
    Granted,
    /// The last question ended otherwise.
    Refused(Decision),
    /// Taken back.
    Revoked,
    /// Ended by itself, and why; nobody took it back.
    Over(GrantEnd),
}

impl PowerState {
    /// What follows from the end of a grant that the operator did not give back.
    #[must_use]
    pub const fn ended(cause: GrantEnd) -> Self {
        match cause {
            GrantEnd::Person | GrantEnd::Operator => Self::Revoked,
            GrantEnd::UseOver | GrantEnd::LineBroke | GrantEnd::LogFull => Self::Over(cause),
        }
    }
}

/// One line of chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatLine {
    /// Whether the operator wrote it.
    pub mine: bool,
    /// Its number among the lines of its writer, from 1.
    pub number: u64,
    /// The line, safe to show.
    pub text: String,
    /// When it was written or arrived.
    pub at: SystemTime,
    /// Whether the other end has it (mine only).
    pub delivered: bool,
}

/// The folders on both sides that the operator looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesView {
    /// Whether the operator may look through the client's folders.
    pub browse: PowerState,
    /// The folder of the client's machine; text of the other end, to be shown as such.
    pub remote: Option<Arc<FolderView>>,
    /// Whether another one is on its way.
    pub is_loading: bool,
    /// Why the last one that was wanted cannot be shown.
    pub remote_failure: Option<TransferFailure>,
    /// The folder of this machine.
    pub local: Option<Arc<FolderView>>,
    /// Why the last one that was wanted cannot be shown.
    pub local_failure: Option<TransferFailure>,
}

impl Default for FilesView {
    fn default() -> Self {
        Self {
            browse: PowerState::Off,
            remote: None,
            is_loading: false,
            remote_failure: None,
            local: None,
            local_failure: None,
        }
    }
}

/// A folder and what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FolderView {
    /// Where it is, as that machine has it.
    pub path: String,
    /// The folder that it is in; none at the top.
    pub parent: Option<String>,
    /// What is in it.
    pub entries: Vec<FolderEntry>,
    /// How much more there is.
    pub left_out: u32,
}

impl FolderView {
    /// The path of something in it.
    #[must_use]
    pub fn path_of(&self, name: &str) -> String {
        // A path from the other end says by itself how its names are separated.
        let separator = if self.path.contains('\\') && !self.path.starts_with('/') { '\\' } else { '/' };
        if self.path.ends_with(separator) {
            format!("{}{name}", self.path)
        } else {
            format!("{}{separator}{name}", self.path)
        }
    }
}

/// Files that moved or move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferView {
    /// Its number.
    pub id: TransferId,
    /// Its name, safe to show.
    pub name: String,
    /// Whether it comes to the console.
    pub incoming: bool,
    /// Its size in bytes, 0 until known.
    pub size_bytes: u64,
    /// Bytes that have moved.
    pub done_bytes: u64,
    /// How many files there are; until that is known, how many were chosen.
    pub files: u32,
    /// How many of them are whole.
    pub done_files: u32,
    /// How many of them do not come.
    pub failed_files: u32,
    /// The first of those, safe to show, and why.
    pub failures: Arc<[(String, TransferFailure)]>,
    /// The one that moves now, safe to show.
    pub now: Option<String>,
    /// The first of those that are in the folder already, while the operator is asked about them.
    pub conflicts: Arc<[String]>,
    /// Whether the operator lets it stand still.
    pub is_held: bool,
    /// Where it stands.
    pub state: TransferState,
    /// Where it was put, once it is whole (incoming only).
    pub saved_to: Option<PathBuf>,
    /// Its files and folders, once they are known and until it is over; they move in this order.
    pub items: Arc<[ItemView]>,
    /// The one of them that moves now.
    pub at: Option<u32>,
    /// Which of them [`TransferView::failures`] are about.
    pub failed_items: Arc<[u32]>,
    /// Files that came and do not stand in the session's log, once the session is over: it ended before the log said
    /// so, or the agent never did (incoming only).
    pub not_in_log: u32,
}

/// One file or folder of a transfer of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemView {
    /// Its path below what was chosen, safe to show.
    pub name: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Whether it is a file, which can be cancelled alone.
    pub is_file: bool,
}

/// Where a transfer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferState {
    /// The person has the question.
    Asked,
    /// It moves.
    Running,
    /// It is whole, and its digest right.
    Done,
    /// The person said no, or did not answer.
    Refused,
    /// The person was not asked: they said no a moment ago.
    TooSoon,
    /// The person was not asked: they said no too often.
    Barred,
    /// It did not arrive.
    Failed(TransferFailure),
    /// What is to be sent is looked for on the disk.
    Preparing,
    /// The person said yes; others move before it.
    Queued,
    /// So many files are in the folder already: the operator decides about them.
    Conflicts(u32),
}

impl TransferView {
    /// Whether it can be paused, once the person has agreed and it is known what it is, or go on after a pause.
    #[must_use]
    pub const fn may_hold(&self) -> bool {
        let moves = matches!(self.state, TransferState::Running | TransferState::Queued) && self.files > 0;
        !self.state.is_over() && (self.is_held || moves)
    }
}

impl TransferState {
    /// Whether nothing more comes of it.
    #[must_use]
    pub const fn is_over(self) -> bool {
        match self {
            Self::Done | Self::Refused | Self::TooSoon | Self::Barred | Self::Failed(_) => true,
            Self::Asked | Self::Running | Self::Preparing | Self::Queued | Self::Conflicts(_) => false,
        }
    }
}

/// What is known of the client's machine, and which programs there were to end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MachineView {
    /// The pages that were opened.
    pub pages: BTreeMap<Topic, PageView>,
    /// Programs that the operator wanted to end, oldest first; of each the last word.
    pub endings: Vec<EndingView>,
}

/// One page about the client's machine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageView {
    /// What stands there, once it has come; text of the other end, to be shown as such.
    pub facts: Option<Arc<Facts>>,
    /// When it came.
    pub at: Option<SystemTime>,
    /// Whether it is on its way.
    pub is_loading: bool,
    /// Whether it could not be read the last time.
    pub has_failed: bool,
}

/// A program that the operator wanted to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndingView {
    /// Which question was about it.
    pub request: RequestId,
    /// Its number.
    pub pid: u32,
    /// Its name, safe to show.
    pub name: String,
    /// When it started, in seconds since 1970.
    pub started_s: u64,
    /// Whether by force.
    pub force: bool,
    /// Where that stands.
    pub state: EndingState,
}

/// Where the end of a program stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndingState {
    /// The person has the question.
    Asked,
    /// The question ended otherwise.
    Refused(Decision),
    /// The person said yes; the program has been told.
    Told,
    /// What became of it.
    Over(Ending),
}

/// The terminal on the client's machine: the one that is open, or the last. Its grant is among the powers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShellView {
    /// Where it stands.
    pub state: ShellState,
    /// What it shows; as long as that may be shown.
    pub terminal: Option<Terminal>,
}

/// Where a terminal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ShellState {
    /// There is none.
    #[default]
    None,
    /// It is open.
    Open,
    /// The shell has ended by itself, and with it everything that was started there.
    Over {
        /// With which code, if it has one.
        code: Option<i32>,
    },
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndView {
    /// Why.
    pub reason: EndReason,
    /// How long it lasted.
    pub lasted: Duration,
    /// The files that moved.
    pub transfers: Vec<TransferView>,
    /// Where the session's log is; none if it could not be written.
    pub log: Option<PathBuf>,
    /// Whether the person may still rate the help, and the log is still written.
    pub is_closing: bool,
    /// The person's rating, if they gave one.
    pub rating: Option<RatingView>,
}

/// What the person said of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatingView {
    /// From 1 to 5.
    pub stars: u8,
    /// Their words, safe to show.
    pub comment: Option<String>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Counts from 1.
    pub id: u64,
    /// What.
    pub kind: NoticeKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeKind {
    /// Ten minutes passed without anybody typing the key.
    KeyExpired,
    /// Three wrong tries: somebody guesses, or the key was misheard.
    KeyBurned,
    /// One wrong try.
    WrongTry {
        /// What is left.
        tries_left: u8,
    },
    /// The relay cannot be reached.
    RelayUnreachable,
    /// The network's proxy wants a name and password, or others than it was given.
    ProxyPassword,
    /// The relay does not accept the certificate.
    CertificateRefused,
    /// The certificate has ended, or the clock is wrong.
    CertificateTime,
    /// The certificate was revoked.
    CertificateRevoked,
    /// The certificate does not allow work at this hour.
    OutsideHours,
    /// The session's log could not be written to the disk.
    LogNotSaved,
    /// The relay takes no more keys now.
    RelayFull,
    /// Somebody seems to be in between; the attempt was closed.
    ChannelNotProven,
    /// The client's program is of another version of the protocol.
    VersionMismatch,
    /// The client's program does not accept the operator's certificate, and why, where it said so.
    RefusedByAgent(Option<CertificateProblem>),
    /// The client's connection was lost before the session began.
    ClientLost,
    /// A picture of the remote screen was saved.
    PictureSaved {
        /// Where.
        path: PathBuf,
    },
    /// A picture of the remote screen could not be saved.
    PictureNotSaved,
    /// A page about the client's machine was saved.
    FactsSaved {
        /// Where.
        path: PathBuf,
    },
    /// A page about the client's machine could not be saved.
    FactsNotSaved,
}
