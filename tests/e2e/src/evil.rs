//! Bad parties for tests: a relay that cheats with every message and packet, and false ends that
//! know the key.
//!
//! [`EvilRelay`] decides as the true relay does (`relay_core`), but every message that it sends and
//! every packet that it forwards passes through a trick of the test. A [`Catcher`] answers links by
//! itself and makes an end out of each: [`Caught::be_console`] and [`Caught::be_agent`].

#![expect(clippy::missing_panics_doc, reason = "what fails here fails the test that asked for it")]

pub mod ends;
mod genuine;
mod relay;

pub use relay::{EvilRelay, PacketTrick, Sent, Trick, changing, contains, other};

use agent_core::view::{AgentView, Page};
use agent_core::{AgentHandle, LinkKind};
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
use link::Packets;
use link::quic::NodeKeys;
use proto::relay::OpaqueBytes;
use rand::rngs::OsRng;
use relay::accept;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};

/// No step of a test takes longer on the slowest machine.
const DEADLINE: Duration = Duration::from_secs(180);

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
