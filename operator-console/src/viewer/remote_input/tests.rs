//! What comes out of what the operator does.

use super::*;
use egui::{Rect, pos2, vec2};

const MONITOR: MonitorId = MonitorId(0);

fn target() -> Target {
    let area = Rect::from_min_size(pos2(100.0, 50.0), vec2(640.0, 400.0));
    Target { monitor: MONITOR, mapping: Mapping::one_to_one(area, 640, 400, 1.0), visible: area, hovered: true }
}

fn key(key: Key, pressed: bool, modifiers: egui::Modifiers) -> Event {
    Event::Key { key, physical_key: Some(key), pressed, repeat: false, modifiers }
}

fn press(of: Key) -> [Event; 2] {
    [key(of, true, egui::Modifiers::NONE), key(of, false, egui::Modifiers::NONE)]
}

fn text(text: &str) -> Event {
    Event::Text(text.to_owned())
}

/// Events of the wire in short: `+28` a key down, `-28` up, `"a"` text.
fn short(events: &[InputEvent]) -> String {
    let words: Vec<String> = events
        .iter()
        .map(|event| match event {
            InputEvent::PointerMove { x, y, .. } => format!("@{x},{y}"),
            InputEvent::Button { button, down } => format!("{}{button:?}", if *down { '+' } else { '-' }),
            InputEvent::Wheel { dx, dy } => format!("~{dx},{dy}"),
            InputEvent::Key { usage, down, .. } => format!("{}{:02X}", if *down { '+' } else { '-' }, usage.0),
            InputEvent::Text(text) => format!("{:?}", text.as_str()),
            InputEvent::Heartbeat => "beat".to_owned(),
            InputEvent::ReleaseAll => "release".to_owned(),
            InputEvent::Stamp { at_ms } => format!("at {at_ms}"),
        })
        .collect();
    words.join(" ")
}

fn check(events: &[Event], expected: &str) {
    let mut input = RemoteInput::default();
    let out = input.handle_events(0.0, events, &target());
    assert_eq!(short(&out.events), expected, "{events:?}");
    assert!(!out.leave);
}

#[test]
fn a_press_is_either_text_or_a_key() {
    let [down, up] = press(Key::A);
    check(&[down, text("a"), up], "\"a\"");
    let [down, up] = press(Key::Enter);
    check(&[down, up], "+28 -28");
    let [down, up] = press(Key::Space);
    check(&[down, text(" "), up], "\" \"");
}

#[test]
fn a_dead_key_waits_for_its_letter() {
    let [dead_down, dead_up] = press(Key::OpenBracket);
    let [down, up] = press(Key::E);
    check(&[dead_down, dead_up, down, text("ê"), up], "\"ê\"");
}

#[test]
fn a_key_goes_by_position_while_control_or_alt_or_meta_is_held() {
    let rows = [
        (Key::ControlLeft, egui::Modifiers::CTRL, "+E0 +06 -06 -E0"),
        (Key::AltLeft, egui::Modifiers::ALT, "+E2 +06 -06 -E2"),
        (Key::AltRight, egui::Modifiers::ALT, "+E6 +06 -06 -E6"),
        (Key::SuperLeft, egui::Modifiers::NONE, "+E3 +06 -06 -E3"),
    ];
    for (modifier, flags, expected) in rows {
        let events = [
            key(modifier, true, egui::Modifiers::NONE),
            Event::ModifiersChanged(flags),
            key(Key::C, true, flags),
            text("c"),
            key(Key::C, false, flags),
            key(modifier, false, flags),
            Event::ModifiersChanged(egui::Modifiers::NONE),
        ];
        check(&events, expected);
    }
}

#[test]
fn a_layout_that_types_with_the_right_alt_key_sends_text_alone() {
    let events = [
        key(Key::AltRight, true, egui::Modifiers::NONE),
        key(Key::Q, true, egui::Modifiers::NONE),
        text("@"),
        key(Key::Q, false, egui::Modifiers::NONE),
        key(Key::AltRight, false, egui::Modifiers::NONE),
    ];
    check(&events, "\"@\"");
}

#[test]
fn shift_goes_down_for_keys_and_is_up_for_text() {
    let shift = egui::Modifiers::SHIFT;
    let events = [
        key(Key::ShiftLeft, true, egui::Modifiers::NONE),
        key(Key::ArrowRight, true, shift),
        key(Key::ArrowRight, false, shift),
        key(Key::A, true, shift),
        text("A"),
        key(Key::A, false, shift),
        key(Key::ShiftLeft, false, shift),
    ];
    check(&events, "+E1 +4F -4F -E1 \"A\"");
}

#[test]
fn control_on_another_key_is_put_down_and_lifted_again() {
    let events = [
        key(Key::C, true, egui::Modifiers::CTRL),
        key(Key::C, false, egui::Modifiers::CTRL),
        Event::ModifiersChanged(egui::Modifiers::NONE),
    ];
    check(&events, "+E0 +06 -06 -E0");
}

#[test]
fn the_layout_decides_what_a_keypad_means() {
    let home = |pressed| Event::Key {
        key: Key::Home,
        physical_key: Some(Key::Num7),
        pressed,
        repeat: false,
        modifiers: egui::Modifiers::NONE,
    };
    check(&[home(true), home(false)], "+4A -4A");
    let [down, up] = press(Key::Num7);
    check(&[down, text("7"), up], "\"7\"");
}

#[test]
fn a_repeated_press_is_sent_once_because_the_client_repeats_it() {
    let [down, up] = press(Key::ArrowDown);
    check(&[down.clone(), down.clone(), down, up], "+51 -51");
}

#[test]
fn long_text_is_cut_at_characters_and_nothing_is_lost() {
    let long = "è".repeat(300);
    let out = RemoteInput::default().handle_events(0.0, &[text(&long)], &target());
    let parts: Vec<&str> = out
        .events
        .iter()
        .map(|event| match event {
            InputEvent::Text(text) => text.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(parts.len(), 3);
    assert_eq!(parts.concat(), long);
}

#[test]
fn control_and_alt_pressed_and_let_go_give_mouse_and_keyboard_back() {
    let mut input = RemoteInput::default();
    let both = egui::Modifiers { alt: true, ..egui::Modifiers::CTRL };
    let out = input.handle_events(0.0, &[key(Key::ControlLeft, true, both), key(Key::AltLeft, true, both)], &target());
    assert!(!out.leave);
    assert!(input.handle_events(0.1, &[key(Key::AltLeft, false, both)], &target()).leave);
}

#[test]
fn control_and_alt_with_a_third_key_are_a_shortcut_of_the_client() {
    let both = egui::Modifiers { alt: true, ..egui::Modifiers::CTRL };
    let events = [
        key(Key::ControlLeft, true, both),
        key(Key::AltLeft, true, both),
        key(Key::Delete, true, both),
        key(Key::Delete, false, both),
        key(Key::AltLeft, false, both),
        key(Key::ControlLeft, false, egui::Modifiers::CTRL),
    ];
    check(&events, "+E0 +E2 +4C -4C -E2 -E0");
}

fn button(pos: Pos2, pressed: bool) -> Event {
    Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: egui::Modifiers::NONE }
}

#[test]
fn moves_coalesce_but_never_past_a_button() {
    let events = [
        Event::PointerMoved(pos2(110.0, 60.0)),
        Event::PointerMoved(pos2(120.0, 70.0)),
        button(pos2(120.0, 70.0), true),
        Event::PointerMoved(pos2(130.0, 80.0)),
        Event::PointerMoved(pos2(9000.0, 80.0)),
        button(pos2(9000.0, 80.0), false),
    ];
    check(&events, "@20,20 +Primary @639,30 -Primary");
}

#[test]
fn what_happens_beside_the_picture_is_not_sent() {
    check(&[Event::PointerMoved(pos2(5.0, 5.0)), button(pos2(5.0, 5.0), true), button(pos2(5.0, 5.0), false)], "");
}

#[test]
fn a_wheel_turns_down_when_the_content_goes_up_and_loses_no_fraction() {
    let wheel = |unit, delta| Event::MouseWheel {
        unit,
        delta,
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
        modifiers: egui::Modifiers::NONE,
    };
    check(&[wheel(MouseWheelUnit::Line, vec2(0.0, -1.0))], "~0,120");
    check(&[wheel(MouseWheelUnit::Line, vec2(1.0, 0.0))], "~-120,0");
    let half_point = wheel(MouseWheelUnit::Point, vec2(0.0, 0.25));
    check(&[half_point.clone(), half_point], "~0,-1");
}

#[test]
fn a_heartbeat_goes_out_each_second_while_something_is_down() {
    let mut input = RemoteInput::default();
    let [down, up] = press(Key::ArrowDown);
    assert_eq!(short(&input.handle_events(10.0, &[down], &target()).events), "+51");
    let beats: Vec<String> = [10.5, 11.0, 11.5, 12.1]
        .into_iter()
        .map(|now| short(&input.handle_events(now, &[], &target()).events))
        .collect();
    assert_eq!(beats, ["", "beat", "", "beat"]);
    assert_eq!(short(&input.handle_events(12.2, &[up], &target()).events), "-51");
    assert_eq!(short(&input.handle_events(20.0, &[], &target()).events), "");
}

#[test]
fn nothing_is_remembered_as_down_after_everything_was_lifted() {
    let mut input = RemoteInput::default();
    let [down, up] = press(Key::ArrowDown);
    input.handle_events(0.0, &[down, button(pos2(120.0, 70.0), true)], &target());
    assert!(input.is_anything_down());
    assert_eq!(input.release_all(), InputEvent::ReleaseAll);
    assert!(!input.is_anything_down());
    assert_eq!(short(&input.handle_events(0.1, &[up, button(pos2(120.0, 70.0), false)], &target()).events), "");
}
