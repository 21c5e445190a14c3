//! One task that owns the relay's decisions, and what each link's task tells it.

use crate::forward::Forward;
use crate::judge::Judge;
use crate::lists::List;
use crate::places::Place;
use crate::portal::Nameplate;
use crate::settings::Limits;
use crate::trust::Request;
use link::pump::Pumped;
use link::{ControlSender, LinkKind, PacketSender};
use proto::Locator;
use proto::relay::{EndToRelay, RelayToEnd, Work};
use rand::rngs::StdRng;
use relay_core::{LinkId, Lookup, Output, RelayCore, Source};
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::sleep_until;

/// The time of the runtime's clock, which tests can move.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// What happens on links and waits to be decided on. When it is full the links' tasks wait, which
/// slows their senders down.
pub(crate) const WAITING_EVENTS: usize = 1024;

/// A timer that is so late shows that this machine stood still: an end may have said in time what it waits for.
const STOOD_STILL: Duration = Duration::from_secs(1);
/// How long links have then to hand on what has arrived.
const CATCHING_UP: Duration = Duration::from_secs(1);

/// Numbers that anyone may read while the relay runs.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    pub(crate) links: AtomicUsize,
    pub(crate) sessions: AtomicUsize,
    pub(crate) offers: AtomicUsize,
    pub(crate) lists_refused: Arc<AtomicUsize>,
    pub(crate) bytes_forwarded: Arc<AtomicU64>,
}

pub(crate) enum Event {
    /// The place is free again once the core counts the link.
    Opened(LinkId, Opened, Place),
    Message(LinkId, EndToRelay),
    Closed(LinkId),
    Lookup(Asked),
    /// A revocation list of an organisation, by number, was written.
    List(usize, List),
    Shutdown,
}

pub(crate) struct Opened {
    peer: SocketAddr,
    kind: LinkKind,
    control: ControlSender<RelayToEnd>,
    packets: PacketSender,
    forward: Arc<Forward>,
    /// Told when the operator's proof that came on this link was decided on.
    judged: Arc<Notify>,
    /// Dropped to end the link's task.
    _stop: oneshot::Sender<()>,
    opened_at: Instant,
}

/// A lookup, and who waits for its answer.
pub(crate) struct Asked {
    source: Source,
    locator: Locator,
    work: Option<Work>,
    answer: oneshot::Sender<Looked>,
}

/// What came of it.
pub(crate) enum Looked {
    Found {
        /// By its place among the organisations.
        organisation: usize,
        nameplate: Arc<Nameplate>,
    },
    NotFound {
        answer_at: Instant,
    },
    NeedWork {
        bits: u8,
        seed: [u8; 32],
    },
}

/// What a link's task uses.
#[derive(Clone)]
pub(crate) struct Hub {
    events: mpsc::Sender<Event>,
    next_link: Arc<AtomicU64>,
    numbers: Arc<Numbers>,
    limits: Limits,
    /// See [`Forward`].
    open: mpsc::Sender<Infallible>,
}

impl Hub {
    /// `open` is dropped when no link is open and none can come.
    pub(crate) fn new(
        events: mpsc::Sender<Event>,
        numbers: Arc<Numbers>,
        limits: Limits,
        open: mpsc::Sender<Infallible>,
    ) -> Self {
        Self { events, next_link: Arc::new(AtomicU64::new(1)), numbers, limits, open }
    }

    /// Where a new link's packets will go.
    pub(crate) fn forward(&self) -> Arc<Forward> {
        let bytes = self.numbers.bytes_forwarded.clone();
        Arc::new(Forward::new(self.limits == Limits::Normal, bytes, self.open.clone()))
    }

    /// Looks a locator up; `None` when the relay is about to end.
    pub(crate) async fn lookup(&self, source: Source, locator: Locator, work: Option<Work>) -> Option<Looked> {
        let (answer, looked) = oneshot::channel();
        self.events.send(Event::Lookup(Asked { source, locator, work, answer })).await.ok()?;
        looked.await.ok()
    }

    /// Serves one link until either side ends it. The place of its handshake is kept until the link is counted.
    pub(crate) async fn serve(
        &self,
        pumped: Pumped<RelayToEnd, EndToRelay>,
        forward: Arc<Forward>,
        (peer, place): (SocketAddr, Place),
        kind: LinkKind,
    ) {
        let id = LinkId(self.next_link.fetch_add(1, Ordering::Relaxed));
        let (stop, mut stopped) = oneshot::channel();
        let (control, mut receiver) = pumped.control.split();
        let packets = pumped.packets;
        let judged = Arc::new(Notify::new());
        let opened =
            Opened { peer, kind, control, packets, forward, judged: judged.clone(), _stop: stop, opened_at: now() };
        if self.events.send(Event::Opened(id, opened, place)).await.is_err() {
            return;
        }
        loop {
            let event = tokio::select! {
                _ = &mut stopped => return,
                message = receiver.recv() => match message {
                    Ok(message) => Event::Message(id, message),
                    Err(_) => Event::Closed(id),
                },
            };
            let last = matches!(event, Event::Closed(_));
            let proves = matches!(event, Event::Message(_, EndToRelay::Prove { .. }));
            if self.events.send(event).await.is_err() || last {
                return;
            }
            if proves {
                // What comes behind a proof is decided on after it; a link whose proof needs no verifying
                // is stopped.
                tokio::select! {
                    _ = &mut stopped => return,
                    () = judged.notified() => {}
                }
            }
        }
    }
}

/// The task that decides; ends when told to shut down or when every [`Hub`] is gone.
pub(crate) struct Decider {
    core: RelayCore<StdRng>,
    judge: Judge,
    numbers: Arc<Numbers>,
    links: HashMap<LinkId, Opened>,
}

impl Decider {
    pub(crate) fn new(core: RelayCore<StdRng>, judge: Judge, numbers: Arc<Numbers>) -> Self {
        Self { core, judge, numbers, links: HashMap::new() }
    }

    pub(crate) async fn run(mut self, mut events: mpsc::Receiver<Event>) {
        let mut caught_up_at = None;
        loop {
            let due = self.core.poll_timeout().map(|due| caught_up_at.map_or(due, |at| due.max(at)));
            tokio::select! {
                event = events.recv() => match event {
                    Some(Event::Shutdown) => {
                        self.core.handle_shutdown(now());
                        self.act();
                        return;
                    }
                    Some(event) => self.handle(event),
                    None => return,
                },
                Some(judged) = self.judge.judged() => {
                    let proven = self.judge.settle(judged, &mut self.core, now());
                    if let Some(link) = proven.and_then(|link| self.links.get(&link)) {
                        link.judged.notify_one();
                    }
                }
                () = async {
                    match due {
                        Some(due) => sleep_until(due.into()).await,
                        None => std::future::pending().await,
                    }
                } => {
                    let now = now();
                    // Once: a machine that is always late must come to its timers, too.
                    let stood_still = due.is_some_and(|due| now.saturating_duration_since(due) > STOOD_STILL);
                    if stood_still && caught_up_at.is_none() {
                        caught_up_at = Some(now + CATCHING_UP);
                        continue;
                    }
                    caught_up_at = None;
                    self.core.handle_timeout(now);
                }
            }
            self.act();
            self.numbers.links.store(self.links.len(), Ordering::Relaxed);
            self.numbers.sessions.store(self.core.sessions(), Ordering::Relaxed);
            self.numbers.offers.store(self.core.offers(), Ordering::Relaxed);
        }
    }

    fn handle(&mut self, event: Event) {
        let now = now();
        match event {
            Event::Opened(id, opened, _place) => {
                // Addresses say who talks with whom: they are written down only by someone who looks for a fault.
                tracing::debug!(link = id.0, peer = %opened.peer, kind = %opened.kind, "link opened");
                let source = Source::from(opened.peer.ip());
                self.links.insert(id, opened);
                self.core.handle_link(now, id, source);
            }
            Event::Message(id, message) => self.core.handle_message(now, id, message),
            Event::Closed(id) => {
                self.core.handle_closed(now, id);
                // After the core, which may still unjoin it.
                self.act();
                self.drop_link(id);
            }
            Event::Lookup(asked) => self.look(asked, now),
            Event::List(organisation, list) => self.judge.take_list(organisation, list, &mut self.core, now),
            Event::Shutdown => {}
        }
    }

    fn look(&mut self, Asked { source, locator, work, answer }: Asked, now: Instant) {
        let looked = match self.core.lookup(now, source, locator, work) {
            Lookup::Found(operator) => match self.judge.nameplate(&operator.sha256) {
                Some(nameplate) => Looked::Found { organisation: operator.organisation, nameplate },
                // Nobody offers whom the judge does not know.
                None => return,
            },
            Lookup::NotFound { answer_at } => Looked::NotFound { answer_at },
            Lookup::NeedWork { bits, seed } => Looked::NeedWork { bits, seed },
        };
        // Whoever went away has had his price.
        let _ = answer.send(looked);
    }

    fn drop_link(&mut self, id: LinkId) {
        let Some(link) = self.links.remove(&id) else { return };
        link.forward.set(None);
        let seconds = now().saturating_duration_since(link.opened_at).as_secs();
        tracing::debug!(link = id.0, peer = %link.peer, seconds, bytes = link.forward.bytes(), "link closed");
    }

    /// A link whose messages are not taken is over.
    fn send(&mut self, id: LinkId, message: &RelayToEnd) {
        let stuck = self.links.get(&id).is_some_and(|link| link.control.try_send(message).is_err());
        if stuck {
            self.core.handle_closed(now(), id);
            self.drop_link(id);
        }
    }

    /// Does what the core decided.
    fn act(&mut self) {
        while let Some(output) = self.core.poll_output() {
            match output {
                Output::Send(id, message) => self.send(id, &message),
                Output::Close(id) => self.drop_link(id),
                Output::VerifyProof { link, chain, signature, nonce } => {
                    self.judge.prove(Request { link, chain, signature, nonce });
                }
                Output::CheckOperator { link, operator } => {
                    let check = self.judge.check(&operator);
                    self.core.handle_checked(now(), link, check);
                }
                Output::SendRevocations { link, organisation, from } => {
                    let part = self.judge.part(organisation, from);
                    self.send(link, &part);
                }
                Output::Join(console, agent) => {
                    if let (Some(a), Some(b)) = (self.links.get(&console), self.links.get(&agent)) {
                        a.forward.set(Some(b.packets.clone()));
                        b.forward.set(Some(a.packets.clone()));
                        tracing::info!(console = console.0, agent = agent.0, "joined");
                    }
                }
                Output::Unjoin(one, other) => {
                    for link in [one, other].iter().filter_map(|id| self.links.get(id)) {
                        link.forward.set(None);
                    }
                    let bytes = |id| self.links.get(id).map_or(0, |link| link.forward.bytes());
                    tracing::info!(
                        one = one.0,
                        other = other.0,
                        from_one = bytes(&one),
                        from_other = bytes(&other),
                        "parted"
                    );
                }
            }
        }
    }
}
