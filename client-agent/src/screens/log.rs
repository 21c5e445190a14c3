//! The log of the session: read it, and keep it in a place that the person knows.

use super::layout;
use agent_core::proto::session::Name;
use agent_core::view::{AgentCommand, LogView, Place};
use egui::{Ui, vec2};
use i18n::I18n;
use ui_kit::TagKind;

/// The page; sets `is_open` to false when the person goes back.
pub(super) fn page_ui(ui: &mut Ui, log: &LogView, i18n: &I18n, is_open: &mut bool) -> Vec<AgentCommand> {
    let mut commands = Vec::new();
    let back = layout::page(
        ui,
        |ui| content_ui(ui, log, i18n, &mut commands),
        |ui| layout::single(ui, |ui| ui_kit::primary_button(ui, &i18n.text("ended-log-back"))),
    );
    if ui.memory(|memory| memory.focused().is_none()) {
        back.request_focus();
    }
    if back.clicked() {
        *is_open = false;
    }
    commands
}

fn content_ui(ui: &mut Ui, log: &LogView, i18n: &I18n, commands: &mut Vec<AgentCommand>) {
    ui_kit::title(ui, &i18n.text("ended-log"));
    let what = if log.countersigned { "ended-log-both" } else { "ended-log-alone" };
    ui_kit::body_secondary(ui, &i18n.text(what));
    ui.add_space(8.0);
    match &log.saved {
        Some(Ok(paths)) => {
            ui_kit::notice(ui, TagKind::Ok, "", &i18n.text("ended-log-saved"));
            for path in paths {
                layout::ink_small(ui, path);
            }
        }
        Some(Err(reason)) => {
            let why = i18n.text_with("ended-log-failed-do", &[("reason", reason.into())]);
            ui_kit::notice(ui, TagKind::Warn, &i18n.text("ended-log-failed"), &why);
            places_ui(ui, log, i18n, commands);
        }
        None => places_ui(ui, log, i18n, commands),
    }
    ui.add_space(12.0);
    ui_kit::heading(ui, &i18n.text("ended-log-read"));
    ui_kit::card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 6.0;
        log.text.lines().for_each(|line| drop(ui_kit::tiny(ui, line)));
    });
}

/// A button for each place where the log can be kept.
fn places_ui(ui: &mut Ui, log: &LogView, i18n: &I18n, commands: &mut Vec<AgentCommand>) {
    ui_kit::body(ui, &i18n.text("ended-log-where"));
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 8.0);
        for (place, folder) in &log.places {
            let folder_name = folder.file_name().map(|name| shown(&name.to_string_lossy())).unwrap_or_default();
            let name = match place {
                Place::Documents => i18n.text("place-documents"),
                Place::Desktop => i18n.text("place-desktop"),
                Place::Downloads => i18n.text("place-downloads"),
                Place::Removable => i18n.text_with("place-removable", &[("name", folder_name.into())]),
            };
            let whole = i18n.text_with("ended-log-save-in", &[("place", (&name).into())]);
            if ui_kit::button(ui, &name).accessible_name(whole).clicked() {
                commands.push(AgentCommand::SaveLog(folder.clone()));
            }
        }
    });
}

/// The label of a stick is whatever somebody called it.
fn shown(name: &str) -> String {
    Name::truncated(name).shown()
}
