//! The wires between the window and `agent-core`; the only file that starts it.

use crate::cli::Cli;
use agent_core::view::{AgentCommand, AgentView};
use agent_core::{AgentConfig, AgentHandle, OrganisationSource, Removal, Words};
use i18n::{I18n, check_word};
use std::sync::{Arc, Once};
use std::time::Duration;

/// How long the engine's tasks may take to end.
const SHUTDOWN: Duration = Duration::from_secs(6);

/// What the window needs of the engine.
pub trait Engine {
    /// What to show now.
    fn view(&self) -> AgentView;
    /// What the person did.
    fn send(&self, command: AgentCommand);
    /// Whether it has done everything, the tidying up included.
    fn has_ended(&self) -> bool;
    /// Ends it.
    fn shutdown(self: Box<Self>);
}

/// The engine as it runs.
struct Running {
    handle: AgentHandle,
    removal: Removal,
    is_shown: Once,
}

impl Engine for Running {
    fn view(&self) -> AgentView {
        // The window is there, and need not wait for what earlier runs have left.
        self.is_shown.call_once(|| {
            let removal = self.removal.clone();
            let clear = move || AgentConfig::clear_leftovers(&removal);
            if let Err(error) = std::thread::Builder::new().name("leftovers".into()).spawn(clear) {
                tracing::warn!(%error, "what an earlier run may have left stays");
            }
        });
        self.handle.view()
    }

    fn send(&self, command: AgentCommand) {
        self.handle.send(command);
    }

    fn has_ended(&self) -> bool {
        self.handle.watch().has_changed().is_err()
    }

    fn shutdown(self: Box<Self>) {
        self.handle.shutdown(SHUTDOWN);
    }
}

/// The log in the language of the window.
struct LogWords(I18n);

impl Words for LogWords {
    fn say(&self, id: &str, arguments: &[(&str, &str)]) -> String {
        let arguments: Vec<_> = arguments.iter().map(|(name, value)| (*name, (*value).into())).collect();
        self.0.text_with(id, &arguments)
    }
}

/// Starts the engine as the command line says; `removal` is what goes at its end, and `on_change` is
/// called whenever the view has changed.
///
/// # Errors
/// The system gives no threads.
pub fn start(cli: &Cli, removal: Removal, on_change: Box<dyn Fn() + Send + Sync>) -> std::io::Result<Box<dyn Engine>> {
    let language = cli.language();
    let organisation = cli.organisation.clone().map_or(OrganisationSource::Program, OrganisationSource::File);
    let config = AgentConfig::for_program(
        organisation,
        language.tag().to_owned(),
        cli.choice(),
        concat!("ponte-agent ", env!("CARGO_PKG_VERSION")).to_owned(),
        Arc::new(move |number| check_word(number, language).to_owned()),
        Arc::new(LogWords(I18n::new(language))),
        removal.clone(),
    );
    Ok(Box::new(Running { handle: AgentHandle::start(config, on_change)?, removal, is_shown: Once::new() }))
}
