//! Places for handshakes: connections that are not yet links, few per source, bounded in all.

use relay_core::Source;
use relay_core::limits::UNCLAIMED_PER_SOURCE;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Handshakes in progress, each of some 20 kB.
const HANDSHAKES: usize = 1024;
/// Handshakes of all, or of one source, from which on an address must first prove that it can hear
/// us: forged senders then cost nothing and take no one's places.
const CROWDED: usize = 64;
const CROWDED_SOURCE: usize = UNCLAIMED_PER_SOURCE / 2;

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_source: HashMap<Source, usize>,
}

/// Counts handshakes; clones share the count.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places(Arc<Mutex<Taken>>);

/// One handshake's place, free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    source: Source,
}

impl Places {
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a handshake with this address, if there is one.
    pub(crate) fn take(&self, address: IpAddr) -> Option<Place> {
        let source = Source::from(address);
        let mut taken = self.lock();
        if taken.all >= HANDSHAKES {
            return None;
        }
        let of_source = taken.by_source.entry(source).or_default();
        if *of_source >= UNCLAIMED_PER_SOURCE {
            return None;
        }
        *of_source += 1;
        taken.all += 1;
        Some(Place { places: self.clone(), source })
    }

    /// Whether this address should prove that it can hear us before it is given a place.
    pub(crate) fn crowded(&self, address: IpAddr) -> bool {
        let taken = self.lock();
        let of_source = taken.by_source.get(&Source::from(address)).copied().unwrap_or(0);
        taken.all >= CROWDED || of_source >= CROWDED_SOURCE
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all = taken.all.saturating_sub(1);
        if let Some(of_source) = taken.by_source.get_mut(&self.source) {
            *of_source = of_source.saturating_sub(1);
            if *of_source == 0 {
                taken.by_source.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_source_cannot_take_every_place() {
        let places = Places::default();
        let greedy = IpAddr::from([192, 0, 2, 1]);
        let mut held: Vec<_> = (0..UNCLAIMED_PER_SOURCE).map(|_| places.take(greedy).unwrap()).collect();
        assert!(places.take(greedy).is_none());
        assert!(places.crowded(greedy));
        let other = IpAddr::from([192, 0, 2, 2]);
        assert!(!places.crowded(other));
        assert!(places.take(other).is_some());
        held.pop();
        assert!(places.take(greedy).is_some());
        drop(held);
        assert!(places.lock().by_source.is_empty());
        assert_eq!(places.lock().all, 0);
    }
}
