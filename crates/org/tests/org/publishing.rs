//! What the organisation signs and packages; its folder and its keys.

use crate::world::{DAY, INIT, ISSUING, NOW, ROOT, World};
use identity::{Organisation, OrganisationError, find_appended};
use std::fs;

#[test]
fn init_asks_twice_for_passphrases_and_wants_them_long() {
    let world = World::empty();
    let rows: [(&[&str], &str); 4] = [
        (&["short", "short"], "passphrase-short"),
        (&[ROOT, "radice di castagna"], "passphrases-differ"),
        (&[ROOT, ROOT, ISSUING, "another one"], "passphrases-differ"),
        (&[ROOT], "no-terminal"),
    ];
    for (answers, expected) in rows {
        assert_eq!(world.answer(&INIT, answers).0.unwrap_err().code(), expected, "{answers:?}");
        assert!(!world.path("org").exists());
    }
    let (result, _) = world.answer(&INIT, &[ROOT, ROOT, ISSUING, ISSUING]);
    assert_eq!(result.unwrap().json["serial"], 1);
    let organisation = world.organisation();
    assert_eq!((organisation.name_for("it"), organisation.relay().nodes.len()), ("Assistenza Comune di Lucca", 1));
    assert!(organisation.file().recovery_key.is_some() && organisation.file().time_zone == "Europe/Rome");
    assert!(organisation.file().revocation_required);
    let before = world.state();
    assert_eq!(world.fails(&INIT), "exists");
    assert_eq!(world.state(), before);
}

#[test]
fn init_refuses_what_could_not_be_signed_before_it_asks_for_anything() {
    let world = World::empty();
    let rows = [
        ("lucca.example", "Lucca", "content"),
        ("Europe/Rome", "Europe/Atlantis", "time-zone"),
        ("en=Lucca City Help Desk", "en=\u{7}", "name"),
    ];
    for (old, new, expected) in rows {
        let init = INIT.map(|argument| if argument == old { new } else { argument });
        assert_eq!(world.answer(&init, &[]).0.unwrap_err().code(), expected, "{new}");
    }
    assert!(!world.path("org").exists());
}

#[cfg(unix)]
#[test]
fn keys_and_state_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::empty();
    world.answer(&INIT, &[ROOT, ROOT, ISSUING, ISSUING]).0.unwrap();
    let rows = [
        ("org", 0o700),
        ("org/secrets", 0o700),
        ("org/secrets/root.json", 0o600),
        ("org/secrets/issuing.json", 0o600),
        ("org/secrets/recovery.json", 0o600),
        ("org/organisation.json", 0o600),
        ("org/organisation.ponte", 0o644),
        ("org/revoked.crl", 0o644),
    ];
    for (name, expected) in rows {
        assert_eq!(fs::metadata(world.path(name)).unwrap().permissions().mode() & 0o777, expected, "{name}");
    }
}

#[test]
fn an_export_has_a_higher_number_and_what_was_given() {
    let mut world = World::new();
    fs::write(world.path("terms"), "Condizioni\n").unwrap();
    fs::write(world.path("privacy"), "Privacy\n").unwrap();
    let (terms, privacy) = (format!("it={}", world.text("terms")), format!("it={}", world.text("privacy")));
    let out = world.text("out.ponte");
    let export = [
        "export",
        "--terms",
        &terms,
        "--privacy",
        &privacy,
        "--out",
        &out,
        "--days",
        "10",
        "--node",
        "two=[2001:db8::1]:8443",
        "--revocation-required",
        "no",
        "--minimum-build",
        "agent=0.2.0",
        "--policy",
        "password_min_length=12",
    ];
    let outcome = world.root(&export).unwrap();
    assert_eq!((&outcome.json["serial"], outcome.text.len()), (&2.into(), 2));
    assert!(outcome.text[1].ends_with("not enforced by this version of the programs: password_min_length."));
    assert_eq!(outcome.json["not_enforced"], serde_json::json!(["password_min_length"]));
    let bytes = fs::read(&out).unwrap();
    let organisation = Organisation::open(&bytes, NOW + 10 * DAY).unwrap();
    assert_eq!(Organisation::open(&bytes, NOW + 10 * DAY + 1), Err(OrganisationError::Expired));
    assert_eq!((organisation.terms_for("it"), organisation.privacy_for("it")), (Some("Condizioni"), Some("Privacy")));
    let file = organisation.file();
    assert_eq!((file.relay.nodes[0].host.as_str(), file.revocation_required), ("2001:db8::1", false));
    assert_eq!((&file.minimum_builds["agent"], &file.policy["password_min_length"]), (&"0.2.0".to_owned(), &12.into()));
    assert_eq!(organisation, world.organisation());

    // What is not said again stays, and the root is the same.
    world.now_s += 5 * DAY;
    world.root(&["export"]).unwrap();
    let later = world.organisation();
    assert_eq!((later.file().serial, later.root_sha256()), (3, organisation.root_sha256()));
    assert_eq!((later.terms_for("it"), later.file().not_after_s), (Some("Condizioni"), world.now_s + 365 * DAY));
}

#[test]
fn the_root_key_may_be_elsewhere_and_must_be_ours() {
    let world = World::new();
    let (home, stick) = (world.path("org/secrets/root.json"), world.text("stick.json"));
    fs::rename(&home, &stick).unwrap();
    assert_eq!(world.root(&["export"]).unwrap_err().code(), "no-file");
    world.root(&["export", "--root-key", &stick]).unwrap();
    let before = world.state();
    let issuing = world.text("org/secrets/issuing.json");
    assert_eq!(world.root(&["export", "--root-key", &issuing]).unwrap_err().code(), "key-broken");

    let other = World::empty();
    other.answer(&INIT, &[ROOT, ROOT, ISSUING, ISSUING]).0.unwrap();
    let theirs = other.text("org/secrets/root.json");
    assert_eq!(world.root(&["export", "--root-key", &theirs]).unwrap_err().code(), "key-mismatch");
    fs::copy(other.path("org/secrets/issuing.json"), world.path("org/secrets/issuing.json")).unwrap();
    assert_eq!(world.issue(&["crl"]).unwrap_err().code(), "key-mismatch");
    assert_eq!(world.state(), before);
}

#[test]
fn profiles_that_a_new_policy_leaves_behind_are_named() {
    let world = World::new();
    world.run(&["profile", "edit", "desk", "--policy", "auto_lock_minutes=4"]).unwrap();
    let outcome = world.root(&["export", "--policy", "auto_lock_minutes=2"]).unwrap();
    assert_eq!(outcome.json["laxer_profiles"], serde_json::json!(["desk"]));
    assert!(outcome.text.iter().any(|line| line.contains("desk") && line.contains("auto_lock_minutes")));
}

#[test]
fn a_packaged_agent_runs_as_before_and_knows_its_organisation() {
    let world = World::new();
    let (agent, file, out) = (world.text("agent"), world.text("org/organisation.ponte"), world.text("packaged"));
    fs::write(&agent, b"\x7fELF and more").unwrap();
    #[cfg(unix)]
    fs::set_permissions(&agent, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let package = ["package-agent", "--agent", &agent, "--organisation", &file, "--out", &out];
    world.run(&package).unwrap();
    let program = fs::read(&out).unwrap();
    assert!(program.starts_with(b"\x7fELF and more"));
    assert_eq!(find_appended(&program).map(<[u8]>::to_vec), fs::read(&file).ok());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o755);
    }
    // Packaged again, the new file is in the place of the old one.
    world.root(&["export"]).unwrap();
    let again = ["package-agent", "--agent", &out, "--organisation", &file, "--out", &out];
    world.run(&again).unwrap();
    let program = fs::read(&out).unwrap();
    let inside = Organisation::open(find_appended(&program).unwrap(), NOW).unwrap();
    assert_eq!((inside.file().serial, program.starts_with(b"\x7fELF and more")), (2, true));

    let rows: [(&[u8], &str); 2] = [(b"", "empty-program"), (&[0xCF, 0xFA, 0xED, 0xFE, 1], "signed-program")];
    for (program, expected) in rows {
        fs::write(&agent, program).unwrap();
        assert_eq!(world.fails(&package), expected);
    }
    fs::write(&file, b"something else").unwrap();
    assert_eq!(world.fails(&package), "file-broken");
}

#[test]
fn a_broken_state_is_named_and_left_alone() {
    let world = World::new();
    let whole = String::from_utf8(world.state()).unwrap();
    let rows = [
        (whole[..whole.len() / 2].to_owned(), "state-broken"),
        (whole.replace("ponte-organisation-state", "something"), "state-broken"),
        (whole.replace("\"version\": 1", "\"version\": 2"), "state-newer"),
        (String::new(), "state-broken"),
    ];
    for (broken, expected) in rows {
        fs::write(world.path("org/organisation.json"), &broken).unwrap();
        for command in [&["operator", "list"][..], &["team", "add", "South"], &["crl"]] {
            let failure = world.run(command).unwrap_err();
            assert_eq!(failure.code(), expected, "{command:?}");
            let text = failure.text(&i18n::I18n::new(i18n::Language::English));
            assert!(text.contains("organisation.json"), "{text}");
        }
        assert_eq!(world.state(), broken.into_bytes());
    }
    assert_eq!(World::empty().fails(&["operator", "list"]), "no-organisation");
}

#[test]
fn the_readme_names_every_policy_value_with_its_default() {
    let readme = include_str!("../../README.md");
    for rule in identity::POLICY_RULES {
        let row = readme.lines().find(|line| line.starts_with(&format!("| `{}`", rule.key)));
        let number = row.and_then(|row| row.split('|').nth(2)?.trim().parse::<u64>().ok());
        assert!(row.is_some() && number.is_none_or(|number| number == rule.default), "{}: {row:?}", rule.key);
    }
}

#[test]
fn everything_that_is_said_is_said_in_every_language() {
    let words = i18n::Language::ALL.map(i18n::I18n::new);
    let mut seen = 0;
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap() {
        let source = fs::read_to_string(entry.unwrap().path()).unwrap();
        let codes = source
            .split("Failure::new(\"")
            .skip(1)
            .map(|rest| format!("org-error-{}", rest.split('"').next().unwrap()));
        let ids = source.split('"').filter(|part| part.starts_with("org-") && !part.contains([' ', '{', '}']));
        for id in codes.chain(ids.map(ToOwned::to_owned)).filter(|id| !id.ends_with('-')) {
            seen += 1;
            assert!(words.iter().all(|words| words.has(&id)), "{id}");
        }
    }
    assert!(seen > 100, "only {seen} were found");
}
