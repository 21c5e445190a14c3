//! The TCP stream to the relay, directly or through an HTTP CONNECT proxy (RFC 9110, 9.3.6).

use crate::LinkError;
use crate::connect::RelayAddress;
use crate::tls::{self, Trust};
use crate::websocket::{self, ALPN};
use bytes::Bytes;
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, PROXY_AUTHORIZATION};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Longest head of a proxy's answer, in bytes; hyper takes no less.
const HEAD_BYTES: usize = 8192;

/// Where HTTP proxies for the TLS link come from. QUIC never goes through one.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Proxies {
    /// `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, or else what the system has set. A relay on this
    /// machine itself is always reached directly: on the proxy's machine its address means another.
    #[default]
    System,
    /// None: TCP goes directly.
    None,
    /// This one for every relay: `http://user:password@proxy.example:3128`, or `https://` for a
    /// proxy that is spoken to over TLS, under the platform's trust.
    Fixed(String),
}

impl fmt::Debug for Proxies {
    /// Nothing of a fixed address, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::None => "None",
            Self::Fixed(_) => "Fixed",
        })
    }
}

impl Proxies {
    /// The proxy for this relay, if there is one.
    fn choose(&self, relay: &RelayAddress) -> Result<Option<Intercept>, LinkError> {
        let matcher = match self {
            Self::None => return Ok(None),
            Self::System if is_this_machine(&relay.host) => return Ok(None),
            Self::System => Matcher::from_system(),
            Self::Fixed(uri) => Matcher::builder().all(uri).build(),
        };
        let to: Uri = format!("https://{}/", authority(relay)).parse().map_err(|error| local(&error))?;
        let chosen = matcher.intercept(&to);
        match (self, &chosen) {
            (Self::Fixed(_), None) => Err(LinkError::Local("the address of the proxy is not one".to_owned())),
            // Of another kind (SOCKS): not spoken, so the relay is tried as if there were none.
            (_, Some(proxy)) if !matches!(proxy.uri().scheme_str(), Some("http" | "https")) => {
                tracing::warn!(scheme = proxy.uri().scheme_str(), "only HTTP proxies are used; going directly");
                Ok(None)
            }
            _ => Ok(chosen),
        }
    }
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Host and port as they stand in a URI: an IPv6 address in brackets.
pub(crate) fn authority(relay: &RelayAddress) -> String {
    if relay.host.contains(':') {
        format!("[{}]:{}", relay.host, relay.port)
    } else {
        format!("{}:{}", relay.host, relay.port)
    }
}

fn local(error: &dyn fmt::Display) -> LinkError {
    LinkError::Local(error.to_string())
}

/// Whatever TLS can be spoken on.
pub trait ByteStream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> ByteStream for T {}

/// The stream on which TLS is spoken to the relay.
pub(crate) async fn stream(relay: &RelayAddress, proxies: &Proxies) -> Result<Box<dyn ByteStream>, LinkError> {
    let Some(proxy) = proxies.choose(relay)? else {
        return Ok(Box::new(tcp(&relay.host, relay.port).await?));
    };
    let tls = proxy.uri().scheme_str() == Some("https");
    let host = proxy.uri().host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = proxy.uri().port_u16().unwrap_or(if tls { 443 } else { 80 });
    let stream = tcp(&host, port).await?;
    tracing::debug!(host, port, "through a proxy");
    if !tls {
        return tunnel(stream, relay, proxy.basic_auth()).await;
    }
    let (config, distrust) = tls::client_config(&Trust::Platform, ALPN)?;
    let name = ServerName::try_from(host).map_err(|error| local(&error))?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|error| if distrust.happened() { LinkError::Untrusted } else { error.into() })?;
    tunnel(stream, relay, proxy.basic_auth()).await
}

async fn tcp(host: &str, port: u16) -> Result<TcpStream, LinkError> {
    let stream = TcpStream::connect((host, port)).await?;
    websocket::tune(&stream);
    Ok(stream)
}

/// Asks the proxy at the other end of `stream` for the relay, and gives the stream back when the
/// proxy is out of the way. `password` is the whole value of the header.
///
/// # Errors
/// [`LinkError::ProxyAuthentication`] or [`LinkError::Proxy`] as the proxy answers,
/// [`LinkError::Unreachable`] if it answers what is no HTTP or nothing.
pub async fn tunnel(
    stream: impl ByteStream + 'static,
    relay: &RelayAddress,
    password: Option<&HeaderValue>,
) -> Result<Box<dyn ByteStream>, LinkError> {
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(HEAD_BYTES).handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let authority = authority(relay);
    let mut request = Request::builder().method(Method::CONNECT).uri(&authority).header(HOST, &authority);
    if let Some(password) = password {
        request = request.header(PROXY_AUTHORIZATION, password);
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| local(&error))?;
    let asking = async {
        let answer = sender.send_request(request).await.map_err(broken)?;
        match answer.status() {
            status if status.is_success() => {
                let stream: Box<dyn ByteStream> =
                    Box::new(TokioIo::new(hyper::upgrade::on(answer).await.map_err(broken)?));
                Ok(stream)
            }
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => Err(LinkError::ProxyAuthentication),
            status => Err(LinkError::Proxy(status.as_u16())),
        }
    };
    let asking = std::pin::pin!(asking);
    let mut asking = futures_util::FutureExt::fuse(asking);
    tokio::select! {
        biased;
        answer = &mut asking => answer,
        // The connection ends by handing the stream on, or with the reason that `asking` tells.
        _ = connection.with_upgrades() => asking.await,
    }
}

fn broken(error: hyper::Error) -> LinkError {
    LinkError::Unreachable(io::Error::new(io::ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn relay(host: &str) -> RelayAddress {
        RelayAddress { name: "relay".into(), host: host.into(), port: 443 }
    }

    /// What a proxy that gives this answer was asked, and what came of it.
    async fn ask(user: &str, answer: &'static [u8]) -> (String, Result<Box<dyn ByteStream>, LinkError>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxies = Proxies::Fixed(format!("http://{user}{}", listener.local_addr().unwrap()));
        let serving = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            // The client may go in the middle of a head that is too long.
            let _ = stream.write_all(answer).await;
            (String::from_utf8(head).unwrap(), stream)
        };
        let relay = relay("2001:db8::1");
        let ((head, _held), stream) = tokio::join!(serving, stream(&relay, &proxies));
        (head, stream)
    }

    #[tokio::test]
    async fn the_proxy_is_asked_for_the_relay_and_then_out_of_the_way() {
        let (head, stream) = ask("", b"HTTP/1.1 200 Connection established\r\n\r\nhello").await;
        assert!(head.starts_with("CONNECT [2001:db8::1]:443 HTTP/1.1\r\n"), "{head}");
        assert!(!head.to_lowercase().contains("authorization"), "{head}");
        let mut first = [0; 5];
        stream.unwrap().read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"hello");
    }

    #[tokio::test]
    async fn name_and_password_go_to_the_proxy() {
        let (head, _) = ask("anna:p%40ss@", b"HTTP/1.1 200 OK\r\n\r\n").await;
        // "anna:p@ss"
        assert!(head.to_lowercase().contains("proxy-authorization: basic yw5uytpwqhnz\r\n"), "{head}");
    }

    #[tokio::test]
    async fn what_the_proxy_answers_is_told() {
        let refused = ask("", b"HTTP/1.1 407 No\r\ncontent-length: 2\r\n\r\nno").await.1;
        assert!(matches!(refused, Err(LinkError::ProxyAuthentication)));
        let refused = ask("", b"HTTP/1.1 403 No\r\ncontent-length: 100\r\n\r\n").await.1;
        assert!(matches!(refused, Err(LinkError::Proxy(403))));
        let garbage = ask("", b"SSH-2.0-OpenSSH\r\n\r\n").await.1;
        assert!(matches!(garbage, Err(LinkError::Unreachable(_))));
    }

    #[tokio::test]
    async fn an_endless_head_is_cut_off() {
        static ENDLESS: [u8; 100_000] = [b'x'; 100_000];
        let mut endless = b"HTTP/1.1 200 OK\r\nx: ".to_vec();
        endless.extend_from_slice(&ENDLESS);
        let endless = ask("", endless.leak()).await.1;
        assert!(matches!(endless, Err(LinkError::Unreachable(_))));
    }

    #[test]
    fn a_relay_on_this_machine_needs_no_proxy_and_other_kinds_are_not_used() {
        for host in ["localhost", "127.0.0.1", "::1"] {
            assert!(Proxies::System.choose(&relay(host)).unwrap().is_none());
        }
        let far = relay("relay.example");
        assert!(Proxies::None.choose(&far).unwrap().is_none());
        assert!(Proxies::Fixed("http://proxy.example:3128".into()).choose(&far).unwrap().is_some());
        assert!(Proxies::Fixed("socks5://proxy.example".into()).choose(&far).unwrap().is_none());
        assert!(matches!(Proxies::Fixed("what?".into()).choose(&far), Err(LinkError::Local(_))));
        let secret = Proxies::Fixed("http://anna:secret@proxy.example".into());
        assert_eq!(format!("{secret:?}"), "Fixed");
    }
}
