//! What an operator finds before the first key, and can do there: by name, and by keyboard alone.

use crate::common::{PROBLEMS, answer, gate, locked, requested};
use crate::{Page, world_page};
use console_core::gate::{Busy, GateCommand, GateDone, GateProblem, GateStage, GateView, Secret};
use console_core::proto::session::CertificateProblem;
use egui::{Event, Key};
use egui_kittest::Node;
use egui_kittest::kittest::{NodeT, Queryable};
use i18n::Language;
use operator_console::app::{SMALLEST_WINDOW, WINDOW_SIZE};
use operator_console::screens::{Effect, ScreenState};
use std::time::{Duration, Instant};

fn page(view: GateView) -> Page {
    world_page(None, view, Language::English, WINDOW_SIZE)
}

fn done(page: &mut Page) -> Vec<GateCommand> {
    page.run_steps(3);
    let effects = std::mem::take(&mut page.state_mut().state.effects);
    let command = |effect| match effect {
        Effect::Gate(command) => command,
        _ => panic!("another effect"),
    };
    effects.into_iter().map(command).collect()
}

fn press(page: &mut Page, key: Key) {
    page.key_press(key);
    page.run_steps(2);
}

fn type_text(page: &mut Page, text: &str) {
    page.event(Event::Text(text.to_owned()));
    page.run_steps(2);
}

fn click(page: &mut Page, label: &str) -> Vec<GateCommand> {
    page.get_by_label(label).click();
    done(page)
}

/// The field of this name, and not the words above it.
pub(crate) fn field<'a>(page: &'a Page, name: &'a str) -> Node<'a> {
    let is_field = |node: &Node<'_>| node.accesskit_node().is_text_input();
    page.get_all_by_label(name).find(is_field).unwrap()
}

fn secret(text: &str) -> Secret {
    text.to_owned().into()
}

#[test]
fn an_operator_signs_in_by_keyboard_alone() {
    let mut page = page(gate(locked()));
    assert!(page.query_all_by_label("Giulia Rinaldi").count() > 0);
    assert!(field(&page, "Your password").is_focused());
    press(&mut page, Key::Enter);
    assert!(done(&mut page).is_empty(), "nothing was typed");
    field(&page, "Your password").focus();
    page.run_steps(2);
    type_text(&mut page, "Tre-querce-7");
    press(&mut page, Key::Enter);
    assert_eq!(done(&mut page), [GateCommand::SignIn(secret("Tre-querce-7"))]);

    // Wrong: the field is empty and has the keyboard again; this time the button is pressed.
    page.state_mut().gate.problem = Some(GateProblem::WrongPassword { left: 2 });
    page.run_steps(3);
    page.get_by_label_contains("2 tries are left");
    assert!(field(&page, "Your password").is_focused());
    type_text(&mut page, "Tre-querce-8");
    press(&mut page, Key::Tab);
    assert!(page.get_by_label("Sign in").is_focused());
    press(&mut page, Key::Enter);
    assert_eq!(done(&mut page), [GateCommand::SignIn(secret("Tre-querce-8"))]);
}

#[test]
fn a_password_is_never_shown_nor_read_out() {
    let mut page = page(gate(locked()));
    type_text(&mut page, "Tre-querce-7");
    assert!(page.query_by_value("Tre-querce-7").is_none());
    for node in page.root().children_recursive() {
        assert!(!format!("{:?}", node.accesskit_node().value()).contains("querce"));
    }
}

#[test]
fn a_password_that_was_given_cannot_be_brought_back() {
    let mut page = page(gate(locked()));
    // As if each key were pressed long after the other, so that each is a step of its own.
    for part in ["Tre-", "querce-", "7"] {
        type_text(&mut page, part);
        page.run_steps(90);
    }
    press(&mut page, Key::Enter);
    assert_eq!(done(&mut page).len(), 1);
    for _ in 0..3 {
        page.key_press_modifiers(egui::Modifiers::COMMAND, Key::Z);
        page.run_steps(2);
    }
    press(&mut page, Key::Enter);
    assert!(done(&mut page).is_empty());
}

#[test]
fn no_password_is_taken_while_one_is_tried_and_after_too_many_wrong_ones() {
    let mut trying = page(GateView { busy: Some(Busy::SigningIn), ..gate(locked()) });
    trying.get_by_label("Opening your vault...");
    type_text(&mut trying, "Tre-querce-7");
    press(&mut trying, Key::Enter);
    assert!(done(&mut trying).is_empty());

    let mut waiting = page(gate(locked()));
    let until = waiting.state().now + Duration::from_secs(28);
    waiting.state_mut().gate.stage = GateStage::Locked { name: "Giulia Rinaldi".to_owned(), until: Some(until) };
    waiting.state_mut().gate.problem = Some(GateProblem::WrongPassword { left: 0 });
    waiting.run_steps(2);
    waiting.get_by_label_contains("Check Caps Lock, and try again in 28 seconds");
    assert!(waiting.query_by_label_contains("The password is wrong").is_none(), "what hinders is told once");
    press(&mut waiting, Key::Enter);
    assert!(done(&mut waiting).is_empty());
}

#[test]
fn a_key_is_made_by_keyboard_alone() {
    let mut page = page(gate(GateStage::Empty));
    for text in ["Giulia Rinaldi", "Tre-querce-7", "Tre-querce-7"] {
        type_text(&mut page, text);
        if text == "Giulia Rinaldi" {
            assert!(field(&page, "Your name and surname, as people should see them").is_focused());
        }
        press(&mut page, Key::Tab);
    }
    press(&mut page, Key::Enter);
    let (password, again) = (secret("Tre-querce-7"), secret("Tre-querce-7"));
    let expected = GateCommand::MakeKey { name: "Giulia Rinaldi".to_owned(), password, again };
    assert_eq!(done(&mut page), [expected]);
    page.state_mut().gate.problem = Some(GateProblem::PasswordCommon);
    page.run_steps(3);
    assert!(field(&page, "New password").is_focused(), "to be typed again");
}

#[test]
fn what_is_wrong_with_a_new_password_is_told_at_its_field() {
    let mut page = page(gate(GateStage::Empty));
    assert!(field(&page, "Your name and surname, as people should see them").is_focused());
    press(&mut page, Key::Escape);
    page.state_mut().gate.problem = Some(GateProblem::PasswordShort);
    page.state_mut().state = ScreenState::default();
    page.run_steps(3);
    assert!(field(&page, "New password").is_focused(), "also where no name is there yet");
    let told = page.get_by_label_contains("The password is too short").rect();
    let (first, again) = (field(&page, "New password").rect(), field(&page, "New password, once more").rect());
    assert!(first.bottom() < told.top() && told.bottom() < again.top());
}

#[test]
fn the_step_that_is_next_stands_out_and_one_that_is_done_says_so() {
    let mut page = page(gate(requested()));
    assert!(page.query_by_label("saved").is_none());
    page.state_mut().gate.done = Some(GateDone::RequestSaved("/tmp/giulia-rinaldi.request".into()));
    page.run_steps(2);
    page.get_by_label("saved");
    // What came of the answer does not undo that.
    page.state_mut().gate.done = None;
    page.state_mut().gate.problem = Some(GateProblem::NotAnAnswer);
    page.run_steps(2);
    page.get_by_label("saved");
    let last = page.get_by_label("Open the answer").rect();
    assert!(last.bottom() < WINDOW_SIZE[1], "all three steps are in sight, also under a word of what went wrong");
}

#[test]
fn the_request_is_saved_and_the_answer_taken() {
    let mut page = page(gate(requested()));
    page.get_by_label("3FA1 90C2 77DE 0B54 E618 2C9A");
    page.state_mut().state.gate.choose_folder("/tmp".as_ref());
    assert_eq!(click(&mut page, "Save the request"), [GateCommand::SaveRequest("/tmp".into())]);
    page.state_mut().state.gate.choose_answer("/tmp/giulia.enrolment".as_ref());
    page.run_steps(1);
    assert_eq!(click(&mut page, "Open the answer"), [GateCommand::Import("/tmp/giulia.enrolment".into())]);
    page.get_by_label("Browse for the answer...").click();
    page.run_steps(2);
    assert!(page.state().state.effects == [Effect::BrowseAnswer]);
}

#[test]
fn an_organisation_is_taken_only_by_its_domain_and_after_a_yes() {
    for (label, expected) in [("Yes, this is it", GateCommand::Accept), ("No, it is another", GateCommand::Decline)] {
        let mut page = page(gate(GateStage::Confirm(answer())));
        page.get_by_label("comune.rivalta.example");
        assert!(page.get_by_label("No, it is another").is_focused(), "the safe one");
        assert_eq!(click(&mut page, label), [expected]);
    }
}

#[test]
fn both_answers_about_an_organisation_are_in_sight_in_the_lowest_window() {
    const LOW: [f32; 2] = [640.0, 400.0];
    let mut page = world_page(None, gate(GateStage::Confirm(answer())), Language::Italian, LOW);
    page.run_steps(40);
    for label in ["No, è un’altra", "Sì, è questa"] {
        let place = page.get_by_label(label).rect();
        assert!(place.top() > 0.0 && place.bottom() < LOW[1] - 16.0, "{label}: {place}");
    }
}

#[test]
fn a_renewal_is_offered_where_the_certificate_is_the_problem() {
    let mut quiet = page(gate(locked()));
    assert!(quiet.query_by_label("Open the answer").is_none());
    click(&mut quiet, "Renew the certificate...");
    quiet.get_by_label("Open the answer");
    let mut page = page(gate(locked()));
    for problem in PROBLEMS {
        page.state_mut().gate.problem = Some(GateProblem::Certificate(problem));
        page.run_steps(1);
        page.get_by_label("Open the answer");
    }
    page.state_mut().gate.problem = Some(GateProblem::WrongPassword { left: 1 });
    page.run_steps(1);
    assert!(page.query_by_label("Open the answer").is_none());
}

#[test]
fn where_no_password_helps_the_renewal_comes_first_and_stays_there() {
    let mut page = page(gate(locked()));
    type_text(&mut page, "Tre-querce-7");
    press(&mut page, Key::Enter);
    assert_eq!(done(&mut page).len(), 1);
    page.state_mut().gate.problem = Some(GateProblem::Certificate(CertificateProblem::Expired));
    page.run_steps(3);
    let is_first =
        |page: &Page| page.get_by_label("Save the request").rect().bottom() < field(page, "Your password").rect().top();
    assert!(is_first(&page));
    assert!(page.get_by_label("Save the request").is_focused());
    press(&mut page, Key::Enter);
    assert!(matches!(done(&mut page)[..], [GateCommand::SaveRequest(_)]));
    page.state_mut().gate.problem = None;
    page.state_mut().gate.done = Some(GateDone::RequestSaved("/tmp/giulia-rinaldi.request".into()));
    page.run_steps(3);
    assert!(is_first(&page), "nothing jumps once it is saved");
}

#[test]
fn every_page_and_problem_has_words_in_every_language_at_the_smallest_size() {
    let path = || "/home/giulia/.local/share/ponte-console/operator.ponte-vault".into();
    let mut problems = vec![
        GateProblem::BadName,
        GateProblem::PasswordShort,
        GateProblem::PasswordPlain,
        GateProblem::PasswordCommon,
        GateProblem::PasswordIsName,
        GateProblem::PasswordsDiffer,
        GateProblem::PasswordOld,
        GateProblem::WrongPassword { left: 0 },
        GateProblem::WrongPassword { left: 1 },
        GateProblem::VaultDamaged(path()),
        GateProblem::VaultNewer(path()),
        GateProblem::NotRead(path()),
        GateProblem::NotWritten(path()),
        GateProblem::NoRequest,
        GateProblem::NotAnAnswer,
        GateProblem::AnswerNewer,
        GateProblem::AnswerForAnotherKey,
        GateProblem::AnswerForeign,
        GateProblem::NoOrganisation(path()),
        GateProblem::OrganisationDamaged,
        GateProblem::OrganisationNewer,
        GateProblem::OrganisationExpired,
        GateProblem::System,
    ];
    problems.extend(PROBLEMS.map(GateProblem::Certificate));
    let until = Some(Instant::now() + Duration::from_secs(9));
    let waiting = GateStage::Locked { name: "Giulia Rinaldi".to_owned(), until };
    let stages = [GateStage::Empty, requested(), GateStage::Confirm(answer()), locked(), waiting, GateStage::Unusable];
    let busy = [None, Some(Busy::MakingKey), Some(Busy::SigningIn), Some(Busy::ChangingPassword)];
    let done = [GateDone::RequestSaved(path()), GateDone::AnswerTaken, GateDone::PasswordChanged];
    for language in Language::ALL {
        let mut page = world_page(None, gate(GateStage::Empty), language, SMALLEST_WINDOW);
        let mut look = |view: GateView| {
            page.state_mut().gate = view.clone();
            page.run_steps(1);
            assert!(page.query_by_label_contains("[console").is_none(), "{view:?} in {language:?}");
        };
        for stage in &stages {
            for busy in busy {
                look(GateView { busy, ..gate(stage.clone()) });
            }
        }
        for problem in &problems {
            look(GateView { problem: Some(problem.clone()), ..gate(locked()) });
        }
        for done in &done {
            look(GateView { done: Some(done.clone()), ..gate(locked()) });
        }
        let mut sentences: Vec<String> =
            problems.iter().map(|problem| operator_console::gate_words::problem(&page.state().i18n, problem)).collect();
        sentences.sort();
        sentences.dedup();
        assert_eq!(sentences.len(), problems.len(), "each its own");
    }
}
