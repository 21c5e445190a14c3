//! The terminal in the window: draws it, and takes the keyboard for it while it has the focus.

pub mod grid;
pub mod keys;

use console_core::proto::shell::TerminalSize;
use console_core::terminal::{KeyMode, Select, Terminal};
use console_core::view::{ConsoleCommand, Typed};
use egui::{Event, EventFilter, Id, ImeEvent, Key, Modifiers, PointerButton, Role, Sense, Ui, WidgetInfo};
use grid::Grid;
use i18n::I18n;
use ui_kit::theme;

/// Room around the characters, in points.
const INSET: f32 = 8.0;
/// Lines that one step of the wheel moves.
const WHEEL_LINES: f32 = 3.0;

/// What the terminal remembers from frame to frame. Has no `Debug`: a paste may hold a password.
#[derive(Default)]
pub struct TerminalState {
    focused: bool,
    wants_focus: bool,
    /// Both keys that give the keyboard back are down, and no other was pressed meanwhile.
    is_leaving: bool,
    size: Option<TerminalSize>,
    wheel_rest: f32,
    /// What is to be pasted, once the operator says that they mean all its lines.
    pending: Option<String>,
}

/// What the window should do for the terminal.
#[derive(PartialEq, Eq)]
pub enum Wish {
    /// Put this on the clipboard.
    Copy(String),
    /// Give what is on the clipboard to [`TerminalState::paste`].
    Paste,
}

impl TerminalState {
    /// Whether keys go to the terminal.
    #[must_use]
    pub fn is_focused(&self) -> bool {
        self.focused
    }

    /// Lets keys go to the terminal when it is drawn next.
    pub fn take(&mut self) {
        self.wants_focus = true;
    }

    /// It is not drawn now: keys are the window's.
    pub fn stop(&mut self) {
        self.focused = false;
        self.is_leaving = false;
    }

    /// What was pasted: typed at once where it is one line, else asked about.
    pub fn paste(&mut self, text: String, mode: KeyMode) -> Option<ConsoleCommand> {
        match keys::lines(&text) {
            0 => None,
            1 => Some(typed(keys::paste(&text, mode))),
            _ => {
                self.pending = Some(text);
                None
            }
        }
    }

    /// How many lines wait for the operator's word, where there are any.
    #[must_use]
    pub fn pending_lines(&self) -> Option<usize> {
        self.pending.as_deref().map(|text| text.trim_end().lines().count())
    }

    /// The operator has said whether they mean all lines.
    pub fn answer_pending(&mut self, yes: bool, mode: KeyMode) -> Option<ConsoleCommand> {
        let text = self.pending.take()?;
        yes.then(|| typed(keys::paste(&text, mode)))
    }
}

fn typed(bytes: Vec<u8>) -> ConsoleCommand {
    ConsoleCommand::TypeInShell(Typed(bytes))
}

/// The id of the terminal: there is one in a window.
#[must_use]
pub fn terminal_id() -> Id {
    Id::unique("ponte terminal")
}

/// Draws the terminal into all the room that `ui` has, and gives what the operator did there.
pub fn terminal_ui(
    ui: &mut Ui,
    i18n: &I18n,
    terminal: &Terminal,
    is_open: bool,
    state: &mut TerminalState,
    wishes: &mut Vec<Wish>,
) -> Vec<ConsoleCommand> {
    let tokens = theme::tokens(ui);
    let outside = ui.available_rect_before_wrap();
    let area = outside.shrink(INSET);
    let response = ui.interact(outside, terminal_id(), Sense::click_and_drag());
    ui.advance_cursor_after_rect(outside);
    response.widget_info(|| WidgetInfo::labeled(Role::Terminal, true, i18n.text("console-terminal")));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_value(terminal.text()));
    let grid = Grid::of(ui.painter());
    let mut commands = Vec::new();
    let (columns, rows) = grid.room(area);
    let size = TerminalSize { columns, rows }.clamped();
    if is_open && state.size.replace(size) != Some(size) {
        commands.push(ConsoleCommand::ResizeShell(size));
    }
    if ui.input(|input| input.pointer.any_pressed()) && response.contains_pointer() {
        response.request_focus();
    }
    if std::mem::take(&mut state.wants_focus) && !ui.ctx().text_edit_focused() {
        response.request_focus();
    }
    let everything = EventFilter { tab: true, horizontal_arrows: true, vertical_arrows: true, escape: true };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(terminal_id(), everything));
    let has_window = ui.input(|input| input.focused);
    state.focused = ui.memory(|memory| memory.has_focus(terminal_id())) && has_window;
    select(ui, &response, grid, area, terminal);
    if response.contains_pointer() {
        commands.extend(wheel(ui, grid, terminal, state));
    }
    if state.focused {
        commands.extend(keyboard(ui, terminal, is_open, state, wishes));
    }
    let painter = ui.painter().with_clip_rect(outside.intersect(ui.clip_rect()));
    painter.rect_filled(outside, tokens.radius, tokens.terminal_ground);
    grid::paint(&painter, grid, area, &terminal.screen(), &tokens, state.focused && is_open);
    let stroke = if state.focused { egui::Stroke::new(2.0, tokens.focus) } else { egui::Stroke::new(1.0, tokens.line) };
    painter.rect_stroke(outside, tokens.radius, stroke, egui::StrokeKind::Inside);
    commands
}

/// Selection by mouse: characters by dragging, a word by two clicks, a line by three.
fn select(ui: &Ui, response: &egui::Response, grid: Grid, area: egui::Rect, terminal: &Terminal) {
    let Some(at) = response.interact_pointer_pos() else { return };
    let (row, column, is_right) = grid.place(area, at);
    if response.drag_started_by(PointerButton::Primary) {
        // Where the button went down, not where the pointer is by now.
        let from = ui.input(|input| input.pointer.press_origin()).unwrap_or(at);
        let (first_row, first_column, is_first_right) = grid.place(area, from);
        terminal.select_from(first_row, first_column, is_first_right, Select::Characters);
        terminal.select_to(row, column, is_right);
    } else if response.dragged_by(PointerButton::Primary) {
        terminal.select_to(row, column, is_right);
    } else if response.triple_clicked() {
        terminal.select_from(row, column, is_right, Select::Lines);
    } else if response.double_clicked() {
        terminal.select_from(row, column, is_right, Select::Words);
    } else if response.clicked() {
        terminal.select_nothing();
    }
}

/// The wheel scrolls back, or is arrows to a program with the whole screen.
fn wheel(ui: &Ui, grid: Grid, terminal: &Terminal, state: &mut TerminalState) -> Option<ConsoleCommand> {
    let points: f32 = ui.input(|input| {
        let events = input.events.iter().filter_map(|event| match event {
            Event::MouseWheel { unit: egui::MouseWheelUnit::Point, delta, .. } => Some(delta.y),
            Event::MouseWheel { delta, .. } => Some(delta.y * WHEEL_LINES * grid.height),
            _ => None,
        });
        events.sum()
    });
    state.wheel_rest += points / grid.height;
    let lines = state.wheel_rest.trunc();
    state.wheel_rest -= lines;
    if lines == 0.0 {
        return None;
    }
    let mode = terminal.key_mode();
    if !mode.alternate_screen {
        terminal.scroll(lines as i32);
        ui.ctx().request_repaint();
        return None;
    }
    let arrow = if lines > 0.0 { Key::ArrowUp } else { Key::ArrowDown };
    let bytes = keys::bytes(arrow, Modifiers::NONE, mode)?;
    Some(typed(bytes.repeat(lines.abs().min(50.0) as usize)))
}

/// What is typed while the terminal has the focus.
fn keyboard(
    ui: &Ui,
    terminal: &Terminal,
    is_open: bool,
    state: &mut TerminalState,
    wishes: &mut Vec<Wish>,
) -> Vec<ConsoleCommand> {
    let mode = terminal.key_mode();
    let (events, alt) = ui.input(|input| (input.events.clone(), input.modifiers.alt && !input.modifiers.ctrl));
    let mut bytes = Vec::new();
    for event in events {
        match event {
            // With Alt a letter comes after an escape.
            Event::Text(text) if alt => bytes.extend([&[0x1B], text.as_bytes()].concat()),
            Event::Text(text) | Event::Ime(ImeEvent::Commit(text)) => bytes.extend(text.as_bytes()),
            Event::Key { key, pressed, modifiers, .. } => {
                if leaves(key, pressed, modifiers, state) {
                    ui.ctx().memory_mut(|memory| memory.surrender_focus(terminal_id()));
                    state.stop();
                    break;
                }
                if pressed {
                    press(key, modifiers, mode, terminal, wishes, &mut bytes);
                }
            }
            _ => {}
        }
    }
    if bytes.is_empty() || !is_open {
        return Vec::new();
    }
    // Whoever types wants to see what comes of it.
    terminal.scroll_to_end();
    vec![typed(bytes)]
}

fn press(
    key: Key,
    modifiers: Modifiers,
    mode: KeyMode,
    terminal: &Terminal,
    wishes: &mut Vec<Wish>,
    bytes: &mut Vec<u8>,
) {
    let both = modifiers.ctrl && modifiers.shift;
    let page = i32::from(terminal.screen().size.rows.saturating_sub(1));
    match key {
        Key::C if both => wishes.extend(terminal.selected().map(Wish::Copy)),
        Key::V if both => wishes.push(Wish::Paste),
        Key::Insert if modifiers.shift => wishes.push(Wish::Paste),
        Key::PageUp if modifiers.shift && !mode.alternate_screen => terminal.scroll(page),
        Key::PageDown if modifiers.shift && !mode.alternate_screen => terminal.scroll(-page),
        key => bytes.extend(keys::bytes(key, modifiers, mode).unwrap_or_default()),
    }
}

/// Whether Ctrl and Alt were pressed together and let go, and nothing else: that gives the keyboard back.
fn leaves(key: Key, pressed: bool, modifiers: Modifiers, state: &mut TerminalState) -> bool {
    let is_control = matches!(key, Key::ControlLeft | Key::ControlRight);
    let is_alt = matches!(key, Key::AltLeft);
    if pressed {
        let is_other_down = if is_control { modifiers.alt } else { modifiers.ctrl };
        state.is_leaving = (is_control || is_alt) && is_other_down;
        return false;
    }
    (is_control || is_alt) && std::mem::take(&mut state.is_leaving)
}
