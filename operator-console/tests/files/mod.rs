//! The two folders: asked for, chosen from by mouse and keyboard, and what moves between them.

use crate::common::{files_session, session, transfer, view};
use crate::{Page, click, page_of, session_page, taken};
use console_core::proto::session::{FileName, TransferId};
use console_core::view::{Conflict, ConsoleCommand, PowerState, SessionView, Stage, TransferState, TransferView};
use egui::accesskit::Role;
use egui::{Event, Key, Modifiers, Pos2, Rect};
use egui_kittest::kittest::Queryable;
use i18n::Language;
use operator_console::app::{SMALLEST_WINDOW, WINDOW_SIZE};
use operator_console::screens::Under;
use std::path::PathBuf;

fn open() -> Page {
    opened(files_session())
}

fn opened(session: SessionView) -> Page {
    let mut page = session_page(session);
    page.state_mut().state.under = Some(Under::Folders);
    page.run_steps(3);
    page.state_mut().commands.clear();
    page
}

/// Both folders come anew, the same but for one file that is there first now.
fn look_again(page: &mut Page) {
    let mut session = files_session();
    let files = std::sync::Arc::make_mut(&mut session.files);
    for folder in [&mut files.local, &mut files.remote] {
        let folder = std::sync::Arc::make_mut(folder.as_mut().unwrap());
        let mut first = folder.entries[0].clone();
        first.name = FileName::truncated("aaa.txt");
        folder.entries.insert(0, first);
    }
    page.state_mut().view = Some(view(Stage::Session(Box::new(session))));
    page.run_steps(3);
}

#[test]
fn what_is_chosen_and_typed_stays_when_the_same_folder_comes_anew() {
    let mut page = open();
    page.get_by_label_contains("foto.jpg, ").click();
    page.run_steps(2);
    look_again(&mut page);
    page.get_by_label("1 chosen");
    let fetched = click(&mut page, "Fetch what is chosen");
    assert!(
        matches!(&fetched[..], [ConsoleCommand::FetchFiles { paths, .. }] if paths[..] == ["/home/marco/foto.jpg"])
    );

    let mut page = open();
    page.get_by_role_and_label(Role::TextInput, "Folder: The person’s computer").focus();
    page.run_steps(2);
    page.event(Event::Text("/Scaricati".to_owned()));
    page.run_steps(2);
    look_again(&mut page);
    page.key_press(Key::Enter);
    assert_eq!(taken(&mut page), [ConsoleCommand::Browse { path: "/home/marco/Scaricati".to_owned() }]);
}

#[test]
fn one_press_opens_the_folders_and_asks_for_them() {
    let mut page = session_page(session(PowerState::Granted, PowerState::Off));
    page.key_press_modifiers(Modifiers::COMMAND, Key::O);
    let commands = taken(&mut page);
    assert!(commands.iter().any(|command| matches!(command, ConsoleCommand::ListLocal(_))), "{commands:?}");
    assert!(commands.contains(&ConsoleCommand::Browse { path: String::new() }), "{commands:?}");
    page.get_by_label("Ask to look through the folders");
    page.key_press_modifiers(Modifiers::COMMAND, Key::O);
    page.run_steps(2);
    assert!(page.query_by_label("Ask to look through the folders").is_none(), "the same press closes them");

    let mut page = session_page(session(PowerState::Asked, PowerState::Off));
    page.key_press_modifiers(Modifiers::COMMAND, Key::O);
    assert!(taken(&mut page).is_empty(), "nothing before the screen is shown");
}

#[test]
fn whoever_opens_the_folders_chooses_and_sends_at_once_by_the_keyboard() {
    let mut page = session_page(SessionView { transfers: [].into(), ..files_session() });
    page.key_press_modifiers(Modifiers::COMMAND, Key::O);
    page.run_steps(3);
    assert!(taken(&mut page).is_empty(), "both folders are known");
    for _ in 0..2 {
        page.key_press(Key::ArrowDown);
        page.run_steps(1);
    }
    page.get_by_label("1 chosen");
    page.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    let sent = taken(&mut page);
    assert!(matches!(&sent[..], [ConsoleCommand::SendFiles { paths, .. }] if paths.len() == 1), "{sent:?}");
}

#[test]
fn what_is_chosen_moves_into_the_folder_that_is_shown_beside() {
    let mut page = open();
    page.get_by_label_contains("lettore.AppImage, ").click();
    page.run_steps(2);
    let paths = vec![PathBuf::from("/home/giulia/lettore.AppImage")];
    let into = "/home/marco".to_owned();
    assert_eq!(click(&mut page, "Send what is chosen"), [ConsoleCommand::SendFiles { paths, into }]);

    let mut page = open();
    page.get_by_label_contains("bolletta gennaio.pdf, ").click();
    page.run_steps(2);
    page.get_by_label_contains("foto.jpg, ").click_modifiers(Modifiers::COMMAND);
    page.run_steps(2);
    page.get_by_label("2 chosen");
    let paths = ["bolletta gennaio.pdf", "foto.jpg"].map(|name| format!("/home/marco/{name}")).into();
    let into = PathBuf::from("/home/giulia");
    assert_eq!(click(&mut page, "Fetch what is chosen"), [ConsoleCommand::FetchFiles { paths, into }]);
}

#[test]
fn the_folders_work_by_the_keyboard_alone() {
    let mut page = open();
    page.get_by_label_contains("Files of the person’s computer").focus();
    page.run_steps(2);
    page.key_press(Key::Enter);
    assert_eq!(taken(&mut page), [ConsoleCommand::Browse { path: "/home/marco/Documenti".to_owned() }]);
    page.key_press(Key::Backspace);
    assert_eq!(taken(&mut page), [ConsoleCommand::Browse { path: "/home".to_owned() }]);
    for _ in 0..2 {
        page.key_press(Key::ArrowDown);
        page.run_steps(1);
    }
    page.key_press_modifiers(Modifiers::SHIFT, Key::ArrowDown);
    page.run_steps(1);
    page.get_by_label("2 chosen");
    page.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    let paths = ["bolletta gennaio.pdf", "foto.jpg"].map(|name| format!("/home/marco/{name}")).into();
    let into = PathBuf::from("/home/giulia");
    assert_eq!(taken(&mut page), [ConsoleCommand::FetchFiles { paths, into }]);
}

#[test]
fn keys_that_come_at_once_are_taken_in_their_order() {
    let mut page = open();
    page.get_by_label_contains("Files of the person’s computer").focus();
    page.run_steps(2);
    for key in [Key::End, Key::Home, Key::ArrowDown, Key::ArrowDown] {
        let modifiers = Modifiers::NONE;
        page.event(Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers });
    }
    page.run_steps(2);
    page.get_by_label("Files of the person’s computer: bolletta gennaio.pdf");
    page.get_by_label("1 chosen");
}

#[test]
fn files_that_do_not_stand_together_are_chosen_by_the_keyboard_alone() {
    let mut page = open();
    page.get_by_label_contains("Files of the person’s computer").focus();
    page.run_steps(2);
    page.key_press(Key::Space);
    page.run_steps(2);
    page.get_by_label("1 chosen");
    for _ in 0..3 {
        page.key_press_modifiers(Modifiers::COMMAND, Key::ArrowDown);
        page.run_steps(1);
    }
    page.get_by_label("1 chosen");
    page.key_press_modifiers(Modifiers::COMMAND, Key::Space);
    page.run_steps(2);
    page.get_by_label("2 chosen");
    page.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    let paths = ["Documenti", "foto.jpg"].map(|name| format!("/home/marco/{name}")).into();
    let into = PathBuf::from("/home/giulia");
    assert_eq!(taken(&mut page), [ConsoleCommand::FetchFiles { paths, into }]);
}

#[test]
fn a_file_is_found_by_typing_how_its_name_begins() {
    let mut page = open();
    page.get_by_label_contains("Files of the person’s computer").focus();
    page.run_steps(2);
    for letter in ["f", "O"] {
        page.event(Event::Text(letter.to_owned()));
    }
    page.run_steps(2);
    page.get_by_label("Files of the person’s computer: foto.jpg");
    page.get_by_label("1 chosen");
}

#[test]
fn a_transfer_is_paused_cancelled_and_decided_about() {
    let several = files_session();
    let first = several.transfers.iter().take(1).cloned().collect();
    let mut page = opened(SessionView { transfers: first, ..several });
    assert_eq!(click(&mut page, "Pause: modelli"), [ConsoleCommand::HoldTransfer(TransferId(1), true)]);
    assert_eq!(click(&mut page, "Cancel: modelli"), [ConsoleCommand::CancelTransfer(TransferId(1))]);
    let mut page = open();
    assert_eq!(click(&mut page, "Replace"), [ConsoleCommand::Resolve(TransferId(2), Conflict::Replace)]);
}

#[test]
fn a_transfer_that_is_paused_or_waits_for_the_connection_has_no_rate_and_says_so() {
    let mut session = files_session();
    let mut first = session.transfers[0].clone();
    let mut show = |page: &mut Page, done_bytes, is_held, reconnecting| {
        (first.done_bytes, first.is_held) = (done_bytes, is_held);
        (session.transfers, session.reconnecting) = ([first.clone()].into(), reconnecting);
        page.state_mut().view = Some(view(Stage::Session(Box::new(session.clone()))));
        page.run_steps(60);
    };
    let mut page = open();
    show(&mut page, 2_000_000, false, false);
    show(&mut page, 6_000_000, false, false);
    page.query_all_by_label_contains("/s · ").next().unwrap();
    for (is_held, reconnecting, words) in [
        (true, false, "1 of 12 files · 6 MB of 9 MB, paused"),
        (false, true, "1 of 12 files · 6 MB of 9 MB, waiting for the connection"),
    ] {
        show(&mut page, 6_000_000, is_held, reconnecting);
        page.query_all_by_label_contains(words).next().unwrap();
        assert!(page.query_by_label_contains("/s · ").is_none(), "{words}");
    }
}

#[test]
fn one_file_of_several_is_cancelled_alone_and_all_transfers_at_once() {
    let mut page = open();
    assert_eq!(click(&mut page, "Cancel all"), [ConsoleCommand::CancelTransfers]);

    let several = files_session();
    let first = several.transfers.iter().take(1).cloned().collect();
    let mut page = opened(SessionView { transfers: first, ..several });
    assert!(page.query_by_label("Cancel all").is_none(), "one has a button of its own");
    assert!(page.query_by_label("Cancel: modelli/c 03.odt").is_none());
    assert!(click(&mut page, "Show the files: modelli").is_empty());
    page.run_steps(3);
    for gone in ["Cancel: modelli/c 01.odt", "Cancel: modelli/c 02.odt"] {
        assert!(page.query_by_label(gone).is_none(), "{gone}: it does not come, or has arrived");
    }
    assert_eq!(click(&mut page, "Cancel: modelli/c 03.odt"), [ConsoleCommand::CancelItem(TransferId(1), 3)]);
    assert!(click(&mut page, "Hide the files: modelli").is_empty());
    page.run_steps(3);
    assert!(page.query_by_label("Cancel: modelli/c 03.odt").is_none());
}

#[test]
fn what_waits_for_a_choice_is_in_sight_and_one_folder_is_shown_where_there_is_no_room_for_two() {
    let mut page = opened(files_session());
    for size in [(1280.0, 800.0), (900.0, 600.0), (640.0, 400.0)] {
        page.set_size(size.into());
        page.run_steps(4);
        for choice in ["Keep both", "Replace", "Leave them out"] {
            let place = page.get_by_label(choice).rect();
            assert!(place.min.y > 0.0 && place.max.y < size.1, "{choice} at {place:?} of {size:?}");
        }
    }
    assert!(page.query_by_label_contains("Files of this computer").is_none(), "the person's is shown");
    page.get_by_label("This computer").click();
    page.run_steps(3);
    page.get_by_label_contains("Files of this computer");
    assert!(page.query_by_label_contains("Files of the person’s computer").is_none());
}

#[test]
fn a_path_that_is_typed_is_opened() {
    let mut page = open();
    page.get_by_label("Folder: The person’s computer").focus();
    page.run_steps(2);
    page.event(Event::Text("/docs".to_owned()));
    page.run_steps(1);
    page.key_press(Key::Enter);
    let commands = taken(&mut page);
    assert!(
        matches!(commands.as_slice(), [ConsoleCommand::Browse { path }] if path.ends_with("/docs")),
        "{commands:?}"
    );
}

#[test]
fn the_choice_about_files_that_are_there_already_is_whole_above_what_runs() {
    for size in [WINDOW_SIZE, SMALLEST_WINDOW] {
        let session = Stage::Session(Box::new(files_session()));
        let mut page = page_of(view(session), Language::Italian, size);
        page.state_mut().state.under = Some(Under::Folders);
        page.run_steps(4);
        let window = Rect::from_min_size(Pos2::ZERO, size.into());
        let choice = page.get_by_label("Tieni tutti e due").rect();
        assert!(window.shrink(4.0).contains_rect(choice), "{choice:?} at {size:?}");
        assert!(choice.top() < page.get_by_label("Pausa: modelli").rect().top());
    }
}

#[test]
fn what_moves_is_in_sight_beside_the_screen_also_where_the_column_is_too_short_for_it() {
    let session = Stage::Session(Box::new(files_session()));
    let mut page = page_of(view(session.clone()), Language::English, [640.0, 400.0]);
    let waits = "A transfer waits for your choice";
    let line = page.get_by_label(waits).rect();
    assert!(line.bottom() < page.get_by_label("Write to the person...").rect().top(), "{line:?}");
    let Stage::Session(mut session) = session else { unreachable!() };
    session.transfers = session.transfers.iter().take(1).cloned().collect();
    page.state_mut().view = Some(view(Stage::Session(session.clone())));
    page.run_steps(2);
    assert!(page.query_all_by_label_contains("One transfer is running: ").next().is_some());
    // Where there is room for all of it, it is not said twice.
    let page = page_of(view(Stage::Session(session)), Language::English, WINDOW_SIZE);
    assert!(page.query_all_by_label_contains("One transfer is running: ").next().is_none());
}

/// One file that is fetched with F4 and is in the operator's folder already.
fn fetched_again() -> SessionView {
    let there = transfer(3, "relazione.odt", true, TransferState::Conflicts(1));
    SessionView { transfers: [there].into(), ..session(PowerState::Granted, PowerState::Off) }
}

#[test]
fn what_is_there_already_is_chosen_beside_the_screen() {
    for size in [WINDOW_SIZE, SMALLEST_WINDOW] {
        for (choice, conflict) in
            [("Keep both", Conflict::KeepBoth), ("Replace", Conflict::Replace), ("Leave it out", Conflict::Skip)]
        {
            let mut page = page_of(view(Stage::Session(Box::new(fetched_again()))), Language::English, size);
            page.get_by_label("This file is in your folder already.");
            let place = page.get_by_label(choice).rect();
            let talk = page.get_by_label("Write to the person...").rect();
            assert!(place.top() > 0.0 && place.bottom() < talk.top(), "{choice} at {place:?} of {size:?}");
            assert_eq!(click(&mut page, choice), [ConsoleCommand::Resolve(TransferId(3), conflict)]);
        }
    }
}

#[test]
fn a_choice_that_comes_while_the_column_is_scrolled_comes_into_sight() {
    let without = || SessionView { transfers: [].into(), ..fetched_again() };
    let mut page = page_of(view(Stage::Session(Box::new(without()))), Language::English, SMALLEST_WINDOW);
    page.get_by_label("Write").scroll_to_me();
    page.run_steps(10);
    page.state_mut().view = Some(view(Stage::Session(Box::new(fetched_again()))));
    page.run_steps(40);
    let place = page.get_by_label("Keep both").rect();
    let bar = page.get_by_label_contains("Computer: ").rect();
    let talk = page.get_by_label("Write to the person...").rect();
    assert!(place.top() > bar.bottom() && place.bottom() < talk.top(), "{place:?}");
}

#[test]
fn the_person_is_asked_nothing_where_the_operator_decides_about_own_files() {
    let asked = |page: &mut Page| {
        let commands = taken(page);
        assert!(commands.iter().any(|command| matches!(command, ConsoleCommand::ListLocal(_))), "{commands:?}");
        commands.iter().any(|command| matches!(command, ConsoleCommand::Browse { .. }))
    };
    let mut page = session_page(fetched_again());
    page.key_press_modifiers(Modifiers::COMMAND, Key::O);
    assert!(!asked(&mut page));
    assert_eq!(click(&mut page, "Replace"), [ConsoleCommand::Resolve(TransferId(3), Conflict::Replace)]);
    assert!(page.query_by_label("Ask to look through the folders").is_some(), "that has a button of its own");

    let runs = transfer(3, "relazione.odt", true, TransferState::Running);
    let mut page = session_page(SessionView { transfers: [runs].into(), ..fetched_again() });
    page.key_press_modifiers(Modifiers::CTRL, Key::K);
    page.run_steps(3);
    page.get_by_role_and_label(Role::TextInput, "All commands").type_text("look at the transfers");
    page.run_steps(3);
    page.key_press(Key::Enter);
    assert!(!asked(&mut page), "who looks at what moves asks nobody for anything");
}

#[test]
fn what_moves_is_said_in_words_that_are_true() {
    let held = |state| TransferView { is_held: true, ..transfer(1, "guida.pdf", false, state) };
    let of = |state| transfer(2, "guida.pdf", false, state);
    for (transfers, line) in [
        (vec![of(TransferState::Asked)], "The person is deciding about a transfer"),
        (vec![of(TransferState::Preparing)], "Looking for the files of a transfer"),
        (vec![of(TransferState::Queued)], "A transfer waits for its turn"),
        (vec![held(TransferState::Running)], "A transfer is paused"),
        (vec![held(TransferState::Queued), held(TransferState::Running)], "2 transfers are paused"),
        // What stands still does not count for how far the others are.
        (vec![held(TransferState::Running), of(TransferState::Running)], "One transfer is running: 66 %"),
        (vec![of(TransferState::Running), of(TransferState::Asked)], "One transfer is running: 66 %"),
        (vec![of(TransferState::Running), of(TransferState::Conflicts(1))], "A transfer waits for your choice"),
    ] {
        let session = SessionView { transfers: transfers.into(), ..session(PowerState::Granted, PowerState::Off) };
        let page = page_of(view(Stage::Session(Box::new(session))), Language::English, SMALLEST_WINDOW);
        page.get_by_label(line);
    }
    let session = SessionView {
        transfers: [held(TransferState::Queued)].into(),
        ..session(PowerState::Granted, PowerState::Off)
    };
    session_page(session).get_by_label("sending · waiting for its turn, paused");
}
