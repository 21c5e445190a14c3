//! Which programs an organisation still lets be used.

#![allow(clippy::unwrap_used)]

use identity::{Organisation, RelayAddress, RelayNode, dev};
use rand::SeedableRng;
use rand::rngs::StdRng;

const NOW: u64 = 1_790_000_000;

/// An organisation that wants the agent at least this new.
fn wanting(least: &str) -> Organisation {
    let node = RelayNode { name: "a".into(), host: "relay.lucca.example".into(), port: 443 };
    let relay = RelayAddress { name: "lucca".into(), nodes: vec![node], pin: None };
    let made = dev::sample(&mut StdRng::seed_from_u64(1), NOW, relay).ok().unwrap();
    let mut file = Organisation::open(&made.organisation_file, NOW).unwrap().file().clone();
    file.minimum_builds.insert("ponte-agent".into(), least.into());
    Organisation::open(&file.sign(made.root.seed()).unwrap(), NOW).unwrap()
}

#[test]
fn a_program_is_new_enough_number_by_number() {
    for (least, build, expected) in [
        ("1.2.3", "ponte-agent 1.2.3", true),
        ("1.2.3", "ponte-agent 1.10.0", true),
        ("1.2.3", "ponte-agent 1.2.2", false),
        ("1.2.3", "ponte-agent 0.9.9", false),
        ("1.2", "ponte-agent 1.2.0", true),
        ("1.2.3", "1.2.3-beta", true),
        // What cannot be compared keeps nobody out.
        ("1.2.3", "ponte-agent test", true),
        ("soon", "ponte-agent 0.0.1", true),
        ("1.2.3.4", "ponte-agent 0.0.1", true),
    ] {
        assert_eq!(wanting(least).is_new_enough("ponte-agent", build), expected, "{build} where {least} is wanted");
    }
    assert!(wanting("9.9.9").is_new_enough("ponte-console", "ponte-console 0.1.0"), "another program");
}
