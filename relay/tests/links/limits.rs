//! The limits of links that the sockets show: time to the first message, lengths, slow readers.

use crate::ends::{ARRIVAL, World, both_ways};
use crate::hostile::{any_tls, tls_stream};
use bytes::Bytes;
use link::{LinkKind, quic};
use proto::limits::{CONTROL_MESSAGE_BYTES, PACKET_BYTES};
use proto::relay::{EndToRelay, Refusal, RelayToEnd, Ticket};
use proto::{Deframer, PROTOCOL_VERSION, Text, frame_into};
use quinn::crypto::rustls::QuicClientConfig;
use relay_core::limits::HANDSHAKE;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;

const CONTROL: u8 = 0;
const BATCH: u8 = 1;

/// A client's binary frame (RFC 6455, 5.2) with a mask of zeros.
fn frame(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap();
    [&[0x82, 0x80 | 126][..], &length.to_be_bytes(), &[0; 4], message].concat()
}

/// A stream on which WebSocket messages are due.
async fn upgraded(world: &World) -> TlsStream<TcpStream> {
    let mut stream = tls_stream(world).await;
    let head = "GET /link/1 HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ponte.1\r\n\
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    stream
}

/// The next message of the relay that is neither a ping nor a pong; `None` at the end.
async fn message(stream: &mut TlsStream<TcpStream>) -> Option<Vec<u8>> {
    loop {
        let [opcode, short] = [stream.read_u8().await.ok()?, stream.read_u8().await.ok()?];
        let length = if short == 126 { stream.read_u16().await.ok()? } else { u16::from(short) };
        let mut message = vec![0; usize::from(length)];
        stream.read_exact(&mut message).await.ok()?;
        match opcode {
            0x82 => return Some(message),
            0x88 => return None,
            _ => {}
        }
    }
}

/// The next control message of the relay.
async fn control(stream: &mut TlsStream<TcpStream>, first: bool) -> RelayToEnd {
    let message = message(stream).await.unwrap();
    let mut deframer = Deframer::new();
    deframer.push(&message[if first { 2 } else { 1 }..]);
    deframer.next_message().unwrap().unwrap()
}

fn said(first: bool, message: &EndToRelay) -> Vec<u8> {
    let mut bytes = vec![CONTROL];
    bytes.extend(first.then_some(PROTOCOL_VERSION));
    frame_into(message, &mut bytes).unwrap();
    frame(&bytes)
}

/// An end that attaches by this ticket and from then on does what the test does.
async fn attached(world: &World, ticket: Ticket) -> TlsStream<TcpStream> {
    let mut stream = upgraded(world).await;
    stream.write_all(&said(true, &EndToRelay::Hello { build: Text::truncated("raw") })).await.unwrap();
    assert!(matches!(control(&mut stream, true).await, RelayToEnd::Welcome { .. }));
    stream.write_all(&said(false, &EndToRelay::Attach { ticket })).await.unwrap();
    assert!(matches!(control(&mut stream, false).await, RelayToEnd::Attached { .. }));
    stream
}

/// A moment before a connection begins, and later, when it is silent.
struct Silence {
    connecting: Instant,
    silent: Option<Instant>,
}

impl Silence {
    fn connecting() -> Self {
        Self { connecting: Instant::now(), silent: None }
    }

    /// From now on the clock of the test runs on by itself while nothing else happens; it must not do so while a
    /// handshake is under way.
    fn begins(&mut self) {
        tokio::time::pause();
        self.silent = Some(Instant::now());
    }

    /// Whether the relay waited for ten seconds: it began to after the connection did, and how long a busy machine
    /// takes from there to the silence nobody knows.
    fn took_ten_seconds(self, what: &str) {
        let (from_the_first, from_silence) = (self.connecting.elapsed(), self.silent.map(|silent| silent.elapsed()));
        assert!(from_the_first >= HANDSHAKE, "{what}: {from_the_first:?}");
        assert!(from_silence.is_some_and(|took| took < HANDSHAKE + Duration::from_secs(5)), "{what}: {from_silence:?}");
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_tls_link_has_ten_seconds_to_its_first_message() {
    let world = World::new().await;
    for (what, bytes) in [("nothing", &[][..]), ("half a record of TLS", &[0x16, 3, 1, 2, 0, 1, 0][..])] {
        let mut silence = Silence::connecting();
        let mut stream = TcpStream::connect(world.relay.local_addr()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        silence.begins();
        let _ = stream.read_to_end(&mut Vec::new()).await;
        silence.took_ten_seconds(what);
    }
    let mut silence = Silence::connecting();
    let mut stream = tls_stream(&world).await;
    stream.write_all(b"GET /link/1 HTTP/1.1\r\nHost: x\r\nSlow: ").await.unwrap();
    silence.begins();
    let _ = stream.read_to_end(&mut Vec::new()).await;
    silence.took_ten_seconds("half a head");
    for (what, bytes) in [("a WebSocket", vec![]), ("half a message", vec![CONTROL, PROTOCOL_VERSION, 0, 9, 1])] {
        let mut silence = Silence::connecting();
        let mut stream = upgraded(&world).await;
        if !bytes.is_empty() {
            stream.write_all(&frame(&bytes)).await.unwrap();
        }
        silence.begins();
        let refused = control(&mut stream, true).await;
        assert_eq!(refused, RelayToEnd::Refused { refusal: Refusal::TimedOut }, "{what}");
        assert_eq!(message(&mut stream).await, None, "{what}");
        silence.took_ten_seconds(what);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_shuts_down_stays_while_its_tls_links_may_still_read_why() {
    let world = World::new().await;
    let mut stream = upgraded(&world).await;
    stream.write_all(&said(true, &EndToRelay::Hello { build: Text::truncated("raw") })).await.unwrap();
    assert!(matches!(control(&mut stream, true).await, RelayToEnd::Welcome { .. }));
    let World { dir: _dir, relay } = world;
    let begun = Instant::now();
    relay.shutdown().await;
    assert!(begun.elapsed() >= Duration::from_millis(900), "a second for who has not answered: {:?}", begun.elapsed());
    assert_eq!(control(&mut stream, false).await, RelayToEnd::Refused { refusal: Refusal::Draining });
    assert_eq!(message(&mut stream).await, None);
}

/// A QUIC client that keeps its connections alive.
fn lively() -> (quinn::Endpoint, quinn::ClientConfig) {
    let crypto = QuicClientConfig::try_from(any_tls(quic::ALPN)).unwrap();
    let mut config = quinn::ClientConfig::new(Arc::new(crypto));
    let mut transport = quinn::TransportConfig::default();
    transport.keep_alive_interval(Some(Duration::from_secs(3)));
    config.transport_config(Arc::new(transport));
    (quinn::Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap(), config)
}

#[tokio::test]
async fn a_quic_link_that_does_not_want_to_hear_anything_is_closed() {
    let world = World::new().await;
    let (endpoint, config) = lively();
    let connecting = endpoint.connect_with(config, world.relay.local_addr(), "localhost");
    let connection = connecting.unwrap().await.unwrap();
    let (mut send, mut recv) = connection.open_bi().await.unwrap();
    recv.stop(0u8.into()).unwrap();
    let mut hello = vec![PROTOCOL_VERSION];
    frame_into(&EndToRelay::Hello { build: Text::truncated("raw") }, &mut hello).unwrap();
    send.write_all(&hello).await.unwrap();
    let closed = tokio::time::timeout(HANDSHAKE, connection.closed()).await;
    assert!(closed.is_ok(), "it is still there, and no count knows it");
}

#[tokio::test]
async fn a_quic_link_has_ten_seconds_to_its_first_message() {
    let world = World::new().await;
    let (endpoint, config) = lively();
    for (what, bytes) in [("no stream", &[][..]), ("half a message", &[PROTOCOL_VERSION, 0, 9, 1][..])] {
        let mut silence = Silence::connecting();
        let connecting = endpoint.connect_with(config.clone(), world.relay.local_addr(), "localhost");
        let connection = connecting.unwrap().await.unwrap();
        let mut stream = None;
        if !bytes.is_empty() {
            let (mut send, recv) = connection.open_bi().await.unwrap();
            send.write_all(bytes).await.unwrap();
            stream = Some((send, recv));
        }
        silence.begins();
        connection.closed().await;
        silence.took_ten_seconds(what);
        drop(stream);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_length_of_a_control_message_is_judged_before_its_body_comes() {
    let world = World::new().await;
    let head = |length: usize| {
        let length = u16::try_from(length).unwrap().to_be_bytes();
        frame(&[CONTROL, PROTOCOL_VERSION, length[0], length[1]])
    };
    let mut stream = upgraded(&world).await;
    stream.write_all(&head(CONTROL_MESSAGE_BYTES + 1)).await.unwrap();
    assert_eq!(message(&mut stream).await, None, "one byte too long");

    let mut stream = upgraded(&world).await;
    stream.write_all(&head(CONTROL_MESSAGE_BYTES)).await.unwrap();
    // A ping (RFC 6455, 5.5.2), which a link that goes on answers.
    stream.write_all(&[0x89, 0x81, 0, 0, 0, 0, 7]).await.unwrap();
    while stream.read_u8().await.unwrap() != 0x8A {}
    stream.write_all(&frame(&[&[CONTROL][..], &[0xFF; CONTROL_MESSAGE_BYTES]].concat())).await.unwrap();
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_of_1500_bytes_passes_and_a_longer_one_does_not() {
    let world = World::new().await;
    let mut pair = world.ends().pair(LinkKind::Tls, LinkKind::Tls).await;
    let mut agent = attached(&world, pair.agent_ticket).await;
    let mut batch = vec![BATCH];
    for length in [PACKET_BYTES + 1, PACKET_BYTES, 0, 4000, 1] {
        batch.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        batch.resize(batch.len() + length, 7);
    }
    agent.write_all(&frame(&batch)).await.unwrap();
    for length in [PACKET_BYTES, 1] {
        assert_eq!(pair.console.packets.receiver.recv().await, Some(Bytes::from(vec![7; length])));
    }
}

/// Numbered packets, more than every queue on the way takes.
const FLOOD: u32 = 5_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_was_slow_gets_the_newest_packets_and_few_old_ones() {
    let begin = Instant::now();
    let got = loop {
        if let Some(got) = flooded().await {
            break got;
        }
        assert!(begin.elapsed() < ARRIVAL, "never in time");
    };
    assert!(got.is_sorted(), "in order");
    // The queues of the relay and the system's buffers, not what was sent.
    assert!(got.len() < FLOOD as usize / 4, "{} packets were kept", got.len());
}

/// The numbers that come to a reader who was slow; `None` where a busy machine made him so slow that the relay took him
/// for gone.
async fn flooded() -> Option<Vec<u32>> {
    let world = World::new().await;
    let ends = world.ends();
    let mut honest = ends.pair(LinkKind::Tls, LinkKind::Quic).await;
    let pair = ends.pair(LinkKind::Quic, LinkKind::Tls).await;
    let mut agent = attached(&world, pair.agent_ticket).await;
    let silent = Instant::now();
    socket2::SockRef::from(agent.get_ref().0).set_recv_buffer_size(16 * 1024).unwrap();
    for number in 0..FLOOD {
        let packet = [&number.to_be_bytes()[..], &[0; 300]].concat();
        assert!(pair.console.packets.sender.send(packet.into()));
        std::future::poll_fn(|context| pair.console.packets.sender.poll_room(context, 8)).await;
    }
    both_ways(&mut honest.console, &mut honest.agent, 50).await;
    let mut got = Vec::new();
    let reading = async {
        while got.last() != Some(&(FLOOD - 1)) {
            let Some(message) = message(&mut agent).await else {
                assert!(silent.elapsed() >= HANDSHAKE, "closed after {:?}", silent.elapsed());
                return None;
            };
            if message.first() != Some(&BATCH) {
                continue;
            }
            let mut rest = &message[1..];
            while let Some((head, more)) = rest.split_first_chunk::<2>() {
                let (packet, more) = more.split_at(usize::from(u16::from_be_bytes(*head)));
                got.push(u32::from_be_bytes(*packet.first_chunk().unwrap()));
                rest = more;
            }
        }
        Some(())
    };
    // A system whose buffers are full loses the newest datagrams: the last one comes again until it has arrived.
    let again = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        loop {
            ticks.tick().await;
            pair.console.packets.sender.send((FLOOD - 1).to_be_bytes().to_vec().into());
        }
    };
    let is_read = tokio::select! {
        is_read = reading => is_read,
        () = again => None,
    };
    is_read.map(|()| got)
}

#[tokio::test]
async fn a_link_whose_end_reads_nothing_is_closed_after_ten_seconds_of_stall() {
    let world = World::new().await;
    let mut pair = world.ends().pair(LinkKind::Tls, LinkKind::Tls).await;
    let mut agent = attached(&world, pair.agent_ticket).await;
    let packet = Bytes::from(vec![7; 1200]);
    tokio::time::pause();
    let begun = Instant::now();
    let mut pings = tokio::time::interval(Duration::from_secs(4));
    // The agent shows that it lives, but it does not read.
    loop {
        tokio::select! {
            biased;
            message = pair.console.control.recv() => match message.unwrap() {
                RelayToEnd::PeerPresence { present: false } if begun.elapsed() > Duration::from_secs(1) => break,
                _ => {}
            },
            _ = pings.tick() => drop(agent.write_all(&[0x89, 0x80, 0, 0, 0, 0]).await),
            () = tokio::time::sleep(Duration::from_millis(1)) => for _ in 0..32 {
                pair.console.packets.sender.send(packet.clone());
            },
        }
    }
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(10) && took < Duration::from_secs(25), "{took:?}");
}
