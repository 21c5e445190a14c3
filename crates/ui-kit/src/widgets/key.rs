//! The field in which a person types the session key.

use super::RING_WIDTH;
use crate::fonts::Weight;
use crate::theme;
use egui::text::{CCursor, CCursorRange, LayoutJob, TextFormat};
use egui::text_edit::TextEditState;
use egui::{Align, Align2, Frame, Margin, Response, Stroke, StrokeKind, TextBuffer, TextEdit, Ui};

/// Symbols of a session key.
const SYMBOLS: usize = 7;
/// Symbols before the blank.
const FIRST_GROUP: usize = 3;
const SIZE: f32 = 40.0;

/// What a person typed, as the key is written: capitals, look-alikes as the digits that are meant,
/// grouped three and four. Anything that keys never have is left out; at most seven symbols stay.
#[must_use]
pub fn group_key(typed: &str) -> String {
    let mut grouped = String::with_capacity(SYMBOLS + 1);
    for (at, symbol) in typed.chars().filter_map(meant).take(SYMBOLS).enumerate() {
        if at == FIRST_GROUP {
            grouped.push(' ');
        }
        grouped.push(symbol);
    }
    grouped
}

fn meant(typed: char) -> Option<char> {
    match typed.to_ascii_uppercase() {
        'O' => Some('0'),
        'I' | 'L' => Some('1'),
        symbol => symbol.is_ascii_alphanumeric().then_some(symbol),
    }
}

/// A large field for the key; what is typed is grouped at once. Give it a name with
/// [`Response::accessible_name`] or [`Response::labelled_by`].
pub fn key_field(ui: &mut Ui, key: &mut String) -> Response {
    let tokens = theme::tokens(ui);
    let mut layouter = |ui: &Ui, text: &dyn TextBuffer, _wrap: f32| {
        let format =
            TextFormat { extra_letter_spacing: 4.0, ..TextFormat::simple(Weight::MonoSemiBold.at(SIZE), tokens.ink) };
        let mut job = LayoutJob::single_section(text.as_str().to_owned(), format);
        job.halign = Align::Center;
        job.keep_trailing_whitespace = true;
        ui.fonts_mut(|fonts| fonts.layout_job(job))
    };
    let frame = Frame::new()
        .fill(tokens.surface)
        .stroke(Stroke::new(2.0, tokens.edge))
        .corner_radius(tokens.card_radius)
        .inner_margin(Margin::same(14));
    let output = TextEdit::singleline(key)
        .layouter(&mut layouter)
        .font(Weight::MonoSemiBold.at(SIZE))
        .align(Align2::CENTER_CENTER)
        .desired_width(f32::INFINITY)
        .frame(frame)
        .show(ui);
    let response = output.response.response;
    if response.changed() {
        let cursor = output.cursor_range.map(|range| range.primary.index.0);
        regroup(ui, &response, key, cursor);
    }
    // The field is so large that its border is the ring.
    if response.has_focus() {
        let stroke = Stroke::new(RING_WIDTH, tokens.focus);
        ui.painter().rect_stroke(response.rect, f32::from(tokens.card_radius), stroke, StrokeKind::Inside);
    }
    response
}

/// Groups the text and keeps the cursor after the symbol that it stood after.
fn regroup(ui: &Ui, response: &Response, key: &mut String, cursor: Option<usize>) {
    let grouped = group_key(key);
    if grouped == *key {
        return;
    }
    if let Some(cursor) = cursor
        && let Some(mut state) = TextEditState::load(ui.ctx(), response.id)
    {
        let before = key.chars().take(cursor).filter_map(meant).count().min(SYMBOLS);
        let at_end = cursor >= key.chars().count();
        let after = match (at_end, before > FIRST_GROUP) {
            (true, _) => grouped.chars().count(),
            (false, true) => before + 1,
            (false, false) => before,
        };
        let after = CCursor::new(after);
        state.cursor.set_char_range(Some(CCursorRange::one(after)));
        state.store(ui.ctx(), response.id);
    }
    *key = grouped;
    ui.ctx().request_repaint();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_grouped_however_it_is_typed() {
        let rows = [
            ("", ""),
            ("k7", "K7"),
            ("k7m", "K7M"),
            ("k7m4", "K7M 4"),
            ("K7M-4qxp", "K7M 4QXP"),
            (" k 7 m 4 q x p ", "K7M 4QXP"),
            ("oOiIlL0", "001 1110"),
            ("K7M4QXPZZZ", "K7M 4QXP"),
            ("K7M.4QX\u{e9}P", "K7M 4QXP"),
        ];
        for (typed, grouped) in rows {
            assert_eq!(group_key(typed), grouped, "{typed:?}");
        }
    }
}
