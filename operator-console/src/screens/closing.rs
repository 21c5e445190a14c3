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
    let is_new = std::mem::replace(&mut state.closing, ClosingState::Asked) == ClosingState::Wanted;
    let asked = StripQuestion {
        id: "closing the window",
        words: question(scene.i18n, running),
        keep: scene.i18n.text("console-close-keep"),
        end: scene.i18n.text_with("console-close-end", &[("count", running.sessions.into())]),
    };
    match strip_question_ui(ui, &asked, is_new, !state.has_keyboard()) {
        Some(Answer::Keep) => state.closing = ClosingState::No,
        Some(Answer::End) => state.effects.push(Effect::CloseWindow),
        None => {}
    }
}

/// Whether something that runs is to end, asked in a strip over the page.
pub(super) struct StripQuestion {
    /// Of the strip.
    pub(super) id: &'static str,
    /// What would end.
    pub(super) words: String,
    /// The answer that ends nothing.
    pub(super) keep: String,
    /// The other one.
    pub(super) end: String,
}

/// What was answered.
pub(super) enum Answer {
    Keep,
    End,
}

/// The answer that ends nothing has the keyboard once the question `is_new`; Escape says the same, unless the keyboard
/// is the client's.
pub(super) fn strip_question_ui(ui: &mut Ui, asked: &StripQuestion, is_new: bool, may_escape: bool) -> Option<Answer> {
    let tokens = theme::tokens(ui);
    let frame = Frame::new().fill(tokens.warning_soft).inner_margin(Margin::symmetric(16, 6));
    let strip = Panel::top(asked.id).min_size(0.0).frame(frame).show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            small(ui, &asked.words);
            let keep = button(ui, &asked.keep);
            if is_new {
                keep.request_focus();
            }
            let ends = danger_button(ui, &asked.end).clicked();
            let escaped = may_escape && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
            match (ends, keep.clicked() || escaped) {
                (true, _) => Some(Answer::End),
                (false, true) => Some(Answer::Keep),
                (false, false) => None,
            }
        })
        .inner
    });
    strip.inner
}

fn question(i18n: &I18n, running: Running) -> String {
    let sessions = i18n.text_with("console-close-sessions", &[("count", running.sessions.into())]);
    if running.transfers == 0 {
        return sessions;
    }
    format!("{sessions} {}", i18n.text_with("console-close-transfers", &[("count", running.transfers.into())]))
}
