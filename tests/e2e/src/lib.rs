//! A relay, an agent and a console in one process on real sockets, with a painted desktop: a whole
//! session in a few lines.

#![expect(clippy::expect_used, clippy::panic, reason = "what fails here fails the test that asked for it")]

mod apart;
pub mod attack;
pub mod evil;
mod line;
pub mod mounts;
pub mod moving;
mod people;
pub mod program;
mod running;
pub mod site;

pub use line::{Line, Proxied};
pub use people::wanting_newer_agents;
pub use running::Runs;

use agent_core::view::{AgentCommand, AgentView, Page};
use agent_core::{AgentConfig, AgentHandle, LinkKind, Platform};
use capture::fake::FakeDesktop;
use clipboard::fake::FakeClipboard;
use console_core::picture::Picture;
use console_core::records::Records;
use console_core::view::{ConsoleCommand, ConsoleView, SessionView, Stage};
use console_core::{ConsoleConfig, ConsoleHandle};
use host::Removal;
use host::fake::{FakeMachine, FakeProgram, FakeShells, process};
use identity::dev::DevOrganisation;
use identity::{OperatorFile, Organisation, Profile};
use input::fake::{Done, FakeInjector, FakeRecord};
use line::Reach;
use link::{Link, LinkError, RelayAddress, Trust};
use program::RelayProgram;
use proto::geometry::MonitorId;
use proto::session::Capability;
use relay::RelayHandle;
use running::RunningRelay;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use testkit::{ConnectProxy, Namespace, PacketPath, PathEmulator};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// No step of a test takes longer on the slowest machine.
const DEADLINE: Duration = Duration::from_secs(180);

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
    /// What the agent's machine is, holds and runs.
    pub machine: FakeMachine,
    /// What is copied and pasted on the agent's machine.
    pub clipboard: FakeClipboard,
    /// Where everything lies.
    pub folder: TempDir,
    agent_reach: Reach,
    console_reach: Reach,
    relay_address: SocketAddr,
    relay: Option<RunningRelay>,
    runs: Runs,
    runtime: Runtime,
    /// The relay is at its near end, agent and console are at its far end.
    packets: Option<PacketPath>,
    /// What the console keeps of its sessions.
    pub records: Records,
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// Seconds since 1970.
///
/// # Panics
/// Where the clock is before that.
#[must_use]
pub fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs()
}

/// How an agent learns of its organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learns {
    /// From a file that somebody gave to the person.
    FromFile,
    /// From the web site of a domain that the person types.
    FromDomain,
}

/// A folder in which a relay finds a throw-away organisation whose operator may do this.
fn organisation_with(profile: &Profile) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let nowhere = identity::RelayNode { name: "dev 1".into(), host: "127.0.0.1".into(), port: 1 };
    let relay = identity::RelayAddress { name: "dev relay".into(), nodes: vec![nowhere], pin: None };
    let made = identity::dev::sample(&mut rand::rngs::OsRng, now_s(), relay).expect("an organisation");
    let operator = operator_with(&made, profile);
    std::fs::create_dir(folder.path().join("relay")).expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.path().join("relay").join(name), bytes).expect("a file of the relay");
    };
    write("organisation.ponte", &made.organisation_file);
    write("root.seed", made.root.seed().expose());
    write("operator.ponte-vault", &testkit::operator_vault(&operator));
    write(COLLEAGUE, &testkit::operator_vault(&certified(&made, profile, 78)));
    folder
}

/// The sample operator with another profile, certified by the same organisation.
#[must_use]
pub fn operator_with(made: &DevOrganisation, profile: &Profile) -> OperatorFile {
    certified(made, profile, 77)
}

fn certified(made: &DevOrganisation, profile: &Profile, serial: u8) -> OperatorFile {
    let request = identity::OperatorRequest {
        name: identity::dev::SAMPLE_OPERATOR.to_owned(),
        team: Some("Anagrafe".to_owned()),
        profile: profile.clone(),
    };
    let seed = made.operator_seed.clone();
    let leaf = identity::issue_operator(&made.issuing, &seed.public_key(), &request, &[serial], now_s());
    OperatorFile { chain: vec![leaf.expect("a certificate"), made.issuing.certificate().to_vec()], seed }
}

impl World {
    /// All three, linked by this one way; nothing has been done yet.
    #[must_use]
    pub fn start(kind: LinkKind) -> Self {
        Self::on(Line::only(kind), Line::only(kind))
    }

    /// All three, each end on its own line; nothing has been done yet.
    #[must_use]
    pub fn on(agent_line: Line, console_line: Line) -> Self {
        Self::with(Runs::Inside, agent_line, console_line)
    }

    /// As [`World::on`], with the relay where it is wanted.
    #[must_use]
    pub fn with(runs: Runs, agent_line: Line, console_line: Line) -> Self {
        Self::over(None, runs, agent_line, console_line)
    }

    /// All three over QUIC; the operator's certificate allows this.
    #[must_use]
    pub fn with_profile(profile: &Profile) -> Self {
        let line = || Line::only(LinkKind::Quic);
        Self::in_folder(organisation_with(profile), None, Runs::Inside, line(), line())
    }

    fn over(packets: Option<PacketPath>, runs: Runs, agent_line: Line, console_line: Line) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::in_folder(folder, packets, runs, agent_line, console_line)
    }

    fn in_folder(
        folder: TempDir,
        packets: Option<PacketPath>,
        runs: Runs,
        agent_line: Line,
        console_line: Line,
    ) -> Self {
        let runtime = runtime();
        let (near, far) = (packets.as_ref().map(PacketPath::near), packets.as_ref().map(PacketPath::far));
        let anywhere = SocketAddr::new(near.map_or(Ipv4Addr::LOCALHOST.into(), Namespace::address), 0);
        let relay = apart::at(near, || RunningRelay::start(&runs, &folder.path().join("relay"), anywhere));
        let relay_address = relay.address();
        let agent_reach = runtime.block_on(agent_line.lay(folder.path(), relay_address));
        let console_reach = runtime.block_on(console_line.lay(folder.path(), relay_address));
        let desktop = FakeDesktop::new(640, 400);
        let injected = Arc::new(Mutex::new(Vec::new()));
        let machine = FakeMachine::with(vec![
            process(1, "init", false),
            process(40, "firefox", true),
            process(41, "stubborn", true),
        ]);
        let clipboard = FakeClipboard::default();
        let agent =
            apart::at(far, || agent_on(folder.path(), &agent_reach, &desktop, &injected, (&machine, &clipboard)));
        let (console, records) = apart::at(far, || console_on(folder.path(), &console_reach));
        let relay = Some(relay);
        Self {
            agent,
            console,
            desktop,
            injected,
            machine,
            clipboard,
            records,
            folder,
            agent_reach,
            console_reach,
            relay_address,
            relay,
            runs,
            runtime,
            packets,
        }
    }

    /// The path between agent and relay.
    #[must_use]
    pub fn agent_path(&self) -> &PathEmulator {
        self.agent_reach.path.as_ref().expect("the agent's line has a path")
    }

    /// The path between console and relay.
    #[must_use]
    pub fn console_path(&self) -> &PathEmulator {
        self.console_reach.path.as_ref().expect("the console's line has a path")
    }

    /// The proxy of the agent.
    #[must_use]
    pub fn agent_proxy(&self) -> &ConnectProxy {
        self.agent_reach.proxy.as_ref().expect("the agent's line has a proxy")
    }

    /// What one attempt of the agent to reach the relay would come to.
    ///
    /// # Errors
    /// As [`link::connect_with`].
    pub fn agent_dials(&self) -> Result<Link, LinkError> {
        let Reach { choice, dialing, organisation, .. } = &self.agent_reach;
        let organisation = Organisation::open(organisation, now_s()).expect("the organisation");
        let relay = organisation.relay();
        let node = relay.nodes.first().expect("a node");
        let address = RelayAddress { name: relay.name.clone(), host: node.host.clone(), port: node.port };
        let trust = relay.pin.map_or(Trust::Platform, Trust::Pin);
        self.runtime.block_on(link::connect_with(&address, &trust, *choice, &dialing.proxies, "test"))
    }

    pub(crate) fn relay_program(&self) -> &RelayProgram {
        self.relay.as_ref().expect("the relay runs").program()
    }

    /// Ends the relay without a word to anybody, as a crash would.
    pub fn kill_relay(&mut self) {
        self.relay.take().expect("the relay runs").kill();
    }

    /// Starts a relay where the killed one was, from the same folder.
    pub fn start_relay(&mut self) {
        let near = self.packets.as_ref().map(PacketPath::near);
        let start = || RunningRelay::start(&self.runs, &self.path("relay"), self.relay_address);
        self.relay = Some(apart::at(near, start));
    }

    /// Starts another agent beside the first, as another person would.
    #[must_use]
    pub fn another_agent(&self) -> AgentHandle {
        let far = self.packets.as_ref().map(PacketPath::far);
        apart::at(far, || {
            agent_on(
                self.folder.path(),
                &self.agent_reach,
                &self.desktop,
                &self.injected,
                (&self.machine, &self.clipboard),
            )
        })
    }

    /// Starts an agent that learns of the organisation in this way, and asks this web site.
    #[must_use]
    pub fn agent_that(&self, learns: Learns, site: agent_core::Site) -> AgentHandle {
        let mut config = agent_config(
            self.folder.path(),
            &self.agent_reach,
            &self.desktop,
            &self.injected,
            (&self.machine, &self.clipboard),
        );
        config.organisation_verified = false;
        if learns == Learns::FromDomain {
            config.organisation = None;
            config.asks_for_domain = true;
        }
        // Whatever domain is asked for, this site answers.
        config.site = Arc::new(move |_| site.clone());
        AgentHandle::start(config, Box::new(|| {})).expect("an agent")
    }

    /// Starts another agent that is set up otherwise.
    #[must_use]
    pub fn agent_with(&self, change: impl FnOnce(&mut AgentConfig)) -> AgentHandle {
        let mut config = agent_config(
            self.folder.path(),
            &self.agent_reach,
            &self.desktop,
            &self.injected,
            (&self.machine, &self.clipboard),
        );
        change(&mut config);
        AgentHandle::start(config, Box::new(|| {})).expect("an agent")
    }

    /// Starts another console beside the first, of the same operator.
    #[must_use]
    pub fn another_console(&self) -> ConsoleHandle {
        self.another_console_with_records().0
    }

    /// The same, with its own handle of the records.
    #[must_use]
    pub fn another_console_with_records(&self) -> (ConsoleHandle, Records) {
        let far = self.packets.as_ref().map(PacketPath::far);
        apart::at(far, || console_on(self.folder.path(), &self.console_reach))
    }

    /// Starts the console of another operator of the same organisation, for [`World::with_profile`].
    #[must_use]
    pub fn console_of_colleague(&self) -> ConsoleHandle {
        console_of(self.folder.path(), &self.console_reach, COLLEAGUE).0
    }

    /// A path in a folder of the test.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the relay counts, if it runs in this process.
    #[must_use]
    pub fn relay(&self) -> &RelayHandle {
        self.relay.as_ref().expect("the relay runs").handle()
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
        self.welcome(&self.agent);
        self.answer(true);
        // The layout travels apart from the pictures.
        self.session("a picture", |session| (session.pictures > 0 && session.monitor.is_some()).then_some(()));
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

    /// Waits until the agent's view gives something.
    pub fn agent_shows<T>(&self, what: &str, look: impl FnMut(&AgentView) -> Option<T>) -> T {
        self.shows(self.agent.watch(), what, look)
    }

    /// Waits until another agent's view gives something.
    pub fn other_shows<T>(&self, other: &AgentHandle, what: &str, look: impl FnMut(&AgentView) -> Option<T>) -> T {
        self.shows(other.watch(), what, look)
    }

    /// Waits until another console's view gives something.
    pub fn other_console_shows<T>(
        &self,
        other: &ConsoleHandle,
        what: &str,
        look: impl FnMut(&ConsoleView) -> Option<T>,
    ) -> T {
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

/// Whether a key, and whether a button was pressed. The agent lifts both where no window of the operator's says for two
/// seconds that they are held: on a busy machine before a test has looked.
#[must_use]
pub fn pressed(record: &FakeRecord) -> (bool, bool) {
    let done = record.done();
    let key = done.iter().any(|done| matches!(done, Done::Key { down: true, .. }));
    (key, done.iter().any(|done| matches!(done, Done::Button { down: true, .. })))
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(relay) = self.relay.take() {
            relay.kill();
        }
        // Their tasks end on the runtime that started them.
        let _inside = self.runtime.enter();
        for reach in [&mut self.agent_reach, &mut self.console_reach] {
            drop((reach.path.take(), reach.proxy.take()));
        }
    }
}

fn agent(
    folder: &Path,
    kind: LinkKind,
    desktop: &FakeDesktop,
    injected: &Arc<Mutex<Vec<FakeRecord>>>,
    clipboard: &FakeClipboard,
) -> AgentHandle {
    agent_on(folder, &Reach::direct(folder, kind), desktop, injected, (&FakeMachine::default(), clipboard))
}

fn agent_on(
    folder: &Path,
    reach: &Reach,
    desktop: &FakeDesktop,
    injected: &Arc<Mutex<Vec<FakeRecord>>>,
    (machine, clipboard): (&FakeMachine, &FakeClipboard),
) -> AgentHandle {
    AgentHandle::start(agent_config(folder, reach, desktop, injected, (machine, clipboard)), Box::new(|| {}))
        .expect("an agent")
}

fn agent_config(
    folder: &Path,
    reach: &Reach,
    desktop: &FakeDesktop,
    injected: &Arc<Mutex<Vec<FakeRecord>>>,
    (machine, clipboard): (&FakeMachine, &FakeClipboard),
) -> AgentConfig {
    let organisation = Organisation::open(&reach.organisation, now_s()).expect("the organisation");
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
        folders: host::KnownFolders::default(),
        home,
        system: "Test system".into(),
        machine: Arc::new(machine.clone()),
        clipboard: Arc::new(clipboard.clone()),
        removal: Removal::of(program, Box::new(FakeProgram::default())),
        shells: Arc::new(FakeShells::refusing()),
    };
    AgentConfig {
        organisation: Some(Arc::new(organisation)),
        organisation_verified: true,
        asks_for_domain: false,
        site: Arc::new(agent_core::Site::of),
        language: "en".into(),
        choice: reach.choice,
        dialing: reach.dialing.clone(),
        build: "ponte-agent test".into(),
        check_word: Arc::new(|number| format!("word-{number}")),
        log_words: Arc::new(testkit::PlainWords),
        platform,
    }
}

/// A console of the operator whom a relay in `relay` of this folder has made, for what is tested from outside.
#[must_use]
pub fn console_in(folder: &Path) -> ConsoleHandle {
    console(folder, LinkKind::Tls)
}

fn console(folder: &Path, kind: LinkKind) -> ConsoleHandle {
    console_on(folder, &Reach::direct(folder, kind)).0
}

/// Who else works for the organisation.
const COLLEAGUE: &str = "colleague.ponte-vault";

fn console_on(folder: &Path, reach: &Reach) -> (ConsoleHandle, Records) {
    console_of(folder, reach, "operator.ponte-vault")
}

fn console_of(folder: &Path, reach: &Reach, operator: &str) -> (ConsoleHandle, Records) {
    let operator = std::fs::read(folder.join("relay").join(operator)).expect("the operator file");
    let operator = testkit::signed_in(&operator);
    let mut config = ConsoleConfig::open(&operator, &reach.organisation, now_s()).expect("a console's files");
    config.choice = reach.choice;
    config.dialing = reach.dialing.clone();
    config.check_word = Arc::new(|number, _| format!("word-{number}"));
    config.home = Some(folder.to_owned());
    config.pictures_folder = folder.join("pictures");
    config.logs_folder = folder.join("logs");
    let records = config.open_records(Box::new(|| {})).expect("records");
    config.records = Some(records.clone());
    (ConsoleHandle::start(config, Box::new(|| {})).expect("a console"), records)
}
