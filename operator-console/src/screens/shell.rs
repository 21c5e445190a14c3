//! The part under the remote screen with the terminal on the client's machine.

use super::parts::{close_button, panel_title, under_screen};
use super::side::{Powers, may_ask};
use super::{Effect, Scene, ScreenState, Under};
use crate::terminal::{Wish, terminal_ui};
use crate::words;
use console_core::proto::session::Capability;
use console_core::view::{ConsoleCommand, PowerState, SessionView, ShellState};
use egui::{Align, Frame, Label, Layout, Margin, RichText, ScrollArea, Ui, vec2};
use ui_kit::fonts::Weight;
use ui_kit::{TagKind, button, primary_button, small, tag, theme};

/// Where the stage is at least so high, in points, the remote screen stays in sight above.
const ROOM_FOR_BOTH: f32 = 560.0;
/// Which part of the stage's height the terminal has then.
const SHARE: f32 = 0.6;

/// The tool was pressed: opens the terminal and asks for it, or puts it out of sight, where it goes on.
pub fn toggle(session: &SessionView, scene: &Scene<'_>, state: &mut ScreenState, commands: &mut Vec<ConsoleCommand>) {
    if !state.toggle_under(Under::Terminal) {
        return;
    }
    state.terminal.take();
    let is_off = session.state_of(Capability::Shell) == PowerState::Off;
    if is_off && may_ask(&scene.view.operator, session, Capability::Shell) {
        commands.push(ConsoleCommand::Ask(Capability::Shell));
    }
}

/// The terminal; whether there is room left for the remote screen.
pub fn shell_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) -> bool {
    under_screen(ui, "shell", Margin::symmetric(12, 8), ROOM_FOR_BOTH, SHARE, |ui| {
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
    ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
    head_ui(ui, scene, session, state, commands);
    let standing = session.state_of(Capability::Shell);
    let Some(terminal) = &session.shell.terminal else {
        state.terminal.stop();
        return asking_ui(ui, scene, session, standing, commands);
    };
    let is_open = session.shell.state == ShellState::Open && !session.reconnecting && !session.sharing_paused;
    pending_ui(ui, scene, session, state, commands);
    let hint = 22.0;
    let room = vec2(ui.available_width(), (ui.available_height() - hint).max(40.0));
    let mut wishes = Vec::new();
    ui.allocate_ui_with_layout(room, Layout::top_down(Align::Min), |ui| {
        commands.extend(terminal_ui(ui, scene.i18n, terminal, is_open, &mut state.terminal, &mut wishes));
    });
    state.effects.extend(wishes.into_iter().map(|wish| match wish {
        Wish::Copy(text) => Effect::CopyFromTerminal(text),
        Wish::Paste => Effect::PasteIntoTerminal,
    }));
    let id = match (is_open, state.terminal.is_focused()) {
        (true, true) => "console-terminal-hint-focused",
        (true, false) => "console-terminal-hint",
        (false, _) if session.shell.state == ShellState::Open => "console-terminal-hint-waits",
        (false, _) => "console-terminal-hint-over",
    };
    let words = RichText::new(scene.i18n.text(id)).font(Weight::Regular.at(theme::tokens(ui).tiny_size));
    ui.add(Label::new(words.color(theme::tokens(ui).ink_secondary)).truncate());
}

fn head_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let tokens = theme::tokens(ui);
    ui.allocate_ui_with_layout(vec2(ui.available_width(), 36.0), Layout::right_to_left(Align::Center), |ui| {
        let is_granted = session.state_of(Capability::Shell) == PowerState::Granted;
        // Beside it stands what ends it for good.
        let close = if is_granted { "console-terminal-hide" } else { "console-close-panel" };
        if close_button(ui, &scene.i18n.text(close), tokens.ink_secondary).clicked() {
            state.under = None;
        }
        if is_granted {
            let end =
                ui.add_enabled_ui(!session.reconnecting, |ui| button(ui, &scene.i18n.text("console-terminal-end")));
            if end.inner.clicked() {
                commands.push(ConsoleCommand::Release(Capability::Shell));
            }
        } else if session.shell.terminal.is_some() && may_ask(&scene.view.operator, session, Capability::Shell) {
            let again = scene.i18n.text("console-terminal-again");
            if button(ui, &again).clicked() {
                state.terminal.take();
                commands.push(ConsoleCommand::Ask(Capability::Shell));
            }
        }
        if super::is_narrow(ui) {
            // It stands under the title.
        } else if let ShellState::Over { code } = session.shell.state {
            over_ui(ui, scene, code);
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            panel_title(ui, &scene.i18n.text("console-tool-shell"));
        });
    });
    if let ShellState::Over { code } = session.shell.state
        && super::is_narrow(ui)
    {
        over_ui(ui, scene, code);
    }
}

/// That it is over, and with what.
fn over_ui(ui: &mut Ui, scene: &Scene<'_>, code: Option<i32>) {
    let words = match code {
        Some(code) => scene.i18n.text_with("console-terminal-over-code", &[("code", code.to_string().into())]),
        None => scene.i18n.text("console-terminal-over"),
    };
    tag(ui, TagKind::Accent, &words);
}

/// Several lines are to be pasted: each may run as a command.
fn pending_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let (Some(lines), Some(terminal)) = (state.terminal.pending_lines(), &session.shell.terminal) else { return };
    let tokens = theme::tokens(ui);
    let frame =
        Frame::new().fill(tokens.warning_soft).corner_radius(tokens.radius).inner_margin(Margin::symmetric(12, 6));
    let answer = frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        let words = scene.i18n.text_with("console-terminal-paste-lines", &[("count", lines.into())]);
        ui.add(
            Label::new(RichText::new(words).font(Weight::Regular.at(tokens.small_size)).color(tokens.warning)).wrap(),
        );
        ui.horizontal_wrapped(|ui| {
            // What does nothing comes first.
            let no = button(ui, &scene.i18n.text("console-terminal-paste-no")).clicked();
            let yes = button(ui, &scene.i18n.text("console-terminal-paste-yes")).clicked();
            no.then_some(false).or(yes.then_some(true))
        })
        .inner
    });
    if let Some(yes) = answer.inner {
        commands.extend(state.terminal.answer_pending(yes, terminal.key_mode()));
        state.terminal.take();
    }
}

/// Before the person allows it.
fn asking_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    standing: PowerState,
    commands: &mut Vec<ConsoleCommand>,
) {
    ScrollArea::vertical().show(ui, |ui| {
        let id = if standing == PowerState::Asked { "console-terminal-asked" } else { "console-terminal-ask-text" };
        small(ui, &scene.i18n.text(id));
        if !matches!(standing, PowerState::Asked | PowerState::Off) {
            tag(ui, TagKind::Warn, &scene.i18n.text(words::power_state(standing)));
        }
        if may_ask(&scene.view.operator, session, Capability::Shell)
            && primary_button(ui, &scene.i18n.text("console-terminal-ask")).clicked()
        {
            commands.push(ConsoleCommand::Ask(Capability::Shell));
        }
    });
}
