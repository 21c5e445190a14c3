//! Tickets: what lets an end attach again at any node of the cluster with nothing stored.

use proto::relay::{SessionId, Side, Ticket, ticket_statement};
use ring::hmac;

/// Why a ticket does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// Not made under this cluster's key, or altered.
    #[error("the ticket is not one of ours")]
    Foreign,
    /// Its time is over.
    #[error("the ticket has ended")]
    Expired,
}

/// The key that all nodes of a relay share (HMAC-SHA256, RFC 2104).
#[derive(Clone)]
pub struct ClusterKey(hmac::Key);

impl ClusterKey {
    /// The key from 32 secret bytes.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// Makes a ticket.
    #[must_use]
    pub fn issue(&self, session: SessionId, side: Side, operator_sha256: [u8; 32], expires_at_s: u64) -> Ticket {
        let mut ticket = Ticket { session, side, operator_sha256, expires_at_s, mac: [0; 32] };
        let mac = hmac::sign(&self.0, &ticket_statement(&ticket));
        for (to, from) in ticket.mac.iter_mut().zip(mac.as_ref()) {
            *to = *from;
        }
        ticket
    }

    /// Whether a ticket holds at `now_s` (seconds since 1970).
    ///
    /// # Errors
    /// [`TicketError`].
    pub fn verify(&self, ticket: &Ticket, now_s: u64) -> Result<(), TicketError> {
        hmac::verify(&self.0, &ticket_statement(ticket), &ticket.mac).map_err(|_| TicketError::Foreign)?;
        if ticket.expires_at_s <= now_s { Err(TicketError::Expired) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issued() -> (ClusterKey, Ticket) {
        let key = ClusterKey::new(&[1; 32]);
        let ticket = key.issue(SessionId([2; 16]), Side::Agent, [3; 32], 1000);
        (key, ticket)
    }

    #[test]
    fn a_ticket_holds_until_it_ends() {
        let (key, ticket) = issued();
        assert_eq!(key.verify(&ticket, 999), Ok(()));
        assert_eq!(key.verify(&ticket, 1000), Err(TicketError::Expired));
    }

    #[test]
    fn a_foreign_or_altered_ticket_does_not_hold() {
        let (key, ticket) = issued();
        let alterations: [fn(&mut Ticket); 5] = [
            |ticket| ticket.session.0[0] ^= 1,
            |ticket| ticket.side = Side::Console,
            |ticket| ticket.operator_sha256[31] ^= 1,
            |ticket| ticket.expires_at_s += 1,
            |ticket| ticket.mac[5] ^= 1,
        ];
        for alter in alterations {
            let mut altered = ticket.clone();
            alter(&mut altered);
            assert_eq!(key.verify(&altered, 0), Err(TicketError::Foreign));
        }
        assert_eq!(ClusterKey::new(&[9; 32]).verify(&ticket, 0), Err(TicketError::Foreign));
    }
}
