//! A program that is killed is lost, and one that is told to end has ended: what the person is told, and what becomes of
//! a file in the middle of its way.

use super::{Caller, pair_and_view};
use agent_core::LinkKind;
use agent_core::view::{AgainView, AgentCommand, EndView, Page};
use e2e::moving::{content, quick, slow, tree};
use e2e::{Line, World};
use proto::session::EndReason;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

const MIB: usize = 1024 * 1024;
const LARGE_BYTES: usize = 24 * MIB;

/// On a path to the agent on which a large file takes its time.
fn slowly() -> World {
    World::on(Line::only(LinkKind::Quic).over(slow()), Line::only(LinkKind::Quic))
}

/// A large file is on its way to the person when this returns.
fn sending(world: &World) -> Caller {
    let mut caller = Caller::start(world);
    pair_and_view(world, &mut caller);
    fs::write(world.path("large.bin"), content(5, LARGE_BYTES)).unwrap();
    let sent = caller.ask(json!({"do": "send", "paths": [world.path("large.bin")]}));
    world.answer(true);
    world.agent_shows("some of it", |view| {
        view.panel.as_ref()?.transfers.last().filter(|transfer| transfer.done_bytes > MIB as u64).map(|_| ())
    });
    hold(world, &mut caller, &sent["transfer"]);
    assert_eq!(parts(&world.path("downloads")), 1);
    caller
}

/// It stands still, so that it is not whole before the program is ended.
fn hold(world: &World, caller: &mut Caller, transfer: &Value) {
    caller.ask(json!({"do": "pause", "transfer": transfer}));
    world.agent_shows("that it is held", |view| {
        view.panel.as_ref()?.transfers.last().filter(|transfer| transfer.is_held).map(|_| ())
    });
}

/// How many files there are, all of them unfinished.
fn parts(folder: &Path) -> usize {
    let names = tree(folder).into_keys();
    names.inspect(|name| assert!(name.starts_with(".ponte-part-"), "{name}")).count()
}

/// The last page, once it is so far.
fn end(world: &World, is_so_far: impl Fn(&EndView) -> bool) -> EndView {
    world.agent_shows("the end", |view| match &view.page {
        Page::Ended(end) if is_so_far(end) => Some(end.clone()),
        _ => None,
    })
}

#[test]
fn a_console_that_is_killed_is_lost_and_the_person_may_go_on_with_half_a_file_by_a_new_key() {
    let mut world = slowly();
    sending(&world).kill();
    // The relay knows nothing of the session any more, so that nobody waits for a console that does not come back.
    world.kill_relay();
    fs::remove_file(world.path("relay/node.secret")).unwrap();
    world.start_relay();
    let end = end(&world, |end| end.again.is_some());
    assert_eq!((end.reason, end.again), (EndReason::ConnectionLost, Some(AgainView { keeps_files: true })));
    assert_eq!(parts(&world.path("downloads")), 1);

    world.agent_path().change(quick);
    world.agent.send(AgentCommand::NewKey);
    world.agent_shows("the key", |view| (view.page == Page::EnterKey { problem: None }).then_some(()));
    let mut caller = Caller::start(&world);
    pair_and_view(&world, &mut caller);
    let before = world.relay().stats().bytes_forwarded;
    let again = caller.ask(json!({"do": "send", "paths": [world.path("large.bin")]}));
    world.answer(true);
    caller.event_with("transfer", |event| event["transfer"] == again["transfer"] && event["state"] == "done");
    let moved = world.relay().stats().bytes_forwarded - before;
    assert!(moved < LARGE_BYTES as u64, "{moved} bytes of {LARGE_BYTES} the second time");
    let whole = [("large.bin".to_owned(), fs::read(world.path("large.bin")).unwrap())];
    assert!(tree(&world.path("downloads")) == whole.into(), "it is whole, and its half gone");
}

#[test]
fn a_console_that_is_told_to_end_has_ended_and_nothing_is_left_of_half_a_file() {
    let world = slowly();
    let mut caller = sending(&world);
    caller.terminate();
    assert_eq!(end(&world, |_| true).reason, EndReason::OperatorEnded);
    assert_eq!(caller.finish().0, Some(0), "ended in order");
    world.agent.send(AgentCommand::SkipRating);
    let end = end(&world, |end| end.removed.is_some());
    assert_eq!((end.reason, end.again), (EndReason::OperatorEnded, None));
    assert_eq!(parts(&world.path("downloads")), 0);
}

/// A large file is on its way from the person when this returns.
fn fetching(world: &World, into: &Path) -> Caller {
    let large = world.path("home/large.bin");
    fs::write(&large, content(6, LARGE_BYTES)).unwrap();
    fs::create_dir(into).unwrap();
    let mut caller = Caller::start(world);
    pair_and_view(world, &mut caller);
    let fetched = caller.ask(json!({"do": "fetch", "paths": [large], "into": into}));
    world.answer(true);
    world.eventually("some of it", || tree(into).values().any(|bytes| !bytes.is_empty()));
    hold(world, &mut caller, &fetched["transfer"]);
    assert_eq!(parts(into), 1);
    caller
}

/// The newest of the sessions until now, once it is there.
fn first_record(world: &World, caller: &mut Caller) -> Value {
    let mut record = json!(null);
    world.eventually("the session", || {
        record = caller.ask(json!({"do": "records"}))["records"][0].clone();
        record.is_object()
    });
    record
}

#[test]
fn a_session_that_ends_in_order_leaves_no_half_of_a_fetched_file() {
    let world = slowly();
    let into = world.path("fetched");
    let mut caller = fetching(&world, &into);
    caller.ask(json!({"do": "end"}));
    assert_eq!(parts(&into), 0);
    caller.ask(json!({"do": "close"}));
    caller.ask(json!({"do": "wait", "for": "idle"}));
    let record = first_record(&world, &mut caller);
    assert_eq!(record["unfinished"], json!([]), "{record}");
}

#[test]
fn a_console_that_was_killed_in_the_middle_of_a_fetch_knows_of_its_half_and_erases_it_with_the_session() {
    let world = slowly();
    let into = world.path("fetched");
    fetching(&world, &into).kill();
    assert_eq!(parts(&into), 1);

    let mut caller = Caller::start(&world);
    caller.sign_in();
    let record = first_record(&world, &mut caller);
    let left = &record["unfinished"][0];
    assert_eq!((&left["name"], &left["size_bytes"]), (&json!("large.bin"), &json!(LARGE_BYTES)));
    assert_eq!(left["folder"], json!(fs::canonicalize(&into).unwrap()));
    let done_bytes = left["done_bytes"].as_u64().unwrap();
    assert!(done_bytes > 0 && done_bytes == tree(&into).into_values().next().unwrap().len() as u64, "{left}");
    caller.ask(json!({"do": "erase_record", "record": record["record"]}));
    world.eventually("that its half is gone", || tree(&into).is_empty());
}
