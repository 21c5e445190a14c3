//! Takes TLS links: TLS, one HTTP head, a WebSocket.

use crate::hub::Hub;
use crate::places::{Place, Places};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use link::{LinkKind, pump, websocket};
use relay_core::limits::HANDSHAKE;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// Longest HTTP head, in bytes; also the least that hyper allows.
const HEAD_BYTES: usize = 8 * 1024;

pub(crate) async fn accept(listener: TcpListener, tls: TlsAcceptor, places: Places, hub: Hub) {
    let mut links = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = links.join_next(), if !links.is_empty() => continue,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Without a place the stream is closed: its sender has more open than he needs.
                let Some(place) = places.take(peer.ip()) else { continue };
                let (tls, hub) = (tls.clone(), hub.clone());
                links.spawn(async move {
                    if let Ok(Some(socket)) = timeout(HANDSHAKE, handshake(stream, &tls)).await {
                        serve(socket, (peer, place), &hub).await;
                    }
                });
            }
            Err(error) => {
                // Out of file descriptors, most likely: links that end will free some.
                tracing::warn!(%error, "cannot take a connection");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

type Socket = WebSocketStream<TlsStream<TcpStream>>;

async fn serve(socket: Socket, from: (SocketAddr, Place), hub: &Hub) {
    let forward = hub.forward();
    let pumped = pump::websocket(socket, forward.clone());
    hub.serve(pumped, forward, from, LinkKind::Tls).await;
}

/// From a TCP connection to a WebSocket; `None` if the peer wanted something else.
async fn handshake(stream: TcpStream, tls: &TlsAcceptor) -> Option<Socket> {
    websocket::tune(&stream);
    upgrade(tls.accept(stream).await.ok()?).await
}

/// From the first byte inside TLS to a WebSocket; `None` if the peer wanted something else, which
/// is answered then.
pub async fn upgrade<S>(stream: S) -> Option<WebSocketStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let upgraded = AtomicBool::new(false);
    let service = service_fn(|request| std::future::ready(Ok::<_, Infallible>(answer(&request, &upgraded))));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HANDSHAKE)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    // `without_shutdown` gives the stream back whole, whatever became of the request.
    let parts = connection.without_shutdown().await.ok()?;
    if !upgraded.load(Ordering::Relaxed) {
        return None;
    }
    let (stream, read) = (parts.io.into_inner(), parts.read_buf.to_vec());
    Some(WebSocketStream::from_partially_read(stream, read, Role::Server, Some(websocket::limits())).await)
}

fn answer(request: &Request<Incoming>, upgraded: &AtomicBool) -> Response<Full<Bytes>> {
    let status = match (request.method(), request.uri().path()) {
        (&Method::GET, "/healthz") => return plain(StatusCode::OK, "ok"),
        (&Method::GET, websocket::PATH) => judge(request),
        _ => Err(StatusCode::NOT_FOUND),
    };
    let key = match status {
        Ok(key) => key,
        Err(status) => return plain(status, status.canonical_reason().unwrap_or_default()),
    };
    let mut response = plain(StatusCode::SWITCHING_PROTOCOLS, "");
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(websocket::SUBPROTOCOL));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, key);
    upgraded.store(true, Ordering::Relaxed);
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The accept key for a proper WebSocket request of ours (RFC 6455, 4.2.1). A request with an
/// `Origin` comes from a page in a browser, and no page has business here.
fn judge<B>(request: &Request<B>) -> Result<HeaderValue, StatusCode> {
    let headers = request.headers();
    if headers.contains_key(header::ORIGIN) {
        return Err(StatusCode::FORBIDDEN);
    }
    if request.version() != Version::HTTP_11
        || !has_token(headers, header::CONNECTION, "upgrade")
        || !has_token(headers, header::UPGRADE, "websocket")
        || !has_token(headers, header::SEC_WEBSOCKET_VERSION, "13")
        || !has_token(headers, header::SEC_WEBSOCKET_PROTOCOL, websocket::SUBPROTOCOL)
    {
        return Err(StatusCode::UPGRADE_REQUIRED);
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(StatusCode::BAD_REQUEST)?;
    HeaderValue::try_from(derive_accept_key(key.as_bytes())).map_err(|_| StatusCode::BAD_REQUEST)
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(change: impl FnOnce(&mut HeaderMap)) -> Result<HeaderValue, StatusCode> {
        let mut request = Request::get("/link/1").body(()).unwrap();
        let headers = request.headers_mut();
        for (name, value) in [
            (header::CONNECTION, "keep-alive, Upgrade"),
            (header::UPGRADE, "websocket"),
            (header::SEC_WEBSOCKET_VERSION, "13"),
            (header::SEC_WEBSOCKET_PROTOCOL, "other, ponte.1"),
            (header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        change(headers);
        judge(&request)
    }

    #[test]
    fn only_a_proper_request_without_an_origin_becomes_a_link() {
        // The example of RFC 6455, 1.3.
        assert_eq!(request(|_| {}).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        let origin = |headers: &mut HeaderMap| drop(headers.insert(header::ORIGIN, HeaderValue::from_static("null")));
        assert_eq!(request(origin), Err(StatusCode::FORBIDDEN));
        for missing in
            [header::CONNECTION, header::UPGRADE, header::SEC_WEBSOCKET_VERSION, header::SEC_WEBSOCKET_PROTOCOL]
        {
            assert_eq!(request(|headers| drop(headers.remove(missing))), Err(StatusCode::UPGRADE_REQUIRED));
        }
        let key = |headers: &mut HeaderMap| drop(headers.remove(header::SEC_WEBSOCKET_KEY));
        assert_eq!(request(key), Err(StatusCode::BAD_REQUEST));
    }
}
