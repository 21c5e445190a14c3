//! What the console knows itself about what the agent writes down: it vouches for nothing that it knows better.
//!
//! The agent alone sequences the log, and a modified one could write anything. What the operator asked, sent,
//! received, gave back or ended, and which answers came, the console knows; a line that says otherwise is not
//! signed and ends the session. What only the agent can know (when a question was shown, what the person's
//! clock says) is the agent's word, and a log is read as that.

mod chat;

use audit_log::{Commitment, Direction, Event, FilesList, Hex, Line, Opening, OutputDigest, Role};
use chat::Chat;
use proto::limits::TRANSCRIPT_BYTES;
use proto::session::{Capability, Decision, Request, RequestId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Signatures whose time the agent may quote: it quotes the first.
const SIGNED_REMEMBERED: usize = 64;

/// The agent wrote something that is not so, or not in its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the agent's log does not say what happened: {0}")]
pub(crate) struct Lie(pub(crate) &'static str);

/// One question as the operator asked it.
#[derive(Debug)]
struct Asked {
    power: Capability,
    detail: Option<String>,
    written: bool,
    /// What the log says of the detail, until its text has come.
    unopened: Option<Commitment>,
    answered: Option<Decision>,
    /// Whether it is about any number of files.
    is_batch: bool,
    /// Whether it is about looking through the folders.
    is_browse: bool,
    /// Whether the program that it was about has ended.
    has_ended: bool,
}

/// What is known so far.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    certificate: [u8; 32],
    asked: BTreeMap<u32, Asked>,
    /// What the operator gave back.
    released: BTreeSet<Capability>,
    has_ended: bool,
    /// Whether the operator pointed or drew.
    has_annotated: bool,
    /// The end of a program, until the text has come that says of which.
    unopened_end: Option<Commitment>,
    /// Whether it has come since that was last asked.
    is_end_opened: bool,
    signed_at_ms: Vec<u64>,
    /// The files of batches: those that left here, and those that the log says the agent gave.
    sent: BTreeMap<u32, Digests>,
    given: BTreeMap<u32, Digests>,
    /// Several files, until the text has come that says which.
    unopened_files: Option<UnopenedFiles>,
    /// What terminals showed, by what the log says and by what came; see [`Witness::output`].
    written_outputs: BTreeMap<u32, (u64, Hex<32>)>,
    own_outputs: BTreeMap<u32, (u64, Hex<32>)>,
    chat: Chat,
}

/// Digests of files, each as often as it was found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Digests(Arc<Mutex<BTreeMap<[u8; 32], u32>>>);

impl Digests {
    /// One more file with this digest.
    pub(crate) fn add(&self, digest: [u8; 32]) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(digest).or_default() += 1;
    }

    /// Takes one out; false if there is none.
    fn take(&self, digest: &[u8; 32]) -> bool {
        let mut digests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match digests.get_mut(digest) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }
}

#[derive(Debug)]
struct UnopenedFiles {
    request: u32,
    direction: Direction,
    list: Commitment,
    files: u32,
    size_bytes: u64,
}

impl Witness {
    /// For an operator with this certificate (SHA-256).
    pub(crate) fn new(certificate: [u8; 32]) -> Self {
        Self { certificate, ..Self::default() }
    }

    /// The operator asks.
    pub(crate) fn ask(&mut self, id: RequestId, what: &Request) {
        let (power, detail) = (what.capability(), what.detail());
        let (is_batch, is_browse) = (what.batch().is_some(), *what == Request::Browse);
        let asked = Asked {
            power,
            detail,
            written: false,
            unopened: None,
            answered: None,
            is_batch,
            is_browse,
            has_ended: false,
        };
        self.asked.insert(id.0, asked);
    }

    /// The operator gives a power back.
    pub(crate) fn release(&mut self, power: Capability) {
        self.released.insert(power);
    }

    /// The operator points or draws over the screen.
    pub(crate) fn annotate(&mut self) {
        self.has_annotated = true;
    }

    /// The operator writes this line.
    pub(crate) fn say(&mut self, line: String) {
        self.chat.say(line);
    }

    /// The person's next line has come: it is the one that stands in the log, as long as that takes any.
    pub(crate) fn hear(&mut self, line: &str) -> Result<(), Lie> {
        self.chat.hear(line)
    }

    /// The operator's lines up to this one have come to the person: they stand in the log, as long as that takes any.
    pub(crate) fn confirm(&self, up_to: u64) -> Result<(), Lie> {
        self.chat.confirm(up_to)
    }

    /// The operator ends the session.
    pub(crate) fn end(&mut self) {
        self.has_ended = true;
    }

    /// We vouched for the log at this time.
    pub(crate) fn sign(&mut self, at_ms: u64) {
        if self.signed_at_ms.len() < SIGNED_REMEMBERED {
            self.signed_at_ms.push(at_ms);
        }
    }

    /// An answer came: it must be the one in the log. Some refusals stand in no answer of the log.
    pub(crate) fn decided(&self, id: RequestId, decision: Decision) -> Result<(), Lie> {
        let answered = self.asked.get(&id.0).and_then(|asked| asked.answered);
        match (answered, decision) {
            (Some(written), told) if written == told => Ok(()),
            (None, Decision::Impossible | Decision::NotInProfile) => Ok(()),
            _ => Err(Lie("another answer than was told")),
        }
    }

    /// We are told that the program has ended that this question was about: that must stand in the log, once for
    /// all questions about the same.
    pub(crate) fn ended(&self, id: RequestId) -> Result<(), Lie> {
        let asked = self.asked.get(&id.0).filter(|asked| asked.power == Capability::EndProcess);
        let detail = asked.and_then(|asked| asked.detail.as_ref()).ok_or(Lie("a program that was not asked about"))?;
        let stands = self.asked.values().any(|asked| asked.has_ended && asked.detail.as_ref() == Some(detail));
        if stands { Ok(()) } else { Err(Lie("an end that stands nowhere")) }
    }

    /// Whether the log has said since the last time which program has ended.
    pub(crate) fn take_opened_end(&mut self) -> bool {
        std::mem::take(&mut self.is_end_opened)
    }

    /// Where the digests of what is sent for this question are put, each before its file leaves.
    pub(crate) fn sent(&mut self, request: RequestId) -> Digests {
        self.sent.entry(request.0).or_default().clone()
    }

    /// So much came of the terminal that this question was about, and nothing more does. Of one that was taken back
    /// less may have come than left.
    pub(crate) fn output(&mut self, request: u32, received: &OutputDigest) -> Result<(), Lie> {
        self.own_outputs.insert(request, (received.size_bytes(), received.sha256()));
        self.same_output(request)
    }

    fn same_output(&self, request: u32) -> Result<(), Lie> {
        match (self.written_outputs.get(&request), self.own_outputs.get(&request)) {
            (Some((left, sha256)), Some((came, own)))
                if came > left || (came == left || *came >= TRANSCRIPT_BYTES) && sha256 != own =>
            {
                Err(Lie("another terminal's output"))
            }
            _ => Ok(()),
        }
    }

    /// How many of the files that came for this question, of which these are the digests that we found, do not stand
    /// in the log. Once a batch is over there are none, unless the log is not one.
    pub(crate) fn not_in_log(&mut self, request: RequestId, found: &[[u8; 32]]) -> u32 {
        let given = self.given.entry(request.0).or_default();
        let missing = found.iter().filter(|digest| !given.take(digest)).count();
        u32::try_from(missing).unwrap_or(u32::MAX)
    }

    fn files(&mut self, files: UnopenedFiles, text: &str) -> Result<(), Lie> {
        let list = FilesList::parse(text).ok_or(Lie("a list of files that is none"))?;
        let size_bytes = list.iter().fold(0_u64, |sum, (_, size_bytes)| sum.saturating_add(*size_bytes));
        if u32::try_from(list.len()) != Ok(files.files) || size_bytes != files.size_bytes {
            return Err(Lie("other files than their list"));
        }
        match files.direction {
            Direction::ToOperator => {
                let given = self.given.entry(files.request).or_default();
                list.iter().for_each(|(digest, _)| given.add(*digest));
                Ok(())
            }
            Direction::ToClient => {
                let sent = self.sent.entry(files.request).or_default();
                if list.iter().all(|(digest, _)| sent.take(digest)) { Ok(()) } else { Err(Lie("another file")) }
            }
        }
    }

    /// Whether the person has allowed the clipboard in this session.
    fn may_exchange(&self) -> bool {
        self.asked
            .values()
            .any(|asked| asked.power == Capability::Clipboard && asked.answered == Some(Decision::Granted))
    }

    /// Looks at a line before it is vouched for.
    pub(crate) fn take(&mut self, line: &Line) -> Result<(), Lie> {
        match line {
            Line::Entry(entry) => self.event(&entry.event),
            Line::Opening(opening) => self.opening(opening),
            Line::Begin(_) | Line::Signature(_) | Line::Certificates(_) => Ok(()),
        }
    }

    fn asked(&mut self, request: u32) -> Result<&mut Asked, Lie> {
        self.asked.get_mut(&request).ok_or(Lie("a question that was not asked"))
    }

    fn event(&mut self, event: &Event) -> Result<(), Lie> {
        if self.unopened_end.is_some() {
            return Err(Lie("the end of a program without its name"));
        }
        if self.unopened_files.is_some() {
            return Err(Lie("files without their list"));
        }
        self.chat.go_on()?;
        match event {
            Event::Operator { certificate_sha256, .. } if certificate_sha256.0 != self.certificate => {
                Err(Lie("another operator"))
            }
            Event::Asked { request, power, detail } => {
                let asked = self.asked(*request)?;
                let has_detail = asked.detail.is_some() == detail.is_some();
                if asked.power != *power || !has_detail || std::mem::replace(&mut asked.written, true) {
                    return Err(Lie("another question"));
                }
                asked.unopened = *detail;
                Ok(())
            }
            Event::Shown { request } => self.asked(*request).map(drop),
            Event::Answered { request, decision, .. } => {
                let asked = self.asked(*request)?;
                if !asked.written || asked.unopened.is_some() {
                    return Err(Lie("an answer to what does not stand there"));
                }
                if asked.answered.replace(*decision).is_some() {
                    return Err(Lie("two answers to one question"));
                }
                Ok(())
            }
            Event::Revoked { power, by: Some(Role::Console) } if !self.released.remove(power) => {
                Err(Lie("a power that was not given back"))
            }
            // Only what was asked for can be used by this program.
            Event::NotAllowed { .. } => Err(Lie("something that was not tried")),
            // Also one file is asked for as a list, and stands there as one.
            Event::File { .. } => Err(Lie("a file that was not asked for")),
            Event::FileFailed { request, .. } => self.asked(*request).map(drop),
            Event::Files { request, direction, list, files, size_bytes } => {
                let asked = self.asked(*request)?;
                let moved = match asked.power {
                    Capability::SendFile => Direction::ToClient,
                    _ => Direction::ToOperator,
                };
                if !asked.is_batch || asked.answered != Some(Decision::Granted) || moved != *direction {
                    return Err(Lie("files that were not asked for"));
                }
                let (request, direction, list) = (*request, *direction, *list);
                let files = UnopenedFiles { request, direction, list, files: *files, size_bytes: *size_bytes };
                self.unopened_files = Some(files);
                Ok(())
            }
            Event::FolderSeen { .. } => {
                let is_granted = |asked: &Asked| asked.is_browse && asked.answered == Some(Decision::Granted);
                if self.asked.values().any(is_granted) { Ok(()) } else { Err(Lie("a folder that was not looked at")) }
            }
            Event::ProcessEnded { name } => {
                if !self.asked.values().any(is_to_end) {
                    return Err(Lie("the end of a program that was not asked for"));
                }
                self.unopened_end = Some(*name);
                Ok(())
            }
            Event::Clipboard { .. } if !self.may_exchange() => Err(Lie("a clipboard that was not asked for")),
            Event::Annotated if !std::mem::take(&mut self.has_annotated) => Err(Lie("marks that were not made")),
            // Which commands there were only the agent sees; that there were any is known here.
            Event::Command { .. } | Event::UnseenLines { .. } | Event::StillRunning { .. } | Event::Terminal { .. }
                if !self.asked.values().any(is_terminal) =>
            {
                Err(Lie("a terminal that was not granted"))
            }
            Event::Terminal { request, .. } | Event::TerminalOutput { request, .. } | Event::HiddenLine { request }
                if !self.asked.get(request).is_some_and(is_terminal) =>
            {
                Err(Lie("another terminal"))
            }
            Event::TerminalOutput { request, size_bytes, sha256 } => {
                if self.written_outputs.insert(*request, (*size_bytes, *sha256)).is_some() {
                    return Err(Lie("a terminal that ended twice"));
                }
                self.same_output(*request)
            }
            Event::Recording { .. } => Err(Lie("what this program cannot do")),
            Event::Chat { by, line } => self.chat.write(*by, *line),
            Event::ChatCut { by } => self.chat.cut(*by),
            Event::ConsoleClock { console_ms } if !self.signed_at_ms.contains(console_ms) => {
                Err(Lie("a time that this clock never said"))
            }
            Event::Ended { by: Some(Role::Console), .. } if !self.has_ended => Err(Lie("an end that was not ours")),
            Event::Operator { .. }
            | Event::Terms { .. }
            | Event::Sharing { .. }
            | Event::Paused { .. }
            | Event::Revoked { .. }
            | Event::ConsoleClock { .. }
            | Event::Link { .. }
            | Event::Rated { .. }
            | Event::Ended { .. }
            | Event::Removed { .. }
            | Event::Clipboard { .. }
            | Event::Annotated
            | Event::Command { .. }
            | Event::UnseenLines { .. }
            | Event::StillRunning { .. }
            | Event::HiddenLine { .. }
            | Event::Terminal { .. } => Ok(()),
        }
    }

    /// A text belongs to a question with that very text, or to something that only the agent can name.
    fn opening(&mut self, opening: &Opening) -> Result<(), Lie> {
        let commitment = opening.commitment();
        if self.unopened_end.take_if(|name| *name == commitment).is_some() {
            let is_it = |asked: &&mut Asked| {
                let ours = asked.detail.as_deref().map(|detail| Opening::new(opening.salt(), detail).commitment());
                is_to_end(asked) && ours == Some(commitment)
            };
            let asked = self.asked.values_mut().find(is_it).ok_or(Lie("the end of another program"))?;
            asked.has_ended = true;
            self.is_end_opened = true;
            return Ok(());
        }
        if let Some(line) = self.chat.open(opening) {
            return line;
        }
        if let Some(files) = self.unopened_files.take_if(|files| files.list == commitment) {
            return self.files(files, opening.text());
        }
        let Some(asked) = self.asked.values_mut().find(|asked| asked.unopened == Some(commitment)) else {
            return Ok(());
        };
        asked.unopened = None;
        let ours = asked.detail.as_deref().map(|detail| Opening::new(opening.salt(), detail).commitment());
        if ours == Some(commitment) { Ok(()) } else { Err(Lie("another name")) }
    }
}

/// Whether the person allowed a terminal.
fn is_terminal(asked: &Asked) -> bool {
    asked.power == Capability::Shell && asked.answered == Some(Decision::Granted)
}

/// Whether the person allowed the end of this program, and it has not ended yet.
fn is_to_end(asked: &Asked) -> bool {
    asked.power == Capability::EndProcess && asked.answered == Some(Decision::Granted) && !asked.has_ended
}

#[cfg(test)]
mod tests;
