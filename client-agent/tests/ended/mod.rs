//! The pages after the end of a session: what is said, what can still be done.

use crate::{GUARD_PASSES, support, window};
use agent_core::proto::session::EndReason;
use agent_core::view::{AgentCommand, EndView, Failure, Page, QuestionKind};
use client_agent::screens::PAGE_SIZE;
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable;
use i18n::Language;

/// A tenth of a second a pass: after this many the pointer counts on a last page.
const PAGE_PASSES: usize = 9;

#[test]
fn the_second_press_of_a_double_click_on_the_page_before_presses_nothing_on_a_last_page() {
    let failed = || support::page(Page::Failed(Failure::RelayUnreachable));
    let ended = |end: fn() -> EndView| support::page(Page::Ended(end()));
    let rows = [
        (ended(support::rating), "It was a scam", AgentCommand::ReportScam),
        (ended(support::rating), "Skip", AgentCommand::SkipRating),
        (ended(|| support::lost(true)), "It was a scam", AgentCommand::ReportScam),
        (ended(|| support::lost(true)), "Close", AgentCommand::End),
        (ended(|| support::end(EndReason::OperatorEnded)), "Close", AgentCommand::Quit),
        (failed(), "Close", AgentCommand::Quit),
    ];
    for (view, name, command) in rows {
        let mut harness = window(support::with_panel(Page::Session, support::panel()), Language::English);
        harness.set_size(PAGE_SIZE);
        harness.state_mut().view = view;
        harness.run_steps(3);
        harness.get_by_role_and_label(Role::Button, name).click();
        harness.run_steps(3);
        assert_eq!(harness.state().commands, [], "{name}");
        harness.run_steps(PAGE_PASSES);
        harness.get_by_role_and_label(Role::Button, name).click();
        harness.run_steps(3);
        assert_eq!(harness.state().commands, [command], "{name}");
    }
}

#[test]
fn whoever_says_that_it_is_a_scam_is_told_what_to_do_next() {
    let view = support::with_panel(support::question(QuestionKind::Control), support::panel());
    let mut harness = window(view, Language::English);
    harness.run_steps(GUARD_PASSES);
    harness.get_by_label("This is a scam: close now").click();
    harness.run_steps(2);
    assert!(harness.state().commands.contains(&AgentCommand::ReportScam));
    harness.state_mut().view = support::page(Page::Ended(support::end(EndReason::ReportedAsScam)));
    harness.run_steps(PAGE_PASSES);
    harness.get_by_label("You were right to close");
    harness.get_by_label("Keep the log").click();
    harness.run_steps(2);
    harness.get_by_label("Save the log in: USB stick CHIAVETTA").click();
    harness.run_steps(2);
    assert!(harness.state().commands.contains(&AgentCommand::SaveLog("/media/marco/CHIAVETTA".into())));
    harness.get_by_label("Back").click();
    harness.run_steps(2);
    harness.get_by_label("You were right to close");
}

#[test]
fn a_rating_is_sent_with_its_words_and_not_before_a_star_was_chosen() {
    let mut harness = window(support::page(Page::Ended(support::rating())), Language::English);
    harness.get_by_label("Send").click();
    harness.run_steps(2);
    harness.get_by_label("Press a star first, or “Skip”.");
    assert_eq!(harness.state().commands, []);
    harness.get_by_role_and_label(Role::RadioButton, "Good").click();
    harness.run_steps(2);
    harness.get_by_role_and_label(Role::MultilineTextInput, "A few words, if you like").focus();
    harness.run_steps(2);
    harness.get_by_role_and_label(Role::MultilineTextInput, "A few words, if you like").type_text("Patient");
    harness.run_steps(2);
    harness.get_by_label("Send").click();
    harness.run_steps(2);
    assert_eq!(harness.state().commands, [AgentCommand::Rate { stars: 4, comment: "Patient".into() }]);
}

#[test]
fn close_has_the_focus_on_the_last_page_also_once_the_log_is_there() {
    let removing = EndView { removed: None, log: None, ..support::end(EndReason::OperatorEnded) };
    let mut harness = window(support::page(Page::Ended(removing)), Language::English);
    assert!(harness.get_by_label("Close").is_focused());
    harness.state_mut().view = support::page(Page::Ended(support::end(EndReason::OperatorEnded)));
    harness.run_steps(2);
    assert!(harness.get_by_label("Close").is_focused());
}

#[test]
fn what_could_not_be_ended_is_said_on_the_last_page() {
    let end = EndView { still_running: 2, ..support::end(EndReason::OperatorEnded) };
    let harness = window(support::page(Page::Ended(end)), Language::English);
    harness.get_by_label_contains("could not be ended: 2");
}

#[test]
fn a_scam_can_be_named_also_where_the_operator_was_lost() {
    let mut harness = window(support::page(Page::Ended(support::lost(true))), Language::English);
    harness.get_by_label("It was a scam").click();
    harness.run_steps(8);
    assert_eq!(harness.state().commands, [AgentCommand::ReportScam]);
}

#[test]
fn a_scam_can_be_named_also_where_the_operators_program_broke_the_rules() {
    for (button, said) in [("It was a scam", AgentCommand::ReportScam), ("Continue", AgentCommand::SkipRating)] {
        let mut harness = window(support::page(Page::Ended(support::violation())), Language::English);
        assert!(harness.get_by_label("Continue").is_focused());
        harness.get_by_label_contains("If they called you and you had not asked for help");
        harness.get_by_label(button).click();
        harness.run_steps(8);
        assert_eq!(harness.state().commands, [said]);
    }
}

#[test]
fn the_file_in_the_middle_of_which_everything_was_cut_off_is_named() {
    let harness = window(support::page(Page::Ended(support::lost(true))), Language::English);
    harness.get_by_label_contains("The part of delega.odt that arrived is kept.");
    let harness = window(support::page(Page::Ended(support::lost_and_closed())), Language::English);
    harness.get_by_label("Sent you: moduli, and was cut off in the middle of delega.odt");
    harness.get_by_label("Got a copy from you: moduli, and was cut off in the middle of delega.odt");
    assert_eq!(harness.query_all_by_label("3 of 5 files").count(), 2);
}

#[test]
fn every_end_says_that_nobody_sees_the_screen_any_more() {
    for reason in support::REASONS {
        for end in [support::end(reason), support::short_end(reason)] {
            let harness = window(support::page(Page::Ended(end)), Language::English);
            harness.get_by_label_contains("Nobody");
        }
    }
}
