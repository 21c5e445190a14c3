//! How fast something goes, and how long it still takes: measured from how far it is.

use std::collections::BTreeMap;
use std::time::Duration;

/// How often a rate is measured, in seconds.
const SAMPLE_SECONDS: f64 = 0.5;
/// Share of a new measurement in the rate that is shown: calm, yet right after a few seconds.
const NEW_SHARE: f64 = 0.3;

/// How fast things go, each by its number.
#[derive(Debug)]
pub struct Rates<K>(BTreeMap<K, Rate>);

#[derive(Debug, Clone, Copy)]
struct Rate {
    at_s: f64,
    done_bytes: u64,
    bytes_per_s: Option<f64>,
}

impl<K> Default for Rates<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord + Copy> Rates<K> {
    /// Takes note of how far all that run are; the others are forgotten. `now_s` is any clock in seconds.
    pub fn observe(&mut self, now_s: f64, running: impl Iterator<Item = (K, u64)> + Clone) {
        self.0.retain(|known, _| running.clone().any(|(key, _)| key == *known));
        for (key, done_bytes) in running {
            let rate = self.0.entry(key).or_insert(Rate { at_s: now_s, done_bytes, bytes_per_s: None });
            let passed = now_s - rate.at_s;
            if passed >= SAMPLE_SECONDS {
                let new = done_bytes.saturating_sub(rate.done_bytes) as f64 / passed;
                let shown = rate.bytes_per_s.map_or(new, |old| old + (new - old) * NEW_SHARE);
                *rate = Rate { at_s: now_s, done_bytes, bytes_per_s: Some(shown) };
            }
        }
    }

    /// The rate in bytes per second and the time that `left_bytes` take, once both are known.
    #[must_use]
    pub fn of(&self, key: K, left_bytes: u64) -> Option<(u64, Duration)> {
        let rate = self.0.get(&key)?.bytes_per_s.filter(|rate| *rate >= 1.0)?;
        Some((rate as u64, Duration::try_from_secs_f64(left_bytes as f64 / rate).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_and_the_time_left_come_from_what_moved() {
        let mut rates = Rates::default();
        rates.observe(0.0, [(1, 0)].into_iter());
        assert_eq!(rates.of(1, 10_000), None);
        rates.observe(1.0, [(1, 2_000)].into_iter());
        assert_eq!(rates.of(1, 8_000), Some((2_000, Duration::from_secs(4))));
        rates.observe(2.0, [].into_iter());
        assert_eq!(rates.of(1, 8_000), None);
    }
}
