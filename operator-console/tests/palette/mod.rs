//! The command palette: every command that makes sense, by a few letters.

use crate::common::{session, view, waiting};
use crate::{controlled_page, page, session_page, taken};
use console_core::proto::session::Capability;
use console_core::view::{ConsoleCommand, PowerState, Stage};
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use std::time::{Duration, Instant};

fn open(page: &mut crate::Page) {
    page.key_press_modifiers(Modifiers::CTRL, Key::K);
    page.run_steps(4);
}

#[test]
fn a_command_is_found_by_a_few_letters_and_done_by_enter() {
    let mut page = session_page(session(PowerState::Granted, PowerState::Off));
    open(&mut page);
    let field = page.get_by_label("All commands");
    assert!(field.is_focused());
    field.type_text("contr");
    page.run_steps(2);
    page.key_press(Key::Enter);
    assert_eq!(taken(&mut page), [ConsoleCommand::Ask(Capability::Control)]);
    assert!(page.query_by_label("All commands").is_none(), "it closes by itself");
}

#[test]
fn arrows_go_through_the_commands_and_escape_does_nothing_but_close() {
    let mut page = page(view(waiting(Instant::now(), Duration::from_secs(300), 3)));
    open(&mut page);
    page.get_by_role_and_label(Role::Button, "Copy invitation, Ctrl Shift C");
    for _ in 0..2 {
        page.key_press(Key::ArrowDown);
        page.run_steps(2);
    }
    page.key_press(Key::Enter);
    assert_eq!(taken(&mut page), [ConsoleCommand::CancelKey]);
    open(&mut page);
    page.key_press(Key::Escape);
    assert_eq!(taken(&mut page), []);
    assert!(page.query_by_label("What do you want to do?").is_none());
}

#[test]
fn what_the_session_does_not_allow_now_is_not_offered() {
    let mut page = session_page(session(PowerState::Off, PowerState::Off));
    open(&mut page);
    for absent in ["Save a picture of the screen, F6", "Send a file, F3"] {
        assert!(page.query_by_role_and_label(Role::Button, absent).is_none(), "{absent}");
    }
    page.get_by_role_and_label(Role::Button, "Write to the person, F7");
}

#[test]
fn keys_of_the_remote_screen_stay_the_clients() {
    let mut page = controlled_page();
    open(&mut page);
    assert!(page.query_by_label("What do you want to do?").is_none());
}

#[test]
fn a_new_key_is_there_at_the_beginning() {
    let mut page = page(view(Stage::Idle));
    open(&mut page);
    assert!(page.query_by_label_contains("Arrow keys and Enter").is_none(), "all of them are in sight");
    page.get_by_role_and_label(Role::Button, "New key, Ctrl N").click();
    assert_eq!(taken(&mut page), [ConsoleCommand::NewKey]);
}

#[test]
fn every_command_is_in_the_list_and_arrows_reach_the_last() {
    let mut page = session_page(session(PowerState::Granted, PowerState::Granted));
    page.get_by_label("Write to the person...").focus();
    page.run_steps(2);
    open(&mut page);
    for command in
        ["Terminal, F10", "Press special keys, F12", "Full screen, F11", "Fetch the person’s clipboard, Shift F4"]
    {
        page.get_by_role_and_label(Role::Button, command);
    }
    let told = page.get_by_label_contains(" commands. Arrow keys and Enter").accesskit_node().value().unwrap();
    let count: usize = told.split(' ').next().unwrap().parse().unwrap();
    assert!(count > 20, "{told}");
    page.key_press(Key::ArrowUp);
    page.run_steps(4);
    page.key_press(Key::Enter);
    assert_eq!(taken(&mut page).last(), Some(&ConsoleCommand::End));
}
