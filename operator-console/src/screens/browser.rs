//! The part under the remote screen with two folders: the operator's beside the client's, and what moves between them.

use super::pane::{Pane, Side};
use super::parts::{STRIP_BUTTON, StripButton, close_button, panel_title, strip_button, under_screen};
use super::session::may_move;
use super::side::Powers;
use super::transfers::transfer_ui;
use super::{Scene, ScreenState, Under};
use crate::places;
use crate::words;
use console_core::proto::session::{Capability, TransferId};
use console_core::view::{Conflict, ConsoleCommand, PowerState, SessionView, TransferState, TransferView};
use egui::{Align, Label, Layout, Margin, RichText, ScrollArea, Ui, Vec2, vec2};
use std::path::PathBuf;
use ui_kit::{TagKind, button, primary_button, small, tag, theme, tiny};

/// Where the stage is at least so high, in points, the remote screen stays in sight above.
const ROOM_FOR_BOTH: f32 = 620.0;
/// Which part of the stage's height the folders have then.
const SHARE: f32 = 0.66;
/// Most of what moves, in points, where nothing of it waits for the operator and no files of it are listed.
const MOVING_HEIGHT: f32 = 150.0;
/// Height of one row of such a list, in points, and how many are in sight.
const ITEM_ROW: f32 = 28.0;
const ITEM_ROWS: f32 = 5.0;
/// Where there is less width, in points, the two folders stand one above the other.
const BESIDE: f32 = 460.0;
/// Where each would be lower than this then, in points, one is shown at a time.
const LEAST_PANE: f32 = 190.0;
/// Room between the folders, in points.
const GAP: f32 = 12.0;

/// What is shown where there is room for one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Local,
    Remote,
    Moving,
}

/// What the two folders remember between frames.
#[derive(Debug)]
pub struct BrowserState {
    /// Of which transfer the files are listed one by one.
    pub listed: Option<TransferId>,
    local: Pane,
    remote: Pane,
    part: Part,
    /// Which transfer waited last for the operator to choose.
    waited: Option<TransferId>,
    /// How high what moves was when it was drawn last, in points.
    moving_height: f32,
}

impl Default for BrowserState {
    fn default() -> Self {
        let (local, remote) = (Pane::new(Side::Local), Pane::new(Side::Remote));
        Self { listed: None, local, remote, part: Part::Local, waited: None, moving_height: MOVING_HEIGHT }
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
    if session.files.local.is_none() {
        commands.push(ConsoleCommand::ListLocal(places::home().unwrap_or_else(places::downloads)));
    }
    let is_off = session.files.browse == PowerState::Off;
    if is_off && may_move(&scene.view.operator, session, Capability::FetchFile) {
        commands.push(ConsoleCommand::Browse { path: String::new() });
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
    // What waits for the operator comes first, then the newest.
    let mut moving: Vec<&TransferView> = session.transfers.iter().rev().filter(|one| is_shown(one)).collect();
    moving.sort_by_key(|one| !waits(one));
    head_ui(ui, scene, &moving, state, commands);
    let waiting = moving.first().filter(|one| waits(one)).map(|one| one.id);
    let is_long = waiting.is_some() || moving.iter().any(|one| is_listed(one, &state.browser));
    let most = if is_long { ui.available_height() * 0.5 } else { MOVING_HEIGHT };
    let moving_height = if moving.is_empty() { 0.0 } else { state.browser.moving_height.min(most) + 6.0 };
    let room = ui.available_height() - moving_height;
    let is_beside = ui.available_width() >= BESIDE;
    if !is_beside && (room - GAP) / 2.0 < LEAST_PANE {
        let asks_anew = waiting.is_some() && waiting != state.browser.waited;
        state.browser.waited = waiting;
        if asks_anew {
            state.browser.part = Part::Moving;
        }
        parts_ui(ui, scene, &moving, &mut state.browser);
        let size = ui.available_size();
        match state.browser.part {
            Part::Local => pane_ui(ui, Side::Local, size, scene, session, state, commands),
            Part::Remote => pane_ui(ui, Side::Remote, size, scene, session, state, commands),
            Part::Moving => list_ui(ui, size.y, scene, &moving, state, commands),
        }
        return;
    }
    let (width, height) = if is_beside {
        ((ui.available_width() - GAP) / 2.0, room.max(80.0))
    } else {
        (ui.available_width(), (room - GAP) / 2.0)
    };
    let layout = if is_beside { Layout::left_to_right(Align::TOP) } else { Layout::top_down(Align::LEFT) };
    ui.allocate_ui_with_layout(vec2(ui.available_width(), room), layout, |ui| {
        ui.spacing_mut().item_spacing = vec2(GAP, GAP);
        for side in [Side::Local, Side::Remote] {
            pane_ui(ui, side, vec2(width, height), scene, session, state, commands);
        }
    });
    if !moving.is_empty() {
        list_ui(ui, most, scene, &moving, state, commands);
    }
}

/// What it is, what is done with all that moves, and the way out.
fn head_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    moving: &[&TransferView],
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let tokens = theme::tokens(ui);
    ui.allocate_ui_with_layout(vec2(ui.available_width(), 28.0), Layout::right_to_left(Align::Center), |ui| {
        if close_button(ui, &scene.i18n.text("console-close-panel"), tokens.ink_secondary).clicked() {
            state.under = None;
        }
        let is_more_than_one = moving.iter().filter(|one| !one.state.is_over()).count() > 1;
        let all = scene.i18n.text("console-transfer-cancel-all");
        let button = StripButton { words: &all, name: &all, hover: &all, on: false, enabled: true };
        if is_more_than_one && strip_button(ui, &button) {
            commands.push(ConsoleCommand::CancelTransfers);
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            panel_title(ui, &scene.i18n.text("console-tool-files"));
        });
    });
}

/// Which of the parts is shown, where there is room for one.
fn parts_ui(ui: &mut Ui, scene: &Scene<'_>, moving: &[&TransferView], browser: &mut BrowserState) {
    if moving.is_empty() && browser.part == Part::Moving {
        browser.part = Part::Local;
    }
    let moves = scene.i18n.text_with("console-files-moving", &[("count", moving.len().into())]);
    let parts = [
        (Part::Local, scene.i18n.text("console-files-local")),
        (Part::Remote, scene.i18n.text("console-files-remote")),
        (Part::Moving, moves),
    ];
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = STRIP_BUTTON;
        ui.horizontal_wrapped(|ui| {
            for (part, words) in parts {
                let name = scene.i18n.text_with("console-files-show", &[("what", (&words).into())]);
                let on = part == browser.part;
                let button = StripButton { words: &words, name: &name, hover: &name, on, enabled: true };
                if (part != Part::Moving || !moving.is_empty()) && strip_button(ui, &button) {
                    browser.part = part;
                }
            }
        });
    });
}

fn pane_ui(
    ui: &mut Ui,
    side: Side,
    size: Vec2,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    ui.allocate_ui_with_layout(size, Layout::top_down(Align::LEFT), |ui| {
        ui.set_min_size(size);
        ui.spacing_mut().item_spacing = vec2(6.0, 4.0);
        match side {
            Side::Local => local_ui(ui, scene, session, &mut state.browser, commands),
            Side::Remote => remote_ui(ui, scene, session, &mut state.browser, commands),
        }
    });
}

/// What moves, as high as it is, but at most so many points.
fn list_ui(
    ui: &mut Ui,
    most: f32,
    scene: &Scene<'_>,
    moving: &[&TransferView],
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let list = ScrollArea::vertical().id_salt("moving").max_height(most).auto_shrink([false, true]);
    let drawn = list.show(ui, |ui| {
        for transfer in moving {
            moving_ui(ui, scene, transfer, state, commands);
        }
    });
    let height = drawn.content_size.y;
    if (height - state.browser.moving_height).abs() > 0.5 {
        state.browser.moving_height = height;
        ui.ctx().request_repaint();
    }
}

/// Whether the operator is to choose what becomes of files that are there already.
fn waits(transfer: &TransferView) -> bool {
    matches!(transfer.state, TransferState::Conflicts(_))
}

fn is_listed(transfer: &TransferView, browser: &BrowserState) -> bool {
    browser.listed == Some(transfer.id) && !transfer.items.is_empty()
}

fn is_shown(transfer: &TransferView) -> bool {
    !transfer.state.is_over() || transfer.failed_files > 0 || matches!(transfer.state, TransferState::Failed(_))
}

fn local_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    browser: &mut BrowserState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let files = &session.files;
    let may = may_move(&scene.view.operator, session, Capability::SendFile);
    let picked = browser.local.ui(ui, scene, files.local.as_ref(), files.local_failure, may);
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
    commands: &mut Vec<ConsoleCommand>,
) {
    let files = &session.files;
    if files.browse != PowerState::Granted {
        return asking_ui(ui, scene, session, commands);
    }
    let may = may_move(&scene.view.operator, session, Capability::FetchFile);
    let picked = browser.remote.ui(ui, scene, files.remote.as_ref(), files.remote_failure, may);
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
fn asking_ui(ui: &mut Ui, scene: &Scene<'_>, session: &SessionView, commands: &mut Vec<ConsoleCommand>) {
    let i18n = scene.i18n;
    super::pane::heading_ui(ui, scene, Side::Remote);
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
    ui.horizontal(|ui| {
        let buttons = if transfer.state.is_over() { 0.0 } else { 210.0 };
        let width = (ui.available_width() - buttons).max(120.0);
        ui.allocate_ui_with_layout(vec2(width, 40.0), Layout::top_down(Align::LEFT), |ui| {
            ui.set_width(width);
            transfer_ui(ui, i18n, transfer, &state.rates);
        });
        if transfer.state.is_over() {
            return;
        }
        let (word, message) = if transfer.is_held {
            ("console-transfer-resume", "console-transfer-resume-name")
        } else {
            ("console-transfer-pause", "console-transfer-pause-name")
        };
        let may_hold = matches!(transfer.state, TransferState::Running | TransferState::Queued) && transfer.files > 0;
        let hold = ui.add_enabled_ui(may_hold, |ui| button(ui, &i18n.text(word))).inner;
        if hold.accessible_name(named(message)).clicked() {
            commands.push(ConsoleCommand::HoldTransfer(id, !transfer.is_held));
        }
        let cancel = button(ui, &i18n.text("console-cancel-key"));
        if cancel.accessible_name(named("console-transfer-cancel-name")).clicked() {
            commands.push(ConsoleCommand::CancelTransfer(id));
        }
    });
    if transfer.files > 1 && !transfer.items.is_empty() {
        let is_listed = state.browser.listed == Some(id);
        let word = if is_listed { "console-transfer-items-hide" } else { "console-transfer-items" };
        let list = button(ui, &i18n.text(word));
        if list.accessible_name(named(&format!("{word}-name"))).clicked() {
            state.browser.listed = (!is_listed).then_some(id);
        }
        if is_listed {
            items_ui(ui, scene, transfer, commands);
        }
    }
    if let TransferState::Conflicts(count) = transfer.state {
        tiny(ui, &i18n.text_with("console-files-conflict", &[("count", count.into())]));
        tiny(ui, &transfer.conflicts.join(", "));
        ui.horizontal_wrapped(|ui| {
            for (conflict, word) in [
                (Conflict::KeepBoth, "console-files-keep"),
                (Conflict::Replace, "console-files-replace"),
                (Conflict::Skip, "console-files-skip"),
            ] {
                if button(ui, &i18n.text(word)).clicked() {
                    commands.push(ConsoleCommand::Resolve(id, conflict));
                }
            }
        });
    }
    for (name, failure) in transfer.failures.iter() {
        let why = i18n.text(words::transfer_failure(*failure));
        tiny(ui, &i18n.text_with("console-files-left", &[("name", name.into()), ("why", why.into())]));
    }
}

/// Every file of a transfer with where it stands; each that has not arrived can be cancelled alone.
fn items_ui(ui: &mut Ui, scene: &Scene<'_>, transfer: &TransferView, commands: &mut Vec<ConsoleCommand>) {
    let i18n = scene.i18n;
    let files: Vec<usize> = (0..transfer.items.len()).filter(|at| transfer.items[*at].is_file).collect();
    let list = ScrollArea::vertical().id_salt(("items", transfer.id)).max_height(ITEM_ROW * ITEM_ROWS);
    list.auto_shrink([false, true]).show_rows(ui, ITEM_ROW, files.len(), |ui, rows| {
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
