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
}

/// Runs it in the debug profile, whose checks are on.
pub(crate) fn stress(options: &Options) -> Result<(), Failure> {
    let words = match options {
        Options::Channel { cycles, seed } => {
            ["stress-channel".into(), format!("--cycles={cycles}"), format!("--seed={seed}")]
        }
        Options::RelayKill { kills, seed } => ["stress-relay-kill".into(), kills.to_string(), format!("--seed={seed}")],
    };
    bench("dev", &words)
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
