//! Impostors, browsers, garbage: none of it becomes a link or disturbs one.

use crate::ends::{ARRIVAL, World, both_ways};
use link::{Choice, LinkError, LinkKind, Trust, connect, tls, websocket};
use proto::Blob;
use proto::relay::{EndToRelay, Refusal, RelayToEnd};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_with_another_key_is_not_trusted() {
    let world = World::new().await;
    let ends = world.ends();
    for choice in [Choice::Only(LinkKind::Quic), Choice::Only(LinkKind::Tls), Choice::Race] {
        for trust in [Trust::Pin([1; 32]), Trust::Platform] {
            let begin = Instant::now();
            let mut link = connect(&ends.address, &trust, choice, "test").await;
            // To look at the system's whole store may take a busy machine longer than a dial may.
            while matches!(link, Err(LinkError::TimedOut)) && begin.elapsed() < ARRIVAL {
                link = connect(&ends.address, &trust, choice, "test").await;
            }
            assert!(matches!(link, Err(LinkError::Untrusted)), "{choice:?} {trust:?} {link:?}");
        }
    }
    assert_eq!(world.relay.stats().links, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_over_another_nonce_is_refused() {
    let world = World::new().await;
    let ends = world.ends();
    let mut link = ends.link(LinkKind::Tls).await.unwrap();
    link.welcome.nonce[0] ^= 1;
    assert_eq!(ends.prove(&mut link).await, RelayToEnd::Refused { refusal: Refusal::NotCertified });
    let mut link = ends.link(LinkKind::Quic).await.unwrap();
    let prove = EndToRelay::Prove { chain: vec![Blob::new([0x30, 0]).unwrap()], signature: Blob::default() };
    link.control.send(&prove).await.unwrap();
    let answer = link.control.recv().await.unwrap();
    assert_eq!(answer, RelayToEnd::Refused { refusal: Refusal::NotCertified });
    assert!(matches!(link.control.recv().await, Err(LinkError::Closed)));
}

/// TLS as any program would speak it, without a check of the certificate's issuer.
pub(crate) fn any_tls(alpn: &[u8]) -> rustls::ClientConfig {
    let certificate = {
        // The pin test above covers trust; here any certificate will do.
        #[derive(Debug)]
        struct Any(Arc<rustls::crypto::CryptoProvider>);
        use rustls::client::danger::*;
        use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
        use rustls::{DigitallySignedStruct, Error, SignatureScheme};
        impl ServerCertVerifier for Any {
            fn verify_server_cert(
                &self,
                _: &CertificateDer<'_>,
                _: &[CertificateDer<'_>],
                _: &ServerName<'_>,
                _: &[u8],
                _: UnixTime,
            ) -> Result<ServerCertVerified, Error> {
                Ok(ServerCertVerified::assertion())
            }
            fn verify_tls12_signature(
                &self,
                _: &[u8],
                _: &CertificateDer<'_>,
                _: &DigitallySignedStruct,
            ) -> Result<HandshakeSignatureValid, Error> {
                Ok(HandshakeSignatureValid::assertion())
            }
            fn verify_tls13_signature(
                &self,
                _: &[u8],
                _: &CertificateDer<'_>,
                _: &DigitallySignedStruct,
            ) -> Result<HandshakeSignatureValid, Error> {
                Ok(HandshakeSignatureValid::assertion())
            }
            fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
                self.0.signature_verification_algorithms.supported_schemes()
            }
        }
        Arc::new(Any(tls::provider()))
    };
    let mut config = rustls::ClientConfig::builder_with_provider(tls::provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(certificate)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    config
}

/// A stream on which an HTTP head is due.
pub(crate) async fn tls_stream(world: &World) -> TlsStream<TcpStream> {
    tls_stream_to(world.relay.local_addr()).await
}

/// The same to a relay that runs elsewhere.
pub(crate) async fn tls_stream_to(relay: SocketAddr) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(relay).await.unwrap();
    let connector = TlsConnector::from(Arc::new(any_tls(websocket::ALPN)));
    connector.connect("localhost".try_into().unwrap(), stream).await.unwrap()
}

async fn answer(world: &World, request: &str) -> String {
    let mut stream = tls_stream(world).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 32];
    let length = stream.read(&mut answer).await.unwrap_or(0);
    String::from_utf8_lossy(&answer[..length]).lines().next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn http_requests_that_are_no_links_are_answered_as_such() {
    let world = World::new().await;
    let upgrade = "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Protocol: ponte.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let rows = [
        (format!("GET /link/1 HTTP/1.1\r\nHost: x\r\n{upgrade}\r\n"), "HTTP/1.1 101"),
        (format!("GET /link/1 HTTP/1.1\r\nHost: x\r\n{upgrade}Origin: https://evil.example\r\n\r\n"), "HTTP/1.1 403"),
        (format!("GET /link/2 HTTP/1.1\r\nHost: x\r\n{upgrade}\r\n"), "HTTP/1.1 404"),
        (format!("POST /link/1 HTTP/1.1\r\nHost: x\r\n{upgrade}\r\n"), "HTTP/1.1 404"),
        ("GET /link/1 HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), "HTTP/1.1 426"),
        ("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), "HTTP/1.1 200"),
        (format!("GET /healthz HTTP/1.1\r\nHost: x\r\nLong: {}\r\n\r\n", "x".repeat(10_000)), "HTTP/1.1 431"),
    ];
    for (request, expected) in rows {
        let status = answer(&world, &request).await;
        assert!(status.starts_with(expected), "{status} instead of {expected}");
    }
}

async fn throw(address: SocketAddr, bytes: &[u8]) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_leaves_a_running_pair_alone() {
    let world = World::new().await;
    let mut pair = world.ends().pair(LinkKind::Quic, LinkKind::Tls).await;
    let address = world.relay.local_addr();
    throw(address, &[0xFF; 5000]).await;
    throw(address, b"GET / HTTP/1.1\r\n\r\n").await;
    let udp = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for length in [0, 1, 20, 1200, 1400] {
        udp.send_to(&vec![0xC3; length], address).await.unwrap();
    }
    // A link that says nonsense inside the right framing.
    let mut stream = tls_stream(&world).await;
    stream
        .write_all(
            b"GET /link/1 HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
              Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ponte.1\r\n\
              Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )
        .await
        .unwrap();
    // A masked binary message (RFC 6455, 5.2): control bytes with version 1 and a frame too long.
    let nonsense = [0, 1, 0xFF, 0xFF];
    stream.write_all(&[0x82, 0x84, 0, 0, 0, 0]).await.unwrap();
    stream.write_all(&nonsense).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.starts_with(b"HTTP/1.1 101"));
    both_ways(&mut pair.console, &mut pair.agent, 50).await;
}
