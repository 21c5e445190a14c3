//! An operator's chain and key in one file.

use crate::seed::Seed;
use crate::text;
use serde::{Deserialize, Serialize};
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::{Zeroize, Zeroizing};

/// Longest operator file, in bytes.
const OPERATOR_FILE_BYTES: usize = 32 * 1024;

/// An operator's certificates and key. Whoever can read this file *is* the operator until the
/// certificate ends or is revoked: it is written readable to its owner only, and belongs sealed
/// under a password where it rests. No `Debug`.
#[derive(Clone)]
pub struct OperatorFile {
    /// Leaf first, then the issuing authority; DER.
    pub chain: Vec<Vec<u8>>,
    /// The leaf's key.
    pub seed: Seed,
}

/// Bytes are not a usable operator file. Who chose the file is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OperatorFileError {
    /// Not such a file, or longer than any can be.
    #[error("this is not an operator file")]
    NotAnOperatorFile,
    /// The key is not the certificate's.
    #[error("the key does not belong to the certificate")]
    KeyMismatch,
}

#[derive(Serialize, Deserialize)]
struct Raw {
    #[serde(with = "text::list")]
    chain: Vec<Vec<u8>>,
    seed: String,
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

impl OperatorFile {
    /// As JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let raw = Raw { chain: self.chain.clone(), seed: text::encode(self.seed.expose()) };
        // Two lists of strings: there is nothing that JSON could refuse.
        Zeroizing::new(serde_json::to_vec_pretty(&raw).unwrap_or_default())
    }

    /// Reads such a file and checks that key and certificate belong together.
    ///
    /// # Errors
    /// [`OperatorFileError`].
    pub fn open(bytes: &[u8]) -> Result<Self, OperatorFileError> {
        let bad = OperatorFileError::NotAnOperatorFile;
        if bytes.len() > OPERATOR_FILE_BYTES {
            return Err(bad);
        }
        let mut raw: Raw = serde_json::from_slice(bytes).map_err(|_| bad)?;
        let seed = text::decode(raw.seed.as_bytes()).map(Zeroizing::new).ok_or(bad)?;
        let seed = Seed::new(<[u8; 32]>::try_from(seed.as_slice()).map_err(|_| bad)?);
        let (_, leaf) = X509Certificate::from_der(raw.chain.first().ok_or(bad)?).map_err(|_| bad)?;
        if leaf.public_key().subject_public_key.data.as_ref() != seed.public_key() {
            return Err(OperatorFileError::KeyMismatch);
        }
        Ok(Self { chain: std::mem::take(&mut raw.chain), seed })
    }
}
