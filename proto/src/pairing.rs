//! The four pairing messages that turn a session key into a secret; opaque to the relay.
//!
//! What they prove and in which order is the `pairing` crate's; here is only their shape.

use crate::codec::Message;
use crate::limits;
use crate::text::Blob;
use serde::{Deserialize, Serialize};

/// A PAKE element as `spake2` sends it: a side byte and a compressed Edwards point.
pub type PakeElement = Blob<33>;

/// Agent to console, inside the join: how the agent begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct P1 {
    /// Version of this pairing; see [`crate::PROTOCOL_VERSION`].
    pub version: u8,
    /// Which PAKE; 1 is SPAKE2 over Ed25519's group.
    pub pake_version: u8,
    /// The agent's PAKE element.
    pub pake: PakeElement,
    /// SHA-256 of the certificate that the agent will show on the channel.
    pub certificate_sha256: [u8; 32],
    /// What the agent can do, as bits; unknown ones are ignored.
    pub capabilities: u32,
}

/// Console to agent: the console's half.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct P2 {
    /// The console's PAKE element.
    pub pake: PakeElement,
    /// SHA-256 of the operator's leaf certificate and 32 random bytes, opened in [`P4`]: who
    /// scans keys learns no operator.
    pub certificate_commitment: [u8; 32],
}

/// Agent to console: the agent proves first that it knows the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct P3 {
    /// The agent's confirmation (HMAC-SHA256).
    pub confirmation: [u8; 32],
}

/// Console to agent: the console proves it too, and opens its commitment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct P4 {
    /// The console's confirmation (HMAC-SHA256).
    pub confirmation: [u8; 32],
    /// The 32 random bytes of [`P2::certificate_commitment`].
    pub opening: [u8; 32],
}

impl Message for P1 {
    const MAX_BYTES: usize = limits::OPAQUE_BYTES;
}
impl Message for P2 {
    const MAX_BYTES: usize = limits::OPAQUE_BYTES;
}
impl Message for P3 {
    const MAX_BYTES: usize = limits::OPAQUE_BYTES;
}
impl Message for P4 {
    const MAX_BYTES: usize = limits::OPAQUE_BYTES;
}
