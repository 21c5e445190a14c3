//! What the agent's window shows, as plain data, and what a person can do there.
//!
//! The engine makes an [`AgentView`]; a screen draws it and returns [`AgentCommand`]s. No text of a
//! language is in here: screens turn these values into words.

use capture::{LocalPreview, Share};
use proto::session::{Capability, CertificateProblem, EndReason, RequestId, TransferFailure, TransferId};
pub use session::Conflict;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Everything that the agent's window shows at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentView {
    /// The page of the main window.
    pub page: Page,
    /// The panel, from consent to view until the end; while it is there the page window is hidden
    /// unless the page asks something.
    pub panel: Option<PanelView>,
}

/// One page: one question or one message.
#[derive(Debug, Clone, PartialEq)]
pub enum Page {
    /// This program belongs to no organisation: type the domain of yours.
    EnterOrganisation {
        /// What was wrong with the last one.
        problem: Option<DomainProblem>,
    },
    /// Type the key.
    EnterKey {
        /// What was wrong with the last one.
        problem: Option<KeyProblem>,
    },
    /// The key is being tried.
    Connecting,
    /// Who wants to help.
    WhoAsks {
        /// The operator, from the certificate.
        operator: OperatorView,
        /// The word that the operator reads aloud.
        check_word: String,
    },
    /// What the help is bound to.
    Terms {
        /// Who asks.
        operator: OperatorView,
        /// The terms.
        terms: TermsView,
    },
    /// What of the screen to share.
    Share {
        /// Who asks.
        operator: OperatorView,
        /// What there is.
        choices: ShareView,
    },
    /// The panel could not be seen, so that sharing is paused.
    Unseen {
        /// Who helps.
        operator: OperatorView,
    },
    /// The operator was recognised; waiting for the first question.
    Waiting {
        /// The operator.
        operator: OperatorView,
    },
    /// A question stands open.
    Question(QuestionView),
    /// The session runs; the panel shows all there is.
    Session,
    /// The session is over.
    Ended(EndView),
    /// It did not come to a session.
    Failed(Failure),
}

/// What was wrong with a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DomainProblem {
    /// Not the name of a web site.
    Malformed,
    /// It cannot be reached.
    Unreachable,
    /// Its certificate is not trusted: somebody may be in between.
    NotTrusted,
    /// It has no organisation's file, or not its own.
    NotThere,
    /// Its file has expired.
    Expired,
}

/// What was wrong with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyProblem {
    /// Not seven symbols, or one that keys never have.
    Malformed,
    /// The relay knows no such key: mistyped, expired or used.
    NotFound,
    /// The secret half was wrong.
    WrongSecret {
        /// Tries that are left.
        tries_left: u8,
    },
    /// Three wrong tries: the operator must make a new key.
    Burned,
    /// Somebody else is trying this key right now.
    Busy,
}

/// What the help is bound to, in the person's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermsView {
    /// The organisation's terms.
    pub terms: Arc<str>,
    /// The organisation's privacy notice, if it has one.
    pub privacy: Option<Arc<str>>,
    /// Where the relay stands.
    pub relay: String,
}

/// What of the screen can be shared.
#[derive(Debug, Clone, PartialEq)]
pub struct ShareView {
    /// The monitors, the main one first.
    pub monitors: Vec<ChoiceView>,
    /// The whole screen, where there is more than one monitor.
    pub everything: Option<ChoiceView>,
    /// Windows, the topmost first.
    pub windows: Vec<ChoiceView>,
    /// Why the person is asked.
    pub reason: ShareReason,
}

impl ShareView {
    /// Nothing was found yet.
    pub(crate) const fn empty(reason: ShareReason) -> Self {
        Self { monitors: Vec::new(), everything: None, windows: Vec::new(), reason }
    }
}

/// Why a person is asked what to share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareReason {
    /// Nothing is shared yet.
    First,
    /// They want to share something else.
    Change,
    /// What was shared is not there any more.
    Gone,
}

/// One thing that can be shared.
#[derive(Debug, Clone, PartialEq)]
pub struct ChoiceView {
    /// What it is.
    pub share: Share,
    /// The window's title, safe to show; empty for monitors.
    pub title: String,
    /// Its picture, for the person alone.
    pub preview: Option<Arc<LocalPreview>>,
}

/// Who helps, as the verified certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorView {
    /// Given name and surname.
    pub name: String,
    /// The organisation's display name.
    pub organisation: String,
    /// The organisation's domain.
    pub domain: String,
    /// The team, where the certificate names one.
    pub team: Option<String>,
    /// Whether the organisation's root is known to belong to that domain.
    pub verified: bool,
}

/// The panel that stays visible the whole time.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelView {
    /// Who helps.
    pub operator: OperatorView,
    /// The check word, again.
    pub check_word: String,
    /// Since when.
    pub since: SystemTime,
    /// What is allowed now; a switch each.
    pub grants: Vec<GrantView>,
    /// The chat, oldest first.
    pub chat: Arc<[ChatLine]>,
    /// Files that moved or move.
    pub transfers: Arc<[TransferView]>,
    /// Whether the link is down and being dialled again.
    pub reconnecting: bool,
    /// Whether the operator may write and read lines of chat.
    pub has_chat: bool,
    /// When the session ends by itself, if the operator's certificate says so.
    pub ends_at: Option<SystemTime>,
    /// Whether sharing is paused.
    pub paused: bool,
    /// What of the screen is shared.
    pub shared: Shared,
    /// The last lines of the operator's terminal, safe to show; `None` while there is none.
    pub shell: Option<Arc<[String]>>,
}

/// What of the screen is shared now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shared {
    /// All of it.
    Everything,
    /// One of several monitors.
    Monitor,
    /// The window of this title.
    Window(String),
}

/// One power in the panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantView {
    /// Which.
    pub capability: Capability,
    /// Whether it is granted now.
    pub granted: bool,
    /// Whether the operator may not ask for it any more, after too many noes.
    pub barred: bool,
    /// Whether a yes holds until the session ends or it is taken back, not for one use.
    pub whole_session: bool,
}

/// One line of chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatLine {
    /// Whether the person at this window wrote it.
    pub mine: bool,
    /// The line, safe to show.
    pub text: String,
    /// When it was written or arrived.
    pub at: SystemTime,
    /// Whether the other end has it (mine only).
    pub delivered: bool,
    /// Its number among the lines of its writer.
    pub number: u64,
}

/// A question to the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionView {
    /// Its number.
    pub id: RequestId,
    /// Who asks.
    pub operator: OperatorView,
    /// What for.
    pub kind: QuestionKind,
    /// What of the screen is or would be seen.
    pub shared: Shared,
    /// Whether a yes holds until the session ends or it is taken back, not for one use.
    pub whole_session: bool,
    /// Whether the operator may also point and draw over what they see.
    pub may_point: bool,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuestionKind {
    /// See the screen.
    View,
    /// Use mouse and keyboard.
    Control,
    /// Read what the machine is, holds and runs.
    SystemInfo,
    /// End a running program.
    EndProcess {
        /// Its name, safe to show.
        name: String,
        /// Its number.
        pid: u32,
        /// Whether at once, after it did not end when it was told to.
        force: bool,
    },
    /// Enter commands as the person's own account.
    Shell,
    /// Look through the folders.
    Browse,
    /// Receive files, one or several.
    ReceiveFiles(FilesView),
    /// Give files, one or several.
    GiveFiles(FilesView),
    /// Read what was copied, and put something there to be pasted.
    Clipboard,
}

/// Files that are asked about together, or one alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesView {
    /// Paths of some of them, programs first, safe to show: below what was chosen, or whole where they are given.
    pub names: Arc<[String]>,
    /// How many there are.
    pub files: u32,
    /// Their size in bytes, all together.
    pub size_bytes: u64,
    /// Where they will be put; empty where they are given.
    pub folder: String,
    /// How many of them are there already.
    pub conflicts: u32,
    /// What is done about those.
    pub conflict: Conflict,
}

/// Files that moved or move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferView {
    /// Its number.
    pub id: TransferId,
    /// The name of the file, or of the first of several, safe to show.
    pub name: String,
    /// Whether it goes to this machine.
    pub incoming: bool,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Bytes that have moved.
    pub done_bytes: u64,
    /// How many files there are, how many of them are whole, and how many do not come.
    pub files: u32,
    /// See [`TransferView::files`].
    pub done_files: u32,
    /// See [`TransferView::files`].
    pub failed_files: u32,
    /// Whether the operator lets it stand still.
    pub is_held: bool,
    /// Where it stands.
    pub state: TransferState,
    /// Where it was put, once it is whole.
    pub saved_to: Option<String>,
    /// The large file in the middle of which everything was cut off, safe to show. Of what comes here it is kept for as
    /// long as it can be gone on with.
    pub cut_off: Option<String>,
}

/// Where a transfer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferState {
    /// It moves.
    Running,
    /// It is whole, and its digest right.
    Done,
    /// It did not arrive.
    Failed(TransferFailure),
}

/// The last page.
#[derive(Debug, Clone, PartialEq)]
pub struct EndView {
    /// Why it ended.
    pub reason: EndReason,
    /// Who helped, if it came so far.
    pub operator: Option<OperatorView>,
    /// How long the session lasted.
    pub lasted: Duration,
    /// How long each power was granted, those that were.
    pub used: Vec<(Capability, Duration)>,
    /// The files that moved.
    pub files: Vec<TransferView>,
    /// The programs that were ended, safe to show.
    pub ended: Vec<String>,
    /// Where the rating stands.
    pub rating: RatingView,
    /// What was removed, once that is done.
    pub removed: Option<RemovalView>,
    /// The session's log, if there was a session.
    pub log: Option<LogView>,
    /// How many programs that were started in the terminal could not be ended.
    pub still_running: usize,
    /// Whether the person may enter a new key, as long as they have not chosen.
    pub again: Option<AgainView>,
}

/// The line was lost: the person enters a new key, or closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgainView {
    /// Whether what has come of files is kept for the next session of the same operator.
    pub keeps_files: bool,
}

/// Where the rating of the help stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RatingView {
    /// Not asked for, or skipped.
    None,
    /// The person may rate now.
    Open,
    /// They gave so many stars, and whether the operator's program has it.
    Given {
        /// From 1 to 5.
        stars: u8,
        /// Whether the operator's program has it.
        delivered: bool,
    },
    /// Not asked for, but the person may say that it was a scam before the program goes.
    ScamOnly,
}

/// A place for files that people know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// The folder for documents.
    Documents,
    /// The desktop.
    Desktop,
    /// The folder for downloads.
    Downloads,
    /// A stick or disk that can be taken away.
    Removable,
}

/// The session's log as the person has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogView {
    /// The number by which both ends know it.
    pub session: String,
    /// The log in words.
    pub text: Arc<str>,
    /// Whether the operator's program vouched for all of it.
    pub countersigned: bool,
    /// Where it can be saved.
    pub places: Vec<(Place, PathBuf)>,
    /// Where it was saved, or why it could not be; none until the person wants it.
    pub saved: Option<Result<Vec<String>, String>>,
}

/// What the agent removed of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RemovalView {
    /// Paths that are gone: the program and what it made.
    pub removed: Vec<String>,
    /// Paths that could not be removed, with the system's reason.
    pub failed: Vec<(String, String)>,
    /// Files that the person received and that stay.
    pub kept: Vec<String>,
}

/// Why it did not come to a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// No organisation file was given, or it does not hold.
    Organisation,
    /// The relay cannot be reached by any way, or does not answer.
    RelayUnreachable,
    /// The relay takes nobody more just now, or nobody more from this address.
    RelayBusy,
    /// The network's proxy wants a name and password, or others than it was given.
    ProxyPassword,
    /// The operator's program could not read the first message: the two versions do not fit.
    OtherVersion,
    /// The operator's certificate does not hold; the person must not go on.
    OperatorNotProven(CertificateProblem),
    /// The other end broke the protocol, or somebody is in between.
    ProtocolBroken,
    /// The operator went away before the session began.
    OperatorGone,
    /// The screen cannot be captured here.
    ScreenUnavailable,
    /// The session draws with Wayland, and this program cannot ask it for the screen.
    Wayland,
    /// The organisation wants a newer program.
    TooOld,
}

impl fmt::Debug for AgentCommand {
    /// Neither keys nor chat: debug output ends up in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SubmitKey(_) => f.write_str("SubmitKey"),
            Self::SubmitDomain(_) => f.write_str("SubmitDomain"),
            Self::TryAgain => f.write_str("TryAgain"),
            Self::RecogniseOperator(yes) => write!(f, "RecogniseOperator({yes})"),
            Self::AcceptTerms(yes) => write!(f, "AcceptTerms({yes})"),
            Self::Share(share) => write!(f, "Share({share:?})"),
            Self::ChangeShare => f.write_str("ChangeShare"),
            Self::ShareGone => f.write_str("ShareGone"),
            Self::KeepShare => f.write_str("KeepShare"),
            Self::Pause => f.write_str("Pause"),
            Self::Resume => f.write_str("Resume"),
            Self::Rate { stars, .. } => write!(f, "Rate({stars})"),
            Self::SkipRating => f.write_str("SkipRating"),
            Self::ReportScam => f.write_str("ReportScam"),
            Self::QuestionShown(id) => write!(f, "QuestionShown({})", id.0),
            Self::Answer(id, yes) => write!(f, "Answer({}, {yes})", id.0),
            Self::Revoke(capability) => write!(f, "Revoke({capability:?})"),
            Self::Choose(id, conflict) => write!(f, "Choose({}, {conflict:?})", id.0),
            Self::StopTransfer(transfer) => write!(f, "StopTransfer({})", transfer.0),
            Self::AllowAsking(capability) => write!(f, "AllowAsking({capability:?})"),
            Self::SendChat(_) => f.write_str("SendChat"),
            Self::SaveLog(_) => f.write_str("SaveLog"),
            Self::End => f.write_str("End"),
            Self::Quit => f.write_str("Quit"),
            Self::NewKey => f.write_str("NewKey"),
        }
    }
}

/// What a person can do in the agent's window.
#[derive(Clone, PartialEq, Eq)]
pub enum AgentCommand {
    /// Try this key, as typed.
    SubmitKey(String),
    /// My organisation has this domain, as typed.
    SubmitDomain(String),
    /// Back from a failure to the key.
    TryAgain,
    /// It is the right person / it is not.
    RecogniseOperator(bool),
    /// Accept the terms or not.
    AcceptTerms(bool),
    /// Share this of the screen, once the viewing is allowed.
    Share(Share),
    /// Share something else than until now.
    ChangeShare,
    /// Share what was shared before after all.
    KeepShare,
    /// The pictures to choose from are not on the screen any more.
    ShareGone,
    /// Pause the sharing.
    Pause,
    /// Let the sharing go on.
    Resume,
    /// How good the help was.
    Rate {
        /// From 1 to 5.
        stars: u8,
        /// A few words, or none.
        comment: String,
    },
    /// No rating.
    SkipRating,
    /// This is a scam: end everything now.
    ReportScam,
    /// The question now stands on the screen.
    QuestionShown(RequestId),
    /// Yes or no to that question.
    Answer(RequestId, bool),
    /// Take a power back.
    Revoke(Capability),
    /// What to do about files that are there already, before a yes to that question.
    Choose(RequestId, Conflict),
    /// No more of this transfer.
    StopTransfer(TransferId),
    /// Let the operator ask again for a power that was refused too often.
    AllowAsking(Capability),
    /// Say something.
    SendChat(String),
    /// Save the session's log in this folder.
    SaveLog(PathBuf),
    /// The red X: end everything now.
    End,
    /// Close the program (removing it, if it may).
    Quit,
    /// After the line was lost: enter a new key instead of closing.
    NewKey,
}
