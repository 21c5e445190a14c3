//! `cargo xtask fuzz`: every decoder that sees a peer's bytes, under libFuzzer; see `tests/fuzz/README.md`.

use crate::run::{self, Context, Failure};
use clap::Args;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// One input may take so long, in seconds; they take milliseconds, but other programs may run here.
const INPUT_SECONDS: u32 = 30;
/// What the whole process may hold, in MiB; a single decoder is bounded far below by its target.
const MEMORY_MIB: u32 = 1024;
/// Longest input, in bytes: several messages, packets or updates.
const INPUT_BYTES: u32 = 16 * 1024;
/// How long short inputs have to find nothing new before longer ones are tried; libFuzzer's own 100 is for long runs.
const LENGTH_CONTROL: u32 = 20;

/// Inputs of each target in a test: the largest corpus has 300, the slowest target does 500 a second.
const TEST_RUNS: u32 = 2000;
/// A test ends after so many seconds of a target even if it has not run them all.
const TEST_SECONDS: u32 = 60;

/// What makes the compiler count and compare for libFuzzer; its own instrumentation, which is in every stable compiler.
const INSTRUMENTED: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-sanitizer-coverage-stack-depth",
    // Keeps each condition a branch of its own.
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
];

/// What is fuzzed and for how long.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which targets; all without names
    targets: Vec<String>,
    /// How long each, after its corpus was run
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// How many inputs each at the most, its corpus among them
    #[arg(long)]
    runs: Option<u32>,
    /// How many at a time
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Take what was found into the corpora, as little of it as reaches the same code
    #[arg(long)]
    keep: bool,
    /// What happens by chance comes from this, and what earlier runs found is left aside: the run can be repeated
    #[arg(long)]
    seed: Option<u32>,
    /// First write what the corpora begin with again, from the encoders as they are now
    #[arg(long)]
    seeds: bool,
}

impl Options {
    /// All corpora and some inputs by chance for each target; counted and not timed, so that they are the same ones
    /// on every machine.
    pub(crate) fn for_test() -> Self {
        Self {
            targets: Vec::new(),
            seconds: TEST_SECONDS,
            runs: Some(TEST_RUNS),
            jobs: 2,
            keep: false,
            seed: Some(1),
            seeds: false,
        }
    }
}

/// The folders of the fuzz crate.
struct Places {
    fuzz: PathBuf,
    programs: PathBuf,
}

impl Places {
    fn corpus(&self, target: &str) -> PathBuf {
        self.fuzz.join("corpus").join(target)
    }

    /// What runs find; stays on this machine unless it is kept.
    fn found(&self, target: &str) -> PathBuf {
        self.fuzz.join("target/found").join(target)
    }

    /// What a run with a seed finds; empty before it.
    fn found_again(&self, target: &str) -> PathBuf {
        self.fuzz.join("target/found-again").join(target)
    }

    fn artifacts(&self, target: &str) -> PathBuf {
        self.fuzz.join("artifacts").join(target)
    }

    fn log(&self, target: &str) -> PathBuf {
        self.fuzz.join("target/logs").join(format!("{target}.log"))
    }
}

/// Builds all targets, runs the chosen ones and says what came of each.
pub(crate) fn fuzz(options: &Options) -> Result<(), Failure> {
    let root = run::workspace()?;
    let fuzz = root.join("tests/fuzz");
    let all = targets(&fuzz)?;
    if let Some(unknown) = options.targets.iter().find(|name| !all.contains(name)) {
        return Err(format!("no target {unknown}; there are: {}", all.join(" ")).into());
    }
    let chosen = if options.targets.is_empty() { all } else { options.targets.clone() };
    let programs = build(&root, &fuzz, options.seeds)?;
    if options.seeds {
        run::run(&mut Command::new(programs.join("examples/seeds")))?;
    }
    let places = Places { fuzz, programs };

    let waiting = Mutex::new(chosen.iter().collect::<VecDeque<_>>());
    let failed = Mutex::new(Vec::new());
    println!("{:18} {:>10} {:>7} {:>7} {:>6}  result", "target", "runs", "cover", "new", "files");
    thread::scope(|scope| {
        for _ in 0..options.jobs.clamp(1, chosen.len()) {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(target) = next else { return };
                    let line = match one(&places, target, options) {
                        Ok(line) => line,
                        Err(failure) => {
                            failed.lock().unwrap_or_else(PoisonError::into_inner).push(target.clone());
                            format!("{target:18} FAILED: {failure}")
                        }
                    };
                    println!("{line}");
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    if failed.is_empty() { Ok(()) } else { Err(format!("fuzzing found something in {}", failed.join(" ")).into()) }
}

/// The targets: one file each.
fn targets(fuzz: &Path) -> Result<Vec<String>, Failure> {
    let folder = fuzz.join("targets");
    let entries = fs::read_dir(&folder).context(folder.display())?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| Some(Path::new(&entry.file_name()).file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// Builds every target with the fuzzer's instrumentation and returns where the programs are. Without a sanitizer, which
/// only a nightly compiler has: there is no `unsafe` in what is fuzzed, and each target bounds what is allocated.
fn build(root: &Path, fuzz: &Path, seeds: bool) -> Result<PathBuf, Failure> {
    let version = run::output(Command::new("rustc").arg("-vV").current_dir(root))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc does not say its host")?;
    let target = fuzz.join("target");
    run::run(
        Command::new("cargo")
            // Not locked: these have a lock of their own, which follows what the crates of the product depend on.
            .args(["build", "--quiet", "--release", "--bins"])
            .args(seeds.then_some("--examples"))
            // With a target, what runs while building is not instrumented.
            .args(["--target", host, "--manifest-path"])
            .arg(fuzz.join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", &target)
            .env("CARGO_ENCODED_RUSTFLAGS", INSTRUMENTED.join("\u{1f}"))
            .current_dir(root),
    )?;
    Ok(target.join(host).join("release"))
}

/// Runs one target and returns the line about it.
fn one(places: &Places, target: &str, options: &Options) -> Result<String, Failure> {
    let (corpus, artifacts, log) = (places.corpus(target), places.artifacts(target), places.log(target));
    let found = if options.seed.is_some() { places.found_again(target) } else { places.found(target) };
    if options.seed.is_some() && found.exists() {
        fs::remove_dir_all(&found).context(found.display())?;
    }
    for folder in [corpus.as_path(), &found, &artifacts, log.parent().unwrap_or(&places.fuzz)] {
        fs::create_dir_all(folder).context(folder.display())?;
    }
    let mut command = program(places, target);
    command
        .arg(format!("-max_total_time={}", options.seconds))
        .arg(format!("-timeout={INPUT_SECONDS}"))
        .arg(format!("-rss_limit_mb={MEMORY_MIB}"))
        .arg(format!("-malloc_limit_mb={}", MEMORY_MIB / 2))
        .arg(format!("-max_len={INPUT_BYTES}"))
        .arg(format!("-len_control={LENGTH_CONTROL}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args(["-print_final_stats=1", "-reload=0"])
        .args([&found, &corpus]);
    if let Some(seed) = options.seed {
        command.arg(format!("-seed={seed}"));
    }
    if let Some(runs) = options.runs {
        command.arg(format!("-runs={runs}"));
    }
    let dictionary = places.fuzz.join("dictionaries").join(format!("{target}.dict"));
    if dictionary.exists() {
        command.arg(format!("-dict={}", dictionary.display()));
    }
    let result = wait(logged(&mut command, &log)?);
    let text = fs::read_to_string(&log).context(log.display())?;
    let outcome = Outcome::read(&text);
    if result.is_err() {
        let reason = outcome.crash.unwrap_or_else(|| "it ended early".into());
        let input = outcome.input.map(|input| format!("; the input in base64: {input}")).unwrap_or_default();
        return Err(format!("{reason}; see {}{input}", log.display()).into());
    }
    if options.keep {
        wait(logged(
            program(places, target).args(["-merge=1"]).args([&corpus, &found]),
            &places.log(&format!("{target}-merge")),
        )?)?;
    }
    let files = fs::read_dir(&corpus).map_or(0, Iterator::count);
    let new = outcome.covered.saturating_sub(outcome.covered_by_corpus);
    Ok(format!("{target:18} {:>10} {:>7} {new:>7} {files:>6}  no crash", outcome.runs, outcome.covered))
}

fn program(places: &Places, target: &str) -> Command {
    let mut command = Command::new(places.programs.join(target));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn logged(command: &mut Command, log: &Path) -> Result<Child, Failure> {
    let file = File::create(log).context(log.display())?;
    command.stderr(file).spawn().context(command.get_program().to_string_lossy())
}

fn wait(mut child: Child) -> Result<(), Failure> {
    let status = child.wait().context("a target")?;
    if status.success() { Ok(()) } else { Err(format!("it ended with {status}").into()) }
}

/// What libFuzzer's log says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    runs: u64,
    covered_by_corpus: u64,
    covered: u64,
    crash: Option<String>,
    /// What made it crash, in base64.
    input: Option<String>,
}

impl Outcome {
    fn read(log: &str) -> Self {
        let mut outcome = Self::default();
        let mut lines = log.lines();
        while let Some(line) = lines.next() {
            if let Some(runs) = line.strip_prefix("stat::number_of_executed_units:") {
                outcome.runs = runs.trim().parse().unwrap_or_default();
            } else if let Some((_, cover)) = line.split_once(" cov: ") {
                let cover = cover.split_whitespace().next().and_then(|cover| cover.parse().ok()).unwrap_or_default();
                if line.contains("INITED") {
                    outcome.covered_by_corpus = cover;
                }
                outcome.covered = outcome.covered.max(cover);
            } else if let Some((_, at)) = line.split_once("panicked at ") {
                // The message stands on the line below.
                let message = lines.next().unwrap_or_default();
                outcome.crash.get_or_insert_with(|| format!("a panic at {at} {message}"));
            } else if line.contains("ERROR: libFuzzer: ") {
                let reason = line.split("libFuzzer: ").nth(1).unwrap_or_default();
                outcome.crash.get_or_insert_with(|| reason.to_owned());
            } else if let Some(input) = line.strip_prefix("Base64: ") {
                outcome.input = Some(input.to_owned());
            }
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_of_a_run_is_read() {
        let log = "#3\tINITED cov: 120 ft: 130 corp: 2/10b\n#90\tNEW    cov: 125 ft: 140 corp: 3/12b\n\
            #900\tDONE   cov: 131 ft: 150 corp: 4/13b\nstat::number_of_executed_units: 900\n";
        let expected = Outcome { runs: 900, covered_by_corpus: 120, covered: 131, crash: None, input: None };
        assert_eq!(Outcome::read(log), expected);
    }

    #[test]
    fn the_first_reason_of_a_crash_is_told() {
        let log = "thread '<unnamed>' panicked at src/wire.rs:7:9:\nlong\n==5== ERROR: libFuzzer: deadly signal\n\
            artifact_prefix='x/'\nBase64: AAE=\n";
        let outcome = Outcome::read(log);
        assert_eq!(outcome.crash.as_deref(), Some("a panic at src/wire.rs:7:9: long"));
        assert_eq!(outcome.input.as_deref(), Some("AAE="));
        let log = "==5== ERROR: libFuzzer: timeout after 10 seconds\n";
        assert_eq!(Outcome::read(log).crash.as_deref(), Some("timeout after 10 seconds"));
    }
}
