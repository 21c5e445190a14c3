//! What a pairing leaves behind: a key that proves, and how to know the peer's certificate.

use crate::schedule;
use ring::{hkdf, hmac};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Which end speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The helped person's program.
    Agent,
    /// The operator's program.
    Console,
}

/// Thirty-two secret bytes that only the two ends of one pairing share. They key proofs and the
/// check number, never traffic. No `Debug`, zeroed when dropped.
pub struct ExporterKey(pub(crate) Zeroizing<[u8; 32]>);

/// How the peer's certificate on the channel is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerCertificate {
    /// The console knows the agent's by its digest.
    Agent {
        /// SHA-256 of the certificate (DER).
        sha256: [u8; 32],
    },
    /// The agent knows the operator's by an opened commitment.
    Operator {
        /// From P2.
        commitment: [u8; 32],
        /// From P4.
        opening: [u8; 32],
    },
}

impl PeerCertificate {
    /// Whether this is the peer's certificate (DER); compared in constant time.
    #[must_use]
    pub fn matches(&self, certificate_der: &[u8]) -> bool {
        let (expected, found) = match self {
            Self::Agent { sha256 } => (sha256, schedule::certificate_sha256(certificate_der)),
            Self::Operator { commitment, opening } => (commitment, schedule::commitment(certificate_der, opening)),
        };
        expected.ct_eq(&found).into()
    }
}

/// The end of a pairing: both ends know the session key and each other's certificate.
pub struct Paired {
    /// Keys the proofs on the channel.
    pub exporter_key: ExporterKey,
    /// The certificate to pin on the channel.
    pub peer: PeerCertificate,
}

impl Paired {
    /// The proof that `role` sends on the channel: HMAC-SHA256 over the role and the TLS exporter
    /// of that very channel, so that a proof holds on no other.
    #[must_use]
    pub fn proof(&self, role: Role, tls_exporter: &[u8; 32]) -> [u8; 32] {
        schedule::fixed(hmac::sign(&self.hmac_key(), &statement(role, tls_exporter)).as_ref())
    }

    /// Whether the peer's proof is right; compared in constant time.
    #[must_use]
    pub fn verify_proof(&self, role_of_peer: Role, tls_exporter: &[u8; 32], proof: &[u8; 32]) -> bool {
        hmac::verify(&self.hmac_key(), &statement(role_of_peer, tls_exporter), proof).is_ok()
    }

    /// A number that both windows turn into the same word (modulo the length of a list) for the
    /// operator to read aloud. It differs if somebody sits between.
    #[must_use]
    pub fn check_number(&self, tls_exporter: &[u8; 32]) -> u32 {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, tls_exporter).extract(self.exporter_key.0.as_slice());
        // Thirty-two bytes are far below HKDF's limit of 255 times 32, so this cannot fail.
        let bytes = schedule::expand(&prk, b"ponte check number 1").unwrap_or_default();
        let [a, b, c, d, ..] = *bytes;
        u32::from_be_bytes([a, b, c, d])
    }

    fn hmac_key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.exporter_key.0.as_slice())
    }
}

fn statement(role: Role, tls_exporter: &[u8; 32]) -> Vec<u8> {
    let label: &[u8] = match role {
        Role::Agent => b"ponte channel proof 1 agent\0",
        Role::Console => b"ponte channel proof 1 console\0",
    };
    [label, tls_exporter].concat()
}
