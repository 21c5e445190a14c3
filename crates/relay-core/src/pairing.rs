//! From an offer to a pair: locators, joins, opaque pairing messages, the claim.

use crate::core::{OperatorProof, Output, RelayCore};
use crate::limits;
use crate::state::{Attempt, Demand, LinkId, Live, Offering, Place, Session, Slot, State, Timer};
use proto::Locator;
use proto::limits::ATTEMPTS_IN_PARALLEL;
use proto::locator::LOCATOR_COUNT;
use proto::relay::{AttemptId, OfferEnd, OfferId, OpaqueBytes, Refusal, RelayToEnd, SessionId, Side, Work};
use rand::{CryptoRng, Rng, RngCore};
use std::collections::BTreeMap;
use std::time::Instant;

impl<R: RngCore + CryptoRng> RelayCore<R> {
    pub(crate) fn offer(&mut self, now: Instant, id: LinkId) {
        let Some(&State::Certified { offer }) = self.state(id) else { return self.unexpected(now, id) };
        let Some(operator) = self.operator(id) else { return self.unexpected(now, id) };
        match offer {
            Offering::Not => {}
            Offering::Asked => return,
            Offering::At(earlier) => self.end_offer(now, earlier, Some(OfferEnd::Withdrawn)),
        }
        // Before the check, which costs more.
        if !self.may_offer(now, &operator) {
            return self.refuse(now, id, Refusal::TooMany);
        }
        self.set(id, State::Certified { offer: Offering::Asked });
        self.push(Output::CheckOperator { link: id, operator: operator.sha256 });
    }

    /// The program has looked whether the operator may still work, as [`Output::CheckOperator`] asked.
    pub fn handle_checked(&mut self, now: Instant, id: LinkId, check: Result<(), Refusal>) {
        let Some(State::Certified { offer: Offering::Asked }) = self.state(id) else { return };
        let Some(operator) = self.operator(id) else { return };
        if let Err(refusal) = check {
            return self.refuse(now, id, refusal);
        }
        if !self.may_offer(now, &operator) {
            return self.refuse(now, id, Refusal::TooMany);
        }
        let free = self.live_sessions < self.config.sessions;
        let Some(locator) = self.free_locator().filter(|_| free) else { return self.refuse(now, id, Refusal::Full) };
        self.offers.count(now, operator.sha256);
        let number = OfferId(self.random());
        let expires_at = now + limits::OFFER;
        let slot =
            Slot { offer: number, console: id, operator, expires_at, attempts: BTreeMap::new(), last_attempt: 0 };
        self.slots.insert(locator, slot);
        self.arm(expires_at, Timer::Slot(locator));
        self.set(id, State::Certified { offer: Offering::At(locator) });
        let expires_in_s = u32::try_from(limits::OFFER.as_secs()).unwrap_or(u32::MAX);
        self.send(id, RelayToEnd::Offered { offer: number, locator, expires_in_s });
    }

    fn may_offer(&self, now: Instant, operator: &OperatorProof) -> bool {
        let pending = self.offers_of(operator.sha256);
        pending < limits::OFFERS_PER_OPERATOR
            && pending + self.sessions_of(operator.sha256) < limits::SESSIONS_PER_OPERATOR
            && self.offers.allowed(now, &operator.sha256)
    }

    /// Who has proven himself on a link.
    pub(crate) fn operator(&self, id: LinkId) -> Option<OperatorProof> {
        self.links.get(&id)?.operator
    }

    /// Offers of an operator that wait for an agent.
    pub(crate) fn offers_of(&self, operator: [u8; 32]) -> usize {
        self.slots.values().filter(|slot| slot.operator.sha256 == operator).count()
    }

    /// A random locator that is neither in use nor resting; from a random start on, so that a
    /// nearly full space is searched once at most.
    fn free_locator(&mut self) -> Option<Locator> {
        let start = self.rng.gen_range(0..LOCATOR_COUNT);
        (0..LOCATOR_COUNT)
            .filter_map(|step| Locator::from_number((start + step) % LOCATOR_COUNT))
            .find(|locator| !self.slots.contains_key(locator) && !self.quarantine.contains_key(locator))
    }

    pub(crate) fn join(&mut self, now: Instant, id: LinkId, locator: Locator, p1: OpaqueBytes, work: Option<Work>) {
        let demand = match self.state(id) {
            Some(State::Greeted { .. }) => None,
            Some(State::Agent { work, .. }) => *work,
            _ => return self.unexpected(now, id),
        };
        let Some(source) = self.links.get(&id).map(|link| link.source) else { return };
        if let Err(bits) = self.admit(now, source, demand, work) {
            let seed = self.random();
            self.set_agent(now, id, Some(Demand { bits, seed }));
            return self.send(id, RelayToEnd::NeedWork { bits, seed });
        }
        let Some(slot) = self.seek(now, locator) else { return self.not_found(now, id) };
        if slot.attempts.len() >= ATTEMPTS_IN_PARALLEL {
            match slot.stalled(now) {
                Some(attempt) => self.give_way(now, locator, attempt),
                None => {
                    self.set_agent(now, id, None);
                    return self.send(id, RelayToEnd::Busy);
                }
            }
        }
        let Some(slot) = self.slots.get_mut(&locator) else { return };
        slot.last_attempt = slot.last_attempt.saturating_add(1);
        let attempt = AttemptId(slot.last_attempt);
        let joining = Attempt { agent: id, joined_at: now, confirmation_due: None, confirmed: false };
        slot.attempts.insert(attempt, joining);
        let (offer, console, organisation) = (slot.offer, slot.console, slot.operator.organisation);
        self.set(id, State::Joining { locator, attempt, deadline: self.unpaired_deadline(now, id) });
        self.send(id, RelayToEnd::Joined { offer, attempt, crl_number: self.list_number(organisation) });
        self.send(console, RelayToEnd::PeerJoined { attempt, p1 });
    }

    fn not_found(&mut self, now: Instant, id: LinkId) {
        self.set(id, State::NotFoundDue { deadline: now + limits::NOT_FOUND_DELAY });
    }

    /// An attempt that has not confirmed makes place for another agent.
    fn give_way(&mut self, now: Instant, locator: Locator, attempt: AttemptId) {
        if let Some((console, agent)) = self.take_attempt(locator, attempt) {
            self.set_agent(now, agent, None);
            self.send(agent, RelayToEnd::Busy);
            self.send(console, RelayToEnd::PeerGone { attempt });
        }
    }

    fn take_attempt(&mut self, locator: Locator, attempt: AttemptId) -> Option<(LinkId, LinkId)> {
        let slot = self.slots.get_mut(&locator)?;
        let taken = slot.attempts.remove(&attempt)?;
        Some((slot.console, taken.agent))
    }

    /// The agent's link is gone or was given something else to do.
    pub(crate) fn attempt_gone(&mut self, locator: Locator, attempt: AttemptId) {
        if let Some((console, _)) = self.take_attempt(locator, attempt) {
            self.send(console, RelayToEnd::PeerGone { attempt });
        }
    }

    /// The slot of a console's offer. `None` also when the offer ended while a message about it was
    /// on its way, which is nobody's fault.
    fn offered_by(&mut self, id: LinkId) -> Option<(Locator, &mut Slot)> {
        let Some(&State::Certified { offer: Offering::At(locator) }) = self.state(id) else { return None };
        self.slots.get_mut(&locator).map(|slot| (locator, slot))
    }

    fn is_console(&self, id: LinkId) -> bool {
        matches!(self.state(id), Some(State::Certified { .. } | State::Paired { side: Side::Console, .. }))
            || matches!(self.state(id), Some(State::Left { .. }))
    }

    pub(crate) fn p2(&mut self, now: Instant, id: LinkId, attempt: AttemptId, body: OpaqueBytes) {
        if !self.is_console(id) {
            return self.unexpected(now, id);
        }
        let Some((locator, slot)) = self.offered_by(id) else { return };
        let Some(joined) = slot.attempts.get_mut(&attempt) else { return };
        let agent = joined.agent;
        if joined.confirmation_due.is_none() {
            let due = now + limits::CONFIRMATION_DUE;
            joined.confirmation_due = Some(due);
            self.arm(due, Timer::Confirmation(locator, attempt));
        }
        self.send(agent, RelayToEnd::P2 { body });
    }

    pub(crate) fn p3(&mut self, now: Instant, id: LinkId, body: OpaqueBytes) {
        let (console, attempt) = match self.state(id) {
            Some(&State::Joining { locator, attempt, .. }) => {
                let Some(slot) = self.slots.get_mut(&locator) else { return };
                let Some(joined) = slot.attempts.get_mut(&attempt) else { return };
                if joined.confirmation_due.is_none() {
                    // A confirmation of a message that was never sent.
                    return self.unexpected(now, id);
                }
                if std::mem::replace(&mut joined.confirmed, true) {
                    // One answers the console's question; more would only fill its queue.
                    return;
                }
                (slot.console, attempt)
            }
            // Refused in the meantime, or said again.
            Some(
                State::Agent { .. }
                | State::NotFoundDue { .. }
                | State::Paired { side: Side::Agent, .. }
                | State::Left { .. },
            ) => return,
            _ => return self.unexpected(now, id),
        };
        self.send(console, RelayToEnd::P3 { attempt, body });
    }

    pub(crate) fn claim(&mut self, now: Instant, id: LinkId, attempt: AttemptId) {
        if !self.is_console(id) {
            return self.unexpected(now, id);
        }
        let Some((locator, slot)) = self.offered_by(id) else { return self.send(id, RelayToEnd::ClaimFailed) };
        let Some(agent) = slot.attempts.get(&attempt).filter(|joined| joined.confirmed).map(|joined| joined.agent)
        else {
            return self.send(id, RelayToEnd::ClaimFailed);
        };
        slot.attempts.remove(&attempt);
        let operator = slot.operator.sha256;
        let session = SessionId(self.random());
        let renew_at = now + limits::TICKET_RENEWAL;
        let live = Live {
            console: Place::Here(id),
            agent: Place::Here(agent),
            operator,
            proven: true,
            attempt: Some(attempt),
            renew_at,
            met: true,
        };
        self.sessions.insert(session, Session::Live(live));
        self.live_sessions += 1;
        self.arm(renew_at, Timer::Session(session));
        self.end_offer(now, locator, None);
        for (link, side) in [(id, Side::Console), (agent, Side::Agent)] {
            self.set(link, State::Paired { session, side });
            let ticket = self.ticket(now, session, side, operator);
            self.send(link, RelayToEnd::Paired { session, ticket });
        }
        self.push(Output::Join(id, agent));
    }

    pub(crate) fn p4(&mut self, now: Instant, id: LinkId, attempt: AttemptId, body: OpaqueBytes) {
        match self.state(id) {
            Some(&State::Paired { session, side: Side::Console }) => {
                let Some(Session::Live(live)) = self.sessions.get_mut(&session) else { return };
                if live.attempt.take_if(|known| *known == attempt).is_some()
                    && let Some(agent) = live.agent.link()
                {
                    self.send(agent, RelayToEnd::P4 { body });
                }
            }
            // Sent together with a claim that failed.
            Some(State::Certified { .. } | State::Left { .. }) => {}
            _ => self.unexpected(now, id),
        }
    }

    pub(crate) fn p4_fail(&mut self, now: Instant, id: LinkId, attempt: AttemptId, tries_left: u8) {
        if !self.is_console(id) {
            return self.unexpected(now, id);
        }
        let Some((locator, _)) = self.offered_by(id) else { return };
        if let Some((_, agent)) = self.take_attempt(locator, attempt) {
            self.set_agent(now, agent, None);
            self.send(agent, RelayToEnd::P4Fail { tries_left });
        }
        if tries_left == 0 {
            self.end_offer(now, locator, Some(OfferEnd::Burned));
        }
    }

    /// Ends an offer: its locator rests, and whoever still tries it gets the same answer, after the
    /// same delay, as for a key that never was. `tell` is what its console hears, if it is there.
    pub(crate) fn end_offer(&mut self, now: Instant, locator: Locator, tell: Option<OfferEnd>) {
        let Some(slot) = self.slots.remove(&locator) else { return };
        self.disarm(slot.expires_at, Timer::Slot(locator));
        let until = now + limits::QUARANTINE;
        self.quarantine.insert(locator, until);
        self.arm(until, Timer::Quarantine(locator));
        for joined in slot.attempts.values() {
            self.not_found(now, joined.agent);
        }
        if let Some(State::Certified { .. }) = self.state(slot.console) {
            self.set(slot.console, State::Certified { offer: Offering::Not });
        }
        if let Some(end) = tell {
            self.send(slot.console, RelayToEnd::OfferEnded { end });
        }
    }

    pub(crate) fn slot_timeout(&mut self, now: Instant, locator: Locator) {
        if self.slots.get(&locator).is_some_and(|slot| slot.expires_at <= now) {
            self.end_offer(now, locator, Some(OfferEnd::Expired));
        }
    }

    pub(crate) fn confirmation_timeout(&mut self, now: Instant, locator: Locator, attempt: AttemptId) {
        let joined = self.slots.get(&locator).and_then(|slot| slot.attempts.get(&attempt));
        let late =
            joined.is_some_and(|joined| !joined.confirmed && joined.confirmation_due.is_some_and(|due| due <= now));
        if late && let Some(agent) = joined.map(|joined| joined.agent) {
            self.refuse(now, agent, Refusal::TimedOut);
        }
    }
}

impl Slot {
    /// The oldest attempt that has had its second and not confirmed.
    fn stalled(&self, now: Instant) -> Option<AttemptId> {
        self.attempts
            .iter()
            .find(|(_, joined)| {
                !joined.confirmed && now.saturating_duration_since(joined.joined_at) >= limits::GIVE_WAY
            })
            .map(|(attempt, _)| *attempt)
    }
}
