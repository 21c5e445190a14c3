//! The console's end of the pairing: several attempts at one key, three wrong ones burn it.

use crate::paired::{Paired, PeerCertificate};
use crate::pake::Exchange;
use crate::schedule::{Keys, Transcript, commitment};
use crate::{PAKE_VERSION, PairingError, Secret};
use proto::limits::{ATTEMPTS_IN_PARALLEL, KEY_TRIES};
use proto::pairing::{P1, P2, P3, P4};
use proto::relay::{AttemptId, OfferId};
use proto::{Locator, PROTOCOL_VERSION};
use rand::{CryptoRng, RngCore};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long after P2 an attempt may take to send P3.
pub const P3_DUE_AFTER: Duration = Duration::from_secs(3);
/// How old an attempt must be to give way to a new one when all places are taken.
pub const GIVES_WAY_AFTER: Duration = Duration::from_secs(1);

/// What a P3 means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum P3Outcome {
    /// The agent knows the key: claim the attempt at the relay, then [`ConsolePairing::finish`].
    Right,
    /// It does not. With no tries left the key is burned.
    Wrong {
        /// Tries that the key has left.
        tries_left: u8,
    },
    /// No such attempt is open (any more). The same answer for right and wrong, so that a burned
    /// or claimed key answers no guess.
    Unknown,
}

/// One session key at the console, from the offer until it is used or burned.
pub struct ConsolePairing {
    secret: Secret,
    locator: Locator,
    offer: OfferId,
    relay_name: String,
    certificate: Vec<u8>,
    state: State,
}

enum State {
    Open { tries_left: u8, attempts: BTreeMap<AttemptId, Attempt> },
    Confirmed { id: AttemptId, attempt: Attempt, tries_left: u8 },
    Burned,
}

struct Attempt {
    since: Instant,
    keys: Keys,
    opening: [u8; 32],
    agent_certificate_sha256: [u8; 32],
}

impl ConsolePairing {
    /// Begins when the relay has answered the offer; `leaf_certificate` is the operator's (DER).
    #[must_use]
    pub fn new(secret: Secret, locator: Locator, offer: OfferId, relay_name: &str, leaf_certificate: &[u8]) -> Self {
        Self {
            secret,
            locator,
            offer,
            relay_name: relay_name.to_owned(),
            certificate: leaf_certificate.to_vec(),
            state: State::Open { tries_left: KEY_TRIES, attempts: BTreeMap::new() },
        }
    }

    /// Tries that the key has left; 0 once burned.
    #[must_use]
    pub fn tries_left(&self) -> u8 {
        match &self.state {
            State::Open { tries_left, .. } | State::Confirmed { tries_left, .. } => *tries_left,
            State::Burned => 0,
        }
    }

    /// Takes P1 of a new attempt; returns P2, encoded. When all places are taken, the oldest
    /// attempt gives way if it has had [`GIVES_WAY_AFTER`].
    ///
    /// # Errors
    /// [`PairingError`]; the attempt was not opened and costs no try.
    pub fn handle_joined(
        &mut self,
        now: Instant,
        attempt: AttemptId,
        p1_bytes: &[u8],
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Vec<u8>, PairingError> {
        let State::Open { attempts, .. } = &mut self.state else { return Err(PairingError::Closed) };
        if attempts.contains_key(&attempt) {
            return Err(PairingError::Closed);
        }
        let p1: P1 = proto::decode(p1_bytes)?;
        if p1.version != PROTOCOL_VERSION || p1.pake_version != PAKE_VERSION {
            return Err(PairingError::OtherVersion { version: p1.version, pake_version: p1.pake_version });
        }
        let gives_way = if attempts.len() < ATTEMPTS_IN_PARALLEL {
            None
        } else {
            Some(oldest_to_give_way(attempts, now).ok_or(PairingError::Busy)?)
        };

        let mut opening = [0; 32];
        rng.fill_bytes(&mut opening);
        let exchange = Exchange::console(&self.secret, self.locator, &self.relay_name, rng);
        let p2 = proto::encode(&P2 {
            pake: exchange.element()?,
            certificate_commitment: commitment(&self.certificate, &opening),
        })?;
        let pake = exchange.finish(&p1.pake)?;
        let transcript = Transcript {
            offer: self.offer,
            attempt,
            locator: self.locator,
            relay_name: &self.relay_name,
            p1: p1_bytes,
            p2: &p2,
        };
        let keys = Keys::derive(&pake, &transcript)?;

        if let Some(oldest) = gives_way {
            attempts.remove(&oldest);
        }
        let agent_certificate_sha256 = p1.certificate_sha256;
        attempts.insert(attempt, Attempt { since: now, keys, opening, agent_certificate_sha256 });
        Ok(p2)
    }

    /// Takes P3. Anything but the right confirmation costs a try, and the attempt is over. The
    /// same right P3 again is right again.
    pub fn handle_p3(&mut self, now: Instant, attempt: AttemptId, p3_bytes: &[u8]) -> P3Outcome {
        match &mut self.state {
            State::Burned => P3Outcome::Unknown,
            State::Confirmed { id, attempt: confirmed, .. } => {
                if *id == attempt && confirmed.is_confirmed_by(p3_bytes) {
                    P3Outcome::Right
                } else {
                    P3Outcome::Unknown
                }
            }
            State::Open { tries_left, attempts } => {
                let Some(open) = attempts.remove(&attempt) else { return P3Outcome::Unknown };
                if now >= open.since + P3_DUE_AFTER {
                    return P3Outcome::Unknown;
                }
                if open.is_confirmed_by(p3_bytes) {
                    self.state = State::Confirmed { id: attempt, attempt: open, tries_left: *tries_left };
                    return P3Outcome::Right;
                }
                *tries_left = tries_left.saturating_sub(1);
                let tries_left = *tries_left;
                if tries_left == 0 {
                    self.state = State::Burned;
                }
                P3Outcome::Wrong { tries_left }
            }
        }
    }

    /// After [`P3Outcome::Right`] and the relay's agreement: P4, encoded, and the result.
    ///
    /// # Errors
    /// [`PairingError::NotConfirmed`] if this attempt did not confirm.
    pub fn finish(self, attempt: AttemptId) -> Result<(Vec<u8>, Paired), PairingError> {
        let State::Confirmed { id, attempt: confirmed, .. } = self.state else {
            return Err(PairingError::NotConfirmed);
        };
        if id != attempt {
            return Err(PairingError::NotConfirmed);
        }
        let p4 = proto::encode(&P4 {
            confirmation: confirmed.keys.console_confirmation(&confirmed.opening),
            opening: confirmed.opening,
        })?;
        let peer = PeerCertificate::Agent { sha256: confirmed.agent_certificate_sha256 };
        Ok((p4, Paired { exporter_key: confirmed.keys.into_exporter(), peer }))
    }

    /// The relay says that this join is gone. No P3, so no try is lost.
    pub fn handle_gone(&mut self, attempt: AttemptId) {
        if let State::Open { attempts, .. } = &mut self.state {
            attempts.remove(&attempt);
        }
    }

    /// Drops the attempts whose P3 is overdue and names them; no try is lost.
    pub fn handle_timeout(&mut self, now: Instant) -> Vec<AttemptId> {
        let State::Open { attempts, .. } = &mut self.state else { return Vec::new() };
        attempts.extract_if(.., |_, attempt| now >= attempt.since + P3_DUE_AFTER).map(|(id, _)| id).collect()
    }

    /// When [`Self::handle_timeout`] has something to do next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let State::Open { attempts, .. } = &self.state else { return None };
        attempts.values().map(|attempt| attempt.since + P3_DUE_AFTER).min()
    }
}

impl Attempt {
    fn is_confirmed_by(&self, p3_bytes: &[u8]) -> bool {
        proto::decode::<P3>(p3_bytes).is_ok_and(|p3| self.keys.agent_confirmed(&p3.confirmation))
    }
}

fn oldest_to_give_way(attempts: &BTreeMap<AttemptId, Attempt>, now: Instant) -> Option<AttemptId> {
    let (id, oldest) = attempts.iter().min_by_key(|(id, attempt)| (attempt.since, **id))?;
    (now >= oldest.since + GIVES_WAY_AFTER).then_some(*id)
}
