//! Session logs: checked, compared, proven, shown.

use crate::world::{DAY, NOW, World};
use audit_log::{Begin, Event, Follower, Hex, LogKey, Report, Role, Writer, certificates_line, operator_statement};
use identity::{Enrolment, Seed};
use org::Found;
use proto::session::{Capability, EndReason};
use ring::digest::{SHA256, digest};
use std::fs;

/// The logs of agent and console of a session that began at [`NOW`] with the operator of this key.
fn session(answer: &Enrolment, key: u8) -> [Vec<String>; 2] {
    let operator = Seed::new([key; 32]);
    let channel = Hex([2; 32]);
    let console = LogKey::new(&[8; 32]).unwrap();
    let begin = Begin {
        format: 0,
        channel,
        agent_key: Hex([0; 32]),
        console_key: console.public(),
        operator_key: Hex(operator.public_key()),
        operator_certificate: Hex(digest(&SHA256, &answer.chain[0]).as_ref().try_into().unwrap()),
        operator_proof: Hex(operator.sign(&operator_statement(channel, console.public()))),
        at_ms: NOW * 1000,
    };
    let (mut writer, first) = Writer::begin(begin, LogKey::new(&[9; 32]).unwrap());
    let mut follower = Follower::begin(&first, channel, console).unwrap();
    let mut log = vec![first];
    let events = [
        Event::NotAllowed { power: Capability::Shell },
        Event::Ended { by: Some(Role::Agent), reason: EndReason::ClientEnded },
    ];
    for event in events {
        let line = writer.append(NOW * 1000 + 1, event);
        follower.take(&line).unwrap();
        log.push(line);
    }
    let (signature, _) = follower.countersign(NOW * 1000 + 2);
    log.push(writer.countersigned(&signature).unwrap().unwrap());
    log.push(writer.sign(NOW * 1000 + 3));
    let mut ours = log.clone();
    ours.push(certificates_line(&answer.chain).unwrap());
    [ours, log]
}

fn write(world: &World, name: &str, lines: &[String]) -> String {
    fs::write(world.path(name), lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    world.text(name)
}

#[test]
fn a_log_is_checked_compared_and_its_operator_proven() {
    let mut world = World::new();
    let answer = world.add(1, "Giulia Rinaldi");
    let [agent, console] = session(&answer, 1);
    let (ours, theirs) = (write(&world, "ours", &agent), write(&world, "theirs", &console));
    let file = world.text("org/organisation.ponte");
    // Years later all certificates and the file have ended; what counts is the time of the session.
    world.now_s += 1000 * DAY;
    let checked = world.run(&["log", "verify", &ours, "--other", &theirs, "--organisation", &file]).unwrap();
    assert_eq!(checked.found, Found::Good, "{checked:?}");
    assert_eq!(
        (&checked.json["verdict"], &checked.json["operator"]["name"]),
        (&"whole".into(), &"Giulia Rinaldi".into())
    );
    assert!(checked.text[0].starts_with("This log is whole") && checked.text[1].contains("same"), "{:?}", checked.text);

    assert!(checked.text[3].contains("2026-09-21T14:13:20.000Z") && checked.text[3].contains("own word"));

    let checked = world.run(&["log", "verify", &theirs, "--organisation", &file]).unwrap();
    assert_eq!((checked.found, &checked.json["operator"]["reason"]), (Found::Bad, &"org-log-no-certificates".into()));
    let other = World::empty();
    let other_file = {
        other.answer(&crate::world::INIT, &[crate::world::ROOT; 4]).0.unwrap();
        other.text("org/organisation.ponte")
    };
    let checked = world.run(&["log", "verify", &ours, "--organisation", &other_file]).unwrap();
    assert_eq!((checked.found, &checked.json["operator"]["reason"]), (Found::Bad, &"org-log-not-theirs".into()));
}

#[test]
fn a_key_that_borrows_a_certificate_is_not_its_operator() {
    let world = World::new();
    let answer = world.add(1, "Giulia Rinaldi");
    let [stranger, _] = session(&answer, 7);
    let (log, file) = (write(&world, "log", &stranger), world.text("org/organisation.ponte"));
    let checked = world.run(&["log", "verify", &log, "--organisation", &file]).unwrap();
    assert_eq!((checked.found, &checked.json["operator"]["reason"]), (Found::Bad, &"org-log-other-key".into()));
}

#[test]
fn a_changed_log_is_called_changed_and_says_where() {
    let world = World::new();
    let answer = world.add(1, "Giulia Rinaldi");
    let [whole, _] = session(&answer, 1);
    let mut changed = whole.clone();
    changed[1] = changed[1].replace("Shell", "Record");
    let (whole, changed) = (write(&world, "whole", &whole), write(&world, "changed", &changed));
    let checked = world.run(&["log", "verify", &changed]).unwrap();
    assert_eq!((checked.found, &checked.json["verdict"]), (Found::Bad, &"changed".into()));
    assert!(checked.text.len() > 1 && checked.text[1].starts_with("- "), "{:?}", checked.text);
    // The same is found from the other copy.
    let checked = world.run(&["log", "verify", &whole, "--other", &changed]).unwrap();
    assert_eq!((checked.found, &checked.json["other"]["difference"]["number"]), (Found::Bad, &1.into()));
    let checked = world.run(&["log", "verify", &world.text("org/organisation.ponte")]).unwrap();
    assert_eq!(checked.found, Found::Bad);
    assert_eq!(world.fails(&["log", "verify", "nowhere"]), "no-file");
}

/// The code with which the program ends, and what it says first.
fn said(world: &World, arguments: &[&str]) -> (u8, String) {
    let checked = world.run(&[&["log", "verify"], arguments].concat());
    let (text, _, code) = org::present(&checked, false, &i18n::I18n::new(i18n::Language::English));
    (code, text.lines().next().unwrap().to_owned())
}

#[test]
fn a_log_that_one_side_never_signed_is_that_sides_word_and_has_a_code_of_its_own() {
    let world = World::new();
    let answer = world.add(1, "Giulia Rinaldi");
    let [whole, _] = session(&answer, 1);
    let is_by = |line: &str, role: &str| line.contains("\"signature\"") && line.contains(role);
    let without = |roles: &[&str]| -> Vec<String> {
        whole.iter().filter(|line| !roles.iter().any(|role| is_by(line, role))).cloned().collect()
    };
    for (name, roles, begins) in [
        (
            "agent",
            &["console"][..],
            "This log is the word of one side only: the helped person\u{2019}s program signed it",
        ),
        ("console", &["agent"], "This log is the word of one side only: the operator\u{2019}s program signed it"),
        ("nobody", &["agent", "console"], "Nobody signed this log"),
    ] {
        let log = without(roles);
        assert_eq!(log.len(), whole.len() - roles.len());
        let log = write(&world, name, &log);
        let (code, text) = said(&world, &[&log]);
        assert!(code == 3 && text.starts_with(begins), "{code}: {text}");
        let json = world.run(&["log", "verify", &log]).unwrap().json;
        assert_eq!((&json["one_sided"], &json["holds"]), (&true.into(), &false.into()));
    }
    // Each copy has what the other lacks: together both sides vouch for it.
    assert_eq!(said(&world, &[&world.text("agent"), "--other", &world.text("console")]).0, 0);
    assert_eq!(said(&world, &[&world.text("agent"), "--other", &world.text("nobody")]).0, 3);
    // Whoever has only the helped person's computer makes a log as they like, but for the other signature.
    let begin: serde_json::Value = serde_json::from_str(&whole[0]).unwrap();
    let begin: Begin = serde_json::from_value(begin["begin"].clone()).unwrap();
    let (mut writer, first) = Writer::begin(begin, LogKey::new(&[7; 32]).unwrap());
    let granted = writer.append(NOW * 1000, Event::NotAllowed { power: Capability::View });
    let forged = write(&world, "forged", &[first, granted, writer.sign(NOW * 1000)]);
    let (code, text) = said(&world, &[&forged]);
    assert!(code == 3 && text.contains("could have written all of it"), "{code}: {text}");
    // What is not theirs is worse than what is only theirs.
    let file = world.text("org/organisation.ponte");
    assert_eq!(said(&world, &[&forged, "--organisation", &file]).0, 1);
}

#[test]
fn a_log_whose_end_one_side_did_not_sign_says_up_to_where_both_did() {
    let world = World::new();
    let answer = world.add(1, "Giulia Rinaldi");
    let [whole, _] = session(&answer, 1);
    let begin: serde_json::Value = serde_json::from_str(&whole[0]).unwrap();
    let begin: Begin = serde_json::from_value(begin["begin"].clone()).unwrap();
    let (channel, console) = (begin.channel, LogKey::new(&[8; 32]).unwrap());
    let (mut writer, first) = Writer::begin(begin, LogKey::new(&[9; 32]).unwrap());
    let mut follower = Follower::begin(&first, channel, console).unwrap();
    let mut log = vec![first];
    for signs in [true, false] {
        let line = writer.append(NOW * 1000, Event::NotAllowed { power: Capability::Shell });
        follower.take(&line).unwrap();
        log.push(line);
        if signs {
            log.push(writer.countersigned(&follower.countersign(NOW * 1000).0).unwrap().unwrap());
        }
        log.push(writer.sign(NOW * 1000));
    }
    let half = write(&world, "half", &log);
    let (code, text) = said(&world, &[&half]);
    assert!(code == 3 && text.starts_with("Both programs signed this log up to entry 1."), "{code}: {text}");
    assert_eq!(world.run(&["log", "verify", &half]).unwrap().json["signed_up_to"]["console"], 1);
    // Of a line that was lost, only that it was lost and how it ended stands after it.
    let mut lost = log[..3].to_vec();
    let (mut writer, first) = Writer::begin(Report::of(log.join("\n")).begin.unwrap(), LogKey::new(&[9; 32]).unwrap());
    assert_eq!(first, lost[0]);
    assert_eq!(writer.append(NOW * 1000, Event::NotAllowed { power: Capability::Shell }), lost[1]);
    for event in [Event::Link { up: false }, Event::Ended { by: None, reason: EndReason::ConnectionLost }] {
        lost.push(writer.append(NOW * 1000, event));
    }
    lost.push(writer.sign(NOW * 1000));
    let lost = write(&world, "lost", &lost);
    let (code, text) = said(&world, &[&lost]);
    assert!(code == 0 && text.starts_with("Both programs signed this log up to entry 1."), "{code}: {text}");
    // The beginning alone says nothing of what happened.
    let (mut writer, first) = Writer::begin(Report::of(log.join("\n")).begin.unwrap(), LogKey::new(&[9; 32]).unwrap());
    let follower = Follower::begin(&first, channel, LogKey::new(&[8; 32]).unwrap()).unwrap();
    let signature = writer.countersigned(&follower.countersign(NOW * 1000).0).unwrap().unwrap();
    let entry = writer.append(NOW * 1000, Event::NotAllowed { power: Capability::Shell });
    let begun = write(&world, "begun", &[first, signature, entry, writer.sign(NOW * 1000)]);
    let (code, text) = said(&world, &[&begun]);
    assert!(code == 3 && text.contains("only its beginning"), "{code}: {text}");
}

#[test]
fn a_log_is_shown_in_every_form() {
    let world = World::new();
    let [log, _] = session(&world.add(1, "Giulia Rinaldi"), 1);
    let log = write(&world, "log", &log);
    for (format, begins) in [("text", "Session"), ("html", "<!DOCTYPE html>"), ("json", "{")] {
        let shown = world.run(&["log", "show", &log, "--format", format]).unwrap();
        assert!(shown.text[0].starts_with(begins) || format == "text", "{format}: {:?}", shown.text[0]);
        let out = world.text("out");
        world.run(&["log", "show", &log, "--format", format, "--out", &out]).unwrap();
        assert_eq!(fs::read_to_string(out).unwrap(), shown.text[0]);
    }
}

#[test]
fn a_log_is_in_the_answer_for_programs_only_when_that_was_asked_for() {
    let world = World::new();
    let [log, _] = session(&world.add(1, "Giulia Rinaldi"), 1);
    let log = write(&world, "log", &log);
    let shown = world.run(&["log", "show", &log, "--format", "json"]).unwrap();
    assert_eq!(shown.json.get("document"), None);
    let asked = world.run(&["log", "show", &log, "--format", "json", "--json"]).unwrap();
    assert_eq!((asked.json["document"].as_str(), asked.text.len()), (shown.text.first().map(String::as_str), 0));
}

#[test]
fn a_file_of_line_ends_is_told_in_a_few_lines() {
    let world = World::new();
    let [log, _] = session(&world.add(1, "Giulia Rinaldi"), 1);
    let file = write(&world, "log", &[log, vec![String::new(); 50_000]].concat());
    let checked = world.run(&["log", "verify", &file]).unwrap();
    assert_eq!((checked.found, checked.text.len()), (Found::Bad, 202));
    assert_eq!(checked.text[201], "- Not listed here: 49800 more.");
    assert_eq!((&checked.json["findings_left_out"], &checked.json["first_divergence"]), (&49_000.into(), &7.into()));
}

#[test]
fn nothing_that_comes_from_a_file_steers_the_terminal() {
    let world = World::new();
    let name = "\u{1b}]0;x\u{7}\u{9b}2J\u{7f}\u{202E}a\u{2066}\n";
    let words = i18n::I18n::new(i18n::Language::English);
    let (json, text) = (serde_json::json!({ "name": name }), vec![name.to_owned()]);
    let outcome = org::Outcome { json, text, found: Found::Good };
    let (text, _, _) = org::present(&Ok(outcome.clone()), false, &words);
    assert_eq!(text, "[U+001B]]0;x[U+0007][U+009B]2J[U+007F][U+202E]a[U+2066]\n");
    let (json, _, _) = org::present(&Ok(outcome.clone()), true, &words);
    assert!(!json.contains(|c: char| c.is_control() && c != '\n' || ('\u{2028}'..='\u{2069}').contains(&c)), "{json}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), outcome.json);

    // A failure names what somebody wrote.
    let failure = world.run(&["operator", "show", "\u{1b}[2J"]);
    let (_, error, code) = org::present(&failure, false, &words);
    assert!(code == 2 && error.contains("[U+001B][2J"), "{error}");

    // A log as JSON has the texts as they are; what steers is escaped.
    let [mut log, _] = session(&world.add(1, "Giulia Rinaldi"), 1);
    let opening = audit_log::Opening::new(Hex([1; 16]), "fdp\u{202E}exe");
    let key = LogKey::new(&[9; 32]).unwrap();
    let begin: serde_json::Value = serde_json::from_str(&log[0]).unwrap();
    let begin: Begin = serde_json::from_value(begin["begin"].clone()).unwrap();
    let (mut writer, first) = Writer::begin(begin, key);
    log = vec![first, writer.append(1, Event::Command { line: opening.commitment() }), Writer::opening(opening)];
    let log = write(&world, "log", &log);
    let shown = &world.run(&["log", "show", &log, "--format", "json"]).unwrap().text[0];
    assert!(shown.contains("fdp\\u202eexe") && !shown.contains('\u{202E}'), "{shown}");
}
