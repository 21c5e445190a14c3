//! What passes on a link: control, batches of packets, and both inside a WebSocket.

use crate::bounded;
use crate::script::{Script, run};
use crate::wire::{message, most_for};
use bytes::{Bytes, BytesMut};
use link::batch::{batch, unbatch};
use link::control::ControlReader;
use link::pieces::{Joiner, Splitter};
use link::{LinkError, packets::packet_queue, pump, websocket};
use proto::limits::{BATCH_BYTES, PACKET_BYTES, PACKET_QUEUE};
use proto::relay::{EndToRelay, RelayToEnd};
use proto::{Message, PROTOCOL_VERSION, frame_into};
use std::fmt::Debug;
use std::sync::Arc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

/// The first byte says which direction and how long the pieces are; the rest is a control stream,
/// and once more one message by itself.
pub fn relay_control(data: &[u8]) {
    let Some((how, bytes)) = data.split_first() else { return };
    let piece = usize::from(how >> 1).max(1);
    if how & 1 == 0 {
        message::<EndToRelay>(bytes);
        control::<EndToRelay>(bytes, piece);
    } else {
        message::<RelayToEnd>(bytes);
        control::<RelayToEnd>(bytes, piece);
    }
}

/// The same messages come out in pieces and at once, and the end of it is the same.
fn control<M: Message + Debug + PartialEq>(bytes: &[u8], piece: usize) {
    let (whole, end) = read::<M>(bytes, bytes.len().max(1));
    let (pieces, end_of_pieces) = read::<M>(bytes, piece);
    assert_eq!(whole, pieces);
    assert_eq!(end, end_of_pieces);
    let mut again = vec![PROTOCOL_VERSION];
    for message in &whole {
        frame_into(message, &mut again).unwrap();
    }
    assert!(whole.is_empty() || again.len() <= bytes.len());
    assert_eq!(read::<M>(&again, piece).0, whole);
}

fn read<M: Message>(bytes: &[u8], piece: usize) -> (Vec<M>, bool) {
    let (mut reader, mut seen) = (ControlReader::default(), Vec::new());
    for (number, piece) in bytes.chunks(piece).enumerate() {
        match reader.push(piece) {
            Ok(()) => {}
            Err(LinkError::NotPonte) => {
                assert!(number == 0 && piece.first() != Some(&PROTOCOL_VERSION));
                return (seen, false);
            }
            Err(error) => panic!("{error}"),
        }
        loop {
            match bounded(most_for(M::MAX_BYTES), || reader.next_message::<M>()) {
                Ok(Some(message)) => seen.push(message),
                Ok(None) => break,
                Err(error) => {
                    assert!(matches!(error, LinkError::Peer(_)));
                    return (seen, false);
                }
            }
        }
    }
    (seen, true)
}

/// A batch comes apart into packets that lie inside it, and goes together again to the same bytes.
pub fn link_batch(data: &[u8]) {
    let mut packets: Vec<Bytes> = Vec::new();
    bounded(data.len() * 64 + 4096, || unbatch(data, |packet| packets.push(packet)));
    let taken: usize = packets.iter().map(|packet| packet.len() + 2).sum();
    assert!(taken <= data.len());
    // What is left has no whole packet.
    unbatch(&data[taken..], |_| panic!("a packet was left behind"));

    packets.retain(|packet| packet.len() <= PACKET_BYTES);
    let mut waiting = packets.iter().cloned();
    let mut sent = 0;
    while let Some(first) = waiting.next() {
        let mut message = BytesMut::new();
        batch(&mut message, first, || waiting.next());
        assert!(message.len() <= BATCH_BYTES);
        unbatch(&message, |packet| {
            assert_eq!(packet, packets[sent]);
            sent += 1;
        });
    }
    assert_eq!(sent, packets.len());
}

/// Datagrams of at most 255 bytes, each with its length before it: what comes of them is no longer than the two that
/// it came from. And the whole passes in halves.
pub fn link_pieces(data: &[u8]) {
    let (mut joiner, mut rest, mut before) = (Joiner::default(), data, 0);
    while let Some((&length, more)) = rest.split_first() {
        let (datagram, more) = more.split_at(usize::from(length).min(more.len()));
        let packet = bounded(4 * datagram.len() + 4096, || joiner.take(Bytes::copy_from_slice(datagram)));
        assert!(packet.map_or(0, |packet| packet.len()) <= before + datagram.len());
        (rest, before) = (more, before.max(datagram.len()));
    }
    let (mut joiner, [first, second]) = (Joiner::default(), Splitter::default().halves(data));
    assert_eq!(joiner.take(second), None);
    assert_eq!(joiner.take(first).unwrap(), data);
}

/// The first byte says how long the pieces are and which end reads; the rest is what the other
/// end sends after the handshake of the WebSocket.
pub fn link_websocket(data: &[u8]) {
    let Some((how, bytes)) = data.split_first() else { return };
    let script = Script::new(bytes, usize::from(how >> 1) * 8 + 1);
    if how & 1 == 0 {
        run(pumped::<RelayToEnd, EndToRelay>(script, Role::Server, bytes.len()));
    } else {
        run(pumped::<EndToRelay, RelayToEnd>(script, Role::Client, bytes.len()));
    }
}

async fn pumped<Out: Message + 'static, In: Message + Send + 'static>(script: Script, role: Role, length: usize) {
    let socket = WebSocketStream::from_raw_socket(script, role, Some(websocket::limits())).await;
    let (sink, mut packets) = packet_queue();
    let mut pumped = pump::websocket::<Out, In, _>(socket, Arc::new(sink));
    let mut messages = 0;
    let end = loop {
        match pumped.control.recv().await {
            Ok(_) => messages += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(end, LinkError::Closed | LinkError::Peer(_) | LinkError::NotPonte), "{end}");
    // Each takes two bytes at least, and a frame around it.
    assert!(messages * 2 <= length);
    let mut held = 0;
    while let Some(packet) = packets.try_recv() {
        assert!((1..=PACKET_BYTES).contains(&packet.len()));
        held += 1;
    }
    assert!(held <= PACKET_QUEUE);
    assert!(pumped.counters.packets_received() <= length as u64);
}
