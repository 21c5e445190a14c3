//! What was written in the chat of a past session, below its record: to read and to search.

use super::parts::{FieldKind, text_field};
use super::{Scene, ScreenState};
use console_core::records::{KeptLine, Record, RecordId};
use egui::{Align, Color32, Frame, Label, Layout, Margin, RichText, ScrollArea, Sense, Ui, vec2};
use i18n::I18n;
use std::sync::{Arc, Weak};
use std::time::{Duration, UNIX_EPOCH};
use ui_kit::fonts::Weight;
use ui_kit::{body_secondary, button, small, theme};

/// How high the lines are, in points, before they scroll.
const HEIGHT: f32 = 300.0;

/// Size of the text, in points.
const SIZE: f32 = 13.0;
/// Between the column with the writer and that with the text, in points.
const GAP: f32 = 10.0;

/// What the list remembers of it.
#[derive(Debug, Default)]
pub(super) struct ConversationState {
    open: Option<RecordId>,
    words: String,
    found: Option<Found>,
}

impl ConversationState {
    /// Open for this one.
    pub(super) fn of(id: RecordId) -> Self {
        Self { open: Some(id), ..Self::default() }
    }
}

/// The lines that have certain words, looked for anew only where the words or the record are others. Holds no record:
/// what is erased is gone.
#[derive(Debug)]
struct Found {
    record: Weak<Record>,
    words: String,
    places: Vec<usize>,
}

impl Found {
    fn of(record: &Arc<Record>, typed: &str) -> Self {
        let words = typed.to_lowercase();
        let words: Vec<&str> = words.split_whitespace().collect();
        let is_found = |line: &KeptLine| {
            let text = line.text.to_lowercase();
            words.iter().all(|word| text.contains(word))
        };
        let lines = record.kept.chat.iter().enumerate();
        let places = lines.filter(|(_, line)| is_found(line)).map(|(place, _)| place).collect();
        Self { record: Arc::downgrade(record), words: typed.to_owned(), places }
    }

    fn is_of(&self, record: &Arc<Record>, typed: &str) -> bool {
        std::ptr::eq(self.record.as_ptr(), Arc::as_ptr(record)) && self.words == typed
    }
}

/// Nothing where nothing was written.
pub(super) fn conversation_ui(ui: &mut Ui, scene: &Scene<'_>, record: &Arc<Record>, state: &mut ScreenState) {
    let kept = &record.kept;
    if kept.chat.is_empty() {
        return;
    }
    let i18n = scene.i18n;
    let state = &mut state.conversation;
    let is_open = state.open.as_ref() == Some(&record.id);
    let name = if is_open { "console-conversation-close" } else { "console-conversation-open" };
    if button(ui, &i18n.text(name)).clicked() {
        *state = if is_open { ConversationState::default() } else { ConversationState::of(record.id.clone()) };
    }
    if !is_open {
        return;
    }
    text_field(ui, FieldKind::Name, &i18n.text("console-conversation-find"), &mut state.words);
    let known = state.found.take().filter(|known| known.is_of(record, &state.words));
    let found = state.found.insert(known.unwrap_or_else(|| Found::of(record, &state.words)));
    if found.places.is_empty() {
        body_secondary(ui, &i18n.text("console-conversation-nothing"));
        return;
    }
    if kept.chat_left_out > 0 && state.words.trim().is_empty() {
        let count = [("count", kept.chat_left_out.to_string().into())];
        small(ui, &i18n.text_with("console-conversation-left-out", &count));
    }
    let tokens = theme::tokens(ui);
    let frame = Frame::new().fill(tokens.sunken).corner_radius(tokens.radius).inner_margin(Margin::same(8));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        let area = ScrollArea::vertical()
            .id_salt("conversation")
            .max_height(HEIGHT)
            .min_scrolled_height(HEIGHT)
            .auto_shrink([false, true]);
        area.show(ui, |ui| {
            let width = writer_width(ui, i18n);
            for line in found.places.iter().filter_map(|place| kept.chat.get(*place)) {
                line_ui(ui, i18n, line, width);
            }
        });
    });
}

/// Room for the time and whoever wrote, in points.
fn writer_width(ui: &Ui, i18n: &I18n) -> f32 {
    let widths = [true, false].map(|mine| {
        let text = format!("00:00  {}", writer(i18n, mine));
        ui.painter().layout_no_wrap(text, Weight::SemiBold.at(SIZE), Color32::PLACEHOLDER).size().x
    });
    widths.into_iter().fold(0.0, f32::max)
}

fn writer(i18n: &I18n, mine: bool) -> String {
    i18n.text(if mine { "console-conversation-mine" } else { "console-conversation-theirs" })
}

/// A line, with the time and its writer in a column of their own: however one writes, nothing of a text stands where a
/// writer does, and nothing of the person's is in the operator's ink.
fn line_ui(ui: &mut Ui, i18n: &I18n, line: &KeptLine, width: f32) {
    let tokens = theme::tokens(ui);
    let time = i18n.time_of_day(UNIX_EPOCH + Duration::from_millis(line.at_ms));
    let writer = writer(i18n, line.mine);
    let ink = if line.mine { tokens.accent } else { tokens.ink };
    ui.with_layout(Layout::left_to_right(Align::Min), |ui| {
        ui.spacing_mut().item_spacing.x = GAP;
        let head = ui.painter().layout_no_wrap(format!("{time}  {writer}"), Weight::SemiBold.at(SIZE), ink);
        // Read out with the text.
        let (place, _) = ui.allocate_exact_size(vec2(width, head.size().y), Sense::hover());
        ui.painter().galley(place.min, head, ink);
        let text = line.text.replace('\n', " \u{21b5} ");
        let mark = line.not_delivered.then(|| i18n.text("console-conversation-not-delivered"));
        let writer = [Some(writer), mark.clone()].into_iter().flatten().collect::<Vec<_>>().join(", ");
        let said = format!("{time}, {writer}: {text}");
        let text = RichText::new(text).font(Weight::Regular.at(SIZE)).color(ink);
        ui.vertical(|ui| {
            let label = ui.add(Label::new(text).wrap().selectable(true));
            ui.ctx().accesskit_node_builder(label.id, |node| node.set_value(said));
            if let Some(mark) = mark {
                // Read out with the line.
                let (place, _) =
                    ui.allocate_exact_size(vec2(ui.available_width(), tokens.small_size * 1.5), Sense::hover());
                let font = Weight::Regular.at(tokens.small_size);
                ui.painter().text(place.min, egui::Align2::LEFT_TOP, mark, font, tokens.warning);
            }
        });
    });
}
