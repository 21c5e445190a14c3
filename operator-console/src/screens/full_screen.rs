//! The remote screen on all of the operator's monitor, under a slim bar.

use super::parts::{StripButton, danger_strip_button, strip_button, strong};
use super::session::{figures_ui, hint};
use super::{Scene, ScreenState};
use console_core::view::{ConsoleCommand, SessionView};
use egui::{Align, Frame, Layout, Margin, Panel, RichText, Ui, ViewportCommand};
use ui_kit::fonts::Weight;
use ui_kit::theme;

/// Height of the bar, in points.
const BAR: f32 = 34.0;

/// Fills the monitor with the window, or makes it a window again.
pub(super) fn toggle(ui: &Ui, state: &mut ScreenState) {
    state.full_screen = !state.full_screen;
    if state.full_screen {
        state.under = None;
    }
    ui.ctx().send_viewport_cmd(ViewportCommand::Fullscreen(state.full_screen));
}

/// A window again, if it was not one.
pub(super) fn leave(ui: &Ui, state: &mut ScreenState) {
    if state.full_screen {
        toggle(ui, state);
    }
}

/// Room between the way back and the end of the session, in points.
const FROM_END: f32 = 24.0;
/// Room for what was measured, in points.
const FIGURES_WIDTH: f32 = 240.0;

/// The bar: where mouse and keyboard go, how the session is carried, and the way back.
pub(super) fn bar_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let tokens = theme::tokens(ui);
    let frame = Frame::new().fill(tokens.sunken).inner_margin(Margin::symmetric(12, 0));
    Panel::top("full screen bar").exact_size(BAR).frame(frame).show(ui, |ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let i18n = scene.i18n;
            let narrow = super::is_narrow(ui);
            let button = |ui: &mut Ui, id: &str, keys: &str, draw: fn(&mut Ui, &StripButton<'_>) -> bool| {
                let name = i18n.text(id);
                let words = if narrow { i18n.text(&format!("{id}-short")) } else { name.clone() };
                let hover = if keys.is_empty() {
                    name.clone()
                } else {
                    i18n.text_with("console-tool-hover", &[("name", (&name).into()), ("keys", keys.into())])
                };
                draw(ui, &StripButton { words: &words, name: &name, hover: &hover, on: false, enabled: true })
            };
            if button(ui, "console-tool-end", "", danger_strip_button) {
                commands.push(ConsoleCommand::End);
            }
            // It asks nothing: who looks for the way back must not press it.
            ui.add_space(FROM_END);
            if button(ui, "console-full-screen-leave", "F11", strip_button) {
                leave(ui, state);
            }
            let hint = hint(ui, scene, session, state);
            // Where the person's computer has the keyboard, how to get it back is all that matters.
            let words = hint.map(|(id, _)| i18n.text(id)).unwrap_or_default();
            let font = Weight::SemiBold.at(tokens.body_size);
            let needed = ui.painter().layout_no_wrap(words, font, tokens.ink).size().x;
            if needed + FIGURES_WIDTH < ui.available_width() {
                figures_ui(ui, scene, session);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| match hint {
                Some((id, true)) => drop(strong(ui, &i18n.text(id))),
                Some((id, false)) => {
                    let words = RichText::new(i18n.text(id)).font(Weight::Regular.at(13.0)).color(tokens.ink_secondary);
                    ui.add(egui::Label::new(words).truncate());
                }
                None => {}
            });
        });
    });
}
