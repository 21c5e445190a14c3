//! Pointing at the person's screen and drawing over it.

use crate::common::{MONITOR, restricted, session, view};
use crate::{Page, click, page, session_page, taken};
use console_core::proto::annotation::{Annotation, Mark, MarksSeen, Point};
use console_core::view::{ConsoleCommand, PowerState, Stage};
use egui::accesskit::Role;
use egui::{Event, Key, Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::kittest::{NodeT, Queryable};

fn annotations(page: &mut Page) -> Vec<Annotation> {
    let annotation = |command| match command {
        ConsoleCommand::Annotate(annotation) => annotation,
        other => panic!("{other:?} is no annotation"),
    };
    taken(page).into_iter().map(annotation).collect()
}

fn at(x: u16, y: u16) -> Point {
    Point { x, y }
}

/// The point of the window over that pixel of the picture, which is 320 by 200.
fn over(page: &Page, pixel: Point) -> Pos2 {
    let screen = page.get_by_label("Remote screen").rect();
    let part = vec2(f32::from(pixel.x) + 0.5, f32::from(pixel.y) + 0.5) / vec2(320.0, 200.0);
    screen.lerp_inside(part)
}

fn drag(page: &mut Page, from: Point, to: Point) {
    let button = |pos, pressed| Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    let (from, to) = (over(page, from), over(page, to));
    for event in [Event::PointerMoved(from), button(from, true), Event::PointerMoved(to), button(to, false)] {
        page.event(event);
        page.run_steps(1);
    }
}

#[test]
fn the_pointer_follows_the_mouse_while_only_viewing_and_goes_with_the_tool() {
    let mut page = page(restricted(view(Stage::Session(Box::new(session(PowerState::Granted, PowerState::Off))))));
    page.key_press(Key::F9);
    page.run_steps(2);
    page.get_by_label("The person sees a ring where you point. Nothing is clicked. Esc stops.");
    let position = over(&page, at(80, 50));
    page.event(Event::PointerMoved(position));
    let show = |point| Annotation::Show { monitor: MONITOR, mark: Mark::Pointer(point) };
    assert!(annotations(&mut page).contains(&show(at(80, 50))));
    page.key_press(Key::Escape);
    assert_eq!(annotations(&mut page), [Annotation::PointerGone]);
    assert!(page.query_by_label("Stop pointing").is_none());
}

#[test]
fn arrows_and_boxes_are_drawn_by_a_drag_and_nothing_goes_to_the_client_meanwhile() {
    let mut page = session_page(session(PowerState::Granted, PowerState::Granted));
    page.get_by_label("Remote screen").focus();
    page.run_steps(2);
    page.state_mut().commands.clear();
    click(&mut page, "Point and draw on the person's screen");
    page.state_mut().commands.clear();
    assert!(!page.state().state.viewer.is_capturing());
    page.get_by_role_and_label(Role::Button, "Arrow").click();
    page.run_steps(2);
    page.state_mut().commands.clear();
    let (from, to) = (at(40, 40), at(200, 120));
    drag(&mut page, from, to);
    assert_eq!(annotations(&mut page), [Annotation::Show { monitor: MONITOR, mark: Mark::Arrow { from, to } }]);
    page.get_by_role_and_label(Role::Button, "Box").click();
    page.run_steps(2);
    drag(&mut page, to, from);
    let mark = Mark::Box { from: to, to: from };
    assert_eq!(annotations(&mut page), [Annotation::Show { monitor: MONITOR, mark }]);
    // A slip of the hand is no mark.
    drag(&mut page, at(50, 50), at(53, 50));
    assert_eq!(annotations(&mut page), []);
    page.key_press(Key::Delete);
    assert_eq!(annotations(&mut page), [Annotation::Clear]);
    page.get_by_role_and_label(Role::Button, "Stop pointing").click();
    assert_eq!(annotations(&mut page), []);
    page.get_by_label("Remote screen").focus();
    page.run_steps(2);
    assert!(page.state().state.viewer.is_capturing(), "then mouse and keyboard go there again");
}

#[test]
fn what_cannot_be_shown_there_is_said_and_without_a_picture_nothing_is_drawn() {
    let mut nowhere = session(PowerState::Granted, PowerState::Off);
    nowhere.marks_seen = Some(MarksSeen::Nowhere);
    let mut page = session_page(nowhere);
    page.key_press(Key::F9);
    page.run_steps(2);
    page.get_by_label("The person's system cannot show marks");
    let mut paused = session(PowerState::Granted, PowerState::Off);
    paused.sharing_paused = true;
    page.state_mut().view = Some(view(Stage::Session(Box::new(paused))));
    page.run_steps(2);
    assert!(page.query_by_label("Stop pointing").is_none(), "a pause takes the tool away");
    let tool = page.get_by_label("Point and draw on the person's screen");
    assert!(tool.accesskit_node().is_disabled());
}

/// Presses or lets go of the key for pointing, at this time of the window.
fn point_key(page: &mut Page, pressed: bool) {
    let (key, modifiers) = (Key::F9, Modifiers::NONE);
    page.event(Event::Key { key, physical_key: None, pressed, repeat: false, modifiers });
    page.run_steps(1);
}

#[test]
fn who_holds_the_key_points_only_as_long_and_then_acts_again() {
    let mut page = session_page(session(PowerState::Granted, PowerState::Granted));
    page.get_by_label("Remote screen").focus();
    page.run_steps(2);
    assert!(page.state().state.viewer.is_capturing());
    // While mouse and keyboard are the client's this key is, too.
    point_key(&mut page, true);
    point_key(&mut page, false);
    assert!(page.state().state.viewer.marking.tool().is_none());
    let context = page.ctx.clone();
    page.state_mut().state.viewer.release(&context);
    page.run_steps(2);
    page.state_mut().commands.clear();
    point_key(&mut page, true);
    let position = over(&page, at(80, 50));
    page.event(Event::PointerMoved(position));
    page.run_steps(60);
    let show = Annotation::Show { monitor: MONITOR, mark: Mark::Pointer(at(80, 50)) };
    assert!(annotations(&mut page).contains(&show));
    point_key(&mut page, false);
    page.run_steps(2);
    assert!(page.state().state.viewer.marking.tool().is_none());
    assert!(page.state().state.viewer.is_capturing(), "then mouse and keyboard go there again");
    assert!(page.state().commands.contains(&ConsoleCommand::Annotate(Annotation::PointerGone)));
}

#[test]
fn a_tap_of_the_key_keeps_the_pointer_and_who_only_views_acts_no_sooner_by_holding_it() {
    let mut page = session_page(session(PowerState::Granted, PowerState::Off));
    point_key(&mut page, true);
    point_key(&mut page, false);
    page.run_steps(60);
    page.get_by_role_and_label(Role::Button, "Stop pointing");
    point_key(&mut page, true);
    point_key(&mut page, false);
    assert!(page.query_by_label("Stop pointing").is_none(), "a second tap puts it down");
    point_key(&mut page, true);
    page.run_steps(60);
    page.get_by_role_and_label(Role::Button, "Stop pointing");
    point_key(&mut page, false);
    page.run_steps(2);
    assert!(page.query_by_label("Stop pointing").is_none());
    assert!(!page.state().state.viewer.is_capturing());
}
