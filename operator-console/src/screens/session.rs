//! The page of a running session: the remote screen as large as it can be, tools and talk beside it.

use super::browser::{self, browser_ui};
use super::clip::{self, clip_ui, may_exchange};
use super::files::{self, Open, files_ui};
use super::full_screen;
use super::keys;
use super::machine::{self, machine_ui};
use super::marking::{self, may_mark};
use super::parts::strong;
use super::rail::rail_ui;
use super::shell::{self, shell_ui};
use super::side::{Powers, may_ask, side_ui};
use super::{Copied, Effect, Scene, ScreenState, Under};
use crate::viewer::marking::{Marking, Tool};
use crate::viewer::texture::Shown;
use crate::viewer::{self, Remote, Scaling, ViewerState};
use crate::words;
use console_core::proto::session::{Capability, Step};
use console_core::view::{ConsoleCommand, OperatorView, PowerState, SessionView};
use egui::{Align, CentralPanel, Color32, Event, Frame, Key, Layout, Margin, Modifiers, Panel, RichText, Ui, vec2};
use std::time::Duration;
use ui_kit::fonts::Weight;
use ui_kit::{TagKind, Tokens, mark, primary_button, tag, theme};

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
    take_dropped_files(ui, operator, session, state, commands);
    if ui.input(|input| input.pointer.any_pressed() || input.events.iter().any(is_press)) {
        // What was copied has been read.
        state.copied = state.copied.filter(|copied| *copied == Copied::Facts);
    }
    state.viewer.note_control(session.state_of(Capability::Control) == PowerState::Granted);
    if session.state_of(Capability::View) != PowerState::Granted {
        state.under = None;
    }
    shortcuts(ui, scene, session, state, commands);
    marking::follow_key(ui, session, state, commands);
    if !may_mark(operator, session) {
        // What stood there the client has taken away.
        state.viewer.marking = Marking::default();
    }
    if state.under.is_some() {
        // What was asked for is to be seen: in full screen there is nothing but the screen, and what is done on it.
        full_screen::leave(ui, state);
    }
    if state.full_screen {
        full_screen::bar_ui(ui, scene, session, state, commands);
    } else {
        full_screen::note_shown(scene, state);
        top_bar_ui(ui, scene, session, commands);
        rail_ui(ui, scene, session, state, commands);
        side_ui(ui, scene, session, state, commands);
    }
    if state.under != Some(Under::Terminal) {
        state.terminal.stop();
    }
    let is_screen_in_sight = match state.under {
        None => true,
        Some(Under::File(panel)) => {
            files_ui(ui, scene, panel, state, commands);
            true
        }
        Some(Under::Folders) => browser_ui(ui, scene, session, state, commands),
        Some(Under::Machine) => machine_ui(ui, scene, session, state, commands),
        Some(Under::Terminal) => shell_ui(ui, scene, session, state, commands),
    };
    if !is_screen_in_sight {
        // Nothing goes to the client meanwhile.
        commands.extend(state.viewer.stop());
        return;
    }
    if !state.full_screen {
        hint_ui(ui, scene, session, state);
    }
    clip_ui(ui, scene, session, state, commands);
    keys::strip_ui(ui, scene, session, state, commands);
    marking::strip_ui(ui, scene, session, state, commands);
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

/// Like files, commands come after the screen.
pub(super) fn may_enter(operator: &OperatorView, session: &SessionView) -> bool {
    may_move(operator, session, Capability::Shell)
}

pub(crate) fn has_picture(session: &SessionView) -> bool {
    session.pictures > 0 && session.state_of(Capability::View) == PowerState::Granted
}

fn is_press(event: &Event) -> bool {
    matches!(event, Event::Key { pressed: true, repeat: false, .. })
}

/// Whether the person lets the operator act.
pub(super) fn controls(session: &SessionView) -> bool {
    session.state_of(Capability::Control) == PowerState::Granted
}

/// Whether keys may be pressed at the client now.
pub(super) fn may_press(session: &SessionView, viewer: &ViewerState) -> bool {
    controls(session) && has_picture(session) && !session.reconnecting && !viewer.only_watches
}

/// The operator only watches, or acts again; what was down is lifted.
pub(super) fn watch(state: &mut ScreenState, commands: &mut Vec<ConsoleCommand>) {
    state.viewer.only_watches = !state.viewer.only_watches;
    commands.extend(state.viewer.stop());
}

/// Puts the picture that is shown on the operator's clipboard.
pub(super) fn copy_picture(session: &SessionView, state: &mut ScreenState) {
    state.effects.extend(session.monitor.map(Effect::CopyPicture));
}

/// Keys for the tools, unless the remote screen has the keyboard: then they are the client's.
fn shortcuts(
    ui: &Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    if state.has_keyboard() {
        return;
    }
    let operator = &scene.view.operator;
    let pressed: Vec<(Key, Modifiers)> = ui.input(|input| {
        let pressed = input.events.iter().filter_map(|event| match event {
            Event::Key { key, pressed: true, repeat: false, modifiers, .. } => Some((*key, *modifiers)),
            _ => None,
        });
        pressed.collect()
    });
    for (key, modifiers) in pressed {
        if may_mark(operator, session) && !ui.ctx().text_edit_focused() {
            marking::key(ui, session, state, (key, modifiers), commands);
        }
        if modifiers.shift_only() {
            match key {
                Key::F2 if controls(session) => watch(state, commands),
                Key::F5 if has_picture(session) => state.viewer.scaling = state.viewer.scaling.toggled(Scaling::Whole),
                Key::F6 if has_picture(session) => copy_picture(session, state),
                Key::F7 if scene.record().is_some() => full_screen::write_notes(ui, state),
                Key::F8 => full_screen::list_news(ui, state),
                Key::F11 => next_monitor(session, commands),
                Key::F10 if may_exchange(operator, session) => state.clip.open = !state.clip.open,
                Key::F3 if may_exchange(operator, session) => clip::send(state),
                Key::F4 if may_exchange(operator, session) => clip::fetch(state, commands),
                _ => {}
            }
        }
        if modifiers.command_only() && key == Key::O && browser::may_browse(scene, session) {
            browser::toggle(scene, session, state, commands);
        }
        if !modifiers.is_none() {
            continue;
        }
        match key {
            Key::F11 => full_screen::toggle(ui, state),
            Key::F12 if may_press(session, &state.viewer) => state.keys_open = !state.keys_open,
            Key::F2 if may_ask(operator, session, Capability::Control) => {
                commands.push(ConsoleCommand::Ask(Capability::Control));
            }
            Key::F3 if may_move(operator, session, Capability::SendFile) => files::toggle(state, Open::Send),
            Key::F4 if may_move(operator, session, Capability::FetchFile) => files::toggle(state, Open::Fetch),
            Key::F5 if has_picture(session) => state.viewer.scaling = state.viewer.scaling.toggled(Scaling::OneToOne),
            Key::F6 if has_picture(session) => commands.push(ConsoleCommand::SavePicture),
            Key::F8 if may_read(operator, session) => machine::toggle(session, scene, state, commands),
            Key::F10 if may_enter(operator, session) => shell::toggle(session, scene, state, commands),
            Key::F7 if operator.may(Capability::Chat) => full_screen::talk(ui, state),
            _ => {}
        }
    }
}

/// Shows the monitor after the one that is shown.
fn next_monitor(session: &SessionView, commands: &mut Vec<ConsoleCommand>) {
    let monitors = &session.layout.monitors;
    let here = monitors.iter().position(|monitor| session.monitor == Some(monitor.id));
    let next = here.map_or(0, |here| (here + 1) % monitors.len().max(1));
    let next = monitors.get(next).filter(|monitor| session.monitor != Some(monitor.id));
    commands.extend(next.map(|monitor| ConsoleCommand::ShowMonitor(monitor.id)));
}

fn take_dropped_files(
    ui: &Ui,
    operator: &OperatorView,
    session: &SessionView,
    state: &ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let dropped = ui.input(|input| input.raw.dropped_files.clone());
    if !may_move(operator, session, Capability::SendFile) {
        return;
    }
    let mut paths: Vec<_> = dropped.iter().map(|file| file.path().to_owned()).filter(|path| path.exists()).collect();
    match (paths.len(), paths.first()) {
        (0, _) => {}
        (1, Some(path)) if path.is_file() && state.under != Some(Under::Folders) => {
            commands.extend(paths.pop().map(ConsoleCommand::send_file));
        }
        _ => commands.push(browser::dropped(session, state, paths)),
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
            ui.scope(|ui| {
                ui.set_max_width((ui.available_width() * 0.3).min(280.0));
                strong(ui, &called(scene, session));
            });
            since_ui(ui, scene, session);
            monitors_ui(ui, scene, session, commands);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| figures_ui(ui, scene, session));
        });
    });
}

/// Whom the operator says it is, else which computer it is.
fn called(scene: &Scene<'_>, session: &SessionView) -> String {
    let name = scene.record().map_or("", |record| record.kept.name.as_str());
    words::person_or_computer(scene.i18n, name, &session.system)
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
    let words = RichText::new(words).font(Weight::Regular.at(13.0)).color(theme::tokens(ui).ink_secondary);
    ui.add(egui::Label::new(words).extend());
    time_left_ui(ui, scene, lasted);
}

/// From how much time on the end of the longest session is told.
const LAST_MINUTES: Duration = Duration::from_secs(10 * 60);

/// What is left of the longest session that the certificate allows, in its last minutes.
pub(super) fn time_left_ui(ui: &mut Ui, scene: &Scene<'_>, lasted: Duration) {
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

pub(super) fn monitors_ui(ui: &mut Ui, scene: &Scene<'_>, session: &SessionView, commands: &mut Vec<ConsoleCommand>) {
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
pub(super) fn figures_ui(ui: &mut Ui, scene: &Scene<'_>, session: &SessionView) {
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

/// The message that says where mouse and keyboard go, and whether it matters more than others.
pub(super) fn hint(
    ui: &Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &ScreenState,
) -> Option<(&'static str, bool)> {
    let controls = session.state_of(Capability::Control) == PowerState::Granted;
    let hovering = ui.input(|input| !input.raw.hovered_files.is_empty());
    let viewing = session.state_of(Capability::View) == PowerState::Granted;
    let operator = &scene.view.operator;
    Some(if hovering && may_move(operator, session, Capability::SendFile) {
        ("console-drop", true)
    } else if !viewing {
        return None;
    } else if session.reconnecting {
        ("console-reconnecting-input", true)
    } else if session.sharing_paused {
        return None;
    } else if let Some(tool) = state.viewer.marking.tool() {
        (if tool == Tool::Pointer { "console-hint-pointer" } else { "console-hint-draw" }, true)
    } else if !operator.may(Capability::Control) {
        ("console-hint-only-viewing", false)
    } else if !controls {
        ("console-hint-view-only", false)
    } else if state.viewer.only_watches {
        ("console-hint-watching", true)
    } else if session.input_paused {
        ("console-hint-paused", true)
    } else if state.viewer.is_capturing() {
        ("console-hint-focused", true)
    } else {
        ("console-hint-click", false)
    })
}

/// The message that says what became of a picture that was to be copied, until the next press.
pub(super) fn copied_words(state: &ScreenState) -> Option<&'static str> {
    match state.copied {
        Some(Copied::Picture) => Some("console-picture-copied"),
        Some(Copied::Failed) => Some("console-machine-not-copied"),
        _ => None,
    }
}

/// The line under the remote screen that says where mouse and keyboard go.
fn hint_ui(ui: &mut Ui, scene: &Scene<'_>, session: &SessionView, state: &ScreenState) {
    let tokens = theme::tokens(ui);
    let copied = copied_words(state).map(|id| (id, true));
    let Some((id, strong)) = copied.or_else(|| hint(ui, scene, session, state)) else { return };
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
    // In a pause nothing is shown, whatever came before.
    if view == PowerState::Granted
        && !session.sharing_paused
        && let Some(monitor) = session.monitor
    {
        let control = controls(session) && !session.reconnecting && !state.viewer.only_watches;
        let percent = session.layout.monitor(monitor).map_or(100, |monitor| monitor.scale_percent);
        let remote = Remote {
            pictures: scene.pictures,
            monitor,
            control,
            paused: session.input_paused,
            marks_seen: session.marks_seen,
            scale: f32::from(percent) / 100.0,
        };
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
        PowerState::Refused(_) | PowerState::Revoked | PowerState::Over(_) => "refused",
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
