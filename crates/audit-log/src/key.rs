//! Signing and checking, and the bytes that are signed.

use crate::{Begin, Hex, Role, Signature};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use std::fmt;

/// The key of one end for one log.
pub struct LogKey(Ed25519KeyPair);

impl fmt::Debug for LogKey {
    /// Nothing of the secret half.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({})", self.public())
    }
}

impl LogKey {
    /// From 32 bytes of a good generator (RFC 8032), which are used for nothing else. None if ring refuses
    /// them, which it does for no 32 bytes.
    #[must_use]
    pub fn new(seed: &[u8; 32]) -> Option<Self> {
        Ed25519KeyPair::from_seed_unchecked(seed).ok().map(Self)
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> Hex<32> {
        let mut public = [0; 32];
        public.copy_from_slice(self.0.public_key().as_ref());
        Hex(public)
    }

    /// Vouches for a chain whose last entry has this number and whose hash this is.
    #[must_use]
    pub fn sign(&self, by: Role, number: u64, head: Hex<32>, at_ms: u64) -> Signature {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.0.sign(&head_statement(by, number, head, at_ms)).as_ref());
        Signature { by, number, at_ms, signature: Hex(signature) }
    }
}

/// What an end signs: a label, who, the last entry's number, the chain's hash, the signer's clock.
#[must_use]
pub fn head_statement(by: Role, number: u64, head: Hex<32>, at_ms: u64) -> Vec<u8> {
    let mut statement = b"ponte log head 1\0".to_vec();
    statement.push(match by {
        Role::Agent => 1,
        Role::Console => 2,
    });
    statement.extend_from_slice(&number.to_be_bytes());
    statement.extend_from_slice(&head.0);
    statement.extend_from_slice(&at_ms.to_be_bytes());
    statement
}

/// What the operator's own key signs, so that the console's key in the log is theirs: a label, the channel's
/// value, the console's key. The agent's key is bound in turn by what the console countersigns.
#[must_use]
pub fn operator_statement(channel: Hex<32>, console_key: Hex<32>) -> Vec<u8> {
    let label = b"ponte log operator 1\0";
    [&label[..], &channel.0, &console_key.0].concat()
}

/// Whether the operator's key in a first line vouches for the console's key in it. Whose key that is, only the
/// certificate says.
#[must_use]
pub fn operator_proof_holds(begin: &Begin) -> bool {
    let statement = operator_statement(begin.channel, begin.console_key);
    UnparsedPublicKey::new(&ED25519, begin.operator_key.0).verify(&statement, &begin.operator_proof.0).is_ok()
}

/// Whether a signature is this key's over this chain.
pub(crate) fn holds(signature: &Signature, key: &Hex<32>, head: Hex<32>) -> bool {
    let statement = head_statement(signature.by, signature.number, head, signature.at_ms);
    UnparsedPublicKey::new(&ED25519, key.0).verify(&statement, &signature.signature.0).is_ok()
}
