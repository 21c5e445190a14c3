//! A question: what is asked, what it means, a calm warning, and two answers.

use super::layout::{Answers, Picked};
use super::{ScreenState, layout, panel};
use agent_core::view::{AgentCommand, PanelView, QuestionKind, QuestionView, Shared};
use egui::Ui;
use i18n::I18n;
use ui_kit::TagKind;

pub(super) fn page_ui(
    ui: &mut Ui,
    question: &QuestionView,
    panel: Option<&PanelView>,
    i18n: &I18n,
    state: &mut ScreenState,
) -> Vec<AgentCommand> {
    let mut commands = told(ui, question, state);
    if let Some(panel) = panel
        && panel::header_ui(ui, panel, i18n)
    {
        commands.push(AgentCommand::End);
    }
    let (no, yes) = answers(&question.kind);
    let answers = Answers::new(no, yes, i18n, state);
    match layout::question(ui, &answers, i18n, |ui| content_ui(ui, question, i18n)) {
        Some(Picked::Scam) => commands.push(AgentCommand::ReportScam),
        Some(picked) => commands.push(AgentCommand::Answer(question.id, picked == Picked::Yes)),
        None => {}
    }
    commands
}

/// The word to the engine that the question stands on the screen, one frame after it was drawn.
fn told(ui: &Ui, question: &QuestionView, state: &mut ScreenState) -> Vec<AgentCommand> {
    let frame = ui.ctx().cumulative_frame_nr();
    match state.drawn {
        Some((id, since)) if id == question.id => {
            if frame > since && state.told != Some(id) {
                state.told = Some(id);
                return vec![AgentCommand::QuestionShown(id)];
            }
        }
        _ => {
            state.drawn = Some((question.id, frame));
            state.told = None;
        }
    }
    if state.told.is_none() {
        ui.ctx().request_repaint();
    }
    Vec::new()
}

const fn answers(kind: &QuestionKind) -> (&'static str, &'static str) {
    match kind {
        QuestionKind::View => ("ask-view-no", "ask-view-yes"),
        QuestionKind::Control => ("ask-not-now", "ask-control-yes"),
        QuestionKind::ReceiveFile { .. } => ("ask-not-now", "ask-receive-yes"),
        QuestionKind::GiveFile { .. } => ("ask-not-now", "ask-give-yes"),
        QuestionKind::SystemInfo => ("ask-not-now", "ask-system-yes"),
        QuestionKind::Clipboard => ("ask-not-now", "ask-clipboard-yes"),
        QuestionKind::EndProcess { force: false, .. } => ("ask-not-now", "ask-end-yes"),
        QuestionKind::EndProcess { force: true, .. } => ("ask-not-now", "ask-force-yes"),
    }
}

fn content_ui(ui: &mut Ui, question: &QuestionView, i18n: &I18n) {
    layout::who(ui, &question.operator, i18n);
    let name = [("name", (&question.operator.name).into())];
    let lead = |ui: &mut Ui, title: &str, lead: &str| {
        ui_kit::title(ui, &i18n.text_with(title, &name));
        ui_kit::body_secondary(ui, &i18n.text_with(lead, &name));
        ui.add_space(8.0);
    };
    let warn = |ui: &mut Ui, what: &str| {
        ui_kit::notice(ui, TagKind::Warn, &i18n.text(what), &i18n.text(&format!("{what}-do")));
    };
    match &question.kind {
        QuestionKind::View => {
            match &question.shared {
                Shared::Everything => lead(ui, "ask-view-title", "ask-view-lead"),
                Shared::Monitor => lead(ui, "ask-view-title", "ask-view-lead-monitor"),
                Shared::Window(title) => {
                    ui_kit::title(ui, &i18n.text_with("ask-view-title-window", &name));
                    let values = [name[0].clone(), ("title", title.into())];
                    ui_kit::body_secondary(ui, &i18n.text_with("ask-view-lead-window", &values));
                    ui.add_space(8.0);
                }
            }
            warn(ui, "ask-view-advice");
            ui.add_space(8.0);
            if question.may_point {
                ui_kit::small(ui, &i18n.text_with("ask-view-points", &name));
                ui.add_space(4.0);
            }
            ui_kit::small(ui, &i18n.text("ask-view-only"));
        }
        QuestionKind::Control => {
            lead(ui, "ask-control-title", "ask-control-lead");
            warn(ui, "ask-control-warning");
        }
        QuestionKind::ReceiveFile { name, size_bytes, folder } => {
            lead(ui, "ask-receive-title", "ask-receive-lead");
            file_card(ui, name, *size_bytes, i18n);
            ui_kit::small(ui, &i18n.text_with("ask-receive-folder", &[("folder", folder.into())]));
            ui.add_space(4.0);
            warn(ui, "ask-receive-advice");
        }
        QuestionKind::GiveFile { path, size_bytes } => {
            lead(ui, "ask-give-title", "ask-give-lead");
            file_card(ui, path, *size_bytes, i18n);
            ui.add_space(4.0);
            warn(ui, "ask-give-advice");
        }
        QuestionKind::SystemInfo => {
            lead(ui, "ask-system-title", "ask-system-lead");
            warn(ui, "ask-system-advice");
            ui.add_space(8.0);
            ui_kit::small(ui, &i18n.text("ask-system-only"));
        }
        QuestionKind::Clipboard => {
            lead(ui, "ask-clipboard-title", "ask-clipboard-lead");
            warn(ui, "ask-clipboard-advice");
            ui.add_space(8.0);
            ui_kit::small(ui, &i18n.text("ask-clipboard-only"));
        }
        QuestionKind::EndProcess { name: program, pid, force } => {
            let (title, text) =
                if *force { ("ask-force-title", "ask-force-lead") } else { ("ask-end-title", "ask-end-lead") };
            lead(ui, title, text);
            ui_kit::card(ui, |ui| {
                layout::strong(ui, program, 17.0);
                ui_kit::tiny(ui, &i18n.text_with("ask-end-number", &[("pid", pid.to_string().into())]));
            });
            ui.add_space(4.0);
            warn(ui, "ask-end-advice");
        }
    }
    ui.add_space(4.0);
    ui_kit::small(ui, &i18n.text(how_long(question)));
}

/// How long a yes holds.
const fn how_long(question: &QuestionView) -> &'static str {
    match (&question.kind, question.whole_session) {
        (QuestionKind::EndProcess { .. }, _) => "ask-holds-for-program",
        (_, true) => "ask-holds-for-session",
        (QuestionKind::View | QuestionKind::Control | QuestionKind::SystemInfo | QuestionKind::Clipboard, false) => {
            "ask-holds-for-use"
        }
        (QuestionKind::ReceiveFile { .. } | QuestionKind::GiveFile { .. }, false) => "ask-holds-for-file",
    }
}

fn file_card(ui: &mut Ui, name: &str, size_bytes: u64, i18n: &I18n) {
    ui_kit::card(ui, |ui| {
        layout::strong(ui, name, 17.0);
        ui_kit::tiny(ui, &i18n.bytes(size_bytes));
    });
}
