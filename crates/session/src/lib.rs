//! What both ends share once the channel stands: handshake, streams, chat, latency, pace.
//!
//! What is absent: what to capture, inject or show; that is `agent-core`'s and `console-core`'s.
//! Read [`Reader`] and [`Writer`] for how streams carry messages and bulk bytes, then
//! [`handshake`] for how the first stream proves the pairing.

mod allowance;
mod batch;
mod chat;
mod commands;
mod files;
mod folders;
mod handshake;
mod landing;
mod listed;
mod outbox;
mod pace;
mod part;
pub mod private;
mod protected;
mod stream;
mod terminal;
mod wait;
mod wanted;

pub use allowance::{Allowance, Own};
pub use batch::{BatchNews, Gate, Motion, SMALL_BYTES, send_batch, wishes_fit};
pub use chat::{Chat, ChatEntry};
pub use commands::{CommandSender, Commands, commands};
pub use files::{storage_failure, told_why};
pub use folders::{
    Batch, FolderList, list_folder, path_text, read_batch_list, read_list, send_list, totals, walk_apart,
};
pub use handshake::{
    AgentGreeting, CertificateHolds, ConsoleGreeting, Demands, HandshakeError, LogProofHolds, Papers, greet_agent,
    greet_console,
};
pub use landing::{Conflict, Conflicts, Landing, receive_batch};
pub use listed::Listed;
pub use outbox::{Outbox, OutboxClosed};
pub use pace::Pace;
pub use part::{Discarded, PartBook, discard_part};
pub use protected::is_protected;
pub use stream::{Arrival, Priority, Reader, StreamError, Writer, accept_streams, open_stream};
pub use terminal::{CHARACTER_MARKS, Piece, TerminalFilter};
pub use wait::{next_message, until};
pub use wanted::keep_wanted;
