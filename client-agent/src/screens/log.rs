//! The log of the session: read it, and keep it in a place that the person knows.

use super::layout;
use agent_core::proto::session::Name;
use agent_core::view::{AgentCommand, LogView, Place};
use egui::{Align, Label, Layout, RichText, Ui, vec2};
use i18n::I18n;
use ui_kit::fonts::Weight;
use ui_kit::{TagKind, theme};

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
        for line in log.text.lines() {
            match entry(line) {
                Some(entry) => entry_ui(ui, entry),
                None => drop(ui_kit::tiny(ui, line)),
            }
        }
    });
}

/// The number, the time and the sentence of a line that is an entry: two blanks stand between them.
fn entry(line: &str) -> Option<[&str; 3]> {
    let (number, rest) = line.trim_start().split_once("  ")?;
    let (time, sentence) = rest.split_once("  ")?;
    let is_number = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
    (is_number && !time.contains(' ')).then_some([number, time, sentence])
}

/// An entry, its number in a column of its own and its time above what happened: whatever somebody wrote there goes on
/// below itself, never where another entry would begin.
fn entry_ui(ui: &mut Ui, [number, time, sentence]: [&str; 3]) {
    let tokens = theme::tokens(ui);
    let font = Weight::SemiBold.at(tokens.tiny_size);
    let width = ui.painter().layout_no_wrap("0000".to_owned(), font.clone(), tokens.ink).size().x;
    ui.with_layout(Layout::left_to_right(Align::Min), |ui| {
        let height = ui.painter().layout_no_wrap(number.to_owned(), font.clone(), tokens.ink).size().y;
        let number = RichText::new(number).font(font).color(tokens.ink_secondary);
        ui.allocate_ui_with_layout(vec2(width, height), Layout::right_to_left(Align::Min), |ui| {
            ui.set_min_width(width);
            ui.add(Label::new(number).extend());
        });
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui_kit::tiny(ui, time);
            let sentence = RichText::new(sentence).font(Weight::Regular.at(tokens.tiny_size)).color(tokens.ink);
            ui.add(Label::new(sentence).wrap());
        });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_entry_only_if_it_begins_as_one() {
        let time = "2026-09-21T14:13:20.001Z";
        let line = format!("   7  {time}  The person wrote: “ok  8  {time}  yes”.");
        let sentence = format!("The person wrote: “ok  8  {time}  yes”.");
        assert_eq!(entry(&line), Some(["7", time, &sentence]));
        for other in ["", "Session: 12  34  56", "What happened", "- Line 7: this entry  does not  fit."] {
            assert_eq!(entry(other), None, "{other}");
        }
    }
}
