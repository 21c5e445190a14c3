//! What must be in sight: all of a question before its yes, errors and choices in a small window, the safe answer
//! under the focus.

use crate::{GUARD_PASSES, Shown, is_answer, read_on, support, window};
use agent_core::proto::session::RequestId;
use agent_core::view::{AgentCommand, DomainProblem, FilesView, KeyProblem, Page, QuestionKind, ShareReason};
use client_agent::screens::PAGE_SIZE;
use egui::accesskit::Role;
use egui::{Key, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use i18n::{I18n, Language};

#[test]
fn there_is_no_yes_before_the_end_of_the_words_was_in_sight() {
    for size in [Vec2::new(635.0, 336.0), Vec2::new(360.0, 440.0), Vec2::new(440.0, 230.0)] {
        let view = support::with_panel(support::question(QuestionKind::Control), support::panel());
        let mut harness = window(view, Language::English);
        harness.set_size(size);
        harness.state_mut().view = support::page(Page::Connecting);
        harness.run_steps(2);
        harness.state_mut().view = support::with_panel(support::question(QuestionKind::Control), support::panel());
        harness.run_steps(6);
        let no = harness.get_by_label("Not now").rect();
        assert!(no.bottom() <= size.y, "{size:?} {no:?}");
        let mut steps = 0;
        while harness.query_by_label("Read the rest").is_some() {
            harness.get_by_label("Read the rest").click();
            harness.run_steps(6);
            steps += 1;
            assert!(steps < 20, "{size:?}: the end never comes");
            let said: Vec<_> = harness.state().commands.iter().filter(|said| is_answer(said)).collect();
            assert!(said.is_empty(), "{size:?}: {said:?}");
        }
        assert!(steps > 0, "{size:?}: everything fits");
        assert!(harness.get_by_label("Not now").is_focused(), "{size:?}");
        harness.get_by_label("Allow").click();
        harness.run_steps(2);
        let said: Vec<_> = harness.state().commands.iter().filter(|said| is_answer(said)).collect();
        assert_eq!(said, [&AgentCommand::Answer(RequestId(7), true)], "{size:?}");
    }
}

#[test]
fn what_was_in_sight_in_a_larger_window_only_must_be_read_on() {
    let view = support::with_panel(support::question(QuestionKind::Control), support::panel());
    let mut harness = window(view, Language::English);
    harness.run_steps(GUARD_PASSES + 2);
    harness.get_by_label("Allow");
    // As a window manager does with a new window that is higher than the screen.
    harness.set_size(Vec2::new(360.0, 440.0));
    harness.run_steps(GUARD_PASSES);
    assert!(harness.query_by_label("Allow").is_none());
    read_on(&mut harness);
    harness.get_by_label("Allow");
    // Once it was read, a larger window and back again change nothing.
    for size in [Vec2::new(460.0, 680.0), Vec2::new(360.0, 440.0)] {
        harness.set_size(size);
        harness.run_steps(GUARD_PASSES);
        harness.get_by_label("Allow");
    }
}

/// What of these names stands on the screen above the answers.
fn names_in_sight(harness: &Harness<'static, Shown>, names: &[String]) -> Vec<usize> {
    let answers = harness.get_by_label("This is a scam: close now").rect().top();
    let place = |name: &String| harness.query_by_label(name).map(|node| node.rect());
    let in_sight = |name| place(name).is_some_and(|rect| rect.top() >= 86.0 && rect.bottom() <= answers);
    (0..names.len()).filter(|at| in_sight(&names[*at])).collect()
}

#[test]
fn there_is_no_yes_to_many_files_before_each_of_their_names_was_in_sight() {
    let names: Vec<String> = (1..=40).map(|number| format!("Documenti/foglio {number}.odt")).collect();
    let files = FilesView { names: names.clone().into(), files: 43, ..support::files(0) };
    let view = support::with_panel(support::question(QuestionKind::GiveFiles(files)), support::panel());
    for size in [PAGE_SIZE, Vec2::new(360.0, 440.0)] {
        let mut harness = window(view.clone(), Language::English);
        harness.set_size(size);
        harness.state_mut().view = support::page(Page::Connecting);
        harness.run_steps(2);
        harness.state_mut().view = view.clone();
        harness.run_steps(GUARD_PASSES);
        let mut seen = names_in_sight(&harness, &names);
        // To jump to the end is not to have seen what is between.
        harness.key_press(Key::End);
        harness.run_steps(GUARD_PASSES);
        harness.get_by_label_contains("and 3 more");
        assert!(harness.query_by_label("Give the files").is_none(), "{size:?}");
        while harness.query_by_label("Read the rest").is_some() {
            harness.get_by_label("Read the rest").click();
            harness.run_steps(GUARD_PASSES);
            seen.extend(names_in_sight(&harness, &names));
            assert!(seen.len() < 1000, "{size:?}: the end never comes");
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), names.len(), "{size:?}: {seen:?}");
        harness.get_by_label("Give the files").click();
        harness.run_steps(2);
        assert!(harness.state().commands.contains(&AgentCommand::Answer(RequestId(7), true)), "{size:?}");
    }
}

#[test]
fn nobody_is_sent_on_to_read_empty_space() {
    let view = support::with_panel(support::question(support::end_process(false)), support::panel());
    let mut harness = window(view.clone(), Language::English);
    let mut sent_on = 0;
    for height in (440_u16..680).step_by(5) {
        harness.set_size(Vec2::new(460.0, f32::from(height)));
        harness.state_mut().view = support::page(Page::Connecting);
        harness.run_steps(2);
        harness.state_mut().view = view.clone();
        harness.run_steps(2);
        if harness.query_by_label("Read the rest").is_some() {
            sent_on += 1;
            let words = harness.get_by_label("Your yes holds for this program only.").rect().bottom();
            // Sixteen points above the answers is the edge of what scrolls.
            let edge = harness.get_by_label("This is a scam: close now").rect().top() - 16.0;
            assert!(words > edge, "{height}: {words} {edge}");
        }
    }
    assert!(sent_on > 0 && harness.query_by_label("Read the rest").is_none(), "{sent_on}");
}

#[test]
fn in_the_smallest_window_an_error_stands_whole_above_the_field_that_it_speaks_of() {
    let domain = |problem| Page::EnterOrganisation { problem: Some(problem) };
    let key = |problem| Page::EnterKey { problem: Some(problem) };
    let rows = [
        (domain(DomainProblem::Malformed), "domain-field", "domain-malformed"),
        (domain(DomainProblem::Unreachable), "domain-field", "domain-unreachable"),
        (domain(DomainProblem::NotTrusted), "domain-field", "domain-not-trusted"),
        (domain(DomainProblem::NotThere), "domain-field", "domain-not-there"),
        (domain(DomainProblem::Expired), "domain-field", "domain-expired"),
        (key(KeyProblem::Malformed), "key-field", "key-problem-malformed"),
        (key(KeyProblem::NotFound), "key-field", "key-problem-not-found"),
        (key(KeyProblem::WrongSecret { tries_left: 1 }), "key-field", "key-problem-wrong-secret"),
        (key(KeyProblem::Burned), "key-field", "key-problem-burned"),
        (key(KeyProblem::Busy), "key-field", "key-problem-busy"),
    ];
    for language in Language::ALL {
        let i18n = I18n::new(language);
        for (page, field, said) in &rows {
            let mut harness = window(support::page(page.clone()), language);
            harness.set_size(Vec2::new(360.0, 440.0));
            harness.run_steps(3);
            let go_on = harness.get_by_label(&i18n.text("key-continue")).rect();
            let field = harness.get_by_role_and_label(Role::TextInput, &i18n.text(field)).rect();
            let said = harness.get_by_label_contains(&i18n.text(said)).rect();
            let is_whole = said.top() > 40.0 && said.bottom() < field.top() && field.bottom() <= go_on.top();
            assert!(is_whole, "{language:?} {page:?}: {said:?} {field:?} {go_on:?}");
        }
    }
}

#[test]
fn in_the_smallest_window_the_choices_of_what_to_share_come_into_sight_first() {
    for reason in [ShareReason::First, ShareReason::Change, ShareReason::Gone] {
        let page = Page::Share { operator: support::operator(), choices: support::choices(reason) };
        let view = if reason == ShareReason::First {
            support::page(page)
        } else {
            support::with_panel(page, support::panel())
        };
        let mut harness = window(view, Language::English);
        harness.set_size(Vec2::new(360.0, 440.0));
        harness.run_steps(GUARD_PASSES);
        if harness.query_by_label("See the choices").is_some() {
            harness.get_by_label("See the choices").click();
            harness.run_steps(GUARD_PASSES);
        }
        assert!(harness.query_by_label("See the choices").is_none(), "{reason:?}");
        let first = harness.get_by_role_and_label(Role::RadioButton, "Main screen, Only this one").rect();
        let answers = harness.get_by_label("This is a scam: close now").rect();
        assert!(first.top() >= 0.0 && first.bottom() <= answers.top(), "{reason:?} {first:?} {answers:?}");
        assert_eq!(harness.state().commands, [], "{reason:?}");
    }
}

#[test]
fn whoever_goes_on_without_a_choice_is_told_so_and_sees_the_choices_in_every_height() {
    let page = || Page::Share { operator: support::operator(), choices: support::choices(ShareReason::First) };
    let heights = (440_u16..830).step_by(15);
    for (width, height) in heights.flat_map(|height| [(360.0, f32::from(height)), (440.0, f32::from(height))]) {
        let mut harness = window(support::page(page()), Language::English);
        harness.set_size(Vec2::new(width, height));
        harness.run_steps(GUARD_PASSES);
        // The first press may be needed to see what there is to choose from, the second says what is missing.
        for _ in 0..3 {
            let name = if is_there(&harness, "See the choices") { "See the choices" } else { "Continue" };
            harness.get_by_role_and_label(Role::Button, name).click();
            harness.run_steps(GUARD_PASSES);
        }
        assert!(is_there(&harness, "Choose one of these first"), "{width} x {height}");
        assert!(!is_there(&harness, "See the choices"), "{width} x {height}");
        let first = harness.get_by_role_and_label(Role::RadioButton, "Main screen, Only this one").rect();
        let missed = harness.get_by_label_contains("Choose one of these first").rect();
        assert!(first.top() >= 0.0 && first.bottom() <= missed.top(), "{width} x {height} {first:?} {missed:?}");
        assert_eq!(harness.state().commands, [], "{width} x {height}");
    }
}

fn is_there(harness: &Harness<'static, Shown>, words: &str) -> bool {
    harness.query_by_label_contains(words).is_some()
}

#[test]
fn the_safest_thing_to_share_is_one_press_away() {
    let page = Page::Share { operator: support::operator(), choices: support::choices(ShareReason::First) };
    let mut harness = window(support::page(page), Language::English);
    harness.run_steps(GUARD_PASSES);
    harness.get_by_label("recommended");
    let window = "Ricevuta - LibreOffice Writer";
    let answers = harness.get_by_label("This is a scam: close now").rect().top();
    let place =
        |harness: &Harness<'static, Shown>| harness.get_by_role_and_label(Role::RadioButton, window).rect().bottom();
    assert!(place(&harness) > answers);
    harness.get_by_label("Choose one window").click();
    harness.run_steps(20);
    assert!(place(&harness) <= answers);
    assert_eq!(harness.state().commands, []);
}

#[test]
fn the_focus_stays_on_the_safe_answer_when_a_smaller_window_puts_the_answers_in_another_order() {
    let rating = support::page(Page::Ended(support::rating()));
    let control = support::with_panel(support::question(QuestionKind::Control), support::panel());
    for (view, safe) in [(rating, "Skip"), (control, "Not now")] {
        let mut harness = window(view, Language::English);
        for size in [Vec2::new(640.0, 680.0), Vec2::new(360.0, 440.0), PAGE_SIZE] {
            harness.set_size(size);
            harness.run_steps(3);
            assert!(harness.get_by_label(safe).is_focused(), "{safe} {size:?}");
        }
    }
}
