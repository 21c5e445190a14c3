//! What happened and was not read yet, each with what to do about it.

use super::parts::close_button;
use super::saved::saved_ui;
use super::{Scene, ScreenState};
use crate::words;
use console_core::view::{ConsoleCommand, Notice, NoticeKind};
use egui::{Align, Frame, Label, Layout, Margin, RichText, Ui, vec2};
use ui_kit::fonts::Weight;
use ui_kit::theme;

/// All notices but wrong tries, which the key's own card tells.
pub fn notices_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState, commands: &mut Vec<ConsoleCommand>) {
    let told_here = |notice: &&Notice| !matches!(notice.kind, NoticeKind::WrongTry { .. });
    for notice in scene.view.notices.iter().filter(told_here) {
        ui.push_id(("notice", notice.id), |ui| notice_ui(ui, scene, notice, state, commands));
    }
}

/// What makes a new key; the notices that asked for one are thereby read.
pub fn new_key(scene: &Scene<'_>, commands: &mut Vec<ConsoleCommand>) {
    let answered = scene.view.notices.iter().filter(|notice| words::new_key_helps(&notice.kind));
    commands.extend(answered.map(|notice| ConsoleCommand::DismissNotice(notice.id)));
    commands.push(ConsoleCommand::NewKey);
}

fn notice_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    notice: &Notice,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let tokens = theme::tokens(ui);
    let is_good_news = matches!(notice.kind, NoticeKind::PictureSaved { .. } | NoticeKind::FactsSaved { .. });
    let (ink, fill) =
        if is_good_news { (tokens.good, tokens.good_soft) } else { (tokens.warning, tokens.warning_soft) };
    let stroke = if tokens.high_contrast { egui::Stroke::new(2.0, ink) } else { egui::Stroke::NONE };
    let frame = Frame::new().fill(fill).stroke(stroke).corner_radius(tokens.card_radius);
    frame.inner_margin(Margin::symmetric(16, 12)).show(ui, |ui| {
        let width = ui.available_width();
        ui.allocate_ui_with_layout(vec2(width, 0.0), Layout::right_to_left(Align::TOP), |ui| {
            if close_button(ui, &scene.i18n.text("console-notice-dismiss"), ink).clicked() {
                commands.push(ConsoleCommand::DismissNotice(notice.id));
            }
            ui.allocate_ui_with_layout(vec2(ui.available_width(), 0.0), Layout::top_down(Align::LEFT), |ui| {
                ui.set_width(ui.available_width());
                ui.add_space(3.0);
                let words = RichText::new(words::notice(scene.i18n, &notice.kind));
                let font = Weight::Regular.at(tokens.body_size);
                ui.add(Label::new(words.font(font).color(ink).line_height(Some(21.0))).wrap());
                saved_ui(ui, scene, notice, state);
            });
        });
    });
}
