//! `cargo xtask bench`: figures of the way through the relay and of the programs, against plain
//! alternatives.

mod still;

use crate::demo::processes::Processes;
use crate::demo::stage::{self, Stage};
use crate::run::{self, Context, Failure};
use crate::{setup, stress};
use clap::{Args, Subcommand};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The profile of everything that is measured: as fast as the release.
const PROFILE: &str = "bench-run";

/// The program that measures.
const MEASURES: &str = "ponte-bench";

/// What is measured.
#[derive(Debug, Subcommand)]
pub(crate) enum Options {
    /// Speed, delay and cost of the way through the relay, and what idle programs need
    Path(Measure),
    /// Congestion controllers of the channel over bad lines
    Controllers {
        /// One short round
        #[arg(long)]
        quick: bool,
        /// Only this loss, in per cent
        #[arg(long, value_name = "PER_CENT")]
        loss: Option<f64>,
        /// Only this round trip, in milliseconds
        #[arg(long, value_name = "MS")]
        round_trip: Option<u64>,
        /// Only this controller: rate, bbr, cubic or newreno
        #[arg(long, value_name = "NAME")]
        controller: Option<String>,
        /// By TLS links, over real packets; needs the right to make network namespaces
        #[arg(long)]
        tls: bool,
        /// So many rounds, each with other seeds
        #[arg(long)]
        rounds: Option<u64>,
        /// Write the table to this file as JSON, too
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
    },
    /// What proof costs: a certificate against a list of 10,000 revoked ones, a log of 100,000 entries
    Trust {
        /// Write the figures to this file as JSON, too
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
    },
    /// Print the tables of the README from the figures of an earlier run
    Readme {
        /// What `path --json` wrote
        file: PathBuf,
    },
}

/// How it is measured.
#[derive(Debug, Args)]
pub(crate) struct Measure {
    /// Write the figures to this file, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Few rounds of small payloads
    #[arg(long)]
    quick: bool,
    /// Print the tables of the README, too
    #[arg(long)]
    markdown: bool,
}

/// Sets up, builds and measures.
pub(crate) fn bench(options: &Options) -> Result<(), Failure> {
    match options {
        Options::Path(options) => path(options),
        Options::Controllers { quick, loss, round_trip, controller, tls, rounds, json } => {
            let mut words = vec!["controllers".to_owned()];
            words.extend(quick.then(|| "--quick".to_owned()));
            words.extend(loss.map(|loss| format!("--loss={loss}")));
            words.extend(round_trip.map(|round_trip| format!("--round-trip={round_trip}")));
            words.extend(controller.as_ref().map(|controller| format!("--controller={controller}")));
            words.extend(tls.then(|| "--tls".to_owned()));
            words.extend(rounds.map(|rounds| format!("--rounds={rounds}")));
            words.extend(json.as_ref().map(|file| format!("--json={}", file.display())));
            stress::bench(PROFILE, &words)
        }
        Options::Trust { json } => {
            let mut words = vec!["trust".to_owned()];
            words.extend(json.as_ref().map(|file| format!("--json={}", file.display())));
            stress::bench(PROFILE, &words)
        }
        Options::Readme { file } => {
            let programs = build()?;
            run::run(Command::new(programs.join(MEASURES)).arg("readme").arg(file))
        }
    }
}

fn path(options: &Measure) -> Result<(), Failure> {
    setup::setup()?;
    let programs = build()?;
    let out = stage::target_folder()?.join("bench");
    // What an earlier run left would tell of something else.
    let _ = fs::remove_dir_all(&out);
    fs::create_dir_all(&out).context(out.display())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("tokio")?;
    let result = runtime.block_on(measure(options, &programs, &out));
    runtime.shutdown_background();
    result
}

/// Builds everything at once, so that all agree on what they are built with.
fn build() -> Result<PathBuf, Failure> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--locked", "--profile", PROFILE, "--bins", "--example", still::EMPTY]);
    cargo.args(["-p", "bench", "-p", "relay", "-p", "client-agent", "-p", "operator-console"]);
    run::run(cargo.current_dir(run::workspace()?))?;
    Ok(stage::target_folder()?.join(PROFILE))
}

/// First the windows, with nothing else running, then the way, on a display that is left alone. The
/// figures of the way do not depend on a display.
async fn measure(options: &Measure, programs: &Path, out: &Path) -> Result<(), Failure> {
    let rows = out.join("rows.json");
    let windows = on_stage(programs, out, async |stage| still::measure(stage, out, &rows, options.quick).await).await;
    let mut measures = Command::new(programs.join(MEASURES));
    measures.arg("path");
    if rows.exists() {
        measures.arg("--rows").arg(&rows);
    }
    if let Some(file) = &options.json {
        measures.arg("--json").arg(file);
    }
    for (wanted, word) in [(options.quick, "--quick"), (options.markdown, "--markdown")] {
        if wanted {
            measures.arg(word);
        }
    }
    if let Err(failure) = &windows {
        println!("bench: the windows could not be measured: {failure}");
        finish(measures.arg(format!("--missing=idle windows: {failure}"))).await?;
        return windows;
    }
    on_stage(programs, out, async |stage| {
        stage.client.enter(&mut measures);
        finish(measures.arg("--display")).await
    })
    .await
}

/// Does something beside a fresh relay and the client's desktop, and clears everything away.
async fn on_stage(
    programs: &Path,
    out: &Path,
    work: impl AsyncFnOnce(&mut Stage) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let processes = Processes::new(&out.join("logs"))?;
    let mut stage = match Stage::set(programs, processes, "quic").await {
        Ok(stage) => stage,
        Err((failure, mut processes)) => {
            processes.end().await;
            return Err(failure);
        }
    };
    let result = tokio::select! {
        result = work(&mut stage) => result,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
    };
    stage.processes.end().await;
    result
}

/// Runs a program to its end while the others go on.
async fn finish(command: &mut Command) -> Result<(), Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut command = tokio::process::Command::from(std::mem::replace(command, Command::new("true")));
    let status = command.kill_on_drop(true).status().await.context(&name)?;
    if status.success() { Ok(()) } else { Err(format!("{name} ended with {status}").into()) }
}
