//! What the window does around its pages.

use super::*;
use crate::desk::Tab;
use crate::settings::Look;
use console_core::gate::{GateCommand, GateStage, GateView};
use console_core::picture::SharedPictures;
use console_core::view::OperatorView;

/// Notes what it is told, and for which session.
#[derive(Default)]
struct Noting(Vec<(Option<LineId>, ConsoleCommand)>, Vec<DeskCommand>);

impl Engine for Noting {
    fn gate(&mut self) -> GateView {
        GateView {
            stage: GateStage::Open,
            busy: None,
            problem: None,
            done: None,
            opening: None,
            vault: PathBuf::new(),
            is_recoverable: true,
        }
    }
    fn at_gate(&mut self, _: GateCommand) {}
    fn view(&self) -> Option<ConsoleView> {
        None
    }
    fn pictures(&self) -> SharedPictures {
        SharedPictures::new()
    }
    fn send(&mut self, command: ConsoleCommand) {
        self.0.push((None, command));
    }
    fn send_to(&mut self, line: LineId, command: ConsoleCommand) {
        self.0.push((Some(line), command));
    }
    fn at_desk(&mut self, command: DeskCommand) {
        self.1.push(command);
    }
    fn shutdown(&mut self) {}
}

const ANNA: LineId = LineId(1);
const BRUNO: LineId = LineId(2);

/// With two sessions open.
struct Window {
    app: ConsoleApp<Noting>,
    context: egui::Context,
    desk: DeskView,
}

impl Window {
    fn new() -> Self {
        let operator = OperatorView {
            name: "Giulia Rinaldi".to_owned(),
            organisation: "Comune di Rivalta".to_owned(),
            domain: "comune.rivalta.example".to_owned(),
            team: None,
            days_left: 21,
            ends_at_s: 1_797_000_000,
            fingerprint: [0; 32],
            tools: BTreeMap::new(),
            hours: Vec::new(),
            time_zone: "Europe/Rome".to_owned(),
            longest_session_minutes: None,
            open_now: true,
            portal: String::new(),
        };
        let view = ConsoleView { operator, stage: Stage::Idle, notices: Vec::new(), record: None };
        let tabs = [ANNA, BRUNO].map(|line| Tab { line, view: view.clone() }).into();
        Self {
            app: ConsoleApp::new(Noting::default(), I18n::new(Language::English)),
            context: egui::Context::default(),
            desk: DeskView { tabs, ..DeskView::default() },
        }
    }

    fn bring(&mut self, line: Option<LineId>) {
        self.desk.front = line;
        self.app.follow_front(&self.desk, &self.context);
    }
}

#[test]
fn what_was_chosen_for_one_person_goes_to_no_other() {
    let mut window = Window::new();
    window.bring(Some(ANNA));
    let content = Content::Text("for Anna".to_owned());
    let chosen = [Chosen::Clipboard(Ok(content.clone())), Chosen::File("/home/giulia/anna.pdf".into())];
    for chosen in chosen {
        window.app.chosen.0.send((window.app.front, chosen)).unwrap();
    }
    window.bring(Some(BRUNO));
    window.app.take_chosen();
    let command = ConsoleCommand::SendClipboard(content.into());
    assert_eq!(window.app.engine.0, [(Some(ANNA), command)]);
    assert_eq!((window.app.state.under, window.app.state.files.send_path.as_str()), (None, ""));
    window.bring(Some(ANNA));
    assert_eq!(window.app.state.files.send_path, "/home/giulia/anna.pdf");
}

#[test]
fn what_was_chosen_for_a_session_that_was_closed_goes_nowhere() {
    let mut window = Window::new();
    window.bring(Some(ANNA));
    let chosen = Chosen::Clipboard(Ok(Content::Text("for Anna".to_owned())));
    window.app.chosen.0.send((window.app.front, chosen)).unwrap();
    window.desk.tabs.remove(0);
    window.bring(Some(BRUNO));
    window.app.take_chosen();
    assert_eq!(window.app.engine.0, []);
}

#[test]
fn full_screen_is_the_windows_whichever_session_is_in_front() {
    let mut window = Window::new();
    window.bring(Some(ANNA));
    window.app.state.full_screen = true;
    window.bring(Some(BRUNO));
    assert!(window.app.state.full_screen);
    window.app.state.full_screen = false;
    window.bring(Some(ANNA));
    assert!(!window.app.state.full_screen);
}

#[test]
fn what_happens_counts_as_seen_only_where_more_than_the_picture_is_shown() {
    let mut window = Window::new();
    let what = crate::news::What::Chat(1);
    let item = Item { number: 1, at: std::time::SystemTime::now(), line: ANNA, what, is_seen: false, record: None };
    window.desk.news = [Arc::new(item)].into();
    let seen = |window: &mut Window| {
        window.app.see(&window.desk);
        std::mem::take(&mut window.app.engine.1)
    };
    window.bring(Some(BRUNO));
    assert_eq!(seen(&mut window), [], "it happened to another");
    window.bring(Some(ANNA));
    window.app.state.full_screen = true;
    assert_eq!(seen(&mut window), []);
    window.app.state.full_screen = false;
    assert_eq!(seen(&mut window), [DeskCommand::See]);
}

#[test]
fn what_is_chosen_for_the_window_holds_at_once_and_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = Window::new();
    prepare(&window.context, Mode::Light);
    let data = folder.path().join("data");
    window.app = window.app.with_settings(Settings::default(), data.clone(), Settings::default());
    window.app.perform(Effect::Choose(Choice::Look(Look::Dark)), &window.context);
    window.app.perform(Effect::Choose(Choice::Language(Some(Language::Italian))), &window.context);
    assert!(theme::tokens(&window.context).dark);
    assert_eq!(window.app.i18n.language(), Language::Italian);
    let chosen = Settings { look: Look::Dark, language: Some(Language::Italian) };
    assert_eq!((Settings::read(&data), window.app.state.settings), (chosen, chosen));
    assert!(!window.app.state.settings_not_kept);
    // Where it cannot be kept it holds for now, and that is said.
    std::fs::write(folder.path().join("file"), "").unwrap();
    window.app = window.app.with_settings(chosen, folder.path().join("file"), chosen);
    window.app.perform(Effect::Choose(Choice::Look(Look::Light)), &window.context);
    assert!(!theme::tokens(&window.context).dark && window.app.state.settings_not_kept);
}
