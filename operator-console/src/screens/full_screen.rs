//! The remote screen on all of the operator's monitor, under a slim bar.

use super::parts::{StripButton, strip_button, strong};
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
            let button = |ui: &mut Ui, id: &str, keys: &str| {
                let name = i18n.text(id);
                let hover = if keys.is_empty() {
                    name.clone()
                } else {
                    i18n.text_with("console-tool-hover", &[("name", (&name).into()), ("keys", keys.into())])
                };
                strip_button(ui, &StripButton { words: &name, name: &name, hover: &hover, on: false, enabled: true })
            };
            if button(ui, "console-tool-end", "") {
                commands.push(ConsoleCommand::End);
            }
            if button(ui, "console-full-screen-leave", "F11") {
                leave(ui, state);
            }
            figures_ui(ui, scene, session);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| match hint(ui, scene, session, state) {
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
