//! The window: folds the engine's view into pages and hands their commands back.

use crate::clipboard::{SystemClipboard, translate_shortcuts};
use crate::engine::Engine;
use crate::screens::gate::{GateScene, gate_ui};
use crate::screens::{Copied, Effect, Page, Scene, ScreenState, screen_ui};
use console_core::proto::machine::Topic;
use i18n::I18n;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Instant;
use ui_kit::theme::{self, Density, Mode};

/// Size of the window when it opens, in points.
pub const WINDOW_SIZE: [f32; 2] = [1280.0, 800.0];
/// Smallest size of the window, in points.
pub const SMALLEST_WINDOW: [f32; 2] = [900.0, 600.0];
/// More than title bar and edges take of the height, in points.
const WINDOW_FRAME: f32 = 56.0;
/// The name under which the desktop knows the window.
pub const APP_ID: &str = "ponte-console";

/// What the operator chose in a dialog of the system.
enum Chosen {
    File(PathBuf),
    Folder(PathBuf),
    Answer(PathBuf),
    RequestFolder(PathBuf),
}

/// The console's window over an engine.
pub struct ConsoleApp<E> {
    engine: E,
    i18n: I18n,
    state: ScreenState,
    clipboard: SystemClipboard,
    chosen: (SyncSender<Chosen>, Receiver<Chosen>),
    fitted: bool,
}

/// The options that the window must be opened with.
#[must_use]
pub fn native_options(i18n: &I18n) -> eframe::NativeOptions {
    eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_app_id(APP_ID)
            .with_title(i18n.text("console-window-title"))
            .with_inner_size(WINDOW_SIZE)
            .with_min_inner_size(SMALLEST_WINDOW)
            .with_drag_and_drop(true),
        // The remote screen needs these keys; text fields get them from `clipboard`.
        clipboard_shortcuts: false,
        ..Default::default()
    }
}

/// Gives the window Ponte's look, and takes from it the shortcuts that belong to the client.
pub fn prepare(context: &egui::Context, mode: Mode) {
    theme::install(context, mode, Density::Console);
    context.options_mut(|options| options.quit_shortcuts.clear());
}

impl<E: Engine> ConsoleApp<E> {
    /// The window over a running engine.
    #[must_use]
    pub fn new(engine: E, i18n: I18n) -> Self {
        Self {
            engine,
            i18n,
            state: ScreenState::default(),
            clipboard: SystemClipboard::default(),
            chosen: sync_channel(4),
            fitted: false,
        }
    }

    /// Opens a page of the window.
    pub fn show(&mut self, page: Page) {
        self.state.page = page;
    }

    /// Opens this page about the client's machine.
    pub fn show_machine(&mut self, topic: Topic) {
        self.state.machine.open = true;
        self.state.machine.topic = topic;
    }

    /// Opens the two folders.
    pub fn show_files(&mut self) {
        self.state.browser.open = true;
    }

    /// On a screen that is too small for it the window opens smaller, so that nothing is cut off.
    fn fit_to_screen(&mut self, context: &egui::Context) {
        if self.fitted {
            return;
        }
        let (screen, inner) = context.input(|input| (input.viewport().monitor_size, input.viewport().inner_rect));
        let Some(screen) = screen else { return };
        self.fitted = true;
        let opened = inner.map_or(egui::Vec2::from(WINDOW_SIZE), |inner| inner.size());
        let room = opened.min(screen - egui::vec2(0.0, WINDOW_FRAME));
        if room != opened {
            // On a small screen with large text the usual least size would not fit either.
            let least = room.min(SMALLEST_WINDOW.into());
            context.send_viewport_cmd(egui::ViewportCommand::MinInnerSize(least));
            context.send_viewport_cmd(egui::ViewportCommand::InnerSize(room));
        }
    }

    fn perform(&mut self, effect: Effect, context: &egui::Context) {
        match effect {
            Effect::CopyKey(text) => self.copy(text, Copied::Key),
            Effect::CopyInvitation(text) => self.copy(text, Copied::Invitation),
            Effect::CopyFacts(text) => self.copy(text, Copied::Facts),
            Effect::Browse => {
                browse(|| rfd::FileDialog::new().pick_file().map(Chosen::File), self.chosen.0.clone(), context.clone());
            }
            Effect::BrowseFolder => {
                let from = PathBuf::from(&self.state.files.fetch_into);
                let pick = move || rfd::FileDialog::new().set_directory(from).pick_folder().map(Chosen::Folder);
                browse(pick, self.chosen.0.clone(), context.clone());
            }
            Effect::BrowseAnswer => {
                let pick = || rfd::FileDialog::new().pick_file().map(Chosen::Answer);
                browse(pick, self.chosen.0.clone(), context.clone());
            }
            Effect::BrowseRequestFolder => {
                let pick = || rfd::FileDialog::new().pick_folder().map(Chosen::RequestFolder);
                browse(pick, self.chosen.0.clone(), context.clone());
            }
            Effect::Gate(command) => self.engine.at_gate(command),
        }
    }

    fn copy(&mut self, text: String, as_what: Copied) {
        self.state.copied = Some(if self.clipboard.set(text) { as_what } else { Copied::Failed });
    }
}

/// Lets the operator choose something, on a thread of its own because the dialog waits for them. Where
/// the system has no such dialog nothing comes back, and the field is still there.
fn browse(pick: impl FnOnce() -> Option<Chosen> + Send + 'static, chosen: SyncSender<Chosen>, context: egui::Context) {
    let dialog = move || {
        if let Some(path) = pick() {
            if let Err(TrySendError::Full(_)) = chosen.try_send(path) {
                tracing::warn!("a choice was dropped: too many at once");
            }
            context.request_repaint();
        }
    };
    if let Err(error) = std::thread::Builder::new().name("file dialog".to_owned()).spawn(dialog) {
        tracing::warn!(%error, "the file dialog could not be opened");
    }
}

impl<E: Engine> eframe::App for ConsoleApp<E> {
    fn raw_input_hook(&mut self, context: &egui::Context, input: &mut egui::RawInput) {
        // While the remote screen has the focus, shortcuts are not ours, even before control is granted.
        let ours = !self.state.viewer.is_focused();
        context.options_mut(|options| options.zoom_with_keyboard = ours);
        if ours {
            translate_shortcuts(&mut input.events, || self.clipboard.text());
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.fit_to_screen(ui.ctx());
        while let Ok(chosen) = self.chosen.1.try_recv() {
            match chosen {
                Chosen::File(path) => self.state.files.choose(&path),
                Chosen::Folder(path) => self.state.files.choose_folder(&path),
                Chosen::Answer(path) => self.state.gate.choose_answer(&path),
                Chosen::RequestFolder(path) => self.state.gate.choose_folder(&path),
            }
        }
        let gate = self.engine.gate();
        let now = Instant::now();
        let commands = match self.engine.view() {
            Some(view) => {
                let pictures = self.engine.pictures();
                let scene = Scene { i18n: &self.i18n, gate: &gate, view: &view, pictures: &pictures, now };
                screen_ui(ui, &scene, &mut self.state)
            }
            None => {
                gate_ui(ui, &GateScene { i18n: &self.i18n, gate: &gate, now }, &mut self.state);
                Vec::new()
            }
        };
        for command in commands {
            self.engine.send(command);
        }
        let effects = std::mem::take(&mut self.state.effects);
        if !effects.is_empty() {
            ui.ctx().request_repaint();
        }
        for effect in effects {
            self.perform(effect, ui.ctx());
        }
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.engine.shutdown();
    }
}
