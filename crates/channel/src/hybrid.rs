//! X25519MLKEM768: the hybrid key exchange of draft-ietf-tls-ecdhe-mlkem over ring's X25519 and the
//! `ml-kem` crate (FIPS 203), so that what is recorded today stays unreadable to a later quantum
//! computer.
//!
//! Shares and secret are the post-quantum part followed by the classical part.

use ml_kem::kem::{Decapsulate, Key, KeyExport};
use ml_kem::{B32, ml_kem_768};
use rustls::crypto::ring::kx_group::X25519;
use rustls::crypto::{ActiveKeyExchange, CompletedKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup, PeerMisbehaved, ProtocolVersion};
use zeroize::Zeroize as _;

/// Bytes of an ML-KEM-768 encapsulation key.
const ENCAPSULATION_KEY_BYTES: usize = 1184;
/// Bytes of an ML-KEM-768 ciphertext.
const CIPHERTEXT_BYTES: usize = 1088;

const BAD_SHARE: Error = Error::PeerMisbehaved(PeerMisbehaved::InvalidKeyShare);

/// The group; put first, so that it is what the first message offers.
pub(crate) static X25519_MLKEM768: &dyn SupportedKxGroup = &Hybrid;

#[derive(Debug)]
struct Hybrid;

impl SupportedKxGroup for Hybrid {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut seed = random::<64>()?;
        let decapsulation = ml_kem_768::DecapsulationKey::from_seed(seed.into());
        seed.zeroize();
        let classical = X25519.start()?;
        let mut share = decapsulation.encapsulation_key().to_bytes().to_vec();
        share.extend_from_slice(classical.pub_key());
        Ok(Box::new(Active { decapsulation, classical, share }))
    }

    fn start_and_complete(&self, client_share: &[u8]) -> Result<CompletedKeyExchange, Error> {
        let (post_quantum, classical) = client_share.split_at_checked(ENCAPSULATION_KEY_BYTES).ok_or(BAD_SHARE)?;
        let key: &Key<ml_kem_768::EncapsulationKey> = post_quantum.try_into().map_err(|_| BAD_SHARE)?;
        let encapsulation = ml_kem_768::EncapsulationKey::new(key).map_err(|_| BAD_SHARE)?;
        let classical = X25519.start_and_complete(classical)?;
        let mut message = random::<32>()?;
        // The message is uniform and fresh, which is all that the deterministic form asks for.
        let (ciphertext, mut shared) = encapsulation.encapsulate_deterministic(&B32::from(message));
        message.zeroize();
        let secret = joined_secret(&shared, &classical.secret);
        shared.zeroize();
        let mut share = ciphertext.to_vec();
        share.extend_from_slice(&classical.pub_key);
        Ok(CompletedKeyExchange { group: self.name(), pub_key: share, secret })
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }

    fn usable_for_version(&self, version: ProtocolVersion) -> bool {
        version == ProtocolVersion::TLSv1_3
    }
}

struct Active {
    decapsulation: ml_kem_768::DecapsulationKey,
    classical: Box<dyn ActiveKeyExchange>,
    share: Vec<u8>,
}

impl ActiveKeyExchange for Active {
    fn complete(self: Box<Self>, server_share: &[u8]) -> Result<SharedSecret, Error> {
        let (post_quantum, classical) = server_share.split_at_checked(CIPHERTEXT_BYTES).ok_or(BAD_SHARE)?;
        let ciphertext: &ml_kem_768::Ciphertext = post_quantum.try_into().map_err(|_| BAD_SHARE)?;
        let mut shared = self.decapsulation.decapsulate(ciphertext);
        let classical = self.classical.complete(classical)?;
        let secret = joined_secret(&shared, &classical);
        shared.zeroize();
        Ok(secret)
    }

    fn pub_key(&self) -> &[u8] {
        &self.share
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }
}

fn joined_secret(post_quantum: &[u8], classical: &SharedSecret) -> SharedSecret {
    // `SharedSecret` zeroes the vector it takes.
    let mut secret = Vec::with_capacity(64);
    secret.extend_from_slice(post_quantum);
    secret.extend_from_slice(classical.secret_bytes());
    SharedSecret::from(secret)
}

fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes).map_err(|_| GetRandomFailed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_reach_the_same_secret() {
        let client = X25519_MLKEM768.start().unwrap();
        assert_eq!(client.pub_key().len(), ENCAPSULATION_KEY_BYTES + 32);
        let server = X25519_MLKEM768.start_and_complete(client.pub_key()).unwrap();
        assert_eq!(server.pub_key.len(), CIPHERTEXT_BYTES + 32);
        let secret = client.complete(&server.pub_key).unwrap();
        assert_eq!(secret.secret_bytes(), server.secret.secret_bytes());
        assert_eq!(secret.secret_bytes().len(), 64);
    }

    #[test]
    fn shares_of_a_wrong_length_are_refused() {
        for length in [0, 31, 32, 1183, 1184, 1215, 1217, 4000] {
            assert!(X25519_MLKEM768.start_and_complete(&vec![7; length]).is_err(), "{length}");
            assert!(X25519_MLKEM768.start().unwrap().complete(&vec![7; length]).is_err(), "{length}");
        }
    }
}
