//! The TLS dress of a link: a WebSocket, which middleboxes let pass where private upgrades break.

use crate::LinkError;
use crate::connect::RelayAddress;
use crate::proxy::{self, ByteStream, Proxies};
use crate::tls::{self, Trust};
use proto::limits::BATCH_BYTES;
use rustls::pki_types::ServerName;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// The path of a link.
pub const PATH: &str = "/link/1";
/// The subprotocol of a link.
pub const SUBPROTOCOL: &str = "ponte.1";
/// The protocol's name inside TLS.
pub const ALPN: &[u8] = b"http/1.1";

/// Size limits of both ends: a whole batch and its head, nothing longer.
#[must_use]
pub fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(BATCH_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(8 * BATCH_BYTES)
        .max_message_size(Some(BATCH_BYTES + 64))
        .max_frame_size(Some(BATCH_BYTES + 64))
}

/// Sets a TCP stream up for short delays and lossy lines. Options that the system lacks are left out.
pub fn tune(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    crate::tune_sending(stream);
}

pub(crate) async fn dial(
    relay: &RelayAddress,
    trust: &Trust,
    proxies: &Proxies,
) -> Result<WebSocketStream<TlsStream<Box<dyn ByteStream>>>, LinkError> {
    let (config, distrust) = tls::client_config(trust, ALPN)?;
    let name = ServerName::try_from(relay.host.clone()).map_err(|error| LinkError::Local(error.to_string()))?;
    let stream = proxy::stream(relay, proxies).await?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| {
        if distrust.happened() {
            LinkError::Untrusted
        } else if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) {
            LinkError::NotPonte
        } else {
            error.into()
        }
    })?;
    open(relay, stream).await
}

/// Asks for a link on a stream that reaches the relay, TLS and all, and checks the answer
/// (RFC 6455, 4.1).
///
/// # Errors
/// [`LinkError::NotPonte`] if the answer is no relay's, [`LinkError::Unreachable`] if none came.
pub async fn open<S>(relay: &RelayAddress, stream: S) -> Result<WebSocketStream<S>, LinkError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = format!("wss://{}{PATH}", proxy::authority(relay)).into_client_request().map_err(failed)?;
    request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    let (socket, _response) = client_async_with_config(request, stream, Some(limits())).await.map_err(failed)?;
    Ok(socket)
}

fn failed(error: tungstenite::Error) -> LinkError {
    match error {
        tungstenite::Error::Io(error) => LinkError::Unreachable(error),
        tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed => {
            LinkError::Unreachable(io::ErrorKind::UnexpectedEof.into())
        }
        _ => LinkError::NotPonte,
    }
}
