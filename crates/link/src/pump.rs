//! Moves control messages and packets between a carrier (QUIC or WebSocket) and the queues that the
//! layers above see; the same on both ends of a link.
//!
//! One task per link runs every direction; it ends when the control messages that arrived have all
//! been handed on and no more can come, when the peer takes nothing any more, or when both halves of
//! the control are dropped (after what was sent has left).

use crate::LinkError;
use crate::batch::{batch, unbatch};
use crate::control::{Control, ControlEnds, ControlReader, control};
use crate::packets::{PacketReceiver, PacketSender, packet_queue};
use crate::pieces::{Joiner, Splitter};
use crate::quic::KEEP_ALIVE;
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use proto::limits::PACKET_BYTES;
use proto::{Message, PROTOCOL_VERSION};
use quinn::WriteError;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as WebSocketMessage;

/// A peer that takes nothing for so long is gone.
const WRITE_STALL: Duration = Duration::from_secs(10);
/// How long a closing link may take to deliver its last control messages, all together.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Datagrams leave and no acknowledgement comes for so long: the path is gone, redial now instead
/// of waiting for the idle timeout.
const UNANSWERED: Duration = Duration::from_secs(3);
/// First byte of a WebSocket message with control bytes.
const CONTROL: u8 = 0;
/// First byte of a WebSocket message with packets.
const BATCH: u8 = 1;

/// Where packets go that arrive on a link.
pub trait PacketSink: Send + Sync + 'static {
    /// Takes one packet; never blocks.
    fn put(&self, packet: Bytes);
}

impl PacketSink for PacketSender {
    fn put(&self, packet: Bytes) {
        self.send(packet);
    }
}

/// What went over a link so far; clones read the same numbers.
#[derive(Debug, Clone, Default)]
pub struct Counters(Arc<Numbers>);

#[derive(Debug, Default)]
struct Numbers {
    packets_sent: AtomicU64,
    bytes_sent: AtomicU64,
    packets_received: AtomicU64,
    bytes_received: AtomicU64,
}

impl Counters {
    /// End-to-end packets handed to the network.
    #[must_use]
    pub fn packets_sent(&self) -> u64 {
        self.0.packets_sent.load(Ordering::Relaxed)
    }

    /// Their bytes.
    #[must_use]
    pub fn bytes_sent(&self) -> u64 {
        self.0.bytes_sent.load(Ordering::Relaxed)
    }

    /// End-to-end packets taken from the network.
    #[must_use]
    pub fn packets_received(&self) -> u64 {
        self.0.packets_received.load(Ordering::Relaxed)
    }

    /// Their bytes.
    #[must_use]
    pub fn bytes_received(&self) -> u64 {
        self.0.bytes_received.load(Ordering::Relaxed)
    }

    fn sent(&self, bytes: usize) {
        self.0.packets_sent.fetch_add(1, Ordering::Relaxed);
        self.0.bytes_sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn received(&self, bytes: usize) {
        self.0.packets_received.fetch_add(1, Ordering::Relaxed);
        self.0.bytes_received.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// A link whose pump runs.
#[derive(Debug)]
pub struct Pumped<Out, In> {
    /// Control messages; the link lives as long as either half.
    pub control: Control<Out, In>,
    /// Packets to the peer; those from it go to the sink.
    pub packets: PacketSender,
    /// What went over it.
    pub counters: Counters,
}

struct Pump<In> {
    control: ControlEnds<In>,
    outgoing: PacketReceiver,
    sink: Arc<dyn PacketSink>,
    counters: Counters,
}

fn start<Out, In>(sink: Arc<dyn PacketSink>) -> (Pumped<Out, In>, Pump<In>) {
    let (control, ends) = control();
    let (packets, outgoing) = packet_queue();
    let counters = Counters::default();
    let pump = Pump { control: ends, outgoing, sink, counters: counters.clone() };
    (Pumped { control, packets, counters }, pump)
}

/// Runs a link over a QUIC connection whose control stream is open.
pub fn quic<Out: Message + 'static, In: Message + Send + 'static>(
    connection: quinn::Connection,
    control: (quinn::SendStream, quinn::RecvStream),
    sink: Arc<dyn PacketSink>,
) -> Pumped<Out, In> {
    let (pumped, pump) = start(sink);
    tokio::spawn(run_quic(connection, control, pump));
    pumped
}

/// How long each write may take: long while the link is held, and once nobody holds it any more little
/// for all that is left, so that a peer cannot keep what no count knows.
#[derive(Debug, Default)]
struct Patience {
    last_words_end: Option<Instant>,
}

impl Patience {
    fn for_next(&mut self, held: bool) -> Duration {
        if held {
            return WRITE_STALL;
        }
        let end = *self.last_words_end.get_or_insert_with(|| Instant::now() + LAST_WORDS);
        end.saturating_duration_since(Instant::now())
    }
}

async fn run_quic<In: Message + Send>(
    connection: quinn::Connection,
    (mut send, mut recv): (quinn::SendStream, quinn::RecvStream),
    pump: Pump<In>,
) {
    let Pump { control: ControlEnds { mut outgoing, incoming }, outgoing: mut packets, sink, counters } = pump;
    let abandoned = incoming.clone();
    let write = async {
        let (mut first, mut patience) = (Some(PROTOCOL_VERSION), Patience::default());
        while let Some(frame) = outgoing.recv().await {
            let bytes: Vec<u8> = first.take().into_iter().chain(frame).collect();
            let held = !(outgoing.is_closed() && abandoned.is_closed());
            match timeout(patience.for_next(held), send.write_all(&bytes)).await {
                Ok(Ok(())) => {}
                // Reading ends the link, after the last message that arrived.
                Ok(Err(WriteError::ConnectionLost(_))) => pending().await,
                // A peer that hears nothing any more, or takes nothing.
                Ok(Err(_)) | Err(_) => return,
            }
        }
        abandoned.closed().await;
        if send.finish().is_ok() {
            let _ = timeout(LAST_WORDS, send.stopped()).await;
        }
    };
    let read = async {
        let mut reader = ControlReader::default();
        while let Ok(Some(chunk)) = recv.read_chunk(4096, true).await {
            if take_control(&mut reader, &chunk.bytes, &incoming).await.is_err() {
                return;
            }
        }
    };
    let packets_in = async {
        let mut joiner = Joiner::default();
        while let Ok(datagram) = connection.read_datagram().await {
            if let Some(packet) = joiner.take(datagram) {
                arrived(packet, &*sink, &counters);
            }
        }
        pending().await
    };
    let packets_out = async {
        let mut splitter = Splitter::default();
        while let Some(packet) = packets.recv().await {
            counters.sent(packet.len());
            match connection.send_datagram(Splitter::whole(&packet)) {
                Ok(()) => {}
                Err(quinn::SendDatagramError::TooLarge) => {
                    for half in splitter.halves(&packet) {
                        let _ = connection.send_datagram(half);
                    }
                }
                // Lost: reading ends the link, after the last message that arrived.
                Err(_) => break,
            }
        }
        pending().await
    };
    tokio::select! {
        biased;
        // First: what has arrived is handed on before anything else may end the link.
        () = read => {}
        () = write => {}
        () = packets_in => {}
        () = packets_out => {}
        () = unanswered(&connection) => {}
    }
    connection.close(0u8.into(), b"");
}

fn arrived(packet: Bytes, sink: &dyn PacketSink, counters: &Counters) {
    if packet.is_empty() || packet.len() > PACKET_BYTES {
        return;
    }
    counters.received(packet.len());
    sink.put(packet);
}

/// Hands control bytes on as messages; an error (already reported) ends the link.
async fn take_control<In: Message>(
    reader: &mut ControlReader,
    bytes: &[u8],
    incoming: &tokio::sync::mpsc::Sender<Result<In, LinkError>>,
) -> Result<(), ()> {
    if let Err(error) = reader.push(bytes) {
        let _ = incoming.send(Err(error)).await;
        return Err(());
    }
    loop {
        match reader.next_message() {
            Ok(None) => return Ok(()),
            // A dropped receiver alone does not end the link: the sender may still have last words.
            Ok(Some(message)) => drop(incoming.send(Ok(message)).await),
            Err(error) => {
                let _ = incoming.send(Err(error)).await;
                return Err(());
            }
        }
    }
}

/// Ends when datagrams have left for [`UNANSWERED`] without one acknowledgement.
async fn unanswered(connection: &quinn::Connection) {
    let mut tick = interval(Duration::from_millis(500));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut acknowledged = 0;
    let mut sent = 0;
    let mut ticks_without = 0;
    loop {
        tick.tick().await;
        let stats = connection.stats();
        if stats.frame_rx.acks != acknowledged {
            acknowledged = stats.frame_rx.acks;
            ticks_without = 0;
        } else if stats.frame_tx.datagram != sent || ticks_without > 0 {
            ticks_without += 1;
        }
        if ticks_without > 0 {
            // A relay that was started again answers any packet of a link that it does not know with a
            // reset: something must leave. Empty packets go nowhere. An error is a link that has ended.
            let _ = connection.send_datagram(Bytes::new());
        }
        sent = stats.frame_tx.datagram;
        if ticks_without * tick.period() > UNANSWERED {
            tracing::debug!("datagrams leave without acknowledgement, the link is down");
            return;
        }
    }
}

/// Runs a link over a WebSocket.
pub fn websocket<Out, In, S>(socket: WebSocketStream<S>, sink: Arc<dyn PacketSink>) -> Pumped<Out, In>
where
    Out: Message + 'static,
    In: Message + Send + 'static,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (pumped, pump) = start(sink);
    tokio::spawn(run_websocket(socket, pump));
    pumped
}

async fn run_websocket<In, S>(socket: WebSocketStream<S>, pump: Pump<In>)
where
    In: Message + Send,
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let Pump { control: ControlEnds { mut outgoing, incoming }, outgoing: mut packets, sink, counters } = pump;
    let (mut out, mut arriving) = socket.split();
    let abandoned = incoming.clone();
    let write = async {
        let (mut first, mut patience) = (true, Patience::default());
        let mut keep_alive = interval(KEEP_ALIVE);
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut controlled = true;
        let mut packeted = true;
        loop {
            let message = tokio::select! {
                biased;
                frame = outgoing.recv(), if controlled => match frame {
                    Some(frame) => control_message(&frame, std::mem::take(&mut first)),
                    None => {
                        controlled = false;
                        continue;
                    }
                },
                () = abandoned.closed(), if !controlled => break,
                packet = packets.recv(), if packeted => match packet {
                    Some(packet) => batch_message(packet, &mut packets, &counters),
                    None => {
                        packeted = false;
                        continue;
                    }
                },
                _ = keep_alive.tick() => WebSocketMessage::Ping(Bytes::new()),
            };
            let held = !(outgoing.is_closed() && abandoned.is_closed());
            match timeout(patience.for_next(held), out.send(message)).await {
                Ok(Ok(())) => {}
                // Lost: reading ends the link, after the last message that arrived.
                Ok(Err(_)) => pending().await,
                Err(_) => return,
            }
        }
        // Until reading sees the peer's end of it: a socket that is gone before resets the stream when something
        // still comes, and what the peer has not read by then is lost to it.
        let parting = async {
            let _ = out.close().await;
            pending::<()>().await;
        };
        let _ = timeout(patience.for_next(false), parting).await;
    };
    let read = async {
        let mut reader = ControlReader::default();
        while let Ok(Some(Ok(message))) = timeout(crate::quic::IDLE, arriving.next()).await {
            match message {
                WebSocketMessage::Binary(bytes) => match bytes.first() {
                    Some(&CONTROL) => {
                        if take_control(&mut reader, bytes.get(1..).unwrap_or_default(), &incoming).await.is_err() {
                            return;
                        }
                    }
                    Some(&BATCH) => unbatch(&bytes.slice(1..), |packet| arrived(packet, &*sink, &counters)),
                    _ => return,
                },
                WebSocketMessage::Ping(_) | WebSocketMessage::Pong(_) => {}
                WebSocketMessage::Text(_) | WebSocketMessage::Close(_) | WebSocketMessage::Frame(_) => return,
            }
        }
    };
    tokio::select! {
        () = write => {}
        () = read => {}
    }
}

fn control_message(frame: &[u8], first: bool) -> WebSocketMessage {
    let mut bytes = BytesMut::with_capacity(frame.len() + 2);
    bytes.extend_from_slice(&[CONTROL]);
    if first {
        bytes.extend_from_slice(&[PROTOCOL_VERSION]);
    }
    bytes.extend_from_slice(frame);
    WebSocketMessage::Binary(bytes.freeze())
}

/// One message of `packet` and what else waits already.
fn batch_message(packet: Bytes, waiting: &mut PacketReceiver, counters: &Counters) -> WebSocketMessage {
    let mut bytes = BytesMut::with_capacity(packet.len() + 3);
    bytes.extend_from_slice(&[BATCH]);
    counters.sent(packet.len());
    batch(&mut bytes, packet, || waiting.try_recv().inspect(|packet| counters.sent(packet.len())));
    WebSocketMessage::Binary(bytes.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::relay::{EndToRelay, RelayToEnd};
    use rustls::pki_types::PrivatePkcs8KeyDer;
    use tokio::io::AsyncReadExt;
    use tokio_tungstenite::tungstenite::protocol::Role;

    type End = (Control, PacketSender, PacketReceiver);

    async fn ends() -> (End, Pumped<RelayToEnd, EndToRelay>, PacketReceiver) {
        let (a, b) = tokio::io::duplex(4096);
        let config = Some(crate::websocket::limits());
        let (to_end, end_receives) = packet_queue();
        let (to_relay, relay_receives) = packet_queue();
        let end = websocket(WebSocketStream::from_raw_socket(a, Role::Client, config).await, Arc::new(to_end));
        let relay = websocket(WebSocketStream::from_raw_socket(b, Role::Server, config).await, Arc::new(to_relay));
        ((end.control, end.packets, end_receives), relay, relay_receives)
    }

    #[tokio::test]
    async fn control_and_packets_pass_in_both_directions() {
        let ((mut control, packets, mut received), mut relay, mut relay_received) = ends().await;
        control.send(&EndToRelay::Ping).await.unwrap();
        assert_eq!(relay.control.recv().await.unwrap(), EndToRelay::Ping);
        relay.control.send(&RelayToEnd::Pong).await.unwrap();
        assert_eq!(control.recv().await.unwrap(), RelayToEnd::Pong);
        packets.send(Bytes::from_static(b"to the relay"));
        assert_eq!(relay_received.recv().await.unwrap().as_ref(), b"to the relay");
        relay.packets.send(Bytes::from_static(b"to the end"));
        assert_eq!(received.recv().await.unwrap().as_ref(), b"to the end");
    }

    #[tokio::test]
    async fn last_words_arrive_before_a_dropped_link_closes() {
        let ((control, packets, _received), mut relay, _) = ends().await;
        control.send(&EndToRelay::Leave).await.unwrap();
        drop((control, packets));
        assert_eq!(relay.control.recv().await.unwrap(), EndToRelay::Leave);
        assert!(matches!(relay.control.recv().await, Err(LinkError::Closed)));
        assert!(relay.packets.is_closed());
    }

    /// A link whose relay refuses and closes, and what its end has not read yet.
    async fn refused() -> tokio::io::DuplexStream {
        let (a, b) = tokio::io::duplex(4096);
        let (sink, _receiver) = packet_queue();
        let relay: Pumped<RelayToEnd, EndToRelay> =
            websocket(WebSocketStream::from_raw_socket(b, Role::Server, None).await, Arc::new(sink));
        relay.control.send(&RelayToEnd::Pong).await.unwrap();
        a
    }

    #[tokio::test(start_paused = true)]
    async fn a_closing_link_waits_for_an_end_that_has_not_read_the_last_words() {
        let late = refused().await;
        tokio::time::sleep(LAST_WORDS / 2).await;
        let begin = Instant::now();
        let mut end = WebSocketStream::from_raw_socket(late, Role::Client, None).await;
        // A stream that is closed already takes nothing, and with a socket what was not read is gone then.
        end.send(WebSocketMessage::Ping(Bytes::new())).await.unwrap();
        let mut seen = Vec::new();
        while let Some(Ok(message)) = end.next().await {
            seen.push(message);
        }
        assert!(seen.iter().any(WebSocketMessage::is_binary), "{seen:?}");
        assert_eq!(begin.elapsed(), Duration::ZERO, "an end that answers is not waited for");

        let mut silent = refused().await;
        let begin = Instant::now();
        silent.read_to_end(&mut Vec::new()).await.unwrap();
        assert_eq!(begin.elapsed(), LAST_WORDS);
    }

    /// Both ends of a QUIC connection, and what it lives by.
    async fn connected() -> (quinn::Connection, quinn::Connection, [quinn::Endpoint; 2]) {
        let (mut rng, names) = (rand::rngs::OsRng, ["localhost".to_owned()]);
        let ca = identity::create_root(identity::Seed::random(&mut rng), "Test", &[1], testkit::NOW_S).unwrap();
        let seed = identity::Seed::random(&mut rng);
        let certificate = identity::server_certificate(&ca, &seed, &names, testkit::NOW_S).unwrap();
        let trust = crate::Trust::Pin(identity::spki_sha256(&certificate).unwrap());
        let key = PrivatePkcs8KeyDer::from(seed.pkcs8_der().to_vec()).into();
        let keys = crate::quic::NodeKeys::derive(&[7; 32]).unwrap();
        let server = keys.server_config(vec![certificate.into()], key).unwrap();
        let any = "127.0.0.1:0".parse().unwrap();
        let [relay, end] = [quinn::Endpoint::server(server, any).unwrap(), quinn::Endpoint::client(any).unwrap()];
        let (config, _) = crate::tls::client_config(&trust, crate::quic::ALPN).unwrap();
        let config = crate::quic::client_config(config).unwrap();
        let connecting = end.connect_with(config, relay.local_addr().unwrap(), "localhost").unwrap();
        let accepting = async { relay.accept().await.unwrap().await.unwrap() };
        let (connection, accepted) = tokio::join!(connecting, accepting);
        (connection.unwrap(), accepted, [relay, end])
    }

    #[tokio::test]
    async fn last_words_of_an_end_that_hears_nothing_any_more_are_heard() {
        let said = |message: &EndToRelay, mut bytes: Vec<u8>| {
            proto::frame_into(message, &mut bytes).unwrap();
            bytes
        };
        // Which of two things that have happened is looked at first was chance.
        for _ in 0..16 {
            let (end, relay, _endpoints) = connected().await;
            let (mut send, mut recv) = end.open_bi().await.unwrap();
            send.write_all(&said(&EndToRelay::Ping, vec![PROTOCOL_VERSION])).await.unwrap();
            let stream = relay.accept_bi().await.unwrap();
            let (sink, _receiver) = packet_queue();
            let mut relay: Pumped<RelayToEnd, EndToRelay> = quic(relay, stream, Arc::new(sink));
            assert_eq!(relay.control.recv().await.unwrap(), EndToRelay::Ping);
            // It has always something to write.
            let sender = relay.control.sender.clone();
            tokio::spawn(async move { while sender.send(&RelayToEnd::Pong).await.is_ok() {} });
            send.write_all(&said(&EndToRelay::Leave, Vec::new())).await.unwrap();
            recv.stop(0u8.into()).unwrap();
            assert_eq!(relay.control.recv().await.unwrap(), EndToRelay::Leave);
            assert!(matches!(relay.control.recv().await, Err(LinkError::Closed)));
        }
    }

    #[tokio::test]
    async fn malformed_control_bytes_end_the_link_with_the_peer_to_blame() {
        let (a, b) = tokio::io::duplex(4096);
        let mut raw = WebSocketStream::from_raw_socket(a, Role::Client, None).await;
        let (sink, _receiver) = packet_queue();
        let mut relay: Pumped<RelayToEnd, EndToRelay> =
            websocket(WebSocketStream::from_raw_socket(b, Role::Server, None).await, Arc::new(sink));
        let bytes = vec![CONTROL, PROTOCOL_VERSION, 0, 2, 0xFF, 0xFF];
        raw.send(WebSocketMessage::binary(bytes)).await.unwrap();
        assert!(matches!(relay.control.recv().await, Err(LinkError::Peer(_))));
        assert!(matches!(relay.control.recv().await, Err(LinkError::Closed)));
    }
}
