//! Places for handshakes (connections that are not yet links) and for downloads: few per source, bounded in all.

use relay_core::Source;
use relay_core::limits::UNCLAIMED_PER_SOURCE;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caps {
    pub(crate) all: usize,
    pub(crate) source: usize,
    pub(crate) site: usize,
}

/// Handshakes in progress, each of some 20 kB. A site is an IPv6 network of /48: it has 65,536 sources.
pub(crate) const HANDSHAKES: Caps = Caps { all: 1024, source: UNCLAIMED_PER_SOURCE, site: 128 };
/// Handshakes of all, or of one source, from which on an address must first prove that it can hear
/// us: forged senders then cost nothing and take no one's places.
const CROWDED: usize = 64;
const CROWDED_SOURCE: usize = UNCLAIMED_PER_SOURCE / 2;

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_source: HashMap<Source, usize>,
    by_site: HashMap<Source, usize>,
}

/// Takes one away, and what is none.
fn release(counts: &mut HashMap<Source, usize>, of: Source) {
    if let Some(count) = counts.get_mut(&of) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(&of);
        }
    }
}

/// Counts them; clones share the count.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    caps: Caps,
    taken: Arc<Mutex<Taken>>,
}

/// One place, free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    source: Source,
}

impl Places {
    /// So many.
    pub(crate) fn of(caps: Caps) -> Self {
        Self { caps, taken: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for this address, if there is one.
    pub(crate) fn take(&self, address: IpAddr) -> Option<Place> {
        let source = Source::from(address);
        let mut taken = self.lock();
        if taken.all >= self.caps.all {
            return None;
        }
        let count = |counts: &HashMap<Source, usize>, of| counts.get(&of).copied().unwrap_or(0);
        if count(&taken.by_source, source) >= self.caps.source || count(&taken.by_site, source.site()) >= self.caps.site
        {
            return None;
        }
        *taken.by_source.entry(source).or_default() += 1;
        *taken.by_site.entry(source.site()).or_default() += 1;
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
        release(&mut taken.by_source, self.source);
        release(&mut taken.by_site, self.source.site());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_source_cannot_take_every_place() {
        let places = Places::of(HANDSHAKES);
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

    #[test]
    fn one_site_of_many_sources_cannot_take_every_place() {
        let places = Places::of(HANDSHAKES);
        let network = |number: u16| IpAddr::from([0x2001, 0xdb8, 1, number, 0, 0, 0, 1]);
        let held: Vec<_> = (0..1000).filter_map(|number| places.take(network(number))).collect();
        assert_eq!(held.len(), HANDSHAKES.site);
        assert!(places.take(IpAddr::from([0x2001, 0xdb8, 2, 0, 0, 0, 0, 1])).is_some());
        drop(held);
        assert!(places.lock().by_site.is_empty());
    }
}
