//! Whole sessions over bad networks: blocked UDP, proxies, a change of network, a relay that dies, a
//! dead line, loss.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use agent_core::LinkKind;
use agent_core::view::{AgentCommand, Failure, Page};
use console_core::view::{ConsoleCommand, SessionView, TransferState};
use e2e::{Line, World};
use link::LinkError;
use proto::Text;
use proto::geometry::Rect;
use proto::input::InputEvent;
use std::fs;
use std::time::{Duration, Instant};
use testkit::{Asked, Conditions, Login};

const RED: [u8; 3] = [0, 0, 255];
const BLUE: [u8; 3] = [255, 0, 0];

fn udp_blocked() -> Conditions {
    Conditions { udp_blocked: true, ..Conditions::default() }
}

/// Paints and sees it at the console.
fn a_picture_passes(world: &World) {
    world.desktop.paint(Rect::new(100, 100, 50, 50), RED);
    world.eventually("the red square", || world.pixel(149, 149) == Some([255, 0, 0]));
    world.desktop.paint(Rect::new(100, 100, 50, 50), BLUE);
    world.eventually("the blue square", || world.pixel(149, 149) == Some([0, 0, 255]));
}

/// Says something at both ends and waits until each knows that the other has it.
fn chat_passes(world: &World, line: &str) {
    world.console.send(ConsoleCommand::SendChat(line.into()));
    world.agent.send(AgentCommand::SendChat(line.into()));
    let delivered = |session: &SessionView| session.chat.iter().any(|l| l.mine && l.text == line && l.delivered);
    world.session("the delivered line", |session| delivered(session).then_some(()));
    world.agent_shows("the delivered line", |view| {
        let chat = &view.panel.as_ref()?.chat;
        chat.iter().any(|l| l.mine && l.text == line && l.delivered).then_some(())
    });
}

fn link_is(world: &World, kind: LinkKind) {
    world.session("the kind of link", |session| (session.link == kind.to_string()).then_some(()));
}

#[test]
fn where_udp_is_blocked_tls_is_taken() {
    let world = World::on(Line::race().over(udp_blocked()), Line::race().over(udp_blocked()));
    world.pair_and_view();
    link_is(&world, LinkKind::Tls);
    a_picture_passes(&world);
    let counts = world.agent_path().counts();
    assert!(counts.blocked > 0 && counts.delivered == 0 && counts.tcp_bytes > 0, "{counts:?}");
}

fn only_through_a_proxy(login: Option<Login>) {
    let world = World::on(Line::only_proxy(login.clone(), login), Line::only(LinkKind::Quic));
    world.pair_and_view();
    a_picture_passes(&world);
    let authority = world.agent_path().address().to_string();
    assert_eq!(world.agent_proxy().asked(), [Asked { authority, status: 200 }]);
    let counts = world.agent_path().counts();
    assert_eq!((counts.delivered, counts.tcp_connections), (0, 0), "nothing went past the proxy");
}

#[test]
fn a_proxy_is_the_only_way_out() {
    only_through_a_proxy(None);
}

#[test]
fn a_proxy_with_a_password_is_the_only_way_out() {
    only_through_a_proxy(Some(Login::new("anna", "right")));
}

#[test]
fn a_wrong_password_for_the_proxy_is_told() {
    let (right, wrong) = (Login::new("anna", "right"), Login::new("anna", "wrong"));
    let world = World::on(Line::only_proxy(Some(right), Some(wrong)), Line::only(LinkKind::Quic));
    assert!(matches!(world.agent_dials(), Err(LinkError::ProxyAuthentication)));
    let key = world.new_key();
    world.agent.send(AgentCommand::SubmitKey(key));
    world.agent_shows("the failure", |view| (view.page == Page::Failed(Failure::ProxyPassword)).then_some(()));
    assert!(world.agent_proxy().asked().iter().all(|asked| asked.status == 407));
}

/// Sends a file of so many bytes; returns when it has begun.
fn begin_a_file(world: &World, bytes: u32) -> Vec<u8> {
    let content: Vec<u8> = (0..bytes).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(world.path("disk.img"), &content).unwrap();
    world.console.send(ConsoleCommand::send_file(world.path("disk.img")));
    world.answer(true);
    let begun = |session: &SessionView| session.transfers.first().filter(|file| file.done_bytes > 0).map(|_| ());
    world.session("the first bytes", begun);
    content
}

fn file_is_running(world: &World) -> bool {
    let running = |session: &SessionView| session.transfers.iter().all(|file| file.state == TransferState::Running);
    world.session("the file", |session| Some(running(session)))
}

fn file_arrives(world: &World, content: &[u8]) {
    let state = world.session("the end of the file", |session| {
        session.transfers.first().map(|file| file.state).filter(|state| *state != TransferState::Running)
    });
    assert_eq!(state, TransferState::Done);
    assert!(fs::read(world.path("downloads/disk.img")).unwrap() == content);
    assert_eq!(fs::read_dir(world.path("downloads")).unwrap().count(), 1, "nothing is there twice");
}

#[test]
fn when_udp_opens_the_session_moves_to_quic_unseen() {
    let blocked = |path| Line { quic_again: Duration::from_millis(100), ..Line::race().over(path) };
    // So slow that the file is on its way for as long as anybody needs to open the way.
    let slow = Conditions { udp_blocked: true, ..e2e::moving::slow() };
    let world = World::on(blocked(udp_blocked()), blocked(slow));
    world.pair_and_view();
    link_is(&world, LinkKind::Tls);
    let content = begin_a_file(&world, 20_000_000);
    world.console_path().change(|path| path.udp_blocked = false);
    world.agent_path().change(|path| path.udp_blocked = false);
    assert!(file_is_running(&world), "the move comes in the middle of the file");
    world.session("the move", |session| {
        assert!(!session.reconnecting, "nobody sees the move");
        (session.link == "quic").then_some(())
    });
    world.console_path().change(e2e::moving::quick);
    file_arrives(&world, &content);
    chat_passes(&world, "moved");
    a_picture_passes(&world);
    world.eventually("that the agent moved, too", || world.agent_path().counts().delivered > 0);
    world.eventually("the end of the old links", || world.relay().stats().links == 2);
    assert!(!world.agent_shows("the panel", |view| view.panel.as_ref().map(|panel| panel.reconnecting)));
}

#[test]
fn when_udp_closes_the_session_goes_on_over_tls() {
    let world = World::on(Line::only(LinkKind::Quic), Line::race().over(Conditions::default()));
    world.pair_and_view();
    link_is(&world, LinkKind::Quic);
    world.console_path().change(|path| path.udp_blocked = true);
    chat_passes(&world, "over the other way");
    link_is(&world, LinkKind::Tls);
    a_picture_passes(&world);
}

#[test]
fn a_change_of_address_goes_unnoticed_on_quic() {
    let world = World::on(Line::race().over(Conditions::default()), Line::race().over(Conditions::default()));
    world.pair_and_view();
    for path in [world.console_path(), world.agent_path()] {
        path.change_address();
        chat_passes(&world, &format!("from elsewhere {:?}", path.address()));
        a_picture_passes(&world);
    }
    world.session("the same link", |session| (!session.reconnecting && session.link == "quic").then_some(()));
    assert_eq!(world.relay().stats().links, 2);
}

#[test]
fn a_change_of_address_is_survived_on_tls() {
    let over_tls = || Line::only(LinkKind::Tls).over(Conditions::default());
    let world = World::on(over_tls(), over_tls());
    world.pair_and_view();
    for path in [world.console_path(), world.agent_path()] {
        path.change_address();
        chat_passes(&world, &format!("from elsewhere {:?}", path.address()));
        a_picture_passes(&world);
    }
}

/// Says a line at both ends.
fn say(world: &World, line: &str) {
    world.console.send(ConsoleCommand::SendChat(format!("console {line}")));
    world.agent.send(AgentCommand::SendChat(format!("agent {line}")));
}

/// What is said here and there, once so many lines have come and gone.
fn all_said(chat: impl Iterator<Item = (bool, bool, String)>, count: usize) -> Option<(Vec<String>, Vec<String>)> {
    let (mine, theirs): (Vec<_>, Vec<_>) = chat.partition(|(mine, ..)| *mine);
    let all = mine.len() + theirs.len() >= count && mine.iter().all(|(_, delivered, _)| *delivered);
    let texts = |lines: Vec<(bool, bool, String)>| lines.into_iter().map(|(.., text)| text).collect();
    all.then(|| (texts(mine), texts(theirs)))
}

fn nothing_is_lost_when_the_relay_dies(kind: LinkKind) {
    let mut world = World::on(Line::only(kind), Line::only(kind));
    world.pair_and_view();
    let content = begin_a_file(&world, 60_000_000);
    let lines = ["before", "while it is down 1", "while it is down 2", "after"];
    say(&world, lines[0]);
    assert!(file_is_running(&world), "the relay dies in the middle of the file");
    world.kill_relay();
    say(&world, lines[1]);
    say(&world, lines[2]);
    world.session("that the link is down", |session| session.reconnecting.then_some(()));
    world.start_relay();
    world.session("that the link is up", |session| (!session.reconnecting).then_some(()));
    say(&world, lines[3]);

    let console = world.session("every line", |session| {
        let chat = session.chat.iter().map(|line| (line.mine, line.delivered, line.text.clone()));
        all_said(chat, 2 * lines.len())
    });
    let agent = world.agent_shows("every line", |view| {
        let chat = view.panel.as_ref()?.chat.iter().map(|line| (line.mine, line.delivered, line.text.clone()));
        all_said(chat, 2 * lines.len())
    });
    let by = |who: &str| lines.map(|line| format!("{who} {line}")).to_vec();
    assert_eq!(console, (by("console"), by("agent")));
    assert_eq!(agent, (by("agent"), by("console")));

    file_arrives(&world, &content);
    a_picture_passes(&world);
}

#[test]
fn nothing_is_lost_when_the_relay_dies_under_quic() {
    nothing_is_lost_when_the_relay_dies(LinkKind::Quic);
}

#[test]
fn nothing_is_lost_when_the_relay_dies_under_tls() {
    nothing_is_lost_when_the_relay_dies(LinkKind::Tls);
}

fn a_relay_that_is_back_at_once_is_noticed(kind: LinkKind) {
    let mut world = World::on(Line::only(kind), Line::only(kind));
    world.pair_and_view();
    // Silence alone would tell only after more than three seconds, each time; a busy machine may take as long once.
    let mut took = Vec::new();
    while took.iter().all(|took| *took >= Duration::from_secs(3)) {
        assert!(took.len() < 4, "{took:?}");
        world.kill_relay();
        world.start_relay();
        let back = Instant::now();
        chat_passes(&world, &format!("on the new one, {}", took.len()));
        took.push(back.elapsed());
    }
    a_picture_passes(&world);
}

#[test]
fn a_relay_that_is_back_at_once_is_noticed_on_quic() {
    a_relay_that_is_back_at_once_is_noticed(LinkKind::Quic);
}

#[test]
fn a_relay_that_is_back_at_once_is_noticed_on_tls() {
    a_relay_that_is_back_at_once_is_noticed(LinkKind::Tls);
}

#[test]
fn the_end_is_immediate_on_a_dead_line() {
    let world = World::on(Line::race().over(Conditions::default()), Line::only(LinkKind::Quic));
    world.pair_and_view();
    world.control();
    world.agent_path().change(|path| path.black_out = true);
    let pressed = Instant::now();
    world.agent.send(AgentCommand::End);
    world.agent.send(AgentCommand::SkipRating);
    world.agent_shows("the end", |view| matches!(view.page, Page::Ended(_)).then_some(()));
    let captures = world.desktop.captures();
    // Below the time after which silence on a link counts as its end (12 s).
    assert!(pressed.elapsed() < Duration::from_secs(8), "{:?}", pressed.elapsed());
    world.desktop.paint(Rect::new(0, 0, 640, 400), BLUE);
    world.agent_shows("what was removed", |view| match &view.page {
        Page::Ended(end) => end.removed.clone(),
        _ => None,
    });
    assert_eq!(world.desktop.captures(), captures);
    assert!(world.injected.lock().unwrap().iter().all(|record| record.held_keys().is_empty()));
}

fn picture_and_input_at_five_percent_loss(kind: LinkKind) {
    let lossy = Conditions {
        delay: Duration::from_millis(15),
        jitter: Duration::from_millis(5),
        loss: 0.05,
        duplicated: 0.01,
        reordered: 0.01,
        ..Conditions::default()
    };
    let world = World::on(Line::only(kind).over(lossy.clone()), Line::only(kind).over(lossy));
    world.pair_and_view();
    world.control();
    let mut typed = String::new();
    for number in 0..20 {
        let text = format!("{number} ");
        world.console.send(ConsoleCommand::Input(InputEvent::Text(Text::truncated(&text))));
        typed.push_str(&text);
        let colour = if number % 2 == 0 { RED } else { BLUE };
        world.desktop.paint(Rect::new(number * 10, 0, 10, 10), colour);
    }
    let record = world.injected.lock().unwrap()[0].clone();
    world.eventually("what was typed", || record.text() == typed);
    world.eventually("the last rectangle", || world.pixel(199, 9) == Some([0, 0, 255]));
    a_picture_passes(&world);
    let (agent, console) = (world.agent_path().counts(), world.console_path().counts());
    assert!(kind == LinkKind::Tls || agent.lost + console.lost > 0, "{agent:?} {console:?}");
    link_is(&world, kind);
}

#[test]
fn picture_and_input_work_at_five_percent_loss_over_quic() {
    picture_and_input_at_five_percent_loss(LinkKind::Quic);
}

#[test]
fn picture_and_input_work_at_five_percent_loss_over_tls() {
    picture_and_input_at_five_percent_loss(LinkKind::Tls);
}
