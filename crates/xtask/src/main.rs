//! Automation of the workspace: `cargo xtask setup`, `demo`, `test`, `tidy`, `footprint`, `walk`, `stories`,
//! `rogues`, `portal`, `screenshots`, `package`, `fuzz`, `stress` and `bench`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod bench;
mod demo;
mod footprint;
mod fuzz;
mod package;
mod portal;
mod rogues;
mod run;
mod screenshots;
mod setup;
mod stories;
mod stress;
mod test;
mod tidy;
mod walk;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// What a newcomer and a machine that checks changes both need.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Install what Ponte needs from the system.
    Setup,
    /// Show a whole session with relay, console and agent on this machine.
    Demo(demo::Options),
    /// Play what must be refused, by the real windows, with a picture of what each person sees.
    Rogues(rogues::Options),
    /// Tell the person's whole story by the real windows, granting everything and refusing everything, with pictures.
    Stories(stories::Options),
    /// End the real agent in every way and look for what it leaves.
    Footprint(footprint::Options),
    /// Go through the agent's first pages as a screen reader and the Tab key do.
    Walk,
    /// Check everything, from formatting to a whole session by the real windows.
    Test,
    /// Check the rules of the workspace that no compiler knows.
    Tidy,
    /// Take a picture of every page of both windows
    Screenshots(screenshots::Options),
    /// Try the portal's page in a real browser.
    Portal,
    /// Make what people download, and measure it.
    #[command(subcommand)]
    Package(package::Options),
    /// Run the decoders on hostile bytes
    Fuzz(fuzz::Options),
    /// Let networks and machines do their worst to the channel and the relay.
    #[command(subcommand)]
    Stress(stress::Options),
    /// Measure Ponte against plain alternatives.
    #[command(subcommand)]
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Setup => setup::setup(),
        Task::Demo(options) => demo::demo(&options),
        Task::Rogues(options) => rogues::rogues(&options),
        Task::Stories(options) => stories::stories(&options),
        Task::Footprint(options) => footprint::footprint(&options),
        Task::Walk => walk::walk(),
        Task::Test => test::test(),
        Task::Tidy => tidy::tidy(),
        Task::Portal => portal::portal(),
        Task::Package(options) => package::package(&options),
        Task::Screenshots(options) => screenshots::screenshots(&options),
        Task::Fuzz(options) => fuzz::fuzz(&options),
        Task::Stress(options) => stress::stress(&options),
        Task::Bench(options) => bench::bench(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
