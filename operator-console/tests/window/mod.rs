//! The window as a whole: what is told in full screen, and the way out while something runs.

use crate::common::{self, busy_session, session, tab, view, view_with_notices};
use crate::notes::done;
use crate::{Page, page, taken};
use console_core::LineId;
use console_core::proto::geometry::MonitorId;
use console_core::proto::session::Capability;
use console_core::view::{
    ChatLine, ConsoleCommand, NoticeKind, PowerState, PowerView, SessionView, Stage, TransferState,
};
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use i18n::Language;
use operator_console::app::WINDOW_SIZE;
use operator_console::news::News;
use operator_console::screens::{Copied, Effect};
use operator_console::settings::{Choice, Look};
use std::time::SystemTime;

const ANNA: LineId = LineId(1);
const BRUNO: LineId = LineId(2);

/// A session with talk, files and two monitors, in which the keyboard is the operator's.
fn watched() -> SessionView {
    SessionView { powers: session(PowerState::Granted, PowerState::Off).powers, ..busy_session() }
}

/// Two sessions, the first in front in full screen, where everything until now was seen.
fn in_full_screen() -> (Page, News) {
    let live = |session| view(Stage::Session(Box::new(session)));
    let mut page = page(live(watched()));
    let bruno = live(session(PowerState::Granted, PowerState::Off));
    page.state_mut().desk.tabs = vec![tab(1, live(watched())), tab(2, bruno.clone())];
    page.state_mut().desk.front = Some(ANNA);
    let mut news = News::default();
    news.observe(ANNA, &live(watched()), SystemTime::now());
    news.observe(BRUNO, &bruno, SystemTime::now());
    news.see_all();
    page.state_mut().desk.news = news.items();
    page.run_steps(2);
    page.key_press(Key::F11);
    page.run_steps(3);
    assert!(page.state().state.full_screen && page.query_by_label_contains(" new").is_none());
    (page, news)
}

fn writes(page: &mut Page, news: &mut News, line: LineId) {
    let mut talk = watched();
    let said = ChatLine { mine: false, number: 9, text: "?".to_owned(), at: SystemTime::now(), delivered: true };
    talk.chat = talk.chat.iter().cloned().chain([said]).collect();
    news.observe(line, &view(Stage::Session(Box::new(talk))), SystemTime::now());
    page.state_mut().desk.news = news.items();
    page.run_steps(3);
}

#[test]
fn what_the_person_writes_is_told_in_full_screen_and_one_press_leads_to_it() {
    let (mut page, mut news) = in_full_screen();
    writes(&mut page, &mut news, ANNA);
    assert!(!page.state().state.sees());
    page.get_by_role_and_label(Role::Button, "8 new").click();
    page.run_steps(4);
    assert!(page.state().state.sees());
    assert!(page.get_by_label("Write to the person...").is_focused());
}

#[test]
fn what_happens_in_another_session_is_told_in_full_screen_and_leads_to_the_list() {
    let (mut page, mut news) = in_full_screen();
    writes(&mut page, &mut news, BRUNO);
    page.get_by_label_contains(" new").click();
    page.run_steps(4);
    assert!(page.state().state.sees());
    page.get_by_label("Empty the list");
}

#[test]
fn keys_and_commands_for_what_stands_beside_the_screen_bring_the_window_back() {
    let by_palette = |page: &mut Page, typed: &str| {
        page.key_press_modifiers(Modifiers::CTRL, Key::K);
        page.run_steps(4);
        page.get_by_label("All commands").type_text(typed);
        page.run_steps(2);
        page.key_press(Key::Enter);
    };
    for (typed, shown) in [
        ("", "Write to the person..."),
        ("Write to the person", "Write to the person..."),
        ("notes", "Summary"),
        ("What happened", "Empty the list"),
    ] {
        let (mut page, _) = in_full_screen();
        if typed.is_empty() {
            page.key_press(Key::F7)
        } else {
            by_palette(&mut page, typed)
        }
        page.run_steps(5);
        assert!(!page.state().state.full_screen, "{shown}");
        assert!(page.query_all_by_label_contains(shown).next().is_some(), "{shown}");
    }
}

#[test]
fn a_picture_that_is_saved_or_copied_is_told_in_full_screen() {
    let (mut page, _) = in_full_screen();
    page.key_press(Key::F6);
    assert_eq!(taken(&mut page), [ConsoleCommand::SavePicture]);
    let path = "/home/giulia/Downloads/ponte.png".into();
    let told = view_with_notices(Stage::Session(Box::new(watched())), &[NoticeKind::PictureSaved { path }]);
    page.state_mut().view = Some(told);
    page.run_steps(3);
    page.get_by_label_contains("/home/giulia/Downloads/ponte.png");
    page.state_mut().state.copied = Some(Copied::Picture);
    page.run_steps(2);
    page.get_by_label("The picture of the screen is on your clipboard.");
    assert!(page.state().state.full_screen);
}

#[test]
fn another_monitor_is_shown_from_the_full_screen() {
    let (mut page, _) = in_full_screen();
    page.get_by_label("Monitor 2").click();
    assert_eq!(taken(&mut page), [ConsoleCommand::ShowMonitor(MonitorId(1))]);
    assert!(page.state().state.full_screen);
}

#[test]
fn the_window_closes_on_what_runs_only_after_a_word_more() {
    let (mut page, _) = in_full_screen();
    page.state_mut().state.ask_before_closing();
    page.run_steps(3);
    page.get_by_label(
        "2 sessions are running. Closing the window ends them for the persons too. One transfer is not finished.",
    );
    let keep = page.get_by_label("Keep open");
    assert!(keep.is_focused());
    keep.click();
    done(&mut page);
    assert!(page.query_by_label("Keep open").is_none() && page.state().state.effects.is_empty());
    page.state_mut().state.ask_before_closing();
    page.run_steps(3);
    page.key_press(Key::Escape);
    page.run_steps(2);
    assert!(page.query_by_label("Keep open").is_none());
    page.state_mut().state.ask_before_closing();
    page.run_steps(3);
    page.get_by_label("End 2 sessions and close").click();
    page.run_steps(3);
    assert!(page.state().state.effects.contains(&Effect::CloseWindow));
}

#[test]
fn the_question_goes_when_everything_ended_by_itself() {
    let (mut page, _) = in_full_screen();
    let mut alone = session(PowerState::Granted, PowerState::Off);
    alone.transfers = [common::transfer(1, "guida.pdf", false, TransferState::Done)].into();
    page.state_mut().desk.tabs = vec![tab(1, view(Stage::Session(Box::new(alone))))];
    page.state_mut().state.ask_before_closing();
    page.run_steps(3);
    page.get_by_label("A session is running. Closing the window ends it for the person too.");
    page.get_by_label("End the session and close");
    page.state_mut().desk.tabs.clear();
    page.run_steps(3);
    assert!(page.query_by_label("Keep open").is_none());
}

#[test]
fn colours_and_language_are_chosen_in_the_window_before_and_after_signing_in() {
    let locked = crate::world_page(None, common::gate(common::locked()), Language::English, WINDOW_SIZE);
    let mut account = page(view(Stage::Idle));
    account.state_mut().state.page = operator_console::screens::Page::Account;
    account.run_steps(3);
    for mut page in [locked, account] {
        let dark = [Effect::Choose(Choice::Look(Look::Dark))];
        page.get_by_label("dark").click_accesskit();
        page.run_steps(2);
        assert!(page.state().state.effects == dark);
        page.state_mut().state.effects.clear();
        page.get_by_label("Italiano").click_accesskit();
        page.run_steps(2);
        assert!(page.state().state.effects == [Effect::Choose(Choice::Language(Some(Language::Italian)))]);
        page.state_mut().state.settings_not_kept = true;
        page.run_steps(2);
        page.get_by_label_contains("could not be written down");
    }
}

#[test]
fn a_line_of_chat_may_be_as_long_as_travels() {
    assert_eq!(ui_kit::LONGEST_LINE_BYTES, console_core::proto::limits::CHAT_BYTES);
}

#[test]
fn notes_the_list_and_the_next_monitor_have_keys() {
    for (key, shown) in [(Key::F7, "Summary"), (Key::F8, "Empty the list")] {
        let (mut page, _) = in_full_screen();
        page.key_press_modifiers(Modifiers::SHIFT, key);
        page.run_steps(4);
        assert!(page.query_all_by_label_contains(shown).next().is_some(), "{shown}");
    }
    let (mut page, _) = in_full_screen();
    page.key_press_modifiers(Modifiers::SHIFT, Key::F11);
    assert_eq!(taken(&mut page), [ConsoleCommand::ShowMonitor(MonitorId(1))]);
    assert!(page.state().state.full_screen);
}

#[test]
fn system_information_and_the_clipboard_are_given_back_when_they_are_not_needed_any_more() {
    let mut lent = session(PowerState::Granted, PowerState::Off);
    for capability in [Capability::SystemInfo, Capability::Clipboard] {
        lent.powers.push(PowerView { capability, state: PowerState::Granted });
    }
    let mut page = crate::session_page(lent);
    for (name, capability) in
        [("Read about the system", Capability::SystemInfo), ("Share the clipboard", Capability::Clipboard)]
    {
        page.get_by_label_contains(&format!("Give back: {name}")).click();
        assert_eq!(taken(&mut page), [ConsoleCommand::Release(capability)]);
    }
}
