//! Ed25519 keys as seeds: signing, the form that rustls reads, and the proof that opens a link.

use proto::relay::operator_link_statement;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use zeroize::Zeroizing;

/// What comes before the seed in a PKCS #8 version 1 document (RFC 8410, 7).
const PKCS8_HEAD: [u8; 16] =
    [0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// The secret 32 bytes of an Ed25519 key (RFC 8032). No `Debug`, zeroed when dropped.
#[derive(Clone)]
pub struct Seed {
    seed: Zeroizing<[u8; 32]>,
    public_key: [u8; 32],
}

impl Seed {
    /// Takes 32 bytes, which must come from a good generator.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        let seed = Zeroizing::new(seed);
        let mut public_key = [0; 32];
        public_key.copy_from_slice(key_pair(&seed).public_key().as_ref());
        Self { seed, public_key }
    }

    /// Draws a seed.
    #[must_use]
    pub fn random(rng: &mut (impl rand::RngCore + rand::CryptoRng)) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut_slice());
        Self::new(*seed)
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.public_key
    }

    /// An Ed25519 signature.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(key_pair(&self.seed).sign(message).as_ref());
        signature
    }

    /// The key as a PKCS #8 document, which rustls reads.
    #[must_use]
    pub fn pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        let mut der = Zeroizing::new(Vec::with_capacity(PKCS8_HEAD.len() + 32));
        der.extend_from_slice(&PKCS8_HEAD);
        der.extend_from_slice(self.seed.as_slice());
        der
    }

    /// The secret itself, for sealing it at rest.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.seed
    }
}

impl rcgen::PublicKeyData for Seed {
    fn der_bytes(&self) -> &[u8] {
        &self.public_key
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ED25519
    }
}

impl rcgen::SigningKey for Seed {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(Self::sign(self, message).to_vec())
    }
}

fn key_pair(seed: &[u8; 32]) -> Ed25519KeyPair {
    match Ed25519KeyPair::from_seed_unchecked(seed) {
        Ok(pair) => pair,
        // ring refuses a seed for its length only, and the type fixes that.
        Err(_) => unreachable!("a seed of 32 bytes is always a key"),
    }
}

/// The operator's signature over the relay's name and nonce ([`operator_link_statement`]).
#[must_use]
pub fn prove_link(seed: &Seed, relay_name: &str, nonce: &[u8; 32]) -> [u8; 64] {
    seed.sign(&operator_link_statement(relay_name, nonce))
}

/// Whether such a signature was made by the owner of `public_key` for this relay and nonce.
#[must_use]
pub fn verify_link(public_key: &[u8; 32], relay_name: &str, nonce: &[u8; 32], signature: &[u8]) -> bool {
    verify_signature(public_key, &operator_link_statement(relay_name, nonce), signature)
}

pub(crate) fn verify_signature(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
}
