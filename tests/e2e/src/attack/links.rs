//! Raw links from addresses of one's own choice, all in 127.0.0.0/8.

use bytes::Bytes;
use identity::{OperatorFile, Organisation};
use link::pump::{self, PacketSink, Pumped};
use link::{LinkKind, quic, tls, websocket};
use proto::relay::{AttemptId, EndToRelay, OpaqueBytes, RelayToEnd};
use proto::{Blob, Text};
use quinn::crypto::rustls::QuicClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

pub(super) type RawLink = Pumped<EndToRelay, RelayToEnd>;

/// The two links of a session.
pub(super) struct Paired {
    pub(super) console: RawLink,
    pub(super) agent: RawLink,
}

/// Whoever attacks; has a good operator's file, too.
pub(super) struct Attacker {
    pub(super) relay: SocketAddr,
    relay_name: String,
    operator: OperatorFile,
    next_source: u32,
}

/// What the relay says to the first datagram of a QUIC client.
pub(super) enum FirstAnswer {
    /// It goes on with the handshake and remembers it.
    Handshake,
    /// The sender must prove first that he hears it; it remembers nothing.
    Retry,
}

/// Waits for the relay's answer.
pub(super) async fn first_answer(socket: &UdpSocket) -> FirstAnswer {
    let mut datagram = [0; 1500];
    let answer = tokio::time::timeout(crate::DEADLINE, socket.recv(&mut datagram)).await;
    answer.expect("an answer in time").expect("an answer");
    // Long headers have their type in these bits: 0 is Initial, 3 Retry (RFC 9000, 17.2).
    match datagram[0] & 0b1011_0000 {
        0b1000_0000 => FirstAnswer::Handshake,
        0b1011_0000 => FirstAnswer::Retry,
        _ => panic!("another packet: {:#x}", datagram[0]),
    }
}

/// Whatever arrives is of no interest.
struct Nowhere;

impl PacketSink for Nowhere {
    fn put(&self, _: Bytes) {}
}

/// Any certificate will do.
#[derive(Debug)]
struct Any;

impl ServerCertVerifier for Any {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        tls::provider().signature_verification_algorithms.supported_schemes()
    }
}

fn config(alpn: &[u8]) -> ClientConfig {
    let mut config = ClientConfig::builder_with_provider(tls::provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Any))
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    config
}

fn name() -> ServerName<'static> {
    ServerName::try_from("localhost").expect("a name")
}

fn quic_config() -> quinn::ClientConfig {
    quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(config(quic::ALPN)).expect("a configuration")))
}

fn body(text: &str) -> OpaqueBytes {
    Blob::new(text.as_bytes()).expect("a short body")
}

/// A client's frame (RFC 6455, 5.2) with a mask of zeros; at most 65,535 bytes.
pub(super) fn masked(first: u8, message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).expect("a short message");
    [&[first, 0x80 | 126][..], &length.to_be_bytes(), &[0; 4], message].concat()
}

impl Attacker {
    /// With what the relay's folder tells.
    pub(super) fn new(folder: &Path, relay: SocketAddr) -> Self {
        let read = |name: &str| std::fs::read(folder.join(name)).expect("a file of the relay");
        let organisation = Organisation::open(&read("organisation.ponte"), crate::now_s()).expect("an organisation");
        let operator = testkit::signed_in(&read("operator.ponte-vault"));
        Self { relay, relay_name: organisation.relay().name.clone(), operator, next_source: 0 }
    }

    /// Addresses that nobody had before.
    pub(super) fn sources(&mut self, count: u16) -> Vec<Ipv4Addr> {
        let first = u32::from(Ipv4Addr::new(127, 1, 0, 1)) + self.next_source;
        self.next_source += u32::from(count);
        (first..first + u32::from(count)).map(Ipv4Addr::from).collect()
    }

    pub(super) async fn stream(&self, source: Ipv4Addr) -> TcpStream {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((source, 0).into()).expect("an address of this machine");
        // What is written in small pieces would wait for acknowledgements.
        socket.set_nodelay(true).expect("an option");
        socket.connect(self.relay).await.expect("a connection")
    }

    pub(super) async fn tls(&self, source: Ipv4Addr) -> TlsStream<TcpStream> {
        let connector = TlsConnector::from(Arc::new(config(websocket::ALPN)));
        connector.connect(name(), self.stream(source).await).await.expect("a TLS stream")
    }

    /// A stream on which WebSocket messages are due.
    pub(super) async fn upgraded(&self, source: Ipv4Addr) -> TlsStream<TcpStream> {
        let mut stream = self.tls(source).await;
        let head = "GET /link/1 HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
                    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ponte.1\r\n\
                    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(head.as_bytes()).await.expect("a request");
        let mut answer = Vec::new();
        // Byte by byte: the relay's first frame may follow at once.
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.expect("an answer"));
        }
        assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
        stream
    }

    /// The first flight of a TLS client.
    pub(super) fn hello(&self) -> Vec<u8> {
        let config = Arc::new(config(websocket::ALPN));
        let mut client = rustls::ClientConnection::new(config, name()).expect("a client");
        let mut hello = Vec::new();
        client.write_tls(&mut hello).expect("a hello");
        hello
    }

    /// First datagrams of so many QUIC clients.
    pub(super) async fn initials(&self, count: usize) -> Vec<Vec<u8>> {
        let catcher = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let address = catcher.local_addr().expect("an address");
        let endpoint = quinn::Endpoint::client("127.0.0.1:0".parse().expect("an address")).expect("an endpoint");
        let mut seen = BTreeSet::new();
        let mut datagrams = Vec::new();
        for _ in 0..count {
            let connecting = endpoint.connect_with(quic_config(), address, "localhost").expect("a client");
            loop {
                let mut datagram = [0; 1500];
                let length = catcher.recv(&mut datagram).await.expect("a datagram");
                // A long header tells the length of its connection id after five bytes (RFC 9000, 17.2);
                // earlier clients say a last word, too.
                let id = datagram[6..6 + usize::from(datagram[5].min(20))].to_vec();
                if seen.insert(id) {
                    datagrams.push(datagram[..length].to_vec());
                    break;
                }
            }
            // Not before it has begun: it would begin with its end.
            drop(connecting);
        }
        datagrams
    }

    /// A QUIC connection; what it stands on goes on with it.
    pub(super) async fn quic(&self, source: Ipv4Addr) -> quinn::Connection {
        let endpoint = quinn::Endpoint::client((source, 0).into()).expect("an endpoint");
        let connecting = endpoint.connect_with(quic_config(), self.relay, "localhost").expect("a client");
        connecting.await.expect("a connection")
    }

    /// A greeted link and the relay's nonce.
    async fn reach(&self, source: Ipv4Addr, kind: LinkKind) -> (RawLink, [u8; 32]) {
        let mut link: RawLink = match kind {
            LinkKind::Quic => {
                let connection = self.quic(source).await;
                let control = connection.open_bi().await.expect("a stream");
                pump::quic(connection, control, Arc::new(Nowhere))
            }
            LinkKind::Tls => {
                let stream = self.upgraded(source).await;
                let socket = WebSocketStream::from_raw_socket(stream, Role::Client, Some(websocket::limits())).await;
                pump::websocket(socket, Arc::new(Nowhere))
            }
        };
        say(&link, &EndToRelay::Hello { build: Text::truncated("attack") }).await;
        match hear(&mut link).await {
            RelayToEnd::Welcome { nonce, .. } => (link, nonce),
            other => panic!("no welcome: {other:?}"),
        }
    }

    /// A link with a proven operator.
    pub(super) async fn console(&self, source: Ipv4Addr, kind: LinkKind) -> RawLink {
        let (mut link, nonce) = self.reach(source, kind).await;
        let signature = identity::prove_link(&self.operator.seed, &self.relay_name, &nonce);
        let chain = self.operator.chain.iter().map(|der| Blob::new(der.clone()).expect("a certificate")).collect();
        say(&link, &EndToRelay::Prove { chain, signature: Blob::new(signature).expect("a signature") }).await;
        assert_eq!(hear(&mut link).await, RelayToEnd::Proved);
        link
    }

    /// Makes a session of it with an agent whose pairing messages mean nothing: the relay cannot tell.
    pub(super) async fn pair(&self, mut console: RawLink, source: Ipv4Addr, kind: LinkKind) -> Paired {
        let (mut agent, _) = self.reach(source, kind).await;
        say(&console, &EndToRelay::Offer).await;
        let RelayToEnd::Offered { locator, .. } = hear(&mut console).await else { panic!("no offer") };
        say(&agent, &EndToRelay::Join { locator, p1: body("p1"), work: None }).await;
        assert!(matches!(hear(&mut agent).await, RelayToEnd::Joined { .. }));
        assert!(matches!(hear(&mut console).await, RelayToEnd::PeerJoined { .. }));
        let attempt = AttemptId(1);
        say(&console, &EndToRelay::P2 { attempt, body: body("p2") }).await;
        assert!(matches!(hear(&mut agent).await, RelayToEnd::P2 { .. }));
        say(&agent, &EndToRelay::P3 { body: body("p3") }).await;
        assert!(matches!(hear(&mut console).await, RelayToEnd::P3 { .. }));
        say(&console, &EndToRelay::Claim { attempt }).await;
        for link in [&mut console, &mut agent] {
            assert!(matches!(hear(link).await, RelayToEnd::Paired { .. }));
        }
        Paired { console, agent }
    }
}

async fn say(link: &RawLink, message: &EndToRelay) {
    link.control.send(message).await.expect("a link");
}

async fn hear(link: &mut RawLink) -> RelayToEnd {
    link.control.recv().await.expect("an answer")
}
