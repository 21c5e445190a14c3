//! What is said of a session is kept, pages about the machine come, and a signal ends it all as the end of the input
//! does.

use crate::caller::Caller;
use crate::pair_and_view;
use agent_core::LinkKind;
use agent_core::view::Page;
use e2e::World;
use serde_json::json;
use std::fs;

#[test]
fn notes_tags_and_outcome_are_kept_sealed_beside_the_log() {
    let world = World::start(LinkKind::Quic);
    let mut caller = Caller::start(&world);
    assert_eq!(caller.refused(json!({"do": "outcome", "outcome": "solved"})), "not_signed_in");
    pair_and_view(&world, &mut caller);
    let answer = caller.ask(json!({"do": "notes", "text": "Hidden column shown.", "name": "Marco"}));
    assert_eq!(answer["record"]["notes"], "Hidden column shown.");
    caller.ask(json!({"do": "tags", "tags": ["registry"]}));
    assert_eq!(caller.refused(json!({"do": "tags", "tags": ["x".repeat(65)]})), "bad_value");
    caller.ask(json!({"do": "end"}));
    caller.ask(json!({"do": "close"}));
    caller.ask(json!({"do": "wait", "for": "idle"}));
    assert_eq!(caller.refused(json!({"do": "outcome", "outcome": "solved"})), "wrong_stage");
    let (code, _) = caller.finish();
    assert_eq!(code, Some(0));

    let kept = fs::read_dir(world.path("headless-logs")).unwrap().map(|entry| entry.unwrap().path());
    let kept: Vec<_> = kept.filter(|path| path.extension().is_some_and(|ending| ending == "ponte-record")).collect();
    assert_eq!(kept.len(), 1);
    let text = fs::read_to_string(&kept[0]).unwrap();
    assert!(text.contains("ponte-session-record") && !text.contains("Marco") && !text.contains("column"), "{text}");
}

#[test]
fn the_sessions_until_now_are_listed_described_exported_and_erased() {
    let world = World::start(LinkKind::Quic);
    let mut caller = Caller::start(&world);
    assert_eq!(caller.refused(json!({"do": "records"})), "not_signed_in");
    pair_and_view(&world, &mut caller);
    assert_eq!(caller.ask(json!({"do": "records"}))["records"], json!([]), "the one that runs is not over");
    caller.ask(json!({"do": "notes", "text": "Hidden column shown.", "name": "Marco"}));
    caller.ask(json!({"do": "end"}));
    caller.ask(json!({"do": "close"}));
    caller.ask(json!({"do": "wait", "for": "idle"}));
    let records = caller.ask(json!({"do": "records"}))["records"].clone();
    let [record] = records.as_array().unwrap().as_slice() else { panic!("{records}") };
    assert_eq!((&record["name"], &record["outcome"]), (&json!("Marco"), &json!(null)));
    assert_eq!(record["system"], "Test system");
    let id = record["record"].clone();
    let answer = caller.ask(json!({"do": "outcome", "outcome": "solved", "record": id}));
    assert_eq!(
        (&answer["record"]["outcome"], &answer["record"]["notes"]),
        (&json!("solved"), &json!("Hidden column shown."))
    );
    caller.ask(json!({"do": "tags", "tags": ["registry"], "record": id}));
    for number in 1..3 {
        let path = caller.ask(json!({"do": "export_record", "record": id}))["path"].clone();
        assert_eq!(path, json!(world.path(&format!("ponte-session-{number}.json"))), "nothing is written over");
        let text = fs::read_to_string(path.as_str().unwrap()).unwrap();
        assert!(text.contains("Hidden column") && text.contains("registry"), "{text}");
    }
    assert_eq!(
        caller.refused(json!({"do": "export_transcript", "record": id})),
        "not_written",
        "there was no terminal"
    );
    for command in ["export_record", "export_transcript", "erase_record"] {
        for wrong in ["", "../../relay", "000000000000-00000000"] {
            assert_eq!(caller.refused(json!({"do": command, "record": wrong})), "bad_value");
        }
    }
    caller.ask(json!({"do": "erase_record", "record": id}));
    assert_eq!(caller.ask(json!({"do": "records"}))["records"], json!([]));
    assert_eq!(caller.refused(json!({"do": "notes", "text": "late", "record": id})), "bad_value");
    assert_eq!(caller.finish().0, Some(0));
    let left = fs::read_dir(world.path("headless-logs")).unwrap().map(|entry| entry.unwrap().path());
    let left: Vec<_> = left.filter_map(|path| path.extension().map(|ending| ending.to_owned())).collect();
    assert!(!left.is_empty() && left.iter().all(|ending| ending != "ponte-record"), "the log alone is left: {left:?}");
}

#[test]
fn a_signal_ends_the_session_and_tells_the_other_end() {
    let world = World::start(LinkKind::Quic);
    let mut caller = Caller::start(&world);
    pair_and_view(&world, &mut caller);
    let outcome = caller.ask(json!({"do": "outcome", "outcome": "to_continue"}));
    assert_eq!(outcome["record"]["outcome"], "to_continue");
    caller.terminate();
    world.agent_shows("the end", |view| matches!(view.page, Page::Ended(_)).then_some(()));
    let (code, _) = caller.finish();
    assert_eq!(code, Some(0), "ended in order");
}

#[test]
fn a_page_about_the_machine_comes_once_the_person_allows_it() {
    let world = World::start(LinkKind::Quic);
    let mut caller = Caller::start(&world);
    pair_and_view(&world, &mut caller);
    assert_eq!(caller.refused(json!({"do": "facts", "topic": "overview"})), "not_granted");
    caller.ask(json!({"do": "request", "capability": "system_info"}));
    world.answer(true);
    caller.event_with("granted", |event| event["capability"] == "system_info");
    for topic in ["processes", "processes", "overview"] {
        let answer = caller.ask(json!({"do": "facts", "topic": topic}));
        assert!(answer["facts"][topic].is_object(), "{answer}");
    }
    // This machine cannot read them.
    assert_eq!(caller.refused(json!({"do": "facts", "topic": "disks"})), "system");
    let answer = caller.ask(json!({"do": "facts", "topic": "processes"}));
    let rows = answer["facts"]["processes"]["rows"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["name"] == "firefox"), "{answer}");
    let asks = |caller: &mut Caller, pid: u32, yes: bool| {
        let id = caller.send(json!({"do": "end_process", "pid": pid}));
        world.answer(yes);
        caller.answer(&json!(id))
    };
    assert_eq!(caller.refused(json!({"do": "end_process", "pid": 9999})), "bad_value");
    assert_eq!(asks(&mut caller, 40, true)["ending"], "ended");
    let refused = asks(&mut caller, 41, false);
    assert_eq!(
        (refused["error"]["code"].as_str(), refused["error"]["detail"].as_str()),
        (Some("refused"), Some("denied"))
    );
    caller.ask(json!({"do": "release", "capability": "system_info"}));
    caller.event("released");
    assert_eq!(caller.refused(json!({"do": "facts", "topic": "disks"})), "not_granted");
}
