//! How sessions go on and end when people change their minds, close windows or ask for too much.

use agent_core::LinkKind;
use agent_core::view::{AgentCommand, Page};
use console_core::view::{ConsoleCommand, NoticeKind, PowerState, Stage, TransferState};
use e2e::{Line, World};
use proto::geometry::Rect;
use proto::session::{Capability, EndReason, TransferFailure};
use std::fs;
use std::time::Duration;

const RED: [u8; 3] = [0, 0, 255];

#[test]
fn closing_the_consoles_window_ends_the_session_for_the_person_at_once() {
    let world = World::start(LinkKind::Quic);
    let console = world.another_console();
    console.send(ConsoleCommand::NewKey);
    let key = world.other_console_shows(&console, "a key", |view| match &view.stage {
        Stage::Waiting(key) => Some(key.grouped.clone()),
        _ => None,
    });
    world.agent.send(AgentCommand::SubmitKey(key));
    world.agent_shows("who asks", |view| matches!(view.page, Page::WhoAsks { .. }).then_some(()));
    world.welcome(&world.agent);
    world.answer(true);
    world.agent_shows("the session", |view| (view.page == Page::Session).then_some(()));
    console.shutdown(Duration::from_secs(10));
    let reason = world.agent_shows("the end", |view| match &view.page {
        Page::Ended(end) => Some(end.reason),
        _ => None,
    });
    assert_eq!(reason, EndReason::OperatorEnded);
}

#[test]
fn a_key_is_withdrawn_when_the_console_closes() {
    let world = World::start(LinkKind::Quic);
    let console = world.another_console();
    console.send(ConsoleCommand::NewKey);
    world.other_console_shows(&console, "a key", |view| matches!(view.stage, Stage::Waiting(_)).then_some(()));
    assert_eq!(world.relay().stats().offers, 1);
    console.shutdown(Duration::from_secs(10));
    world.eventually("the key to be withdrawn", || world.relay().stats().offers == 0);
}

#[test]
fn viewing_can_be_taken_back_and_granted_again() {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    world.control();
    world.agent.send(AgentCommand::Revoke(Capability::View));
    let off = |session: &console_core::view::SessionView| {
        let revoked = session.powers.iter().filter(|power| power.state == PowerState::Revoked).count();
        (revoked == 2).then_some(())
    };
    world.session("that both powers are gone", off);
    let captures = world.desktop.captures();
    world.desktop.paint(Rect::new(0, 0, 50, 50), RED);
    world.console.send(ConsoleCommand::Ask(Capability::View));
    let id = world.agent_shows("the question", |view| match &view.page {
        Page::Question(question) => Some(question.id),
        _ => None,
    });
    assert_eq!(world.desktop.captures(), captures, "nothing is captured between two grants");
    world.agent.send(AgentCommand::QuestionShown(id));
    world.agent.send(AgentCommand::Answer(id, true));
    world.eventually("the picture again", || world.pixel(49, 49) == Some([255, 0, 0]));
    world.control();
}

#[test]
fn a_second_no_to_viewing_does_not_end_the_help() {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    world.agent.send(AgentCommand::Revoke(Capability::View));
    world.session("that viewing is gone", |session| {
        session.powers.iter().any(|power| power.state == PowerState::Revoked).then_some(())
    });
    world.console.send(ConsoleCommand::Ask(Capability::View));
    world.answer(false);
    world.console.send(ConsoleCommand::SendChat("still there".into()));
    world.agent_shows("the chat", |view| view.panel.as_ref().filter(|panel| !panel.chat.is_empty()).map(|_| ()));
}

#[test]
fn too_many_files_at_once_are_refused_and_none_waits_for_ever() {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    for number in 0..12 {
        let path = world.path(&format!("file-{number}.txt"));
        fs::write(&path, "content").unwrap();
        world.console.send(ConsoleCommand::send_file(path));
    }
    world.session("that some were refused", |session| {
        let failed = session.transfers.iter().filter(|file| matches!(file.state, TransferState::Failed(_))).count();
        (failed == 4).then_some(())
    });
    for _ in 0..8 {
        world.answer(true);
    }
    world.session("that the others arrived", |session| {
        let done = session.transfers.iter().filter(|file| file.state == TransferState::Done).count();
        (done == 8).then_some(())
    });
}

#[test]
fn a_file_that_is_not_there_is_told_after_a_yes_and_the_session_goes_on() {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    let into = world.path("fetched");
    fs::create_dir(&into).unwrap();
    world.console.send(ConsoleCommand::fetch_file("nothing.txt", into));
    world.answer(true);
    let state = world.session("how it ended", |session| {
        let state = session.transfers.first().map(|file| file.state);
        state.filter(|state| state.is_over())
    });
    assert_eq!(state, TransferState::Failed(TransferFailure::NotFound));
    world.console.send(ConsoleCommand::SendChat("never mind".into()));
    world.agent_shows("the chat", |view| view.panel.as_ref().filter(|panel| !panel.chat.is_empty()).map(|_| ()));
}

#[test]
fn an_end_that_the_other_end_could_not_hear_is_noticed_when_its_link_is_back() {
    let world = World::on(Line::only(LinkKind::Quic), Line::only(LinkKind::Quic).over(Default::default()));
    world.pair_and_view();
    world.console_path().change(|conditions| conditions.black_out = true);
    world.agent.send(AgentCommand::End);
    world.agent.send(AgentCommand::SkipRating);
    world.agent_shows("what was removed", |view| match &view.page {
        Page::Ended(end) => end.removed.clone(),
        _ => None,
    });
    world.console_path().change(|conditions| conditions.black_out = false);
    world.console_shows("the end", |view| matches!(view.stage, Stage::Ended(_)).then_some(()));
}

#[test]
fn a_person_who_leaves_before_saying_who_it_is_is_no_alarm() {
    let world = World::start(LinkKind::Quic);
    let agent = world.another_agent();
    let key = world.new_key();
    agent.send(AgentCommand::SubmitKey(key));
    world.other_shows(&agent, "who asks", |view| matches!(view.page, Page::WhoAsks { .. }).then_some(()));
    agent.shutdown(Duration::from_secs(10));
    world.console_shows("the end", |view| matches!(view.stage, Stage::Ended(_)).then_some(()));
    let alarm = |kind: &NoticeKind| *kind == NoticeKind::ChannelNotProven;
    assert!(!world.console.view().notices.iter().any(|notice| alarm(&notice.kind)));
}
