//! The operator was recognised; the first question is about to come.

use super::layout;
use agent_core::view::{AgentCommand, OperatorView};
use egui::{Spinner, Ui};
use i18n::I18n;

pub(super) fn page_ui(ui: &mut Ui, operator: Option<&OperatorView>, i18n: &I18n) -> Vec<AgentCommand> {
    let (scam, leave) = layout::page(
        ui,
        |ui| {
            if let Some(operator) = operator {
                layout::who(ui, operator, i18n);
            }
            ui_kit::title(ui, &i18n.text("waiting-title"));
            if let Some(operator) = operator {
                let name = [("name", (&operator.name).into())];
                ui_kit::body_secondary(ui, &i18n.text_with("waiting-lead", &name));
            }
            ui.add_space(16.0);
            let accent = ui_kit::theme::tokens(ui).accent;
            ui.add(Spinner::new().size(28.0).color(accent));
            ui.add_space(8.0);
            ui_kit::small(ui, &i18n.text("waiting-long"));
        },
        |ui| {
            ui_kit::small(ui, &i18n.text("key-nobody-sees"));
            let scam = ui_kit::danger_line(ui, &i18n.text("ask-scam"));
            (scam, ui_kit::button(ui, &i18n.text("waiting-leave")))
        },
    );
    match () {
        () if scam.clicked() => vec![AgentCommand::ReportScam],
        () if leave.clicked() => vec![AgentCommand::End],
        () => Vec::new(),
    }
}
