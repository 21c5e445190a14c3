//! The right column of a session: check word, powers, files, chat.

use super::parts::{StripButton, strip_button, strong};
use super::transfers::{choice_ui, in_one_line, transfer_ui, waits};
use super::{Scene, ScreenState, Under};
use crate::words;
use console_core::proto::session::{Capability, TransferId};
use console_core::view::{ConsoleCommand, OperatorView, PowerState, PowerView, SessionView, TransferView};
use egui::{Align, Frame, Layout, Margin, Panel, ScrollArea, Ui, vec2};
use std::collections::BTreeSet;
use ui_kit::fonts::Weight;
use ui_kit::{ChatBubble, TagKind, button, chat_ui, tag, theme, tiny};

/// Width of the column in points where there is room.
const WIDTH: f32 = 304.0;
/// Its width in a narrow window.
const NARROW: f32 = 224.0;
/// The talk gets at least this much of the column's height, whatever stands above it.
const TALK_SHARE: f32 = 0.45;
/// The same while the notes are open.
const TALK_SHARE_BESIDE_NOTES: f32 = 0.24;
/// Height of the line that says what moves, in points.
const MOVING_LINE: f32 = 22.0;
/// Bounds of that least height, in points: an entry with two lines, and a talk that can be followed.
const TALK_HEIGHTS: (f32, f32) = (104.0, 310.0);

/// The column's width in this window, in points.
pub(super) fn width(ui: &Ui) -> f32 {
    (ui.ctx().content_rect().width() * 0.32).clamp(NARROW, WIDTH)
}

/// The whole column: what scrolls above, and the talk, whose entry is always in sight.
pub fn side_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let tokens = theme::tokens(ui);
    let width = width(ui);
    let margin = if width < 260.0 { Margin::symmetric(10, 8) } else { Margin::symmetric(16, 12) };
    let frame = Frame::new().fill(tokens.background).inner_margin(margin);
    Panel::right("session side").exact_size(width).resizable(false).frame(frame).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 6.0;
        let talks = scene.view.operator.may(Capability::Chat);
        // Who writes notes needs their three fields in sight.
        let share = if state.notes.open { TALK_SHARE_BESIDE_NOTES } else { TALK_SHARE };
        let talk = (ui.available_height() * share).clamp(TALK_HEIGHTS.0, TALK_HEIGHTS.1);
        let talk = if talks { talk } else { 0.0 };
        // In a line that is in sight also where the column is too short for it.
        let moving = in_one_line(scene.i18n, &session.transfers);
        let line_height = if moving.is_some() { MOVING_LINE } else { 0.0 };
        let above = (ui.available_height() - talk - line_height).max(40.0);
        let column = ScrollArea::vertical().id_salt("above the talk").max_height(above).auto_shrink([false, true]);
        let drawn = column.show(ui, |ui| {
            super::notices::notices_ui(ui, scene, state, commands);
            choices_ui(ui, scene, session, state, commands);
            check_word_ui(ui, scene, session);
            powers_ui(ui, scene, session, commands);
            details_ui(ui, scene, session);
            notes_ui(ui, scene, state);
            let now_s = ui.input(|input| input.time);
            state.rates.observe(now_s, &session.transfers, session.reconnecting);
            let above = |transfer: &TransferView| waits(transfer) && state.under != Some(Under::Folders);
            for transfer in session.transfers.iter().rev().filter(|transfer| !above(transfer)) {
                line(ui);
                transfer_ui(ui, scene.i18n, transfer, &state.rates);
            }
        });
        let is_cut = drawn.content_size.y > drawn.inner_rect.height() + 1.0;
        if let Some(moving) = moving.filter(|_| is_cut) {
            let words = egui::RichText::new(moving).font(Weight::SemiBold.at(tokens.tiny_size)).color(tokens.accent);
            ui.add(egui::Label::new(words).truncate());
        }
        if talks {
            line(ui);
            talk_ui(ui, scene, session, state, commands);
        }
    });
}

/// What waits for the operator's choice stands first, and comes into sight when it begins to. While the folders are
/// open it is chosen there.
fn choices_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let waiting = || session.transfers.iter().rev().filter(|transfer| waits(transfer));
    let ids: BTreeSet<TransferId> = waiting().map(|transfer| transfer.id).collect();
    let is_new = !ids.is_subset(&state.choices_shown);
    state.choices_shown = ids;
    if state.choices_shown.is_empty() || state.under == Some(Under::Folders) {
        return;
    }
    let shown = ui.vertical(|ui| {
        for transfer in waiting() {
            transfer_ui(ui, scene.i18n, transfer, &state.rates);
            choice_ui(ui, scene.i18n, transfer, commands);
            line(ui);
        }
    });
    if is_new {
        ui.scroll_to_rect(shown.response.rect, Some(Align::Min));
    }
}

fn line(ui: &mut Ui) {
    let tokens = theme::tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 1.0), egui::Sense::hover());
    ui.painter().rect_filled(rect.expand2(vec2(16.0, 0.0)), 0.0, tokens.line);
}

/// Large while it is to be compared; once the person goes on, a word in a row.
fn check_word_ui(ui: &mut Ui, scene: &Scene<'_>, session: &SessionView) {
    let tokens = theme::tokens(ui);
    let name = scene.i18n.text("console-check-word");
    if session.recognised || session.step.is_some() {
        row(ui, &name, |ui| drop(tag(ui, TagKind::Ok, &session.check_word)));
        return;
    }
    strong(ui, &name);
    let edge = if tokens.high_contrast { tokens.good } else { tokens.good_soft };
    let frame = Frame::new().fill(tokens.good_soft).stroke(egui::Stroke::new(1.0, edge)).corner_radius(tokens.radius);
    frame.inner_margin(Margin::symmetric(12, 8)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        let word = egui::RichText::new(&session.check_word).font(Weight::SemiBold.at(24.0)).color(tokens.good);
        ui.add(egui::Label::new(word).wrap());
    });
    tiny(ui, &scene.i18n.text("console-check-word-text"));
}

/// One line: a small name, and what belongs to it at the right.
fn row(ui: &mut Ui, name: &str, right: impl FnOnce(&mut Ui)) {
    let tokens = theme::tokens(ui);
    ui.allocate_ui_with_layout(vec2(ui.available_width(), 26.0), Layout::right_to_left(Align::Center), |ui| {
        right(ui);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let size = if super::is_narrow(ui) { 11.0 } else { tokens.small_size };
            let words = egui::RichText::new(name).font(Weight::Regular.at(size)).color(tokens.ink);
            ui.add(egui::Label::new(words).wrap());
        });
    });
}

fn powers_ui(ui: &mut Ui, scene: &Scene<'_>, session: &SessionView, commands: &mut Vec<ConsoleCommand>) {
    let shown =
        [Capability::View, Capability::Control, Capability::SystemInfo, Capability::Shell, Capability::Clipboard];
    for capability in shown.into_iter().filter(|capability| scene.view.operator.may(*capability)) {
        let state = session.state_of(capability);
        // Its tool asks for it: here stands only what became of that.
        let has_tool = matches!(capability, Capability::SystemInfo | Capability::Clipboard);
        if has_tool && state == PowerState::Off {
            continue;
        }
        power_ui(ui, scene, session, PowerView { capability, state }, commands);
    }
}

/// What the operator keeps of the session: a line, and the fields under it where they are wanted.
fn notes_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState) {
    let Some(record) = scene.record() else { return };
    row(ui, &scene.i18n.text("console-notes"), |ui| {
        let id = if state.notes.open { "console-notes-close" } else { "console-notes-open" };
        if button(ui, &scene.i18n.text(id)).clicked() {
            if state.notes.open { state.notes.open = false } else { state.notes.open() }
        }
    });
    if state.notes.open {
        super::notes::notes_ui(ui, scene, record, false, state);
    }
}

/// The figures of the session, in words of their own: the top bar has them at a glance.
fn details_ui(ui: &mut Ui, scene: &Scene<'_>, session: &SessionView) {
    let i18n = scene.i18n;
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let delay = match session.round_trip {
        Some(delay) => {
            let ms = i18n.decimal(delay.as_secs_f64() * 1000.0, 1);
            i18n.text_with("console-details-round-trip", &[("ms", ms.as_str().into())])
        }
        None => i18n.text("console-delay-unknown"),
    };
    // Seen in rounded units, read out exactly.
    let bytes = |ui: &mut Ui, id: &str, bytes: u64| {
        let exact = i18n.text_with(&format!("{id}-bytes"), &[("bytes", number(bytes).into())]);
        let label = figure(ui, &i18n.text_with(id, &[("size", i18n.bytes(bytes).into())]));
        ui.ctx().accesskit_node_builder(label.id, |node| node.set_value(exact));
    };
    let link = session.link.to_uppercase();
    egui::Grid::new("session details")
        .num_columns(2)
        .spacing(vec2(8.0, 0.0))
        .min_row_height(0.0)
        .min_col_width(if super::is_narrow(ui) { 0.0 } else { ui.available_width() / 2.0 - 4.0 })
        .show(ui, |ui| {
            figure(ui, &i18n.text_with("console-details-link", &[("link", link.as_str().into())]));
            figure(ui, &delay);
            ui.end_row();
            bytes(ui, "console-details-received", session.bytes_to_console);
            bytes(ui, "console-details-sent", session.bytes_to_agent);
            ui.end_row();
        });
}

/// One figure, small enough that two stand beside each other in every column.
fn figure(ui: &mut Ui, text: &str) -> egui::Response {
    let size = if super::is_narrow(ui) { 10.0 } else { 12.0 };
    let words = egui::RichText::new(text).font(Weight::Regular.at(size)).color(theme::tokens(ui).ink_secondary);
    ui.add(egui::Label::new(words).extend())
}

fn power_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    power: PowerView,
    commands: &mut Vec<ConsoleCommand>,
) {
    let name = scene.i18n.text(words::power(power.capability));
    let standing = scene.i18n.text(words::power_state(power.state));
    match power.state {
        PowerState::Granted if power.capability == Capability::Control => {
            return granted_control_ui(ui, scene, session, &name, &standing, commands);
        }
        PowerState::Granted => {
            row(ui, &name, |ui| drop(tag(ui, TagKind::Ok, &standing)));
            if matches!(power.capability, Capability::SystemInfo | Capability::Clipboard) {
                give_back_ui(ui, scene, session, power.capability, &name, commands);
            }
            return;
        }
        PowerState::Asked => return row(ui, &name, |ui| drop(tag(ui, TagKind::Accent, &standing))),
        PowerState::Off | PowerState::Refused(_) | PowerState::Revoked | PowerState::Over(_) => {}
    }
    let size = vec2(ui.available_width(), 40.0);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        let ask = match power.state {
            PowerState::Off => scene.i18n.text("console-ask"),
            _ => scene.i18n.text("console-ask-again"),
        };
        let may = may_ask(&scene.view.operator, session, power.capability);
        let spoken = scene.i18n.text_with("console-ask-name", &[("ask", (&ask).into()), ("power", (&name).into())]);
        let control = power.capability == Capability::Control;
        let asks = ui.add_enabled_ui(may, |ui| button(ui, &ask)).inner.accessible_name(spoken);
        let asks = if control { asks.on_hover_text("F2") } else { asks };
        if asks.clicked() {
            commands.push(ConsoleCommand::Ask(power.capability));
        }
        ui.with_layout(Layout::top_down(Align::LEFT), |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            // Who asks must see for what.
            ui.add(egui::Label::new(name).wrap());
            tiny(ui, &standing);
        });
    });
}

/// Control that is granted, and the button that gives it back: what is not needed any more is not kept.
fn granted_control_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    name: &str,
    standing: &str,
    commands: &mut Vec<ConsoleCommand>,
) {
    row(ui, name, |ui| drop(tag(ui, TagKind::Ok, standing)));
    let give = scene.i18n.text("console-give-back");
    if ui.add_enabled_ui(!session.reconnecting, |ui| button(ui, &give)).inner.clicked() {
        commands.push(ConsoleCommand::Release(Capability::Control));
    }
}

/// The button that gives this power back: what is not needed any more is not kept.
fn give_back_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    capability: Capability,
    name: &str,
    commands: &mut Vec<ConsoleCommand>,
) {
    let words = scene.i18n.text("console-give-back-short");
    let name = scene.i18n.text_with("console-give-back-name", &[("power", name.into())]);
    let enabled = !session.reconnecting;
    let button = StripButton { words: &words, name: &name, hover: &name, on: false, enabled };
    if ui.scope(|ui| strip_button(ui, &button)).inner {
        commands.push(ConsoleCommand::Release(capability));
    }
}

/// Whether a question for this power makes sense now.
#[must_use]
pub fn may_ask(operator: &OperatorView, session: &SessionView, capability: Capability) -> bool {
    // Barred is asked again as well: only the person's computer knows when they have lifted it.
    let open = !matches!(session.state_of(capability), PowerState::Asked | PowerState::Granted);
    let seen = capability == Capability::View || session.state_of(Capability::View) == PowerState::Granted;
    operator.may(capability) && session.recognised && !session.reconnecting && open && seen
}

/// Where powers stand, for a view that may not name them all.
pub trait Powers {
    /// Where this power stands.
    fn state_of(&self, capability: Capability) -> PowerState;
}

impl Powers for SessionView {
    fn state_of(&self, capability: Capability) -> PowerState {
        let named = self.powers.iter().find(|power| power.capability == capability);
        named.map_or(PowerState::Off, |power| power.state)
    }
}

fn talk_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    // Where there is little room, the lines and the entry need all of it.
    if session.chat.is_empty() && ui.available_height() > 180.0 {
        tiny(ui, &scene.i18n.text("console-chat-empty"));
    }
    let lines: Vec<ChatBubble<'_>> = session
        .chat
        .iter()
        .map(|line| ChatBubble { mine: line.mine, text: &line.text, at: line.at, delivered: line.delivered })
        .collect();
    let hint = scene.i18n.text("console-chat-hint");
    if let Some(text) = chat_ui(ui, scene.i18n, &lines, &mut state.draft, &hint) {
        commands.push(ConsoleCommand::SendChat(text));
    }
}
