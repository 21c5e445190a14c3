//! The pages of the window: plain data in, commands out; nothing here knows a session.

pub mod account;
pub mod browser;
pub mod clip;
pub mod closing;
mod conversation;
pub mod ended;
pub mod files;
pub mod full_screen;
pub mod gate;
pub mod home;
pub mod keys;
pub mod look;
pub mod machine;
pub mod marking;
pub mod news;
pub mod notes;
pub mod notices;
pub mod palette;
mod palette_more;
mod pane;
pub mod parts;
mod past;
pub mod rail;
pub mod recent;
pub mod saved;
mod seek;
pub mod session;
pub mod shell;
pub mod side;
pub mod tabs;
mod transcript;
pub mod transfers;
mod unfinished;

use crate::desk::{DeskCommand, DeskView};
use crate::settings::{Choice, Settings};
use crate::terminal::TerminalState;
use crate::viewer::ViewerState;
use browser::BrowserState;
use console_core::LineId;
use console_core::gate::{GateCommand, GateView};
use console_core::picture::SharedPictures;
use console_core::proto::geometry::MonitorId;
use console_core::proto::session::TransferId;
use console_core::records::{Record, RecordId};
use console_core::view::{ConsoleCommand, ConsoleView, Stage};
use egui::{Frame, Margin, Panel, Ui};
use files::FilesState;
use gate::GateState;
use i18n::{I18n, Language};
use machine::MachineState;
use notes::NotesState;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use transfers::Rates;
use ui_kit::theme;

/// What the window should do by itself. Has no `Debug`: it holds keys.
#[derive(PartialEq, Eq)]
pub enum Effect {
    /// Put the key on the clipboard.
    CopyKey(String),
    /// Put the invitation on the clipboard.
    CopyInvitation(String),
    /// Put a page about the client's machine on the clipboard.
    CopyFacts(String),
    /// Put the picture of this monitor on the clipboard.
    CopyPicture(MonitorId),
    /// Put what came from the person's clipboard on the operator's.
    PutFetched,
    /// Send what is on the clipboard to the person.
    SendClipboard,
    /// Let the operator choose a file to send.
    Browse,
    /// Let the operator choose the folder that receives files.
    BrowseFolder,
    /// Let the operator choose the organisation's answer.
    BrowseAnswer,
    /// Let the operator choose the folder that receives the request.
    BrowseRequestFolder,
    /// Something at the gate.
    Gate(GateCommand),
    /// Something around the session in front.
    Desk(DeskCommand),
    /// Put what is selected in the terminal on the clipboard.
    CopyFromTerminal(String),
    /// Paste what is on the clipboard into the terminal.
    PasteIntoTerminal,
    /// Show a folder in the system's own window for that.
    OpenFolder {
        /// The notice in which it was pressed.
        notice: u64,
        /// Which.
        folder: PathBuf,
    },
    /// Put a saved picture on the clipboard.
    CopySaved {
        /// The notice in which it was pressed.
        notice: u64,
        /// Where it is.
        path: PathBuf,
    },
    /// Save a copy of a saved picture there, over nothing.
    SaveAs {
        /// The notice in which it was pressed.
        notice: u64,
        /// Where it is.
        from: PathBuf,
        /// Where the copy goes.
        to: PathBuf,
    },
    /// Let the operator choose where that copy goes.
    BrowseSaveAs {
        /// The notice in which it was pressed.
        notice: u64,
        /// Where it is.
        from: PathBuf,
    },
    /// Close the window, and with it end what runs.
    CloseWindow,
    /// Make the window so, and keep that.
    Choose(Choice),
    /// Show what is kept of this session, on the first page.
    OpenRecord(RecordId),
}

/// Which page is open while there is no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Page {
    /// Keys and what becomes of them.
    #[default]
    Assistance,
    /// The operator's certificate, what it allows, and the password.
    Account,
}

/// What lies under the remote screen: there is room for one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Under {
    /// The panel for one file.
    File(files::Open),
    /// The two folders.
    Folders,
    /// The pages about the client's machine.
    Machine,
    /// The terminal.
    Terminal,
}

/// What became of the last copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// The key is on the clipboard.
    Key,
    /// The invitation is on the clipboard.
    Invitation,
    /// A page about the client's machine is on the clipboard.
    Facts,
    /// A picture of the remote screen is on the clipboard.
    Picture,
    /// The system gave no access.
    Failed,
}

/// What the pages remember between frames.
#[derive(Default)]
pub struct ScreenState {
    /// The remote screen.
    pub viewer: ViewerState,
    /// The line of chat that is being written.
    pub draft: String,
    /// The panels for sending and fetching files.
    pub files: FilesState,
    /// The pages about the client's machine.
    pub machine: MachineState,
    /// What is being written about the session.
    pub notes: NotesState,
    /// The two folders.
    pub browser: BrowserState,
    /// Signing in, the request and the password.
    pub gate: GateState,
    /// Which page is open while there is no session.
    pub page: Page,
    /// What became of the last copy.
    pub copied: Option<Copied>,
    /// What the window should do after this frame.
    pub effects: Vec<Effect>,
    /// What is copied and pasted between the two machines.
    pub clip: clip::ClipPanel,
    /// Whether the remote screen has all of the operator's monitor.
    pub full_screen: bool,
    /// Whether the strip of keys is open that this computer would keep for itself.
    pub keys_open: bool,
    /// What is open under the remote screen.
    pub under: Option<Under>,
    /// The terminal.
    pub terminal: TerminalState,
    /// The command palette.
    palette: palette::PaletteState,
    rates: Rates,
    /// The transfers whose choice was brought into sight beside the screen.
    choices_shown: BTreeSet<TransferId>,
    rail_releases: bool,
    /// The list of sessions at the beginning.
    recent: recent::RecentState,
    transcript: transcript::TranscriptFilter,
    conversation: conversation::ConversationState,
    /// The tabs, and what happened in them.
    tabs: tabs::TabsState,
    /// What was saved.
    pub saved: saved::SavedState,
    /// In which language the person of a key is spoken to; the window's if not chosen.
    invitations: BTreeMap<Option<LineId>, Language>,
    /// The words that spell a key in that language, put together once: to read a language's words takes longer than to
    /// draw.
    spelt: BTreeMap<Option<LineId>, (Language, String, String)>,
    /// What the bar of the full screen has told.
    bar: full_screen::BarState,
    /// Whether the window is to close, once the operator has said so.
    closing: closing::ClosingState,
    /// What holds for the window.
    pub settings: Settings,
    /// Whether the last choice could not be written down for the next start.
    pub settings_not_kept: bool,
}

impl ScreenState {
    /// Whether what happens in the session in front is in sight: in full screen there is only its picture.
    #[must_use]
    pub fn sees(&self) -> bool {
        !self.full_screen
    }

    /// Opens what is kept of this session in the list of the first page.
    pub(crate) fn open_record(&mut self, id: RecordId) {
        self.recent.show(id);
    }

    /// Opens what was written in the chat of this session, below what is kept of it.
    pub(crate) fn open_conversation(&mut self, id: RecordId) {
        self.conversation = conversation::ConversationState::of(id);
    }

    /// Puts another session's memory in the place of this, which it gives back; what belongs to the window stays.
    pub(crate) fn bring(&mut self, mut next: Self) -> Self {
        std::mem::swap(&mut next.gate, &mut self.gate);
        std::mem::swap(&mut next.effects, &mut self.effects);
        std::mem::swap(&mut next.tabs, &mut self.tabs);
        std::mem::swap(&mut next.full_screen, &mut self.full_screen);
        std::mem::swap(&mut next.closing, &mut self.closing);
        std::mem::swap(&mut next.invitations, &mut self.invitations);
        std::mem::swap(&mut next.settings, &mut self.settings);
        std::mem::swap(&mut next.settings_not_kept, &mut self.settings_not_kept);
        next.page = Page::Assistance;
        std::mem::replace(self, next)
    }

    /// Asks whether the window is to close on what runs.
    pub fn ask_before_closing(&mut self) {
        self.closing.ask();
    }

    /// Opens the list of what happened.
    pub fn open_news(&mut self) {
        self.tabs.news_open = true;
    }

    /// Opens this under the remote screen, in the place of what is there, or closes it. Whether it is open now.
    fn toggle_under(&mut self, what: Under) -> bool {
        self.under = (self.under != Some(what)).then_some(what);
        self.under.is_some()
    }

    /// Puts a chosen file into the panel that sends it.
    pub(crate) fn choose_file(&mut self, path: &std::path::Path) {
        self.files.choose(path);
        self.under = Some(Under::File(files::Open::Send));
    }

    /// Opens the command palette.
    pub fn open_palette(&mut self) {
        self.palette.open();
    }

    /// Whether keys go to the client: to its screen or to its terminal.
    #[must_use]
    pub fn has_keyboard(&self) -> bool {
        self.viewer.is_capturing() || self.terminal.is_focused()
    }

    /// Forgets what belonged to a session or key that is over.
    fn forget_session(&mut self) {
        self.viewer = ViewerState::default();
        self.draft.clear();
        self.files.forget_session();
        self.machine = MachineState::default();
        self.under = None;
        self.terminal = TerminalState::default();
        self.browser = BrowserState::default();
        self.rates = Rates::default();
        self.choices_shown.clear();
        self.rail_releases = false;
        self.keys_open = false;
        self.clip = clip::ClipPanel::default();
    }
}

/// What every page is drawn from.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The words.
    pub i18n: &'a I18n,
    /// The operator's certificate and password.
    pub gate: &'a GateView,
    /// The data.
    pub view: &'a ConsoleView,
    /// The pixels.
    pub pictures: &'a SharedPictures,
    /// The time that countdowns count to.
    pub now: Instant,
    /// What stands around the session in front.
    pub desk: &'a DeskView,
}

impl Scene<'_> {
    /// What is kept of the session in front.
    fn record(&self) -> Option<&Arc<Record>> {
        self.view.record.as_ref().and_then(|id| self.desk.record(id))
    }
}

/// Draws the page that belongs to the view, into a `ui` that fills the window.
pub fn screen_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState) -> Vec<ConsoleCommand> {
    let mut commands = Vec::new();
    // Of keys that wait no more.
    let waits = |line: &LineId| {
        let tab = scene.desk.tabs.iter().find(|tab| tab.line == *line);
        tab.is_some_and(|tab| matches!(tab.view.stage, Stage::Waiting(_)))
    };
    state.spelt.retain(|line, _| line.is_none_or(|line| waits(&line)));
    state.invitations.retain(|line, _| line.is_none_or(|line| waits(&line)));
    // First: while it is open the keys are its own.
    palette::palette_ui(ui, scene, state, &mut commands);
    tabs::tabs_ui(ui, scene, state);
    closing::closing_ui(ui, scene, state);
    // What one session's fields remember is none of another's, also not of the one before on the same line.
    let whose = (scene.desk.front.map_or(0, |line| line.0), scene.view.record.clone());
    ui.push_id(whose, |ui| commands.extend(page_ui(ui, scene, state)));
    commands
}

fn page_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState) -> Vec<ConsoleCommand> {
    let mut commands = Vec::new();
    if let Stage::Session(session) = &scene.view.stage {
        session::session_ui(ui, scene, session, state, &mut commands);
        return commands;
    }
    state.forget_session();
    full_screen::leave(ui, state);
    if !matches!(scene.view.stage, Stage::Idle | Stage::Waiting(_)) {
        // Where a key is being used the operator must see what becomes of it.
        state.page = Page::Assistance;
    }
    if !matches!(scene.view.stage, Stage::Waiting(_)) {
        // What was copied in a session is said there.
        state.copied = None;
    }
    if state.page != Page::Account {
        state.gate.forget_passwords();
    }
    let tokens = theme::tokens(ui);
    home::side_bar_ui(ui, scene, state);
    egui::CentralPanel::default()
        .frame(Frame::new().fill(tokens.background).inner_margin(if is_narrow(ui) {
            Margin::same(14)
        } else {
            Margin::symmetric(32, 28)
        }))
        .show(ui, |ui| {
            egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| match &scene.view.stage {
                Stage::Ended(end) => ended::ended_ui(ui, scene, end, state, &mut commands),
                _ if state.page == Page::Account => account::account_ui(ui, scene, state),
                _ => home::home_ui(ui, scene, state, &mut commands),
            });
        });
    commands
}

/// Whether the window has no room for what is merely convenient, in points: small windows, large text.
fn is_narrow(ui: &Ui) -> bool {
    const NARROW: f32 = 700.0;
    ui.ctx().content_rect().width() < NARROW
}

/// A panel at the bottom whose height is that of its contents.
fn bottom_strip(name: &'static str) -> Panel {
    Panel::bottom(name).min_size(0.0).show_separator_line(false)
}
