//! The panel: who, since when, what is allowed now, the red X, the chat.

use super::{PAGE_GUARD, ScreenState, asking, layout, scrolled};
use agent_core::proto::session::{Capability, TransferFailure, TransferId};
use agent_core::view::{AgentCommand, ChatLine, GrantView, PanelView, Shared, TransferState, TransferView};
use egui::{
    Align, Frame, Label, Layout, Margin, Rect, Response, RichText, ScrollArea, Sense, Ui, ViewportCommand, vec2,
};
use i18n::I18n;
use std::time::Duration;
use ui_kit::fonts::Weight;
use ui_kit::rates::Rates;
use ui_kit::{ChatBubble, TagKind, theme};

/// Most and least height of the chat's lines, in points.
const MOST_LINES: f32 = 220.0;
const FEWEST_LINES: f32 = 56.0;
/// Height of all the rest of an open chat, in points: its button, its entry, and the space between.
const CHAT_AROUND: f32 = 126.0;
/// Height of a closed chat, in points.
const CHAT_CLOSED: f32 = 54.0;
/// Height of the line for whoever finds that it is a scam, with the space around it, in points.
const SCAM_LINE: f32 = 56.0;
/// Least height of the rows, in points.
const LEAST_ROWS: f32 = 48.0;
/// What a screen shows above and below the panel, in points.
const BESIDE: f32 = 72.0;
/// Height of the panel on a screen whose size is unknown, in points.
const TALLEST: f32 = 900.0;
/// How far the pointer goes before a press is a drag, in points.
const DRAG_BEGINS: f32 = 4.0;
/// Transfers that are shown: all that run, and the newest of the others up to so many together.
const TRANSFERS: usize = 3;
/// The same while the chat is open.
const TRANSFERS_BESIDE_CHAT: usize = 1;
/// How often a running file is looked at even when no news of it comes.
const RATE_LOOK: Duration = Duration::from_secs(1);

pub(super) fn panel_ui(ui: &mut Ui, panel: &PanelView, i18n: &I18n, state: &mut ScreenState) -> Vec<AgentCommand> {
    let mut commands = Vec::new();
    if header_ui(ui, panel, Header::Panel, i18n) {
        commands.push(AgentCommand::End);
    }
    let tallest = ui.input(|input| input.viewport().monitor_size).map_or(TALLEST, |monitor| monitor.y - BESIDE);
    let between = 2.0 * ui.spacing().item_spacing.y;
    let room = tallest - ui.min_rect().height() - between - SCAM_LINE;
    // The chat gives way first, so that its entry is always in sight; then the rows scroll.
    let asked = if state.chat_open { ui_kit::address_question_height(ui.ctx()) } else { 0.0 };
    let lines = (room - state.rows_height - CHAT_AROUND - asked).clamp(FEWEST_LINES, MOST_LINES) + asked;
    let chat = match (panel.has_chat, state.chat_open) {
        (false, _) => 0.0,
        (true, true) => CHAT_AROUND + lines,
        (true, false) => CHAT_CLOSED,
    };
    let height = (room - chat).max(LEAST_ROWS);
    // The window follows the rows, so they may take more than there is room for now.
    let bar = ui.spacing().scroll;
    scrolled::bar_in_the_margin(ui);
    let rows = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]);
    let rows = rows.show(ui, |ui| {
        // What scrolls inside of them has no margin of its own.
        ui.spacing_mut().scroll = bar;
        commands.extend(rows_ui(ui, panel, i18n, state));
    });
    ui.spacing_mut().scroll = bar;
    if (rows.content_size.y - state.rows_height).abs() > 0.5 {
        state.rows_height = rows.content_size.y;
        ui.ctx().request_discard("the rows of the panel have another height");
    }
    Frame::new().inner_margin(Margin { left: 16, right: 16, top: 4, bottom: 4 }).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        if panel.has_chat {
            commands.extend(chat_part_ui(ui, &panel.chat, lines, i18n, state));
            ui.add_space(4.0);
        }
        // The red X ends it as well, but asks for a rating instead of saying what to do now.
        if ui_kit::danger_line(ui, &i18n.text("ask-scam")).clicked() {
            commands.push(AgentCommand::ReportScam);
        }
    });
    commands
}

fn rows_ui(ui: &mut Ui, panel: &PanelView, i18n: &I18n, state: &mut ScreenState) -> Vec<AgentCommand> {
    let mut commands = Vec::new();
    Frame::new().inner_margin(Margin { left: 16, right: 16, top: 6, bottom: 4 }).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        if panel.reconnecting {
            ui.add_space(6.0);
            ui_kit::notice(ui, TagKind::Warn, &i18n.text("panel-reconnecting"), &i18n.text("panel-reconnecting-do"));
            ui.add_space(6.0);
        }
        if let Some(refused) = asking::refused(i18n, state) {
            ui.add_space(6.0);
            asking::refused_ui(ui, Some(&refused));
            ui.add_space(6.0);
        }
        if panel.paused {
            ui.add_space(6.0);
            ui_kit::notice(ui, TagKind::Accent, &i18n.text("panel-paused"), &i18n.text("panel-paused-do"));
            ui.add_space(6.0);
        }
        for grant in panel.grants.iter().filter(|grant| grant.granted || grant.barred) {
            commands.extend(grant_ui(ui, grant, panel, i18n));
            commands.extend(barred_ui(ui, grant, i18n));
            if let Some(id) = holds_id(grant) {
                ui_kit::tiny(ui, &i18n.text(id));
                ui.add_space(8.0);
            }
            if grant.capability == Capability::View && grant.granted {
                commands.extend(sharing_ui(ui, panel, i18n, state));
            }
            if let Some(lines) = panel.shell.as_ref().filter(|_| grant.capability == Capability::Shell) {
                shell_ui(ui, lines, i18n);
            }
            layout::line(ui);
        }
        if panel.grants.iter().any(|grant| !grant.granted && !grant.barred) {
            ui.add_space(8.0);
            ui_kit::tiny(ui, &i18n.text("panel-not-allowed"));
            ui.add_space(8.0);
            layout::line(ui);
        }
        check_word_ui(ui, &panel.check_word, i18n);
        if let Some(ends_at) = panel.ends_at {
            let time = [("time", i18n.time_of_day(ends_at).into())];
            ui_kit::tiny(ui, &i18n.text_with("panel-ends-at", &time));
            ui.add_space(8.0);
        }
        // What stands still has no rate, and gets a new one when it goes on.
        let moves = |transfer: &&TransferView| {
            transfer.state == TransferState::Running && !transfer.is_held && !panel.reconnecting
        };
        let moving = panel.transfers.iter().filter(moves);
        state.rates.observe(ui.input(|input| input.time), moving.map(|transfer| (transfer.id, transfer.done_bytes)));
        let most = if state.chat_open { TRANSFERS_BESIDE_CHAT } else { TRANSFERS };
        for transfer in shown_transfers(&panel.transfers, most) {
            layout::line(ui);
            commands.extend(transfer_ui(ui, transfer, panel.reconnecting, i18n, &state.rates));
        }
    });
    commands
}

/// Moves the window once the pointer really drags the bar. Never from a press alone, and never from
/// the red X: a window manager that begins to move the window after a quick press has already been
/// released would keep it on the pointer.
fn move_by(ui: &Ui, grip: &Response, not_here: Rect) {
    let moving = grip.id.with("moving");
    if !grip.dragged() {
        ui.data_mut(|data| data.remove::<bool>(moving));
        return;
    }
    let (from, to) = ui.input(|input| (input.pointer.press_origin(), input.pointer.interact_pos()));
    let is_dragged = from.zip(to).is_some_and(|(from, to)| !not_here.contains(from) && from.distance(to) > DRAG_BEGINS);
    if is_dragged && !ui.data(|data| data.get_temp(moving).unwrap_or(false)) {
        ui.data_mut(|data| data.insert_temp(moving, true));
        ui.ctx().send_viewport_cmd(ViewportCommand::StartDrag);
    }
}

/// Where the bar at the top stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    /// On the panel: who, and since when.
    Panel,
    /// On a page of a running session: who, and for whom they work.
    Page,
    /// The same on a page before which nothing is seen.
    HeldPage,
}

/// The bar at the top, by which the panel can be moved; whether the red X was pressed.
pub(super) fn header_ui(ui: &mut Ui, panel: &PanelView, header: Header, i18n: &I18n) -> bool {
    let tokens = theme::tokens(ui);
    let drawn = ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let end = bar_ui(ui, panel, header, i18n);
        if header != Header::Panel {
            let inside = Margin { left: 30, right: 12, top: 0, bottom: 8 };
            Frame::new().fill(tokens.surface).inner_margin(inside).show(ui, |ui| {
                ui.set_width(ui.available_width());
                layout::domain_tag(ui, &panel.operator, i18n);
            });
        }
        end
    });
    let bar = drawn.response.rect;
    ui.painter().hline(bar.x_range(), bar.bottom() - 0.5, egui::Stroke::new(1.0, tokens.line));
    drawn.inner
}

fn bar_ui(ui: &mut Ui, panel: &PanelView, header: Header, i18n: &I18n) -> bool {
    let tokens = theme::tokens(ui);
    let size = vec2(ui.available_width(), 52.0);
    // By mouse only: there is nothing to press, so the tab key passes it by.
    let (bar, grip) = ui.allocate_exact_size(size, Sense::DRAG);
    ui.painter().rect_filled(bar, 0.0, tokens.surface);
    let inside = bar.shrink2(vec2(12.0, 0.0));
    let builder = egui::UiBuilder::new().max_rect(inside).layout(Layout::right_to_left(Align::Center));
    let mut row = ui.new_child(builder);
    let end = ui_kit::red_x_button(&mut row, &i18n.text("panel-end-short"), &i18n.text("panel-end"));
    move_by(ui, &grip, end.rect);
    let end = end.clicked();
    row.with_layout(Layout::left_to_right(Align::Center), |ui| {
        let (dot, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
        if header == Header::HeldPage || is_held(panel) {
            ui.painter().circle_stroke(dot.center(), 4.0, egui::Stroke::new(2.0, tokens.edge));
        } else {
            ui.painter().circle_filled(dot.center(), 5.0, tokens.danger);
        }
        let name = RichText::new(&panel.operator.name).font(Weight::Bold.at(tokens.small_size)).color(tokens.ink);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.add_space(6.0);
            ui.add(Label::new(name).truncate());
            let second = match header {
                Header::Panel => i18n.text_with("common-since", &[("time", i18n.time_of_day(panel.since).into())]),
                Header::Page | Header::HeldPage => panel.operator.organisation.clone(),
            };
            let font = Weight::Regular.at(tokens.tiny_size);
            ui.add(Label::new(RichText::new(second).font(font).color(tokens.ink_secondary)).truncate());
        });
    });
    end
}

/// Whether the operator neither sees nor does anything for the moment.
const fn is_held(panel: &PanelView) -> bool {
    panel.paused || panel.reconnecting
}

/// What is shared, and its pause.
fn sharing_ui(ui: &mut Ui, panel: &PanelView, i18n: &I18n, state: &mut ScreenState) -> Option<AgentCommand> {
    let now = ui.input(|input| input.time);
    let paused_since = if panel.paused { *state.paused_since.get_or_insert(now) } else { f64::NEG_INFINITY };
    if !panel.paused {
        state.paused_since = None;
    }
    let what = match &panel.shared {
        Shared::Everything => i18n.text("panel-shares-everything"),
        Shared::Monitor => i18n.text("panel-shares-monitor"),
        Shared::Window(title) => i18n.text_with("panel-shares-window", &[("title", title.into())]),
    };
    let font = Weight::Regular.at(theme::tokens(ui).tiny_size);
    let what = RichText::new(what).font(font).color(theme::tokens(ui).ink_secondary);
    ui.add(Label::new(what).truncate());
    ui.add_space(6.0);
    let (pause, command) =
        if panel.paused { ("panel-resume", AgentCommand::Resume) } else { ("panel-pause", AgentCommand::Pause) };
    let (pause, change) = ui.columns_const(|[left, right]| {
        let wide = Layout::top_down_justified(Align::Center);
        let pause = left.with_layout(wide, |ui| ui_kit::button(ui, &i18n.text(pause))).inner;
        let change = right.with_layout(wide, |ui| ui_kit::button(ui, &i18n.text("panel-change-share-short"))).inner;
        (pause, change.accessible_name(i18n.text("panel-change-share")))
    });
    ui.add_space(10.0);
    // The second press of a double click on "Pause" does not end the pause.
    if pause.clicked() && now - paused_since >= PAGE_GUARD.as_secs_f64() {
        return Some(command);
    }
    change.clicked().then_some(AgentCommand::ChangeShare)
}

/// What the operator does in the terminal, as it stands there.
fn shell_ui(ui: &mut Ui, lines: &[String], i18n: &I18n) {
    const HEIGHT: f32 = 144.0;
    const SIZE: f32 = 13.0;
    let tokens = theme::tokens(ui);
    let edge = egui::Stroke::new(1.0, tokens.line);
    let frame = Frame::new().fill(tokens.sunken).stroke(edge).corner_radius(tokens.radius).inner_margin(8);
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        // As high from the beginning, so that the switches stay where they are.
        // What is wider than the panel goes on below: what the operator does is in sight, and nothing is to be scrolled to.
        let area = ScrollArea::vertical().id_salt("shell").stick_to_bottom(true).auto_shrink(false);
        area.max_height(HEIGHT).min_scrolled_height(HEIGHT).show(ui, |ui| {
            if lines.is_empty() {
                ui_kit::tiny(ui, &i18n.text("panel-shell-empty"));
            }
            let shown = lines.join("\n");
            let words = RichText::new(&shown).font(Weight::Mono.at(SIZE)).color(tokens.ink);
            let label = ui.add(Label::new(words).wrap());
            label.accessible_name(i18n.text_with("panel-shell", &[("lines", (&shown).into())]));
        });
    });
    ui.add_space(8.0);
}

/// How long what was allowed holds, where the question said that it is not for the whole session.
const fn holds_id(grant: &GrantView) -> Option<&'static str> {
    match grant.capability {
        _ if grant.whole_session || !grant.granted => None,
        Capability::SendFile | Capability::FetchFile | Capability::EndProcess => Some("panel-asks-each-time"),
        Capability::Shell => Some("panel-holds-for-terminal"),
        _ => None,
    }
}

/// What the operator does, or will do again once it goes on.
fn grant_name(capability: Capability, panel: &PanelView, i18n: &I18n) -> String {
    let is_window = matches!(panel.shared, Shared::Window(_));
    i18n.text(match (capability, is_held(panel)) {
        (Capability::View, false) if is_window => "panel-grant-view-window",
        (Capability::View, true) if is_window => "panel-held-view-window",
        (Capability::View, true) => "panel-held-view",
        (Capability::Control, true) => "panel-held-control",
        (capability, _) => grant_id(capability),
    })
}

const fn grant_id(capability: Capability) -> &'static str {
    match capability {
        Capability::View => "panel-grant-view",
        Capability::Control => "panel-grant-control",
        Capability::SendFile => "panel-grant-send-file",
        Capability::FetchFile => "panel-grant-fetch-file",
        Capability::SystemInfo => "panel-grant-system-info",
        Capability::EndProcess => "panel-grant-end-process",
        Capability::Shell => "panel-grant-shell",
        Capability::Clipboard => "panel-grant-clipboard",
        // The engine shows no other in this version.
        _ => "panel-grant-other",
    }
}

/// After too many noes: that nothing more is asked, and how the person changes that.
fn barred_ui(ui: &mut Ui, grant: &GrantView, i18n: &I18n) -> Option<AgentCommand> {
    if !grant.barred {
        return None;
    }
    ui_kit::tiny(ui, &i18n.text("panel-barred"));
    ui.add_space(4.0);
    let name = i18n.text_with("panel-allow-asking-name", &[("power", i18n.text(grant_id(grant.capability)).into())]);
    let again = ui_kit::button(ui, &i18n.text("panel-allow-asking")).accessible_name(name);
    ui.add_space(8.0);
    again.clicked().then_some(AgentCommand::AllowAsking(grant.capability))
}

fn grant_ui(ui: &mut Ui, grant: &GrantView, panel: &PanelView, i18n: &I18n) -> Option<AgentCommand> {
    if !grant.granted {
        // Only a question can grant: there is nothing to switch here.
        ui.add_space(8.0);
        ui_kit::small(ui, &i18n.text(grant_id(grant.capability)));
        return None;
    }
    let name = grant_name(grant.capability, panel, i18n);
    ui_kit::switch(ui, true, &name).clicked().then_some(AgentCommand::Revoke(grant.capability))
}

fn check_word_ui(ui: &mut Ui, word: &str, i18n: &I18n) {
    let tokens = theme::tokens(ui);
    ui.allocate_ui_with_layout(vec2(ui.available_width(), 40.0), Layout::left_to_right(Align::Center), |ui| {
        ui_kit::small(ui, &i18n.text("panel-check-word"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui_kit::mono_key(ui, word, tokens.small_size + 2.0);
        });
    });
}

/// What a transfer is called: its file, or the first of several and how many more.
fn transfer_name(transfer: &TransferView, i18n: &I18n) -> String {
    if transfer.files <= 1 {
        return transfer.name.clone();
    }
    let more = [("name", (&transfer.name).into()), ("count", transfer.files.into())];
    i18n.text_with("transfer-several", &more)
}

/// Those that run, which can be stopped, whatever came after them, and the newest of the others; in their order.
fn shown_transfers(transfers: &[TransferView], most: usize) -> impl Iterator<Item = &TransferView> {
    let runs = |transfer: &TransferView| transfer.state == TransferState::Running;
    let over = transfers.iter().filter(|transfer| !runs(transfer)).count();
    let hidden = over.saturating_sub(most.saturating_sub(transfers.len() - over));
    let mut passed = 0;
    transfers.iter().filter(move |transfer| {
        passed += usize::from(!runs(transfer));
        runs(transfer) || passed > hidden
    })
}

/// How far it is, how fast it goes, and how long it still takes.
fn progress_words(ui: &Ui, transfer: &TransferView, is_cut: bool, i18n: &I18n, rates: &Rates<TransferId>) -> String {
    let mut values =
        vec![("done", i18n.bytes(transfer.done_bytes).into()), ("total", i18n.bytes(transfer.size_bytes).into())];
    let measured = rates.of(transfer.id, transfer.size_bytes.saturating_sub(transfer.done_bytes));
    let text = match measured {
        Some((rate, left)) => {
            values.extend([("rate", i18n.bytes(rate).into()), ("left", i18n.duration(left).into())]);
            i18n.text_with("transfer-rate", &values)
        }
        None => i18n.text_with("transfer-of", &values),
    };
    // The rate of a file that has stopped falls although nothing new is known of it.
    ui.ctx().request_repaint_after(RATE_LOOK);
    match (transfer.is_held, is_cut) {
        (true, _) => i18n.text_with("transfer-held", &[("state", text.into())]),
        (false, true) => i18n.text_with("transfer-waits", &[("state", text.into())]),
        (false, false) => text,
    }
}

/// One transfer; `is_cut` says that the line is down, so that it does not move.
fn transfer_ui(
    ui: &mut Ui,
    transfer: &TransferView,
    is_cut: bool,
    i18n: &I18n,
    rates: &Rates<TransferId>,
) -> Option<AgentCommand> {
    let full_name = transfer_name(transfer, i18n);
    let name = [("name", (&full_name).into())];
    let mut stopped = None;
    ui.add_space(8.0);
    match transfer.state {
        TransferState::Running => {
            let id = if transfer.incoming { "panel-receiving" } else { "panel-giving" };
            layout::ink_small(ui, &i18n.text_with(id, &name));
            ui.add_space(4.0);
            let share = if transfer.size_bytes == 0 {
                0.0
            } else {
                (transfer.done_bytes as f64 / transfer.size_bytes as f64) as f32
            };
            ui_kit::progress(ui, share, &progress_words(ui, transfer, is_cut, i18n, rates));
            ui.add_space(6.0);
            let stop = ui_kit::button(ui, &i18n.text("panel-stop-transfer"));
            if stop.accessible_name(i18n.text_with("panel-stop-transfer-name", &name)).clicked() {
                stopped = Some(AgentCommand::StopTransfer(transfer.id));
            }
        }
        TransferState::Done => {
            let id = if transfer.incoming { "panel-received" } else { "panel-given" };
            layout::fact(ui, &i18n.text_with(id, &name), &i18n.bytes(transfer.size_bytes));
            if transfer.failed_files > 0 {
                ui_kit::tiny(ui, &i18n.text_with("transfer-left-out", &[("count", transfer.failed_files.into())]));
            }
            if let Some(path) = &transfer.saved_to {
                ui_kit::tiny(ui, &i18n.text_with("panel-saved-to", &[("path", path.into())]));
            }
        }
        TransferState::Failed(failure) => {
            layout::ink_small(ui, &i18n.text_with("panel-transfer-failed", &name));
            ui_kit::tiny(ui, &i18n.text(failure_id(failure)));
        }
    }
    ui.add_space(8.0);
    stopped
}

const fn failure_id(failure: TransferFailure) -> &'static str {
    match failure {
        TransferFailure::NotFound => "transfer-failure-not-found",
        TransferFailure::PermissionDenied => "transfer-failure-permission-denied",
        TransferFailure::DiskFull => "transfer-failure-disk-full",
        TransferFailure::NotAFile => "transfer-failure-not-a-file",
        TransferFailure::BadName => "transfer-failure-bad-name",
        TransferFailure::Corrupted => "transfer-failure-corrupted",
        TransferFailure::Changed => "transfer-failure-changed",
        TransferFailure::Cancelled => "transfer-failure-cancelled",
        TransferFailure::Storage => "transfer-failure-storage",
        TransferFailure::Link => "transfer-failure-link",
        TransferFailure::Protected => "transfer-failure-protected",
        TransferFailure::TooMany => "transfer-failure-too-many",
        TransferFailure::Busy => "transfer-failure-busy",
    }
}

fn chat_part_ui(
    ui: &mut Ui,
    chat: &[ChatLine],
    height: f32,
    i18n: &I18n,
    state: &mut ScreenState,
) -> Option<AgentCommand> {
    let theirs = || chat.iter().filter(|line| !line.mine).map(|line| line.number);
    let unread = theirs().filter(|number| *number > state.chat_read).count();
    let label = if state.chat_open || unread == 0 {
        i18n.text("panel-chat")
    } else {
        i18n.text_with("panel-chat-unread", &[("count", unread.into())])
    };
    let wide = Layout::top_down_justified(Align::Center);
    let news = unread > 0 && !state.chat_open;
    let toggle = |ui: &mut Ui| if news { ui_kit::primary_button(ui, &label) } else { ui_kit::button(ui, &label) };
    if ui.with_layout(wide, toggle).inner.clicked() {
        state.chat_open = !state.chat_open;
        if state.chat_open {
            ui_kit::focus_chat(ui.ctx());
        }
    }
    if !state.chat_open {
        return None;
    }
    state.chat_read = theirs().max().unwrap_or_default();
    ui.add_space(8.0);
    let lines: Vec<ChatBubble<'_>> = chat
        .iter()
        .map(|line| ChatBubble { mine: line.mine, text: &line.text, at: line.at, delivered: line.delivered })
        .collect();
    let height = height + theme::tokens(ui).control_height + theme::tokens(ui).unit + 4.0;
    let size = vec2(ui.available_width(), height);
    ui.allocate_ui_with_layout(size, Layout::top_down(Align::Min), |ui| {
        ui.set_max_height(height);
        ui.spacing_mut().item_spacing.y = 8.0;
        if lines.is_empty() {
            ui_kit::tiny(ui, &i18n.text("panel-chat-empty"));
        }
        ui_kit::chat_ui(ui, i18n, &lines, &mut state.chat_draft, &i18n.text("panel-chat-hint"))
    })
    .inner
    .map(AgentCommand::SendChat)
}
