//! The page of a running session: the remote screen as large as it can be, tools and talk beside it.

use super::files::{Open, files_ui};
use super::machine::{self, machine_ui};
use super::parts::{ToolState, ToolWords, strong, tool_button};
use super::side::{Powers, may_ask, side_ui};
use super::{Scene, ScreenState};
use crate::icons::Icon;
use crate::viewer::texture::Shown;
use crate::viewer::{self, Remote};
use crate::words;
use console_core::proto::session::{Capability, Step};
use console_core::view::{ConsoleCommand, OperatorView, PowerState, SessionView};
use egui::{Align, CentralPanel, Color32, Event, Frame, Key, Layout, Margin, Panel, RichText, Ui, vec2};
use std::time::Duration;
use ui_kit::fonts::Weight;
use ui_kit::{TagKind, Tokens, focus_chat, mark, primary_button, tag, theme};

/// How old a figure may get on a page on which nothing else changes. Drawing costs more than all that
/// the console does besides, so a figure that changes each second is not worth a drawing each second.
const FIGURES: Duration = Duration::from_secs(10);

/// Height of the bar at the top, in points.
pub(super) const BAR_HEIGHT: f32 = 44.0;

/// The whole page.
pub fn session_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let operator = &scene.view.operator;
    take_dropped_files(ui, operator, session, commands);
    state.viewer.note_control(session.state_of(Capability::Control) == PowerState::Granted);
    if session.state_of(Capability::View) != PowerState::Granted {
        state.files.open = None;
        state.machine.open = false;
    }
    shortcuts(ui, scene, session, state, commands);
    top_bar_ui(ui, scene, session, commands);
    rail_ui(ui, scene, session, state, commands);
    side_ui(ui, scene, session, state, commands);
    if let Some(panel) = state.files.open {
        state.machine.open = false;
        files_ui(ui, scene, panel, state, commands);
    }
    if state.machine.open && !machine_ui(ui, scene, session, state, commands) {
        // They have the whole stage: nothing goes to the client meanwhile.
        commands.extend(state.viewer.stop());
        return;
    }
    hint_ui(ui, scene, session, state);
    let tokens = theme::tokens(ui);
    CentralPanel::default()
        .frame(Frame::new().fill(tokens.stage))
        .show(ui, |ui| remote_ui(ui, scene, session, state, commands));
}

/// Files come after the screen: who does not show it is not asked for them.
pub(super) fn may_move(operator: &OperatorView, session: &SessionView, capability: Capability) -> bool {
    let seen = session.state_of(Capability::View) == PowerState::Granted;
    operator.may(capability) && session.recognised && !session.reconnecting && seen
}

/// Like files, what the machine is comes after the screen.
pub(super) fn may_read(operator: &OperatorView, session: &SessionView) -> bool {
    may_move(operator, session, Capability::SystemInfo)
}

pub(super) fn has_picture(session: &SessionView) -> bool {
    session.pictures > 0 && session.state_of(Capability::View) == PowerState::Granted
}

/// Keys for the tools, unless the remote screen has the keyboard: then they are the client's.
fn shortcuts(
    ui: &Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    if state.viewer.is_capturing() {
        return;
    }
    let operator = &scene.view.operator;
    let pressed: Vec<Key> = ui.input(|input| {
        let plain = input.events.iter().filter_map(|event| match event {
            Event::Key { key, pressed: true, repeat: false, modifiers, .. } if modifiers.is_none() => Some(*key),
            _ => None,
        });
        plain.collect()
    });
    for key in pressed {
        match key {
            Key::F2 if may_ask(operator, session, Capability::Control) => {
                commands.push(ConsoleCommand::Ask(Capability::Control));
            }
            Key::F3 if may_move(operator, session, Capability::SendFile) => state.files.toggle(Open::Send),
            Key::F4 if may_move(operator, session, Capability::FetchFile) => state.files.toggle(Open::Fetch),
            Key::F5 if has_picture(session) => state.viewer.one_to_one = !state.viewer.one_to_one,
            Key::F6 if has_picture(session) => commands.push(ConsoleCommand::SavePicture),
            Key::F8 if may_read(operator, session) => machine::toggle(session, scene, state, commands),
            Key::F7 if operator.may(Capability::Chat) => focus_chat(ui.ctx()),
            _ => {}
        }
    }
}

fn take_dropped_files(ui: &Ui, operator: &OperatorView, session: &SessionView, commands: &mut Vec<ConsoleCommand>) {
    let dropped = ui.input(|input| input.raw.dropped_files.clone());
    if may_move(operator, session, Capability::SendFile) {
        let files = dropped.iter().map(|file| file.path()).filter(|path| path.is_file());
        commands.extend(files.map(|path| ConsoleCommand::SendFile(path.to_owned())));
    }
}

fn top_bar_ui(ui: &mut Ui, scene: &Scene<'_>, session: &SessionView, commands: &mut Vec<ConsoleCommand>) {
    let tokens = theme::tokens(ui);
    let frame = Frame::new().fill(tokens.sunken).inner_margin(Margin::symmetric(16, 0));
    Panel::top("session bar").exact_size(BAR_HEIGHT).frame(frame).show(ui, |ui| {
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let narrow = super::is_narrow(ui);
            if !narrow {
                mark(ui, 18.0);
                ui.add_space(8.0);
            }
            since_ui(ui, scene, session);
            if !narrow {
                let system =
                    if session.system.is_empty() { scene.i18n.text("console-client") } else { session.system.clone() };
                ui.scope(|ui| {
                    ui.set_max_width((ui.available_width() * 0.3).min(240.0));
                    let words = RichText::new(system).font(Weight::Regular.at(13.0)).color(tokens.ink_secondary);
                    ui.add(egui::Label::new(words).truncate());
                });
            }
            monitors_ui(ui, scene, session, commands);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| figures_ui(ui, scene, session));
        });
    });
}

/// Since when, and for how long.
fn since_ui(ui: &mut Ui, scene: &Scene<'_>, session: &SessionView) {
    let time = scene.i18n.time_of_day(session.since);
    let since = scene.i18n.text_with("common-since", &[("time", time.into())]);
    // A clock that was set back has no length of time to show.
    let lasted = session.since.elapsed().unwrap_or_default();
    ui.ctx().request_repaint_after(words::until_next_minute(lasted));
    let words = match words::minutes(scene.i18n, lasted) {
        Some(minutes) => {
            scene.i18n.text_with("console-since", &[("since", since.into()), ("duration", minutes.into())])
        }
        None => since,
    };
    strong(ui, &words);
    time_left_ui(ui, scene, lasted);
}

/// From how much time on the end of the longest session is told.
const LAST_MINUTES: Duration = Duration::from_secs(10 * 60);

/// What is left of the longest session that the certificate allows, in its last minutes.
fn time_left_ui(ui: &mut Ui, scene: &Scene<'_>, lasted: Duration) {
    let Some(minutes) = scene.view.operator.longest_session_minutes else { return };
    let left = Duration::from_secs(u64::from(minutes) * 60).saturating_sub(lasted);
    if left > LAST_MINUTES {
        ui.ctx().request_repaint_after(left - LAST_MINUTES);
        return;
    }
    // As many minutes as are not over: at the last one the operator says goodbye.
    let minutes = left.as_secs().div_ceil(60);
    ui.ctx().request_repaint_after(FIGURES);
    tag(ui, TagKind::Warn, &scene.i18n.text_with("console-time-left", &[("minutes", minutes.into())]));
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
        let short = if super::is_narrow(ui) { (index + 1).to_string() } else { name.clone() };
        let words = RichText::new(short).font(Weight::SemiBold.at(tokens.small_size)).color(ink);
        let fill = if shown { tokens.accent_soft } else { Color32::TRANSPARENT };
        let edge = if shown { tokens.accent } else { tokens.line };
        let choice = egui::Button::new(words).selected(shown).fill(fill).stroke(egui::Stroke::new(1.0, edge));
        let clicked = ui.scope(|ui| {
            ui.spacing_mut().button_padding = vec2(10.0, 3.0);
            ui.spacing_mut().interact_size.y = 28.0;
            ui.add(choice).accessible_name(name).clicked()
        });
        if clicked.inner && !shown {
            commands.push(ConsoleCommand::ShowMonitor(monitor.id));
        }
    }
}

/// From the right: what was measured, then how the session is carried.
fn figures_ui(ui: &mut Ui, scene: &Scene<'_>, session: &SessionView) {
    let tokens = theme::tokens(ui);
    ui.ctx().request_repaint_after(FIGURES);
    let small = |text: String, colour: Color32| RichText::new(text).font(Weight::Regular.at(13.0)).color(colour);
    if session.reconnecting {
        tag(ui, TagKind::Warn, &scene.i18n.text("console-reconnecting-short"));
        return;
    }
    let measured = session.round_trip.map(|trip| trip.as_millis().to_string());
    let delay = measured.as_ref().map(|ms| scene.i18n.text_with("console-round-trip", &[("ms", ms.into())]));
    // Only what changes is sent: no new pictures means that nothing moves.
    let still = session.pictures_per_s == 0 && session.pictures > 0;
    let rate = if still {
        scene.i18n.text("console-still")
    } else {
        scene.i18n.text_with("console-rate", &[("count", session.pictures_per_s.into())])
    };
    let link = session.link.to_uppercase();
    let spoken_delay = delay.clone().unwrap_or_else(|| scene.i18n.text("console-delay-unknown"));
    let mut args = vec![("delay", spoken_delay.into()), ("link", (&link).into())];
    let spoken = if still {
        scene.i18n.text_with("console-figures-still-name", &args)
    } else {
        args.push(("rate", session.pictures_per_s.into()));
        scene.i18n.text_with("console-figures-name", &args)
    };
    if session.state_of(Capability::View) == PowerState::Granted && !super::is_narrow(ui) {
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
    let narrow = super::is_narrow(ui);
    let margin = if narrow { Margin::symmetric(4, 6) } else { Margin::symmetric(8, 10) };
    let frame = Frame::new().fill(tokens.sunken).inner_margin(margin);
    let width = if narrow { 66.0 } else { 84.0 };
    Panel::left("session tools").exact_size(width).resizable(false).frame(frame).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = TOOL_GAP;
        let each = (ui.available_height() - END_GAP) / TOOLS as f32 - TOOL_GAP;
        let rail = Rail { scene, height: each.clamp(24.0, 56.0) };
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
        let files = [
            (Capability::SendFile, Icon::Send, "console-tool-send", "F3", Open::Send),
            (Capability::FetchFile, Icon::Fetch, "console-tool-fetch", "F4", Open::Fetch),
        ];
        for (capability, icon, name, key, panel) in files {
            let may = may_move(operator, session, capability);
            let on = state.files.open == Some(panel);
            let standing = Standing { on, may, needs: (!viewing).then_some(NEEDS_VIEW) };
            if operator.may(capability) && rail.tool(ui, icon, name, key, standing) {
                state.files.toggle(panel);
            }
        }
        if operator.may(Capability::SystemInfo) {
            let needs = (!viewing).then_some(NEEDS_VIEW);
            let standing = Standing { on: state.machine.open, may: may_read(operator, session), needs };
            if rail.tool(ui, Icon::Machine, "console-tool-machine", "F8", standing) {
                machine::toggle(session, scene, state, commands);
            }
        }
        let may = has_picture(session);
        let picture = |on| Standing { on, may, needs: (!may).then_some(NEEDS_PICTURE) };
        let one_to_one = picture(may && state.viewer.one_to_one);
        if rail.tool(ui, Icon::ActualSize, "console-tool-one-to-one", "F5", one_to_one) {
            state.viewer.one_to_one = !state.viewer.one_to_one;
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
const TOOLS: usize = 7;
/// Room between them, in points.
const TOOL_GAP: f32 = 4.0;
/// Room that parts the last one from the others at least, in points.
const END_GAP: f32 = 20.0;
/// Told of a tool that waits for the person to show the screen.
const NEEDS_VIEW: &str = "console-tool-needs-view";
/// Told of a tool that waits for a picture.
const NEEDS_PICTURE: &str = "console-tool-needs-picture";

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

/// The line under the remote screen that says where mouse and keyboard go.
fn hint_ui(ui: &mut Ui, scene: &Scene<'_>, session: &SessionView, state: &ScreenState) {
    let tokens = theme::tokens(ui);
    let controls = session.state_of(Capability::Control) == PowerState::Granted;
    let hovering = ui.input(|input| !input.raw.hovered_files.is_empty());
    let viewing = session.state_of(Capability::View) == PowerState::Granted;
    let operator = &scene.view.operator;
    let (id, strong) = if hovering && may_move(operator, session, Capability::SendFile) {
        ("console-drop", true)
    } else if !viewing {
        return;
    } else if session.reconnecting {
        ("console-reconnecting-input", true)
    } else if session.sharing_paused {
        return;
    } else if !operator.may(Capability::Control) {
        ("console-hint-only-viewing", false)
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

/// Over the upper edge of a picture that is not renewed for now: that, and that nothing is to be done.
fn reconnecting_ui(ui: &mut Ui, scene: &Scene<'_>, area: egui::Rect) {
    ui.painter().rect_filled(area, 0.0, Color32::from_black_alpha(150));
    let room = egui::Rect::from_center_size(
        area.center_top() + vec2(0.0, 30.0),
        vec2((area.width() - 24.0).clamp(80.0, 560.0), 36.0),
    );
    ui.scope_builder(egui::UiBuilder::new().max_rect(room), |ui| {
        ui.vertical_centered(|ui| tag(ui, TagKind::Warn, &scene.i18n.text("console-reconnecting")));
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
                let area = ui.available_rect_before_wrap();
                commands.extend(viewer::viewer_ui(ui, scene.i18n, &remote, (width, height), &mut state.viewer));
                if session.reconnecting {
                    reconnecting_ui(ui, scene, area);
                }
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
        PowerState::Granted if session.sharing_paused => "paused",
        PowerState::Granted => "first",
        PowerState::Refused(_) | PowerState::Revoked => "refused",
        PowerState::Asked => "asked",
        PowerState::Off if session.recognised => "asked",
        PowerState::Off => match session.step {
            None => "recognise",
            Some(Step::Terms) => "terms",
            Some(Step::Choosing) => "choosing",
        },
    };
    let title = scene.i18n.text(&format!("console-empty-{name}-title"));
    let without = name == "refused" && !scene.view.operator.may(Capability::Chat);
    let text = scene.i18n.text(&format!("console-empty-{name}-text{}", if without { "-no-chat" } else { "" }));
    let response = words_ui(ui, &title, &text);
    if name == "refused" && may_ask(&scene.view.operator, session, Capability::View) {
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
