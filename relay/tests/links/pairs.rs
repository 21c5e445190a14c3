//! Two ends meet, packets pass, links and relays come back.

use crate::ends::{Ends, World, any_port, body, both_ways, lasting_port, settings};
use bytes::Bytes;
use link::{Choice, LinkError, LinkKind, connect};
use proto::relay::{EndToRelay, Refusal, RelayToEnd};
use relay::{RelayHandle, start};
use relay_core::limits::CONFIRMATION_DUE;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::{interval, timeout};

async fn check(console: LinkKind, agent: LinkKind) {
    let world = World::new().await;
    let mut pair = world.ends().pair(console, agent).await;
    both_ways(&mut pair.console, &mut pair.agent, 1000).await;
    assert_eq!(world.relay.stats().sessions, 1);
    assert!(world.relay.stats().bytes_forwarded > 1_000_000);
    assert!(pair.agent.counters.packets_received() >= 1000);
    pair.agent.control.send(&EndToRelay::Leave).await.unwrap();
    assert_eq!(pair.console.control.recv().await.unwrap(), RelayToEnd::PeerLeft);
    assert!(matches!(pair.agent.control.recv().await, Err(LinkError::Closed)));
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_pass_between_two_quic_links() {
    check(LinkKind::Quic, LinkKind::Quic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_pass_between_two_tls_links() {
    check(LinkKind::Tls, LinkKind::Tls).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_pass_between_links_of_different_kinds() {
    check(LinkKind::Quic, LinkKind::Tls).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_race_is_won_by_quic_where_udp_passes_and_by_tls_where_not() {
    let world = World::new().await;
    let ends = world.ends();
    // On a busy machine QUIC may miss its head start, but not again and again.
    let mut winners = Vec::new();
    while winners.last() != Some(&LinkKind::Quic) {
        winners.push(connect(&ends.address, &ends.trust, Choice::Race, "test").await.unwrap().kind);
        assert!(winners.len() <= 3, "{winners:?}");
    }

    // A port where UDP vanishes and TCP leads to the relay.
    let blocked = loop {
        let tcp = tokio::net::TcpListener::bind(any_port()).await.unwrap();
        if let Ok(udp) = std::net::UdpSocket::bind(tcp.local_addr().unwrap()) {
            break (tcp, udp);
        }
    };
    let mut address = ends.address.clone();
    address.port = blocked.0.local_addr().unwrap().port();
    let relay = world.relay.local_addr();
    let bridge = tokio::spawn(async move {
        let (mut one, _) = blocked.0.accept().await.unwrap();
        let mut other = tokio::net::TcpStream::connect(relay).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut one, &mut other).await;
        drop(blocked.1);
    });
    let link = connect(&address, &ends.trust, Choice::Race, "test").await.unwrap();
    assert_eq!(link.kind, LinkKind::Tls);
    bridge.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_lost_its_link_attaches_over_another_kind() {
    let world = World::new().await;
    let ends = world.ends();
    let mut pair = ends.pair(LinkKind::Quic, LinkKind::Quic).await;
    drop(pair.agent);
    assert_eq!(pair.console.control.recv().await.unwrap(), RelayToEnd::PeerPresence { present: false });
    let mut agent = ends.attach(LinkKind::Tls, pair.agent_ticket).await;
    assert_eq!(pair.console.control.recv().await.unwrap(), RelayToEnd::PeerPresence { present: true });
    both_ways(&mut pair.console, &mut agent, 100).await;
}

/// A relay on a runtime of its own, which can be killed: nothing says goodbye.
pub(crate) struct Killable {
    runtime: Runtime,
    pub(crate) relay: RelayHandle,
}

impl Killable {
    pub(crate) async fn start(dir: PathBuf, listen: SocketAddr) -> Self {
        tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            let relay = runtime.block_on(start(settings(&dir, listen))).unwrap();
            Self { runtime, relay }
        })
        .await
        .unwrap()
    }

    /// Keeps its one thread from everything for so long; gives back the end of that, once it has begun.
    async fn stand_still(&self, time: Duration) -> JoinHandle<()> {
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let still = self.runtime.spawn(async move {
            let until = Instant::now() + time;
            begun.send(()).unwrap();
            while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
                std::thread::park_timeout(left);
            }
        });
        has_begun.await.unwrap();
        still
    }

    pub(crate) async fn kill(self) {
        let gone = tokio::task::spawn_blocking(move || {
            drop(self.runtime);
            drop(self.relay);
        });
        gone.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_survives_the_relay_being_killed_and_started_again() {
    let dir = tempfile::tempdir().unwrap();
    let relay = Killable::start(dir.path().to_owned(), lasting_port()).await;
    let address = relay.relay.local_addr();
    let ends = Ends::of(dir.path());
    let mut pair = ends.pair(LinkKind::Quic, LinkKind::Tls).await;
    both_ways(&mut pair.console, &mut pair.agent, 20).await;

    relay.kill().await;
    let again = Killable::start(dir.path().to_owned(), address).await;
    // The node's keys are the same, so that the first packet after the restart ends the link.
    let noticed = async {
        let mut tick = interval(Duration::from_millis(20));
        loop {
            tokio::select! {
                ended = pair.console.control.recv() => break ended,
                _ = tick.tick() => drop(pair.console.packets.sender.send(Bytes::from_static(&[7; 100]))),
            }
        }
    };
    // Silence alone would tell only after twelve seconds.
    let ended = timeout(Duration::from_secs(8), noticed).await.unwrap();
    assert!(matches!(ended, Err(LinkError::Closed)), "{ended:?}");
    assert!(matches!(pair.agent.control.recv().await, Err(LinkError::Closed)));

    let ends = Ends::of(dir.path());
    let mut console = ends.attach(LinkKind::Quic, pair.console_ticket).await;
    let mut agent = ends.attach(LinkKind::Tls, pair.agent_ticket).await;
    both_ways(&mut console, &mut agent, 100).await;
    again.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_end_said_in_time_counts_also_where_the_relay_stood_still() {
    let dir = tempfile::tempdir().unwrap();
    let relay = Killable::start(dir.path().to_owned(), any_port()).await;
    let ends = Ends::of(dir.path());
    loop {
        let mut console = ends.link(LinkKind::Tls).await.unwrap();
        assert_eq!(ends.prove(&mut console).await, RelayToEnd::Proved);
        console.control.send(&EndToRelay::Offer).await.unwrap();
        let RelayToEnd::Offered { locator, .. } = console.control.recv().await.unwrap() else { panic!() };
        let mut agent = ends.link(LinkKind::Quic).await.unwrap();
        agent.control.send(&EndToRelay::Join { locator, p1: body("p1"), work: None }).await.unwrap();
        let RelayToEnd::Joined { attempt, .. } = agent.control.recv().await.unwrap() else { panic!() };
        assert_eq!(console.control.recv().await.unwrap(), RelayToEnd::PeerJoined { attempt, p1: body("p1") });
        let asked = Instant::now();
        console.control.send(&EndToRelay::P2 { attempt, body: body("p2") }).await.unwrap();
        assert_eq!(agent.control.recv().await.unwrap(), RelayToEnd::P2 { body: body("p2") });
        let still = relay.stand_still(CONFIRMATION_DUE + Duration::from_secs(2)).await;
        agent.control.send(&EndToRelay::P3 { body: body("p3") }).await.unwrap();
        let is_in_time = asked.elapsed() < CONFIRMATION_DUE / 2;
        still.await.unwrap();
        // Unless this machine stood still itself.
        if is_in_time {
            assert_eq!(console.control.recv().await.unwrap(), RelayToEnd::P3 { attempt, body: body("p3") });
            break;
        }
    }
    relay.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_shuts_down_says_so() {
    let world = World::new().await;
    let ends = world.ends();
    for kind in [LinkKind::Quic, LinkKind::Tls] {
        let mut link = ends.link(kind).await.unwrap();
        assert_eq!(ends.prove(&mut link).await, RelayToEnd::Proved);
    }
    let mut pair = ends.pair(LinkKind::Quic, LinkKind::Tls).await;
    world.relay.shutdown().await;
    for link in [&mut pair.console, &mut pair.agent] {
        let mut heard = Vec::new();
        let end = loop {
            match link.control.recv().await {
                Ok(message) => heard.push(message),
                Err(error) => break error,
            }
        };
        assert_eq!(heard.pop(), Some(RelayToEnd::Refused { refusal: Refusal::Draining }));
        assert!(matches!(end, LinkError::Closed));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_of_a_trial_keeps_pin_and_operator_when_the_port_changes() {
    let dir = tempfile::tempdir().unwrap();
    let read = |name: &str| std::fs::read(dir.path().join(name)).unwrap();
    // As long as its sockets are there nobody gets its port.
    let held = settings(dir.path(), any_port());
    let (first, operator) = (Ends::of(dir.path()), read("operator.ponte-vault"));
    drop(settings(dir.path(), any_port()));
    let second = Ends::of(dir.path());
    drop(held);
    assert_eq!(first.trust, second.trust);
    assert_ne!(first.address.port, second.address.port);
    assert_eq!(operator, read("operator.ponte-vault"));
    #[cfg(unix)]
    for secret in ["operator.ponte-vault", "root.seed", "node.secret", "outer.key"] {
        let mode = std::fs::metadata(dir.path().join(secret)).unwrap();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o777, 0o600);
    }
}
