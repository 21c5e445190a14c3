//! Folders and files without a window: looked at, sent, fetched, paused, gone on with, cancelled, decided about.

use super::{Caller, pair_and_view};
use agent_core::LinkKind;
use e2e::moving::{content, quick, slow, tree};
use e2e::{Line, World};
use serde_json::{Value, json};
use std::fs;

/// The transfer is in this state.
fn is(number: &Value, state: &'static str) -> impl Fn(&Value) -> bool {
    let number = number.clone();
    move |event: &Value| event["transfer"] == number && event["state"] == state
}

fn transfer(caller: &mut Caller, number: &Value) -> Value {
    let all = caller.ask(json!({"do": "transfers"}));
    let all = all["transfers"].as_array().unwrap();
    all.iter().find(|transfer| transfer["transfer"] == *number).unwrap().clone()
}

#[test]
fn who_asks_for_the_folders_again_waits_for_the_answer_to_that() {
    let world = World::start(LinkKind::Quic);
    let mut caller = Caller::start(&world);
    pair_and_view(&world, &mut caller);
    caller.ask(json!({"do": "list_folder"}));
    world.answer(false);
    assert_eq!(caller.refused(json!({"do": "wait", "for": "files"})), "refused");
    // At once after a no the agent asks nobody: that is the answer, and not the one before.
    caller.send(json!({"do": "list_folder"}));
    let waiting = caller.send(json!({"do": "wait", "for": "files"}));
    assert_eq!(caller.refusal(&json!(waiting))["detail"], "too_soon");
    // Also where the answer is the same.
    caller.ask(json!({"do": "list_folder"}));
    assert_eq!(caller.refused(json!({"do": "wait", "for": "files"})), "refused");
}

#[test]
fn folders_are_looked_at_and_several_files_move_both_ways_without_a_window() {
    let world = World::start(LinkKind::Quic);
    let mut caller = Caller::start(&world);
    pair_and_view(&world, &mut caller);
    fs::create_dir_all(world.path("home/Documents/deep")).unwrap();
    fs::write(world.path("home/Documents/deep/a.txt"), "a").unwrap();
    fs::write(world.path("home/Documents/b.bin"), content(1, 700_000)).unwrap();
    fs::create_dir(world.path("fetched")).unwrap();

    caller.ask(json!({"do": "list_folder"}));
    world.answer(true);
    let folder = caller.event("folder")["folder"].clone();
    let names = folder["entries"].as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap().to_owned());
    assert_eq!(names.collect::<Vec<_>>(), ["Documents"]);
    let documents = format!("{}/Documents", folder["path"].as_str().unwrap());
    caller.ask(json!({"do": "list_folder", "path": documents}));
    let folder = caller.event_with("folder", |event| event["folder"]["path"] == documents.as_str());
    assert_eq!(folder["folder"]["entries"].as_array().unwrap().len(), 2);
    caller.ask(json!({"do": "list_folder", "path": "/no/such/folder"}));
    assert_eq!(caller.event("no_folder")["failure"], "not_found");

    let fetched = caller.ask(json!({"do": "fetch", "paths": [documents], "into": world.path("fetched")}));
    world.answer(true);
    let done = caller.event_with("transfer", is(&fetched["transfer"], "done"));
    assert_eq!((&done["files"], &done["done_files"], &done["failed_files"]), (&json!(2), &json!(2), &json!(0)));
    assert_eq!(tree(&world.path("fetched/Documents")), tree(&world.path("home/Documents")));

    // Where they are already the caller decides.
    fs::write(world.path("fetched/Documents/deep/a.txt"), "old").unwrap();
    let again = caller.ask(json!({"do": "fetch", "paths": [documents], "into": world.path("fetched")}));
    world.answer(true);
    let asked = caller.event_with("transfer", is(&again["transfer"], "conflicts"));
    assert_eq!(asked["conflicts"], json!(["Documents/b.bin", "Documents/deep/a.txt"]), "{asked}");
    let items = caller.ask(json!({"do": "transfer_items", "transfer": again["transfer"]}));
    let named = |item: &Value| item["file"] == "Documents/deep/a.txt" && item["is_folder"] == false;
    assert!(items["items"].as_array().unwrap().iter().any(named), "{items}");
    let rest = caller.ask(json!({"do": "transfer_items", "transfer": again["transfer"], "from": items["count"]}));
    assert_eq!(rest["items"], json!([]));
    assert_eq!(caller.refused(json!({"do": "pause", "transfer": again["transfer"]})), "wrong_stage");
    caller.ask(json!({"do": "resolve", "transfer": again["transfer"], "conflict": "replace"}));
    caller.event_with("transfer", is(&again["transfer"], "done"));
    assert_eq!(tree(&world.path("fetched/Documents")), tree(&world.path("home/Documents")));

    let sent = caller.ask(json!({"do": "send", "paths": [world.path("fetched/Documents")], "into": ""}));
    world.answer(true);
    caller.event_with("transfer", is(&sent["transfer"], "done"));
    assert_eq!(tree(&world.path("downloads/Documents")), tree(&world.path("home/Documents")));
}

#[test]
fn a_transfer_is_paused_gone_on_with_and_cancelled_without_a_window() {
    let world = World::on(Line::only(LinkKind::Quic).over(slow()), Line::only(LinkKind::Quic));
    let mut caller = Caller::start(&world);
    pair_and_view(&world, &mut caller);
    let large = world.path("large.bin");
    fs::write(&large, content(2, 96 * 1024 * 1024)).unwrap();
    // One file alone as well as several.
    let sent = caller.ask(json!({"do": "send_file", "path": large}));
    world.answer(true);
    let number = &sent["transfer"];
    caller.event_with("transfer", is(number, "running"));
    caller.ask(json!({"do": "pause", "transfer": number}));
    world.agent_shows("that it is held", |view| {
        view.panel.as_ref()?.transfers.last().filter(|transfer| transfer.is_held).map(|_| ())
    });
    world.eventually("that it is held here, too", || transfer(&mut caller, number)["held"] == true);
    caller.ask(json!({"do": "resume", "transfer": number}));
    world.agent_shows("that it goes on", |view| {
        view.panel.as_ref()?.transfers.last().filter(|transfer| !transfer.is_held).map(|_| ())
    });
    caller.ask(json!({"do": "cancel", "transfer": number}));
    let failed = caller.event_with("transfer", is(number, "failed"));
    assert_eq!(failed["failure"], "cancelled");
    assert!(!world.path("downloads/large.bin").exists());
    assert_eq!(caller.refused(json!({"do": "cancel", "transfer": 77})), "bad_value");

    // One file of two, and the other arrives.
    let small = world.path("small.txt");
    fs::write(&small, "small").unwrap();
    let both = caller.ask(json!({"do": "send", "paths": [large, small]}));
    world.answer(true);
    caller.event_with("transfer", is(&both["transfer"], "running"));
    assert_eq!(caller.refused(json!({"do": "cancel", "transfer": both["transfer"], "file": "other"})), "bad_value");
    caller.ask(json!({"do": "cancel", "transfer": both["transfer"], "file": "large.bin"}));
    let done = caller.event_with("transfer", is(&both["transfer"], "done"));
    assert_eq!((&done["done_files"], &done["failed_files"]), (&json!(1), &json!(1)), "{done}");
    assert_eq!(done["failures"], json!([{"file": "large.bin", "failure": "cancelled"}]));
    assert!(world.path("downloads/small.txt").exists() && !world.path("downloads/large.bin").exists());

    // The same goes on from what is there, and this time arrives.
    world.agent_path().change(quick);
    let again = caller.ask(json!({"do": "send", "paths": [large]}));
    world.answer(true);
    caller.event_with("transfer", is(&again["transfer"], "done"));
    assert_eq!(super::digest(&world.path("downloads/large.bin")), super::digest(&large));
}
