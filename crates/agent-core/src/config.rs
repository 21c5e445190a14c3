//! What an agent is started with: the organisation it trusts and the machine it runs on.

use capture::{CaptureError, Desktop};
use host::Removal;
use identity::Organisation;
use input::{Injector, InputError, OwnWindows};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Everything that one run of the agent needs; it stores nothing, so this is all there is.
pub struct AgentConfig {
    /// The organisation whose operators may help.
    pub organisation: Arc<Organisation>,
    /// Whether it is known that the organisation owns its domain: it came inside the
    /// organisation's own package.
    pub organisation_verified: bool,
    /// The person's language, as a tag ("it", "en").
    pub language: String,
    /// By which way the relay is reached.
    pub choice: link::Choice,
    /// Program and version, for the other ends' logs.
    pub build: String,
    /// Turns the number behind the check word into a word of the person's language.
    pub check_word: Arc<dyn Fn(u32) -> String + Send + Sync>,
    /// The machine.
    pub platform: Platform,
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
    /// Where a relative path that the operator names begins.
    pub home: PathBuf,
    /// The operating system's name.
    pub system: String,
    /// What is removed at the end.
    pub removal: Removal,
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
            downloads: host::downloads_folder().unwrap_or_else(|| home.clone()),
            home,
            system: host::system_name(),
            removal,
        }
    }
}

impl fmt::Debug for AgentConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgentConfig")
    }
}
