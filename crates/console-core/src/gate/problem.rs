//! What can go wrong before the engine runs, each its own kind, because each needs other words.

use crate::config::StartError;
use identity::{EnrolmentError, OperatorError, OrganisationError};
use proto::session::CertificateProblem;
use std::path::{Path, PathBuf};
use vault::{OpenError, UnlockError, VaultError};

/// Why something before the session did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateProblem {
    /// The name is empty, too long, or has signs that no certificate can have.
    BadName,
    /// The new password has fewer characters than [`super::PASSWORD_LENGTH`].
    PasswordShort,
    /// The new password lacks small letters, capitals, digits or other signs.
    PasswordPlain,
    /// The new password is one of those that are tried first.
    PasswordCommon,
    /// The new password is made of the operator's own name.
    PasswordIsName,
    /// The new password was not typed the same twice.
    PasswordsDiffer,
    /// The new password is the old one.
    PasswordOld,
    /// Not this password.
    WrongPassword {
        /// Tries before the console waits.
        left: u8,
    },
    /// The vault's file is not one, or not whole any more.
    VaultDamaged(PathBuf),
    /// The vault's file needs a newer program.
    VaultNewer(PathBuf),
    /// A file cannot be read.
    NotRead(PathBuf),
    /// A file cannot be written.
    NotWritten(PathBuf),
    /// The request is not there; it is made again by signing in.
    NoRequest,
    /// The file is not an answer of an organisation.
    NotAnAnswer,
    /// The answer needs a newer program.
    AnswerNewer,
    /// The answer is for another key than this vault's.
    AnswerForAnotherKey,
    /// The answer is of another organisation than the one whose file is here.
    AnswerForeign,
    /// There is no organisation file.
    NoOrganisation(PathBuf),
    /// The organisation file is not one, or was changed.
    OrganisationDamaged,
    /// The organisation file needs a newer program.
    OrganisationNewer,
    /// The organisation file has ended.
    OrganisationExpired,
    /// The certificate does not hold.
    Certificate(CertificateProblem),
    /// The system gives no threads.
    System,
}

impl GateProblem {
    pub(super) fn of_vault(error: VaultError, path: &Path) -> Self {
        match error {
            VaultError::Newer => Self::VaultNewer(path.to_owned()),
            VaultError::NotAVault | VaultError::KeyMismatch => Self::VaultDamaged(path.to_owned()),
        }
    }

    pub(super) fn of_unlocking(error: UnlockError, path: &Path) -> Self {
        match error {
            UnlockError::Sealed(error) => Self::of_opening(error, path),
            // The window does not offer signing in before there is a certificate.
            UnlockError::NotEnrolled => Self::Certificate(CertificateProblem::Malformed),
        }
    }

    pub(super) fn of_opening(error: OpenError, path: &Path) -> Self {
        match error {
            // Who counts tries puts the number.
            OpenError::WrongPassword => Self::WrongPassword { left: 0 },
            OpenError::Damaged | OpenError::TooCostly => Self::VaultDamaged(path.to_owned()),
            OpenError::Newer => Self::VaultNewer(path.to_owned()),
        }
    }
}

impl From<EnrolmentError> for GateProblem {
    fn from(error: EnrolmentError) -> Self {
        match error {
            EnrolmentError::BadName => Self::BadName,
            EnrolmentError::Newer => Self::AnswerNewer,
            EnrolmentError::KeyMismatch => Self::AnswerForAnotherKey,
            EnrolmentError::Organisation(error) => error.into(),
            EnrolmentError::Operator(error) => error.into(),
            EnrolmentError::NotAnEnrolment | EnrolmentError::BadSignature => Self::NotAnAnswer,
        }
    }
}

impl From<OrganisationError> for GateProblem {
    fn from(error: OrganisationError) -> Self {
        match error {
            OrganisationError::NewerFormat => Self::OrganisationNewer,
            OrganisationError::Expired => Self::OrganisationExpired,
            OrganisationError::NotAnOrganisationFile
            | OrganisationError::TooLarge
            | OrganisationError::BadContent
            | OrganisationError::BadSignature => Self::OrganisationDamaged,
        }
    }
}

impl From<OperatorError> for GateProblem {
    fn from(error: OperatorError) -> Self {
        Self::Certificate(error.into())
    }
}

impl From<StartError> for GateProblem {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Organisation(error) => error.into(),
            StartError::Certificate(error) => error.into(),
            StartError::System(_) => Self::System,
        }
    }
}
