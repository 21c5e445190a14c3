//! What the person shares, the pauses, and the goodbye, through whole sessions.

use agent_core::view::{AgentCommand, Page, RatingView, ShareReason, ShareView, Shared};
use agent_core::{LinkKind, Share};
use capture::Presence;
use console_core::view::{ConsoleCommand, EndView, PowerState, SessionView, Stage};
use e2e::{World, pressed};
use proto::geometry::{MonitorId, Rect};
use proto::input::{InputEvent, KeyUsage, Modifiers};
use proto::session::{Capability, Decision, EndReason, Step};
use std::time::{Duration, Instant};

/// Blue, green, red.
const BLUE: [u8; 3] = [255, 0, 0];
const GREEN: [u8; 3] = [0, 255, 0];
const RED: [u8; 3] = [0, 0, 255];

fn who_asks(world: &World) {
    let key = world.new_key();
    world.agent.send(AgentCommand::SubmitKey(key));
    world.agent_shows("who asks", |view| matches!(view.page, Page::WhoAsks { .. }).then_some(()));
}

fn consoles_end(world: &World) -> EndView {
    world.console_shows("the end", |view| match &view.stage {
        Stage::Ended(end) if !end.is_closing => Some(end.clone()),
        _ => None,
    })
}

fn agents_end(world: &World) -> agent_core::view::EndView {
    world.agent_shows("what was removed", |view| match &view.page {
        Page::Ended(end) => end.removed.is_some().then(|| end.clone()),
        _ => None,
    })
}

/// The newest picture of whatever monitor the console shows, as (width, height, first pixel in red, green, blue).
fn picture(world: &World) -> Option<(u32, u32, [u8; 3])> {
    let pictures = world.console.pictures();
    let pictures = pictures.lock();
    let picture = pictures.monitors.values().next()?;
    Some((picture.width, picture.height, picture.rgba.get(..3)?.try_into().ok()?))
}

fn windows(choices: &ShareView) -> Option<Share> {
    choices.windows.first().map(|window| window.share)
}

#[test]
fn who_does_not_accept_the_terms_is_seen_by_nobody_and_the_program_goes() {
    let world = World::start(LinkKind::Quic);
    who_asks(&world);
    world.agent.send(AgentCommand::RecogniseOperator(true));
    let terms = world.agent_shows("the terms", |view| match &view.page {
        Page::Terms { terms, .. } => Some(terms.clone()),
        _ => None,
    });
    assert!(!terms.terms.is_empty() && !terms.relay.is_empty());
    world.agent.send(AgentCommand::AcceptTerms(false));
    assert_eq!(consoles_end(&world).reason, EndReason::TermsDeclined);
    let end = agents_end(&world);
    assert_eq!((end.reason, end.rating), (EndReason::TermsDeclined, RatingView::None));
    assert_eq!(world.desktop.captures(), 0);
    assert!(!world.path("ponte-agent").exists());
}

#[test]
fn while_the_person_reads_the_terms_the_operator_knows_the_line_to_be_alive() {
    let world = World::start(LinkKind::Quic);
    who_asks(&world);
    world.agent.send(AgentCommand::RecogniseOperator(true));
    world.agent_shows("the terms", |view| matches!(view.page, Page::Terms { .. }).then_some(()));
    let step = world.session("what the person does", |session| session.step);
    assert_eq!(step, Step::Terms);
    world.console.send(ConsoleCommand::SendChat("take your time".into()));
    world.session("a round trip", |session| (session.round_trip.is_some() && !session.reconnecting).then_some(()));
    world.agent.send(AgentCommand::AcceptTerms(true));
    world.session("the choosing", |session| (session.step == Some(Step::Choosing)).then_some(()));
    world.agent_shows("what to share", |view| match &view.page {
        Page::Share { choices, .. } => (!choices.monitors.is_empty()).then_some(()),
        _ => None,
    });
    world.agent.send(AgentCommand::Share(Share::Monitor(MonitorId(0))));
    world.answer(true);
    // What was said before its time was not lost.
    let said = world.agent_shows("the chat", |view| view.panel.as_ref()?.chat.first().map(|line| line.text.clone()));
    assert_eq!(said, "take your time");
}

#[test]
fn with_the_viewing_goes_control_that_was_granted_and_no_other_is_said_to_be_taken_back() {
    let control = |session: &SessionView| {
        let state = |wanted| session.powers.iter().find(|power| power.capability == wanted).map(|power| power.state);
        (state(Capability::View) == Some(PowerState::Revoked)).then(|| state(Capability::Control))
    };
    let never_asked = World::start(LinkKind::Quic);
    never_asked.pair_and_view();
    never_asked.agent.send(AgentCommand::Revoke(Capability::View));
    assert_eq!(never_asked.session("no screen", control), Some(PowerState::Off));

    let asked = World::start(LinkKind::Quic);
    asked.pair_and_view();
    asked.console.send(ConsoleCommand::Ask(Capability::Control));
    asked.agent_shows("the question", |view| matches!(view.page, Page::Question(_)).then_some(()));
    asked.agent.send(AgentCommand::Revoke(Capability::View));
    let denied = Some(PowerState::Refused(Decision::Denied));
    asked.session("the end of the question", |session| control(session).filter(|state| *state == denied));

    let granted = World::start(LinkKind::Quic);
    granted.pair_and_view();
    granted.control();
    granted.agent.send(AgentCommand::Revoke(Capability::View));
    assert_eq!(granted.session("no screen", control), Some(PowerState::Revoked));
}

#[test]
fn of_one_window_nothing_else_is_sent_and_input_outside_of_it_goes_nowhere() {
    let world = World::start(LinkKind::Quic);
    let window = world.desktop.add_window("Receipt", "writer", (100, 50), (200, 120));
    world.desktop.paint(Rect::new(0, 0, 640, 400), RED);
    world.desktop.paint_window(window, Rect::new(0, 0, 200, 120), GREEN);
    who_asks(&world);
    world.welcome_sharing(&world.agent, windows);
    world.answer(true);
    world.eventually("the window", || picture(&world) == Some((200, 120, [0, 255, 0])));
    let shared = world.agent_shows("the panel", |view| view.panel.as_ref().map(|panel| panel.shared.clone()));
    assert_eq!(shared, Shared::Window("Receipt".into()));
    world.desktop.paint_window(window, Rect::new(0, 0, 200, 120), BLUE);
    world.eventually("the painted window", || picture(&world) == Some((200, 120, [0, 0, 255])));
    let console = world.console.pictures();
    assert_eq!(console.lock().monitors.len(), 1, "nothing but the window came");

    world.control();
    let record = world.injected.lock().unwrap()[0].clone();
    assert_eq!(record.confined(), Some(window.0));

    // The window is closed: nothing is seen until the person chooses again.
    world.desktop.close_window(window);
    let reason = world.agent_shows("the choice", |view| match &view.page {
        Page::Share { choices, .. } => (!choices.monitors.is_empty()).then_some(choices.reason),
        _ => None,
    });
    assert_eq!(reason, ShareReason::Gone);
    world.session("the pause", |session| session.sharing_paused.then_some(()));
    world.agent.send(AgentCommand::Share(Share::Monitor(MonitorId(0))));
    world.agent_shows("the panel again", |view| (view.page == Page::Session).then_some(()));
    // The pictures to choose from may still be on the screen: nobody sees it before the window says that they are not.
    let captures = world.desktop.captures();
    world.console.send(ConsoleCommand::SendChat("and now?".into()));
    world.agent_shows("the chat", |view| view.panel.as_ref().filter(|panel| !panel.chat.is_empty()).map(|_| ()));
    assert_eq!(world.desktop.captures(), captures);
    world.agent.send(AgentCommand::ShareGone);
    world.eventually("the screen", || picture(&world).is_some_and(|(width, height, _)| (width, height) == (640, 400)));
    world.session("the end of the pause", |session| (!session.sharing_paused).then_some(()));
}

#[test]
fn a_pause_stops_sight_and_input_until_the_person_goes_on() {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    world.control();
    let shift = InputEvent::Key { usage: KeyUsage(0xE1), down: true, modifiers: Modifiers::default() };
    world.console.send(ConsoleCommand::Input(shift));
    let record = world.injected.lock().unwrap()[0].clone();
    world.eventually("the pressed key", || pressed(&record).0);

    world.agent.send(AgentCommand::Pause);
    world.session("the pause", |session| session.sharing_paused.then_some(()));
    world.eventually("the lifted key", || record.held_keys().is_empty());
    let captures = world.desktop.captures();
    world.desktop.paint(Rect::new(0, 0, 640, 400), BLUE);
    world.console.send(ConsoleCommand::Input(InputEvent::Text(proto::Text::truncated("unseen"))));
    // What is said after the pause arrives, so what came before it was dropped.
    world.console.send(ConsoleCommand::SendChat("still there?".into()));
    world.agent_shows("the chat", |view| view.panel.as_ref().filter(|panel| !panel.chat.is_empty()).map(|_| ()));
    assert_eq!(world.desktop.captures(), captures);
    assert!(world.agent.view().panel.unwrap().paused);

    world.agent.send(AgentCommand::Resume);
    world.session("the end of the pause", |session| (!session.sharing_paused).then_some(()));
    world.eventually("the picture", || picture(&world).is_some_and(|(.., pixel)| pixel == [0, 0, 255]));
    assert!(world.injected.lock().unwrap().iter().all(|record| !record.text().contains("unseen")));
    world.console.send(ConsoleCommand::Input(InputEvent::Text(proto::Text::truncated("seen"))));
    world.eventually("the typed text", || world.injected.lock().unwrap().iter().any(|record| record.text() == "seen"));
}

#[test]
fn a_panel_that_nobody_can_see_pauses_the_sharing_and_asks() {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    // For a moment is nothing.
    world.desktop.set_presence(Presence::Covered);
    world.desktop.set_presence(Presence::Visible);
    let covered = Instant::now();
    world.desktop.set_presence(Presence::Covered);
    world.agent_shows("the question", |view| matches!(view.page, Page::Unseen { .. }).then_some(()));
    assert!(covered.elapsed() >= Duration::from_secs(9), "{:?}", covered.elapsed());
    world.session("the pause", |session| session.sharing_paused.then_some(()));
    let captures = world.desktop.captures();
    world.desktop.paint(Rect::new(0, 0, 640, 400), BLUE);
    world.desktop.set_presence(Presence::Visible);
    world.console.send(ConsoleCommand::SendChat("hello?".into()));
    world.agent_shows("the chat", |view| view.panel.as_ref().filter(|panel| !panel.chat.is_empty()).map(|_| ()));
    assert_eq!(world.desktop.captures(), captures, "coming back into sight is no yes");
    world.agent.send(AgentCommand::Pause);
    world.agent_shows("the pause as the person's own", |view| {
        let paused = view.panel.as_ref().is_some_and(|panel| panel.paused);
        (matches!(view.page, Page::Session) && paused).then_some(())
    });
    assert_eq!(world.desktop.captures(), captures, "staying paused is no yes either");
    world.agent.send(AgentCommand::Resume);
    world.eventually("the picture", || picture(&world).is_some_and(|(.., pixel)| pixel == [0, 0, 255]));
}

#[test]
fn what_is_shared_has_a_frame_for_as_long_as_it_is() {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    let shares = || world.desktop.outlines().into_iter().map(|(share, _)| share).collect::<Vec<_>>();
    world.eventually("the frame", || shares() == [Share::Monitor(MonitorId(0))]);
    world.agent.send(AgentCommand::Pause);
    world.eventually("no frame", || shares().is_empty());
    world.agent.send(AgentCommand::Resume);
    world.eventually("the frame again", || shares() == [Share::Monitor(MonitorId(0))]);
    world.agent.send(AgentCommand::End);
    world.eventually("no frame after the end", || shares().is_empty());
}

#[test]
fn the_rating_reaches_the_operator_and_the_log_of_both() {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    world.console.send(ConsoleCommand::End);
    world.agent_shows("the rating", |view| match &view.page {
        Page::Ended(end) => (end.rating == RatingView::Open).then_some(()),
        _ => None,
    });
    assert!(world.path("ponte-agent").exists(), "the program goes when the person is done with it");
    world.agent.send(AgentCommand::Rate { stars: 4, comment: " Very patient. ".into() });
    let rating = consoles_end(&world).rating.unwrap();
    assert_eq!((rating.stars, rating.comment.as_deref()), (4, Some("Very patient.")));
    let end = agents_end(&world);
    assert_eq!(end.rating, RatingView::Given { stars: 4, delivered: true });
    let log = end.log.unwrap();
    assert!(log.countersigned && log.text.contains("log-entry-rated-comment"), "{}", log.text);
    assert!(!world.path("ponte-agent").exists());
}

#[test]
fn an_operator_who_does_not_wait_for_the_rating_has_the_log_without_it() {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    world.console.send(ConsoleCommand::End);
    world.agent_shows("the rating", |view| match &view.page {
        Page::Ended(end) => (end.rating == RatingView::Open).then_some(()),
        _ => None,
    });
    world.console.send(ConsoleCommand::NewKey);
    world.console_shows("a new key", |view| matches!(view.stage, Stage::Waiting(_)).then_some(()));
    world.agent.send(AgentCommand::Rate { stars: 1, comment: String::new() });
    let end = agents_end(&world);
    assert_eq!(end.rating, RatingView::Given { stars: 1, delivered: false });
    assert!(!end.log.unwrap().countersigned);
}

#[test]
fn who_says_that_it_is_a_scam_is_out_at_once_and_is_not_asked_to_rate_it() {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    world.agent.send(AgentCommand::ReportScam);
    let end = agents_end(&world);
    assert_eq!((end.reason, end.rating), (EndReason::ReportedAsScam, RatingView::None));
    assert_eq!(consoles_end(&world).reason, EndReason::ReportedAsScam);
}

#[test]
fn who_finds_out_after_the_end_that_it_was_a_scam_says_so_instead_of_rating_it() {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    world.agent.send(AgentCommand::End);
    world.agent_shows("the rating", |view| match &view.page {
        Page::Ended(end) => (end.rating == RatingView::Open).then_some(()),
        _ => None,
    });
    world.agent.send(AgentCommand::ReportScam);
    let end = agents_end(&world);
    assert_eq!((end.reason, end.rating), (EndReason::ReportedAsScam, RatingView::None));
    let log = end.log.unwrap();
    assert!(log.countersigned && log.text.contains("log-entry-ended-reported-as-scam"), "{}", log.text);
    assert_eq!(consoles_end(&world).reason, EndReason::ReportedAsScam, "the operator is told as well");
    assert!(!world.path("ponte-agent").exists());
}

#[test]
fn the_title_of_a_window_is_told_only_once_seeing_it_is_allowed() {
    for allowed in [false, true] {
        let world = World::start(LinkKind::Quic);
        world.desktop.add_window("Private title", "writer", (100, 50), (200, 120));
        who_asks(&world);
        world.welcome_sharing(&world.agent, windows);
        world.answer(allowed);
        if allowed {
            world.session("a picture", |session| (session.pictures > 0).then_some(()));
            world.agent.send(AgentCommand::ReportScam);
        }
        let log = consoles_end(&world).log.unwrap();
        let told = std::fs::read_to_string(log).unwrap().contains("Private title");
        assert_eq!(told, allowed);
        let own = agents_end(&world).log.unwrap().text;
        assert!(own.contains("Private title"), "{own}");
    }
}
