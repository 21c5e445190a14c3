//! A relay, an agent and a console in one process on real sockets, with a painted desktop: a whole
//! session in a few lines.

#![expect(clippy::expect_used, clippy::panic, reason = "what fails here fails the test that asked for it")]

use agent_core::view::{AgentCommand, AgentView, Page};
use agent_core::{AgentConfig, AgentHandle, Choice, LinkKind, Platform};
use capture::fake::FakeDesktop;
use console_core::picture::Picture;
use console_core::view::{ConsoleCommand, ConsoleView, SessionView, Stage};
use console_core::{ConsoleConfig, ConsoleHandle};
use host::Removal;
use host::fake::FakeProgram;
use identity::Organisation;
use input::fake::{FakeInjector, FakeRecord};
use proto::geometry::MonitorId;
use proto::session::{Capability, RequestId};
use relay::{DEV_OPERATOR, Limits, RelayHandle, Settings};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// No step of a test takes longer on the slowest machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// Everything that a session needs. Dropping it ends all.
pub struct World {
    /// The agent.
    pub agent: AgentHandle,
    /// The console.
    pub console: ConsoleHandle,
    /// The agent's screen.
    pub desktop: FakeDesktop,
    /// What was injected, one record for each time that control was granted.
    pub injected: Arc<Mutex<Vec<FakeRecord>>>,
    /// Where everything lies.
    pub folder: TempDir,
    kind: LinkKind,
    relay: Option<RelayHandle>,
    runtime: Runtime,
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs()
}

impl World {
    /// All three, linked by this one way; nothing has been done yet.
    #[must_use]
    pub fn start(kind: LinkKind) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let relay_folder = folder.path().join("relay");
        let listen = "127.0.0.1:0".parse().expect("an address");
        let settings = Settings::dev(&relay_folder, listen, DEV_OPERATOR, Limits::Bench).expect("a relay's settings");
        let relay = runtime.block_on(relay::start(settings)).expect("a relay");
        let desktop = FakeDesktop::new(640, 400);
        let injected = Arc::new(Mutex::new(Vec::new()));
        let agent = agent(folder.path(), kind, &desktop, &injected);
        let console = console(folder.path(), kind);
        Self { agent, console, desktop, injected, folder, kind, relay: Some(relay), runtime }
    }

    /// Starts another agent beside the first, as another person would.
    #[must_use]
    pub fn another_agent(&self) -> AgentHandle {
        agent(self.folder.path(), self.kind, &self.desktop, &self.injected)
    }

    /// A path in a folder of the test.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the relay counts.
    #[must_use]
    pub fn relay(&self) -> &RelayHandle {
        self.relay.as_ref().expect("the relay runs")
    }

    /// Makes a key and returns it as it would be read out.
    #[must_use]
    pub fn new_key(&self) -> String {
        self.console.send(ConsoleCommand::NewKey);
        self.console_shows("a key", |view| match &view.stage {
            Stage::Waiting(key) => Some(key.grouped.clone()),
            _ => None,
        })
    }

    /// Pairs, recognises the operator and allows the viewing.
    pub fn pair_and_view(&self) {
        let key = self.new_key();
        self.agent.send(AgentCommand::SubmitKey(key));
        let word = self.agent_shows("who asks", |view| match &view.page {
            Page::WhoAsks { check_word, .. } => Some(check_word.clone()),
            _ => None,
        });
        let shown = self.session("the session", |session| Some(session.check_word.clone()));
        assert_eq!(word, shown, "both ends show the same word");
        self.agent.send(AgentCommand::RecogniseOperator(true));
        self.answer(true);
        self.session("a picture", |session| (session.pictures > 0).then_some(()));
    }

    /// Asks for control and allows it.
    pub fn control(&self) {
        self.console.send(ConsoleCommand::Ask(Capability::Control));
        self.answer(true);
        let granted = |session: &SessionView| {
            use console_core::view::PowerState::Granted;
            let mut powers = session.powers.iter();
            powers.any(|power| power.capability == Capability::Control && power.state == Granted).then_some(())
        };
        self.session("control", granted);
    }

    /// Answers the question that is or will be open.
    pub fn answer(&self, yes: bool) -> RequestId {
        let id = self.agent_shows("a question", |view| match &view.page {
            Page::Question(question) => Some(question.id),
            _ => None,
        });
        self.agent.send(AgentCommand::QuestionShown(id));
        self.agent.send(AgentCommand::Answer(id, yes));
        id
    }

    /// Waits until the agent's view gives something.
    pub fn agent_shows<T>(&self, what: &str, look: impl FnMut(&AgentView) -> Option<T>) -> T {
        self.shows(self.agent.watch(), what, look)
    }

    /// Waits until another agent's view gives something.
    pub fn other_shows<T>(&self, other: &AgentHandle, what: &str, look: impl FnMut(&AgentView) -> Option<T>) -> T {
        self.shows(other.watch(), what, look)
    }

    /// Waits until the console's view gives something.
    pub fn console_shows<T>(&self, what: &str, look: impl FnMut(&ConsoleView) -> Option<T>) -> T {
        self.shows(self.console.watch(), what, look)
    }

    /// Waits until the console's session gives something.
    pub fn session<T>(&self, what: &str, mut look: impl FnMut(&SessionView) -> Option<T>) -> T {
        self.console_shows(what, |view| match &view.stage {
            Stage::Session(session) => look(session),
            _ => None,
        })
    }

    fn shows<V, T>(&self, mut view: watch::Receiver<V>, what: &str, mut look: impl FnMut(&V) -> Option<T>) -> T {
        let seen = async {
            loop {
                if let Some(seen) = look(&view.borrow_and_update()) {
                    return Some(seen);
                }
                if view.changed().await.is_err() {
                    return None;
                }
            }
        };
        let seen = self.runtime.block_on(async { tokio::time::timeout(DEADLINE, seen).await });
        match seen {
            Ok(Some(seen)) => seen,
            Ok(None) => panic!("the program ended before it showed {what}"),
            Err(_) => {
                panic!("{what} was not shown; agent: {:?}; console: {:?}", self.agent.view(), self.console.view())
            }
        }
    }

    /// Waits until something becomes true that no view tells; looks whenever a picture may have come.
    pub fn eventually(&self, what: &str, mut look: impl FnMut() -> bool) {
        let seen = async {
            while !look() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let seen = self.runtime.block_on(async { tokio::time::timeout(DEADLINE, seen).await });
        assert!(seen.is_ok(), "{what} did not come true");
    }

    /// The console's newest picture of the only monitor.
    #[must_use]
    pub fn picture(&self) -> Picture {
        self.console.pictures().lock().monitors.get(&MonitorId(0)).cloned().unwrap_or_default()
    }

    /// The colour (red, green, blue) of one pixel of the console's picture.
    #[must_use]
    pub fn pixel(&self, x: u32, y: u32) -> Option<[u8; 3]> {
        let picture = self.picture();
        let at = (y as usize * picture.width as usize + x as usize) * 4;
        picture.rgba.get(at..at + 3)?.try_into().ok()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(relay) = self.relay.take() {
            // Its tasks end on the runtime that started them.
            let _inside = self.runtime.enter();
            drop(relay);
        }
    }
}

fn agent(folder: &Path, kind: LinkKind, desktop: &FakeDesktop, injected: &Arc<Mutex<Vec<FakeRecord>>>) -> AgentHandle {
    let organisation = std::fs::read(folder.join("relay/organisation.ponte")).expect("the organisation file");
    let organisation = Organisation::open(&organisation, now_s()).expect("the organisation");
    let (downloads, home) = (folder.join("downloads"), folder.join("home"));
    let program = folder.join("ponte-agent");
    for needed in [&downloads, &home] {
        std::fs::create_dir_all(needed).expect("a folder");
    }
    std::fs::write(&program, "a program").expect("a program");
    let (desktop, injected) = (desktop.clone(), Arc::clone(injected));
    let platform = Platform {
        desktop: Box::new(move || Ok(Box::new(desktop.clone()))),
        injector: Box::new(move || {
            let (injector, record) = FakeInjector::new();
            injected.lock().expect("no panic").push(record);
            Ok(Box::new(injector))
        }),
        downloads,
        home,
        system: "Test system".into(),
        removal: Removal::of(program, Box::new(FakeProgram::default())),
    };
    let config = AgentConfig {
        organisation: Arc::new(organisation),
        organisation_verified: true,
        language: "en".into(),
        choice: Choice::Only(kind),
        build: "ponte-agent test".into(),
        check_word: Arc::new(|number| format!("word-{number}")),
        platform,
    };
    AgentHandle::start(config, Box::new(|| {})).expect("an agent")
}

fn console(folder: &Path, kind: LinkKind) -> ConsoleHandle {
    let operator = std::fs::read(folder.join("relay/operator.json")).expect("the operator file");
    let organisation = std::fs::read(folder.join("relay/organisation.ponte")).expect("the organisation file");
    let mut config = ConsoleConfig::open(&operator, &organisation, now_s()).expect("a console's files");
    config.choice = Choice::Only(kind);
    config.check_word = Arc::new(|number, _| format!("word-{number}"));
    config.pictures_folder = folder.join("pictures");
    ConsoleHandle::start(config, Box::new(|| {})).expect("a console")
}
