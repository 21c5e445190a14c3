//! Shows the pages with sample data: `console-gallery PAGE [it|en] [light|dark] [small]`, to look at them;
//! lists them, and makes pictures of those that are named, or of all, as [`camera`] says.

#[path = "../../client-agent/examples/camera/mod.rs"]
mod camera;
#[path = "../tests/common/mod.rs"]
mod common;

use camera::Film;
use console_core::LineId;
use console_core::gate::{Busy, Day, GateCommand, GateDone, GateProblem, GateStage, GateView, Opening, WRONG_WAIT};
use console_core::picture::SharedPictures;
use console_core::proto::clipboard::ClipKind;
use console_core::proto::machine::Topic;
use console_core::proto::session::{Capability, CertificateProblem, Decision, EndReason, Step, TransferId};
use console_core::records::{Kept, NotInLog, Record};
use console_core::view::{
    ClipState, ConsoleCommand, ConsoleView, NoticeKind, PowerState, PowerView, SessionView, ShellState, Stage,
    TransferState,
};
use i18n::{I18n, Language};
use operator_console::app::{self, ConsoleApp, Over};
use operator_console::desk::{DeskCommand, DeskView};
use operator_console::engine::Engine;
use operator_console::news::News;
use operator_console::screens::Page;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use ui_kit::theme::Mode;

/// How far to scroll to the transcript, in points: in a window of usual size, and with letters twice as large.
const TO_TRANSCRIPT: (f32, f32) = (860.0, 1240.0);

/// The window, with its page scrolled to the transcript once it is there.
struct Scrolled {
    app: ConsoleApp<Still>,
    scrolls: bool,
    passes: u32,
}

impl eframe::App for Scrolled {
    fn raw_input_hook(&mut self, context: &egui::Context, input: &mut egui::RawInput) {
        /// Before that nothing is laid out that could be scrolled.
        const PASSES: u32 = 4;
        self.passes += 1;
        if self.passes < PASSES {
            context.request_repaint();
        }
        if self.passes == PASSES && self.scrolls {
            let points = if context.zoom_factor() > 1.5 { TO_TRANSCRIPT.1 } else { TO_TRANSCRIPT.0 };
            let middle = context.content_rect().center();
            input.events.push(egui::Event::PointerMoved(middle));
            input.events.push(egui::Event::MouseWheel {
                unit: egui::MouseWheelUnit::Point,
                delta: egui::vec2(0.0, -points),
                phase: egui::TouchPhase::Move,
                modifiers: egui::Modifiers::NONE,
                source: egui::MouseWheelSource::Unknown,
            });
        }
        self.app.raw_input_hook(context, input);
    }

    fn logic(&mut self, context: &egui::Context, frame: &mut eframe::Frame) {
        self.app.logic(context, frame);
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        self.app.ui(ui, frame);
    }
}

/// An engine whose view never changes.
struct Still {
    gate: GateView,
    view: Option<ConsoleView>,
    pictures: SharedPictures,
    desk: DeskView,
}

impl Engine for Still {
    fn gate(&mut self) -> GateView {
        self.gate.clone()
    }
    fn at_gate(&mut self, command: GateCommand) {
        tracing::info!(?command);
    }
    fn view(&self) -> Option<ConsoleView> {
        self.view.clone()
    }
    fn pictures(&self) -> SharedPictures {
        self.pictures.clone()
    }
    fn send(&mut self, command: ConsoleCommand) {
        tracing::info!(?command);
    }
    fn desk(&self) -> DeskView {
        self.desk.clone()
    }
    fn at_desk(&mut self, command: DeskCommand) {
        tracing::info!(?command);
    }
    fn shutdown(&mut self) {}
}

/// The pages before signing in.
fn gate_page(name: &str) -> Option<GateView> {
    let locked = common::gate(common::locked());
    let problem = |problem| Some(GateView { problem: Some(problem), ..common::gate(common::locked()) });
    match name {
        "sign-in" => Some(locked),
        "signing-in" => Some(GateView { busy: Some(Busy::SigningIn), ..locked }),
        "wrong-password" => problem(GateProblem::WrongPassword { left: 2 }),
        "too-many" => {
            let until = Some(Instant::now() + WRONG_WAIT);
            let stage = GateStage::Locked { name: "Giulia Rinaldi".to_owned(), until };
            Some(GateView { problem: Some(GateProblem::WrongPassword { left: 0 }), ..common::gate(stage) })
        }
        "certificate-ended" => problem(GateProblem::Certificate(CertificateProblem::Expired)),
        "enrol" => Some(common::gate(GateStage::Empty)),
        "enrol-refused" => {
            let problem = Some(GateProblem::PasswordPlain);
            Some(GateView { problem, ..common::gate(GateStage::Empty) })
        }
        "requested" => Some(common::gate(common::requested())),
        "request-saved" => {
            let done = Some(GateDone::RequestSaved("/home/giulia/Scaricati/giulia-rinaldi.request".into()));
            Some(GateView { done, ..common::gate(common::requested()) })
        }
        "answer-foreign" => {
            let problem = Some(GateProblem::AnswerForAnotherKey);
            Some(GateView { problem, ..common::gate(common::requested()) })
        }
        "confirm" => Some(common::gate(GateStage::Confirm(common::answer()))),
        "enrolled" => Some(GateView { done: Some(GateDone::AnswerTaken), ..locked }),
        "damaged" => {
            let path = "/home/giulia/.local/share/ponte-console/operator.ponte-vault".into();
            Some(GateView { problem: Some(GateProblem::VaultDamaged(path)), ..common::gate(GateStage::Unusable) })
        }
        _ => None,
    }
}

/// The gate behind the pages of a signed-in operator.
fn open_gate(name: &str) -> GateView {
    let opening = (name == "closed").then_some(Opening { is_today: false, day: Day::Mon, at: (8, 0) });
    GateView { opening, ..common::gate(GateStage::Open) }
}

fn page(name: &str) -> ConsoleView {
    let session = |session| common::view(Stage::Session(Box::new(session)));
    let now = Instant::now();
    match name {
        "key" => common::view(common::waiting(now, Duration::from_secs(552), 3)),
        "tries" => common::view_with_notices(
            common::waiting(now, Duration::from_secs(48), 2),
            &[NoticeKind::WrongTry { tries_left: 2 }],
        ),
        "notices" => common::view_with_notices(Stage::Idle, &[NoticeKind::KeyExpired, NoticeKind::RelayUnreachable]),
        "joining" => common::view(Stage::Joining),
        "busy" => session(common::busy_session()),
        "clipboard" => {
            let mut view = common::session(PowerState::Granted, PowerState::Off);
            view.clipboard.state = ClipState::Fetched(ClipKind::Text);
            session(view)
        }
        "pointing" => session(common::session(PowerState::Granted, PowerState::Off)),
        "keys" | "full-screen" => session(common::session(PowerState::Granted, PowerState::Granted)),
        "viewing" => session(common::session(PowerState::Granted, PowerState::Off)),
        "recognise" => {
            let mut view = common::session(PowerState::Off, PowerState::Off);
            view.recognised = false;
            view.system.clear();
            session(view)
        }
        "terms" | "choosing" => {
            let mut view = common::session(PowerState::Off, PowerState::Off);
            view.recognised = false;
            view.step = Some(if name == "terms" { Step::Terms } else { Step::Choosing });
            session(view)
        }
        "paused" => {
            let mut view = common::session(PowerState::Granted, PowerState::Granted);
            view.sharing_paused = true;
            session(view)
        }
        "closing" => {
            let mut view = common::view(common::ended(EndReason::OperatorEnded));
            if let Stage::Ended(end) = &mut view.stage {
                (end.is_closing, end.rating) = (true, None);
            }
            view
        }
        "machine-0" | "machine-1" | "machine-2" | "machine-3" | "machine-4" | "machine-5" | "machine-6" => {
            session(common::machine_session())
        }
        "palette" => session(common::session(PowerState::Granted, PowerState::Granted)),
        "picture-saved" => {
            let stage = Stage::Session(Box::new(common::session(PowerState::Granted, PowerState::Off)));
            let path = "/home/giulia/Scaricati/ponte-1.png".into();
            common::view_with_notices(stage, &[NoticeKind::PictureSaved { path }])
        }
        "terminal" => session(common::shell_session()),
        "terminal-asked" => {
            let mut view = common::session(PowerState::Granted, PowerState::Off);
            view.powers.push(PowerView { capability: Capability::Shell, state: PowerState::Asked });
            session(view)
        }
        "terminal-over" => {
            let mut view = common::shell_session();
            view.powers.retain(|power| power.capability != Capability::Shell);
            view.powers.push(PowerView { capability: Capability::Shell, state: PowerState::Off });
            view.shell.state = ShellState::Over { code: Some(0) };
            session(view)
        }
        "files" => session(common::files_session()),
        "files-list" => {
            let all = common::files_session();
            let transfers = all.transfers.iter().take(1).cloned().collect();
            session(SessionView { transfers, ..all })
        }
        "choice" => {
            let there = common::transfer(3, "relazione.odt", true, TransferState::Conflicts(1));
            let transfers = [there, common::transfer(4, "guida.pdf", false, TransferState::Queued)].into();
            session(SessionView { transfers, ..common::session(PowerState::Granted, PowerState::Off) })
        }
        "files-ask" => session(common::session(PowerState::Granted, PowerState::Off)),
        "asked" => session(common::session(PowerState::Asked, PowerState::Off)),
        "refused" => session(common::session(PowerState::Refused(Decision::Denied), PowerState::Off)),
        "down" => {
            let mut view = common::busy_session();
            view.reconnecting = true;
            session(view)
        }
        "ended" => common::view(common::ended(EndReason::ClientEnded)),
        "ended-unfinished" => common::view(common::ended_without_files_in_the_log()),
        "ends-soon" => {
            let mut view = common::view(Stage::Idle);
            view.operator.days_left = 5;
            view
        }
        "closed" => {
            let mut view = common::restricted(common::view(Stage::Idle));
            view.operator.open_now = false;
            view
        }
        "account-restricted" => common::restricted(common::view(Stage::Idle)),
        "restricted" => {
            let mut view = common::session(PowerState::Granted, PowerState::Off);
            view.since = SystemTime::now() - Duration::from_secs(22 * 60);
            common::restricted(session(view))
        }
        "refusals" => common::view_with_notices(
            Stage::Idle,
            &common::PROBLEMS.map(|problem| NoticeKind::RefusedByAgent(Some(problem))),
        ),
        "own-certificate" => common::view_with_notices(
            Stage::Idle,
            &[NoticeKind::CertificateRevoked, NoticeKind::OutsideHours, NoticeKind::LogNotSaved],
        ),
        "no-log" => {
            let mut view = common::view(common::ended(EndReason::TimeUp));
            if let Stage::Ended(end) = &mut view.stage {
                end.log = None;
            }
            view
        }
        "tabs" | "news" => session(common::asking_session()),
        "waiting-keys" | "first" => common::view(Stage::Idle),
        "lost" => common::view(common::ended(EndReason::ConnectionLost)),
        _ => common::view(Stage::Idle),
    }
}

/// The same session as if what is newest in the sample had begun now: some are of today, one of yesterday.
fn as_of_now(record: &Record) -> Record {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let newest_s = common::records().first().map_or(0, |newest| newest.kept.began_s);
    let began_s = now_s.saturating_sub(newest_s.saturating_sub(record.kept.began_s));
    Record { id: record.id.clone(), kept: Kept { began_s, ..record.kept.clone() } }
}

/// What stands around the session of this page.
fn desk(name: &str) -> DeskView {
    let now = Instant::now();
    let key = |line, seconds, tries| {
        common::tab(line, common::view(common::waiting(now, Duration::from_secs(seconds), tries)))
    };
    if name == "first" {
        return DeskView::default();
    }
    let mut desk = common::desk();
    desk.records = desk.records.iter().map(|record| Arc::new(as_of_now(record))).collect();
    if name == "transcript" {
        desk.transcript = Some(common::transcript());
    } else if name == "ended-unfinished" {
        let mut records = common::records().to_vec();
        if let Some(record) = records.first_mut() {
            let kept = &mut Arc::make_mut(record).kept;
            kept.unfinished = vec![common::unfinished()];
            kept.not_in_log = vec![NotInLog { name: "scansioni".to_owned(), files: 3 }];
        }
        desk.records = records.into();
    } else if name == "waiting-keys" {
        desk.tabs = vec![key(1, 552, 3), key(2, 48, 2)];
    } else if name == "tabs" || name == "news" {
        let session = |session| common::view(Stage::Session(Box::new(session)));
        let mut down = common::busy_session();
        down.reconnecting = true;
        let mut of_marco = session(down);
        of_marco.record = common::records().get(1).map(|record| record.id.clone());
        desk.tabs = vec![
            common::tab(1, session(common::asking_session())),
            common::tab(2, of_marco.clone()),
            key(3, 320, 3),
            common::tab(4, common::view(common::ended(EndReason::ClientEnded))),
        ];
        desk.front = Some(LineId(1));
        let mut news = News::default();
        let at = SystemTime::now();
        news.observe(LineId(2), &session(common::busy_session()), at);
        news.observe(LineId(2), &of_marco, at);
        news.observe(LineId(4), &common::view(common::ended(EndReason::ClientEnded)), at);
        // Of two that are closed, something is kept of one.
        for line in [5, 6] {
            news.observe(LineId(line), &session(common::session(PowerState::Granted, PowerState::Off)), at);
        }
        if let Some(record) = common::records().get(2) {
            news.keep_record(LineId(5), &record.id);
        }
        desk.news = news.items();
    }
    desk
}

/// The pages that have a name here, as they stand in this file: so none is forgotten.
fn names() -> Vec<&'static str> {
    let lines = include_str!("console-gallery.rs").lines().filter_map(|line| line.trim().strip_prefix('"'));
    let names = lines.filter_map(|line| line.split_once("\" =>")).flat_map(|(arm, _)| arm.split("\" | \""));
    let mut names: Vec<_> = names.chain(["home", "transcript", "conversation"]).collect();
    // Some stand there twice: with what is in them and with what lies over it.
    names.sort_unstable();
    names.dedup();
    names
}

fn main() -> eframe::Result {
    tracing_subscriber::fmt().with_writer(std::io::stderr).without_time().init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let i18n = I18n::new(if has("en") { Language::English } else { Language::Italian });
    let mode = if has("dark") { Mode::Dark } else { Mode::Light };
    if has("--list") {
        for name in names() {
            let _ = writeln!(std::io::stdout(), "{name}");
        }
        return Ok(());
    }
    let film = Film::of(&arguments);
    match &film {
        Some(_) => {
            let is_any_named = names().into_iter().any(has);
            let mut named = names().into_iter().filter(|name| !is_any_named || has(name));
            named.try_for_each(|name| show(name, i18n.language(), mode, has("small"), film.as_ref()))
        }
        None => {
            let name = arguments.first().map_or("home", String::as_str);
            show(name, i18n.language(), mode, has("small"), None)
        }
    }
}

fn show(name: &str, language: Language, mode: Mode, is_small: bool, film: Option<&Film>) -> eframe::Result {
    let i18n = I18n::new(language);
    let account = name.starts_with("account");
    let (machine, desk) = (name.to_owned(), desk(name));
    let (gate, view) = match gate_page(name) {
        Some(gate) => (gate, None),
        None => (open_gate(name), Some(page(name))),
    };
    let mut options = app::native_options(&i18n);
    if is_small {
        options.viewport = options.viewport.with_inner_size(app::SMALLEST_WINDOW);
    }
    eframe::run_native(
        app::APP_ID,
        options,
        Box::new(move |creation| {
            app::prepare(&creation.egui_ctx, mode);
            if let Some(film) = film {
                film.shoot(&creation.egui_ctx, name, app::SMALLEST_WINDOW.into());
            }
            // While the sharing is paused there is none, as in a true session.
            let pictures = match machine.as_str() {
                "paused" => SharedPictures::new(),
                _ => common::pictures(1280, 800),
            };
            let mut app = ConsoleApp::new(Still { gate, view, pictures, desk }, i18n);
            if machine == "news" {
                app.show_news();
            }
            if machine == "palette" {
                app.show_palette();
            }
            if let Some(topic) = machine.strip_prefix("machine") {
                let number = topic.trim_start_matches('-').parse().unwrap_or(0);
                app.show_machine(Topic::ALL.get(number).copied().unwrap_or(Topic::Overview));
            }
            match machine.as_str() {
                "pointing" => app.show_over(Over::Marks),
                "clipboard" => app.show_over(Over::Clipboard),
                "keys" => app.show_over(Over::Keys),
                "full-screen" => app.show_over(Over::FullScreen),
                _ => {}
            }
            if machine == "transcript" || machine == "conversation" {
                app.show_record(common::transcript().id);
            }
            if machine == "conversation" {
                app.show_conversation(common::transcript().id);
            }
            if machine.starts_with("terminal") {
                app.show_terminal();
            }
            if machine.starts_with("files") {
                app.show_files();
            }
            if machine == "files-list" {
                app.list_files_of(TransferId(1));
            }
            if account {
                app.show(Page::Account);
            }
            Ok(Box::new(Scrolled { app, scrolls: machine == "transcript" || machine == "conversation", passes: 0 }))
        }),
    )
}
