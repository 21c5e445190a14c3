//! Several packets in one WebSocket message, each with its length before it as two bytes, big endian.

use bytes::{Bytes, BytesMut};
use proto::limits::{BATCH_BYTES, PACKET_BYTES};

/// Appends `first` and what `next` gives to `message`, as long as a packet of any length
/// still fits into [`BATCH_BYTES`]. Packets are at most [`PACKET_BYTES`] long, as every queue has them.
pub fn batch(message: &mut BytesMut, first: Bytes, mut next: impl FnMut() -> Option<Bytes>) {
    let mut packet = Some(first);
    while let Some(bytes) = packet {
        // The queues take nothing longer than PACKET_BYTES, far below u16::MAX.
        message.extend_from_slice(&u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes());
        message.extend_from_slice(&bytes);
        packet = if message.len() + 2 + PACKET_BYTES <= BATCH_BYTES { next() } else { None };
    }
}

/// Cuts a batch back into packets; what is cut short is dropped. Lengths are as the peer wrote
/// them: they may be 0 or beyond [`PACKET_BYTES`], but never beyond the batch.
pub fn unbatch(mut batch: &[u8], mut each: impl FnMut(Bytes)) {
    while let Some((head, rest)) = batch.split_first_chunk::<2>() {
        let Some((packet, rest)) = rest.split_at_checked(usize::from(u16::from_be_bytes(*head))) else { return };
        each(Bytes::copy_from_slice(packet));
        batch = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_comes_apart_as_it_was_put_together() {
        let lengths = [1, 1500, 700, 1500, 2];
        let mut packets = lengths.iter().map(|length| Bytes::from(vec![7; *length]));
        let mut message = BytesMut::new();
        batch(&mut message, packets.next().unwrap(), || packets.next());
        let mut seen = Vec::new();
        unbatch(&message, |packet| seen.push(packet.len()));
        assert_eq!(seen, lengths);
    }

    #[test]
    fn a_batch_cut_short_gives_only_its_whole_packets() {
        let mut seen = 0;
        unbatch(&[0, 1, 7, 0, 9, 1], |_| seen += 1);
        assert_eq!(seen, 1);
    }

    #[test]
    fn a_batch_ends_before_it_passes_its_limit() {
        let mut message = BytesMut::new();
        let mut taken = 0;
        batch(&mut message, Bytes::from(vec![0; PACKET_BYTES]), || {
            taken += 1;
            Some(Bytes::from(vec![0; PACKET_BYTES]))
        });
        assert!(message.len() <= BATCH_BYTES && message.len() + 2 + PACKET_BYTES > BATCH_BYTES, "{}", message.len());
        assert_eq!(taken, message.len() / (2 + PACKET_BYTES) - 1);
    }
}
