//! `cargo xtask stress`: the channel and the relay under what networks and machines do at their worst.

use crate::run::{self, Failure};
use clap::Subcommand;
use std::process::Command;

/// What is tortured.
#[derive(Debug, Subcommand)]
pub(crate) enum Options {
    /// Connect, transfer and close over links that fail and are replaced, on a busy machine
    Channel {
        /// How many channels
        #[arg(long, default_value_t = 10_000)]
        cycles: u64,
        /// What happens by chance comes from this
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Kill the relay again and again under a session and account for every byte
    RelayKill {
        /// How many times
        kills: u32,
        /// What happens by chance comes from this
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Attack the relay's memory in every way at full size and print what each attack cost
    RelayMemory,
    /// Move many small files and a large one both ways, kill the relay meanwhile, and compare every digest
    Files {
        /// How many small files
        #[arg(long, default_value_t = 1000)]
        files: u32,
        /// Size of the large one, in MiB
        #[arg(long, default_value_t = 1024)]
        large_mib: u32,
        /// How many times the relay is killed in each direction
        #[arg(long, default_value_t = 2)]
        kills: u32,
    },
}

/// Runs it in the debug profile, whose checks are on; what counts memory in the one that is measured.
pub(crate) fn stress(options: &Options) -> Result<(), Failure> {
    let words = match options {
        Options::Channel { cycles, seed } => {
            ["stress-channel".into(), format!("--cycles={cycles}"), format!("--seed={seed}")]
        }
        Options::RelayMemory => return relay_memory(),
        Options::Files { files, large_mib, kills } => return moving_files(*files, *large_mib, *kills),
        Options::RelayKill { kills, seed } => ["stress-relay-kill".into(), kills.to_string(), format!("--seed={seed}")],
    };
    bench("dev", &words)
}

fn relay_memory() -> Result<(), Failure> {
    let mut command = Command::new("cargo");
    command.args(["run", "--quiet", "--profile", "bench-run", "-p", "e2e", "--example", "relay_memory"]);
    run::run(&mut command)
}

/// In the debug profile, whose checks are on.
fn moving_files(files: u32, large_mib: u32, kills: u32) -> Result<(), Failure> {
    let mut command = Command::new("cargo");
    command.args(["run", "--quiet", "-p", "e2e", "--example", "moving_files", "--"]);
    run::run(command.args([files, large_mib, kills].map(|word| word.to_string())))
}

/// Builds the program and the relay beside it, and runs the program with these words.
pub(crate) fn bench(profile: &str, words: &[String]) -> Result<(), Failure> {
    let cargo = |task: &str| {
        let mut command = Command::new("cargo");
        command.args([task, "--quiet", "--profile", profile]);
        command
    };
    run::run(cargo("build").args(["-p", "relay", "-p", "bench"]))?;
    run::run(cargo("run").args(["-p", "bench", "--"]).args(words))
}
