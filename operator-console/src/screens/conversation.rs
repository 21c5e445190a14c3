//! What was written in the chat of a past session, below its record: to read and to search.

use super::parts::{FieldKind, text_field};
use super::{Scene, ScreenState};
use console_core::records::{KeptLine, Record, RecordId};
use egui::{Frame, Label, Margin, RichText, ScrollArea, Ui};
use std::time::{Duration, UNIX_EPOCH};
use ui_kit::fonts::Weight;
use ui_kit::{body_secondary, button, small, theme};

/// How high the lines are, in points, before they scroll.
const HEIGHT: f32 = 300.0;

/// What the list remembers of it.
#[derive(Debug, Default)]
pub(super) struct ConversationState {
    open: Option<RecordId>,
    words: String,
}

/// Nothing where nothing was written.
pub(super) fn conversation_ui(ui: &mut Ui, scene: &Scene<'_>, record: &Record, state: &mut ScreenState) {
    let kept = &record.kept;
    if kept.chat.is_empty() {
        return;
    }
    let i18n = scene.i18n;
    let state = &mut state.conversation;
    let is_open = state.open.as_ref() == Some(&record.id);
    let name = if is_open { "console-conversation-close" } else { "console-conversation-open" };
    if button(ui, &i18n.text(name)).clicked() {
        *state = ConversationState { open: (!is_open).then(|| record.id.clone()), words: String::new() };
    }
    if !is_open {
        return;
    }
    text_field(ui, FieldKind::Name, &i18n.text("console-conversation-find"), &mut state.words);
    let words = state.words.to_lowercase();
    let words: Vec<&str> = words.split_whitespace().collect();
    let is_found = |line: &&KeptLine| {
        let text = line.text.to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    let found: Vec<&KeptLine> = kept.chat.iter().filter(is_found).collect();
    if found.is_empty() {
        body_secondary(ui, &i18n.text("console-conversation-nothing"));
        return;
    }
    if kept.chat_left_out > 0 && words.is_empty() {
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
            for line in found {
                let id = match (line.mine, line.not_delivered) {
                    (true, true) => "console-conversation-mine-not-delivered",
                    (true, false) => "console-conversation-mine",
                    (false, _) => "console-conversation-theirs",
                };
                let time = i18n.time_of_day(UNIX_EPOCH + Duration::from_millis(line.at_ms));
                // What is on a second line of one writer must not look like a line of the other.
                let text = line.text.replace('\n', " \u{21b5} ");
                let line = i18n.text_with(id, &[("time", time.into()), ("text", text.into())]);
                let line = RichText::new(line).font(Weight::Regular.at(13.0)).color(tokens.ink);
                ui.add(Label::new(line).wrap().selectable(true));
            }
        });
    });
}
