//! Files: what is asked about them, and what the panel says of them while they move and while they stand still.

use crate::{support, window};
use agent_core::view::{FilesView, Page, PanelView, QuestionKind, TransferState};
use egui_kittest::kittest::Queryable;
use i18n::Language;

#[test]
fn a_file_that_is_paused_or_waits_for_the_connection_has_no_rate_and_says_so() {
    for (is_held, reconnecting, words) in [
        (true, false, "4 MB of 10 MB, paused"),
        (false, true, "4 MB of 10 MB, waiting for the connection"),
        (true, true, "4 MB of 10 MB, paused"),
    ] {
        let mut film = support::transfer("film.mp4", true, TransferState::Running, None);
        (film.size_bytes, film.done_bytes) = (10_000_000, 0);
        let moving = |film| PanelView { transfers: [film].into(), ..support::panel() };
        let mut harness = window(support::with_panel(Page::Session, moving(film.clone())), Language::English);
        film.done_bytes = 4_000_000;
        harness.state_mut().view = support::with_panel(Page::Session, moving(film.clone()));
        harness.run_steps(60);
        harness.query_all_by_label_contains("/s").next().unwrap();
        film.is_held = is_held;
        let standing = PanelView { reconnecting, ..moving(film) };
        harness.state_mut().view = support::with_panel(Page::Session, standing);
        harness.run_steps(2);
        harness.query_all_by_label_contains(words).next().unwrap();
        assert!(harness.query_by_label_contains("/s").is_none(), "{words}");
    }
}

#[test]
fn the_question_about_what_is_there_already_speaks_of_one_file_where_it_is_one() {
    let one = |conflicts| FilesView { files: 1, names: ["guida.pdf".to_owned()].into(), ..support::files(conflicts) };
    let rows = [
        (one(1), Language::English, ["There is a file of this name already.", "do not receive this one"]),
        (one(1), Language::Italian, ["C’è già un file con questo nome.", "Sostituisci ciò che c’è già"]),
        (support::files(1), Language::Italian, ["Uno c’è già.", "Lascia quello che c’è, non ricevere questo"]),
        (support::files(2), Language::Italian, ["2 ci sono già.", "Sostituisci ciò che c’è già"]),
        (support::files(2), Language::English, ["2 of them are there already.", "do not receive them"]),
    ];
    for (files, language, words) in rows {
        let harness = window(support::page(support::question(QuestionKind::ReceiveFiles(files))), language);
        for words in words {
            harness.get_by_label_contains(words);
        }
    }
}
