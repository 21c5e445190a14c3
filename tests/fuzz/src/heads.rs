//! The one HTTP head of a TLS link: as the relay reads it, as an end reads the answer, and as an end
//! reads a proxy's answer; and what is posted for a lookup.

use crate::bounded;
use crate::script::{Script, run};
use futures_util::StreamExt;
use link::{LinkError, RelayAddress, tunnel, websocket};
use proto::limits::BATCH_BYTES;
use tokio::io::AsyncReadExt;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Stands in an answer for the accept key, which nobody can guess.
const ACCEPT: &[u8] = b"{accept}";

fn relay_address() -> RelayAddress {
    RelayAddress { name: "relay".into(), host: "relay.example".into(), port: 443 }
}

/// Reads what follows the handshake: nothing is longer than the limit, and it ends.
async fn rest(mut socket: WebSocketStream<Script>) {
    while let Some(Ok(message)) = socket.next().await {
        assert!(message.len() <= BATCH_BYTES + 64);
    }
}

/// The first byte says how long the pieces are; the rest is what a peer sends to the relay.
pub fn head_relay(data: &[u8]) {
    let Some((piece, bytes)) = data.split_first() else { return };
    run(async {
        let Some(socket) = relay::upgrade(Script::new(bytes, usize::from(*piece) * 16 + 1)).await else { return };
        let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
        assert!(text.contains("/link/1") && text.contains("sec-websocket-key") && text.contains("ponte.1"));
        let heard = &socket.get_ref().heard;
        assert!(heard.windows(12).any(|window| window == b"HTTP/1.1 101"), "a link without a word of it");
        rest(socket).await;
    });
}

/// What the portal's page, or anybody, posts.
pub fn lookup(data: &[u8]) {
    let Some((locator, work)) = bounded(64 * 1024, || relay::read_lookup(data)) else { return };
    let work = work.map_or("null".to_owned(), |work| {
        let seed: String = work.seed.iter().map(|byte| format!("{byte:02x}")).collect();
        format!(r#"{{"seed":"{seed}","nonce":{}}}"#, work.nonce)
    });
    let written = format!(r#"{{"locator":"{locator}","work":{work}}}"#);
    assert_eq!(relay::read_lookup(written.as_bytes()), relay::read_lookup(data), "{written}");
}

/// The first byte says how long the pieces are; the rest is what a relay answers.
pub fn head_client(data: &[u8]) {
    let Some((piece, bytes)) = data.split_first() else { return };
    run(async {
        let script = Script::answering(bytes, usize::from(*piece) * 16 + 1, with_accept_key);
        match websocket::open(&relay_address(), script).await {
            Ok(socket) => {
                assert!(bytes.starts_with(b"HTTP/1.1 101"), "not the answer of a relay");
                rest(socket).await;
            }
            Err(error) => assert!(matches!(error, LinkError::NotPonte | LinkError::Unreachable(_)), "{error}"),
        }
    });
}

/// Puts the right accept key where the placeholder stands.
fn with_accept_key(request: &[u8], says: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(request);
    let key = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim().to_owned())
    });
    let Some(key) = key else { panic!("the request has no key: {text}") };
    let Some(at) = says.windows(ACCEPT.len()).position(|window| window == ACCEPT) else { return says.to_vec() };
    [&says[..at], derive_accept_key(key.as_bytes()).as_bytes(), &says[at + ACCEPT.len()..]].concat()
}

/// The first byte says how long the pieces are; the rest is what a proxy answers.
pub fn head_proxy(data: &[u8]) {
    let Some((piece, bytes)) = data.split_first() else { return };
    run(async {
        let script = Script::answering(bytes, usize::from(*piece) * 16 + 1, |request, says| {
            assert!(request.starts_with(b"CONNECT relay.example:443 HTTP/1.1\r\n"));
            says.to_vec()
        });
        match tunnel(script, &relay_address(), None).await {
            Ok(mut stream) => {
                let mut after = Vec::new();
                stream.read_to_end(&mut after).await.unwrap();
                // What the proxy passes on is what came after its head, unchanged.
                assert!(bytes.ends_with(&after) && after.len() < bytes.len());
            }
            Err(LinkError::Proxy(status)) => assert!((100..1000).contains(&status) && status != 407),
            Err(LinkError::ProxyAuthentication | LinkError::Unreachable(_)) => {}
            Err(error) => panic!("{error}"),
        }
    });
}
