//! What the machine is, holds and runs, read under a permit; and the end of a running program, under another.

mod facts;
pub(crate) mod fake;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod linux_network;
#[cfg(target_os = "linux")]
mod linux_records;

use consent::{EndProcess, Permit, SystemInfo};
use proto::machine::{Facts, Topic};
use proto::session::Ending;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;

/// Told once, when there is something to take.
pub type Ready = Box<dyn FnOnce() + Send>;

/// The machine that the agent runs on.
pub trait Machine: Send + Sync {
    /// Begins to read a page; `ready` is told when it is there. A disk may take its time, so nobody waits here.
    fn look(&self, permit: &Permit<'_, SystemInfo>, topic: Topic, ready: Ready) -> Looking;

    /// The running program with this number, if it is the one that was meant.
    ///
    /// # Errors
    /// [`Ending`], if it is gone, another by now, or must not be ended from here.
    fn find(&self, permit: &Permit<'_, SystemInfo>, wanted: &Wanted) -> Result<Box<dyn Target>, Ending>;
}

/// Which running program is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its number.
    pub pid: u32,
    /// Its name.
    pub name: String,
    /// When it started, in seconds since 1970.
    pub started_s: u64,
}

/// One running program, and never another that gets its number later.
pub trait Target: Send + Sync {
    /// Tells it to end; with `force` the system ends it.
    ///
    /// # Errors
    /// [`Ending`], if that was not to be done.
    fn end(&self, permit: &Permit<'_, EndProcess>, force: bool) -> Result<(), Ending>;

    /// Whether it has ended: all that is said of it without a permit, to whoever had one to find it.
    fn has_ended(&self) -> bool;
}

/// A page that is being read. What is found comes out only with a permit; who drops this gets nothing of it.
#[derive(Debug)]
pub struct Looking(Receiver<Option<Facts>>);

/// What has come of a look.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing yet.
    NotYet,
    /// This is not to be read here.
    Nothing,
    /// The page.
    Facts(Box<Facts>),
}

impl Looking {
    /// Reads on a thread of its own.
    pub(crate) fn start(read: impl FnOnce() -> Option<Facts> + Send + 'static, ready: Ready) -> Self {
        let (found, looking) = sync_channel(1);
        let reading = move || {
            // Fails only when nobody wants it any more.
            let _ = found.send(read());
            ready();
        };
        if let Err(error) = thread::Builder::new().name("machine".to_owned()).spawn(reading) {
            // The reader is gone with its closure, and so is what it was told: that reads as nothing.
            tracing::warn!(%error, "the machine could not be read");
        }
        Self(looking)
    }

    /// What has been found.
    pub fn take(&self, _: &Permit<'_, SystemInfo>) -> Found {
        match self.0.try_recv() {
            Ok(Some(facts)) => Found::Facts(Box::new(facts)),
            Ok(None) | Err(TryRecvError::Disconnected) => Found::Nothing,
            Err(TryRecvError::Empty) => Found::NotYet,
        }
    }
}

/// The machine itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThisMachine;

impl Machine for ThisMachine {
    fn look(&self, _: &Permit<'_, SystemInfo>, topic: Topic, ready: Ready) -> Looking {
        Looking::start(move || facts::read(topic), ready)
    }

    #[cfg(target_os = "linux")]
    fn find(&self, _: &Permit<'_, SystemInfo>, wanted: &Wanted) -> Result<Box<dyn Target>, Ending> {
        linux::find(wanted).map(|target| Box::new(target) as Box<dyn Target>)
    }

    #[cfg(not(target_os = "linux"))]
    fn find(&self, _: &Permit<'_, SystemInfo>, _: &Wanted) -> Result<Box<dyn Target>, Ending> {
        Err(Ending::Failed)
    }
}

/// What only some systems tell, and where that is not told.
#[cfg(target_os = "linux")]
use linux as own;
#[cfg(not(target_os = "linux"))]
mod own {
    //! A system that tells no more than every system does.

    use proto::machine::{Battery, Facts};

    pub(super) fn desktop() -> String {
        String::new()
    }

    pub(super) fn model() -> String {
        String::new()
    }

    pub(super) fn batteries() -> Vec<Battery> {
        Vec::new()
    }

    pub(super) struct Routes;

    impl Routes {
        pub(super) fn read() -> Self {
            Self
        }

        pub(super) fn way(&self, _: &str) -> super::facts::Way {
            super::facts::Way::default()
        }
    }

    pub(super) fn name_servers() -> Vec<String> {
        Vec::new()
    }

    pub(super) fn packages() -> Option<Facts> {
        None
    }

    pub(super) fn events() -> Option<Facts> {
        None
    }

    pub(super) fn can_end(_: u32, _: bool) -> bool {
        false
    }
}
