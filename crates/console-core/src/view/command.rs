//! What an operator can do in the console's window.

use super::Conflict;
use clipboard::Content;
use proto::annotation::Annotation;
use proto::geometry::MonitorId;
use proto::input::InputEvent;
use proto::machine::{ProcessName, Topic};
use proto::session::{Capability, TransferId};
use proto::shell::TerminalSize;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// What is typed in a terminal, as bytes; it may be a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Typed(pub Vec<u8>);

impl fmt::Debug for Typed {
    /// Only the length: debug output ends up in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Typed({} bytes)", self.0.len())
    }
}

/// What an operator can do in the console's window.
#[derive(Debug, Clone, PartialEq)]
pub enum ConsoleCommand {
    /// Make a new key.
    NewKey,
    /// Withdraw the waiting key.
    CancelKey,
    /// Ask the person for a power (viewing, control, reading about the machine, or a terminal).
    Ask(Capability),
    /// Give a power back that is not needed any more.
    Release(Capability),
    /// Show this monitor.
    ShowMonitor(MonitorId),
    /// Mouse and keyboard.
    Input(InputEvent),
    /// Say something.
    SendChat(String),
    /// Show this folder of the client's machine, the person's home if it is empty; once the person allows it, if they
    /// have not yet.
    Browse {
        /// Its path.
        path: String,
    },
    /// Show this folder of this machine.
    ListLocal(PathBuf),
    /// Send these files and folders.
    SendFiles {
        /// Where they are on this machine.
        paths: Vec<PathBuf>,
        /// The folder of the client's machine that receives them; the one for downloads if it is empty.
        into: String,
    },
    /// Ask for these files and folders of the client's machine.
    FetchFiles {
        /// Their paths.
        paths: Vec<String>,
        /// The folder of this machine that receives them.
        into: PathBuf,
    },
    /// Let a transfer stand still, or go on.
    HoldTransfer(TransferId, bool),
    /// Decide about files that are in the folder already.
    Resolve(TransferId, Conflict),
    /// No more of this transfer.
    CancelTransfer(TransferId),
    /// No more of any transfer.
    CancelTransfers,
    /// Save the picture that is shown, pixel for pixel, as PNG.
    SavePicture,
    /// Show this page about the client's machine, as it is now; once the person allows it, if they have not yet.
    Look(Topic),
    /// Ask the person whether this program may be ended.
    EndProcess {
        /// Its number.
        pid: u32,
        /// Its name.
        name: ProcessName,
        /// When it started, in seconds since 1970.
        started_s: u64,
        /// Whether by force, after it did not end when it was told to.
        force: bool,
    },
    /// Save this text beside the pictures.
    SaveText {
        /// What the file's name begins with.
        stem: String,
        /// What it ends with, without the point.
        extension: &'static str,
        /// What stands in it.
        text: String,
    },
    /// Put this on the person's clipboard; once they allow it, if they have not yet.
    SendClipboard(Arc<Content>),
    /// Take what is on the person's clipboard; once they allow it, if they have not yet.
    FetchClipboard,
    /// Point at something on the person's screen, draw over it, or take that away.
    Annotate(Annotation),
    /// End the session.
    End,
    /// Back to the beginning after the end.
    CloseEnded,
    /// That notice was read.
    DismissNotice(u64),
    /// Whether anybody looks at this session now: of one at which nobody does, no pictures are sent.
    Attend(bool),
    /// Type this in the terminal, as bytes that keys make there.
    TypeInShell(Typed),
    /// The terminal is shown in this size.
    ResizeShell(TerminalSize),
    /// No more of this file of a transfer of several; the others go on.
    CancelItem(TransferId, u32),
}

impl ConsoleCommand {
    /// Send one file into the person's folder for downloads.
    #[must_use]
    pub fn send_file(path: PathBuf) -> Self {
        Self::SendFiles { paths: vec![path], into: String::new() }
    }

    /// Ask for one file of the client's machine, by its path as typed.
    #[must_use]
    pub fn fetch_file(path: impl Into<String>, into: PathBuf) -> Self {
        Self::FetchFiles { paths: vec![path.into()], into }
    }
}
