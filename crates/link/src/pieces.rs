//! What one QUIC datagram of a link carries: a packet, or half of one that is too long for the path.
//!
//! What a path carries can shrink at any time, also by mistake: QUIC takes certain patterns of loss
//! for a path that swallows long packets (RFC 8899, section 4.3). Packets that were made for more
//! still have to arrive, without a delay and without a limit of their own.

use bytes::{BufMut, Bytes, BytesMut};
use std::collections::VecDeque;

/// First byte of a datagram with a whole packet behind it.
const WHOLE: u8 = 0;
/// First byte of the two halves of a packet; its number follows as two bytes, big endian.
const HALVES: [u8; 2] = [1, 2];
/// First halves and second halves that wait for their other: the two leave together, so few ever do.
const WAITING: usize = 4;

/// Puts packets into datagrams; one for each link.
#[derive(Debug, Default)]
pub struct Splitter {
    number: u16,
}

impl Splitter {
    /// The datagram of a whole packet.
    #[must_use]
    pub fn whole(packet: &[u8]) -> Bytes {
        let mut datagram = BytesMut::with_capacity(1 + packet.len());
        datagram.put_u8(WHOLE);
        datagram.put_slice(packet);
        datagram.freeze()
    }

    /// The datagrams of a packet whose whole one is too long.
    #[must_use]
    pub fn halves(&mut self, packet: &[u8]) -> [Bytes; 2] {
        self.number = self.number.wrapping_add(1);
        let (first, second) = packet.split_at(packet.len().div_ceil(2));
        let half = |kind, bytes: &[u8]| {
            let mut datagram = BytesMut::with_capacity(3 + bytes.len());
            datagram.put_u8(kind);
            datagram.put_u16(self.number);
            datagram.put_slice(bytes);
            datagram.freeze()
        };
        [half(HALVES[0], first), half(HALVES[1], second)]
    }
}

/// Takes packets out of datagrams; one for each link.
#[derive(Debug, Default)]
pub struct Joiner {
    /// Kind, number and bytes of halves whose other has not come, the oldest first.
    waiting: VecDeque<(u8, u16, Box<[u8]>)>,
}

impl Joiner {
    /// The packet that is whole with this datagram. It is as long as the peer made it, at most twice
    /// a datagram; what is no part of a packet is dropped.
    pub fn take(&mut self, mut datagram: Bytes) -> Option<Bytes> {
        let kind = *datagram.first()?;
        if kind == WHOLE {
            return Some(datagram.split_off(1));
        }
        let (head, half) = datagram.split_first_chunk::<3>()?;
        if !HALVES.contains(&kind) {
            return None;
        }
        let number = u16::from_be_bytes([head[1], head[2]]);
        let other = self.waiting.iter().position(|(other, of, _)| *of == number && *other != kind);
        let Some((_, _, other)) = other.and_then(|at| self.waiting.remove(at)) else {
            // Copied, because a datagram keeps all that arrived with it in memory.
            self.waiting.push_back((kind, number, half.into()));
            if self.waiting.len() > WAITING {
                self.waiting.pop_front();
            }
            return None;
        };
        let halves = if kind == HALVES[0] { [half, &other] } else { [&other, half] };
        Some(halves.concat().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(length: usize) -> Vec<u8> {
        (0..length).map(|at| at as u8).collect()
    }

    #[test]
    fn a_packet_passes_whole_or_in_two_halves_in_any_order() {
        let (mut splitter, mut joiner) = (Splitter::default(), Joiner::default());
        for length in [1, 2, 3, 1199, 1500] {
            let packet = packet(length);
            assert_eq!(joiner.take(Splitter::whole(&packet)).unwrap(), packet);
            let [first, second] = splitter.halves(&packet);
            assert!(first.len().max(second.len()) <= 3 + packet.len().div_ceil(2));
            assert_eq!(joiner.take(first), None);
            assert_eq!(joiner.take(second).unwrap(), packet);
            let [first, second] = splitter.halves(&packet);
            assert_eq!(joiner.take(second), None);
            assert_eq!(joiner.take(first).unwrap(), packet);
        }
        assert!(joiner.waiting.is_empty());
    }

    #[test]
    fn a_half_whose_other_is_lost_is_forgotten_and_joins_nothing_else() {
        let (mut splitter, mut joiner) = (Splitter::default(), Joiner::default());
        for number in 0..100 {
            let [first, second] = splitter.halves(&packet(1000 + number));
            assert_eq!(joiner.take(if number % 2 == 0 { first } else { second }), None);
            assert!(joiner.waiting.len() <= WAITING);
        }
        let [first, second] = splitter.halves(&packet(1400));
        assert_eq!(joiner.take(first.clone()), None);
        assert_eq!(joiner.take(first), None, "twice the same is not a packet");
        assert_eq!(joiner.take(second).unwrap(), packet(1400));
    }

    #[test]
    fn what_is_no_packet_is_dropped() {
        let mut joiner = Joiner::default();
        for datagram in [&[][..], &[1], &[1, 0], &[3, 0, 1, 7], &[0xFF; 40]] {
            assert_eq!(joiner.take(Bytes::copy_from_slice(datagram)), None);
        }
        assert!(joiner.waiting.is_empty());
    }
}
