//! A machine that a test makes up.

use super::{Looking, Machine, Ready, Target, Wanted};
use consent::{EndProcess, Permit, SystemInfo};
use proto::machine::{Fact, FactLine, Facts, Overview, Package, Process, ProcessName, Rows, SystemEvent, Topic};
use proto::session::Ending;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What a test may change and see.
#[derive(Debug, Default)]
struct State {
    /// Whether whoever looks has to wait.
    is_held: bool,
    looked: Vec<Topic>,
    processes: Vec<Process>,
    /// Those that do not end when they are told to.
    stubborn: Vec<u32>,
    ended: Vec<(u32, bool)>,
}

/// A machine with a few programs; its copies are the same one.
#[derive(Debug, Clone, Default)]
pub struct FakeMachine(Arc<(Mutex<State>, Condvar)>);

/// A program of the fake machine.
#[must_use]
pub fn process(pid: u32, name: &str, can_end: bool) -> Process {
    Process {
        pid,
        parent: 1,
        name: ProcessName::truncated(name),
        user: Fact::truncated(if can_end { "marco" } else { "root" }),
        cpu_permille: 10 * pid,
        memory_bytes: u64::from(pid) << 20,
        started_s: 1_700_000_000 + u64::from(pid),
        command: FactLine::truncated(&format!("/usr/bin/{name} --{pid}")),
        can_end,
    }
}

impl FakeMachine {
    /// With these programs.
    #[must_use]
    pub fn with(processes: Vec<Process>) -> Self {
        let machine = Self::default();
        machine.state().processes = processes;
        machine
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on whoever looks waits, or no longer.
    pub fn hold(&self, is_held: bool) {
        self.state().is_held = is_held;
        self.0.1.notify_all();
    }

    /// This program does not end when it is told to.
    pub fn make_stubborn(&self, pid: u32) {
        self.state().stubborn.push(pid);
    }

    /// What was looked at.
    #[must_use]
    pub fn looked(&self) -> Vec<Topic> {
        self.state().looked.clone()
    }

    /// Which programs were told to end, and whether by force.
    #[must_use]
    pub fn ended(&self) -> Vec<(u32, bool)> {
        self.state().ended.clone()
    }

    fn page(&self, topic: Topic) -> Option<Facts> {
        let state = self.0.1.wait_while(self.state(), |state| state.is_held).unwrap_or_else(PoisonError::into_inner);
        match topic {
            Topic::Overview => {
                let host = Fact::truncated("fake");
                Some(Facts::Overview(Overview { host, uptime_s: 3600, ..Overview::default() }))
            }
            Topic::Processes => Some(Facts::Processes(Rows::first_of(state.processes.clone()))),
            Topic::Packages => {
                let fact = Fact::truncated;
                let package = Package { name: fact("zlib1g"), version: fact("1.3"), architecture: fact("amd64") };
                Some(Facts::Packages(Rows::first_of(vec![package; 4000])))
            }
            Topic::Events => {
                let (source, text) = (Fact::truncated("kernel"), FactLine::truncated("a disk failed"));
                Some(Facts::Events(Rows::first_of(vec![SystemEvent { at_ms: 1, severity: 3, source, text }])))
            }
            Topic::Hardware | Topic::Disks | Topic::Network => None,
        }
    }
}

impl Machine for FakeMachine {
    fn look(&self, _: &Permit<'_, SystemInfo>, topic: Topic, ready: Ready) -> Looking {
        self.state().looked.push(topic);
        let machine = self.clone();
        Looking::start(move || machine.page(topic), ready)
    }

    fn find(&self, _: &Permit<'_, SystemInfo>, wanted: &Wanted) -> Result<Box<dyn Target>, Ending> {
        let state = self.state();
        let found = state.processes.iter().find(|process| {
            (process.pid, process.started_s, process.name.as_str()) == (wanted.pid, wanted.started_s, &wanted.name)
        });
        match found {
            None => Err(Ending::Gone),
            Some(process) if !process.can_end => Err(Ending::NotAllowed),
            Some(process) => Ok(Box::new(FakeTarget { machine: self.clone(), pid: process.pid })),
        }
    }
}

struct FakeTarget {
    machine: FakeMachine,
    pid: u32,
}

impl Target for FakeTarget {
    fn end(&self, _: &Permit<'_, EndProcess>, force: bool) -> Result<(), Ending> {
        if self.has_ended() {
            return Err(Ending::Gone);
        }
        let mut state = self.machine.state();
        state.ended.push((self.pid, force));
        if force || !state.stubborn.contains(&self.pid) {
            state.processes.retain(|process| process.pid != self.pid);
        }
        Ok(())
    }

    fn has_ended(&self) -> bool {
        !self.machine.state().processes.iter().any(|process| process.pid == self.pid)
    }
}
