//! Around the sessions: what happened in those that are closed, tabs on their way, and keys of several persons.

use crate::common::{self, session, tab, view, waiting};
use crate::notes::done;
use crate::tabs::{button, home, recent, three};
use crate::{Page, page};
use console_core::LineId;
use console_core::view::{ConsoleView, Notice, NoticeKind, PowerState, Stage};
use egui::Key;
use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT, Queryable};
use operator_console::desk::{DeskCommand, DeskView};
use operator_console::news::News;
use operator_console::screens::Effect;
use std::time::{Duration, Instant, SystemTime};

#[test]
fn the_list_of_what_happened_keeps_its_bounds_and_a_busy_session_pushes_out_nothing_of_the_others() {
    let live = |notice| ConsoleView {
        notices: vec![Notice { id: notice, kind: NoticeKind::RelayUnreachable }],
        ..view(Stage::Session(Box::new(session(PowerState::Granted, PowerState::Off))))
    };
    let mut news = News::default();
    news.observe(LineId(1), &live(1), SystemTime::now());
    let first = news.items().len();
    for notice in 0..3000 {
        news.observe(LineId(2), &live(notice + 1), SystemTime::now());
    }
    let of = |news: &mut News, line| news.items().iter().filter(|item| item.line == LineId(line)).count();
    assert_eq!((of(&mut news, 1), news.items().len()), (first, 2000), "nobody has seen anything");
    let newest = news.items()[0].number;
    news.see_all();
    assert_eq!((of(&mut news, 1), news.items().len()), (first, 200), "once it was seen, less is kept");
    assert_eq!(news.items()[0].number, newest);
    let again = news.items();
    assert!(std::sync::Arc::ptr_eq(&again, &news.items()), "nothing is copied while nothing happens");
}

#[test]
fn what_happened_in_a_closed_tab_leads_to_what_is_kept_of_it() {
    let mut news = News::default();
    let live = view(Stage::Session(Box::new(session(PowerState::Granted, PowerState::Off))));
    for line in [1, 2] {
        news.observe(LineId(line), &live, SystemTime::now());
    }
    news.keep_record(LineId(1), &recent(1));
    let mut page = home(DeskView { news: news.items(), ..common::desk() });
    page.state_mut().state.open_news();
    page.run_steps(3);
    let came = |page: &Page, who: &str| {
        let words = format!("The person typed the key., {who}, ");
        page.query_all_by_label_contains(&words).any(|node| node.accesskit_node().role() == Role::Button)
    };
    assert!(!came(&page, "Closed session"), "nothing is kept of that one: it leads nowhere");
    button(&page, "The person typed the key., Marco Bianchi, anagrafe").click();
    page.run_steps(3);
    assert!(std::mem::take(&mut page.state_mut().state.effects).contains(&Effect::OpenRecord(recent(1))));
    assert!(page.query_by_label("Empty the list").is_none(), "the list makes room for it");

    // Erased, its name is nowhere any more.
    page.state_mut().desk.records = common::records().iter().filter(|one| one.id != recent(1)).cloned().collect();
    page.state_mut().state.open_news();
    page.run_steps(3);
    assert!(page.query_all_by_label_contains("Marco Bianchi").next().is_none());
    assert!(!came(&page, "Closed session"));
}

#[test]
fn a_tab_on_which_somebody_is_being_connected_is_closed_only_after_a_word_more() {
    let mut page = three();
    page.state_mut().desk.tabs[1] = tab(2, view(Stage::Joining));
    page.run_steps(2);
    page.get_by_label("Close New key").click();
    assert_eq!(done(&mut page), []);
    page.get_by_label_contains("is being connected");
    assert!(page.get_by_label("Keep it open").is_focused());
    page.key_press(Key::Escape);
    assert_eq!(done(&mut page), []);
    assert!(page.query_by_label_contains("is being connected").is_none());
    page.get_by_label("Close New key").click();
    done(&mut page);
    page.key_press(Key::Tab);
    page.run_steps(2);
    page.key_press(Key::Enter);
    assert_eq!(done(&mut page), [DeskCommand::Close(LineId(2))]);
}

#[test]
fn a_waiting_key_is_spelt_in_the_language_of_its_person() {
    let now = Instant::now();
    let waits = || view(waiting(now, Duration::from_secs(300), 3));
    let mut page = page(waits());
    page.state_mut().desk.tabs = vec![tab(1, waits()), tab(2, waits())];
    page.state_mut().desk.front = Some(LineId(1));
    page.run_steps(3);
    page.get_by_label("Italiano").click();
    page.run_steps(3);
    page.state_mut().desk.front = None;
    page.state_mut().view = Some(view(Stage::Idle));
    page.run_steps(3);
    page.get_by_label("Kursaal · sette · Milano — quattro · Quarto · ics · Palermo");
    page.get_by_label("Kilo · seven · Mike — four · Quebec · X-ray · Papa");
}
