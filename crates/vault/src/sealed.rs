//! Small secrets under a password: argon2id (RFC 9106), HKDF-SHA256 (RFC 5869), AES-256-GCM.

use crate::text;
use argon2::{Algorithm, Argon2, Params, Version};
use rand::{CryptoRng, RngCore};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The newest form that this code reads.
const VERSION: u16 = 1;
/// Separates what is authenticated here from everything else that is.
const LABEL: &[u8] = b"ponte sealed secret 1";

/// What one try of a password costs, within bounds: a file that asks for more could eat a
/// machine's memory, one that asks for less is not one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    /// For everything that rests on a disk: 64 MiB and 3 passes are the second choice of RFC 9106
    /// (section 4), for machines that do other things too: a fraction of a second on an old one.
    /// One lane and not four, because this program computes lanes one after the other, so that
    /// more of them would help only who tries passwords on better hardware.
    pub const USUAL: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
    /// For throw-away organisations and tests only: 8 MiB and one pass, which is also the least
    /// that is opened.
    pub const TRIAL: Self = Self { memory_kib: 8 * 1024, passes: 1, lanes: 1 };

    const MOST: Self = Self { memory_kib: 1024 * 1024, passes: 16, lanes: 4 };

    /// This memory (in KiB), these passes and lanes; `None` above 1 GiB, 16 and 4, or below
    /// [`Self::TRIAL`].
    #[must_use]
    pub const fn new(memory_kib: u32, passes: u32, lanes: u32) -> Option<Self> {
        let cost = Self { memory_kib, passes, lanes };
        if cost.is_too_much() || cost.is_too_little() { None } else { Some(cost) }
    }

    const fn is_too_much(self) -> bool {
        self.memory_kib > Self::MOST.memory_kib || self.passes > Self::MOST.passes || self.lanes > Self::MOST.lanes
    }

    const fn is_too_little(self) -> bool {
        self.memory_kib < Self::TRIAL.memory_kib || self.passes < Self::TRIAL.passes || self.lanes < Self::TRIAL.lanes
    }
}

/// A sealed secret, to be stored as a part of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    version: u16,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    #[serde(with = "text::array")]
    salt: [u8; 16],
    /// Tells a wrong password from a damaged file, and ties the box to one key: AES-GCM alone
    /// would let a box be made that opens under two.
    #[serde(with = "text::array")]
    check: [u8; 32],
    #[serde(with = "text::array")]
    nonce: [u8; NONCE_LEN],
    #[serde(rename = "box", with = "text::bytes")]
    boxed: Vec<u8>,
}

impl Sealed {
    /// What a try of a password costs, as this says of itself.
    ///
    /// # Errors
    /// [`OpenError::TooCostly`], [`OpenError::Damaged`] if it is outside the bounds of [`Cost`].
    pub fn cost(&self) -> Result<Cost, OpenError> {
        let cost = Cost { memory_kib: self.memory_kib, passes: self.passes, lanes: self.lanes };
        if cost.is_too_much() {
            return Err(OpenError::TooCostly);
        }
        if cost.is_too_little() { Err(OpenError::Damaged) } else { Ok(cost) }
    }
}

/// A sealed secret stays sealed. Who typed the password or brought the file is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not this password; or the salt, the cost or the check was changed, which looks the same.
    #[error("the password is wrong")]
    WrongPassword,
    /// The password is right and the box is not what was sealed, or was sealed for something else.
    #[error("the sealed secret is damaged")]
    Damaged,
    /// It asks for more memory or time than any of ours.
    #[error("the sealed secret asks for too much memory or time")]
    TooCostly,
    /// A later form; a newer program is needed.
    #[error("the sealed secret needs a newer program")]
    Newer,
}

/// Seals `secret` under `password`. `purpose` says what for, and has to be the same when it is
/// opened: a sealed secret cannot stand in the place of another.
#[must_use]
pub fn seal(password: &str, purpose: &str, secret: &[u8], cost: Cost, rng: &mut (impl RngCore + CryptoRng)) -> Sealed {
    let mut salt = [0; 16];
    rng.fill_bytes(&mut salt);
    let mut nonce = [0; NONCE_LEN];
    rng.fill_bytes(&mut nonce);
    let Cost { memory_kib, passes, lanes } = cost;
    let (key, check) = derive(password, &salt, cost);
    let mut sealed = Sealed { version: VERSION, memory_kib, passes, lanes, salt, check, nonce, boxed: secret.to_vec() };
    let aad = authenticated(&sealed, purpose);
    lock(&key, nonce, &aad, &mut sealed.boxed);
    sealed
}

/// Opens what [`seal`] sealed.
///
/// # Errors
/// [`OpenError`]; what is not opened says nothing about the secret.
pub fn open(password: &str, purpose: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    match sealed.version {
        VERSION => {}
        0 => return Err(OpenError::Damaged),
        _ => return Err(OpenError::Newer),
    }
    let (key, check) = derive(password, &sealed.salt, sealed.cost()?);
    // Not in constant time: the check is in the file that whoever could measure already has.
    if check != sealed.check {
        return Err(OpenError::WrongPassword);
    }
    unlock(&key, sealed.nonce, &authenticated(sealed, purpose), &sealed.boxed).ok_or(OpenError::Damaged)
}

/// The key of the box and the value that tells the right password.
fn derive(password: &str, salt: &[u8], cost: Cost) -> (Zeroizing<[u8; 32]>, [u8; 32]) {
    let mut stretched = Zeroizing::new([0; 32]);
    let hashed = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(stretched.len())).and_then(|params| {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
            password.as_bytes(),
            salt,
            stretched.as_mut_slice(),
        )
    });
    if hashed.is_err() {
        // It refuses costs, salts, outputs and passwords for their size only; the first three are
        // ours, and no password has 4 GiB.
        unreachable!("a cost within its bounds is always usable");
    }
    let strong = Prk::new_less_safe(HKDF_SHA256, stretched.as_slice());
    let (mut key, mut check) = (Zeroizing::new([0; 32]), [0; 32]);
    expand(&strong, &[b"ponte sealed key 1"], &mut key);
    expand(&strong, &[b"ponte sealed check 1"], &mut check);
    (key, check)
}

struct Key32;

impl KeyType for Key32 {
    fn len(&self) -> usize {
        32
    }
}

/// HKDF-Expand to 32 bytes.
pub(crate) fn expand(strong: &Prk, info: &[&[u8]], out: &mut [u8; 32]) {
    if strong.expand(info, Key32).and_then(|okm| okm.fill(out)).is_err() {
        // HKDF refuses more than 255 blocks only.
        unreachable!("one block is always to be had");
    }
}

/// AES-256-GCM; the text becomes the box, 16 bytes longer.
pub(crate) fn lock(key: &[u8; 32], nonce: [u8; NONCE_LEN], aad: &[u8], text: &mut Vec<u8>) {
    let nonce = Nonce::assume_unique_for_key(nonce);
    let locked = UnboundKey::new(&AES_256_GCM, key)
        .and_then(|key| LessSafeKey::new(key).seal_in_place_append_tag(nonce, Aad::from(aad), text));
    if locked.is_err() {
        // A key of 32 bytes and less than 64 GiB of text are all that it demands.
        unreachable!("a small secret can always be sealed");
    }
}

pub(crate) fn unlock(key: &[u8; 32], nonce: [u8; NONCE_LEN], aad: &[u8], boxed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let nonce = Nonce::assume_unique_for_key(nonce);
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
    let mut text = Zeroizing::new(boxed.to_vec());
    let length = key.open_in_place(nonce, Aad::from(aad), &mut text).ok()?.len();
    text.truncate(length);
    Some(text)
}

/// Everything of a sealed secret but the box, and what it is for.
fn authenticated(sealed: &Sealed, purpose: &str) -> Vec<u8> {
    let mut aad = LABEL.to_vec();
    aad.extend(sealed.version.to_be_bytes());
    for number in [sealed.memory_kib, sealed.passes, sealed.lanes] {
        aad.extend(number.to_be_bytes());
    }
    aad.extend(sealed.salt);
    aad.extend(sealed.check);
    // Last, so that its end needs no mark.
    aad.extend(purpose.as_bytes());
    aad
}
