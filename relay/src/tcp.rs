//! Takes TLS links: TLS, one HTTP head, a WebSocket; what is no link goes to the portal.

use crate::hub::Hub;
use crate::places::{Place, Places};
use crate::portal::{Body, Longer, Portal, Prolong};
use crate::stall::{Stalling, WRITE_STALL};
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use link::{LinkKind, pump, websocket};
use relay_core::limits::HANDSHAKE;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// Longest HTTP head, in bytes; also the least that hyper allows.
const HEAD_BYTES: usize = 8 * 1024;
/// How long and for how much a connection whose answer was sent is listened to: a stream that is closed with
/// something unread takes the answer with it.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 64 * 1024;

pub(crate) async fn accept(listener: TcpListener, tls: TlsAcceptor, places: Places, hub: Hub, portal: Portal) {
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
                let (tls, hub, portal) = (tls.clone(), hub.clone(), portal.clone());
                links.spawn(async move {
                    websocket::tune(&stream);
                    let until = Instant::now() + HANDSHAKE;
                    let Ok(Ok(stream)) = timeout_at(until, tls.accept(stream)).await else { return };
                    let visit = Visit { until, place: Some(place), portal: Some((&portal, peer.ip())) };
                    // On the heap, so that a link does not carry it along.
                    if let Some((socket, Some(place))) = Box::pin(visit.talk(stream)).await {
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

/// From the first byte inside TLS to a WebSocket; `None` if the peer wanted something else, which
/// is answered then.
pub async fn upgrade<S>(stream: S) -> Option<WebSocketStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let visit = Visit { until: Instant::now() + HANDSHAKE, place: None, portal: None };
    visit.talk(stream).await.map(|(socket, _)| socket)
}

/// One HTTP request, and what it may cost.
struct Visit<'a> {
    /// When it must be over, unless something is being sent.
    until: Instant,
    /// Taken while it lasts.
    place: Option<Place>,
    /// Who answers what is no link, and to whom.
    portal: Option<(&'a Portal, IpAddr)>,
}

impl Visit<'_> {
    /// Gives a WebSocket and the place, if that was asked for.
    async fn talk<S>(self, stream: S) -> Option<(WebSocketStream<S>, Option<Place>)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Self { until, mut place, portal } = self;
        let upgraded = AtomicBool::new(false);
        let (prolong, prolonged) = oneshot::channel();
        let prolong = Mutex::new(Some(prolong));
        let prolong = |longer: Longer| {
            if let Some(prolong) = prolong.lock().unwrap_or_else(PoisonError::into_inner).take() {
                let _ = prolong.send(longer);
            }
        };
        let service = service_fn(|request| answer(request, &upgraded, portal, &prolong));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HANDSHAKE)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(Stalling::new(stream, WRITE_STALL)), service);
        // `without_shutdown` gives the stream back whole, whatever became of the request.
        let mut connection = pin!(connection.without_shutdown());
        let parts = tokio::select! {
            // What is ready goes before the end of its time.
            biased;
            parts = &mut connection => parts,
            Ok(longer) = prolonged => {
                // The place of a handshake is free again while something else is taken.
                place = longer.place.or(place);
                timeout(longer.time, connection).await.ok()?
            }
            () = sleep_until(until) => return None,
        };
        let parts = parts.ok()?;
        let (stream, read) = (parts.io.into_inner().into_inner(), parts.read_buf.to_vec());
        if !upgraded.load(Ordering::Relaxed) {
            let _ = timeout(LINGER, part(stream)).await;
            return None;
        }
        let limits = Some(websocket::limits());
        Some((WebSocketStream::from_partially_read(stream, read, Role::Server, limits).await, place))
    }
}

/// Ends a stream whose answer was sent, and waits until the other side has it.
async fn part<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    if stream.shutdown().await.is_ok() {
        let _ = tokio::io::copy(&mut stream.take(LINGER_BYTES), &mut tokio::io::sink()).await;
    }
}

async fn answer(
    request: Request<Incoming>,
    upgraded: &AtomicBool,
    portal: Option<(&Portal, IpAddr)>,
    prolong: &Prolong<'_>,
) -> Result<Response<Body>, Infallible> {
    let status = match (request.method(), request.uri().path()) {
        (&Method::GET, "/healthz") => return Ok(plain(StatusCode::OK, "ok")),
        (&Method::GET, websocket::PATH) => judge(&request),
        _ => match portal {
            Some((portal, from)) => return Ok(portal.answer(request, from, prolong).await),
            None => Err(StatusCode::NOT_FOUND),
        },
    };
    let key = match status {
        Ok(key) => key,
        Err(status) => return Ok(plain(status, status.canonical_reason().unwrap_or_default())),
    };
    let mut response = plain(StatusCode::SWITCHING_PROTOCOLS, "");
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(websocket::SUBPROTOCOL));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, key);
    upgraded.store(true, Ordering::Relaxed);
    Ok(response)
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::of(text));
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
