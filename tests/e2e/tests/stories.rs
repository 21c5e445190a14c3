//! Whole sessions: pairing, picture, input, chat, files, wrong keys, and the end.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use agent_core::LinkKind;
use agent_core::view::{AgentCommand, KeyProblem, Page};
use console_core::view::{ConsoleCommand, NoticeKind, Stage, TransferState};
use e2e::{World, pressed};
use input::fake::Done;
use proto::Text;
use proto::geometry::{MonitorId, Rect};
use proto::input::{InputEvent, KeyUsage, Modifiers};
use proto::session::{Capability, EndReason};
use std::fs;
use std::path::Path;

const RED: [u8; 3] = [0, 0, 255];
const BLUE: [u8; 3] = [255, 0, 0];

fn pair_and_see_a_picture(kind: LinkKind) {
    let world = World::start(kind);
    world.desktop.paint(Rect::new(10, 20, 30, 40), RED);
    world.pair_and_view();
    world.eventually("the red rectangle", || world.pixel(39, 59) == Some([255, 0, 0]));
    world.desktop.paint(Rect::new(600, 300, 40, 100), BLUE);
    world.eventually("the blue rectangle", || world.pixel(639, 399) == Some([0, 0, 255]));
    assert_eq!(world.pixel(9, 20), Some([0, 0, 0]));
    world.session("the kind of link", |session| (session.link == kind.to_string()).then_some(()));
    world.session("the round trip", |session| session.round_trip);
}

#[test]
fn pair_and_see_a_picture_over_quic() {
    pair_and_see_a_picture(LinkKind::Quic);
}

#[test]
fn pair_and_see_a_picture_over_tls() {
    pair_and_see_a_picture(LinkKind::Tls);
}

#[test]
fn a_new_size_of_the_screen_is_followed() {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    world.desktop.resize(800, 500);
    world.desktop.paint(Rect::new(790, 490, 10, 10), RED);
    world.eventually("the larger picture", || world.pixel(799, 499) == Some([255, 0, 0]));
}

#[test]
fn what_is_typed_arrives_and_nothing_stays_pressed() {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    world.control();
    let key = |usage, down| InputEvent::Key { usage: KeyUsage(usage), down, modifiers: Modifiers::default() };
    for event in [
        InputEvent::PointerMove { monitor: MonitorId(0), x: 12, y: 34 },
        InputEvent::Text(Text::truncated("perché no")),
        key(0x28, true),
        key(0x28, false),
        key(0xE1, true),
    ] {
        world.console.send(ConsoleCommand::Input(event));
    }
    let record = world.injected.lock().unwrap()[0].clone();
    let shift = Done::Key { usage: KeyUsage(0xE1), down: true };
    world.eventually("the pressed key", || record.done().contains(&shift));
    assert_eq!(record.text(), "perché no");
    world.agent.send(AgentCommand::Revoke(Capability::Control));
    world.eventually("the lifted key", || record.held_keys().is_empty());
    let done = record.done().len();
    world.console.send(ConsoleCommand::Input(InputEvent::Text(Text::truncated("too late"))));
    world.console.send(ConsoleCommand::SendChat("still here".into()));
    world.agent_shows("the chat", |view| view.panel.as_ref().filter(|panel| !panel.chat.is_empty()).map(|_| ()));
    assert_eq!(record.done().len(), done, "nothing is injected after control was taken back");
}

#[test]
fn input_pauses_while_a_question_is_open() {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    world.control();
    fs::write(world.path("letter.txt"), "dear").unwrap();
    world.console.send(ConsoleCommand::send_file(world.path("letter.txt")));
    world.agent_shows("the question", |view| matches!(view.page, Page::Question(_)).then_some(()));
    world.session("the pause", |session| session.input_paused.then_some(()));
    world.console.send(ConsoleCommand::Input(InputEvent::Text(Text::truncated("y"))));
    // Lines of chat sent after the input, there and back, show that it has arrived.
    for lines in 1..=3 {
        world.console.send(ConsoleCommand::SendChat("typed".into()));
        world.session("the line", |session| {
            let delivered = session.chat.iter().filter(|line| line.delivered).count();
            (delivered == lines).then_some(())
        });
    }
    world.answer(false);
    world.session("the end of the pause", |session| (!session.input_paused).then_some(()));
    world.console.send(ConsoleCommand::Input(InputEvent::Text(Text::truncated("after"))));
    let record = world.injected.lock().unwrap()[0].clone();
    world.eventually("what was typed afterwards", || record.text() == "after");
}

fn digest(path: &Path) -> blake3::Hash {
    blake3::hash(&fs::read(path).unwrap())
}

#[test]
fn chat_and_a_file_of_50_mb_while_the_picture_runs() {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    let content: Vec<u8> = (0..50_000_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(world.path("disk.img"), content).unwrap();
    world.console.send(ConsoleCommand::send_file(world.path("disk.img")));
    world.answer(true);
    world
        .session("the first bytes", |session| session.transfers.first().filter(|file| file.done_bytes > 0).map(|_| ()));

    world.desktop.paint(Rect::new(0, 0, 64, 64), RED);
    world.eventually("the picture beside the file", || world.pixel(63, 63) == Some([255, 0, 0]));
    world.console.send(ConsoleCommand::SendChat("una riga".into()));
    world.agent.send(AgentCommand::SendChat("un'altra".into()));
    world.session("both lines", |session| {
        let delivered = session.chat.iter().filter(|line| line.delivered).count();
        (session.chat.len() == 2 && delivered == 2).then_some(())
    });

    let state = world.session("the end of the file", |session| {
        session.transfers.first().map(|file| file.state).filter(|state| *state != TransferState::Running)
    });
    assert_eq!(state, TransferState::Done);
    assert_eq!(digest(&world.path("downloads/disk.img")), digest(&world.path("disk.img")));
    let left: Vec<_> = fs::read_dir(world.path("downloads")).unwrap().collect();
    assert_eq!(left.len(), 1, "nothing partial is left: {left:?}");
}

#[test]
fn a_file_is_fetched_only_after_a_yes() {
    let world = World::start(LinkKind::Tls);
    world.pair_and_view();
    fs::write(world.path("home/log.txt"), "line\n".repeat(100_000)).unwrap();
    let fetch = || ConsoleCommand::fetch_file("log.txt", world.path("fetched"));
    fs::create_dir(world.path("fetched")).unwrap();
    let state = |number: usize| {
        world.session("how the file ended", |session| {
            let state = session.transfers.get(number).map(|file| file.state);
            state.filter(|state| state.is_over())
        })
    };
    let fetched = || fs::read_dir(world.path("fetched")).unwrap().count();
    world.console.send(fetch());
    world.agent_shows("the question", |view| matches!(view.page, Page::Question(_)).then_some(()));
    assert_eq!(fetched(), 0);
    world.answer(true);
    assert_eq!(state(0), TransferState::Done);
    assert_eq!(digest(&world.path("fetched/log.txt")), digest(&world.path("home/log.txt")));
    world.console.send(fetch());
    world.answer(false);
    assert_eq!(state(1), TransferState::Refused);
    world.console.send(fetch());
    assert_eq!(state(2), TransferState::TooSoon, "the person is not pestered");
    assert_eq!(fetched(), 1);
}

/// The key with its last symbol changed.
fn wrong(key: &str) -> String {
    let mut wrong = key.to_owned();
    let last = wrong.pop().unwrap();
    wrong.push(if last == '0' { '1' } else { '0' });
    wrong
}

#[test]
fn a_wrong_secret_is_refused_and_the_third_burns_the_key() {
    let world = World::start(LinkKind::Quic);
    let key = world.new_key();
    for left in [2, 1] {
        world.agent.send(AgentCommand::SubmitKey(wrong(&key)));
        world.agent_shows("the refusal", |view| {
            (view.page == Page::EnterKey { problem: Some(KeyProblem::WrongSecret { tries_left: left }) }).then_some(())
        });
        world.console_shows("the warning", |view| {
            view.notices.iter().any(|notice| notice.kind == NoticeKind::WrongTry { tries_left: left }).then_some(())
        });
    }
    world.agent.send(AgentCommand::SubmitKey(wrong(&key)));
    world.agent_shows("that the key is burned", |view| {
        (view.page == Page::EnterKey { problem: Some(KeyProblem::Burned) }).then_some(())
    });
    world.console_shows("that the key is burned", |view| {
        let told = view.notices.iter().any(|notice| notice.kind == NoticeKind::KeyBurned);
        (told && matches!(view.stage, Stage::Idle)).then_some(())
    });
    world.agent.send(AgentCommand::SubmitKey(key));
    world.agent_shows("that even the right key is of no use", |view| {
        (view.page == Page::EnterKey { problem: Some(KeyProblem::NotFound) }).then_some(())
    });
}

#[test]
fn a_used_key_cannot_be_used_again() {
    let world = World::start(LinkKind::Quic);
    let key = world.new_key();
    world.agent.send(AgentCommand::SubmitKey(key.clone()));
    world.agent_shows("who asks", |view| matches!(view.page, Page::WhoAsks { .. }).then_some(()));
    let second = world.another_agent();
    second.send(AgentCommand::SubmitKey(key));
    world.other_shows(&second, "the refusal", |view| {
        (view.page == Page::EnterKey { problem: Some(KeyProblem::NotFound) }).then_some(())
    });
}

#[test]
fn the_end_stops_capture_and_input_at_once() {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    world.control();
    let shift = InputEvent::Key { usage: KeyUsage(0xE1), down: true, modifiers: Modifiers::default() };
    world.console.send(ConsoleCommand::Input(shift));
    let record = world.injected.lock().unwrap()[0].clone();
    world.eventually("the pressed key", || pressed(&record).0);

    world.agent.send(AgentCommand::End);
    world.agent.send(AgentCommand::SkipRating);
    world.agent_shows("the end", |view| matches!(view.page, Page::Ended(_)).then_some(()));
    // From here on nothing may be read or pressed, whatever is painted or sent.
    let captures = world.desktop.captures();
    assert!(record.held_keys().is_empty());
    world.desktop.paint(Rect::new(0, 0, 640, 400), BLUE);
    let end = world.console_shows("the end", |view| match &view.stage {
        Stage::Ended(end) => Some(end.clone()),
        _ => None,
    });
    assert_eq!(end.reason, EndReason::ClientEnded);
    assert_eq!(world.desktop.captures(), captures);

    let removed = world.agent_shows("what was removed", |view| match &view.page {
        Page::Ended(end) => end.removed.clone(),
        _ => None,
    });
    assert_eq!(removed.removed, [world.path("ponte-agent").display().to_string()]);
    assert!(!world.path("ponte-agent").exists());
}

#[test]
fn who_is_not_recognised_sees_nothing() {
    let world = World::start(LinkKind::Quic);
    let key = world.new_key();
    world.agent.send(AgentCommand::SubmitKey(key));
    world.agent_shows("who asks", |view| matches!(view.page, Page::WhoAsks { .. }).then_some(()));
    world.agent.send(AgentCommand::RecogniseOperator(false));
    let end = world.console_shows("the end", |view| match &view.stage {
        Stage::Ended(end) => Some(end.reason),
        _ => None,
    });
    assert_eq!(end, EndReason::OperatorNotRecognised);
    assert_eq!(world.desktop.captures(), 0);
}
