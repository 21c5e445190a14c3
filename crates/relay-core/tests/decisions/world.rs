//! A relay on a virtual clock, and the messages that a console and an agent send.

use proto::relay::*;
use proto::{Blob, Locator, Text};
use rand::SeedableRng;
use rand::rngs::StdRng;
use relay_core::{ClusterKey, Config, LinkId, List, OperatorProof, Output, RelayCore, Source, limits};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::{Duration, Instant};

pub(crate) const CLUSTER: [u8; 32] = [5; 32];
pub(crate) const OPERATOR: [u8; 32] = [8; 32];

pub(crate) struct World {
    pub(crate) core: RelayCore<StdRng>,
    pub(crate) now: Instant,
    pub(crate) outputs: Vec<Output>,
    pub(crate) joined: BTreeSet<(LinkId, LinkId)>,
    /// What a look at an operator who offers finds out.
    pub(crate) check: Result<(), Refusal>,
    next: u64,
}

pub(crate) fn body(text: &str) -> OpaqueBytes {
    Blob::new(text.as_bytes()).unwrap()
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_caps(limits::LINKS, limits::SESSIONS)
    }

    pub(crate) fn with_caps(links: usize, sessions: usize) -> Self {
        Self::of(vec![List::default()], links, sessions)
    }

    /// A relay for as many organisations.
    pub(crate) fn with_lists(lists: Vec<List>) -> Self {
        Self::of(lists, limits::LINKS, limits::SESSIONS)
    }

    fn of(lists: Vec<List>, links: usize, sessions: usize) -> Self {
        let now = Instant::now();
        let config = Config {
            node: NodeName::new("node 1").unwrap(),
            cluster_key: ClusterKey::new(&CLUSTER),
            lists,
            started: now,
            started_unix_s: 1_800_000_000,
            links,
            sessions,
        };
        let core = RelayCore::new(config, StdRng::seed_from_u64(1));
        Self { core, now, outputs: Vec::new(), joined: BTreeSet::new(), check: Ok(()), next: 0 }
    }

    fn take(&mut self) {
        while let Some(output) = self.core.poll_output() {
            match output {
                Output::Join(a, b) => assert!(self.joined.insert((a, b)), "joined twice"),
                Output::Unjoin(a, b) => {
                    assert!(self.joined.remove(&(a, b)) || self.joined.remove(&(b, a)), "was not joined");
                }
                Output::CheckOperator { link, .. } => self.core.handle_checked(self.now, link, self.check),
                _ => {}
            }
            self.outputs.push(output);
        }
    }

    pub(crate) fn link_from(&mut self, source: &str) -> LinkId {
        self.next += 1;
        let id = LinkId(self.next);
        self.core.handle_link(self.now, id, Source::from(source.parse::<IpAddr>().unwrap()));
        self.take();
        id
    }

    pub(crate) fn send(&mut self, id: LinkId, message: EndToRelay) {
        self.core.handle_message(self.now, id, message);
        self.take();
    }

    pub(crate) fn shut_down(&mut self) {
        self.core.handle_shutdown(self.now);
        self.take();
    }

    pub(crate) fn close(&mut self, id: LinkId) {
        self.core.handle_closed(self.now, id);
        self.take();
    }

    /// Lets time pass, firing every timer at its own moment.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.core.poll_timeout().filter(|at| *at <= end) {
            self.now = at.max(self.now);
            self.core.handle_timeout(self.now);
            self.take();
        }
        self.now = end;
    }

    /// What a link was sent since last asked.
    pub(crate) fn heard(&mut self, id: LinkId) -> Vec<RelayToEnd> {
        let mut heard = Vec::new();
        self.outputs.retain(|output| match output {
            Output::Send(to, message) if *to == id => {
                heard.push(message.clone());
                false
            }
            _ => true,
        });
        heard
    }

    pub(crate) fn closed(&self, id: LinkId) -> bool {
        self.outputs.contains(&Output::Close(id))
    }

    pub(crate) fn list(&mut self, organisation: usize, number: u64) -> u64 {
        let since_s = self.core.handle_list(self.now, organisation, number);
        self.take();
        since_s
    }

    pub(crate) fn revoke(&mut self, operator: [u8; 32]) {
        self.core.handle_revoked(self.now, operator);
        self.take();
    }

    pub(crate) fn prove(&mut self, id: LinkId, proof: Result<OperatorProof, Refusal>) {
        self.send(id, EndToRelay::Prove { chain: Vec::new(), signature: Blob::default() });
        self.core.handle_proved(self.now, id, proof);
        self.take();
    }

    pub(crate) fn greeted(&mut self, source: &str) -> LinkId {
        let id = self.link_from(source);
        self.send(id, EndToRelay::Hello { build: Text::truncated("test") });
        assert!(matches!(self.heard(id)[..], [RelayToEnd::Welcome { now_s: 1_800_000_000.., .. }]));
        id
    }

    pub(crate) fn console(&mut self) -> LinkId {
        self.console_of(OPERATOR)
    }

    pub(crate) fn console_of(&mut self, sha256: [u8; 32]) -> LinkId {
        self.console_from(0, sha256)
    }

    /// The same of an organisation by its place.
    pub(crate) fn console_from(&mut self, organisation: usize, sha256: [u8; 32]) -> LinkId {
        let id = self.greeted("192.0.2.1");
        self.prove(id, Ok(OperatorProof { sha256, organisation }));
        assert_eq!(self.heard(id), [RelayToEnd::Proved]);
        id
    }

    pub(crate) fn offering_console(&mut self) -> (LinkId, Locator) {
        let id = self.console();
        let locator = self.offer(id);
        (id, locator)
    }

    pub(crate) fn offer(&mut self, id: LinkId) -> Locator {
        self.send(id, EndToRelay::Offer);
        match self.heard(id).pop() {
            Some(RelayToEnd::Offered { locator, expires_in_s: 600, .. }) => locator,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn join(&mut self, id: LinkId, locator: Locator) {
        self.send(id, EndToRelay::Join { locator, p1: body("p1"), work: None });
    }

    /// An agent that has joined and confirmed.
    pub(crate) fn confirmed_agent(&mut self, console: LinkId, locator: Locator, source: &str) -> (LinkId, AttemptId) {
        let agent = self.greeted(source);
        self.join(agent, locator);
        let Some(RelayToEnd::Joined { attempt, .. }) = self.heard(agent).pop() else { panic!("not joined") };
        assert_eq!(self.heard(console), [RelayToEnd::PeerJoined { attempt, p1: body("p1") }]);
        self.send(console, EndToRelay::P2 { attempt, body: body("p2") });
        assert_eq!(self.heard(agent), [RelayToEnd::P2 { body: body("p2") }]);
        self.send(agent, EndToRelay::P3 { body: body("p3") });
        assert_eq!(self.heard(console), [RelayToEnd::P3 { attempt, body: body("p3") }]);
        (agent, attempt)
    }

    /// A pair with the tickets of console and agent.
    pub(crate) fn pair(&mut self) -> (LinkId, Ticket, LinkId, Ticket) {
        self.pair_with("198.51.100.1")
    }

    /// The same with an agent from another address.
    pub(crate) fn pair_with(&mut self, source: &str) -> (LinkId, Ticket, LinkId, Ticket) {
        let (console, locator) = self.offering_console();
        let (agent, attempt) = self.confirmed_agent(console, locator, source);
        self.send(console, EndToRelay::Claim { attempt });
        let ticket = |heard: Vec<RelayToEnd>| match &heard[..] {
            [RelayToEnd::Paired { ticket, .. }] => ticket.clone(),
            other => panic!("{other:?}"),
        };
        let of_console = ticket(self.heard(console));
        let of_agent = ticket(self.heard(agent));
        assert!(self.joined.contains(&(console, agent)));
        (console, of_console, agent, of_agent)
    }
}
