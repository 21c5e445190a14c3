//! Operators: added, renewed, revoked; profiles and teams.

use crate::world::{DAY, ISSUING, NOW, World, key, profile_of};
use identity::{
    EnrolmentError, EnrolmentRequest, OperatorError, PROFILE_BYTES, Seed, crl_number, key_fingerprint, verify_operator,
};
use org::Found;
use proto::session::{Asking, Capability};
use rand::rngs::OsRng;
use rustls_pki_types::CertificateDer;
use std::fs;
use vault::{Cost, OperatorVault, RecoveryKey};

fn chain(answer: &identity::Enrolment) -> Vec<CertificateDer<'_>> {
    answer.chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect()
}

#[test]
fn an_answer_makes_an_operator_and_a_revocation_ends_it() {
    let world = World::new();
    let answer = world.add(1, "Giulia Rinaldi");
    let (organisation, operator) = answer.verify(&key(1), NOW).unwrap();
    assert_eq!(
        (organisation.domain(), operator.name.as_str(), operator.team),
        ("lucca.example", "Giulia Rinaldi", None)
    );
    assert_eq!(operator.not_after_s, NOW + 30 * DAY);
    assert_eq!(operator.profile.asking(Capability::Control), Asking::OncePerSession);
    assert_eq!(operator.profile.asking(Capability::Shell), Asking::Absent);
    assert_eq!(answer.verify(&key(2), NOW), Err(EnrolmentError::KeyMismatch));

    let before = crl_number(&world.list()).unwrap();
    let out = world.text("out.crl");
    let outcome = world.issue(&["operator", "revoke", "giulia rinaldi", "--yes", "--out", &out]).unwrap();
    assert_eq!((outcome.json["state"].as_str(), outcome.json["list"]["entries"].as_u64()), (Some("revoked"), Some(1)));
    let list = world.list();
    assert_eq!((crl_number(&list), fs::read(out).unwrap()), (Some(before + 1), list.clone()));
    let verified = verify_operator(&world.organisation(), &chain(&answer), Some(&list), NOW);
    assert_eq!(verified, Err(OperatorError::Revoked));
    for command in ["revoke", "renew"] {
        let out = world.text("out");
        assert_eq!(world.fails(&["operator", command, "Giulia Rinaldi", "--out", &out]), "revoked", "{command}");
    }
}

#[test]
fn nobody_is_added_without_a_yes_to_the_fingerprint() {
    let world = World::new();
    let (request, out) = (world.request(1, "Giulia"), world.text("answer"));
    let add = ["operator", "add", "--request", &request, "--profile", "desk", "--out", &out];
    let before = world.state();
    for answer in ["no", "", "forse"] {
        let (result, questions) = world.answer(&add, &[answer]);
        assert_eq!(result.unwrap_err().code(), "not-confirmed", "{answer}");
        assert!(questions[0].contains("Giulia") && questions[0].contains(&key_fingerprint(&key(1))));
    }
    assert_eq!(world.fails(&add), "no-confirmation");
    assert_eq!((world.state(), world.path("answer").exists()), (before, false));
    let (result, questions) = world.answer(&add, &["sì", ISSUING]);
    assert_eq!((result.unwrap().json["name"].as_str(), questions.len()), (Some("Giulia"), 2));
}

#[test]
fn a_wrong_passphrase_changes_nothing() {
    let world = World::new();
    let (request, out) = (world.request(1, "Giulia"), world.text("answer"));
    let before = world.state();
    let add = ["operator", "add", "--request", &request, "--profile", "desk", "--out", &out, "--yes"];
    let (result, _) = world.answer(&add, &["another passphrase"]);
    assert_eq!(result.unwrap_err().code(), "wrong-passphrase");
    assert_eq!(world.fails(&add), "no-terminal");
    assert_eq!((world.state(), world.path("answer").exists()), (before, false));
}

#[test]
fn a_request_that_somebody_changed_or_that_is_none_is_not_answered() {
    let world = World::new();
    let good = EnrolmentRequest::make(&Seed::new([1; 32]), "Giulia").unwrap();
    let changed = String::from_utf8(good).unwrap().replace("Giulia", "Giulio");
    let newer = changed.replace("\"version\": 1", "\"version\": 2");
    let rows = [
        (changed.into_bytes(), "request-signature"),
        (newer.into_bytes(), "request-newer"),
        (b"{}".to_vec(), "not-a-request"),
        (vec![b' '; 17 * 1024], "too-large"),
    ];
    let (file, out) = (world.text("request"), world.text("answer"));
    let add = ["operator", "add", "--request", &file, "--profile", "desk", "--out", &out, "--yes"];
    for (bytes, expected) in rows {
        fs::write(&file, bytes).unwrap();
        assert_eq!(world.fails(&add), expected);
    }
    fs::remove_file(&file).unwrap();
    assert_eq!(world.fails(&add), "no-file");
}

#[test]
fn one_key_is_one_person_and_one_name_too() {
    let world = World::new();
    world.add(1, "Giulia");
    let out = world.text("answer");
    let expect = |key: u8, name: &str, more: &[&str], expected: &str| {
        let request = world.request(key, name);
        let add = ["operator", "add", "--request", &request, "--profile", "desk", "--out", &out, "--yes"];
        assert_eq!(world.fails(&[&add, more].concat()), expected, "{key} {name} {more:?}");
    };
    expect(1, "Someone", &[], "key-known");
    expect(2, "giulia", &[], "name-taken");
    expect(2, "Anna", &["--name", "Giulia"], "name-taken");
    expect(2, "Anna", &["--team", "South"], "no-team");
    let renew = ["operator", "renew", "Giulia", "--profile", "night", "--out", &out];
    assert_eq!(world.issue(&renew).unwrap_err().code(), "no-profile");
    for name in ["a\u{7}", "Giulia\u{202E}inaldiR"] {
        expect(2, "Anna", &["--name", name], "name");
    }
    world.issue(&["operator", "revoke", "Giulia", "--yes"]).unwrap();
    expect(1, "Giulia", &[], "key-revoked");
    assert_eq!(world.add(2, "Giulia").verify(&key(2), NOW).unwrap().1.name, "Giulia");
    // The name now means the one who is not revoked.
    let shown = world.run(&["operator", "show", "Giulia"]).unwrap();
    assert_eq!(shown.json["fingerprint"], key_fingerprint(&key(2)));
    let shown = world.run(&["operator", "show", &key_fingerprint(&key(1)).to_lowercase()[..9]]).unwrap();
    assert_eq!(shown.json["state"], "revoked");
    assert_eq!(world.fails(&["operator", "show", "Nobody"]), "no-operator");
}

#[test]
fn a_renewal_keeps_the_key_and_a_revocation_takes_every_certificate() {
    let mut world = World::new();
    let first = world.add(1, "Giulia");
    world.now_s += 25 * DAY;
    let out = world.text("second");
    world.run(&["profile", "add", "look", "--preset", "view-only"]).unwrap();
    let renew = ["operator", "renew", "Giulia", "--profile", "look", "--team", "North", "--out", &out];
    world.issue(&renew).unwrap();
    let second = world.enrolment("second");
    let (_, operator) = second.verify(&key(1), world.now_s).unwrap();
    assert_eq!((operator.not_after_s, operator.team.as_deref()), (NOW + 55 * DAY, Some("North")));
    assert!(!profile_of(&world, &second, 1).allows(Capability::Control));
    assert_ne!(first.chain[0], second.chain[0]);

    world.issue(&["operator", "revoke", "Giulia", "--yes"]).unwrap();
    let (organisation, list) = (world.organisation(), world.list());
    for answer in [&first, &second] {
        let verified = verify_operator(&organisation, &chain(answer), Some(&list), world.now_s);
        assert_eq!(verified, Err(OperatorError::Revoked));
    }
    // They stay on the list for 30 days after they ended: the clock of an agent may be behind.
    for (days, expected) in [(40, 2), (60, 2), (61, 1), (85, 1), (86, 0)] {
        world.now_s = NOW + days * DAY;
        assert_eq!(world.issue(&["crl"]).unwrap().json["entries"], expected, "after {days} days");
    }
}

#[test]
fn a_renewal_with_another_profile_or_team_revokes_what_was_before_and_a_plain_one_does_not() {
    let world = World::new();
    world.run(&["profile", "add", "look", "--preset", "view-only"]).unwrap();
    let mut answers = vec![world.add(1, "Giulia")];
    let renew = |more: &[&str], answers: &mut Vec<identity::Enrolment>| {
        let out = world.text("next");
        let outcome = world.issue(&[&["operator", "renew", "Giulia", "--out", &out], more].concat()).unwrap();
        answers.push(world.enrolment("next"));
        outcome
    };
    let standing = |answers: &[identity::Enrolment]| {
        let (organisation, list) = (world.organisation(), world.list());
        let holds = |answer| verify_operator(&organisation, &chain(answer), Some(&list), NOW).is_ok();
        answers.iter().map(holds).collect::<Vec<_>>()
    };
    let plain = renew(&[], &mut answers);
    assert_eq!((standing(&answers), &plain.json["operators"][0]["revoked_now"]), (vec![true, true], &0.into()));
    assert_eq!((plain.text.len(), &plain.json["list"]["entries"]), (1, &0.into()));

    let other = renew(&["--profile", "look"], &mut answers);
    assert_eq!(standing(&answers), [false, false, true]);
    assert_eq!((&other.json["operators"][0]["revoked_now"], &other.json["list"]["entries"]), (&2.into(), &2.into()));
    assert!(other.text[1].contains("2 earlier certificates are revoked"), "{:?}", other.text);
    assert!(other.text[2].contains("revoked.crl"), "{:?}", other.text);

    renew(&["--profile", "look"], &mut answers);
    assert_eq!(standing(&answers), [false, false, true, true], "the same again changes nothing");
    renew(&["--team", "North"], &mut answers);
    assert_eq!(standing(&answers), [false, false, false, false, true]);

    let edited = world.run(&["profile", "edit", "look", "--tool", "chat=absent"]).unwrap();
    assert!(edited.text[0].contains("keeps the old one") && edited.text[0].contains("operator renew"));
    assert_eq!(standing(&answers[4..]), [true], "an edit alone revokes nothing");
    renew(&[], &mut answers);
    assert_eq!(standing(&answers[4..]), [false, true]);
    assert_eq!(world.run(&["operator", "show", "Giulia"]).unwrap().json["state"], "valid");
}

#[test]
fn a_state_that_does_not_know_what_certificates_say_goes_by_the_names() {
    let world = World::new();
    let first = world.add(1, "Giulia");
    let mut state: serde_json::Value = serde_json::from_slice(&world.state()).unwrap();
    state["operators"][0]["certificates"][0].as_object_mut().unwrap().remove("content").unwrap();
    fs::write(world.path("org/organisation.json"), state.to_string()).unwrap();
    let out = world.text("next");
    let holds = || verify_operator(&world.organisation(), &chain(&first), Some(&world.list()), NOW).is_ok();
    world.issue(&["operator", "renew", "Giulia", "--out", &out]).unwrap();
    assert!(holds());
    world.issue(&["operator", "renew", "Giulia", "--team", "North", "--out", &out]).unwrap();
    assert!(!holds());
}

#[test]
fn whoever_ends_soon_is_named_and_renewed_together() {
    let mut world = World::new();
    world.add(1, "Giulia Rinaldi");
    world.now_s += 10 * DAY;
    world.add(2, "Anna/..\\Bianchi");
    world.now_s = NOW + 24 * DAY;
    let listed = world.run(&["operator", "list"]).unwrap();
    let of = |field: &str| [&listed.json["operators"][0][field], &listed.json["operators"][1][field]].map(Clone::clone);
    assert_eq!(of("name"), ["Giulia Rinaldi", "Anna/..\\Bianchi"]);
    assert_eq!((of("days_left"), of("expires_soon")), ([6.into(), 16.into()], [true.into(), false.into()]));
    assert!(listed.found == Found::Good && listed.text[1].contains("6 DAYS LEFT"), "{:?}", listed.text);

    let expiring = |days: &str| world.run(&["operator", "list", "--expiring", days]).unwrap();
    let count = |days: &str| (expiring(days).json["operators"].as_array().unwrap().len(), expiring(days).found);
    assert_eq!((count("5"), count("6"), count("16")), ((0, Found::Good), (1, Found::Bad), (2, Found::Bad)));

    let folder = world.text("answers");
    let renewed = world.issue(&["operator", "renew", "--expiring", "16", "--out-dir", &folder]).unwrap();
    assert_eq!(renewed.json["operators"].as_array().unwrap().len(), 2);
    let mut names: Vec<String> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(names[0].starts_with("anna----bianchi-") && names[1].starts_with("giulia-rinaldi-"), "{names:?}");
    world.enrolment(&format!("answers/{}", names[1])).verify(&key(1), world.now_s).unwrap();
    assert_eq!(count("16"), (0, Found::Good));
    // Forgotten for a while, then gone.
    world.now_s = NOW + 60 * DAY;
    let listed = |world: &World| world.run(&["operator", "list", "--expiring", "1"]).unwrap().found;
    assert_eq!(listed(&world), Found::Bad);
    world.now_s = NOW + 120 * DAY;
    assert_eq!(listed(&world), Found::Good);
}

#[test]
fn nothing_is_issued_under_an_organisation_file_that_has_ended() {
    let mut world = World::new();
    world.add(1, "Giulia");
    world.now_s += 366 * DAY;
    let out = world.text("answer");
    assert_eq!(world.fails(&["operator", "renew", "Giulia", "--out", &out]), "file-expired");
    world.root(&["export"]).unwrap();
    world.issue(&["operator", "renew", "Giulia", "--out", &out]).unwrap();
}

#[test]
fn a_new_issuing_key_takes_over_and_is_called_for_in_time() {
    let mut world = World::new();
    let first = world.add(1, "Giulia");
    let number = crl_number(&world.list()).unwrap();
    world.now_s += 3 * 365 * DAY - 89 * DAY;
    let listed = world.run(&["operator", "list"]).unwrap();
    assert!(listed.text.last().unwrap().contains("ponte-org issuing renew"), "{:?}", listed.text);
    world.root(&["export"]).unwrap();
    let (root, issuing) = (world.text("root.pass"), world.text("issuing.pass"));
    fs::write(&issuing, "an altogether new one").unwrap();
    let renewed = world.run(&["issuing", "renew", "--root-passphrase-file", &root, "--passphrase-file", &issuing]);
    assert!(renewed.unwrap().text[1].contains("a new root"));
    assert_eq!(crl_number(&world.list()), Some(number + 1));
    let out = world.text("second");
    world.issue(&["operator", "renew", "Giulia", "--out", &out]).unwrap();
    let second = world.enrolment("second");
    second.verify(&key(1), world.now_s).unwrap();
    assert_ne!(first.chain[1], second.chain[1]);
    let listed = world.run(&["operator", "list"]).unwrap();
    assert!(!listed.text.last().unwrap().contains("issuing"), "{:?}", listed.text);
}

#[test]
fn a_vault_gets_a_new_password_and_that_is_noted() {
    let world = World::new();
    world.add(1, "Giulia Rinaldi");
    let (seed, recovery) = (Seed::new([1; 32]), world.organisation().file().recovery_key.unwrap());
    let vault = OperatorVault::create(&seed, "Giulia", "lost", Cost::TRIAL, &mut OsRng);
    let (file, out, password) = (world.text("vault"), world.text("new.vault"), world.text("password"));
    let recover = ["vault", "recover", &file, "--out", &out, "--new-password-file", &password];
    fs::write(&password, "nuova parola\n").unwrap();
    for (bytes, expected) in [(b"{}".to_vec(), "not-a-vault"), (vault.to_bytes(), "not-recoverable")] {
        fs::write(&file, bytes).unwrap();
        assert_eq!(world.fails(&recover), expected);
    }
    let stranger = RecoveryKey::random(&mut OsRng).public();
    let theirs = vault.clone().with_recovery(&seed, &stranger, &mut OsRng).unwrap();
    fs::write(&file, theirs.to_bytes()).unwrap();
    assert_eq!(world.root(&recover).unwrap_err().code(), "other-recovery-key");
    fs::write(&file, vault.with_recovery(&seed, &recovery, &mut OsRng).unwrap().to_bytes()).unwrap();
    fs::write(&password, "short\n").unwrap();
    assert_eq!(world.root(&recover).unwrap_err().code(), "password-short");
    assert!(!world.path("new.vault").exists() && !String::from_utf8(world.state()).unwrap().contains("recoveries"));
    fs::write(&password, "nuova parola\n").unwrap();
    world.root(&recover).unwrap();
    let opened = OperatorVault::open_bytes(&fs::read(&out).unwrap()).unwrap();
    assert_eq!(opened.unlock("nuova parola").unwrap().public_key(), key(1));
    let noted: serde_json::Value = serde_json::from_slice(&world.state()).unwrap();
    assert_eq!(noted["recoveries"][0]["fingerprint"], key_fingerprint(&key(1)));
    // Whose it is, the key says, not what stands in the vault.
    assert_eq!(noted["recoveries"][0]["name"], "Giulia Rinaldi");
}

#[test]
fn a_vault_is_recovered_by_its_key_whatever_name_it_says() {
    let world = World::new();
    world.add(1, "Giulia Rinaldi");
    world.issue(&["operator", "revoke", "Giulia Rinaldi", "--yes"]).unwrap();
    let recovery = world.organisation().file().recovery_key.unwrap();
    let (file, out, password) = (world.text("vault"), world.text("new.vault"), world.text("password"));
    fs::write(&password, "nuova parola\n").unwrap();
    let recover = |key: u8| {
        let seed = Seed::new([key; 32]);
        let vault = OperatorVault::create(&seed, "Anna Bianchi", "lost", Cost::TRIAL, &mut OsRng);
        fs::write(&file, vault.with_recovery(&seed, &recovery, &mut OsRng).unwrap().to_bytes()).unwrap();
        world.root(&["vault", "recover", &file, "--out", &out, "--new-password-file", &password])
    };
    let before = world.state();
    assert_eq!(recover(2).unwrap_err().code(), "unknown-vault");
    assert_eq!((world.state(), world.path("new.vault").exists()), (before, false));
    let recovered = recover(1).unwrap();
    assert_eq!((&recovered.json["name"], &recovered.json["state"]), (&"Giulia Rinaldi".into(), &"revoked".into()));
    assert!(recovered.text[0].contains("Giulia Rinaldi (revoked)"), "{:?}", recovered.text);
}

#[test]
fn a_profile_says_tools_hours_and_limits_and_can_be_changed() {
    let world = World::new();
    let add = [
        "profile",
        "add",
        "night",
        "--preset",
        "view-only",
        "--tool",
        "control=each",
        "--tool",
        "chat=absent",
        "--hours",
        "mon-fri 18:00-24:00",
        "--longest",
        "60",
        "--policy",
        "auto_lock_minutes=2",
    ];
    let outcome = world.run(&add).unwrap();
    assert!(outcome.text.last().unwrap().contains("not enforced by this version of the programs: auto_lock_minutes"));
    let made = outcome.json;
    assert_eq!(made["not_enforced"], serde_json::json!(["auto_lock_minutes"]));
    assert_eq!(world.run(&["profile", "show", "night"]).unwrap().text, outcome.text[1..]);
    let tools = serde_json::json!({ "view": "once", "control": "each", "annotate": "once" });
    assert_eq!((&made["tools"], &made["hours"][0]), (&tools, &"mon-fri 18:00-24:00".into()));
    assert_eq!((&made["longest_session_minutes"], &made["policy"]["auto_lock_minutes"]), (&60.into(), &2.into()));
    assert_eq!(world.fails(&["profile", "add", "night", "--preset", "full"]), "profile-exists");
    let edit = [
        "profile",
        "edit",
        "night",
        "--tool",
        "shell=each",
        "--always",
        "--no-longest",
        "--without-policy=auto_lock_minutes",
    ];
    let edited = world.run(&edit).unwrap().json;
    assert_eq!(edited["not_enforced"], serde_json::json!([]));
    assert_eq!((&edited["tools"]["shell"], &edited["tools"]["control"]), (&"each".into(), &"each".into()));
    assert_eq!((edited["hours"].as_array().unwrap().len(), &edited["longest_session_minutes"]), (0, &().into()));
    assert_eq!(world.run(&["profile", "show", "night"]).unwrap().json, edited);
    assert_eq!(world.run(&["profile", "list"]).unwrap().json["profiles"].as_array().unwrap().len(), 2);
    assert_eq!(world.fails(&["profile", "edit", "day", "--always"]), "no-profile");
}

#[test]
fn a_profile_that_would_not_count_or_not_fit_is_refused() {
    let world = World::new();
    world
        .root(&[
            "export",
            "--policy",
            "lock_after_wrong_tries=5",
            "--policy",
            "pause_needs_reason=yes",
            "--policy=longest_session_minutes=60",
        ])
        .unwrap();
    let rows = [
        ("lock_after_wrong_tries=9", "policy-laxer"),
        ("lock_after_wrong_tries=0", "policy-laxer"),
        ("pause_needs_reason=no", "policy-laxer"),
        ("password_min_length=4", "policy-laxer"),
        ("longest_session_minutes=0", "policy-laxer"),
        ("auto_lock_minutes=99", "policy-value"),
        ("recording=sometimes", "policy-value"),
        ("password_colour=red", "policy-unknown"),
    ];
    for (policy, expected) in rows {
        for command in [["profile", "add", "new", "--preset=full"], ["profile", "edit", "desk", "--preset=full"]] {
            assert_eq!(world.fails(&[&command[..], &["--policy", policy]].concat()), expected, "{policy}");
        }
    }
    world.run(&["profile", "add", "new", "--preset=full", "--policy", "lock_after_wrong_tries=3"]).unwrap();
    assert_eq!(world.fails(&["profile", "add", "slow", "--preset=full", "--longest=61"]), "policy-laxer");
    assert_eq!(world.fails(&["profile", "add", "none"]), "profile-empty");
    assert_eq!(world.fails(&["profile", "add", " ", "--preset=full"]), "name");
    let mut long = vec!["profile", "add", "long", "--preset", "full"];
    (0..PROFILE_BYTES / 40).for_each(|_| long.extend(["--hours", "daily 08:00-09:00"]));
    assert_eq!(world.fails(&long), "profile-long");
}

#[test]
fn teams_know_who_is_in_them() {
    let world = World::new();
    let (request, out) = (world.request(1, "Giulia"), world.text("answer"));
    let add =
        ["operator", "add", "--request", &request, "--profile", "desk", "--team", "North", "--out", &out, "--yes"];
    world.issue(&add).unwrap();
    let listed = world.run(&["team", "list"]).unwrap().json;
    assert_eq!(listed["teams"][0], serde_json::json!({ "name": "North", "operators": ["Giulia"] }));
    assert_eq!(world.fails(&["team", "add", "North"]), "team-exists");
    assert_eq!(world.fails(&["team", "add", "a\u{7}"]), "name");
}
