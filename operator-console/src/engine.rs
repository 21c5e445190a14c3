//! The one file that touches the engine: signs in, starts it, and shows it to the window as [`Engine`].

mod several;

pub use several::Several;

use crate::cli::{Arguments, LinkChoice};
use crate::desk::{DeskCommand, DeskView};
use crate::headless::Views;
use console_core::gate::{self, Cost, Gate, GateCommand, GateProblem, GateView};
use console_core::picture::SharedPictures;
use console_core::records::Records;
use console_core::view::{ConsoleCommand, ConsoleView, Stage};
use console_core::{CheckWord, Choice, ConsoleConfig, ConsoleHandle, LineId, LinkKind};
use i18n::Language;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long the window waits for the engine when it closes.
const SHUTDOWN: Duration = Duration::from_secs(6);

/// How long it waits for what is kept of the sessions to be saved.
const SAVING: Duration = Duration::from_secs(3);

/// What the window needs of an engine.
pub trait Engine {
    /// What stands before the engine.
    fn gate(&mut self) -> GateView;
    /// Hands over what the operator did there.
    fn at_gate(&mut self, command: GateCommand);
    /// What to show now; `None` before signing in.
    fn view(&self) -> Option<ConsoleView>;
    /// The pictures of the session.
    fn pictures(&self) -> SharedPictures;
    /// Hands over what the operator did.
    fn send(&mut self, command: ConsoleCommand);
    /// Hands over what the operator did in another session than the one in front.
    fn send_to(&mut self, _line: LineId, _command: ConsoleCommand) {}
    /// What stands around the session in front; nothing, where there is only one.
    fn desk(&self) -> DeskView {
        DeskView::default()
    }
    /// Hands over what the operator did there.
    fn at_desk(&mut self, _command: DeskCommand) {}
    /// Whether something has happened since the last time that somebody in another window should look at.
    fn take_call(&mut self) -> bool {
        false
    }
    /// The language of what is said from now on.
    fn set_language(&mut self, _language: Language) {}
    /// Ends it; waits a moment for what it still does.
    fn shutdown(&mut self);
}

/// What the command line says of the engine.
struct Settings {
    language: Language,
    choice: Choice,
    check_word: CheckWord,
    pictures_folder: PathBuf,
    /// Where they are not in the folder for data.
    logs_folder: Option<PathBuf>,
}

impl Settings {
    fn of(arguments: &Arguments, language: Language) -> Self {
        let choice = match arguments.link {
            LinkChoice::Race => Choice::Race,
            LinkChoice::Quic => Choice::Only(LinkKind::Quic),
            LinkChoice::Tls => Choice::Only(LinkKind::Tls),
        };
        let check_word = Arc::new(|number, tag: &str| {
            i18n::check_word(number, Language::from_tag(tag).unwrap_or(Language::English)).to_owned()
        });
        Self { language, choice, check_word, pictures_folder: arguments.pictures(), logs_folder: None }
    }

    fn put_into(&self, config: &mut ConsoleConfig) {
        config.language = self.language.tag().to_owned();
        config.choice = self.choice;
        config.check_word = Arc::clone(&self.check_word);
        config.home = crate::places::home();
        config.pictures_folder = self.pictures_folder.clone();
        if let Some(logs) = &self.logs_folder {
            config.logs_folder = logs.clone();
        }
    }
}

/// The files that the command line names and that are not there. Without a name a missing file is the
/// beginning of everything; with one it is a mistake.
#[must_use]
pub fn missing_file(arguments: &Arguments) -> Option<PathBuf> {
    [&arguments.operator, &arguments.organisation].into_iter().flatten().find(|path| !path.is_file()).cloned()
}

/// The gate, and behind it one engine of `console_core`, for programs: they start another for another session.
pub struct Running {
    gate: Gate,
    settings: Settings,
    on_change: Arc<dyn Fn() + Send + Sync>,
    engine: Option<ConsoleHandle>,
    /// With a renewed certificate, for when the engine is at rest.
    next: Option<ConsoleConfig>,
    /// Where somebody wants every view, not only the newest.
    views: Option<Arc<Views>>,
    records: Option<Records>,
}

impl Running {
    /// Looks at the files; `on_change` is called, also from other threads, when there is something new to be
    /// seen.
    #[must_use]
    pub fn new(arguments: &Arguments, language: Language, on_change: Arc<dyn Fn() + Send + Sync>) -> Self {
        let gate = Gate::new(arguments.places(), Cost::USUAL, language.tag(), Arc::clone(&on_change));
        Self {
            gate,
            settings: Settings::of(arguments, language),
            on_change,
            engine: None,
            next: None,
            views: None,
            records: None,
        }
    }

    /// Queues every view there.
    #[must_use]
    pub fn noted_by(mut self, views: Arc<Views>) -> Self {
        self.views = Some(views);
        self
    }

    /// Keeps the logs of sessions in this folder.
    #[must_use]
    pub fn with_logs_in(mut self, folder: &Path) -> Self {
        self.settings.logs_folder = Some(folder.to_owned());
        self
    }

    /// What is kept of the operator's sessions.
    #[must_use]
    pub fn records(&self) -> Option<Records> {
        self.records.clone()
    }

    /// Hands over what the operator did; false if the engine takes no more now.
    #[must_use]
    pub fn offer(&self, command: ConsoleCommand) -> bool {
        self.engine.as_ref().is_some_and(|engine| engine.send(command))
    }

    /// What is kept of the operator's sessions; without it everything else goes on.
    fn records_of(&mut self, config: &ConsoleConfig) -> Option<Records> {
        if self.records.is_none() {
            let on_change = Arc::clone(&self.on_change);
            let opened = config.open_records(Box::new(move || on_change()));
            self.records = opened.inspect_err(|error| tracing::warn!(%error, "notes of sessions are not kept")).ok();
        }
        self.records.clone()
    }

    /// Starts the engine after signing in, and again with a renewed certificate once no key waits and no
    /// session runs.
    fn renew_engine(&mut self) {
        self.next = self.gate.take_opened().or(self.next.take());
        let is_at_rest = self.engine.as_ref().is_none_or(|engine| engine.view().stage == Stage::Idle);
        let Some(mut config) = self.next.take_if(|_| is_at_rest) else { return };
        self.settings.put_into(&mut config);
        config.records = self.records_of(&config);
        let on_change = Arc::clone(&self.on_change);
        // The one before has nothing to do any more, and ends by being dropped.
        self.engine = None;
        let views = self.views.clone();
        let changed = move || {
            if let Some(views) = &views {
                views.note();
            }
            on_change();
        };
        match ConsoleHandle::start(config, Box::new(changed)) {
            Ok(engine) => {
                if let Some(views) = &self.views {
                    let view = engine.watch();
                    views.watch(Box::new(move || view.borrow().clone()));
                }
                self.engine = Some(engine);
            }
            Err(error) => {
                tracing::warn!(%error, "the engine could not start");
                self.gate.tell(GateProblem::System);
            }
        }
    }
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl Engine for Running {
    fn gate(&mut self) -> GateView {
        let view = self.gate.view(Instant::now(), now_s());
        self.renew_engine();
        view
    }

    fn at_gate(&mut self, command: GateCommand) {
        self.gate.handle(command, Instant::now(), now_s());
    }

    fn view(&self) -> Option<ConsoleView> {
        let mut view = self.engine.as_ref()?.view();
        gate::renew(&mut view.operator, now_s());
        Some(view)
    }

    fn pictures(&self) -> SharedPictures {
        self.engine.as_ref().map_or_else(SharedPictures::new, ConsoleHandle::pictures)
    }

    fn send(&mut self, command: ConsoleCommand) {
        // A full queue is the engine's to log: there is nothing that the operator could do.
        let _ = self.offer(command);
    }

    fn shutdown(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.shutdown(SHUTDOWN);
        }
        if let Some(records) = self.records.take() {
            records.flush(SAVING);
        }
    }
}
