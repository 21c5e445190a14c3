//! An operator's chain and key, as they are in memory once the operator has signed in.

use crate::seed::Seed;

/// An operator's certificates and key. Whoever has this *is* the operator until the certificate ends or is
/// revoked: it has no form on the disk, where the key rests sealed under a password. No `Debug`.
#[derive(Clone)]
pub struct OperatorFile {
    /// Leaf first, then the issuing authority; DER.
    pub chain: Vec<Vec<u8>>,
    /// The leaf's key.
    pub seed: Seed,
}
