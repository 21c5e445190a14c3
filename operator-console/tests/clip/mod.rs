//! Copying and pasting between the operator's machine and the person's.

use crate::common::{restricted, session, view};
use crate::{Page, click, page, session_page, taken};
use console_core::clipboard::Content;
use console_core::proto::clipboard::{ClipKind, ClipProblem};
use console_core::proto::session::{Capability, Decision};
use console_core::view::{ClipState, ConsoleCommand, PowerState, PowerView, SessionView, Stage};
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use operator_console::screens::Effect;
use std::sync::Arc;

fn with(state: PowerState, clip: ClipState) -> SessionView {
    let mut session = session(PowerState::Granted, PowerState::Off);
    session.powers.push(PowerView { capability: Capability::Clipboard, state });
    session.clipboard.state = clip;
    session
}

fn open(session: SessionView) -> Page {
    let mut page = session_page(session);
    page.key_press_modifiers(Modifiers::SHIFT, Key::F10);
    page.run_steps(2);
    page
}

#[test]
fn nothing_is_copied_before_a_press_and_each_press_copies_once() {
    let mut page = open(with(PowerState::Off, ClipState::Idle));
    page.get_by_label("Only text and pictures, each time you press.");
    assert_eq!(taken(&mut page), []);
    assert!(page.state().state.effects.is_empty());
    assert_eq!(click(&mut page, "Fetch theirs"), [ConsoleCommand::FetchClipboard]);
    page.get_by_label("Send my clipboard").click();
    page.run_steps(2);
    assert!(page.state().state.effects == [Effect::SendClipboard]);
    page.state_mut().state.effects.clear();
    page.key_press_modifiers(Modifiers::SHIFT, Key::F4);
    assert_eq!(taken(&mut page), [ConsoleCommand::FetchClipboard]);
    page.key_press_modifiers(Modifiers::SHIFT, Key::F3);
    page.run_steps(2);
    assert!(page.state().state.effects == [Effect::SendClipboard]);
}

#[test]
fn what_became_of_a_copy_is_said() {
    let rows = [
        (PowerState::Asked, ClipState::Idle, "The person is deciding."),
        (PowerState::Refused(Decision::Denied), ClipState::Idle, "The person did not agree."),
        (PowerState::Granted, ClipState::Sent, "It is on the person's clipboard."),
        (PowerState::Granted, ClipState::Fetched(ClipKind::Picture), "The person's picture is on your clipboard."),
        (PowerState::Granted, ClipState::NotFetched(ClipProblem::Empty), {
            "There is no text or picture on the person's clipboard."
        }),
        (PowerState::Granted, ClipState::NotSent(ClipProblem::TooLarge), {
            "It is too large: at most 1 MB of text, or 16 MB of a picture."
        }),
    ];
    for (power, clip, words) in rows {
        let page = open(with(power, clip));
        page.get_by_label(words);
    }
    let page = open(with(PowerState::Granted, ClipState::Sending));
    for button in ["Send my clipboard", "Fetch theirs"] {
        assert!(page.get_by_role_and_label(Role::Button, button).accesskit_node().is_disabled(), "{button}");
    }
}

#[test]
fn what_the_person_copied_is_shown_nowhere_in_the_window() {
    let mut session = with(PowerState::Granted, ClipState::Fetched(ClipKind::Text));
    session.clipboard.fetched = Some((1, Arc::new(Content::Text("pässwörd-8431".into()))));
    let page = open(session);
    page.get_by_label("The person's text is on your clipboard.");
    for node in page.root().children_recursive() {
        let node = node.accesskit_node();
        let said = [node.label(), node.value()];
        assert!(said.into_iter().flatten().all(|text| !text.contains("8431")));
    }
}

#[test]
fn what_waits_is_put_on_the_clipboard_by_a_press() {
    let mut page = open(with(PowerState::Granted, ClipState::Fetched(ClipKind::Text)));
    assert!(page.query_by_label("Put it on my clipboard").is_none());
    page.state_mut().state.clip.waits = true;
    page.run_steps(3);
    page.get_by_label_contains("your clipboard was left as it is");
    page.get_by_label("Put it on my clipboard").click();
    page.run_steps(2);
    assert!(page.state().state.effects == [Effect::PutFetched]);
}

#[test]
fn who_may_not_has_no_tool_for_it() {
    let mut page = page(restricted(view(Stage::Session(Box::new(session(PowerState::Granted, PowerState::Off))))));
    page.key_press_modifiers(Modifiers::SHIFT, Key::F10);
    page.key_press_modifiers(Modifiers::SHIFT, Key::F4);
    assert_eq!(taken(&mut page), []);
    assert!(page.query_by_label("Copy and paste between the two computers").is_none());
}
