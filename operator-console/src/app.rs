//! The window: folds the engine's view into pages and hands their commands back.

use crate::clipboard::{SystemClipboard, translate_shortcuts};
use crate::desk::{DeskCommand, DeskView};
use crate::engine::Engine;
use crate::news::Item;
use crate::saved;
use crate::screens::closing::Running;
use crate::screens::gate::{GateScene, gate_ui};
use crate::screens::saved::Told;
use crate::screens::{Copied, Effect, Page, Scene, ScreenState, Under, screen_ui};
use crate::settings::{Choice, Settings};
use crate::viewer::marking::Tool;
use console_core::LineId;
use console_core::clipboard::{Content, OwnClipboard, Picture};
use console_core::proto::clipboard::ClipProblem;
use console_core::proto::machine::Topic;
use console_core::proto::session::TransferId;
use console_core::records::RecordId;
use console_core::view::{ConsoleCommand, ConsoleView, Stage};
use i18n::{I18n, Language};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Instant;
use ui_kit::system_theme::SystemTheme;
use ui_kit::theme::{self, Density, Mode};

/// Size of the window when it opens, in points.
pub const WINDOW_SIZE: [f32; 2] = [1280.0, 800.0];
/// Smallest size of the window, in points.
pub const SMALLEST_WINDOW: [f32; 2] = [900.0, 600.0];
/// More than title bar and edges take of the height, in points.
const WINDOW_FRAME: f32 = 56.0;
/// The name under which the desktop knows the window.
pub const APP_ID: &str = "ponte-console";

/// What can stand over the remote screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The tools to point and draw with.
    Marks,
    /// The keys that this computer would keep for itself.
    Keys,
    /// The bar of the full screen, and nothing else.
    FullScreen,
    /// What is copied and pasted between the two machines.
    Clipboard,
}

/// What the operator chose in a dialog of the system.
enum Chosen {
    File(PathBuf),
    Folder(PathBuf),
    Answer(PathBuf),
    RequestFolder(PathBuf),
    Clipboard(Result<Content, ClipProblem>),
    SaveAs(u64, PathBuf),
    /// What became of a saved picture, and the picture where it is to be copied.
    Saved(u64, Told),
    SavedPicture(u64, Option<Picture>),
}

/// What was chosen, and in which session.
type ForLine = (Option<LineId>, Chosen);

/// The console's window over an engine.
pub struct ConsoleApp<E> {
    engine: E,
    i18n: I18n,
    state: ScreenState,
    clipboard: SystemClipboard,
    /// The same, for what goes to the person and comes from there.
    exchanged: OwnClipboard,
    /// With the session for which it was chosen: another may be in front by then.
    chosen: (SyncSender<ForLine>, Receiver<ForLine>),
    fitted: bool,
    /// Whose page is drawn.
    front: Option<LineId>,
    /// What the pages of the others remember.
    parked: BTreeMap<Option<LineId>, ScreenState>,
    /// Whether the operator has said that the window may close on what runs.
    may_close: bool,
    /// Whether the program is stopped from outside: nobody is asked then.
    stopped: Arc<AtomicBool>,
    /// What was chosen for the window, and the folder in which that is kept.
    kept: Option<(PathBuf, Settings)>,
    /// Kept for as long as the window is to follow the desktop.
    system_theme: Option<SystemTheme>,
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
            exchanged: OwnClipboard::default(),
            chosen: sync_channel(4),
            fitted: false,
            front: None,
            parked: BTreeMap::new(),
            may_close: false,
            stopped: Arc::default(),
            kept: None,
            system_theme: None,
        }
    }

    /// The same, closed in order and without a question once this is true.
    #[must_use]
    pub fn stopped_by(mut self, stopped: Arc<AtomicBool>) -> Self {
        self.stopped = stopped;
        self
    }

    /// The same with what holds in this run, and with what was `chosen` and is kept in the folder for `data`.
    #[must_use]
    pub fn with_settings(mut self, now: Settings, data: PathBuf, chosen: Settings) -> Self {
        self.state.settings = now;
        self.kept = Some((data, chosen));
        self
    }

    /// The same, light or dark as the desktop where nothing else was chosen.
    #[must_use]
    pub fn following(mut self, desktop: SystemTheme) -> Self {
        self.system_theme = Some(desktop);
        self
    }

    /// Opens a page of the window.
    pub fn show(&mut self, page: Page) {
        self.state.page = page;
    }

    /// Opens the list of what happened.
    pub fn show_news(&mut self) {
        self.state.open_news();
    }

    /// Opens the command palette.
    pub fn show_palette(&mut self) {
        self.state.open_palette();
    }

    /// Opens this page about the client's machine.
    pub fn show_machine(&mut self, topic: Topic) {
        self.state.under = Some(Under::Machine);
        self.state.machine.topic = topic;
    }

    /// Opens this over the remote screen.
    pub fn show_over(&mut self, over: Over) {
        match over {
            Over::Marks => drop(self.state.viewer.marking.choose(Some(Tool::Arrow))),
            Over::Keys => self.state.keys_open = true,
            Over::FullScreen => self.state.full_screen = true,
            Over::Clipboard => self.state.clip.open = true,
        }
    }

    /// Opens what is kept of this session, on the first page.
    pub fn show_record(&mut self, id: RecordId) {
        self.state.open_record(id);
    }

    /// Opens what was written in the chat of this session, where its record is open.
    pub fn show_conversation(&mut self, id: RecordId) {
        self.state.open_conversation(id);
    }

    /// Brings the terminal into sight.
    pub fn show_terminal(&mut self) {
        self.state.under = Some(Under::Terminal);
    }

    /// Opens the two folders.
    pub fn show_files(&mut self) {
        self.state.under = Some(Under::Folders);
    }

    /// Lists the files of that transfer one by one.
    pub fn list_files_of(&mut self, transfer: TransferId) {
        self.state.browser.listed = Some(transfer);
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

    /// Brings the page's memory to the front with its session; nothing that is pressed there stays down.
    fn follow_front(&mut self, desk: &DeskView, context: &egui::Context) {
        if self.front == desk.front {
            return;
        }
        let lifted = self.state.viewer.release(context);
        if let Some(before) = self.front {
            for command in lifted {
                self.engine.send_to(before, command);
            }
        }
        let next = self.parked.remove(&desk.front).unwrap_or_default();
        let before = self.state.bring(next);
        self.parked.insert(self.front, before);
        self.state.clip.was_away = true;
        self.parked.retain(|line, _| line.is_none_or(|line| desk.tabs.iter().any(|tab| tab.line == line)));
        self.front = desk.front;
    }

    /// What is in sight counts as seen.
    fn see(&mut self, desk: &DeskView) {
        let is_new = |item: &Arc<Item>| !item.is_seen && Some(item.line) == desk.front;
        if self.state.sees() && desk.news.iter().any(is_new) {
            self.engine.at_desk(DeskCommand::See);
        }
    }

    /// The window's own button, or the desktop's key for it, ends nothing without a word more.
    fn heed_close(&mut self, context: &egui::Context) {
        if self.stopped.load(Ordering::Acquire) && !self.may_close {
            self.may_close = true;
            context.send_viewport_cmd(egui::ViewportCommand::Close);
        }
        if !context.input(|input| input.viewport().close_requested()) {
            return;
        }
        if !self.may_close && Running::in_desk(&self.engine.desk()).is_any() {
            context.send_viewport_cmd(egui::ViewportCommand::CancelClose);
            self.state.ask_before_closing();
            context.request_repaint();
        }
    }

    fn perform(&mut self, effect: Effect, context: &egui::Context) {
        match effect {
            Effect::CopyKey(text) => self.copy(text, Copied::Key),
            Effect::CopyInvitation(text) => self.copy(text, Copied::Invitation),
            Effect::CopyFacts(text) => self.copy(text, Copied::Facts),
            Effect::SendClipboard => {
                let own = self.exchanged.clone();
                self.browse(move || Some(Chosen::Clipboard(own.read())), context);
            }
            Effect::PutFetched => self.put_fetched(),
            Effect::CopyPicture(monitor) => {
                let picture = self.engine.pictures().lock().monitors.get(&monitor).cloned();
                let is_there = picture.is_some_and(|picture| self.clipboard.set_picture(picture));
                self.state.copied = Some(if is_there { Copied::Picture } else { Copied::Failed });
            }
            Effect::Browse => {
                self.browse(|| rfd::FileDialog::new().pick_file().map(Chosen::File), context);
            }
            Effect::BrowseFolder => {
                let from = PathBuf::from(&self.state.files.fetch_into);
                self.browse(
                    move || rfd::FileDialog::new().set_directory(from).pick_folder().map(Chosen::Folder),
                    context,
                );
            }
            Effect::BrowseAnswer => {
                self.browse(|| rfd::FileDialog::new().pick_file().map(Chosen::Answer), context);
            }
            Effect::BrowseRequestFolder => {
                self.browse(|| rfd::FileDialog::new().pick_folder().map(Chosen::RequestFolder), context);
            }
            Effect::Gate(command) => self.engine.at_gate(command),
            Effect::Desk(command) => self.engine.at_desk(command),
            Effect::Choose(choice) => self.choose(choice, context),
            Effect::OpenRecord(id) => {
                self.engine.at_desk(DeskCommand::Show(None));
                let home = if self.front.is_none() { &mut self.state } else { self.parked.entry(None).or_default() };
                home.page = Page::Assistance;
                home.open_record(id);
            }
            Effect::CloseWindow => {
                self.may_close = true;
                context.send_viewport_cmd(egui::ViewportCommand::Close);
            }
            Effect::CopyFromTerminal(text) => {
                // Where the system does not allow it, what is selected stays selected.
                let _ = self.clipboard.set(text);
            }
            Effect::PasteIntoTerminal => self.paste_into_terminal(),
            Effect::OpenFolder { notice, folder } => {
                // Gives something back only where nobody took it.
                let open = move || ui_kit::opener::open_folder(&folder).is_err().then_some(Told::NoFolder);
                let open = move || open().map(|told| Chosen::Saved(notice, told));
                self.browse(open, context);
            }
            Effect::CopySaved { notice, path } => {
                let read = move || Some(Chosen::SavedPicture(notice, saved::read_picture(&path)));
                self.browse(read, context);
            }
            Effect::SaveAs { notice, from, to } => {
                let save = move || Some(Chosen::Saved(notice, Told::SavedAs(saved::save_as(&from, &to))));
                self.browse(save, context);
            }
            Effect::BrowseSaveAs { notice, from } => {
                let pick = move || {
                    let mut dialog = rfd::FileDialog::new();
                    if let Some(folder) = from.parent() {
                        dialog = dialog.set_directory(folder);
                    }
                    if let Some(name) = from.file_name() {
                        dialog = dialog.set_file_name(name.to_string_lossy());
                    }
                    dialog.save_file().map(|path| Chosen::SaveAs(notice, path))
                };
                self.browse(pick, context);
            }
        }
    }

    /// Makes the window so, and keeps that for the next start.
    fn choose(&mut self, choice: Choice, context: &egui::Context) {
        self.state.settings = self.state.settings.with(choice);
        match choice {
            Choice::Look(look) => theme::install(context, look.mode(), Density::Console),
            Choice::Language(language) => {
                let language = language.unwrap_or_else(Language::system);
                self.i18n = I18n::new(language);
                self.engine.set_language(language);
                let title = self.i18n.text("console-window-title");
                context.send_viewport_cmd(egui::ViewportCommand::Title(title));
            }
        }
        if let Some((data, chosen)) = &mut self.kept {
            *chosen = chosen.with(choice);
            let written = chosen.write(data).inspect_err(|error| tracing::warn!(%error, "a choice is not kept"));
            self.state.settings_not_kept = written.is_err();
        }
    }

    fn paste_into_terminal(&mut self) {
        let view = self.engine.view();
        let terminal = view.as_ref().and_then(|view| match &view.stage {
            Stage::Session(session) => session.shell.terminal.clone(),
            _ => None,
        });
        if let (Some(text), Some(terminal)) = (self.clipboard.text(), terminal)
            && let Some(command) = self.state.terminal.paste(text, terminal.key_mode())
        {
            self.engine.send(command);
        }
    }

    /// Lets the operator choose something for the session in front, on a thread of its own because the dialog waits
    /// for them. Where the system has no such dialog nothing comes back, and the field is still there.
    fn browse(&self, pick: impl FnOnce() -> Option<Chosen> + Send + 'static, context: &egui::Context) {
        let (line, chosen, context) = (self.front, self.chosen.0.clone(), context.clone());
        let dialog = move || {
            if let Some(choice) = pick() {
                if let Err(TrySendError::Full(_)) = chosen.try_send((line, choice)) {
                    tracing::warn!("a choice was dropped: too many at once");
                }
                context.request_repaint();
            }
        };
        if let Err(error) = std::thread::Builder::new().name("file dialog".to_owned()).spawn(dialog) {
            tracing::warn!(%error, "the file dialog could not be opened");
        }
    }

    /// What was chosen goes to the session for which it was, in front or not; with that it is gone.
    fn take_chosen(&mut self) {
        while let Ok((line, chosen)) = self.chosen.1.try_recv() {
            if let Chosen::Answer(path) = chosen {
                self.state.gate.choose_answer(&path);
                continue;
            }
            if let Chosen::RequestFolder(path) = chosen {
                self.state.gate.choose_folder(&path);
                continue;
            }
            let is_front = line == self.front;
            let state = if is_front { Some(&mut self.state) } else { self.parked.get_mut(&line) };
            let Some(state) = state else { continue };
            match chosen {
                Chosen::File(path) => state.choose_file(&path),
                Chosen::Folder(path) => state.files.choose_folder(&path),
                Chosen::Clipboard(Err(problem)) => state.clip.problem = Some(problem),
                Chosen::Clipboard(Ok(content)) => {
                    let command = ConsoleCommand::SendClipboard(content.into());
                    match line {
                        Some(line) => self.engine.send_to(line, command),
                        None if is_front => self.engine.send(command),
                        // Without a session there is nobody to send it to.
                        None => {}
                    }
                }
                Chosen::SaveAs(notice, path) => state.saved.choose(notice, &path),
                Chosen::Saved(notice, told) => state.saved.tell(notice, told),
                Chosen::SavedPicture(notice, picture) => {
                    let is_there = picture.is_some_and(|picture| self.clipboard.put_picture(&picture));
                    state.saved.tell(notice, Told::Copied(is_there));
                }
                Chosen::Answer(_) | Chosen::RequestFolder(_) => {}
            }
        }
    }

    /// Puts what came from the person's clipboard on the operator's, once. What comes after another tab or another
    /// window was in front waits for a press: the operator may have copied something else since.
    fn keep_fetched(&mut self, view: &ConsoleView) {
        let fetched = match &view.stage {
            Stage::Session(session) => session.clipboard.fetched.as_ref(),
            _ => None,
        };
        if self.state.clip.comes(fetched.map_or(0, |(number, _)| *number))
            && let Some((_, content)) = fetched
        {
            self.state.clip.problem = self.exchanged.put(Content::clone(content)).err();
        }
    }

    /// Puts there what has waited.
    fn put_fetched(&mut self) {
        if let Some(ConsoleView { stage: Stage::Session(session), .. }) = self.engine.view()
            && let Some((_, content)) = &session.clipboard.fetched
        {
            self.state.clip.waits = false;
            self.state.clip.problem = self.exchanged.put(Content::clone(content)).err();
        }
    }

    fn copy(&mut self, text: String, as_what: Copied) {
        self.state.copied = Some(if self.clipboard.set(text) { as_what } else { Copied::Failed });
    }
}

impl<E: Engine> eframe::App for ConsoleApp<E> {
    fn raw_input_hook(&mut self, context: &egui::Context, input: &mut egui::RawInput) {
        // While the remote screen has the focus, shortcuts are not ours, even before control is granted.
        let ours = !self.state.viewer.is_focused() && !self.state.terminal.is_focused();
        context.options_mut(|options| options.zoom_with_keyboard = ours);
        if ours {
            translate_shortcuts(&mut input.events, || self.clipboard.text());
        }
    }

    fn logic(&mut self, context: &egui::Context, _frame: &mut eframe::Frame) {
        self.heed_close(context);
        // Drawn or not: who works in another window is called, and not more often than there is news.
        let is_here = context.input(|input| input.viewport().focused).unwrap_or(true);
        self.state.clip.was_away |= !is_here;
        if self.engine.take_call() && !is_here {
            let kind = egui::UserAttentionType::Informational;
            context.send_viewport_cmd(egui::ViewportCommand::RequestUserAttention(kind));
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.fit_to_screen(ui.ctx());
        self.take_chosen();
        let gate = self.engine.gate();
        let desk = self.engine.desk();
        self.follow_front(&desk, ui.ctx());
        if ui.input(|input| input.focused) {
            self.see(&desk);
        }
        let now = Instant::now();
        let commands = match self.engine.view() {
            Some(view) => {
                self.keep_fetched(&view);
                let pictures = self.engine.pictures();
                let scene = Scene { i18n: &self.i18n, gate: &gate, view: &view, pictures: &pictures, now, desk: &desk };
                screen_ui(ui, &scene, &mut self.state)
            }
            None => {
                gate_ui(ui, &GateScene { i18n: &self.i18n, gate: &gate, now }, &mut self.state);
                Vec::new()
            }
        };
        if commands.iter().any(|command| !matches!(command, ConsoleCommand::Input(_))) {
            // Another tab may be in front then.
            ui.ctx().request_repaint();
        }
        for command in commands {
            self.engine.send(command);
        }
        ui_kit::opener::open_wanted_address(ui.ctx());
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

#[cfg(test)]
mod tests;
