//! The command palette: Ctrl+K, a few letters, Enter. It lies over nothing for longer than that.

use super::files::{self, Open};
use super::palette_more::{self, More};
use super::side::Powers;
use super::{
    Effect, Page, Scene, ScreenState, browser, clip, full_screen, home, machine, marking, notices, parts, session,
    shell, side, tabs,
};
use crate::viewer::Scaling;
use crate::viewer::marking::Tool;
use console_core::proto::session::Capability;
use console_core::view::{ConsoleCommand, PowerState, Stage};
use egui::{
    Align, Align2, Area, Frame, Key, Label, Layout, Modifiers, Order, Response, RichText, Role, ScrollArea, Sense,
    TextEdit,
};
use egui::{Ui, WidgetInfo, vec2};
use std::borrow::Cow;
use std::collections::HashMap;
use ui_kit::fonts::Weight;
use ui_kit::theme;

/// Width of the palette, in points; less in a narrow window.
const WIDTH: f32 = 460.0;
/// Commands that are in sight at once; the others are scrolled to.
const MOST: usize = 9;
/// Height of one, and room between them, in points.
const ROW: (f32, f32) = (34.0, 2.0);
/// How far from the upper edge it stands, in points, and how far in a low window.
const FROM_TOP: (f32, f32) = (72.0, 16.0);
/// Height of everything but the commands, in points.
const AROUND: f32 = 100.0;

/// What is typed and which command is next.
#[derive(Debug, Default)]
pub struct PaletteState {
    is_open: bool,
    typed: String,
    /// The one that Enter does, by its key.
    chosen: Option<String>,
    /// For what the list was made, and where each stands in it, by its key.
    listed: Option<(String, HashMap<String, usize>)>,
}

impl PaletteState {
    /// Opens it, with nothing typed.
    pub(super) fn open(&mut self) {
        *self = Self { is_open: true, ..Self::default() };
    }

    /// What comes and goes while the list is open, also at the other end's will, moves nothing under the keys or the
    /// pointer: what was listed keeps its place until another letter is typed, and what is new follows. What is chosen
    /// is the same as long as it is there, and then nothing is.
    fn settle(&mut self, entries: &mut [Entry]) {
        if self.listed.as_ref().is_none_or(|(typed, _)| *typed != self.typed) {
            self.chosen = entries.first().map(|entry| entry.key.clone());
            self.listed = Some((self.typed.clone(), HashMap::new()));
        }
        let Some((_, places)) = &mut self.listed else { return };
        entries.sort_by_key(|entry| places.get(&entry.key).copied().unwrap_or(usize::MAX));
        for entry in entries.iter() {
            let next = places.len();
            places.entry(entry.key.clone()).or_insert(next);
        }
    }

    /// The place of what is chosen.
    fn at(&self, entries: &[Entry]) -> Option<usize> {
        let chosen = self.chosen.as_ref()?;
        entries.iter().position(|entry| entry.key == *chosen)
    }
}

/// What a command does.
#[derive(Debug)]
enum Act {
    Send(ConsoleCommand),
    NewKey,
    CopyInvitation,
    CopyKey,
    Files(Open),
    Machine,
    Mark(Tool),
    ClearMarks,
    Scale(Scaling),
    FullScreen,
    Keys,
    SendClipboard,
    FetchClipboard,
    Watch,
    CopyPicture,
    Shell,
    Browser,
    Steer,
    Chat,
    Page(Page),
    Notes,
    NewTab,
    Home,
    CloseTab,
    News,
    /// What is found by a name of its own.
    More(More),
}

/// One command that makes sense now.
struct Entry {
    name: String,
    shortcut: Cow<'static, str>,
    act: Act,
    /// Its name with what it does: of two tabs with one name each has its own.
    key: String,
}

impl Entry {
    fn new(name: String, shortcut: Cow<'static, str>, act: Act) -> Self {
        let key = format!("{name} {act:?}");
        Self { name, shortcut, act, key }
    }
}

/// Opens and closes it, and does what is chosen. Keys that the remote screen has stay the client's.
pub(super) fn palette_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState, commands: &mut Vec<ConsoleCommand>) {
    if !state.has_keyboard() && ui.input_mut(|input| input.consume_key(Modifiers::CTRL, Key::K)) {
        state.palette = PaletteState { is_open: !state.palette.is_open, ..PaletteState::default() };
    }
    if !state.palette.is_open {
        return;
    }
    let mut entries = found(scene, state);
    state.palette.settle(&mut entries);
    let count = entries.len();
    let mut at = state.palette.at(&entries);
    let step = |ui: &Ui, key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let mut moved = false;
    for (key, from_nothing, by) in [(Key::ArrowDown, 0, 1), (Key::ArrowUp, count.max(1) - 1, count.max(1) - 1)] {
        if step(ui, key) {
            moved = true;
            at = Some(at.map_or(from_nothing, |at| (at + by) % count.max(1)));
            state.palette.chosen = at.and_then(|at| entries.get(at)).map(|entry| entry.key.clone());
        }
    }
    let by_enter = step(ui, Key::Enter);
    let escaped = step(ui, Key::Escape);
    let width = WIDTH.min(ui.ctx().content_rect().width() - 32.0);
    let area = Area::new(ui.scope_id().with("palette")).order(Order::Foreground);
    let window = ui.ctx().content_rect().height();
    let is_low = window < FROM_TOP.0 + AROUND + MOST as f32 * (ROW.0 + ROW.1);
    let from_top = if is_low { FROM_TOP.1 } else { FROM_TOP.0 };
    let area = area.anchor(Align2::CENTER_TOP, vec2(0.0, from_top));
    // Half of the next one says that there are more.
    let room = (window - from_top - AROUND).min((MOST as f32 - 0.5) * (ROW.0 + ROW.1)).max(ROW.0);
    let shown = area.show(ui.ctx(), |ui| {
        let tokens = theme::tokens(ui);
        let line = egui::Stroke::new(1.0, tokens.edge);
        let frame = Frame::new().fill(tokens.surface).stroke(line).corner_radius(tokens.card_radius).inner_margin(8);
        frame.show(ui, |ui| {
            ui.set_width(width);
            ui.spacing_mut().item_spacing.y = ROW.1;
            field_ui(ui, scene, &mut state.palette.typed);
            ui.add_space(6.0);
            if entries.is_empty() {
                ui_kit::small(ui, &scene.i18n.text("console-palette-nothing"));
            }
            let mut chosen = None;
            ScrollArea::vertical().max_height(room).show(ui, |ui| {
                for (place, entry) in entries.iter().enumerate() {
                    let is_next = Some(place) == at;
                    // A press that begins on one never ends on another.
                    let row = ui.push_id(&entry.key, |ui| row_ui(ui, &entry.name, &entry.shortcut, is_next)).inner;
                    if is_next && moved {
                        row.scroll_to_me(None);
                    }
                    if row.clicked() {
                        chosen = Some(place);
                    }
                }
            });
            if count as f32 * (ROW.0 + ROW.1) > room {
                // Also for who does not see that the list goes on.
                ui.add_space(4.0);
                ui.horizontal(|ui| {
                    ui.add_space(10.0);
                    ui_kit::tiny(ui, &scene.i18n.text_with("console-palette-count", &[("count", count.into())]));
                });
            }
            chosen
        })
    });
    let chosen = shown.inner.inner.or(at.filter(|_| by_enter));
    let elsewhere = ui.input(|input| {
        let pressed = input.pointer.any_pressed().then(|| input.pointer.interact_pos()).flatten();
        pressed.is_some_and(|at| !shown.response.rect.contains(at))
    });
    let act = chosen.and_then(|place| entries.into_iter().nth(place)).map(|entry| entry.act);
    if act.is_some() || escaped || elsewhere {
        state.palette = PaletteState::default();
    }
    if let Some(act) = act {
        perform(ui, scene, state, commands, act);
    }
}

/// All that fits what is typed, what fits best first.
fn found(scene: &Scene<'_>, state: &ScreenState) -> Vec<Entry> {
    let usual = entries(scene, state).into_iter();
    let usual = usual.map(|(id, shortcut, act)| Entry::new(scene.i18n.text(id), shortcut.into(), act));
    let more = palette_more::more(scene, state).into_iter();
    let more = more.map(|(name, shortcut, act)| Entry::new(name, shortcut.into(), Act::More(act)));
    let typed = &state.palette.typed;
    let mut found: Vec<_> = usual.chain(more).filter(|entry| matches(&entry.name, typed)).collect();
    found.sort_by_cached_key(|entry| palette_more::rank(&entry.name, typed));
    found
}

fn field_ui(ui: &mut Ui, scene: &Scene<'_>, typed: &mut String) {
    let field = TextEdit::singleline(typed)
        .hint_text(scene.i18n.text("console-palette-hint"))
        .font(Weight::Regular.at(theme::tokens(ui).body_size))
        .margin(egui::Margin::symmetric(10, 8))
        .desired_width(f32::INFINITY)
        .show(ui);
    let field = field.response.response.accessible_name(scene.i18n.text("console-palette"));
    if !field.has_focus() {
        field.request_focus();
    }
}

fn row_ui(ui: &mut Ui, name: &str, shortcut: &str, is_next: bool) -> Response {
    let tokens = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW.0), Sense::click());
    if is_next || response.hovered() {
        ui.painter().rect_filled(rect, tokens.radius, tokens.accent_soft);
    }
    let inside = rect.shrink2(vec2(10.0, 0.0));
    let builder = egui::UiBuilder::new().max_rect(inside).layout(Layout::right_to_left(Align::Center));
    let mut row = ui.new_child(builder);
    if !shortcut.is_empty() {
        parts::keyboard_hint(&mut row, shortcut);
    }
    row.with_layout(Layout::left_to_right(Align::Center), |ui| {
        let words = RichText::new(name).font(Weight::Regular.at(tokens.small_size)).color(tokens.ink);
        ui.add(Label::new(words).truncate());
    });
    let whole = if shortcut.is_empty() { name.to_owned() } else { format!("{name}, {shortcut}") };
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_next, &whole));
    response
}

/// Whether every word that was typed is in the name.
fn matches(name: &str, typed: &str) -> bool {
    let name = name.to_lowercase();
    typed.to_lowercase().split_whitespace().all(|word| name.contains(word))
}

/// What pointing and drawing is called where nothing else says what it is about.
const fn mark_name(tool: Tool) -> &'static str {
    match tool {
        Tool::Pointer => "console-palette-pointer",
        Tool::Arrow => "console-palette-arrow",
        Tool::Box => "console-palette-box",
    }
}

/// The message with a name, keys, and what is done.
type Usual = (&'static str, &'static str, Act);

/// Everything that makes sense now, what is done most first.
fn entries(scene: &Scene<'_>, state: &ScreenState) -> Vec<Usual> {
    let entry = |name: &'static str, shortcut: &'static str, act| (name, shortcut, act);
    let operator = &scene.view.operator;
    let mut entries = Vec::new();
    match &scene.view.stage {
        Stage::Session(session) => {
            let state_of = |capability| session.state_of(capability);
            if side::may_ask(operator, session, Capability::View) {
                entries.push(entry("console-ask-view", "", Act::Send(ConsoleCommand::Ask(Capability::View))));
            }
            if side::may_ask(operator, session, Capability::Control) {
                let ask = Act::Send(ConsoleCommand::Ask(Capability::Control));
                entries.push(entry("console-tool-control", "F2", ask));
            }
            if state_of(Capability::Control) == PowerState::Granted {
                if session::has_picture(session) {
                    entries.push(entry("console-tool-steer", "", Act::Steer));
                }
                let give = Act::Send(ConsoleCommand::Release(Capability::Control));
                entries.push(entry("console-palette-give-back", "", give));
            }
            if session::may_move(operator, session, Capability::SendFile) {
                entries.push(entry("console-tool-send", "F3", Act::Files(Open::Send)));
            }
            if session::may_move(operator, session, Capability::FetchFile) {
                entries.push(entry("console-tool-fetch", "F4", Act::Files(Open::Fetch)));
            }
            if browser::may_browse(scene, session) {
                entries.push(entry("console-palette-files", "Ctrl O", Act::Browser));
            }
            if session::may_read(operator, session) {
                entries.push(entry("console-tool-machine", "F8", Act::Machine));
            }
            if clip::may_exchange(operator, session) {
                entries.push(entry("console-clip-send", "Shift F3", Act::SendClipboard));
                entries.push(entry("console-palette-clip-fetch", "Shift F4", Act::FetchClipboard));
            }
            if marking::may_mark(operator, session) {
                entries.extend(marking::TOOLS.map(|(tool, _, keys)| entry(mark_name(tool), keys, Act::Mark(tool))));
                entries.push(entry("console-mark-clear", "", Act::ClearMarks));
            }
            if session::may_enter(operator, session) {
                entries.push(entry("console-tool-shell", "F10", Act::Shell));
            }
            if session.shell.terminal.is_some() && state_of(Capability::Shell) == PowerState::Granted {
                let give = Act::Send(ConsoleCommand::Release(Capability::Shell));
                entries.push(entry("console-terminal-end", "", give));
            }
            if operator.may(Capability::Chat) {
                entries.push(entry("console-palette-chat", "F7", Act::Chat));
            }
            if session::has_picture(session) {
                entries.push(entry("console-tool-one-to-one", "F5", Act::Scale(Scaling::OneToOne)));
                entries.push(entry("console-tool-whole", "Shift F5", Act::Scale(Scaling::Whole)));
                entries.push(entry("console-tool-picture", "F6", Act::Send(ConsoleCommand::SavePicture)));
                entries.push(entry("console-tool-copy-picture", "Shift F6", Act::CopyPicture));
            }
            if scene.record().is_some() {
                entries.push(entry("console-notes-write", "Shift F7", Act::Notes));
            }
            if session::may_press(session, &state.viewer) {
                entries.push(entry("console-tool-keys", "F12", Act::Keys));
            }
            if session::controls(session) {
                let watches = state.viewer.only_watches;
                let name = if watches { "console-tool-act-again" } else { "console-tool-only-watch" };
                entries.push(entry(name, "Shift F2", Act::Watch));
            }
            let name = if state.full_screen { "console-full-screen-leave" } else { "console-tool-full-screen" };
            entries.push(entry(name, "F11", Act::FullScreen));
            entries.push(entry("console-tool-end", "", Act::Send(ConsoleCommand::End)));
        }
        Stage::Waiting(_) => {
            entries.push(entry("console-copy-invitation", "Ctrl Shift C", Act::CopyInvitation));
            entries.push(entry("console-copy-key", "", Act::CopyKey));
            entries.push(entry("console-cancel-key", "", Act::Send(ConsoleCommand::CancelKey)));
        }
        Stage::Idle | Stage::Ended(_) => {
            if operator.open_now {
                entries.push(entry("console-new-key", "Ctrl N", Act::NewKey));
            }
            if matches!(scene.view.stage, Stage::Ended(_)) {
                entries.push(entry("console-ended-back", "", Act::Send(ConsoleCommand::CloseEnded)));
            }
        }
        Stage::Preparing | Stage::Joining => {}
    }
    if !scene.desk.tabs.is_empty() {
        let stands = !matches!(scene.view.stage, Stage::Idle | Stage::Ended(_));
        if stands && operator.open_now {
            entries.push(entry("console-palette-new-tab", "Ctrl N", Act::NewTab));
        }
        if scene.desk.front.is_some() {
            entries.push(entry("console-palette-home", "Ctrl 1", Act::Home));
            entries.push(entry("console-palette-close-tab", "Ctrl W", Act::CloseTab));
        }
    }
    if !scene.desk.tabs.is_empty() || !scene.desk.news.is_empty() {
        let keys = if matches!(scene.view.stage, Stage::Session(_)) { "Shift F8" } else { "" };
        entries.push(entry("console-news", keys, Act::News));
    }
    if matches!(scene.view.stage, Stage::Idle | Stage::Waiting(_)) {
        let (name, page) = match state.page {
            Page::Assistance => ("console-account", Page::Account),
            Page::Account => ("console-assistance", Page::Assistance),
        };
        entries.push(entry(name, "", Act::Page(page)));
    }
    entries
}

fn perform(ui: &Ui, scene: &Scene<'_>, state: &mut ScreenState, commands: &mut Vec<ConsoleCommand>, act: Act) {
    match act {
        Act::Send(command) => commands.push(command),
        Act::NewKey => {
            if matches!(scene.view.stage, Stage::Ended(_)) {
                commands.push(ConsoleCommand::CloseEnded);
            }
            state.page = Page::Assistance;
            notices::new_key(scene, commands);
        }
        Act::CopyInvitation | Act::CopyKey => {
            if let Stage::Waiting(key) = &scene.view.stage {
                let language = state.invitations.get(&scene.desk.front).copied();
                state.effects.push(match act {
                    Act::CopyKey => Effect::CopyKey(key.grouped.clone()),
                    _ => Effect::CopyInvitation(home::invitation(scene, language, key)),
                });
            }
        }
        Act::Files(panel) => files::toggle(state, panel),
        Act::Machine => {
            if let Stage::Session(session) = &scene.view.stage {
                machine::toggle(session, scene, state, commands);
            }
        }
        Act::Mark(tool) => marking::toggle(state, tool, commands),
        Act::ClearMarks => marking::clear(state, commands),
        Act::Scale(scaling) => state.viewer.scaling = state.viewer.scaling.toggled(scaling),
        Act::FullScreen => full_screen::toggle(ui, state),
        Act::SendClipboard => clip::send(state),
        Act::FetchClipboard => clip::fetch(state, commands),
        Act::Keys => state.keys_open = true,
        Act::Watch => session::watch(state, commands),
        Act::CopyPicture => {
            if let Stage::Session(session) = &scene.view.stage {
                session::copy_picture(session, state);
            }
        }
        Act::Shell => {
            if let Stage::Session(session) = &scene.view.stage {
                shell::toggle(session, scene, state, commands);
            }
        }
        Act::Browser => {
            if let Stage::Session(session) = &scene.view.stage {
                browser::toggle(scene, session, state, commands);
            }
        }
        Act::Steer => state.viewer.take(),
        Act::Chat => full_screen::talk(ui, state),
        Act::Page(page) => state.page = page,
        Act::Notes => full_screen::write_notes(ui, state),
        Act::NewTab => tabs::new_key(scene, state),
        Act::Home => tabs::show(state, None),
        Act::CloseTab => tabs::close_front(scene, state),
        Act::More(more) => palette_more::perform(scene, state, commands, more),
        Act::News => full_screen::list_news(ui, state),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_is_typed_must_be_in_the_name() {
        for (typed, expected) in [("", true), ("nuo", true), ("chi NUO", true), ("nuovax", false), ("  ", true)] {
            assert_eq!(matches("Nuova chiave", typed), expected, "{typed:?}");
        }
    }
}
