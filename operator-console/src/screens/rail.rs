//! The rail of tools beside the remote screen.

use super::clip::may_exchange;
use super::files::{self, Open};
use super::machine;
use super::marking::{self, may_mark};
use super::parts::{ToolState, ToolWords, tool_button};
use super::session::{has_picture, may_enter, may_move, may_press, may_read};
use super::side::{Powers, may_ask};
use super::{Scene, ScreenState, Under, browser, full_screen, shell};
use crate::icons::Icon;
use crate::viewer::Scaling;
use crate::viewer::marking::Tool;
use console_core::proto::session::Capability;
use console_core::view::{ConsoleCommand, PowerState, SessionView};
use egui::{Align, Frame, Layout, Margin, Panel, Ui};
use ui_kit::theme;

/// The tools at the left of the remote screen.
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
    let width = if narrow { 66.0 } else { 84.0 };
    Panel::left("session tools").exact_size(width).resizable(false).frame(frame).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = TOOL_GAP;
        let each = |tools: usize| (ui.available_height() - END_GAP) / tools as f32 - TOOL_GAP;
        // Where there is little room, what is only convenient has its key and its place in the palette.
        let has_room = each(TOOLS) >= LEAST_HEIGHT;
        let height = each(if has_room { TOOLS } else { NEEDED_TOOLS }).clamp(LEAST_HEIGHT, 56.0);
        let rail = Rail { scene, height };
        let viewing = session.state_of(Capability::View) == PowerState::Granted;
        // A press takes the focus from the remote screen: the tool stays what it was until the click is whole.
        if !ui.input(|input| input.pointer.any_down() || input.pointer.any_released()) {
            state.rail_releases = state.viewer.is_focused();
        }
        let operator = &scene.view.operator;
        if !operator.may(Capability::Control) {
            // What the certificate does not allow is not there at all.
        } else if session.state_of(Capability::Control) != PowerState::Granted {
            let needs = (!viewing).then_some(NEEDS_VIEW);
            let may = Standing { needs, ..Standing::ready(may_ask(operator, session, Capability::Control)) };
            if rail.tool(ui, Icon::Control, "console-tool-control", "F2", may) {
                commands.push(ConsoleCommand::Ask(Capability::Control));
            }
        } else if state.rail_releases {
            if rail.tool(ui, Icon::Release, "console-tool-release", "Ctrl+Alt", Standing::ready(true)) {
                commands.extend(state.viewer.release(ui.ctx()));
            }
        } else if rail.tool(ui, Icon::Control, "console-tool-steer", "", Standing::ready(has_picture(session))) {
            state.viewer.take();
        }
        if has_room && operator.may(Capability::Control) {
            let may = may_press(session, &state.viewer);
            let standing = Standing { on: state.keys_open, may, needs: (!may).then_some(NEEDS_CONTROL) };
            if rail.tool(ui, Icon::Keys, "console-tool-keys", "F12", standing) {
                state.keys_open = !state.keys_open;
            }
        }
        if operator.may(Capability::SendFile) || operator.may(Capability::FetchFile) {
            let may = browser::may_browse(scene, session);
            let standing =
                Standing { on: state.under == Some(Under::Folders), may, needs: (!viewing).then_some(NEEDS_VIEW) };
            if rail.tool(ui, Icon::Files, "console-tool-files", "Ctrl O", standing) {
                browser::toggle(scene, session, state, commands);
            }
        }
        let panels = [
            (Capability::SendFile, Icon::Send, "console-tool-send", "F3", Open::Send),
            (Capability::FetchFile, Icon::Fetch, "console-tool-fetch", "F4", Open::Fetch),
        ];
        for (capability, icon, name, key, panel) in panels {
            let may = may_move(operator, session, capability);
            let on = state.under == Some(Under::File(panel));
            let standing = Standing { on, may, needs: (!viewing).then_some(NEEDS_VIEW) };
            if operator.may(capability) && rail.tool(ui, icon, name, key, standing) {
                files::toggle(state, panel);
            }
        }
        if has_room && operator.may(Capability::Clipboard) {
            let may = may_exchange(operator, session);
            let standing = Standing { on: state.clip.open, may, needs: (!viewing).then_some(NEEDS_VIEW) };
            if rail.tool(ui, Icon::Clipboard, "console-tool-clipboard", "Shift F10", standing) {
                state.clip.open = !state.clip.open;
            }
        }
        if has_room && operator.may(Capability::Annotate) {
            let (may, on) = (may_mark(operator, session), state.viewer.marking.tool().is_some());
            let standing = Standing { on: on && may, may, needs: (!may).then_some(NEEDS_PICTURE) };
            if rail.tool(ui, Icon::Mark, "console-tool-mark", "F9", standing) {
                let tool = state.viewer.marking.tool().unwrap_or(Tool::Pointer);
                marking::toggle(state, tool, commands);
            }
        }
        if operator.may(Capability::SystemInfo) {
            let needs = (!viewing).then_some(NEEDS_VIEW);
            let standing =
                Standing { on: state.under == Some(Under::Machine), may: may_read(operator, session), needs };
            if rail.tool(ui, Icon::Machine, "console-tool-machine", "F8", standing) {
                machine::toggle(session, scene, state, commands);
            }
        }
        if operator.may(Capability::Shell) {
            let needs = (!viewing).then_some(NEEDS_VIEW);
            let standing =
                Standing { on: state.under == Some(Under::Terminal), may: may_enter(operator, session), needs };
            if rail.tool(ui, Icon::Shell, "console-tool-shell", "F10", standing) {
                shell::toggle(session, scene, state, commands);
            }
        }
        let may = has_picture(session);
        let picture = |on| Standing { on, may, needs: (!may).then_some(NEEDS_PICTURE) };
        let one_to_one = picture(may && state.viewer.scaling == Scaling::OneToOne);
        if has_room && rail.tool(ui, Icon::ActualSize, "console-tool-one-to-one", "F5", one_to_one) {
            state.viewer.scaling = state.viewer.scaling.toggled(Scaling::OneToOne);
        }
        if has_room && rail.tool(ui, Icon::FullScreen, "console-tool-full-screen", "F11", Standing::ready(true)) {
            full_screen::toggle(ui, state);
        }
        if rail.tool(ui, Icon::Picture, "console-tool-picture", "F6", picture(false)) {
            commands.push(ConsoleCommand::SavePicture);
        }
        // Apart from the others: it asks nothing.
        ui.with_layout(Layout::bottom_up(Align::Center), |ui| {
            if rail.draw(ui, Icon::End, "console-tool-end", "", ToolState::Danger, None) {
                commands.push(ConsoleCommand::End);
            }
        });
    });
}

/// How many tools the rail has.
const TOOLS: usize = 13;
/// How many of them are there in every window.
const NEEDED_TOOLS: usize = 8;
/// Least height of one, in points.
const LEAST_HEIGHT: f32 = 24.0;
/// Room between them, in points.
const TOOL_GAP: f32 = 4.0;
/// Room that parts the last one from the others at least, in points.
const END_GAP: f32 = 20.0;
/// Told of a tool that waits for the person to show the screen.
const NEEDS_VIEW: &str = "console-tool-needs-view";
/// Told of a tool that waits for a picture.
const NEEDS_PICTURE: &str = "console-tool-needs-picture";

/// Told of a tool that waits for the person to let the operator act.
const NEEDS_CONTROL: &str = "console-tool-needs-control";

/// How a tool stands, and the message that says what it still needs.
struct Standing {
    on: bool,
    may: bool,
    needs: Option<&'static str>,
}

impl Standing {
    fn ready(may: bool) -> Self {
        Self { on: false, may, needs: None }
    }
}

struct Rail<'a> {
    scene: &'a Scene<'a>,
    height: f32,
}

impl Rail<'_> {
    /// Whether it was pressed.
    fn tool(&self, ui: &mut Ui, icon: Icon, id: &str, keys: &str, standing: Standing) -> bool {
        let state = match standing {
            Standing { may: false, .. } => ToolState::Disabled,
            Standing { on: true, .. } => ToolState::On,
            Standing { .. } => ToolState::Ready,
        };
        self.draw(ui, icon, id, keys, state, standing.needs)
    }

    fn draw(
        &self,
        ui: &mut Ui,
        icon: Icon,
        id: &str,
        keys: &str,
        state: ToolState,
        needs: Option<&'static str>,
    ) -> bool {
        let i18n = self.scene.i18n;
        let (word, name) = (i18n.text(&format!("{id}-short")), i18n.text(id));
        let hover = match needs {
            Some(needs) => i18n.text_with(needs, &[("name", (&name).into())]),
            None if keys.is_empty() => name.clone(),
            None => i18n.text_with("console-tool-hover", &[("name", (&name).into()), ("keys", keys.into())]),
        };
        let words = ToolWords { word: &word, name: &name, hover: &hover };
        tool_button(ui, icon, &words, state, self.height).clicked()
    }
}
