//! Words on a page.

use crate::fonts::Weight;
use crate::theme;
use egui::{Color32, FontId, Label, Response, RichText, Role, Ui, WidgetInfo};

fn label(ui: &mut Ui, text: &str, font: FontId, colour: Color32, line_height: f32) -> Response {
    let size = font.size;
    ui.add(Label::new(RichText::new(text).font(font).color(colour).line_height(Some(size * line_height))).wrap())
}

fn heading_label(ui: &mut Ui, text: &str, size: f32) -> Response {
    let ink = theme::tokens(ui).ink;
    let response = label(ui, text, Weight::SemiBold.at(size), ink, 1.25);
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, text));
    response
}

/// The title of a page.
pub fn title(ui: &mut Ui, text: &str) -> Response {
    let size = theme::tokens(ui).title_size;
    heading_label(ui, text, size)
}

/// The heading of a part of a page.
pub fn heading(ui: &mut Ui, text: &str) -> Response {
    let size = theme::tokens(ui).heading_size;
    heading_label(ui, text, size)
}

/// Running text.
pub fn body(ui: &mut Ui, text: &str) -> Response {
    let tokens = theme::tokens(ui);
    label(ui, text, Weight::Regular.at(tokens.body_size), tokens.ink, 1.45)
}

/// Running text that comes second.
pub fn body_secondary(ui: &mut Ui, text: &str) -> Response {
    let tokens = theme::tokens(ui);
    label(ui, text, Weight::Regular.at(tokens.body_size), tokens.ink_secondary, 1.45)
}

/// Small text.
pub fn small(ui: &mut Ui, text: &str) -> Response {
    let tokens = theme::tokens(ui);
    label(ui, text, Weight::Regular.at(tokens.small_size), tokens.ink_secondary, 1.4)
}

/// The smallest text.
pub fn tiny(ui: &mut Ui, text: &str) -> Response {
    let tokens = theme::tokens(ui);
    label(ui, text, Weight::Regular.at(tokens.tiny_size), tokens.ink_secondary, 1.4)
}

/// A key or a check word, monospaced and letter-spaced, `size` points high.
pub fn mono_key(ui: &mut Ui, text: &str, size: f32) -> Response {
    let ink = theme::tokens(ui).ink;
    let words = RichText::new(text).font(Weight::MonoSemiBold.at(size)).color(ink).extra_letter_spacing(size * 0.06);
    ui.add(Label::new(words).extend())
}
