//! Behaviour of the pairing: who learns what, what counts as a try, and that nothing may change on the way.

// The lint knows only functions marked as tests, not what they share.
#![allow(clippy::unwrap_used)]

use pairing::{
    AgentConfirming, AgentPairing, ConsolePairing, GIVES_WAY_AFTER, KeyError, P3_DUE_AFTER, P3Outcome, Paired,
    PairingError, Role, Secret, SessionKey,
};
use proptest::prelude::*;
use proto::Locator;
use proto::limits::{ATTEMPTS_IN_PARALLEL, KEY_TRIES};
use proto::pairing::{P1, P2, P4, PakeElement};
use proto::relay::{AttemptId, OfferId};
use rand::{CryptoRng, Error, RngCore};
use std::time::{Duration, Instant};

const OFFER: OfferId = OfferId([7; 16]);
const RELAY: &str = "lucca";
const AGENT_CERTIFICATE: &[u8] = b"certificate of the agent";
const OPERATOR_CERTIFICATE: &[u8] = b"certificate of the operator";

/// SplitMix64: the same numbers in every version of every crate, which the golden test needs.
struct Seeded(u64);

impl RngCore for Seeded {
    fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }
    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let number = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}
impl CryptoRng for Seeded {}

fn key(text: &str) -> SessionKey {
    SessionKey::parse(text).unwrap()
}

/// A console with the key "K7M 4QXP", and everything an agent needs to meet it.
struct World {
    now: Instant,
    rng: Seeded,
    console: ConsolePairing,
}

impl World {
    fn new() -> Self {
        Self::of(key("K7M 4QXP"), OFFER, RELAY)
    }

    fn of(key: SessionKey, offer: OfferId, relay: &str) -> Self {
        let console = ConsolePairing::new(key.secret().clone(), key.locator(), offer, relay, OPERATOR_CERTIFICATE);
        Self { now: Instant::now(), rng: Seeded(1), console }
    }

    fn agent(&mut self, typed: &str) -> (AgentPairing, Vec<u8>) {
        AgentPairing::start(&key(typed), RELAY, AGENT_CERTIFICATE, &mut self.rng).ok().unwrap()
    }

    fn joined(&mut self, attempt: u32, p1: &[u8]) -> Result<Vec<u8>, PairingError> {
        self.console.handle_joined(self.now, AttemptId(attempt), p1, &mut self.rng)
    }

    /// An agent that typed `typed`, up to its P3.
    fn until_p3(&mut self, attempt: u32, typed: &str) -> (AgentConfirming, Vec<u8>) {
        let (agent, p1) = self.agent(typed);
        let p2 = self.joined(attempt, &p1).unwrap();
        agent.handle_p2(OFFER, AttemptId(attempt), &p2).ok().unwrap()
    }

    fn p3(&mut self, attempt: u32, p3: &[u8]) -> P3Outcome {
        self.console.handle_p3(self.now, AttemptId(attempt), p3)
    }
}

fn paired() -> (Paired, Paired) {
    let mut world = World::new();
    let (agent, p3) = world.until_p3(1, "K7M 4QXP");
    assert_eq!(world.p3(1, &p3), P3Outcome::Right);
    let (p4, console) = world.console.finish(AttemptId(1)).ok().unwrap();
    (agent.handle_p4(&p4).ok().unwrap(), console)
}

#[test]
fn keys_are_read_as_people_type_them() {
    for text in ["K7M 4QXP", "k7m4qxp", " k-7-m 4 q x p ", "K7M\u{2013}4QXP", "K7M\u{A0}4QXP"] {
        assert_eq!(*key(text).grouped(), "K7M 4QXP", "{text}");
    }
    assert_eq!(*key("oil oilo").grouped(), "011 0110");
}

#[test]
fn a_text_that_is_no_key_says_what_is_wrong() {
    let check = |text: &str, error| assert_eq!(SessionKey::parse(text).err(), Some(error), "{text}");
    check("", KeyError::TooShort { symbols: 0 });
    check("K7M 4Q", KeyError::TooShort { symbols: 5 });
    check("K7M 4QXPP", KeyError::TooLong);
    check("K7M 4QXU", KeyError::BadSymbol('U'));
    check("K7M 4QX\u{E0}", KeyError::BadSymbol('\u{E0}'));
}

#[test]
fn debug_output_of_a_key_hides_the_secret() {
    let shown = format!("{:?}", key("K7M 4QXP"));
    assert!(shown.contains("K7M") && !shown.contains("4QXP"), "{shown}");
}

#[test]
fn random_secrets_use_every_symbol() {
    let mut rng = Seeded(3);
    let locator = Locator::parse("K7M").unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..300 {
        let drawn = SessionKey::new(locator, Secret::random(&mut rng));
        let text = drawn.grouped();
        assert_eq!(*key(&text).grouped(), *text);
        seen.extend(text.chars().skip(4));
    }
    assert_eq!(seen.len(), 32);
}

#[test]
fn the_right_key_pairs_and_both_know_each_other() {
    let (agent, console) = paired();
    assert!(agent.peer.matches(OPERATOR_CERTIFICATE) && !agent.peer.matches(AGENT_CERTIFICATE));
    assert!(console.peer.matches(AGENT_CERTIFICATE) && !console.peer.matches(OPERATOR_CERTIFICATE));

    let exporter = [9; 32];
    assert!(console.verify_proof(Role::Agent, &exporter, &agent.proof(Role::Agent, &exporter)));
    assert!(agent.verify_proof(Role::Console, &exporter, &console.proof(Role::Console, &exporter)));
    assert_eq!(agent.check_number(&exporter), console.check_number(&exporter));
}

#[test]
fn a_proof_holds_for_one_role_and_one_channel_only() {
    let (agent, console) = paired();
    let proof = agent.proof(Role::Agent, &[9; 32]);
    assert!(!console.verify_proof(Role::Console, &[9; 32], &proof));
    assert!(!console.verify_proof(Role::Agent, &[8; 32], &proof));
    assert_ne!(agent.check_number(&[9; 32]), agent.check_number(&[8; 32]));
}

#[test]
fn a_wrong_secret_is_seen_by_the_console_first_and_three_burn_the_key() {
    let mut world = World::new();
    let (_, right_p3) = world.until_p3(9, "K7M 4QXP");
    for (attempt, tries_left) in [(1, 2), (2, 1), (3, 0)] {
        let (_, p3) = world.until_p3(attempt, "K7M 4QXQ");
        assert_eq!(world.p3(attempt, &p3), P3Outcome::Wrong { tries_left });
        assert_eq!(world.p3(attempt, &p3), P3Outcome::Unknown, "an attempt has one P3");
        assert_eq!(world.console.tries_left(), tries_left);
    }
    assert_eq!(world.p3(9, &right_p3), P3Outcome::Unknown, "a burned key answers nobody");
    let (_, p1) = world.agent("K7M 4QXP");
    assert_eq!(world.joined(10, &p1), Err(PairingError::Closed));
    assert_eq!(world.console.poll_timeout(), None);
    assert_eq!(world.console.finish(AttemptId(9)).err(), Some(PairingError::NotConfirmed));
}

#[test]
fn after_the_right_one_every_other_attempt_is_refused_right_or_wrong() {
    let mut world = World::new();
    let (_, first) = world.until_p3(1, "K7M 4QXP");
    let (_, second) = world.until_p3(2, "K7M 4QXP");
    let (_, third) = world.until_p3(3, "K7M 4QXQ");
    assert_eq!(world.p3(1, &first), P3Outcome::Right);
    assert_eq!(world.p3(2, &second), P3Outcome::Unknown);
    assert_eq!(world.p3(3, &third), P3Outcome::Unknown);
    assert_eq!(world.p3(1, &third), P3Outcome::Unknown);
    assert_eq!(world.p3(1, &first), P3Outcome::Right, "P3 may be sent again after a link loss");
    assert_eq!(world.console.tries_left(), KEY_TRIES);
    let (_, p1) = world.agent("K7M 4QXP");
    assert_eq!(world.joined(4, &p1), Err(PairingError::Closed));
    assert_eq!(world.console.finish(AttemptId(2)).err(), Some(PairingError::NotConfirmed));
}

#[test]
fn a_p3_that_is_no_message_costs_a_try() {
    let mut world = World::new();
    world.until_p3(1, "K7M 4QXP");
    assert_eq!(world.p3(1, b"nonsense"), P3Outcome::Wrong { tries_left: 2 });
}

#[test]
fn who_sends_no_p3_is_dropped_after_three_seconds_and_costs_no_try() {
    let mut world = World::new();
    let (_, late) = world.until_p3(1, "K7M 4QXP");
    let due = world.now + P3_DUE_AFTER;
    assert_eq!(world.console.poll_timeout(), Some(due));
    assert!(world.console.handle_timeout(due - Duration::from_millis(1)).is_empty());
    world.now = due;
    assert_eq!(world.console.handle_timeout(due), [AttemptId(1)]);
    assert_eq!(world.p3(1, &late), P3Outcome::Unknown);
    assert_eq!(world.console.tries_left(), KEY_TRIES);
    assert_eq!(world.console.poll_timeout(), None);
}

#[test]
fn a_late_p3_is_refused_even_before_the_timeout_is_handled() {
    let mut world = World::new();
    let (_, late) = world.until_p3(1, "K7M 4QXP");
    world.now += P3_DUE_AFTER;
    assert_eq!(world.p3(1, &late), P3Outcome::Unknown);
    assert_eq!(world.console.tries_left(), KEY_TRIES);
}

#[test]
fn stallers_give_way_after_a_second_the_oldest_first() {
    let mut world = World::new();
    let mut held = Vec::new();
    for attempt in 1..=u32::try_from(ATTEMPTS_IN_PARALLEL).unwrap() {
        held.push(world.until_p3(attempt, "K7M 4QXP"));
        world.now += Duration::from_millis(100);
    }
    let (agent, p1) = world.agent("K7M 4QXP");
    assert_eq!(world.joined(90, &p1), Err(PairingError::Busy));
    world.now += GIVES_WAY_AFTER - Duration::from_millis(400);
    let p2 = world.joined(90, &p1).unwrap();
    assert_eq!(world.p3(1, &held[0].1), P3Outcome::Unknown, "the oldest gave way");
    assert_eq!(world.joined(91, &p1), Err(PairingError::Busy), "the second is not old enough");
    let (_, p3) = agent.handle_p2(OFFER, AttemptId(90), &p2).ok().unwrap();
    assert_eq!(world.p3(90, &p3), P3Outcome::Right);
}

#[test]
fn a_bad_newcomer_displaces_nobody() {
    let mut world = World::new();
    let mut first = None;
    for attempt in 1..=u32::try_from(ATTEMPTS_IN_PARALLEL).unwrap() {
        let p3 = world.until_p3(attempt, "K7M 4QXP").1;
        first.get_or_insert(p3);
    }
    world.now += GIVES_WAY_AFTER;
    assert_eq!(world.joined(90, b"nonsense"), Err(PairingError::Malformed));
    let (_, p1) = world.agent("K7M 4QXP");
    let mut bad: P1 = proto::decode(&p1).unwrap();
    bad.pake = PakeElement::new([0x41; 33]).unwrap();
    assert_eq!(world.joined(90, &proto::encode(&bad).unwrap()), Err(PairingError::BadElement));
    assert_eq!(world.p3(1, &first.unwrap()), P3Outcome::Right);
}

#[test]
fn who_is_gone_makes_room() {
    let mut world = World::new();
    let (_, p3) = world.until_p3(1, "K7M 4QXP");
    world.console.handle_gone(AttemptId(1));
    assert_eq!(world.p3(1, &p3), P3Outcome::Unknown);
    assert_eq!(world.console.tries_left(), KEY_TRIES);
}

#[test]
fn an_attempt_cannot_be_opened_twice() {
    let mut world = World::new();
    let (_, p3) = world.until_p3(1, "K7M 4QXP");
    let (_, p1) = world.agent("K7M 4QXP");
    assert_eq!(world.joined(1, &p1), Err(PairingError::Closed));
    assert_eq!(world.p3(1, &p3), P3Outcome::Right);
}

#[test]
fn another_version_is_named_not_guessed() {
    let mut world = World::new();
    let (_, p1) = world.agent("K7M 4QXP");
    let mut other: P1 = proto::decode(&p1).unwrap();
    other.pake_version = 2;
    let version = other.version;
    let refused = world.joined(1, &proto::encode(&other).unwrap());
    assert_eq!(refused, Err(PairingError::OtherVersion { version, pake_version: 2 }));
}

#[test]
fn the_identity_and_other_small_points_are_refused_by_both_ends() {
    let mut identity = [0_u8; 32];
    identity[0] = 1;
    let mut order_two = [0xFF_u8; 32];
    (order_two[0], order_two[31]) = (0xEC, 0x7F);
    for point in [identity, order_two, [0; 32]] {
        let mut world = World::new();
        let (agent, p1) = world.agent("K7M 4QXP");
        let mut bad: P1 = proto::decode(&p1).unwrap();
        bad.pake = PakeElement::new([&[0x41], &point[..]].concat()).unwrap();
        assert_eq!(world.joined(1, &proto::encode(&bad).unwrap()), Err(PairingError::BadElement));

        let bad =
            P2 { pake: PakeElement::new([&[0x42], &point[..]].concat()).unwrap(), certificate_commitment: [0; 32] };
        let refused = agent.handle_p2(OFFER, AttemptId(1), &proto::encode(&bad).unwrap());
        assert_eq!(refused.err(), Some(PairingError::BadElement));
    }
}

#[test]
fn messages_thrown_back_at_their_sender_are_refused() {
    let mut world = World::new();
    let (agent, p1) = world.agent("K7M 4QXP");
    let sent: P1 = proto::decode(&p1).unwrap();
    let reflect = |side: u8| {
        let element = [&[side], &sent.pake.as_slice()[1..]].concat();
        let p2 = P2 { pake: PakeElement::new(element).unwrap(), certificate_commitment: [3; 32] };
        proto::encode(&p2).unwrap()
    };
    assert_eq!(agent.handle_p2(OFFER, AttemptId(1), &reflect(0x41)).err(), Some(PairingError::BadElement));

    // With the console's side byte the element is taken, but the agent's own P3 confirms nothing.
    let (agent, _) = AgentPairing::start(&key("K7M 4QXP"), RELAY, AGENT_CERTIFICATE, &mut Seeded(1)).ok().unwrap();
    let (confirming, p3) = agent.handle_p2(OFFER, AttemptId(1), &reflect(0x42)).ok().unwrap();
    let p3: proto::pairing::P3 = proto::decode(&p3).unwrap();
    let p4 = proto::encode(&P4 { confirmation: p3.confirmation, opening: [0; 32] }).unwrap();
    assert_eq!(confirming.handle_p4(&p4).err(), Some(PairingError::WrongConfirmation));
}

/// Runs an attempt in which the agent's and the console's view of offer, attempt, key and relay
/// may differ; whether the console saw a right P3.
fn pairs(agent_view: (OfferId, u32, &str, &str), console_view: (OfferId, u32, &str, &str)) -> bool {
    let mut world = World::of(key(console_view.2), console_view.0, console_view.3);
    let (offer, attempt, typed, relay) = agent_view;
    let (agent, p1) = AgentPairing::start(&key(typed), relay, AGENT_CERTIFICATE, &mut Seeded(5)).ok().unwrap();
    let p2 = world.joined(console_view.1, &p1).unwrap();
    let (_, p3) = agent.handle_p2(offer, AttemptId(attempt), &p2).ok().unwrap();
    world.p3(console_view.1, &p3) == P3Outcome::Right
}

#[test]
fn a_different_view_of_the_circumstances_fails() {
    let same = (OFFER, 1, "K7M 4QXP", RELAY);
    assert!(pairs(same, same));
    assert!(!pairs(same, (OfferId([8; 16]), 1, "K7M 4QXP", RELAY)), "offer");
    assert!(!pairs(same, (OFFER, 2, "K7M 4QXP", RELAY)), "attempt");
    assert!(!pairs(same, (OFFER, 1, "K7N 4QXP", RELAY)), "locator");
    assert!(!pairs(same, (OFFER, 1, "K7M 4QXQ", RELAY)), "secret");
    assert!(!pairs(same, (OFFER, 1, "K7M 4QXP", "pisa")), "relay");
}

/// Both ends with the right key, one bit of one message changed on the way; whether both paired.
fn pairs_with_flipped_bit(message: usize, bit: usize) -> bool {
    let flip = |number: usize, mut bytes: Vec<u8>| {
        if number == message {
            let at = bit % (bytes.len() * 8);
            bytes[at / 8] ^= 1 << (at % 8);
        }
        bytes
    };
    let mut world = World::new();
    let (agent, p1) = world.agent("K7M 4QXP");
    let Ok(p2) = world.joined(1, &flip(1, p1)) else { return false };
    let Ok((agent, p3)) = agent.handle_p2(OFFER, AttemptId(1), &flip(2, p2)) else { return false };
    if world.p3(1, &flip(3, p3)) != P3Outcome::Right {
        return false;
    }
    let (p4, _) = world.console.finish(AttemptId(1)).ok().unwrap();
    agent.handle_p4(&flip(4, p4)).is_ok()
}

#[test]
fn unchanged_messages_pair_in_the_bit_test() {
    assert!(pairs_with_flipped_bit(0, 0));
}

#[test]
fn golden_bytes_of_a_whole_pairing() {
    let mut world = World::new();
    let (agent, p1) = world.agent("K7M 4QXP");
    let p2 = world.joined(1, &p1).unwrap();
    let (agent, p3) = agent.handle_p2(OFFER, AttemptId(1), &p2).ok().unwrap();
    assert_eq!(world.p3(1, &p3), P3Outcome::Right);
    let (p4, _) = world.console.finish(AttemptId(1)).ok().unwrap();
    let paired = agent.handle_p4(&p4).ok().unwrap();
    let proof = paired.proof(Role::Agent, &[0; 32]);
    let check = paired.check_number(&[0; 32]);
    let all = [hex(&p1), hex(&p2), hex(&p3), hex(&p4), hex(&proof), format!("{check:08x}")];
    assert_eq!(all, GOLDEN);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// P1 to P4, a proof and the check number, as this version of the protocol makes them: whoever changes them breaks
/// every agent in the field and must raise a version.
const GOLDEN: [&str; 6] = [
    "0301214184d016630474ec885fe9a1ccd65bd734dc313168e7e4aa686ada414647ca961bf6c97c290591b7bbbad36033866be9a6b3bdd3dbbcbe3d37c1114e099dd0dd4700",
    "2142c7f3c4394ab4e3bcc9d3f61575acce1c54d8c0ce172a1b6f2659c2b2346adb725235016f1aafffd2aa0e35512a4dbfffa08a22c84f65b2f36febc8b95fd3451e",
    "89ebe5da73b210550473e69d17a4837db16eeb26857a8c98da6bd9325f5fb593",
    "df77811cf2fff58b55151bda0488bd087aa35e509a9af1810d6153e033fd9265a83d7e35de181749966761748e5c43cb614f560177dc7567fe8bcf144dd4fc9a",
    "6f662b9f983d12ae702e86a5ceb95f25bdb5b899dcb510e3c4f055f8c3c46d5f",
    "845eea4c",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn any_changed_bit_of_any_message_fails(message in 1_usize..=4, bit in any::<usize>()) {
        prop_assert!(!pairs_with_flipped_bit(message, bit));
    }

    #[test]
    fn random_bytes_as_p1_and_p2_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut world = World::new();
        prop_assert!(world.joined(1, &bytes).is_err());
        let (agent, _) = world.agent("K7M 4QXP");
        prop_assert!(agent.handle_p2(OFFER, AttemptId(1), &bytes).is_err());
    }

    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text in "\\PC{0,12}") {
        if let Ok(key) = SessionKey::parse(&text) {
            prop_assert_eq!(key.grouped().len(), 8);
        }
    }
}

proptest! {
    // Few, as each needs a whole exchange of elements.
    #![proptest_config(ProptestConfig::with_cases(3))]

    #[test]
    fn random_bytes_as_p3_and_p4_never_pair(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let mut world = World::new();
        let (confirming, _) = world.until_p3(1, "K7M 4QXP");
        prop_assert!(confirming.handle_p4(&bytes).is_err());
        prop_assert_ne!(world.p3(1, &bytes), P3Outcome::Right);
    }
}
