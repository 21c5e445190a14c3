//! What goes otherwise than planned: wrong passwords, hostile lines, commands out of order, an end in the middle.

use crate::caller::Caller;
use crate::schema::Schema;
use crate::{agents_end, control, join, pair_and_view};
use agent_core::LinkKind;
use agent_core::view::{AgentCommand, KeyProblem, Page};
use audit_log::Report;
use e2e::{World, program};
use proto::input::KeyUsage;
use proto::session::{Capability, EndReason};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn a_wrong_password_has_its_code_and_locks_nobody_out_for_good() {
    let world = World::start(LinkKind::Quic);
    fs::write(world.path("password"), format!("{}\n", identity::dev::SAMPLE_PASSWORD)).unwrap();
    let mut caller = Caller::start(&world);
    let wrong = json!({"do": "sign_in", "password": "not-this-one-7"});
    for left in [2, 1, 0] {
        let id = caller.send(wrong.clone());
        let refusal = caller.refusal(&json!(id));
        assert_eq!((&refusal["code"], &refusal["left"]), (&json!("wrong_password"), &json!(left)));
        assert_eq!(refusal.get("wait_s").is_some(), left == 0, "{refusal}");
    }
    let id = caller.send(json!({"do": "sign_in", "password": identity::dev::SAMPLE_PASSWORD}));
    let refusal = caller.refusal(&json!(id));
    assert_eq!(refusal["code"], "locked");
    assert!((1..=31).contains(&refusal["wait_s"].as_u64().unwrap()), "{refusal}");
    assert_eq!(caller.refused(json!({"do": "new_key"})), "not_signed_in");
    let (code, errors) = caller.finish();
    assert_eq!(code, Some(0));
    assert!(!errors.contains("not-this-one-7") && !caller.all.contains("not-this-one-7"));

    // The waiting guards one program, as in the window; the vault is as it was. And a file can have the password.
    let mut caller = Caller::start(&world);
    assert_eq!(caller.refused(json!({"do": "sign_in"})), "no_password");
    let file = world.path("password");
    let mut caller = Caller::with(&world, &["--password-file", file.to_str().unwrap()]);
    caller.ask(json!({"do": "sign_in"}));
    assert_eq!(caller.refused(json!({"do": "sign_in"})), "already_signed_in");
}

#[test]
fn hostile_lines_are_refused_and_the_next_is_served() {
    let world = World::start(LinkKind::Quic);
    let mut caller = Caller::start(&world);
    let rows: [(&[u8], Value, &str); 12] = [
        (b"{", json!(null), "bad_json"),
        (b"[1,2]", json!(null), "bad_json"),
        (b"\xff\xfe\x00", json!(null), "bad_json"),
        (b"{\"id\":1,\"do\":\"state\"}{}", json!(null), "bad_json"),
        (&[b'['; 60_000], json!(null), "bad_json"),
        (&[b'a'; 1_000_000], json!(null), "line_too_long"),
        (br#"{"do":"state"}"#, json!(null), "bad_command"),
        (br#"{"id":{},"do":"state"}"#, json!(null), "bad_command"),
        (br#"{"id":"a","do":"shell","command":"true"}"#, json!("a"), "bad_command"),
        (br#"{"id":"b","do":"state","all":true}"#, json!("b"), "bad_command"),
        (br#"{"id":"c","do":"request","capability":"record"}"#, json!("c"), "bad_command"),
        (br#"{"id":"d","do":"sign_in","password":90210}"#, json!("d"), "bad_command"),
    ];
    for (line, id, code) in rows {
        caller.raw(line);
        caller.raw(b"\n");
        let refusal = caller.refusal(&id);
        assert_eq!(refusal["code"], code, "{refusal}");
        assert!(!refusal["text"].as_str().unwrap().contains("90210"));
    }
    caller.raw(b"\n  \n");
    assert_eq!(caller.ask(json!({"do": "state"}))["state"]["stage"], "signed_out");
    // What has no line feed at its end is a line all the same.
    caller.raw(br#"{"id":"last","do":"state"}"#);
    let (code, _) = caller.finish();
    assert_eq!(code, Some(0));
    assert_eq!(caller.answer(&json!("last"))["ok"], true);
    assert_eq!(caller.all.lines().count(), 12 + 1 + 1 + 1, "one answer to each, and nothing else: {}", caller.all);
}

#[test]
fn commands_out_of_order_are_refused_and_do_nothing() {
    let world = World::start(LinkKind::Quic);
    let mut caller = Caller::start(&world);
    let of_a_session = [
        json!({"do": "request", "capability": "view"}),
        json!({"do": "release", "capability": "control"}),
        json!({"do": "monitors"}),
        json!({"do": "show_monitor", "monitor": 0}),
        json!({"do": "picture", "path": "early.png"}),
        json!({"do": "pointer", "x": 0, "y": 0}),
        json!({"do": "click", "x": 0, "y": 0}),
        json!({"do": "button", "action": "down"}),
        json!({"do": "wheel", "dy": 1}),
        json!({"do": "key", "name": "Enter"}),
        json!({"do": "type", "text": "a"}),
        json!({"do": "chat", "text": "a"}),
        json!({"do": "send_file", "path": "a"}),
        json!({"do": "fetch_file", "path": "a"}),
        json!({"do": "cancel_key"}),
        json!({"do": "end"}),
        json!({"do": "close"}),
    ];
    for command in &of_a_session {
        assert_eq!(caller.refused(command.clone()), "not_signed_in", "{command}");
    }
    assert_eq!(caller.refused(json!({"do": "wait", "for": "joined"})), "not_signed_in");
    caller.sign_in();
    for command in &of_a_session {
        assert_eq!(caller.refused(command.clone()), "wrong_stage", "{command}");
    }
    assert_eq!(caller.refused(json!({"do": "wait", "for": "joined"})), "session_over", "nothing was begun");
    // Behind a command for a key that is not there yet, this is about that key.
    let key = caller.send(json!({"do": "new_key"}));
    let wait = caller.send(json!({"do": "wait", "for": "joined"}));
    assert_eq!(caller.answer(&json!(key))["ok"], true);
    caller.event("key");
    assert_eq!(caller.refused(json!({"do": "wait", "for": "joined", "timeout_ms": 1})), "timeout");
    assert_eq!(caller.refused(json!({"do": "new_key"})), "wrong_stage");
    caller.ask(json!({"do": "cancel_key"}));
    assert_eq!(caller.refusal(&json!(wait))["code"], "session_over");
    assert!(!world.path("early.png").exists());
}

#[test]
fn whoever_guesses_is_told_of_and_the_third_guess_burns_the_key() {
    let world = World::start(LinkKind::Quic);
    let mut caller = Caller::start(&world);
    caller.sign_in();
    let mut key = caller.new_key();
    let last = key.pop().unwrap();
    key.push(if last == '0' { '1' } else { '0' });
    for left in [2, 1] {
        world.agent.send(AgentCommand::SubmitKey(key.clone()));
        assert_eq!(caller.event("wrong_try")["tries_left"], left);
        world.agent_shows("the refusal", |view| {
            let problem = Some(KeyProblem::WrongSecret { tries_left: left });
            (view.page == Page::EnterKey { problem }).then_some(())
        });
    }
    world.agent.send(AgentCommand::SubmitKey(key));
    caller.event("key_burned");
    caller.event("idle");
    assert!(!caller.all.contains("\"joined\""));
}

#[test]
fn without_the_persons_word_nothing_is_seen() {
    let world = World::start(LinkKind::Quic);
    let mut caller = Caller::start(&world);
    caller.sign_in();
    join(&world, &mut caller);
    caller.ask(json!({"do": "wait", "for": "session"}));
    for capability in ["view", "control"] {
        assert_eq!(caller.refused(json!({"do": "request", "capability": capability})), "not_recognised");
    }
    let wait = caller.send(json!({"do": "wait", "for": "view"}));
    world.agent.send(AgentCommand::RecogniseOperator(false));
    let refusal = caller.refusal(&json!(wait));
    assert_eq!((&refusal["code"], &refusal["detail"]), (&json!("session_over"), &json!("operator_not_recognised")));
    assert_eq!(caller.event("ended")["reason"], "operator_not_recognised");
    assert_eq!(world.desktop.captures(), 0);
}

#[test]
fn what_the_person_refuses_pauses_and_takes_back_is_told() {
    let world = World::start(LinkKind::Quic);
    let mut caller = Caller::start(&world);
    pair_and_view(&world, &mut caller);
    caller.ask(json!({"do": "request", "capability": "control"}));
    let wait = caller.send(json!({"do": "wait", "for": "control"}));
    world.answer(false);
    let refusal = caller.refusal(&json!(wait));
    assert_eq!((&refusal["code"], &refusal["detail"]), (&json!("refused"), &json!("denied")));
    let refused = caller.event("refused");
    assert_eq!((&refused["capability"], &refused["decision"]), (&json!("control"), &json!("denied")));
    // At once again: the person is not pestered. A wait right behind is about this question, not the one before.
    let request = caller.send(json!({"do": "request", "capability": "control"}));
    let wait = caller.send(json!({"do": "wait", "for": "control"}));
    assert_eq!(caller.answer(&json!(request))["ok"], true);
    assert_eq!(caller.refusal(&json!(wait))["detail"], "too_soon");
    assert_eq!(caller.event("refused")["decision"], "too_soon");

    world.agent.send(AgentCommand::Pause);
    assert_eq!(caller.event("sharing_paused")["paused"], true);
    assert_eq!(caller.refused(json!({"do": "picture", "path": "paused.png"})), "no_picture");
    world.agent.send(AgentCommand::Resume);
    assert_eq!(caller.event("sharing_paused")["paused"], false);
    world.agent.send(AgentCommand::Revoke(Capability::View));
    caller.event_with("revoked", |event| event["capability"] == "view");
}

#[test]
fn a_relay_that_restarts_is_told_of_and_the_session_goes_on() {
    let mut world = World::start(LinkKind::Quic);
    let mut caller = Caller::start(&world);
    pair_and_view(&world, &mut caller);
    control(&world, &mut caller);
    world.kill_relay();
    caller.event("reconnecting");
    assert_eq!(caller.refused(json!({"do": "type", "text": "blind"})), "reconnecting");
    world.start_relay();
    caller.event("reconnected");
    caller.ask(json!({"do": "chat", "text": "still there?"}));
    caller.event("chat_delivered");
    caller.ask(json!({"do": "type", "text": "seen"}));
    let record = world.injected.lock().unwrap()[0].clone();
    world.eventually("the typed text", || record.text() == "seen");
}

#[test]
fn the_end_of_the_input_ends_the_session_in_order() {
    let world = World::start(LinkKind::Quic);
    let mut caller = Caller::start(&world);
    pair_and_view(&world, &mut caller);
    control(&world, &mut caller);
    caller.ask(json!({"do": "key", "name": "ShiftLeft", "action": "down"}));
    let record = world.injected.lock().unwrap()[0].clone();
    world.eventually("the held key", || record.held_keys() == [KeyUsage(0xE1)]);
    let wait = caller.send(json!({"do": "wait", "for": "ended"}));
    let other = caller.send(json!({"do": "wait", "for": "transfers"}));
    let (code, _) = caller.finish();
    assert_eq!(code, Some(0));
    let ended = caller.event("ended");
    assert_eq!(ended["reason"], "operator_ended");
    assert!(Report::of(fs::read(ended["log"].as_str().unwrap()).unwrap()).holds());
    assert_eq!(caller.answer(&json!(wait))["ok"], true);
    assert_eq!(caller.refusal(&json!(other))["code"], "session_over");
    assert!(record.held_keys().is_empty(), "nothing stays pressed");
    world.agent.send(AgentCommand::SkipRating);
    assert_eq!(agents_end(&world).reason, EndReason::OperatorEnded);
}

#[test]
fn how_it_ends_without_a_session_is_told_by_the_exit_code() {
    let world = World::start(LinkKind::Quic);
    let start = |more: &[&str]| {
        let mut command = Command::new(program::console());
        command.arg("headless").arg("--data").arg(world.path("console")).args(more);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    };
    for (code, arguments) in [
        (1, ["--operator", "/nowhere/operator.ponte-vault"]),
        (1, ["--password-file", "/nowhere/password"]),
        (2, ["--password", "secret"]),
    ] {
        assert_eq!(start(&arguments).wait().unwrap().code(), Some(code), "{arguments:?}");
    }
    // Nobody takes the output any more.
    let mut deaf = start(&[]);
    let mut output = BufReader::new(deaf.stdout.take().unwrap());
    output.read_line(&mut String::new()).unwrap();
    drop(output);
    deaf.stdin.as_mut().unwrap().write_all(b"{\"id\":1,\"do\":\"state\"}\n").unwrap();
    assert_eq!(deaf.wait().unwrap().code(), Some(3));
    // Without a vault there is nothing to sign in to.
    let mut empty = start(&[]);
    empty.stdin.take().unwrap().write_all(b"{\"id\":1,\"do\":\"sign_in\",\"password\":\"a\"}\n").unwrap();
    let lines: Vec<String> = BufReader::new(empty.stdout.take().unwrap()).lines().map(Result::unwrap).collect();
    assert!(lines[1].contains("\"no_vault\""), "{lines:?}");
    assert_eq!(empty.wait().unwrap().code(), Some(0));
}

#[test]
fn every_command_and_event_is_documented() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../operator-console/README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let schema = Schema::read();
    for name in schema.names("command", "do").into_iter().chain(schema.names("event", "event")) {
        assert!(readme.contains(&format!("| `{name}` |")), "{name} has no row");
    }
    let mut shown = (0, 0);
    for line in readme.lines().filter(|line| line.starts_with('{')) {
        let line: Value = serde_json::from_str(line).unwrap();
        let what = match () {
            () if line.get("do").is_some() => "command",
            () if line.get("event").is_some() => "event",
            () => "answer",
        };
        schema.check(what, &line);
        if what == "command" { shown.0 += 1 } else { shown.1 += 1 }
    }
    assert!(shown.0 > 10 && shown.1 > 10, "{shown:?}");
}
