//! What of the screen to share: everything, one monitor, or one window, each with its picture.

use super::{ScreenState, asking, layout};
use agent_core::view::{AgentCommand, AgentView, ChoiceView, OperatorView, Page, ShareReason, ShareView};
use agent_core::{LocalPreview, Share};
use egui::{Align, ColorImage, Rect, Spinner, TextureHandle, TextureOptions, Ui, vec2};
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
    operator: Option<&OperatorView>,
    choices: &ShareView,
    i18n: &I18n,
    state: &mut ScreenState,
) -> Vec<AgentCommand> {
    let refused = asking::refused(i18n, state);
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
    let (is_chosen, is_missed) = (share.chosen.is_some(), share.is_missed);
    let guard = QuestionGuard::begin(ui);
    let ((no, scam, yes, first), view) = layout::page_in_view(
        ui,
        |ui| content_ui(ui, operator, choices, i18n, share),
        |ui, hidden: Option<Rect>| {
            asking::refused_ui(ui, refused.as_ref());
            if is_missed && !is_chosen {
                ui_kit::notice(ui, TagKind::Warn, "", &i18n.text("share-choose-first"));
            }
            // In the accent where there is something to go on with.
            let row = if is_chosen || hidden.is_some() { ui_kit::button_row } else { ui_kit::plain_button_row };
            let yes = if hidden.is_some() { "share-see" } else { yes };
            let (no, scam, yes) = row(ui, &i18n.text(no), &i18n.text("ask-scam"), &i18n.text(yes));
            (no, scam, yes, hidden)
        },
        |first, view| first.filter(|first| !is_chosen && view.is_some_and(|view| !view.reaches(*first))),
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
    if let (Some(first), Some(view)) = (first, view) {
        view.show(ui, first);
        return Vec::new();
    }
    share.is_missed = share.chosen.is_none();
    share.chosen.map(AgentCommand::Share).into_iter().collect()
}

fn all(choices: &ShareView) -> impl Iterator<Item = &ChoiceView> {
    choices.monitors.iter().chain(&choices.everything).chain(&choices.windows)
}

/// Draws what there is to choose from, and who asks unless that is in the bar above; gives where the first choice is.
fn content_ui(
    ui: &mut Ui,
    operator: Option<&OperatorView>,
    choices: &ShareView,
    i18n: &I18n,
    share: &mut ShareState,
) -> Option<Rect> {
    if let Some(operator) = operator {
        layout::who(ui, operator, i18n);
    }
    let lead = match choices.reason {
        ShareReason::First => "share-lead",
        ShareReason::Change => "share-lead-change",
        ShareReason::Gone => "share-lead-gone",
    };
    ui_kit::title(ui, &i18n.text("share-title"));
    ui_kit::body_secondary(ui, &i18n.text(lead));
    ui.add_space(4.0);
    if choices.monitors.is_empty() && choices.windows.is_empty() {
        let accent = ui_kit::theme::tokens(ui).accent;
        ui.add(Spinner::new().size(28.0).color(accent));
        return None;
    }
    let mut first = None;
    let mut place = |drawn: Rect| first = first.or(Some(drawn));
    let wants_window = !choices.windows.is_empty() && one_window_ui(ui, i18n);
    let several = choices.monitors.len() > 1;
    for (number, monitor) in (1_u32..).zip(&choices.monitors) {
        let title = match (several, number) {
            (false, _) => i18n.text("share-screen"),
            (true, 1) => i18n.text("share-main-monitor"),
            (true, _) => i18n.text_with("share-monitor", &[("number", number.into())]),
        };
        let second = i18n.text(if several { "share-monitor-only" } else { "share-screen-all" });
        place(choice_ui(ui, monitor, &title, &second, share));
    }
    if let Some(everything) = &choices.everything {
        place(choice_ui(ui, everything, &i18n.text("share-everything"), "", share));
    }
    if choices.windows.is_empty() {
        return first;
    }
    ui.add_space(8.0);
    let heading = ui_kit::heading(ui, &i18n.text("share-window"));
    if wants_window {
        heading.scroll_to_me(Some(Align::Min));
    }
    ui_kit::small(ui, &i18n.text("share-window-lead"));
    for window in &choices.windows {
        let unnamed = || i18n.text("share-window-unnamed");
        let title = if window.title.is_empty() { unnamed() } else { shortened(&window.title) };
        place(choice_ui(ui, window, &title, "", share));
    }
    share.pictures.retain(|(known, ..)| all(choices).any(|choice| choice.share == *known));
    first
}

/// That a single window can be shared too, which shows least; whether the person wants to see which there are.
fn one_window_ui(ui: &mut Ui, i18n: &I18n) -> bool {
    ui.horizontal_wrapped(|ui| {
        let wanted = ui_kit::button(ui, &i18n.text("share-one-window")).clicked();
        ui_kit::tag(ui, TagKind::Ok, &i18n.text("share-recommended"));
        wanted
    })
    .inner
}

/// Characters of a window's title that are shown.
const TITLE_CHARS: usize = 70;

fn shortened(title: &str) -> String {
    if title.chars().count() <= TITLE_CHARS {
        return title.to_owned();
    }
    title.chars().take(TITLE_CHARS - 1).chain(['\u{2026}']).collect()
}

fn choice_ui(ui: &mut Ui, choice: &ChoiceView, title: &str, second: &str, share: &mut ShareState) -> Rect {
    let picture = share.picture(ui, choice);
    ui.push_id(format!("{:?}", choice.share), |ui| {
        let drawn = ui_kit::choice(ui, share.chosen == Some(choice.share), picture, title, second);
        if drawn.clicked() {
            share.before = Some(share.chosen);
            share.chosen = Some(choice.share);
        }
        drawn.rect
    })
    .inner
}
