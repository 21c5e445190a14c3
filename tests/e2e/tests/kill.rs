//! The real relay program, killed (SIGKILL) and started again under whole sessions.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use agent_core::LinkKind;
use agent_core::view::{AgentCommand, Page};
use console_core::view::{ConsoleCommand, SessionView, Stage, TransferState};
use e2e::{Line, Runs, World, pressed, program};
use proto::geometry::Rect;
use proto::input::{InputEvent, KeyUsage, Modifiers};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const RED: [u8; 3] = [0, 0, 255];
/// Of each of the two files: seconds at the rate of a session, so that both kills come in between.
const FILE_BYTES: u32 = 16_000_000;
const KILLS: u64 = 2;

fn world(kind: LinkKind) -> World {
    let world = World::with(Runs::Beside(program::relay().into()), Line::only(kind), Line::only(kind));
    world.pair_and_view();
    world
}

/// Writes a file that is like no other.
fn write(path: &Path, factor: u32) {
    let content: Vec<u8> = (0..FILE_BYTES).map(|at| (at.wrapping_mul(factor) >> 24) as u8).collect();
    fs::write(path, content).unwrap();
}

fn digest(path: &Path) -> blake3::Hash {
    blake3::hash(&fs::read(path).unwrap())
}

/// Lines of both sides that are numbered through.
#[derive(Default)]
struct Talk {
    lines: usize,
}

impl Talk {
    fn say(&mut self, world: &World, lines: usize) {
        for _ in 0..lines {
            world.console.send(ConsoleCommand::SendChat(format!("console {}", self.lines)));
            world.agent.send(AgentCommand::SendChat(format!("agent {}", self.lines)));
            self.lines += 1;
        }
    }

    /// Waits until each end shows every line of the other and knows that its own have arrived, and
    /// that these are all lines, once each, in order.
    fn arrived(&self, world: &World) {
        let by = |who: &str| (0..self.lines).map(|line| format!("{who} {line}")).collect::<Vec<_>>();
        let split = |lines: Vec<(bool, bool, String)>| {
            let (mine, theirs): (Vec<_>, Vec<_>) = lines.into_iter().partition(|(mine, ..)| *mine);
            let all = theirs.len() >= self.lines && mine.iter().all(|(_, delivered, _)| *delivered);
            let texts = |lines: Vec<(bool, bool, String)>| lines.into_iter().map(|(.., text)| text).collect::<Vec<_>>();
            all.then(|| (texts(mine), texts(theirs)))
        };
        let console = world.session("every line", |session| {
            split(session.chat.iter().map(|line| (line.mine, line.delivered, line.text.clone())).collect())
        });
        assert_eq!(console, (by("console"), by("agent")));
        let agent = world.agent_shows("every line", |view| {
            let chat = &view.panel.as_ref()?.chat;
            split(chat.iter().map(|line| (line.mine, line.delivered, line.text.clone())).collect())
        });
        assert_eq!(agent, (by("agent"), by("console")));
    }
}

fn done_bytes(session: &SessionView) -> u64 {
    session.transfers.iter().map(|file| file.done_bytes).sum()
}

fn both_ends_know_that_the_link_is_down(world: &World) {
    world.session("that the link is down", |session| session.reconnecting.then_some(()));
    world.agent_shows("that the link is down", |view| {
        view.panel.as_ref().is_some_and(|panel| panel.reconnecting).then_some(())
    });
}

fn nothing_is_lost_and_nothing_comes_twice(kind: LinkKind) {
    let mut world = world(kind);
    let (up, down) = (world.path("home/up.img"), world.path("down.img"));
    write(&up, 2_654_435_761);
    write(&down, 2_246_822_519);
    world.console.send(ConsoleCommand::send_file(down.clone()));
    world.answer(true);
    fs::create_dir(world.path("fetched")).unwrap();
    world.console.send(ConsoleCommand::fetch_file("up.img", world.path("fetched")));
    world.answer(true);
    let mut talk = Talk::default();
    for kill in 0..KILLS {
        let both = 2 * u64::from(FILE_BYTES);
        let due = both * kill / 10;
        world.session("some more of the files", |session| {
            let begun = session.transfers.len() == 2 && session.transfers.iter().all(|file| file.done_bytes > 0);
            (begun && done_bytes(session) > due).then_some(())
        });
        talk.say(&world, 5);
        world.kill_relay();
        talk.say(&world, 5);
        // One comes back before anybody misses it. That an end notices takes long on QUIC.
        if kill > 0 {
            both_ends_know_that_the_link_is_down(&world);
            talk.say(&world, 5);
        }
        world.start_relay();
        let running =
            world.session("the files", |session| Some(session.transfers.iter().map(|f| f.state).collect::<Vec<_>>()));
        assert!(running.contains(&TransferState::Running), "kill {kill} came too late");
        talk.say(&world, 5);
    }
    talk.arrived(&world);
    let ended = world.session("the end of the files", |session| {
        let states: Vec<_> = session.transfers.iter().map(|file| file.state).collect();
        (!states.contains(&TransferState::Running)).then_some(states)
    });
    assert_eq!(ended, [TransferState::Done, TransferState::Done]);
    assert_eq!(digest(&world.path("downloads/down.img")), digest(&down));
    assert_eq!(digest(&world.path("fetched/up.img")), digest(&up));
    for folder in ["downloads", "fetched"] {
        assert_eq!(fs::read_dir(world.path(folder)).unwrap().count(), 1, "nothing is there twice");
    }
    world.desktop.paint(Rect::new(100, 100, 50, 50), RED);
    world.eventually("the red square", || world.pixel(149, 149) == Some([255, 0, 0]));
}

#[test]
fn a_relay_killed_again_and_again_loses_nothing_on_quic() {
    nothing_is_lost_and_nothing_comes_twice(LinkKind::Quic);
}

#[test]
fn a_relay_killed_again_and_again_loses_nothing_on_tls() {
    nothing_is_lost_and_nothing_comes_twice(LinkKind::Tls);
}

/// A session with control and a pressed key, whose relay is dead; `known` when both ends have
/// noticed.
fn with_a_dead_relay(kind: LinkKind, known: bool) -> World {
    let mut world = world(kind);
    world.control();
    let down = InputEvent::Key { usage: KeyUsage(0xE1), down: true, modifiers: Modifiers::default() };
    world.console.send(ConsoleCommand::Input(down));
    let record = world.injected.lock().unwrap()[0].clone();
    world.eventually("the pressed key", || pressed(&record).0);
    world.kill_relay();
    if known {
        both_ends_know_that_the_link_is_down(&world);
    }
    world
}

/// Below the time after which silence on a link counts as its end (12 s).
const AT_ONCE: Duration = Duration::from_secs(8);

#[test]
fn the_red_x_works_at_once_while_the_relay_is_dead() {
    for (kind, known) in [(LinkKind::Quic, false), (LinkKind::Quic, true), (LinkKind::Tls, true)] {
        let world = with_a_dead_relay(kind, known);
        let pressed = Instant::now();
        world.agent.send(AgentCommand::End);
        world.agent.send(AgentCommand::SkipRating);
        world.agent_shows("the end", |view| matches!(view.page, Page::Ended(_)).then_some(()));
        let captures = world.desktop.captures();
        world.desktop.paint(Rect::new(0, 0, 640, 400), RED);
        let held = || world.injected.lock().unwrap().iter().all(|record| record.held_keys().is_empty());
        world.eventually("the lifted key", held);
        world.agent_shows("what was removed", |view| match &view.page {
            Page::Ended(end) => end.removed.clone(),
            _ => None,
        });
        assert!(pressed.elapsed() < AT_ONCE, "{kind} {known} {:?}", pressed.elapsed());
        assert_eq!(world.desktop.captures(), captures);
        // Without a relay neither end can hear of it; each ends by itself.
        world.session("the session of the console", |_| Some(()));
        the_operator_ends_at_once(&world);
    }
}

fn the_operator_ends_at_once(world: &World) {
    let pressed = Instant::now();
    world.console.send(ConsoleCommand::End);
    world.console_shows("the end", |view| matches!(view.stage, Stage::Ended(_)).then_some(()));
    assert!(pressed.elapsed() < AT_ONCE, "{:?}", pressed.elapsed());
    // The console is free for the next.
    world.console.send(ConsoleCommand::CloseEnded);
    world.console_shows("the beginning", |view| matches!(view.stage, Stage::Idle).then_some(()));
}

#[test]
fn the_operators_end_works_at_once_while_the_relay_is_dead() {
    for (kind, known) in [(LinkKind::Quic, false), (LinkKind::Tls, false), (LinkKind::Tls, true)] {
        let world = with_a_dead_relay(kind, known);
        the_operator_ends_at_once(&world);
        world.agent.send(AgentCommand::End);
        world.agent.send(AgentCommand::SkipRating);
        world.agent_shows("the end", |view| matches!(view.page, Page::Ended(_)).then_some(()));
    }
}
