//! Before the window closes on what runs: what ends with it, and a word more.

use super::{Effect, Scene, ScreenState};
use crate::desk::DeskView;
use console_core::view::Stage;
use egui::{Frame, Key, Margin, Modifiers, Panel, Ui};
use i18n::I18n;
use ui_kit::{button, danger_button, small, theme};

/// What would end with the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Running {
    /// Sessions with a person.
    pub sessions: usize,
    /// Files on their way, or that wait for an answer.
    pub transfers: usize,
}

impl Running {
    /// What runs in any tab.
    #[must_use]
    pub fn in_desk(desk: &DeskView) -> Self {
        let mut running = Self::default();
        for tab in &desk.tabs {
            match &tab.view.stage {
                Stage::Session(session) => {
                    running.sessions += 1;
                    running.transfers += session.transfers.iter().filter(|transfer| !transfer.state.is_over()).count();
                }
                // Somebody has typed the key and waits for this.
                Stage::Joining => running.sessions += 1,
                Stage::Idle | Stage::Preparing | Stage::Waiting(_) | Stage::Ended(_) => {}
            }
        }
        running
    }

    /// Whether anything would.
    #[must_use]
    pub const fn is_any(self) -> bool {
        self.sessions > 0
    }
}

/// Where the question stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum ClosingState {
    /// Nobody wants to close the window.
    #[default]
    No,
    /// Somebody has just wanted to: the keyboard goes to the answer that ends nothing.
    Wanted,
    /// It is asked.
    Asked,
}

impl ClosingState {
    /// It is to be asked.
    pub(super) fn ask(&mut self) {
        *self = Self::Wanted;
    }
}

/// The question over the page, as long as there is something that would end.
pub(super) fn closing_ui(ui: &mut Ui, scene: &Scene<'_>, state: &mut ScreenState) {
    if state.closing == ClosingState::No {
        return;
    }
    let running = Running::in_desk(scene.desk);
    if !running.is_any() {
        // It is over by itself: what became of it is worth a look.
        state.closing = ClosingState::No;
        return;
    }
    let tokens = theme::tokens(ui);
    let frame = Frame::new().fill(tokens.warning_soft).inner_margin(Margin::symmetric(16, 6));
    Panel::top("closing the window").min_size(0.0).frame(frame).show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            small(ui, &question(scene.i18n, running));
            let keep = button(ui, &scene.i18n.text("console-close-keep"));
            if std::mem::replace(&mut state.closing, ClosingState::Asked) == ClosingState::Wanted {
                keep.request_focus();
            }
            let count = [("count", running.sessions.into())];
            if danger_button(ui, &scene.i18n.text_with("console-close-end", &count)).clicked() {
                state.effects.push(Effect::CloseWindow);
            }
            let may_escape = !state.has_keyboard();
            let escaped = may_escape && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
            if keep.clicked() || escaped {
                state.closing = ClosingState::No;
            }
        });
    });
}

fn question(i18n: &I18n, running: Running) -> String {
    let sessions = i18n.text_with("console-close-sessions", &[("count", running.sessions.into())]);
    if running.transfers == 0 {
        return sessions;
    }
    format!("{sessions} {}", i18n.text_with("console-close-transfers", &[("count", running.transfers.into())]))
}
