//! One folder in a list: sorted, chosen from by mouse or keyboard, opened by Enter.

use super::Scene;
use super::parts::{AtMost, focus_ring};
use super::seek::Seek;
use crate::words;
use console_core::proto::files::{EntryKind, FolderEntry};
use console_core::proto::session::TransferFailure;
use console_core::view::FolderView;
use egui::{
    Align, Event, EventFilter, Frame, Key, Label, Layout, Margin, Modifiers, Rect, RichText, Role, ScrollArea, Sense,
    Ui,
};
use egui::{WidgetInfo, pos2, vec2};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use ui_kit::fonts::Weight;
use ui_kit::{TagKind, primary_button, tag, theme, tiny};

/// Height of a row, in points.
const ROW: f32 = 26.0;
/// Room at both sides of a cell, in points: what shows where the keyboard is stands beside the words, not over them.
const CELL_MARGIN: f32 = 8.0;
/// Height of the row that says whose folder it is, in points.
pub(super) const HEADING_HEIGHT: f32 = 34.0;
/// Width of sizes and of dates, in points.
const SIZE_WIDTH: f32 = 78.0;
const DATE_WIDTH: f32 = 116.0;
/// Where the list is narrower, in points, it has no dates.
const ROOM_FOR_DATES: f32 = 360.0;

/// Whose folder it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Side {
    /// This machine's.
    Local,
    /// The client's.
    Remote,
}

/// By what it is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Name,
    Size,
    Changed,
}

/// What a list remembers between frames.
#[derive(Debug)]
pub(super) struct Pane {
    side: Side,
    typed: String,
    /// Whether the keyboard is in that field.
    is_typing: bool,
    folder: Option<Arc<FolderView>>,
    sort: (Column, bool),
    /// The rows in the order in which they are shown.
    order: Vec<usize>,
    /// What is chosen, as numbers of rows of the folder.
    selected: BTreeSet<usize>,
    /// Places in the order: where the keyboard is, and where a choice of several began.
    cursor: usize,
    anchor: usize,
    scroll: bool,
    /// Whether the keyboard goes into the list as soon as it is there.
    wants_keyboard: bool,
    seek: Seek,
}

impl Side {
    /// Whose computer it is, in words.
    pub(super) fn whose(self) -> &'static str {
        match self {
            Self::Local => "console-files-local",
            Self::Remote => "console-files-remote",
        }
    }
}

/// What the operator wants of it.
#[derive(Debug, Default)]
pub(super) struct Picked {
    /// Another folder.
    pub(super) open: Option<String>,
    /// To move what is chosen.
    pub(super) act: bool,
}

/// Whose folder it is, as a heading.
pub(super) fn heading_ui(ui: &mut Ui, scene: &Scene<'_>, side: Side) {
    let tokens = theme::tokens(ui);
    let words =
        RichText::new(scene.i18n.text(side.whose())).font(Weight::SemiBold.at(tokens.small_size)).color(tokens.ink);
    ui.add(Label::new(words).truncate());
}

impl Pane {
    pub(super) fn new(side: Side) -> Self {
        Self {
            side,
            typed: String::new(),
            is_typing: false,
            folder: None,
            sort: (Column::Name, false),
            order: Vec::new(),
            selected: BTreeSet::new(),
            cursor: 0,
            anchor: 0,
            scroll: false,
            wants_keyboard: false,
            seek: Seek::default(),
        }
    }

    /// Brings the keyboard into the list.
    pub(super) fn take_keyboard(&mut self) {
        self.wants_keyboard = true;
    }

    /// The paths of what is chosen.
    pub(super) fn selected<'a>(&'a self, folder: &'a FolderView) -> impl Iterator<Item = String> + 'a {
        let rows = self.selected.iter().filter_map(|row| folder.entries.get(*row));
        rows.map(|entry| folder.path_of(entry.name.as_str()))
    }

    fn take(&mut self, folder: Option<&Arc<FolderView>>) {
        let is_same = match (&self.folder, folder) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        };
        if is_same {
            return;
        }
        let before = self.folder.take().zip(folder).filter(|(before, now)| before.path == now.path);
        self.folder = folder.map(Arc::clone);
        let Some((before, now)) = before else {
            self.typed = folder.map(|folder| folder.path.clone()).unwrap_or_default();
            (self.cursor, self.anchor) = (0, 0);
            self.selected.clear();
            return self.put_in_order();
        };
        // The same folder anew: what is chosen or being typed there stays so, whichever rows it has now.
        if !self.is_typing {
            self.typed.clone_from(&now.path);
        }
        let name = |row: usize| before.entries.get(row).map(|entry| entry.name.as_str());
        let name_at = |place: usize| self.order.get(place).and_then(|row| name(*row));
        let chosen: BTreeSet<&str> = self.selected.iter().filter_map(|row| name(*row)).collect();
        let (cursor, anchor) = (name_at(self.cursor), name_at(self.anchor));
        let rows = now.entries.iter().zip(0..);
        self.selected = rows.filter(|(entry, _)| chosen.contains(entry.name.as_str())).map(|(_, row)| row).collect();
        self.put_in_order();
        let last = self.order.len().saturating_sub(1);
        let place = |wanted: Option<&str>, was: usize| {
            let is_wanted = |row: &usize| now.entries.get(*row).map(|entry| entry.name.as_str()) == wanted;
            wanted.and_then(|_| self.order.iter().position(is_wanted)).unwrap_or(was.min(last))
        };
        (self.cursor, self.anchor) = (place(cursor, self.cursor), place(anchor, self.anchor));
    }

    fn put_in_order(&mut self) {
        let Some(folder) = &self.folder else {
            self.order.clear();
            return;
        };
        let (column, descending) = self.sort;
        let mut order: Vec<usize> = (0..folder.entries.len()).collect();
        let entry = |row: &usize| folder.entries.get(*row);
        match column {
            // As it came: folders first, then by name.
            Column::Name => {}
            Column::Size => order.sort_by_key(|row| entry(row).map(|entry| entry.size_bytes)),
            Column::Changed => order.sort_by_key(|row| entry(row).map(|entry| entry.modified_s)),
        }
        if descending {
            order.reverse();
        }
        self.order = order;
    }

    /// Draws it; `may` says whether what is chosen can be moved now, `heading` whether it says whose folder it is.
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        folder: Option<&Arc<FolderView>>,
        failure: Option<TransferFailure>,
        may: bool,
        heading: bool,
    ) -> Picked {
        self.take(folder);
        let mut picked = Picked::default();
        let i18n = scene.i18n;
        ui.allocate_ui_with_layout(
            vec2(ui.available_width(), HEADING_HEIGHT),
            Layout::right_to_left(Align::Center),
            |ui| {
                let id = match self.side {
                    Side::Local => "console-files-send",
                    Side::Remote => "console-files-fetch",
                };
                let can = may && !self.selected.is_empty();
                let act = ui.add_enabled_ui(can, |ui| primary_button(ui, &i18n.text(id))).inner;
                picked.act |= act.accessible_name(i18n.text(&format!("{id}-name"))).clicked();
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    if heading {
                        heading_ui(ui, scene, self.side);
                    }
                    if !self.selected.is_empty() {
                        tiny(ui, &i18n.text_with("console-files-selected", &[("count", self.selected.len().into())]));
                    }
                });
            },
        );
        self.path_ui(ui, scene, &mut picked);
        if let Some(failure) = failure {
            tag(ui, TagKind::Warn, &i18n.text(words::folder_failure(failure)));
        }
        let Some(folder) = self.folder.clone() else {
            tiny(ui, &i18n.text("console-files-loading"));
            return picked;
        };
        let has_dates = ui.available_width() >= ROOM_FOR_DATES;
        self.heads_ui(ui, scene, has_dates);
        if folder.left_out > 0 {
            tiny(ui, &i18n.text_with("console-files-left-out", &[("count", folder.left_out.into())]));
        }
        self.list_ui(ui, scene, &folder, has_dates, may, &mut picked);
        picked
    }

    /// Where the folder is, to be typed over, and the way up.
    fn path_ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, picked: &mut Picked) {
        let (i18n, tokens) = (scene.i18n, theme::tokens(ui));
        let whose = i18n.text(self.side.whose());
        ui.horizontal(|ui| {
            ui.spacing_mut().button_padding = vec2(8.0, 3.0);
            ui.spacing_mut().interact_size.y = 28.0;
            let parent = self.folder.as_ref().and_then(|folder| folder.parent.clone());
            let up = RichText::new("↑").font(Weight::SemiBold.at(tokens.small_size)).color(tokens.ink);
            let up = ui.add_enabled(parent.is_some(), egui::Button::new(up).fill(tokens.surface));
            focus_ring(ui, &up, up.rect);
            let spoken = i18n.text_with("console-files-up", &[("whose", (&whose).into())]);
            if up.on_hover_text(&spoken).accessible_name(spoken).clicked() {
                picked.open = parent;
            }
            let frame = Frame::new()
                .fill(tokens.surface)
                .stroke(egui::Stroke::new(1.0, tokens.edge))
                .corner_radius(tokens.radius)
                .inner_margin(Margin::symmetric(8, 4));
            let bytes = console_core::proto::limits::PATH_BYTES;
            let mut text = AtMost { text: &mut self.typed, bytes };
            let field = egui::TextEdit::singleline(&mut text)
                .id(ui.scope_id().with(("files path", self.side)))
                .font(Weight::Regular.at(tokens.small_size))
                .text_color(tokens.ink)
                .desired_width(ui.available_width())
                .frame(frame);
            let field = ui.add(field);
            focus_ring(ui, &field, field.rect);
            self.is_typing = field.has_focus();
            if super::parts::is_entered(ui, &field) {
                picked.open = Some(self.typed.trim().to_owned());
            }
            field.accessible_name(i18n.text_with("console-files-path", &[("whose", (&whose).into())]));
        });
    }

    fn heads_ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, has_dates: bool) {
        let tokens = theme::tokens(ui);
        let dates = if has_dates { DATE_WIDTH } else { 0.0 };
        // The bar beside the rows comes and goes; the columns stay where they are.
        let bar = ui.spacing().scroll.allocated_width();
        let name_width = (ui.available_width() - bar - SIZE_WIDTH - dates - 12.0).max(40.0);
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            ui.spacing_mut().button_padding = vec2(CELL_MARGIN, 1.0);
            ui.spacing_mut().interact_size.y = 22.0;
            for (column, id, width) in [
                (Column::Name, "console-files-name", name_width),
                (Column::Size, "console-files-size", SIZE_WIDTH),
                (Column::Changed, "console-files-changed", dates),
            ] {
                if width == 0.0 {
                    continue;
                }
                let sorted = (self.sort.0 == column).then_some(self.sort.1);
                let arrow = sorted.map_or("", |descending| if descending { " ↓" } else { " ↑" });
                let name = scene.i18n.text(id);
                let ink = if sorted.is_some() { tokens.accent } else { tokens.ink_secondary };
                let words = RichText::new(format!("{name}{arrow}")).font(Weight::SemiBold.at(13.0)).color(ink);
                let (rect, _) = ui.allocate_exact_size(vec2(width, 22.0), Sense::hover());
                // Over what it stands above: names begin at the left, numbers end at the right.
                let layout = match column {
                    Column::Name => Layout::left_to_right(Align::Center),
                    Column::Size | Column::Changed => Layout::right_to_left(Align::Center),
                };
                let mut cell = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(layout));
                let spoken = match sorted {
                    Some(true) => "console-machine-sort-descending",
                    Some(false) => "console-machine-sort-ascending",
                    None => "console-machine-sort",
                };
                let spoken = scene.i18n.text_with(spoken, &[("column", (&name).into())]);
                let head = cell.add(egui::Button::new(words).frame(false).truncate()).accessible_name(spoken);
                focus_ring(&cell, &head, head.rect);
                if head.clicked() {
                    self.sort = (column, sorted.map_or(column != Column::Name, |descending| !descending));
                    self.put_in_order();
                }
            }
        });
    }

    fn list_ui(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        folder: &Arc<FolderView>,
        has_dates: bool,
        may: bool,
        picked: &mut Picked,
    ) {
        let tokens = theme::tokens(ui);
        let area = ui.available_rect_before_wrap();
        let id = ui.scope_id().with(("files list", self.side));
        let list = ui.interact(area, id, Sense::click());
        if std::mem::take(&mut self.wants_keyboard) {
            list.request_focus();
        }
        if list.has_focus() {
            let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
            self.keys(ui, folder, may, picked);
        }
        let name = scene.i18n.text(match self.side {
            Side::Local => "console-files-list-local",
            Side::Remote => "console-files-list-remote",
        });
        let here = self.order.get(self.cursor).and_then(|row| folder.entries.get(*row));
        let spoken = here.map_or_else(|| name.clone(), |entry| format!("{name}: {}", entry.name.shown()));
        list.widget_info(|| WidgetInfo::labeled(Role::ListBox, true, &spoken));
        ui.painter().rect_filled(area, tokens.radius, tokens.surface);
        if self.order.is_empty() {
            tiny(ui, &scene.i18n.text("console-files-empty"));
        }
        let mut clicked = None;
        let mut rows = ScrollArea::vertical().id_salt(("rows", self.side)).auto_shrink(false);
        if std::mem::take(&mut self.scroll) {
            let offset = (self.cursor as f32 + 0.5) * ROW - area.height() / 2.0;
            rows = rows.vertical_scroll_offset(offset.max(0.0));
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        let right = area.right() - ui.spacing().scroll.allocated_width();
        rows.show_rows(ui, ROW, self.order.len(), |ui, shown| {
            for place in shown {
                let Some((row, entry)) = self.order.get(place).and_then(|row| Some((*row, folder.entries.get(*row)?)))
                else {
                    continue;
                };
                let is_here = list.has_focus() && place == self.cursor;
                if let Some(act) = row_ui(
                    ui,
                    scene,
                    entry,
                    self.selected.contains(&row),
                    is_here,
                    has_dates.then_some(DATE_WIDTH),
                    right,
                ) {
                    clicked = Some((place, act));
                }
            }
        });
        focus_ring(ui, &list, area);
        if let Some((place, act)) = clicked {
            list.request_focus();
            match act {
                RowAct::Open => picked.open = self.folder_at(folder, place),
                RowAct::Choose(modifiers) => self.choose(place, modifiers),
            }
        }
    }

    fn folder_at(&self, folder: &FolderView, place: usize) -> Option<String> {
        let entry = folder.entries.get(*self.order.get(place)?)?;
        (entry.kind == EntryKind::Folder).then(|| folder.path_of(entry.name.as_str()))
    }

    /// One row, or with Ctrl one more, or with Shift all from where the choice began.
    fn choose(&mut self, place: usize, modifiers: Modifiers) {
        let Some(row) = self.order.get(place).copied() else { return };
        self.cursor = place;
        if modifiers.shift {
            let (first, last) = (self.anchor.min(place), self.anchor.max(place));
            self.selected = self.order.get(first..=last).unwrap_or_default().iter().copied().collect();
            return;
        }
        self.anchor = place;
        if !modifiers.command {
            self.selected = BTreeSet::from([row]);
        } else if !self.selected.remove(&row) {
            self.selected.insert(row);
        }
    }

    /// All keys in the order in which they were pressed: on a slow machine several come at once.
    fn keys(&mut self, ui: &Ui, folder: &FolderView, may: bool, picked: &mut Picked) {
        let (events, now_s) = ui.input(|input| (input.events.clone(), input.time));
        for event in events {
            match event {
                Event::Key { key, pressed: true, modifiers, .. } => self.key(key, modifiers, folder, may, picked),
                // The space bar has its own meaning.
                Event::Text(letters) if !letters.trim().is_empty() => self.seek(&letters, now_s, folder),
                _ => {}
            }
        }
    }

    /// Goes to the row whose name begins with what is typed.
    fn seek(&mut self, letters: &str, now_s: f64, folder: &FolderView) {
        let name = |row: &usize| folder.entries.get(*row).map_or("", |entry| entry.name.as_str());
        if let Some(place) = self.seek.to(letters, now_s, self.cursor, self.order.iter().map(name)) {
            self.choose(place, Modifiers::NONE);
            self.scroll = true;
        }
    }

    fn key(&mut self, key: Key, modifiers: Modifiers, folder: &FolderView, may: bool, picked: &mut Picked) {
        let last = self.order.len().saturating_sub(1);
        let page = 10;
        let to = match key {
            Key::ArrowDown => self.cursor.saturating_add(1),
            Key::ArrowUp => self.cursor.saturating_sub(1),
            Key::PageDown => self.cursor.saturating_add(page),
            Key::PageUp => self.cursor.saturating_sub(page),
            Key::Home => 0,
            Key::End => last,
            Key::Space => return self.choose(self.cursor, Modifiers::COMMAND),
            Key::A if modifiers.command => {
                self.selected = self.order.iter().copied().collect();
                return;
            }
            Key::Enter if modifiers.command => {
                picked.act = may && !self.selected.is_empty();
                return;
            }
            Key::Enter => {
                picked.open = self.folder_at(folder, self.cursor);
                return;
            }
            Key::Backspace => {
                picked.open.clone_from(&folder.parent);
                return;
            }
            _ => return,
        };
        self.scroll = true;
        if modifiers.command && !modifiers.shift {
            // On the way to one more: what is chosen stays.
            self.cursor = to.min(last);
        } else {
            self.choose(to.min(last), Modifiers { shift: modifiers.shift, ..Modifiers::NONE });
        }
    }
}

/// What was done with a row.
enum RowAct {
    Open,
    Choose(Modifiers),
}

fn row_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    entry: &FolderEntry,
    is_chosen: bool,
    is_here: bool,
    dates: Option<f32>,
    right: f32,
) -> Option<RowAct> {
    let (i18n, tokens) = (scene.i18n, theme::tokens(ui));
    // The keyboard is in the list, not in its rows.
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::CLICK);
    if is_chosen || response.hovered() {
        let fill = if is_chosen { tokens.accent_soft } else { tokens.sunken };
        ui.painter().rect_filled(rect, 0.0, fill);
    }
    if is_here {
        let edge = egui::Stroke::new(1.0, tokens.accent);
        ui.painter().rect_stroke(rect.shrink(0.5), 2.0, edge, egui::StrokeKind::Inside);
    }
    let name_end = (right - SIZE_WIDTH - dates.unwrap_or_default() - 12.0).max(rect.left() + 40.0);
    let ink = match entry.kind {
        EntryKind::Folder => tokens.accent,
        EntryKind::File => tokens.ink,
        EntryKind::Link | EntryKind::Other => tokens.ink_secondary,
    };
    let name = entry.name.shown();
    let (shown, spoken_kind) = match entry.kind {
        EntryKind::Folder => (format!("{name}/"), Some("console-files-kind-folder")),
        EntryKind::File => (name.clone(), None),
        EntryKind::Link => (format!("{name} →"), Some("console-files-kind-link")),
        EntryKind::Other => (name.clone(), Some("console-files-kind-other")),
    };
    let size = if entry.kind == EntryKind::File { i18n.bytes(entry.size_bytes) } else { String::new() };
    let changed = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(entry.modified_s));
    let changed = changed.filter(|_| entry.modified_s > 0).map(|at| i18n.day_and_time(at)).unwrap_or_default();
    let mut cell = |from: f32, to: f32, text: &str, ink: egui::Color32, layout: Layout| {
        let place = Rect::from_min_max(pos2(from + CELL_MARGIN, rect.top()), pos2(to - CELL_MARGIN, rect.bottom()));
        let builder = egui::UiBuilder::new().max_rect(place).layout(layout);
        let words = RichText::new(text).font(Weight::Regular.at(13.0)).color(ink);
        ui.new_child(builder).add(Label::new(words).truncate().selectable(false));
    };
    let (words, numbers) = (Layout::left_to_right(Align::Center), Layout::right_to_left(Align::Center));
    cell(rect.left(), name_end, &shown, ink, words);
    cell(name_end, name_end + SIZE_WIDTH, &size, tokens.ink_secondary, numbers);
    if dates.is_some() {
        cell(name_end + SIZE_WIDTH, right, &changed, tokens.ink_secondary, numbers);
    }
    let kind = spoken_kind.map_or(size, |id| i18n.text(id));
    let spoken = format!("{name}, {kind}");
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_chosen, &spoken));
    if response.double_clicked() && entry.kind == EntryKind::Folder {
        return Some(RowAct::Open);
    }
    response.clicked().then(|| RowAct::Choose(ui.input(|input| input.modifiers)))
}
