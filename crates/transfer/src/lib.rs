//! Files with resume, as state machines: safe names, what is sent of each file, and how it is checked.
//!
//! Both ends use this crate, whichever way a file goes. What is sent of it, in the parts of a batch
//! ([`proto::files::BatchPart`]):
//!
//! | bytes | what |
//! |---|---|
//! | size of the file - resume point | its content from the resume point on |
//! | 32 | BLAKE3 digest of the *whole* file, so that a wrong beginning on the receiver's disk is noticed too |
//!
//! Nothing may follow. What is absent: files, paths, clocks, tokio, randomness, and consent; the caller reads and writes,
//! asks before it overwrites, and keeps the content under a [`PartName`] until [`FileReceiver::finish`] has said yes.
//!
//! Read [`FileReceiver`] and [`SafeName`] first.

mod name;
mod path;
mod receiver;
mod sender;

pub use name::{BadName, PartName, SafeName};
pub use path::RelativePath;
pub use receiver::{FileReceiver, ReceiveError};
pub use sender::{FileSender, SourceChanged};

/// Length of the digest that ends a file, in bytes.
pub const DIGEST_BYTES: usize = blake3::OUT_LEN;

/// A resume point lies behind the end of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the resume point is behind the end of the file")]
pub struct BadResumePoint;
