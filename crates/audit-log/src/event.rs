//! What a log says: its first line, its entries, and what stands beside them.

use crate::{Commitment, Hex, Opening};
use proto::clipboard::ClipKind;
use proto::session::{Capability, Decision, EndReason, TransferFailure};
use ring::digest;
use serde::{Deserialize, Serialize};

/// One of the two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The helped person's, which sequences the log.
    Agent,
    /// The operator's, which countersigns it.
    Console,
}

/// Which way a file went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Onto the client's machine.
    ToClient,
    /// From the client's machine.
    ToOperator,
}

/// What of the screen the person shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shared {
    /// All monitors.
    Everything,
    /// One monitor.
    Monitor,
    /// One window.
    Window,
}

/// One line of a log. The first is [`Line::Begin`]; that and every [`Line::Entry`] are links of the chain.
/// The others stand beside it and may be left out: then less is proven or told, and nothing else breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// Whose log this is.
    Begin(Begin),
    /// What happened.
    Entry(Entry),
    /// One end vouches for the chain so far.
    Signature(Signature),
    /// The personal text behind a [`Commitment`].
    Opening(Opening),
    /// The operator's certificate and those that vouch for it, DER in hexadecimal digits, the operator's first.
    /// Does not travel: each end has them and writes its own. See [`crate::certificates_line`].
    Certificates(Vec<String>),
}

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// [`crate::FORMAT`].
    pub format: u32,
    /// A value that only the two ends of this channel can know (TLS exporter). It is what makes this session
    /// this one: neither end takes the beginning of another log for this one's.
    pub channel: Hex<32>,
    /// The key with which the agent signs, Ed25519; drawn for this session alone.
    pub agent_key: Hex<32>,
    /// The key with which the console signs, Ed25519; drawn for this session alone.
    pub console_key: Hex<32>,
    /// The public key of the operator's certificate, Ed25519.
    pub operator_key: Hex<32>,
    /// SHA-256 of the operator's certificate, DER.
    pub operator_certificate: Hex<32>,
    /// The operator's signature over [`crate::operator_statement`]: the console's key is theirs.
    pub operator_proof: Hex<64>,
    /// When it began, in milliseconds since 1970 by the agent's clock.
    pub at_ms: u64,
}

impl Begin {
    /// The number by which people tell sessions apart: the first half of a SHA-256 over the channel's value.
    #[must_use]
    pub fn session(&self) -> Hex<16> {
        let mut hashed = digest::Context::new(&digest::SHA256);
        hashed.update(b"ponte log session 1\0");
        hashed.update(&self.channel.0);
        let mut number = [0; 16];
        number.iter_mut().zip(hashed.finish().as_ref()).for_each(|(to, from)| *to = *from);
        Hex(number)
    }
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Counts from 1.
    pub number: u64,
    /// SHA-256 of the chain before this entry.
    pub before: Hex<32>,
    /// In milliseconds since 1970 by the agent's clock.
    pub at_ms: u64,
    /// What happened.
    pub event: Event,
}

/// What can happen. Personal text is never here, only commitments to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// The person saw who asks.
    Operator {
        /// SHA-256 of the leaf certificate.
        certificate_sha256: Hex<32>,
        /// Whether it was shown as verified.
        verified: bool,
        /// Whether the person wanted to go on.
        recognised: bool,
    },
    /// The terms were answered.
    Terms {
        /// SHA-256 of the text as shown.
        sha256: Hex<32>,
        /// Yes or no.
        accepted: bool,
    },
    /// The person chose what is shared once seeing the screen is allowed.
    Sharing {
        /// Which kind of thing.
        part: Shared,
        /// The window's title.
        name: Option<Commitment>,
    },
    /// Nothing of the screen left, and no input was taken, from here on or until here.
    Paused {
        /// Whether from here on.
        paused: bool,
        /// Whether the person wanted it; otherwise the program, whose panel could not be seen.
        by_person: bool,
    },
    /// The operator asked.
    Asked {
        /// Number of the question.
        request: u32,
        /// For which power.
        power: Capability,
        /// What exactly, where the power alone does not say it.
        detail: Option<Commitment>,
    },
    /// The question was on the screen.
    Shown {
        /// Number of the question.
        request: u32,
    },
    /// How the question ended.
    Answered {
        /// Number of the question.
        request: u32,
        /// The answer.
        decision: Decision,
        /// Whether a yes holds until the session ends or it is taken back, not for one use.
        whole_session: bool,
        /// Whether nothing was asked, because such a yes stood already.
        by_earlier_yes: bool,
    },
    /// A power that was granted ended before the session did.
    Revoked {
        /// Which.
        power: Capability,
        /// Who ended it: the person took it back, or the operator gave it back; nobody where its one use was over.
        by: Option<Role>,
    },
    /// The console asked for or used what the operator's certificate does not allow, or what was not granted;
    /// nothing came of it.
    NotAllowed {
        /// Which power.
        power: Capability,
    },
    /// A file arrived whole.
    File {
        /// Number of the question that allowed it.
        request: u32,
        /// Which way it went.
        direction: Direction,
        /// Its name.
        name: Commitment,
        /// Its size in bytes.
        size_bytes: u64,
        /// BLAKE3 digest of its content.
        blake3: Hex<32>,
    },
    /// A file did not arrive.
    FileFailed {
        /// Number of the question that allowed it.
        request: u32,
        /// Why.
        failure: TransferFailure,
        /// Bytes of it that had left this machine, or had come to it, by then.
        moved_bytes: u64,
    },
    /// A command was carried out in the client's shell.
    Command {
        /// The line as it was entered.
        line: Commitment,
    },
    /// A process of the client's machine was ended.
    ProcessEnded {
        /// Its name.
        name: Commitment,
    },
    /// The recording began or stopped.
    Recording {
        /// Whether it runs now.
        on: bool,
        /// SHA-256 of what was recorded, when it stopped.
        sha256: Option<Hex<32>>,
    },
    /// The link was lost or is back.
    Link {
        /// Whether it is there.
        up: bool,
    },
    /// What the console's clock said when this entry was made.
    ConsoleClock {
        /// In milliseconds since 1970.
        console_ms: u64,
    },
    /// The person's rating.
    Rated {
        /// From 1 to 5.
        stars: u8,
        /// What they wrote.
        comment: Option<Commitment>,
    },
    /// The session is over; only what follows from that comes after.
    Ended {
        /// Who ended it, if anybody did.
        by: Option<Role>,
        /// Why.
        reason: EndReason,
    },
    /// The receipt of the agent's removal.
    Removed {
        /// How many files and folders are gone.
        removed: u32,
        /// How many could not be removed.
        left: u32,
    },
    /// The operator pointed or drew over what is shared; once in a session, before the first mark.
    Annotated,
    /// A terminal with the client's shell was opened or closed.
    Terminal {
        /// Number of the question that allowed it.
        request: u32,
        /// Whether it was opened.
        open: bool,
    },
    /// Several files of a batch arrived whole.
    Files {
        /// Number of the question that allowed them.
        request: u32,
        /// Which way they went.
        direction: Direction,
        /// Their list as [`crate::FilesList`] makes it: of each its digest, size and name.
        list: Commitment,
        /// How many.
        files: u32,
        /// Their size in bytes, all together.
        size_bytes: u64,
    },
    /// The operator saw the list of what is in a folder.
    FolderSeen {
        /// Its path.
        path: Commitment,
    },
    /// What was copied on one machine was put on the other. What it was stands nowhere: what is copied is often a
    /// password, and so short that even a digest of it could be guessed.
    Clipboard {
        /// Which way it went.
        direction: Direction,
        /// Text or a picture.
        kind: ClipKind,
        /// Its size on the way, in bytes.
        size_bytes: u64,
    },
    /// Lines were entered in a terminal whose text nobody saw there: in a program with the whole screen, or as the
    /// terminal closed.
    UnseenLines {
        /// How many since the last that was seen.
        lines: u32,
    },
    /// Programs that were started in a terminal run on, though it is closed: as somebody else, whom the person's
    /// account cannot end.
    StillRunning {
        /// How many.
        programs: u32,
    },
    /// What a terminal has shown, once it is closed; the operator may keep it. See [`crate::OutputDigest`].
    TerminalOutput {
        /// Number of the question that allowed it.
        request: u32,
        /// How much left for the operator, in bytes.
        size_bytes: u64,
        /// SHA-256 of it, or of its beginning where it is longer than [`proto::limits::TRANSCRIPT_BYTES`].
        sha256: Hex<32>,
    },
    /// A line was entered in a terminal that did not show it, as with a password. What it was stands nowhere.
    HiddenLine {
        /// Number of the question that allowed the terminal.
        request: u32,
    },
    /// A line of the chat.
    Chat {
        /// Who wrote it.
        by: Role,
        /// The line as it was shown.
        line: Commitment,
    },
    /// Lines of the chat that this end writes from here on stand nowhere: there were more than a log takes of one
    /// writer. See [`crate::ChatRoom`].
    ChatCut {
        /// Whose lines.
        by: Role,
    },
}

impl Event {
    /// What it says about personal text.
    #[must_use]
    pub fn commitment(&self) -> Option<Commitment> {
        match self {
            Self::Asked { detail, .. } => *detail,
            Self::File { name, .. } | Self::ProcessEnded { name } | Self::Command { line: name } => Some(*name),
            Self::Chat { line, .. } => Some(*line),
            Self::Files { list, .. } => Some(*list),
            Self::FolderSeen { path } => Some(*path),
            Self::Rated { comment: name, .. } | Self::Sharing { name, .. } => *name,
            Self::Operator { .. }
            | Self::Terms { .. }
            | Self::Paused { .. }
            | Self::Shown { .. }
            | Self::Answered { .. }
            | Self::Revoked { .. }
            | Self::NotAllowed { .. }
            | Self::FileFailed { .. }
            | Self::Recording { .. }
            | Self::Link { .. }
            | Self::ConsoleClock { .. }
            | Self::Ended { .. }
            | Self::Removed { .. }
            | Self::Annotated
            | Self::Terminal { .. }
            | Self::Clipboard { .. }
            | Self::UnseenLines { .. }
            | Self::StillRunning { .. }
            | Self::TerminalOutput { .. }
            | Self::HiddenLine { .. }
            | Self::ChatCut { .. } => None,
        }
    }
}

/// One end's word for the chain up to an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Who signs.
    pub by: Role,
    /// The last entry that is covered; 0 for the first line alone.
    pub number: u64,
    /// By the signer's clock, in milliseconds since 1970.
    pub at_ms: u64,
    /// Ed25519 over [`crate::head_statement`].
    pub signature: Hex<64>,
}
