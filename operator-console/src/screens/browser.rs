//! The part under the remote screen with two folders: the operator's beside the client's, and what moves between them.

use super::pane::{Pane, Side};
use super::parts::{StripButton, close_button, panel_title, strip_button, under_screen};
use super::session::may_move;
use super::side::Powers;
use super::transfers::{choice_ui, transfer_ui, waits};
use super::{Scene, ScreenState, Under};
use crate::places;
use crate::words;
use console_core::proto::session::{Capability, TransferId};
use console_core::view::{ConsoleCommand, PowerState, SessionView, TransferState, TransferView};
use egui::{Align, Label, Layout, Margin, RichText, ScrollArea, Ui, vec2};
use std::path::PathBuf;
use ui_kit::{TagKind, button, primary_button, small, tag, theme, tiny};

/// Where the stage is at least so high, in points, the remote screen stays in sight above.
const ROOM_FOR_BOTH: f32 = 620.0;
/// Which part of the stage's height the folders have then.
const SHARE: f32 = 0.66;
/// Height of the title's row with the gap under it, in points.
const TITLE_HEIGHT: f32 = 42.0;
/// Height that one folder needs at least, in points: heading, path, names of columns, and three rows.
const PANE_HEIGHT: f32 = 190.0;
/// Between two folders, in points.
const GAP: f32 = 12.0;
/// At most so high, in points, is what only moves.
const MOVING_HEIGHT: f32 = 150.0;
/// Height of one file of a transfer, in points.
const ITEM_ROW: f32 = 40.0;
/// Where there is less width, in points, one folder stands above the other, or one only is shown.
const BESIDE: f32 = 460.0;

/// What the two folders remember between frames.
#[derive(Debug)]
pub struct BrowserState {
    /// Of which transfer the files are listed one by one.
    pub listed: Option<TransferId>,
    local: Pane,
    remote: Pane,
    /// Whose folder is shown where there is room for one only.
    shown: Side,
    /// How high everything that moves was when it was drawn last, in points.
    moving_height: f32,
    /// Whether they were just opened, and the keyboard is to go there.
    just_opened: bool,
}

impl Default for BrowserState {
    fn default() -> Self {
        Self {
            listed: None,
            local: Pane::new(Side::Local),
            remote: Pane::new(Side::Remote),
            shown: Side::Remote,
            moving_height: MOVING_HEIGHT,
            just_opened: false,
        }
    }
}

/// Whether the tool makes sense for this operator now.
pub(super) fn may_browse(scene: &Scene<'_>, session: &SessionView) -> bool {
    let operator = &scene.view.operator;
    may_move(operator, session, Capability::SendFile) || may_move(operator, session, Capability::FetchFile)
}

/// The tool was pressed: opens the folders and asks for what they show, or closes them.
pub(super) fn toggle(
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    if !state.toggle_under(Under::Folders) {
        return;
    }
    state.browser.just_opened = true;
    list_own(session, commands);
    let is_off = session.files.browse == PowerState::Off;
    // What the operator decides about files of their own asks the person nothing.
    let decides = session.transfers.iter().any(waits);
    if is_off && !decides && may_move(&scene.view.operator, session, Capability::FetchFile) {
        commands.push(ConsoleCommand::Browse { path: String::new() });
    }
}

/// Opens the folders for what moves between them: nobody is asked for anything.
pub(super) fn look_at_transfers(session: &SessionView, state: &mut ScreenState, commands: &mut Vec<ConsoleCommand>) {
    state.under = Some(Under::Folders);
    list_own(session, commands);
}

fn list_own(session: &SessionView, commands: &mut Vec<ConsoleCommand>) {
    if session.files.local.is_none() {
        commands.push(ConsoleCommand::ListLocal(places::home().unwrap_or_else(places::downloads)));
    }
}

/// Files that were dragged into the window: into the folder that is shown, or into that for downloads.
pub(super) fn dropped(session: &SessionView, state: &ScreenState, paths: Vec<PathBuf>) -> ConsoleCommand {
    let remote = session.files.remote.as_ref().filter(|_| state.under == Some(Under::Folders));
    ConsoleCommand::SendFiles { paths, into: remote.map(|remote| remote.path.clone()).unwrap_or_default() }
}

/// The two folders; whether there is room left for the remote screen.
pub(super) fn browser_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) -> bool {
    under_screen(ui, "browser", Margin::symmetric(16, 10), ROOM_FOR_BOTH, SHARE, |ui| {
        whole_ui(ui, scene, session, state, commands);
    })
}

fn whole_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
    let mut moving: Vec<&TransferView> = session.transfers.iter().rev().filter(|one| is_shown(one)).collect();
    // What waits for a choice comes first.
    moving.sort_by_key(|one| !waits(one));
    let room = ui.available_height() - TITLE_HEIGHT;
    if let Some(listed) = listed(&moving, &state.browser) {
        title_ui(ui, scene, Panes::Beside, are_several(&moving), state, commands);
        // Its files have the room of the two folders.
        for transfer in moving.iter().filter(|one| waits(one) || one.id == listed.id) {
            moving_ui(ui, scene, transfer, state, commands);
        }
        return items_ui(ui, scene, listed, commands);
    }
    let moving_height = moving_height(&moving, &state.browser, room);
    let room = room - if moving.is_empty() { 0.0 } else { moving_height + 6.0 };
    let panes = Panes::that_fit(ui.available_width(), room);
    title_ui(ui, scene, panes, are_several(&moving), state, commands);
    if room >= panes.height() {
        panes_ui(ui, scene, session, panes, room, &mut state.browser, commands);
        if !moving.is_empty() {
            let list = ScrollArea::vertical().id_salt("moving").max_height(moving_height).auto_shrink([false, true]);
            let list = list.show(ui, |ui| {
                for transfer in &moving {
                    moving_ui(ui, scene, transfer, state, commands);
                }
                if panes == Panes::One && are_several(&moving) {
                    cancel_all_ui(ui, scene, commands);
                }
            });
            let is_new = (list.content_size.y - state.browser.moving_height).abs() > 1.0;
            state.browser.moving_height = list.content_size.y;
            if is_new {
                ui.ctx().request_repaint();
            }
        }
        return;
    }
    // No room for everything: what is to be chosen, one of the folders, and below what moves.
    let (first, last): (Vec<_>, Vec<_>) = moving.iter().partition(|one| waits(one));
    ScrollArea::vertical().id_salt("files").auto_shrink(false).show(ui, |ui| {
        for transfer in first {
            moving_ui(ui, scene, transfer, state, commands);
        }
        panes_ui(ui, scene, session, panes, panes.height(), &mut state.browser, commands);
        for transfer in last {
            moving_ui(ui, scene, transfer, state, commands);
        }
        if panes == Panes::One && are_several(&moving) {
            cancel_all_ui(ui, scene, commands);
        }
    });
}

/// How the two folders stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Panes {
    Beside,
    Stacked,
    /// Only one is shown, chosen by two tabs.
    One,
}

impl Panes {
    fn that_fit(width: f32, height: f32) -> Self {
        match width >= BESIDE {
            true => Self::Beside,
            false if height >= Self::Stacked.height() => Self::Stacked,
            false => Self::One,
        }
    }

    /// What they need at least, in points.
    fn height(self) -> f32 {
        match self {
            Self::Beside | Self::One => PANE_HEIGHT,
            Self::Stacked => 2.0 * PANE_HEIGHT + GAP,
        }
    }
}

/// Height of what moves, in points: as much as it needs where there is something to choose, and less where it only
/// moves.
fn moving_height(moving: &[&TransferView], browser: &BrowserState, room: f32) -> f32 {
    let is_large = moving.iter().any(|one| waits(one));
    browser.moving_height.min(if is_large { room / 2.0 } else { MOVING_HEIGHT })
}

/// The transfer whose files are listed.
fn listed<'a>(moving: &[&'a TransferView], browser: &BrowserState) -> Option<&'a TransferView> {
    moving.iter().copied().find(|one| Some(one.id) == browser.listed && is_a_list(one))
}

fn is_a_list(transfer: &TransferView) -> bool {
    transfer.files > 1 && !transfer.items.is_empty()
}

/// What the tool is called, or whose folder is shown where there is room for one only.
fn title_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    panes: Panes,
    several: bool,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let tokens = theme::tokens(ui);
    let row = vec2(ui.available_width(), TITLE_HEIGHT - ui.spacing().item_spacing.y);
    ui.allocate_ui_with_layout(row, Layout::right_to_left(Align::Center), |ui| {
        if close_button(ui, &scene.i18n.text("console-close-panel"), tokens.ink_secondary).clicked() {
            state.under = None;
        }
        if several && panes != Panes::One {
            cancel_all_ui(ui, scene, commands);
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            if panes != Panes::One {
                return panel_title(ui, &scene.i18n.text("console-tool-files"));
            }
            for side in [Side::Local, Side::Remote] {
                let words = scene.i18n.text(side.whose());
                let tab = StripButton {
                    words: &words,
                    name: &words,
                    hover: &words,
                    on: side == state.browser.shown,
                    enabled: true,
                };
                if strip_button(ui, &tab) {
                    state.browser.shown = side;
                }
            }
        });
    });
}

fn panes_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    panes: Panes,
    room: f32,
    browser: &mut BrowserState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let whole = ui.available_width();
    let (width, height) = match panes {
        Panes::Beside => ((whole - GAP) / 2.0, room),
        Panes::Stacked => (whole, (room - GAP) / 2.0),
        Panes::One => (whole, room),
    };
    let layout = match panes {
        Panes::Beside => Layout::left_to_right(Align::TOP),
        Panes::Stacked | Panes::One => Layout::top_down(Align::LEFT),
    };
    if std::mem::take(&mut browser.just_opened) && (panes != Panes::One || browser.shown == Side::Local) {
        browser.local.take_keyboard();
    }
    // Where there are tabs they say whose it is.
    let heading = panes != Panes::One;
    ui.allocate_ui_with_layout(vec2(whole, room), layout, |ui| {
        ui.spacing_mut().item_spacing = vec2(GAP, GAP);
        for side in [Side::Local, Side::Remote] {
            if panes == Panes::One && side != browser.shown {
                continue;
            }
            ui.allocate_ui_with_layout(vec2(width, height), Layout::top_down(Align::LEFT), |ui| {
                ui.set_min_size(vec2(width, height));
                ui.set_max_height(height);
                ui.spacing_mut().item_spacing = vec2(6.0, 4.0);
                match side {
                    Side::Local => local_ui(ui, scene, session, browser, heading, commands),
                    Side::Remote => remote_ui(ui, scene, session, browser, heading, commands),
                }
            });
        }
    });
}

fn are_several(moving: &[&TransferView]) -> bool {
    moving.iter().filter(|one| !one.state.is_over()).count() > 1
}

fn cancel_all_ui(ui: &mut Ui, scene: &Scene<'_>, commands: &mut Vec<ConsoleCommand>) {
    if button(ui, &scene.i18n.text("console-transfer-cancel-all")).clicked() {
        commands.push(ConsoleCommand::CancelTransfers);
    }
}

fn is_shown(transfer: &TransferView) -> bool {
    !transfer.state.is_over() || transfer.failed_files > 0 || matches!(transfer.state, TransferState::Failed(_))
}

fn local_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    browser: &mut BrowserState,
    heading: bool,
    commands: &mut Vec<ConsoleCommand>,
) {
    let files = &session.files;
    let may = may_move(&scene.view.operator, session, Capability::SendFile);
    let picked = browser.local.ui(ui, scene, files.local.as_ref(), files.local_failure, may, heading);
    if let Some(path) = picked.open {
        commands.push(ConsoleCommand::ListLocal(places::typed_path(&path, places::home().as_deref())));
    }
    if picked.act
        && let Some(folder) = &files.local
    {
        let paths = browser.local.selected(folder).map(PathBuf::from).collect();
        let into = files.remote.as_ref().map(|remote| remote.path.clone()).unwrap_or_default();
        commands.push(ConsoleCommand::SendFiles { paths, into });
    }
}

fn remote_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    browser: &mut BrowserState,
    heading: bool,
    commands: &mut Vec<ConsoleCommand>,
) {
    let files = &session.files;
    if files.browse != PowerState::Granted {
        return asking_ui(ui, scene, session, heading, commands);
    }
    let may = may_move(&scene.view.operator, session, Capability::FetchFile);
    let picked = browser.remote.ui(ui, scene, files.remote.as_ref(), files.remote_failure, may, heading);
    if let Some(path) = picked.open {
        commands.push(ConsoleCommand::Browse { path });
    }
    if picked.act
        && let Some(folder) = &files.remote
    {
        let paths = browser.remote.selected(folder).collect();
        let local = files.local.as_ref().map(|local| PathBuf::from(&local.path));
        commands.push(ConsoleCommand::FetchFiles { paths, into: local.unwrap_or_else(places::downloads) });
    }
}

/// Before the person allows it.
fn asking_ui(ui: &mut Ui, scene: &Scene<'_>, session: &SessionView, heading: bool, commands: &mut Vec<ConsoleCommand>) {
    let i18n = scene.i18n;
    if heading {
        // As high as the other one's row.
        let row = vec2(ui.available_width(), super::pane::HEADING_HEIGHT);
        ui.allocate_ui_with_layout(row, Layout::left_to_right(Align::Center), |ui| {
            super::pane::heading_ui(ui, scene, Side::Remote);
        });
    }
    let standing = session.files.browse;
    let id = if standing == PowerState::Asked { "console-files-asked" } else { "console-files-ask-text" };
    small(ui, &i18n.text(id));
    if !matches!(standing, PowerState::Asked | PowerState::Off) {
        tag(ui, TagKind::Warn, &i18n.text(words::power_state(standing)));
    }
    let may = may_move(&scene.view.operator, session, Capability::FetchFile) && standing != PowerState::Asked;
    let is_seen = session.state_of(Capability::View) == PowerState::Granted;
    if may && is_seen && primary_button(ui, &i18n.text("console-files-ask")).clicked() {
        commands.push(ConsoleCommand::Browse { path: String::new() });
    }
}

/// One transfer with what can be done about it.
fn moving_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    transfer: &TransferView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let (i18n, id) = (scene.i18n, transfer.id);
    let named = |message: &str| i18n.text_with(message, &[("name", (&transfer.name).into())]);
    ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
        if !transfer.state.is_over() {
            let cancel = button(ui, &i18n.text("console-cancel-key"));
            if cancel.accessible_name(named("console-transfer-cancel-name")).clicked() {
                commands.push(ConsoleCommand::CancelTransfer(id));
            }
            let (word, message) = if transfer.is_held {
                ("console-transfer-resume", "console-transfer-resume-name")
            } else {
                ("console-transfer-pause", "console-transfer-pause-name")
            };
            let hold = ui.add_enabled_ui(transfer.may_hold(), |ui| button(ui, &i18n.text(word))).inner;
            if hold.accessible_name(named(message)).clicked() {
                commands.push(ConsoleCommand::HoldTransfer(id, !transfer.is_held));
            }
        }
        ui.with_layout(Layout::top_down(Align::LEFT), |ui| transfer_ui(ui, i18n, transfer, &state.rates));
    });
    if is_a_list(transfer) {
        let is_listed = state.browser.listed == Some(id);
        let word = if is_listed { "console-transfer-items-hide" } else { "console-transfer-items" };
        let list = button(ui, &i18n.text(word));
        if list.accessible_name(named(&format!("{word}-name"))).clicked() {
            state.browser.listed = (!is_listed).then_some(id);
        }
    }
    choice_ui(ui, i18n, transfer, commands);
    // In the list each file says it.
    let is_told = is_a_list(transfer) && state.browser.listed == Some(id);
    for (name, failure) in transfer.failures.iter().filter(|_| !is_told) {
        let why = i18n.text(words::transfer_failure(*failure));
        tiny(ui, &i18n.text_with("console-files-left", &[("name", name.into()), ("why", why.into())]));
    }
}

/// Every file of a transfer with where it stands; each that has not arrived can be cancelled alone.
fn items_ui(ui: &mut Ui, scene: &Scene<'_>, transfer: &TransferView, commands: &mut Vec<ConsoleCommand>) {
    let i18n = scene.i18n;
    let files: Vec<usize> = (0..transfer.items.len()).filter(|at| transfer.items[*at].is_file).collect();
    let list = ScrollArea::vertical().id_salt(("items", transfer.id)).auto_shrink(false);
    list.show_rows(ui, ITEM_ROW, files.len(), |ui, rows| {
        for at in rows.filter_map(|row| files.get(row).copied()) {
            let (Some(item), Ok(index)) = (transfer.items.get(at), u32::try_from(at)) else { continue };
            let failed = transfer.failed_items.iter().position(|failed| *failed == index);
            let has_passed = transfer.at.is_some_and(|moving| index < moving);
            ui.allocate_ui_with_layout(
                vec2(ui.available_width(), ITEM_ROW),
                Layout::right_to_left(Align::Center),
                |ui| {
                    if failed.is_none() && !has_passed {
                        let cancel = button(ui, &i18n.text("console-cancel-key"));
                        let name = i18n.text_with("console-transfer-cancel-name", &[("name", (&item.name).into())]);
                        if cancel.accessible_name(name).clicked() {
                            commands.push(ConsoleCommand::CancelItem(transfer.id, index));
                        }
                    }
                    let state = match failed.and_then(|at| transfer.failures.get(at)) {
                        Some((_, failure)) => i18n.text(words::transfer_failure(*failure)),
                        None if transfer.at == Some(index) => i18n.text("console-transfer-item-moving"),
                        None if has_passed => i18n.text("console-transfer-item-done"),
                        None => i18n.bytes(item.size_bytes),
                    };
                    tiny(ui, &state);
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        ui.add(Label::new(RichText::new(&item.name).size(theme::tokens(ui).small_size)).truncate());
                    });
                },
            );
        }
    });
}
