//! What pages have in common: the margins, who it is at the top, the buttons at the bottom.

use super::scrolled::{INNER, Scrolled, scrolled};
use agent_core::view::OperatorView;
use egui::{Align, Id, Layout, Margin, Rect, Response, Ui, UiBuilder, vec2};
use i18n::I18n;
use ui_kit::{TagKind, Tokens, theme};

/// Space around a page's words, in points.
const MARGIN: f32 = 32.0;
/// The same in a window that is short of room.
const SMALL_MARGIN: f32 = 16.0;
/// Windows less high than this are short of room.
const SHORT: f32 = 480.0;

/// Least height that is left for the words above the buttons; with less, more of them scrolls.
pub(super) const LEAST_CONTENT: f32 = 130.0;

/// A page: `content` above, which scrolls if it must, and `bottom` always in sight.
pub(super) fn page<T>(ui: &mut Ui, content: impl FnOnce(&mut Ui), bottom: impl FnOnce(&mut Ui) -> T) -> T {
    page_in_view(ui, content, |ui, ()| bottom(ui), |(), _| ()).0
}

/// The same where the bottom depends on what of the words is in sight, as `look` finds it; it is none where
/// everything scrolls.
pub(super) fn page_in_view<C, V, T>(
    ui: &mut Ui,
    content: impl FnOnce(&mut Ui) -> C,
    bottom: impl FnOnce(&mut Ui, V) -> T,
    look: impl FnOnce(C, Option<&Scrolled>) -> V,
) -> (T, Option<Scrolled>) {
    with_margin(ui, |ui| {
        let place = Bottom::of(ui, "height of the bottom");
        if place.room < LEAST_CONTENT {
            let whole = |ui: &mut Ui| {
                let found = look(content(ui), None);
                ui.add_space(16.0);
                bottom(ui, found)
            };
            return (scrolled(ui, ui.available_height(), whole).0, None);
        }
        let (content, view) = scrolled(ui, place.room, content);
        let found = look(content, Some(&view));
        (place.show(ui, |ui| bottom(ui, found)).0, Some(view))
    })
}

/// Whether the window is short of room: what matters least is left out there.
pub(super) fn is_short(ui: &Ui) -> bool {
    ui.available_height() < SHORT
}

pub(super) fn with_margin<T>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> T) -> T {
    let margin = if ui.available_height() < SHORT { SMALL_MARGIN } else { MARGIN };
    egui::Frame::new().inner_margin(Margin::from(margin - f32::from(INNER))).show(ui, add).inner
}

/// The part of a page under the words, as high as it was in the pass before.
pub(super) struct Bottom {
    memory: Id,
    known: f32,
    /// How high the words may be, in points.
    pub(super) room: f32,
}

impl Bottom {
    /// What is known of it, and the `room` that it leaves for the words.
    pub(super) fn of(ui: &Ui, name: &str) -> Self {
        let memory = ui.make_persistent_id(name);
        let known = ui.data(|data| data.get_temp(memory)).unwrap_or(theme::tokens(ui).control_height);
        Self { memory, known, room: ui.available_height() - known - 3.0 * f32::from(INNER) }
    }

    /// Draws it; says as well whether it was as high as it was thought to be.
    pub(super) fn show<T>(self, ui: &mut Ui, bottom: impl FnOnce(&mut Ui) -> T) -> (T, bool) {
        let inset = f32::from(INNER);
        let rest = ui.available_rect_before_wrap();
        let rest = Rect::from_min_max(rest.min + vec2(inset, inset), rest.max - vec2(inset, 0.0));
        let mut child = ui.new_child(UiBuilder::new().max_rect(rest).layout(Layout::top_down(Align::Min)));
        child.spacing_mut().item_spacing.y = 12.0;
        let result = bottom(&mut child);
        let used = child.min_rect().height();
        let settled = (used - self.known).abs() <= 0.5;
        if !settled {
            ui.data_mut(|data| data.insert_temp(self.memory, used));
            ui.ctx().request_discard("the bottom of the page has another height");
        }
        (result, settled)
    }
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
    let (kind, tag) = domain(operator, i18n);
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

/// The domain, and whether it is proven.
fn domain(operator: &OperatorView, i18n: &I18n) -> (TagKind, String) {
    if operator.verified {
        return (TagKind::Ok, operator.domain.clone());
    }
    let domain = [("domain", (&operator.domain).into())];
    (TagKind::Danger, i18n.text_with("who-domain-not-proven", &domain))
}

/// The same as a pill.
pub(super) fn domain_tag(ui: &mut Ui, operator: &OperatorView, i18n: &I18n) {
    let (kind, tag) = domain(operator, i18n);
    ui_kit::tag(ui, kind, &tag);
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
