//! The last page: what happened, and what is gone from this computer.

use super::{ScreenState, layout, log};
use agent_core::proto::session::{Capability, EndReason};
use agent_core::view::{AgainView, AgentCommand, EndView, RatingView, RemovalView, TransferState, TransferView};
use egui::{CollapsingHeader, RichText, Ui};
use i18n::I18n;
use std::path::Path;
use ui_kit::TagKind;

pub(super) fn page_ui(ui: &mut Ui, end: &EndView, i18n: &I18n, state: &mut ScreenState) -> Vec<AgentCommand> {
    if let Some(again) = end.again {
        return ui.push_id("again", |ui| again_ui(ui, end, again, i18n)).inner;
    }
    if end.rating == RatingView::ScamOnly {
        return ui.push_id("scam", |ui| scam_ui(ui, end, i18n)).inner;
    }
    if let Some(log) = end.log.as_ref().filter(|_| state.log_open) {
        return ui.push_id("log", |ui| log::page_ui(ui, log, i18n, &mut state.log_open)).inner;
    }
    // Once there is a log to keep the buttons are others, and OK has the focus again.
    ui.push_id(end.log.is_some(), |ui| whole_ui(ui, end, i18n, state)).inner
}

fn whole_ui(ui: &mut Ui, end: &EndView, i18n: &I18n, state: &mut ScreenState) -> Vec<AgentCommand> {
    let (keep, ok) = layout::page(
        ui,
        |ui| content_ui(ui, end, i18n),
        |ui| match &end.log {
            Some(_) => {
                ui_kit::small(ui, &i18n.text("ended-log-keep"));
                ui.add_space(4.0);
                let (keep, ok) = ui_kit::button_pair(ui, &i18n.text("ended-log-save"), &i18n.text("ended-close"));
                (Some(keep), ok)
            }
            None => (None, layout::single(ui, |ui| ui_kit::primary_button(ui, &i18n.text("ended-close")))),
        },
    );
    let has_log = end.log.is_some();
    if std::mem::replace(&mut state.log_known, has_log) != has_log || ui.memory(|memory| memory.focused().is_none()) {
        ok.request_focus();
    }
    state.log_open = keep.is_some_and(|keep| keep.clicked());
    if ok.clicked() { vec![AgentCommand::Quit] } else { Vec::new() }
}

/// The line was lost: a new key, or the end.
fn again_ui(ui: &mut Ui, end: &EndView, again: AgainView, i18n: &I18n) -> Vec<AgentCommand> {
    let (scam, close, key) = layout::page(
        ui,
        |ui| {
            how_it_ended_ui(ui, end, i18n);
            ui_kit::body_secondary(ui, &i18n.text("ended-again"));
            if again.keeps_files {
                ui.add_space(8.0);
                ui_kit::notice(ui, TagKind::Ok, &kept_words(end, i18n), &i18n.text("ended-again-files-do"));
            }
        },
        |ui| {
            let scam = ui_kit::danger_line(ui, &i18n.text("rating-scam"));
            let (close, key) = ui_kit::button_pair(ui, &i18n.text("ended-again-close"), &i18n.text("ended-again-key"));
            (scam, close, key)
        },
    );
    // It grants nothing and removes nothing.
    if ui.memory(|memory| memory.focused().is_none()) {
        key.request_focus();
    }
    match () {
        () if key.clicked() => vec![AgentCommand::NewKey],
        () if scam.clicked() => vec![AgentCommand::ReportScam],
        // What was removed, and the log, are still to be seen.
        () if close.clicked() => vec![AgentCommand::End],
        () => Vec::new(),
    }
}

/// It was closed because of the operator's program: the person may say that it was a scam.
fn scam_ui(ui: &mut Ui, end: &EndView, i18n: &I18n) -> Vec<AgentCommand> {
    let (scam, go_on) = layout::page(
        ui,
        |ui| {
            how_it_ended_ui(ui, end, i18n);
            ui_kit::notice(ui, TagKind::Warn, &i18n.text("ask-control-warning"), &i18n.text("ended-scam-ask"));
        },
        |ui| {
            ui_kit::small(ui, &i18n.text("rating-then"));
            let scam = ui_kit::danger_line(ui, &i18n.text("rating-scam"));
            (scam, layout::single(ui, |ui| ui_kit::primary_button(ui, &i18n.text("ended-scam-go-on"))))
        },
    );
    // It says nothing against anybody.
    if ui.memory(|memory| memory.focused().is_none()) {
        go_on.request_focus();
    }
    match () {
        () if scam.clicked() => vec![AgentCommand::ReportScam],
        // What was removed, and the log, are still to be seen.
        () if go_on.clicked() => vec![AgentCommand::SkipRating],
        () => Vec::new(),
    }
}

/// What is kept, by its name where it is one file.
fn kept_words(end: &EndView, i18n: &I18n) -> String {
    let mut cut = end.files.iter().filter(|file| file.incoming).filter_map(|file| file.cut_off.as_ref());
    match (cut.next(), cut.next()) {
        (Some(name), None) => i18n.text_with("ended-again-file", &[("name", name.into())]),
        _ => i18n.text("ended-again-files"),
    }
}

fn content_ui(ui: &mut Ui, end: &EndView, i18n: &I18n) {
    how_it_ended_ui(ui, end, i18n);
    if !end.used.is_empty() || !end.files.is_empty() || !end.ended.is_empty() || end.still_running > 0 {
        facts_ui(ui, end, i18n);
    }
    if let RatingView::Given { stars, delivered } = end.rating {
        let id = if delivered { "rating-given" } else { "rating-not-delivered" };
        ui_kit::small(ui, &i18n.text_with(id, &[("stars", u32::from(stars).into())]));
    }
    ui.add_space(8.0);
    removal_ui(ui, end.removed.as_ref(), i18n);
}

/// How it ended and how long it was.
pub(super) fn how_it_ended_ui(ui: &mut Ui, end: &EndView, i18n: &I18n) {
    let (title, text) = match (end.reason, end.used.is_empty()) {
        (EndReason::ReportedAsScam, true) => ("ended-scam-title", "ended-scam-unseen"),
        (reason, _) => words(reason),
    };
    ui_kit::title(ui, &i18n.text(title));
    ui_kit::body_secondary(ui, &i18n.text(text));
    if let Some(operator) = &end.operator
        && !end.lasted.is_zero()
    {
        let time = sentence(&i18n.duration_in_words(end.lasted));
        let values = [("time", time.into()), ("name", (&operator.name).into())];
        ui_kit::body_secondary(ui, &i18n.text_with("ended-lasted", &values));
    }
    ui.add_space(8.0);
}

const fn words(reason: EndReason) -> (&'static str, &'static str) {
    match reason {
        EndReason::ClientEnded => ("ended-title", "ended-by-client"),
        EndReason::OperatorEnded => ("ended-title", "ended-by-operator"),
        EndReason::ConsentDenied | EndReason::TermsDeclined => ("ended-denied-title", "ended-denied"),
        EndReason::OperatorNotRecognised => ("ended-not-recognised-title", "ended-not-recognised"),
        EndReason::ConnectionLost => ("ended-lost-title", "ended-lost"),
        EndReason::ProtocolViolation => ("ended-violation-title", "ended-violation"),
        EndReason::ScreenUnavailable => ("ended-screen-title", "ended-screen"),
        EndReason::TimeUp => ("ended-title", "ended-time-up"),
        EndReason::ReportedAsScam => ("ended-scam-title", "ended-scam"),
    }
}

fn facts_ui(ui: &mut Ui, end: &EndView, i18n: &I18n) {
    ui_kit::card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 10.0;
        if let Some(operator) = &end.operator {
            ui_kit::heading(ui, &i18n.text_with("ended-did", &[("name", (&operator.name).into())]));
        }
        let used = end.used.iter().filter_map(|(capability, time)| {
            let id = match capability {
                Capability::View => "ended-used-view",
                Capability::Control => "ended-used-control",
                Capability::SystemInfo => "ended-used-system-info",
                Capability::Shell => "ended-used-shell",
                Capability::Clipboard => "ended-used-clipboard",
                // The list of files says more.
                _ => return None,
            };
            Some((i18n.text(id), i18n.duration(*time)))
        });
        let files = end.files.iter().map(|file| file_fact(file, i18n));
        let ended =
            end.ended.iter().map(|name| (i18n.text_with("ended-program", &[("name", name.into())]), String::new()));
        let running = (end.still_running > 0)
            .then(|| (i18n.text_with("ended-still-running", &[("count", end.still_running.into())]), String::new()));
        for (at, (left, right)) in used.chain(files).chain(ended).chain(running).enumerate() {
            if at > 0 {
                layout::line(ui);
            }
            layout::fact(ui, &left, &right);
        }
    });
}

fn file_fact(file: &TransferView, i18n: &I18n) -> (String, String) {
    let right = match file.state {
        TransferState::Done if file.failed_files > 0 => {
            let left = i18n.text_with("transfer-left-out", &[("count", file.failed_files.into())]);
            format!("{} \u{b7} {left}", i18n.bytes(file.size_bytes))
        }
        TransferState::Done => i18n.bytes(file.size_bytes),
        TransferState::Running | TransferState::Failed(_) if file.done_files > 0 => {
            let counts = [("done", file.done_files.into()), ("files", file.files.into())];
            i18n.text_with("ended-file-some", &counts)
        }
        TransferState::Running | TransferState::Failed(_) => i18n.text("ended-file-failed"),
    };
    let name = ("name", (&file.name).into());
    let left = match &file.cut_off {
        Some(cut) if file.files > 1 => {
            let id = if file.incoming { "ended-file-received-cut" } else { "ended-file-given-cut" };
            i18n.text_with(id, &[name, ("file", cut.into())])
        }
        _ => i18n.text_with(if file.incoming { "ended-file-received" } else { "ended-file-given" }, &[name]),
    };
    (left, right)
}

fn removal_ui(ui: &mut Ui, removal: Option<&RemovalView>, i18n: &I18n) {
    let Some(removal) = removal else {
        ui.horizontal(|ui| {
            let accent = ui_kit::theme::tokens(ui).accent;
            ui.add(egui::Spinner::new().size(18.0).color(accent));
            ui_kit::small(ui, &i18n.text("ended-removing"));
        });
        return;
    };
    if removal.failed.is_empty() {
        let text = i18n.text_with("ended-removed-do", &[("count", removal.removed.len().into())]);
        ui_kit::notice(ui, TagKind::Ok, &i18n.text("ended-removed"), &text);
    } else {
        ui_kit::notice(ui, TagKind::Warn, &i18n.text("ended-not-removed"), &i18n.text("ended-not-removed-do"));
        for (path, _) in &removal.failed {
            layout::ink_small(ui, path);
        }
    }
    kept_ui(ui, &removal.kept, i18n);
    if !removal.removed.is_empty() || !removal.failed.is_empty() {
        details_ui(ui, removal, i18n);
    }
}

fn kept_ui(ui: &mut Ui, kept: &[String], i18n: &I18n) {
    if kept.is_empty() {
        return;
    }
    ui.add_space(4.0);
    ui_kit::small(ui, &i18n.text("ended-kept"));
    for path in kept {
        let text = match (Path::new(path).file_name(), Path::new(path).parent()) {
            (Some(name), Some(folder)) => {
                let (name, folder) = (name.to_string_lossy().into_owned(), folder.to_string_lossy().into_owned());
                i18n.text_with("ended-kept-file", &[("name", name.into()), ("folder", folder.into())])
            }
            _ => path.clone(),
        };
        layout::ink_small(ui, &text);
    }
}

/// Paths, and what the system said, for those who want to know.
fn details_ui(ui: &mut Ui, removal: &RemovalView, i18n: &I18n) {
    let tokens = ui_kit::theme::tokens(ui);
    let font = ui_kit::fonts::Weight::Regular.at(tokens.small_size);
    let title = RichText::new(i18n.text("ended-details")).font(font).color(tokens.ink_secondary);
    CollapsingHeader::new(title).id_salt("details").show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for (path, reason) in &removal.failed {
            let values = [("path", path.into()), ("reason", reason.into())];
            ui_kit::tiny(ui, &i18n.text_with("ended-path-reason", &values));
        }
        for path in &removal.removed {
            ui_kit::tiny(ui, path);
        }
    });
}

/// With a capital at the start.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
