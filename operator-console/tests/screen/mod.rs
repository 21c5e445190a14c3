//! The remote screen on the operator's: full, scaled, copied, only watched, and the keys that this computer keeps.

use crate::common::{MONITOR, session, view, view_with_notices};
use crate::{Page, click, controlled_page, inputs, session_page, taken};
use console_core::proto::input::InputEvent;
use console_core::view::{ConsoleCommand, NoticeKind, PowerState, Stage};
use egui::accesskit::Role;
use egui::{Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, Pos2, Rect, TouchPhase, vec2};
use egui_kittest::kittest::{NodeT, Queryable};
use i18n::Language;
use operator_console::app::{SMALLEST_WINDOW, WINDOW_SIZE};
use operator_console::saved::SavedAs;
use operator_console::screens::saved::Told;
use operator_console::screens::{Copied, Effect};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn viewing() -> Page {
    session_page(session(PowerState::Granted, PowerState::Off))
}

#[test]
fn full_screen_leaves_a_slim_bar_with_the_way_back() {
    let mut page = viewing();
    let before = page.get_by_label("Remote screen").rect();
    page.key_press(Key::F11);
    page.run_steps(3);
    assert!(page.get_by_label("Remote screen").rect().width() > before.width());
    assert!(page.query_by_label("Send a file").is_none() && page.query_by_label("Check word").is_none());
    page.get_by_role_and_label(Role::Button, "End the session");
    // While input goes there F11 is the client's: control and alt let go first.
    page.state_mut().view = Some(view(Stage::Session(Box::new(session(PowerState::Granted, PowerState::Granted)))));
    page.run_steps(3);
    assert!(page.state().state.viewer.is_capturing());
    page.state_mut().commands.clear();
    page.key_press(Key::F11);
    assert!(!inputs(taken(&mut page)).is_empty());
    assert!(page.state().state.full_screen);
    let (control, alt) = (Key::ControlLeft, Key::AltLeft);
    for (key, pressed) in [(control, true), (alt, true), (alt, false), (control, false)] {
        let modifiers = Modifiers::NONE;
        page.event(Event::Key { key, physical_key: Some(key), pressed, repeat: false, modifiers });
        page.run_steps(1);
    }
    page.run_steps(2);
    assert!(!page.state().state.viewer.is_capturing());
    page.get_by_role_and_label(Role::Button, "Leave full screen").click();
    page.run_steps(3);
    assert!(!page.state().state.full_screen);
    page.get_by_label("Send a file");
}

#[test]
fn the_end_of_a_session_is_a_window_again() {
    let mut page = viewing();
    page.key_press(Key::F11);
    page.run_steps(2);
    assert!(page.state().state.full_screen);
    page.state_mut().view = Some(view(Stage::Idle));
    page.run_steps(2);
    assert!(!page.state().state.full_screen);
}

/// The name of each tool under the screen, as its heading says it, and the key that opens it.
const UNDER: [(&str, Modifiers, Key); 5] = [
    ("Files", Modifiers::COMMAND, Key::O),
    ("Terminal", Modifiers::NONE, Key::F10),
    ("System information", Modifiers::NONE, Key::F8),
    ("Send a file to the person", Modifiers::NONE, Key::F3),
    ("Fetch a file from the person", Modifiers::NONE, Key::F4),
];

fn headings(page: &Page) -> Vec<String> {
    let found = page.query_all_by_role(Role::Heading).filter_map(|node| node.accesskit_node().label());
    found.filter(|heading| UNDER.iter().any(|(name, ..)| name == heading)).collect()
}

#[test]
fn under_the_screen_is_one_tool_at_a_time() {
    for (first, with_first, first_key) in UNDER {
        for (second, with_second, second_key) in UNDER.into_iter().filter(|(name, ..)| *name != first) {
            let mut page = viewing();
            page.key_press_modifiers(with_first, first_key);
            page.run_steps(3);
            assert_eq!(headings(&page), [first]);
            page.key_press_modifiers(with_second, second_key);
            page.run_steps(3);
            assert_eq!(headings(&page), [second], "after {first}");
            page.get_by_label("Remote screen");
        }
    }
}

#[test]
fn a_tool_that_is_opened_in_full_screen_is_seen() {
    for (tool, modifiers, key) in UNDER {
        let mut page = viewing();
        page.key_press(Key::F11);
        page.run_steps(3);
        assert!(page.state().state.full_screen);
        page.key_press_modifiers(modifiers, key);
        page.run_steps(3);
        assert_eq!(headings(&page), [tool]);
        assert!(!page.state().state.full_screen, "{tool}");
        page.key_press(Key::F11);
        page.run_steps(3);
        assert!(page.state().state.full_screen && headings(&page).is_empty(), "{tool}");
    }
}

#[test]
fn the_picture_fits_is_as_it_is_or_a_whole_multiple() {
    let mut page = viewing();
    let size = |page: &Page| page.get_by_label("Remote screen").rect().size();
    let fitted = size(&page);
    page.key_press(Key::F5);
    page.run_steps(2);
    assert_eq!(size(&page), vec2(320.0, 200.0));
    page.key_press_modifiers(Modifiers::SHIFT, Key::F5);
    page.run_steps(2);
    let times = (fitted.x / 320.0).floor();
    assert!(times >= 2.0);
    assert_eq!(size(&page), vec2(320.0, 200.0) * times);
    page.key_press_modifiers(Modifiers::SHIFT, Key::F5);
    page.run_steps(2);
    assert_eq!(size(&page), fitted);
}

#[test]
fn a_picture_is_copied_and_what_became_of_it_is_said_until_the_next_press() {
    let mut page = viewing();
    page.key_press_modifiers(Modifiers::SHIFT, Key::F6);
    page.run_steps(2);
    assert!(page.state().state.effects == [Effect::CopyPicture(MONITOR)]);
    page.state_mut().state.effects.clear();
    page.state_mut().state.copied = Some(Copied::Picture);
    page.run_steps(2);
    page.get_by_label("The picture of the screen is on your clipboard.");
    page.key_press(Key::ArrowDown);
    page.run_steps(2);
    assert!(page.query_by_label("The picture of the screen is on your clipboard.").is_none());
}

#[test]
fn who_only_watches_sends_nothing_though_control_stays_granted() {
    let mut page = controlled_page();
    page.get_by_label("Release mouse and keyboard").click();
    taken(&mut page);
    page.key_press_modifiers(Modifiers::SHIFT, Key::F2);
    taken(&mut page);
    page.get_by_label("You only watch: nothing goes to the person. Shift+F2 to act again.");
    page.get_by_label("Remote screen").focus();
    page.run_steps(2);
    page.event(Event::Text("a".to_owned()));
    page.key_press(Key::Enter);
    assert_eq!(taken(&mut page), []);
    page.key_press_modifiers(Modifiers::SHIFT, Key::F2);
    page.run_steps(2);
    page.key_press(Key::Enter);
    assert!(!inputs(taken(&mut page)).is_empty());
}

#[test]
fn keys_that_this_computer_keeps_are_one_click_and_what_is_refused_there_is_said() {
    let mut page = controlled_page();
    page.get_by_label("Release mouse and keyboard").click();
    page.run_steps(3);
    page.key_press(Key::F12);
    page.run_steps(2);
    page.state_mut().commands.clear();
    let keys = inputs(click(&mut page, "Press Ctrl+Alt+Del there"));
    let down = |event: &InputEvent| matches!(event, InputEvent::Key { down: true, .. });
    assert_eq!((keys.len(), keys.iter().filter(|event| down(event)).count()), (6, 3));
    let refused = "Ctrl+Alt+Backspace is never pressed there: it would take the person's desktop away.";
    assert!(page.get_by_label(refused).accesskit_node().is_disabled());
    // Without control there is nothing to press.
    page.state_mut().view = Some(view(Stage::Session(Box::new(session(PowerState::Granted, PowerState::Revoked)))));
    page.run_steps(3);
    assert!(page.query_by_label("Press Alt+Tab there").is_none());
    page.key_press(Key::F12);
    assert!(!taken(&mut page).iter().any(|command| matches!(command, ConsoleCommand::Input(InputEvent::Key { .. }))));
}

#[test]
fn strips_and_bar_have_room_in_the_smallest_window_in_every_language() {
    for language in Language::ALL {
        let session = view(Stage::Session(Box::new(session(PowerState::Granted, PowerState::Granted))));
        let mut page = crate::page_of(session, language, SMALLEST_WINDOW);
        page.state_mut().state.keys_open = true;
        page.run_steps(2);
        page.state_mut().state.full_screen = true;
        page.run_steps(2);
        let window = Rect::from_min_size(Pos2::ZERO, SMALLEST_WINDOW.into());
        for node in page.get_all_by_role(Role::Button) {
            assert!(window.contains_rect(node.rect()), "{:?}", node.accesskit_node().label());
        }
    }
}

fn effects(page: &mut Page) -> Vec<Effect> {
    page.run_steps(3);
    std::mem::take(&mut page.state_mut().state.effects)
}

#[test]
fn what_was_saved_can_be_found_copied_and_saved_under_another_name() {
    let stage = Stage::Session(Box::new(session(PowerState::Granted, PowerState::Off)));
    let path = PathBuf::from("/pictures/ponte-1.png");
    let saved = NoticeKind::PictureSaved { path: path.clone() };
    let mut page = crate::page(view_with_notices(stage, &[saved, NoticeKind::PictureNotSaved]));
    page.get_by_label_contains("/pictures/ponte-1.png");
    page.get_by_label("Open folder").click();
    let folder = PathBuf::from("/pictures");
    assert!(effects(&mut page) == [Effect::OpenFolder { notice: 1, folder }]);
    page.state_mut().state.saved.tell(1, Told::NoFolder);
    page.run_steps(2);
    page.get_by_label_contains("No program opened the folder");
    page.get_by_label("Copy picture").click();
    assert!(effects(&mut page) == [Effect::CopySaved { notice: 1, path: path.clone() }]);
    page.state_mut().state.saved.tell(1, Told::Copied(true));
    page.run_steps(2);
    page.get_by_label("The picture of the screen is on your clipboard.");

    page.get_by_label("Save as...").click();
    assert!(effects(&mut page).is_empty());
    let field = page.get_by_role_and_label(Role::TextInput, "Path of the copy");
    assert_eq!(field.value().as_deref(), Some("/pictures/ponte-1.png"));
    field.focus();
    page.run_steps(1);
    page.key_press(Key::End);
    page.event(Event::Text("x".to_owned()));
    page.key_press(Key::Enter);
    let to = PathBuf::from("/pictures/ponte-1.pngx");
    assert!(effects(&mut page) == [Effect::SaveAs { notice: 1, from: path.clone(), to }]);
    // Nothing was written over: the name stays there to be changed.
    page.state_mut().state.saved.tell(1, Told::SavedAs(SavedAs::Exists));
    page.run_steps(2);
    page.get_by_label_contains("it was left as it is");
    page.get_by_label("Browse...").click();
    assert!(effects(&mut page) == [Effect::BrowseSaveAs { notice: 1, from: path }]);
    page.state_mut().state.saved.choose(1, Path::new("/cases/4711.png"));
    page.run_steps(2);
    let field = page.get_by_role_and_label(Role::TextInput, "Path of the copy");
    assert_eq!(field.value().as_deref(), Some("/cases/4711.png"));
    page.state_mut().state.saved.tell(1, Told::SavedAs(SavedAs::Done("/cases/4711.png".into())));
    page.run_steps(2);
    page.get_by_label("Saved to /cases/4711.png too");
    assert!(page.query_by_role_and_label(Role::TextInput, "Path of the copy").is_none());
}

#[test]
fn every_tool_is_within_reach_of_the_mouse_in_every_window() {
    const TOOLS: [&str; 12] = [
        "Release mouse and keyboard",
        "Press special keys",
        "Files",
        "Send a file",
        "Fetch a file",
        "Copy and paste between the two computers",
        "Point and draw on the person's screen",
        "System information",
        "Terminal",
        "Actual size",
        "Full screen",
        "Save a picture of the screen",
    ];
    let session = view(Stage::Session(Box::new(session(PowerState::Granted, PowerState::Granted))));
    // Of the smallest window with large text half is taken by what lies over the screen.
    let sizes = [WINDOW_SIZE, SMALLEST_WINDOW, [640.0, 400.0], [450.0, 300.0], [450.0, 200.0]];
    for (size, columns) in sizes.into_iter().zip([1, 1, 2, 2, 2]) {
        let mut page = crate::page_of(session.clone(), Language::English, size);
        page.get_by_label("Remote screen").focus();
        page.run_steps(3);
        let tool = |page: &Page, name: &str| page.get_by_role_and_label(Role::Button, name).rect();
        let rects = TOOLS.map(|name| tool(&page, name));
        let end = tool(&page, "End the session");
        let window = Rect::from_min_size(Pos2::ZERO, size.into());
        assert!(window.contains_rect(end), "{size:?}");
        let lefts: BTreeSet<u32> = rects.iter().map(|rect| rect.left() as u32).collect();
        assert_eq!(lefts.len(), columns, "{size:?}");
        for (name, rect) in TOOLS.iter().zip(rects) {
            assert!(rect.width() >= 24.0 && rect.height() >= 24.0, "{name} at {size:?} is {rect:?}");
            assert!(rects.iter().filter(|other| other.shrink(0.5).intersects(rect)).count() == 1, "{name} at {size:?}");
        }
        // Where not all have room the wheel brings the others.
        let last = TOOLS[11];
        if size[1] >= 300.0 {
            assert!(rects.iter().all(|rect| rect.bottom() <= end.top()), "{size:?}: {rects:?} over {end:?}");
        } else {
            assert!(tool(&page, last).bottom() > end.top());
            page.get_by_role_and_label(Role::Button, TOOLS[0]).hover();
            for _ in 0..6 {
                let (unit, delta) = (MouseWheelUnit::Point, vec2(0.0, -60.0));
                let (phase, modifiers, source) = (TouchPhase::Move, Modifiers::NONE, MouseWheelSource::Unknown);
                page.event(Event::MouseWheel { unit, delta, phase, modifiers, source });
                page.run_steps(4);
            }
            assert!(tool(&page, last).bottom() <= end.top(), "{:?} over {end:?}", tool(&page, last));
        }
        let at = tool(&page, last).center();
        page.event(Event::PointerMoved(at));
        page.state_mut().commands.clear();
        for pressed in [true, false] {
            let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
            page.event(Event::PointerButton { pos: at, button, pressed, modifiers });
            page.run_steps(2);
        }
        assert!(taken(&mut page).contains(&ConsoleCommand::SavePicture), "{size:?}");
    }
}

#[test]
fn in_full_screen_how_to_get_the_keyboard_back_goes_before_the_figures() {
    for (size, has_figures) in [([1280.0, 800.0], true), (SMALLEST_WINDOW, false)] {
        let granted = view(Stage::Session(Box::new(session(PowerState::Granted, PowerState::Granted))));
        let mut page = crate::page_of(granted, Language::Italian, size);
        page.get_by_label("Schermo remoto").focus();
        page.state_mut().state.full_screen = true;
        page.run_steps(3);
        let words = page.get_by_label("Mouse e tastiera vanno alla persona. Ctrl+Alt per lasciarli.").rect();
        let (leave, end) = ("Esci dallo schermo intero", "Termina la sessione");
        let [leave, end] = [leave, end].map(|name| page.get_by_role_and_label(Role::Button, name).rect());
        assert!(words.width() > 400.0 && words.right() < leave.left(), "{words:?} at {size:?}");
        assert!(end.left() - leave.right() >= 24.0, "the end stands apart");
        assert_eq!(page.query_all_by_label_contains("30 fps").next().is_some(), has_figures, "{size:?}");
    }
}
