//! How old input is when it arrives, by the stamps of its stream.
//!
//! The two clocks are not compared: only how much later than the quickest stamp another one came. The
//! quickest so far stands for the line without delay; it is let rise a little with time, because no two
//! clocks run equally fast.

use std::time::{Duration, Instant};

/// Older input is not done any more: the operator acted on another picture.
pub(super) const MOST_AGE: Duration = Duration::from_millis(1500);
/// Clocks differ by less than one part in so many.
const DRIFT: i128 = 1000;

/// The stamps of one stream.
#[derive(Debug)]
pub(super) struct Freshness {
    began: Instant,
    newest: Option<Stamped>,
}

/// Microseconds since [`Freshness::began`] on this side, and the stamp's on the other.
#[derive(Debug, Clone, Copy)]
struct Stamped {
    arrived_us: i128,
    at_us: i128,
    /// How far the clocks are apart by the quickest stamp.
    apart_us: i128,
}

impl Freshness {
    pub(super) const fn new(now: Instant) -> Self {
        Self { began: now, newest: None }
    }

    fn us(&self, now: Instant) -> i128 {
        i128::try_from(now.saturating_duration_since(self.began).as_micros()).unwrap_or(i128::MAX)
    }

    /// A stamp has arrived.
    pub(super) fn handle_stamp(&mut self, now: Instant, at_ms: u64) {
        let (arrived_us, at_us) = (self.us(now), i128::from(at_ms) * 1000);
        let apart_us = arrived_us - at_us;
        let least = self.newest.map(|newest| newest.apart_us + (arrived_us - newest.arrived_us) / DRIFT);
        let apart_us = least.map_or(apart_us, |least| least.min(apart_us));
        self.newest = Some(Stamped { arrived_us, at_us, apart_us });
    }

    /// Until when what arrives now, after the last stamp, may be done; `now` if it is too old already.
    pub(super) fn good_until(&self, now: Instant) -> Instant {
        let age_us = self.newest.map_or(0, |newest| self.us(now) - newest.at_us - newest.apart_us);
        let age = u64::try_from(age_us.max(0)).map_or(Duration::MAX, Duration::from_micros);
        now + MOST_AGE.saturating_sub(age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stamps as (sent, arrived) in milliseconds; whether what comes with the last one may be done.
    fn is_fresh(stamps: &[(u64, u64)]) -> bool {
        let began = Instant::now();
        let mut freshness = Freshness::new(began);
        let mut now = began;
        for (at_ms, arrived_ms) in stamps {
            now = began + Duration::from_millis(*arrived_ms);
            freshness.handle_stamp(now, *at_ms);
        }
        freshness.good_until(now) > now
    }

    #[test]
    fn what_the_line_held_back_is_old_and_what_was_done_late_is_not() {
        let far_apart = 1_000_000_000;
        let rows: [(&[(u64, u64)], bool); 8] = [
            (&[(0, 0)], true),
            (&[(far_apart, 20)], true),
            (&[(0, 20), (60_000, 60_020)], true),
            (&[(0, 20), (1000, 2400)], true),
            (&[(0, 20), (1000, 2600)], false),
            (&[(far_apart, 20), (far_apart + 1000, 5000)], false),
            // The burst after an outage of ten seconds: its end is fresh.
            (&[(0, 0), (1000, 11_000), (10_900, 11_000)], true),
            (&[(0, 0), (1000, 11_000), (9000, 11_000)], false),
        ];
        for (stamps, expected) in rows {
            assert_eq!(is_fresh(stamps), expected, "{stamps:?}");
        }
    }

    #[test]
    fn clocks_that_run_apart_slowly_age_nothing() {
        let a_day = (0..86_400_u64).map(|second| (second * 1000, second * 1000 + second / 2)).collect::<Vec<_>>();
        assert!(is_fresh(&a_day));
    }

    #[test]
    fn no_stamp_is_too_much_to_reckon_with() {
        for stamps in [[(0, 0), (u64::MAX, 1)], [(u64::MAX, 0), (0, 1)], [(u64::MAX, 0), (u64::MAX, 1)]] {
            is_fresh(&stamps);
        }
    }

    #[test]
    fn waiting_here_counts_too() {
        let now = Instant::now();
        let mut freshness = Freshness::new(now);
        assert_eq!(freshness.good_until(now), now + MOST_AGE);
        freshness.handle_stamp(now, 7);
        let later = now + Duration::from_millis(500);
        assert_eq!(freshness.good_until(later), now + MOST_AGE);
    }
}
