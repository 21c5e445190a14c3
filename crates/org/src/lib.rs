//! The organisation's command as a library: every command is a function of its arguments, the
//! organisation's folder and the time, and answers with a value that is text and JSON.
//!
//! What is absent: the network, any service that runs, and keys in the clear on the disk. Read
//! [`Cli`] and [`run`] first, then `State`.

mod ask;
mod cli;
mod failure;
mod files;
mod init;
mod issuing;
mod keys;
mod log;
mod operator;
mod outcome;
mod package;
mod profile;
mod publish;
mod recover;
mod state;
mod team;
mod values;

pub use ask::{Ask, Terminal};
pub use cli::{Cli, Command, Common, Tongue};
pub use failure::Failure;
pub use keys::PASSPHRASE_CHARACTERS;
pub use outcome::{Found, Outcome, present};

use clap::CommandFactory;
use i18n::{I18n, Language};
use std::path::PathBuf;
use vault::Cost;

/// What every command has at hand.
pub(crate) struct Context<'a> {
    /// The organisation's folder.
    pub(crate) folder: PathBuf,
    /// Seconds since 1970.
    pub(crate) now_s: u64,
    /// What a try of a passphrase costs, for keys that are made now.
    pub(crate) cost: Cost,
    /// Whether the answer is for a program.
    pub(crate) json: bool,
    /// The language.
    pub(crate) words: &'a I18n,
    /// The person.
    pub(crate) ask: &'a mut dyn Ask,
}

/// The language that was asked for, or the system's.
#[must_use]
pub fn language(common: &Common) -> Language {
    match common.lang {
        Some(Tongue::It) => Language::Italian,
        Some(Tongue::En) => Language::English,
        None => Language::system(),
    }
}

/// Does what the command line says, at `now_s` seconds since 1970.
///
/// # Errors
/// [`Failure`] if it was not done.
pub fn run(cli: &Cli, now_s: u64, words: &I18n, ask: &mut dyn Ask) -> Result<Outcome, Failure> {
    let folder = cli.common.dir.clone();
    let cost = if cli.common.trial_cost { Cost::TRIAL } else { Cost::USUAL };
    let mut context = Context { folder, now_s, cost, json: cli.common.json, words, ask };
    match &cli.command {
        Command::Init(init) => init::init(&mut context, init),
        Command::Operator(command) => operator::run(&mut context, command),
        Command::Profile(command) => profile::run(&context, command),
        Command::Team(command) => team::run(&context, command),
        Command::Issuing(cli::Issuing::Renew(renew)) => issuing::renew(&mut context, renew),
        Command::Crl(crl) => publish::crl(&mut context, crl),
        Command::Export(export) => publish::export(&mut context, export),
        Command::PackageAgent(package) => package::package(&context, package),
        Command::Vault(cli::Vault::Recover(recover)) => recover::recover(&mut context, recover),
        Command::Log(command) => log::run(&context, command),
        Command::Completions { shell } => Ok(completions(*shell)),
    }
}

fn completions(shell: clap_complete::Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ponte-org", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Outcome::new(serde_json::json!({ "script": script }), vec![script])
}
