//! The keys of an organisation: one sealed file each, and the passphrases that open them.

use crate::Context;
use crate::failure::Failure;
use crate::files::{self, Readers};
use identity::{Authority, Seed};
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use vault::{OpenError, Sealed, open, seal};
use zeroize::Zeroizing;

/// Fewest characters of a passphrase: what it seals can speak for the organisation.
pub const PASSPHRASE_CHARACTERS: usize = 12;

const FORMAT: &str = "ponte-organisation-key";
const VERSION: u16 = 1;
/// Longest key file, in bytes.
pub(crate) const KEY_FILE_BYTES: usize = 16 * 1024;
const PASSPHRASE_FILE_BYTES: usize = 4 * 1024;

/// Which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyKind {
    Root,
    Issuing,
    Recovery,
}

impl KeyKind {
    fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Issuing => "issuing",
            Self::Recovery => "recovery",
        }
    }

    fn purpose(self) -> String {
        format!("organisation {} key", self.name())
    }

    pub(crate) fn path(self, folder: &Path) -> PathBuf {
        folder.join("secrets").join(format!("{}.json", self.name()))
    }
}

#[derive(Serialize, Deserialize)]
struct KeyFile {
    format: String,
    version: u16,
    key: KeyKind,
    sealed: Sealed,
}

impl Context<'_> {
    /// The passphrase of a key that is there.
    pub(crate) fn passphrase(&mut self, kind: KeyKind, file: Option<&Path>) -> Result<Zeroizing<String>, Failure> {
        if let Some(file) = file {
            return from_file(file);
        }
        let question = self.words.text(&format!("org-ask-{}", kind.name()));
        self.ask.passphrase(&question).map_err(|_| Failure::new("no-terminal"))
    }

    /// A passphrase for a key that is being made: typed twice, long enough.
    pub(crate) fn new_passphrase(&mut self, kind: KeyKind, file: Option<&Path>) -> Result<Zeroizing<String>, Failure> {
        let passphrase = self.typed_twice(&format!("org-ask-new-{}", kind.name()), file)?;
        if passphrase.chars().count() < PASSPHRASE_CHARACTERS {
            return Err(Failure::new("passphrase-short").with("characters", PASSPHRASE_CHARACTERS));
        }
        Ok(passphrase)
    }

    /// The first line of the file, or what is typed twice after this question.
    pub(crate) fn typed_twice(&mut self, question: &str, file: Option<&Path>) -> Result<Zeroizing<String>, Failure> {
        if let Some(file) = file {
            return from_file(file);
        }
        let first = self.ask.passphrase(&self.words.text(question)).map_err(|_| Failure::new("no-terminal"))?;
        let again = self.words.text("org-ask-again");
        let second = self.ask.passphrase(&again).map_err(|_| Failure::new("no-terminal"))?;
        if first == second { Ok(first) } else { Err(Failure::new("passphrases-differ")) }
    }

    /// Writes a key under its passphrase.
    pub(crate) fn seal_key(&self, kind: KeyKind, secret: &[u8; 32], passphrase: &str) -> Result<(), Failure> {
        let sealed = seal(passphrase, &kind.purpose(), secret, self.cost, &mut OsRng);
        let file = KeyFile { format: FORMAT.to_owned(), version: VERSION, key: kind, sealed };
        let path = kind.path(&self.folder);
        let mut bytes = serde_json::to_vec_pretty(&file).map_err(|error| Failure::write(&path, &error.into()))?;
        bytes.push(b'\n');
        files::write(&path, &bytes, Readers::Owner)
    }

    /// Reads a key, from its place or another one.
    pub(crate) fn open_key(&self, kind: KeyKind, at: Option<&Path>, passphrase: &str) -> Result<Seed, Failure> {
        let path = at.map_or_else(|| kind.path(&self.folder), Path::to_path_buf);
        let bytes = files::read(&path, KEY_FILE_BYTES)?;
        let broken = || Failure::new("key-broken").with("file", path.display());
        let file: KeyFile = serde_json::from_slice(&bytes).map_err(|_| broken())?;
        if file.format != FORMAT || file.key != kind {
            return Err(broken());
        }
        let secret = open(passphrase, &kind.purpose(), &file.sealed).map_err(|error| match error {
            OpenError::WrongPassword => Failure::new("wrong-passphrase").with("file", path.display()),
            OpenError::Newer => Failure::new("state-newer").with("file", path.display()),
            OpenError::Damaged | OpenError::TooCostly => broken(),
        })?;
        let secret = <[u8; 32]>::try_from(secret.as_slice()).map(Zeroizing::new).map_err(|_| broken())?;
        Ok(Seed::new(*secret))
    }

    /// The issuing authority, after its passphrase was asked for.
    pub(crate) fn issuing(&mut self, certificate: &[u8], file: Option<&Path>) -> Result<Authority, Failure> {
        let passphrase = self.passphrase(KeyKind::Issuing, file)?;
        let seed = self.open_key(KeyKind::Issuing, None, &passphrase)?;
        let path = KeyKind::Issuing.path(&self.folder);
        Authority::open(seed, certificate.to_vec())
            .map_err(|_| Failure::new("key-mismatch").with("file", path.display()))
    }
}

/// The first line of a file.
fn from_file(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let bytes = Zeroizing::new(files::read(path, PASSPHRASE_FILE_BYTES)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| Failure::new("passphrase-file").with("file", path.display()))?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(Failure::new("passphrase-file").with("file", path.display()));
    }
    Ok(Zeroizing::new(line.to_owned()))
}
