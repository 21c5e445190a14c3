//! The remote screen on all of the operator's monitor, under a slim bar that tells what happens meanwhile. What is told
//! elsewhere does not count as seen here: see [`ScreenState::sees`].

use super::parts::{StripButton, danger_strip_button, strip_button, strong};
use super::session::{copied_words, figures_ui, hint, monitors_ui, time_left_ui};
use super::{Scene, ScreenState};
use crate::news::What;
use crate::words;
use console_core::view::{ConsoleCommand, SessionView};
use egui::{Align, Frame, Layout, Margin, Panel, RichText, Ui, ViewportCommand};
use std::time::Duration;
use ui_kit::fonts::Weight;
use ui_kit::{focus_chat, theme};

/// Height of the bar, in points.
const BAR: f32 = 34.0;

/// How long the bar tells a notice before it says again where mouse and keyboard go. The notice itself stays.
const TOLD: Duration = Duration::from_secs(12);

/// What the bar has told.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct BarState {
    /// The newest notice that was told, or was there before.
    last_notice: u64,
    /// Until when it is told, in seconds of the window's time.
    until_s: f64,
}

/// Fills the monitor with the window, or makes it a window again.
pub(super) fn toggle(ui: &Ui, state: &mut ScreenState) {
    state.full_screen = !state.full_screen;
    if state.full_screen {
        state.under = None;
        state.tabs.news_open = false;
    }
    ui.ctx().send_viewport_cmd(ViewportCommand::Fullscreen(state.full_screen));
}

/// A window again, if it was not one.
pub(super) fn leave(ui: &Ui, state: &mut ScreenState) {
    if state.full_screen {
        toggle(ui, state);
    }
}

/// Room between the way back and the end of the session, in points.
const FROM_END: f32 = 24.0;
/// Room for what was measured, in points.
const FIGURES_WIDTH: f32 = 240.0;
/// Room for what is new and for the monitors, in points.
const OTHERS_WIDTH: f32 = 160.0;

/// To the entry of the talk, which is in sight then.
pub(super) fn talk(ui: &Ui, state: &mut ScreenState) {
    leave(ui, state);
    focus_chat(ui.ctx());
}

/// To the notes.
pub(super) fn write_notes(ui: &Ui, state: &mut ScreenState) {
    leave(ui, state);
    state.notes.open();
}

/// To the list of what happened.
pub(super) fn list_news(ui: &Ui, state: &mut ScreenState) {
    leave(ui, state);
    state.open_news();
}

/// To what is new: the talk if the person wrote, else the column beside the screen, else the list of all sessions.
fn look(ui: &Ui, scene: &Scene<'_>, state: &mut ScreenState) {
    let mut here =
        scene.desk.news.iter().filter(|item| !item.is_seen && Some(item.line) == scene.desk.front).peekable();
    if here.peek().is_none() {
        list_news(ui, state);
    } else if here.any(|item| matches!(item.what, What::Chat(_))) {
        talk(ui, state);
    } else {
        leave(ui, state);
    }
}

/// Takes as told what the window shows without the bar.
pub(super) fn note_shown(scene: &Scene<'_>, state: &mut ScreenState) {
    state.bar = BarState { last_notice: newest_notice(scene), until_s: 0.0 };
}

fn newest_notice(scene: &Scene<'_>) -> u64 {
    scene.view.notices.iter().map(|notice| notice.id).max().unwrap_or_default()
}

/// The notice that came last, for a while.
fn told(ui: &Ui, scene: &Scene<'_>, state: &mut ScreenState) -> Option<String> {
    let now_s = ui.input(|input| input.time);
    let newest = newest_notice(scene);
    if newest > state.bar.last_notice {
        state.bar = BarState { last_notice: newest, until_s: now_s + TOLD.as_secs_f64() };
    }
    let left_s = state.bar.until_s - now_s;
    if left_s <= 0.0 {
        return None;
    }
    ui.ctx().request_repaint_after(Duration::from_secs_f64(left_s));
    let notice = scene.view.notices.iter().find(|notice| notice.id == state.bar.last_notice)?;
    Some(words::notice(scene.i18n, &notice.kind))
}

/// The bar: what is new and the way to it, the monitors, where mouse and keyboard go or what was told last, how the
/// session is carried, and the way back.
pub(super) fn bar_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    let tokens = theme::tokens(ui);
    let told = told(ui, scene, state);
    let frame = Frame::new().fill(tokens.sunken).inner_margin(Margin::symmetric(12, 0));
    Panel::top("full screen bar").exact_size(BAR).frame(frame).show(ui, |ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let i18n = scene.i18n;
            let narrow = super::is_narrow(ui);
            let button = |ui: &mut Ui, id: &str, keys: &str, draw: fn(&mut Ui, &StripButton<'_>) -> bool| {
                let name = i18n.text(id);
                let words = if narrow { i18n.text(&format!("{id}-short")) } else { name.clone() };
                let hover = if keys.is_empty() {
                    name.clone()
                } else {
                    i18n.text_with("console-tool-hover", &[("name", (&name).into()), ("keys", keys.into())])
                };
                draw(ui, &StripButton { words: &words, name: &name, hover: &hover, on: false, enabled: true })
            };
            if button(ui, "console-tool-end", "", danger_strip_button) {
                commands.push(ConsoleCommand::End);
            }
            // It asks nothing: who looks for the way back must not press it.
            ui.add_space(FROM_END);
            if button(ui, "console-full-screen-leave", "F11", strip_button) {
                leave(ui, state);
            }
            let copied = copied_words(state).map(|id| i18n.text(id));
            let hint = hint(ui, scene, session, state).map(|(id, strong)| (i18n.text(id), strong));
            let words = copied.or(told).map(|words| (words, true)).or(hint);
            // Where the person's computer has the keyboard, how to get it back is all that matters.
            let text = words.as_ref().map(|(words, _)| words.clone()).unwrap_or_default();
            let font = Weight::SemiBold.at(tokens.body_size);
            let needed = ui.painter().layout_no_wrap(text, font, tokens.ink).size().x;
            let unseen = scene.desk.unseen();
            let others = if unseen > 0 || session.layout.monitors.len() > 1 { OTHERS_WIDTH } else { 0.0 };
            if needed + others + FIGURES_WIDTH < ui.available_width() {
                figures_ui(ui, scene, session);
            }
            time_left_ui(ui, scene, session.since.elapsed().unwrap_or_default());
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                if unseen > 0 {
                    let words = i18n.text_with("console-news-count", &[("count", unseen.into())]);
                    let news = StripButton { words: &words, name: &words, hover: &words, on: true, enabled: true };
                    if strip_button(ui, &news) {
                        look(ui, scene, state);
                    }
                }
                monitors_ui(ui, scene, session, commands);
                match words {
                    Some((words, true)) => drop(strong(ui, &words)),
                    Some((words, false)) => {
                        let words = RichText::new(words).font(Weight::Regular.at(13.0)).color(tokens.ink_secondary);
                        ui.add(egui::Label::new(words).truncate());
                    }
                    None => {}
                }
            });
        });
    });
}
