//! What of the screen to share: everything, one monitor, or one window, each with its picture.

use super::{ScreenState, layout};
use agent_core::view::{AgentCommand, AgentView, ChoiceView, OperatorView, Page, ShareReason, ShareView};
use agent_core::{LocalPreview, Share};
use egui::{ColorImage, Spinner, TextureHandle, TextureOptions, Ui, vec2};
use i18n::I18n;
use std::sync::Arc;
use ui_kit::{Choice, QuestionGuard, TagKind};

/// What is chosen so far, and the pictures as they were drawn last.
#[derive(Default)]
pub(crate) struct ShareState {
    pub(super) chosen: Option<Share>,
    /// What was chosen before, in the pass in which that changes.
    pub(super) before: Option<Option<Share>>,
    /// Whether the only choice was made already: only once, never in place of what is gone.
    is_proposed: bool,
    /// Whether the person wanted to go on without a choice.
    is_missed: bool,
    pictures: Vec<(Share, Arc<LocalPreview>, TextureHandle)>,
}

impl std::fmt::Debug for ShareState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShareState").field("chosen", &self.chosen).finish_non_exhaustive()
    }
}

impl ShareState {
    /// The picture of this choice, on the graphics card.
    fn picture(&mut self, ui: &Ui, choice: &ChoiceView) -> Option<(egui::TextureId, egui::Vec2)> {
        let preview = choice.preview.as_ref()?;
        let size = [preview.width() as usize, preview.height() as usize];
        let known = self.pictures.iter_mut().find(|(share, ..)| *share == choice.share);
        let image = || ColorImage::from_rgba_unmultiplied(size, preview.rgba());
        let texture = match known {
            Some((_, drawn, texture)) => {
                if !Arc::ptr_eq(drawn, preview) {
                    texture.set(image(), TextureOptions::LINEAR);
                    *drawn = Arc::clone(preview);
                }
                texture.id()
            }
            None => {
                let texture = ui.ctx().load_texture("preview", image(), TextureOptions::LINEAR);
                let id = texture.id();
                self.pictures.push((choice.share, Arc::clone(preview), texture));
                id
            }
        };
        Some((texture, vec2(preview.width() as f32, preview.height() as f32)))
    }
}

/// For so long after the last pass with the pictures they may still be on the screen, in seconds.
const FADES: f64 = 0.35;

/// The word to the engine that the pictures to choose from are off the screen, some passes after they were drawn last.
pub(super) fn heed_gone(ui: &Ui, view: &AgentView, drawn: &mut Option<f64>) -> Option<AgentCommand> {
    let now = ui.input(|input| input.time);
    if matches!(view.page, Page::Share { .. }) {
        *drawn = Some(now);
        return None;
    }
    let since = (*drawn)?;
    if now - since < FADES {
        ui.ctx().request_repaint();
        return None;
    }
    *drawn = None;
    Some(AgentCommand::ShareGone)
}

pub(super) fn page_ui(
    ui: &mut Ui,
    operator: &OperatorView,
    choices: &ShareView,
    i18n: &I18n,
    state: &mut ScreenState,
) -> Vec<AgentCommand> {
    let refused = layout::refused(i18n, state);
    let share = &mut state.share;
    if choices.reason == ShareReason::First && !share.is_proposed && !choices.monitors.is_empty() {
        share.is_proposed = true;
        // Where there is a choice it is the person's: to show everything is never what happens by itself.
        let mut choices = all(choices);
        share.chosen = choices.next().filter(|_| choices.next().is_none()).map(|only| only.share);
    }
    if share.chosen.is_some_and(|chosen| !all(choices).any(|choice| choice.share == chosen)) {
        share.chosen = None;
    }
    let (no, yes) = match choices.reason {
        ShareReason::First => ("share-no", "share-yes"),
        ShareReason::Change => ("share-keep", "share-yes-now"),
        ShareReason::Gone => ("panel-end-short", "share-yes-now"),
    };
    let is_missed = share.is_missed && share.chosen.is_none();
    let guard = QuestionGuard::begin(ui);
    let (no, scam, yes) = layout::page(
        ui,
        |ui| content_ui(ui, operator, choices, i18n, share),
        |ui| {
            layout::refused_ui(ui, refused.as_ref());
            // Beside the buttons: the words above may be scrolled.
            if is_missed {
                ui_kit::notice(ui, TagKind::Warn, "", &i18n.text("share-choose-first"));
            }
            ui_kit::button_row(ui, &i18n.text(no), &i18n.text("ask-scam"), &i18n.text(yes))
        },
    );
    let picked = guard.end(ui, &no, Some(&yes));
    if scam.clicked() {
        return vec![AgentCommand::ReportScam];
    }
    if picked == Some(Choice::Safe) {
        let kept = choices.reason == ShareReason::Change;
        return vec![if kept { AgentCommand::KeepShare } else { AgentCommand::End }];
    }
    if picked.is_none() {
        return Vec::new();
    }
    share.is_missed = share.chosen.is_none();
    share.chosen.map(AgentCommand::Share).into_iter().collect()
}

fn all(choices: &ShareView) -> impl Iterator<Item = &ChoiceView> {
    choices.monitors.iter().chain(&choices.everything).chain(&choices.windows)
}

fn content_ui(ui: &mut Ui, operator: &OperatorView, choices: &ShareView, i18n: &I18n, share: &mut ShareState) {
    if choices.reason == ShareReason::First {
        // In a session the bar above says it.
        layout::who(ui, operator, i18n);
    }
    let lead = match choices.reason {
        ShareReason::First => "share-lead",
        ShareReason::Change => "share-lead-change",
        ShareReason::Gone => "share-lead-gone",
    };
    ui_kit::title(ui, &i18n.text("share-title"));
    ui_kit::body_secondary(ui, &i18n.text(lead));
    ui.add_space(8.0);
    if choices.monitors.is_empty() && choices.windows.is_empty() {
        let accent = ui_kit::theme::tokens(ui).accent;
        ui.add(Spinner::new().size(28.0).color(accent));
        return;
    }
    if !choices.windows.is_empty() {
        // It shows the least, and stands below what is in sight.
        ui_kit::small(ui, &i18n.text("share-window-below"));
        ui.add_space(4.0);
    }
    let several = choices.monitors.len() > 1;
    for (number, monitor) in (1_u32..).zip(&choices.monitors) {
        let title = match (several, number) {
            (false, _) => i18n.text("share-screen"),
            (true, 1) => i18n.text("share-main-monitor"),
            (true, _) => i18n.text_with("share-monitor", &[("number", number.into())]),
        };
        choice_ui(
            ui,
            monitor,
            &title,
            &i18n.text(if several { "share-monitor-only" } else { "share-screen-all" }),
            share,
        );
    }
    if let Some(everything) = &choices.everything {
        choice_ui(ui, everything, &i18n.text("share-everything"), "", share);
    }
    if choices.windows.is_empty() {
        return;
    }
    ui.add_space(8.0);
    ui_kit::heading(ui, &i18n.text("share-window"));
    ui_kit::small(ui, &i18n.text("share-window-lead"));
    for window in &choices.windows {
        let unnamed = || i18n.text("share-window-unnamed");
        let title = if window.title.is_empty() { unnamed() } else { shortened(&window.title) };
        choice_ui(ui, window, &title, "", share);
    }
    share.pictures.retain(|(known, ..)| all(choices).any(|choice| choice.share == *known));
}

/// Characters of a window's title that are shown.
const TITLE_CHARS: usize = 70;

fn shortened(title: &str) -> String {
    if title.chars().count() <= TITLE_CHARS {
        return title.to_owned();
    }
    title.chars().take(TITLE_CHARS - 1).chain(['\u{2026}']).collect()
}

fn choice_ui(ui: &mut Ui, choice: &ChoiceView, title: &str, second: &str, share: &mut ShareState) {
    let picture = share.picture(ui, choice);
    ui.push_id(format!("{:?}", choice.share), |ui| {
        if ui_kit::choice(ui, share.chosen == Some(choice.share), picture, title, second).clicked() {
            share.before = Some(share.chosen);
            share.chosen = Some(choice.share);
        }
    });
}
