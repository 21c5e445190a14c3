//! What is copied and pasted between the two machines, through whole sessions.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use agent_core::LinkKind;
use agent_core::view::{AgentCommand, Page, QuestionKind};
use audit_log::{Direction, Event, Report};
use clipboard::{Content, Picture};
use console_core::view::{ClipState, ConsoleCommand, PowerState, Stage};
use e2e::World;
use identity::Profile;
use proto::clipboard::{ClipKind, ClipProblem};
use proto::session::{Asking, Capability};
use std::fs;
use std::sync::Arc;

fn viewing() -> World {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    world
}

fn text(text: &str) -> Content {
    Content::Text(text.to_owned())
}

fn send(world: &World, content: &Content) {
    world.console.send(ConsoleCommand::SendClipboard(Arc::new(content.clone())));
}

fn state(world: &World, state: ClipState) {
    world.session(&format!("{state:?}"), |session| (session.clipboard.state == state).then_some(()));
}

fn fetched(world: &World, number: u64) -> Content {
    world.session("what was copied", |session| {
        let (count, content) = session.clipboard.fetched.as_ref()?;
        (*count == number).then(|| Content::clone(content))
    })
}

/// The console's log, after the person has ended the session.
fn log(world: &World) -> (Report, String) {
    world.agent.send(AgentCommand::End);
    world.agent.send(AgentCommand::SkipRating);
    let path = world.console_shows("the console's log", |view| match &view.stage {
        Stage::Ended(end) if !end.is_closing => end.log.clone(),
        _ => None,
    });
    let log = fs::read_to_string(path).unwrap();
    (Report::of(log.clone()), log)
}

fn exchanged(log: &Report) -> Vec<(Direction, ClipKind, u64)> {
    let exchanged = log.entries.iter().filter_map(|entry| match entry.event {
        Event::Clipboard { direction, kind, size_bytes } => Some((direction, kind, size_bytes)),
        _ => None,
    });
    exchanged.collect()
}

#[test]
fn nothing_is_read_or_put_before_a_yes_and_then_what_was_wanted_is_done() {
    let world = viewing();
    world.clipboard.copy(text("theirs"));
    send(&world, &text("pässword-8431"));
    let kind = world.agent_shows("the question", |view| match &view.page {
        Page::Question(question) => Some(question.kind.clone()),
        _ => None,
    });
    assert_eq!(kind, QuestionKind::Clipboard);
    assert_eq!(world.clipboard.uses(), (0, 0));
    world.answer(true);
    state(&world, ClipState::Sent);
    assert_eq!(world.clipboard.content(), Some(text("pässword-8431")));
    // The same yes covers the other way, as the question says, and no second time.
    world.clipboard.copy(text("theirs-2291"));
    world.console.send(ConsoleCommand::FetchClipboard);
    assert_eq!(fetched(&world, 1), text("theirs-2291"));
    let rgba = (0..200 * 100 * 4).map(|at| (at % 255) as u8).collect();
    let picture = Content::Picture(Picture::new(200, 100, rgba).unwrap());
    send(&world, &picture);
    world.agent_shows("the question", |view| matches!(view.page, Page::Question(_)).then_some(()));
    assert_eq!(world.clipboard.uses(), (1, 1));
    world.answer(true);
    world.eventually("the picture", || world.clipboard.content().as_ref() == Some(&picture));
    state(&world, ClipState::Sent);
    world.console.send(ConsoleCommand::FetchClipboard);
    assert_eq!(fetched(&world, 2), picture);
    assert_eq!(world.clipboard.uses(), (2, 2), "nothing happens by itself");
    let (log, lines) = log(&world);
    assert!(log.holds(), "{:?}", log.findings);
    let size = picture.encode().unwrap().len() as u64;
    let expected = [
        (Direction::ToClient, ClipKind::Text, 14),
        (Direction::ToOperator, ClipKind::Text, 11),
        (Direction::ToClient, ClipKind::Picture, size),
        (Direction::ToOperator, ClipKind::Picture, size),
    ];
    assert_eq!(exchanged(&log), expected);
    assert!(!lines.contains("pässwörd") && !lines.contains("theirs"), "what was copied stands nowhere");
    let used = world.agent_shows("what was used", |view| match &view.page {
        Page::Ended(end) => Some(end.used.clone()),
        _ => None,
    });
    assert!(used.iter().any(|(capability, _)| *capability == Capability::Clipboard));
}

#[test]
fn a_no_and_a_power_taken_back_leave_both_clipboards_as_they_are() {
    let world = viewing();
    world.clipboard.copy(text("theirs"));
    world.console.send(ConsoleCommand::FetchClipboard);
    world.answer(false);
    world.session("the no", |session| {
        let mut powers = session.powers.iter();
        powers.any(|power| matches!(power.state, PowerState::Refused(_))).then_some(())
    });
    assert_eq!(world.clipboard.uses(), (0, 0));
    assert!(world.session("nothing", |session| Some(session.clipboard.fetched.is_none())));

    let world = viewing();
    send(&world, &text("mine"));
    world.answer(true);
    state(&world, ClipState::Sent);
    world.agent.send(AgentCommand::Revoke(Capability::Clipboard));
    world.session("the end of it", |session| {
        let mut powers = session.powers.iter();
        let gone = |state| state == PowerState::Revoked;
        powers.any(|power| power.capability == Capability::Clipboard && gone(power.state)).then_some(())
    });
    send(&world, &text("mine again"));
    // It is asked again, and not done.
    world.agent_shows("the question", |view| matches!(view.page, Page::Question(_)).then_some(()));
    assert_eq!((world.clipboard.content(), world.clipboard.uses()), (Some(text("mine")), (1, 0)));
    world.answer(false);
    let state = world.session("the no", |session| {
        let mut powers = session.powers.iter();
        let is_refused = powers.any(|power| matches!(power.state, PowerState::Refused(_)));
        is_refused.then_some(session.clipboard.state)
    });
    assert_eq!(state, ClipState::Idle, "that the first text was sent says nothing of this one");
}

#[test]
fn what_is_not_there_or_too_large_is_said() {
    let world = viewing();
    world.console.send(ConsoleCommand::FetchClipboard);
    world.answer(true);
    state(&world, ClipState::NotFetched(ClipProblem::Empty));
    send(&world, &text(&"x".repeat(ClipKind::Text.most_bytes() + 1)));
    state(&world, ClipState::NotSent(ClipProblem::TooLarge));
    world.clipboard.copy(text(&"x".repeat(ClipKind::Text.most_bytes() + 1)));
    world.console.send(ConsoleCommand::FetchClipboard);
    state(&world, ClipState::NotFetched(ClipProblem::TooLarge));
    let longest = text(&"x".repeat(ClipKind::Text.most_bytes()));
    world.clipboard.copy(longest.clone());
    world.console.send(ConsoleCommand::FetchClipboard);
    assert_eq!(fetched(&world, 1), longest);
}

#[test]
fn an_operator_without_the_power_does_not_even_ask() {
    let world = World::with_profile(&Profile::of([(Capability::View, Asking::OncePerSession)]));
    world.pair_and_view();
    send(&world, &text("mine"));
    world.console.send(ConsoleCommand::FetchClipboard);
    world.console.send(ConsoleCommand::SavePicture);
    // What came before the picture has been dealt with.
    world.console_shows("the picture", |view| (!view.notices.is_empty()).then_some(()));
    assert!(!world.agent_shows("no question", |view| Some(matches!(view.page, Page::Question(_)))));
    assert_eq!(world.clipboard.uses(), (0, 0));
}
