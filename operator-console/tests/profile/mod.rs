//! What the operator's certificate allows: where it shows, and that nothing else is offered.

use crate::common::{ended, restricted, session, view, view_with_notices};
use crate::gate::field;
use crate::{Page, click, page, page_of, taken};
use console_core::gate::{Day, GateCommand, GateDone, GateProblem, Opening};
use console_core::proto::session::{Asking, Capability, EndReason};
use console_core::view::{ConsoleCommand, ConsoleView, NoticeKind, PowerState, SessionView, Stage};
use egui::accesskit::Role;
use egui::{Event, Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use i18n::Language;
use operator_console::app::{SMALLEST_WINDOW, WINDOW_SIZE};
use operator_console::screens::Effect;
use std::time::{Duration, SystemTime};

fn session_view(session: SessionView) -> ConsoleView {
    view(Stage::Session(Box::new(session)))
}

fn account(view: ConsoleView, size: [f32; 2]) -> Page {
    let mut page = page_of(view, Language::English, size);
    page.get_by_label("What you may do").click_accesskit();
    page.run_steps(3);
    page
}

#[test]
fn a_session_shows_no_tool_that_the_profile_lacks() {
    let viewing = || session(PowerState::Granted, PowerState::Off);
    let tools = [
        "Ask for control",
        "Ask: Mouse and keyboard",
        "Send a file",
        "Fetch a file",
        "System information",
        "Write to the person...",
    ];
    let whole = page(session_view(viewing()));
    for tool in tools {
        whole.get_by_label(tool);
    }
    let mut page = page(restricted(session_view(viewing())));
    for tool in tools {
        assert!(page.query_by_label(tool).is_none(), "{tool}");
    }
    page.get_by_label("View only.");
    page.get_by_label("End the session");
    for key in [Key::F2, Key::F3, Key::F4, Key::F7, Key::F8] {
        page.key_press(key);
        assert!(taken(&mut page).is_empty(), "{key:?}");
        assert_eq!(page.state().state.under, None, "{key:?}");
    }
    // Each tool by its own power.
    for (capability, tool) in [
        (Capability::Control, "Ask for control"),
        (Capability::SendFile, "Send a file"),
        (Capability::FetchFile, "Fetch a file"),
        (Capability::SystemInfo, "System information"),
        (Capability::Chat, "Write to the person..."),
    ] {
        let mut view = restricted(session_view(viewing()));
        view.operator.tools.insert(capability, Asking::EachUse);
        page.state_mut().view = Some(view);
        page.run_steps(2);
        for name in tools.iter().filter(|name| !name.starts_with("Ask:")) {
            assert_eq!(page.query_by_label(name).is_some(), *name == tool, "{name} with {capability:?}");
        }
    }
}

#[test]
fn control_is_given_back_with_one_click_and_not_by_escape() {
    let mut page = page(session_view(session(PowerState::Granted, PowerState::Granted)));
    page.key_press(Key::Escape);
    let release = ConsoleCommand::Release(Capability::Control);
    assert!(!taken(&mut page).contains(&release));
    assert!(click(&mut page, "Give back control").contains(&release));
    page.state_mut().view = Some(session_view(session(PowerState::Granted, PowerState::Off)));
    page.run_steps(2);
    assert!(page.query_by_label("Give back control").is_none());
}

#[test]
fn the_last_minutes_of_the_longest_session_are_told() {
    for (lasted_s, words) in [
        (19 * 60, None),
        (20 * 60 + 5, Some("10 minutes left")),
        (29 * 60 + 5, Some("1 minute left")),
        (31 * 60, Some("time is up")),
    ] {
        let since = SystemTime::now() - Duration::from_secs(lasted_s);
        let viewing = SessionView { since, ..session(PowerState::Granted, PowerState::Off) };
        let page = page(restricted(session_view(viewing)));
        for shown in ["10 minutes left", "1 minute left", "time is up"] {
            let is_shown = page.query_by_label_contains(shown).is_some();
            assert_eq!(is_shown, words == Some(shown), "{shown} after {lasted_s} s");
        }
    }
}

#[test]
fn the_certificate_is_told_with_its_organisation_its_end_and_every_power() {
    for size in [WINDOW_SIZE, SMALLEST_WINDOW] {
        let page = account(restricted(view(Stage::Idle)), size);
        for words in [
            "Comune di Rivalta \u{b7} comune.rivalta.example",
            "See the screen",
            "asked each time",
            "asked once a session",
            "Mon\u{2013}Fri 08:00\u{2013}18:00, Europe/Rome",
            "30 min",
        ] {
            page.get_by_label(words);
        }
        assert_eq!(page.query_all_by_label("Sportello digitale").count(), 2, "side bar and page");
        page.get_by_label_contains("21 days left");
        let absent = page.get_by_label_contains("Not in your profile");
        let absent = absent.accesskit_node().value().unwrap();
        assert!(absent.contains("Mouse and keyboard") && absent.contains("Enter commands"), "{absent}");
        assert!(!absent.contains("See the screen"));
    }
    let all = account(view(Stage::Idle), WINDOW_SIZE);
    assert_eq!(all.query_all_by_label("asked once a session").count(), 12);
    all.get_by_label("at any time");
    all.get_by_label("no limit");
    assert!(all.query_by_label_contains("Not in your profile").is_none());
}

#[test]
fn in_a_narrow_window_signs_lead_there_and_back() {
    let mut page = account(view(Stage::Idle), [600.0, 400.0]);
    page.get_by_label("Your certificate");
    page.get_by_label("Back to assistance").click_accesskit();
    page.run_steps(2);
    assert!(page.query_by_label("Your certificate").is_none());
    page.get_by_label("New key");
    page.get_by_role_and_label(Role::Button, "What you may do").click();
    page.run_steps(2);
    page.get_by_role_and_label(Role::Button, "Assistance").click();
    page.run_steps(2);
    page.get_by_label("New key");
    page.get_by_role_and_label(Role::Button, "All commands").click();
    page.run_steps(4);
    page.get_by_role_and_label(Role::TextInput, "All commands");
}

#[test]
fn the_end_of_a_certificate_is_told_a_week_ahead_with_what_to_do() {
    for (days_left, words) in [
        (8, None),
        (7, Some("expires in \u{2068}7\u{2069} days")),
        (1, Some("expires in \u{2068}1\u{2069} day")),
        (0, Some("expires today")),
        (-1, Some("has expired")),
    ] {
        let mut idle = view(Stage::Idle);
        idle.operator.days_left = days_left;
        let mut home = page(idle);
        assert_eq!(home.query_by_label("Renew...").is_some(), words.is_some(), "{days_left}");
        if let Some(words) = words {
            let plain: String = words.chars().filter(|sign| *sign < '\u{2066}').collect();
            let told = home.query_all_by_label_contains(&plain).count();
            let isolated = home.query_all_by_label_contains(words).count();
            assert!(told + isolated > 0, "{days_left}");
            home.get_by_label("Renew...").click();
            home.run_steps(3);
            home.get_by_label("Save the request").click_accesskit();
            home.run_steps(3);
            assert!(matches!(home.state().state.effects[..], [Effect::Gate(GateCommand::SaveRequest(_))]));
        }
    }
}

#[test]
fn with_a_revoked_certificate_no_key_is_made_and_the_reason_stands_there() {
    let mut page = page(view_with_notices(Stage::Idle, &[NoticeKind::CertificateRevoked]));
    page.get_by_label_contains("No key can be made with a revoked certificate");
    assert!(page.get_by_label("New key").accesskit_node().is_disabled());
    page.get_by_label("New key").click();
    page.key_press_modifiers(Modifiers::CTRL, Key::N);
    assert!(taken(&mut page).is_empty());
    // Who has a new one dismisses the notice.
    page.state_mut().view = Some(view(Stage::Idle));
    page.run_steps(2);
    assert_eq!(click(&mut page, "New key"), [ConsoleCommand::NewKey]);
}

#[test]
fn outside_the_hours_no_key_is_made_and_the_next_opening_is_told() {
    for stage in [Stage::Idle, ended(EndReason::OperatorEnded)] {
        let mut closed = restricted(view(stage));
        closed.operator.open_now = false;
        let mut page = page(closed);
        page.state_mut().gate.opening = Some(Opening { is_today: false, day: Day::Mon, at: (8, 0) });
        page.run_steps(2);
        let told = page.get_by_label_contains("does again");
        let told = told.accesskit_node().value().unwrap();
        assert!(told.contains("Monday") && told.contains("08:00") && told.contains("Europe/Rome"), "{told}");
        assert!(page.get_by_label("New key").accesskit_node().is_disabled());
        page.get_by_label("New key").click();
        page.key_press_modifiers(Modifiers::CTRL, Key::N);
        assert!(taken(&mut page).is_empty());
    }
}

#[test]
fn the_password_is_changed_on_the_same_page() {
    let mut page = account(view(Stage::Idle), WINDOW_SIZE);
    field(&page, "Current password").focus();
    page.run_steps(2);
    for (index, text) in ["Tre-querce-7", "Quattro-lecci-8", "Quattro-lecci-8"].into_iter().enumerate() {
        if index > 0 {
            page.key_press(Key::Tab);
            page.run_steps(2);
        }
        page.event(Event::Text(text.to_owned()));
        page.run_steps(2);
    }
    page.key_press(Key::Enter);
    page.run_steps(3);
    let [old, new, again] = ["Tre-querce-7", "Quattro-lecci-8", "Quattro-lecci-8"].map(|text| text.to_owned().into());
    let expected = GateCommand::ChangePassword { old, new, again };
    assert!(page.state().state.effects == [Effect::Gate(expected)]);
    page.state_mut().gate.done = Some(GateDone::PasswordChanged);
    page.run_steps(2);
    page.get_by_label("Password changed.");
    page.state_mut().gate.problem = Some(GateProblem::AnswerForeign);
    page.run_steps(2);
    page.get_by_label_contains("from another organisation");
}

#[test]
fn after_a_session_its_log_is_told_or_that_there_is_none() {
    let mut page = page(view(ended(EndReason::TimeUp)));
    page.get_by_label_contains(".ponte-log");
    let Stage::Ended(mut end) = ended(EndReason::TimeUp) else { unreachable!() };
    end.log = None;
    page.state_mut().view = Some(view(Stage::Ended(end)));
    page.run_steps(2);
    page.get_by_label_contains("was not saved");
    assert!(page.query_by_label_contains(".ponte-log").is_none());
}

#[test]
fn what_came_of_a_renewal_is_brought_into_sight_each_time() {
    let mut page = account(view(Stage::Idle), SMALLEST_WINDOW);
    page.state_mut().state.gate.choose_answer("/tmp/answer".as_ref());
    let window = egui::Rect::from_min_size(egui::Pos2::ZERO, SMALLEST_WINDOW.into());
    for _ in 0..2 {
        // Far below, where the answer is taken.
        page.get_by_label("Back to assistance").scroll_to_me();
        page.run_steps(20);
        page.get_by_label("Open the answer").click_accesskit();
        page.run_steps(2);
        page.state_mut().gate.problem = Some(GateProblem::NotAnAnswer);
        page.run_steps(60);
        let told = page.get_by_label_contains("is not an organisation").rect();
        assert!(window.contains_rect(told), "{told:?}");
    }
}
