//! A relay that cheats: it decides as the true one does, but what it sends and forwards passes through a trick.

use super::{DEADLINE, Trap};
use crate::now_s;
use bytes::Bytes;
use identity::Organisation;
use link::pump::{self, PacketSink, Pumped};
use link::{ControlSender, PacketSender};
use proto::relay::{EndToRelay, NodeName, Refusal, RelayToEnd, Side};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use relay_core::{ClusterKey, Config, LinkId, OperatorProof, Output, RelayCore, Source};
use rustls_pki_types::CertificateDer;
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

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

type RelaySide = Pumped<RelayToEnd, EndToRelay>;

/// The next link; its packets go into a queue.
pub(super) async fn accept(
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
    pub(super) fn start(trap: &Trap) -> Self {
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
            started_unix_s: now_s(),
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
                let operator = identity::verify_operator(&self.organisation, &chain, None, now_s());
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
