//! Fetches an organisation's file from its own web site: the only way in which a domain vouches for it.
//!
//! One GET over HTTPS, through the same proxies as a link; no redirect is followed, nothing else is asked,
//! and nothing says who asks.

use crate::LinkError;
use crate::connect::RelayAddress;
use crate::proxy::{self, Proxies};
use crate::tls::{self, Trust};
use crate::websocket::ALPN;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Where an organisation's file lies on its web site (RFC 8615).
pub const WELL_KNOWN: &str = "/.well-known/ponte/organisation";
/// The whole answer must be there by then.
const WITHIN: Duration = Duration::from_secs(10);
/// Longest head of an answer, in bytes.
const HEAD_BYTES: usize = 16 * 1024;

/// A web site: its name, and how it is reached and judged. Everybody uses [`Site::of`]; tests and trials name
/// an address of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The domain; what the certificate must be for.
    pub domain: String,
    /// What is reached in its place; the domain itself if none.
    pub instead: Option<(String, u16)>,
    /// How its certificate is judged.
    pub trust: Trust,
}

impl Site {
    /// The web site of this domain, under the platform's trust.
    #[must_use]
    pub fn of(domain: &str) -> Self {
        Self { domain: domain.to_owned(), instead: None, trust: Trust::Platform }
    }
}

/// The file was not there.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The site cannot be reached or is not trusted.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The site answers, but not with such a file; the HTTP status.
    #[error("the site answered with status {0}")]
    Status(u16),
    /// The file is longer than any can be, or was cut short.
    #[error("the site's answer is no such file")]
    NotAFile,
}

/// Fetches the organisation file of this site, at most `most_bytes`.
///
/// # Errors
/// [`FetchError`].
pub async fn organisation_file(site: &Site, proxies: &Proxies, most_bytes: usize) -> Result<Vec<u8>, FetchError> {
    timeout(WITHIN, fetch(site, proxies, most_bytes)).await.map_err(|_| LinkError::TimedOut)?
}

async fn fetch(site: &Site, proxies: &Proxies, most_bytes: usize) -> Result<Vec<u8>, FetchError> {
    let (host, port) = site.instead.clone().unwrap_or_else(|| (site.domain.clone(), 443));
    let address = RelayAddress { name: String::new(), host, port };
    let (config, distrust) = tls::client_config(&site.trust, ALPN)?;
    let name = ServerName::try_from(site.domain.clone()).map_err(|error| LinkError::Local(error.to_string()))?;
    let stream = proxy::stream(&address, proxies).await?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|error| if distrust.happened() { LinkError::Untrusted } else { error.into() })?;
    let handshake = http1::Builder::new().max_buf_size(HEAD_BYTES).handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(broken)?;
    let request = Request::builder()
        .method(Method::GET)
        .uri(WELL_KNOWN)
        .header(HOST, &site.domain)
        .header(ACCEPT, "*/*")
        .body(Empty::<Bytes>::new())
        .map_err(|error| LinkError::Local(error.to_string()))?;
    let asking = async {
        let answer = sender.send_request(request).await.map_err(broken)?;
        if answer.status() != StatusCode::OK {
            return Err(FetchError::Status(answer.status().as_u16()));
        }
        let body = Limited::new(answer.into_body(), most_bytes).collect().await.map_err(|_| FetchError::NotAFile)?;
        Ok(body.to_bytes().to_vec())
    };
    let asking = std::pin::pin!(asking);
    let mut asking = futures_util::FutureExt::fuse(asking);
    tokio::select! {
        biased;
        answer = &mut asking => answer,
        // Drives the exchange; when the site closes, what has arrived is still to be taken.
        _ = connection => asking.await,
    }
}

fn broken(error: hyper::Error) -> LinkError {
    LinkError::Unreachable(std::io::Error::new(std::io::ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    const MOST: usize = 1000;

    /// What comes of fetching from a site that gives this answer; and what it was asked.
    async fn ask(answer: Vec<u8>, trust_it: bool) -> (String, Result<Vec<u8>, FetchError>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut rng = rand::rngs::OsRng;
        let ca = identity::create_root(identity::Seed::random(&mut rng), "Test", &[1], testkit::NOW_S).unwrap();
        let seed = identity::Seed::random(&mut rng);
        let names = ["lucca.example".to_owned()];
        let certificate = identity::server_certificate(&ca, &seed, &names, testkit::NOW_S).unwrap();
        let pin = identity::spki_sha256(&certificate).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(seed.pkcs8_der().to_vec()));
        let config = tls::server_config(vec![CertificateDer::from(certificate)], key, ALPN).unwrap();
        let serving = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else {
                return String::new();
            };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
            String::from_utf8(head).unwrap()
        });
        let trust = Trust::Pin(if trust_it { pin } else { [0; 32] });
        let instead = Some(("127.0.0.1".to_owned(), port));
        let site = Site { domain: "lucca.example".to_owned(), instead, trust };
        let fetched = organisation_file(&site, &Proxies::None, MOST).await;
        (serving.await.unwrap(), fetched)
    }

    #[tokio::test]
    async fn the_file_is_asked_for_by_the_domains_name() {
        let (asked, fetched) = ask(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfile".to_vec(), true).await;
        assert_eq!(fetched.unwrap(), b"file");
        assert!(asked.starts_with(&format!("GET {WELL_KNOWN} HTTP/1.1\r\n")), "{asked}");
        assert!(asked.to_lowercase().contains("host: lucca.example\r\n"), "{asked}");
    }

    #[tokio::test]
    async fn whatever_else_a_site_answers_is_not_taken() {
        let long = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &[b'x'; MOST + 1]].concat();
        let moved = b"HTTP/1.1 302 Found\r\nLocation: https://other.example/\r\nContent-Length: 0\r\n\r\n".to_vec();
        let (_, fetched) = ask(moved, true).await;
        assert!(matches!(fetched, Err(FetchError::Status(302))), "{fetched:?}");
        for (what, answer) in
            [("too long", long), ("cut short", b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\nfi".to_vec())]
        {
            let (_, fetched) = ask(answer, true).await;
            assert!(matches!(fetched, Err(FetchError::NotAFile)), "{what}: {fetched:?}");
        }
        let (_, fetched) = ask(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfile".to_vec(), false).await;
        assert!(matches!(fetched, Err(FetchError::Link(LinkError::Untrusted))), "{fetched:?}");
    }
}
