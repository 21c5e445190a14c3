//! Joins and lookups counted per source, and the proof of work that too many of them cost.

use crate::limits::{JOIN_WINDOW, JOINS_PER_SOURCE, MISS_WINDOW, MISSES, WORK_BITS, WORK_BITS_MOST};
use crate::source::Source;
use proto::relay::Work;
use ring::digest;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Instant;

/// Joins remembered of one source: enough to reach the hardest work.
const REMEMBERED: usize = JOINS_PER_SOURCE + (WORK_BITS_MOST - WORK_BITS) as usize;

/// The joins and lookups of the last [`JOIN_WINDOW`]; both are called joins here.
#[derive(Debug)]
pub(crate) struct Joins {
    by_source: HashMap<Source, VecDeque<Instant>>,
    /// Every source by its last join.
    by_age: BTreeSet<(Instant, Source)>,
    /// Most sources. One more makes the source that was quiet the longest free of work: only who has
    /// more addresses than this can bring that about, and he has ten joins for each of them anyway.
    most: usize,
    /// When locators were asked for that nobody had, the last [`MISSES`], whoever asked.
    misses: VecDeque<Instant>,
}

impl Joins {
    /// Remembers so many sources.
    pub(crate) fn of(most: usize) -> Self {
        Self { by_source: HashMap::new(), by_age: BTreeSet::new(), most, misses: VecDeque::new() }
    }

    /// Counts one join that was let through.
    pub(crate) fn count(&mut self, now: Instant, source: Source) {
        let joins = self.by_source.entry(source).or_default();
        if joins.len() >= REMEMBERED {
            joins.pop_front();
        }
        if let Some(last) = joins.back() {
            self.by_age.remove(&(*last, source));
        }
        joins.push_back(now);
        self.by_age.insert((now, source));
        while self.by_age.len() > self.most
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.by_source.remove(&oldest);
        }
    }

    /// Counts a join whose locator nobody had.
    pub(crate) fn missed(&mut self, now: Instant) {
        if self.misses.len() >= MISSES {
            self.misses.pop_front();
        }
        self.misses.push_back(now);
    }

    /// Somebody tries locators from many addresses.
    fn is_scanned(&self, now: Instant) -> bool {
        let oldest = self.misses.front();
        self.misses.len() >= MISSES && oldest.is_some_and(|oldest| now.saturating_duration_since(*oldest) < MISS_WINDOW)
    }

    /// Bits of work that the next join of this source costs; 0 for none.
    pub(crate) fn bits(&self, now: Instant, source: Source) -> u8 {
        let of_all = if self.is_scanned(now) { WORK_BITS } else { 0 };
        self.bits_of(now, source).max(of_all)
    }

    fn bits_of(&self, now: Instant, source: Source) -> u8 {
        let Some(joins) = self.by_source.get(&source) else { return 0 };
        let recent = joins.iter().filter(|joined| now.saturating_duration_since(**joined) < JOIN_WINDOW).count();
        match u8::try_from(recent.saturating_sub(JOINS_PER_SOURCE)) {
            _ if recent < JOINS_PER_SOURCE => 0,
            Ok(more) => WORK_BITS.saturating_add(more).min(WORK_BITS_MOST),
            Err(_) => WORK_BITS_MOST,
        }
    }

    /// Forgets sources without a recent join.
    pub(crate) fn sweep(&mut self, now: Instant) {
        while let Some((last, source)) = self.by_age.first().copied()
            && now.saturating_duration_since(last) >= JOIN_WINDOW
        {
            self.by_age.pop_first();
            self.by_source.remove(&source);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Duration;

    const MOST: usize = 100;

    fn source(number: u32) -> Source {
        Source::from(IpAddr::from(Ipv4Addr::from(number)))
    }

    fn works(joins: &Joins, now: Instant, number: u32) -> bool {
        joins.bits(now, source(number)) > 0
    }

    /// A source that must work now.
    fn greedy(joins: &mut Joins, now: Instant, number: u32) {
        for _ in 0..JOINS_PER_SOURCE {
            joins.count(now, source(number));
        }
        assert!(works(joins, now, number));
    }

    #[test]
    fn so_many_sources_are_remembered_and_the_one_that_was_quiet_the_longest_gives_way() {
        let (mut joins, start) = (Joins::of(MOST), Instant::now());
        let at = |second: u64| start + Duration::from_secs(second);
        greedy(&mut joins, at(0), 1);
        greedy(&mut joins, at(1), 2);
        // The first is heard of again.
        joins.count(at(2), source(1));
        for other in 3..=MOST as u32 {
            joins.count(at(3), source(other));
        }
        assert_eq!([1, 2].map(|number| works(&joins, at(3), number)), [true, true]);
        joins.count(at(4), source(1000));
        assert_eq!([1, 2].map(|number| works(&joins, at(4), number)), [true, false]);
        // Nobody pays for the crowd.
        for crowd in 1001..2000 {
            assert!(!works(&joins, at(5), crowd));
            joins.count(at(5), source(crowd));
        }
        assert_eq!((joins.by_source.len(), joins.by_age.len()), (MOST, MOST));
    }

    #[test]
    fn what_is_too_long_ago_is_forgotten_and_nothing_else() {
        let (mut joins, start) = (Joins::of(MOST), Instant::now());
        greedy(&mut joins, start, 1);
        let later = start + Duration::from_secs(1);
        greedy(&mut joins, later, 2);
        joins.sweep(start + JOIN_WINDOW);
        assert_eq!((joins.by_source.len(), joins.by_age.len()), (1, 1));
        assert!(works(&joins, start + JOIN_WINDOW, 2));
        assert!(!works(&joins, later + JOIN_WINDOW, 2));
        joins.sweep(later + JOIN_WINDOW);
        assert_eq!((joins.by_source.len(), joins.by_age.len()), (0, 0));
    }

    #[test]
    fn while_many_keys_are_wrong_everybody_works() {
        let (mut joins, start) = (Joins::of(MOST), Instant::now());
        for _ in 1..MISSES {
            joins.missed(start);
        }
        assert!(!works(&joins, start, 1));
        joins.missed(start);
        assert!(works(&joins, start, 1));
        assert!(!works(&joins, start + MISS_WINDOW, 1));
        for second in 0..2 * MISSES as u64 {
            joins.missed(start + MISS_WINDOW + Duration::from_secs(second));
        }
        assert!(joins.misses.len() <= MISSES);
        assert!(!works(&joins, start + MISS_WINDOW + Duration::from_secs(2 * MISSES as u64), 1));
    }
}
