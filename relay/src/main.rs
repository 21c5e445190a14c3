//! The relay program: parses, wires, waits.

mod descriptors;

use clap::{ArgGroup, Parser, ValueEnum};
use relay::{DEV_OPERATOR, Limits, Settings};
use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// The blind meeting point of Ponte.
///
/// Writes the line "ponte-relay listening on ADDRESS:PORT" to its standard output when it is ready;
/// everything else goes to the standard error.
#[derive(Debug, Parser)]
#[command(name = "ponte-relay", version)]
#[command(group(ArgGroup::new("kind").required(true).args(["dev", "config"])))]
struct Arguments {
    /// Run for trials; DIR keeps a throw-away organisation and operator, made at the first start, and takes
    /// a revocation list as revoked.crl
    #[arg(long, value_name = "DIR")]
    dev: Option<PathBuf>,
    /// Run as this JSON file says
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to listen with --dev, UDP and TCP; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0", conflicts_with = "config")]
    listen: SocketAddr,
    /// The operator's name with --dev
    #[arg(long, value_name = "NAME", default_value = DEV_OPERATOR, conflicts_with = "config")]
    operator_name: String,
    /// Which limits hold
    #[arg(long, value_enum, default_value = "normal")]
    limits: LimitsArgument,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LimitsArgument {
    /// Those of a service
    Normal,
    /// No rate limit of sessions, for measurements
    Bench,
}

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let limits = match arguments.limits {
        LimitsArgument::Normal => Limits::Normal,
        LimitsArgument::Bench => Limits::Bench,
    };
    let settings = match (&arguments.dev, &arguments.config) {
        (Some(dir), _) => Settings::dev(dir, arguments.listen, &arguments.operator_name, limits)?,
        (None, Some(file)) => Settings::from_config(file, limits)?,
        (None, None) => return Err("--dev or --config is needed".into()),
    };
    descriptors::raise();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let handle = relay::start(settings).await?;
        let mut out = io::stdout();
        writeln!(out, "ponte-relay listening on {}", handle.local_addr())?;
        out.flush()?;
        stop_signal().await?;
        handle.shutdown().await;
        Ok(())
    })
}

#[cfg(unix)]
async fn stop_signal() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn stop_signal() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
