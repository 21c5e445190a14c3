//! Answers that give a power count only when a person pressed; everything else counts always.

use crate::{GUARD_PASSES, is_answer, support};
use agent_core::Share;
use agent_core::origin::{Doubt, FakeOrigin, Means, Verdict};
use agent_core::proto::geometry::MonitorId;
use agent_core::proto::session::{Capability, RequestId};
use agent_core::view::{AgentCommand, AgentView, Page, QuestionKind, ShareReason};
use client_agent::answers::{Answers, gives};
use client_agent::screens::{Form, PAGE_SIZE, PANEL_WIDTH, ScreenState, screen_ui};
use egui::accesskit::{Action, ActionRequest, Role};
use egui::{Event, Key, Pos2, Rect, Vec2, ViewportId};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use i18n::{I18n, Language};
use ui_kit::{Density, Mode, theme};

const YES: AgentCommand = AgentCommand::Answer(RequestId(7), true);
const NO: AgentCommand = AgentCommand::Answer(RequestId(7), false);
const NOT_COUNTED: &str = "That did not count.";

struct Shown {
    view: AgentView,
    state: ScreenState,
    answers: Answers,
    commands: Vec<AgentCommand>,
}

fn window(view: AgentView, language: Language, origin: &FakeOrigin) -> Harness<'static, Shown> {
    let i18n = I18n::new(language);
    let size = if Form::of(&view) == Form::Page { PAGE_SIZE } else { Vec2::new(PANEL_WIDTH, 900.0) };
    let answers = Answers::new(Box::new(origin.clone()));
    let shown = Shown { view, state: ScreenState::default(), answers, commands: Vec::new() };
    let mut harness = Harness::builder()
        .with_size(size)
        .with_step_dt(0.1)
        .with_context_setup(|ctx| theme::install(ctx, Mode::Light, Density::Agent))
        .build_ui_state(
            move |ui, shown: &mut Shown| {
                let view = shown.view.clone();
                shown.answers.begin(ui.ctx(), &view);
                let commands = screen_ui(ui, &view, &i18n, &mut shown.state);
                shown.answers.heed_choice(&mut shown.state);
                shown.commands.extend(shown.answers.count(commands, &mut shown.state));
            },
            shown,
        );
    harness.run_steps(3 + GUARD_PASSES);
    harness
}

fn question() -> AgentView {
    support::with_panel(support::question(QuestionKind::Control), support::panel())
}

fn answers(harness: &Harness<'_, Shown>) -> Vec<AgentCommand> {
    harness.state().commands.iter().filter(|command| is_answer(command)).cloned().collect()
}

/// A program asks the control of that name for something.
fn ask(harness: &Harness<'_, Shown>, name: &str, action: Action) {
    let (target_node, target_tree) = harness.get_by_label(name).accesskit_node().locate();
    harness.event(Event::AccessKitActionRequest(ActionRequest { action, target_tree, target_node, data: None }));
}

fn to_the_yes(harness: &mut Harness<'_, Shown>) {
    for _ in 0..8 {
        if harness.get_by_label("Allow").is_focused() {
            return;
        }
        harness.key_press(Key::Tab);
        harness.run_steps(3);
    }
    panic!("the tab key does not reach the yes");
}

#[test]
fn a_yes_that_is_not_a_persons_does_not_count_and_the_screen_says_so() {
    let origin = FakeOrigin::new(Verdict::Refused(Doubt::ProgramPressed));
    let mut harness = window(question(), Language::English, &origin);
    assert!(harness.query_by_label_contains(NOT_COUNTED).is_none());
    harness.get_by_label("Allow").click();
    harness.run_steps(3);
    assert_eq!(answers(&harness), []);
    harness.get_by_label_contains(NOT_COUNTED);
    // A screen reader says what has the focus, and why.
    let no = harness.get_by_label("Not now");
    assert!(no.is_focused());
    assert!(no.accesskit_node().description().is_some_and(|said| said.starts_with(NOT_COUNTED)));

    origin.set(Verdict::Genuine);
    harness.get_by_label("Allow").click();
    harness.run_steps(3);
    assert_eq!(answers(&harness), [YES]);
    assert!(harness.query_by_label_contains(NOT_COUNTED).is_none());
    assert_eq!(origin.asked(), [Means::Pointer; 2]);
}

#[test]
fn by_which_means_is_asked_for_the_means_that_was_used() {
    let origin = FakeOrigin::new(Verdict::Genuine);
    let mut harness = window(question(), Language::English, &origin);
    to_the_yes(&mut harness);
    harness.key_press(Key::Space);
    harness.run_steps(3);
    assert_eq!((answers(&harness), origin.asked()), (vec![YES], vec![Means::Keyboard]));
}

#[test]
fn nothing_that_takes_a_power_away_is_asked_for_its_origin() {
    let origin = FakeOrigin::new(Verdict::Refused(Doubt::Blind));
    let panel = || support::with_panel(Page::Session, support::panel());
    let who = || support::page(Page::WhoAsks { operator: support::operator(), check_word: "girasole".into() });
    let rows = [
        (question(), "Not now", NO),
        (question(), "This is a scam: close now", AgentCommand::ReportScam),
        (panel(), "Pause", AgentCommand::Pause),
        (question(), "End the help now", AgentCommand::End),
        (panel(), "End the help now", AgentCommand::End),
        (panel(), "Uses mouse and keyboard", AgentCommand::Revoke(Capability::Control)),
        (who(), "No, leave", AgentCommand::RecogniseOperator(false)),
    ];
    for (view, name, expected) in rows {
        for by_request in [false, true] {
            let mut harness = window(view.clone(), Language::English, &origin);
            if by_request {
                ask(&harness, name, Action::Click);
            } else {
                harness.get_by_label(name).click();
            }
            harness.run_steps(3);
            assert!(
                harness.state().commands.contains(&expected),
                "{name} {by_request}: {:?}",
                harness.state().commands
            );
        }
    }
    assert_eq!(origin.asked(), []);
}

#[test]
fn everything_that_gives_a_power_is_asked_for_its_origin() {
    let who = support::page(Page::WhoAsks { operator: support::operator(), check_word: "girasole".into() });
    let operator = support::operator;
    let terms = support::page(Page::Terms { operator: operator(), terms: support::terms() });
    let share = support::page(Page::Share { operator: operator(), choices: support::one_choice() });
    let unseen = support::page(Page::Unseen { operator: operator() });
    let barred = support::with_panel(Page::Session, support::barred_panel());
    let ask = |kind| support::page(support::question(kind));
    let rows = [
        (who, "Yes, it is this person"),
        (ask(QuestionKind::View), "Show the screen"),
        (question(), "Allow"),
        (ask(support::receive()), "Receive the file"),
        (ask(support::give()), "Give the file"),
        (barred, "Let them ask again: Uses mouse and keyboard"),
        (terms, "I accept"),
        (share, "Continue"),
        (unseen, "Go on sharing"),
        (support::with_panel(Page::Session, support::paused_panel()), "Go on"),
    ];
    for (view, name) in rows {
        let origin = FakeOrigin::new(Verdict::Refused(Doubt::NotPressed));
        let mut harness = window(view, Language::English, &origin);
        while harness.query_by_label("Read the rest").is_some() {
            harness.get_by_label("Read the rest").click();
            harness.run_steps(8);
        }
        harness.get_by_label(name).click();
        harness.run_steps(3);
        assert_eq!(origin.asked(), [Means::Pointer], "{name}");
        assert!(!harness.state().commands.iter().any(gives), "{name}");
        harness.get_by_label_contains(NOT_COUNTED);
        origin.set(Verdict::Genuine);
        harness.get_by_label(name).click();
        harness.run_steps(3);
        assert!(harness.state().commands.iter().any(gives), "{name}");
    }
}

#[test]
fn a_request_through_the_accessibility_tree_gives_nothing() {
    let origin = FakeOrigin::new(Verdict::Genuine);
    let mut harness = window(question(), Language::English, &origin);
    ask(&harness, "Allow", Action::Click);
    harness.run_steps(3);
    assert_eq!(answers(&harness), []);
    harness.get_by_label_contains(NOT_COUNTED);

    // A program puts the yes under the next key of somebody who writes something else.
    ask(&harness, "Allow", Action::Focus);
    harness.run_steps(3);
    assert!(harness.get_by_label("Allow").is_focused());
    harness.key_press(Key::Space);
    harness.run_steps(3);
    assert_eq!(answers(&harness), []);
    assert!(harness.get_by_label("Not now").is_focused());

    // A person who uses a screen reader presses a key on what they have gone to by keys.
    to_the_yes(&mut harness);
    harness.key_press(Key::Space);
    harness.run_steps(3);
    assert_eq!(answers(&harness), [YES]);
}

#[test]
fn a_click_on_a_window_that_has_just_come_there_does_not_count() {
    let origin = FakeOrigin::new(Verdict::Genuine);
    let mut harness = window(question(), Language::English, &origin);
    for left in [0.0, 100.0] {
        let place = Rect::from_min_size(Pos2::new(left, 50.0), PAGE_SIZE);
        harness.input_mut().viewports.get_mut(&ViewportId::ROOT).unwrap().outer_rect = Some(place);
        harness.run_steps(1);
    }
    harness.get_by_label("Allow").click();
    harness.run_steps(3);
    assert_eq!(answers(&harness), []);
    harness.get_by_label_contains("just moved");
    to_the_yes(&mut harness);
    harness.key_press(Key::Space);
    harness.run_steps(3);
    assert_eq!(answers(&harness), [YES]);
}

#[test]
fn what_is_said_of_an_answer_that_did_not_count_fits_in_both_languages() {
    let doubts = [Doubt::NotPressed, Doubt::ProgramPressed, Doubt::ProgramPointed, Doubt::Blind];
    for language in Language::ALL {
        let not_counted = I18n::new(language).text("refused-blind");
        for doubt in doubts {
            let origin = FakeOrigin::new(Verdict::Refused(doubt));
            let mut harness = window(question(), language, &origin);
            let yes = I18n::new(language).text("ask-control-yes");
            harness.get_by_role_and_label(Role::Button, &yes).click();
            harness.run_steps(4);
            let said = harness.get_by_label_contains(&not_counted).rect();
            assert!(said.left() >= 0.0 && said.right() <= PAGE_SIZE.x, "{language:?} {doubt:?} {said:?}");
            for node in harness.root().children_recursive() {
                if node.accesskit_node().role() == Role::Button {
                    let rect = node.rect();
                    assert!(rect.bottom() <= PAGE_SIZE.y && rect.height() >= 30.0, "{language:?} {doubt:?} {rect:?}");
                }
            }
        }
    }
}

#[test]
fn the_next_page_does_not_speak_of_the_answer_before() {
    let origin = FakeOrigin::new(Verdict::Refused(Doubt::NotPressed));
    let mut harness = window(question(), Language::English, &origin);
    harness.get_by_label("Allow").click();
    harness.run_steps(3);
    harness.get_by_label_contains(NOT_COUNTED);
    harness.state_mut().view = support::with_panel(Page::Session, support::panel());
    harness.run_steps(3);
    assert!(harness.query_by_label_contains(NOT_COUNTED).is_none());
}

#[test]
fn a_choice_of_what_to_share_that_a_program_made_is_taken_back() {
    let origin = FakeOrigin::new(Verdict::Genuine);
    let choices = support::choices(ShareReason::First);
    let page = support::page(Page::Share { operator: support::operator(), choices });
    let mut harness = window(page, Language::English, &origin);
    harness.get_by_role_and_label(Role::RadioButton, "Main screen, Only this one").click();
    harness.run_steps(3);
    origin.set(Verdict::Refused(Doubt::ProgramPressed));
    let second = "Screen 2, Only this one";
    harness.get_by_role_and_label(Role::RadioButton, second).click();
    harness.run_steps(3);
    harness.get_by_label_contains(NOT_COUNTED);
    origin.set(Verdict::Genuine);
    harness.get_by_label("Continue").click();
    harness.run_steps(3);
    let main = AgentCommand::Share(Share::Monitor(MonitorId(0)));
    assert!(harness.state().commands.contains(&main), "{:?}", harness.state().commands);
}
