//! The switch.

use super::focus_ring;
use crate::fonts::Weight;
use crate::theme;
use crate::tokens::mix;
use egui::{CursorIcon, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2};

const TRACK: Vec2 = vec2(40.0, 22.0);
const KNOB: f32 = 8.0;

/// A row with its label left and a switch right, as wide as there is room; a click anywhere on it
/// counts. Says that it was clicked and changes nothing itself.
pub fn switch(ui: &mut Ui, on: bool, label: &str) -> Response {
    let tokens = theme::tokens(ui);
    let width = ui.available_width();
    let ink = if ui.is_enabled() { tokens.ink } else { tokens.ink_secondary };
    let font = Weight::Regular.at(tokens.small_size.max(15.0));
    let galley = ui.painter().layout(label.to_owned(), font, ink, (width - TRACK.x - 12.0).max(40.0));
    let height = (galley.size().y + 12.0).max(40.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::click());
    if ui.is_rect_visible(rect) {
        let at = pos2(rect.left(), rect.center().y - galley.size().y / 2.0);
        // Off is grey on the switch only: the words must still be read.
        let mut words = ui.painter().clone();
        words.set_opacity(1.0);
        words.galley(at, galley, ink);
        let track = Rect::from_center_size(pos2(rect.right() - TRACK.x / 2.0 - 1.0, rect.center().y), TRACK);
        let share = ui.ctx().animate_bool(response.id, on);
        let radius = TRACK.y / 2.0;
        let edge = Stroke::new(1.5, mix(tokens.edge, tokens.accent, share));
        // Without colours only an empty track tells off from on.
        let (off, knob_off) =
            if tokens.high_contrast { (tokens.surface, tokens.ink) } else { (tokens.line, tokens.surface) };
        ui.painter().rect(track, radius, mix(off, tokens.accent, share), edge, StrokeKind::Inside);
        let knob = pos2(egui::lerp(track.left() + radius..=track.right() - radius, share), track.center().y);
        ui.painter().circle_filled(knob, KNOB, mix(knob_off, tokens.on_accent, share));
        focus_ring(ui, &response, track, radius, &tokens);
    }
    response.widget_info(|| WidgetInfo::selected(Role::Switch, ui.is_enabled(), on, label));
    response.on_hover_cursor(CursorIcon::PointingHand)
}
