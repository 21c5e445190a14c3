//! The widgets: each has its accessible name, shows its focus, and returns a response.

mod at_most;
mod buttons;
mod chat;
mod chat_rows;
mod choice;
mod containers;
mod icons;
mod key;
mod links;
mod question;
mod switch;
mod text;

pub use at_most::AtMost;
pub use buttons::{button, danger_button, primary_button, red_x_button};
pub use chat::{ChatBubble, LONGEST_LINE_BYTES, chat_ui, focus_chat};
pub use choice::{choice, stars};
pub use containers::{TagKind, accent_card, card, notice, progress, tag};
pub use icons::{avatar, icon, mark};
pub use key::{group_key, key_field};
pub use links::{Address, address_not_opened, address_question_height, addresses, take_wanted_address};
pub use question::{
    Choice, QUESTION_GUARD, QuestionGuard, button_pair, button_row, danger_line, plain_button_row, question_buttons,
    wary_button_row,
};
pub use switch::switch;
pub use text::{body, body_secondary, heading, mono_key, small, tiny, title};

use crate::Tokens;
use egui::{Rect, Response, Stroke, StrokeKind, Ui};

/// Space between a control and its focus ring, in points.
const RING_GAP: f32 = 2.0;
/// Width of the focus ring, in points.
const RING_WIDTH: f32 = 3.0;

/// Draws the focus ring around a control of this corner radius if it has the focus.
fn focus_ring(ui: &Ui, response: &Response, rect: Rect, radius: f32, tokens: &Tokens) {
    if response.has_focus() {
        let stroke = Stroke::new(RING_WIDTH, tokens.focus);
        ui.painter().rect_stroke(rect.expand(RING_GAP), radius + RING_GAP, stroke, StrokeKind::Outside);
    }
}
