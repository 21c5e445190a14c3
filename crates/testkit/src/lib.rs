//! What tests share: seeded randomness, a test organisation, a pairing without a relay, and networks
//! that misbehave on request.

mod connect_proxy;
mod path;
mod ports;

pub use connect_proxy::{Asked, ConnectProxy, Login};
pub use path::{Conditions, Counts, Namespace, PacketPath, PathEmulator, Punctuality, Script, Unavailable};
pub use ports::lasting_port;

use audit_log::export::Words;
use identity::dev::DevOrganisation;
use identity::{OperatorFile, Organisation, RelayAddress, RelayNode, Seed};
use pairing::{AgentPairing, ConsolePairing, P3Outcome, Paired, Secret, SessionKey};
use proto::Locator;
use proto::relay::{AttemptId, OfferId};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use std::sync::Arc;
use std::time::Instant;
use vault::{Cost, OperatorVault};

/// The time of every test that needs one, in seconds since 1970: 1 January 2027.
pub const NOW_S: u64 = 1_798_761_600;

/// A generator that gives the same in every run.
#[must_use]
pub fn seeded(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// An organisation with one operator, its relay at this address.
///
/// # Panics
/// Never with the values that it uses.
#[must_use]
#[expect(clippy::expect_used, reason = "a test organisation that cannot be made is a broken test")]
pub fn organisation(seed: u64, host: &str, port: u16, pin: Option<[u8; 32]>, now_s: u64) -> DevOrganisation {
    let node = RelayNode { name: "node-1".into(), host: host.into(), port };
    let relay = RelayAddress { name: "relay.lucca.example".into(), nodes: vec![node], pin };
    identity::dev::sample(&mut seeded(seed), now_s, relay).expect("a test organisation can be made")
}

/// The operator of a throw-away organisation, signed in.
///
/// # Panics
/// When this is not such an operator's vault.
#[must_use]
#[expect(clippy::expect_used, reason = "a trial without its operator is a broken test")]
pub fn signed_in(operator_vault: &[u8]) -> OperatorFile {
    let vault = OperatorVault::open_bytes(operator_vault).expect("an operator's vault");
    vault.unlock_file(identity::dev::SAMPLE_PASSWORD).expect("the sample password")
}

/// The vault of this operator, under the sample password.
///
/// # Panics
/// When key and certificates do not belong together.
#[must_use]
#[expect(clippy::expect_used, reason = "a trial without its operator is a broken test")]
pub fn operator_vault(operator: &OperatorFile) -> Vec<u8> {
    let sealed = OperatorVault::seal_file(operator, identity::dev::SAMPLE_PASSWORD, Cost::TRIAL, &mut seeded(1));
    sealed.expect("key and certificates belong together").to_bytes()
}

/// A log in no language: message ids and what they are about.
#[derive(Debug, Clone, Copy)]
pub struct PlainWords;

impl Words for PlainWords {
    fn say(&self, id: &str, arguments: &[(&str, &str)]) -> String {
        let arguments: Vec<String> = arguments.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{id} {}", arguments.join(" "))
    }
}

/// Both ends of a pairing that went well, and what each needs for the channel.
pub struct PairedEnds {
    /// The organisation that both trust.
    pub organisation: Arc<Organisation>,
    /// The operator's chain and key.
    pub operator: OperatorFile,
    /// What the console has.
    pub console: Paired,
    /// What the agent has.
    pub agent: Paired,
    /// The agent's channel certificate, DER.
    pub certificate: Vec<u8>,
    /// The agent's channel key.
    pub seed: Seed,
}

/// Runs the pairing in memory, with the right key.
///
/// # Panics
/// When the pairing is broken.
#[must_use]
#[expect(clippy::expect_used, clippy::panic, reason = "a pairing that fails here fails the test")]
pub fn paired_ends(seed: u64) -> PairedEnds {
    let mut rng = seeded(seed);
    let dev = organisation(seed, "127.0.0.1", 1, None, NOW_S);
    let organisation = Organisation::open(&dev.organisation_file, NOW_S).expect("the file was just made");
    let operator = dev.operator_file();
    let seed = Seed::random(&mut rng);
    let certificate = identity::channel_certificate(&seed, NOW_S).expect("a certificate can be made");
    let relay_name = organisation.relay().name.clone();
    let leaf = operator.chain.first().expect("a chain has a leaf");

    let secret = Secret::random(&mut rng);
    let locator = Locator::from_number(4711).expect("a locator of that number");
    let (offer, attempt, now) = (OfferId([5; 16]), AttemptId(1), Instant::now());
    let mut console = ConsolePairing::new(secret.clone(), locator, offer, &relay_name, leaf);
    let key = SessionKey::new(locator, secret);
    let (agent, p1) = AgentPairing::start(&key, &relay_name, &certificate, &mut rng).expect("P1");
    let p2 = console.handle_joined(now, attempt, &p1, &mut rng).expect("P2");
    let (agent, p3) = agent.handle_p2(offer, attempt, &p2).expect("P3");
    let P3Outcome::Right = console.handle_p3(now, attempt, &p3) else { panic!("the right key was refused") };
    let (p4, console) = console.finish(attempt).expect("P4");
    let agent = agent.handle_p4(&p4).expect("the console's confirmation");
    PairedEnds { organisation: Arc::new(organisation), operator, console, agent, certificate, seed }
}
