//! Permits that borrow the state machine, and leases that let threads act inside a read lock.
//!
//! A [`Permit`] borrows [`Consent`], so revoking while one is held does not compile. Across threads
//! the same holds by a lock: [`Lease::with`] reads, [`ConsentCell::revoke`] writes, so that nothing
//! is in flight when it returns. Never wait for anything inside [`Lease::with`].

use crate::state::{Answer, AskError, Consent, Outcome, Question, Scope};
use proto::session::{Asking, Capability, Decision, Request, RequestId, TransferId};
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;

mod sealed {
    pub trait Sealed {}
}

/// A power at the level of types.
pub trait Kind: sealed::Sealed + Send + Sync + 'static {
    /// The same power as a value.
    const CAPABILITY: Capability;
}

macro_rules! kind {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub enum $name {}
        impl sealed::Sealed for $name {}
        impl Kind for $name {
            const CAPABILITY: Capability = Capability::$name;
        }
    )*};
}

kind! {
    /// Seeing the screen.
    View;
    /// Using mouse and keyboard.
    Control;
    /// Receiving one batch of files from the operator.
    SendFile;
    /// Giving one batch of files to the operator.
    FetchFile;
    /// Reading what the machine is, holds and runs.
    SystemInfo;
    /// Ending one running program.
    EndProcess;
    /// Entering commands in a terminal.
    Shell;
    /// Reading and filling the clipboard.
    Clipboard;
}

/// Proof that a power is granted right now; lives no longer than the borrow of [`Consent`].
#[derive(Debug)]
pub struct Permit<'a, K: Kind> {
    _consent: &'a Consent,
    _kind: PhantomData<K>,
}

impl Consent {
    /// The proof that this is granted right now. For files name the transfer.
    #[must_use]
    pub fn permit<K: Kind>(&self, transfer: Option<TransferId>) -> Option<Permit<'_, K>> {
        self.generation_of(Scope { capability: K::CAPABILITY, transfer })
            .map(|_| Permit { _consent: self, _kind: PhantomData })
    }
}

/// The power was taken back, or the session has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the consent was taken back")]
pub struct Revoked;

/// One session's consent, shared between the threads that act on it.
#[derive(Debug, Clone, Default)]
pub struct ConsentCell(Arc<RwLock<Consent>>);

impl ConsentCell {
    /// Nothing granted.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    // A panic inside `Lease::with` leaves the state as it was: `Consent` is only changed by its own methods.
    fn read(&self) -> RwLockReadGuard<'_, Consent> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Consent> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing granted; how each power is asked for.
    #[must_use]
    pub fn with_rules(rules: BTreeMap<Capability, Asking>) -> Self {
        Self(Arc::new(RwLock::new(Consent::with_rules(rules))))
    }

    /// See [`Consent::asking`].
    #[must_use]
    pub fn asking(&self, capability: Capability) -> Asking {
        self.read().asking(capability)
    }

    /// See [`Consent::ask`].
    ///
    /// # Errors
    /// [`AskError`].
    pub fn ask(&self, now: Instant, id: RequestId, request: Request) -> Result<(), AskError> {
        self.write().ask(now, id, request)
    }

    /// See [`Consent::reserve`].
    ///
    /// # Errors
    /// [`AskError`].
    pub fn reserve(&self, id: RequestId) -> Result<(), AskError> {
        self.write().reserve(id)
    }

    /// See [`Consent::open_question`].
    #[must_use]
    pub fn open_question(&self) -> Option<Question> {
        self.read().open_question().cloned()
    }

    /// See [`Consent::is_asked`].
    #[must_use]
    pub fn is_asked(&self, id: RequestId) -> bool {
        self.read().is_asked(id)
    }

    /// See [`Consent::mark_shown`].
    pub fn mark_shown(&self, now: Instant, id: RequestId) {
        self.write().mark_shown(now, id);
    }

    /// See [`Consent::answer`].
    pub fn answer(&self, now: Instant, id: RequestId, answer: Answer) -> bool {
        self.write().answer(now, id, answer)
    }

    /// See [`Consent::is_barred`].
    #[must_use]
    pub fn is_barred(&self, capability: Capability) -> bool {
        self.read().is_barred(capability)
    }

    /// See [`Consent::allow_asking`].
    pub fn allow_asking(&self, capability: Capability) {
        self.write().allow_asking(capability);
    }

    /// See [`Consent::close_question`].
    pub fn close_question(&self, id: RequestId, decision: Decision) {
        self.write().close_question(id, decision);
    }

    /// See [`Consent::revoke`]; when it returns, nothing acts on that grant any more.
    pub fn revoke(&self, scope: Scope) {
        self.write().revoke(scope);
    }

    /// See [`Consent::revoke_all`]; when it returns, nothing acts on those grants any more.
    pub fn revoke_all(&self, capability: Capability) {
        self.write().revoke_all(capability);
    }

    /// See [`Consent::use_over`]; when it returns, nothing acts on that grant any more.
    pub fn use_over(&self, scope: Scope) {
        self.write().use_over(scope);
    }

    /// See [`Consent::release`]; when it returns, nothing acts on those grants any more.
    pub fn release(&self, capability: Capability) {
        self.write().release(capability);
    }

    /// See [`Consent::line_broke`]; when it returns, nothing acts on those grants any more.
    pub fn line_broke(&self) {
        self.write().line_broke();
    }

    /// See [`Consent::hold`]; when it returns, nothing acts on the grants that are held back.
    pub fn hold(&self) {
        self.write().hold();
    }

    /// See [`Consent::resume`].
    pub fn resume(&self) {
        self.write().resume();
    }

    /// See [`Consent::is_held`].
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.read().is_held()
    }

    /// See [`Consent::forget`].
    pub fn forget(&self, scope: Scope) {
        self.write().forget(scope);
    }

    /// See [`Consent::end`]; when it returns, nothing acts any more.
    pub fn end(&self) {
        self.write().end();
    }

    /// See [`Consent::has_ended`].
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.read().has_ended()
    }

    /// See [`Consent::handle_timeout`].
    pub fn handle_timeout(&self, now: Instant) {
        self.write().handle_timeout(now);
    }

    /// See [`Consent::poll_timeout`].
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.read().poll_timeout()
    }

    /// See [`Consent::poll_output`].
    #[must_use]
    pub fn poll_output(&self) -> Option<Outcome> {
        // Mostly there is none: then whoever acts under a lease is not made to wait.
        if self.read().has_output() { self.write().poll_output() } else { None }
    }

    /// Everything granted now.
    #[must_use]
    pub fn granted(&self) -> Vec<Scope> {
        self.read().granted().collect()
    }

    /// Whether this is granted now.
    #[must_use]
    pub fn is_granted(&self, scope: Scope) -> bool {
        self.read().is_granted(scope)
    }

    /// A lease on the grant that stands now, `None` if there is none. For files name the transfer.
    #[must_use]
    pub fn lease<K: Kind>(&self, transfer: Option<TransferId>) -> Option<Lease<K>> {
        let scope = Scope { capability: K::CAPABILITY, transfer };
        let generation = self.read().generation_of(scope)?;
        Some(Lease { cell: self.clone(), scope, generation, _kind: PhantomData })
    }
}

/// The right of a thread to act as long as one certain grant stands; a later grant of the same
/// power does not revive it.
#[derive(Debug)]
pub struct Lease<K: Kind> {
    cell: ConsentCell,
    scope: Scope,
    generation: u64,
    _kind: PhantomData<K>,
}

impl<K: Kind> Clone for Lease<K> {
    fn clone(&self) -> Self {
        Self { cell: self.cell.clone(), scope: self.scope, generation: self.generation, _kind: PhantomData }
    }
}

impl<K: Kind> Lease<K> {
    /// Acts while the grant is sure to stand. `act` must not wait.
    ///
    /// # Errors
    /// [`Revoked`] if that grant stands no more; `act` is then not called.
    pub fn with<R>(&self, act: impl FnOnce(&Permit<'_, K>) -> R) -> Result<R, Revoked> {
        let consent = self.cell.read();
        if consent.generation_of(self.scope) != Some(self.generation) {
            return Err(Revoked);
        }
        Ok(act(&Permit { _consent: &consent, _kind: PhantomData }))
    }

    /// Whether the grant stands at this moment.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.cell.read().generation_of(self.scope) == Some(self.generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn grant(cell: &ConsentCell, id: u32) {
        cell.ask(Instant::now(), RequestId(id), Request::View).unwrap();
        cell.mark_shown(Instant::now(), RequestId(id));
        assert!(cell.answer(Instant::now(), RequestId(id), Answer::Allow));
    }

    #[test]
    fn a_lease_does_not_come_back_with_a_new_grant() {
        let cell = ConsentCell::new();
        grant(&cell, 1);
        let lease = cell.lease::<View>(None).unwrap();
        assert_eq!(lease.with(|_| 5), Ok(5));
        cell.revoke_all(Capability::View);
        assert_eq!(lease.with(|_| 5), Err(Revoked));
        grant(&cell, 2);
        assert_eq!(lease.with(|_| 5), Err(Revoked));
        assert!(cell.lease::<Control>(None).is_none());
    }

    #[test]
    fn what_is_held_back_acts_neither_meanwhile_nor_by_an_old_lease_afterwards() {
        let cell = ConsentCell::new();
        grant(&cell, 1);
        let before = cell.lease::<View>(None).unwrap();
        cell.hold();
        assert_eq!((before.with(|_| 5), before.is_live()), (Err(Revoked), false));
        assert!(cell.lease::<View>(None).is_none() && cell.read().permit::<View>(None).is_none());
        assert!(cell.is_granted(Scope { capability: Capability::View, transfer: None }), "nothing was taken back");
        // A yes in the meantime is one, and waits as well.
        cell.ask(Instant::now(), RequestId(2), Request::Control).unwrap();
        cell.mark_shown(Instant::now(), RequestId(2));
        assert!(cell.answer(Instant::now(), RequestId(2), Answer::Allow));
        assert!(cell.lease::<Control>(None).is_none());
        cell.resume();
        assert_eq!((before.with(|_| 5), before.is_live()), (Err(Revoked), false));
        assert_eq!(cell.lease::<View>(None).unwrap().with(|_| 5), Ok(5));
        assert_eq!(cell.lease::<Control>(None).unwrap().with(|_| 5), Ok(5));
    }

    #[test]
    fn nothing_is_in_flight_when_revoke_returns() {
        let cell = ConsentCell::new();
        grant(&cell, 1);
        let lease = cell.lease::<View>(None).unwrap();
        let acting = Arc::new(AtomicBool::new(false));
        let (began, first) = std::sync::mpsc::sync_channel(1);
        let thread = std::thread::spawn({
            let acting = Arc::clone(&acting);
            move || {
                while lease
                    .with(|_| {
                        acting.store(true, Ordering::SeqCst);
                        let _ = began.try_send(());
                        for _ in 0..1000 {
                            std::hint::spin_loop();
                        }
                        acting.store(false, Ordering::SeqCst);
                    })
                    .is_ok()
                {}
            }
        });
        first.recv().unwrap();
        cell.end();
        for _ in 0..10_000 {
            assert!(!acting.load(Ordering::SeqCst));
        }
        thread.join().unwrap();
    }
}
