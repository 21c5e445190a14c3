//! Keys that wait, and the sessions until now, on the first page.

use super::conversation::conversation_ui;
use super::notes::{notes_ui, outcome_ui};
use super::parts::{FieldKind, focus_ring, text_field};
use super::past::{Found, Row};
use super::transcript::transcript_ui;
use super::unfinished::{not_in_log_ui, unfinished_ui};
use super::{Effect, Scene, ScreenState, home};
use crate::desk::{DeskCommand, Tab};
use crate::words;
use console_core::records::{Outcome, Record, RecordId};
use console_core::view::{KeyView, Stage};
use egui::{Align, Layout, Response, Sense, Ui, WidgetInfo, vec2};
use std::sync::Arc;
use std::time::SystemTime;
use ui_kit::fonts::Weight;
use ui_kit::{
    TagKind, body, body_secondary, button, card, danger_button, heading, mono_key, notice, small, tag, theme, tiny,
};

/// Sessions that are listed at once; the filter finds the others.
const SHOWN: usize = 40;

/// What the list remembers.
#[derive(Debug, Default)]
pub struct RecentState {
    filter: String,
    found: Found,
    open: Option<RecordId>,
    /// Whether the open one is to come into sight.
    is_sought: bool,
    /// Whether the open one is to be erased, once the operator has said so.
    erasing: bool,
}

impl RecentState {
    /// Opens this one, whatever was filtered before.
    pub(super) fn show(&mut self, id: RecordId) {
        self.filter.clear();
        (self.open, self.erasing, self.is_sought) = (Some(id), false, true);
    }
}

/// Every key that waits, with its time.
pub(super) fn waiting_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState) {
    let waiting = |tab: &Tab| matches!(tab.view.stage, Stage::Waiting(_));
    if !scene.desk.tabs.iter().any(waiting) {
        return;
    }
    card(ui, |ui| {
        heading(ui, &scene.i18n.text("console-waiting-title"));
        for tab in &scene.desk.tabs {
            if let Stage::Waiting(key) = &tab.view.stage {
                ui.push_id(("waiting", tab.line.0), |ui| key_ui(ui, scene, tab, key, state));
            }
        }
    });
}

/// One key in a row whose parts stand under those of the others: the key, its time, how it is spelt where there is
/// room, and what can be done with it.
fn key_ui(ui: &mut Ui, scene: &Scene<'_>, tab: &Tab, key: &KeyView, state: &mut ScreenState) {
    /// Room for the key and its time, and for the two ways on, in points.
    const PARTS: (f32, f32) = (220.0, 240.0);
    /// Least and greatest room for the words that spell a key: more is only farther from the buttons.
    const SPELLING: (f32, f32) = (240.0, 460.0);
    let room = ui.available_width();
    if room < PARTS.0 + PARTS.1 {
        cell_ui(ui, room, |ui| key_and_time_ui(ui, scene, key));
        cell_ui(ui, room, |ui| ways_ui(ui, scene, tab, key, state));
        return;
    }
    cell_ui(ui, room, |ui| {
        key_and_time_ui(ui, scene, key);
        let left = room - PARTS.0 - PARTS.1;
        if left >= SPELLING.0 {
            let tokens = theme::tokens(ui);
            let spelt = home::spelt(scene, state, Some(tab.line), &key.grouped);
            let spelt = egui::RichText::new(spelt).font(Weight::Regular.at(tokens.small_size));
            let spelt = egui::Label::new(spelt.color(tokens.ink_secondary)).truncate();
            cell_ui(ui, left.min(SPELLING.1), |ui| ui.add(spelt));
        }
        ways_ui(ui, scene, tab, key, state);
    });
}

/// A part of a row, so broad in points whatever is in it.
fn cell_ui<R>(ui: &mut Ui, width: f32, add: impl FnOnce(&mut Ui) -> R) {
    let size = vec2(width, theme::tokens(ui).control_height);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_size(size);
        add(ui)
    });
}

fn key_and_time_ui(ui: &mut Ui, scene: &Scene<'_>, key: &KeyView) {
    /// Size of a key in its row.
    const KEY_SIZE: f32 = 22.0;
    /// Room for the longest time, with the sign of one that is nearly over.
    const TIME_WIDTH: f32 = 76.0;
    let seconds = words::seconds_left(key.expires_at, scene.now);
    if seconds > 0 {
        ui.ctx().request_repaint_after(words::until_next_second(key.expires_at, scene.now));
    }
    mono_key(ui, &key.grouped, KEY_SIZE);
    let kind = if seconds > 60 { TagKind::Accent } else { TagKind::Warn };
    cell_ui(ui, TIME_WIDTH, |ui| {
        tag(ui, kind, &words::clock(seconds)).on_hover_text(scene.i18n.text("console-key-expires-name"));
    });
}

/// To the page on which the key is read out, or back with it.
fn ways_ui(ui: &mut Ui, scene: &Scene<'_>, tab: &Tab, key: &KeyView, state: &mut ScreenState) {
    let ways = [
        ("console-waiting-open", DeskCommand::Show(Some(tab.line))),
        ("console-cancel-key", DeskCommand::CancelKey(tab.line)),
    ];
    for (id, command) in ways {
        let what = scene.i18n.text(id);
        let name = format!("{what}, {}", key.grouped);
        if button(ui, &what).accessible_name(name).clicked() {
            state.effects.push(Effect::Desk(command));
        }
    }
}

/// The sessions until now, and what is kept of each.
pub(super) fn recent_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState) {
    let running: Vec<&RecordId> = scene.desk.tabs.iter().filter_map(|tab| tab.view.record.as_ref()).collect();
    let past = || scene.desk.records.iter().filter(|record| !running.contains(&&record.id));
    card(ui, |ui| {
        heading(ui, &scene.i18n.text("console-recent-title"));
        if scene.desk.records_missing {
            notice(ui, TagKind::Warn, "", &scene.i18n.text("console-records-missing"));
            return;
        }
        if past().next().is_none() {
            body_secondary(ui, &scene.i18n.text("console-recent-empty"));
            return;
        }
        text_field(ui, FieldKind::Name, &scene.i18n.text("console-recent-filter"), &mut state.recent.filter);
        let mut found = state.recent.found.look(scene.i18n, &scene.desk.records, &state.recent.filter);
        found.retain(|record| !running.contains(&&record.id));
        if found.is_empty() {
            body_secondary(ui, &scene.i18n.text("console-recent-nothing"));
        }
        // The open one is shown wherever it stands.
        let open = found.iter().skip(SHOWN).find(|record| Some(&record.id) == state.recent.open.as_ref()).cloned();
        for record in found.iter().take(SHOWN).chain(&open) {
            ui.push_id(("recent", record.id.to_string()), |ui| record_ui(ui, scene, record, state));
        }
        if found.len() > SHOWN {
            let more = [("count", (found.len() - SHOWN).into())];
            small(ui, &scene.i18n.text_with("console-recent-more", &more));
        }
    });
}

fn record_ui(ui: &mut Ui, scene: &Scene<'_>, record: &Arc<Record>, state: &mut ScreenState) {
    let is_open = state.recent.open.as_ref() == Some(&record.id);
    let row = line_ui(ui, scene, record, is_open);
    if is_open && std::mem::take(&mut state.recent.is_sought) {
        row.scroll_to_me(Some(Align::Min));
    }
    if row.clicked() {
        state.recent.open = (!is_open).then(|| record.id.clone());
        state.recent.erasing = false;
    } else if is_open {
        opened_ui(ui, scene, record, state);
    }
}

/// One session in a line, which can be pressed.
fn line_ui(ui: &mut Ui, scene: &Scene<'_>, record: &Record, is_open: bool) -> Response {
    let tokens = theme::tokens(ui);
    let Row { name, when, lasted, outcome, rated } = Row::of(scene.i18n, record, SystemTime::now());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 46.0), Sense::click());
    if is_open || response.hovered() {
        // What the pointer rests on is not chosen yet.
        let fill = if is_open { tokens.accent_soft } else { tokens.sunken };
        ui.painter().rect_filled(rect, tokens.radius, fill);
    }
    let inside = rect.shrink2(vec2(10.0, 2.0));
    let builder = egui::UiBuilder::new().max_rect(inside).layout(Layout::right_to_left(Align::Center));
    let mut row = ui.new_child(builder);
    if let Some((outcome, word)) = &outcome {
        let kind = match outcome {
            Outcome::Solved => TagKind::Ok,
            Outcome::NotSolved | Outcome::Refused => TagKind::Warn,
            Outcome::ToContinue => TagKind::Accent,
        };
        tag(&mut row, kind, word);
    }
    if let Some(rated) = &rated {
        small(&mut row, rated);
    }
    row.with_layout(Layout::top_down(Align::LEFT), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let label = |ui: &mut Ui, text: &str, font, ink| {
            let words = egui::RichText::new(text).font(font).color(ink);
            ui.add(egui::Label::new(words).truncate().selectable(false));
        };
        label(ui, &name, Weight::SemiBold.at(tokens.small_size), tokens.ink);
        label(ui, &format!("{when} \u{b7} {lasted}"), Weight::Regular.at(13.0), tokens.ink_secondary);
    });
    focus_ring(ui, &response, rect);
    let parts = [Some(name), Some(when), Some(lasted), outcome.map(|(_, word)| word), rated];
    let whole = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, is_open, &whole));
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

fn opened_ui(ui: &mut Ui, scene: &Scene<'_>, record: &Arc<Record>, state: &mut ScreenState) {
    let i18n = scene.i18n;
    let kept = &record.kept;
    if let Some(reason) = kept.end {
        body(ui, &i18n.text(words::end_reason(reason)));
    }
    if let Some(comment) = &kept.comment {
        body_secondary(ui, &i18n.text_with("console-ended-comment", &[("comment", comment.into())]));
    }
    unfinished_ui(ui, scene, record);
    not_in_log_ui(ui, scene, record);
    outcome_ui(ui, scene, record, state);
    notes_ui(ui, scene, record, true, state);
    if let Some(log) = &kept.log {
        let path = log.display().to_string();
        tiny(ui, &i18n.text("console-ended-log"));
        let words = egui::RichText::new(&path).font(Weight::Mono.at(13.0)).color(theme::tokens(ui).ink);
        ui.add(egui::Label::new(words).wrap().selectable(true)).accessible_name(path);
    }
    conversation_ui(ui, scene, record, state);
    transcript_ui(ui, scene, record, state);
    ui.horizontal_wrapped(|ui| {
        if button(ui, &i18n.text("console-recent-export")).clicked() {
            state.effects.push(Effect::Desk(DeskCommand::Export(record.id.clone())));
        }
        if !state.recent.erasing {
            if button(ui, &i18n.text("console-recent-erase")).clicked() {
                state.recent.erasing = true;
            }
            return;
        }
        if button(ui, &i18n.text("console-recent-keep")).clicked() {
            state.recent.erasing = false;
        }
        if danger_button(ui, &i18n.text("console-recent-erase-now")).clicked() {
            state.effects.push(Effect::Desk(DeskCommand::Erase(record.id.clone())));
            (state.recent.open, state.recent.erasing) = (None, false);
        }
    });
    if state.recent.erasing {
        small(ui, &i18n.text("console-recent-erase-text"));
    }
    match &scene.desk.exported {
        Some((id, Some(path))) if *id == record.id => {
            let path = path.display().to_string();
            small(ui, &i18n.text_with("console-recent-exported", &[("path", path.into())]));
        }
        Some((id, None)) if *id == record.id => {
            small(ui, &i18n.text("console-recent-not-exported"));
        }
        _ => {}
    }
}
