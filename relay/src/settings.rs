//! What a relay needs to run, resolved: sockets are bound, files are read, nothing can be invalid.

use crate::config;
use crate::lists::List;
use crate::portal::PortalSettings;
use identity::Organisation;
use proto::relay::NodeName;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::fs;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Which limits hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Limits {
    /// Those of a service.
    #[default]
    Normal,
    /// No rate limit of sessions, for measurements.
    Bench,
}

/// An organisation whose operators may use the relay.
#[derive(Debug, Clone)]
pub(crate) struct OrganisationTrust {
    /// Its checked file.
    pub(crate) organisation: Organisation,
    /// Where its newest revocation list is, or will be.
    pub(crate) revocation_file: Option<PathBuf>,
    /// The list that is there at the start.
    pub(crate) revocation_list: Option<List>,
    /// Where the programs are that the portal hands out.
    pub(crate) downloads: Option<PathBuf>,
}

/// Seconds since 1970, by the clock that certificates and hours are judged by.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Name of the file that keeps since when which revocation list holds.
pub(crate) const RECORDS: &str = "lists.json";
/// How often the files of revocation lists, and those to download, are looked at: an operator who is revoked
/// is out soon enough.
const LOOK_AT_FILES: Duration = Duration::from_secs(10);

/// Everything that [`crate::start`] needs. No `Debug`: it holds keys.
pub struct Settings {
    pub(crate) node: NodeName,
    pub(crate) sockets: Sockets,
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
    pub(crate) organisations: Vec<OrganisationTrust>,
    pub(crate) node_secret: [u8; 32],
    /// File that keeps since when which revocation list holds.
    pub(crate) records: PathBuf,
    pub(crate) limits: Limits,
    pub(crate) watching: Watching,
    pub(crate) portal: PortalSettings,
}

/// What only tests choose.
pub(crate) struct Watching {
    pub(crate) clock: Clock,
    pub(crate) look_every: Duration,
}

impl Default for Watching {
    fn default() -> Self {
        Self { clock: Arc::new(unix_s), look_every: LOOK_AT_FILES }
    }
}

/// One port number for QUIC and TLS.
pub(crate) struct Sockets {
    pub(crate) tcp: TcpListener,
    pub(crate) udp: UdpSocket,
    pub(crate) address: SocketAddr,
}

/// The relay cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The configuration file has these problems.
    #[error("{0}")]
    Config(#[from] config::ConfigError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        error: io::Error,
    },
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The throw-away organisation cannot be made.
    #[error("cannot make the throw-away organisation: {0}")]
    Organisation(#[from] identity::IssueError),
}

impl Settings {
    /// A relay for trials on this machine. `dir` keeps its secrets and a throw-away organisation
    /// with one operator, made at the first start: `organisation.ponte` and `operator.ponte-vault`.
    /// `listen` with port 0 takes any free port; when the port has changed the organisation file is
    /// signed again. A revocation list is read from `revoked.crl` there, also while the relay runs; the
    /// authority that signs it is `issuing.seed` and `issuing.der`. The portal hands out what lies in
    /// `downloads`.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn dev(dir: &Path, listen: SocketAddr, operator_name: &str, limits: Limits) -> Result<Self, SettingsError> {
        crate::dev::settings(dir, listen, operator_name, limits)
    }

    /// A relay as its configuration file describes it.
    ///
    /// # Errors
    /// [`SettingsError`]; of the file, every problem at once.
    pub fn from_config(path: &Path, limits: Limits) -> Result<Self, SettingsError> {
        config::settings(path, limits)
    }

    /// Judges certificates and hours by another clock than the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.watching.clock = clock;
        self
    }

    /// Lets the portal's page on this other web server (`https://name`) ask this relay.
    #[must_use]
    pub fn with_page_at(mut self, origin: &str) -> Self {
        self.portal.origins.push(origin.to_owned());
        self
    }

    /// Looks so often whether a file with a revocation list, or one to download, was written; every ten
    /// seconds by itself.
    #[must_use]
    pub fn looking_at_lists_every(mut self, time: Duration) -> Self {
        self.watching.look_every = time;
        self
    }
}

/// Binds TCP, then UDP on the same port; with port 0 tries again when the UDP port is taken.
pub(crate) fn bind(listen: SocketAddr) -> Result<Sockets, SettingsError> {
    let tries = if listen.port() == 0 { 16 } else { 1 };
    let mut result = Err(io::Error::from(io::ErrorKind::AddrInUse));
    for _ in 0..tries {
        result = bind_both(listen);
        if result.is_ok() {
            break;
        }
    }
    result.map_err(|error| SettingsError::Listen { address: listen, error })
}

/// What a TCP segment may hold: 1,280 bytes, the least that IPv6 paths carry, without its heads.
const SEGMENT_BYTES: u32 = 1280 - 40 - 20;

fn bind_both(listen: SocketAddr) -> io::Result<Sockets> {
    let tcp = TcpListener::bind(listen)?;
    let address = tcp.local_addr()?;
    let udp = UdpSocket::bind(address)?;
    tcp.set_nonblocking(true)?;
    udp.set_nonblocking(true)?;
    // Connections inherit it, and both ends keep to it: where a path of 1,280 bytes drops longer packets
    // without a word (PPPoE, tunnels), TCP would stand still for good. Refused, it costs only that.
    let _ = socket2::SockRef::from(&tcp).set_tcp_mss(SEGMENT_BYTES);
    // Many links share this one socket: the default of some 200 kB is a few ms of packets.
    let shared = socket2::SockRef::from(&udp);
    let _ = shared.set_recv_buffer_size(2 * 1024 * 1024);
    let _ = shared.set_send_buffer_size(2 * 1024 * 1024);
    Ok(Sockets { tcp, udp, address })
}

/// Seconds since 1970 by the system's clock.
pub(crate) fn unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, SettingsError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SettingsError::File { path: path.to_owned(), error }),
    }
}

/// Writes a file whole or not at all; `secret` ones are readable to their owner only.
pub(crate) fn write(path: &Path, bytes: &[u8], secret: bool) -> Result<(), SettingsError> {
    let part = path.with_extension("part");
    let written = (|| {
        match fs::remove_file(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, if secret { 0o600 } else { 0o644 });
        #[cfg(not(unix))]
        let _ = secret;
        let mut file = options.open(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, path)
    })();
    written.map_err(|error| SettingsError::File { path: path.to_owned(), error })
}

/// The 32 secret bytes in a file, drawn and written when there are none.
pub(crate) fn stored_secret(path: &Path) -> Result<[u8; 32], SettingsError> {
    if let Some(bytes) = read(path)? {
        return bytes.try_into().map_err(|_| SettingsError::File {
            path: path.to_owned(),
            error: io::Error::new(io::ErrorKind::InvalidData, "not 32 bytes"),
        });
    }
    let mut secret = [0; 32];
    rand::RngCore::fill_bytes(&mut rand::rngs::OsRng, &mut secret);
    write(path, &secret, true)?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sockets_have_the_same_port() {
        let sockets = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        assert_eq!(sockets.udp.local_addr().unwrap(), sockets.address);
        assert_ne!(sockets.address.port(), 0);
        assert!(matches!(bind(sockets.address), Err(SettingsError::Listen { .. })));
    }
}
