//! Making the chain: the agent writes it, the console follows it line by line.

use crate::key::{holds, operator_proof_holds};
use crate::{
    Begin, CERTIFICATES, CERTIFICATES_LINE_BYTES, Commitment, Entry, Event, FORMAT, HEADS, Hex, LINE_BYTES, Line,
    LogKey, Opening, Role, Signature, hex,
};
use ring::digest;
use std::collections::VecDeque;

/// Why a line does not belong where it came. Whoever sent it is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Too long, not JSON, or not a line of a log.
    #[error("not a line of a log")]
    NotALine,
    /// A format that this program does not know.
    #[error("a log of another format")]
    Format,
    /// The first line names another channel or key than ours, or an operator who did not sign for it.
    #[error("the log of another session")]
    NotOurs,
    /// Not the next entry.
    #[error("entry {found} where {expected} was due")]
    Number {
        /// Which was due.
        expected: u64,
        /// Which came.
        found: u64,
    },
    /// The entry follows another chain.
    #[error("an entry of another chain")]
    Chain,
    /// A signature that does not hold.
    #[error("a signature that does not hold")]
    Signature,
    /// A text that no entry before it names, or that was there already.
    #[error("a text that no entry names, or the same one again")]
    Opening,
    /// A signature over less than one before it, or so far behind that it cannot be checked any more.
    #[error("a signature that comes too late")]
    TooOld,
}

/// SHA-256 over everything so far and one more line.
pub(crate) fn link(before: Option<Hex<32>>, line: &[u8]) -> Hex<32> {
    let mut hashed = digest::Context::new(&digest::SHA256);
    hashed.update(b"ponte log 1\0");
    if let Some(before) = before {
        hashed.update(&before.0);
    }
    hashed.update(line);
    let mut hash = [0; 32];
    hash.copy_from_slice(hashed.finish().as_ref());
    Hex(hash)
}

pub(crate) fn read(line: &[u8]) -> Result<Line, Broken> {
    if line.is_empty() || line.len() > CERTIFICATES_LINE_BYTES {
        return Err(Broken::NotALine);
    }
    match serde_json::from_slice(line).map_err(|_| Broken::NotALine)? {
        Line::Certificates(chain) if chain.is_empty() || chain.len() > CERTIFICATES => Err(Broken::NotALine),
        line @ Line::Certificates(_) => Ok(line),
        _ if line.len() > LINE_BYTES => Err(Broken::NotALine),
        line => Ok(line),
    }
}

/// What travels is shorter, and has no certificates.
fn read_from_agent(line: &str) -> Result<Line, Broken> {
    if line.len() > LINE_BYTES {
        return Err(Broken::NotALine);
    }
    match read(line.as_bytes())? {
        Line::Certificates(_) => Err(Broken::NotALine),
        line => Ok(line),
    }
}

fn written(line: &Line) -> String {
    // These types have no map and no number that JSON could not write.
    serde_json::to_string(line).unwrap_or_default()
}

/// The line that keeps the operator's certificate and those that vouch for it, DER, the operator's first, so
/// that a log can be checked by itself. None without any, with more than [`CERTIFICATES`], or if they are longer
/// than [`CERTIFICATES_LINE_BYTES`] allow.
#[must_use]
pub fn certificates_line(chain: &[impl AsRef<[u8]>]) -> Option<String> {
    let digits: Vec<_> = chain.iter().map(|der| hex::digits(der.as_ref())).collect();
    let line = written(&Line::Certificates(digits));
    read(line.as_bytes()).is_ok().then_some(line)
}

/// The chain as both ends have it.
#[derive(Debug, Clone)]
struct Chain {
    begin: Begin,
    head: Hex<32>,
    number: u64,
}

impl Chain {
    fn key(&self, of: Role) -> &Hex<32> {
        match of {
            Role::Agent => &self.begin.agent_key,
            Role::Console => &self.begin.console_key,
        }
    }
}

/// The agent's side: sequences what happens.
#[derive(Debug)]
pub struct Writer {
    chain: Chain,
    key: LogKey,
    /// The chain's hash after each of the last entries, the newest last, none older than what the console vouched
    /// for last; never empty, at most [`HEADS`].
    heads: VecDeque<Hex<32>>,
    countersigned: Option<u64>,
}

impl Writer {
    /// Begins a log; returns its first line, to be kept and sent. The agent's key in `begin` is replaced by
    /// that of `key`, the format by ours.
    #[must_use]
    pub fn begin(begin: Begin, key: LogKey) -> (Self, String) {
        let begin = Begin { format: FORMAT, agent_key: key.public(), ..begin };
        let line = written(&Line::Begin(begin.clone()));
        let head = link(None, line.as_bytes());
        (Self { chain: Chain { begin, head, number: 0 }, key, heads: [head].into(), countersigned: None }, line)
    }

    /// Appends what happened; returns the line, to be kept and sent before anything follows from it.
    pub fn append(&mut self, at_ms: u64, event: Event) -> String {
        let chain = &mut self.chain;
        chain.number += 1;
        let line = written(&Line::Entry(Entry { number: chain.number, before: chain.head, at_ms, event }));
        chain.head = link(Some(chain.head), line.as_bytes());
        if self.heads.len() == HEADS {
            self.heads.pop_front();
        }
        self.heads.push_back(chain.head);
        line
    }

    /// The line with the agent's signature over everything so far.
    #[must_use]
    pub fn sign(&self, at_ms: u64) -> String {
        let Chain { head, number, .. } = self.chain;
        written(&Line::Signature(self.key.sign(Role::Agent, number, head, at_ms)))
    }

    /// Takes a console's signature over everything up to some entry, not necessarily the last: entries cross it
    /// on the way. Returns the line to keep; none if the last one that was taken vouches for as much: a console
    /// that signs the same again and again does not make the log longer.
    ///
    /// # Errors
    /// [`Broken::TooOld`] for a lower number than before, or one that is [`HEADS`] entries behind;
    /// [`Broken::Signature`].
    pub fn countersigned(&mut self, signature: &Signature) -> Result<Option<String>, Broken> {
        let (number, last) = (signature.number, self.chain.number);
        if signature.by != Role::Console || number > last {
            return Err(Broken::Signature);
        }
        let place = usize::try_from(last - number).ok().and_then(|behind| self.heads.len().checked_sub(behind + 1));
        let Some((place, head)) = place.and_then(|place| Some((place, self.heads.get(place)?))) else {
            return Err(Broken::TooOld);
        };
        if !holds(signature, self.chain.key(Role::Console), *head) {
            return Err(Broken::Signature);
        }
        // So that nothing lower is taken from now on.
        self.heads.drain(..place);
        let has_risen = self.countersigned.replace(number) != Some(number);
        Ok(has_risen.then(|| written(&Line::Signature(signature.clone()))))
    }

    /// The last entry that the console vouched for; 0 for the first line alone.
    #[must_use]
    pub fn countersigned_up_to(&self) -> Option<u64> {
        self.countersigned
    }

    /// The line that tells what a commitment was made to; beside the chain, to be erased alone.
    #[must_use]
    pub fn opening(opening: Opening) -> String {
        written(&Line::Opening(opening))
    }

    /// Number of the last entry.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.chain.number
    }
}

/// The console's side: takes the agent's lines and countersigns.
#[derive(Debug)]
pub struct Follower {
    chain: Chain,
    key: LogKey,
    /// The last texts that entries name, the newest last, and whether each was there since; each once, at most
    /// [`OPENINGS`].
    named: VecDeque<(Commitment, bool)>,
}

/// How many texts may be named before one of them comes: an agent sends each right after the first entry that
/// names it.
const OPENINGS: usize = 256;

impl Follower {
    /// Takes the first line, which must be of this channel, name our key, and have an operator who signed for
    /// that. Whether the operator is who we are, see [`Follower::first`].
    ///
    /// # Errors
    /// [`Broken`].
    pub fn begin(line: &str, channel: Hex<32>, key: LogKey) -> Result<Self, Broken> {
        let Line::Begin(begin) = read_from_agent(line)? else { return Err(Broken::NotALine) };
        if begin.format != FORMAT {
            return Err(Broken::Format);
        }
        if begin.channel != channel || begin.console_key != key.public() || !operator_proof_holds(&begin) {
            return Err(Broken::NotOurs);
        }
        let head = link(None, line.as_bytes());
        Ok(Self { chain: Chain { begin, head, number: 0 }, key, named: VecDeque::new() })
    }

    /// The first line. The console compares the operator's key and certificate in it with its own.
    #[must_use]
    pub fn first(&self) -> &Begin {
        &self.chain.begin
    }

    /// Takes the agent's next line: an entry, its signature over everything so far, or a text that an entry
    /// before it names. A text may stay away, but comes once.
    ///
    /// # Errors
    /// [`Broken`]; the chain stays as it was.
    pub fn take(&mut self, line: &str) -> Result<Line, Broken> {
        let read = read_from_agent(line)?;
        match &read {
            Line::Begin(_) | Line::Certificates(_) => return Err(Broken::NotALine),
            Line::Entry(entry) => {
                let (expected, found) = (self.chain.number + 1, entry.number);
                if found != expected {
                    return Err(Broken::Number { expected, found });
                }
                if entry.before != self.chain.head {
                    return Err(Broken::Chain);
                }
                self.chain.number = found;
                self.chain.head = link(Some(self.chain.head), line.as_bytes());
                self.name(entry.event.commitment());
            }
            Line::Signature(signature) => {
                let Chain { head, number, .. } = self.chain;
                let ours = signature.by == Role::Agent && signature.number == number;
                if !ours || !holds(signature, self.chain.key(Role::Agent), head) {
                    return Err(Broken::Signature);
                }
            }
            Line::Opening(opening) => {
                let commitment = opening.commitment();
                match self.named.iter_mut().find(|(named, _)| *named == commitment) {
                    Some((_, is_there @ false)) => *is_there = true,
                    _ => return Err(Broken::Opening),
                }
            }
        }
        Ok(read)
    }

    fn name(&mut self, commitment: Option<Commitment>) {
        // A question and the file that follows from it name the same text.
        let Some(new) = commitment.filter(|new| self.named.iter().all(|(named, _)| named != new)) else { return };
        if self.named.len() == OPENINGS {
            self.named.pop_front();
        }
        self.named.push_back((new, false));
    }

    /// The console's signature over everything so far, to be kept and sent.
    #[must_use]
    pub fn countersign(&self, at_ms: u64) -> (Signature, String) {
        let Chain { head, number, .. } = self.chain;
        let signature = self.key.sign(Role::Console, number, head, at_ms);
        (signature.clone(), written(&Line::Signature(signature)))
    }

    /// Number of the last entry.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.chain.number
    }
}
