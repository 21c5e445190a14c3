//! The page of a running session: the remote screen as large as it can be, tools and talk beside it.

use super::files::{Open, files_ui};
use super::parts::{ToolState, strong, tool_button};
use super::side::{Powers, may_ask, side_ui};
use super::{Scene, ScreenState};
use crate::icons::Icon;
use crate::viewer::texture::Shown;
use crate::viewer::{self, Remote};
use console_core::proto::session::Capability;
use console_core::view::{ConsoleCommand, PowerState, SessionView};
use egui::{Align, CentralPanel, Color32, Frame, Layout, Margin, Panel, RichText, Ui, vec2};
use ui_kit::fonts::Weight;
use ui_kit::{TagKind, Tokens, mark, primary_button, tag, theme};

/// The whole page.
pub fn session_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    take_dropped_files(ui, session, commands);
    top_bar_ui(ui, scene, session, commands);
    rail_ui(ui, scene, session, state, commands);
    side_ui(ui, scene, session, state, commands);
    if let Some(panel) = state.files.open {
        files_ui(ui, scene, panel, state, commands);
    }
    hint_ui(ui, scene, session, state);
    let tokens = theme::tokens(ui);
    CentralPanel::default()
        .frame(Frame::new().fill(tokens.stage))
        .show(ui, |ui| remote_ui(ui, scene, session, state, commands));
}

fn may_move_files(session: &SessionView) -> bool {
    session.recognised && !session.reconnecting
}

fn take_dropped_files(ui: &Ui, session: &SessionView, commands: &mut Vec<ConsoleCommand>) {
    let dropped = ui.input(|input| input.raw.dropped_files.clone());
    if may_move_files(session) {
        let files = dropped.iter().map(|file| file.path()).filter(|path| path.is_file());
        commands.extend(files.map(|path| ConsoleCommand::SendFile(path.to_owned())));
    }
}

fn top_bar_ui(ui: &mut Ui, scene: &Scene<'_>, session: &SessionView, commands: &mut Vec<ConsoleCommand>) {
    let tokens = theme::tokens(ui);
    let frame = Frame::new().fill(tokens.sunken).inner_margin(Margin::symmetric(16, 0));
    Panel::top("session bar").exact_size(44.0).frame(frame).show(ui, |ui| {
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            mark(ui, 18.0);
            ui.add_space(8.0);
            let system =
                if session.system.is_empty() { scene.i18n.text("console-client") } else { session.system.clone() };
            ui.scope(|ui| {
                ui.set_max_width(280.0);
                strong(ui, &system);
            });
            monitors_ui(ui, scene, session, commands);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| figures_ui(ui, scene, session));
        });
    });
}

fn monitors_ui(ui: &mut Ui, scene: &Scene<'_>, session: &SessionView, commands: &mut Vec<ConsoleCommand>) {
    if session.layout.monitors.len() < 2 {
        return;
    }
    let tokens = theme::tokens(ui);
    ui.add_space(8.0);
    for (index, monitor) in session.layout.monitors.iter().enumerate() {
        let name = scene.i18n.text_with("console-monitor", &[("number", (index + 1).into())]);
        let shown = session.monitor == Some(monitor.id);
        let ink = if shown { tokens.accent } else { tokens.ink_secondary };
        let words = RichText::new(name).font(Weight::SemiBold.at(tokens.small_size)).color(ink);
        let fill = if shown { tokens.accent_soft } else { Color32::TRANSPARENT };
        let edge = if shown { tokens.accent } else { tokens.line };
        let choice = egui::Button::new(words).selected(shown).fill(fill).stroke(egui::Stroke::new(1.0, edge));
        let clicked = ui.scope(|ui| {
            ui.spacing_mut().button_padding = vec2(10.0, 3.0);
            ui.spacing_mut().interact_size.y = 28.0;
            ui.add(choice).clicked()
        });
        if clicked.inner && !shown {
            commands.push(ConsoleCommand::ShowMonitor(monitor.id));
        }
    }
}

/// From the right: what was measured, then how the session is carried.
fn figures_ui(ui: &mut Ui, scene: &Scene<'_>, session: &SessionView) {
    let tokens = theme::tokens(ui);
    let small = |text: String, colour: Color32| RichText::new(text).font(Weight::Regular.at(13.0)).color(colour);
    if session.reconnecting {
        tag(ui, TagKind::Warn, &scene.i18n.text("console-reconnecting-short"));
        return;
    }
    let measured = session.round_trip.map(|trip| trip.as_millis().to_string());
    let delay = measured.as_ref().map(|ms| scene.i18n.text_with("console-round-trip", &[("ms", ms.into())]));
    let rate = scene.i18n.text_with("console-rate", &[("count", session.pictures_per_s.into())]);
    let link = session.link.to_uppercase();
    let spoken_delay = delay.clone().unwrap_or_else(|| scene.i18n.text("console-delay-unknown"));
    let spoken = scene.i18n.text_with(
        "console-figures-name",
        &[("delay", spoken_delay.into()), ("rate", session.pictures_per_s.into()), ("link", (&link).into())],
    );
    if session.state_of(Capability::View) == PowerState::Granted {
        // The tile codec is lossless: what is on the screen is what the client sees.
        ui.label(small(scene.i18n.text("console-exact"), tokens.good));
    }
    let parts: Vec<String> = [delay, Some(rate), (!link.is_empty()).then_some(link)].into_iter().flatten().collect();
    ui.label(small(parts.join(" · "), tokens.ink_secondary)).accessible_name(spoken);
}

fn rail_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let tokens = theme::tokens(ui);
    let frame = Frame::new().fill(tokens.sunken).inner_margin(Margin::symmetric(8, 10));
    let tool = |ui: &mut Ui, icon, id: &str, standing| {
        let short = scene.i18n.text(&format!("{id}-short"));
        tool_button(ui, icon, &short, &scene.i18n.text(id), standing).clicked()
    };
    let ready = |yes: bool| if yes { ToolState::Ready } else { ToolState::Disabled };
    let on = |yes: bool, may: bool| if yes { ToolState::On } else { ready(may) };
    Panel::left("session tools").exact_size(84.0).resizable(false).frame(frame).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        if session.state_of(Capability::Control) == PowerState::Granted {
            if tool(ui, Icon::Release, "console-tool-release", ready(state.viewer.is_focused())) {
                commands.extend(state.viewer.release(ui.ctx()));
            }
        } else if tool(ui, Icon::Control, "console-tool-control", ready(may_ask(session, Capability::Control))) {
            commands.push(ConsoleCommand::Ask(Capability::Control));
        }
        let files = may_move_files(session);
        if tool(ui, Icon::Send, "console-tool-send", on(state.files.open == Some(Open::Send), files)) {
            state.files.toggle(Open::Send);
        }
        if tool(ui, Icon::Fetch, "console-tool-fetch", on(state.files.open == Some(Open::Fetch), files)) {
            state.files.toggle(Open::Fetch);
        }
        if tool(ui, Icon::ActualSize, "console-tool-one-to-one", on(state.viewer.one_to_one, true)) {
            state.viewer.one_to_one = !state.viewer.one_to_one;
        }
        let has_picture = session.pictures > 0 && session.state_of(Capability::View) == PowerState::Granted;
        if tool(ui, Icon::Picture, "console-tool-picture", ready(has_picture)) {
            commands.push(ConsoleCommand::SavePicture);
        }
        ui.with_layout(Layout::bottom_up(Align::Center), |ui| {
            if tool(ui, Icon::End, "console-tool-end", ToolState::Danger) {
                commands.push(ConsoleCommand::End);
            }
        });
    });
}

/// The line under the remote screen that says where mouse and keyboard go.
fn hint_ui(ui: &mut Ui, scene: &Scene<'_>, session: &SessionView, state: &ScreenState) {
    let tokens = theme::tokens(ui);
    let controls = session.state_of(Capability::Control) == PowerState::Granted;
    let hovering = ui.input(|input| !input.raw.hovered_files.is_empty());
    let viewing = session.state_of(Capability::View) == PowerState::Granted;
    let (id, strong) = if session.reconnecting {
        ("console-reconnecting", true)
    } else if hovering && may_move_files(session) {
        ("console-drop", true)
    } else if !viewing {
        return;
    } else if !controls {
        ("console-hint-view-only", false)
    } else if session.input_paused {
        ("console-hint-paused", true)
    } else if state.viewer.is_capturing() {
        ("console-hint-focused", true)
    } else {
        ("console-hint-click", false)
    };
    // The strip belongs to the dark ground, so its ink is that of the dark theme everywhere.
    let ink = if strong { Tokens::DARK.ink } else { Tokens::DARK.ink_secondary };
    let frame = Frame::new().fill(tokens.stage).inner_margin(Margin::symmetric(12, 6));
    super::bottom_strip("hint").frame(frame).show(ui, |ui| {
        ui.vertical_centered(|ui| {
            let words = RichText::new(scene.i18n.text(id)).font(Weight::Regular.at(13.0)).color(ink);
            ui.add(egui::Label::new(words).wrap());
        });
    });
}

fn remote_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let view = session.state_of(Capability::View);
    if view == PowerState::Granted
        && let Some(monitor) = session.monitor
    {
        let control = session.state_of(Capability::Control) == PowerState::Granted && !session.reconnecting;
        let remote = Remote { pictures: scene.pictures, monitor, control, paused: session.input_paused };
        match viewer::shown(ui, &remote) {
            Shown::Picture { width, height } => {
                commands.extend(viewer::viewer_ui(ui, scene.i18n, &remote, (width, height), &mut state.viewer));
                return;
            }
            Shown::TooLarge => {
                commands.extend(state.viewer.stop());
                words_ui(ui, &scene.i18n.text("console-picture-too-large"), "");
                return;
            }
            Shown::Nothing => {}
        }
    }
    commands.extend(state.viewer.stop());
    let name = match view {
        PowerState::Granted => "first",
        PowerState::Refused(_) | PowerState::Revoked => "refused",
        PowerState::Asked => "asked",
        PowerState::Off if session.recognised => "asked",
        PowerState::Off => "recognise",
    };
    let title = scene.i18n.text(&format!("console-empty-{name}-title"));
    let text = scene.i18n.text(&format!("console-empty-{name}-text"));
    let response = words_ui(ui, &title, &text);
    if name == "refused" && may_ask(session, Capability::View) {
        let ask = egui::Rect::from_center_size(response.rect.center_bottom() + vec2(0.0, 36.0), vec2(300.0, 40.0));
        ui.scope_builder(egui::UiBuilder::new().max_rect(ask), |ui| {
            ui.vertical_centered(|ui| {
                if primary_button(ui, &scene.i18n.text("console-ask-view")).clicked() {
                    commands.push(ConsoleCommand::Ask(Capability::View));
                }
            });
        });
    }
}

/// Words on the dark ground where the remote screen would be.
fn words_ui(ui: &mut Ui, title: &str, text: &str) -> egui::Response {
    let area = ui.available_rect_before_wrap();
    let width = (area.width() - 64.0).clamp(120.0, 460.0);
    let middle = egui::Rect::from_center_size(area.center(), vec2(width, 120.0));
    ui.scope_builder(egui::UiBuilder::new().max_rect(middle), |ui| {
        ui.vertical_centered(|ui| {
            let title = RichText::new(title).font(Weight::SemiBold.at(20.0)).color(Tokens::DARK.ink);
            ui.add(egui::Label::new(title).wrap());
            let text = RichText::new(text).font(Weight::Regular.at(15.0)).color(Tokens::DARK.ink_secondary);
            ui.add(egui::Label::new(text.line_height(Some(22.0))).wrap());
        });
    })
    .response
}
