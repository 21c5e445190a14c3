//! The tamper-evident log of a session: a chain of entries that the agent sequences and both ends sign.
//!
//! What is absent: files, clocks, randomness, languages and the network; salts, times, keys and sentences are
//! arguments. A log is text, one JSON object a line, so that it can be read without us in twenty years. Read
//! [`Line`], then [`Writer`] (agent), [`Follower`] (console) and [`Report`] (whoever checks a log afterwards).

mod chain;
mod chat;
mod event;
pub mod export;
mod files;
mod finding;
mod hex;
mod key;
mod opening;
mod output;
mod report;

pub use chain::{Broken, Follower, Writer, certificates_line};
pub use chat::ChatRoom;
pub use event::{Begin, Direction, Entry, Event, Line, Role, Shared, Signature};
pub use files::FilesList;
pub use finding::{Difference, Finding, Verdict};
pub use hex::Hex;
pub use key::{LogKey, head_statement, operator_proof_holds, operator_statement};
pub use opening::{Commitment, Opening};
pub use output::OutputDigest;
pub use report::{FINDINGS, Report, recover};

/// Version of the format. Grows with each kind of entry, power, answer or reason that a published program does
/// not know: it then says so, in place of calling a newer log changed.
pub const FORMAT: u32 = 1;
/// Longest line that travels, in bytes without its end: it is one control message.
pub const LINE_BYTES: usize = proto::limits::LOG_LINE_BYTES;
/// Longest line with certificates, in bytes without its end; it does not travel.
pub const CERTIFICATES_LINE_BYTES: usize = 16 * 1024;
/// Most certificates of an operator: their own, the issuing one, the root, and one more.
pub const CERTIFICATES: usize = 4;
/// How many entries a console's signature may be behind and still be checked: what crosses it on the way is far
/// less.
pub const HEADS: usize = 4096;
