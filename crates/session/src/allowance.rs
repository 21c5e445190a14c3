//! By what right files come in.

use consent::{Kind, Lease};

/// What a transfer may go on by: the person's yes on their machine, nothing but the operator's own wish on the other.
pub trait Allowance: Clone + Send + 'static {
    /// Whether it stands at this moment.
    fn stands(&self) -> bool;

    /// Acts while it is sure to stand, and not after it is gone. `act` must not wait.
    fn act<R>(&self, act: impl FnOnce() -> R) -> Option<R>;
}

impl<K: Kind + Clone + Send + 'static> Allowance for Lease<K> {
    fn stands(&self) -> bool {
        self.is_live()
    }

    fn act<R>(&self, act: impl FnOnce() -> R) -> Option<R> {
        self.with(|_| act()).ok()
    }
}

/// Nobody takes it back.
#[derive(Debug, Clone, Copy)]
pub struct Own;

impl Allowance for Own {
    fn stands(&self) -> bool {
        true
    }

    fn act<R>(&self, act: impl FnOnce() -> R) -> Option<R> {
        Some(act())
    }
}
