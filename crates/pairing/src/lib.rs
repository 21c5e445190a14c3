//! Session key and PAKE: from seven symbols to an authenticated secret.
//!
//! Two state machines, one for each end, that exchange P1 to P4 ([`proto::pairing`]) through the
//! relay. The agent confirms first, so that whoever guesses a key is seen and counted by the
//! console. What is absent: sockets, clocks, the system's randomness, and the relay, which must
//! not be able to name a session key.
//!
//! Read [`ConsolePairing`] and [`AgentPairing`] first; both end in a [`Paired`].

mod agent;
mod console;
mod key;
mod paired;
mod pake;
mod schedule;

pub use agent::{AgentConfirming, AgentPairing};
pub use console::{ConsolePairing, GIVES_WAY_AFTER, P3_DUE_AFTER, P3Outcome};
pub use key::{KeyError, SECRET_SYMBOLS, SYMBOLS, Secret, SessionKey};
pub use paired::{ExporterKey, Paired, PeerCertificate, Role};
pub use pake::PAKE_VERSION;

/// Why a step of the pairing could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PairingError {
    /// The bytes are not the message they should be. The peer is to blame.
    #[error("the pairing message is malformed")]
    Malformed,
    /// The peer speaks another version of the pairing. Nobody is to blame: one of both is old.
    #[error("the peer speaks pairing version {version} with PAKE {pake_version}")]
    OtherVersion {
        /// The peer's protocol version.
        version: u8,
        /// The peer's PAKE.
        pake_version: u8,
    },
    /// The peer's PAKE element has the wrong side or length, or is a point outside the group of
    /// prime order. The peer is to blame.
    #[error("the peer's key-exchange element is not acceptable")]
    BadElement,
    /// The confirmation does not fit: the peer does not know the session key, or something
    /// between changed a message. The peer, or who typed the key, is to blame.
    #[error("the confirmation is wrong")]
    WrongConfirmation,
    /// As many attempts as allowed are open and none is old enough to give way. Try later.
    #[error("too many attempts at once")]
    Busy,
    /// The key is burned or used, or this attempt is open already. The relay is to blame.
    #[error("no attempt may begin")]
    Closed,
    /// This attempt did not confirm. We are to blame.
    #[error("the attempt has not confirmed")]
    NotConfirmed,
    /// A message of ours did not fit its limit. We are to blame.
    #[error("a pairing message could not be written")]
    Unwritable,
}

impl From<proto::EncodeError> for PairingError {
    fn from(_: proto::EncodeError) -> Self {
        Self::Unwritable
    }
}

impl From<proto::DecodeError> for PairingError {
    fn from(_: proto::DecodeError) -> Self {
        Self::Malformed
    }
}
