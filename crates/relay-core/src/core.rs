//! The relay's state machine: links and their messages in, what to do out.

use crate::demands::Demands;
use crate::joins::Joins;
use crate::limits;
use crate::offers::Offers;
use crate::revocations::List;
use crate::source::Source;
use crate::state::{Demand, Link, LinkId, Offering, Session, Slot, State, Timer};
use crate::tickets::ClusterKey;
use proto::relay::{CertificateBytes, EndToRelay, NodeName, Refusal, RelayToEnd, SessionId, Side};
use proto::{Blob, Locator};
use rand::{CryptoRng, RngCore};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

/// What one relay node is given.
#[derive(Clone)]
pub struct Config {
    /// Its name.
    pub node: NodeName,
    /// The key that makes and verifies tickets.
    pub cluster_key: ClusterKey,
    /// The newest revocation list of each organisation whose operators may use it.
    pub lists: Vec<List>,
    /// A moment of the clock that [`RelayCore`]'s `now` arguments come from.
    pub started: Instant,
    /// The same moment in seconds since 1970.
    pub started_unix_s: u64,
    /// Most links, normally [`limits::LINKS`].
    pub links: usize,
    /// Most live sessions, normally [`limits::SESSIONS`].
    pub sessions: usize,
}

/// What the program found out about an operator's proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperatorProof {
    /// SHA-256 of the operator's leaf certificate.
    pub sha256: [u8; 32],
    /// The operator's organisation, by its place in [`Config::lists`].
    pub organisation: usize,
}

/// What the program around the core must do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send a message.
    Send(LinkId, RelayToEnd),
    /// Close a link after what was sent to it; the core has forgotten it already.
    Close(LinkId),
    /// Verify an operator's proof over `nonce`, then call [`RelayCore::handle_proved`].
    VerifyProof {
        /// Whose.
        link: LinkId,
        /// Leaf first.
        chain: Vec<CertificateBytes>,
        /// Over `proto::relay::operator_link_statement`.
        signature: Blob<64>,
        /// What was to be signed.
        nonce: [u8; 32],
    },
    /// See whether the operator of a link may still work, by certificate, clock and hours, then call
    /// [`RelayCore::handle_checked`].
    CheckOperator {
        /// Whose.
        link: LinkId,
        /// As in [`OperatorProof::sha256`].
        operator: [u8; 32],
    },
    /// Send a part of the organisation's newest revocation list.
    SendRevocations {
        /// To whom.
        link: LinkId,
        /// By its place in [`Config::lists`].
        organisation: usize,
        /// Where the part begins, in bytes.
        from: u32,
    },
    /// Forward packets between these two from now on.
    Join(LinkId, LinkId),
    /// Forward no more between them.
    Unjoin(LinkId, LinkId),
}

/// The decisions of one relay node.
///
/// Call a `handle_` method for everything that happens, then take every [`Output`], then sleep no
/// longer than [`RelayCore::poll_timeout`] says.
pub struct RelayCore<R> {
    pub(crate) config: Config,
    pub(crate) rng: R,
    pub(crate) links: HashMap<LinkId, Link>,
    pub(crate) unclaimed: HashMap<Source, usize>,
    pub(crate) joins: Joins,
    pub(crate) demands: Demands,
    pub(crate) offers: Offers,
    pub(crate) slots: HashMap<Locator, Slot>,
    pub(crate) quarantine: HashMap<Locator, Instant>,
    pub(crate) sessions: HashMap<SessionId, Session>,
    pub(crate) live_sessions: usize,
    timers: BTreeSet<(Instant, Timer)>,
    outputs: VecDeque<Output>,
}

/// How often sources and operators of whom nothing was heard lately are forgotten.
const SWEEP: Duration = Duration::from_secs(60);

impl<R: RngCore + CryptoRng> RelayCore<R> {
    /// A node without links; `rng` draws locators, numbers and nonces.
    pub fn new(config: Config, mut rng: R) -> Self {
        let mut key = [0; 32];
        rng.fill_bytes(&mut key);
        let mut core = Self {
            rng,
            links: HashMap::new(),
            unclaimed: HashMap::new(),
            joins: Joins::of(limits::JOIN_SOURCES),
            demands: Demands::new(&key, config.started),
            offers: Offers::default(),
            slots: HashMap::new(),
            quarantine: HashMap::new(),
            sessions: HashMap::new(),
            live_sessions: 0,
            timers: BTreeSet::new(),
            outputs: VecDeque::new(),
            config,
        };
        core.arm(core.config.started + SWEEP, Timer::Sweep);
        core
    }

    /// A link was made, nothing was said on it yet.
    pub fn handle_link(&mut self, now: Instant, id: LinkId, source: Source) {
        let refusal = if self.links.len() >= self.config.links {
            Some(Refusal::Full)
        } else if self.unclaimed.get(&source).is_some_and(|count| *count >= limits::UNCLAIMED_PER_SOURCE) {
            Some(Refusal::TooMany)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            self.send(id, RelayToEnd::Refused { refusal });
            self.outputs.push_back(Output::Close(id));
            return;
        }
        let deadline = now + limits::HANDSHAKE;
        let unpaired_until = now + limits::UNPAIRED_IN_ALL;
        let state = State::Fresh { deadline };
        self.links.insert(id, Link::new(now, source, state, unpaired_until));
        *self.unclaimed.entry(source).or_default() += 1;
        self.arm(deadline, Timer::Link(id));
    }

    /// A message came in on a link.
    pub fn handle_message(&mut self, now: Instant, id: LinkId, message: EndToRelay) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let within = match &message {
            EndToRelay::FetchRevocations { .. } => {
                link.parts.count(now, limits::REVOCATION_WINDOW) <= limits::REVOCATION_PARTS
            }
            _ => link.messages.count(now, limits::MESSAGE_WINDOW) <= limits::MESSAGES,
        };
        if !within {
            return self.refuse(now, id, Refusal::TooMany);
        }
        match message {
            EndToRelay::Hello { .. } => self.hello(now, id),
            EndToRelay::Prove { chain, signature } => self.prove(now, id, chain, signature),
            EndToRelay::FetchRevocations { from } => self.fetch_revocations(now, id, from),
            EndToRelay::Offer => self.offer(now, id),
            EndToRelay::Join { locator, p1, work } => self.join(now, id, locator, p1, work),
            EndToRelay::P2 { attempt, body } => self.p2(now, id, attempt, body),
            EndToRelay::P3 { body } => self.p3(now, id, body),
            EndToRelay::Claim { attempt } => self.claim(now, id, attempt),
            EndToRelay::P4 { attempt, body } => self.p4(now, id, attempt, body),
            EndToRelay::P4Fail { attempt, tries_left } => self.p4_fail(now, id, attempt, tries_left),
            EndToRelay::Attach { ticket } => self.attach(now, id, &ticket),
            EndToRelay::Leave => self.leave(now, id),
            EndToRelay::Ping => match self.state(id) {
                Some(State::Fresh { .. }) | None => self.unexpected(now, id),
                Some(_) => self.send(id, RelayToEnd::Pong),
            },
        }
    }

    /// The program has verified what [`Output::VerifyProof`] asked for.
    pub fn handle_proved(&mut self, now: Instant, id: LinkId, proof: Result<OperatorProof, Refusal>) {
        let Some(State::Proving { .. }) = self.state(id) else { return };
        match proof {
            Ok(proof) if self.consoles_of(proof.sha256) >= limits::LINKS_PER_OPERATOR => {
                self.refuse(now, id, Refusal::TooMany);
            }
            Ok(proof) => {
                self.set(id, State::Certified { offer: Offering::Not });
                if let Some(link) = self.links.get_mut(&id) {
                    link.operator = Some(proof);
                }
                self.send(id, RelayToEnd::Proved);
            }
            Err(refusal) => self.refuse(now, id, refusal),
        }
    }

    /// A link has ended.
    pub fn handle_closed(&mut self, now: Instant, id: LinkId) {
        self.forget(now, id);
    }

    /// The node is being shut down: every end is told and closed.
    pub fn handle_shutdown(&mut self, now: Instant) {
        let mut ids: Vec<LinkId> = self.links.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            self.refuse(now, id, Refusal::Draining);
        }
    }

    /// Time has passed; call at [`RelayCore::poll_timeout`] or later.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((at, timer)) = self.timers.first().copied()
            && at <= now
        {
            self.timers.pop_first();
            match timer {
                Timer::Link(id) => self.link_timeout(now, id),
                Timer::Slot(locator) => self.slot_timeout(now, locator),
                Timer::Confirmation(locator, attempt) => self.confirmation_timeout(now, locator, attempt),
                Timer::Quarantine(locator) => {
                    if self.quarantine.get(&locator).is_some_and(|until| *until <= now) {
                        self.quarantine.remove(&locator);
                    }
                }
                Timer::Session(session) => self.session_timeout(now, session),
                Timer::Sweep => {
                    self.joins.sweep(now);
                    self.offers.sweep(now);
                    self.arm(now + SWEEP, Timer::Sweep);
                }
            }
        }
    }

    /// When [`RelayCore::handle_timeout`] is due at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Live sessions, also those that neither end is attached to at the moment.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.live_sessions
    }

    /// Offers that wait for an agent.
    #[must_use]
    pub fn offers(&self) -> usize {
        self.slots.len()
    }

    fn hello(&mut self, now: Instant, id: LinkId) {
        let Some(State::Fresh { .. }) = self.state(id) else { return self.unexpected(now, id) };
        let nonce = self.random();
        self.set(id, State::Greeted { nonce, deadline: self.unpaired_deadline(now, id) });
        let welcome = RelayToEnd::Welcome {
            node: self.config.node.clone(),
            nonce,
            crl_number: self.config.lists.iter().map(|list| list.number).max().unwrap_or(0),
            now_s: self.unix_s(now),
        };
        self.send(id, welcome);
    }

    fn prove(&mut self, now: Instant, id: LinkId, chain: Vec<CertificateBytes>, signature: Blob<64>) {
        let Some(&State::Greeted { nonce, .. }) = self.state(id) else { return self.unexpected(now, id) };
        self.set(id, State::Proving { deadline: now + limits::HANDSHAKE });
        self.outputs.push_back(Output::VerifyProof { link: id, chain, signature, nonce });
    }

    fn link_timeout(&mut self, now: Instant, id: LinkId) {
        match self.state(id) {
            Some(state) if state.deadline().is_none_or(|deadline| deadline > now) => {}
            None => {}
            Some(State::NotFoundDue { .. }) => {
                self.set_agent(now, id, None);
                self.send(id, RelayToEnd::NotFound);
            }
            Some(State::Left { .. }) => self.close(now, id),
            Some(_) => self.refuse(now, id, Refusal::TimedOut),
        }
    }

    pub(crate) fn state(&self, id: LinkId) -> Option<&State> {
        self.links.get(&id).map(|link| &link.state)
    }

    /// The one way by which a link changes its state.
    pub(crate) fn set(&mut self, id: LinkId, state: State) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let (before, after) = (link.state.deadline(), state.deadline());
        let (was, is) = (link.state.unclaimed(), state.unclaimed());
        link.state = state;
        let source = link.source;
        match (was, is) {
            (true, false) => self.claimed(source),
            (false, true) => *self.unclaimed.entry(source).or_default() += 1,
            (true, true) | (false, false) => {}
        }
        if let Some(before) = before {
            self.timers.remove(&(before, Timer::Link(id)));
        }
        if let Some(after) = after {
            self.arm(after, Timer::Link(id));
        }
    }

    /// An agent may join again, for as long as its link has left.
    pub(crate) fn set_agent(&mut self, now: Instant, id: LinkId, work: Option<Demand>) {
        self.set(id, State::Agent { work, deadline: self.unpaired_deadline(now, id) });
    }

    /// When a link that takes a step now is closed if no other step follows.
    pub(crate) fn unpaired_deadline(&self, now: Instant, id: LinkId) -> Instant {
        let step = now + limits::UNPAIRED;
        self.links.get(&id).map_or(step, |link| link.unpaired_until.min(step))
    }

    /// Links of an operator that are in no session.
    fn consoles_of(&self, sha256: [u8; 32]) -> usize {
        let is_his = |link: &&Link| matches!(link.state, State::Certified { .. }) && link.is_of(&sha256);
        self.links.values().filter(is_his).count()
    }

    fn claimed(&mut self, source: Source) {
        if let Some(count) = self.unclaimed.get_mut(&source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.unclaimed.remove(&source);
            }
        }
    }

    /// The one answer to a message that does not belong where it came.
    pub(crate) fn unexpected(&mut self, now: Instant, id: LinkId) {
        self.refuse(now, id, Refusal::Unexpected);
    }

    pub(crate) fn refuse(&mut self, now: Instant, id: LinkId, refusal: Refusal) {
        if self.links.contains_key(&id) {
            self.send(id, RelayToEnd::Refused { refusal });
            self.close(now, id);
        }
    }

    pub(crate) fn close(&mut self, now: Instant, id: LinkId) {
        if self.links.contains_key(&id) {
            self.forget(now, id);
            self.outputs.push_back(Output::Close(id));
        }
    }

    /// Removes a link and everything that hung on it.
    fn forget(&mut self, now: Instant, id: LinkId) {
        let Some(link) = self.links.remove(&id) else { return };
        if link.state.unclaimed() {
            self.claimed(link.source);
        }
        if let Some(deadline) = link.state.deadline() {
            self.timers.remove(&(deadline, Timer::Link(id)));
        }
        match link.state {
            State::Certified { offer: Offering::At(locator) } => self.end_offer(now, locator, None),
            State::Joining { locator, attempt, .. } => self.attempt_gone(locator, attempt),
            State::Paired { session, side } => self.side_gone(now, session, side, id),
            State::Certified { offer: Offering::Not | Offering::Asked }
            | State::Fresh { .. }
            | State::Greeted { .. }
            | State::Proving { .. }
            | State::Agent { .. }
            | State::NotFoundDue { .. }
            | State::Left { .. } => {}
        }
    }

    pub(crate) fn send(&mut self, id: LinkId, message: RelayToEnd) {
        self.outputs.push_back(Output::Send(id, message));
    }

    pub(crate) fn push(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(crate) fn arm(&mut self, at: Instant, timer: Timer) {
        self.timers.insert((at, timer));
    }

    pub(crate) fn disarm(&mut self, at: Instant, timer: Timer) {
        self.timers.remove(&(at, timer));
    }

    pub(crate) fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    pub(crate) fn unix_s(&self, now: Instant) -> u64 {
        self.config.started_unix_s.saturating_add(now.saturating_duration_since(self.config.started).as_secs())
    }

    pub(crate) fn ticket(
        &self,
        now: Instant,
        session: SessionId,
        side: Side,
        operator: [u8; 32],
    ) -> proto::relay::Ticket {
        let expires_at_s = self.unix_s(now).saturating_add(limits::TICKET.as_secs());
        self.config.cluster_key.issue(session, side, operator, expires_at_s)
    }
}
