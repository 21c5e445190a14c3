//! A question: what is asked, what it means, a calm warning, and two answers.

use super::asking::{Answers, Picked};
use super::panel::Header;
use super::{ScreenState, asking, layout, panel};
use agent_core::view::{AgentCommand, Conflict, FilesView, PanelView, QuestionKind, QuestionView, Shared};
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
        && panel::header_ui(ui, panel, Header::Page, i18n)
    {
        commands.push(AgentCommand::End);
    }
    let (no, yes) = answers(question);
    let answers = Answers::new(no, yes, i18n, state);
    let mut chosen = None;
    match asking::question(ui, &answers, i18n, |ui| chosen = content_ui(ui, question, panel.is_some(), i18n)) {
        Some(Picked::Scam) => commands.push(AgentCommand::ReportScam),
        Some(picked) => commands.push(AgentCommand::Answer(question.id, picked == Picked::Yes)),
        None => {}
    }
    // Before the answer, if both come at once.
    if let Some(conflict) = chosen {
        commands.insert(0, AgentCommand::Choose(question.id, conflict));
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

const fn answers(question: &QuestionView) -> (&'static str, &'static str) {
    match &question.kind {
        QuestionKind::View if matches!(question.shared, Shared::Window(_)) => ("ask-view-no", "ask-view-yes-window"),
        QuestionKind::View => ("ask-view-no", "ask-view-yes"),
        QuestionKind::Control => ("ask-not-now", "ask-control-yes"),
        QuestionKind::SystemInfo => ("ask-not-now", "ask-system-yes"),
        QuestionKind::Clipboard => ("ask-not-now", "ask-clipboard-yes"),
        QuestionKind::EndProcess { force: false, .. } => ("ask-not-now", "ask-end-yes"),
        QuestionKind::EndProcess { force: true, .. } => ("ask-not-now", "ask-force-yes"),
        QuestionKind::Shell => ("ask-not-now", "ask-shell-yes"),
        QuestionKind::Browse => ("ask-not-now", "ask-browse-yes"),
        QuestionKind::ReceiveFiles(files) => {
            ("ask-not-now", if is_one(files) { "ask-receive-yes" } else { "ask-receive-files-yes" })
        }
        QuestionKind::GiveFiles(files) => {
            ("ask-not-now", if is_one(files) { "ask-give-yes" } else { "ask-give-files-yes" })
        }
    }
}

/// Whether it is just one file: then the words speak of one.
const fn is_one(files: &FilesView) -> bool {
    files.files == 1
}

/// Draws what is asked, and who asks unless that is in the bar above; gives what the person chose about files that are there already.
fn content_ui(ui: &mut Ui, question: &QuestionView, is_in_the_bar: bool, i18n: &I18n) -> Option<Conflict> {
    let mut chosen = None;
    if !is_in_the_bar {
        layout::who(ui, &question.operator, i18n);
    }
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
            let is_window = matches!(question.shared, Shared::Window(_));
            warn(ui, if is_window { "ask-view-advice-window" } else { "ask-view-advice" });
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
        QuestionKind::Shell => {
            lead(ui, "ask-shell-title", "ask-shell-lead");
            warn(ui, "ask-shell-warning");
            ui.add_space(8.0);
            ui_kit::small(ui, &i18n.text("ask-shell-only"));
        }
        QuestionKind::Browse => {
            let text = if question.whole_session { "ask-browse-lead-session" } else { "ask-browse-lead-use" };
            lead(ui, "ask-browse-title", text);
            warn(ui, "ask-browse-advice");
        }
        QuestionKind::ReceiveFiles(files) => {
            if is_one(files) {
                lead(ui, "ask-receive-title", "ask-receive-lead");
            } else {
                lead(ui, "ask-receive-files-title", "ask-receive-files-lead");
            }
            let folder = if is_one(files) { "ask-receive-folder" } else { "ask-receive-files-folder" };
            ui_kit::small(ui, &i18n.text_with(folder, &[("folder", (&files.folder).into())]));
            ui.add_space(4.0);
            files_card(ui, files, i18n);
            ui.add_space(4.0);
            if files.conflicts > 0 {
                chosen = conflict_ui(ui, files, i18n);
            }
            warn(ui, "ask-receive-advice");
        }
        QuestionKind::GiveFiles(files) => {
            if is_one(files) {
                lead(ui, "ask-give-title", "ask-give-lead");
            } else {
                lead(ui, "ask-give-files-title", "ask-give-files-lead");
            }
            files_card(ui, files, i18n);
            ui.add_space(4.0);
            warn(ui, "ask-give-advice");
        }
    }
    ui.add_space(4.0);
    ui_kit::small(ui, &i18n.text(how_long(question)));
    chosen
}

/// How many files, how large together, and their names to look at; of one alone its name and size.
fn files_card(ui: &mut Ui, files: &FilesView, i18n: &I18n) {
    if let [name] = &files.names[..]
        && is_one(files)
    {
        return file_card(ui, name, files.size_bytes, i18n);
    }
    ui_kit::card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        layout::strong(ui, &i18n.text_with("ask-files-count", &[("count", files.files.into())]), 17.0);
        ui_kit::tiny(ui, &i18n.bytes(files.size_bytes));
        ui.add_space(4.0);
        // In the page's own scrolling, which has no yes before its end was in sight.
        for name in files.names.iter() {
            layout::ink_small(ui, name);
        }
        let rest = usize::try_from(files.files).unwrap_or(usize::MAX).saturating_sub(files.names.len());
        if rest > 0 {
            ui_kit::small(ui, &i18n.text_with("ask-files-more", &[("count", rest.into())]));
        }
    });
}

/// What is to be done about files that are there already.
fn conflict_ui(ui: &mut Ui, files: &FilesView, i18n: &I18n) -> Option<Conflict> {
    let choices = [
        (Conflict::KeepBoth, "ask-conflict-keep"),
        (Conflict::Replace, "ask-conflict-replace"),
        (Conflict::Skip, "ask-conflict-skip"),
    ];
    let mut chosen = None;
    ui_kit::card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        let count = [("count", files.conflicts.into())];
        let asked = if is_one(files) { "ask-conflict-only" } else { "ask-conflict" };
        layout::strong(ui, &i18n.text_with(asked, &count), 15.0);
        for (conflict, id) in choices {
            if ui.radio(files.conflict == conflict, i18n.text_with(id, &count)).clicked() {
                chosen = Some(conflict);
            }
        }
    });
    ui.add_space(4.0);
    chosen
}

/// How long a yes holds.
const fn how_long(question: &QuestionView) -> &'static str {
    match (&question.kind, question.whole_session) {
        (QuestionKind::EndProcess { .. }, _) => "ask-holds-for-program",
        (_, true) => "ask-holds-for-session",
        (QuestionKind::Shell, false) => "ask-holds-for-terminal",
        (
            QuestionKind::View
            | QuestionKind::Control
            | QuestionKind::SystemInfo
            | QuestionKind::Browse
            | QuestionKind::Clipboard,
            false,
        ) => "ask-holds-for-use",
        (QuestionKind::ReceiveFiles(files) | QuestionKind::GiveFiles(files), false) if !is_one(files) => {
            "ask-holds-for-files"
        }
        (QuestionKind::ReceiveFiles(_) | QuestionKind::GiveFiles(_), false) => "ask-holds-for-file",
    }
}

fn file_card(ui: &mut Ui, name: &str, size_bytes: u64, i18n: &I18n) {
    ui_kit::card(ui, |ui| {
        layout::strong(ui, name, 17.0);
        ui_kit::tiny(ui, &i18n.bytes(size_bytes));
    });
}
