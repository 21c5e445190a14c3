//! The strip of tools to point and draw with, while one of them is in hand.

use super::parts::{StripButton, strip_button};
use super::session::{may_move, may_press};
use super::{Scene, ScreenState};
use crate::viewer::marking::Tool;
use console_core::proto::annotation::{Annotation, MarksSeen};
use console_core::proto::session::Capability;
use console_core::view::{ConsoleCommand, OperatorView, SessionView};
use egui::{Key, Modifiers, Ui};
use ui_kit::{TagKind, tag};

/// The tools with their words and keys.
pub(super) const TOOLS: [(Tool, &str, &str); 3] = [
    (Tool::Pointer, "console-mark-pointer", "F9"),
    (Tool::Arrow, "console-mark-arrow", "Shift F9"),
    (Tool::Box, "console-mark-box", "Ctrl F9"),
];

/// Pointing comes with the screen.
pub(super) fn may_mark(operator: &OperatorView, session: &SessionView) -> bool {
    may_move(operator, session, Capability::Annotate) && !session.sharing_paused && super::session::has_picture(session)
}

/// The key for pointing: a tap takes the pointer up or puts it down, a hold points as long as it lasts.
const POINT: Key = Key::F9;

/// What a key of these tools does; `session` is the one that it is pressed in.
pub(super) fn key(
    ui: &Ui,
    session: &SessionView,
    state: &mut ScreenState,
    (key, modifiers): (Key, Modifiers),
    commands: &mut Vec<ConsoleCommand>,
) {
    // From a page or a field of this window the hands do not go to the client by themselves.
    let returns = may_press(session, &state.viewer) && ui.memory(|memory| memory.focused().is_none());
    let now_s = ui.input(|input| input.time);
    let marking = &mut state.viewer.marking;
    let annotation = match (key, modifiers.shift, modifiers.ctrl) {
        (POINT, false, false) => marking.press(now_s, returns),
        (Key::F9, true, false) => marking.toggle(Tool::Arrow),
        (Key::F9, false, true) => marking.toggle(Tool::Box),
        (Key::Escape, false, false) => marking.choose(None),
        (Key::Delete, false, false) if marking.tool().is_some() => Some(marking.clear()),
        _ => None,
    };
    commands.extend(annotation.map(ConsoleCommand::Annotate));
}

/// Follows the key for pointing until it is let go.
pub(super) fn follow_key(ui: &Ui, session: &SessionView, state: &mut ScreenState, commands: &mut Vec<ConsoleCommand>) {
    let (is_down, now_s) = ui.input(|input| (input.key_down(POINT), input.time));
    if is_down || !state.viewer.marking.is_held() {
        return;
    }
    let (annotation, returns) = state.viewer.marking.let_go(now_s);
    commands.extend(annotation.map(ConsoleCommand::Annotate));
    if returns && may_press(session, &state.viewer) {
        state.viewer.take();
    }
}

/// Takes a tool up or puts it down, from the rail or the palette.
pub(super) fn toggle(state: &mut ScreenState, tool: Tool, commands: &mut Vec<ConsoleCommand>) {
    commands.extend(state.viewer.marking.toggle(tool).map(ConsoleCommand::Annotate));
}

/// Takes everything away that stands.
pub(super) fn clear(state: &mut ScreenState, commands: &mut Vec<ConsoleCommand>) {
    let annotation: Annotation = state.viewer.marking.clear();
    commands.push(ConsoleCommand::Annotate(annotation));
}

/// The strip; nothing while no tool is in hand.
pub(super) fn strip_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let Some(chosen) = state.viewer.marking.tool() else { return };
    super::parts::strip_ui(ui, "mark tools", |ui| {
        for (tool, id, keys) in TOOLS {
            if choice(ui, scene, id, keys, tool == chosen) && tool != chosen {
                toggle(state, tool, commands);
            }
        }
        if choice(ui, scene, "console-mark-clear", "Del", false) {
            clear(state, commands);
        }
        if choice(ui, scene, "console-mark-done", "Esc", false) {
            commands.extend(state.viewer.marking.choose(None).map(ConsoleCommand::Annotate));
        }
        if session.marks_seen == Some(MarksSeen::Nowhere) {
            tag(ui, TagKind::Warn, &scene.i18n.text("console-mark-nowhere"));
        }
    });
}

/// Whether it was pressed.
fn choice(ui: &mut Ui, scene: &Scene<'_>, id: &str, keys: &str, on: bool) -> bool {
    let name = scene.i18n.text(id);
    let hover = scene.i18n.text_with(
        if keys == TOOLS[0].2 { "console-mark-hover" } else { "console-tool-hover" },
        &[("name", (&name).into()), ("keys", keys.into())],
    );
    strip_button(ui, &StripButton { words: &name, name: &name, hover: &hover, on, enabled: true })
}
