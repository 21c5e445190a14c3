//! The session's log on the agent: it alone sequences what happens, and sends each line before anything follows.

use crate::config::Setup;
use crate::places;
use crate::view::{LogView, RemovalView};
use audit_log::export::Words;
use audit_log::{
    Begin, Commitment, Event, FORMAT, Hex, LogKey, Opening, Report, Role, Signature, Writer, certificates_line, export,
    operator_proof_holds,
};
use channel::{Channel, ChannelError};
use identity::Operator;
use proto::session::{AgentToConsole, LogLine};
use rand::RngCore as _;
use rand::rngs::OsRng;
use session::{AgentGreeting, Outbox, OutboxClosed};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Longest log, in bytes: what a day of work leaves is a hundredth of it. A console that makes a longer one
/// is not helping anybody.
const LOG_BYTES: usize = 8 * 1024 * 1024;
/// The agent signs at least so often.
pub(crate) const SIGN_EVERY: Duration = Duration::from_secs(60);

/// Nothing more can be written: the log is as long as it may become, or the other end reads no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unwritable {
    TooLong,
    Gone,
}

impl From<OutboxClosed> for Unwritable {
    fn from(_: OutboxClosed) -> Self {
        Self::Gone
    }
}

/// A line with a personal text that the other end does not know yet.
pub(crate) struct OwnText(String);

/// The log of one session, in memory: the agent keeps nothing; the person may save it.
pub(crate) struct Ledger {
    writer: Writer,
    session: String,
    operator: String,
    text: String,
    has_console_clock: bool,
}

/// Milliseconds since 1970 by this machine's clock.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Ledger {
    /// Begins the log of this channel and sends its first line.
    pub(crate) fn begin(
        channel: &Channel,
        greeting: &AgentGreeting,
        operator: &Operator,
        chain: &[impl AsRef<[u8]>],
    ) -> Result<Self, ChannelError> {
        let mut seed = zeroize::Zeroizing::new([0; 32]);
        OsRng.fill_bytes(seed.as_mut_slice());
        let key = LogKey::new(&seed).ok_or_else(|| ChannelError::Setup("no key for the log".to_owned()))?;
        let begin =
            Begin { agent_key: key.public(), ..beginning(channel, operator, greeting.log_key, greeting.log_proof)? };
        let session = begin.session().to_string();
        let (writer, line) = Writer::begin(begin, key);
        let name = proto::Text::<{ proto::limits::NAME_BYTES }>::truncated(&operator.name).shown();
        let mut ledger = Self { writer, session, operator: name, text: String::new(), has_console_clock: false };
        // Fails only if the console is gone already, which the next message finds out.
        let _ = ledger.keep_and_send(&greeting.outbox, line);
        // Both ends have the certificates: they are kept, not sent.
        if let Some(line) = certificates_line(chain) {
            ledger.keep(&line);
        }
        Ok(ledger)
    }

    fn keep(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn keep_and_send(&mut self, outbox: &Outbox<AgentToConsole>, line: String) -> Result<(), Unwritable> {
        self.keep(&line);
        let Ok(line) = LogLine::new(line) else { return Err(Unwritable::TooLong) };
        Ok(outbox.send(AgentToConsole::Log { line })?)
    }

    /// Writes down what happened. The end is always written, also into a log that is full.
    pub(crate) fn note(&mut self, outbox: &Outbox<AgentToConsole>, event: Event) -> Result<(), Unwritable> {
        if self.text.len() > LOG_BYTES && !is_of_the_end(&event) {
            return Err(Unwritable::TooLong);
        }
        let line = self.writer.append(now_ms(), event);
        self.keep_and_send(outbox, line)
    }

    /// Writes down what happened, and a personal text beside the chain; what stands in the chain is the commitment
    /// to it. The entry comes first: a text that belongs to no entry would look like one that somebody put there.
    pub(crate) fn note_with_text(
        &mut self,
        outbox: &Outbox<AgentToConsole>,
        text: &str,
        event: impl FnOnce(Commitment) -> Event,
    ) -> Result<(), Unwritable> {
        let mut salt = [0; 16];
        OsRng.fill_bytes(&mut salt);
        let opening = Opening::new(Hex(salt), text);
        self.note(outbox, event(opening.commitment()))?;
        self.keep_and_send(outbox, Writer::opening(opening))
    }

    /// The same with a text that stays here: gives the line with it, for [`Self::tell_text`] when the other end may
    /// know it.
    pub(crate) fn note_with_own_text(
        &mut self,
        outbox: &Outbox<AgentToConsole>,
        text: &str,
        event: impl FnOnce(Commitment) -> Event,
    ) -> Result<OwnText, Unwritable> {
        let mut salt = [0; 16];
        OsRng.fill_bytes(&mut salt);
        let opening = Opening::new(Hex(salt), text);
        self.note(outbox, event(opening.commitment()))?;
        let line = Writer::opening(opening);
        self.keep(&line);
        Ok(OwnText(line))
    }

    /// Lets the other end know a text that is in the log here.
    pub(crate) fn tell_text(outbox: &Outbox<AgentToConsole>, text: OwnText) -> Result<(), Unwritable> {
        let line = LogLine::new(text.0).map_err(|_| Unwritable::TooLong)?;
        Ok(outbox.send(AgentToConsole::Log { line })?)
    }

    /// Vouches for everything so far.
    pub(crate) fn sign(&mut self, outbox: &Outbox<AgentToConsole>) -> Result<(), Unwritable> {
        let line = self.writer.sign(now_ms());
        self.keep_and_send(outbox, line)
    }

    /// The console vouches for the log as it has it. `None` if its signature does not hold.
    pub(crate) fn handle_signed(
        &mut self,
        outbox: &Outbox<AgentToConsole>,
        number: u64,
        at_ms: u64,
        signature: &[u8],
    ) -> Option<Result<(), Unwritable>> {
        let signature = Hex(<[u8; 64]>::try_from(signature).ok()?);
        let line = self.writer.countersigned(&Signature { by: Role::Console, number, at_ms, signature }).ok()?;
        if let Some(line) = line {
            self.keep(&line);
        }
        if std::mem::replace(&mut self.has_console_clock, true) {
            return Some(Ok(()));
        }
        Some(self.note(outbox, Event::ConsoleClock { console_ms: at_ms }))
    }

    /// As [`Self::handle_signed`], once nothing is written any more; false if the signature does not hold.
    pub(crate) fn handle_last_signed(&mut self, number: u64, at_ms: u64, signature: &[u8]) -> bool {
        let Ok(signature) = <[u8; 64]>::try_from(signature) else { return false };
        let signature = Signature { by: Role::Console, number, at_ms, signature: Hex(signature) };
        let Ok(line) = self.writer.countersigned(&signature) else { return false };
        if let Some(line) = line {
            self.keep(&line);
        }
        true
    }

    /// The last entry for which the console vouched, if any.
    pub(crate) fn countersigned_up_to(&self) -> Option<u64> {
        self.writer.countersigned_up_to()
    }

    /// Whether both ends vouched for everything that is there.
    pub(crate) fn is_countersigned(&self) -> bool {
        self.writer.countersigned_up_to() == Some(self.writer.number())
    }

    /// The log as it stays with the person.
    pub(crate) fn finish(self, removed: RemovalView) -> Finished {
        let countersigned = self.is_countersigned();
        let Self { session, operator, text: log, .. } = self;
        Finished { session, operator, log, countersigned, removed }
    }
}

/// Whether this stands in every log, also in one that is full.
const fn is_of_the_end(event: &Event) -> bool {
    matches!(event, Event::Ended { .. } | Event::Rated { .. } | Event::Removed { .. })
}

/// Whether the operator's key vouches for the key with which the console will sign the log of this channel.
pub(crate) fn proof_holds(channel: &Channel, operator: &Operator, log_key: &[u8; 32], log_proof: &[u8; 64]) -> bool {
    beginning(channel, operator, *log_key, *log_proof).is_ok_and(|begin| operator_proof_holds(&begin))
}

/// The first line, but for the agent's own key.
fn beginning(
    channel: &Channel,
    operator: &Operator,
    log_key: [u8; 32],
    log_proof: [u8; 64],
) -> Result<Begin, ChannelError> {
    Ok(Begin {
        format: FORMAT,
        channel: Hex(channel.log_value()?),
        agent_key: Hex([0; 32]),
        console_key: Hex(log_key),
        operator_key: Hex(operator.public_key),
        operator_certificate: Hex(operator.leaf_sha256),
        operator_proof: Hex(log_proof),
        at_ms: now_ms(),
    })
}

/// The log of a session that is over.
pub(crate) struct Finished {
    session: String,
    operator: String,
    log: String,
    countersigned: bool,
    pub(crate) removed: RemovalView,
}

/// Words in which the operator has the name that the certificate says.
struct Named<'a> {
    operator: &'a str,
    words: &'a (dyn Words + Send + Sync),
}

impl Words for Named<'_> {
    fn say(&self, id: &str, arguments: &[(&str, &str)]) -> String {
        self.words.say(id, arguments)
    }

    fn operator(&self) -> String {
        self.operator.to_owned()
    }
}

/// Digits of the session's number in the name of a file.
const NAME_DIGITS: usize = 8;
/// Names that are tried when one is taken.
const NAMES_TRIED: u32 = 1000;

impl Finished {
    fn words<'a>(&'a self, config: &'a Setup) -> Named<'a> {
        Named { operator: &self.operator, words: config.log_words.as_ref() }
    }

    /// As the window shows it.
    pub(crate) fn view(&self, config: &Setup) -> LogView {
        LogView {
            session: self.session.clone(),
            text: export::text(&Report::of(&self.log), &self.words(config)).into(),
            countersigned: self.countersigned,
            places: places::places(&config.platform),
            saved: None,
        }
    }

    /// Writes the log into this folder: the file that can be checked, and a page that can be read. Says where they
    /// are, or what the system said.
    pub(crate) async fn save(&self, config: &Setup, folder: PathBuf) -> Result<Vec<String>, String> {
        let page = export::html(&Report::of(&self.log), &self.words(config));
        let contents = [("ponte-log", self.log.clone()), ("html", page)];
        let stem = format!("ponte-{}", self.session.get(..NAME_DIGITS).unwrap_or(&self.session));
        let saved = tokio::task::spawn_blocking(move || {
            let written = contents.map(|(ending, content)| write_new(&folder, &stem, ending, &content));
            written.into_iter().map(|path| path.map(|path| path.display().to_string())).collect::<io::Result<Vec<_>>>()
        });
        saved.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }
}

/// Writes a file that was not there before.
fn write_new(folder: &Path, stem: &str, ending: &str, content: &str) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    for number in 1..NAMES_TRIED {
        let name = if number == 1 { format!("{stem}.{ending}") } else { format!("{stem}-{number}.{ending}") };
        let path = folder.join(name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                let written = file.write_all(content.as_bytes()).and_then(|()| file.sync_all());
                // Half a log is worse than none.
                return written.map(|()| path.clone()).inspect_err(|_| drop(fs::remove_file(&path)));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
