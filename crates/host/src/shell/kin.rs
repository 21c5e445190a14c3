//! Linux: all programs that come from one, whatever they have done to get away, and their end.
//!
//! The process that keeps a shell is the one to which the system gives whoever loses their parent
//! (PR_SET_CHILD_SUBREAPER, prctl(2)), so whoever comes from it stays below it in proc_pid_stat(5). Should it be
//! ended itself, what it kept is still known by a mark in the environment that programs inherit.

use rustix::process::{Pid, Signal, kill_process};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
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

/// Ends all programs below `root`, which is spared, and all with this mark. They are stopped first, so that none can
/// start another meanwhile. Gives the number of those that are still there.
pub(super) fn end_all(root: u32, mark: &str) -> usize {
    let deadline = Instant::now() + WITHIN;
    let mut stopped = BTreeSet::new();
    for _ in 0..ROUNDS {
        let new: Vec<u32> = living(root, mark).into_iter().filter(|process| stopped.insert(*process)).collect();
        if new.is_empty() {
            break;
        }
        new.into_iter().for_each(|process| signal(process, Signal::STOP));
    }
    loop {
        let living = living(root, mark);
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

/// Those below `root` or with the mark, but `root` and this process itself.
fn living(root: u32, mark: &str) -> BTreeSet<u32> {
    let processes = processes();
    let mut found = BTreeSet::from([root]);
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
        let state = fields.next()?;
        Some((process, Stat { parent: fields.next()?.parse().ok()?, has_ended: matches!(state, "Z" | "X") }))
    };
    numbers.filter_map(stat).collect()
}

fn is_marked(process: u32, mark: &str) -> bool {
    let wanted = format!("{MARK}={mark}");
    let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
}
