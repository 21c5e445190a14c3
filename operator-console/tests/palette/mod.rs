//! The command palette: every command that makes sense, by a few letters.

use crate::common::{busy_session, ended, session, tab, transfer, view, waiting};
use crate::{controlled_page, page, session_page, taken};
use console_core::LineId;
use console_core::proto::geometry::MonitorId;
use console_core::proto::session::{Capability, EndReason, TransferId};
use console_core::records::{Description, Outcome};
use console_core::view::{ConsoleCommand, PowerState, SessionView, Stage, TransferState};
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use i18n::Language;
use operator_console::desk::DeskCommand;
use operator_console::news::News;
use operator_console::screens::Effect;
use operator_console::settings::{Choice, Look};
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
    drop(taken(&mut page));
    let effects = &page.state().state.effects;
    assert!(matches!(effects.last(), Some(Effect::Choose(_))), "colours and language stand last");
}

/// What is done by the command that is found first.
fn first(page: &mut crate::Page, typed: &str) -> (Vec<ConsoleCommand>, Vec<Effect>) {
    open(page);
    page.get_by_role_and_label(Role::TextInput, "All commands").type_text(typed);
    page.run_steps(2);
    page.key_press(Key::Enter);
    (taken(page), std::mem::take(&mut page.state_mut().state.effects))
}

#[test]
fn what_begins_with_what_was_typed_is_found_first() {
    let mut page = session_page(session(PowerState::Granted, PowerState::Off));
    assert_eq!(first(&mut page, "end").0, [ConsoleCommand::End]);
}

#[test]
fn monitors_transfers_tabs_colours_and_language_are_found_by_name() {
    let mut page =
        session_page(SessionView { powers: session(PowerState::Granted, PowerState::Off).powers, ..busy_session() });
    page.state_mut().desk.tabs =
        vec![tab(1, view(Stage::Idle)), tab(2, view(waiting(Instant::now(), Duration::from_secs(9), 3)))];
    page.state_mut().desk.front = Some(LineId(1));
    page.run_steps(2);
    let id = TransferId(2);
    for (typed, expected) in [
        ("monitor 2", ConsoleCommand::ShowMonitor(MonitorId(1))),
        ("pause guida", ConsoleCommand::HoldTransfer(id, true)),
        ("cancel guida", ConsoleCommand::CancelTransfer(id)),
    ] {
        assert_eq!(first(&mut page, typed).0, [expected], "{typed}");
    }
    assert!(first(&mut page, "k7m").1 == [Effect::Desk(DeskCommand::Show(Some(LineId(2))))]);
    assert!(first(&mut page, "dark").1 == [Effect::Choose(Choice::Look(Look::Dark))]);
    assert!(first(&mut page, "italiano").1 == [Effect::Choose(Choice::Language(Some(Language::Italian)))]);
    assert!(first(&mut page, "copy and paste").1.is_empty());
    assert!(page.state().state.clip.open);
}

#[test]
fn the_outcome_is_given_on_the_last_page() {
    let mut page = page(view(ended(EndReason::ClientEnded)));
    let [Effect::Desk(DeskCommand::Describe(_, what))] = &first(&mut page, "outcome solved").1[..] else {
        panic!("nothing was described");
    };
    assert_eq!(*what, Description::Outcome(Some(Outcome::Solved)));
}

#[test]
fn enter_does_what_was_chosen_whatever_comes_and_goes_meanwhile() {
    let session_with = |state| {
        let moving = transfer(4, "guida.pdf", true, state);
        let session = SessionView { transfers: [moving].into(), ..session(PowerState::Granted, PowerState::Off) };
        view(Stage::Session(Box::new(session)))
    };
    let mut page = page(session_with(TransferState::Asked));
    open(&mut page);
    page.get_by_label("All commands").type_text("guida.pdf");
    page.run_steps(3);
    page.get_by_role_and_label(Role::Button, "Cancel: guida.pdf");
    // The other end lets a choice come between the last look and the key.
    page.state_mut().view = Some(session_with(TransferState::Conflicts(1)));
    page.run_steps(2);
    let top = |page: &crate::Page, name: &str| page.get_by_role_and_label(Role::Button, name).rect().top();
    assert!(top(&page, "Cancel: guida.pdf") < top(&page, "Replace: guida.pdf"), "what was there keeps its place");
    page.key_press(Key::Enter);
    assert_eq!(taken(&mut page), [ConsoleCommand::CancelTransfer(TransferId(4))]);

    // What was chosen and is gone is not done, and nothing else in its place.
    page.state_mut().view = Some(session_with(TransferState::Conflicts(1)));
    open(&mut page);
    page.get_by_label("All commands").type_text("replace guida");
    page.run_steps(3);
    page.get_by_role_and_label(Role::Button, "Replace: guida.pdf");
    page.state_mut().view = Some(session_with(TransferState::Running));
    page.run_steps(2);
    page.key_press(Key::Enter);
    assert_eq!(taken(&mut page), []);
}

#[test]
fn the_list_of_what_happened_stands_once_in_the_palette() {
    let mut page = session_page(session(PowerState::Granted, PowerState::Off));
    let mut news = News::default();
    news.observe(LineId(1), &view(ended(EndReason::ClientEnded)), std::time::SystemTime::now());
    page.state_mut().desk.news = news.items();
    open(&mut page);
    page.get_by_label("All commands").type_text("what happened");
    page.run_steps(3);
    page.get_by_role_and_label(Role::Button, "What happened, Shift F8");
}
