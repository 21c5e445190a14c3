//! The program behind `cargo xtask stress` and `cargo xtask bench`: parses, wires, waits.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use bench::{Failure, controllers, path, relay_kill, report::Report, shim, trust, usage};
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
    Path(path::Options),
    /// Print the tables of the README from the figures of an earlier run
    Readme {
        /// What `path --json` wrote
        file: PathBuf,
    },
    /// Watch programs that do nothing, for `path --rows`
    #[command(hide = true)]
    Watch(usage::Options),
    /// Compare congestion controllers of the channel over bad lines
    Controllers {
        /// Write the table to this file as JSON, too
        #[arg(long)]
        json: Option<PathBuf>,
        /// One short round
        #[arg(long)]
        quick: bool,
        /// Only this loss, in per cent
        #[arg(long)]
        loss: Option<f64>,
        /// Only this round trip, in milliseconds
        #[arg(long)]
        round_trip: Option<u64>,
        /// Only this controller: rate, bbr, cubic or newreno
        #[arg(long)]
        controller: Option<String>,
        /// By TLS links, over real packets between network namespaces
        #[arg(long)]
        tls: bool,
        /// So many rounds, each with other seeds
        #[arg(long)]
        rounds: Option<u64>,
    },
    /// Judge an operator's certificate against a long list, and a long log
    Trust {
        /// Write the figures to this file as JSON, too
        #[arg(long)]
        json: Option<PathBuf>,
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
        Task::Path(options) => {
            let report = path::run(&runtime, &options)?;
            println!("\n{report}");
            if options.markdown {
                println!("\n{}", report.to_markdown());
            }
            if let Some(file) = options.json {
                std::fs::write(&file, report.to_json()? + "\n")?;
                println!("\nwritten to {}", file.display());
            }
            report.check()?;
        }
        Task::Readme { file } => {
            println!("{}", Report::from_json(&std::fs::read_to_string(file)?)?.to_markdown());
        }
        Task::Watch(options) => runtime.block_on(usage::watch(&options))?,
        Task::Controllers { json, quick, loss, round_trip, controller, tls, rounds } => {
            let mut plan = if quick { controllers::Plan::quick() } else { controllers::Plan::full() };
            plan.only(loss, round_trip, controller.as_deref(), tls)?;
            plan.rounds = rounds.unwrap_or(plan.rounds);
            let table = runtime.block_on(controllers::run(plan))?;
            println!("\n{table}");
            if let Some(file) = json {
                std::fs::write(&file, serde_json::to_string_pretty(&table)?)?;
            }
        }
        Task::Trust { json } => {
            let table = trust::run()?;
            println!("\n{table}");
            if let Some(file) = json {
                std::fs::write(&file, serde_json::to_string_pretty(&table)?)?;
            }
            table.check()?;
        }
        Task::Splice => runtime.block_on(bench::splice())?,
    }
    Ok(())
}
