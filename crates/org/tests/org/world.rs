//! An organisation in a folder of its own, and a person who answers what the command asks.

use clap::Parser;
use i18n::{I18n, Language};
use identity::{Enrolment, EnrolmentRequest, Organisation, Profile, Seed};
use org::{Ask, Cli, Failure, Outcome, run};
use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::TempDir;
use zeroize::Zeroizing;

pub(crate) const NOW: u64 = 1_790_000_000;
pub(crate) const DAY: u64 = 24 * 60 * 60;
pub(crate) const ROOT: &str = "radice di castagno";
pub(crate) const ISSUING: &str = "chiave della bottega";

/// Answers in their order; without one left there is no terminal.
#[derive(Default)]
pub(crate) struct Answers {
    pub(crate) answers: VecDeque<String>,
    pub(crate) questions: Vec<String>,
}

impl Answers {
    fn next(&mut self, question: &str) -> io::Result<String> {
        self.questions.push(question.to_owned());
        self.answers.pop_front().ok_or_else(|| io::Error::other("nobody is there"))
    }
}

impl Ask for Answers {
    fn passphrase(&mut self, question: &str) -> io::Result<Zeroizing<String>> {
        self.next(question).map(Zeroizing::new)
    }

    fn line(&mut self, question: &str) -> io::Result<String> {
        self.next(question)
    }
}

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) now_s: u64,
}

/// What `init` is told, but for the passphrases.
pub(crate) const INIT: [&str; 13] = [
    "init",
    "--name",
    "it=Assistenza Comune di Lucca",
    "--name",
    "en=Lucca City Help Desk",
    "--domain",
    "lucca.example",
    "--relay",
    "lucca",
    "--node",
    "one=relay.lucca.example:443",
    "--time-zone",
    "Europe/Rome",
];

impl World {
    /// A folder with passphrase files and nothing else.
    pub(crate) fn empty() -> Self {
        let folder = TempDir::new().unwrap();
        for (name, passphrase) in [("root.pass", ROOT), ("issuing.pass", ISSUING)] {
            fs::write(folder.path().join(name), format!("{passphrase}\n")).unwrap();
        }
        Self { folder, now_s: NOW }
    }

    /// An organisation with the profile "desk" and the team "North". Made once and copied, as sealing
    /// keys takes its time by design.
    pub(crate) fn new() -> Self {
        static MADE: OnceLock<World> = OnceLock::new();
        let made = MADE.get_or_init(|| {
            let world = Self::empty();
            let mut init = INIT.to_vec();
            let (root, issuing) = (world.text("root.pass"), world.text("issuing.pass"));
            init.extend(["--root-passphrase-file", &root, "--passphrase-file", &issuing]);
            world.run(&init).unwrap();
            world.run(&["profile", "add", "desk", "--preset", "help-desk"]).unwrap();
            world.run(&["team", "add", "North"]).unwrap();
            world
        });
        let world = Self::empty();
        copy(&made.path("org"), &world.path("org"));
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Result<Outcome, Failure> {
        self.ask(arguments, &mut Answers::default())
    }

    /// Runs a command and gives these answers to its questions; the questions come back.
    pub(crate) fn answer(&self, arguments: &[&str], answers: &[&str]) -> (Result<Outcome, Failure>, Vec<String>) {
        let answers = answers.iter().map(ToString::to_string).collect();
        let mut person = Answers { answers, questions: Vec::new() };
        let result = self.ask(arguments, &mut person);
        assert!(person.answers.is_empty(), "nobody wanted to know {:?}", person.answers);
        (result, person.questions)
    }

    fn ask(&self, arguments: &[&str], person: &mut Answers) -> Result<Outcome, Failure> {
        let folder = self.text("org");
        let start = ["ponte-org", "--dir", &folder, "--trial-cost"];
        let cli = Cli::try_parse_from(start.iter().chain(arguments)).unwrap();
        run(&cli, self.now_s, &I18n::new(Language::English), person)
    }

    /// The code of the failure.
    pub(crate) fn fails(&self, arguments: &[&str]) -> &'static str {
        self.run(arguments).unwrap_err().code()
    }

    /// A command that needs the issuing key.
    pub(crate) fn issue(&self, arguments: &[&str]) -> Result<Outcome, Failure> {
        let file = self.text("issuing.pass");
        self.run(&[arguments, &["--passphrase-file", &file]].concat())
    }

    /// A command that needs the root key.
    pub(crate) fn root(&self, arguments: &[&str]) -> Result<Outcome, Failure> {
        let file = self.text("root.pass");
        self.run(&[arguments, &["--root-passphrase-file", &file]].concat())
    }

    /// Writes a request for a key.
    pub(crate) fn request(&self, key: u8, name: &str) -> String {
        let file = format!("{key}.request");
        fs::write(self.path(&file), EnrolmentRequest::make(&Seed::new([key; 32]), name).unwrap()).unwrap();
        self.text(&file)
    }

    /// Makes an operator with the profile "desk".
    pub(crate) fn add(&self, key: u8, name: &str) -> Enrolment {
        let request = self.request(key, name);
        let out = self.text("answer");
        self.issue(&["operator", "add", "--request", &request, "--profile", "desk", "--out", &out, "--yes"]).unwrap();
        self.enrolment("answer")
    }

    pub(crate) fn enrolment(&self, name: &str) -> Enrolment {
        Enrolment::open(&fs::read(self.path(name)).unwrap()).unwrap()
    }

    pub(crate) fn organisation(&self) -> Organisation {
        Organisation::open(&fs::read(self.path("org/organisation.ponte")).unwrap(), self.now_s).unwrap()
    }

    pub(crate) fn list(&self) -> Vec<u8> {
        fs::read(self.path("org/revoked.crl")).unwrap()
    }

    pub(crate) fn state(&self) -> Vec<u8> {
        fs::read(self.path("org/organisation.json")).unwrap()
    }
}

pub(crate) fn key(key: u8) -> [u8; 32] {
    Seed::new([key; 32]).public_key()
}

pub(crate) fn profile_of(world: &World, answer: &Enrolment, key_byte: u8) -> Profile {
    answer.verify(&key(key_byte), world.now_s).unwrap().1.profile
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
