//! What both ends share once the channel stands: handshake, streams, chat, latency, pace.
//!
//! What is absent: what to capture, inject or show; that is `agent-core`'s and `console-core`'s.
//! Read [`Reader`] and [`Writer`] for how streams carry messages and bulk bytes, then
//! [`handshake`] for how the first stream proves the pairing.

mod chat;
mod files;
mod handshake;
mod listed;
mod outbox;
mod pace;
mod stream;
mod terminal;
mod wait;

pub use chat::{Chat, ChatEntry};
pub use files::{open_file, receive_file, send_file, sendable, storage_failure};
pub use handshake::{
    AgentGreeting, CertificateHolds, ConsoleGreeting, Demands, HandshakeError, LogProofHolds, Papers, greet_agent,
    greet_console,
};
pub use listed::Listed;
pub use outbox::{Outbox, OutboxClosed};
pub use pace::Pace;
pub use stream::{Arrival, Priority, Reader, StreamError, Writer, accept_streams, open_stream};
pub use terminal::{Piece, TerminalFilter};
pub use wait::{next_message, throttled, until};
