//! Demands of work to those who have no link that could remember them: the seed itself says what was
//! demanded, of whom and when, under a key that only this node has.

use crate::limits::{WORK_HOLDS, WORKS_SPENT};
use crate::source::Source;
use crate::state::Demand;
use ring::hmac;
use std::collections::BTreeSet;
use std::time::Instant;

/// Random bytes in a seed: two demands of one source in one millisecond are two.
pub(crate) const RANDOM_BYTES: usize = 7;
/// Milliseconds since the node's start, bits, random bytes.
const STATED_BYTES: usize = 8 + 1 + RANDOM_BYTES;
const HOLDS_MS: u64 = WORK_HOLDS.as_secs() * 1000;

/// Makes seeds and takes each of them back once.
pub(crate) struct Demands {
    key: hmac::Key,
    started: Instant,
    /// What was worked on and used, the oldest first.
    spent: BTreeSet<[u8; STATED_BYTES]>,
    most: usize,
    /// Seeds of this moment or older hold no more: some that were spent are forgotten.
    forgotten_ms: Option<u64>,
}

impl Demands {
    /// Remembers so many spent seeds, normally [`WORKS_SPENT`].
    pub(crate) fn new(key: &[u8; 32], started: Instant) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        Self { key, started, spent: BTreeSet::new(), most: WORKS_SPENT, forgotten_ms: None }
    }

    fn ms(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.started).as_millis()).unwrap_or(u64::MAX)
    }

    fn statement(stated: &[u8; STATED_BYTES], source: Source) -> Vec<u8> {
        [b"ponte lookup work 1".as_slice(), stated, &source.to_bytes()].concat()
    }

    /// A seed for so many bits.
    pub(crate) fn seed(&self, now: Instant, source: Source, bits: u8, random: [u8; RANDOM_BYTES]) -> [u8; 32] {
        let mut stated = [0; STATED_BYTES];
        let parts = self.ms(now).to_be_bytes().into_iter().chain([bits]).chain(random);
        stated.iter_mut().zip(parts).for_each(|(byte, part)| *byte = part);
        let mac = hmac::sign(&self.key, &Self::statement(&stated, source));
        let mut seed = [0; 32];
        let parts = stated.iter().chain(mac.as_ref());
        seed.iter_mut().zip(parts).for_each(|(byte, part)| *byte = *part);
        seed
    }

    /// What was demanded by a seed; `None` if it is not ours, another source's, too old or spent.
    pub(crate) fn open(&self, now: Instant, source: Source, seed: &[u8; 32]) -> Option<Demand> {
        let stated: &[u8; STATED_BYTES] = seed.first_chunk()?;
        let issued_ms = u64::from_be_bytes(*stated.first_chunk()?);
        let bits = *stated.get(8)?;
        let mac = hmac::sign(&self.key, &Self::statement(stated, source));
        let is_ours = seed.iter().skip(STATED_BYTES).zip(mac.as_ref()).fold(0, |wrong, (a, b)| wrong | (a ^ b)) == 0;
        let in_time = self.ms(now).checked_sub(issued_ms).is_some_and(|age_ms| age_ms < HOLDS_MS)
            && self.forgotten_ms.is_none_or(|forgotten_ms| issued_ms > forgotten_ms);
        (is_ours && in_time && !self.spent.contains(stated)).then_some(Demand { bits, seed: *seed })
    }

    /// A seed that was opened does not open again.
    pub(crate) fn spend(&mut self, now: Instant, seed: &[u8; 32]) {
        let Some(stated) = seed.first_chunk() else { return };
        self.spent.insert(*stated);
        let now_ms = self.ms(now);
        while let Some(oldest) = self.spent.first() {
            let issued_ms = oldest.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
            if now_ms.saturating_sub(issued_ms) < HOLDS_MS {
                if self.spent.len() <= self.most {
                    break;
                }
                self.forgotten_ms = self.forgotten_ms.max(Some(issued_ms));
            }
            self.spent.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Duration;

    fn source(number: u32) -> Source {
        Source::from(IpAddr::from(Ipv4Addr::from(number)))
    }

    #[test]
    fn a_seed_opens_for_its_source_in_its_time_and_once() {
        let start = Instant::now();
        let mut demands = Demands::new(&[1; 32], start);
        let at = start + Duration::from_secs(5);
        let seed = demands.seed(at, source(1), 19, [7; RANDOM_BYTES]);
        let bits = |demands: &Demands, now, number| demands.open(now, source(number), &seed).map(|demand| demand.bits);
        assert_eq!(bits(&demands, at, 1), Some(19));
        assert_eq!(bits(&demands, at, 2), None, "another source's");
        assert_eq!(bits(&Demands::new(&[2; 32], start), at, 1), None, "another node's");
        assert_eq!(bits(&demands, at - Duration::from_millis(1), 1), None, "before it was made");
        assert_eq!(bits(&demands, at + WORK_HOLDS - Duration::from_millis(1), 1), Some(19));
        assert_eq!(bits(&demands, at + WORK_HOLDS, 1), None, "too old");
        for place in 0..32 {
            let mut forged = seed;
            forged[place] ^= 1;
            assert_eq!(demands.open(at, source(1), &forged), None, "byte {place}");
        }
        demands.spend(at, &seed);
        assert_eq!(bits(&demands, at, 1), None, "spent");
    }

    #[test]
    fn what_was_spent_is_never_good_again_however_much_is_spent_after_it() {
        let start = Instant::now();
        let mut demands = Demands { most: 3, ..Demands::new(&[1; 32], start) };
        let at = |ms: u64| start + Duration::from_millis(ms);
        let seeds: Vec<_> = (0..10).map(|ms| demands.seed(at(ms), source(1), 18, [0; RANDOM_BYTES])).collect();
        for seed in &seeds {
            demands.spend(at(10), seed);
            assert!(demands.spent.len() <= 3);
        }
        assert!(seeds.iter().all(|seed| demands.open(at(10), source(1), seed).is_none()));
        // A younger one still is.
        let young = demands.seed(at(11), source(1), 18, [0; RANDOM_BYTES]);
        assert!(demands.open(at(11), source(1), &young).is_some());
        // What is too old anyway takes no room.
        demands.spend(at(11) + WORK_HOLDS, &young);
        assert_eq!(demands.spent.len(), 0);
    }
}
