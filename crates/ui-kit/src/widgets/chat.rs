//! The chat: lines whose words can be selected and copied, by keyboard the whole line, and an entry.

use super::chat_rows::{Skipped, rows};
use super::icons::paint_check;
use super::links::{Address, address_question_ui, addresses, ask_about};
use super::{AtMost, focus_ring, primary_button, small};
use crate::fonts::Weight;
use crate::theme;
use egui::emath::GuiRounding;
use egui::text::{LayoutJob, TextFormat};
use egui::text_selection::LabelSelectionState;
use egui::{
    Align, Align2, Context, Event, EventFilter, Frame, Galley, Id, Key, Layout, Margin, Modifiers, Rect, Response,
    Role, ScrollArea, Sense, Stroke, StrokeKind, TextEdit, Ui, Vec2, WidgetInfo, pos2, vec2,
};
use i18n::I18n;
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

/// Longest line that can be written, in bytes of UTF-8: as much as travels at once.
pub const LONGEST_LINE_BYTES: usize = 3000;

/// One line of chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChatBubble<'a> {
    /// Whether the person at this window wrote it.
    pub mine: bool,
    /// The line.
    pub text: &'a str,
    /// When it was written or arrived; the time of day is shown.
    pub at: SystemTime,
    /// Whether the other end has it; only told for own lines.
    pub delivered: bool,
}

/// Where it is noted that the entry is to take the focus.
fn wish_id() -> Id {
    Id::unique("the chat entry takes the focus")
}

/// Gives the focus to the entry of the chat that is drawn next.
pub fn focus_chat(ctx: &Context) {
    ctx.data_mut(|data| data.insert_temp(wish_id(), true));
}

/// Lines, the newest in sight, and an entry under them; fills the room that `ui` has. Returns the
/// line that was sent; Enter sends.
pub fn chat_ui(ui: &mut Ui, i18n: &I18n, lines: &[ChatBubble<'_>], draft: &mut String, hint: &str) -> Option<String> {
    let tokens = theme::tokens(ui);
    address_question_ui(ui, i18n);
    if is_full(draft) {
        small(ui, &i18n.text("common-chat-full"));
    }
    let height = (ui.available_height() - tokens.control_height - tokens.unit - 4.0).max(48.0);
    ScrollArea::vertical()
        .id_salt("chat lines")
        .max_height(height)
        .min_scrolled_height(height)
        .auto_shrink([false, false])
        .stick_to_bottom(true)
        .show(ui, |ui| {
            lines_ui(ui, i18n, lines);
        });
    ui.add_space(4.0);
    entry(ui, i18n, draft, hint)
}

/// Whether not even one letter more fits.
fn is_full(draft: &str) -> bool {
    draft.len() + char::MAX.len_utf8() > LONGEST_LINE_BYTES
}

/// The lines; Tab stops at one of them and at those with an address, and arrows go on from there. What is out of sight
/// is not laid out again: there are thousands in a long session, and a moving screen beside them is drawn sixty times a
/// second.
fn lines_ui(ui: &mut Ui, i18n: &I18n, lines: &[ChatBubble<'_>]) {
    let last = lines.len().saturating_sub(1);
    let kept = ui.scope_id().with("the line with the focus");
    let line_id = |place: usize| kept.with(place);
    let before = ui.ctx().data(|data| data.get_temp::<usize>(kept)).filter(|at| *at <= last);
    let stop = before.filter(|at| ui.memory(|memory| memory.has_focus(line_id(*at)))).unwrap_or(last);
    let (mut at, mut by_keyboard) = (stop, false);
    let width = ui.available_width() - 10.0;
    let top = ui.cursor().min;
    let rows = rows(ui, kept, lines, width, stop);
    let mut skipped = Skipped::default();
    for (place, (line, row)) in lines.iter().zip(&rows).enumerate() {
        if !row.is_drawn {
            skipped.pass(row.height);
            continue;
        }
        skipped.fill(ui, width);
        let response = bubble(ui, i18n, line, width, line_id(place), place == stop);
        if response.clicked() || response.drag_started() {
            response.request_focus();
        }
        if response.has_focus() {
            at = place;
            if response.gained_focus() {
                response.scroll_to_me(None);
                by_keyboard = ui.input(|input| !input.pointer.any_down() && !input.pointer.any_released());
            }
            focused(ui, line, &response);
        }
    }
    skipped.fill(ui, width);
    ui.ctx().data_mut(|data| data.insert_temp(kept, at));
    if !lines.is_empty() && ui.memory(|memory| memory.has_focus(line_id(at))) {
        let to = moved(ui, at, last);
        if to != at {
            ui.ctx().data_mut(|data| data.insert_temp(kept, to));
            ui.memory_mut(|memory| memory.request_focus(line_id(to)));
            // Where it is, is known also where it is not drawn yet.
            let (above, from) = rows.split_at(to.min(rows.len()));
            let above: f32 = above.iter().map(|row| row.height + ui.spacing().item_spacing.y).sum();
            let size = vec2(width, from.first().map_or(0.0, |row| row.height));
            ui.scroll_to_rect(Rect::from_min_size(top + vec2(0.0, above), size), None);
            by_keyboard = true;
        }
    }
    if by_keyboard {
        // Who comes by keyboard means the line, not what was selected before.
        ui.ctx().plugin::<LabelSelectionState>().lock().clear_selection();
    }
}

/// The arrows stay with a line that has the focus, and copying copies all of it, if nothing is selected.
fn focused(ui: &Ui, line: &ChatBubble<'_>, response: &Response) {
    let arrows = EventFilter { vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    let copies = ui.input(|input| input.events.iter().any(|event| matches!(event, Event::Copy)));
    if copies {
        // What is selected is copied after this, and stays.
        ui.ctx().copy_text(line.text.to_owned());
    }
}

/// To which line the keys go that were pressed.
fn moved(ui: &Ui, at: usize, last: usize) -> usize {
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    if pressed(Key::ArrowUp) {
        at.saturating_sub(1)
    } else if pressed(Key::ArrowDown) {
        (at + 1).min(last)
    } else if pressed(Key::Home) {
        0
    } else if pressed(Key::End) {
        last
    } else {
        at
    }
}

/// Room around the text of a line, in points.
const PADDING: Vec2 = vec2(12.0, 8.0);

/// The text of a line in a talk that is `width` points wide, and the addresses in it.
fn lay_out(ui: &Ui, text: &str, width: f32) -> (Arc<Galley>, Vec<(Range<usize>, Address)>) {
    let tokens = theme::tokens(ui);
    let size = tokens.small_size.max(15.0);
    let format = |size: f32, ink| TextFormat {
        line_height: Some(size * 1.4),
        ..TextFormat::simple(Weight::Regular.at(size), ink)
    };
    let links = addresses(text);
    let mut job = LayoutJob::default();
    let mut at = 0;
    for (place, _) in &links {
        let link = TextFormat { underline: Stroke::new(1.0, tokens.accent), ..format(size, tokens.accent) };
        job.append(text.get(at..place.start).unwrap_or_default(), 0.0, format(size, tokens.ink));
        job.append(text.get(place.clone()).unwrap_or_default(), 0.0, link);
        at = place.end;
    }
    job.append(text.get(at..).unwrap_or_default(), 0.0, format(size, tokens.ink));
    job.wrap.max_width = (width * 0.84 - 2.0 * PADDING.x).max(60.0);
    job.wrap.break_anywhere = false;
    (ui.fonts_mut(|fonts| fonts.layout_job(job)), links)
}

fn lay_out_time(ui: &Ui, time: String) -> Arc<Galley> {
    let tokens = theme::tokens(ui);
    ui.painter().layout_no_wrap(time, Weight::Regular.at(tokens.tiny_size), tokens.ink_secondary)
}

/// How high a line is as [`bubble`] draws it, in points, and whether it has an address.
pub(super) fn measured(ui: &Ui, text: &str, width: f32) -> (f32, bool) {
    let (text, links) = lay_out(ui, text, width);
    let height = text.size().y + lay_out_time(ui, "00:00".to_owned()).size().y + 2.0 * PADDING.y;
    (height.round_ui(), !links.is_empty())
}

fn bubble(ui: &mut Ui, i18n: &I18n, line: &ChatBubble<'_>, width: f32, id: Id, is_stop: bool) -> Response {
    let tokens = theme::tokens(ui);
    let padding = PADDING;
    let (text, links) = lay_out(ui, line.text, width);
    let said_at = i18n.time_of_day(line.at);
    let time = lay_out_time(ui, said_at.clone());
    let mark = if line.mine { 18.0 } else { 0.0 };
    let inner = vec2(text.size().x.max(time.size().x + mark), text.size().y + time.size().y) + 2.0 * padding;
    // Only room: which lines are drawn changes, and with it what egui would number.
    let (_, row) = ui.allocate_space(vec2(width, inner.y.round_ui()));
    let left = if line.mine { row.right() - inner.x } else { row.left() };
    let rect = Rect::from_min_size(pos2(left, row.top()), inner);
    // By touch, a drag scrolls.
    let selects = if ui.input(egui::InputState::any_touches) { Sense::CLICK } else { Sense::CLICK | Sense::DRAG };
    let stops = if is_stop || !links.is_empty() { Sense::FOCUSABLE } else { Sense::empty() };
    let response = ui.interact(rect, id, selects | stops);
    if ui.is_rect_visible(rect) {
        let fill = if line.mine { tokens.accent_soft } else { tokens.surface };
        let edge = if line.mine && !tokens.high_contrast { Stroke::NONE } else { Stroke::new(1.0, tokens.line) };
        ui.painter().rect(rect, tokens.card_radius, fill, edge, StrokeKind::Inside);
        let place = rect.min + padding;
        LabelSelectionState::label_text_selection(ui, &response, place, text.clone(), tokens.ink, Stroke::NONE);
        let base = rect.max - padding - time.size();
        let centre = pos2(base.x - 11.0, base.y + time.size().y / 2.0);
        let stroke = Stroke::new(1.5, tokens.ink_secondary);
        if line.mine && line.delivered {
            paint_check(ui.painter(), centre, 9.0, stroke);
        } else if line.mine {
            ui.painter().circle_stroke(centre, 3.5, stroke);
        }
        ui.painter().galley(base, time, tokens.ink_secondary);
    }
    let state = match (line.mine, line.delivered) {
        (false, _) => String::new(),
        (true, true) => format!(", {}", i18n.text("common-delivered")),
        (true, false) => format!(", {}", i18n.text("common-not-delivered")),
    };
    let role = if links.is_empty() { Role::Label } else { Role::Link };
    response.widget_info(|| WidgetInfo::labeled(role, true, format!("{} ({said_at}{state})", line.text)));
    focus_ring(ui, &response, rect, f32::from(tokens.card_radius), &tokens);
    if response.clicked() {
        // By mouse the address that was hit; by keyboard the first.
        let hit = response.interact_pointer_pos().map(|at| text.cursor_from_pos(at - rect.min - padding).index);
        let hit = hit.map(|at| line.text.char_indices().nth(at.into()).map_or(line.text.len(), |(byte, _)| byte));
        let is_hit = |place: &Range<usize>| hit.is_none_or(|byte| place.contains(&byte));
        if let Some((_, address)) = links.into_iter().find(|(place, _)| is_hit(place)) {
            ask_about(ui.ctx(), address);
        }
    }
    response
}

fn entry(ui: &mut Ui, i18n: &I18n, draft: &mut String, hint: &str) -> Option<String> {
    let tokens = theme::tokens(ui);
    let send = i18n.text("common-send");
    let font = Weight::SemiBold.at(tokens.button_size);
    let send_width = ui.painter().layout_no_wrap(send.clone(), font, tokens.ink).size().x + 2.0 * tokens.button_padding;
    let row = vec2(ui.available_width(), tokens.control_height);
    let (field, clicked) = ui
        .allocate_ui_with_layout(row, Layout::left_to_right(Align::Center), |ui| {
            let frame = Frame::new()
                .fill(tokens.surface)
                .stroke(Stroke::new(1.0, tokens.edge))
                .corner_radius(tokens.radius)
                .inner_margin(Margin::symmetric(12, 8));
            let width = (row.x - send_width - ui.spacing().item_spacing.x).max(80.0);
            let field = ui.add(
                TextEdit::singleline(&mut AtMost { text: draft, bytes: LONGEST_LINE_BYTES })
                    .id_salt("chat entry")
                    .hint_text(hint)
                    .font(Weight::Regular.at(tokens.small_size.max(15.0)))
                    .text_color(tokens.ink)
                    .desired_width(width)
                    .min_size(vec2(width, tokens.control_height))
                    .align(Align2::LEFT_CENTER)
                    .frame(frame),
            );
            focus_ring(ui, &field, field.rect, f32::from(tokens.radius), &tokens);
            let ready = !draft.trim().is_empty();
            let clicked = ui.add_enabled_ui(ready, |ui| primary_button(ui, &send).clicked()).inner;
            (field.accessible_name(hint), clicked)
        })
        .inner;
    let enter = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    let wished = ui.data_mut(|data| data.remove_temp::<bool>(wish_id())).unwrap_or_default();
    if enter || clicked || wished {
        field.request_focus();
    }
    let line = draft.trim().to_owned();
    if (enter || clicked) && !line.is_empty() {
        draft.clear();
        return Some(line);
    }
    None
}
