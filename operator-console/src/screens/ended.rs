//! The page after a session: why it ended, how long it was, where its log is, what moved.

use super::parts::keyboard_hint;
use super::transfers::transfer_ui;
use super::{Scene, ScreenState, account, notes, notices, transfers::Rates, unfinished};
use crate::words;
use console_core::view::{ConsoleCommand, EndView, NoticeKind, RatingView};
use egui::{Key, Modifiers, Ui};
use std::path::Path;
use ui_kit::fonts::Weight;
use ui_kit::{TagKind, body, body_secondary, button, card, heading, notice, primary_button, theme, tiny, title};

/// The page of a session that is over.
pub fn ended_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    end: &EndView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    ui.set_max_width(ui.available_width().min(760.0));
    ui.spacing_mut().item_spacing.y = 12.0;
    let may = scene.view.operator.open_now;
    let by_key = ui.input_mut(|input| input.consume_key(Modifiers::CTRL, Key::N)) && may;
    title(ui, &scene.i18n.text("console-ended-title"));
    notices::notices_ui(ui, scene, state, commands);
    no_log_ui(ui, scene, end);
    card(ui, |ui| {
        body(ui, &scene.i18n.text(words::end_reason(end.reason)));
        let lasted = scene.i18n.duration(end.lasted);
        body_secondary(ui, &scene.i18n.text_with("console-ended-lasted", &[("duration", lasted.into())]));
        match &end.rating {
            Some(rating) => rating_ui(ui, scene, rating),
            // Before the ways on: they end it.
            None if end.is_closing => drop(body_secondary(ui, &scene.i18n.text("console-ended-closing"))),
            None => {}
        }
    });
    if let Some(record) = scene.record() {
        unfinished::unfinished_ui(ui, scene, record);
        unfinished::not_in_log_ui(ui, scene, record);
        notes::outcome_ui(ui, scene, record, state);
    }
    next_ui(ui, scene, may, by_key, commands);
    if let Some(record) = scene.record() {
        card(ui, |ui| {
            heading(ui, &scene.i18n.text("console-notes"));
            notes::notes_ui(ui, scene, record, true, state);
        });
    }
    if !end.is_closing
        && let Some(log) = &end.log
    {
        log_ui(ui, scene, log);
    }
    card(ui, |ui| {
        heading(ui, &scene.i18n.text("console-transfers"));
        if end.transfers.is_empty() {
            body_secondary(ui, &scene.i18n.text("console-ended-no-files"));
        }
        for transfer in &end.transfers {
            transfer_ui(ui, scene.i18n, transfer, &Rates::default());
            if let Some(folder) = transfer.saved_to.as_deref().and_then(Path::parent) {
                let folder = folder.display().to_string();
                tiny(ui, &scene.i18n.text_with("console-transfer-saved", &[("path", folder.into())]));
            }
        }
    });
}

/// The ways on from here, in sight whatever stands below.
fn next_ui(ui: &mut Ui, scene: &Scene<'_>, may: bool, by_key: bool, commands: &mut Vec<ConsoleCommand>) {
    ui.horizontal_wrapped(|ui| {
        let back = scene.i18n.text("console-ended-back");
        let make = scene.i18n.text("console-new-key");
        let again = ui.add_enabled_ui(may, |ui| primary_button(ui, &make)).inner;
        keyboard_hint(ui, "Ctrl N");
        let back = button(ui, &back);
        if scene.desk.front.is_some() {
            keyboard_hint(ui, "Ctrl W");
        }
        if back.clicked() {
            commands.push(ConsoleCommand::CloseEnded);
        }
        if again.clicked() || by_key {
            commands.push(ConsoleCommand::CloseEnded);
            notices::new_key(scene, commands);
        }
    });
    if !may {
        account::closed_ui(ui, scene);
    }
}

/// What the person said of the help, in the place of the words that they still may.
fn rating_ui(ui: &mut Ui, scene: &Scene<'_>, rating: &RatingView) {
    body(ui, &scene.i18n.text_with("console-ended-rated", &[("stars", u32::from(rating.stars).into())]));
    if let Some(comment) = &rating.comment {
        body_secondary(ui, &scene.i18n.text_with("console-ended-comment", &[("comment", comment.into())]));
    }
}

/// That there is no log, above everything else, unless a notice says so.
fn no_log_ui(ui: &mut Ui, scene: &Scene<'_>, end: &EndView) {
    let is_told = scene.view.notices.iter().any(|notice| notice.kind == NoticeKind::LogNotSaved);
    if end.log.is_none() && !end.is_closing && !is_told {
        notice(ui, TagKind::Warn, "", &scene.i18n.text("console-ended-no-log"));
    }
}

/// Where the signed log of the session is.
fn log_ui(ui: &mut Ui, scene: &Scene<'_>, path: &Path) {
    card(ui, |ui| {
        heading(ui, &scene.i18n.text("console-ended-log"));
        body_secondary(ui, &scene.i18n.text("console-ended-log-text"));
        let path = path.display().to_string();
        let words = egui::RichText::new(&path).font(Weight::Mono.at(13.0)).color(theme::tokens(ui).ink);
        ui.add(egui::Label::new(words).wrap().selectable(true)).accessible_name(path);
    });
}
