//! The command line: every command, every option, and what the help says of them.

use crate::values::{self, Named};
use clap::builder::FalseyValueParser;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use identity::{Hours, RelayNode};
use proto::session::{Asking, Capability};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  ponte-org init --name it=\"Assistenza Comune di Lucca\" --name en=\"Lucca City Help Desk\" \\
      --domain comune.lucca.it --relay lucca --node one=relay.comune.lucca.it:443 --time-zone Europe/Rome
  ponte-org profile add desk --preset help-desk --hours \"mon-fri 08:00-18:00\"
  ponte-org operator add --request giulia.request --profile desk --out giulia.enrolment
  ponte-org export --terms it=terms-it.txt --privacy it=privacy-it.txt --out organisation.ponte
  ponte-org package-agent --agent client-agent --organisation organisation.ponte --out Assistenza
  ponte-org operator list --expiring 7 || echo \"somebody is to be renewed\"

Exit codes:
  0  done; what was checked is as it should be
  1  done; what was checked is not as it should be (log verify, operator list --expiring)
  2  not done: wrong use, a wrong passphrase, a file that cannot be read or written
  3  done; nothing in the log was changed, but one side never signed it: it is the other's word only (log verify)";

/// The organisation's command: operators, profiles, revocations, packages, checked logs.
///
/// Keeps everything in one folder. Needs no network and no service; what it makes is signed, ends by
/// itself and can be revoked.
#[derive(Debug, Parser)]
#[command(name = "ponte-org", version, after_help = EXAMPLES)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Common {
    /// The organisation's folder
    #[arg(long, global = true, env = "PONTE_ORG_DIR", default_value = "./organisation", value_name = "DIR")]
    pub dir: PathBuf,
    /// Answer in JSON, on the standard output, also when something goes wrong
    #[arg(long, global = true)]
    pub json: bool,
    /// Language of what is said; without it the system's
    #[arg(long, global = true, value_name = "LANGUAGE")]
    pub lang: Option<Tongue>,
    /// Seal keys cheaply: for trials and tests, never for an organisation that is used
    #[arg(long, global = true, hide = true, env = "PONTE_ORG_TRIAL_COST", value_parser = FalseyValueParser::new())]
    pub trial_cost: bool,
}

/// A language to speak in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Tongue {
    /// Italian
    It,
    /// English
    En,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a new organisation: its keys, its folder and its first organisation file
    Init(Init),
    /// Operators: who may help in the organisation's name
    #[command(subcommand)]
    Operator(Operator),
    /// Profiles: what operators may use, when, for how long
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// Teams
    #[command(subcommand)]
    Team(Team),
    /// The issuing key, which names operators
    #[command(subcommand)]
    Issuing(Issuing),
    /// Make a new list of revoked certificates; needs the issuing key only
    #[command(after_help = "The list holds for 7 days: let a timer make a new one every day.\n\n\
        Example:\n  ponte-org crl --passphrase-file /run/credentials/ponte/issuing --out revoked.crl")]
    Crl(Crl),
    /// Sign a new organisation file, which relay, consoles and agents trust; needs the root key
    Export(Box<Export>),
    /// Put an organisation file at the end of an agent, so that its download already knows the organisation
    #[command(after_help = "Example:\n  \
        ponte-org package-agent --agent client-agent --organisation organisation.ponte --out Assistenza")]
    PackageAgent(PackageAgent),
    /// Operators' vaults
    #[command(subcommand)]
    Vault(Vault),
    /// Session logs: check them, show them
    #[command(subcommand)]
    Log(Log),
    /// Write a completion script for a shell
    #[command(after_help = "Example:\n  \
        ponte-org completions bash > /etc/bash_completion.d/ponte-org")]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// Where the issuing key's passphrase comes from.
#[derive(Debug, Clone, Default, Args)]
pub struct IssuingPassphrase {
    /// File whose first line is the passphrase of the issuing key; without it the terminal is asked
    #[arg(long, env = "PONTE_ORG_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// Where the root key's passphrase comes from.
#[derive(Debug, Clone, Default, Args)]
pub struct RootPassphrase {
    /// File whose first line is the passphrase of the root key; without it the terminal is asked
    #[arg(long, env = "PONTE_ORG_ROOT_PASSPHRASE_FILE", value_name = "FILE")]
    pub root_passphrase_file: Option<PathBuf>,
}

/// `init`.
#[derive(Debug, Args)]
#[command(after_help = "Makes three keys, each sealed in a file of its own in DIR/secrets:\n  \
    root      signs organisation files; belongs on a stick in a safe\n  \
    issuing   issues and revokes operators; stays with the team lead\n  \
    recovery  opens the vaults of operators who lost their password; belongs beside the root\n\n\
    Example:\n  ponte-org init --name it=\"Assistenza Comune di Lucca\" --domain comune.lucca.it \\\n      \
    --relay lucca --node one=relay.comune.lucca.it:443 --time-zone Europe/Rome")]
pub struct Init {
    /// Name in a language, as the people who are helped see it, for example it="Comune di Lucca"
    #[arg(long = "name", value_name = "LANGUAGE=NAME", required = true, value_parser = values::named)]
    pub names: Vec<Named>,
    /// DNS domain; always shown beside the name
    #[arg(long, value_name = "DOMAIN")]
    pub domain: String,
    /// Name of the relay; bound into every session, so it never changes
    #[arg(long, value_name = "NAME")]
    pub relay: String,
    /// A node of the relay, for example one=relay.example.org:443
    #[arg(long = "node", value_name = "NAME=HOST:PORT", required = true, value_parser = values::node)]
    pub nodes: Vec<RelayNode>,
    /// SHA-256 of the public key in the relay's own certificate, in place of the platform's trust
    #[arg(long, value_name = "DIGEST", value_parser = values::digest)]
    pub pin: Option<[u8; 32]>,
    /// Time zone of working hours, for example Europe/Rome
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub time_zone: String,
    /// Where the passphrase of the root key comes from.
    #[command(flatten)]
    pub root: RootPassphrase,
    /// Where the passphrase of the issuing key comes from.
    #[command(flatten)]
    pub issuing: IssuingPassphrase,
}

/// `operator ...`.
#[derive(Debug, Subcommand)]
pub enum Operator {
    /// Answer a request that a console made: issue a certificate for 30 days
    #[command(after_help = "The fingerprint of the key is shown; compare it with the person by telephone before you \
        say yes.\n\nExample:\n  \
        ponte-org operator add --request giulia.request --profile desk --team North --out giulia.enrolment")]
    Add(OperatorAdd),
    /// All operators, who ends soonest first
    #[command(after_help = "Example, for a timer:\n  ponte-org operator list --expiring 7 --json")]
    List {
        /// Only those whose certificate ends within so many days; exit code 1 if there are any
        #[arg(long, value_name = "DAYS")]
        expiring: Option<u64>,
    },
    /// One operator with all certificates
    Show {
        /// Name, or the beginning of the key's fingerprint
        who: String,
    },
    /// Issue a new certificate for the same key; with another profile or team the former ones are revoked
    #[command(after_help = "Examples:\n  ponte-org operator renew \"Giulia Rinaldi\" --out giulia.enrolment\n  \
        ponte-org operator renew --expiring 7 --out-dir answers")]
    Renew(OperatorRenew),
    /// Revoke all certificates of an operator, and make a new list of revoked certificates at once
    #[command(after_help = "Example:\n  ponte-org operator revoke \"Giulia Rinaldi\" --out revoked.crl")]
    Revoke(OperatorRevoke),
}

/// `operator add`.
#[derive(Debug, Args)]
pub struct OperatorAdd {
    /// The request that the person's console made
    #[arg(long, value_name = "FILE")]
    pub request: PathBuf,
    /// What the operator may use: the name of a profile
    #[arg(long, value_name = "NAME")]
    pub profile: String,
    /// The operator's team
    #[arg(long, value_name = "TEAM")]
    pub team: Option<String>,
    /// Another name than the one in the request
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Where to write the answer for the person's console
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Do not ask whether the fingerprint was compared
    #[arg(long)]
    pub yes: bool,
    /// Where the passphrase comes from.
    #[command(flatten)]
    pub issuing: IssuingPassphrase,
}

/// `operator renew`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("whom").required(true).args(["who", "expiring"])))]
#[command(group(ArgGroup::new("where").required(true).args(["out", "out_dir"])))]
pub struct OperatorRenew {
    /// Name, or the beginning of the key's fingerprint
    pub who: Option<String>,
    /// Everybody whose certificate ends within so many days, or ended
    #[arg(long, value_name = "DAYS", conflicts_with = "out", requires = "out_dir")]
    pub expiring: Option<u64>,
    /// Another profile from now on
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Another team from now on
    #[arg(long, value_name = "TEAM")]
    pub team: Option<String>,
    /// Where to write the answer for the person's console
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Folder for the answers, one file a person
    #[arg(long, value_name = "DIR")]
    pub out_dir: Option<PathBuf>,
    /// Where the passphrase comes from.
    #[command(flatten)]
    pub issuing: IssuingPassphrase,
}

/// `operator revoke`.
#[derive(Debug, Args)]
pub struct OperatorRevoke {
    /// Name, or the beginning of the key's fingerprint
    pub who: String,
    /// Do not ask whether it is meant
    #[arg(long)]
    pub yes: bool,
    /// Where to write the new list of revoked certificates besides the organisation's folder
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Where the passphrase comes from.
    #[command(flatten)]
    pub issuing: IssuingPassphrase,
}

/// `profile ...`.
#[derive(Debug, Subcommand)]
pub enum ProfileCommand {
    /// Make a profile
    #[command(after_help = "Examples:\n  ponte-org profile add look --preset view-only\n  \
        ponte-org profile add night --preset help-desk --tool control=each --tool shell=absent \\\n      \
        --hours \"mon-fri 18:00-24:00\" --hours \"sat,sun 08:00-20:00\" --longest 60 --policy auto_lock_minutes=2")]
    Add(ProfileValues),
    /// Change a profile; what is not named stays, and operators keep the old one until they are renewed
    #[command(after_help = "Example:\n  ponte-org profile edit night --tool clipboard=each --longest 90")]
    Edit {
        /// What to change.
        #[command(flatten)]
        values: ProfileValues,
        /// Hold at any hour again
        #[arg(long, conflicts_with = "hours")]
        always: bool,
        /// Let sessions last as long as they want again
        #[arg(long, conflicts_with = "longest")]
        no_longest: bool,
        /// Leave a policy value to the organisation again
        #[arg(long = "without-policy", value_name = "KEY")]
        without_policy: Vec<String>,
    },
    /// All profiles
    List,
    /// One profile
    Show {
        /// Its name
        name: String,
    },
}

/// What a profile can say.
#[derive(Debug, Args)]
pub struct ProfileValues {
    /// Its name, seen inside the organisation only
    pub name: String,
    /// What to begin with
    #[arg(long, value_enum)]
    pub preset: Option<Preset>,
    /// A tool and how often the person is asked for it: absent, each or once (a session)
    #[arg(long = "tool", value_name = "TOOL=ASKING", value_parser = values::tool, long_help = TOOL_HELP)]
    pub tools: Vec<(Capability, Asking)>,
    /// When the operator may work, for example "mon-fri 08:00-18:00"; replaces all hours
    #[arg(long, value_name = "DAYS FROM-TO", value_parser = values::hours)]
    pub hours: Vec<Hours>,
    /// After how many minutes a session ends
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=1440))]
    pub longest: Option<u32>,
    /// A policy value that is stricter than the organisation's
    #[arg(long = "policy", value_name = "KEY=VALUE", value_parser = values::named)]
    pub policy: Vec<Named>,
}

const TOOL_HELP: &str = "A tool and how often the person is asked for it.\n\
    Tools: view, control, annotate, chat, send-file, fetch-file, shell, system-info, end-process, clipboard, record, \
    invite.\nAsking: absent, each (at each use), once (a session).";

/// What a profile can begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// See, point, write
    ViewOnly,
    /// And use mouse and keyboard, exchange files and clipboard, read what the system is, bring a colleague
    HelpDesk,
    /// Every tool
    Full,
}

/// `team ...`.
#[derive(Debug, Subcommand)]
pub enum Team {
    /// Make a team
    Add {
        /// Its name, as the people who are helped see it
        name: String,
    },
    /// All teams and who is in them
    List,
}

/// `issuing ...`.
#[derive(Debug, Subcommand)]
pub enum Issuing {
    /// Make a new issuing key, certified by the root: when the old one ends after three years, or is lost
    #[command(after_help = "All operators need new certificates then:\n  \
        ponte-org operator renew --expiring 31 --out-dir answers\n\n\
        This does not help when the issuing key was stolen: in this version the old issuing certificate counts until \
        it ends, and whoever has its key can go on naming operators. Then only a new root helps: make a new \
        organisation with init, and package agents and enrol operators again.")]
    Renew(IssuingRenew),
}

/// `issuing renew`.
#[derive(Debug, Args)]
pub struct IssuingRenew {
    /// The sealed root key, if it is not in the organisation's folder any more
    #[arg(long, value_name = "FILE")]
    pub root_key: Option<PathBuf>,
    /// Where the passphrase of the root key comes from.
    #[command(flatten)]
    pub root: RootPassphrase,
    /// Where the passphrase of the new issuing key comes from.
    #[command(flatten)]
    pub issuing: IssuingPassphrase,
}

/// `crl`.
#[derive(Debug, Args)]
pub struct Crl {
    /// Where to write the list besides the organisation's folder
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Where the passphrase comes from.
    #[command(flatten)]
    pub issuing: IssuingPassphrase,
}

/// `export`.
#[derive(Debug, Args)]
#[command(after_help = "Values that are not given stay as they were. Texts are read from files in UTF-8.\n\n\
    Example:\n  ponte-org export --root-key /media/stick/root.json --terms it=terms-it.txt \\\n      \
    --privacy it=privacy-it.txt --policy password_min_length=12 --out organisation.ponte")]
pub struct Export {
    /// Where to write the organisation file besides the organisation's folder
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The sealed root key, if it is not in the organisation's folder any more
    #[arg(long, value_name = "FILE")]
    pub root_key: Option<PathBuf>,
    /// Terms of the help in a language
    #[arg(long = "terms", value_name = "LANGUAGE=FILE", value_parser = values::named)]
    pub terms: Vec<Named>,
    /// Privacy notice in a language
    #[arg(long = "privacy", value_name = "LANGUAGE=FILE", value_parser = values::named)]
    pub privacy: Vec<Named>,
    /// Name in a language
    #[arg(long = "name", value_name = "LANGUAGE=NAME", value_parser = values::named)]
    pub names: Vec<Named>,
    /// A policy value for the whole organisation
    #[arg(long = "policy", value_name = "KEY=VALUE", value_parser = values::named)]
    pub policy: Vec<Named>,
    /// Oldest build of a program that may be used, for example agent=0.2.0
    #[arg(long = "minimum-build", value_name = "PROGRAM=BUILD", value_parser = values::named)]
    pub minimum_builds: Vec<Named>,
    /// The nodes of the relay; replaces all nodes
    #[arg(long = "node", value_name = "NAME=HOST:PORT", value_parser = values::node)]
    pub nodes: Vec<RelayNode>,
    /// SHA-256 of the public key in the relay's own certificate, in place of the platform's trust
    #[arg(long, value_name = "DIGEST", value_parser = values::digest, conflicts_with = "no_pin")]
    pub pin: Option<[u8; 32]>,
    /// Trust the platform for the relay's certificate again
    #[arg(long)]
    pub no_pin: bool,
    /// Time zone of working hours
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// Whether operators must show a list of revoked certificates that is in time
    #[arg(long, value_name = "YES|NO", value_parser = values::yes_or_no)]
    pub revocation_required: Option<bool>,
    /// After how many days the file ends
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u64).range(1..=3650))]
    pub days: u64,
    /// Where the passphrase comes from.
    #[command(flatten)]
    pub root: RootPassphrase,
}

/// `vault ...`.
#[derive(Debug, Subcommand)]
pub enum Vault {
    /// Give a vault whose password was lost a new one; needs the recovery key, and is noted
    #[command(after_help = "The vault must have been made recoverable by the operator's console.\n\n\
        Example:\n  ponte-org vault recover giulia.vault --recovery-key /media/stick/recovery.json --out new.vault")]
    Recover(VaultRecover),
}

/// `vault recover`.
#[derive(Debug, Args)]
pub struct VaultRecover {
    /// The vault
    pub vault: PathBuf,
    /// Where to write the vault with its new password
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The sealed recovery key, if it is not in the organisation's folder any more
    #[arg(long, value_name = "FILE")]
    pub recovery_key: Option<PathBuf>,
    /// File whose first line is the new password; without it the terminal is asked
    #[arg(long, value_name = "FILE")]
    pub new_password_file: Option<PathBuf>,
    /// Where the passphrase comes from, which is the root key's.
    #[command(flatten)]
    pub root: RootPassphrase,
}

/// `package-agent`.
#[derive(Debug, Args)]
pub struct PackageAgent {
    /// The agent's program
    #[arg(long, value_name = "FILE")]
    pub agent: PathBuf,
    /// The organisation file
    #[arg(long, value_name = "FILE")]
    pub organisation: PathBuf,
    /// Where to write the program that knows its organisation
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// `log ...`.
#[derive(Debug, Subcommand)]
pub enum Log {
    /// Check a session log: that it is whole and that nothing was changed; needs no network
    #[command(after_help = "Exit codes:\n  \
        0  nothing was changed, and both sides signed it, or all of it up to the entry that is named\n  \
        1  it was changed, the copies differ, or the operator is not proven\n  \
        2  it cannot be read\n  \
        3  nothing was changed, but one side never signed it: whoever has the other's computer could have\n     \
        written all of it\n\n\
        Example:\n  \
        ponte-org log verify person.log --other console.log --organisation organisation.ponte")]
    Verify {
        /// The log
        file: PathBuf,
        /// The other end's copy, to compare
        #[arg(long, value_name = "FILE")]
        other: Option<PathBuf>,
        /// Also check that this organisation stood behind the operator when the session was
        #[arg(long, value_name = "FILE")]
        organisation: Option<PathBuf>,
    },
    /// Write a session log for people
    Show {
        /// The log
        file: PathBuf,
        /// In which form
        #[arg(long, value_enum, default_value = "text")]
        format: LogFormat,
        /// Where to write it; without it to the standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// A form of a log for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Plain text
    Text,
    /// One HTML page
    Html,
    /// JSON
    Json,
}
