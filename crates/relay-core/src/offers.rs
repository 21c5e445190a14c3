//! Offers counted per operator, so that no certificate can use the locators up.

use crate::limits::{OFFER_WINDOW, OFFERS_IN_WINDOW};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// After so long one more offer is free.
const EACH: Duration = Duration::from_secs(OFFER_WINDOW.as_secs() / OFFERS_IN_WINDOW as u64);

/// A leaky bucket per operator, kept as the moment at which it has leaked empty.
///
/// An operator is in here for [`OFFER_WINDOW`] after his last offer at most, and so long that
/// offer's locator is in use or rests: never more operators than locators, but for the last sweep.
#[derive(Debug, Default)]
pub(crate) struct Offers {
    empty_at: HashMap<[u8; 32], Instant>,
}

impl Offers {
    /// Whether the operator (SHA-256 of the certificate) may offer now.
    pub(crate) fn allowed(&self, now: Instant, operator: &[u8; 32]) -> bool {
        self.empty_at.get(operator).is_none_or(|empty_at| *empty_at + EACH <= now + OFFER_WINDOW)
    }

    /// Counts an offer that was let through.
    pub(crate) fn count(&mut self, now: Instant, operator: [u8; 32]) {
        let empty_at = self.empty_at.entry(operator).or_insert(now);
        *empty_at = now.max(*empty_at) + EACH;
    }

    /// Forgets operators who may offer as much as if they never had.
    pub(crate) fn sweep(&mut self, now: Instant) {
        self.empty_at.retain(|_, empty_at| *empty_at > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::locator::LOCATOR_COUNT;

    fn offers(offers: &mut Offers, now: Instant, operator: [u8; 32]) -> u32 {
        let mut count = 0;
        while offers.allowed(now, &operator) {
            offers.count(now, operator);
            count += 1;
        }
        count
    }

    #[test]
    fn so_many_offers_at_once_and_then_one_after_the_other() {
        let (mut all, start) = (Offers::default(), Instant::now());
        assert_eq!(offers(&mut all, start, [1; 32]), OFFERS_IN_WINDOW);
        assert_eq!(offers(&mut all, start, [2; 32]), OFFERS_IN_WINDOW, "another operator's own");
        let rows =
            [(EACH - Duration::from_nanos(1), 0), (EACH, 1), (EACH * 4, 3), (OFFER_WINDOW * 3, OFFERS_IN_WINDOW)];
        for (after, more) in rows {
            assert_eq!(offers(&mut all, start + after, [1; 32]), more, "{after:?}");
        }
    }

    #[test]
    fn who_may_offer_as_before_is_forgotten_and_nobody_else() {
        let (mut all, start) = (Offers::default(), Instant::now());
        for operator in 0..100 {
            offers(&mut all, start, [operator; 32]);
        }
        all.count(start, [200; 32]);
        all.sweep(start + EACH);
        assert_eq!(all.empty_at.len(), 100);
        all.sweep(start + OFFER_WINDOW - Duration::from_nanos(1));
        assert_eq!(all.empty_at.len(), 100);
        all.sweep(start + OFFER_WINDOW);
        assert_eq!(all.empty_at.len(), 0);
    }

    #[test]
    fn an_operator_is_forgotten_before_his_locators_are_free_again() {
        assert!(OFFER_WINDOW <= crate::limits::QUARANTINE);
        // One certificate gets a window's worth at once and the same again while those rest.
        assert!(2 * OFFERS_IN_WINDOW < u32::from(LOCATOR_COUNT) / 100);
    }
}
