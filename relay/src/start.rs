//! Starts the relay's tasks and owns them.

use crate::hub::{Decider, Event, Hub, Numbers, WAITING_EVENTS, now};
use crate::judge::Judge;
use crate::lists::{Record, keep_records, watch_files, write_records};
use crate::places::{HANDSHAKES, Places};
use crate::portal::{Downloads, Portal, Shelf, Sign, keep_looking};
use crate::settings::{OrganisationTrust, Settings, SettingsError, Watching};
use crate::trust::Trust;
use crate::{quic, tcp};
use link::quic::NodeKeys;
use link::{LinkError, tls, websocket};
use rand::SeedableRng;
use rand::rngs::StdRng;
use relay_core::{ClusterKey, Config, List, RelayCore, limits};
use ring::hmac;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// How long a shutdown waits for ends to be told.
const SHUTDOWN: Duration = Duration::from_secs(2);

/// The relay could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A socket could not be used.
    #[error("the sockets cannot be used: {0}")]
    Socket(#[from] io::Error),
    /// What an earlier run kept cannot be read.
    #[error(transparent)]
    Kept(#[from] SettingsError),
    /// Certificate and key do not fit together or cannot be used.
    #[error("the certificate cannot be used: {0}")]
    Certificate(#[from] LinkError),
}

/// What a relay is doing at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Open links.
    pub links: usize,
    /// Live sessions, also those whose ends are away for the moment.
    pub sessions: usize,
    /// Offers that wait for an agent.
    pub offers: usize,
    /// Revocation lists that were read and refused since the start.
    pub lists_refused: usize,
    /// Bytes of packets forwarded since the start.
    pub bytes_forwarded: u64,
}

/// A running relay. Dropping it ends every task and closes every link.
#[derive(Debug)]
pub struct RelayHandle {
    address: SocketAddr,
    numbers: Arc<Numbers>,
    events: mpsc::Sender<Event>,
    endpoint: quinn::Endpoint,
    /// Ends when every link has.
    open: mpsc::Receiver<Infallible>,
    tasks: JoinSet<()>,
    decider: JoinSet<()>,
}

/// Starts a relay on the runtime of the caller.
///
/// # Errors
/// [`StartError`].
pub async fn start(settings: Settings) -> Result<RelayHandle, StartError> {
    let Settings { node, sockets, chain, key, organisations, node_secret, records, limits, watching, portal } =
        settings;
    let Watching { clock, look_every } = watching;
    let shelves: Vec<Shelf> = organisations.iter().map(shelf).collect();
    let kept = Record::open(&records)?;
    let Start { trusts, lists, files, since } = take_up(organisations, &kept, clock());
    if since != kept {
        write_records(records.clone(), since.clone()).await;
    }
    let keys = NodeKeys::derive(&node_secret)?;
    let server = keys.server_config(chain.clone(), key.clone_key())?;
    let acceptor = TlsAcceptor::from(Arc::new(tls::server_config(chain, key, websocket::ALPN)?));
    let endpoint =
        quinn::Endpoint::new(keys.endpoint_config(), Some(server), sockets.udp, Arc::new(quinn::TokioRuntime))?;
    let listener = tokio::net::TcpListener::from_std(sockets.tcp)?;

    let numbers = Arc::new(Numbers::default());
    let (events, waiting) = mpsc::channel(WAITING_EVENTS);
    let (link_open, open) = mpsc::channel(1);
    let hub = Hub::new(events.clone(), numbers.clone(), limits, link_open);
    let config = Config {
        node,
        cluster_key: cluster_key(&node_secret),
        lists,
        started: now(),
        started_unix_s: clock(),
        links: limits::LINKS,
        sessions: limits::SESSIONS,
    };
    let core = RelayCore::new(config, StdRng::from_entropy());
    let mut decider = JoinSet::new();
    let (recorder, newest) = watch::channel(since);
    let refused = numbers.lists_refused.clone();
    let judge = Judge::new(trusts, clock, recorder, refused.clone());
    decider.spawn(Decider::new(core, judge, numbers.clone()).run(waiting));
    let mut tasks = JoinSet::new();
    tasks.spawn(keep_records(records, newest));
    tasks.spawn(watch_files(files, look_every, events.clone(), refused));
    let downloads = Arc::new(Downloads::new(&shelves));
    let all = downloads.clone();
    // What is there at the start is offered from the start on.
    let _ = spawn_blocking(move || all.look()).await;
    tasks.spawn(keep_looking(downloads.clone(), look_every));
    let signs = shelves.into_iter().map(|shelf| shelf.sign).collect();
    let portal = Portal::new(portal, signs, downloads, hub.clone());
    let places = Places::of(HANDSHAKES);
    tasks.spawn(quic::accept(endpoint.clone(), places.clone(), hub.clone()));
    tasks.spawn(tcp::accept(listener, acceptor, places, hub, portal));
    tracing::info!(address = %sockets.address, "listening");
    Ok(RelayHandle { address: sockets.address, numbers, events, endpoint, open, tasks, decider })
}

fn shelf(trust: &OrganisationTrust) -> Shelf {
    Shelf { sign: Sign::of(&trust.organisation), folder: trust.downloads.clone() }
}

/// What the organisations and their lists are at the start.
#[derive(Default)]
struct Start {
    trusts: Vec<Trust>,
    lists: Vec<List>,
    files: Vec<(usize, PathBuf)>,
    since: Vec<Record>,
}

/// A list that the node went by when it ran last still holds since then, any other since now.
fn take_up(organisations: Vec<OrganisationTrust>, records: &[Record], now_s: u64) -> Start {
    let mut start = Start::default();
    for (place, trust) in organisations.into_iter().enumerate() {
        let OrganisationTrust { organisation, revocation_file, revocation_list, downloads: _ } = trust;
        let root = organisation.root_sha256();
        start.files.extend(revocation_file.map(|file| (place, file)));
        start.lists.push(match &revocation_list {
            None => List::default(),
            Some(list) => {
                let since_s = Record::since(records, &root, list).unwrap_or(now_s);
                start.since.push(Record::new(&root, list, since_s));
                List { number: list.number, since_s }
            }
        });
        start.trusts.push(Trust::new(organisation, revocation_list));
    }
    start
}

/// The key of tickets, from the node's secret: as long as a relay has one node they need not be
/// told apart.
fn cluster_key(node_secret: &[u8; 32]) -> ClusterKey {
    let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, node_secret), b"ponte relay cluster key 1");
    ClusterKey::new(derived.as_ref().first_chunk().unwrap_or(node_secret))
}

impl RelayHandle {
    /// Where it listens, for QUIC and TLS alike.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// What it is doing.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            links: self.numbers.links.load(Ordering::Relaxed),
            sessions: self.numbers.sessions.load(Ordering::Relaxed),
            offers: self.numbers.offers.load(Ordering::Relaxed),
            lists_refused: self.numbers.lists_refused.load(Ordering::Relaxed),
            bytes_forwarded: self.numbers.bytes_forwarded.load(Ordering::Relaxed),
        }
    }

    /// Tells every end that the relay is going, then ends it; takes at most a few seconds.
    pub async fn shutdown(mut self) {
        let _ = timeout(SHUTDOWN, async {
            if self.events.send(Event::Shutdown).await.is_ok() {
                while self.decider.join_next().await.is_some() {}
            }
        })
        .await;
        self.tasks.shutdown().await;
        // The links' last messages are on their way; closing the endpoint, or the program's end, would cut them off.
        let _ = timeout(SHUTDOWN, async {
            while self.open.recv().await.is_some() {}
            self.endpoint.wait_idle().await;
        })
        .await;
        self.endpoint.close(0u8.into(), b"");
    }
}
