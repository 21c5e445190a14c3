//! Folders and batches of files: what is said about them on streams of their own.
//!
//! A batch is any number of files and folders that are asked for, moved and stopped together. Whoever sends
//! it lists what there is ([`BatchEntry`]), whoever receives it answers once for all of it which of that it
//! wants and from where on ([`BatchWish`]), and then everything follows on one stream ([`BatchPart`]), so
//! that a thousand small files cost no round trip each.

use crate::codec::Message;
use crate::session::{FileName, PathText};
use serde::{Deserialize, Serialize};

/// Why a file did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TransferFailure {
    /// No such file.
    NotFound,
    /// The system does not allow it.
    PermissionDenied,
    /// The disk is full.
    DiskFull,
    /// It is a folder or a device.
    NotAFile,
    /// The name cannot be made safe.
    BadName,
    /// The digest does not match.
    Corrupted,
    /// The file changed while it was read.
    Changed,
    /// Somebody took it back.
    Cancelled,
    /// The disk failed otherwise.
    Storage,
    /// A link stands where a folder or a file should be, and links are not followed.
    Link,
    /// The folder holds settings or programs that start by themselves.
    Protected,
    /// More files than one batch may have.
    TooMany,
    /// As many are asked for or under way as may be at a time.
    Busy,
}

/// What something in a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A folder.
    Folder,
    /// A plain file.
    File,
    /// A link to somewhere else, which is never followed.
    Link,
    /// A device, a socket, or something whose name is no text.
    Other,
}

/// First on the stream of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderHead {
    /// Where it is, without links.
    pub path: PathText,
    /// The folder that it is in; none at the top.
    pub parent: Option<PathText>,
    /// How much of it is left out because it is more than a list may have.
    pub left_out: u32,
}

/// One thing in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderEntry {
    /// Its name.
    pub name: FileName,
    /// What it is.
    pub kind: EntryKind,
    /// Its size in bytes; 0 for what is no file.
    pub size_bytes: u64,
    /// When it was changed last, in seconds since 1970; 0 where that is not known.
    pub modified_s: u64,
}

/// What becomes of one entry of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BatchItem {
    /// A file that is sent.
    File,
    /// A folder that is made, also where nothing is in it.
    Folder,
    /// Something that cannot be sent, and why.
    Left(TransferFailure),
    /// From whoever fetches: a path that is wanted with all that is in it.
    Wanted,
}

/// One entry of a batch; they are numbered from 0 in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchEntry {
    /// The path below the folder that receives, with `/` between names; for [`BatchItem::Wanted`] the whole path.
    pub path: PathText,
    /// What it is.
    pub item: BatchItem,
    /// Its size in bytes; 0 for what is no file.
    pub size_bytes: u64,
    /// When it was changed last, in seconds since 1970; 0 where that is not known.
    pub modified_s: u64,
}

/// One file of the list that the receiver wants. What it does not name it does not want.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchWish {
    /// Which.
    pub index: u32,
    /// How many bytes of it are there already.
    pub from_bytes: u64,
    /// BLAKE3 digest of those bytes.
    pub prefix: [u8; 32],
}

/// The content of a batch, file by file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BatchPart {
    /// This file begins, from this byte on: what was wished, or 0 where the beginning is another.
    Begin {
        /// Which.
        index: u32,
        /// The first byte that follows.
        from_bytes: u64,
    },
    /// So many bytes of it follow.
    Block {
        /// At most [`crate::limits::FILE_BLOCK_BYTES`].
        length: u32,
    },
    /// That was all of it.
    End {
        /// BLAKE3 digest of the whole file.
        digest: [u8; 32],
    },
    /// This file does not come, or not to its end.
    Failed {
        /// Which.
        index: u32,
        /// Why.
        failure: TransferFailure,
    },
}

impl Message for FolderHead {
    const MAX_BYTES: usize = 2200;
}
impl Message for FolderEntry {
    const MAX_BYTES: usize = 300;
}
impl Message for BatchEntry {
    const MAX_BYTES: usize = 1100;
}
impl Message for BatchWish {
    const MAX_BYTES: usize = 60;
}
impl Message for BatchPart {
    const MAX_BYTES: usize = 48;
}
