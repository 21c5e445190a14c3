//! End-to-end QUIC over a link, bound to the pairing secret and the operator certificate.
//!
//! The channel is a QUIC connection (RFC 9000) between console and agent whose packets travel in
//! links instead of UDP: [`Port`] is the socket. It survives the loss of links, because a link that
//! is gone is mere packet loss to it; [`Keeper`] dials a new one. What is absent: resumption, 0-RTT,
//! any cipher but TLS 1.3's with ring, and any way to a [`Channel`] without a [`pairing::Paired`].
//!
//! Read [`Channel`] and [`Port`] first.

mod connect;
mod hybrid;
mod keeper;
mod port;
mod rate;
mod tls;

pub use connect::{
    AcceptedChannel, Channel, ChannelError, ConsoleIdentity, Controller, accept, accept_with, connect, connect_with,
};
pub use identity::OperatorError;
pub use keeper::{Dial, Keeper, LinkState, MakeProof, Prove};
pub use pairing::{Paired, Role};
pub use port::Port;
pub use quinn::{ConnectionError, ReadError, ReadExactError, RecvStream, SendStream, WriteError};
