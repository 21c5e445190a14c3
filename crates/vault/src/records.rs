//! Records at rest: small texts under keys that come from the operator's own (HKDF-SHA256, RFC 5869; AES-256-GCM).
//!
//! Whoever has signed in can read and write them; they need no password of their own, and stay readable when the
//! password or the certificate changes, because the operator's key does not.

use crate::sealed::{expand, lock, unlock};
use crate::text;
use identity::Seed;
use rand::{CryptoRng, RngCore};
use ring::aead::NONCE_LEN;
use ring::hkdf::{HKDF_SHA256, Salt};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const FORMAT: &str = "ponte-session-record";
const VERSION: u16 = 1;
/// Separates these keys from everything else that comes from the operator's.
const LABEL: &[u8] = b"ponte records 1";

/// A record that is not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It is none, was changed, belongs to another name, or to another operator.
    #[error("this is not a record of this operator")]
    Damaged,
    /// A later form; a newer program is needed.
    #[error("this record needs a newer program")]
    Newer,
}

/// Seals and opens the records of one operator. Each record has a key of its own, bound to its name, so that one
/// cannot stand in the place of another.
pub struct RecordsKey(Zeroizing<[u8; 32]>);

#[derive(Serialize, Deserialize)]
struct Raw {
    format: String,
    version: u16,
    #[serde(with = "text::array")]
    nonce: [u8; NONCE_LEN],
    #[serde(rename = "box", with = "text::bytes")]
    boxed: Vec<u8>,
}

/// What is read before anything else of a file.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u16,
}

impl RecordsKey {
    /// The key of the operator with this one.
    #[must_use]
    pub fn derive(seed: &Seed) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        expand(&Salt::new(HKDF_SHA256, LABEL).extract(seed.expose()), &[b"ponte records key 1"], &mut key);
        Self(key)
    }

    fn of_record(&self, name: &str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        expand(&Salt::new(HKDF_SHA256, LABEL).extract(self.0.as_slice()), &[name.as_bytes()], &mut key);
        key
    }

    /// A record as a file, JSON. The same name can be sealed again and again.
    #[must_use]
    pub fn seal(&self, name: &str, record: &[u8], rng: &mut (impl RngCore + CryptoRng)) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        rng.fill_bytes(&mut nonce);
        let mut boxed = record.to_vec();
        lock(&self.of_record(name), nonce, &authenticated(VERSION), &mut boxed);
        // Texts and numbers only: there is nothing that JSON could refuse.
        serde_json::to_vec(&Raw { format: FORMAT.to_owned(), version: VERSION, nonce, boxed }).unwrap_or_default()
    }

    /// Opens what [`Self::seal`] sealed under this name.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn open(&self, name: &str, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, RecordError> {
        let head: Head = serde_json::from_slice(file).map_err(|_| RecordError::Damaged)?;
        if head.format != FORMAT || head.version == 0 {
            return Err(RecordError::Damaged);
        }
        if head.version > VERSION {
            return Err(RecordError::Newer);
        }
        let Raw { nonce, boxed, .. } = serde_json::from_slice(file).map_err(|_| RecordError::Damaged)?;
        unlock(&self.of_record(name), nonce, &authenticated(head.version), &boxed).ok_or(RecordError::Damaged)
    }
}

fn authenticated(version: u16) -> Vec<u8> {
    [FORMAT.as_bytes(), &version.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::OsRng;

    #[test]
    fn a_record_is_opened_by_its_operator_under_its_name_and_not_otherwise() {
        let key = || RecordsKey::derive(&Seed::new([7; 32]));
        let file = key().seal("one", b"the printer is out of paper", &mut OsRng);
        assert_eq!(key().open("one", &file).unwrap().as_slice(), b"the printer is out of paper");
        assert!(!String::from_utf8(file.clone()).unwrap().contains("printer"));
        assert_ne!(file, key().seal("one", b"the printer is out of paper", &mut OsRng), "no nonce comes twice");

        assert_eq!(key().open("two", &file), Err(RecordError::Damaged));
        let other = RecordsKey::derive(&Seed::new([8; 32]));
        assert_eq!(other.open("one", &file), Err(RecordError::Damaged));
        let newer = String::from_utf8(file.clone()).unwrap().replace("\"version\":1", "\"version\":2");
        assert_eq!(key().open("one", newer.as_bytes()), Err(RecordError::Newer));
        for junk in [&b""[..], b"{}", b"null", &file[..file.len() - 9]] {
            assert_eq!(key().open("one", junk), Err(RecordError::Damaged));
        }
    }
}
