//! Paired links: coming back with a ticket, leaving, ending.

use crate::core::OperatorProof;
use crate::core::{Output, RelayCore};
use crate::limits;
use crate::state::{LinkId, Live, Offering, Place, Session, State, Timer};
use proto::relay::{OfferEnd, Refusal, RelayToEnd, SessionId, Side, Ticket};
use rand::{CryptoRng, RngCore};
use std::time::Instant;

impl<R: RngCore + CryptoRng> RelayCore<R> {
    pub(crate) fn attach(&mut self, now: Instant, id: LinkId, ticket: &Ticket) {
        let certified = match self.state(id) {
            Some(State::Greeted { .. } | State::Agent { .. }) => None,
            Some(&State::Certified { offer: Offering::Not }) => self.operator(id),
            _ => return self.unexpected(now, id),
        };
        let other_operator = certified.is_some_and(|OperatorProof { sha256, .. }| {
            sha256 != ticket.operator_sha256 || ticket.side != Side::Console
        });
        if other_operator
            || self.config.cluster_key.verify(ticket, self.unix_s(now)).is_err()
            || !self.is_current(ticket, certified.is_some())
        {
            return self.refuse(now, id, Refusal::BadTicket);
        }
        let (session, side) = (ticket.session, ticket.side);
        if !self.sessions.contains_key(&session) {
            // Another node, or this one before it was started again, paired them.
            if self.live_sessions >= self.config.sessions {
                return self.refuse(now, id, Refusal::Full);
            }
            let operator = ticket.operator_sha256;
            if self.sessions_of(operator) + self.offers_of(operator) >= limits::SESSIONS_PER_OPERATOR {
                return self.refuse(now, id, Refusal::TooMany);
            }
            let (renew_at, until) = (now + limits::TICKET_RENEWAL, now + limits::SESSION_AWAY);
            let away = Place::Away { until };
            let live =
                Live { console: away, agent: away, operator, proven: false, attempt: None, renew_at, met: false };
            self.sessions.insert(session, Session::Live(live));
            self.live_sessions += 1;
            self.arm(renew_at, Timer::Session(session));
            self.arm(until, Timer::Session(session));
        }
        let Some(Session::Live(live)) = self.sessions.get_mut(&session) else {
            return self.refuse(now, id, Refusal::BadTicket);
        };
        if live.operator != ticket.operator_sha256 {
            return self.refuse(now, id, Refusal::BadTicket);
        }
        live.proven |= certified.is_some();
        let older = std::mem::replace(live.place(side), Place::Here(id)).link();
        let other = live.other(side);
        let met_before = live.met;
        live.met |= other.is_some();
        let met = live.met;
        self.set(id, State::Paired { session, side });
        if let Some(older) = older {
            if let Some(other) = other {
                self.push(Output::Unjoin(older, other));
            }
            // Its place is taken, so that forgetting it changes nothing about the session.
            self.close(now, older);
        }
        // Renewed for one end alone, the ticket of a session that has ended would hold for ever.
        let given = if met { self.ticket(now, session, side, ticket.operator_sha256) } else { ticket.clone() };
        self.send(id, RelayToEnd::Attached { ticket: given, peer_present: other.is_some() });
        if let Some(other) = other {
            let (console, agent, other_side) = match side {
                Side::Console => (id, other, Side::Agent),
                Side::Agent => (other, id, Side::Console),
            };
            if !met_before {
                let ticket = self.ticket(now, session, other_side, ticket.operator_sha256);
                self.send(other, RelayToEnd::TicketRenewed { ticket });
            }
            self.send(id, RelayToEnd::PeerPresence { present: true });
            self.send(other, RelayToEnd::PeerPresence { present: true });
            self.push(Output::Join(console, agent));
        }
    }

    /// A paired link has ended without a word: the session waits for it.
    pub(crate) fn side_gone(&mut self, now: Instant, session: SessionId, side: Side, id: LinkId) {
        let Some(Session::Live(live)) = self.sessions.get_mut(&session) else { return };
        if live.place(side).link() != Some(id) {
            return;
        }
        let until = now + limits::SESSION_AWAY;
        *live.place(side) = Place::Away { until };
        let other = live.other(side);
        self.arm(until, Timer::Session(session));
        if let Some(other) = other {
            self.push(Output::Unjoin(id, other));
            self.send(other, RelayToEnd::PeerPresence { present: false });
        }
    }

    /// Live sessions of an operator.
    pub(crate) fn sessions_of(&self, operator: [u8; 32]) -> usize {
        let is_his = |session: &&Session| matches!(session, Session::Live(live) if live.operator == operator);
        self.sessions.values().filter(is_his).count()
    }

    /// Tells an end that the session is over.
    pub(crate) fn peer_left(&mut self, now: Instant, id: LinkId) {
        self.send(id, RelayToEnd::PeerLeft);
        self.set(id, State::Left { deadline: now + limits::HANDSHAKE });
    }

    pub(crate) fn leave(&mut self, now: Instant, id: LinkId) {
        match self.state(id) {
            Some(&State::Paired { session, side }) => {
                let other = match self.sessions.get(&session) {
                    Some(Session::Live(live)) => live.other(side),
                    Some(Session::Ended { .. }) | None => None,
                };
                self.end_session(now, session);
                if let Some(other) = other {
                    self.push(Output::Unjoin(id, other));
                    self.peer_left(now, other);
                }
                self.close(now, id);
            }
            Some(&State::Certified { offer: Offering::At(locator) }) => {
                self.end_offer(now, locator, Some(OfferEnd::Withdrawn));
            }
            Some(State::Certified { offer: Offering::Asked }) => {
                self.set(id, State::Certified { offer: Offering::Not })
            }
            Some(&State::Joining { locator, attempt, .. }) => {
                self.set_agent(now, id, None);
                self.attempt_gone(locator, attempt);
            }
            Some(State::Certified { .. } | State::Agent { .. } | State::NotFoundDue { .. } | State::Left { .. }) => {}
            Some(State::Fresh { .. } | State::Greeted { .. } | State::Proving { .. }) | None => {
                self.unexpected(now, id);
            }
        }
    }

    pub(crate) fn end_session(&mut self, now: Instant, session: SessionId) {
        let until = now + limits::TICKET;
        if let Some(Session::Live(_)) = self.sessions.insert(session, Session::Ended { until }) {
            self.live_sessions = self.live_sessions.saturating_sub(1);
        }
        self.arm(until, Timer::Session(session));
    }

    pub(crate) fn session_timeout(&mut self, now: Instant, session: SessionId) {
        match self.sessions.get_mut(&session) {
            Some(Session::Live(live)) => {
                if live.is_over(now) {
                    let left = live.console.link().or(live.agent.link());
                    self.end_session(now, session);
                    if let Some(left) = left {
                        self.peer_left(now, left);
                    }
                    return;
                }
                if live.renew_at > now {
                    return;
                }
                live.renew_at = now + limits::TICKET_RENEWAL;
                let (again, operator) = (live.renew_at, live.operator);
                let places = [(live.console, Side::Console), (live.agent, Side::Agent)];
                self.arm(again, Timer::Session(session));
                for (place, side) in places {
                    if let Some(id) = place.link() {
                        let ticket = self.ticket(now, session, side, operator);
                        self.send(id, RelayToEnd::TicketRenewed { ticket });
                    }
                }
            }
            Some(Session::Ended { until }) if *until <= now => drop(self.sessions.remove(&session)),
            Some(Session::Ended { .. }) | None => {}
        }
    }
}
