//! The terminal on the client's machine: asked for, typed into, copied from, pasted into, closed.

use crate::common::{restricted, session, shell_session, view};
use crate::{Page, click, page, session_page, taken};
use console_core::proto::session::{Asking, Capability, Decision};
use console_core::terminal::{KeyMode, Terminal};
use console_core::view::{ConsoleCommand, PowerState, PowerView, SessionView, ShellState, Stage};
use egui::accesskit::Role;
use egui::{Event, Key, Modifiers, MouseWheelUnit, TouchPhase, vec2};
use egui_kittest::kittest::{NodeT, Queryable};
use operator_console::screens::{Effect, Under};

const NAME: &str = "Terminal on the person’s computer";

fn open(session: SessionView) -> Page {
    let mut page = session_page(session);
    page.state_mut().state.under = Some(Under::Terminal);
    page.run_steps(3);
    page.state_mut().commands.clear();
    page
}

/// The same with the keyboard in the terminal.
fn focused() -> Page {
    let mut page = open(shell_session());
    page.get_by_label(NAME).focus();
    page.run_steps(2);
    assert!(page.state().state.terminal.is_focused());
    page.state_mut().commands.clear();
    page
}

fn terminal(page: &Page) -> Terminal {
    match page.state().view.as_ref().map(|view| &view.stage) {
        Some(Stage::Session(session)) => session.shell.terminal.clone().unwrap(),
        _ => panic!("no session"),
    }
}

/// What was typed, as one text.
fn typed(page: &mut Page) -> String {
    let pieces = taken(page).into_iter().map(|command| match command {
        ConsoleCommand::TypeInShell(typed) => String::from_utf8(typed.0).unwrap(),
        // The question about a paste takes room.
        ConsoleCommand::ResizeShell(_) => String::new(),
        other => panic!("{other:?} is not typed"),
    });
    pieces.collect()
}

#[test]
fn one_press_opens_the_terminal_and_asks_for_it() {
    let mut page = session_page(session(PowerState::Granted, PowerState::Off));
    page.key_press(Key::F10);
    assert_eq!(taken(&mut page), [ConsoleCommand::Ask(Capability::Shell)]);
    page.get_by_label("Ask for a terminal");
    page.get_by_role_and_label(Role::Button, "Terminal").click();
    assert!(taken(&mut page).is_empty());
    assert!(page.query_by_label("Ask for a terminal").is_none(), "the same press closes it");

    // Who said no is not asked again by the tool alone.
    for state in [PowerState::Refused(Decision::Denied), PowerState::Revoked] {
        let mut session = session(PowerState::Granted, PowerState::Off);
        session.powers.push(PowerView { capability: Capability::Shell, state });
        let mut page = session_page(session);
        page.key_press(Key::F10);
        assert!(!taken(&mut page).contains(&ConsoleCommand::Ask(Capability::Shell)));
        assert_eq!(click(&mut page, "Ask for a terminal"), [ConsoleCommand::Ask(Capability::Shell)]);
    }
}

#[test]
fn who_may_not_enter_commands_finds_no_terminal() {
    let session = session(PowerState::Granted, PowerState::Off);
    let mut view = restricted(view(Stage::Session(Box::new(session))));
    view.operator.tools = [(Capability::View, Asking::OncePerSession)].into();
    let mut page = page(view);
    page.key_press(Key::F10);
    assert!(taken(&mut page).is_empty());
    assert!(page.query_by_label("Terminal").is_none());
}

#[test]
fn a_screen_reader_finds_what_the_terminal_shows() {
    let page = open(shell_session());
    let node = page.get_by_role_and_label(Role::Terminal, NAME);
    let value = node.accesskit_node().value().unwrap_or_default();
    assert!(value.contains("avvia.sh") && value.contains("perché età"), "{value}");
}

#[test]
fn keys_go_to_the_terminal_only_while_it_has_the_focus() {
    let mut page = open(shell_session());
    page.event(Event::Text("x".to_owned()));
    assert_eq!(typed(&mut page), "");
    let mut page = focused();
    page.event(Event::Text("ls è".to_owned()));
    for (key, modifiers) in [(Key::Enter, Modifiers::NONE), (Key::C, Modifiers::CTRL), (Key::Tab, Modifiers::NONE)] {
        page.key_press_modifiers(modifiers, key);
    }
    assert_eq!(typed(&mut page), "ls è\r\x03\t");
    // Keys of the window are the terminal's now.
    page.key_press(Key::F10);
    page.key_press_modifiers(Modifiers::CTRL, Key::K);
    assert_eq!(typed(&mut page), "\x1b[21~\x0b");
    assert_eq!(page.state().state.under, Some(Under::Terminal));
}

#[test]
fn while_the_sharing_is_paused_or_the_line_is_down_nothing_is_typed() {
    let changes: [fn(&mut SessionView); 2] =
        [|session| session.sharing_paused = true, |session| session.reconnecting = true];
    for change in changes {
        let mut page = focused();
        match page.state_mut().view.as_mut().map(|view| &mut view.stage) {
            Some(Stage::Session(session)) => change(session),
            _ => panic!("no session"),
        }
        page.run_steps(2);
        page.event(Event::Text("rm".to_owned()));
        page.key_press(Key::Enter);
        assert_eq!(typed(&mut page), "");
    }
}

#[test]
fn control_and_alt_together_give_the_keyboard_back() {
    let mut page = focused();
    let key = |key, pressed, modifiers| Event::Key { key, physical_key: None, pressed, repeat: false, modifiers };
    let both = Modifiers { alt: true, ..Modifiers::CTRL };
    page.event(key(Key::ControlLeft, true, Modifiers::CTRL));
    page.event(key(Key::AltLeft, true, both));
    page.event(key(Key::AltLeft, false, Modifiers::CTRL));
    page.run_steps(2);
    assert!(!page.state().state.terminal.is_focused());
    page.key_press(Key::F10);
    assert!(taken(&mut page).is_empty());
    assert_eq!(page.state().state.under, None, "keys are the window's again");
}

#[test]
fn one_line_is_pasted_at_once_and_several_only_when_the_operator_means_them() {
    let mut page = focused();
    page.key_press_modifiers(Modifiers::CTRL | Modifiers::SHIFT, Key::V);
    assert!(typed(&mut page).is_empty());
    assert!(page.state_mut().state.effects.drain(..).any(|effect| effect == Effect::PasteIntoTerminal));
    let mode = KeyMode::default();
    let pasted = page.state_mut().state.terminal.paste("ls".to_owned(), mode);
    assert!(matches!(pasted, Some(ConsoleCommand::TypeInShell(typed)) if typed.0 == b"ls"));
    for (answer, expected) in [("Do not paste", ""), ("Paste all", "rm a\rrm b\r")] {
        assert_eq!(page.state_mut().state.terminal.paste("rm a\nrm b\n".to_owned(), mode), None);
        page.run_steps(2);
        page.get_by_label("You are about to paste 2 lines. Each may run as a command at once.");
        page.get_by_label(answer).click();
        assert_eq!(typed(&mut page), expected, "{answer}");
        assert!(page.query_by_label(answer).is_none());
    }
}

#[test]
fn what_is_selected_by_the_mouse_is_copied() {
    let mut page = focused();
    terminal(&page).select_nothing();
    let rect = page.get_by_label(NAME).rect();
    let from = rect.left_top() + vec2(10.0, 16.0);
    page.drag_at(from);
    page.hover_at(from + vec2(60.0, 0.0));
    page.run_steps(2);
    page.drop_at(from + vec2(60.0, 0.0));
    page.run_steps(2);
    let selected = terminal(&page).selected().unwrap();
    assert!("sara@pc-anagrafe".starts_with(&selected) && selected.len() >= 4, "{selected:?}");
    page.state_mut().commands.clear();
    page.key_press_modifiers(Modifiers::CTRL | Modifiers::SHIFT, Key::C);
    assert!(typed(&mut page).is_empty(), "it is no key of the client's");
    let copied = page.state_mut().state.effects.drain(..).find_map(|effect| match effect {
        Effect::CopyFromTerminal(text) => Some(text),
        _ => None,
    });
    assert_eq!(copied, Some(selected));
}

#[test]
fn the_wheel_scrolls_back_and_a_key_returns() {
    let mut page = focused();
    let shown = terminal(&page);
    shown.feed("\r\n".repeat(100).as_bytes());
    page.hover_at(page.get_by_label(NAME).rect().center());
    let (unit, phase, modifiers) = (MouseWheelUnit::Line, TouchPhase::Move, Modifiers::NONE);
    let source = egui::MouseWheelSource::Unknown;
    page.event(Event::MouseWheel { unit, delta: vec2(0.0, 2.0), phase, modifiers, source });
    page.run_steps(2);
    assert_eq!(shown.screen().scrolled_back, 6);
    page.key_press_modifiers(Modifiers::SHIFT, Key::PageUp);
    page.run_steps(2);
    assert!(shown.screen().scrolled_back > 6);
    page.state_mut().commands.clear();
    page.event(Event::Text("x".to_owned()));
    assert_eq!(typed(&mut page), "x");
    assert_eq!(shown.screen().scrolled_back, 0);
    // A program with the whole screen has nothing to scroll back to: it gets arrows.
    shown.feed(b"\x1b[?1049h");
    page.event(Event::MouseWheel { unit, delta: vec2(0.0, -1.0), phase, modifiers, source });
    assert_eq!(typed(&mut page), "\x1b[B\x1b[B\x1b[B");
}

#[test]
fn the_terminal_takes_the_size_of_its_room() {
    let mut page = session_page(shell_session());
    page.state_mut().state.under = Some(Under::Terminal);
    let sizes: Vec<_> = taken(&mut page).into_iter().collect();
    let [ConsoleCommand::ResizeShell(size)] = sizes.as_slice() else { panic!("{sizes:?}") };
    assert!(size.columns > 60 && size.rows > 8, "{size:?}");
    assert!(taken(&mut page).is_empty(), "it is told once");
}

#[test]
fn a_terminal_that_waits_for_the_line_does_not_say_that_it_is_over() {
    let mut session = shell_session();
    session.reconnecting = true;
    let page = open(session);
    page.get_by_label_contains("Nothing is typed for now.");
    assert!(page.query_by_label_contains("Nothing more is typed here.").is_none());
}

#[test]
fn a_terminal_that_is_over_can_be_read_and_another_asked_for() {
    let mut session = shell_session();
    session.powers.retain(|power| power.capability != Capability::Shell);
    session.powers.push(PowerView { capability: Capability::Shell, state: PowerState::Revoked });
    session.shell.state = ShellState::Over { code: Some(2) };
    let mut page = open(session);
    page.get_by_label("Terminal closed, code 2");
    page.get_by_label(NAME).focus();
    page.run_steps(2);
    page.event(Event::Text("x".to_owned()));
    assert!(taken(&mut page).is_empty(), "nobody is there who could be typed to");
    assert_eq!(click(&mut page, "Open another terminal"), [ConsoleCommand::Ask(Capability::Shell)]);
    let mut page = open(shell_session());
    assert_eq!(click(&mut page, "End the terminal"), [ConsoleCommand::Release(Capability::Shell)]);
}

#[test]
fn under_the_screen_there_is_one_thing_at_a_time() {
    let mut page = session_page(session(PowerState::Granted, PowerState::Off));
    let open = |page: &Page| {
        [Under::Folders, Under::Terminal, Under::Machine].map(|what| page.state().state.under == Some(what))
    };
    let press = |page: &mut Page, modifiers, key| {
        // Not as text of a field.
        page.ctx.memory_mut(|memory| memory.stop_text_input());
        page.key_press_modifiers(modifiers, key);
        page.run_steps(3);
    };
    press(&mut page, Modifiers::COMMAND, Key::O);
    assert_eq!(open(&page), [true, false, false]);
    press(&mut page, Modifiers::NONE, Key::F10);
    assert_eq!(open(&page), [false, true, false]);
    press(&mut page, Modifiers::NONE, Key::F8);
    assert_eq!(open(&page), [false, false, true]);
    press(&mut page, Modifiers::COMMAND, Key::O);
    assert_eq!(open(&page), [true, false, false]);
    press(&mut page, Modifiers::COMMAND, Key::O);
    assert_eq!(open(&page), [false; 3], "the same press closes it");
}
