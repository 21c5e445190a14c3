//! Several keys and sessions of one operator at once, each with an agent of its own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

use agent_core::view::{AgentCommand, Page};
use agent_core::{AgentHandle, LinkKind};
use console_core::proto::geometry::MonitorId;
use console_core::records::{Description, Outcome};
use console_core::view::{ConsoleCommand, SessionView, Stage};
use console_core::{ConsoleConfig, ConsoleHandle, LineId, Switchboard};
use e2e::{World, now_s};
use proto::geometry::Rect;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

fn config(world: &World) -> ConsoleConfig {
    let operator = std::fs::read(world.path("relay/operator.ponte-vault")).unwrap();
    let organisation = std::fs::read(world.path("relay/organisation.ponte")).unwrap();
    let mut config = ConsoleConfig::open(&testkit::signed_in(&operator), &organisation, now_s()).unwrap();
    config.choice = console_core::Choice::Only(LinkKind::Quic);
    config.dialing.proxies = console_core::Proxies::None;
    config.logs_folder = world.path("logs");
    config.records = Some(config.open_records(Box::new(|| {})).unwrap());
    config
}

fn line(board: &Switchboard, id: LineId) -> &ConsoleHandle {
    board.line(id).unwrap()
}

fn shows<T>(world: &World, board: &Switchboard, id: LineId, what: &str, look: impl Fn(&SessionView) -> Option<T>) -> T {
    world.other_console_shows(line(board, id), what, |view| match &view.stage {
        Stage::Session(session) => look(session),
        _ => None,
    })
}

/// The key that this line offers.
fn key(world: &World, board: &Switchboard, id: LineId) -> String {
    world.other_console_shows(line(board, id), "a key", |view| {
        assert!(view.notices.is_empty(), "{:?}", view.notices);
        match &view.stage {
            Stage::Waiting(key) => Some(key.grouped.clone()),
            _ => None,
        }
    })
}

/// Types the key of this line at the agent and allows the viewing.
fn pair(world: &World, board: &Switchboard, id: LineId, agent: &AgentHandle) {
    agent.send(AgentCommand::SubmitKey(key(world, board, id)));
    world.other_shows(agent, "who asks", |view| matches!(view.page, Page::WhoAsks { .. }).then_some(()));
    world.welcome(agent);
    world.answer_at(agent, true);
    shows(world, board, id, "a picture", |session| (session.pictures > 0).then_some(()));
}

#[test]
fn two_sessions_run_at_once_and_nothing_is_sent_for_the_one_at_which_nobody_looks() {
    let world = World::start(LinkKind::Quic);
    let told = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&told);
    let config = config(&world);
    let records = config.records.clone().unwrap();
    let on_change = Arc::new(move |_: LineId, _: &console_core::view::ConsoleView| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let mut board = Switchboard::start(config, on_change).unwrap();
    let (first, second) = (board.open().unwrap(), board.open().unwrap());
    let other = world.another_agent();
    pair(&world, &board, first, &world.agent);
    pair(&world, &board, second, &other);
    assert!(told.load(Ordering::Relaxed) > 0);

    // What one says the other does not hear.
    line(&board, first).send(ConsoleCommand::SendChat("to the first".to_owned()));
    shows(&world, &board, first, "the line", |session| session.chat.iter().any(|line| line.delivered).then_some(()));
    assert!(other.view().panel.is_some_and(|panel| panel.chat.is_empty()));

    // Nobody looks at the first: its pictures stop, the second's go on.
    line(&board, first).send(ConsoleCommand::Attend(false));
    // The answer to a line that was sent later tells that the agent has taken it.
    line(&board, first).send(ConsoleCommand::SendChat("are you there".to_owned()));
    shows(&world, &board, first, "both lines", |session| {
        (session.chat.iter().filter(|line| line.delivered).count() == 2).then_some(())
    });
    let before = shows(&world, &board, first, "its pictures", |session| Some(session.pictures));
    let seen = shows(&world, &board, second, "its pictures", |session| Some(session.pictures));
    for step in 0..5 {
        world.desktop.paint(Rect::new(step * 40, 0, 40, 40), [0, 200, 0]);
        let least = seen + u64::from(step) + 1;
        shows(&world, &board, second, "the change", |session| (session.pictures >= least).then_some(()));
    }
    let after = shows(&world, &board, first, "its pictures", |session| Some(session.pictures));
    assert!(after <= before + 1, "from {before} to {after}: one may have been on its way");

    // Somebody looks again: the whole picture comes.
    line(&board, first).send(ConsoleCommand::Attend(true));
    shows(&world, &board, first, "a picture", |session| (session.pictures > after).then_some(()));
    world.eventually("the first shows what is there", || {
        let pictures = line(&board, first).pictures();
        let pictures = pictures.lock();
        pictures.monitors.get(&MonitorId(0)).is_some_and(|picture| picture.rgba.get(..3) == Some(&[0, 200, 0][..]))
    });

    // Closing one ends it for its agent and leaves the other alone.
    let id = line(&board, first).view().record.unwrap();
    records.describe(&id, Description::Outcome(Some(Outcome::Solved)));
    board.close(first);
    world.agent_shows("the end", |view| matches!(view.page, Page::Ended(_)).then_some(()));
    shows(&world, &board, second, "that it goes on", |_| Some(()));
    board.shutdown(SOON);
    world.other_shows(&other, "the end", |view| matches!(view.page, Page::Ended(_)).then_some(()));
    records.flush(SOON);
    let kept = records.all();
    assert_eq!(kept.len(), 2);
    assert_eq!(records.find(&id).unwrap().kept.outcome, Some(Outcome::Solved));
    assert!(kept.iter().all(|record| record.kept.end.is_some() && record.kept.system == "Test system"), "{kept:?}");
}

#[test]
fn there_is_an_end_to_the_keys_that_wait_and_a_closed_line_withdraws_its_key() {
    let world = World::start(LinkKind::Quic);
    let mut board = Switchboard::start(config(&world), Arc::new(|_, _| {})).unwrap();
    let lines: Vec<LineId> = std::iter::from_fn(|| board.open()).take(64).collect();
    assert_eq!(lines.len(), console_core::MOST_KEYS);
    let withdrawn = key(&world, &board, lines[0]);
    board.close(lines[0]);
    assert!(board.open().is_some_and(|line| !lines.contains(&line)));
    board.shutdown(SOON);
    world.agent.send(AgentCommand::SubmitKey(withdrawn));
    world.agent_shows("that the key is gone", |view| match &view.page {
        Page::WhoAsks { .. } => panic!("a withdrawn key was taken"),
        Page::EnterKey { problem: Some(_), .. } => Some(()),
        _ => None,
    });
}
