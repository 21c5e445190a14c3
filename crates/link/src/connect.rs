//! Reaches the relay: QUIC at once, TLS a moment later, the first one that is welcomed stays.

use crate::control::Control;
use crate::packets::{Packets, packet_queue};
use crate::proxy::Proxies;
use crate::pump::{self, Counters, Pumped};
use crate::tls::{self, Trust};
use crate::{LinkError, quic, websocket};
use proto::Text;
use proto::relay::{EndToRelay, NodeName, RelayToEnd};
use quinn::ConnectionError;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How long QUIC has the race for itself: longer than most handshakes, shorter than patience.
const HEAD_START: Duration = Duration::from_millis(300);
/// The whole of one attempt, name lookup to welcome.
const ATTEMPT: Duration = Duration::from_secs(10);
/// One address of several, before the next is tried.
const ONE_ADDRESS: Duration = Duration::from_secs(3);
/// How often a TLS link that came out of a race tries to become a QUIC one.
const QUIC_AGAIN: Duration = Duration::from_secs(60);

/// What a link runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkKind {
    /// QUIC over UDP.
    Quic,
    /// A WebSocket over TLS over TCP.
    Tls,
}

impl fmt::Display for LinkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Quic => "quic",
            Self::Tls => "tls",
        })
    }
}

/// What may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Both, the first welcomed wins.
    Race,
    /// Only this one.
    Only(LinkKind),
}

/// How dialling is done beyond the [`Choice`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialing {
    /// Proxies for the TLS link.
    pub proxies: Proxies,
    /// How often a TLS link that came out of a race tries to become a QUIC one.
    pub quic_again: Duration,
}

impl Default for Dialing {
    /// The system's proxies, QUIC again every minute.
    fn default() -> Self {
        Self { proxies: Proxies::System, quic_again: QUIC_AGAIN }
    }
}

/// Where one node of a relay is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayAddress {
    /// The relay's name as the organisation file has it.
    pub name: String,
    /// Host name or address; also the name that the outer certificate must carry.
    pub host: String,
    /// UDP and TCP port.
    pub port: u16,
}

/// The relay's first message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// The node's name.
    pub node: NodeName,
    /// What a console signs.
    pub nonce: [u8; 32],
    /// Number of the newest revocation list that the relay holds, 0 for none.
    pub crl_number: u64,
    /// The relay's clock in seconds since 1970; for error text only.
    pub now_s: u64,
}

/// A link that the relay has welcomed. It closes when both halves of its control are dropped.
#[derive(Debug)]
pub struct Link {
    /// What it runs on.
    pub kind: LinkKind,
    /// The relay's first message.
    pub welcome: Welcome,
    /// Control messages.
    pub control: Control,
    /// End-to-end packets.
    pub packets: Packets,
    /// What went over it.
    pub counters: Counters,
}

/// Reaches one node and waits for its welcome.
///
/// `build` names the program and version for the relay's log.
///
/// # Errors
/// [`LinkError`]; of a race that nobody won, the reason that tells most.
pub async fn connect(relay: &RelayAddress, trust: &Trust, choice: Choice, build: &str) -> Result<Link, LinkError> {
    connect_with(relay, trust, choice, &Proxies::System, build).await
}

/// As [`connect`], with proxies from elsewhere.
///
/// # Errors
/// As there.
pub async fn connect_with(
    relay: &RelayAddress,
    trust: &Trust,
    choice: Choice,
    proxies: &Proxies,
    build: &str,
) -> Result<Link, LinkError> {
    let to = To { relay, trust, proxies, build };
    match choice {
        Choice::Only(kind) => one(to, kind).await,
        Choice::Race => race(to).await,
    }
}

/// What is dialled and how.
#[derive(Clone, Copy)]
struct To<'a> {
    relay: &'a RelayAddress,
    trust: &'a Trust,
    proxies: &'a Proxies,
    build: &'a str,
}

async fn race(to: To<'_>) -> Result<Link, LinkError> {
    let mut quic = Box::pin(one(to, LinkKind::Quic));
    let early = tokio::select! {
        result = &mut quic => Some(result),
        () = sleep(HEAD_START) => None,
    };
    let tls = one(to, LinkKind::Tls);
    match early {
        Some(Ok(link)) => Ok(link),
        Some(Err(first)) => tls.await.map_err(|second| telling(first, second)),
        None => {
            let mut tls = Box::pin(tls);
            tokio::select! {
                result = &mut quic => match result {
                    Ok(link) => Ok(link),
                    Err(first) => tls.await.map_err(|second| telling(first, second)),
                },
                result = &mut tls => match result {
                    Ok(link) => Ok(link),
                    Err(first) => quic.await.map_err(|second| telling(second, first)),
                },
            }
        }
    }
}

/// Of two failures the one to show: what a relay or an impostor answered says more than silence,
/// and TCP's reasons say more than UDP's.
fn telling(quic: LinkError, tls: LinkError) -> LinkError {
    let rank = |error: &LinkError| match error {
        LinkError::Refused(_) => 7,
        LinkError::Untrusted => 6,
        LinkError::Peer(_) => 5,
        LinkError::ProxyAuthentication | LinkError::Proxy(_) => 4,
        LinkError::NotPonte => 3,
        LinkError::Local(_) => 2,
        LinkError::Unreachable(_) | LinkError::Closed => 1,
        LinkError::TimedOut => 0,
    };
    if rank(&quic) > rank(&tls) { quic } else { tls }
}

async fn one(to: To<'_>, kind: LinkKind) -> Result<Link, LinkError> {
    let To { relay, trust, proxies, build } = to;
    let attempt = Box::pin(async {
        let (incoming, receiver) = packet_queue();
        let sink = Arc::new(incoming);
        let Pumped { mut control, packets, counters } = match kind {
            LinkKind::Quic => {
                let connection = dial_quic(relay, trust).await?;
                let stream = connection.open_bi().await.map_err(|error| connection_failed(error, false))?;
                pump::quic(connection, stream, sink)
            }
            LinkKind::Tls => pump::websocket(websocket::dial(relay, trust, proxies).await?, sink),
        };
        control.send(&EndToRelay::Hello { build: Text::truncated(build) }).await?;
        let welcome = match control.recv().await? {
            RelayToEnd::Welcome { node, nonce, crl_number, now_s } => Welcome { node, nonce, crl_number, now_s },
            RelayToEnd::Refused { refusal } => return Err(LinkError::Refused(refusal)),
            _ => return Err(LinkError::NotPonte),
        };
        Ok(Link { kind, welcome, control, packets: Packets { sender: packets, receiver }, counters })
    });
    timeout(ATTEMPT, attempt).await.unwrap_or(Err(LinkError::TimedOut))
}

async fn dial_quic(relay: &RelayAddress, trust: &Trust) -> Result<quinn::Connection, LinkError> {
    let (tls, distrust) = tls::client_config(trust, quic::ALPN)?;
    let config = quic::client_config(tls)?;
    let mut last = LinkError::Unreachable(io::ErrorKind::NotFound.into());
    for address in tokio::net::lookup_host((relay.host.as_str(), relay.port)).await? {
        let endpoint = quinn::Endpoint::client(unspecified(address))?;
        let connecting = endpoint
            .connect_with(config.clone(), address, &relay.host)
            .map_err(|error| LinkError::Local(error.to_string()))?;
        match timeout(ONE_ADDRESS, connecting).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => last = connection_failed(error, distrust.happened()),
            Err(_) => last = LinkError::TimedOut,
        }
    }
    Err(last)
}

fn unspecified(towards: SocketAddr) -> SocketAddr {
    let ip = if towards.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    SocketAddr::new(ip, 0)
}

fn connection_failed(error: ConnectionError, distrusted: bool) -> LinkError {
    match error {
        _ if distrusted => LinkError::Untrusted,
        ConnectionError::TimedOut => LinkError::TimedOut,
        ConnectionError::VersionMismatch | ConnectionError::TransportError(_) => LinkError::NotPonte,
        ConnectionError::ConnectionClosed(close) if u64::from(close.error_code) == REFUSED => {
            LinkError::Unreachable(io::ErrorKind::ConnectionRefused.into())
        }
        ConnectionError::ConnectionClosed(_) => LinkError::NotPonte,
        ConnectionError::ApplicationClosed(_)
        | ConnectionError::Reset
        | ConnectionError::LocallyClosed
        | ConnectionError::CidsExhausted => LinkError::Unreachable(io::ErrorKind::ConnectionReset.into()),
    }
}

/// CONNECTION_REFUSED (RFC 9000, 20.1): the relay takes no more handshakes for now.
const REFUSED: u64 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_impostor_is_told_before_a_blocked_udp_port() {
        assert!(matches!(telling(LinkError::TimedOut, LinkError::Untrusted), LinkError::Untrusted));
        assert!(matches!(telling(LinkError::Untrusted, LinkError::TimedOut), LinkError::Untrusted));
        let refused = || LinkError::Unreachable(io::ErrorKind::ConnectionRefused.into());
        assert!(matches!(telling(LinkError::TimedOut, refused()), LinkError::Unreachable(_)));
        let password = LinkError::ProxyAuthentication;
        assert!(matches!(telling(refused(), password), LinkError::ProxyAuthentication));
    }

    #[tokio::test]
    async fn nobody_there_is_unreachable() {
        // It takes nobody, and as long as it is there nobody else does at its port.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = socket.local_addr().unwrap().port();
        let relay = RelayAddress { name: "relay".into(), host: "127.0.0.1".into(), port };
        let link = connect(&relay, &Trust::Pin([0; 32]), Choice::Only(LinkKind::Tls), "test").await;
        assert!(matches!(link, Err(LinkError::Unreachable(_))));
    }
}
