//! Secrets at rest, sealed under a password or to an organisation's recovery key.
//!
//! Everything here is a pure function of bytes; randomness is an argument. What is absent: files,
//! prompts, and any rule about which passwords are good. A copied file is guarded by the password
//! and the cost of argon2id alone; nothing here can count wrong tries on a copy.
//!
//! Read [`seal`] and [`OperatorVault`] first.

mod operator;
mod records;
mod recovery;
mod sealed;
mod text;

pub use operator::{OperatorVault, UnlockError, VAULT_BYTES, VaultError};
pub use records::{RecordError, RecordsKey};
pub use recovery::{RecoveryKey, RecoverySealed, WrongKey, open_with, seal_to};
pub use sealed::{Cost, OpenError, Sealed, open, seal};
