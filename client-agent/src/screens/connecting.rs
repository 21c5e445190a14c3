//! The key is being tried.

use super::layout;
use agent_core::view::AgentCommand;
use egui::{Spinner, Ui};
use i18n::I18n;

pub(super) fn page_ui(ui: &mut Ui, i18n: &I18n) -> Vec<AgentCommand> {
    let exit = layout::page(
        ui,
        |ui| {
            ui_kit::mark(ui, 44.0);
            ui.add_space(16.0);
            ui_kit::title(ui, &i18n.text("connecting-title"));
            ui_kit::body_secondary(ui, &i18n.text("connecting-lead"));
            ui.add_space(16.0);
            let accent = ui_kit::theme::tokens(ui).accent;
            ui.add(Spinner::new().size(28.0).color(accent));
        },
        |ui| {
            ui_kit::small(ui, &i18n.text("key-nobody-sees"));
            ui_kit::button(ui, &i18n.text("agent-exit"))
        },
    );
    if exit.clicked() { vec![AgentCommand::Quit] } else { Vec::new() }
}
