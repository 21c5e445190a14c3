//! The ways that are compared: the same payloads over QUIC connections, whatever carries them, and
//! over TCP.

use crate::Failure;
use crate::ends::now_s;
use identity::Seed;
use quinn::Connection;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rand::rngs::OsRng;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;

/// What is written at a time.
const CHUNK_BYTES: usize = 64 * 1024;
/// A small message.
const SMALL_BYTES: usize = 64;
/// Small messages before bulk.
const URGENT: i32 = 1;
/// Until a stream without an end has filled what it can fill.
const FILLS: Duration = Duration::from_millis(300);

/// Both ends of one way.
pub(crate) enum Way {
    /// A connection that stands.
    Quic(Connection, Connection),
    /// Where TCP connections are joined two by two.
    Splice(SocketAddr),
}

impl Way {
    /// Mbit/s of so many bytes on a new stream, from the first written to the last read.
    pub(crate) async fn throughput(&self, bytes: usize) -> Result<f64, Failure> {
        match self {
            Self::Quic(from, to) => {
                let mut sending = from.open_uni().await?;
                let receiving = async {
                    let mut stream = to.accept_uni().await?;
                    Ok::<_, Failure>(count_bytes(&mut stream).await?)
                };
                let begin = Instant::now();
                let ((), received) = tokio::try_join!(write(&mut sending, bytes), receiving)?;
                rate(received, bytes, begin)
            }
            Self::Splice(address) => {
                let (mut from, mut to) = joined(*address).await?;
                let begin = Instant::now();
                let ((), received) =
                    tokio::try_join!(write(&mut from, bytes), async { Ok(count_bytes(&mut to).await?) })?;
                rate(received, bytes, begin)
            }
        }
    }

    /// Milliseconds of each round trip of a small message, one after the other: so many, or as many
    /// as `most` allows.
    pub(crate) async fn round_trips(&self, count: usize, most: Duration) -> Result<Vec<f64>, Failure> {
        match self {
            Self::Quic(from, to) => {
                let (mut send, mut receive) = from.open_bi().await?;
                // As in a session: what a person waits for goes before bulk.
                send.set_priority(URGENT)?;
                let echoing = async {
                    let (mut send, mut receive) = to.accept_bi().await?;
                    send.set_priority(URGENT)?;
                    Ok::<_, Failure>(tokio::io::copy(&mut receive, &mut send).await?)
                };
                let asking = async {
                    let times = ask(&mut send, &mut receive, count, most).await;
                    send.finish()?;
                    times
                };
                Ok(tokio::try_join!(asking, echoing)?.0)
            }
            Self::Splice(address) => {
                let (from, mut to) = joined(*address).await?;
                let (mut receive, mut send) = from.into_split();
                let echoing = async {
                    let (mut receive, mut send) = to.split();
                    Ok::<_, Failure>(tokio::io::copy(&mut receive, &mut send).await?)
                };
                let asking = async {
                    let times = ask(&mut send, &mut receive, count, most).await;
                    send.shutdown().await?;
                    times
                };
                Ok(tokio::try_join!(asking, echoing)?.0)
            }
        }
    }

    /// The same while a stream without an end fills the way: the same connection, or, of TCP, one
    /// beside it through the same program.
    pub(crate) async fn loaded_round_trips(&self, count: usize, most: Duration) -> Result<Vec<f64>, Failure> {
        let asking = async {
            sleep(FILLS).await;
            self.round_trips(count, most).await
        };
        match self {
            Self::Quic(from, to) => {
                let mut filling = from.open_uni().await?;
                let draining = async {
                    let mut stream = to.accept_uni().await?;
                    Ok::<_, Failure>(count_bytes(&mut stream).await?)
                };
                let times = beside(fill(&mut filling), draining, asking).await;
                filling.reset(0_u32.into())?;
                times
            }
            Self::Splice(address) => {
                let (mut from, mut to) = joined(*address).await?;
                let draining = async { Ok(count_bytes(&mut to).await?) };
                beside(fill(&mut from), draining, asking).await
            }
        }
    }

    /// Packets sent and lost so far by the end that sends bulk, as its QUIC sees it.
    pub(crate) fn packets(&self) -> Option<(f64, f64)> {
        let Self::Quic(from, _) = self else { return None };
        let path = from.stats().path;
        Some((path.sent_packets as f64, path.lost_packets as f64))
    }
}

async fn joined(address: SocketAddr) -> Result<(TcpStream, TcpStream), Failure> {
    let (one, other) = (TcpStream::connect(address).await?, TcpStream::connect(address).await?);
    one.set_nodelay(true)?;
    other.set_nodelay(true)?;
    Ok((one, other))
}

async fn write(to: &mut (impl AsyncWrite + Unpin), bytes: usize) -> Result<(), Failure> {
    let chunk = vec![0xA5; CHUNK_BYTES];
    let mut left = bytes;
    while left > 0 {
        let part = left.min(CHUNK_BYTES);
        to.write_all(&chunk[..part]).await?;
        left -= part;
    }
    Ok(to.shutdown().await?)
}

async fn count_bytes(from: &mut (impl AsyncRead + Unpin)) -> std::io::Result<usize> {
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut received = 0;
    loop {
        match from.read(&mut buffer).await? {
            0 => return Ok(received),
            some => received += some,
        }
    }
}

fn rate(received: usize, bytes: usize, begin: Instant) -> Result<f64, Failure> {
    if received != bytes {
        return Err(format!("{bytes} bytes sent, {received} received").into());
    }
    Ok(bytes as f64 * 8e-6 / begin.elapsed().as_secs_f64())
}

async fn ask(
    to: &mut (impl AsyncWrite + Unpin),
    from: &mut (impl AsyncRead + Unpin),
    count: usize,
    most: Duration,
) -> Result<Vec<f64>, Failure> {
    let mut times = Vec::with_capacity(count);
    let all = Instant::now();
    while times.len() < count && (times.is_empty() || all.elapsed() < most) {
        let asked = [times.len().to_le_bytes()[0]; SMALL_BYTES];
        let mut answer = [0; SMALL_BYTES];
        let begin = Instant::now();
        to.write_all(&asked).await?;
        from.read_exact(&mut answer).await?;
        times.push(begin.elapsed().as_secs_f64() * 1e3);
        if answer != asked {
            return Err("an answer is not what was asked".into());
        }
    }
    Ok(times)
}

/// Writes until it is dropped.
async fn fill(to: &mut (impl AsyncWrite + Unpin)) -> Result<(), Failure> {
    let chunk = vec![0xA5; CHUNK_BYTES];
    loop {
        to.write_all(&chunk).await?;
    }
}

/// What comes of `asking`; a stream that ends before is a failure.
async fn beside<T>(
    filling: impl Future<Output = Result<(), Failure>>,
    draining: impl Future<Output = Result<usize, Failure>>,
    asking: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        asked = asking => asked,
        ended = async { tokio::try_join!(filling, draining) } => {
            ended?;
            Err("the stream ended before the small messages".into())
        }
    }
}

/// A QUIC connection as quinn makes it, straight over loopback, and the endpoints that it needs.
pub(crate) async fn direct() -> Result<(Way, [quinn::Endpoint; 2]), Failure> {
    let ca = identity::create_root(Seed::random(&mut OsRng), "Bench", &[1], now_s())?;
    let seed = Seed::random(&mut OsRng);
    let certificate = identity::server_certificate(&ca, &seed, &["localhost".to_owned()], now_s())?;
    let root = CertificateDer::from(ca.certificate().to_vec());
    let chain = vec![CertificateDer::from(certificate), root.clone()];
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(seed.pkcs8_der().to_vec()));
    let tls = link::tls::server_config(chain, key, b"bench")?;
    let crypto = QuicServerConfig::try_from(tls)?;
    let listen = (Ipv4Addr::LOCALHOST, 0).into();
    let server = quinn::Endpoint::server(quinn::ServerConfig::with_crypto(Arc::new(crypto)), listen)?;

    let mut roots = rustls::RootCertStore::empty();
    roots.add(root)?;
    let mut tls = rustls::ClientConfig::builder_with_provider(link::tls::provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"bench".to_vec()];
    let config = quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?));
    let client = quinn::Endpoint::client(listen)?;
    let connecting = client.connect_with(config, server.local_addr()?, "localhost")?;
    let accepting = async { Ok::<_, Failure>(server.accept().await.ok_or("the endpoint is closed")?.await?) };
    let (from, to) = tokio::try_join!(async { Ok(connecting.await?) }, accepting)?;
    Ok((Way::Quic(from, to), [client, server]))
}
