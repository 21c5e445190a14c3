//! The one file that touches the engine: starts it, and shows it to the window as [`Engine`].

use crate::cli::{Arguments, LinkChoice};
use crate::places;
use console_core::picture::SharedPictures;
use console_core::view::{ConsoleCommand, ConsoleView};
use console_core::{Choice, ConsoleConfig, ConsoleHandle, LinkKind, StartError};
use i18n::Language;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long the window waits for the engine when it closes.
const SHUTDOWN: Duration = Duration::from_secs(6);

/// What the window needs of an engine.
pub trait Engine {
    /// What to show now.
    fn view(&self) -> ConsoleView;
    /// The pictures of the session.
    fn pictures(&self) -> SharedPictures;
    /// Hands over what the operator did.
    fn send(&mut self, command: ConsoleCommand);
    /// Ends it; waits a moment for what it still does.
    fn shutdown(&mut self);
}

/// Why the console cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The files do not hold.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// Reads the files that the command line names.
///
/// # Errors
/// [`OpenError`].
pub fn open(arguments: &Arguments, language: Language) -> Result<ConsoleConfig, OpenError> {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut config = ConsoleConfig::open(&read(&arguments.operator)?, &read(&arguments.organisation)?, now_s)?;
    config.language = language.tag().to_owned();
    config.choice = match arguments.link {
        LinkChoice::Race => Choice::Race,
        LinkChoice::Quic => Choice::Only(LinkKind::Quic),
        LinkChoice::Tls => Choice::Only(LinkKind::Tls),
    };
    config.check_word = Arc::new(move |number, tag| {
        i18n::check_word(number, Language::from_tag(tag).unwrap_or(Language::English)).to_owned()
    });
    config.pictures_folder = arguments.pictures.clone().unwrap_or_else(places::downloads);
    Ok(config)
}

fn read(path: &Path) -> Result<Vec<u8>, OpenError> {
    std::fs::read(path).map_err(|source| OpenError::Read { path: path.to_owned(), source })
}

/// The engine of `console_core`.
pub struct Running(Option<ConsoleHandle>, SharedPictures, ConsoleView);

impl Running {
    /// Starts it; `on_change` is called from its threads.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(config: ConsoleConfig, on_change: Box<dyn Fn() + Send + Sync>) -> Result<Self, StartError> {
        let handle = ConsoleHandle::start(config, on_change)?;
        let (pictures, view) = (handle.pictures(), handle.view());
        Ok(Self(Some(handle), pictures, view))
    }
}

impl Engine for Running {
    fn view(&self) -> ConsoleView {
        self.0.as_ref().map_or_else(|| self.2.clone(), ConsoleHandle::view)
    }

    fn pictures(&self) -> SharedPictures {
        self.1.clone()
    }

    fn send(&mut self, command: ConsoleCommand) {
        // A full queue is the engine's to log: there is nothing that the operator could do.
        let _ = self.0.as_ref().is_some_and(|handle| handle.send(command));
    }

    fn shutdown(&mut self) {
        if let Some(handle) = self.0.take() {
            handle.shutdown(SHUTDOWN);
        }
    }
}
