//! The operator points and draws over the person's screen, through whole sessions.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use agent_core::LinkKind;
use agent_core::view::{AgentCommand, Page};
use audit_log::{Event, Report};
use capture::ShownMark;
use console_core::view::{ConsoleCommand, Stage};
use e2e::World;
use identity::Profile;
use proto::MonitorId;
use proto::annotation::{Annotation, Mark, MarksSeen, Point};
use proto::limits::MARKS;
use proto::session::{Asking, Capability};
use std::fs;

const MONITOR: MonitorId = MonitorId(0);

fn at(x: u16, y: u16) -> Point {
    Point { x, y }
}

fn arrow(y: u16) -> Mark {
    Mark::Arrow { from: at(1, y), to: at(100, y) }
}

fn show(world: &World, mark: Mark) {
    world.console.send(ConsoleCommand::Annotate(Annotation::Show { monitor: MONITOR, mark }));
}

fn stand(world: &World, what: &str, marks: &[Mark]) {
    let marks: Vec<_> = marks.iter().map(|mark| (MONITOR, *mark)).collect();
    world.eventually(what, || world.desktop.marks() == marks);
}

/// Points until these marks stand: on a busy machine the ring may have gone before anybody looks.
fn points(world: &World, what: &str, place: Point, marks: &[Mark]) {
    let marks: Vec<_> = marks.iter().map(|mark| (MONITOR, *mark)).collect();
    world.eventually(what, || {
        show(world, Mark::Pointer(place));
        world.desktop.marks() == marks
    });
}

fn viewing() -> World {
    let world = World::start(LinkKind::Quic);
    world.pair_and_view();
    world
}

/// The console's log, after the person has ended the session.
fn log(world: &World) -> Report {
    world.agent.send(AgentCommand::End);
    world.agent.send(AgentCommand::SkipRating);
    let path = world.console_shows("the console's log", |view| match &view.stage {
        Stage::Ended(end) if !end.is_closing => end.log.clone(),
        _ => None,
    });
    Report::of(fs::read_to_string(path).unwrap())
}

#[test]
fn what_the_operator_points_at_is_seen_without_another_question_and_stands_once_in_the_log() {
    let world = viewing();
    points(&world, "the pointer", at(5, 6), &[Mark::Pointer(at(5, 6))]);
    assert_eq!(world.session("where", |session| session.marks_seen), MarksSeen::Beside);
    show(&world, arrow(7));
    points(&world, "the pointer elsewhere", at(8, 9), &[arrow(7), Mark::Pointer(at(8, 9))]);
    world.console.send(ConsoleCommand::Annotate(Annotation::PointerGone));
    stand(&world, "the arrow alone", &[arrow(7)]);
    // What is on no monitor of theirs is nowhere.
    world.console.send(ConsoleCommand::Annotate(Annotation::Show { monitor: MonitorId(9), mark: arrow(1) }));
    world.console.send(ConsoleCommand::Annotate(Annotation::Clear));
    stand(&world, "nothing", &[]);
    let question = world.agent_shows("no question", |view| Some(matches!(view.page, Page::Question(_))));
    assert!(!question);
    let log = log(&world);
    assert!(log.holds(), "{:?}", log.findings);
    assert_eq!(log.entries.iter().filter(|entry| entry.event == Event::Annotated).count(), 1);
}

#[test]
fn marks_go_with_the_view_with_a_pause_and_before_a_question() {
    let world = viewing();
    show(&world, arrow(7));
    stand(&world, "the arrow", &[arrow(7)]);
    world.console.send(ConsoleCommand::Ask(Capability::Control));
    stand(&world, "nothing beside a question", &[]);
    world.answer(false);
    world.agent_shows("the answered question", |view| (view.page == Page::Session).then_some(()));
    show(&world, arrow(9));
    stand(&world, "what came after the question", &[arrow(9)]);
    world.agent.send(AgentCommand::Pause);
    stand(&world, "nothing during a pause", &[]);
    world.session("the pause", |session| session.sharing_paused.then_some(()));
    show(&world, arrow(10));
    world.agent.send(AgentCommand::Resume);
    world.session("its end", |session| (!session.sharing_paused).then_some(()));
    show(&world, arrow(11));
    stand(&world, "what came after the pause", &[arrow(11)]);
    world.agent.send(AgentCommand::Revoke(Capability::View));
    stand(&world, "nothing without the view", &[]);
}

#[test]
fn marks_fade_before_they_go_but_not_where_they_must_be_gone_at_once() {
    let world = viewing();
    show(&world, arrow(7));
    stand(&world, "the arrow", &[arrow(7)]);
    world.console.send(ConsoleCommand::Ask(Capability::Control));
    stand(&world, "nothing beside a question", &[]);
    assert_eq!(world.desktop.weakest_mark(), Some(ShownMark::STRONGEST), "nothing fades under a question");
    world.answer(false);
    world.agent_shows("the answered question", |view| (view.page == Page::Session).then_some(()));
    // The time in which it fades is short: a busy machine may draw nothing then, but not each time.
    let fades = (0..20).any(|_| {
        show(&world, arrow(9));
        stand(&world, "the next arrow", &[arrow(9)]);
        world.console.send(ConsoleCommand::Annotate(Annotation::Clear));
        stand(&world, "nothing", &[]);
        world.desktop.weakest_mark() < Some(ShownMark::STRONGEST / 2)
    });
    assert!(fades, "{:?}", world.desktop.weakest_mark());
    // What is drawn anew while it fades is as strong as ever, and stays.
    show(&world, arrow(11));
    stand(&world, "another arrow", &[arrow(11)]);
    world.console.send(ConsoleCommand::Annotate(Annotation::Clear));
    show(&world, arrow(11));
    world.console.send(ConsoleCommand::Annotate(Annotation::PointerGone));
    let shown = world.desktop.marks_shown();
    world.eventually("some drawings more", || world.desktop.marks_shown() > shown + 8);
    assert_eq!(world.desktop.marks().len(), 1);
}

#[test]
fn however_much_is_drawn_only_so_many_marks_stand_and_the_display_is_not_kept_busy() {
    let world = viewing();
    let before = world.desktop.marks_shown();
    for y in 0..500 {
        show(&world, arrow(y));
        show(&world, Mark::Pointer(at(y, y)));
    }
    world.eventually("many marks", || !world.desktop.marks().is_empty());
    // What is said after it arrives, so all of it has been sent or left out.
    world.console.send(ConsoleCommand::SendChat("done".into()));
    world.session("the delivered line", |session| session.chat.iter().any(|line| line.delivered).then_some(()));
    assert!(world.desktop.marks().len() <= MARKS);
    assert!(world.desktop.marks_shown() - before < 200, "many are drawn together");
}

#[test]
fn where_marks_cannot_be_shown_pointing_on_does_not_try_again_and_again() {
    let world = viewing();
    world.desktop.take_no_marks();
    show(&world, Mark::Pointer(at(5, 6)));
    world.session("where", |session| (session.marks_seen == Some(MarksSeen::Nowhere)).then_some(()));
    for y in 0..100 {
        show(&world, Mark::Pointer(at(5, y)));
    }
    world.console.send(ConsoleCommand::SendChat("done".into()));
    world.session("the delivered line", |session| session.chat.iter().any(|line| line.delivered).then_some(()));
    assert_eq!(world.desktop.annotators(), 1);
}

#[test]
fn an_operator_whose_certificate_does_not_allow_it_points_at_nothing() {
    let world = World::with_profile(&Profile::of([(Capability::View, Asking::OncePerSession)]));
    world.pair_and_view();
    show(&world, arrow(7));
    world.console.send(ConsoleCommand::SavePicture);
    // What came before the picture has been dealt with.
    world.console_shows("the picture", |view| (!view.notices.is_empty()).then_some(()));
    assert_eq!((world.desktop.marks(), world.desktop.marks_shown()), (vec![], 0));
    let log = log(&world);
    assert!(log.holds() && log.entries.iter().all(|entry| entry.event != Event::Annotated));
}
