//! The powers that an operator may ask for, and how often a person is asked.

use serde::{Deserialize, Serialize};

/// A kind of power over the client's machine; each is asked for and granted by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Capability {
    /// See the screen.
    View,
    /// Use mouse and keyboard.
    Control,
    /// Point and draw over the screen; comes with viewing.
    Annotate,
    /// Write to the person.
    Chat,
    /// Put files on the client's machine.
    SendFile,
    /// Take files from the client's machine.
    FetchFile,
    /// Enter commands as the person's own account.
    Shell,
    /// Read what the machine is, holds and runs.
    SystemInfo,
    /// End a running process.
    EndProcess,
    /// Exchange text and pictures by the clipboard.
    Clipboard,
    /// Record the session.
    Record,
    /// Bring a second operator in.
    Invite,
}

impl Capability {
    /// All of them, in the order in which a person meets them.
    pub const ALL: [Self; 12] = [
        Self::View,
        Self::Control,
        Self::Annotate,
        Self::Chat,
        Self::SendFile,
        Self::FetchFile,
        Self::Shell,
        Self::SystemInfo,
        Self::EndProcess,
        Self::Clipboard,
        Self::Record,
        Self::Invite,
    ];

    /// Those that a person is asked for in this version; chat and pointing come with viewing.
    pub const ASKED: [Self; 8] = [
        Self::View,
        Self::Control,
        Self::SendFile,
        Self::FetchFile,
        Self::SystemInfo,
        Self::EndProcess,
        Self::Shell,
        Self::Clipboard,
    ];
}

/// How often a person is asked for a power. The operator's certificate says which; nothing is ever
/// granted without a yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asking {
    /// The operator does not have this power and cannot ask for it.
    #[default]
    Absent,
    /// A yes holds for one use: one batch of files; viewing or control until it is given back or the line breaks.
    EachUse,
    /// A yes holds until the session ends or the person takes it back.
    OncePerSession,
}
