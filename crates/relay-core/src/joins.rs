//! Joins counted per source, and the proof of work that too many of them cost.

use crate::limits::{JOIN_WINDOW, JOINS_PER_SOURCE, WORK_BITS, WORK_BITS_MOST};
use crate::source::Source;
use proto::relay::Work;
use ring::digest;
use std::collections::{HashMap, VecDeque};
use std::time::Instant;

/// Joins remembered of one source: enough to reach the hardest work.
const REMEMBERED: usize = JOINS_PER_SOURCE + (WORK_BITS_MOST - WORK_BITS) as usize;

/// The joins of the last [`JOIN_WINDOW`].
#[derive(Debug, Default)]
pub(crate) struct Joins(HashMap<Source, VecDeque<Instant>>);

impl Joins {
    /// Counts one join that was let through.
    pub(crate) fn count(&mut self, now: Instant, source: Source) {
        let joins = self.0.entry(source).or_default();
        if joins.len() >= REMEMBERED {
            joins.pop_front();
        }
        joins.push_back(now);
    }

    /// Bits of work that the next join of this source costs; 0 for none.
    pub(crate) fn bits(&mut self, now: Instant, source: Source) -> u8 {
        let Some(joins) = self.0.get_mut(&source) else { return 0 };
        while joins.front().is_some_and(|joined| now.saturating_duration_since(*joined) >= JOIN_WINDOW) {
            joins.pop_front();
        }
        match u8::try_from(joins.len().saturating_sub(JOINS_PER_SOURCE)) {
            _ if joins.len() < JOINS_PER_SOURCE => 0,
            Ok(more) => WORK_BITS.saturating_add(more).min(WORK_BITS_MOST),
            Err(_) => WORK_BITS_MOST,
        }
    }

    /// Forgets sources without a recent join.
    pub(crate) fn sweep(&mut self, now: Instant) {
        self.0
            .retain(|_, joins| joins.back().is_some_and(|joined| now.saturating_duration_since(*joined) < JOIN_WINDOW));
    }
}

/// Whether SHA-256(seed, nonce as eight bytes, big endian) begins with `bits` zero bits.
pub(crate) fn work_holds(work: &Work, bits: u8) -> bool {
    let mut hashed = digest::Context::new(&digest::SHA256);
    hashed.update(&work.seed);
    hashed.update(&work.nonce.to_be_bytes());
    let hashed = hashed.finish();
    let zeros = hashed.as_ref().first_chunk::<8>().map_or(0, |head| u64::from_be_bytes(*head).leading_zeros());
    zeros >= u32::from(bits)
}
