//! What can be done with what was saved, under the notice that says where it is.

use super::parts::{focus_ring, is_entered, path_field};
use super::{Effect, Scene, ScreenState};
use crate::places;
use crate::saved::SavedAs;
use console_core::view::{Notice, NoticeKind};
use egui::{Key, Modifiers, RichText, Ui, vec2};
use std::path::{Path, PathBuf};
use ui_kit::fonts::Weight;
use ui_kit::theme;

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The picture is on the clipboard, or is not.
    Copied(bool),
    /// No program opened the folder.
    NoFolder,
    /// It was to be saved under another name.
    SavedAs(SavedAs),
}

/// What is remembered of the notice in which something was pressed last.
#[derive(Debug, Default)]
pub struct SavedState {
    notice: u64,
    told: Option<Told>,
    /// The path of the copy, while it is being named.
    path: Option<String>,
    wants_focus: bool,
}

impl SavedState {
    /// Says under this notice what became of it.
    pub fn tell(&mut self, notice: u64, told: Told) {
        let names_another = !matches!(told, Told::SavedAs(SavedAs::Done(_)));
        let path = self.path.take().filter(|_| names_another && self.notice == notice);
        *self = Self { notice, told: Some(told), path, wants_focus: false };
    }

    /// Puts a chosen path into the field of this notice.
    pub fn choose(&mut self, notice: u64, path: &Path) {
        let path = Some(path.display().to_string());
        *self = Self { notice, told: None, path, wants_focus: true };
    }
}

/// The buttons and what became of them; nothing under other notices.
pub(super) fn saved_ui(ui: &mut Ui, scene: &Scene<'_>, notice: &Notice, state: &mut ScreenState) {
    let (path, is_picture) = match &notice.kind {
        NoticeKind::PictureSaved { path } => (path, true),
        NoticeKind::FactsSaved { path } => (path, false),
        _ => return,
    };
    let id = notice.id;
    ui.horizontal_wrapped(|ui| {
        tighten(ui);
        if link(ui, &scene.i18n.text("console-saved-folder")) {
            let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
            state.effects.push(Effect::OpenFolder { notice: id, folder });
        }
        if is_picture && link(ui, &scene.i18n.text("console-saved-copy")) {
            state.effects.push(Effect::CopySaved { notice: id, path: path.clone() });
        }
        if is_picture && link(ui, &scene.i18n.text("console-saved-as")) {
            let is_open = state.saved.notice == id && state.saved.path.is_some();
            let typed = (!is_open).then(|| path.display().to_string());
            state.saved = SavedState { notice: id, told: None, path: typed, wants_focus: !is_open };
        }
    });
    if state.saved.notice != id {
        return;
    }
    if state.saved.path.is_some() {
        name_ui(ui, scene, id, path, state);
    }
    if let Some(told) = &state.saved.told {
        let tokens = theme::tokens(ui);
        let words = RichText::new(words(scene, told)).font(Weight::SemiBold.at(tokens.small_size)).color(tokens.ink);
        ui.add(egui::Label::new(words).wrap());
    }
}

/// Where the copy goes.
fn name_ui(ui: &mut Ui, scene: &Scene<'_>, id: u64, from: &Path, state: &mut ScreenState) {
    let saved = &mut state.saved;
    let Some(mut typed) = saved.path.take() else { return };
    let field = path_field(ui, &scene.i18n.text("console-saved-as-path"), &mut typed);
    if std::mem::take(&mut saved.wants_focus) {
        field.request_focus();
    }
    let entered = is_entered(ui, &field);
    let escaped = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape));
    ui.horizontal_wrapped(|ui| {
        tighten(ui);
        if (link(ui, &scene.i18n.text("console-saved-as-save")) || entered) && !typed.trim().is_empty() {
            let to: PathBuf = places::typed_path(&typed, places::home().as_deref());
            state.effects.push(Effect::SaveAs { notice: id, from: from.to_owned(), to });
        }
        if link(ui, &scene.i18n.text("console-browse")) {
            state.effects.push(Effect::BrowseSaveAs { notice: id, from: from.to_owned() });
        }
    });
    state.saved.path = (!escaped).then_some(typed);
    if escaped {
        ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
    }
}

fn words(scene: &Scene<'_>, told: &Told) -> String {
    let id = match told {
        Told::Copied(true) => "console-picture-copied",
        Told::Copied(false) => "console-saved-not-copied",
        Told::NoFolder => "console-saved-no-folder",
        Told::SavedAs(SavedAs::Exists) => "console-saved-as-exists",
        Told::SavedAs(SavedAs::Failed) => "console-saved-as-failed",
        Told::SavedAs(SavedAs::Done(path)) => {
            let path = path.display().to_string();
            return scene.i18n.text_with("console-saved-as-done", &[("path", path.into())]);
        }
    };
    scene.i18n.text(id)
}

/// There is little room in a notice.
fn tighten(ui: &mut Ui) {
    ui.spacing_mut().button_padding = vec2(9.0, 3.0);
    ui.spacing_mut().interact_size.y = 28.0;
    ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
}

/// A small button on the ground of a notice; whether it was pressed.
fn link(ui: &mut Ui, name: &str) -> bool {
    let tokens = theme::tokens(ui);
    let words = RichText::new(name).font(Weight::SemiBold.at(13.0)).color(tokens.ink);
    let button = egui::Button::new(words).fill(tokens.surface).stroke(egui::Stroke::new(1.0, tokens.edge));
    let button = ui.add(button.corner_radius(tokens.radius));
    focus_ring(ui, &button, button.rect);
    button.clicked()
}
