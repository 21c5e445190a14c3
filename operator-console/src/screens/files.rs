//! The panels under the remote screen that send a file and fetch one.

use super::parts::{close_button, path_field};
use super::{Effect, Scene, ScreenState, Under};
use crate::places;
use console_core::view::ConsoleCommand;
use egui::{Align, Frame, Key, Layout, Margin, Ui, vec2};
use std::path::PathBuf;
use ui_kit::{TagKind, button, heading, primary_button, small, tag, theme};

/// Which panel is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// Sending a file.
    Send,
    /// Fetching one.
    Fetch,
}

/// What was typed into the panels.
#[derive(Debug)]
pub struct FilesState {
    /// The path of the file to send.
    pub send_path: String,
    /// The path of the file to fetch, on the client's machine.
    pub fetch_path: String,
    /// The folder that receives it.
    pub fetch_into: String,
    missing: bool,
    wants_focus: bool,
}

impl Default for FilesState {
    fn default() -> Self {
        Self {
            send_path: String::new(),
            fetch_path: String::new(),
            fetch_into: places::downloads().display().to_string(),
            missing: false,
            wants_focus: false,
        }
    }
}

impl FilesState {
    /// Puts a chosen file into the panel.
    pub fn choose(&mut self, path: &std::path::Path) {
        self.send_path = path.display().to_string();
        self.missing = false;
    }

    /// Puts a chosen folder into the panel.
    pub fn choose_folder(&mut self, path: &std::path::Path) {
        self.fetch_into = path.display().to_string();
        self.missing = false;
    }

    /// Empties what belonged to one client; the folder stays.
    pub fn forget_session(&mut self) {
        self.send_path.clear();
        self.fetch_path.clear();
        self.missing = false;
    }
}

/// Opens a panel, or closes it if it is the one that is open.
pub(super) fn toggle(state: &mut ScreenState, panel: Open) {
    state.files.wants_focus = state.toggle_under(Under::File(panel));
    state.files.missing = false;
}

/// The open panel, under the remote screen.
pub fn files_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    panel: Open,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let tokens = theme::tokens(ui);
    let frame = Frame::new().fill(tokens.background).inner_margin(Margin::symmetric(16, 12));
    super::bottom_strip("files panel").frame(frame).show(ui, |ui| {
        let (title, text) = match panel {
            Open::Send => ("console-send-title", "console-send-text"),
            Open::Fetch => ("console-fetch-title", "console-fetch-text"),
        };
        ui.allocate_ui_with_layout(vec2(ui.available_width(), 28.0), Layout::right_to_left(Align::Center), |ui| {
            if close_button(ui, &scene.i18n.text("console-close-panel"), tokens.ink_secondary).clicked() {
                state.under = None;
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| heading(ui, &scene.i18n.text(title)));
        });
        small(ui, &scene.i18n.text(text));
        match panel {
            Open::Send => send_ui(ui, scene, state, commands),
            Open::Fetch => fetch_ui(ui, scene, state, commands),
        }
    });
}

fn focus_first(files: &mut FilesState, field: &egui::Response) {
    if std::mem::take(&mut files.wants_focus) {
        field.request_focus();
    }
}

fn send_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState, commands: &mut Vec<ConsoleCommand>) {
    let field = path_field(ui, &scene.i18n.text("console-send-path"), &mut state.files.send_path);
    focus_first(&mut state.files, &field);
    let enter = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    ui.horizontal(|ui| {
        let ready = !state.files.send_path.trim().is_empty();
        let send = scene.i18n.text("console-send-now");
        if (ui.add_enabled_ui(ready, |ui| primary_button(ui, &send)).inner.clicked() || enter) && ready {
            let path = places::typed_path(&state.files.send_path, places::home().as_deref());
            state.files.missing = !path.is_file();
            if !state.files.missing {
                commands.push(ConsoleCommand::send_file(path));
                state.files.send_path.clear();
                state.under = None;
            }
        }
        if button(ui, &scene.i18n.text("console-browse")).clicked() {
            state.effects.push(Effect::Browse);
        }
        if state.files.missing {
            tag(ui, TagKind::Warn, &scene.i18n.text("console-send-missing"));
        }
    });
}

fn fetch_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState, commands: &mut Vec<ConsoleCommand>) {
    let files = &mut state.files;
    let field = path_field(ui, &scene.i18n.text("console-fetch-path"), &mut files.fetch_path);
    focus_first(files, &field);
    let enter = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    path_field(ui, &scene.i18n.text("console-fetch-into"), &mut files.fetch_into);
    ui.horizontal(|ui| {
        let ready = !files.fetch_path.trim().is_empty();
        let fetch = scene.i18n.text("console-fetch-now");
        if (ui.add_enabled_ui(ready, |ui| primary_button(ui, &fetch)).inner.clicked() || enter) && ready {
            let into: PathBuf = places::typed_path(&files.fetch_into, places::home().as_deref());
            files.missing = !into.is_dir();
            if !files.missing {
                commands.push(ConsoleCommand::fetch_file(files.fetch_path.trim(), into));
                files.fetch_path.clear();
                state.under = None;
            }
        }
        if button(ui, &scene.i18n.text("console-browse")).clicked() {
            state.effects.push(Effect::BrowseFolder);
        }
        if files.missing {
            tag(ui, TagKind::Warn, &scene.i18n.text("console-fetch-missing"));
        }
    });
}
