//! What an agent is started with: the organisation it trusts and the machine it runs on.

use crate::learn::Verified;
use audit_log::export::Words;
use capture::{CaptureError, Desktop};
use clipboard::{Clipboard, ThisClipboard};
use host::{KnownFolders, Machine, Removal, Shells, ThisMachine, ThisMachinesShells};
use identity::Organisation;
use input::{Injector, InputError, OwnWindows};
use link::fetch::Site;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use transfer::PartName;

/// Turns the number behind the check word into a word of the person's language.
pub type CheckWord = Arc<dyn Fn(u32) -> String + Send + Sync>;

/// Turns a domain into the site that is asked for its organisation.
pub type SiteOf = Arc<dyn Fn(&str) -> Site + Send + Sync>;

/// How the log is put into words of the person's language.
pub type LogWords = Arc<dyn Words + Send + Sync>;

/// Everything that one run of the agent needs; it stores nothing, so this is all there is.
pub struct AgentConfig {
    /// The organisation whose operators may help; `None` if there is no file or it does not hold,
    /// which the person is told.
    pub organisation: Option<Arc<Organisation>>,
    /// Whether it is known that the organisation owns its domain: it came inside the
    /// organisation's own package. Otherwise the domain's web site is asked.
    pub organisation_verified: bool,
    /// Whether the person is asked for the domain of their organisation where none is known.
    pub asks_for_domain: bool,
    /// How a domain's web site is reached.
    pub site: SiteOf,
    /// The person's language, as a tag ("it", "en").
    pub language: String,
    /// By which way the relay is reached.
    pub choice: link::Choice,
    /// With which proxies, and how often QUIC is tried again.
    pub dialing: link::Dialing,
    /// Program and version, for the other ends' logs.
    pub build: String,
    /// How the check word is found.
    pub check_word: CheckWord,
    /// How the log is put into words.
    pub log_words: LogWords,
    /// The machine.
    pub platform: Platform,
}

/// Where the organisation file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrganisationSource {
    /// Appended to this program: the organisation's own package.
    Program,
    /// A file that somebody named: whose it is, is not known.
    File(PathBuf),
}

impl AgentConfig {
    /// Whether this process is one that an agent starts beside itself: to watch over its removal, or to keep a shell.
    /// Then it has done that, and the program is to return. For the very beginning of `main`.
    #[must_use]
    pub fn watch_if_asked() -> bool {
        host::watch_if_asked(PartName::is_part) || host::keep_shell_if_asked()
    }

    /// What this program removes at its end: itself first of all. From now on that happens after a
    /// crash as well, by a second process.
    #[must_use]
    pub fn removal() -> Removal {
        Removal::new(std::env::current_exe().unwrap_or_default()).watched()
    }

    /// Clears away what an earlier run had no time for. It may take a moment, so it is for a thread that nobody waits
    /// for, after [`AgentConfig::for_program`].
    pub fn clear_leftovers(removal: &Removal) {
        let cleared = removal.clear_leftovers();
        if !cleared.removed.is_empty() || !cleared.failed.is_empty() {
            let (removed, failed) = (cleared.removed.len(), cleared.failed.len());
            tracing::warn!(removed, failed, "an earlier run had left something behind");
        }
    }

    /// For the program that runs here, which `removal` removes: finds the organisation, and names
    /// where unfinished files could be.
    #[must_use]
    pub fn for_program(
        source: OrganisationSource,
        language: String,
        choice: link::Choice,
        build: String,
        check_word: CheckWord,
        log_words: LogWords,
        removal: Removal,
    ) -> Self {
        let program = std::env::current_exe().unwrap_or_default();
        let read = match &source {
            OrganisationSource::Program => read_appended(&program),
            OrganisationSource::File(path) => read_bounded(path),
        };
        let is_bare = source == OrganisationSource::Program
            && matches!(&read, Err(error) if error.kind() == io::ErrorKind::NotFound);
        let opened = read
            .map_err(|error| error.to_string())
            .and_then(|bytes| Organisation::open(&bytes, crate::engine::now_s()).map_err(|error| error.to_string()));
        let organisation = opened.inspect_err(|error| tracing::error!(%error, "no organisation file")).ok();
        let platform = Platform::this_machine(removal);
        platform.removal.unfinished_in(&platform.downloads, PartName::is_part);
        Self {
            organisation: organisation.map(Arc::new),
            organisation_verified: source == OrganisationSource::Program,
            asks_for_domain: is_bare,
            site: Arc::new(Site::of),
            language,
            choice,
            dialing: link::Dialing::default(),
            build,
            check_word,
            log_words,
            platform,
        }
    }

    /// What the stages need, once an organisation is known; otherwise the same again.
    pub(crate) fn ready(mut self) -> Result<Setup, Box<Self>> {
        match self.organisation.take() {
            Some(organisation) => Ok(Setup {
                organisation,
                verified: Verified::from(self.organisation_verified),
                language: self.language,
                choice: self.choice,
                dialing: self.dialing,
                build: self.build,
                check_word: self.check_word,
                log_words: self.log_words,
                platform: self.platform,
            }),
            None => Err(Box::new(self)),
        }
    }
}

/// [`AgentConfig`] with an organisation.
pub(crate) struct Setup {
    pub(crate) organisation: Arc<Organisation>,
    pub(crate) verified: Verified,
    pub(crate) language: String,
    pub(crate) choice: link::Choice,
    pub(crate) dialing: link::Dialing,
    pub(crate) build: String,
    pub(crate) check_word: CheckWord,
    pub(crate) log_words: LogWords,
    pub(crate) platform: Platform,
}

/// More of a named file is not read.
const ORGANISATION_BYTES: u64 = 1024 * 1024;
/// Bytes at the end of a program that say whether something is appended.
const TRAILER_BYTES: u64 = 24;

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(ORGANISATION_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn read_appended(program: &Path) -> io::Result<Vec<u8>> {
    let none = || io::Error::new(io::ErrorKind::NotFound, "this program carries no organisation file");
    let mut file = File::open(program)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TRAILER_BYTES)))?;
    let mut last = [0; TRAILER_BYTES as usize];
    file.read_exact(&mut last)?;
    let tail = identity::bytes_to_read(&last).map(|bytes| bytes as u64).filter(|bytes| *bytes <= length);
    let tail = tail.ok_or_else(none)?;
    file.seek(SeekFrom::Start(length - tail))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(identity::find_appended(&bytes).ok_or_else(none)?.to_vec())
}

/// Opens something that injects.
pub type InjectorOpener = Box<dyn Fn() -> Result<Box<dyn Injector>, InputError> + Send + Sync>;

/// The machine as the agent uses it; tests put fakes here.
pub struct Platform {
    /// Opens the screens.
    pub desktop: Box<dyn Fn() -> Result<Box<dyn Desktop>, CaptureError> + Send + Sync>,
    /// Opens mouse and keyboard.
    pub injector: InjectorOpener,
    /// Where received files go.
    pub downloads: PathBuf,
    /// Where the person can keep the log, besides.
    pub folders: KnownFolders,
    /// Where a relative path that the operator names begins.
    pub home: PathBuf,
    /// The operating system's name.
    pub system: String,
    /// What it is, holds and runs.
    pub machine: Arc<dyn Machine>,
    /// What is copied and pasted.
    pub clipboard: Arc<dyn Clipboard>,
    /// What is removed at the end.
    pub removal: Removal,
    /// What opens terminals.
    pub shells: Arc<dyn Shells>,
}

impl Platform {
    /// This machine; `removal` knows the program's own file and what it has made.
    #[must_use]
    pub fn this_machine(removal: Removal) -> Self {
        let own_process = std::process::id();
        let home = std::env::home_dir().unwrap_or_else(std::env::temp_dir);
        Self {
            desktop: Box::new(capture::open_desktop),
            injector: Box::new(move || input::open(OwnWindows::new(own_process))),
            downloads: crate::places::downloads_folder(),
            folders: host::known_folders(),
            shells: Arc::new(ThisMachinesShells::new(home.clone())),
            home,
            system: host::system_name(),
            machine: Arc::new(ThisMachine),
            clipboard: Arc::new(ThisClipboard::default()),
            removal,
        }
    }
}

impl fmt::Debug for AgentConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgentConfig")
    }
}
