//! Whole sessions between two networks with real packets in between: far, lossy, narrow, silent,
//! moving. Where there are no network namespaces the same stories run through path emulators.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use agent_core::LinkKind;
use agent_core::view::AgentCommand;
use console_core::view::{ConsoleCommand, SessionView, TransferState};
use e2e::{Line, World};
use proto::geometry::Rect;
use std::fs;
use std::time::Duration;
use testkit::{Conditions, Script};

/// Bytes of the file that crosses in every story.
const FILE_BYTES: u32 = 400_000;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Relay and ends this far apart, with ends that take both ways, or only one.
fn apart(line: Line, conditions: Conditions) -> World {
    let world = World::apart(line.clone(), line, conditions);
    world.pair_and_view();
    world
}

/// Begins to send a file.
fn send_file(world: &World, name: &str) {
    let content: Vec<u8> = (0..FILE_BYTES).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(world.path(name), &content).unwrap();
    world.console.send(ConsoleCommand::send_file(world.path(name)));
    world.answer(true);
}

/// Waits until everything sent is there, once and with the digest that it had.
fn files_arrive(world: &World, names: &[&str]) {
    let done = |session: &SessionView| session.transfers.iter().all(|file| file.state == TransferState::Done);
    world.session("the files", |session| (session.transfers.len() == names.len() && done(session)).then_some(()));
    for name in names {
        let digest = |path: String| blake3::hash(&fs::read(world.path(&path)).unwrap());
        assert_eq!(digest(format!("downloads/{name}")), digest((*name).to_owned()));
    }
    assert_eq!(fs::read_dir(world.path("downloads")).unwrap().count(), names.len(), "nothing is there twice");
}

/// Says lines at both ends.
fn say(world: &World, lines: &[&str]) {
    for line in lines {
        world.console.send(ConsoleCommand::SendChat(format!("console {line}")));
        world.agent.send(AgentCommand::SendChat(format!("agent {line}")));
    }
}

/// Waits until both ends have all of these lines; each must be there once and in its order.
fn said(world: &World, lines: &[&str]) {
    // Who said it, as the reader sees it, whether it is known to have arrived, and what.
    fn sorted(chat: Vec<(bool, bool, String)>, count: usize) -> Option<[Vec<String>; 2]> {
        let arrived = chat.len() >= 2 * count && chat.iter().all(|(mine, delivered, _)| !mine || *delivered);
        let by = |who: bool| chat.iter().filter(|(mine, ..)| *mine == who).map(|(.., text)| text.clone()).collect();
        arrived.then(|| [by(true), by(false)])
    }
    let console = world.session("every line", |session| {
        let chat = session.chat.iter().map(|line| (line.mine, line.delivered, line.text.clone()));
        sorted(chat.collect(), lines.len())
    });
    let agent = world.agent_shows("every line", |view| {
        let chat = view.panel.as_ref()?.chat.iter().map(|line| (line.mine, line.delivered, line.text.clone()));
        sorted(chat.collect(), lines.len())
    });
    let by = |who: &str| -> Vec<String> { lines.iter().map(|line| format!("{who} {line}")).collect() };
    assert_eq!(console, [by("console"), by("agent")]);
    assert_eq!(agent, [by("agent"), by("console")]);
}

/// Paints and sees it at the console.
fn a_picture_passes(world: &World) {
    for (bgr, rgb) in [([0, 0, 255], [255, 0, 0]), ([255, 0, 0], [0, 0, 255])] {
        world.desktop.paint(Rect::new(100, 100, 50, 50), bgr);
        world.eventually("the square", || world.pixel(149, 149) == Some(rgb));
    }
}

fn link_is(world: &World, kind: LinkKind) {
    world.session("the kind of link", |session| (session.link == kind.to_string()).then_some(()));
}

#[test]
fn a_session_works_over_a_long_and_lossy_way() {
    let poor = Conditions {
        delay: ms(40),
        jitter: ms(8),
        reordered: 0.02,
        duplicated: 0.01,
        loss: 0.02,
        ..Conditions::default()
    };
    let world = apart(Line::only(LinkKind::Quic), poor);
    send_file(&world, "disk.img");
    say(&world, &["one", "two", "three", "four"]);
    a_picture_passes(&world);
    said(&world, &["one", "two", "three", "four"]);
    files_arrive(&world, &["disk.img"]);
    link_is(&world, LinkKind::Quic);
    assert!(world.path_lost_and_blocked().0 > 0, "the way was lossy");
}

#[test]
fn a_black_hole_for_udp_leads_to_tls_and_its_end_back_to_quic() {
    let line = Line { quic_again: ms(300), ..Line::race() };
    let world = apart(line, Conditions { delay: ms(10), udp_blocked: true, ..Conditions::default() });
    link_is(&world, LinkKind::Tls);
    say(&world, &["over TLS"]);
    a_picture_passes(&world);
    assert!(world.path_lost_and_blocked().1 > 0, "datagrams vanished");

    send_file(&world, "disk.img");
    world.change_path(|path| path.udp_blocked = false);
    let interrupted =
        world.session("QUIC", |session| (session.link == LinkKind::Quic.to_string()).then_some(session.reconnecting));
    assert!(!interrupted, "nobody sees the move");
    say(&world, &["over QUIC"]);
    a_picture_passes(&world);
    said(&world, &["over TLS", "over QUIC"]);
    files_arrive(&world, &["disk.img"]);
}

fn narrow_and_silent(kind: LinkKind) {
    let narrow = Conditions { delay: ms(5), longest_packet: Some(1280), ..Conditions::default() };
    let world = World::apart(Line::only(kind), Line::only(kind), narrow);
    world.pair_and_view();
    send_file(&world, "disk.img");
    say(&world, &["short"]);
    a_picture_passes(&world);
    said(&world, &["short"]);
    files_arrive(&world, &["disk.img"]);
    link_is(&world, kind);
}

#[test]
fn a_way_that_swallows_long_packets_is_found_out_by_quic() {
    narrow_and_silent(LinkKind::Quic);
}

#[test]
fn a_way_that_swallows_long_packets_is_found_out_by_tls() {
    narrow_and_silent(LinkKind::Tls);
}

/// Both ends get other addresses while files and lines of chat are on the way.
fn ends_move_in_mid_session(kind: LinkKind) -> World {
    let world = apart(Line::only(kind), Conditions { delay: ms(10), ..Conditions::default() });
    send_file(&world, "one.img");
    say(&world, &["here"]);
    world.ends_move();
    say(&world, &["on the way"]);
    a_picture_passes(&world);
    send_file(&world, "two.img");
    say(&world, &["there"]);
    said(&world, &["here", "on the way", "there"]);
    files_arrive(&world, &["one.img", "two.img"]);
    world
}

#[test]
fn a_session_moves_with_its_ends_on_quic() {
    let world = ends_move_in_mid_session(LinkKind::Quic);
    assert_eq!(world.relay().stats().links, 2, "the links moved, none was made anew");
}

#[test]
fn a_session_goes_on_over_new_connections_when_its_ends_move_on_tls() {
    ends_move_in_mid_session(LinkKind::Tls);
}

#[test]
fn a_session_outlives_four_dark_seconds() {
    let usual = Conditions { delay: ms(10), ..Conditions::default() };
    let world = apart(Line::race(), usual.clone());
    say(&world, &["before"]);
    send_file(&world, "disk.img");
    let dark = Conditions { black_out: true, ..usual.clone() };
    world.play_path(Script::new().at(ms(0), dark));
    say(&world, &["in the dark", "still"]);
    // Three seconds are over by then.
    world.session("that the link is down", |session| session.reconnecting.then_some(()));
    world.play_path(Script::new().at(ms(1000), usual));
    world.session("that the link is up", |session| (!session.reconnecting).then_some(()));
    say(&world, &["after"]);
    a_picture_passes(&world);
    said(&world, &["before", "in the dark", "still", "after"]);
    files_arrive(&world, &["disk.img"]);
    assert!(world.path_lost_and_blocked().1 > 0, "it was dark");
}
