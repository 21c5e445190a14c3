//! Every widget is found by its name, and nobody says yes by accident.

use egui::accesskit::{Role, Toggled};
use egui::{Event, Key, Modifiers, OutputCommand, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use i18n::{I18n, Language};
use std::time::SystemTime;
use ui_kit::{ChatBubble, Choice, Density, Mode, TagKind, theme};

/// When every line of a chat was written.
const AT: SystemTime = SystemTime::UNIX_EPOCH;

/// A line of a chat as a screen reader says it.
fn said(text: &str, more: &str) -> String {
    format!("{text} ({}{more})", I18n::new(Language::English).time_of_day(AT))
}

/// A window with `draw` in it, a hundredth of a second a pass.
fn window<State: 'static>(
    state: State,
    mut draw: impl FnMut(&mut egui::Ui, &mut State) + 'static,
) -> Harness<'static, State> {
    Harness::builder()
        .with_size(Vec2::new(460.0, 620.0))
        .with_step_dt(0.01)
        .with_max_steps(200)
        .with_context_setup(|ctx| theme::install(ctx, Mode::Light, Density::Agent))
        .build_ui_state(
            move |ui, state| {
                egui::Frame::new().inner_margin(16.0).show(ui, |ui| draw(ui, state));
            },
            state,
        )
}

#[test]
fn every_widget_is_found_by_its_name_and_role() {
    let i18n = I18n::new(Language::English);
    let harness = window(String::from("K7M"), move |ui, key| {
        ui_kit::primary_button(ui, "Primary");
        ui_kit::button(ui, "Plain");
        ui_kit::danger_button(ui, "Danger");
        ui_kit::red_x_button(ui, "End", "End everything");
        ui_kit::switch(ui, true, "Sees this screen");
        ui_kit::card(ui, |ui| ui_kit::tag(ui, TagKind::Ok, "Verified"));
        ui_kit::accent_card(ui, |ui| ui_kit::avatar(ui, "Giulia Rinaldi", 40.0));
        ui_kit::mark(ui, 22.0);
        ui_kit::title(ui, "Title");
        ui_kit::heading(ui, "Heading");
        ui_kit::body(ui, "Body");
        ui_kit::mono_key(ui, "K7M 4QXP", 28.0);
        ui_kit::key_field(ui, key).accessible_name("Key");
        ui_kit::notice(ui, TagKind::Warn, "Careful.", "Read this.");
        ui_kit::progress(ui, 0.5, "half");
        ui_kit::chat_ui(ui, &i18n, &[], &mut String::new(), "Write to Giulia");
    });
    let rows = [
        (Role::Button, "Primary"),
        (Role::Button, "Plain"),
        (Role::Button, "Danger"),
        (Role::Button, "End everything"),
        (Role::Button, "Send"),
        (Role::Switch, "Sees this screen"),
        (Role::Label, "Verified"),
        (Role::Image, "Giulia Rinaldi"),
        (Role::Image, "Ponte"),
        (Role::Heading, "Title"),
        (Role::Heading, "Heading"),
        (Role::Label, "Body"),
        (Role::Label, "K7M 4QXP"),
        (Role::TextInput, "Key"),
        (Role::TextInput, "Write to Giulia"),
        (Role::Label, "Careful. Read this."),
        (Role::ProgressIndicator, "half"),
    ];
    for (role, name) in rows {
        harness.get_by_role_and_label(role, name);
    }
    assert_eq!(harness.get_by_label("Sees this screen").accesskit_node().toggled(), Some(Toggled::True));
}

#[test]
fn everything_that_can_be_pressed_is_reached_by_tab() {
    let mut harness = window(0, |ui, pressed: &mut u32| {
        *pressed += u32::from(ui_kit::primary_button(ui, "One").clicked());
        *pressed += u32::from(ui_kit::switch(ui, false, "Two").clicked()) * 10;
        *pressed += u32::from(ui_kit::red_x_button(ui, "End", "Three").clicked()) * 100;
    });
    for name in ["One", "Two", "Three"] {
        harness.key_press(Key::Tab);
        harness.run();
        assert!(harness.get_by_label(name).is_focused(), "{name}");
        harness.key_press(Key::Enter);
        harness.run();
    }
    assert_eq!(*harness.state(), 111);
}

#[test]
fn a_key_is_grouped_while_it_is_typed_and_can_be_corrected() {
    let mut harness = window(String::new(), |ui, key| {
        ui_kit::key_field(ui, key).accessible_name("Key");
    });
    harness.get_by_label("Key").focus();
    harness.run();
    for symbol in ["k", "7", "m", "4", "o", "x", "p", "z"] {
        harness.get_by_label("Key").type_text(symbol);
        harness.run();
    }
    assert_eq!(harness.state(), "K7M 40XP");
    for _ in 0..4 {
        harness.key_press(Key::Backspace);
        harness.run();
    }
    assert_eq!(harness.state(), "K7M");
}

#[test]
fn the_caret_stands_at_the_end_of_a_key_that_was_typed_at_once() {
    for typed in ["k7m4", "k7m4q", "k7m 4qxp", "k7m4qxp"] {
        let mut harness = window(String::new(), |ui, key| {
            ui_kit::key_field(ui, key).accessible_name("Key");
        });
        harness.get_by_label("Key").focus();
        harness.run();
        harness.get_by_label("Key").type_text(typed);
        harness.run();
        let whole = harness.state().clone();
        harness.key_press(Key::Backspace);
        harness.run();
        assert_eq!(*harness.state(), whole[..whole.len() - 1].trim_end(), "{typed}");
    }
}

#[test]
fn enter_sends_a_line_of_chat_and_an_empty_one_is_not_sent() {
    let i18n = I18n::new(Language::English);
    let mut harness = window((String::new(), Vec::new()), move |ui, (draft, sent): &mut (String, Vec<String>)| {
        let lines = [ChatBubble { mine: true, text: "Hello", at: AT, delivered: true }];
        sent.extend(ui_kit::chat_ui(ui, &i18n, &lines, draft, "Write"));
    });
    harness.get_by_label(&said("Hello", ", delivered"));
    harness.get_by_label("Write").focus();
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    harness.get_by_label("Write").type_text(" good morning ");
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(harness.state().1, ["good morning"]);
    assert!(harness.get_by_label("Write").is_focused());
}

#[test]
fn an_address_in_the_chat_is_opened_only_after_a_yes_that_shows_all_of_it() {
    let i18n = I18n::new(Language::English);
    let mut harness = window((String::new(), Vec::new()), move |ui, (draft, opened): &mut (String, Vec<String>)| {
        let bubble = |text| ChatBubble { mine: false, text, at: AT, delivered: true };
        let lines = [bubble("See https://bank.example.evil.example/login."), bubble("https://a@evil.example/")];
        ui_kit::chat_ui(ui, &i18n, &lines, draft, "Write");
        opened.extend(ui_kit::take_wanted_address(ui.ctx()).map(|address| address.as_str().to_owned()));
    });
    let link = &said("See https://bank.example.evil.example/login.", "");
    assert!(harness.query_by_role_and_label(Role::Link, &said("https://a@evil.example/", "")).is_none());
    for (answer, opened) in [("Not now", 0), ("Open", 1)] {
        harness.get_by_role_and_label(Role::Link, link).focus();
        harness.run();
        harness.key_press(Key::Enter);
        harness.run();
        harness.get_by_label("https://bank.example.evil.example/login");
        harness.get_by_label_contains("The page is of bank.example.evil.example.");
        assert_eq!(harness.state().1.len(), 0);
        harness.get_by_label(answer).click();
        harness.run();
        assert!(harness.query_by_label(answer).is_none());
        assert_eq!(harness.state().1.len(), opened);
    }
    assert_eq!(harness.state().1, ["https://bank.example.evil.example/login"]);
}

/// A talk of these lines, and what was copied in it.
fn talk(lines: &[&str]) -> Harness<'static, String> {
    let i18n = I18n::new(Language::English);
    let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    window(String::new(), move |ui, draft| {
        let bubble = |text| ChatBubble { mine: false, text, at: AT, delivered: true };
        let lines: Vec<ChatBubble<'_>> = lines.iter().map(|line| bubble(line)).collect();
        drop(ui_kit::chat_ui(ui, &i18n, &lines, draft, "Write"));
    })
}

fn copied(harness: &mut Harness<'_, String>) -> Vec<String> {
    harness.event(Event::Copy);
    harness.step();
    let commands = &harness.output().platform_output.commands;
    let text = |command: &OutputCommand| match command {
        OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    };
    commands.iter().filter_map(text).collect()
}

#[test]
fn a_line_of_chat_is_copied_by_keyboard() {
    let mut harness = talk(&["Error 0x80070005", "S/N 4F-2207", "Thank you"]);
    harness.get_by_label("Write").focus();
    harness.run();
    assert_eq!(copied(&mut harness), [""; 0]);
    harness.key_press_modifiers(Modifiers::SHIFT, Key::Tab);
    harness.run();
    assert!(harness.get_by_label(&said("Thank you", "")).is_focused());
    harness.key_press(Key::ArrowUp);
    harness.run();
    assert_eq!(copied(&mut harness), ["S/N 4F-2207"]);
    for (key, expected) in [
        (Key::Home, "Error 0x80070005"),
        (Key::ArrowDown, "S/N 4F-2207"),
        (Key::End, "Thank you"),
        (Key::ArrowDown, "Thank you"),
    ] {
        harness.key_press(key);
        harness.run();
        assert_eq!(copied(&mut harness), [expected]);
    }
    harness.key_press(Key::Tab);
    harness.run();
    assert!(harness.get_by_label("Write").is_focused(), "one stop for all lines");
}

#[test]
fn words_of_a_line_of_chat_are_selected_by_mouse_and_copied() {
    let mut harness = talk(&["Error 0x80070005", "S/N 4F-2207"]);
    let rect = harness.get_by_label(&said("Error 0x80070005", "")).rect();
    let at = |x: f32| egui::pos2(x, rect.top() + 16.0);
    harness.drag_at(at(rect.left() + 13.0));
    harness.run();
    harness.hover_at(at(rect.left() + 46.0));
    harness.run();
    harness.drop_at(at(rect.left() + 46.0));
    harness.run();
    let copies = copied(&mut harness);
    let text = copies.last().unwrap();
    assert!(text.starts_with("Err") && text.len() < 10, "{text}");
    // Who goes on by keyboard means the line.
    harness.key_press(Key::ArrowDown);
    harness.run();
    assert_eq!(copied(&mut harness), ["S/N 4F-2207"]);
    harness.get_by_label(&said("Error 0x80070005", "")).click();
    harness.run();
    assert_eq!(copied(&mut harness).last().unwrap(), "Error 0x80070005", "nothing is selected");
    for (key, modifiers) in [(Key::Tab, Modifiers::NONE), (Key::Tab, Modifiers::SHIFT)] {
        harness.key_press_modifiers(modifiers, key);
        harness.run();
    }
    assert_eq!(copied(&mut harness), ["S/N 4F-2207"], "from the entry to the newest");
}

#[test]
fn in_a_long_talk_only_what_is_near_is_drawn_and_everything_is_reached_as_before() {
    let lines: Vec<String> = (0..2000)
        .map(|line| match line {
            700 => "See https://comune.example/700".to_owned(),
            _ => format!("Line {line} {}", "and more ".repeat(line % 40)),
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mut harness = talk(&lines);
    harness.run();
    let here = |harness: &Harness<'_, String>| harness.query_all_by_label_contains("Line ").count();
    assert!((2..120).contains(&here(&harness)), "{}", here(&harness));
    let newest = harness.get_by_label_contains("Line 1999 ").rect();
    assert!(newest.bottom() < harness.get_by_label("Write").rect().top() && newest.top() > 0.0, "{newest:?}");
    // From the newest to the one before, to the very first, and back.
    harness.get_by_label("Write").focus();
    harness.run();
    for (modifiers, key, expected) in [
        (Modifiers::SHIFT, Key::Tab, 1999),
        (Modifiers::NONE, Key::ArrowUp, 1998),
        (Modifiers::NONE, Key::Home, 0),
        (Modifiers::NONE, Key::ArrowDown, 1),
        (Modifiers::NONE, Key::End, 1999),
    ] {
        harness.key_press_modifiers(modifiers, key);
        harness.run();
        let name = format!("Line {expected} ");
        let line = harness.get_by_label_contains(&name);
        assert!(line.is_focused(), "{expected}");
        let rect = line.rect();
        assert!(rect.bottom() > 16.0 && rect.top() < 560.0, "{expected} is in sight: {rect:?}");
        assert_eq!(copied(&mut harness), [lines[expected]]);
    }
    assert!(here(&harness) < 120);
    // An address far above is the stop before.
    harness.key_press_modifiers(Modifiers::SHIFT, Key::Tab);
    harness.run();
    assert!(harness.get_by_label_contains("comune.example/700").is_focused());
}

#[test]
fn a_line_that_is_too_long_to_travel_is_not_cut_without_a_word() {
    let mut harness = talk(&[]);
    harness.get_by_label("Write").focus();
    harness.run();
    assert!(harness.query_by_label_contains("as long as it can be").is_none());
    harness.event(Event::Paste("è".repeat(2000)));
    harness.run();
    assert_eq!(harness.state().len(), ui_kit::LONGEST_LINE_BYTES);
    harness.get_by_label_contains("as long as it can be");
}

/// A question's answers.
fn question() -> Harness<'static, Vec<Choice>> {
    window(Vec::new(), |ui, answers| answers.extend(ui_kit::question_buttons(ui, "Not now", "Allow")))
}

/// Long enough for a yes to count: the guard at a hundredth of a second a pass, and some.
const GUARD_PASSES: usize = 50;

#[test]
fn the_safe_answer_has_the_focus_and_escape_is_safe() {
    let mut harness = question();
    harness.run();
    assert!(harness.get_by_label("Not now").is_focused());
    harness.key_press(Key::Escape);
    harness.run();
    assert_eq!(*harness.state(), [Choice::Safe]);
}

#[test]
fn neither_enter_nor_a_click_on_opening_grants_anything() {
    let mut harness = question();
    harness.key_press(Key::Enter);
    harness.key_press(Key::Space);
    harness.run_steps(2);
    harness.get_by_label("Allow").click();
    harness.run_steps(2);
    assert_eq!(*harness.state(), []);
    harness.run_steps(GUARD_PASSES);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(*harness.state(), [Choice::Safe]);
}

#[test]
fn a_press_that_began_before_the_guard_ended_grants_nothing() {
    let mut harness = question();
    let at = harness.get_by_label("Allow").rect().center();
    harness.drag_at(at);
    harness.run_steps(GUARD_PASSES);
    harness.drop_at(at);
    harness.run_steps(2);
    assert_eq!(*harness.state(), []);
}

#[test]
fn a_deliberate_yes_counts() {
    let mut harness = question();
    harness.run_steps(GUARD_PASSES);
    harness.get_by_label("Allow").click();
    harness.run_steps(2);
    assert_eq!(*harness.state(), [Choice::Accept]);
}

#[test]
fn a_yes_by_a_screen_reader_counts_only_after_the_guard() {
    let mut harness = question();
    harness.get_by_label("Allow").click_accesskit();
    harness.run_steps(2);
    assert_eq!(*harness.state(), []);
    harness.run_steps(GUARD_PASSES);
    harness.get_by_label("Allow").click_accesskit();
    harness.run_steps(2);
    assert_eq!(*harness.state(), [Choice::Accept]);
}

#[test]
fn a_question_that_appears_anew_is_guarded_anew() {
    let mut harness = window((1, Vec::new()), |ui, (number, answers): &mut (u32, Vec<Choice>)| {
        if *number != 2 {
            ui.push_id(*number, |ui| answers.extend(ui_kit::question_buttons(ui, "Not now", "Allow")));
        }
    });
    harness.run_steps(GUARD_PASSES);
    for next in [3, 2, 1] {
        harness.state_mut().0 = next;
        harness.run_steps(2);
        if next != 2 {
            harness.get_by_label("Allow").click();
            harness.run_steps(2);
            assert!(harness.get_by_label("Not now").is_focused());
        }
    }
    assert_eq!(harness.state().1, []);
}
