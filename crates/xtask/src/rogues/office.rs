//! An organisation's office: its folder, and the real command with which it works.

use super::relay::Site;
use crate::demo::names::Words;
use crate::run::{Context, Failure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The command's program.
pub(crate) const PROGRAM: &str = "ponte-org";

/// The organisation's domain; no such domain can exist (RFC 2606).
pub(crate) const DOMAIN: &str = "prova.example";

/// The organisation's name in every language; whoever likes may call themselves so.
pub(crate) const NAME: &str = "Comune di Prova";

/// The team of the operators.
pub(crate) const TEAM: &str = "Anagrafe";

/// Seals every key of a trial.
const PASSPHRASE: &str = "una frase lunga per la prova\n";

/// What the command said.
pub(crate) struct Said {
    /// Its exit code.
    pub(crate) code: Option<i32>,
    /// Everything that it wrote.
    pub(crate) text: String,
}

/// One office.
pub(crate) struct Office<'w> {
    program: PathBuf,
    folder: PathBuf,
    words: &'w Words,
}

impl<'w> Office<'w> {
    /// Founds an organisation in that folder, with two profiles; its relay is at that site.
    pub(crate) fn found(programs: &Path, folder: &Path, site: &Site, words: &'w Words) -> Result<Self, Failure> {
        fs::create_dir_all(folder).context(folder.display())?;
        let office = Self { program: programs.join(PROGRAM), folder: folder.to_owned(), words };
        fs::write(office.passphrase(), PASSPHRASE).context("passphrase")?;
        let (italian, english, node) = (format!("it={NAME}"), format!("en={NAME}"), site.node());
        let names = ["--name", &italian, "--name", &english, "--domain", DOMAIN];
        let relay = ["--relay", super::relay::NAME, "--node", &node, "--pin", &site.pin, "--time-zone", "Europe/Rome"];
        office.done(&[&["init"], &names[..], &relay[..]].concat())?;
        office.done(&["team", "add", TEAM])?;
        for preset in ["help-desk", "view-only"] {
            office.done(&["profile", "add", preset, "--preset", preset])?;
        }
        office.done(&["export", "--revocation-required", "yes"])?;
        Ok(office)
    }

    fn passphrase(&self) -> PathBuf {
        self.folder.join("passphrase")
    }

    /// Runs the command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<Said, Failure> {
        let mut command = Command::new(&self.program);
        self.words.speak(&mut command);
        command.arg("--dir").arg(self.folder.join("organisation")).args(arguments);
        for name in ["PONTE_ORG_PASSPHRASE_FILE", "PONTE_ORG_ROOT_PASSPHRASE_FILE"] {
            command.env(name, self.passphrase());
        }
        let output = command.env("PONTE_ORG_TRIAL_COST", "1").stdin(Stdio::null()).output().context(PROGRAM)?;
        let text = [output.stdout, output.stderr].concat();
        Ok(Said { code: output.status.code(), text: String::from_utf8_lossy(&text).into_owned() })
    }

    /// Runs the command, which must succeed.
    fn done(&self, arguments: &[&str]) -> Result<(), Failure> {
        let said = self.run(arguments)?;
        if said.code == Some(0) {
            return Ok(());
        }
        Err(format!("{PROGRAM} {} ended with {:?}: {}", arguments.join(" "), said.code, said.text).into())
    }

    /// The organisation file.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join("organisation/organisation.ponte")
    }

    /// The newest list of revoked certificates.
    pub(crate) fn list(&self) -> PathBuf {
        self.folder.join("organisation/revoked.crl")
    }

    /// Answers a console's request.
    pub(crate) fn certify(&self, request: &Path, answer: &Path) -> Result<(), Failure> {
        let (request, answer) = (request.to_string_lossy(), answer.to_string_lossy());
        let who = ["operator", "add", "--request", &request, "--profile", "help-desk", "--team", TEAM];
        self.done(&[&who[..], &["--out", &answer, "--yes"]].concat())
    }

    /// Revokes an operator.
    pub(crate) fn revoke(&self, name: &str) -> Result<(), Failure> {
        self.done(&["operator", "revoke", name, "--yes"])
    }

    /// Packs an agent with an organisation file.
    pub(crate) fn package(&self, agent: &Path, organisation: &Path, out: &Path) -> Result<(), Failure> {
        let [agent, organisation, out] = [agent, organisation, out].map(Path::to_string_lossy);
        self.done(&["package-agent", "--agent", &agent, "--organisation", &organisation, "--out", &out])
    }
}
