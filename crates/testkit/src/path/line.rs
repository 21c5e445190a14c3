//! Packets under way in one direction: what the lane decides about each, the wait, and the count.

use super::lane::{Fate, Kind, Lane};
use super::{Conditions, Counts};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// The packets of one direction, the next one first.
pub(crate) struct Line {
    lane: Lane,
    under_way: BinaryHeap<Reverse<(Instant, u64, Vec<u8>)>>,
    numbered: u64,
}

impl Line {
    pub(crate) fn new(seed: u64) -> Self {
        Self { lane: Lane::new(seed), under_way: BinaryHeap::new(), numbered: 0 }
    }

    /// When the next one arrives.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.under_way.peek().map(|Reverse((at, ..))| *at)
    }

    fn push(&mut self, at: Instant, packet: Vec<u8>) {
        self.numbered += 1;
        self.under_way.push(Reverse((at, self.numbered, packet)));
    }

    /// One that has arrived, and when it should have; it still counts as waiting.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<(Instant, Vec<u8>)> {
        if self.due()? > now {
            return None;
        }
        self.under_way.pop().map(|Reverse((at, _, packet))| (at, packet))
    }

    /// Takes a packet that is counted as waiting; `ip_bytes` are those on the wire.
    pub(crate) fn take(
        &mut self,
        packet: Vec<u8>,
        ip_bytes: usize,
        kind: Kind,
        conditions: &Conditions,
        counts: &mut Counts,
    ) {
        match self.lane.packet(Instant::now(), ip_bytes, kind, conditions) {
            Fate::Arrives(at, again) => {
                if let Some(again) = again {
                    counts.duplicated += 1;
                    counts.waiting += 1;
                    self.push(again, packet.clone());
                }
                self.push(at, packet);
                return;
            }
            Fate::Lost => counts.lost += 1,
            Fate::Overflowed => counts.overflowed += 1,
            Fate::Blocked => counts.blocked += 1,
        }
        counts.waiting -= 1;
    }
}
