//! Buttons.

use super::focus_ring;
use super::icons::paint_cross;
use crate::fonts::Weight;
use crate::theme;
use crate::tokens::mix;
use egui::{Align2, Color32, CursorIcon, Response, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo};

struct Look {
    fill: Color32,
    ink: Color32,
    stroke: Stroke,
    /// Where the fill goes when the pointer is on it.
    towards: Color32,
}

/// The button for what most people will do, in the accent.
pub fn primary_button(ui: &mut Ui, text: &str) -> Response {
    let tokens = theme::tokens(ui);
    let look = Look {
        fill: tokens.accent,
        ink: tokens.on_accent,
        stroke: Stroke::new(1.0, tokens.accent),
        towards: tokens.on_accent,
    };
    text_button(ui, text, &look)
}

/// Any other button.
pub fn button(ui: &mut Ui, text: &str) -> Response {
    let tokens = theme::tokens(ui);
    let look =
        Look { fill: tokens.surface, ink: tokens.ink, stroke: Stroke::new(1.0, tokens.line), towards: tokens.accent };
    text_button(ui, text, &look)
}

/// Ends something or tells of fraud: red text without a frame.
pub fn danger_button(ui: &mut Ui, text: &str) -> Response {
    let tokens = theme::tokens(ui);
    let look =
        Look { fill: Color32::TRANSPARENT, ink: tokens.danger, stroke: Stroke::NONE, towards: tokens.danger_soft };
    text_button(ui, text, &look)
}

fn text_button(ui: &mut Ui, text: &str, look: &Look) -> Response {
    let tokens = theme::tokens(ui);
    // A button without a frame needs no room for one.
    let framed = look.fill != Color32::TRANSPARENT;
    let padding = Vec2::new(if framed { tokens.button_padding } else { tokens.unit }, tokens.unit);
    let most = (ui.available_width() - 2.0 * padding.x).max(tokens.control_height);
    let font = Weight::SemiBold.at(tokens.button_size);
    let galley = ui.painter().layout(text.to_owned(), font, look.ink, most);
    let size = (galley.size() + 2.0 * padding).max(Vec2::new(tokens.control_height, tokens.control_height));
    let (rect, response) = ui.allocate_at_least(size, Sense::click());
    if ui.is_rect_visible(rect) {
        let fill = fill(&response, look);
        ui.painter().rect(rect, tokens.radius, fill, look.stroke, StrokeKind::Inside);
        let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), rect).min;
        ui.painter().galley(at, galley, look.ink);
        focus_ring(ui, &response, rect, f32::from(tokens.radius), &tokens);
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), text));
    response.on_hover_cursor(CursorIcon::PointingHand)
}

fn fill(response: &Response, look: &Look) -> Color32 {
    if look.fill == Color32::TRANSPARENT {
        return if response.hovered() { look.towards } else { look.fill };
    }
    let share = match (response.is_pointer_button_down_on(), response.hovered()) {
        (true, _) => 0.2,
        (false, true) => 0.1,
        (false, false) => 0.0,
    };
    mix(look.fill, look.towards, share)
}

/// The red X that ends everything: filled in red with a drawn cross and a short `word` beside it,
/// called `name` by screen readers and when the pointer rests on it.
pub fn red_x_button(ui: &mut Ui, word: &str, name: &str) -> Response {
    let tokens = theme::tokens(ui);
    let font = Weight::SemiBold.at(tokens.small_size);
    let galley = ui.painter().layout_no_wrap(word.to_owned(), font, tokens.on_danger);
    let size = Vec2::new(galley.size().x + 44.0, (galley.size().y + 10.0).max(32.0));
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    if ui.is_rect_visible(rect) {
        let share = if response.hovered() { 0.15 } else { 0.0 };
        ui.painter().rect_filled(rect, tokens.radius, mix(tokens.danger, tokens.on_danger, share));
        let cross = rect.left_center() + Vec2::new(17.0, 0.0);
        paint_cross(ui.painter(), cross, 5.0, Stroke::new(2.4, tokens.on_danger));
        let at = rect.left_center() + Vec2::new(31.0, -galley.size().y / 2.0);
        ui.painter().galley(at, galley, tokens.on_danger);
        focus_ring(ui, &response, rect, f32::from(tokens.radius), &tokens);
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), name));
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(name)
}
