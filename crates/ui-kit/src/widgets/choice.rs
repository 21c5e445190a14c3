//! One of several things to choose from, with a picture; and stars to rate with.

use super::focus_ring;
use crate::fonts::Weight;
use crate::theme;
use crate::tokens::mix;
use egui::{
    Color32, CursorIcon, Mesh, Pos2, Rect, Response, Role, Sense, Shape, Stroke, StrokeKind, TextureId, Ui, Vec2,
    WidgetInfo, pos2, vec2,
};

/// Room for a picture, in points.
const PICTURE: Vec2 = vec2(132.0, 80.0);
/// Radius of the ring of a choice.
const RING: f32 = 9.0;
/// Space around and between the parts of a choice.
const GAP: f32 = 12.0;

/// A row with a picture (of this size in pixels, none while there is none), a title and what comes second, as wide
/// as there is room. Says that it was clicked and changes nothing itself.
pub fn choice(ui: &mut Ui, chosen: bool, picture: Option<(TextureId, Vec2)>, title: &str, second: &str) -> Response {
    let tokens = theme::tokens(ui);
    let width = ui.available_width();
    let room = (width - PICTURE.x - 2.0 * RING - 4.0 * GAP).max(60.0);
    let title_font = Weight::SemiBold.at(tokens.small_size + 1.0);
    let title_words = ui.painter().layout(title.to_owned(), title_font, tokens.ink, room);
    let second_font = Weight::Regular.at(tokens.tiny_size);
    let second_words = ui.painter().layout(second.to_owned(), second_font, tokens.ink_secondary, room);
    let words = title_words.size().y + if second.is_empty() { 0.0 } else { second_words.size().y + 2.0 };
    let height = words.max(PICTURE.y) + 2.0 * GAP;
    let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::click());
    if ui.is_rect_visible(rect) {
        let (fill, edge) = match (chosen, response.hovered()) {
            (true, _) => (tokens.accent_soft, Stroke::new(2.0, tokens.accent)),
            (false, true) => (mix(tokens.surface, tokens.accent, 0.06), Stroke::new(1.0, tokens.edge)),
            (false, false) => (tokens.surface, Stroke::new(1.0, tokens.line)),
        };
        let painter = ui.painter();
        painter.rect(rect, tokens.card_radius, fill, edge, StrokeKind::Inside);
        let frame = Rect::from_min_size(rect.min + vec2(GAP, (height - PICTURE.y) / 2.0), PICTURE);
        painter.rect_filled(frame, 4.0, tokens.sunken);
        if let Some((texture, size)) = picture {
            let scale = (PICTURE.x / size.x.max(1.0)).min(PICTURE.y / size.y.max(1.0));
            let place = Rect::from_center_size(frame.center(), size * scale);
            painter.image(texture, place, Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0)), Color32::WHITE);
        }
        painter.rect_stroke(frame, 4.0, Stroke::new(1.0, tokens.line), StrokeKind::Outside);
        let left = frame.right() + GAP;
        let top = rect.center().y - words / 2.0;
        let below = top + title_words.size().y + 2.0;
        painter.galley(pos2(left, top), title_words, tokens.ink);
        painter.galley(pos2(left, below), second_words, tokens.ink_secondary);
        let ring = pos2(rect.right() - GAP - RING, rect.center().y);
        painter.circle(ring, RING, tokens.surface, Stroke::new(2.0, if chosen { tokens.accent } else { tokens.edge }));
        if chosen {
            painter.circle_filled(ring, RING - 4.0, tokens.accent);
        }
        focus_ring(ui, &response, rect, f32::from(tokens.card_radius), &tokens);
    }
    let name = if second.is_empty() { title.to_owned() } else { format!("{title}, {second}") };
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), chosen, &name));
    response.on_hover_cursor(CursorIcon::PointingHand)
}

/// Width and height of a star, in points.
const STAR: f32 = 44.0;
/// How far the inner corners of a star are from its centre, of the outer ones.
const WAIST: f32 = 0.42;

/// Five stars, `given` of them full, each with its name for screen readers. Gives how many were chosen now.
pub fn stars(ui: &mut Ui, given: u8, names: [&str; 5]) -> Option<u8> {
    let tokens = theme::tokens(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = tokens.unit;
        let mut chosen = None;
        for (number, name) in (1..=5_u8).zip(names) {
            let (rect, response) = ui.allocate_exact_size(Vec2::splat(STAR), Sense::click());
            if ui.is_rect_visible(rect) {
                let full = number <= given;
                let fill = match (full, response.hovered()) {
                    (true, _) => tokens.accent,
                    (false, true) => tokens.accent_soft,
                    (false, false) => tokens.surface,
                };
                let edge = if full { tokens.accent } else { tokens.edge };
                paint_star(ui, rect.center(), STAR * 0.46, fill, Stroke::new(1.8, edge));
                focus_ring(ui, &response, rect, f32::from(tokens.radius), &tokens);
            }
            response.widget_info(|| WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), number == given, name));
            if response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(name).clicked() {
                chosen = Some(number);
            }
        }
        chosen
    })
    .inner
}

fn paint_star(ui: &Ui, centre: Pos2, radius: f32, fill: Color32, edge: Stroke) {
    let corner = |number: u8| {
        let angle = f32::from(number) * std::f32::consts::PI / 5.0 - std::f32::consts::FRAC_PI_2;
        let far = if number.is_multiple_of(2) { radius } else { radius * WAIST };
        centre + vec2(angle.cos(), angle.sin()) * far
    };
    let corners: Vec<Pos2> = (0..10).map(corner).collect();
    // A star is not convex: it is filled from its centre.
    let mut mesh = Mesh::default();
    mesh.colored_vertex(centre, fill);
    corners.iter().for_each(|corner| mesh.colored_vertex(*corner, fill));
    (1..=10_u32).for_each(|number| mesh.add_triangle(0, number, number % 10 + 1));
    ui.painter().add(Shape::mesh(mesh));
    ui.painter().add(Shape::closed_line(corners, edge));
}
