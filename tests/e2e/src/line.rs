//! How one end of a [`World`](crate::World) reaches the relay: by which way, over which path, through
//! which proxy.

use identity::{Organisation, Seed};
use link::{Choice, Dialing, LinkKind, Proxies};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use testkit::{Conditions, ConnectProxy, Login, PathEmulator};

/// What happens by chance on a path comes from this.
const SEED: u64 = 4711;

/// How one end reaches the relay. A path emulator stands in between where there are conditions.
#[derive(Debug, Clone)]
pub struct Line {
    /// By which ways.
    pub choice: Choice,
    /// What the path is like at first; `None` for none in between.
    pub path: Option<Conditions>,
    /// The proxy that leads past the path straight to the relay.
    pub proxy: Option<Proxied>,
    /// How often QUIC is tried again from TLS.
    pub quic_again: Duration,
}

/// A proxy and its user.
#[derive(Debug, Clone, Default)]
pub struct Proxied {
    /// What the proxy wants.
    pub wants: Option<Login>,
    /// What the end was given.
    pub given: Option<Login>,
}

impl Line {
    /// Directly, only this way.
    #[must_use]
    pub fn only(kind: LinkKind) -> Self {
        Self { choice: Choice::Only(kind), ..Self::race() }
    }

    /// Directly, both ways in a race.
    #[must_use]
    pub fn race() -> Self {
        Self { choice: Choice::Race, path: None, proxy: None, quic_again: Dialing::default().quic_again }
    }

    /// Over a path that is like this at first.
    #[must_use]
    pub fn over(self, path: Conditions) -> Self {
        Self { path: Some(path), ..self }
    }

    /// Nothing of the relay's address lets through but a proxy.
    #[must_use]
    pub fn only_proxy(wants: Option<Login>, given: Option<Login>) -> Self {
        let closed = Conditions { udp_blocked: true, tcp_blocked: true, ..Conditions::default() };
        Self { path: Some(closed), proxy: Some(Proxied { wants, given }), ..Self::race() }
    }

    /// Builds it; `folder` is where the relay's own is.
    pub(crate) async fn lay(self, folder: &Path, relay: SocketAddr) -> Reach {
        let mut reach = Reach::new(folder, self.choice);
        reach.dialing.quic_again = self.quic_again;
        if let Some(Proxied { wants, given }) = self.proxy {
            let proxy = ConnectProxy::start(relay, wants).await.expect("a proxy");
            reach.dialing.proxies = Proxies::Fixed(proxy.uri(given.as_ref()));
            reach.proxy = Some(proxy);
        }
        if let Some(conditions) = self.path {
            let path = PathEmulator::start(relay, SEED, conditions).await.expect("a path");
            reach.organisation = at(folder, &reach.organisation, path.address());
            reach.path = Some(path);
        }
        reach
    }
}

/// What an end is given of its line.
pub(crate) struct Reach {
    pub(crate) choice: Choice,
    pub(crate) dialing: Dialing,
    /// The organisation file, which tells where the relay is.
    pub(crate) organisation: Vec<u8>,
    pub(crate) path: Option<PathEmulator>,
    pub(crate) proxy: Option<ConnectProxy>,
}

impl Reach {
    pub(crate) fn direct(folder: &Path, kind: LinkKind) -> Self {
        Self::new(folder, Choice::Only(kind))
    }

    fn new(folder: &Path, choice: Choice) -> Self {
        let organisation = std::fs::read(folder.join("relay/organisation.ponte")).expect("the organisation file");
        // Not the proxies of the machine that the test happens to run on.
        let dialing = Dialing { proxies: Proxies::None, ..Dialing::default() };
        Self { choice, dialing, organisation, path: None, proxy: None }
    }
}

/// The organisation file with its relay elsewhere, signed again with the relay's throw-away root.
fn at(folder: &Path, organisation: &[u8], address: SocketAddr) -> Vec<u8> {
    let root = std::fs::read(folder.join("relay/root.seed")).expect("the root's key");
    let root = Seed::new(root.try_into().expect("32 bytes"));
    let mut file = Organisation::open(organisation, crate::now_s()).expect("the organisation").file().clone();
    for node in &mut file.relay.nodes {
        node.host = address.ip().to_string();
        node.port = address.port();
    }
    file.sign(&root).expect("a signed file")
}
