//! What the window shows of the gate, as plain data, and what an operator can do there.

use super::calendar::Opening;
use super::problem::GateProblem;
use std::fmt;
use std::path::PathBuf;
use std::time::Instant;
use zeroize::Zeroizing;

/// Everything that the window shows of the gate at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateView {
    /// How far the operator is.
    pub stage: GateStage,
    /// What is being done now.
    pub busy: Option<Busy>,
    /// What went wrong last; until something else is done.
    pub problem: Option<GateProblem>,
    /// What was done last.
    pub done: Option<GateDone>,
    /// When work is allowed again, if it is not now.
    pub opening: Option<Opening>,
    /// Where the vault is.
    pub vault: PathBuf,
    /// Whether the organisation could give the vault another password.
    pub is_recoverable: bool,
}

/// How far the operator is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateStage {
    /// There is no key yet.
    Empty,
    /// There is a key, and the organisation has not answered yet.
    Requested {
        /// The operator's name.
        name: String,
        /// What is compared by telephone.
        fingerprint: String,
    },
    /// An answer holds; only the operator knows whether it is of the right organisation.
    Confirm(AnswerView),
    /// There are key and certificate, under a password.
    Locked {
        /// The operator's name.
        name: String,
        /// Until when no password is taken, after too many wrong ones.
        until: Option<Instant>,
    },
    /// Signed in.
    Open,
    /// The vault cannot be used; the problem says why.
    Unusable,
}

/// What an organisation answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerView {
    /// The name in the certificate.
    pub name: String,
    /// The team, if any.
    pub team: Option<String>,
    /// The organisation's display name.
    pub organisation: String,
    /// The organisation's domain.
    pub domain: String,
    /// When the certificate ends, in seconds since 1970.
    pub ends_at_s: u64,
    /// Where its days are counted.
    pub time_zone: String,
}

/// What takes a second or so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Busy {
    /// A key is drawn and sealed.
    MakingKey,
    /// The vault is opened.
    SigningIn,
    /// The key is sealed under another password.
    ChangingPassword,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateDone {
    /// The request is there.
    RequestSaved(PathBuf),
    /// The organisation's answer was taken.
    AnswerTaken,
    /// The password is another one.
    PasswordChanged,
}

/// What an operator can do at the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateCommand {
    /// Make a key, sealed under a password, and the request for a certificate.
    MakeKey {
        /// The operator's name.
        name: String,
        /// The password.
        password: Secret,
        /// The password once more.
        again: Secret,
    },
    /// Put the request into this folder.
    SaveRequest(PathBuf),
    /// Take the organisation's answer from this file.
    Import(PathBuf),
    /// The answer is of the right organisation.
    Accept,
    /// It is not.
    Decline,
    /// Open the vault.
    SignIn(Secret),
    /// Seal the key under another password.
    ChangePassword {
        /// The password until now.
        old: Secret,
        /// The new one.
        new: Secret,
        /// The new one once more.
        again: Secret,
    },
    /// Look at the files again.
    Reload,
}

/// A password: zeroed when dropped, and never printed.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
