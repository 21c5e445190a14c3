//! SPAKE2 with asymmetric roles (RFC 9382, as the `spake2` crate has it), and the checks of the
//! peer's element that the crate leaves out.

use crate::{PairingError, Secret};
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::traits::IsIdentity;
use proto::Locator;
use proto::pairing::PakeElement;
use rand::{CryptoRng, RngCore};
use spake2::{Ed25519Group, Identity, Password, Spake2};
use zeroize::Zeroizing;

/// SPAKE2 over Ed25519's group; the number in [`proto::pairing::P1`].
pub const PAKE_VERSION: u8 = 1;

/// What the crate writes before the agent's element ("A") and the console's ("B").
const AGENT_SIDE: u8 = 0x41;
const CONSOLE_SIDE: u8 = 0x42;

/// One end's half of the exchange, before the other's element is known.
pub(crate) struct Exchange {
    spake: Spake2<Ed25519Group>,
    element: Vec<u8>,
    peer_side: u8,
}

impl Exchange {
    /// The agent's half (A).
    pub(crate) fn agent(
        secret: &Secret,
        locator: Locator,
        relay_name: &str,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Self {
        let (agent, console) = identities(locator, relay_name);
        let (spake, element) = Spake2::start_a_with_rng(&Password::new(secret.password()), &agent, &console, rng);
        Self { spake, element, peer_side: CONSOLE_SIDE }
    }

    /// The console's half (B).
    pub(crate) fn console(
        secret: &Secret,
        locator: Locator,
        relay_name: &str,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Self {
        let (agent, console) = identities(locator, relay_name);
        let (spake, element) = Spake2::start_b_with_rng(&Password::new(secret.password()), &agent, &console, rng);
        Self { spake, element, peer_side: AGENT_SIDE }
    }

    /// What the peer needs.
    pub(crate) fn element(&self) -> Result<PakeElement, PairingError> {
        PakeElement::new(self.element.clone()).map_err(|_| PairingError::Unwritable)
    }

    /// The shared secret, if both know the same symbols; never used as a traffic key.
    pub(crate) fn finish(self, peer: &PakeElement) -> Result<Zeroizing<Vec<u8>>, PairingError> {
        check_element(peer.as_slice(), self.peer_side)?;
        self.spake.finish(peer.as_slice()).map(Zeroizing::new).map_err(|_| PairingError::BadElement)
    }
}

/// Both ends by role, locator and relay, so that an exchange cannot be carried to another relay
/// or slot. The locator has a fixed length and the name comes last: no two pairs look alike.
fn identities(locator: Locator, relay_name: &str) -> (Identity, Identity) {
    let of = |role: &str| Identity::new(format!("ponte pairing 1 {role} {locator} {relay_name}").as_bytes());
    (of("agent"), of("console"))
}

/// Accepts only the canonical encoding of a point of the prime-order group that is not its
/// identity. Both blinding constants and the base point lie in that group, so an honest element
/// always does; a point with a small-order part would leak bits of our scalar or fix the result.
fn check_element(element: &[u8], side: u8) -> Result<(), PairingError> {
    let (found_side, point) = element.split_first().ok_or(PairingError::BadElement)?;
    let bytes = <[u8; 32]>::try_from(point).map_err(|_| PairingError::BadElement)?;
    let point = CompressedEdwardsY(bytes).decompress().ok_or(PairingError::BadElement)?;
    let canonical = point.compress().to_bytes() == bytes;
    let good = *found_side == side && canonical && !point.is_identity() && point.is_torsion_free();
    if good { Ok(()) } else { Err(PairingError::BadElement) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};

    fn element(point: &[u8; 32]) -> Vec<u8> {
        let mut bytes = vec![AGENT_SIDE];
        bytes.extend_from_slice(point);
        bytes
    }

    #[test]
    fn an_honest_point_passes() {
        let honest = element(&ED25519_BASEPOINT_POINT.compress().to_bytes());
        assert_eq!(check_element(&honest, AGENT_SIDE), Ok(()));
    }

    #[test]
    fn points_of_small_order_are_refused_also_when_added_to_a_good_one() {
        for (index, torsion) in EIGHT_TORSION.iter().enumerate() {
            let small = element(&torsion.compress().to_bytes());
            assert_eq!(check_element(&small, AGENT_SIDE), Err(PairingError::BadElement), "{index}");
            if !torsion.is_identity() {
                let mixed = element(&(ED25519_BASEPOINT_POINT + torsion).compress().to_bytes());
                assert_eq!(check_element(&mixed, AGENT_SIDE), Err(PairingError::BadElement), "{index} mixed");
            }
        }
    }

    #[test]
    fn a_second_way_to_write_a_point_is_refused() {
        // y = p + 1, which reads as y = 1, the identity; and y = 1 with the sign bit set.
        let mut above = [0xFF; 32];
        above[0] = 0xEE;
        above[31] = 0x7F;
        let mut signed = [0; 32];
        signed[0] = 1;
        signed[31] = 0x80;
        for bytes in [above, signed] {
            assert_eq!(check_element(&element(&bytes), AGENT_SIDE), Err(PairingError::BadElement));
        }
    }

    #[test]
    fn the_wrong_side_and_length_are_refused() {
        let honest = element(&ED25519_BASEPOINT_POINT.compress().to_bytes());
        assert_eq!(check_element(&honest, CONSOLE_SIDE), Err(PairingError::BadElement));
        for length in 0..honest.len() {
            assert_eq!(check_element(&honest[..length], AGENT_SIDE), Err(PairingError::BadElement));
        }
    }
}
