//! Notes, tags and the outcome of a session.

use crate::common::{self, ended, session, view};
use crate::{Page, page, session_page};
use console_core::proto::session::EndReason;
use console_core::records::{Description, NOTES_BYTES, Outcome, RecordId};
use console_core::view::PowerState;
use egui::accesskit::Role;
use egui::{Event, Key, Modifiers};
use egui_kittest::kittest::Queryable;
use operator_console::desk::DeskCommand;
use operator_console::screens::Effect;

fn id() -> RecordId {
    common::records()[0].id.clone()
}

/// What was done at the desk since the last time.
pub(crate) fn done(page: &mut Page) -> Vec<DeskCommand> {
    page.run_steps(3);
    let effects = std::mem::take(&mut page.state_mut().state.effects);
    let desk = effects.into_iter().map(|effect| match effect {
        Effect::Desk(command) => command,
        _ => panic!("something else than at the desk"),
    });
    desk.collect()
}

fn type_text(page: &mut Page, text: &str) {
    page.event(Event::Text(text.to_owned()));
}

#[test]
fn the_outcome_is_said_with_one_key_and_taken_back_with_the_same() {
    let mut page = page(view(ended(EndReason::ClientEnded)));
    page.get_by_label("How did it go?");
    for (key, outcome) in [Key::Num1, Key::Num2, Key::Num3, Key::Num4].into_iter().zip(Outcome::ALL) {
        page.key_press(key);
        assert_eq!(done(&mut page), [DeskCommand::Describe(id(), Description::Outcome(Some(outcome)))]);
    }
    page.get_by_label("Solved").click();
    assert_eq!(done(&mut page), [DeskCommand::Describe(id(), Description::Outcome(Some(Outcome::Solved)))]);

    let mut records = common::records().to_vec();
    std::sync::Arc::make_mut(&mut records[0]).kept.outcome = Some(Outcome::Solved);
    page.state_mut().desk.records = records.into();
    page.run_steps(2);
    page.key_press(Key::Num1);
    assert_eq!(done(&mut page), [DeskCommand::Describe(id(), Description::Outcome(None))]);
}

#[test]
fn what_is_typed_is_kept_letter_by_letter_and_digits_are_text_there() {
    let mut page = page(view(ended(EndReason::ClientEnded)));
    page.get_by_role_and_label(Role::MultilineTextInput, "Summary").focus();
    page.run_steps(2);
    type_text(&mut page, "4");
    page.key_press(Key::Num4);
    assert_eq!(done(&mut page), [DeskCommand::Describe(id(), Description::Notes("4".to_owned()))]);
    page.get_by_role_and_label(Role::TextInput, "Tags, separated by commas").focus();
    page.run_steps(2);
    type_text(&mut page, "rete, fax");
    let tags = vec!["rete".to_owned(), " fax".to_owned()];
    assert_eq!(done(&mut page), [DeskCommand::Describe(id(), Description::Tags(tags))]);
    page.get_by_role_and_label(Role::TextInput, "Who was helped").focus();
    page.run_steps(2);
    type_text(&mut page, "Marco");
    assert_eq!(done(&mut page), [DeskCommand::Describe(id(), Description::Name("Marco".to_owned()))]);
}

#[test]
fn what_was_typed_for_one_person_is_not_brought_back_in_the_notes_of_another() {
    for (role, field) in [
        (Role::TextInput, "Who was helped"),
        (Role::MultilineTextInput, "Summary"),
        (Role::TextInput, "Tags, separated by commas"),
    ] {
        let mut page = page(view(ended(EndReason::ClientEnded)));
        let focus = |page: &mut Page| {
            page.get_by_role_and_label(role, field).focus();
            page.run_steps(2);
        };
        focus(&mut page);
        type_text(&mut page, "Anna");
        done(&mut page);
        page.state_mut().view.as_mut().unwrap().record = Some(common::records()[1].id.clone());
        page.run_steps(3);
        focus(&mut page);
        page.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        assert_eq!(done(&mut page), [], "{field}");
    }
}

/// What is kept of the first session, with these notes.
fn kept(page: &mut Page, notes: &str) {
    let mut records = common::records().to_vec();
    std::sync::Arc::make_mut(&mut records[0]).kept.notes = notes.to_owned();
    page.state_mut().desk.records = records.into();
    page.run_steps(3);
}

#[test]
fn what_was_written_in_another_tab_is_not_written_over_with_what_stood_here_before() {
    let mut page = page(view(ended(EndReason::ClientEnded)));
    kept(&mut page, "Written in another tab.");
    page.get_by_role_and_label(Role::MultilineTextInput, "Summary").focus();
    page.run_steps(2);
    type_text(&mut page, " And here.");
    let written = "Written in another tab. And here.".to_owned();
    assert_eq!(done(&mut page), [DeskCommand::Describe(id(), Description::Notes(written))]);
    // What is being typed stays, though what is kept is only brought up to date after it.
    kept(&mut page, "Written in another tab. And");
    type_text(&mut page, "!");
    let written = "Written in another tab. And here.!".to_owned();
    assert_eq!(done(&mut page), [DeskCommand::Describe(id(), Description::Notes(written))]);
}

#[test]
fn what_no_longer_fits_is_not_taken_and_nothing_is_lost_for_it() {
    let mut page = page(view(ended(EndReason::ClientEnded)));
    let long = "è".repeat(NOTES_BYTES / 2 - 1);
    kept(&mut page, &long);
    page.get_by_role_and_label(Role::MultilineTextInput, "Summary").focus();
    page.run_steps(2);
    type_text(&mut page, "àòù");
    let written = done(&mut page);
    let [DeskCommand::Describe(_, Description::Notes(notes))] = &written[..] else { panic!("nothing was written") };
    assert!(*notes == format!("{long}à"), "{} bytes", notes.len());
}

#[test]
fn notes_are_written_beside_the_screen_too() {
    let mut page = session_page(session(PowerState::Granted, PowerState::Off));
    assert!(page.query_by_label("Summary").is_none());
    page.key_press_modifiers(Modifiers::CTRL, Key::K);
    page.run_steps(2);
    type_text(&mut page, "write notes");
    page.run_steps(2);
    page.key_press(Key::Enter);
    page.run_steps(3);
    type_text(&mut page, "Paper");
    assert_eq!(done(&mut page), [DeskCommand::Describe(id(), Description::Notes("Paper".to_owned()))]);
}

#[test]
fn a_disk_that_does_not_take_the_notes_is_told() {
    let mut page = page(view(ended(EndReason::ClientEnded)));
    assert!(page.query_by_label_contains("not on the disk yet").is_none());
    page.state_mut().desk.records_failed = true;
    page.run_steps(2);
    page.get_by_label_contains("not on the disk yet");
}
