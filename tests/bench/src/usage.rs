//! What the system says of running programs: processor and memory (proc(5)).

use crate::Failure;
use crate::report::{Figure, names};
use clap::Args;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Nanoseconds per second.
const NANOS: f64 = 1e9;
/// KiB per MiB.
const MIB: f64 = 1024.0;

/// The processor time of each thread of a program so far, in nanoseconds.
#[derive(Debug, Clone)]
pub(crate) struct Processor(BTreeMap<String, u64>);

impl Processor {
    /// Of the program with this id.
    pub(crate) fn of(program: u32) -> Result<Self, Failure> {
        let mut threads = BTreeMap::new();
        for thread in fs::read_dir(format!("/proc/{program}/task"))? {
            let thread = thread?;
            // A thread that ends while it is looked at has no file any more.
            let Ok(text) = fs::read_to_string(thread.path().join("schedstat")) else { continue };
            let nanos = text.split_whitespace().next().ok_or("no processor time of a thread")?.parse()?;
            threads.insert(thread.file_name().to_string_lossy().into_owned(), nanos);
        }
        if threads.is_empty() { Err("the program has ended".into()) } else { Ok(Self(threads)) }
    }

    /// Seconds of processor used since then; what a thread that has ended used last is not in it.
    pub(crate) fn seconds_since(&self, before: &Self) -> f64 {
        let since = |(thread, now): (&String, &u64)| {
            now.saturating_sub(before.0.get(thread).copied().unwrap_or_default()) as f64
        };
        self.0.iter().map(since).sum::<f64>() / NANOS
    }
}

/// Memory of a program in MiB.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Memory {
    /// In RAM, what it shares with others counted whole.
    pub(crate) resident: f64,
    /// In RAM, what it shares with others counted by its share.
    pub(crate) proportional: f64,
    /// In RAM and of nobody else.
    pub(crate) private: f64,
}

impl Memory {
    /// Of the program with this id.
    pub(crate) fn of(program: u32) -> Result<Self, Failure> {
        Self::read(&fs::read_to_string(format!("/proc/{program}/smaps_rollup"))?)
    }

    fn read(rollup: &str) -> Result<Self, Failure> {
        let mib = |name: &str| {
            let line = rollup.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
            kib.map(|kib| kib / MIB).ok_or_else(|| Failure::from(format!("the system does not tell {name}")))
        };
        let private = mib("Private_Clean")? + mib("Private_Dirty")?;
        Ok(Self { resident: mib("Rss")?, proportional: mib("Pss")?, private })
    }
}

/// Which programs are watched, and for how long.
#[derive(Debug, Args)]
pub struct Options {
    /// Add the rows to those in this file, which is made
    file: PathBuf,
    /// For how many seconds, all rounds together
    #[arg(long)]
    seconds: u32,
    /// In how many rounds
    #[arg(long, default_value_t = 4)]
    rounds: u32,
    /// `relay-alone`, `relay-paired`, `agent`, `console` or `empty`, = and the id of the process
    #[arg(required = true, value_parser = program, value_name = "PROGRAM=PID")]
    programs: Vec<(&'static str, u32)>,
}

/// The way's name and the process.
fn program(text: &str) -> Result<(&'static str, u32), String> {
    let (program, id) = text.split_once('=').ok_or("no = in it")?;
    let way = match program {
        "relay-alone" => names::RELAY_ALONE,
        "relay-paired" => names::RELAY_PAIRED,
        "agent" => names::AGENT,
        "console" => names::CONSOLE,
        "empty" => names::EMPTY,
        _ => return Err("no such program".into()),
    };
    Ok((way, id.parse().map_err(|error| format!("{id}: {error}"))?))
}

/// Watches programs that do nothing, all at the same time.
///
/// # Errors
/// A program has ended, or the file cannot be written.
pub async fn watch(Options { file, seconds, rounds, programs }: &Options) -> Result<(), Failure> {
    let lasts = Duration::from_secs((*seconds).into());
    watch_for(file, programs, lasts, (*rounds).max(1)).await
}

async fn watch_for(file: &Path, programs: &[(&'static str, u32)], lasts: Duration, rounds: u32) -> Result<(), Failure> {
    let mut samples = vec![Vec::new(); programs.len()];
    for _ in 0..rounds {
        let before = programs.iter().map(|(_, id)| Processor::of(*id)).collect::<Result<Vec<_>, _>>()?;
        let begin = Instant::now();
        sleep(lasts / rounds).await;
        let took = begin.elapsed().as_secs_f64();
        for (((_, id), before), samples) in programs.iter().zip(&before).zip(&mut samples) {
            let share = Processor::of(*id)?.seconds_since(before) * 100.0 / took;
            samples.push((share, Memory::of(*id)?));
        }
    }
    let mut rows = rows(file)?;
    for ((way, _), samples) in programs.iter().zip(&samples) {
        let mut add = |name: &str, unit: &str, pick: fn(&(f64, Memory)) -> f64| {
            rows.push(Figure::new(name, way, unit, samples.iter().map(|sample| Some(pick(sample))).collect()));
        };
        add(names::IDLE, "% of a core", |(share, _)| *share);
        add(names::PROPORTIONAL, "MiB", |(_, memory)| memory.proportional);
        add(names::PRIVATE, "MiB", |(_, memory)| memory.private);
        add(names::RESIDENT, "MiB", |(_, memory)| memory.resident);
    }
    Ok(fs::write(file, serde_json::to_string_pretty(&rows)?)?)
}

/// The rows that [`watch`] has written to a file so far.
///
/// # Errors
/// The file cannot be read; one that is not there has no rows.
pub(crate) fn rows(file: &Path) -> Result<Vec<Figure>, Failure> {
    if !file.exists() {
        return Ok(Vec::new());
    }
    Ok(serde_json::from_slice(&fs::read(file)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_mebibytes() {
        let rollup = "00400000-7fff [rollup]\nRss:   2048 kB\nPss:    512 kB\nPss_Dirty: 1 kB\n\
                      Private_Clean:  256 kB\nPrivate_Dirty:  768 kB\n";
        let memory = Memory::read(rollup).unwrap();
        assert_eq!(memory, Memory { resident: 2.0, proportional: 0.5, private: 1.0 });
        assert!(Memory::read("Rss: 1 kB\n").is_err());
    }

    #[test]
    fn a_program_is_named_with_its_process() {
        assert_eq!(program("agent=7"), Ok((names::AGENT, 7)));
        for wrong in ["agent", "agent=", "somebody=7", "agent=-7"] {
            assert!(program(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_thread_that_came_or_went_does_not_spoil_the_others() {
        let processor = |threads: &[(&str, u64)]| {
            Processor(threads.iter().map(|(thread, nanos)| ((*thread).to_owned(), *nanos)).collect())
        };
        let before = processor(&[("stays", 1_000_000_000), ("goes", 9_000_000_000)]);
        let after = processor(&[("stays", 1_500_000_000), ("comes", 250_000_000)]);
        assert_eq!(after.seconds_since(&before), 0.75);
    }

    #[tokio::test]
    async fn rows_of_several_looks_stand_in_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rows.json");
        let own = std::process::id();
        for way in ["one", "two"] {
            watch_for(&file, &[(way, own)], Duration::from_millis(4), 2).await.unwrap();
        }
        let rows = rows(&file).unwrap();
        let ways: Vec<_> = rows.iter().filter(|row| row.name == names::RESIDENT).map(|row| row.way.as_str()).collect();
        assert_eq!(ways, ["one", "two"]);
        assert!(rows.iter().all(|row| row.values.len() == 2 && row.values.iter().all(Option::is_some)));
    }
}
