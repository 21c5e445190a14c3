//! What pages have in common: the margins, who it is at the top, the buttons at the bottom.

use agent_core::view::OperatorView;
use egui::{Align, Layout, Margin, Rect, Response, ScrollArea, Ui, UiBuilder, vec2};
use i18n::I18n;
use ui_kit::{TagKind, Tokens, theme};

/// Space around a page's words, in points.
const MARGIN: i8 = 32;
/// The part of the margin that is inside the scrolled area, so that focus rings are not cut.
const INNER: i8 = 8;

/// Least height that is left for the words above the buttons; with less, all scrolls together.
const LEAST_CONTENT: f32 = 150.0;

/// A page: `content` above, which scrolls if it must, and `bottom` always in sight.
pub(super) fn page<T>(ui: &mut Ui, content: impl FnOnce(&mut Ui), bottom: impl FnOnce(&mut Ui) -> T) -> T {
    let outer = egui::Frame::new().inner_margin(Margin::same(MARGIN - INNER));
    outer.show(ui, |ui| page_in(ui, content, bottom)).inner
}

fn page_in<T>(ui: &mut Ui, content: impl FnOnce(&mut Ui), bottom: impl FnOnce(&mut Ui) -> T) -> T {
    let memory = ui.make_persistent_id("height of the bottom");
    let tokens = theme::tokens(ui);
    let known: f32 = ui.data(|data| data.get_temp(memory)).unwrap_or(tokens.control_height);
    let inset = f32::from(INNER);
    let height = ui.available_height() - known - 3.0 * inset;
    let padded = egui::Frame::new().inner_margin(Margin::same(INNER));
    let content = |ui: &mut Ui| {
        padded.show(ui, |ui| {
            ui.set_width(ui.available_width());
            content(ui);
        });
    };
    if height < LEAST_CONTENT {
        let all = ScrollArea::vertical().auto_shrink([false, false]);
        return all.show(ui, |ui| (content(ui), padded.show(ui, bottom).inner).1).inner;
    }
    let area = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, false]);
    area.show(ui, content);
    let rest = ui.available_rect_before_wrap();
    let rest = Rect::from_min_max(rest.min + vec2(inset, inset), rest.max - vec2(inset, 0.0));
    let mut child = ui.new_child(UiBuilder::new().max_rect(rest).layout(Layout::top_down(Align::Min)));
    child.spacing_mut().item_spacing.y = 12.0;
    let result = bottom(&mut child);
    let used = child.min_rect().height();
    if (used - known).abs() > 0.5 {
        ui.data_mut(|data| data.insert_temp(memory, used));
        ui.ctx().request_discard("the bottom of the page has another height");
    }
    result
}

/// One button at the right, the only way on.
pub(super) fn single(ui: &mut Ui, button: impl FnOnce(&mut Ui) -> Response) -> Response {
    let height = theme::tokens(ui).control_height;
    let size = vec2(ui.available_width(), height);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), button).inner
}

/// Who it is, small, for the top of every page after the key.
pub(super) fn who(ui: &mut Ui, operator: &OperatorView, i18n: &I18n) {
    let tokens = theme::tokens(ui);
    let tag = if operator.verified {
        operator.domain.clone()
    } else {
        i18n.text_with("who-domain-not-proven", &[("domain", (&operator.domain).into())])
    };
    let kind = if operator.verified { TagKind::Ok } else { TagKind::Danger };
    let beside = width(ui, &operator.name, &tokens).max(width(ui, &operator.organisation, &tokens) * 0.88)
        + width(ui, &tag, &tokens)
        + 40.0
        + 36.0
        + 3.0 * tokens.unit
        < ui.available_width();
    ui.horizontal(|ui| {
        ui_kit::avatar(ui, &operator.name, 40.0);
        ui.add_space(4.0);
        let column = if beside { ui.available_width() - width(ui, &tag, &tokens) - 44.0 } else { ui.available_width() };
        ui.allocate_ui_with_layout(vec2(column, 40.0), Layout::top_down(Align::Min), |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            strong(ui, &operator.name, tokens.small_size);
            ui_kit::tiny(ui, &operator.organisation);
            if !beside {
                ui.add_space(4.0);
                ui_kit::tag(ui, kind, &tag);
            }
        });
        if beside {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui_kit::tag(ui, kind, &tag));
        }
    });
    ui.add_space(12.0);
}

/// A word in bold ink.
pub(super) fn strong(ui: &mut Ui, text: &str, size: f32) -> Response {
    let ink = theme::tokens(ui).ink;
    let font = ui_kit::fonts::Weight::SemiBold.at(size);
    ui.add(egui::Label::new(egui::RichText::new(text).font(font).color(ink)).wrap())
}

fn width(ui: &Ui, text: &str, tokens: &Tokens) -> f32 {
    let font = ui_kit::fonts::Weight::SemiBold.at(tokens.small_size);
    ui.painter().layout_no_wrap(text.to_owned(), font, tokens.ink).size().x
}

/// What is left and what is right in one row of a card, the left one wrapped if it must be.
pub(super) fn fact(ui: &mut Ui, left: &str, right: &str) {
    let tokens = theme::tokens(ui);
    let font = ui_kit::fonts::Weight::Regular.at(tokens.small_size);
    let right_width = ui.painter().layout_no_wrap(right.to_owned(), font, tokens.ink).size().x;
    ui.scope(|ui| {
        // A fact is no control: it need not be as high as one.
        ui.spacing_mut().interact_size.y = tokens.small_size;
        fact_row(ui, left, right, right_width);
    });
}

fn fact_row(ui: &mut Ui, left: &str, right: &str, right_width: f32) {
    ui.horizontal(|ui| {
        let room = (ui.available_width() - right_width - 16.0).max(60.0);
        ui.allocate_ui_with_layout(vec2(room, 20.0), Layout::top_down(Align::Min), |ui| ink_small(ui, left));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| ink_small(ui, right));
    });
}

/// Small text in the first ink.
pub(super) fn ink_small(ui: &mut Ui, text: &str) -> Response {
    let tokens = theme::tokens(ui);
    let font = ui_kit::fonts::Weight::Regular.at(tokens.small_size);
    ui.add(egui::Label::new(egui::RichText::new(text).font(font).color(tokens.ink)).wrap())
}

/// A line between two rows.
pub(super) fn line(ui: &mut Ui) {
    let tokens = theme::tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 1.0), egui::Sense::hover());
    ui.painter().rect_filled(rect, 0.0, tokens.line);
}
