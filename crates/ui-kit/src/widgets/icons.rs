//! Everything that is drawn with strokes: the mark, the avatar, check marks and crosses.

use crate::fonts::Weight;
use crate::theme;
use crate::tokens::Tokens;
use egui::epaint::CubicBezierShape;
use egui::{
    Align2, Color32, IconData, Painter, Pos2, Rect, Response, Role, Sense, Shape, Stroke, Ui, Vec2, WidgetInfo, pos2,
    vec2,
};

/// The box that the mark is drawn in.
const MARK: Vec2 = vec2(34.0, 22.0);
/// The arch, two cubic curves.
const ARCH: [[Pos2; 4]; 2] = [
    [pos2(2.0, 20.0), pos2(6.0, 6.0), pos2(12.0, 3.0), pos2(17.0, 3.0)],
    [pos2(17.0, 3.0), pos2(22.0, 3.0), pos2(28.0, 6.0), pos2(32.0, 20.0)],
];
/// The deck and the three posts, each with its stroke's width.
const LINES: [([Pos2; 2], f32); 4] = [
    ([pos2(1.0, 14.0), pos2(33.0, 14.0)], 2.4),
    ([pos2(10.0, 6.0), pos2(10.0, 14.0)], 1.6),
    ([pos2(17.0, 3.0), pos2(17.0, 14.0)], 1.6),
    ([pos2(24.0, 6.0), pos2(24.0, 14.0)], 1.6),
];

/// The mark of Ponte, a bridge, in the accent: `height` points high.
pub fn mark(ui: &mut Ui, height: f32) -> Response {
    let tokens = theme::tokens(ui);
    let scale = height / MARK.y;
    let (rect, response) = ui.allocate_exact_size(MARK * scale, Sense::hover());
    if ui.is_rect_visible(rect) {
        let at = |point: Pos2| rect.min + point.to_vec2() * scale;
        let painter = ui.painter();
        for curve in ARCH {
            let stroke = Stroke::new(2.4 * scale, tokens.accent);
            let points = curve.map(at);
            painter.add(CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, stroke));
        }
        for (ends, width) in LINES {
            painter.line_segment(ends.map(at), Stroke::new(width * scale, tokens.accent));
        }
        for end in [pos2(2.0, 20.0), pos2(32.0, 20.0), pos2(1.0, 14.0), pos2(33.0, 14.0)] {
            painter.circle_filled(at(end), 1.2 * scale, tokens.accent);
        }
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Ponte"));
    response
}

/// The mark as a window's icon, `size` pixels square, on no ground.
#[must_use]
pub fn icon(size: u16) -> IconData {
    const STEPS: u8 = 24;
    let mut segments: Vec<([Pos2; 2], f32)> = LINES.to_vec();
    for curve in ARCH {
        let shape = CubicBezierShape::from_points_stroke(curve, false, Color32::TRANSPARENT, Stroke::NONE);
        let at = |step: u8| shape.sample(f32::from(step) / f32::from(STEPS));
        segments.extend((0..STEPS).map(|step| ([at(step), at(step + 1)], 2.4)));
    }
    let scale = MARK.x / f32::from(size);
    let top = (MARK.x - MARK.y) / 2.0;
    let colour = Tokens::LIGHT.accent;
    let mut rgba = Vec::with_capacity(usize::from(size) * usize::from(size) * 4);
    for y in 0..size {
        for x in 0..size {
            let point = pos2((f32::from(x) + 0.5) * scale, (f32::from(y) + 0.5) * scale - top);
            let ink = segments.iter().map(|(ends, width)| (width / 2.0 - distance(point, *ends)) / scale + 0.5);
            let cover = ink.fold(0.0, f32::max).min(1.0);
            rgba.extend([colour.r(), colour.g(), colour.b(), (cover * 255.0) as u8]);
        }
    }
    IconData { rgba, width: u32::from(size), height: u32::from(size) }
}

/// From a point to the nearest one of a segment.
fn distance(point: Pos2, [from, to]: [Pos2; 2]) -> f32 {
    let along = to - from;
    let share = ((point - from).dot(along) / along.length_sq()).clamp(0.0, 1.0);
    point.distance(from + along * share)
}

/// A person's initials in a circle, `diameter` points wide.
pub fn avatar(ui: &mut Ui, name: &str, diameter: f32) -> Response {
    let tokens = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(diameter), Sense::hover());
    if ui.is_rect_visible(rect) {
        let edge = if tokens.high_contrast { Stroke::new(1.5, tokens.ink) } else { Stroke::NONE };
        ui.painter().circle(rect.center(), diameter / 2.0, tokens.accent_soft, edge);
        let font = Weight::Bold.at((diameter * 0.39).max(11.0));
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, initials(name), font, tokens.accent);
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, name));
    response
}

/// First letter of the first and of the last word.
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next().and_then(|word| word.chars().next());
    let last = words.next_back().and_then(|word| word.chars().next());
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

/// A check mark in a square `size` points wide.
pub(super) fn paint_check(painter: &Painter, centre: Pos2, size: f32, stroke: Stroke) {
    let square = Rect::from_center_size(centre, Vec2::splat(size));
    let at = |x: f32, y: f32| square.min + vec2(x, y) * size;
    painter.line(vec![at(0.08, 0.55), at(0.38, 0.85), at(0.94, 0.18)], stroke);
}

/// A cross whose arms reach `reach` points from the centre.
pub(super) fn paint_cross(painter: &Painter, centre: Pos2, reach: f32, stroke: Stroke) {
    for down in [-reach, reach] {
        painter.line_segment([centre + vec2(-reach, down), centre + vec2(reach, -down)], stroke);
    }
}

/// A triangle with an exclamation mark, `size` points wide.
pub(super) fn paint_warning(painter: &Painter, centre: Pos2, size: f32, stroke: Stroke) {
    let reach = size / 2.0;
    let corners = [vec2(0.0, -reach), vec2(reach, reach * 0.8), vec2(-reach, reach * 0.8)].map(|from| centre + from);
    painter.add(Shape::closed_line(corners.to_vec(), stroke));
    painter.line_segment([centre + vec2(0.0, -reach * 0.25), centre + vec2(0.0, reach * 0.25)], stroke);
    painter.circle_filled(pos2(centre.x, centre.y + reach * 0.55), stroke.width * 0.6, stroke.color);
}

#[cfg(test)]
mod tests {
    use super::{icon, initials};

    #[test]
    fn the_icon_has_ink_in_the_middle_and_none_at_the_top() {
        let icon = icon(32);
        let cover = |x: usize, y: usize| icon.rgba[(y * 32 + x) * 4 + 3];
        assert_eq!(icon.rgba.len(), 32 * 32 * 4);
        assert!(cover(16, 18) > 200);
        assert_eq!((cover(0, 0), cover(16, 1), cover(31, 31)), (0, 0, 0));
    }

    #[test]
    fn initials_are_of_the_first_and_the_last_word() {
        let rows = [("Giulia Rinaldi", "GR"), ("anna maria de luca", "AL"), ("Cher", "C"), ("", ""), ("  ", "")];
        for (name, expected) in rows {
            assert_eq!(initials(name), expected, "{name:?}");
        }
    }
}
