//! Files that moved or move: name, progress, rate, time left, and what became of them.

use super::parts::strong;
use crate::words;
use console_core::proto::session::TransferId;
use console_core::view::{TransferState, TransferView};
use egui::{Frame, Margin, Ui};
use i18n::I18n;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use ui_kit::{progress, theme, tiny};

/// How often a rate is measured, in seconds.
const SAMPLE_SECONDS: f64 = 0.5;
/// Share of a new measurement in the rate that is shown: calm, yet right after a few seconds.
const NEW_SHARE: f64 = 0.3;

/// How fast files move.
#[derive(Debug, Default)]
pub struct Rates(BTreeMap<TransferId, Rate>);

#[derive(Debug, Clone, Copy)]
struct Rate {
    at_s: f64,
    done_bytes: u64,
    bytes_per_s: Option<f64>,
}

impl Rates {
    /// Takes note of how far the files are; `now_s` is any clock in seconds.
    pub fn observe(&mut self, now_s: f64, transfers: &[TransferView]) {
        self.0.retain(|id, _| transfers.iter().any(|transfer| transfer.id == *id));
        for transfer in transfers.iter().filter(|transfer| transfer.state == TransferState::Running) {
            let done_bytes = transfer.done_bytes;
            let rate = self.0.entry(transfer.id).or_insert(Rate { at_s: now_s, done_bytes, bytes_per_s: None });
            let passed = now_s - rate.at_s;
            if passed >= SAMPLE_SECONDS {
                let new = done_bytes.saturating_sub(rate.done_bytes) as f64 / passed;
                let shown = rate.bytes_per_s.map_or(new, |old| old + (new - old) * NEW_SHARE);
                *rate = Rate { at_s: now_s, done_bytes, bytes_per_s: Some(shown) };
            }
        }
    }

    /// The rate in bytes per second and the time left, once both are known.
    #[must_use]
    pub fn of(&self, transfer: &TransferView) -> Option<(u64, Duration)> {
        let rate = self.0.get(&transfer.id)?.bytes_per_s.filter(|rate| *rate >= 1.0)?;
        let left = transfer.size_bytes.saturating_sub(transfer.done_bytes) as f64 / rate;
        Some((rate as u64, Duration::try_from_secs_f64(left).ok()?))
    }
}

/// One file.
pub fn transfer_ui(ui: &mut Ui, i18n: &I18n, transfer: &TransferView, rates: &Rates) {
    let tokens = theme::tokens(ui);
    let frame = Frame::new().fill(tokens.surface).stroke(egui::Stroke::new(1.0, tokens.line));
    frame.corner_radius(tokens.radius).inner_margin(Margin::symmetric(12, 8)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 4.0;
        let heading = match (transfer.incoming, transfer.state) {
            (true, TransferState::Done) => "console-transfer-in",
            (true, _) => "console-transfer-coming",
            (false, TransferState::Done) => "console-transfer-out",
            (false, _) => "console-transfer-going",
        };
        strong(ui, &i18n.text_with(heading, &[("name", (&transfer.name).into())])).on_hover_text(&transfer.name);
        match transfer.state {
            TransferState::Asked => drop(tiny(ui, &i18n.text("console-transfer-asked"))),
            TransferState::Refused => drop(tiny(ui, &i18n.text("console-transfer-refused"))),
            TransferState::Running => running_ui(ui, i18n, transfer, rates),
            TransferState::Failed(failure) => {
                let why = i18n.text(words::transfer_failure(failure));
                tiny(ui, &format!("{} {why}", i18n.text("console-transfer-not-sent")));
            }
            TransferState::Done => {
                let size = i18n.bytes(transfer.size_bytes);
                tiny(ui, &i18n.text_with("console-transfer-whole", &[("size", size.into())]));
                if let Some(folder) = transfer.saved_to.as_deref().and_then(Path::parent) {
                    let folder = folder.display().to_string();
                    tiny(ui, &i18n.text_with("console-transfer-saved", &[("path", folder.into())]));
                }
            }
        }
    });
}

fn running_ui(ui: &mut Ui, i18n: &I18n, transfer: &TransferView, rates: &Rates) {
    let (done, total) = (transfer.done_bytes, transfer.size_bytes);
    let mut args = vec![("done", i18n.bytes(done).into()), ("total", i18n.bytes(total).into())];
    let text = match rates.of(transfer) {
        Some((rate, left)) => {
            args.extend([("rate", i18n.bytes(rate).into()), ("left", i18n.duration(left).into())]);
            i18n.text_with("console-transfer-rate", &args)
        }
        None => i18n.text_with("console-transfer-progress", &args),
    };
    progress(ui, if total == 0 { 0.0 } else { (done as f64 / total as f64) as f32 }, &text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_and_the_time_left_come_from_what_moved() {
        let mut transfer = TransferView {
            id: TransferId(1),
            name: "guida.pdf".to_owned(),
            incoming: false,
            size_bytes: 10_000,
            done_bytes: 0,
            state: TransferState::Running,
            saved_to: None,
        };
        let mut rates = Rates::default();
        rates.observe(0.0, std::slice::from_ref(&transfer));
        assert_eq!(rates.of(&transfer), None);
        transfer.done_bytes = 2_000;
        rates.observe(1.0, std::slice::from_ref(&transfer));
        assert_eq!(rates.of(&transfer), Some((2_000, Duration::from_secs(4))));
        rates.observe(2.0, &[]);
        assert_eq!(rates.of(&transfer), None);
    }
}
