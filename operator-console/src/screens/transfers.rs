//! Files that moved or move: name, progress, rate, time left, and what became of them.

use crate::words;
use console_core::proto::session::TransferId;
use console_core::view::{Conflict, ConsoleCommand, TransferState, TransferView};
use egui::Ui;
use i18n::I18n;
use std::path::Path;
use std::time::Duration;
use ui_kit::fonts::Weight;
use ui_kit::{button, progress, theme, tiny};

/// How often a running file is looked at even when no news of it comes.
const RATE_LOOK: Duration = Duration::from_secs(1);

/// How fast files move.
#[derive(Debug, Default)]
pub struct Rates {
    measured: ui_kit::rates::Rates<TransferId>,
    /// Whether the link is down, so that nothing moves.
    is_cut: bool,
}

impl Rates {
    /// Takes note of how far the files are, and whether the link is down; `now_s` is any clock in seconds. What stands
    /// still has no rate, and gets a new one when it goes on.
    pub fn observe(&mut self, now_s: f64, transfers: &[TransferView], is_cut: bool) {
        self.is_cut = is_cut;
        let moves = |transfer: &&TransferView| transfer.state == TransferState::Running && !transfer.is_held && !is_cut;
        let moving = transfers.iter().filter(moves);
        self.measured.observe(now_s, moving.map(|transfer| (transfer.id, transfer.done_bytes)));
    }

    /// The rate in bytes per second and the time left, once both are known.
    #[must_use]
    pub fn of(&self, transfer: &TransferView) -> Option<(u64, Duration)> {
        self.measured.of(transfer.id, transfer.size_bytes.saturating_sub(transfer.done_bytes))
    }
}

/// One file: its name on one line, and where it stands on a short one under it.
pub fn transfer_ui(ui: &mut Ui, i18n: &I18n, transfer: &TransferView, rates: &Rates) {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        name_ui(ui, &several(i18n, transfer));
        let folder = transfer.saved_to.as_deref().and_then(Path::parent).map(|folder| folder.display().to_string());
        match transfer.state {
            TransferState::Running => {
                // The rate of a file that has stopped falls although nothing new is known of it.
                ui.ctx().request_repaint_after(RATE_LOOK);
                running_ui(ui, i18n, transfer, rates);
            }
            TransferState::Done => {
                let id = if transfer.incoming { "console-transfer-in" } else { "console-transfer-out" };
                let state = tiny(ui, &i18n.text_with(id, &[("size", i18n.bytes(transfer.size_bytes).into())]));
                if transfer.failed_files > 0 {
                    tiny(ui, &i18n.text_with("transfer-left-out", &[("count", transfer.failed_files.into())]));
                }
                if let Some(folder) = folder {
                    state.on_hover_text(i18n.text_with("console-transfer-saved", &[("path", folder.into())]));
                }
            }
            TransferState::Preparing => drop(tiny(ui, &i18n.text("console-transfer-preparing"))),
            TransferState::Queued => {
                let state = held(i18n, transfer, i18n.text("console-transfer-queued"));
                tiny(ui, &moving(i18n, transfer, state));
            }
            TransferState::Conflicts(_) => drop(tiny(ui, &i18n.text("console-transfer-conflicts"))),
            TransferState::Asked => drop(tiny(ui, &moving(i18n, transfer, i18n.text("console-transfer-asked")))),
            TransferState::Refused => drop(tiny(ui, &i18n.text("console-transfer-refused"))),
            TransferState::TooSoon => drop(tiny(ui, &i18n.text("console-transfer-too-soon"))),
            TransferState::Barred => drop(tiny(ui, &i18n.text("console-transfer-barred"))),
            TransferState::Failed(failure) => {
                let why = i18n.text(words::transfer_failure(failure));
                tiny(ui, &i18n.text_with("console-transfer-not-sent", &[("why", why.into())]));
            }
        }
        if transfer.not_in_log > 0 {
            tiny(ui, &i18n.text_with("console-not-in-log", &[("count", transfer.not_in_log.into())]));
        }
    });
}

/// Whether the operator is to choose.
pub(super) fn waits(transfer: &TransferView) -> bool {
    matches!(transfer.state, TransferState::Conflicts(_))
}

/// What becomes of files that are in the operator's folder already, where that is to be chosen.
pub(super) fn choice_ui(ui: &mut Ui, i18n: &I18n, transfer: &TransferView, commands: &mut Vec<ConsoleCommand>) {
    let TransferState::Conflicts(count) = transfer.state else { return };
    let is_one = transfer.files <= 1;
    if is_one {
        tiny(ui, &i18n.text("console-files-conflict-one"));
    } else {
        tiny(ui, &i18n.text_with("console-files-conflict", &[("count", count.into())]));
        tiny(ui, &transfer.conflicts.join(", "));
    }
    ui.horizontal_wrapped(|ui| {
        for (conflict, word) in choices(transfer) {
            if button(ui, &i18n.text(word)).clicked() {
                commands.push(ConsoleCommand::Resolve(transfer.id, conflict));
            }
        }
    });
}

/// What can be chosen, and its name.
pub(super) fn choices(transfer: &TransferView) -> [(Conflict, &'static str); 3] {
    let skip = if transfer.files <= 1 { "console-files-skip-one" } else { "console-files-skip" };
    [(Conflict::KeepBoth, "console-files-keep"), (Conflict::Replace, "console-files-replace"), (Conflict::Skip, skip)]
}

/// What there is to say of all that moves, in one line: what waits for the operator, else how far it is, else what it
/// waits for. None where nothing moves.
pub(super) fn in_one_line(i18n: &I18n, transfers: &[TransferView]) -> Option<String> {
    let standing = |transfer: &&TransferView| match transfer.state {
        TransferState::Conflicts(_) => Some("console-transfers-wait"),
        // The person's answer comes also while it is paused.
        TransferState::Asked => Some("console-transfers-asked"),
        TransferState::Running | TransferState::Queued if transfer.is_held => Some("console-transfers-held"),
        TransferState::Running => Some("console-transfers-moving"),
        TransferState::Preparing => Some("console-transfers-preparing"),
        TransferState::Queued => Some("console-transfers-queued"),
        _ => None,
    };
    let at = |id: &'static str| transfers.iter().filter(move |transfer| standing(transfer) == Some(id));
    let order = [
        "console-transfers-wait",
        "console-transfers-moving",
        "console-transfers-asked",
        "console-transfers-preparing",
        "console-transfers-queued",
        "console-transfers-held",
    ];
    let id = order.into_iter().find(|id| at(id).next().is_some())?;
    let sum = |of: fn(&TransferView) -> u64| at(id).map(of).fold(0_u64, u64::saturating_add);
    let (done, all) = (sum(|transfer| transfer.done_bytes), sum(|transfer| transfer.size_bytes));
    let percent = u128::from(done) * 100 / u128::from(all.max(1));
    let args = [("count", at(id).count().into()), ("percent", percent.min(100).to_string().into())];
    Some(i18n.text_with(id, &args))
}

/// The name of a file, or of the first of several and how many there are.
fn several(i18n: &I18n, transfer: &TransferView) -> String {
    if transfer.files <= 1 {
        return transfer.name.clone();
    }
    let more = [("name", (&transfer.name).into()), ("count", transfer.files.into())];
    i18n.text_with("transfer-several", &more)
}

/// The name of a file, without its middle where it is too long; screen readers get all of it.
fn name_ui(ui: &mut Ui, name: &str) {
    let tokens = theme::tokens(ui);
    let font = Weight::SemiBold.at(tokens.small_size);
    let room = ui.available_width();
    let shown = ui.fonts_mut(|fonts| elided(name, room, |symbol| fonts.glyph_width(&font, symbol)));
    let words = egui::RichText::new(&shown).font(font).color(tokens.ink);
    let label = ui.add(egui::Label::new(words).truncate());
    if shown != name {
        ui.ctx().accesskit_node_builder(label.id, |node| node.set_value(name));
        label.on_hover_text(name);
    }
}

/// The text with as much taken from its middle as does not fit: the end of a name tells its kind.
fn elided(text: &str, room: f32, mut width: impl FnMut(char) -> f32) -> String {
    const GAP: char = '\u{2026}';
    let symbols: Vec<(char, f32)> = text.chars().map(|symbol| (symbol, width(symbol))).collect();
    if symbols.iter().map(|(_, width)| width).sum::<f32>() <= room {
        return text.to_owned();
    }
    let (mut head, mut tail) = (String::new(), Vec::new());
    let mut left = room - width(GAP);
    let (mut forward, mut backward) = (symbols.iter(), symbols.iter().rev());
    // Something was left out, so both ends never meet.
    for turn in 0..symbols.len() {
        let from_head = turn % 3 != 2;
        let Some((symbol, width)) = (if from_head { forward.next() } else { backward.next() }) else { break };
        left -= width;
        if left < 0.0 {
            break;
        }
        if from_head { head.push(*symbol) } else { tail.push(*symbol) }
    }
    head.push(GAP);
    head.extend(tail.into_iter().rev());
    head
}

/// Which way it goes, before how far it is.
fn moving(i18n: &I18n, transfer: &TransferView, state: String) -> String {
    let id = if transfer.incoming { "console-transfer-coming" } else { "console-transfer-going" };
    i18n.text_with(id, &[("state", state.into())])
}

/// That it is paused, after where it stands.
fn held(i18n: &I18n, transfer: &TransferView, state: String) -> String {
    if transfer.is_held { i18n.text_with("transfer-held", &[("state", state.into())]) } else { state }
}

fn running_ui(ui: &mut Ui, i18n: &I18n, transfer: &TransferView, rates: &Rates) {
    let (done, total) = (transfer.done_bytes, transfer.size_bytes);
    let mut args = vec![("done", i18n.bytes(done).into()), ("total", i18n.bytes(total).into())];
    // What stands still has no rate, and nobody knows how long.
    let text = match rates.of(transfer).filter(|_| !transfer.is_held) {
        Some((rate, left)) => {
            args.extend([("rate", i18n.bytes(rate).into()), ("left", i18n.duration(left).into())]);
            i18n.text_with("console-transfer-rate", &args)
        }
        None => i18n.text_with("console-transfer-progress", &args),
    };
    let stands = match (transfer.is_held, rates.is_cut) {
        (true, _) => Some("transfer-held"),
        (false, true) => Some("transfer-waits"),
        (false, false) => None,
    };
    let text = stands.map_or_else(|| text.clone(), |id| i18n.text_with(id, &[("state", (&text).into())]));
    let text = if transfer.files > 1 {
        let whole = [("done", transfer.done_files.into()), ("total", transfer.files.into())];
        format!("{} · {text}", i18n.text_with("console-transfer-files", &whole))
    } else {
        text
    };
    let fraction = if total == 0 { 0.0 } else { (done as f64 / total as f64) as f32 };
    progress(ui, fraction, &moving(i18n, transfer, text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_its_beginning_and_its_end() {
        for (name, room, expected) in [
            ("guida.pdf", 9.0, "guida.pdf"),
            ("relazione finale.odt", 10.0, "relazi\u{2026}odt"),
            ("a.odt", 0.5, "\u{2026}"),
        ] {
            assert_eq!(elided(name, room, |_| 1.0), expected);
        }
    }

    #[test]
    fn the_rate_and_the_time_left_come_from_what_moved() {
        let mut transfer = TransferView {
            id: TransferId(1),
            name: "guida.pdf".to_owned(),
            incoming: false,
            size_bytes: 10_000,
            done_bytes: 0,
            files: 1,
            done_files: 0,
            failed_files: 0,
            failures: [].into(),
            now: None,
            conflicts: [].into(),
            is_held: false,
            state: TransferState::Running,
            saved_to: None,
            items: [].into(),
            at: None,
            failed_items: [].into(),
            not_in_log: 0,
        };
        let mut rates = Rates::default();
        rates.observe(0.0, std::slice::from_ref(&transfer), false);
        assert_eq!(rates.of(&transfer), None);
        transfer.done_bytes = 2_000;
        rates.observe(1.0, std::slice::from_ref(&transfer), false);
        assert_eq!(rates.of(&transfer), Some((2_000, Duration::from_secs(4))));
        rates.observe(2.0, &[], false);
        assert_eq!(rates.of(&transfer), None);

        let at = |rates: &mut Rates, now_s, done_bytes, is_held, is_cut| {
            let transfer = TransferView { done_bytes, is_held, ..transfer.clone() };
            rates.observe(now_s, std::slice::from_ref(&transfer), is_cut);
            rates.of(&transfer).map(|(rate, _)| rate)
        };
        for (held, cut) in [(true, false), (false, true)] {
            let mut rates = Rates::default();
            assert_eq!(at(&mut rates, 0.0, 0, false, false), None);
            assert_eq!(at(&mut rates, 1.0, 3_000, false, false), Some(3_000));
            assert_eq!(at(&mut rates, 1.1, 3_000, held, cut), None, "what stands still has no rate");
            assert_eq!(at(&mut rates, 60.0, 3_000, false, false), None, "nor has it one before it was measured anew");
            assert_eq!(at(&mut rates, 61.0, 4_000, false, false), Some(1_000), "and the pause is not in it");
        }
    }
}
