//! Paired links: coming back with a ticket, leaving, ending.

use crate::core::{Output, RelayCore};
use crate::limits;
use crate::state::{LinkId, Live, Session, State, Timer};
use proto::relay::{OfferEnd, Refusal, RelayToEnd, SessionId, Side, Ticket};
use rand::{CryptoRng, RngCore};
use std::time::Instant;

impl<R: RngCore + CryptoRng> RelayCore<R> {
    pub(crate) fn attach(&mut self, now: Instant, id: LinkId, ticket: &Ticket) {
        let certified = match self.state(id) {
            Some(State::Greeted { .. } | State::Agent { .. }) => None,
            Some(&State::Certified { operator, offer: None }) => Some(operator),
            _ => return self.unexpected(now, id),
        };
        let other_operator =
            certified.is_some_and(|operator| operator != ticket.operator_sha256 || ticket.side != Side::Console);
        if other_operator || self.config.cluster_key.verify(ticket, self.unix_s(now)).is_err() {
            return self.refuse(now, id, Refusal::BadTicket);
        }
        let (session, side) = (ticket.session, ticket.side);
        if !self.sessions.contains_key(&session) {
            // Another node, or this one before it was started again, paired them.
            if self.live_sessions >= self.config.sessions {
                return self.refuse(now, id, Refusal::Full);
            }
            let renew_at = now + limits::TICKET_RENEWAL;
            let operator = ticket.operator_sha256;
            let live = Live { console: None, agent: None, operator, attempt: None, renew_at, away_until: None };
            self.sessions.insert(session, Session::Live(live));
            self.live_sessions += 1;
            self.arm(renew_at, Timer::Session(session));
        }
        let Some(Session::Live(live)) = self.sessions.get_mut(&session) else {
            return self.refuse(now, id, Refusal::BadTicket);
        };
        if live.operator != ticket.operator_sha256 {
            return self.refuse(now, id, Refusal::BadTicket);
        }
        live.away_until = None;
        let older = live.place(side).replace(id);
        let other = live.other(side);
        self.set(id, State::Paired { session, side });
        if let Some(older) = older {
            if let Some(other) = other {
                self.push(Output::Unjoin(older, other));
            }
            // Its place is taken, so that forgetting it changes nothing about the session.
            self.close(now, older);
        }
        let fresh = self.ticket(now, session, side, ticket.operator_sha256);
        self.send(id, RelayToEnd::Attached { ticket: fresh, peer_present: other.is_some() });
        if let Some(other) = other {
            self.send(id, RelayToEnd::PeerPresence { present: true });
            self.send(other, RelayToEnd::PeerPresence { present: true });
            let (console, agent) = if side == Side::Console { (id, other) } else { (other, id) };
            self.push(Output::Join(console, agent));
        }
    }

    /// A paired link has ended without a word: the session waits for it.
    pub(crate) fn side_gone(&mut self, now: Instant, session: SessionId, side: Side, id: LinkId) {
        let Some(Session::Live(live)) = self.sessions.get_mut(&session) else { return };
        if *live.place(side) != Some(id) {
            return;
        }
        *live.place(side) = None;
        match live.other(side) {
            Some(other) => {
                self.push(Output::Unjoin(id, other));
                self.send(other, RelayToEnd::PeerPresence { present: false });
            }
            None => {
                let until = now + limits::SESSION_AWAY;
                live.away_until = Some(until);
                self.arm(until, Timer::Session(session));
            }
        }
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
                    self.send(other, RelayToEnd::PeerLeft);
                    self.set(other, State::Left { deadline: now + limits::HANDSHAKE });
                }
                self.close(now, id);
            }
            Some(&State::Certified { offer: Some(locator), .. }) => {
                self.end_offer(now, locator, Some(OfferEnd::Withdrawn));
            }
            Some(&State::Joining { locator, attempt, .. }) => {
                self.set(id, State::Agent { work: None, deadline: now + limits::UNPAIRED });
                self.attempt_gone(locator, attempt);
            }
            Some(State::Certified { .. } | State::Agent { .. } | State::NotFoundDue { .. } | State::Left { .. }) => {}
            Some(State::Fresh { .. } | State::Greeted { .. } | State::Proving { .. }) | None => {
                self.unexpected(now, id);
            }
        }
    }

    fn end_session(&mut self, now: Instant, session: SessionId) {
        let until = now + limits::TICKET;
        if let Some(Session::Live(_)) = self.sessions.insert(session, Session::Ended { until }) {
            self.live_sessions = self.live_sessions.saturating_sub(1);
        }
        self.arm(until, Timer::Session(session));
    }

    pub(crate) fn session_timeout(&mut self, now: Instant, session: SessionId) {
        match self.sessions.get_mut(&session) {
            Some(Session::Live(live)) => {
                if live.away_until.is_some_and(|until| until <= now) {
                    return self.end_session(now, session);
                }
                if live.renew_at > now {
                    return;
                }
                live.renew_at = now + limits::TICKET_RENEWAL;
                let (again, operator) = (live.renew_at, live.operator);
                let places = [(live.console, Side::Console), (live.agent, Side::Agent)];
                self.arm(again, Timer::Session(session));
                for (place, side) in places {
                    if let Some(id) = place {
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
