//! What has come of files that a lost session cut off: where it is, and until when it can be gone on with; and files
//! that came and that the log does not have.

use super::Scene;
use crate::gate_words;
use console_core::records::Record;
use egui::Ui;
use ui_kit::fonts::Weight;
use ui_kit::{TagKind, notice, theme, tiny};

/// Says it of every file, if there is any.
pub(super) fn unfinished_ui(ui: &mut Ui, scene: &Scene<'_>, record: &Record) {
    let i18n = scene.i18n;
    for left in &record.kept.unfinished {
        let day = gate_words::date(i18n, left.ends_s(), &scene.view.operator.time_zone);
        let args = [
            ("name", left.name.as_str().into()),
            ("done", i18n.bytes(left.done_bytes).into()),
            ("total", i18n.bytes(left.size_bytes).into()),
        ];
        let title = i18n.text_with("console-unfinished", &args);
        notice(ui, TagKind::Warn, &title, &i18n.text_with("console-unfinished-text", &[("day", day.into())]));
        let folder = left.folder().display().to_string();
        tiny(ui, &i18n.text("console-unfinished-folder"));
        let words = egui::RichText::new(&folder).font(Weight::Mono.at(13.0)).color(theme::tokens(ui).ink);
        ui.add(egui::Label::new(words).wrap().selectable(true)).accessible_name(folder);
    }
}

/// Names the transfers of which files came that the log does not have, if there are any.
pub(super) fn not_in_log_ui(ui: &mut Ui, scene: &Scene<'_>, record: &Record) {
    let i18n = scene.i18n;
    for missing in &record.kept.not_in_log {
        let name = [("name", missing.name.as_str().into()), ("count", missing.files.into())];
        let title = i18n.text_with("console-not-in-log-title", &name);
        notice(ui, TagKind::Warn, &title, &i18n.text("console-not-in-log-text"));
    }
}
