//! `cargo xtask bench`: figures of the way through the relay against plain alternatives.

use crate::run::Failure;
use crate::stress;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What is measured.
#[derive(Debug, Subcommand)]
pub(crate) enum Options {
    /// Speed, delay and cost of the way through the relay
    Path(Path),
}

/// How it is measured.
#[derive(Debug, Args)]
pub(crate) struct Path {
    /// Write the figures to this file, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Few rounds of small payloads
    #[arg(long)]
    quick: bool,
}

/// Runs it in a profile as fast as the release.
pub(crate) fn bench(options: &Options) -> Result<(), Failure> {
    let Options::Path(Path { json, quick }) = options;
    let mut words = vec!["path".to_owned()];
    if *quick {
        words.push("--quick".to_owned());
    }
    if let Some(file) = json {
        let file = file.to_str().ok_or("the file's name is not Unicode")?;
        words.push(format!("--json={file}"));
    }
    stress::bench("bench-run", &words)
}
