//! Whatever bytes a peer, a relay or a proxy sends: a link ends in order, and holds no more than its limits.

// The lint knows only functions marked as tests, not what they share.
#![allow(clippy::unwrap_used)]

use bytes::{Bytes, BytesMut};
use link::batch::{batch, unbatch};
use link::control::ControlReader;
use link::pieces::{Joiner, Splitter};
use link::{LinkError, RelayAddress, tunnel, websocket};
use proptest::collection::vec;
use proptest::prelude::*;
use proto::limits::{BATCH_BYTES, PACKET_BYTES};
use proto::relay::EndToRelay;
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};

fn relay() -> RelayAddress {
    RelayAddress { name: "relay".into(), host: "relay.example".into(), port: 443 }
}

/// What comes of a head that the other end answers with these bytes before it hangs up.
fn answered<T>(answer: &[u8], ask: impl AsyncFnOnce(DuplexStream) -> Result<T, LinkError>) -> Result<T, LinkError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let (ours, mut theirs) = duplex(1 << 16);
        theirs.write_all(answer).await.unwrap();
        theirs.shutdown().await.unwrap();
        let result = ask(ours).await;
        drop(theirs);
        result
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn packets_come_out_of_a_batch_as_they_went_in(lengths in vec(1..=PACKET_BYTES, 1..40)) {
        let packets: Vec<Bytes> = lengths.iter().map(|length| Bytes::from(vec![*length as u8; *length])).collect();
        let (mut waiting, mut seen) = (packets.iter().cloned(), Vec::new());
        while let Some(first) = waiting.next() {
            let mut message = BytesMut::new();
            batch(&mut message, first, || waiting.next());
            prop_assert!(message.len() <= BATCH_BYTES);
            unbatch(&message, |packet| seen.push(packet));
        }
        prop_assert_eq!(seen, packets);
    }

    #[test]
    fn no_batch_gives_out_more_than_it_holds(bytes in vec(prop_oneof![Just(0_u8), 0..4_u8, any::<u8>()], 0..300)) {
        let mut taken = 0;
        unbatch(&bytes, |packet| taken += packet.len() + 2);
        prop_assert!(taken <= bytes.len());
    }

    #[test]
    fn packets_come_out_of_halves_whatever_is_lost_between_them(
        lost in vec((any::<bool>(), any::<bool>(), any::<bool>()), 1..40),
    ) {
        let (mut splitter, mut joiner) = (Splitter::default(), Joiner::default());
        for (number, (first_lost, second_lost, swapped)) in lost.into_iter().enumerate() {
            let packet = vec![number as u8; 1000 + number];
            let [first, second] = splitter.halves(&packet);
            let mut halves = [(first, first_lost), (second, second_lost)];
            if swapped {
                halves.swap(0, 1);
            }
            let arrived = halves.into_iter().filter(|(_, lost)| !lost).filter_map(|(half, _)| joiner.take(half));
            let whole = !(first_lost || second_lost);
            prop_assert_eq!(arrived.collect::<Vec<_>>(), vec![packet; usize::from(whole)]);
        }
    }

    #[test]
    fn no_halves_give_out_more_than_they_hold(datagrams in vec(vec(prop_oneof![0..4_u8, any::<u8>()], 0..40), 0..40)) {
        let (mut joiner, mut given) = (Joiner::default(), 0);
        let held: usize = datagrams.iter().map(Vec::len).sum();
        for datagram in datagrams {
            given += joiner.take(datagram.into()).map_or(0, |packet| packet.len());
        }
        prop_assert!(given <= held);
    }

    #[test]
    fn control_reads_alike_in_any_pieces(
        bytes in vec(prop_oneof![0..12_u8, any::<u8>()], 0..200),
        piece in 1..50_usize,
    ) {
        let bytes = [&[proto::PROTOCOL_VERSION], &bytes[..]].concat();
        let read = |piece: usize| {
            let (mut reader, mut seen) = (ControlReader::default(), Vec::new());
            for piece in bytes.chunks(piece) {
                reader.push(piece).unwrap();
                loop {
                    match reader.next_message::<EndToRelay>() {
                        Ok(Some(message)) => seen.push(message),
                        Ok(None) => break,
                        Err(_) => return (seen, false),
                    }
                }
            }
            (seen, true)
        };
        prop_assert_eq!(read(piece), read(bytes.len()));
    }

    #[test]
    fn whatever_a_proxy_answers_ends_in_a_reason(
        status in 0..1100_u16,
        tail in "[ -~\r\n:]{0,80}",
        raw in vec(any::<u8>(), 0..80),
    ) {
        let tidy = format!("HTTP/1.1 {status} Word\r\n{tail}\r\n\r\n").into_bytes();
        for answer in [tidy, raw] {
            match answered(&answer, async |stream| tunnel(stream, &relay(), None).await.map(drop)) {
                Ok(()) => prop_assert!((200..300).contains(&status)),
                Err(LinkError::Proxy(refused)) => prop_assert!((100..1000).contains(&refused), "{}", refused),
                Err(LinkError::ProxyAuthentication) => prop_assert_eq!(status, 407),
                Err(error) => prop_assert!(matches!(error, LinkError::Unreachable(_)), "{}", error),
            }
        }
    }

    #[test]
    fn whatever_answers_without_the_accept_key_is_no_relay(
        status in 0..1100_u16,
        tail in "[ -~\r\n:]{0,80}",
        raw in vec(any::<u8>(), 0..80),
    ) {
        let head = "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-protocol: ponte.1";
        let tidy = format!("HTTP/1.1 {status} Word\r\n{head}\r\n{tail}\r\n\r\n").into_bytes();
        for answer in [tidy, raw] {
            let opened = answered(&answer, async |stream| websocket::open(&relay(), stream).await.map(drop));
            prop_assert!(matches!(opened, Err(LinkError::NotPonte | LinkError::Unreachable(_))), "{:?}", opened);
        }
    }
}
