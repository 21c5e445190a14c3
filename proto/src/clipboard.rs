//! Text and pictures that are copied from one machine to the other.

use crate::codec::Message;
use crate::limits;
use serde::{Deserialize, Serialize};

/// What is copied. Files never are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClipKind {
    /// UTF-8 text.
    Text,
    /// A picture as PNG.
    Picture,
}

impl ClipKind {
    /// Most bytes of it that travel.
    #[must_use]
    pub const fn most_bytes(self) -> usize {
        match self {
            Self::Text => limits::CLIPBOARD_TEXT_BYTES,
            Self::Picture => limits::CLIPBOARD_PICTURE_BYTES,
        }
    }
}

/// Beginning of a clipboard stream; exactly so many bytes follow, and nothing after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ClipHead {
    /// What it is.
    pub kind: ClipKind,
    /// Its length in bytes.
    pub length: u32,
}

impl ClipHead {
    /// How many bytes follow; `None` if those are more than may, or none.
    #[must_use]
    pub fn announced_bytes(&self) -> Option<usize> {
        usize::try_from(self.length).ok().filter(|length| (1..=self.kind.most_bytes()).contains(length))
    }
}

impl Message for ClipHead {
    const MAX_BYTES: usize = 16;
}

/// Why a clipboard was not copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClipProblem {
    /// There is neither text nor a picture on it.
    Empty,
    /// There is more than may travel.
    TooLarge,
    /// The system gives no access to it, or not in time.
    Unavailable,
    /// What came is neither text nor a picture.
    Malformed,
    /// The program that offers it, such as a password manager, says that it is a secret.
    Secret,
}
