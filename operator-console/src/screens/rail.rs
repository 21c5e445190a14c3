//! The rail of tools beside the remote screen: every tool that the certificate allows, in every window.

use super::clip::may_exchange;
use super::files::{self, Open};
use super::machine;
use super::marking::{self, may_mark};
use super::parts::{ToolState, ToolWords, tool_button};
use super::session::{has_picture, may_enter, may_move, may_press, may_read};
use super::side::{Powers, may_ask};
use super::{Scene, ScreenState, Under, browser, full_screen, shell};
use crate::icons::Icon;
use crate::viewer::{Scaling, marking::Tool as MarkingTool};
use console_core::proto::session::Capability;
use console_core::view::{ConsoleCommand, PowerState, SessionView};
use egui::{Align, Frame, Layout, Margin, Panel, ScrollArea, Ui, Vec2, vec2};
use ui_kit::theme;

/// Least and greatest height of a tool, in points.
const HEIGHTS: (f32, f32) = (24.0, 56.0);
/// Room between tools, in points.
const TOOL_GAP: f32 = 4.0;
/// Room that parts the last one from the others at least, in points.
const END_GAP: f32 = 16.0;
/// Told of a tool that waits for the person to show the screen.
const NEEDS_VIEW: &str = "console-tool-needs-view";
/// Told of a tool that waits for a picture.
const NEEDS_PICTURE: &str = "console-tool-needs-picture";
/// Told of a tool that waits for the person to let the operator act.
const NEEDS_CONTROL: &str = "console-tool-needs-control";

/// The tools at the left of the remote screen: in one column where each has room in it, else in two, which are
/// scrolled where there is no room for these either.
pub(super) fn rail_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let tokens = theme::tokens(ui);
    let narrow = super::is_narrow(ui);
    let margin = if narrow { Margin::symmetric(4, 6) } else { Margin::symmetric(8, 10) };
    let frame = Frame::new().fill(tokens.sunken).inner_margin(margin);
    let width = if narrow { 72.0 } else { 84.0 };
    Panel::left("session tools").exact_size(width).resizable(false).frame(frame).show(ui, |ui| {
        // A press takes the focus from the remote screen: the tool stays what it was until the click is whole.
        if !ui.input(|input| input.pointer.any_down() || input.pointer.any_released()) {
            state.rail_releases = state.viewer.is_focused();
        }
        let tools = tools(scene, session, state);
        let (columns, height) = fit(tools.len(), ui.available_height());
        ui.spacing_mut().item_spacing = Vec2::splat(TOOL_GAP);
        ui.spacing_mut().interact_size.y = HEIGHTS.0;
        let room = ui.available_height() - height - END_GAP;
        ScrollArea::vertical().max_height(room).show(ui, |ui| {
            let width = (ui.available_width() - TOOL_GAP * (columns - 1) as f32) / columns as f32;
            for row in tools.chunks(columns) {
                ui.horizontal(|ui| {
                    for tool in row {
                        if tool.ui(ui, scene, vec2(width, height)) {
                            press(ui, scene, session, state, tool.press, commands);
                        }
                    }
                });
            }
        });
        // Apart from the others: it asks nothing.
        ui.with_layout(Layout::bottom_up(Align::Center), |ui| {
            let end = Tool::new(Press::End, Icon::End, "console-tool-end", "", Standing::ready(true));
            if end.ui(ui, scene, vec2(ui.available_width(), height)) {
                press(ui, scene, session, state, end.press, commands);
            }
        });
    });
}

/// In how many columns so many tools stand, and how high each is, with one more under them all.
fn fit(tools: usize, room: f32) -> (usize, f32) {
    let each = |columns: usize| (room - END_GAP) / (tools.div_ceil(columns) + 1) as f32 - TOOL_GAP;
    let columns = if each(1) >= HEIGHTS.0 { 1 } else { 2 };
    (columns, each(columns).clamp(HEIGHTS.0, HEIGHTS.1))
}

/// What a tool does.
#[derive(Debug, Clone, Copy)]
enum Press {
    AskControl,
    Release,
    Steer,
    Keys,
    Folders,
    File(Open),
    Clipboard,
    Mark,
    Machine,
    Shell,
    OneToOne,
    FullScreen,
    Picture,
    End,
}

/// A tool of the rail.
struct Tool {
    press: Press,
    icon: Icon,
    id: &'static str,
    keys: &'static str,
    standing: Standing,
}

/// How a tool stands, and the message that says what it still needs.
struct Standing {
    on: bool,
    may: bool,
    needs: Option<&'static str>,
}

impl Standing {
    const fn ready(may: bool) -> Self {
        Self { on: false, may, needs: None }
    }
}

impl Tool {
    const fn new(press: Press, icon: Icon, id: &'static str, keys: &'static str, standing: Standing) -> Self {
        Self { press, icon, id, keys, standing }
    }

    /// Whether it was pressed.
    fn ui(&self, ui: &mut Ui, scene: &Scene<'_>, size: Vec2) -> bool {
        let Self { id, keys, standing, .. } = self;
        let state = match (self.press, standing) {
            (Press::End, _) => ToolState::Danger,
            (_, Standing { may: false, .. }) => ToolState::Disabled,
            (_, Standing { on: true, .. }) => ToolState::On,
            (_, Standing { .. }) => ToolState::Ready,
        };
        let i18n = scene.i18n;
        let (word, name) = (i18n.text(&format!("{id}-short")), i18n.text(id));
        let hover = match standing.needs {
            Some(needs) => i18n.text_with(needs, &[("name", (&name).into())]),
            None if keys.is_empty() => name.clone(),
            None => i18n.text_with("console-tool-hover", &[("name", (&name).into()), ("keys", (*keys).into())]),
        };
        let words = ToolWords { word: &word, name: &name, hover: &hover };
        tool_button(ui, self.icon, &words, state, size).clicked()
    }
}

/// All that there are; what the certificate does not allow is not there at all.
fn tools(scene: &Scene<'_>, session: &SessionView, state: &ScreenState) -> Vec<Tool> {
    let operator = &scene.view.operator;
    let viewing = session.state_of(Capability::View) == PowerState::Granted;
    // Open under the screen, or to be opened there once the person shows it.
    let under = |what, may| Standing { on: state.under == Some(what), may, needs: (!viewing).then_some(NEEDS_VIEW) };
    let mut tools = Vec::new();
    if operator.may(Capability::Control) {
        tools.push(control(scene, session, state));
        let may = may_press(session, &state.viewer);
        let standing = Standing { on: state.keys_open, may, needs: (!may).then_some(NEEDS_CONTROL) };
        tools.push(Tool::new(Press::Keys, Icon::Keys, "console-tool-keys", "F12", standing));
    }
    if operator.may(Capability::SendFile) || operator.may(Capability::FetchFile) {
        let standing = under(Under::Folders, browser::may_browse(scene, session));
        tools.push(Tool::new(Press::Folders, Icon::Files, "console-tool-files", "Ctrl O", standing));
    }
    let panels = [
        (Capability::SendFile, Icon::Send, "console-tool-send", "F3", Open::Send),
        (Capability::FetchFile, Icon::Fetch, "console-tool-fetch", "F4", Open::Fetch),
    ];
    for (capability, icon, id, keys, panel) in panels {
        if operator.may(capability) {
            let standing = under(Under::File(panel), may_move(operator, session, capability));
            tools.push(Tool::new(Press::File(panel), icon, id, keys, standing));
        }
    }
    if operator.may(Capability::Clipboard) {
        let may = may_exchange(operator, session);
        let standing = Standing { on: state.clip.open, may, needs: (!viewing).then_some(NEEDS_VIEW) };
        tools.push(Tool::new(Press::Clipboard, Icon::Clipboard, "console-tool-clipboard", "Shift F10", standing));
    }
    if operator.may(Capability::Annotate) {
        let (may, on) = (may_mark(operator, session), state.viewer.marking.tool().is_some());
        let standing = Standing { on: on && may, may, needs: (!may).then_some(NEEDS_PICTURE) };
        tools.push(Tool::new(Press::Mark, Icon::Mark, "console-tool-mark", "F9", standing));
    }
    if operator.may(Capability::SystemInfo) {
        let standing = under(Under::Machine, may_read(operator, session));
        tools.push(Tool::new(Press::Machine, Icon::Machine, "console-tool-machine", "F8", standing));
    }
    if operator.may(Capability::Shell) {
        let standing = under(Under::Terminal, may_enter(operator, session));
        tools.push(Tool::new(Press::Shell, Icon::Shell, "console-tool-shell", "F10", standing));
    }
    let may = has_picture(session);
    let picture = |on| Standing { on, may, needs: (!may).then_some(NEEDS_PICTURE) };
    let one_to_one = picture(may && state.viewer.scaling == Scaling::OneToOne);
    tools.push(Tool::new(Press::OneToOne, Icon::ActualSize, "console-tool-one-to-one", "F5", one_to_one));
    let full_screen = Standing::ready(true);
    tools.push(Tool::new(Press::FullScreen, Icon::FullScreen, "console-tool-full-screen", "F11", full_screen));
    tools.push(Tool::new(Press::Picture, Icon::Picture, "console-tool-picture", "F6", picture(false)));
    tools
}

/// Asks for control, and once it is granted takes mouse and keyboard there and back.
fn control(scene: &Scene<'_>, session: &SessionView, state: &ScreenState) -> Tool {
    let operator = &scene.view.operator;
    if session.state_of(Capability::Control) != PowerState::Granted {
        let viewing = session.state_of(Capability::View) == PowerState::Granted;
        let may = may_ask(operator, session, Capability::Control);
        let standing = Standing { needs: (!viewing).then_some(NEEDS_VIEW), ..Standing::ready(may) };
        Tool::new(Press::AskControl, Icon::Control, "console-tool-control", "F2", standing)
    } else if state.rail_releases {
        let standing = Standing::ready(true);
        Tool::new(Press::Release, Icon::Release, "console-tool-release", "Ctrl+Alt", standing)
    } else {
        let standing = Standing::ready(has_picture(session));
        Tool::new(Press::Steer, Icon::Control, "console-tool-steer", "", standing)
    }
}

fn press(
    ui: &Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    what: Press,
    commands: &mut Vec<ConsoleCommand>,
) {
    match what {
        Press::AskControl => commands.push(ConsoleCommand::Ask(Capability::Control)),
        Press::Release => commands.extend(state.viewer.release(ui.ctx())),
        Press::Steer => state.viewer.take(),
        Press::Keys => state.keys_open = !state.keys_open,
        Press::Folders => browser::toggle(scene, session, state, commands),
        Press::File(panel) => files::toggle(state, panel),
        Press::Clipboard => state.clip.open = !state.clip.open,
        Press::Mark => {
            let tool = state.viewer.marking.tool().unwrap_or(MarkingTool::Pointer);
            marking::toggle(state, tool, commands);
        }
        Press::Machine => machine::toggle(session, scene, state, commands),
        Press::Shell => shell::toggle(session, scene, state, commands),
        Press::OneToOne => state.viewer.scaling = state.viewer.scaling.toggled(Scaling::OneToOne),
        Press::FullScreen => full_screen::toggle(ui, state),
        Press::Picture => commands.push(ConsoleCommand::SavePicture),
        Press::End => commands.push(ConsoleCommand::End),
    }
}
