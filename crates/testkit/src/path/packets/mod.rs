//! The second form of the path emulator: two network namespaces with a device in each, and a task that
//! passes every packet of IP between the two, as late, as seldom and as slowly as was asked for.

mod forward;
mod namespace;

#[cfg(not(target_os = "linux"))]
#[path = "elsewhere.rs"]
mod system;
#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod system;

pub use forward::Punctuality;
pub use namespace::Namespace;

use super::script::{Playing, Script};
use super::{Conditions, Counts};
use forward::Forwarder;
use std::fmt;
use std::io::{self, PipeWriter, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

/// Why there are no real packets here: no right to make network namespaces, no `ip`, no device, another
/// system. Tests then take the first form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable(
    /// For the person who runs the tests.
    pub String,
);

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "network namespaces are not available: {}", self.0)
    }
}

impl std::error::Error for Unavailable {}

/// What the forwarding thread shares with whoever steers it.
#[derive(Debug, Default)]
struct Steered {
    conditions: Conditions,
    playing: Playing,
    counts: Counts,
    punctuality: Punctuality,
    ended: bool,
}

/// Two network namespaces and the path between them; dropping it removes all three.
#[derive(Debug)]
pub struct PacketPath {
    near: Namespace,
    far: Namespace,
    steered: Arc<Mutex<Steered>>,
    bell: PipeWriter,
    thread: Option<JoinHandle<()>>,
}

impl PacketPath {
    /// Makes both namespaces, with an address of each IP version, and the path between. `mtu` (1280 to
    /// 1500) is that of the devices, so what both systems know of; [`Conditions::longest_packet`] is what
    /// they do not know of. What happens by chance comes from `seed`.
    ///
    /// # Errors
    /// [`Unavailable`] where that is not possible, whatever the reason.
    pub fn start(seed: u64, mtu: u16, conditions: Conditions) -> Result<Self, Unavailable> {
        let reason = |error: io::Error| Unavailable(error.to_string());
        namespace::sweep();
        let (near, near_device) = Namespace::make(0, mtu).map_err(reason)?;
        let (far, far_device) = Namespace::make(1, mtu).map_err(reason)?;
        let (hearing, bell) = io::pipe().map_err(reason)?;
        let steered = Arc::new(Mutex::new(Steered { conditions, ..Steered::default() }));
        let forwarder = Forwarder::new([near_device, far_device], hearing, Arc::clone(&steered), seed);
        let thread = std::thread::Builder::new().name("packets".into()).spawn(|| forwarder.run()).map_err(reason)?;
        Ok(Self { near, far, steered, bell, thread: Some(thread) })
    }

    /// One side.
    #[must_use]
    pub fn near(&self) -> &Namespace {
        &self.near
    }

    /// The other side.
    #[must_use]
    pub fn far(&self) -> &Namespace {
        &self.far
    }

    /// Changes the path from now on and ends its script; what is under way arrives as it would have.
    pub fn change(&self, change: impl FnOnce(&mut Conditions)) {
        let mut steered = self.steered();
        steered.playing = Playing::default();
        change(&mut steered.conditions);
    }

    /// Plays a script from now on.
    pub fn play(&self, script: Script) {
        self.steered().playing = script.play(Instant::now());
        self.ring();
    }

    /// What became of every packet so far.
    ///
    /// # Panics
    /// When a packet is not accounted for: the emulator is broken.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let counts = self.steered().counts;
        assert!(counts.add_up(), "the path emulator has lost count: {counts:?}");
        counts
    }

    /// How far the emulator itself fell behind so far; see [`Punctuality::kept_up`].
    #[must_use]
    pub fn punctuality(&self) -> Punctuality {
        let overlooked = self.near.dropped_unseen() + self.far.dropped_unseen();
        Punctuality { overlooked, ..self.steered().punctuality }
    }

    fn steered(&self) -> MutexGuard<'_, Steered> {
        lock(&self.steered)
    }

    /// Makes the thread look at what it shares.
    fn ring(&self) {
        // It cannot fail but when the thread has ended.
        let _ = (&self.bell).write_all(&[0]);
    }
}

fn lock(steered: &Mutex<Steered>) -> MutexGuard<'_, Steered> {
    steered.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for PacketPath {
    fn drop(&mut self) {
        self.steered().ended = true;
        self.ring();
        if let Some(thread) = self.thread.take() {
            // It holds the devices; a panic of it has been printed.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
