//! A relay for one test, and the two ends of a session with dummy pairing messages.

use bytes::Bytes;
use identity::{OperatorFile, Organisation};
use link::{Choice, Link, LinkError, LinkKind, Packets, RelayAddress, Trust, connect};
use proto::Blob;
use proto::relay::{AttemptId, EndToRelay, OpaqueBytes, RelayToEnd, Ticket};
use relay::{DEV_OPERATOR, Limits, RelayHandle, Settings, start};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};
use tempfile::TempDir;
use tokio::time::timeout;

/// So long may take what is tried again and again: a busy machine may let a thread stand still for seconds.
pub(crate) const ARRIVAL: Duration = Duration::from_secs(60);

pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) relay: RelayHandle,
}

pub(crate) fn settings(dir: &Path, listen: SocketAddr) -> Settings {
    Settings::dev(dir, listen, DEV_OPERATOR, Limits::Normal).unwrap()
}

pub(crate) fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// For a relay that is killed and starts again there.
pub(crate) fn lasting_port() -> SocketAddr {
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    SocketAddr::new(address, testkit::lasting_port(address))
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|settings| settings).await
    }

    pub(crate) async fn with(change: impl FnOnce(Settings) -> Settings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::inside(dir, change).await
    }

    /// A relay in a folder that may be another's.
    pub(crate) async fn inside(dir: TempDir, change: impl FnOnce(Settings) -> Settings) -> Self {
        let relay = start(change(settings(dir.path(), any_port()))).await.unwrap();
        Self { dir, relay }
    }

    pub(crate) fn ends(&self) -> Ends {
        Ends::of(self.dir.path())
    }
}

/// What the two programs know of the relay: the files in its folder.
pub(crate) struct Ends {
    pub(crate) address: RelayAddress,
    pub(crate) trust: Trust,
    pub(crate) operator: OperatorFile,
}

pub(crate) struct Pair {
    pub(crate) console: Link,
    pub(crate) console_ticket: Ticket,
    pub(crate) agent: Link,
    pub(crate) agent_ticket: Ticket,
    /// Of the newest revocation list, as the agent was told.
    pub(crate) crl_number: u64,
}

pub(crate) fn body(text: &str) -> OpaqueBytes {
    Blob::new(text.as_bytes()).unwrap()
}

impl Ends {
    pub(crate) fn of(dir: &Path) -> Self {
        let now_s = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let file = std::fs::read(dir.join("organisation.ponte")).unwrap();
        let organisation = Organisation::open(&file, now_s).unwrap();
        let relay = organisation.relay();
        let node = &relay.nodes[0];
        let address = RelayAddress { name: relay.name.clone(), host: node.host.clone(), port: node.port };
        let operator = testkit::signed_in(&std::fs::read(dir.join("operator.ponte-vault")).unwrap());
        Self { address, trust: Trust::Pin(relay.pin.unwrap()), operator }
    }

    /// A link; dialled again where a busy machine took longer than a dial may.
    pub(crate) async fn link(&self, kind: LinkKind) -> Result<Link, LinkError> {
        let begin = Instant::now();
        loop {
            let link = connect(&self.address, &self.trust, Choice::Only(kind), "test").await;
            if !matches!(link, Err(LinkError::TimedOut)) || begin.elapsed() > ARRIVAL {
                return link;
            }
        }
    }

    pub(crate) async fn prove(&self, link: &mut Link) -> RelayToEnd {
        let signature = identity::prove_link(&self.operator.seed, &self.address.name, &link.welcome.nonce);
        let chain = self.operator.chain.iter().map(|der| Blob::new(der.clone()).unwrap()).collect();
        let prove = EndToRelay::Prove { chain, signature: Blob::new(signature).unwrap() };
        link.control.send(&prove).await.unwrap();
        link.control.recv().await.unwrap()
    }

    /// Both ends, paired; from the beginning where a busy machine took longer than the relay waits for a confirmation.
    pub(crate) async fn pair(&self, console: LinkKind, agent: LinkKind) -> Pair {
        let begin = Instant::now();
        loop {
            if let Some(pair) = self.pair_in_time(console, agent).await {
                return pair;
            }
            assert!(begin.elapsed() < ARRIVAL, "never in time");
        }
    }

    async fn pair_in_time(&self, console: LinkKind, agent: LinkKind) -> Option<Pair> {
        let mut console = self.link(console).await.unwrap();
        assert_eq!(self.prove(&mut console).await, RelayToEnd::Proved);
        console.control.send(&EndToRelay::Offer).await.unwrap();
        let RelayToEnd::Offered { locator, offer, .. } = console.control.recv().await.unwrap() else { panic!() };

        let mut agent = self.link(agent).await.unwrap();
        agent.control.send(&EndToRelay::Join { locator, p1: body("p1"), work: None }).await.unwrap();
        let attempt = AttemptId(1);
        let joined = agent.control.recv().await.unwrap();
        let RelayToEnd::Joined { crl_number, .. } = joined else { panic!("{joined:?}") };
        assert_eq!(joined, RelayToEnd::Joined { offer, attempt, crl_number });
        assert_eq!(console.control.recv().await.unwrap(), RelayToEnd::PeerJoined { attempt, p1: body("p1") });
        console.control.send(&EndToRelay::P2 { attempt, body: body("p2") }).await.unwrap();
        assert_eq!(agent.control.recv().await.unwrap(), RelayToEnd::P2 { body: body("p2") });
        agent.control.send(&EndToRelay::P3 { body: body("p3") }).await.unwrap();
        match console.control.recv().await.unwrap() {
            RelayToEnd::PeerGone { .. } => return None,
            confirmed => assert_eq!(confirmed, RelayToEnd::P3 { attempt, body: body("p3") }),
        }
        console.control.send(&EndToRelay::Claim { attempt }).await.unwrap();
        console.control.send(&EndToRelay::P4 { attempt, body: body("p4") }).await.unwrap();
        let paired = |message| match message {
            RelayToEnd::Paired { ticket, .. } => ticket,
            other => panic!("{other:?}"),
        };
        let console_ticket = paired(console.control.recv().await.unwrap());
        let agent_ticket = paired(agent.control.recv().await.unwrap());
        assert_eq!(agent.control.recv().await.unwrap(), RelayToEnd::P4 { body: body("p4") });
        Some(Pair { console, console_ticket, agent, agent_ticket, crl_number })
    }

    pub(crate) async fn attach(&self, kind: LinkKind, ticket: Ticket) -> Link {
        let mut link = self.link(kind).await.unwrap();
        link.control.send(&EndToRelay::Attach { ticket }).await.unwrap();
        assert!(matches!(link.control.recv().await.unwrap(), RelayToEnd::Attached { .. }));
        link
    }
}

/// One packet: its number, then filling; every seventh as large as a link carries for sure.
fn packet(number: u16) -> Bytes {
    let length = if number.is_multiple_of(7) { 1200 } else { 30 + usize::from(number % 1170) };
    let mut bytes = vec![u8::try_from(number % 251).unwrap(); length];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    bytes.into()
}

/// Sends `count` numbered packets, a few at a time, again if one is lost, until all came unaltered.
pub(crate) async fn transfer(from: &Packets, to: &mut Packets, count: u16) {
    let numbers: Vec<u16> = (0..count).collect();
    for some in numbers.chunks(16) {
        let mut missing: BTreeSet<u16> = some.iter().copied().collect();
        let begin = Instant::now();
        while begin.elapsed() < ARRIVAL {
            for number in &missing {
                assert!(from.sender.send(packet(*number)));
            }
            while !missing.is_empty() {
                let Ok(received) = timeout(Duration::from_millis(300), to.receiver.recv()).await else { break };
                let received = received.unwrap();
                let number = u16::from_be_bytes([received[0], received[1]]);
                assert_eq!(received, packet(number));
                missing.remove(&number);
            }
            if missing.is_empty() {
                break;
            }
        }
        assert!(missing.is_empty(), "never arrived: {missing:?}");
    }
}

pub(crate) async fn both_ways(a: &mut Link, b: &mut Link, count: u16) {
    transfer(&a.packets, &mut b.packets, count).await;
    transfer(&b.packets, &mut a.packets, count).await;
}
