//! Around the sessions: what happened in those that are closed.

use crate::common::{self, session, view};
use crate::tabs::{button, home, recent};
use crate::Page;
use console_core::LineId;
use console_core::view::{ConsoleView, Notice, NoticeKind, PowerState, Stage};
use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT, Queryable};
use operator_console::desk::DeskView;
use operator_console::news::News;
use operator_console::screens::Effect;
use std::time::SystemTime;

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
