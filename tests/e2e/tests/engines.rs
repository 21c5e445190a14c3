//! The engines on bad lines and with bad peers: what is done blind, what is refused at once, what is
//! taken back, and what nobody else has to wait for.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use agent_core::LinkKind;
use agent_core::view::AgentCommand;
use console_core::view::{ConsoleCommand, NoticeKind, SessionView, Stage, TransferState};
use console_core::{Choice, ConsoleConfig, ConsoleHandle, Proxies};
use e2e::{Line, World, pressed};
use identity::Organisation;
use link::{RelayAddress, Trust};
use pairing::SessionKey;
use proto::Text;
use proto::input::{Button, InputEvent, KeyUsage, Modifiers};
use proto::pairing::P1;
use proto::relay::{EndToRelay, OpaqueBytes, RelayToEnd};
use proto::session::{Capability, TransferFailure};
use relay::{DEV_OPERATOR, Limits, Settings};
use std::fs;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use testkit::{Conditions, Login};

/// No step takes longer on the slowest machine, but far less than what the engines wait for.
const AT_ONCE: Duration = Duration::from_secs(15);

fn text(text: &str) -> ConsoleCommand {
    ConsoleCommand::Input(InputEvent::Text(Text::truncated(text)))
}

fn nothing_done_blind_comes_later(kind: LinkKind) {
    let world = World::on(Line::only(kind).over(Conditions::default()), Line::only(kind));
    world.pair_and_view();
    world.control();
    let record = world.injected.lock().unwrap()[0].clone();
    let shift = InputEvent::Key { usage: KeyUsage(0xE1), down: true, modifiers: Modifiers::default() };
    world.console.send(text("before "));
    world.console.send(ConsoleCommand::Input(shift));
    let press = InputEvent::Button { button: Button::Primary, down: true };
    world.console.send(ConsoleCommand::Input(press));
    world.eventually("what was pressed", || pressed(&record) == (true, true));

    world.agent_path().change(|path| path.black_out = true);
    world.eventually("that the console says so", || {
        world.console.send(text("blind "));
        matches!(&world.console.view().stage, Stage::Session(session) if session.reconnecting)
    });
    world.console.send(text("blind "));
    world.eventually("the lifted keys", || record.held_keys().is_empty() && record.held_buttons().is_empty());
    world.agent_path().change(|path| path.black_out = false);
    world.session("that the line is back", |session| (!session.reconnecting).then_some(()));
    world.eventually("what was typed afterwards", || {
        world.console.send(text("after "));
        record.text().contains("after")
    });
    assert!(record.text().starts_with("before after "), "{:?}", record.text());
}

#[test]
fn nothing_done_blind_comes_later_over_quic() {
    nothing_done_blind_comes_later(LinkKind::Quic);
}

#[test]
fn nothing_done_blind_comes_later_over_tls() {
    nothing_done_blind_comes_later(LinkKind::Tls);
}

#[test]
fn a_first_message_that_is_none_is_refused_at_once_and_costs_no_try() {
    let world = World::on(Line::race().over(Conditions::default()), Line::only(LinkKind::Quic));
    let key = SessionKey::parse(&world.new_key()).unwrap();
    let right = P1 {
        version: proto::PROTOCOL_VERSION,
        pake_version: pairing::PAKE_VERSION,
        pake: proto::Blob::new(vec![0x41; 33]).unwrap(),
        certificate_sha256: [7; 32],
        capabilities: 0,
    };
    // Of order one, two and four in the group of Ed25519.
    let point = |first: u8, rest: u8, last: u8| {
        let mut point = vec![rest; 33];
        (point[0], point[1], point[32]) = (0x41, first, last);
        proto::encode(&P1 { pake: proto::Blob::new(point).unwrap(), ..right.clone() }).unwrap()
    };
    let rows = [
        ("nothing", Vec::new()),
        ("noise", vec![0xA5; 200]),
        ("a later version", proto::encode(&P1 { version: 9, ..right.clone() }).unwrap()),
        ("another PAKE", proto::encode(&P1 { pake_version: 9, ..right.clone() }).unwrap()),
        ("a point of order one", point(1, 0, 0)),
        ("a point of order two", point(0xEC, 0xFF, 0x7F)),
        ("a point of order four", point(0, 0, 0)),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (what, p1) in rows {
        let mut link = world.agent_dials().unwrap();
        let answer = runtime.block_on(async {
            let join =
                |work| EndToRelay::Join { locator: key.locator(), p1: OpaqueBytes::new(p1.clone()).unwrap(), work };
            link.control.send(&join(None)).await.unwrap();
            let answer = async {
                loop {
                    match link.control.recv().await.unwrap() {
                        RelayToEnd::Joined { .. } => {}
                        RelayToEnd::NeedWork { bits, seed } => {
                            let work = link::work::solve(seed, bits);
                            link.control.send(&join(work)).await.unwrap();
                        }
                        answer => return answer,
                    }
                }
            };
            tokio::time::timeout(AT_ONCE, answer).await
        });
        assert_eq!(answer.ok(), Some(RelayToEnd::P4Fail { tries_left: 3 }), "{what}");
    }
    assert!(world.console.view().notices.is_empty(), "whoever sends noise shows the operator nothing");
    world.agent.send(AgentCommand::SubmitKey(key.grouped().to_string()));
    world.agent_shows("who asks", |view| matches!(view.page, agent_core::view::Page::WhoAsks { .. }).then_some(()));
}

#[test]
fn the_operator_is_told_of_a_wrong_password_for_the_proxy() {
    let (right, wrong) = (Login::new("anna", "right"), Login::new("anna", "wrong"));
    let world = World::on(Line::only(LinkKind::Quic), Line::only_proxy(Some(right), Some(wrong)));
    world.console.send(ConsoleCommand::NewKey);
    world.console_shows("the notice", |view| {
        view.notices.iter().any(|notice| notice.kind == NoticeKind::ProxyPassword).then_some(())
    });
}

#[test]
fn of_a_file_that_is_taken_back_nothing_more_leaves() {
    let slow = Conditions { bytes_per_s: Some(150_000), queue_bytes: 16 * 1024, ..Conditions::default() };
    let world = World::on(Line::only(LinkKind::Quic).over(Conditions::default()), Line::only(LinkKind::Quic));
    world.pair_and_view();
    // Less than what may wait in the stream: all of it is handed over at once.
    fs::write(world.path("home/log.txt"), vec![7; 1_500_000]).unwrap();
    let into = world.path("fetched");
    fs::create_dir(&into).unwrap();
    world.agent_path().change(|path| *path = slow);
    world.console.send(ConsoleCommand::fetch_file("log.txt", into.clone()));
    world.answer(true);
    world
        .session("the first bytes", |session| session.transfers.first().filter(|file| file.done_bytes > 0).map(|_| ()));
    world.agent.send(AgentCommand::Revoke(Capability::FetchFile));
    let state = world.session("the end of the file", |session| {
        session.transfers.first().map(|file| file.state).filter(|state| *state != TransferState::Running)
    });
    assert_eq!(state, TransferState::Failed(TransferFailure::Cancelled));
    let arrived = |session: &SessionView| session.transfers.first().map(|file| file.done_bytes);
    let arrived = world.session("what arrived", arrived);
    assert!(arrived < 1_000_000, "{arrived} bytes arrived");
    world.eventually("that nothing of it is kept", || fs::read_dir(&into).unwrap().count() == 0);
}

#[test]
fn views_share_what_did_not_change() {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    world.console.send(ConsoleCommand::SendChat("one line".into()));
    let delivered = |session: &SessionView| session.chat.first().is_some_and(|line| line.delivered);
    let before = world.session("the line", |session| delivered(session).then(|| session.clone()));
    let other = |session: &SessionView| session.bytes_to_console > before.bytes_to_console;
    let after = world.session("another view", |session| other(session).then(|| session.clone()));
    assert!(Arc::ptr_eq(&before.chat, &after.chat) && Arc::ptr_eq(&before.transfers, &after.transfers));
    let panel = || world.agent_shows("the panel", |view| view.panel.clone());
    let before = panel();
    world.console.send(ConsoleCommand::Ask(Capability::Control));
    world.answer(true);
    let after = world.agent_shows("control", |view| {
        let panel = view.panel.clone()?;
        panel.grants.iter().any(|grant| grant.capability == Capability::Control && grant.granted).then_some(panel)
    });
    assert!(Arc::ptr_eq(&before.chat, &after.chat) && Arc::ptr_eq(&before.transfers, &after.transfers));
}

/// While the threads for long work are all taken, a proof waits, and nobody else does.
#[test]
fn nobody_waits_for_the_verifying_of_a_proof() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let settings = Settings::dev(folder.path(), "127.0.0.1:0".parse().unwrap(), DEV_OPERATOR, Limits::Bench).unwrap();
    let relay = runtime.block_on(relay::start(settings)).unwrap();
    let (release, held) = sync_channel::<()>(0);
    let holding = runtime.spawn_blocking(move || held.recv().is_err());

    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    let organisation_file = read("organisation.ponte");
    let organisation = Organisation::open(&organisation_file, now_s).unwrap();
    let operator = testkit::signed_in(&read("operator.ponte-vault"));
    let mut config = ConsoleConfig::open(&operator, &organisation_file, now_s).unwrap();
    config.logs_folder = folder.path().join("logs");
    config.choice = Choice::Only(LinkKind::Quic);
    config.dialing.proxies = Proxies::None;
    let console = ConsoleHandle::start(config, Box::new(|| {})).unwrap();
    let mut view = console.watch();
    console.send(ConsoleCommand::NewKey);
    let others = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let there = || relay.stats().links > 0;
    others.block_on(async {
        while !there() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let address = organisation.relay();
        let node = address.nodes.first().unwrap();
        let to = RelayAddress { name: address.name.clone(), host: node.host.clone(), port: relay.local_addr().port() };
        let trust = Trust::Pin(address.pin.unwrap());
        for _ in 0..5 {
            link::connect_with(&to, &trust, Choice::Only(LinkKind::Quic), &Proxies::None, "test").await.unwrap();
        }
        assert!(matches!(view.borrow_and_update().stage, Stage::Preparing), "the proof waits for its turn");
        drop(release);
        holding.await.unwrap();
        let waiting = view.wait_for(|view| matches!(view.stage, Stage::Waiting(_)));
        tokio::time::timeout(AT_ONCE, waiting).await.unwrap().unwrap();
    });
    drop(console);
    drop(relay);
    runtime.shutdown_background();
}
