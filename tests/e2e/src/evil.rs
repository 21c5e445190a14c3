//! Bad parties for tests: a relay that cheats with every message and packet, and false ends that
//! know the key.
//!
//! [`EvilRelay`] decides as the true relay does (`relay_core`), but every message that it sends and
//! every packet that it forwards passes through a trick of the test. A [`Catcher`] answers links by
//! itself and makes an end out of each: [`Caught::be_console`] and [`Caught::be_agent`].

#![expect(clippy::missing_panics_doc, reason = "what fails here fails the test that asked for it")]

pub mod ends;
mod genuine;

use agent_core::view::{AgentView, Page};
use agent_core::{AgentHandle, LinkKind};
use bytes::Bytes;
use capture::fake::FakeDesktop;
use channel::ConsoleIdentity;
use clipboard::fake::FakeClipboard;
use console_core::ConsoleHandle;
use console_core::view::{ConsoleView, Stage};
pub use ends::forged_ticket;
use ends::{Catcher, Caught};
use identity::dev::DevOrganisation;
use identity::{Organisation, RelayAddress, RelayNode, Seed};
use input::fake::FakeRecord;
use link::pump::{self, PacketSink, Pumped};
use link::quic::NodeKeys;
use link::{ControlSender, PacketSender, Packets};
use proto::relay::{EndToRelay, NodeName, OpaqueBytes, Refusal, RelayToEnd, Side};
use rand::SeedableRng as _;
use rand::rngs::{OsRng, StdRng};
use relay_core::{ClusterKey, Config, LinkId, OperatorProof, Output, RelayCore, Source};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};

/// No step of a test takes longer on the slowest machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// To which end a message goes; `None` is the one that it was for.
pub type Sent = (Option<Side>, RelayToEnd);
/// Turns what the true relay would send to an end (`None` before it is known which) into what is
/// sent.
pub type Trick = Box<dyn FnMut(Option<Side>, RelayToEnd) -> Vec<Sent> + Send>;
/// Turns a packet from one end into packets for the ends.
pub type PacketTrick = Box<dyn FnMut(Side, Bytes) -> Vec<(Side, Bytes)> + Send>;

/// The end that is not this one.
#[must_use]
pub fn other(side: Side) -> Side {
    if side == Side::Console { Side::Agent } else { Side::Console }
}

/// A trick that changes messages one for one.
pub fn changing(mut change: impl FnMut(Option<Side>, &mut RelayToEnd) + Send + 'static) -> Trick {
    Box::new(move |side, mut message| {
        change(side, &mut message);
        vec![(None, message)]
    })
}

/// Bytes as an opaque pairing message.
#[must_use]
pub fn opaque(bytes: Vec<u8>) -> OpaqueBytes {
    OpaqueBytes::new(bytes).expect("short enough")
}

/// An organisation whose relay is evil, the folder of its files, and the ends that trust it.
pub struct Trap {
    /// The organisation with all keys.
    pub organisation: DevOrganisation,
    /// The agents' screen.
    pub desktop: FakeDesktop,
    /// What was injected, one record for each time that control was granted.
    pub injected: Arc<Mutex<Vec<FakeRecord>>>,
    /// What is copied and pasted on the agents' machine.
    pub clipboard: FakeClipboard,
    /// Runs what the test itself does.
    pub runtime: Runtime,
    folder: TempDir,
    endpoint: quinn::Endpoint,
}

fn endpoint_and_address() -> (quinn::Endpoint, RelayAddress) {
    let now_s = super::now_s();
    let outer = Seed::random(&mut OsRng);
    let ca = identity::create_root(Seed::random(&mut OsRng), "Evil", &[1], now_s).expect("an authority");
    let names = ["127.0.0.1".to_owned()];
    let certificate = identity::server_certificate(&ca, &outer, &names, now_s).expect("a certificate");
    let pin = identity::spki_sha256(&certificate);
    let chain = vec![CertificateDer::from(certificate), CertificateDer::from(ca.certificate().to_vec())];
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(outer.pkcs8_der().to_vec()));
    let config = NodeKeys::derive(&[7; 32]).and_then(|keys| keys.server_config(chain, key)).expect("a configuration");
    let listen = (Ipv4Addr::LOCALHOST, 0).into();
    let endpoint = quinn::Endpoint::server(config, listen).expect("a socket");
    let port = endpoint.local_addr().expect("an address").port();
    let node = RelayNode { name: "evil 1".into(), host: "127.0.0.1".into(), port };
    (endpoint, RelayAddress { name: "evil relay".into(), nodes: vec![node], pin })
}

impl Trap {
    /// Everything but the relay's behaviour.
    #[must_use]
    pub fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let inside = runtime.enter();
        let (endpoint, address) = endpoint_and_address();
        drop(inside);
        let organisation = identity::dev::sample(&mut OsRng, super::now_s(), address).expect("an organisation");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("relay")).expect("a folder");
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("a file");
        write("relay/organisation.ponte", &organisation.organisation_file);
        write("relay/operator.ponte-vault", &testkit::operator_vault(&organisation.operator_file()));
        let (desktop, injected, clipboard) = (FakeDesktop::new(640, 400), Arc::default(), FakeClipboard::default());
        Self { organisation, desktop, injected, clipboard, runtime, folder, endpoint }
    }

    /// A path in a folder of the test.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of the test.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The organisation as the ends see it.
    #[must_use]
    pub fn opened(&self) -> Organisation {
        Organisation::open(&self.organisation.organisation_file, super::now_s()).expect("the organisation")
    }

    /// A genuine agent.
    #[must_use]
    pub fn agent(&self) -> AgentHandle {
        super::agent(self.folder.path(), LinkKind::Quic, &self.desktop, &self.injected, &self.clipboard)
    }

    /// The genuine console.
    #[must_use]
    pub fn console(&self) -> ConsoleHandle {
        super::console(self.folder.path(), LinkKind::Quic)
    }

    /// What a console of this organisation proves itself with.
    #[must_use]
    pub fn console_identity(&self) -> ConsoleIdentity {
        identity_of(&self.organisation)
    }

    /// Waits until a view gives something.
    pub fn shows<V: std::fmt::Debug, T>(
        &self,
        mut view: watch::Receiver<V>,
        what: &str,
        mut look: impl FnMut(&V) -> Option<T>,
    ) -> T {
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
        match self.runtime.block_on(async { tokio::time::timeout(DEADLINE, seen).await }) {
            Ok(Some(seen)) => seen,
            Ok(None) => panic!("the program ended before it showed {what}"),
            Err(_) => panic!("{what} was not shown, but {:?}", *view.borrow()),
        }
    }

    /// Waits until an agent's view gives something.
    pub fn agent_shows<T>(&self, agent: &AgentHandle, what: &str, look: impl FnMut(&AgentView) -> Option<T>) -> T {
        self.shows(agent.watch(), what, look)
    }

    /// Waits until the agent shows exactly this page.
    pub fn agent_page(&self, agent: &AgentHandle, what: &str, page: &Page) {
        self.agent_shows(agent, &format!("{what}: {page:?}"), |view| (view.page == *page).then_some(()));
    }

    /// Waits until the console's view gives something.
    pub fn console_shows<T>(
        &self,
        console: &ConsoleHandle,
        what: &str,
        look: impl FnMut(&ConsoleView) -> Option<T>,
    ) -> T {
        self.shows(console.watch(), what, look)
    }

    /// Waits for the console's key and returns it as it would be read out.
    pub fn key(&self, console: &ConsoleHandle) -> String {
        self.console_shows(console, "a key", |view| match &view.stage {
            Stage::Waiting(key) => Some(key.grouped.clone()),
            _ => None,
        })
    }

    /// Waits until something becomes true that no view tells.
    pub fn eventually(&self, what: &str, mut look: impl FnMut() -> bool) {
        let seen = async {
            while !look() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let seen = self.runtime.block_on(async { tokio::time::timeout(DEADLINE, seen).await });
        assert!(seen.is_ok(), "{what} did not come true");
    }

    /// Runs something of the test itself, which must end in time.
    pub fn run<T>(&self, what: &str, work: impl Future<Output = T>) -> T {
        let done = self.runtime.block_on(async { tokio::time::timeout(DEADLINE, work).await });
        done.unwrap_or_else(|_| panic!("{what} did not end"))
    }

    /// Starts the relay that cheats; the trick may be changed at any time.
    #[must_use]
    pub fn relay(&self) -> EvilRelay {
        EvilRelay::start(self)
    }

    /// Starts a relay that hands its links to the test.
    #[must_use]
    pub fn catcher(&self) -> Catcher {
        let endpoint = self.endpoint.clone();
        let (caught, waiting) = mpsc::channel(64);
        self.runtime.spawn(async move {
            while let Some(pumped) = accept(&endpoint, |sink| sink).await {
                let (pumped, receiver) = pumped;
                let packets = Packets { sender: pumped.packets, receiver };
                if caught.send(Caught { control: pumped.control, packets }).await.is_err() {
                    return;
                }
            }
        });
        Catcher { waiting }
    }

    /// Answers every link with these bytes, whatever it says.
    pub fn answer_with(&self, bytes: Vec<u8>) {
        let endpoint = self.endpoint.clone();
        self.runtime.spawn(async move {
            while let Some(incoming) = endpoint.accept().await {
                let bytes = bytes.clone();
                tokio::spawn(async move {
                    let Ok(connection) = incoming.await else { return };
                    let Ok((mut send, mut receive)) = connection.accept_bi().await else { return };
                    if send.write_all(&bytes).await.is_ok() && send.finish().is_ok() {
                        while let Ok(Some(_)) = receive.read_chunk(4096, true).await {}
                    }
                });
            }
        });
    }
}

impl Default for Trap {
    fn default() -> Self {
        Self::new()
    }
}

/// What the first operator of an organisation proves himself with.
#[must_use]
pub fn identity_of(organisation: &DevOrganisation) -> ConsoleIdentity {
    let chain = organisation.operator_chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
    ConsoleIdentity { chain, seed: organisation.operator_seed.clone() }
}

type RelaySide = Pumped<RelayToEnd, EndToRelay>;

/// The next link; its packets go into a queue.
async fn accept(
    endpoint: &quinn::Endpoint,
    wrap: impl FnOnce(Arc<dyn PacketSink>) -> Arc<dyn PacketSink>,
) -> Option<(RelaySide, link::PacketReceiver)> {
    loop {
        let incoming = endpoint.accept().await?;
        let Ok(connection) = incoming.await else { continue };
        let Ok(control) = connection.accept_bi().await else { continue };
        let (sender, receiver) = link::packets::packet_queue();
        return Some((pump::quic(connection, control, wrap(Arc::new(sender))), receiver));
    }
}

enum Event {
    Opened(LinkId, ControlSender<RelayToEnd>, PacketSender),
    Message(LinkId, EndToRelay),
    Closed(LinkId),
    Say(Side, RelayToEnd),
    Skip(Duration),
}

#[derive(Default)]
struct Seen {
    /// Encoded messages, and to which end they went; the operator's proof apart.
    messages: Vec<(Option<Side>, Vec<u8>)>,
    proofs: usize,
    packets: Vec<(Side, Bytes)>,
}

struct Shared {
    seen: Mutex<Seen>,
    trick: Mutex<Trick>,
    packet_trick: Mutex<PacketTrick>,
    routes: Mutex<Routes>,
}

#[derive(Default)]
struct Routes {
    sides: HashMap<LinkId, Side>,
    to: HashMap<Side, PacketSender>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The relay that cheats. It lives as long as its [`Trap`].
pub struct EvilRelay {
    shared: Arc<Shared>,
    events: mpsc::Sender<Event>,
}

impl EvilRelay {
    fn start(trap: &Trap) -> Self {
        let shared = Arc::new(Shared {
            seen: Mutex::default(),
            trick: Mutex::new(changing(|_, _| {})),
            packet_trick: Mutex::new(Box::new(|from, packet| vec![(other(from), packet)])),
            routes: Mutex::default(),
        });
        let (events, waiting) = mpsc::channel(1024);
        let brain = Brain::new(Arc::new(trap.opened()), Arc::clone(&shared));
        trap.runtime.spawn(brain.run(waiting));
        trap.runtime.spawn(take_links(trap.endpoint.clone(), events.clone(), Arc::clone(&shared)));
        Self { shared, events }
    }

    /// Plays this trick from now on.
    pub fn play(&self, trick: Trick) {
        *lock(&self.shared.trick) = trick;
    }

    /// Treats packets so from now on.
    pub fn play_with_packets(&self, trick: PacketTrick) {
        *lock(&self.shared.packet_trick) = trick;
    }

    /// Says something to the newest link of an end that the true relay would not say.
    pub fn say(&self, side: Side, message: RelayToEnd) {
        self.events.try_send(Event::Say(side, message)).expect("the relay lives");
    }

    /// Lets the relay's clock jump.
    pub fn skip(&self, time: Duration) {
        self.events.try_send(Event::Skip(time)).expect("the relay lives");
    }

    /// Puts a packet on the way to an end.
    pub fn inject(&self, side: Side, packet: Bytes) {
        if let Some(to) = lock(&self.shared.routes).to.get(&side) {
            to.send(packet);
        }
    }

    /// Packets that came from the ends so far.
    #[must_use]
    pub fn packets(&self) -> Vec<(Side, Bytes)> {
        lock(&self.shared.seen).packets.clone()
    }

    /// Whether these bytes were in any message that the relay saw or sent, but for the proof with
    /// the operator's certificate, which consoles owe it.
    #[must_use]
    pub fn saw_message_with(&self, what: &[u8]) -> bool {
        lock(&self.shared.seen).messages.iter().any(|(_, bytes)| contains(bytes, what))
    }

    /// The same, and packets.
    #[must_use]
    pub fn saw(&self, what: &[u8]) -> bool {
        self.saw_message_with(what) || lock(&self.shared.seen).packets.iter().any(|(_, packet)| contains(packet, what))
    }

    /// Whether these bytes were in any message that was sent to this end.
    #[must_use]
    pub fn told(&self, side: Side, what: &[u8]) -> bool {
        lock(&self.shared.seen).messages.iter().any(|(to, bytes)| *to == Some(side) && contains(bytes, what))
    }

    /// How many proofs consoles gave.
    #[must_use]
    pub fn proofs(&self) -> usize {
        lock(&self.shared.seen).proofs
    }
}

/// Whether `what` is somewhere in `bytes`.
#[must_use]
pub fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

struct Tap {
    link: LinkId,
    shared: Arc<Shared>,
}

impl PacketSink for Tap {
    fn put(&self, packet: Bytes) {
        let mut trick = lock(&self.shared.packet_trick);
        let Some(from) = lock(&self.shared.routes).sides.get(&self.link).copied() else { return };
        lock(&self.shared.seen).packets.push((from, packet.clone()));
        let packets = trick(from, packet);
        let routes = lock(&self.shared.routes);
        for (to, packet) in packets {
            if let Some(to) = routes.to.get(&to) {
                to.send(packet);
            }
        }
    }
}

async fn take_links(endpoint: quinn::Endpoint, events: mpsc::Sender<Event>, shared: Arc<Shared>) {
    for number in 1.. {
        let link = LinkId(number);
        let tap = Arc::new(Tap { link, shared: Arc::clone(&shared) });
        let Some((pumped, _)) = accept(&endpoint, |_| tap).await else { return };
        let (sender, mut receiver) = pumped.control.split();
        if events.send(Event::Opened(link, sender, pumped.packets)).await.is_err() {
            return;
        }
        let events = events.clone();
        tokio::spawn(async move {
            while let Ok(message) = receiver.recv().await {
                if events.send(Event::Message(link, message)).await.is_err() {
                    return;
                }
            }
            let _ = events.send(Event::Closed(link)).await;
        });
    }
}

struct Brain {
    core: RelayCore<StdRng>,
    organisation: Arc<Organisation>,
    shared: Arc<Shared>,
    links: BTreeMap<LinkId, (ControlSender<RelayToEnd>, PacketSender)>,
    newest: HashMap<Side, LinkId>,
    skipped: Duration,
}

impl Brain {
    fn new(organisation: Arc<Organisation>, shared: Arc<Shared>) -> Self {
        let config = Config {
            node: NodeName::truncated("evil 1"),
            cluster_key: ClusterKey::new(&[7; 32]),
            lists: Vec::new(),
            started: Instant::now(),
            started_unix_s: super::now_s(),
            links: 1000,
            sessions: 1000,
        };
        Self {
            core: RelayCore::new(config, StdRng::from_entropy()),
            organisation,
            shared,
            links: BTreeMap::new(),
            newest: HashMap::new(),
            skipped: Duration::ZERO,
        }
    }

    fn now(&self) -> Instant {
        Instant::now() + self.skipped
    }

    async fn run(mut self, mut events: mpsc::Receiver<Event>) {
        loop {
            let due = self.core.poll_timeout().map_or(DEADLINE, |due| due.saturating_duration_since(self.now()));
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) => self.handle(event),
                    None => return,
                },
                () = tokio::time::sleep(due) => self.core.handle_timeout(self.now()),
            }
            while let Some(output) = self.core.poll_output() {
                self.act(output);
            }
        }
    }

    fn handle(&mut self, event: Event) {
        let now = self.now();
        match event {
            Event::Opened(link, control, packets) => {
                self.links.insert(link, (control, packets));
                // A source of its own for each: the limits are not what is tested here.
                let [.., a, b] = link.0.to_be_bytes();
                self.core.handle_link(now, link, Source::from(IpAddr::V4(Ipv4Addr::new(10, 0, a, b))));
            }
            Event::Message(link, message) => {
                let side = match &message {
                    EndToRelay::Prove { .. } => Some(Side::Console),
                    EndToRelay::Join { .. } => Some(Side::Agent),
                    _ => None,
                };
                if let Some(side) = side {
                    self.newest.insert(side, link);
                    lock(&self.shared.routes).sides.insert(link, side);
                }
                let mut seen = lock(&self.shared.seen);
                if side == Some(Side::Console) {
                    seen.proofs += 1;
                } else {
                    seen.messages.push((None, proto::encode(&message).expect("it was decoded a moment ago")));
                }
                drop(seen);
                self.core.handle_message(now, link, message);
            }
            Event::Closed(link) => {
                self.core.handle_closed(now, link);
                self.links.remove(&link);
            }
            Event::Say(side, message) => {
                if let Some(link) = self.newest.get(&side).copied() {
                    self.send(link, message);
                }
            }
            Event::Skip(time) => {
                self.skipped += time;
                self.core.handle_timeout(self.now());
            }
        }
    }

    fn send(&self, link: LinkId, message: RelayToEnd) {
        let side = lock(&self.shared.routes).sides.get(&link).copied();
        // A trick may make what cannot be written; that end then hears nothing.
        if let Ok(bytes) = proto::encode(&message) {
            lock(&self.shared.seen).messages.push((side, bytes));
        }
        if let Some((control, _)) = self.links.get(&link) {
            let _ = control.try_send(&message);
        }
    }

    fn act(&mut self, output: Output) {
        match output {
            Output::Send(link, message) => {
                let side = lock(&self.shared.routes).sides.get(&link).copied();
                let sent = lock(&self.shared.trick)(side, message);
                for (to, message) in sent {
                    let to = to.and_then(|side| self.newest.get(&side).copied()).unwrap_or(link);
                    self.send(to, message);
                }
            }
            Output::Close(link) => drop(self.links.remove(&link)),
            Output::VerifyProof { link, chain, signature, nonce } => {
                let chain: Vec<_> = chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
                let operator = identity::verify_operator(&self.organisation, &chain, None, super::now_s());
                let proof = operator.ok().filter(|operator| {
                    identity::verify_link(&operator.public_key, "evil relay", &nonce, signature.as_slice())
                });
                let proof = proof.map(|operator| OperatorProof { sha256: operator.leaf_sha256, organisation: 0 });
                self.core.handle_proved(self.now(), link, proof.ok_or(Refusal::NotCertified));
            }
            Output::CheckOperator { link, .. } => self.core.handle_checked(self.now(), link, Ok(())),
            Output::SendRevocations { .. } => {}
            Output::Join(console, agent) => {
                let mut routes = lock(&self.shared.routes);
                for (side, link) in [(Side::Console, console), (Side::Agent, agent)] {
                    if let Some((_, packets)) = self.links.get(&link) {
                        routes.to.insert(side, packets.clone());
                    }
                }
            }
            Output::Unjoin(..) => lock(&self.shared.routes).to.clear(),
        }
    }
}
