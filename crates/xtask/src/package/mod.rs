//! `cargo xtask package agent`: the program that people download, and what it costs them.

mod figures;
mod measure;

use crate::demo::stage;
use crate::run::{self, Context, Failure};
use clap::{Args, Subcommand};
use figures::{Figures, Sizes};
use flate2::Compression;
use flate2::write::GzEncoder;
use identity::{Organisation, append_to_program};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// The profile of what people download.
const PROFILE: &str = "dist";

/// The agent's program.
const AGENT: &str = "ponte-agent";

/// A window with nothing in it, by the same toolkit and in the same profile.
const BARE: &str = "bare-window";

/// How hard zstd tries.
const ZSTD_LEVEL: i32 = 19;

/// What is packaged.
#[derive(Debug, Subcommand)]
pub(crate) enum Options {
    /// The agent, small, with its figures; fails if one of them is missed
    Agent(Agent),
}

/// How the agent is packaged.
#[derive(Debug, Args)]
pub(crate) struct Agent {
    /// The organisation file to put into the program
    #[arg(long, value_name = "FILE")]
    organisation: Option<PathBuf>,
    /// Where the program goes [default: package/ponte-agent in cargo's target folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the figures to this file as JSON, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Builds, packs and measures.
pub(crate) fn package(Options::Agent(options): &Options) -> Result<(), Failure> {
    let organisation = options.organisation.as_deref().map(organisation).transpose()?;
    crate::setup::setup()?;
    let target = stage::target_folder()?;
    // Each alone: what the other one needs must not come into it.
    build(&["--bin", AGENT])?;
    build(&["--example", BARE])?;
    let built = target.join(PROFILE);
    let mut program = fs::read(built.join(AGENT)).context(AGENT)?;
    if let Some(organisation) = &organisation {
        program = append_to_program(&program, organisation);
    }
    let out = options.out.clone().unwrap_or_else(|| target.join("package").join(AGENT));
    write(&out, &program)?;
    let sizes = Sizes {
        bytes: program.len(),
        zstd_bytes: zstd::bulk::compress(&program, ZSTD_LEVEL).context("zstd")?.len(),
        gzip_bytes: gzip(&program).context("gzip")?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("tokio")?;
    let bare = built.join("examples").join(BARE);
    let usage = runtime.block_on(measure::measure(&program, &bare, &target.join("package")))?;
    let figures = Figures { sizes, usage };
    println!("\n{}\n\npackage: {}", figures.table(), out.display());
    if let Some(file) = &options.json {
        let text = serde_json::to_string_pretty(&figures.json()).context("JSON")?;
        fs::write(file, text + "\n").context(file.display())?;
    }
    figures.check()
}

/// An organisation file that holds now.
fn organisation(file: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = fs::read(file).context(file.display())?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("clock")?;
    Organisation::open(&bytes, now.as_secs()).context(file.display())?;
    Ok(bytes)
}

fn build(what: &[&str]) -> Result<(), Failure> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--locked", "--profile", PROFILE, "-p", "client-agent"]).args(what);
    run::run(cargo.current_dir(run::workspace()?))
}

fn write(file: &Path, program: &[u8]) -> Result<(), Failure> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).context(folder.display())?;
    }
    fs::write(file, program).context(file.display())?;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).context(file.display())
}

/// How many bytes gzip makes of it, as web servers send it.
fn gzip(bytes: &[u8]) -> std::io::Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}
