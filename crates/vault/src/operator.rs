//! An operator's key and certificates as they rest on the operator's machine.

use crate::recovery::{RecoveryKey, RecoverySealed, WrongKey, open_with, seal_to};
use crate::sealed::{Cost, OpenError, Sealed, open, seal};
use crate::text;
use identity::{OperatorFile, Seed, unverified_leaf};
use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Longest vault file, in bytes.
pub const VAULT_BYTES: usize = 64 * 1024;

const FORMAT: &str = "ponte-operator-vault";
const VERSION: u16 = 1;
const PURPOSE: &str = "operator key";
/// Most certificates: leaf and issuing authority, and two spare.
const CHAIN: usize = 4;

/// Most characters of a name.
const NAME_CHARACTERS: usize = 200;

/// Bytes are not a usable vault, or a chain is for another key. Who brought them is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Not such a file, or longer than any can be.
    #[error("this is not an operator's vault")]
    NotAVault,
    /// A later form; a newer program is needed.
    #[error("this vault needs a newer program")]
    Newer,
    /// The certificate is not for this vault's key, or is none.
    #[error("the certificate does not belong to this vault's key")]
    KeyMismatch,
}

/// A vault stays locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnlockError {
    /// The key cannot be unsealed.
    #[error(transparent)]
    Sealed(#[from] OpenError),
    /// The key is there, but no certificate yet: the organisation has not answered.
    #[error("there is no certificate in this vault yet")]
    NotEnrolled,
}

/// An operator's vault: the key under a password, and in the clear what is no secret. The
/// certificates are empty until the organisation has answered the request for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorVault {
    raw: Raw,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Raw {
    format: String,
    version: u16,
    name: String,
    #[serde(with = "text::array")]
    public_key: [u8; 32],
    #[serde(with = "text::list")]
    chain: Vec<Vec<u8>>,
    seed: Sealed,
    /// The same key, sealed to the organisation's recovery key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recovery: Option<RecoverySealed>,
}

/// What is read before anything else of a file.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u16,
}

impl OperatorVault {
    /// A vault without certificates for this key; `name` is whose it is, to be shown: what steers a terminal or
    /// rearranges text is left out of it.
    #[must_use]
    pub fn create(seed: &Seed, name: &str, password: &str, cost: Cost, rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let raw = Raw {
            format: FORMAT.to_owned(),
            version: VERSION,
            name: shown(name),
            public_key: seed.public_key(),
            chain: Vec::new(),
            seed: seal(password, PURPOSE, seed.expose(), cost, rng),
            recovery: None,
        };
        Self { raw }
    }

    /// A vault with the key and certificates of an open file; the name is the certificate's.
    ///
    /// # Errors
    /// [`VaultError::KeyMismatch`] if key and certificate do not belong together.
    pub fn seal_file(
        file: &OperatorFile,
        password: &str,
        cost: Cost,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Self, VaultError> {
        let (name, _) = file.chain.first().and_then(|leaf| unverified_leaf(leaf)).ok_or(VaultError::KeyMismatch)?;
        Self::create(&file.seed, &name, password, cost, rng).with_chain(file.chain.clone())
    }

    /// Reads such a file.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn open_bytes(bytes: &[u8]) -> Result<Self, VaultError> {
        let bad = VaultError::NotAVault;
        if bytes.len() > VAULT_BYTES {
            return Err(bad);
        }
        let head: Head = serde_json::from_slice(bytes).map_err(|_| bad)?;
        if head.format != FORMAT || head.version == 0 {
            return Err(bad);
        }
        if head.version > VERSION {
            return Err(VaultError::Newer);
        }
        let mut raw: Raw = serde_json::from_slice(bytes).map_err(|_| bad)?;
        // Nothing seals the name, and the key must not be lost to a damaged one.
        raw.name = shown(&raw.name);
        let chain = std::mem::take(&mut raw.chain);
        let vault = Self { raw };
        if chain.is_empty() { Ok(vault) } else { vault.with_chain(chain) }
    }

    /// As JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Texts and numbers only: there is nothing that JSON could refuse.
        serde_json::to_vec_pretty(&self.raw).unwrap_or_default()
    }

    /// The same vault with these certificates, leaf first (DER). Whether they are worth anything
    /// is not checked here; whether the leaf is for this key is.
    ///
    /// # Errors
    /// [`VaultError::KeyMismatch`].
    pub fn with_chain(mut self, chain: Vec<Vec<u8>>) -> Result<Self, VaultError> {
        let leaf = chain.first().and_then(|leaf| unverified_leaf(leaf));
        if chain.len() > CHAIN || leaf.is_none_or(|(_, key)| key != self.raw.public_key) {
            return Err(VaultError::KeyMismatch);
        }
        self.raw.chain = chain;
        Ok(self)
    }

    /// The same vault, whose key the owner of this recovery key (the organisation's, public half) can
    /// take out without the password. `seed` is the key, which only whoever unlocked the vault has.
    ///
    /// # Errors
    /// [`WrongKey`] if the recovery key is not usable, or `seed` is not this vault's key.
    pub fn with_recovery(
        mut self,
        seed: &Seed,
        recovery_key: &[u8; 32],
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Self, WrongKey> {
        if seed.public_key() != self.raw.public_key {
            return Err(WrongKey);
        }
        self.raw.recovery = Some(seal_to(recovery_key, PURPOSE, seed.expose(), rng)?);
        Ok(self)
    }

    /// Whether the organisation could help if the password were lost.
    #[must_use]
    pub fn is_recoverable(&self) -> bool {
        self.raw.recovery.is_some()
    }

    /// The same vault under a new password, by way of the organisation's recovery key.
    ///
    /// # Errors
    /// [`WrongKey`] if the vault was not made recoverable with that key.
    pub fn recover(
        &self,
        key: &RecoveryKey,
        new: &str,
        cost: Cost,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Self, WrongKey> {
        let sealed = self.raw.recovery.as_ref().ok_or(WrongKey)?;
        let bytes = open_with(key, PURPOSE, sealed)?;
        let bytes = <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new).map_err(|_| WrongKey)?;
        let seed = Seed::new(*bytes);
        if seed.public_key() != self.raw.public_key {
            return Err(WrongKey);
        }
        let mut raw = self.raw.clone();
        raw.seed = seal(new, PURPOSE, seed.expose(), cost, rng);
        Ok(Self { raw })
    }

    /// Whose it is, as was said when it was made; nothing proves it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.raw.name
    }

    /// The public half of the key.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.raw.public_key
    }

    /// The certificates, leaf first (DER); empty before the organisation has answered.
    #[must_use]
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.raw.chain
    }

    /// The key. Takes as long as the cost says: not for a thread that draws a window.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn unlock(&self, password: &str) -> Result<Seed, OpenError> {
        let bytes = open(password, PURPOSE, &self.raw.seed)?;
        let bytes = <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new).map_err(|_| OpenError::Damaged)?;
        let seed = Seed::new(*bytes);
        if seed.public_key() == self.raw.public_key { Ok(seed) } else { Err(OpenError::Damaged) }
    }

    /// Key and certificates, as the programs use them.
    ///
    /// # Errors
    /// [`UnlockError`].
    pub fn unlock_file(&self, password: &str) -> Result<OperatorFile, UnlockError> {
        if self.raw.chain.is_empty() {
            return Err(UnlockError::NotEnrolled);
        }
        Ok(OperatorFile { chain: self.raw.chain.clone(), seed: self.unlock(password)? })
    }

    /// The same vault under another password.
    ///
    /// # Errors
    /// [`OpenError`] if `old` does not open it.
    pub fn change_password(
        &self,
        old: &str,
        new: &str,
        cost: Cost,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Self, OpenError> {
        let seed = self.unlock(old)?;
        let mut raw = self.raw.clone();
        raw.seed = seal(new, PURPOSE, seed.expose(), cost, rng);
        Ok(Self { raw })
    }
}

/// A name without what steers a terminal, ends a line or rearranges text.
fn shown(name: &str) -> String {
    let steers = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    name.chars().filter(|c| !steers(*c)).take(NAME_CHARACTERS).collect()
}
