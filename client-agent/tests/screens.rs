//! Every page in both languages: its buttons are found by name, say the right thing, and fit.

mod counted;
mod ended;
mod in_sight;
mod moving;
mod support;

use agent_core::proto::geometry::MonitorId;
use agent_core::proto::session::{Capability, CertificateProblem, EndReason, RequestId, TransferId};
use agent_core::view::{AgentCommand, AgentView, Failure, Page, PanelView, QuestionKind, ShareReason, TransferState};
use agent_core::{Share, WindowId};
use client_agent::app::on_close;
use client_agent::screens::{Form, PAGE_SIZE, PANEL_WIDTH, ReportState, ScreenState, screen_ui};
use egui::accesskit::Role;
use egui::{Key, Pos2, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use i18n::{I18n, Language};
use ui_kit::{Density, Mode, theme};

/// What a test's window shows and what came back from it.
struct Shown {
    view: AgentView,
    state: ScreenState,
    commands: Vec<AgentCommand>,
}

/// A tenth of a second a pass: this many and a yes counts.
const GUARD_PASSES: usize = 6;

fn window(view: AgentView, language: Language) -> Harness<'static, Shown> {
    window_in(view, I18n::new(language))
}

fn window_in(view: AgentView, i18n: I18n) -> Harness<'static, Shown> {
    let size = match Form::of(&view) {
        Form::Page => PAGE_SIZE,
        Form::Panel => Vec2::new(PANEL_WIDTH, 900.0),
    };
    let shown = Shown { view, state: ScreenState::default(), commands: Vec::new() };
    let mut harness = Harness::builder()
        .with_size(size)
        .with_step_dt(0.1)
        .with_context_setup(|ctx| theme::install(ctx, Mode::Light, Density::Agent))
        .build_ui_state(
            move |ui, shown: &mut Shown| {
                let view = shown.view.clone();
                shown.commands.extend(screen_ui(ui, &view, &i18n, &mut shown.state));
            },
            shown,
        );
    harness.run_steps(3);
    harness
}

/// Scrolls to the end of the words, as far as a page demands that.
fn read_on(harness: &mut Harness<'static, Shown>) {
    for _ in 0..20 {
        if harness.query_by_label("Read the rest").is_none() {
            return;
        }
        harness.get_by_label("Read the rest").click();
        harness.run_steps(GUARD_PASSES);
    }
    panic!("the end never comes");
}

/// The commands after a deliberate press on the button `name`.
fn press(view: AgentView, name: &str) -> Vec<AgentCommand> {
    let mut harness = window(view, Language::English);
    harness.run_steps(GUARD_PASSES + 2);
    read_on(&mut harness);
    harness.get_by_role_and_label(Role::Button, name).click();
    harness.run_steps(2);
    harness
        .state_mut()
        .commands
        .drain(..)
        .filter(|command| !matches!(command, AgentCommand::QuestionShown(_)))
        .collect()
}

#[test]
fn everything_fits_in_both_languages_and_no_message_is_missing() {
    let languages = Language::ALL.map(I18n::new).into_iter().chain(Language::ALL.map(I18n::stretched));
    for (language, i18n) in ["it", "en", "it stretched", "en stretched"].into_iter().zip(languages) {
        let mut harness = window_in(support::page(Page::Connecting), i18n);
        for (name, view) in support::views() {
            let size = if Form::of(&view) == Form::Page { PAGE_SIZE } else { Vec2::new(PANEL_WIDTH, 900.0) };
            harness.set_size(size);
            harness.state_mut().view = view;
            harness.run_steps(2);
            let mut words = 0;
            for node in harness.root().children_recursive() {
                let role = node.accesskit_node().role();
                if !matches!(role, Role::Button | Role::Label | Role::Heading | Role::Switch | Role::TextInput) {
                    continue;
                }
                words += 1;
                let rect = node.rect();
                let label = format!("{name} in {language:?}: {:?} {:?}", node.accesskit_node().label(), node.value());
                assert!(!label.contains('['), "{label}");
                assert!(rect.left() >= 0.0 && rect.right() <= size.x + 0.5, "{label} {rect:?}");
                if role == Role::Button {
                    assert!(rect.bottom() <= size.y, "{label} {rect:?}");
                    assert!(rect.height() >= 30.0 && rect.width() >= 44.0, "{label} {rect:?}");
                }
            }
            assert!(words > 0, "{name} is empty");
        }
    }
}

#[test]
fn buttons_say_what_they_are_for() {
    let key = || support::page(Page::EnterKey { problem: None });
    let who = || support::page(Page::WhoAsks { operator: support::operator(), check_word: "girasole".into() });
    let ask = |kind| support::with_panel(support::question(kind), support::panel());
    let panel = || support::with_panel(Page::Session, support::panel());
    let ended = || support::page(Page::Ended(support::end(EndReason::ClientEnded)));
    let terms = || support::page(Page::Terms { operator: support::operator(), terms: support::terms() });
    let share =
        |reason| support::page(Page::Share { operator: support::operator(), choices: support::choices(reason) });
    let only = || support::page(Page::Share { operator: support::operator(), choices: support::one_choice() });
    let unseen = || support::page(Page::Unseen { operator: support::operator() });
    let id = RequestId(7);
    let rows = [
        (key(), "Leave", AgentCommand::Quit),
        (key(), "Continue", AgentCommand::SubmitKey(String::new())),
        (support::page(Page::Connecting), "Leave", AgentCommand::Quit),
        (who(), "No, leave", AgentCommand::RecogniseOperator(false)),
        (who(), "Yes, it is this person", AgentCommand::RecogniseOperator(true)),
        (support::page(Page::Waiting { operator: support::operator() }), "Leave", AgentCommand::End),
        (support::page(support::question(QuestionKind::View)), "Do not show", AgentCommand::Answer(id, false)),
        (support::page(support::question(QuestionKind::View)), "Show the screen", AgentCommand::Answer(id, true)),
        (ask(QuestionKind::Control), "Not now", AgentCommand::Answer(id, false)),
        (ask(QuestionKind::Control), "Allow", AgentCommand::Answer(id, true)),
        (ask(QuestionKind::Control), "This is a scam: close now", AgentCommand::ReportScam),
        (who(), "This is a scam: close now", AgentCommand::ReportScam),
        (terms(), "This is a scam: close now", AgentCommand::ReportScam),
        (terms(), "I do not accept", AgentCommand::AcceptTerms(false)),
        (terms(), "I accept", AgentCommand::AcceptTerms(true)),
        (share(ShareReason::First), "Leave", AgentCommand::End),
        (only(), "Continue", AgentCommand::Share(Share::Monitor(MonitorId(0)))),
        (share(ShareReason::First), "This is a scam: close now", AgentCommand::ReportScam),
        (share(ShareReason::Change), "Keep it as it was", AgentCommand::KeepShare),
        (share(ShareReason::Gone), "End", AgentCommand::End),
        (unseen(), "Stay paused", AgentCommand::Pause),
        (unseen(), "Go on sharing", AgentCommand::Resume),
        (panel(), "Pause", AgentCommand::Pause),
        (panel(), "Change what is shown", AgentCommand::ChangeShare),
        (support::with_panel(Page::Session, support::paused_panel()), "Go on", AgentCommand::Resume),
        (support::page(Page::Ended(support::rating())), "Skip", AgentCommand::SkipRating),
        (ask(QuestionKind::Control), "End the help now", AgentCommand::End),
        (ask(support::receive()), "Receive the file", AgentCommand::Answer(id, true)),
        (ask(support::give()), "Give the file", AgentCommand::Answer(id, true)),
        (panel(), "End the help now", AgentCommand::End),
        (panel(), "This is a scam: close now", AgentCommand::ReportScam),
        (support::page(Page::Waiting { operator: support::operator() }), "This is a scam: close now", {
            AgentCommand::ReportScam
        }),
        (support::page(Page::Ended(support::rating())), "It was a scam", AgentCommand::ReportScam),
        (ended(), "Close", AgentCommand::Quit),
        (support::page(Page::Ended(support::lost(true))), "Enter a new key", AgentCommand::NewKey),
        (support::page(Page::Ended(support::lost(false))), "Close", AgentCommand::End),
    ];
    for (view, button, command) in rows {
        assert_eq!(press(view, button), [command], "{button}");
    }
    assert_eq!(press(share(ShareReason::First), "Continue"), [], "where there is a choice, none is made before");
    for failure in support::FAILURES {
        assert_eq!(press(support::page(Page::Failed(failure)), "Close"), [AgentCommand::Quit]);
    }
    assert_eq!(press(support::page(Page::Failed(Failure::RelayUnreachable)), "Try again"), [AgentCommand::TryAgain]);
    // Where only another key helps the button says that.
    assert_eq!(press(support::page(Page::Failed(Failure::OperatorGone)), "Enter a new key"), [AgentCommand::TryAgain]);
}

#[test]
fn the_safe_answer_has_the_focus_and_neither_escape_nor_enter_says_yes() {
    let kinds = [QuestionKind::View, QuestionKind::Control, support::receive(), support::give()];
    for kind in kinds {
        let safe = if kind == QuestionKind::View { "Do not show" } else { "Not now" };
        for key in [Key::Escape, Key::Enter] {
            let mut harness = window(support::page(support::question(kind.clone())), Language::English);
            assert!(harness.get_by_label(safe).is_focused(), "{safe}");
            harness.run_steps(GUARD_PASSES);
            harness.key_press(key);
            harness.run_steps(2);
            let answers: Vec<_> =
                harness.state().commands.iter().filter(|command| matches!(command, AgentCommand::Answer(..))).collect();
            assert_eq!(answers, [&AgentCommand::Answer(RequestId(7), false)], "{kind:?} {key:?}");
        }
    }
}

#[test]
fn a_question_is_reported_once_and_only_after_it_was_drawn() {
    let i18n = I18n::new(Language::English);
    let view = support::page(support::question(QuestionKind::View));
    let shown = Shown { view, state: ScreenState::default(), commands: Vec::new() };
    let mut harness = Harness::builder()
        .with_size(PAGE_SIZE)
        .with_context_setup(|ctx| theme::install(ctx, Mode::Light, Density::Agent))
        .build_ui_state(
            move |ui, shown: &mut Shown| {
                let view = shown.view.clone();
                let frame = ui.ctx().cumulative_frame_nr();
                let commands = screen_ui(ui, &view, &i18n, &mut shown.state);
                assert!(frame > 0 || commands.is_empty(), "reported before it stood on the screen");
                shown.commands.extend(commands);
            },
            shown,
        );
    harness.run_steps(5);
    assert_eq!(harness.state().commands, [AgentCommand::QuestionShown(RequestId(7))]);
}

#[test]
fn the_key_is_typed_and_sent_without_touching_the_mouse() {
    let mut harness = window(support::page(Page::EnterKey { problem: None }), Language::Italian);
    assert!(harness.get_by_label("Chiave").is_focused());
    harness.get_by_label("Chiave").type_text("k7m 4qxp");
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(harness.state().commands, [AgentCommand::SubmitKey("K7M 4QXP".into())]);
}

#[test]
fn a_switch_takes_a_power_back_and_never_gives_one() {
    let mut harness = window(support::with_panel(Page::Session, support::panel()), Language::English);
    harness.get_by_label("Uses mouse and keyboard").click();
    harness.run_steps(2);
    assert_eq!(harness.state().commands, [AgentCommand::Revoke(Capability::Control)]);
    // What is not allowed has no switch at all, only words.
    assert!(harness.query_by_label("May send you files").is_none());
    harness.get_by_label("Nothing else is allowed: for anything more the operator must ask you first.");
}

#[test]
fn after_too_many_noes_only_the_person_lets_the_operator_ask_again() {
    let mut harness = window(support::with_panel(Page::Session, support::barred_panel()), Language::English);
    harness.get_by_label_contains("not asked any more");
    harness.get_by_label("Let them ask again: Uses mouse and keyboard").click();
    harness.run_steps(2);
    assert_eq!(harness.state().commands, [AgentCommand::AllowAsking(Capability::Control)]);
}

#[test]
fn a_line_of_chat_is_written_in_the_panel() {
    let mut harness = window(support::with_panel(Page::Session, support::busy_panel()), Language::English);
    harness.get_by_label("Chat, 2 new messages").click();
    harness.run_steps(3);
    harness.get_by_label("Chat");
    assert!(harness.get_by_label("Write here").is_focused());
    harness.get_by_label("Write here").type_text("Thank you");
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(harness.state().commands, [AgentCommand::SendChat("Thank you".into())]);
}

#[test]
fn the_next_session_begins_with_nothing_read_and_nothing_written() {
    let session = || support::with_panel(Page::Session, support::busy_panel());
    let mut harness = window(session(), Language::English);
    harness.get_by_label("Chat, 2 new messages").click();
    harness.run_steps(3);
    harness.get_by_label("Write here").type_text("only for Giulia");
    harness.run_steps(2);
    harness.state_mut().view = AgentView { page: Page::EnterKey { problem: None }, panel: None };
    harness.run_steps(3);
    harness.state_mut().view = session();
    harness.run_steps(3);
    harness.get_by_label("Chat, 2 new messages").click();
    harness.run_steps(3);
    assert!(harness.query_by_value("only for Giulia").is_none());
    // As many lines as are kept at most: the oldest has gone, and a new one is there.
    let mut panel = support::busy_panel();
    harness.get_by_label("Chat").click();
    harness.run_steps(3);
    let newest = agent_core::view::ChatLine { number: 3, ..panel.chat[2].clone() };
    panel.chat = panel.chat.iter().skip(1).cloned().chain([newest]).collect();
    harness.state_mut().view = support::with_panel(Page::Session, panel);
    harness.run_steps(3);
    harness.get_by_label("Chat, 1 new message");
}

#[test]
fn what_moves_stays_in_the_panel_with_its_stop_rate_and_time_left() {
    let mut panel = PanelView { reconnecting: false, ..support::busy_panel() };
    let done = |name: &str| support::transfer(name, true, TransferState::Done, None);
    let mut long = support::transfer("film.mp4", true, TransferState::Running, None);
    (long.id, long.size_bytes, long.done_bytes) = (TransferId(9), 10_000_000, 0);
    panel.transfers = [long, done("a.pdf"), done("b.pdf"), done("c.pdf"), done("d.pdf")].into();
    let mut harness = window(support::with_panel(Page::Session, panel.clone()), Language::English);
    let mut moved = panel.transfers.to_vec();
    moved[0].done_bytes = 4_000_000;
    panel.transfers = moved.into();
    harness.state_mut().view = support::with_panel(Page::Session, panel);
    harness.run_steps(60);
    harness.query_all_by_label_contains("/s").next().unwrap();
    harness.get_by_label("Stop: film.mp4");
    assert!(harness.query_by_label_contains("b.pdf").is_none(), "the oldest of the others give way");
    harness.get_by_label_contains("d.pdf");
    harness.get_by_label("Chat, 2 new messages").click();
    harness.run_steps(3);
    harness.get_by_label("Stop: film.mp4").click();
    harness.run_steps(2);
    assert_eq!(harness.state().commands, [AgentCommand::StopTransfer(TransferId(9))]);
}

#[test]
fn an_address_that_the_operator_wrote_is_asked_about_and_not_opened_by_pressing_it() {
    let mut panel = support::busy_panel();
    let line = panel.chat.first().cloned().unwrap();
    let text = "Apra https://comune.rivalta.example/moduli".into();
    panel.chat = panel.chat.iter().cloned().chain([agent_core::view::ChatLine { mine: false, text, ..line }]).collect();
    let mut harness = window(support::with_panel(Page::Session, panel), Language::English);
    harness.get_by_label("Chat, 3 new messages").click();
    harness.run_steps(3);
    harness.get_by_label_contains("Apra https://comune.rivalta.example/moduli").focus();
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    harness.get_by_label_contains("The page is of comune.rivalta.example.");
    harness.get_by_label("Not now").click();
    harness.run_steps(3);
    assert!(ui_kit::take_wanted_address(&harness.ctx).is_none());
    assert!(harness.query_by_label("Not now").is_none());
    assert_eq!(harness.state().commands, []);
    harness.get_by_label("Write here");
}

#[test]
fn closing_the_window_ends_a_session_and_quits_everything_else() {
    for (name, view) in support::views() {
        let over = matches!(
            view.page,
            Page::EnterOrganisation { .. }
                | Page::EnterKey { .. }
                | Page::Connecting
                | Page::Ended(_)
                | Page::Failed(_)
        );
        let live = !over;
        let expected = if live { AgentCommand::End } else { AgentCommand::Quit };
        assert_eq!(on_close(&view), expected, "{name}");
    }
}

#[test]
fn the_panel_gives_way_to_a_question_and_to_the_end() {
    let panel = support::panel;
    let end = Page::Ended(support::end(EndReason::OperatorEnded));
    assert_eq!(Form::of(&support::with_panel(Page::Session, panel())), Form::Panel);
    assert_eq!(Form::of(&support::with_panel(support::question(QuestionKind::Control), panel())), Form::Page);
    assert_eq!(Form::of(&support::with_panel(end, panel())), Form::Page);
    assert_eq!(Form::of(&support::page(Page::Connecting)), Form::Page);
}

#[test]
fn enter_pressed_twice_on_the_key_answers_nothing_on_the_next_page() {
    let mut harness = window(support::page(Page::EnterKey { problem: None }), Language::English);
    let who = Page::WhoAsks { operator: support::operator(), check_word: "girasole".into() };
    harness.state_mut().view = support::page(who);
    harness.run_steps(2);
    assert!(harness.get_by_label("No, leave").is_focused());
    for pass in 0..2 {
        harness.key_press(Key::Enter);
        harness.run_steps(1);
        assert_eq!(harness.state().commands, [], "pass {pass}");
    }
    harness.run_steps(6);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(harness.state().commands, [AgentCommand::RecogniseOperator(false)]);
}

const fn is_answer(command: &AgentCommand) -> bool {
    matches!(command, AgentCommand::Answer(..))
}

#[test]
fn nothing_is_shared_instead_before_it_was_chosen() {
    for reason in [ShareReason::Change, ShareReason::Gone] {
        let choices = support::choices(reason);
        let page = Page::Share { operator: support::operator(), choices };
        let mut harness = window(support::with_panel(page, support::panel()), Language::English);
        harness.run_steps(GUARD_PASSES);
        harness.get_by_label("Show this").click();
        harness.run_steps(2);
        assert_eq!(harness.state().commands, [], "{reason:?}");
        harness.get_by_label("Choose one of these first.");
        harness.get_by_role_and_label(Role::RadioButton, "Ricevuta - LibreOffice Writer").click_accesskit();
        harness.run_steps(2);
        harness.get_by_label("Show this").click();
        harness.run_steps(2);
        assert_eq!(harness.state().commands, [AgentCommand::Share(Share::Window(WindowId(7)))], "{reason:?}");
    }
}

#[test]
fn a_choice_whose_window_closed_is_none_any_more_and_nothing_takes_its_place() {
    for (reason, yes) in [(ShareReason::First, "Continue"), (ShareReason::Change, "Show this")] {
        let choices = support::choices(reason);
        let view = |choices| support::page(Page::Share { operator: support::operator(), choices });
        let mut harness = window(view(choices.clone()), Language::English);
        harness.run_steps(GUARD_PASSES);
        harness.get_by_role_and_label(Role::RadioButton, "Ricevuta - LibreOffice Writer").click_accesskit();
        harness.run_steps(2);
        let mut fewer = choices;
        fewer.windows.remove(0);
        harness.state_mut().view = view(fewer);
        harness.run_steps(2);
        harness.get_by_label(yes).click();
        harness.run_steps(2);
        assert_eq!(harness.state().commands, [], "{reason:?}");
        harness.get_by_label("Choose one of these first.");
    }
}

#[test]
fn a_second_press_on_pause_does_not_end_the_pause() {
    let mut harness = window(support::with_panel(Page::Session, support::panel()), Language::English);
    harness.get_by_label("Pause").click();
    harness.run_steps(1);
    harness.state_mut().view = support::with_panel(Page::Session, support::paused_panel());
    harness.run_steps(2);
    harness.get_by_label("Go on").click();
    harness.run_steps(1);
    assert_eq!(harness.state().commands, [AgentCommand::Pause]);
    harness.run_steps(8);
    harness.get_by_label("Go on").click();
    harness.run_steps(1);
    assert_eq!(harness.state().commands, [AgentCommand::Pause, AgentCommand::Resume]);
}

#[test]
fn the_engine_hears_when_the_pictures_to_choose_from_are_off_the_screen() {
    let choices = support::choices(ShareReason::Change);
    let page = Page::Share { operator: support::operator(), choices };
    let mut harness = window(support::with_panel(page, support::panel()), Language::English);
    harness.state_mut().view = support::with_panel(Page::Session, support::panel());
    harness.run_steps(2);
    assert_eq!(harness.state().commands, [], "the last pass with them was a moment ago");
    harness.run_steps(6);
    assert_eq!(harness.state().commands, [AgentCommand::ShareGone]);
}

#[test]
fn the_technical_log_is_saved_only_when_the_person_wants_it() {
    let mut harness = window(support::page(Page::Failed(Failure::RelayUnreachable)), Language::English);
    harness.get_by_label("Technical details").click();
    harness.run_steps(8);
    assert!(!harness.state().state.report.wanted);
    harness.get_by_label("Save for a technician").click();
    harness.run_steps(2);
    assert!(harness.state().state.report.wanted);
    harness.state_mut().state.report = ReportState { wanted: false, saved: Some(Err("disk full".into())) };
    harness.run_steps(2);
    harness.get_by_label_contains("disk full");
}

#[test]
fn only_a_real_drag_of_the_bar_moves_the_panel_and_never_one_from_the_red_x() {
    let moves = |from: Pos2, to: Pos2| {
        let mut harness = window(support::with_panel(Page::Session, support::panel()), Language::English);
        let mut moved = 0;
        let button = |pos, pressed| {
            let modifiers = egui::Modifiers::default();
            egui::Event::PointerButton { pos, button: egui::PointerButton::Primary, pressed, modifiers }
        };
        for event in
            [egui::Event::PointerMoved(from), button(from, true), egui::Event::PointerMoved(to), button(to, false)]
        {
            harness.event(event);
            harness.step();
            let commands = &harness.output().viewport_output[&egui::ViewportId::ROOT].commands;
            moved += commands.iter().filter(|command| **command == egui::ViewportCommand::StartDrag).count();
        }
        moved
    };
    let name = Pos2::new(60.0, 26.0);
    let harness = window(support::with_panel(Page::Session, support::panel()), Language::English);
    let end = harness.get_by_role_and_label(Role::Button, "End the help now").rect().center();
    assert_eq!(moves(name, name), 0, "a press is no drag");
    assert_eq!(moves(name, name + Vec2::new(30.0, 10.0)), 1);
    assert_eq!(moves(end, end), 0);
    assert_eq!(moves(end, end + Vec2::new(-30.0, 10.0)), 0, "the red X moves nothing");
}

#[test]
fn the_panel_says_how_long_a_yes_holds_as_the_question_did() {
    let mut harness = window(support::with_panel(Page::Session, support::shell_panel()), Language::English);
    harness.get_by_label("Any command, without asking again");
    assert!(harness.query_by_label("Asks you each time").is_none());
    // What may not even be asked any more is not asked each time either.
    harness.state_mut().view = support::with_panel(Page::Session, support::end_barred_panel());
    harness.run_steps(2);
    harness.get_by_label_contains("not asked any more");
    assert!(harness.query_by_label("Asks you each time").is_none());
}

#[test]
fn a_switch_does_not_say_that_somebody_sees_what_is_paused_or_broken_off() {
    let reconnecting = PanelView { reconnecting: true, ..support::panel() };
    let rows = [
        (support::panel(), "Sees this screen"),
        (PanelView { paused: false, ..support::paused_panel() }, "Sees one window"),
        (support::paused_panel(), "Will see one window again"),
        (reconnecting, "Will see this screen again"),
    ];
    for (panel, name) in rows {
        let mut harness = window(support::with_panel(Page::Session, panel), Language::English);
        harness.get_by_role_and_label(Role::Switch, name).click();
        harness.run_steps(2);
        assert_eq!(harness.state().commands, [AgentCommand::Revoke(Capability::View)], "{name}");
    }
}

#[test]
fn what_a_technician_needs_to_know_is_folded_away() {
    let failure = Failure::OperatorNotProven(CertificateProblem::NoProfile);
    let mut harness = window(support::page(Page::Failed(failure)), Language::English);
    assert!(harness.query_by_label_contains("certificate").is_none());
    harness.get_by_label("Technical details").click();
    harness.run_steps(8);
    harness.get_by_label_contains("certificate");
}
