//! Sealing to an organisation's recovery key: X25519 (RFC 7748), HKDF-SHA256, AES-256-GCM, put
//! together as the base mode of RFC 9180 does, in our own byte form.

use crate::sealed::{expand, lock, unlock};
use crate::text;
use rand::{CryptoRng, RngCore};
use ring::hkdf::{HKDF_SHA256, Salt};
use serde::{Deserialize, Serialize};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

const VERSION: u16 = 1;
const LABEL: &[u8] = b"ponte recovery 1";
/// Each box has a key of its own, so its number is always the first.
const NONCE: [u8; 12] = [0; 12];

/// The secret half of a recovery key. No `Debug`, zeroed when dropped.
#[derive(Clone)]
pub struct RecoveryKey(StaticSecret);

impl RecoveryKey {
    /// Draws a key.
    #[must_use]
    pub fn random(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(bytes.as_mut_slice());
        Self::from_bytes(&bytes)
    }

    /// Takes stored bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(StaticSecret::from(*bytes))
    }

    /// The public half, which belongs into the organisation file.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        PublicKey::from(&self.0).to_bytes()
    }

    /// The secret itself, for sealing it at rest.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

/// A secret that only the owner of a [`RecoveryKey`] can read, to be stored as a part of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoverySealed {
    version: u16,
    #[serde(with = "text::array")]
    ephemeral: [u8; 32],
    #[serde(rename = "box", with = "text::bytes")]
    boxed: Vec<u8>,
}

/// A key is not a usable one, or not the one that a secret was sealed to; or the sealed secret is
/// damaged, newer than this program, or for something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the right recovery key, or what was sealed to it is damaged")]
pub struct WrongKey;

/// Seals `secret` to the owner of `public` for `purpose`. Does not say who sealed it.
///
/// # Errors
/// [`WrongKey`] if `public` is one of the points that make every agreement the same.
pub fn seal_to(
    public: &[u8; 32],
    purpose: &str,
    secret: &[u8],
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<RecoverySealed, WrongKey> {
    let ephemeral = RecoveryKey::random(rng);
    let key = agree(&ephemeral, public, &ephemeral.public(), public, purpose)?;
    let mut boxed = secret.to_vec();
    lock(&key, NONCE, LABEL, &mut boxed);
    Ok(RecoverySealed { version: VERSION, ephemeral: ephemeral.public(), boxed })
}

/// Opens what [`seal_to`] sealed.
///
/// # Errors
/// [`WrongKey`].
pub fn open_with(key: &RecoveryKey, purpose: &str, sealed: &RecoverySealed) -> Result<Zeroizing<Vec<u8>>, WrongKey> {
    if sealed.version != VERSION {
        return Err(WrongKey);
    }
    let shared = agree(key, &sealed.ephemeral, &sealed.ephemeral, &key.public(), purpose)?;
    unlock(&shared, NONCE, LABEL, &sealed.boxed).ok_or(WrongKey)
}

/// The key of one box: both public keys and the purpose are bound into it.
fn agree(
    ours: &RecoveryKey,
    theirs: &[u8; 32],
    ephemeral: &[u8; 32],
    recipient: &[u8; 32],
    purpose: &str,
) -> Result<Zeroizing<[u8; 32]>, WrongKey> {
    let shared = ours.0.diffie_hellman(&PublicKey::from(*theirs));
    if !shared.was_contributory() {
        return Err(WrongKey);
    }
    let strong = Salt::new(HKDF_SHA256, LABEL).extract(shared.as_bytes());
    let mut key = Zeroizing::new([0; 32]);
    expand(&strong, &[ephemeral, recipient, purpose.as_bytes()], &mut key);
    Ok(key)
}
