//! Linux: all programs that come from one, whatever they have done to get away, and their end.
//!
//! The process that keeps a shell is the one to which the system gives whoever loses their parent
//! (PR_SET_CHILD_SUBREAPER, prctl(2)), so whoever comes from it stays below it in proc_pid_stat(5). Should it be
//! ended itself, what it kept is still known by a mark in the environment that programs inherit; and as the system
//! gives those to the agent then, also whoever has taken the mark off is found.

use rustix::process::{Pid, Signal, kill_process, set_child_subreaper};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

/// The variable with the mark.
pub(super) const MARK: &str = "PONTE_SHELL";
/// How long all may take to be gone.
const WITHIN: Duration = Duration::from_secs(5);
/// The time between two looks.
const PACE: Duration = Duration::from_millis(5);
/// How often is looked for programs that were started meanwhile, before those that stand still are ended.
const ROUNDS: usize = 50;

/// Who belonged to this process before a keeper did.
#[derive(Debug)]
pub(super) struct Before(BTreeSet<u32>);

impl Before {
    /// From now on the system gives this process whoever loses their parent below it.
    pub(super) fn take_in() -> io::Result<Self> {
        set_child_subreaper(Some(rustix::process::getpid()))?;
        let me = std::process::id();
        Ok(Self(processes().into_iter().filter(|(_, stat)| stat.parent == me).map(|(process, _)| process).collect()))
    }
}

/// Ends all programs below `root`, which is spared, and all with this mark. They are stopped first, so that none can
/// start another meanwhile. Gives the number of those that are still there.
///
/// With what was `before`, also those that this process was given since, for a keeper that is gone: what it starts
/// itself, as to show a page, stays in its own session (setsid(2)), which the keeper left at once.
pub(super) fn end_all(root: u32, mark: &str, before: Option<&Before>) -> usize {
    let deadline = Instant::now() + WITHIN;
    let mut stopped = BTreeSet::new();
    for _ in 0..ROUNDS {
        let new: Vec<u32> = living(root, mark, before).into_iter().filter(|process| stopped.insert(*process)).collect();
        if new.is_empty() {
            break;
        }
        new.into_iter().for_each(|process| signal(process, Signal::STOP));
    }
    loop {
        let living = living(root, mark, before);
        living.iter().for_each(|process| signal(*process, Signal::KILL));
        if living.is_empty() || Instant::now() >= deadline {
            return living.len();
        }
        thread::park_timeout(PACE);
    }
}

fn signal(process: u32, signal: Signal) {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    // Fails if it has ended, which is what is wanted, or belongs to somebody else, which is counted.
    let _ = process.map(|process| kill_process(process, signal));
}

/// Those below `root`, given to this process since `before`, or with the mark, but `root` and this process itself.
fn living(root: u32, mark: &str, before: Option<&Before>) -> BTreeSet<u32> {
    let processes = processes();
    let mut found = BTreeSet::from([root]);
    if let Some(Before(before)) = before {
        let me = std::process::id();
        let session = processes.get(&me).map(|stat| stat.session);
        let is_given = |stat: &Stat| stat.parent == me && Some(stat.session) != session;
        let given = processes.iter().filter(|(process, stat)| is_given(stat) && !before.contains(process));
        found.extend(given.map(|(process, _)| *process));
    }
    loop {
        let more: Vec<u32> = processes
            .iter()
            .filter(|(process, stat)| found.contains(&stat.parent) && !found.contains(process))
            .map(|(process, _)| *process)
            .collect();
        if more.is_empty() {
            break;
        }
        found.extend(more);
    }
    found.extend(processes.keys().filter(|process| is_marked(**process, mark)));
    let is_living = |process: &u32| processes.get(process).is_some_and(|stat| !stat.has_ended);
    found.retain(|process| *process != root && *process != std::process::id() && is_living(process));
    found
}

struct Stat {
    parent: u32,
    session: u32,
    has_ended: bool,
}

/// Every process of this machine that can be seen: proc_pid_stat(5).
fn processes() -> BTreeMap<u32, Stat> {
    let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let stat = |process: u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name before may contain anything.
        let (_, rest) = stat.rsplit_once(')')?;
        let mut fields = rest.split_ascii_whitespace();
        let has_ended = matches!(fields.next()?, "Z" | "X");
        let (parent, _group, session) = (fields.next()?, fields.next()?, fields.next()?);
        // Of a process of another space of names there is no session here: 0.
        Some((process, Stat { parent: parent.parse().ok()?, session: session.parse().unwrap_or(0), has_ended }))
    };
    numbers.filter_map(stat).collect()
}

fn is_marked(process: u32, mark: &str) -> bool {
    let wanted = format!("{MARK}={mark}");
    let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
}
