//! Making the channel after the pairing, on either end, and what one can do with it.

use crate::port::{PEER, Port};
use crate::rate::{Nudge, RateModelConfig};
use crate::tls;
use identity::{Operator, OperatorError, Organisation, Seed};
use link::packets::Packets;
use pairing::{Paired, Role};
use proto::limits::INNER_PACKET_BYTES;
use proto::session::CertificateProblem;
use quinn::congestion::{BbrConfig, ControllerFactory, CubicConfig, NewRenoConfig};
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{ClientConfig, Connection, Endpoint, EndpointConfig, TransportConfig, VarInt};
use rustls::pki_types::CertificateDer;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How long a session survives without a link, in seconds.
const IDLE: Duration = Duration::from_secs(120);
/// How often a quiet channel shows that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// How long the two ends may take to make the channel.
const HANDSHAKE: Duration = Duration::from_secs(20);
/// How long a console that is refused has to hear of it: on a slow line that loses the word it asks again after a
/// second or two. QUIC lets go sooner where the line is quick.
const TOLD_WITHIN: Duration = Duration::from_secs(3);
/// Bytes that may be under way unread on one stream: 50 Mbit/s at 300 ms.
const STREAM_WINDOW: u32 = 2 * 1024 * 1024;
/// Bytes that may be under way unread in all.
const CHANNEL_WINDOW: u32 = 6 * 1024 * 1024;
/// Beginnings of a connection that the agent holds at a time, and bytes for those not yet accepted.
const MOST_INCOMING: usize = 4;
const INCOMING_BYTES: u64 = 64 * 1024;
/// Streams of each kind that a peer may have open.
const STREAMS: u32 = 64;

/// Code with which a channel is closed because the other end broke the protocol.
const BROKEN_OFF: VarInt = VarInt::from_u32(1);
/// Code with which a channel is closed in order. Not zero: that is what the library sends for a program that lets go
/// of its channel without a word.
const CLOSED: VarInt = VarInt::from_u32(2);

/// Why there is no channel.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// The other end did not answer in time.
    #[error("the other end did not answer in time")]
    TimedOut,
    /// The certificate shown is not the one of the pairing, or the proof does not fit: somebody is
    /// in between, or the other end is broken.
    #[error("the other end is not the one that was paired")]
    NotThePeer,
    /// The operator's certificate does not hold.
    #[error("the operator's certificate: {0}")]
    Operator(OperatorError),
    /// The connection failed otherwise.
    #[error("the channel failed: {0}")]
    Connection(#[from] quinn::ConnectionError),
    /// Our own keys or settings are unusable.
    #[error("the channel could not be set up: {0}")]
    Setup(String),
}

/// What the console proves itself with.
pub struct ConsoleIdentity {
    /// Leaf first, then the issuing authority.
    pub chain: Vec<CertificateDer<'static>>,
    /// The operator's key.
    pub seed: Seed,
}

/// The end-to-end connection. Clones share it; it closes when all are gone.
#[derive(Clone)]
pub struct Channel {
    endpoint: Endpoint,
    connection: Connection,
    port: Port,
    nudge: Nudge,
    exporter: [u8; 32],
}

impl fmt::Debug for Channel {
    /// Nothing of the exporter, which proves the pairing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Channel")
    }
}

/// A channel as the agent gets it.
#[derive(Debug)]
pub struct AcceptedChannel {
    /// The channel.
    pub channel: Channel,
    /// The operator at its other end, proven but for revocation, which the first stream decides.
    pub operator: Operator,
    /// The certificates that prove it, leaf first, DER.
    pub chain: Vec<CertificateDer<'static>>,
}

/// What decides how much may be under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Controller {
    /// From what arrives: ours, see the table in this crate's README.
    #[default]
    Rate,
    /// From what arrives and how soon (draft-cardwell-iccrg-bbr-congestion-control), as quinn has it.
    Bbr,
    /// From what is lost (RFC 9438).
    Cubic,
    /// From what is lost, the plain form (RFC 9002, section 7).
    NewReno,
}

impl Controller {
    fn factory(self, nudge: &Nudge) -> Arc<dyn ControllerFactory + Send + Sync> {
        match self {
            Self::Rate => Arc::new(RateModelConfig { nudge: nudge.clone() }),
            Self::Bbr => Arc::new(BbrConfig::default()),
            Self::Cubic => Arc::new(CubicConfig::default()),
            Self::NewReno => Arc::new(NewRenoConfig::default()),
        }
    }
}

fn transport(controller: Controller, nudge: &Nudge) -> Arc<TransportConfig> {
    let mut transport = TransportConfig::default();
    transport
        // A link carries these on every path: nothing to discover, and no loss is taken for a path that does not.
        .initial_mtu(INNER_PACKET_BYTES)
        .min_mtu(INNER_PACKET_BYTES)
        .mtu_discovery_config(None)
        .keep_alive_interval(Some(KEEP_ALIVE))
        .max_idle_timeout(IDLE.try_into().ok())
        .congestion_controller_factory(controller.factory(nudge))
        .stream_receive_window(STREAM_WINDOW.into())
        .receive_window(CHANNEL_WINDOW.into())
        .send_window(u64::from(CHANNEL_WINDOW))
        .max_concurrent_bidi_streams(STREAMS.into())
        .max_concurrent_uni_streams(STREAMS.into())
        .datagram_receive_buffer_size(None);
    Arc::new(transport)
}

fn endpoint(port: &Port, server: Option<quinn::ServerConfig>) -> Result<Endpoint, ChannelError> {
    let runtime = quinn::default_runtime().ok_or_else(|| ChannelError::Setup("no runtime".into()))?;
    Endpoint::new_with_abstract_socket(EndpointConfig::default(), server, port.socket(), runtime)
        .map_err(|error| ChannelError::Setup(error.to_string()))
}

/// The console's end. The agent's certificate must be the one of the pairing.
///
/// # Errors
/// [`ChannelError`].
pub async fn connect(port: Port, paired: &Paired, identity: &ConsoleIdentity) -> Result<Channel, ChannelError> {
    connect_with(port, paired, identity, Controller::default()).await
}

/// As [`connect`], with another controller, to compare them.
///
/// # Errors
/// As there.
pub async fn connect_with(
    port: Port,
    paired: &Paired,
    identity: &ConsoleIdentity,
    controller: Controller,
) -> Result<Channel, ChannelError> {
    let setup = |error: &dyn fmt::Display| ChannelError::Setup(error.to_string());
    let tls = tls::client_config(identity.chain.clone(), &identity.seed, paired.peer).map_err(|e| setup(&e))?;
    let crypto = QuicClientConfig::try_from(tls).map_err(|e| setup(&e))?;
    let nudge = Nudge::default();
    let mut config = ClientConfig::new(Arc::new(crypto));
    config.transport_config(transport(controller, &nudge));
    let endpoint = endpoint(&port, None)?;
    let connecting = endpoint.connect_with(config, PEER, tls::AGENT_NAME).map_err(|e| setup(&e))?;
    let connection = within(connecting).await?.map_err(refused)?;
    Channel::new(endpoint, connection, port, nudge)
}

/// The agent's end. The operator's certificate must be the one committed to in the pairing, and
/// hold under the organisation.
///
/// # Errors
/// [`ChannelError`].
pub async fn accept(
    port: Port,
    paired: &Paired,
    certificate: CertificateDer<'static>,
    seed: &Seed,
    organisation: Arc<Organisation>,
    now_s: u64,
) -> Result<AcceptedChannel, ChannelError> {
    accept_with(port, paired, certificate, seed, organisation, now_s, Controller::default()).await
}

/// As [`accept`], with another controller, to compare them.
///
/// # Errors
/// As there.
pub async fn accept_with(
    port: Port,
    paired: &Paired,
    certificate: CertificateDer<'static>,
    seed: &Seed,
    organisation: Arc<Organisation>,
    now_s: u64,
    controller: Controller,
) -> Result<AcceptedChannel, ChannelError> {
    let setup = |error: &dyn fmt::Display| ChannelError::Setup(error.to_string());
    let verifier = Arc::new(tls::CommittedOperator::new(paired.peer, organisation, now_s));
    let tls = tls::server_config(certificate, seed, Arc::clone(&verifier)).map_err(|e| setup(&e))?;
    let crypto = QuicServerConfig::try_from(tls).map_err(|e| setup(&e))?;
    let nudge = Nudge::default();
    let mut config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    config.transport_config(transport(controller, &nudge)).migration(false);
    // One console is expected: a relay that sends other beginnings gets no memory for them.
    config.max_incoming(MOST_INCOMING).incoming_buffer_size(INCOMING_BYTES).incoming_buffer_size_total(INCOMING_BYTES);
    let endpoint = endpoint(&port, Some(config))?;
    let handshake = async {
        let incoming = endpoint.accept().await.ok_or(ChannelError::TimedOut)?;
        incoming.await.map_err(refused)
    };
    let connection = within(handshake).await?;
    if connection.is_err() {
        // What was refused, and why, is still on its way to the console.
        let _ = tokio::time::timeout(TOLD_WITHIN, endpoint.wait_idle()).await;
    }
    let connection = match (connection, verifier.outcome()) {
        (Ok(connection), Some(Ok(tls::ProvenOperator { operator, chain }))) => {
            endpoint.set_server_config(None);
            let channel = Channel::new(endpoint, connection, port, nudge)?;
            return Ok(AcceptedChannel { channel, operator, chain });
        }
        (_, Some(Err(error))) => return Err(ChannelError::Operator(error)),
        (connection, None) => connection,
        (Err(error), Some(Ok(_))) => return Err(error),
    };
    Err(connection.err().unwrap_or(ChannelError::NotThePeer))
}

async fn within<T>(work: impl Future<Output = T>) -> Result<T, ChannelError> {
    tokio::time::timeout(HANDSHAKE, work).await.map_err(|_| ChannelError::TimedOut)
}

/// CRYPTO_ERROR carries a TLS alert (RFC 9001, 4.8).
fn is_tls_alert(code: &quinn::TransportErrorCode) -> bool {
    (0x100..0x200).contains(&u64::from(*code))
}

/// A certificate refused by either side shows as a TLS alert.
fn refused(error: quinn::ConnectionError) -> ChannelError {
    match &error {
        quinn::ConnectionError::TransportError(transport) if is_tls_alert(&transport.code) => ChannelError::NotThePeer,
        quinn::ConnectionError::ConnectionClosed(close) if is_tls_alert(&close.error_code) => ChannelError::NotThePeer,
        quinn::ConnectionError::TimedOut => ChannelError::TimedOut,
        _ => ChannelError::Connection(error),
    }
}

impl Channel {
    fn new(endpoint: Endpoint, connection: Connection, port: Port, nudge: Nudge) -> Result<Self, ChannelError> {
        let mut exporter = [0; 32];
        connection
            .export_keying_material(&mut exporter, b"EXPORTER-ponte-channel-1", b"")
            .map_err(|_| ChannelError::Setup("no exporter".into()))?;
        Ok(Self { endpoint, connection, port, nudge, exporter })
    }

    /// What this end sends to prove that the channel belongs to the pairing.
    #[must_use]
    pub fn proof(&self, paired: &Paired, role: Role) -> [u8; 32] {
        paired.proof(role, &self.exporter)
    }

    /// Whether the other end's proof holds.
    #[must_use]
    pub fn verify_proof(&self, paired: &Paired, peer: Role, proof: &[u8; 32]) -> bool {
        paired.verify_proof(peer, &self.exporter, proof)
    }

    /// The number behind the check word, the same on both ends of one channel.
    #[must_use]
    pub fn check_number(&self, paired: &Paired) -> u32 {
        paired.check_number(&self.exporter)
    }

    /// A value that only the two ends of this channel know, for its log (TLS exporter, RFC 8446, 7.5).
    ///
    /// # Errors
    /// [`ChannelError::Setup`] if the library has none, which it always has after a handshake.
    pub fn log_value(&self) -> Result<[u8; 32], ChannelError> {
        let mut value = [0; 32];
        let exported = self.connection.export_keying_material(&mut value, b"EXPORTER-ponte-log-1", b"");
        exported.map(|()| value).map_err(|_| ChannelError::Setup("no exporter".into()))
    }

    /// The QUIC connection, for its streams.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Where the packets go.
    #[must_use]
    pub fn port(&self) -> &Port {
        &self.port
    }

    /// Goes on over another link: attaches it and makes QUIC probe at once instead of waiting for
    /// its back-off.
    pub fn reattach(&self, packets: Packets) {
        self.port.attach(packets);
        self.probe();
    }

    /// Makes QUIC send at once, whatever its back-off: something can arrive again.
    pub(crate) fn probe(&self) {
        self.nudge.nudge();
        if let Err(error) = self.endpoint.rebind_abstract(self.port.socket()) {
            tracing::warn!(%error, "the channel could not probe its new link");
        }
    }

    /// Whether the other end closed the channel in order, as opposed to a loss.
    #[must_use]
    pub fn was_closed_in_order(&self) -> bool {
        let reason = self.connection.close_reason();
        matches!(reason, Some(quinn::ConnectionError::ApplicationClosed(close)) if close.error_code == CLOSED)
    }

    /// Whether the other end refused during the TLS handshake what we showed it, and where its alert says
    /// so, why.
    #[must_use]
    pub fn refusal_by_peer(&self) -> Option<Option<CertificateProblem>> {
        match self.connection.close_reason() {
            Some(quinn::ConnectionError::ConnectionClosed(close)) if is_tls_alert(&close.error_code) => {
                let alert = u64::from(close.error_code) & 0xFF;
                Some(u8::try_from(alert).ok().and_then(tls::problem_of))
            }
            _ => None,
        }
    }

    /// Closes as one that was broken off: the other end does not take it for an orderly end.
    pub async fn break_off(&self, deadline: Duration) {
        self.connection.close(BROKEN_OFF, b"");
        let _ = tokio::time::timeout(deadline, self.endpoint.wait_idle()).await;
    }

    /// Closes in order: what was written and finished is delivered first if the link carries it
    /// within `deadline`.
    pub async fn close(&self, deadline: Duration) {
        self.connection.close(CLOSED, b"");
        // An error here is only the deadline: the other end then notices by itself.
        let _ = tokio::time::timeout(deadline, self.endpoint.wait_idle()).await;
    }
}
