//! The agent's end of the pairing: P1 out, P2 in, P3 out, P4 in; one type per state.

use crate::paired::{Paired, PeerCertificate};
use crate::pake::Exchange;
use crate::schedule::{Keys, Transcript, certificate_sha256};
use crate::{PAKE_VERSION, PairingError, SessionKey};
use proto::pairing::{P1, P2, P3, P4};
use proto::relay::{AttemptId, OfferId};
use proto::{Locator, PROTOCOL_VERSION};
use rand::{CryptoRng, RngCore};

/// The agent has sent P1 and waits for P2.
pub struct AgentPairing {
    exchange: Exchange,
    locator: Locator,
    relay_name: String,
    p1: Vec<u8>,
}

impl AgentPairing {
    /// Begins with the key that was typed, the relay's name as the organisation file has it, and
    /// the certificate (DER) that this agent will show on the channel. Returns P1, encoded, for
    /// the join.
    ///
    /// # Errors
    /// [`PairingError::Unwritable`] only if the message passed its own limit.
    pub fn start(
        key: &SessionKey,
        relay_name: &str,
        certificate_der: &[u8],
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<(Self, Vec<u8>), PairingError> {
        let exchange = Exchange::agent(key.secret(), key.locator(), relay_name, rng);
        let p1 = proto::encode(&P1 {
            version: PROTOCOL_VERSION,
            pake_version: PAKE_VERSION,
            pake: exchange.element()?,
            certificate_sha256: certificate_sha256(certificate_der),
            capabilities: 0,
        })?;
        let locator = key.locator();
        Ok((Self { exchange, locator, relay_name: relay_name.to_owned(), p1: p1.clone() }, p1))
    }

    /// Takes the console's answer; returns P3, encoded.
    ///
    /// # Errors
    /// [`PairingError::Malformed`] or [`PairingError::BadElement`]: the attempt is of no use.
    pub fn handle_p2(
        self,
        offer: OfferId,
        attempt: AttemptId,
        p2_bytes: &[u8],
    ) -> Result<(AgentConfirming, Vec<u8>), PairingError> {
        let p2: P2 = proto::decode(p2_bytes)?;
        let pake = self.exchange.finish(&p2.pake)?;
        let transcript = Transcript {
            offer,
            attempt,
            locator: self.locator,
            relay_name: &self.relay_name,
            p1: &self.p1,
            p2: p2_bytes,
        };
        let keys = Keys::derive(&pake, &transcript)?;
        let p3 = proto::encode(&P3 { confirmation: keys.agent_confirmation() })?;
        Ok((AgentConfirming { keys, commitment: p2.certificate_commitment }, p3))
    }
}

/// The agent has sent P3 and waits for P4.
pub struct AgentConfirming {
    keys: Keys,
    commitment: [u8; 32],
}

impl AgentConfirming {
    /// Takes the console's confirmation.
    ///
    /// # Errors
    /// [`PairingError::WrongConfirmation`]: the console does not know the key, or somebody
    /// between changed a message. [`PairingError::Malformed`] for anything that is no P4.
    pub fn handle_p4(self, p4_bytes: &[u8]) -> Result<Paired, PairingError> {
        let p4: P4 = proto::decode(p4_bytes)?;
        if !self.keys.console_confirmed(&p4.opening, &p4.confirmation) {
            return Err(PairingError::WrongConfirmation);
        }
        let peer = PeerCertificate::Operator { commitment: self.commitment, opening: p4.opening };
        Ok(Paired { exporter_key: self.keys.into_exporter(), peer })
    }
}
