//! Several keys and sessions at once, what happened in them, and the list of those that are over.

use crate::common::{self, busy_session, ended, session, tab, view, waiting};
use crate::notes::done;
use crate::{Page, page};
use console_core::LineId;
use console_core::proto::session::{Capability, Decision, EndReason, Ending, RequestId};
use console_core::records::{Description, Outcome, RecordId};
use console_core::view::{
    ChatLine, ConsoleCommand, ConsoleView, EndingState, EndingView, FilesView, MachineView, Notice, NoticeKind,
    PowerState, Stage, TransferState,
};
use egui::accesskit::Role;
use egui::{Event, Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use operator_console::app::WINDOW_SIZE;
use operator_console::desk::{DeskCommand, DeskView};
use operator_console::news::{News, What};
use operator_console::screens::Effect;
use std::time::{Duration, Instant, SystemTime};

/// A live session in front, a key that waits, and a session that is over, in this order.
pub(crate) fn three() -> Page {
    let live = Stage::Session(Box::new(session(PowerState::Granted, PowerState::Asked)));
    let mut page = page(view(live.clone()));
    let now = page.state().now;
    page.state_mut().desk.tabs = vec![
        tab(1, view(live)),
        tab(2, view(waiting(now, Duration::from_secs(300), 3))),
        tab(3, view(ended(EndReason::ClientEnded))),
    ];
    page.state_mut().desk.front = Some(LineId(1));
    page.run_steps(3);
    page
}

fn press(page: &mut Page, modifiers: Modifiers, key: Key) -> Vec<DeskCommand> {
    page.key_press_modifiers(modifiers, key);
    done(page)
}

/// The button whose name has these words.
pub(crate) fn button<'a>(page: &'a Page, words: &'a str) -> egui_kittest::Node<'a> {
    let mut found = page.query_all_by_label_contains(words);
    found.find(|node| node.accesskit_node().role() == Role::Button).unwrap()
}

fn show(line: Option<u64>) -> Vec<DeskCommand> {
    vec![DeskCommand::Show(line.map(LineId))]
}

#[test]
fn tabs_are_changed_by_keys_and_say_where_they_stand() {
    let mut page = three();
    page.get_by_label("Computer: Debian GNU/Linux 13, waiting for consent");
    page.get_by_label("Key K7M, waiting");
    page.get_by_label("Computer: Debian GNU/Linux 13, ended");
    assert_eq!(press(&mut page, Modifiers::CTRL, Key::Tab), show(Some(2)));
    assert_eq!(press(&mut page, Modifiers::CTRL | Modifiers::SHIFT, Key::Tab), show(None));
    assert_eq!(press(&mut page, Modifiers::CTRL, Key::Num1), show(None));
    assert_eq!(press(&mut page, Modifiers::CTRL, Key::Num4), show(Some(3)));
    assert_eq!(press(&mut page, Modifiers::CTRL, Key::Num9), []);
    assert_eq!(press(&mut page, Modifiers::CTRL, Key::N), [DeskCommand::NewKey]);
    page.get_by_label("Key K7M, waiting").click();
    assert_eq!(done(&mut page), show(Some(2)));
}

#[test]
fn a_running_session_ends_only_after_a_word_more_and_its_last_page_is_closed_at_once() {
    let mut page = three();
    assert_eq!(press(&mut page, Modifiers::CTRL, Key::W), []);
    page.get_by_label_contains("is running");
    page.get_by_label("Keep it open").click();
    assert_eq!(done(&mut page), []);
    assert!(page.query_by_label_contains("is running").is_none());
    press(&mut page, Modifiers::CTRL, Key::W);
    assert!(page.get_by_label("Keep it open").is_focused(), "the safe answer has the keyboard");
    page.key_press(Key::Tab);
    page.run_steps(2);
    page.key_press(Key::Enter);
    assert_eq!(done(&mut page), [DeskCommand::End(LineId(1))]);
    page.get_by_label("Close Key K7M").click();
    assert_eq!(done(&mut page), [DeskCommand::Close(LineId(2))]);

    // What became of it is asked on its last page, which the same keys close.
    let end = view(ended(EndReason::OperatorEnded));
    page.state_mut().desk.tabs[0] = tab(1, end.clone());
    page.state_mut().view = Some(end);
    page.run_steps(3);
    page.get_by_label("How did it go?");
    page.key_press(Key::Num1);
    let solved = Description::Outcome(Some(Outcome::Solved));
    assert_eq!(done(&mut page), [DeskCommand::Describe(recent(0), solved)]);
    assert_eq!(press(&mut page, Modifiers::CTRL, Key::W), [DeskCommand::Close(LineId(1))]);
}

#[test]
fn in_full_screen_the_tabs_are_gone_but_their_keys_and_the_question_before_closing_are_not() {
    let mut page = three();
    page.key_press(Key::F11);
    page.run_steps(3);
    assert!(page.query_by_label("Key K7M, waiting").is_none());
    assert_eq!(press(&mut page, Modifiers::CTRL, Key::Tab), show(Some(2)));
    assert_eq!(press(&mut page, Modifiers::CTRL, Key::W), []);
    page.get_by_label_contains("is running");
    page.get_by_label("Keep it open").click();
    assert_eq!(done(&mut page), []);
    page.key_press(Key::F11);
    page.run_steps(3);
    page.get_by_label("Key K7M, waiting");
}

#[test]
fn keys_for_the_tabs_are_the_clients_while_the_remote_screen_has_the_keyboard() {
    let mut page = three();
    let granted = Stage::Session(Box::new(session(PowerState::Granted, PowerState::Granted)));
    page.state_mut().view = Some(view(granted));
    page.get_by_label("Remote screen").focus();
    page.run_steps(3);
    assert!(page.state().state.viewer.is_capturing());
    for key in [Key::Tab, Key::W, Key::Num1, Key::N] {
        assert_eq!(press(&mut page, Modifiers::CTRL, key), [], "{key:?}");
    }
}

#[test]
fn keys_for_the_tabs_are_the_terminals_while_it_has_the_keyboard() {
    let mut page = three();
    page.state_mut().view = Some(view(Stage::Session(Box::new(common::shell_session()))));
    page.key_press(Key::F10);
    page.run_steps(3);
    page.get_by_label("Terminal on the person’s computer").focus();
    page.run_steps(3);
    page.state_mut().commands.clear();
    for (key, byte) in [(Key::W, 0x17), (Key::N, 0x0E), (Key::Tab, b'\t')] {
        assert_eq!(press(&mut page, Modifiers::CTRL, key), [], "{key:?}");
        let typed = crate::taken(&mut page).into_iter().flat_map(|command| match command {
            ConsoleCommand::TypeInShell(typed) => typed.0,
            _ => Vec::new(),
        });
        let typed: Vec<u8> = typed.collect();
        assert_eq!(typed, [byte], "{key:?}");
    }
    assert_eq!(press(&mut page, Modifiers::CTRL, Key::Num1), []);
}

#[test]
fn whoever_wants_one_key_too_many_in_a_session_is_told_why_there_is_none() {
    let mut page = three();
    page.state_mut().desk.is_full = true;
    assert_eq!(press(&mut page, Modifiers::CTRL, Key::N), []);
    page.get_by_label_contains("5 keys are waiting");
    press(&mut page, Modifiers::NONE, Key::Escape);
    assert!(page.query_by_label_contains("5 keys are waiting").is_none());
    press(&mut page, Modifiers::CTRL, Key::N);
    page.get_by_label_contains("5 keys are waiting");
    page.state_mut().desk.tabs.extend((4..=12).map(|line| tab(line, view(ended(EndReason::ClientEnded)))));
    page.run_steps(2);
    page.get_by_label_contains("12 keys and sessions are open");
    page.state_mut().desk.is_full = false;
    page.run_steps(2);
    assert!(page.query_by_label_contains("are open").is_none(), "once there is room nothing is said");
    assert_eq!(press(&mut page, Modifiers::CTRL, Key::N), [DeskCommand::NewKey]);
}

#[test]
fn what_happened_is_counted_on_its_tab_and_listed_until_it_is_seen() {
    let mut news = News::default();
    let mut happens = |session| news.observe(LineId(2), &view(Stage::Session(Box::new(session))), SystemTime::now());
    happens(session(PowerState::Granted, PowerState::Asked));
    happens(session(PowerState::Granted, PowerState::Refused(Decision::Denied)));
    let mut page = three();
    page.state_mut().desk.news = news.items();
    page.run_steps(3);
    page.get_by_label("Key K7M, waiting, 4 new");
    page.get_by_label("4 new").click();
    assert_eq!(done(&mut page)[0], DeskCommand::SeeNews);
    assert!(page.query_all_by_label_contains("Mouse and keyboard: ").next().is_some());
    button(&page, "The person typed the key.").click();
    assert!(done(&mut page).contains(&DeskCommand::Show(Some(LineId(2)))));
    page.get_by_label("Empty the list").click();
    assert!(done(&mut page).contains(&DeskCommand::ClearNews));
    page.get_by_label("Close the list").click();
    done(&mut page);
    assert!(page.query_by_label("Empty the list").is_none());
}

fn happened(views: &[ConsoleView]) -> Vec<What> {
    let mut news = News::default();
    for view in views {
        news.observe(LineId(1), view, SystemTime::now());
        news.observe(LineId(1), view, SystemTime::now());
    }
    news.items().iter().rev().map(|item| item.what.clone()).collect()
}

#[test]
fn everything_that_happens_is_told_once() {
    let at = |session| view(Stage::Session(Box::new(session)));
    let mut down = busy_session();
    down.reconnecting = true;
    let mut arrived = busy_session();
    arrived.transfers = [common::transfer(2, "guida.pdf", false, TransferState::Done)].into();
    let mut looks = arrived.clone();
    looks.files = std::sync::Arc::new(FilesView { browse: PowerState::Granted, ..FilesView::default() });
    let conflicts = common::transfer(3, "foto", true, TransferState::Conflicts(2));
    looks.transfers = arrived.transfers.iter().cloned().chain([conflicts]).collect();
    let ending = EndingView {
        request: RequestId(9),
        pid: 4711,
        name: "stampa".to_owned(),
        started_s: 1,
        force: false,
        state: EndingState::Over(Ending::Ended),
    };
    looks.machine = std::sync::Arc::new(MachineView { endings: vec![ending.clone()], ..MachineView::default() });
    let mut taken = session(PowerState::Revoked, PowerState::Revoked);
    (taken.transfers, taken.files, taken.machine) =
        (looks.transfers.clone(), looks.files.clone(), looks.machine.clone());
    let views = [at(busy_session()), at(down), at(arrived), at(looks), at(taken), view(ended(EndReason::ClientEnded))];
    let expected = [
        What::Came,
        What::Recognised,
        What::Granted(Capability::View),
        What::Granted(Capability::Control),
        What::FileCame("relazione finale sull'anagrafe.odt".to_owned()),
        What::Chat(1),
        What::Lost,
        What::Back,
        What::FileSent("guida.pdf".to_owned()),
        What::Folders(PowerState::Granted),
        What::Ending(ending),
        What::Conflicts("foto".to_owned(), 2),
        What::Revoked(Capability::View),
        What::Revoked(Capability::Control),
        What::Ended(EndReason::ClientEnded),
    ];
    assert_eq!(happened(&views), expected);
    let scam = [EndReason::ClientEnded, EndReason::ReportedAsScam];
    assert_eq!(happened(&scam.map(|reason| view(ended(reason)))), scam.map(What::Ended), "a scam that is named later");
    let key = Instant::now();
    let waits = view(waiting(key, Duration::from_secs(9), 3));
    assert_eq!(happened(&[view(Stage::Preparing), waits]), []);
}

#[test]
fn a_tab_whose_question_is_about_folders_or_files_says_that_the_person_is_asked() {
    let mut page = three();
    let mut looks = session(PowerState::Granted, PowerState::Granted);
    looks.files = std::sync::Arc::new(FilesView { browse: PowerState::Asked, ..FilesView::default() });
    let mut sends = session(PowerState::Granted, PowerState::Granted);
    sends.transfers = [common::transfer(1, "guida.pdf", false, TransferState::Asked)].into();
    for asking in [looks, sends] {
        page.state_mut().desk.tabs[0].view = view(Stage::Session(Box::new(asking)));
        page.run_steps(2);
        page.get_by_label("Computer: Debian GNU/Linux 13, waiting for consent");
    }
}

#[test]
fn nothing_comes_from_a_tab_that_was_closed() {
    let mut news = News::default();
    let live = view(Stage::Session(Box::new(session(PowerState::Granted, PowerState::Off))));
    news.observe(LineId(1), &live, SystemTime::now());
    let before = news.items();
    news.take_call();
    news.forget(LineId(1));
    news.observe(LineId(1), &live, SystemTime::now());
    news.observe(LineId(1), &view(ended(EndReason::OperatorEnded)), SystemTime::now());
    assert_eq!(news.items(), before);
    assert!(!news.take_call());
}

#[test]
fn lines_that_were_not_read_are_counted_one_by_one() {
    let mut news = News::default();
    let mut talk = session(PowerState::Granted, PowerState::Off);
    for number in 1..=3 {
        let line = ChatLine { mine: false, number, text: "?".to_owned(), at: SystemTime::now(), delivered: true };
        talk.chat = talk.chat.iter().cloned().chain([line]).collect();
        news.observe(LineId(1), &view(Stage::Session(Box::new(talk.clone()))), SystemTime::now());
    }
    assert_eq!(news.items().iter().filter(|item| item.what == What::Chat(3)).count(), 1);
    let desk = DeskView { news: news.items(), ..DeskView::default() };
    assert_eq!(desk.unseen_in(LineId(1)), 3 + 3, "who came, is recognised, has allowed, and has written three lines");
}

#[test]
fn the_operator_is_called_for_what_happened_and_not_twice() {
    let mut news = News::default();
    let live = view(Stage::Session(Box::new(session(PowerState::Granted, PowerState::Off))));
    news.observe(LineId(1), &live, SystemTime::now());
    assert!(news.take_call());
    news.observe(LineId(1), &live, SystemTime::now());
    assert!(!news.take_call());
    news.see(LineId(1));
    assert!(news.items().iter().all(|item| item.is_seen));
    news.clear();
    assert!(news.items().is_empty());
}

pub(crate) fn home(desk: DeskView) -> Page {
    let mut page = page(view(Stage::Idle));
    page.state_mut().desk = desk;
    page.run_steps(3);
    page
}

#[test]
fn several_keys_wait_at_once_each_with_its_time() {
    let now = Instant::now();
    let key = |line, seconds| tab(line, view(waiting(now, Duration::from_secs(seconds), 3)));
    let mut page = home(DeskView { tabs: vec![key(1, 552), key(2, 48)], ..DeskView::default() });
    page.state_mut().now = now;
    page.run_steps(2);
    let lefts = |page: &Page, label: &str| page.get_all_by_label(label).map(|node| node.rect().left()).collect();
    for size in [WINDOW_SIZE, [640.0, 400.0], [450.0, 300.0]] {
        page.set_size(size.into());
        page.run_steps(3);
        assert_eq!(page.get_by_label("9:12").rect().left(), page.get_by_label("0:48").rect().left());
        for label in ["K7M 4QXP", "Open, K7M 4QXP", "Cancel, K7M 4QXP"] {
            let lefts: Vec<f32> = lefts(&page, label);
            assert!(lefts.len() == 2 && lefts[0] == lefts[1], "{label} at {size:?}: {lefts:?}");
        }
        for node in page.get_all_by_label("Cancel, K7M 4QXP") {
            assert!(node.rect().right() < size[0] - 14.0, "in sight at {size:?}");
        }
    }
    page.set_size(WINDOW_SIZE.into());
    page.run_steps(3);
    let spelt = page.get_all_by_label("Kilo · seven · Mike — four · Quebec · X-ray · Papa");
    assert_eq!(spelt.count(), 2);
    let opens: Vec<_> = page.get_all_by_label("Open, K7M 4QXP").collect();
    opens[1].click();
    assert_eq!(done(&mut page), show(Some(2)));
    page.state_mut().desk.is_full = true;
    page.run_steps(2);
    page.get_by_label_contains("5 keys are waiting");
}

#[test]
fn the_invitation_is_in_the_language_of_the_person() {
    let now = Instant::now();
    let mut page = page(view(waiting(now, Duration::from_secs(300), 3)));
    for (language, words, spelt) in
        [("Italiano", "Per ricevere assistenza", "sette"), ("English", "To get help", "seven")]
    {
        page.get_by_label(language).click();
        page.run_steps(2);
        assert!(page.query_all_by_label_contains(spelt).next().is_some(), "{spelt}");
        page.get_by_label("Copy invitation").click();
        page.run_steps(3);
        match &std::mem::take(&mut page.state_mut().state.effects)[..] {
            [Effect::CopyInvitation(text)] => {
                assert!(text.contains(words) && text.contains("K7M 4QXP"), "{text}");
                assert!(text.contains("https://ponte.rivalta.example/"), "{text}");
            }
            _ => panic!("no invitation"),
        }
    }
}

pub(crate) fn recent(number: usize) -> RecordId {
    common::records()[number].id.clone()
}

#[test]
fn a_session_that_is_over_is_found_opened_exported_and_erased() {
    let mut page = home(common::desk());
    assert!(page.query_all_by_label_contains("Ufficio tributi").next().is_some());
    page.get_by_role_and_label(Role::TextInput, "Filter: name, notes, tags, outcome, day").focus();
    page.run_steps(2);
    page.event(Event::Text("colonna marco".to_owned()));
    page.run_steps(2);
    assert!(page.query_all_by_label_contains("Ufficio tributi").next().is_none());
    button(&page, "Marco Bianchi").click();
    page.run_steps(3);
    page.get_by_label("How did it go?");
    for _ in 0..3 {
        page.get_by_label("Export").scroll_to_me();
        page.run_steps(4);
    }
    page.get_by_label("Export").click();
    assert_eq!(done(&mut page), [DeskCommand::Export(recent(1))]);
    page.get_by_label("Erase").click();
    assert_eq!(done(&mut page), []);
    page.get_by_label("Keep").click();
    assert_eq!(done(&mut page), []);
    page.get_by_label("Erase").click();
    page.run_steps(3);
    page.get_by_label("Erase for good").click();
    assert_eq!(done(&mut page), [DeskCommand::Erase(recent(1))]);
}

#[test]
fn what_came_of_a_file_that_was_cut_off_is_told_with_its_place_and_its_end() {
    let mut page = home(common::desk());
    assert!(page.query_all_by_label_contains("large.bin").next().is_none());
    page.get_by_label_contains(", 1 min").click();
    page.run_steps(3);
    page.get_by_label_contains("Of scansioni/large.bin, 48 MB of 96 MB have come. To go on, fetch it again");
    page.get_by_label_contains(
        "is deleted the first time that this program is started and you sign in after 16 December 2026.",
    );
    page.get_by_label("/home/giulia/Scaricati/anagrafe");
    page.get_by_label_contains("scansioni: 3 files that came are not in the log. The session ended before the log");
    for _ in 0..3 {
        page.get_by_label("Erase").scroll_to_me();
        page.run_steps(4);
    }
    page.get_by_label("Erase").click();
    page.run_steps(3);
    page.get_by_label_contains("the parts of files that were cut off are erased.");
    page.get_by_label("Erase for good").click();
    assert_eq!(done(&mut page), [DeskCommand::Erase(recent(3))]);
}

#[test]
fn what_a_terminal_showed_is_opened_searched_and_saved() {
    let mut page = home(common::desk());
    button(&page, "Marco Bianchi").click();
    page.run_steps(3);
    let scroll = |page: &mut Page, name: &str| {
        for _ in 0..3 {
            page.get_by_label(name).scroll_to_me();
            page.run_steps(4);
        }
    };
    scroll(&mut page, "What the terminal showed");
    page.get_by_label("What the terminal showed").click();
    assert_eq!(done(&mut page), [DeskCommand::OpenTranscript(Some(recent(1)))]);
    page.state_mut().desk.transcript = Some(common::transcript());
    page.run_steps(3);
    let find = "Find in what the terminal showed";
    scroll(&mut page, "Hide what the terminal showed");
    assert!(page.query_all_by_label_contains("cupsenable").next().is_some());
    page.get_by_role_and_label(Role::TextInput, find).focus();
    page.run_steps(2);
    page.event(Event::Text("carta CASSETTO".to_owned()));
    page.run_steps(3);
    assert!(page.query_all_by_label_contains("Carta esaurita").next().is_some());
    assert!(page.query_all_by_label_contains("cupsenable").next().is_none());
    page.event(Event::Text(" nowhere".to_owned()));
    page.run_steps(3);
    page.get_by_label("No line contains these words.");
    scroll(&mut page, "Save as text");
    page.get_by_label("Save as text").click();
    assert_eq!(done(&mut page), [DeskCommand::SaveTranscript(recent(1))]);
    page.get_by_label("Hide what the terminal showed").click();
    assert_eq!(done(&mut page), [DeskCommand::OpenTranscript(None)]);
}

#[test]
fn what_was_written_in_a_past_session_is_read_and_searched() {
    let mut page = home(common::desk());
    button(&page, "Marco Bianchi").click();
    page.run_steps(3);
    page.get_by_label("What was written in the chat").scroll_to_me();
    page.run_steps(4);
    page.get_by_label("What was written in the chat").click();
    page.run_steps(3);
    assert!(page.query_all_by_label_contains("You: Buongiorno").next().is_some());
    assert!(page.query_all_by_label_contains("You, Not delivered: Allora a presto.").next().is_some());
    assert!(page.query_all_by_label_contains("The person: La colonna").next().is_some());
    page.get_by_role_and_label(Role::TextInput, "Find in the chat").focus();
    page.run_steps(2);
    page.event(Event::Text("PROTOCOLLO finestra".to_owned()));
    page.run_steps(3);
    assert!(page.query_all_by_label_contains("The person: La colonna").next().is_some());
    assert!(page.query_all_by_label_contains("You: Buongiorno").next().is_none());
    page.event(Event::Text(" nowhere".to_owned()));
    page.run_steps(3);
    page.get_by_label("No line has these words.");
    page.get_by_label("Hide what was written in the chat").click();
    page.run_steps(3);
    assert!(page.query_by_label("No line has these words.").is_none());
}

#[test]
fn an_empty_list_says_what_will_stand_there() {
    let mut page = home(DeskView::default());
    page.get_by_label_contains("Each session will appear here");
    page.state_mut().desk = common::desk();
    page.run_steps(2);
    page.get_by_role_and_label(Role::TextInput, "Filter: name, notes, tags, outcome, day").focus();
    page.run_steps(2);
    page.event(Event::Text("qwxz".to_owned()));
    page.run_steps(2);
    page.get_by_label("No session contains these words.");
}

#[test]
fn with_many_tabs_the_one_in_front_is_in_sight_and_none_is_cut_off() {
    let mut page = three();
    let live = view(Stage::Session(Box::new(session(PowerState::Granted, PowerState::Off))));
    page.state_mut().desk.tabs = (1..=12).map(|line| tab(line, live.clone())).collect();
    for front in [12, 1, 7] {
        page.state_mut().desk.front = Some(LineId(front));
        page.run_steps(30);
        let tabs: Vec<_> =
            page.get_all_by_label("Computer: Debian GNU/Linux 13, live").map(|node| node.rect()).collect();
        let tab = tabs[front as usize - 1];
        let bell = page.get_by_label("What happened").rect();
        assert!(tab.left() >= 0.0 && tab.right() <= bell.left(), "{front}: {tab:?}");
        assert!(tab.height() >= 32.0);
    }
}

#[test]
fn the_head_of_a_session_names_the_person_once_the_notes_do() {
    let live = || view(Stage::Session(Box::new(session(PowerState::Granted, PowerState::Off))));
    let mut page = page(live());
    page.get_by_label("Computer: Debian GNU/Linux 13");
    assert!(page.query_by_label("Debian GNU/Linux 13").is_none(), "what a computer calls itself is no name");
    let mut records = common::records().to_vec();
    let mut first = (*records[0]).clone();
    first.kept.name = "Marco Bini".to_owned();
    records[0] = std::sync::Arc::new(first);
    page.state_mut().desk.records = records.into();
    page.run_steps(2);
    page.get_by_label("Marco Bini");
}

#[test]
fn what_was_not_seen_outlives_what_was() {
    let mut news = News::default();
    let live = |notice| ConsoleView {
        notices: vec![Notice { id: notice, kind: NoticeKind::RelayUnreachable }],
        ..view(Stage::Session(Box::new(session(PowerState::Granted, PowerState::Off))))
    };
    news.observe(LineId(1), &live(1), SystemTime::now());
    let first = news.items().len();
    for notice in 0..400 {
        news.observe(LineId(2), &live(notice + 1), SystemTime::now());
        news.see(LineId(2));
    }
    let kept = news.items();
    assert_eq!(kept.iter().filter(|item| item.line == LineId(1)).count(), first);
    assert!(kept.len() <= 200);
}

#[test]
fn past_sessions_are_found_by_outcome_and_day_and_it_is_said_if_none_can_be_kept() {
    let mut page = home(common::desk());
    page.get_by_role_and_label(Role::TextInput, "Filter: name, notes, tags, outcome, day").focus();
    page.run_steps(2);
    page.get_by_role_and_label(Role::TextInput, "Filter: name, notes, tags, outcome, day").type_text("to continue");
    page.run_steps(3);
    assert!(page.query_all_by_label_contains("Ufficio tributi").next().is_some());
    assert!(page.query_all_by_label_contains("Marco Bianchi").next().is_none());
    // Each row is found by its day, as it stands there.
    let shown = |page: &Page| page.query_all_by_label_contains("11 December 2026, ").count();
    page.key_press_modifiers(Modifiers::COMMAND, Key::A);
    page.get_by_role_and_label(Role::TextInput, "Filter: name, notes, tags, outcome, day").type_text("11 DECEMBER");
    page.run_steps(3);
    assert!(shown(&page) > 0);
    page.key_press_modifiers(Modifiers::COMMAND, Key::A);
    page.get_by_role_and_label(Role::TextInput, "Filter: name, notes, tags, outcome, day").type_text("2026-12-11");
    page.run_steps(3);
    assert!(shown(&page) > 0);
    page.state_mut().desk.records_missing = true;
    page.run_steps(2);
    page.get_by_label_contains("Nothing can be kept of sessions now");
}
