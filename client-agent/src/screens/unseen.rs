//! The panel could not be seen: sharing is paused until the person goes on.

use super::asking::{Answers, Picked};
use super::{ScreenState, asking};
use agent_core::view::{AgentCommand, OperatorView};
use egui::Ui;
use i18n::I18n;
use ui_kit::TagKind;

pub(super) fn page_ui(ui: &mut Ui, operator: &OperatorView, i18n: &I18n, state: &mut ScreenState) -> Vec<AgentCommand> {
    let answers = Answers::new("unseen-no", "unseen-yes", i18n, state);
    let picked = asking::question(ui, &answers, i18n, |ui| {
        ui_kit::title(ui, &i18n.text("unseen-title"));
        ui_kit::body_secondary(ui, &i18n.text("unseen-lead"));
        ui.add_space(8.0);
        let name = [("name", (&operator.name).into())];
        ui_kit::notice(ui, TagKind::Accent, "", &i18n.text_with("unseen-do", &name));
    });
    match picked {
        Some(Picked::Scam) => vec![AgentCommand::ReportScam],
        Some(Picked::No) => vec![AgentCommand::Pause],
        Some(Picked::Yes) => vec![AgentCommand::Resume],
        None => Vec::new(),
    }
}
