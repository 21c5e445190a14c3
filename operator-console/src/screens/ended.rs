//! The page after a session: why it ended, how long it was, what moved.

use super::transfers::transfer_ui;
use super::{Scene, transfers::Rates};
use crate::words;
use console_core::proto::session::EndReason;
use console_core::view::{ConsoleCommand, EndView};
use egui::{Key, Modifiers, Ui};
use ui_kit::{body, body_secondary, button, card, heading, primary_button, title};

/// The page of a session that is over.
pub fn ended_ui(ui: &mut Ui, scene: &Scene<'_>, end: &EndView, commands: &mut Vec<ConsoleCommand>) {
    ui.set_max_width(ui.available_width().min(760.0));
    ui.spacing_mut().item_spacing.y = 12.0;
    let by_key = ui.input_mut(|input| input.consume_key(Modifiers::CTRL, Key::N));
    title(ui, &scene.i18n.text("console-ended-title"));
    super::notices::notices_ui(ui, scene, false, commands);
    card(ui, |ui| {
        body(ui, &scene.i18n.text(words::end_reason(end.reason)));
        let lasted = scene.i18n.duration(end.lasted);
        body_secondary(ui, &scene.i18n.text_with("console-ended-lasted", &[("duration", lasted.into())]));
    });
    card(ui, |ui| {
        heading(ui, &scene.i18n.text("console-transfers"));
        if end.transfers.is_empty() {
            body_secondary(ui, &scene.i18n.text("console-ended-no-files"));
        }
        for transfer in &end.transfers {
            transfer_ui(ui, scene.i18n, transfer, &Rates::default());
        }
    });
    ui.horizontal(|ui| {
        let back = scene.i18n.text("console-ended-back");
        let again = scene.i18n.text("console-new-key-again");
        // Where the person is still waiting for help, the next key comes first.
        let wants_key = matches!(
            end.reason,
            EndReason::ConnectionLost | EndReason::ProtocolViolation | EndReason::OperatorNotRecognised
        );
        let (back, again) = if wants_key {
            let again = primary_button(ui, &again);
            (button(ui, &back), again)
        } else {
            let back = primary_button(ui, &back);
            (back, button(ui, &again))
        };
        if back.clicked() {
            commands.push(ConsoleCommand::CloseEnded);
        }
        if again.clicked() || by_key {
            commands.extend([ConsoleCommand::CloseEnded, ConsoleCommand::NewKey]);
        }
    });
}
