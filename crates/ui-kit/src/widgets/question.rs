//! The two answers to a question, built so that nobody says yes by accident.

use super::{button, danger_button, primary_button};
use crate::fonts::Weight;
use crate::theme;
use egui::{Align, Id, Key, Layout, Modifiers, PointerButton, Response, Ui, UiBuilder, vec2};
use std::time::Duration;

/// A question must have stood on the screen this long before a yes counts.
pub const QUESTION_GUARD: Duration = Duration::from_millis(400);

/// What a person chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The answer that gives nothing away.
    Safe,
    /// Yes.
    Accept,
}

#[derive(Debug, Clone, Copy)]
struct Standing {
    since: f64,
    last_pass: u64,
    /// Whether the press that is going on began after the guard.
    press_counts: bool,
    /// Whether a yes was on offer.
    ready: bool,
}

/// Watches over the two answers to a question: [`QuestionGuard::begin`] before they are drawn,
/// [`QuestionGuard::end`] after.
///
/// A yes is ignored while [`QUESTION_GUARD`] runs, and so is one by a press that began before its
/// end; neither Enter nor the space bar counts before it either. Questions that follow each other
/// must stand in different `Ui::push_id` scopes.
#[derive(Debug)]
pub struct QuestionGuard {
    id: Id,
    standing: Standing,
    appeared: bool,
    open: bool,
    by_pointer: bool,
    escape: bool,
}

impl QuestionGuard {
    /// Looks at time, keys and pointer before the answers are drawn.
    #[must_use]
    pub fn begin(ui: &Ui) -> Self {
        let id = ui.make_persistent_id("question");
        let pass = ui.ctx().cumulative_pass_nr();
        let now = ui.input(|input| input.time);
        let before: Option<Standing> = ui.data(|data| data.get_temp(id));
        let appeared = before.is_none_or(|standing| standing.last_pass + 1 < pass);
        let mut standing = match before {
            Some(standing) if !appeared => Standing { last_pass: pass, ..standing },
            _ => Standing { since: now, last_pass: pass, press_counts: false, ready: false },
        };
        let open = now - standing.since >= QUESTION_GUARD.as_secs_f64();
        if !open {
            ui.input_mut(|input| {
                input.consume_key(Modifiers::NONE, Key::Enter);
                input.consume_key(Modifiers::NONE, Key::Space);
            });
        }
        if ui.input(|input| input.pointer.button_pressed(PointerButton::Primary)) {
            standing.press_counts = open;
        }
        let by_pointer = ui.input(|input| input.pointer.button_released(PointerButton::Primary));
        let escape = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
        Self { id, standing, appeared, open, by_pointer, escape }
    }

    /// What was chosen; `accept` is none as long as no yes is on offer, and the guard runs anew once
    /// it is. The safe answer takes the focus when the question appears, when a yes comes up, and when
    /// nothing has it: a page that lays itself out anew has new buttons.
    pub fn end(mut self, ui: &Ui, safe: &Response, accept: Option<&Response>) -> Option<Choice> {
        let ready = accept.is_some();
        let came_up = ready && !self.standing.ready;
        if came_up {
            self.standing.since = ui.input(|input| input.time);
            self.standing.press_counts = false;
        }
        self.standing.ready = ready;
        let clicked = accept.is_some_and(Response::clicked);
        let accepted = clicked && self.open && !came_up && (self.standing.press_counts || !self.by_pointer);
        let is_lost = ui.memory(|memory| memory.focused().is_none());
        if self.appeared || came_up || is_lost || (clicked && !accepted) {
            safe.request_focus();
        }
        ui.data_mut(|data| data.insert_temp(self.id, self.standing));
        if self.escape || safe.clicked() { Some(Choice::Safe) } else { accepted.then_some(Choice::Accept) }
    }
}

/// The safe answer left, with the focus when the question appears; the other right, in the accent.
/// Escape is the safe answer. A [`QuestionGuard`] watches over them.
pub fn question_buttons(ui: &mut Ui, safe: &str, accept: &str) -> Option<Choice> {
    let guard = QuestionGuard::begin(ui);
    let (safe, accept) = button_pair(ui, safe, accept);
    guard.end(ui, &safe, Some(&accept))
}

/// A row of a plain button, words of danger, and a button in the accent; the words of danger stand
/// on a line of their own above where all three do not fit.
pub fn button_row(ui: &mut Ui, safe: &str, danger: &str, accept: &str) -> (Response, Response, Response) {
    row(ui, (button, safe), danger, (primary_button, accept))
}

/// The same where the safe answer is what most people should give: that one is in the accent.
pub fn wary_button_row(ui: &mut Ui, safe: &str, danger: &str, accept: &str) -> (Response, Response, Response) {
    row(ui, (primary_button, safe), danger, (button, accept))
}

/// The same as long as there is nothing to go on with: neither is in the accent.
pub fn plain_button_row(ui: &mut Ui, safe: &str, danger: &str, accept: &str) -> (Response, Response, Response) {
    row(ui, (button, safe), danger, (button, accept))
}

/// Draws a button with that text.
type Draw = fn(&mut Ui, &str) -> Response;

fn row(
    ui: &mut Ui,
    (draw_safe, safe): (Draw, &str),
    danger: &str,
    (draw_accept, accept): (Draw, &str),
) -> (Response, Response, Response) {
    let tokens = theme::tokens(ui);
    let all = width(ui, safe) + width(ui, danger) + width(ui, accept) + 2.0 * tokens.unit;
    if all > ui.available_width() {
        // With names of their own: in another order they must not get each other's focus.
        return ui
            .push_id("the danger above", |ui| {
                ui.spacing_mut().item_spacing.y = 12.0;
                let danger = danger_line(ui, danger);
                let (safe, accept) = pair(ui, (draw_safe, safe), (draw_accept, accept));
                (safe, danger, accept)
            })
            .inner;
    }
    let size = vec2(ui.available_width(), tokens.control_height);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        let safe = draw_safe(ui, safe);
        let danger = danger_button(ui, danger);
        let accept = ui.with_layout(Layout::right_to_left(Align::Center), |ui| draw_accept(ui, accept)).inner;
        (safe, danger, accept)
    })
    .inner
}

/// Words of danger whose first letter stands where all other lines begin.
pub fn danger_line(ui: &mut Ui, text: &str) -> Response {
    let inset = theme::tokens(ui).unit;
    let row = ui.available_rect_before_wrap();
    let mut child = ui.new_child(UiBuilder::new().max_rect(row.with_min_x(row.left() - inset)));
    let response = danger_button(&mut child, text);
    ui.advance_cursor_after_rect(child.min_rect().with_min_x(row.left()));
    response
}

/// How wide a button with this text is.
fn width(ui: &Ui, text: &str) -> f32 {
    let tokens = theme::tokens(ui);
    let font = Weight::SemiBold.at(tokens.button_size);
    ui.painter().layout_no_wrap(text.to_owned(), font, tokens.ink).size().x + 2.0 * tokens.button_padding
}

/// A plain button left and one in the accent right; one under the other where both do not fit.
pub fn button_pair(ui: &mut Ui, safe: &str, accept: &str) -> (Response, Response) {
    pair(ui, (button, safe), (primary_button, accept))
}

fn pair(ui: &mut Ui, (draw_safe, safe): (Draw, &str), (draw_accept, accept): (Draw, &str)) -> (Response, Response) {
    let tokens = theme::tokens(ui);
    if width(ui, safe) + width(ui, accept) + 12.0 > ui.available_width() {
        ui.spacing_mut().item_spacing.y = 12.0;
        // As wide as each other, so that neither looks like an afterthought.
        let wide = Layout::top_down_justified(Align::Center);
        return ui.with_layout(wide, |ui| (draw_safe(ui, safe), draw_accept(ui, accept))).inner;
    }
    ui.allocate_ui_with_layout(
        vec2(ui.available_width(), tokens.control_height),
        Layout::left_to_right(Align::Center),
        |ui| {
            let safe = draw_safe(ui, safe);
            let accept = ui.with_layout(Layout::right_to_left(Align::Center), |ui| draw_accept(ui, accept)).inner;
            (safe, accept)
        },
    )
    .inner
}
