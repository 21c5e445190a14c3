//! A browser of few words: one request on one TLS connection, and what came back.

use crate::ends::{Ends, World};
use crate::hostile::tls_stream_to;
use link::{Link, LinkKind};
use proto::Locator;
use proto::relay::{EndToRelay, RelayToEnd};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// An answer, with the names of its headers in lower case.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// Whether the relay ended the stream in order, so that nothing can be missing.
    pub(crate) ended: bool,
}

impl Answer {
    fn read(bytes: &[u8], ended: bool) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(": "));
        Self {
            status: status.unwrap_or(0),
            headers: headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect(),
            body: bytes.get(end + 4..).unwrap_or_default().to_vec(),
            ended,
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Sends these bytes and reads to the end, which the relay must make by itself.
pub(crate) async fn raw(world: &World, request: &[u8]) -> Answer {
    raw_to(world.relay.local_addr(), request).await
}

/// The same to a relay that runs elsewhere.
pub(crate) async fn raw_to(relay: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = tls_stream_to(relay).await;
    // What is refused half-way is not taken to its end.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let ended = stream.read_to_end(&mut answer).await.is_ok();
    Answer::read(&answer, ended)
}

pub(crate) async fn get(world: &World, path: &str) -> Answer {
    raw(world, format!("GET {path} HTTP/1.1\r\nHost: relay.example\r\n\r\n").as_bytes()).await
}

/// Asks for a lookup with these headers besides.
pub(crate) async fn post(world: &World, headers: &str, body: &str) -> Answer {
    let length = body.len();
    let head = "POST /lookup HTTP/1.1\r\nHost: relay.example\r\nContent-Type: application/json\r\n";
    raw(world, format!("{head}{headers}Content-Length: {length}\r\n\r\n{body}").as_bytes()).await
}

pub(crate) async fn look_up(world: &World, locator: Locator) -> Answer {
    post(world, "", &format!(r#"{{"locator":"{locator}"}}"#)).await
}

/// A console that offers.
pub(crate) async fn offer(ends: &Ends) -> (Link, Locator) {
    let mut console = ends.link(LinkKind::Tls).await.unwrap();
    assert_eq!(ends.prove(&mut console).await, RelayToEnd::Proved);
    console.control.send(&EndToRelay::Offer).await.unwrap();
    let RelayToEnd::Offered { locator, .. } = console.control.recv().await.unwrap() else { panic!("no offer") };
    (console, locator)
}
