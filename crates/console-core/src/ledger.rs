//! The session's log on the console: takes the agent's lines, keeps them on the disk, and vouches for them.

use crate::config::ConsoleConfig;
use crate::view::RatingView;
use crate::witness::{Lie, Witness};
use audit_log::{Broken, Event, Follower, Hex, Line, LogKey, Report, certificates_line, operator_statement};
use channel::{Channel, ChannelError, ConsoleIdentity};
use identity::Operator;
use proto::session::{ConsoleToAgent, EndReason};
use proto::text::Blob;
use rand::RngCore as _;
use rand::rngs::OsRng;
use session::private::private;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use zeroize::Zeroizing;

/// The console signs at least so often.
pub(crate) const SIGN_EVERY: Duration = Duration::from_secs(60);
/// Longest log that is kept, in bytes: twice what an honest agent writes.
const LOG_BYTES: usize = 16 * 1024 * 1024;
/// Names that are tried when one is taken.
const NAMES_TRIED: u32 = 1000;
/// Digits of the session's number in the name of the file.
const NAME_DIGITS: usize = 8;

/// The key for the log of one channel, vouched for by the operator.
pub(crate) struct LogKeys {
    key: LogKey,
    channel: Hex<32>,
    pub(crate) proof: [u8; 64],
}

impl LogKeys {
    /// Draws a key for this channel.
    pub(crate) fn draw(channel: &Channel, identity: &ConsoleIdentity) -> Result<Self, ChannelError> {
        let mut seed = Zeroizing::new([0; 32]);
        OsRng.fill_bytes(seed.as_mut_slice());
        let key = LogKey::new(&seed).ok_or_else(|| ChannelError::Setup("no key for the log".to_owned()))?;
        let channel = Hex(channel.log_value()?);
        let proof = identity.seed.sign(&operator_statement(channel, key.public()));
        Ok(Self { key, channel, proof })
    }

    /// The public half.
    pub(crate) fn public(&self) -> [u8; 32] {
        self.key.public().0
    }
}

/// Why the console does not vouch for a line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotVouched {
    /// It is none of this log.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// It is not so.
    #[error(transparent)]
    Lie(#[from] Lie),
}

/// Where the log stands.
enum State {
    /// The first line has not come.
    Waiting(Option<LogKeys>),
    Following(Box<Follower>),
}

/// The log of one session. All of it is in memory too, so that a full disk loses nothing of it.
pub(crate) struct Ledger {
    state: State,
    operator: Operator,
    pub(crate) witness: Witness,
    chain: Vec<Vec<u8>>,
    folder: PathBuf,
    file: Option<(PathBuf, File)>,
    has_failed: bool,
    log: String,
}

/// Longest comment that is shown, in bytes.
const COMMENT_BYTES: usize = 2000;

/// The person's words, safe to show.
fn shown(comment: &str) -> String {
    proto::Text::<COMMENT_BYTES>::truncated(comment).shown()
}

/// Milliseconds since 1970 by this machine's clock.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Ledger {
    /// Nothing yet; the file will be in `folder`.
    pub(crate) fn new(keys: LogKeys, config: &ConsoleConfig) -> Self {
        let chain = config.identity.chain.iter().map(|der| der.to_vec()).collect();
        let (operator, folder) = (config.operator.clone(), config.logs_folder.clone());
        Self {
            state: State::Waiting(Some(keys)),
            witness: Witness::new(operator.leaf_sha256),
            operator,
            chain,
            folder,
            file: None,
            has_failed: false,
            log: String::new(),
        }
    }

    /// Takes the agent's next line. Gives the message that vouches for everything so far, when it is time for
    /// one.
    ///
    /// # Errors
    /// [`NotVouched`]: the session must not go on.
    pub(crate) fn take(&mut self, line: &str) -> Result<Option<ConsoleToAgent>, NotVouched> {
        if self.log.len() > LOG_BYTES {
            return Err(Broken::NotALine.into());
        }
        match &mut self.state {
            State::Waiting(keys) => {
                let LogKeys { key, channel, .. } = keys.take().ok_or(Broken::NotOurs)?;
                let follower = Follower::begin(line, channel, key)?;
                // What both ends sign must name this operator and no other.
                let begin = follower.first();
                if begin.operator_key.0 != self.operator.public_key
                    || begin.operator_certificate.0 != self.operator.leaf_sha256
                {
                    return Err(Broken::NotOurs.into());
                }
                let session = follower.first().session().to_string();
                self.state = State::Following(Box::new(follower));
                self.open(&session);
                self.keep(line);
                if let Some(line) = certificates_line(&self.chain) {
                    self.keep(&line);
                }
                Ok(None)
            }
            State::Following(follower) => {
                let taken = follower.take(line)?;
                self.keep(line);
                self.witness.take(&taken)?;
                // The end of a program is vouched for once it is known of which.
                let is_due = is_to_be_signed(&taken) || self.witness.take_opened_end();
                Ok(if is_due { self.sign() } else { None })
            }
        }
    }

    /// The person's rating, if the log has one: from 1 to 5, and their words.
    pub(crate) fn rating(&self) -> Option<RatingView> {
        let report = Report::of(&self.log);
        let rated = report.entries.iter().rev().find(|entry| matches!(entry.event, Event::Rated { .. }))?;
        let Event::Rated { stars, .. } = rated.event else { return None };
        // Whatever the other end writes: there are no six stars.
        (1..=5).contains(&stars).then(|| RatingView { stars, comment: report.text_of(&rated.event).map(shown) })
    }

    /// Whether the person has said that it was a scam, at the end or after it.
    pub(crate) fn is_named_scam(&self) -> bool {
        let is_it = |event: &Event| matches!(event, Event::Ended { reason: EndReason::ReportedAsScam, .. });
        Report::of(&self.log).entries.iter().any(|entry| is_it(&entry.event))
    }

    /// Whether the log has begun.
    pub(crate) fn has_begun(&self) -> bool {
        matches!(self.state, State::Following(_))
    }

    /// The message that vouches for everything so far; `None` before there is anything.
    pub(crate) fn sign(&mut self) -> Option<ConsoleToAgent> {
        let State::Following(follower) = &self.state else { return None };
        let (signature, line) = follower.countersign(now_ms());
        self.keep(&line);
        let (number, at_ms) = (signature.number, signature.at_ms);
        self.witness.sign(at_ms);
        Blob::new(signature.signature.0).ok().map(|signature| ConsoleToAgent::LogSigned { number, at_ms, signature })
    }

    /// Writes the line before anything follows from it. What cannot be written is kept in memory, and written
    /// with everything else at the end.
    fn keep(&mut self, line: &str) {
        let from = self.log.len();
        self.log.push_str(line);
        self.log.push('\n');
        let Some((path, file)) = self.file.as_mut().filter(|_| !self.has_failed) else { return };
        let written = self.log.get(from..).map_or(Ok(()), |line| file.write_all(line.as_bytes()));
        if let Err(error) = written {
            tracing::warn!(%error, path = %path.display(), "the log cannot be written now");
            self.has_failed = true;
        }
    }

    fn open(&mut self, session: &str) {
        let stem = format!("ponte-{}", session.get(..NAME_DIGITS).unwrap_or(session));
        match create(&self.folder, &stem) {
            Ok(file) => self.file = Some(file),
            Err(error) => {
                tracing::warn!(%error, folder = %self.folder.display(), "the log cannot be written now");
                self.has_failed = true;
            }
        }
    }

    /// Brings everything to the disk; says where it is, or why not.
    pub(crate) fn finish(mut self) -> Result<Option<PathBuf>, io::Error> {
        let State::Following(follower) = &self.state else { return Ok(None) };
        if !self.has_failed
            && let Some((path, file)) = &self.file
        {
            file.sync_all()?;
            return Ok(Some(path.clone()));
        }
        // Once more from the beginning: meanwhile there may be room.
        let session = follower.first().session().to_string();
        let stem = format!("ponte-{}", session.get(..NAME_DIGITS).unwrap_or(&session));
        let (path, mut file) = create(&self.folder, &stem)?;
        let written = file.write_all(self.log.as_bytes()).and_then(|()| file.sync_all());
        match (written, self.file.take()) {
            // The copy that was cut short goes only when there is a whole one.
            (Ok(()), Some((cut_short, _))) => drop(fs::remove_file(cut_short)),
            (Ok(()), None) => {}
            (Err(error), _) => {
                let _ = fs::remove_file(path);
                return Err(error);
            }
        }
        Ok(Some(path))
    }
}

/// Whether both ends must have vouched for this before anything else: every answer, every grant that ends,
/// every file and command, and the end.
fn is_to_be_signed(line: &Line) -> bool {
    let Line::Entry(entry) = line else { return false };
    match entry.event {
        Event::Operator { .. }
        | Event::Terms { .. }
        | Event::Sharing { .. }
        | Event::Paused { .. }
        | Event::Answered { .. }
        | Event::Revoked { .. }
        | Event::NotAllowed { .. }
        | Event::File { .. }
        | Event::Files { .. }
        | Event::FileFailed { .. }
        | Event::Clipboard { .. }
        | Event::Command { .. }
        | Event::UnseenLines { .. }
        | Event::StillRunning { .. }
        | Event::Recording { .. }
        | Event::Rated { .. }
        | Event::Ended { .. }
        | Event::Removed { .. }
        | Event::HiddenLine { .. }
        | Event::TerminalOutput { .. }
        | Event::Terminal { .. } => true,
        Event::Asked { .. }
        | Event::Shown { .. }
        | Event::ProcessEnded { .. }
        | Event::Annotated
        | Event::FolderSeen { .. }
        | Event::Chat { .. }
        | Event::ChatCut { .. }
        | Event::Link { .. }
        | Event::ConsoleClock { .. } => false,
    }
}

/// A new file of this name, or the next free number of it.
fn create(folder: &Path, stem: &str) -> io::Result<(PathBuf, File)> {
    fs::create_dir_all(folder)?;
    for number in 1..NAMES_TRIED {
        let name = if number == 1 { format!("{stem}.ponte-log") } else { format!("{stem}-{number}.ponte-log") };
        let path = folder.join(name);
        match private(OpenOptions::new().append(true).create_new(true)).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
