//! The QUIC dress of a link: transport settings, a constant window, and a node's fixed keys.

use crate::LinkError;
use crate::tls;
use quinn::congestion::{Controller, ControllerFactory};
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{
    AckFrequencyConfig, ClientConfig, EndpointConfig, IdleTimeout, MtuDiscoveryConfig, ServerConfig, TransportConfig,
    VarInt,
};
use quinn_proto::{HashedConnectionIdGenerator, RttEstimator};
use ring::{hkdf, hmac};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The protocol's name inside TLS.
pub const ALPN: &[u8] = b"ponte/1";
/// How often an idle link shows that it lives.
pub const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Silence after which a link is dead.
pub const IDLE: Duration = Duration::from_secs(12);
/// After a path was taken for one that swallows long packets, it is looked at again so soon.
const LONG_PACKETS_AGAIN: Duration = Duration::from_secs(10);
/// Datagrams that wait in quinn in each direction, in bytes: 50 ms at 20 Mbit/s.
const DATAGRAM_BUFFER_BYTES: usize = 128 * 1024;
/// What an end takes the round trip for before it has seen one: a first packet that is lost, or that
/// came before a relay was back, is sent again after three of these instead of after a second.
const FIRST_ROUND_TRIP: Duration = Duration::from_millis(100);
/// Packets that the peer may leave unacknowledged, and for how long (draft-ietf-quic-ack-frequency):
/// nothing here waits for acknowledgements but the detection of a dead path, and each costs the relay
/// as much as a packet.
const UNACKNOWLEDGED: VarInt = VarInt::from_u32(20);
const ACK_DELAY: Duration = Duration::from_millis(25);
/// Bytes in flight that are hardly reached in use (50 Mbit/s over 300 ms are 1.9 MB), so that the
/// outer leg does not limit; it bounds what quinn remembers about a path that went dead, or of a peer
/// that acknowledges nothing.
const WINDOW_BYTES: u64 = 2 * 1024 * 1024;

/// No congestion control on the datagram leg: the payload has its own end to end, and two of them
/// nested choke each other (RFC 9298, section 6, allows leaving it out).
#[derive(Debug, Clone, Copy, Default)]
pub struct ConstantWindow;

impl Controller for ConstantWindow {
    fn on_ack(&mut self, _now: Instant, _sent: Instant, _bytes: u64, _app_limited: bool, _rtt: &RttEstimator) {}
    fn on_congestion_event(&mut self, _now: Instant, _sent: Instant, _persistent: bool, _lost_bytes: u64) {}
    fn on_mtu_update(&mut self, _new_mtu: u16) {}
    fn window(&self) -> u64 {
        WINDOW_BYTES
    }
    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(*self)
    }
    fn initial_window(&self) -> u64 {
        WINDOW_BYTES
    }
    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

impl ControllerFactory for ConstantWindow {
    fn build(self: Arc<Self>, _now: Instant, _current_mtu: u16) -> Box<dyn Controller> {
        Box::new(*self)
    }
}

/// Transport settings that both ends of a link use; the relay accepts the control stream, so
/// `bidirectional` is 1 there and 0 at an end.
fn transport(bidirectional: u32) -> TransportConfig {
    let mut discovery = MtuDiscoveryConfig::default();
    discovery.upper_bound(1452).black_hole_cooldown(LONG_PACKETS_AGAIN);
    let mut acknowledgements = AckFrequencyConfig::default();
    acknowledgements.ack_eliciting_threshold(UNACKNOWLEDGED).max_ack_delay(Some(ACK_DELAY));
    let mut transport = TransportConfig::default();
    transport
        .initial_mtu(1280)
        .ack_frequency_config(Some(acknowledgements))
        .mtu_discovery_config(Some(discovery))
        .keep_alive_interval(Some(KEEP_ALIVE))
        .max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(12_000))))
        .datagram_receive_buffer_size(Some(DATAGRAM_BUFFER_BYTES))
        .datagram_send_buffer_size(DATAGRAM_BUFFER_BYTES)
        .max_concurrent_bidi_streams(VarInt::from_u32(bidirectional))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        // Control messages; nothing else needs a window.
        .stream_receive_window(VarInt::from_u32(16 * 1024))
        .receive_window(VarInt::from_u32(16 * 1024))
        .send_window(32 * 1024)
        .congestion_controller_factory(Arc::new(ConstantWindow));
    transport
}

pub(crate) fn client_config(tls: rustls::ClientConfig) -> Result<ClientConfig, LinkError> {
    let crypto = QuicClientConfig::try_from(tls).map_err(|error| LinkError::Local(error.to_string()))?;
    let mut config = ClientConfig::new(Arc::new(crypto));
    let mut transport = transport(0);
    transport.initial_rtt(FIRST_ROUND_TRIP);
    config.transport_config(Arc::new(transport));
    Ok(config)
}

struct ThirtyTwo;
impl hkdf::KeyType for ThirtyTwo {
    fn len(&self) -> usize {
        32
    }
}

fn expand(secret: &hkdf::Prk, label: &[u8]) -> Result<[u8; 32], LinkError> {
    let mut key = [0; 32];
    secret
        .expand(&[label], ThirtyTwo)
        .and_then(|okm| okm.fill(&mut key))
        .map_err(|_| LinkError::Local("key derivation".to_owned()))?;
    Ok(key)
}

/// The keys by which a node recognises, after a restart, packets of links it had before, so that it
/// resets them at once instead of leaving their ends to wait. All come from the node's stored
/// secret.
pub struct NodeKeys {
    reset: hmac::Key,
    connection_ids: u64,
    token: hkdf::Prk,
}

impl NodeKeys {
    /// Derives the keys (HKDF-SHA256, RFC 5869, one label each).
    ///
    /// # Errors
    /// [`LinkError::Local`] if ring refuses, which it does not for these lengths.
    pub fn derive(node_secret: &[u8; 32]) -> Result<Self, LinkError> {
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, b"ponte relay node").extract(node_secret);
        let reset = expand(&secret, b"stateless reset")?;
        let token = expand(&secret, b"address token")?;
        let ids = expand(&secret, b"connection ids")?;
        let id_key = ids.first_chunk::<8>().copied().unwrap_or_default();
        Ok(Self {
            reset: hmac::Key::new(hmac::HMAC_SHA256, &reset),
            connection_ids: u64::from_be_bytes(id_key),
            token: hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(&token),
        })
    }

    /// Settings of an endpoint that keeps its keys over a restart.
    #[must_use]
    pub fn endpoint_config(&self) -> EndpointConfig {
        let key = self.connection_ids;
        let mut config = EndpointConfig::new(Arc::new(self.reset.clone()));
        config
            .cid_generator(move || Box::new(HashedConnectionIdGenerator::from_key(key)))
            // After a restart every link is reset: 1,000 a second instead of quinn's 50.
            .min_reset_interval(Duration::from_millis(1));
        config
    }

    /// Settings of the relay's side of links.
    ///
    /// # Errors
    /// [`LinkError::Local`] if key and certificate do not fit.
    pub fn server_config(
        &self,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<ServerConfig, LinkError> {
        let tls = tls::server_config(chain, key, ALPN)?;
        let crypto = QuicServerConfig::try_from(tls).map_err(|error| LinkError::Local(error.to_string()))?;
        let mut config = ServerConfig::new(Arc::new(crypto), Arc::new(self.token.clone()));
        config
            .transport_config(Arc::new(transport(1)))
            // Handshakes in progress: 1,024 of some 20 kB.
            .max_incoming(1024)
            .incoming_buffer_size(16 * 1024)
            .incoming_buffer_size_total(8 * 1024 * 1024);
        Ok(config)
    }
}
