//! Cards, tags, notices, progress.

use super::icons::{paint_check, paint_cross, paint_warning};
use crate::fonts::Weight;
use crate::theme;
use crate::tokens::Tokens;
use egui::text::{LayoutJob, TextFormat};
use egui::{
    Color32, Frame, InnerResponse, Label, Margin, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

/// What a tag or a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagKind {
    /// Good news; with a check mark.
    Ok,
    /// A warning.
    Warn,
    /// Ending or fraud.
    Danger,
    /// Neither good nor bad.
    Accent,
}

impl TagKind {
    const fn colours(self, tokens: &Tokens) -> (Color32, Color32) {
        match self {
            Self::Ok => (tokens.good, tokens.good_soft),
            Self::Warn => (tokens.warning, tokens.warning_soft),
            Self::Danger => (tokens.danger, tokens.danger_soft),
            Self::Accent => (tokens.accent, tokens.accent_soft),
        }
    }
}

/// A card as wide as there is room.
pub fn card<R>(ui: &mut Ui, contents: impl FnOnce(&mut Ui) -> R) -> InnerResponse<R> {
    let tokens = theme::tokens(ui);
    framed(ui, tokens.surface, Stroke::new(1.0, tokens.line), Margin::symmetric(20, 16), contents)
}

/// A card with the accent around it: the one that matters now.
pub fn accent_card<R>(ui: &mut Ui, contents: impl FnOnce(&mut Ui) -> R) -> InnerResponse<R> {
    let tokens = theme::tokens(ui);
    framed(ui, tokens.surface, Stroke::new(2.0, tokens.accent), Margin::symmetric(20, 16), contents)
}

fn framed<R>(
    ui: &mut Ui,
    fill: Color32,
    stroke: Stroke,
    margin: Margin,
    contents: impl FnOnce(&mut Ui) -> R,
) -> InnerResponse<R> {
    let radius = theme::tokens(ui).card_radius;
    Frame::new().fill(fill).stroke(stroke).corner_radius(radius).inner_margin(margin).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.vertical(contents).inner
    })
}

/// A pill with a word or two.
pub fn tag(ui: &mut Ui, kind: TagKind, text: &str) -> Response {
    let tokens = theme::tokens(ui);
    let (ink, fill) = kind.colours(&tokens);
    let icon = if kind == TagKind::Accent { 0.0 } else { 16.0 };
    let font = Weight::SemiBold.at(if tokens.control_height > 40.0 { 14.0 } else { 13.0 });
    let most = (ui.available_width() - 20.0 - icon).max(24.0);
    let galley = ui.painter().layout(text.to_owned(), font, ink, most);
    let size = vec2(galley.size().x + 20.0 + icon, galley.size().y + 8.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    if ui.is_rect_visible(rect) {
        let edge = if tokens.high_contrast { Stroke::new(1.0, ink) } else { Stroke::NONE };
        ui.painter().rect(rect, (size.y / 2.0).min(14.0), fill, edge, StrokeKind::Inside);
        let centre = pos2(rect.left() + 15.0, rect.center().y);
        match kind {
            TagKind::Ok => paint_check(ui.painter(), centre, 10.0, Stroke::new(2.0, ink)),
            TagKind::Warn => paint_warning(ui.painter(), centre, 12.0, Stroke::new(1.5, ink)),
            TagKind::Danger => paint_cross(ui.painter(), centre, 4.0, Stroke::new(2.0, ink)),
            TagKind::Accent => {}
        }
        let at = pos2(rect.left() + 10.0 + icon, rect.center().y - galley.size().y / 2.0);
        ui.painter().galley(at, galley, ink);
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    response
}

/// Calm words on a coloured ground: a bold `title` and the text after it.
pub fn notice(ui: &mut Ui, kind: TagKind, title: &str, text: &str) -> Response {
    let tokens = theme::tokens(ui);
    let (ink, fill) = kind.colours(&tokens);
    let stroke = if tokens.high_contrast { Stroke::new(2.0, ink) } else { Stroke::NONE };
    framed(ui, fill, stroke, Margin::symmetric(20, 16), |ui| {
        let mut job = LayoutJob::default();
        let format = |weight: Weight| TextFormat {
            line_height: Some(tokens.small_size * 1.4),
            ..TextFormat::simple(weight.at(tokens.small_size), ink)
        };
        job.append(title, 0.0, format(Weight::Bold));
        if !title.is_empty() && !text.is_empty() {
            job.append(" ", 0.0, format(Weight::Regular));
        }
        job.append(text, 0.0, format(Weight::Regular));
        ui.add(Label::new(job).wrap())
    })
    .response
}

/// How far something has come: a bar, `fraction` (0 to 1) of it filled, and `text` under it.
pub fn progress(ui: &mut Ui, fraction: f32, text: &str) -> Response {
    let tokens = theme::tokens(ui);
    let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.0 };
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 6.0), Sense::hover());
        let (empty, edge) = if tokens.high_contrast {
            (tokens.surface, Stroke::new(1.0, tokens.ink))
        } else {
            (tokens.line, Stroke::NONE)
        };
        ui.painter().rect(rect, 3.0, empty, edge, StrokeKind::Inside);
        let filled =
            rect.with_max_x(rect.left() + (rect.width() * fraction).max(if fraction > 0.0 { 6.0 } else { 0.0 }));
        ui.painter().rect_filled(filled, 3.0, tokens.accent);
        response.widget_info(|| WidgetInfo {
            value: Some(f64::from(fraction)),
            ..WidgetInfo::labeled(Role::ProgressIndicator, true, text)
        });
        if !text.is_empty() {
            super::tiny(ui, text);
        }
        response
    })
    .inner
}
