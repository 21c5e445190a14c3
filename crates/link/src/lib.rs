//! One hop: reach the relay over QUIC or TLS, and carry control messages and packets over it.
//!
//! What is absent: any knowledge of what packets hold, and any state that outlives a [`Link`].
//! Read [`connect`] and [`Link`] first; [`pump`] is what both ends of a link share, [`quic`],
//! [`tls`] and [`websocket`] are how it is dressed on the wire, [`Proxies`] what may stand between.

pub mod batch;
pub mod connect;
pub mod control;
pub mod fetch;
pub mod pump;

pub mod packets;
pub mod pieces;
mod proxy;
pub mod quic;
pub mod tls;
pub mod websocket;
pub mod work;

pub use connect::{Choice, Dialing, Link, LinkKind, RelayAddress, Welcome, connect, connect_with};
pub use control::{Control, ControlReceiver, ControlSender};
pub use packets::{PacketReceiver, PacketSender, Packets};
pub use proxy::{ByteStream, Proxies, tunnel};
pub use pump::Counters;
pub use tls::Trust;

use proto::DecodeError;
use proto::relay::Refusal;

/// A link could not be made, or has ended.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The network did not bring us to the relay: name not found, refused, no route, cut.
    #[error("the relay cannot be reached: {0}")]
    Unreachable(#[from] std::io::Error),
    /// Nothing answered in time.
    #[error("the relay did not answer in time")]
    TimedOut,
    /// Whoever answered has a certificate that is not trusted.
    #[error("the relay's certificate is not trusted")]
    Untrusted,
    /// Whoever answered does not speak this protocol.
    #[error("whoever answered is not a relay of this version")]
    NotPonte,
    /// The proxy wants a name and password, or others than it was given.
    #[error("the proxy refused the name or password")]
    ProxyAuthentication,
    /// The proxy does not let us through, with this HTTP status.
    #[error("the proxy refused with status {0}")]
    Proxy(u16),
    /// The relay turned the link away.
    #[error("the relay refused the link: {0:?}")]
    Refused(Refusal),
    /// The link has ended.
    #[error("the link is closed")]
    Closed,
    /// The relay sent what is not a message.
    #[error("the relay sent a bad message: {0}")]
    Peer(#[from] DecodeError),
    /// This machine could not prepare the link (trust store, socket options).
    #[error("the link could not be prepared: {0}")]
    Local(String),
}

/// Unsent bytes that the kernel holds: more would be delay that nobody can drop.
#[cfg(target_os = "linux")]
const NOT_SENT_LOW_WATER_BYTES: u32 = 16 * 1024;

/// Keeps the system from queueing more unsent bytes of a stream than that, and from taking each loss for a full queue
/// where it can do better (BBR, draft-ietf-ccwg-bbr; a module that not every kernel lets every program use).
#[cfg(target_os = "linux")]
fn tune_sending(stream: &tokio::net::TcpStream) {
    let socket = socket2::SockRef::from(stream);
    // Where an option is refused the only loss is delay and speed.
    let _ = socket.set_tcp_notsent_lowat(NOT_SENT_LOW_WATER_BYTES);
    let _ = socket.set_tcp_congestion(b"bbr");
}

/// This system has no such options.
#[cfg(not(target_os = "linux"))]
fn tune_sending(_stream: &tokio::net::TcpStream) {}
