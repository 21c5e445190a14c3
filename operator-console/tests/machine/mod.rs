//! The pages about the client's machine: asked for, read, sorted, copied, saved, and programs that are to end.

use crate::common::{machine_pages, machine_session, restricted, session, view};
use crate::{Page, click, page, page_of, session_page, taken};
use console_core::proto::machine::{Facts, Topic};
use console_core::proto::session::{Asking, Capability, Decision, Ending};
use console_core::view::{ConsoleCommand, EndingState, PageView, PowerState, PowerView, SessionView, Stage};
use egui::accesskit::Role;
use egui::{Event, Key, Pos2, Rect};
use egui_kittest::kittest::{NodeT, Queryable};
use i18n::Language;
use operator_console::app::{SMALLEST_WINDOW, WINDOW_SIZE};
use operator_console::screens::{Copied, Effect, Under};
use std::sync::Arc;

fn open(topic: Topic) -> Page {
    opened(session_page(machine_session()), topic)
}

fn opened(mut page: Page, topic: Topic) -> Page {
    page.state_mut().state.under = Some(Under::Machine);
    page.state_mut().state.machine.topic = topic;
    page.run_steps(3);
    page.state_mut().commands.clear();
    page
}

/// The first cells of the rows that are shown: those names that are among `names`, from above.
fn shown<'a>(page: &Page, names: &[&'a str]) -> Vec<&'a str> {
    let mut found: Vec<(f32, &str)> =
        names.iter().filter_map(|name| Some((page.query_all_by_label(name).next()?.rect().top(), *name))).collect();
    found.sort_by(|one, other| one.0.total_cmp(&other.0));
    found.into_iter().map(|(_, name)| name).collect()
}

#[test]
fn one_press_opens_the_pages_and_asks_for_them() {
    let mut page = session_page(session(PowerState::Granted, PowerState::Off));
    page.key_press(Key::F8);
    let expected = [ConsoleCommand::Look(Topic::Overview), ConsoleCommand::Ask(Capability::SystemInfo)];
    assert_eq!(taken(&mut page), expected);
    page.get_by_label("Ask to read it");
    page.get_by_role_and_label(Role::Button, "System information").click();
    assert!(taken(&mut page).is_empty());
    assert!(page.query_by_label("Ask to read it").is_none(), "the same press closes them");

    // Who said no is not asked again by the tool alone.
    for state in [PowerState::Refused(Decision::Denied), PowerState::Revoked] {
        let mut session = session(PowerState::Granted, PowerState::Off);
        session.powers.push(PowerView { capability: Capability::SystemInfo, state });
        let mut page = session_page(session);
        page.key_press(Key::F8);
        assert!(!taken(&mut page).contains(&ConsoleCommand::Ask(Capability::SystemInfo)));
        assert_eq!(click(&mut page, "Ask to read it"), [ConsoleCommand::Ask(Capability::SystemInfo)]);
    }
}

#[test]
fn with_letters_of_twice_the_size_no_button_is_squeezed_and_the_page_is_read() {
    for language in Language::ALL {
        // A window of 1280 x 800 at 200 %.
        let half = view(Stage::Session(Box::new(machine_session())));
        let mut page = opened(page_of(half, language, [640.0, 400.0]), Topic::Overview);
        let name = page.get_by_label("pc-marco").rect();
        assert!(name.bottom() < 400.0, "{language:?}: {name}");
        for topic in Topic::ALL {
            page = opened(page, topic);
            for button in page.query_all_by_role(Role::Button) {
                assert!(button.rect().height() <= 64.0, "{language:?} {topic:?}: {button:?}");
            }
        }
    }
}

#[test]
fn before_the_screen_is_shown_nothing_is_asked() {
    let mut page = session_page(session(PowerState::Asked, PowerState::Off));
    page.key_press(Key::F8);
    assert!(taken(&mut page).is_empty());
    assert_eq!(page.state().state.under, None);
}

#[test]
fn each_page_is_fetched_when_it_is_opened_and_anew_when_wanted() {
    let mut session = machine_session();
    Arc::make_mut(&mut session.machine).pages.remove(&Topic::Disks);
    let mut page = opened(session_page(session), Topic::Overview);
    page.get_by_label("pc-marco");
    assert!(click(&mut page, "Network").is_empty(), "it is here");
    page.get_by_label_contains("192.168.1.23/24");
    assert_eq!(click(&mut page, "Disks"), [ConsoleCommand::Look(Topic::Disks)]);
    assert_eq!(click(&mut page, "Refresh"), [ConsoleCommand::Look(Topic::Disks)]);
}

#[test]
fn processes_are_sorted_by_any_column_and_found_by_a_word() {
    let mut page = open(Topic::Processes);
    let names = ["soffice.bin", "firefox-esr", "xfce4-panel"];
    assert_eq!(shown(&page, &names), names, "the busiest first");
    click(&mut page, "Sort by Memory");
    assert_eq!(shown(&page, &names), ["firefox-esr", "soffice.bin", "xfce4-panel"]);
    click(&mut page, "Memory, largest first: turn round");
    click(&mut page, "Sort by Name");
    page.get_by_role_and_label(Role::TextInput, "Filter: only rows with these words").focus();
    page.run_steps(2);
    page.event(Event::Text("FIREFOX".to_owned()));
    page.run_steps(3);
    assert_eq!(shown(&page, &names), ["firefox-esr"]);
    page.event(Event::Text("no such".to_owned()));
    page.run_steps(3);
    page.get_by_label("Nothing matches.");
}

#[test]
fn a_program_is_ended_by_its_own_button_and_forced_only_where_it_still_runs() {
    let mut page = open(Topic::Processes);
    let facts = machine_pages().into_iter().find(|facts| facts.topic() == Topic::Processes).unwrap();
    let Facts::Processes(rows) = facts else { unreachable!() };
    let command = |pid, force| {
        let process = rows.rows.iter().find(|process| process.pid == pid).unwrap();
        ConsoleCommand::EndProcess { pid, name: process.name.clone(), started_s: process.started_s, force }
    };
    assert_eq!(click(&mut page, "End process firefox-esr (3310)..."), [command(3310, false)]);
    let with = |session: &SessionView| view(Stage::Session(Box::new(session.clone())));
    let mut session = machine_session();
    // What was told to end under this number began at another time: that was another program.
    Arc::make_mut(&mut session.machine).endings[0].started_s -= 1;
    page.state_mut().view = Some(with(&session));
    page.run_steps(3);
    assert!(page.query_by_label("Force soffice.bin (4821) to end...").is_none());
    session = machine_session();
    page.state_mut().view = Some(with(&session));
    page.run_steps(3);
    assert_eq!(click(&mut page, "Force soffice.bin (4821) to end..."), [command(4821, true)]);
    page.get_by_label_contains("still runs");
    // While the person has one question there is no other.
    Arc::make_mut(&mut session.machine).endings[0].state = EndingState::Asked;
    page.state_mut().view = Some(with(&session));
    page.run_steps(3);
    assert!(click(&mut page, "End process firefox-esr (3310)...").is_empty());
    // What belongs to others has no button.
    assert!(page.query_by_label("End process Xorg (2101)...").is_none());
}

#[test]
fn who_may_only_read_has_no_button_to_end() {
    let mut view = restricted(view(Stage::Session(Box::new(machine_session()))));
    view.operator.tools.insert(Capability::SystemInfo, Asking::OncePerSession);
    let page = opened(page(view), Topic::Processes);
    page.get_by_label("firefox-esr");
    assert!(page.query_by_label_contains("End process").is_none());
}

#[test]
fn a_page_is_copied_and_saved_whole() {
    let mut page = open(Topic::Packages);
    click(&mut page, "Copy page");
    match page.state().state.effects.as_slice() {
        [Effect::CopyFacts(text)] => {
            assert_eq!(text.lines().count(), 301);
            assert!(text.starts_with("Name\tVersion\tArchitecture\n"), "{text}");
        }
        _ => panic!("nothing to copy"),
    }
    page.state_mut().state.copied = Some(Copied::Facts);
    page.run_steps(2);
    page.get_by_label("Copied");
    page.get_by_label_contains("12 more left out");
    match click(&mut page, "Save as text").as_slice() {
        [ConsoleCommand::SaveText { stem, extension: "txt", text }] => {
            assert_eq!(stem, "ponte-packages");
            assert_eq!(text.lines().count(), 301);
        }
        other => panic!("{other:?}"),
    }
    match click(&mut page, "Save as JSON").as_slice() {
        [ConsoleCommand::SaveText { extension: "json", text, .. }] => {
            assert!(Facts::from_json(Topic::Packages, text.as_bytes()).is_ok());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_page_fits_in_every_language_and_window_and_the_screen_stays_in_sight_where_there_is_room() {
    for language in Language::ALL {
        for size in [WINDOW_SIZE, SMALLEST_WINDOW, [640.0, 400.0]] {
            let mut page = page_of(view(Stage::Session(Box::new(machine_session()))), language, size);
            for topic in Topic::ALL {
                page.state_mut().state.under = Some(Under::Machine);
                page.state_mut().state.machine.topic = topic;
                page.run_steps(2);
                let name = format!("{topic:?} in {language:?} at {size:?}");
                assert!(page.query_by_label_contains("[console").is_none(), "{name}");
                let window = Rect::from_min_size(Pos2::ZERO, size.into());
                for node in page.root().children_recursive() {
                    if node.accesskit_node().role() == Role::Button {
                        let rect = node.rect();
                        assert!(rect.left() >= 0.0 && rect.right() <= window.right() + 0.5, "{name}: {node:?}");
                    }
                }
                let screen = page.state().i18n.text("console-remote-screen");
                assert_eq!(page.query_by_label(&screen).is_some(), size == WINDOW_SIZE, "{name}");
            }
        }
    }
}

#[test]
fn every_state_of_a_page_and_of_an_end_has_words() {
    let states = [
        EndingState::Asked,
        EndingState::Refused(Decision::TooSoon),
        EndingState::Told,
        EndingState::Over(Ending::Ended),
        EndingState::Over(Ending::Runs),
        EndingState::Over(Ending::NotAllowed),
        EndingState::Over(Ending::Gone),
        EndingState::Over(Ending::Failed),
    ];
    for language in Language::ALL {
        let mut page = page_of(view(Stage::Idle), language, SMALLEST_WINDOW);
        for state in states {
            let mut session = machine_session();
            Arc::make_mut(&mut session.machine).endings[0].state = state;
            page.state_mut().view = Some(view(Stage::Session(Box::new(session))));
            page = opened(page, Topic::Processes);
            assert!(page.query_all_by_label_contains("soffice.bin (4821)").count() > 0);
            assert!(page.query_by_label_contains("[console").is_none(), "{state:?}");
        }
        for (is_loading, has_failed) in [(true, false), (false, true), (false, false)] {
            let mut session = machine_session();
            let empty = PageView { is_loading, has_failed, ..PageView::default() };
            Arc::make_mut(&mut session.machine).pages.insert(Topic::Events, empty);
            page.state_mut().view = Some(view(Stage::Session(Box::new(session))));
            page = opened(page, Topic::Events);
            assert!(page.query_by_label_contains("[console").is_none());
        }
    }
}

#[test]
fn in_a_small_window_events_and_packages_keep_what_they_say() {
    let session = Stage::Session(Box::new(machine_session()));
    let mut page = page_of(view(session), Language::English, [640.0, 400.0]);
    for (topic, heads) in [(Topic::Events, vec!["Message"]), (Topic::Packages, vec!["Name", "Version"])] {
        page.state_mut().state.under = Some(Under::Machine);
        page.state_mut().state.machine.topic = topic;
        page.run_steps(3);
        for head in heads {
            let named = page.query_all_by_label_contains(head);
            let mut heads = named.filter(|node| node.accesskit_node().role() == Role::Button);
            assert!(heads.next().is_some(), "{head} in {topic:?}");
        }
        if topic == Topic::Events {
            assert!(page.query_all_by_label_contains("Severity ").next().is_some(), "the rest is on a second line");
        }
    }
}
