//! Whole sessions of the real `ponte-console headless` with a real relay and a real agent.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here fails the test")]

mod amiss;
mod caller;
mod clipboard;
mod ends;
mod files;
mod kept;
mod marks;
mod schema;
mod terminal;

use agent_core::LinkKind;
use agent_core::view::{AgentCommand, EndView, Page, RatingView};
use audit_log::Report;
use caller::Caller;
use e2e::World;
use input::fake::Done;
use proto::geometry::Rect;
use proto::input::{Button, KeyUsage};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// Blue, green, red.
const RED: [u8; 3] = [0, 0, 255];
const GREEN: [u8; 3] = [0, 255, 0];

/// Types the key at the agent and gives the check word that the person sees, in the operator's words.
fn join(world: &World, caller: &mut Caller) -> String {
    let key = caller.new_key();
    world.agent.send(AgentCommand::SubmitKey(key));
    let word = world.agent_shows("who asks", |view| match &view.page {
        Page::WhoAsks { check_word, .. } => Some(check_word.clone()),
        _ => None,
    });
    let number = word.strip_prefix("word-").unwrap().parse().unwrap();
    i18n::check_word(number, i18n::Language::English).to_owned()
}

/// As far as the first picture.
fn pair_and_view(world: &World, caller: &mut Caller) {
    caller.sign_in();
    join(world, caller);
    world.welcome(&world.agent);
    world.answer(true);
    caller.ask(json!({"do": "wait", "for": "picture"}));
}

fn control(world: &World, caller: &mut Caller) {
    caller.ask(json!({"do": "request", "capability": "control"}));
    world.answer(true);
    caller.ask(json!({"do": "wait", "for": "control"}));
}

/// Rows of red, green, blue.
fn png(path: &Path) -> (u32, u32, Vec<u8>) {
    let decoder = png::Decoder::new(std::io::BufReader::new(fs::File::open(path).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut rgba = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut rgba).unwrap();
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgba, png::BitDepth::Eight));
    assert!(rgba.chunks_exact(4).all(|pixel| pixel[3] == 255));
    (info.width, info.height, rgba.chunks_exact(4).flat_map(|pixel| pixel[..3].to_vec()).collect())
}

/// What the desktop shows with these rectangles on black.
fn painted(rects: &[(Rect, [u8; 3])]) -> (u32, u32, Vec<u8>) {
    let colour = |x, y| {
        let is_in = |rect: &Rect| (rect.x..rect.right()).contains(&x) && (rect.y..rect.bottom()).contains(&y);
        let [blue, green, red] = rects.iter().rfind(|(rect, _)| is_in(rect)).map_or([0; 3], |(_, colour)| *colour);
        [red, green, blue]
    };
    let pixels = (0..400).flat_map(|y| (0..640).flat_map(move |x| [(x, y)])).flat_map(|(x, y)| colour(x, y));
    (640, 400, pixels.collect())
}

/// Writes pictures until one is like this.
fn picture_becomes(world: &World, caller: &mut Caller, name: &str, expected: &(u32, u32, Vec<u8>)) {
    for number in 0.. {
        let state = caller.ask(json!({"do": "state"}));
        let seen = state["state"]["session"]["pictures"].as_u64().unwrap();
        let file = format!("{name}-{number}.png");
        let answer = caller.ask(json!({"do": "picture", "path": file}));
        assert_eq!((&answer["width"], &answer["height"]), (&json!(640), &json!(400)));
        if png(&world.path(&file)) == *expected {
            return;
        }
        caller.ask(json!({"do": "wait", "for": "picture", "after": seen}));
    }
}

fn digest(path: &Path) -> blake3::Hash {
    blake3::hash(&fs::read(path).unwrap())
}

fn agents_end(world: &World) -> EndView {
    world.agent_shows("the end", |view| match &view.page {
        Page::Ended(end) => end.removed.is_some().then(|| end.clone()),
        _ => None,
    })
}

fn see(world: &World, caller: &mut Caller) {
    let word = join(world, caller);
    caller.event("joined");
    assert_eq!(caller.event("check_word")["word"], json!(word));
    assert_eq!(caller.refused(json!({"do": "request", "capability": "view"})), "not_recognised");
    assert_eq!(caller.refused(json!({"do": "send_file", "path": "x"})), "not_recognised");
    world.welcome(&world.agent);
    for step in ["terms", "choosing"] {
        caller.event_with("step", |event| event["step"] == step);
    }
    assert_eq!(caller.event("recognised")["system"], "Test system");
    caller.event_with("asked", |event| event["capability"] == "view");
    assert_eq!(world.desktop.captures(), 0, "nothing is seen before the yes");
    assert_eq!(caller.refused(json!({"do": "picture", "path": "early.png"})), "no_picture");
    world.answer(true);
    // They travel on streams of their own.
    let [granted, layout, _] = caller.events(["granted", "layout", "picture"]);
    assert_eq!(granted["capability"], "view");
    assert_eq!(layout["monitors"].as_array().unwrap().len(), 1);
    let rects = [(Rect::new(10, 20, 30, 40), RED), (Rect::new(600, 300, 40, 100), GREEN)];
    for (rect, colour) in rects {
        world.desktop.paint(rect, colour);
    }
    picture_becomes(world, caller, "seen", &painted(&rects));
    assert_eq!(caller.refused(json!({"do": "picture", "path": "seen-0.png"})), "already");
}

fn act(world: &World, caller: &mut Caller) {
    assert_eq!(caller.refused(json!({"do": "click", "x": 1, "y": 1})), "not_granted");
    control(world, caller);
    assert_eq!(caller.refused(json!({"do": "request", "capability": "control"})), "already");
    for (x, y) in [(640, 0), (0, 400), (-1, 0)] {
        assert_eq!(caller.refused(json!({"do": "click", "x": x, "y": y})), "bad_value");
    }
    caller.ask(json!({"do": "click", "x": 12, "y": 34, "count": 2}));
    caller.ask(json!({"do": "wheel", "dy": -2}));
    caller.ask(json!({"do": "type", "text": "perché no"}));
    caller.ask(json!({"do": "key", "name": "A", "modifiers": ["control"]}));
    caller.ask(json!({"do": "key", "usage": 40, "action": "down"}));
    let record = world.injected.lock().unwrap()[0].clone();
    world.eventually("the held key", || record.held_keys() == [KeyUsage(40)]);
    caller.ask(json!({"do": "key", "usage": 40, "action": "up"}));
    world.eventually("the lifted key", || record.held_keys().is_empty());
    let press = |down| Done::Button { button: Button::Primary, down };
    let key = |usage, down| Done::Key { usage: KeyUsage(usage), down };
    let done = record.done();
    let clicks: Vec<&Done> = done.iter().filter(|done| matches!(done, Done::Button { .. })).collect();
    assert_eq!(clicks, [&press(true), &press(false), &press(true), &press(false)]);
    let keys: Vec<&Done> = done.iter().filter(|done| matches!(done, Done::Key { .. })).collect();
    let expected = [key(0xE0, true), key(4, true), key(4, false), key(0xE0, false), key(40, true), key(40, false)];
    assert_eq!(keys, expected.iter().collect::<Vec<_>>());
    assert!(done.contains(&Done::Wheel { right: 0, down: -2 }), "{done:?}");
    assert_eq!(record.text(), "perché no");
    caller.ask(json!({"do": "release", "capability": "control"}));
    caller.event_with("released", |event| event["capability"] == "control");
    assert_eq!(caller.refused(json!({"do": "type", "text": "late"})), "not_granted");
}

fn talk(world: &World, caller: &mut Caller) {
    assert_eq!(caller.ask(json!({"do": "chat", "text": "said by the operator"}))["line"], 1);
    assert_eq!(caller.event("chat_delivered")["line"], 1);
    world.agent.send(AgentCommand::SendChat("said by the person".into()));
    let line = caller.event("chat");
    assert_eq!((&line["line"], &line["text"]), (&json!(1), &json!("said by the person")));
}

fn move_files(world: &World, caller: &mut Caller) {
    let content: Vec<u8> = (0..600_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(world.path("guide.pdf"), &content).unwrap();
    fs::write(world.path("home/log.txt"), &content[1000..]).unwrap();
    fs::create_dir(world.path("fetched")).unwrap();
    let into = world.path("fetched");
    let done = |number: &Value| {
        let number = number.clone();
        move |event: &Value| event["transfer"] == number && event["state"] == "done"
    };

    let sent = caller.ask(json!({"do": "send_file", "path": world.path("guide.pdf")}));
    caller.event_with("transfer", |event| event["state"] == "asked");
    world.answer(true);
    caller.event_with("transfer", done(&sent["transfer"]));
    assert_eq!(digest(&world.path("downloads/guide.pdf")), digest(&world.path("guide.pdf")));

    let fetched = caller.ask(json!({"do": "fetch_file", "path": "log.txt", "into": into}));
    world.answer(true);
    caller.ask(json!({"do": "wait", "for": "transfers"}));
    let event = caller.event_with("transfer", done(&fetched["transfer"]));
    assert_eq!(event["saved_to"], json!(into.join("log.txt")));
    assert_eq!(digest(&into.join("log.txt")), digest(&world.path("home/log.txt")));

    // What was just asked for counts, though the engine may not know of it yet.
    let missing = caller.send(json!({"do": "send_file", "path": world.path("nowhere")}));
    let wait = caller.send(json!({"do": "wait", "for": "transfers"}));
    let missing = caller.answer(&json!(missing));
    assert_eq!(caller.answer(&json!(wait))["ok"], true);
    assert_eq!(caller.ask(json!({"do": "transfers"}))["transfers"].as_array().unwrap().len(), 3);
    let failed =
        caller.event_with("transfer", |event| event["transfer"] == missing["transfer"] && event["state"] == "failed");
    assert_eq!((&failed["state"], &failed["failure"]), (&json!("failed"), &json!("not_found")));
}

fn end(world: &World, caller: &mut Caller) {
    caller.ask(json!({"do": "end"}));
    assert_eq!(caller.event("ending")["reason"], "operator_ended");
    world.agent_shows("the rating", |view| match &view.page {
        Page::Ended(end) => (end.rating == RatingView::Open).then_some(()),
        _ => None,
    });
    world.agent.send(AgentCommand::Rate { stars: 4, comment: "Very patient.".into() });
    let rating = caller.event("rating");
    assert_eq!((&rating["stars"], &rating["comment"]), (&json!(4), &json!("Very patient.")));
    let ended = caller.event("ended");
    assert_eq!(ended["reason"], "operator_ended");
    let log = Path::new(ended["log"].as_str().unwrap());
    assert!(log.starts_with(world.path("headless-logs")), "{}", log.display());
    let report = Report::of(fs::read(log).unwrap());
    assert!(report.holds() && report.findings.is_empty(), "{:?}", report.findings);
    assert_eq!(agents_end(world).rating, RatingView::Given { stars: 4, delivered: true });
}

#[test]
fn the_whole_story_without_a_window() {
    let world = World::start(LinkKind::Quic);
    let mut caller = Caller::start(&world);
    caller.sign_in();
    see(&world, &mut caller);
    act(&world, &mut caller);
    talk(&world, &mut caller);
    move_files(&world, &mut caller);
    end(&world, &mut caller);
    caller.ask(json!({"do": "close"}));
    caller.ask(json!({"do": "wait", "for": "idle"}));
    // The next person comes to the same program.
    let key = caller.new_key();
    caller.ask(json!({"do": "cancel_key"}));
    caller.event("idle");
    let quit = caller.send(json!({"do": "quit"}));
    assert_eq!(caller.answer(&json!(quit))["ok"], true);
    let (code, errors) = caller.finish();
    assert_eq!(code, Some(0));
    assert!(errors.contains("quinn"), "the log is there to be searched");
    let key = key.replace(' ', "");
    let said = ["said by the operator", "said by the person", "perché no", identity::dev::SAMPLE_PASSWORD];
    for secret in said.into_iter().chain([&*key, &key[3..]]) {
        assert!(!errors.contains(secret), "{secret} is in the log");
    }
    assert!(!caller.all.contains(identity::dev::SAMPLE_PASSWORD));
}
