//! What an operator finds on the pages and can do there, through the accessibility tree.

// Helpers outside of test functions unwrap too: a test that cannot go on has failed.
#![allow(clippy::unwrap_used)]

mod clip;
mod common;
mod desk;
mod files;
mod gate;
mod machine;
mod marking;
mod notes;
mod palette;
mod profile;
mod screen;
mod tabs;
mod terminal;
mod window;

use common::{
    MONITOR, busy_session, ended, ended_without_files_in_the_log, pictures, session, view, view_with_notices, waiting,
};
use console_core::gate::{GateStage, GateView};
use console_core::picture::SharedPictures;
use console_core::proto::input::{Button, InputEvent};
use console_core::proto::session::{Capability, Decision, EndReason, Step};
use console_core::view::{ConsoleCommand, ConsoleView, EndView, NoticeKind, PowerState, SessionView, Stage};
use egui::{Event, Key, Modifiers, PointerButton, Pos2, Theme};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use i18n::{I18n, Language};
use operator_console::app::{SMALLEST_WINDOW, WINDOW_SIZE, prepare};
use operator_console::desk::DeskView;
use operator_console::screens::gate::{GateScene, gate_ui};
use operator_console::screens::{Effect, Scene, ScreenState, screen_ui};
use operator_console::viewer::Scaling;
use std::time::{Duration, Instant};
use ui_kit::theme::Mode;

struct World {
    /// None before signing in.
    view: Option<ConsoleView>,
    gate: GateView,
    pictures: SharedPictures,
    i18n: I18n,
    now: Instant,
    state: ScreenState,
    desk: DeskView,
    commands: Vec<ConsoleCommand>,
}

type Page = Harness<'static, World>;

fn page_of(view: ConsoleView, language: Language, size: [f32; 2]) -> Page {
    world_page(Some(view), common::gate(GateStage::Open), language, size)
}

fn world_page(view: Option<ConsoleView>, gate: GateView, language: Language, size: [f32; 2]) -> Page {
    let world = World {
        view,
        gate,
        pictures: pictures(320, 200),
        i18n: I18n::new(language),
        now: Instant::now(),
        state: ScreenState::default(),
        desk: common::desk(),
        commands: Vec::new(),
    };
    let mut page = Harness::builder()
        .with_size(size)
        .with_theme(Theme::Light)
        .with_context_setup(|context| prepare(context, Mode::Light))
        .build_ui_state(
            |ui, world: &mut World| {
                let World { view, gate, pictures, i18n, now, state, desk, commands } = world;
                match view {
                    Some(view) => {
                        let scene = Scene { i18n, gate, view, pictures, now: *now, desk };
                        commands.extend(screen_ui(ui, &scene, state));
                    }
                    None => gate_ui(ui, &GateScene { i18n, gate, now: *now }, state),
                }
            },
            world,
        );
    page.run_steps(3);
    page
}

fn page(view: ConsoleView) -> Page {
    page_of(view, Language::English, WINDOW_SIZE)
}

fn session_page(session: SessionView) -> Page {
    page(view(Stage::Session(Box::new(session))))
}

fn taken(page: &mut Page) -> Vec<ConsoleCommand> {
    page.run_steps(3);
    std::mem::take(&mut page.state_mut().commands)
}

fn click(page: &mut Page, label: &str) -> Vec<ConsoleCommand> {
    page.get_by_label(label).click();
    taken(page)
}

fn inputs(commands: Vec<ConsoleCommand>) -> Vec<InputEvent> {
    commands
        .into_iter()
        .map(|command| match command {
            ConsoleCommand::Input(event) => event,
            other => panic!("{other:?} is not input"),
        })
        .collect()
}

fn controlled_page() -> Page {
    let mut page = session_page(session(PowerState::Granted, PowerState::Granted));
    page.get_by_label("Remote screen").focus();
    page.run_steps(2);
    assert!(page.state().state.viewer.is_capturing());
    page.state_mut().commands.clear();
    page
}

#[test]
fn a_new_key_is_one_press_away() {
    let mut home = page(view(Stage::Idle));
    assert_eq!(click(&mut home, "New key"), [ConsoleCommand::NewKey]);
    home.key_press_modifiers(Modifiers::CTRL, Key::N);
    assert_eq!(taken(&mut home), [ConsoleCommand::NewKey]);
}

#[test]
fn a_waiting_key_is_shown_grouped_with_its_words_and_its_time() {
    let rows = [
        (Language::English, "Kilo · seven · Mike — four · Quebec · X-ray · Papa"),
        (Language::Italian, "Kursaal · sette · Milano — quattro · Quarto · ics · Palermo"),
    ];
    for (language, words) in rows {
        let now = Instant::now();
        let mut home = page_of(view(waiting(now, Duration::from_secs(552), 3)), language, WINDOW_SIZE);
        home.state_mut().now = now;
        home.run_steps(2);
        home.get_by_label("K7M 4QXP");
        home.get_by_label(words);
        home.get_by_label("9:12");
        home.state_mut().now = now + Duration::from_secs(500);
        home.run_steps(2);
        home.get_by_label("0:52");
        assert!(home.query_by_label_contains("9:12").is_none());
    }
}

#[test]
fn key_and_invitation_can_be_copied_and_the_key_withdrawn() {
    let mut home = page(view(waiting(Instant::now(), Duration::from_secs(600), 3)));
    assert!(click(&mut home, "Copy key").is_empty());
    assert!(home.state().state.effects == [Effect::CopyKey("K7M 4QXP".to_owned())]);
    home.state_mut().state.effects.clear();
    click(&mut home, "Copy invitation");
    match home.state().state.effects.as_slice() {
        [Effect::CopyInvitation(text)] => assert!(text.contains("K7M 4QXP") && text.contains("Giulia Rinaldi")),
        _ => panic!("no invitation"),
    }
    assert_eq!(click(&mut home, "Cancel"), [ConsoleCommand::CancelKey]);
}

#[test]
fn a_wrong_try_is_told_with_what_is_left() {
    let home = page(view(waiting(Instant::now(), Duration::from_secs(600), 1)));
    home.get_by_label_contains("1 try is left");
}

#[test]
fn every_notice_says_something_in_every_language_and_can_be_dismissed() {
    let kinds = [
        NoticeKind::KeyExpired,
        NoticeKind::KeyBurned,
        NoticeKind::WrongTry { tries_left: 2 },
        NoticeKind::RelayUnreachable,
        NoticeKind::ProxyPassword,
        NoticeKind::CertificateRefused,
        NoticeKind::CertificateTime,
        NoticeKind::RelayFull,
        NoticeKind::ChannelNotProven,
        NoticeKind::ClientLost,
        NoticeKind::VersionMismatch,
        NoticeKind::CertificateRevoked,
        NoticeKind::OutsideHours,
        NoticeKind::LogNotSaved,
        NoticeKind::RefusedByAgent(None),
        NoticeKind::PictureSaved { path: "/tmp/a.png".into() },
        NoticeKind::PictureNotSaved,
        NoticeKind::FactsSaved { path: "/tmp/a.json".into() },
        NoticeKind::FactsNotSaved,
    ];
    let problems = common::PROBLEMS.map(|problem| NoticeKind::RefusedByAgent(Some(problem)));
    let kinds = [kinds.as_slice(), &problems].concat();
    for language in Language::ALL {
        let mut home = page_of(view_with_notices(Stage::Idle, &kinds), language, SMALLEST_WINDOW);
        assert!(home.query_by_label_contains("[console").is_none());
        let dismiss = home.state().i18n.text("console-notice-dismiss");
        assert_eq!(home.query_all_by_label(&dismiss).count(), kinds.len() - 1, "all but the wrong try");
        home.state_mut().view.as_mut().unwrap().notices.truncate(1);
        home.run_steps(2);
        assert_eq!(click(&mut home, &dismiss), [ConsoleCommand::DismissNotice(1)]);
    }
}

#[test]
fn an_expired_key_is_replaced_by_one_click() {
    let mut home = page(view_with_notices(Stage::Idle, &[NoticeKind::KeyExpired]));
    let expected = [ConsoleCommand::DismissNotice(1), ConsoleCommand::NewKey];
    assert_eq!(click(&mut home, "New key"), expected);
}

#[test]
fn no_page_has_a_message_without_words_or_fails_at_its_smallest_size() {
    let states = [PowerState::Off, PowerState::Asked, PowerState::Granted, PowerState::Revoked];
    let mut stages = vec![Stage::Idle, Stage::Preparing, Stage::Joining, Stage::Session(Box::new(busy_session()))];
    stages.push(waiting(Instant::now(), Duration::from_secs(30), 2));
    stages.extend(states.map(|state| Stage::Session(Box::new(session(state, state)))));
    for decision in [
        Decision::Denied,
        Decision::TimedOut,
        Decision::Withdrawn,
        Decision::Impossible,
        Decision::TooSoon,
        Decision::Barred,
        Decision::NotInProfile,
    ] {
        let refused = PowerState::Refused(decision);
        stages.push(Stage::Session(Box::new(session(refused, refused))));
    }
    for reason in [
        EndReason::ClientEnded,
        EndReason::OperatorEnded,
        EndReason::ConsentDenied,
        EndReason::OperatorNotRecognised,
        EndReason::ConnectionLost,
        EndReason::ProtocolViolation,
        EndReason::ScreenUnavailable,
        EndReason::TimeUp,
        EndReason::TermsDeclined,
        EndReason::ReportedAsScam,
    ] {
        stages.push(ended(reason));
    }
    stages.push(ended_without_files_in_the_log());
    for step in [Step::Terms, Step::Choosing] {
        let session = session(PowerState::Off, PowerState::Off);
        stages.push(Stage::Session(Box::new(SessionView { recognised: false, step: Some(step), ..session })));
    }
    let paused = SessionView { sharing_paused: true, ..session(PowerState::Granted, PowerState::Off) };
    stages.push(Stage::Session(Box::new(paused)));
    let Stage::Ended(end) = ended(EndReason::OperatorEnded) else { unreachable!() };
    stages.push(Stage::Ended(EndView { is_closing: true, rating: None, ..end }));
    for language in Language::ALL {
        let mut page = page_of(view(Stage::Idle), language, SMALLEST_WINDOW);
        for stage in &stages {
            page.state_mut().view = Some(view(stage.clone()));
            page.run_steps(1);
            assert!(page.query_by_label_contains("[console").is_none(), "{stage:?} in {language:?}");
        }
    }
}

#[test]
fn control_is_asked_for_from_the_column_and_from_the_rail() {
    let mut page = session_page(session(PowerState::Granted, PowerState::Off));
    for label in ["Ask: Mouse and keyboard", "Ask for control"] {
        assert_eq!(click(&mut page, label), [ConsoleCommand::Ask(Capability::Control)]);
    }
}

#[test]
fn granted_control_takes_the_focus_unless_something_is_being_typed() {
    let granted = || view(Stage::Session(Box::new(session(PowerState::Granted, PowerState::Granted))));
    let mut page = session_page(session(PowerState::Granted, PowerState::Asked));
    page.state_mut().view = Some(granted());
    page.run_steps(3);
    assert!(page.state().state.viewer.is_capturing());
    assert!(page.query_by_label("Use the person's computer").is_none());

    // Press and release come in frames of their own, as from a hand.
    let at = page.get_by_label("Release mouse and keyboard").rect().center();
    page.event(Event::PointerMoved(at));
    for pressed in [true, false] {
        let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
        page.event(Event::PointerButton { pos: at, button, pressed, modifiers });
        page.run_steps(2);
    }
    assert!(!page.state().state.viewer.is_capturing());

    let mut page = session_page(session(PowerState::Granted, PowerState::Asked));
    page.get_by_label("Write to the person...").focus();
    page.run_steps(2);
    page.state_mut().view = Some(granted());
    page.run_steps(3);
    assert!(!page.state().state.viewer.is_capturing());
    click(&mut page, "Use the person's computer");
    assert!(page.state().state.viewer.is_capturing());
}

#[test]
fn tools_have_keys_which_belong_to_the_client_while_the_remote_screen_has_the_keyboard() {
    let mut page = session_page(session(PowerState::Granted, PowerState::Off));
    page.key_press(Key::F2);
    assert_eq!(taken(&mut page), [ConsoleCommand::Ask(Capability::Control)]);
    page.key_press(Key::F6);
    assert_eq!(taken(&mut page), [ConsoleCommand::SavePicture]);
    page.key_press(Key::F7);
    page.run_steps(2);
    assert!(page.get_by_label("Write to the person...").is_focused());
    page.key_press(Key::F4);
    page.run_steps(2);
    page.get_by_label("Ask for the file");

    let mut page = controlled_page();
    page.key_press(Key::F6);
    assert!(!taken(&mut page).contains(&ConsoleCommand::SavePicture));
}

#[test]
fn no_file_moves_before_the_screen_is_shown() {
    let mut page = session_page(session(PowerState::Asked, PowerState::Off));
    click(&mut page, "Send a file");
    assert!(page.query_by_label("Send file").is_none());
}

#[test]
fn a_key_that_is_made_or_joined_can_be_cancelled() {
    for stage in [Stage::Preparing, Stage::Joining] {
        assert_eq!(click(&mut page(view(stage)), "Cancel"), [ConsoleCommand::CancelKey]);
    }
}

#[test]
fn chat_and_end_are_in_sight_in_every_window() {
    let mut page = page_of(view(Stage::Idle), Language::Italian, WINDOW_SIZE);
    for size in [WINDOW_SIZE, SMALLEST_WINDOW, [640.0, 400.0], [450.0, 300.0]] {
        page.set_size(size.into());
        page.state_mut().view = Some(view(Stage::Session(Box::new(busy_session()))));
        page.run_steps(2);
        let window = egui::Rect::from_min_size(Pos2::ZERO, size.into());
        for label in ["Scriva alla persona...", "Invia", "Termina la sessione", "Salva l’immagine dello schermo"] {
            let rect = page.get_by_label(label).rect();
            assert!(window.contains_rect(rect), "{label} at {rect:?} in {size:?}");
        }
        let picture = page.get_by_label("Salva l’immagine dello schermo").rect();
        assert!(picture.bottom() + 4.0 < page.get_by_label("Termina la sessione").rect().top(), "{size:?}");
        page.state_mut().view = Some(view(waiting(Instant::now(), Duration::from_secs(60), 3)));
        page.run_steps(2);
        assert!(page.get_by_label("K7M 4QXP").rect().right() <= size[0], "{size:?}");
    }
}

#[test]
fn nothing_is_asked_before_the_person_recognised_the_operator() {
    let unknown = SessionView { recognised: false, ..session(PowerState::Off, PowerState::Off) };
    let mut page = session_page(unknown);
    page.get_by_label("girasole");
    page.get_by_label("The person is checking who you are");
    assert!(click(&mut page, "Ask for control").is_empty());
}

#[test]
fn a_line_of_chat_is_sent_with_enter() {
    let mut page = session_page(session(PowerState::Granted, PowerState::Off));
    page.get_by_label("Write to the person...").focus();
    page.run_steps(2);
    page.event(Event::Text("Good morning".to_owned()));
    page.run_steps(1);
    page.key_press(Key::Enter);
    assert_eq!(taken(&mut page), [ConsoleCommand::SendChat("Good morning".to_owned())]);
}

#[test]
fn the_session_ends_with_one_click_and_leads_back() {
    let mut page = session_page(session(PowerState::Granted, PowerState::Off));
    assert_eq!(click(&mut page, "End the session"), [ConsoleCommand::End]);
    page.state_mut().view = Some(view(ended(EndReason::OperatorEnded)));
    page.run_steps(2);
    page.get_by_label_contains("14 min");
    assert_eq!(click(&mut page, "Back to assistance"), [ConsoleCommand::CloseEnded]);
}

#[test]
fn a_file_is_fetched_into_a_folder() {
    let mut page = session_page(session(PowerState::Granted, PowerState::Off));
    click(&mut page, "Fetch a file");
    page.event(Event::Text("/home/marco/a.odt".to_owned()));
    page.run_steps(2);
    let into = std::env::temp_dir();
    page.state_mut().state.files.fetch_into = into.display().to_string();
    let expected = ConsoleCommand::fetch_file("/home/marco/a.odt", into);
    assert_eq!(click(&mut page, "Ask for the file"), [expected]);
}

#[test]
fn a_file_is_sent_only_if_it_is_there() {
    let mut page = session_page(session(PowerState::Granted, PowerState::Off));
    click(&mut page, "Send a file");
    page.state_mut().state.files.send_path = "/no/such/file".to_owned();
    page.run_steps(1);
    assert!(click(&mut page, "Send file").is_empty());
    page.get_by_label("There is no file at that path on this computer.");
    let program = std::env::current_exe().unwrap();
    page.state_mut().state.files.send_path = program.display().to_string();
    page.run_steps(1);
    assert_eq!(click(&mut page, "Send file"), [ConsoleCommand::send_file(program)]);
}

#[test]
fn typing_over_the_remote_screen_is_text_and_enter_a_key_and_never_both() {
    let mut page = controlled_page();
    let key =
        |key, pressed| Event::Key { key, physical_key: Some(key), pressed, repeat: false, modifiers: Modifiers::NONE };
    for event in [key(Key::A, true), Event::Text("à".to_owned()), key(Key::A, false)] {
        page.event(event);
    }
    let events = inputs(taken(&mut page));
    assert_eq!(events, [InputEvent::Text(console_core::proto::Text::truncated("à"))]);
    // Tab, Escape and arrows belong to the client too, and do not move the focus.
    for (pressed, usage) in [(Key::Enter, 0x28), (Key::Tab, 0x2B), (Key::Escape, 0x29), (Key::ArrowLeft, 0x50)] {
        page.event(key(pressed, true));
        page.event(key(pressed, false));
        let keys: Vec<(u8, bool)> = inputs(taken(&mut page))
            .into_iter()
            .map(|event| match event {
                InputEvent::Key { usage, down, .. } => (usage.0, down),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(keys, [(usage, true), (usage, false)]);
        assert!(page.get_by_label("Remote screen").is_focused());
    }
}

#[test]
fn losing_the_focus_lifts_everything() {
    let mut page = controlled_page();
    page.get_by_label("Write to the person...").focus();
    assert_eq!(inputs(taken(&mut page)), [InputEvent::ReleaseAll]);
    assert!(!page.state().state.viewer.is_capturing());

    let mut page = controlled_page();
    page.input_mut().focused = false;
    assert_eq!(inputs(taken(&mut page)), [InputEvent::ReleaseAll]);
    page.input_mut().focused = true;

    let mut page = controlled_page();
    page.state_mut().view = Some(view(Stage::Session(Box::new(session(PowerState::Granted, PowerState::Revoked)))));
    assert_eq!(inputs(taken(&mut page)), [InputEvent::ReleaseAll]);

    let mut page = controlled_page();
    assert_eq!(inputs(click(&mut page, "Release mouse and keyboard")), [InputEvent::ReleaseAll]);
}

#[test]
fn a_click_into_the_remote_screen_focuses_it_and_lands_on_its_pixel() {
    for one_to_one in [false, true] {
        let mut page = session_page(session(PowerState::Granted, PowerState::Granted));
        let scaling = if one_to_one { Scaling::OneToOne } else { Scaling::Fit };
        page.state_mut().state.viewer.scaling = scaling;
        page.run_steps(2);
        let screen = page.get_by_label("Remote screen").rect();
        if one_to_one {
            assert_eq!(screen.size(), egui::vec2(320.0, 200.0));
        }
        let position: Pos2 = screen.lerp_inside(egui::vec2(0.25, 0.75)) + egui::vec2(0.01, 0.01);
        page.event(Event::PointerMoved(position));
        page.run_steps(1);
        for pressed in [true, false] {
            page.event(Event::PointerButton {
                pos: position,
                button: PointerButton::Primary,
                pressed,
                modifiers: Modifiers::NONE,
            });
            page.run_steps(1);
        }
        let button = |down| InputEvent::Button { button: Button::Primary, down };
        let moved = InputEvent::PointerMove { monitor: MONITOR, x: 80, y: 150 };
        assert_eq!(inputs(taken(&mut page)), [moved, button(true), button(false)]);
        assert!(page.get_by_label("Remote screen").is_focused());
    }
}

#[test]
fn nothing_goes_to_the_client_while_only_viewing() {
    let mut page = session_page(session(PowerState::Granted, PowerState::Off));
    page.get_by_label("Remote screen").click();
    page.event(Event::Text("a".to_owned()));
    page.key_press(Key::Enter);
    assert!(taken(&mut page).is_empty());
}

#[test]
fn every_control_of_a_session_has_a_name() {
    let page = session_page(busy_session());
    for node in page.root().children_recursive() {
        let role = node.accesskit_node().role();
        if matches!(role, egui::accesskit::Role::Button | egui::accesskit::Role::TextInput) {
            assert!(node.accesskit_node().label().is_some_and(|label| !label.is_empty()), "{node:?}");
        }
    }
}

#[test]
fn a_session_in_which_nothing_happens_is_hardly_drawn() {
    let mut still = session(PowerState::Granted, PowerState::Granted);
    still.pictures_per_s = 0;
    let mut page = session_page(still);
    page.run();
    let wait = |page: &Page| page.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay;
    assert!((Duration::from_secs(5)..=Duration::from_secs(10)).contains(&wait(&page)), "{:?}", wait(&page));
    // The rate of a file is looked at more often.
    let mut page = session_page(busy_session());
    page.run();
    assert!(wait(&page) <= Duration::from_secs(1), "{:?}", wait(&page));
}
