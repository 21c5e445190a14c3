//! Revocation lists: handing them out, and ending everything of an operator who was revoked.

use crate::core::{Output, RelayCore};
use crate::limits;
use crate::state::{LinkId, Live, Session};
use proto::relay::{Refusal, SessionId, Side, Ticket};
use rand::{CryptoRng, RngCore};
use std::collections::HashSet;
use std::time::Instant;

/// The newest revocation list of an organisation that the node goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct List {
    /// Its number, 0 if there is none.
    pub number: u64,
    /// Since when the node goes by it, in seconds since 1970, also before it was started again.
    pub since_s: u64,
}

impl<R: RngCore + CryptoRng> RelayCore<R> {
    /// From now on the node goes by a list of this number (0: by none) for an organisation, by its place in
    /// [`crate::Config::lists`]. Whom it revokes is told to [`RelayCore::handle_revoked`]. Gives
    /// [`List::since_s`], for [`crate::Config`] when the node is started again.
    pub fn handle_list(&mut self, now: Instant, organisation: usize, number: u64) -> u64 {
        let since_s = self.unix_s(now);
        if let Some(list) = self.config.lists.get_mut(organisation) {
            *list = List { number, since_s };
        }
        // Nobody knows whether the list names the operators of these; they can prove themselves.
        let unproven = |session: &Session| match session {
            Session::Live(Live { proven: false, console, .. }) => console.link(),
            Session::Live(_) | Session::Ended { .. } => None,
        };
        let mut consoles: Vec<LinkId> = self.sessions.values().filter_map(unproven).collect();
        consoles.sort_unstable();
        for console in consoles {
            self.close(now, console);
        }
        since_s
    }

    /// An operator (SHA-256 of the leaf certificate) was revoked: offers, links and sessions end.
    pub fn handle_revoked(&mut self, now: Instant, operator: [u8; 32]) {
        let is_his = |session: &Session| matches!(session, Session::Live(live) if live.operator == operator);
        let mut sessions: Vec<SessionId> =
            self.sessions.iter().filter(|(_, session)| is_his(session)).map(|(id, _)| *id).collect();
        sessions.sort_unstable_by_key(|session| session.0);
        for session in sessions {
            self.revoke_session(now, session);
        }
        let mut links: Vec<LinkId> =
            self.links.iter().filter(|(_, link)| link.is_of(&operator)).map(|(id, _)| *id).collect();
        links.sort_unstable();
        for link in links {
            self.refuse(now, link, Refusal::Revoked);
        }
    }

    /// The operators (SHA-256 of the leaf certificate) who have a link or a session here. Of others the
    /// program need remember nothing.
    #[must_use]
    pub fn operators(&self) -> HashSet<[u8; 32]> {
        let links = self.links.values().filter_map(|link| link.operator.map(|operator| operator.sha256));
        let sessions = self.sessions.values().filter_map(|session| match session {
            Session::Live(live) => Some(live.operator),
            Session::Ended { .. } => None,
        });
        links.chain(sessions).collect()
    }

    fn revoke_session(&mut self, now: Instant, session: SessionId) {
        let Some(Session::Live(live)) = self.sessions.get(&session) else { return };
        let (console, agent) = (live.console.link(), live.agent.link());
        self.end_session(now, session);
        if let (Some(console), Some(agent)) = (console, agent) {
            self.push(Output::Unjoin(console, agent));
        }
        if let Some(console) = console {
            self.refuse(now, console, Refusal::Revoked);
        }
        if let Some(agent) = agent {
            self.peer_left(now, agent);
        }
    }

    /// Whether a ticket lets its end attach on a link whose operator, if any, is proven to be the
    /// ticket's. A console's ticket says nothing about what happened to the operator since it was made:
    /// it holds by itself only in a session whose operator this node knows, or if it was made under
    /// the lists that hold now.
    pub(crate) fn is_current(&self, ticket: &Ticket, is_proven: bool) -> bool {
        let known = match self.sessions.get(&ticket.session) {
            Some(Session::Live(live)) => live.proven,
            // An ended one is refused for that.
            Some(Session::Ended { .. }) => true,
            None => false,
        };
        let made_s = ticket.expires_at_s.saturating_sub(limits::TICKET.as_secs());
        let since_s = self.config.lists.iter().map(|list| list.since_s).max().unwrap_or(0);
        ticket.side == Side::Agent || is_proven || known || made_s > since_s
    }

    pub(crate) fn fetch_revocations(&mut self, now: Instant, id: LinkId, from: u32) {
        let Some(operator) = self.operator(id) else { return self.unexpected(now, id) };
        self.push(Output::SendRevocations { link: id, organisation: operator.organisation, from });
    }

    /// The number of an organisation's list.
    pub(crate) fn list_number(&self, organisation: usize) -> u64 {
        self.config.lists.get(organisation).map_or(0, |list| list.number)
    }
}
