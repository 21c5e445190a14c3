//! The program behind `cargo xtask stress` and `cargo xtask bench`: parses, wires, waits.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use bench::{Failure, path, relay_kill, shim};
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

#[derive(Debug, Parser)]
#[command(name = "ponte-bench")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Connect, transfer and close over links that fail
    StressChannel {
        /// How many channels
        #[arg(long, default_value_t = 10_000)]
        cycles: u64,
        /// What happens by chance comes from this
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Kill the relay again and again under a session
    StressRelayKill {
        /// How many times
        kills: u32,
        /// What happens by chance comes from this
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Measure the way through the relay
    Path {
        /// Write the figures to this file, too
        #[arg(long)]
        json: Option<PathBuf>,
        /// Few rounds of small payloads
        #[arg(long)]
        quick: bool,
    },
    /// Join pairs of TCP connections, to be compared with
    #[command(hide = true)]
    Splice,
}

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\n{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match task {
        Task::StressChannel { cycles, seed } => {
            let settings = shim::Settings { cycles, seed, progress: true, ..shim::Settings::default() };
            println!("{}", runtime.block_on(shim::run(settings))?);
        }
        Task::StressRelayKill { kills, seed } => {
            println!("{}", runtime.block_on(relay_kill::run(kills, seed))?);
        }
        Task::Path { json, quick } => {
            let figures = path::run(runtime, quick)?;
            println!("\n{figures}");
            if let Some(file) = json {
                std::fs::write(&file, figures.to_json()?)?;
                println!("\nwritten to {}", file.display());
            }
        }
        Task::Splice => runtime.block_on(bench::splice())?,
    }
    Ok(())
}
