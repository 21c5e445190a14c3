//! Behaviour of sealed secrets and operators' vaults.

// The lint knows only functions marked as tests, not what they share.
#![allow(clippy::unwrap_used)]

use identity::{OperatorFile, Seed, dev};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use vault::{
    Cost, OpenError, OperatorVault, RecoveryKey, Sealed, UnlockError, VAULT_BYTES, VaultError, WrongKey, open,
    open_with, seal, seal_to,
};

const NOW: u64 = 1_790_000_000;

fn rng() -> StdRng {
    StdRng::seed_from_u64(7)
}

fn changed(sealed: &Sealed, field: &str, value: Value) -> Sealed {
    let mut json = serde_json::to_value(sealed).unwrap();
    json[field] = value;
    serde_json::from_value(json).unwrap()
}

/// The field's base64 with one bit of its bytes turned over.
fn flipped(sealed: &Sealed, field: &str) -> Sealed {
    let json = serde_json::to_value(sealed).unwrap();
    let text = json[field].as_str().unwrap();
    let other = if text.starts_with('A') { 'B' } else { 'A' };
    changed(sealed, field, json!(format!("{other}{}", &text[1..])))
}

fn operator() -> OperatorFile {
    let relay = identity::RelayAddress {
        name: "relay".to_owned(),
        nodes: vec![identity::RelayNode { name: "one".to_owned(), host: "relay.example".to_owned(), port: 443 }],
        pin: None,
    };
    dev::sample(&mut rng(), NOW, relay).unwrap().operator_file()
}

#[test]
fn a_secret_opens_under_its_password_and_purpose_only() {
    let sealed = seal("corretto cavallo", "root key", b"secret", Cost::TRIAL, &mut rng());
    let text = serde_json::to_string(&sealed).unwrap();
    let sealed: Sealed = serde_json::from_str(&text).unwrap();
    let rows = [
        ("corretto cavallo", "root key", Ok(b"secret".to_vec())),
        ("corretto cavallo", "issuing key", Err(OpenError::Damaged)),
        ("Corretto cavallo", "root key", Err(OpenError::WrongPassword)),
        ("", "root key", Err(OpenError::WrongPassword)),
    ];
    for (password, purpose, expected) in rows {
        assert_eq!(open(password, purpose, &sealed).map(|secret| secret.to_vec()), expected, "{password} {purpose}");
    }
}

#[test]
fn two_boxes_of_one_secret_have_nothing_in_common() {
    let mut rng = rng();
    let [one, two] = [(); 2].map(|()| serde_json::to_value(seal("p", "x", b"secret", Cost::TRIAL, &mut rng)).unwrap());
    for field in ["salt", "nonce", "check", "box"] {
        assert_ne!(one[field], two[field], "{field}");
    }
}

#[test]
fn whatever_is_changed_in_a_box_keeps_it_closed() {
    let sealed = seal("p", "x", b"secret", Cost::new(8 * 1024, 2, 1).unwrap(), &mut rng());
    let rows = [
        (flipped(&sealed, "box"), OpenError::Damaged),
        (flipped(&sealed, "nonce"), OpenError::Damaged),
        (flipped(&sealed, "salt"), OpenError::WrongPassword),
        (flipped(&sealed, "check"), OpenError::WrongPassword),
        (changed(&sealed, "box", json!("")), OpenError::Damaged),
        (changed(&sealed, "passes", json!(1)), OpenError::WrongPassword),
        (changed(&sealed, "version", json!(2)), OpenError::Newer),
        (changed(&sealed, "version", json!(0)), OpenError::Damaged),
    ];
    for (row, (sealed, expected)) in rows.into_iter().enumerate() {
        assert_eq!(open("p", "x", &sealed).unwrap_err(), expected, "row {row}");
    }
}

#[test]
fn a_cost_beyond_its_bounds_is_refused_before_it_is_paid() {
    let sealed = seal("p", "x", b"secret", Cost::TRIAL, &mut rng());
    let rows = [
        ("memory_kib", json!(u32::MAX), OpenError::TooCostly),
        ("memory_kib", json!(1024 * 1024 + 1), OpenError::TooCostly),
        ("passes", json!(17), OpenError::TooCostly),
        ("lanes", json!(5), OpenError::TooCostly),
        ("memory_kib", json!(8 * 1024 - 1), OpenError::Damaged),
        ("passes", json!(0), OpenError::Damaged),
        ("lanes", json!(0), OpenError::Damaged),
    ];
    for (field, value, expected) in rows {
        assert_eq!(open("p", "x", &changed(&sealed, field, value)).unwrap_err(), expected, "{field}");
    }
    assert_eq!(Cost::new(64 * 1024, 3, 1), Some(Cost::USUAL));
    assert_eq!(Cost::new(u32::MAX, 1, 1), None);
    assert_eq!(Cost::new(8, 1, 1), None);
}

#[test]
fn a_recovery_key_opens_what_was_sealed_to_it_and_nobody_elses() {
    let mut rng = rng();
    let key = RecoveryKey::random(&mut rng);
    let sealed = seal_to(&key.public(), "vault", b"secret", &mut rng).unwrap();
    let text = serde_json::to_string(&sealed).unwrap();
    let sealed = serde_json::from_str(&text).unwrap();
    let again = RecoveryKey::from_bytes(key.expose());
    assert_eq!(open_with(&again, "vault", &sealed).unwrap().as_slice(), b"secret");
    assert_eq!(open_with(&key, "root", &sealed).unwrap_err(), WrongKey);
    assert_eq!(open_with(&RecoveryKey::random(&mut rng), "vault", &sealed).unwrap_err(), WrongKey);
    for field in ["ephemeral", "box"] {
        let mut json = serde_json::to_value(&sealed).unwrap();
        let text = json[field].as_str().unwrap();
        json[field] = json!(format!("{}{}", if text.starts_with('A') { 'B' } else { 'A' }, &text[1..]));
        let sealed = serde_json::from_value(json).unwrap();
        assert_eq!(open_with(&key, "vault", &sealed).unwrap_err(), WrongKey, "{field}");
    }
}

#[test]
fn nothing_is_sealed_to_a_point_that_everybody_agrees_with() {
    let mut one = [0; 32];
    for first in [0, 1] {
        one[0] = first;
        assert_eq!(seal_to(&one, "vault", b"secret", &mut rng()).unwrap_err(), WrongKey);
    }
}

#[test]
fn a_vault_reads_back_and_gives_key_and_certificates_to_its_password() {
    let file = operator();
    let vault = OperatorVault::seal_file(&file, "parola", Cost::TRIAL, &mut rng()).unwrap();
    let vault = OperatorVault::open_bytes(&vault.to_bytes()).unwrap();
    assert_eq!((vault.name(), vault.public_key()), (dev::SAMPLE_OPERATOR, file.seed.public_key()));
    let opened = vault.unlock_file("parola").unwrap();
    assert_eq!((opened.chain, opened.seed.expose()), (file.chain, file.seed.expose()));
    let wrong = vault.unlock_file("parole").map(|_| ()).unwrap_err();
    assert_eq!(wrong, UnlockError::Sealed(OpenError::WrongPassword));
}

#[test]
fn a_vault_waits_for_its_certificates_and_takes_only_its_own() {
    let file = operator();
    let vault = OperatorVault::create(&file.seed, "Giulia", "p", Cost::TRIAL, &mut rng());
    let vault = OperatorVault::open_bytes(&vault.to_bytes()).unwrap();
    assert_eq!(vault.unlock_file("p").map(|_| ()).unwrap_err(), UnlockError::NotEnrolled);
    assert!(vault.unlock("p").is_ok());
    assert!(vault.clone().with_chain(file.chain.clone()).is_ok());
    let stranger = OperatorVault::create(&Seed::new([9; 32]), "Giulia", "p", Cost::TRIAL, &mut rng());
    for chain in [file.chain.clone(), Vec::new(), vec![vec![1, 2, 3]], vec![file.chain[0].clone(); 5]] {
        assert_eq!(stranger.clone().with_chain(chain).unwrap_err(), VaultError::KeyMismatch);
    }
}

#[test]
fn another_password_replaces_the_first() {
    let vault = OperatorVault::create(&Seed::new([9; 32]), "Giulia", "old", Cost::TRIAL, &mut rng());
    assert_eq!(vault.change_password("odd", "new", Cost::TRIAL, &mut rng()).unwrap_err(), OpenError::WrongPassword);
    let vault = vault.change_password("old", "new", Cost::TRIAL, &mut rng()).unwrap();
    assert_eq!(vault.unlock("old").map(|_| ()).unwrap_err(), OpenError::WrongPassword);
    assert_eq!(vault.unlock("new").unwrap().expose(), &[9; 32]);
}

#[test]
fn a_lost_password_is_replaced_by_way_of_the_organisations_recovery_key_only() {
    let mut rng = rng();
    let (seed, key) = (Seed::new([9; 32]), RecoveryKey::random(&mut rng));
    let plain = OperatorVault::create(&seed, "Giulia", "lost", Cost::TRIAL, &mut rng);
    assert_eq!(plain.recover(&key, "new", Cost::TRIAL, &mut rng), Err(WrongKey));
    assert_eq!(plain.clone().with_recovery(&Seed::new([8; 32]), &key.public(), &mut rng), Err(WrongKey));
    let vault = plain.with_recovery(&seed, &key.public(), &mut rng).unwrap();
    let vault = OperatorVault::open_bytes(&vault.to_bytes()).unwrap();
    assert!(vault.is_recoverable() && vault.unlock("lost").is_ok());
    assert_eq!(vault.recover(&RecoveryKey::random(&mut rng), "new", Cost::TRIAL, &mut rng), Err(WrongKey));
    let vault = vault.recover(&key, "new", Cost::TRIAL, &mut rng).unwrap();
    assert_eq!(vault.unlock("lost").map(|_| ()).unwrap_err(), OpenError::WrongPassword);
    assert!(vault.unlock("new").is_ok() && vault.is_recoverable());
}

#[test]
fn a_file_that_is_no_vault_of_ours_is_refused() {
    let good = OperatorVault::create(&Seed::new([9; 32]), "Giulia", "p", Cost::TRIAL, &mut rng()).to_bytes();
    let with = |field: &str, value: Value| {
        let mut json: Value = serde_json::from_slice(&good).unwrap();
        json[field] = value;
        serde_json::to_vec(&json).unwrap()
    };
    let mut long = good.clone();
    long.resize(VAULT_BYTES + 1, b' ');
    let rows = [
        (Vec::new(), VaultError::NotAVault),
        (b"{}".to_vec(), VaultError::NotAVault),
        (long, VaultError::NotAVault),
        (with("format", json!("something")), VaultError::NotAVault),
        (with("version", json!(2)), VaultError::Newer),
        (with("version", json!(0)), VaultError::NotAVault),
        (with("seed", json!(null)), VaultError::NotAVault),
        (with("public_key", json!("AAAA")), VaultError::NotAVault),
        (with("chain", json!(["AAAA"])), VaultError::KeyMismatch),
    ];
    for (row, (bytes, expected)) in rows.into_iter().enumerate() {
        assert_eq!(OperatorVault::open_bytes(&bytes).unwrap_err(), expected, "row {row}");
    }
}

#[test]
fn a_name_in_a_vault_cannot_steer_a_terminal_and_the_key_is_not_lost_to_it() {
    let vault = OperatorVault::create(&Seed::new([9; 32]), "Giu\u{1b}lia", "p", Cost::TRIAL, &mut rng());
    assert_eq!(vault.name(), "Giulia");
    let mut json: Value = serde_json::from_slice(&vault.to_bytes()).unwrap();
    for (written, name) in [
        ("Giulia\u{1b}]0;x\u{7}", "Giulia]0;x".to_owned()),
        ("a\nb\u{9b}c\u{202E}d\u{2066}e\u{2028}", "abcde".to_owned()),
        (&"è".repeat(5000), "è".repeat(200)),
    ] {
        json["name"] = written.into();
        let vault = OperatorVault::open_bytes(&serde_json::to_vec(&json).unwrap()).unwrap();
        assert_eq!(vault.name(), name);
        assert!(vault.unlock("p").is_ok());
    }
}

#[test]
fn a_vault_whose_public_key_was_exchanged_stays_closed() {
    let vault = OperatorVault::create(&Seed::new([9; 32]), "Giulia", "p", Cost::TRIAL, &mut rng());
    let other = OperatorVault::create(&Seed::new([8; 32]), "Giulia", "p", Cost::TRIAL, &mut rng());
    let mut json: Value = serde_json::from_slice(&vault.to_bytes()).unwrap();
    let other: Value = serde_json::from_slice(&other.to_bytes()).unwrap();
    json["public_key"] = other["public_key"].clone();
    let vault = OperatorVault::open_bytes(&serde_json::to_vec(&json).unwrap()).unwrap();
    assert_eq!(vault.unlock("p").map(|_| ()).unwrap_err(), OpenError::Damaged);
}

proptest! {
    #[test]
    fn any_bytes_are_a_vault_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[{}\":,a-z0-9]{0,100}") {
        let _ = (OperatorVault::open_bytes(&bytes), OperatorVault::open_bytes(text.as_bytes()));
    }
}
