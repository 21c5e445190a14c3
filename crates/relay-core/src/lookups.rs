//! Lookups: who waits under a locator, for the portal's page; and what lookups have in common with joins.

use crate::core::{OperatorProof, RelayCore};
use crate::demands::RANDOM_BYTES;
use crate::joins::work_holds;
use crate::limits;
use crate::source::Source;
use crate::state::{Demand, Slot};
use proto::Locator;
use proto::relay::Work;
use rand::{CryptoRng, RngCore};
use std::time::Instant;

/// What a lookup comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// This operator waits there.
    Found(OperatorProof),
    /// Nobody does, or nobody any more.
    NotFound {
        /// To be said at this moment, not sooner.
        answer_at: Instant,
    },
    /// Too many were wrong; to be asked again with work done.
    NeedWork {
        /// Leading zero bits.
        bits: u8,
        /// To work on; good for one lookup by the same source.
        seed: [u8; 32],
    },
}

impl<R: RngCore + CryptoRng> RelayCore<R> {
    /// Looks a locator up for someone who has no link. It costs its source what a join costs and changes
    /// nothing else: no slot is taken, no console hears of it.
    pub fn lookup(&mut self, now: Instant, source: Source, locator: Locator, work: Option<Work>) -> Lookup {
        let demand = work.and_then(|work| self.demands.open(now, source, &work.seed));
        match self.admit(now, source, demand, work) {
            Err(bits) => {
                let random: [u8; RANDOM_BYTES] = self.random();
                return Lookup::NeedWork { bits, seed: self.demands.seed(now, source, bits, random) };
            }
            Ok(()) => {
                if let Some(work) = work.filter(|_| demand.is_some()) {
                    self.demands.spend(now, &work.seed);
                }
            }
        }
        match self.seek(now, locator) {
            Some(slot) => Lookup::Found(slot.operator),
            None => Lookup::NotFound { answer_at: now + limits::NOT_FOUND_DELAY },
        }
    }

    /// Counts one more join or lookup of this source and lets it through, or says what work it costs.
    pub(crate) fn admit(
        &mut self,
        now: Instant,
        source: Source,
        demand: Option<Demand>,
        work: Option<Work>,
    ) -> Result<(), u8> {
        let bits = self.joins.bits(now, source);
        let solved = match (demand, work) {
            (Some(demand), Some(work)) => work.seed == demand.seed && work_holds(&work, demand.bits),
            _ => false,
        };
        if bits > 0 && !solved {
            return Err(bits);
        }
        self.joins.count(now, source);
        Ok(())
    }

    /// The slot of a locator; counts if there is none.
    pub(crate) fn seek(&mut self, now: Instant, locator: Locator) -> Option<&Slot> {
        if !self.slots.contains_key(&locator) {
            self.joins.missed(now);
        }
        self.slots.get(&locator)
    }
}
