//! The two answers to a question, built so that nobody says yes by accident.

use super::{button, primary_button};
use crate::fonts::Weight;
use crate::theme;
use egui::{Align, Key, Layout, Modifiers, PointerButton, Response, Ui, vec2};
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
}

/// The safe answer left, with the focus when the question appears; the other right, in the accent.
/// Escape is the safe answer. A yes is ignored while [`QUESTION_GUARD`] runs, and so is one by a
/// press that began before its end; neither Enter nor the space bar counts before it either.
/// Questions that follow each other must stand in different `Ui::push_id` scopes.
pub fn question_buttons(ui: &mut Ui, safe: &str, accept: &str) -> Option<Choice> {
    let id = ui.make_persistent_id("question");
    let pass = ui.ctx().cumulative_pass_nr();
    let now = ui.input(|input| input.time);
    let before: Option<Standing> = ui.data(|data| data.get_temp(id));
    let appeared = before.is_none_or(|standing| standing.last_pass + 1 < pass);
    let mut standing = match before {
        Some(standing) if !appeared => Standing { last_pass: pass, ..standing },
        _ => Standing { since: now, last_pass: pass, press_counts: false },
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
    ui.data_mut(|data| data.insert_temp(id, standing));

    let escape = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
    let (safe, accept) = button_pair(ui, safe, accept);
    let accepted = accept.clicked() && open && (standing.press_counts || !by_pointer);
    if appeared || (accept.clicked() && !accepted) {
        safe.request_focus();
    }
    if escape || safe.clicked() { Some(Choice::Safe) } else { accepted.then_some(Choice::Accept) }
}

/// A plain button left and one in the accent right; one under the other where both do not fit.
pub fn button_pair(ui: &mut Ui, safe: &str, accept: &str) -> (Response, Response) {
    let tokens = theme::tokens(ui);
    let font = Weight::SemiBold.at(tokens.button_size);
    let width = |text: &str| {
        ui.painter().layout_no_wrap(text.to_owned(), font.clone(), tokens.ink).size().x + 2.0 * tokens.button_padding
    };
    if width(safe) + width(accept) + 12.0 > ui.available_width() {
        ui.spacing_mut().item_spacing.y = 12.0;
        return (button(ui, safe), primary_button(ui, accept));
    }
    ui.allocate_ui_with_layout(
        vec2(ui.available_width(), tokens.control_height),
        Layout::left_to_right(Align::Center),
        |ui| {
            let safe = button(ui, safe);
            let accept = ui.with_layout(Layout::right_to_left(Align::Center), |ui| primary_button(ui, accept)).inner;
            (safe, accept)
        },
    )
    .inner
}
