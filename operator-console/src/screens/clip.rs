//! The strip for what is copied and pasted between the two machines.

use super::parts::{StripButton, strip_button, strip_ui};
use super::session::may_move;
use super::side::Powers;
use super::{Effect, Scene, ScreenState};
use console_core::proto::clipboard::{ClipKind, ClipProblem};
use console_core::proto::session::Capability;
use console_core::view::{ClipState, ConsoleCommand, OperatorView, PowerState, SessionView};
use egui::Ui;
use ui_kit::{TagKind, tag};

/// Like files, the clipboard comes after the screen.
pub(super) fn may_exchange(operator: &OperatorView, session: &SessionView) -> bool {
    may_move(operator, session, Capability::Clipboard)
}

/// Puts the operator's clipboard on the person's.
pub(super) fn send(state: &mut ScreenState) {
    state.clip.open = true;
    state.clip.problem = None;
    state.effects.push(Effect::SendClipboard);
}

/// Takes the person's.
pub(super) fn fetch(state: &mut ScreenState, commands: &mut Vec<ConsoleCommand>) {
    state.clip.open = true;
    state.clip.problem = None;
    state.clip.was_away = false;
    commands.push(ConsoleCommand::FetchClipboard);
}

/// The strip, and what became of the last copy.
#[derive(Debug, Default)]
pub struct ClipPanel {
    /// Whether the strip is open.
    pub open: bool,
    /// Why the operator's own clipboard could not be read or filled.
    pub problem: Option<ClipProblem>,
    /// How many have come from the person's clipboard and were put on the operator's.
    pub put: u64,
    /// Whether the last of them was not put there: the operator was elsewhere in between.
    pub waits: bool,
    /// Whether the operator was in another tab or another window since they fetched: the moment in which it comes is the
    /// other end's choice, and they may have copied something of their own.
    pub was_away: bool,
}

impl ClipPanel {
    /// So many have come until now, for a tab that is in front; whether the last is to be put on the operator's
    /// clipboard at once.
    pub(crate) fn comes(&mut self, number: u64) -> bool {
        if number == 0 || std::mem::replace(&mut self.put, number) == number {
            return false;
        }
        self.waits = self.was_away;
        self.open |= self.waits;
        !self.waits
    }
}

/// The strip; nothing while it is closed.
pub(super) fn clip_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    session: &SessionView,
    state: &mut ScreenState,
    commands: &mut Vec<ConsoleCommand>,
) {
    if !may_exchange(&scene.view.operator, session) {
        state.clip.open = false;
    }
    if !state.clip.open {
        return;
    }
    let i18n = scene.i18n;
    let is_busy = matches!(session.clipboard.state, ClipState::Sending | ClipState::Fetching)
        || session.state_of(Capability::Clipboard) == PowerState::Asked;
    strip_ui(ui, "clipboard tools", |ui| {
        let worded = |ui: &mut Ui, words: &str, id: &str, keys: &str, enabled: bool| {
            let (words, name) = (i18n.text(words), i18n.text(id));
            let hover = i18n.text_with("console-tool-hover", &[("name", (&name).into()), ("keys", keys.into())]);
            strip_button(ui, &StripButton { words: &words, name: &name, hover: &hover, on: false, enabled })
        };
        let button = |ui: &mut Ui, id: &str, keys: &str, enabled: bool| worded(ui, id, id, keys, enabled);
        if button(ui, "console-clip-send", "Shift F3", !is_busy) {
            send(state);
        }
        if button(ui, "console-clip-fetch", "Shift F4", !is_busy) {
            fetch(state, commands);
        }
        if state.clip.waits {
            let name = i18n.text("console-clip-put");
            let words = StripButton { words: &name, name: &name, hover: &name, on: false, enabled: true };
            if strip_button(ui, &words) {
                state.effects.push(Effect::PutFetched);
            }
        }
        if worded(ui, "console-close-panel", "console-clip-close", "Shift F10", true) {
            state.clip.open = false;
        }
        let (kind, id) = match session.clipboard.state {
            ClipState::Fetched(_) if state.clip.waits => (TagKind::Accent, "console-clip-waits"),
            _ => standing(session, state.clip.problem),
        };
        tag(ui, kind, &i18n.text(id));
    });
}

/// What became of the last copy, in words.
fn standing(session: &SessionView, own: Option<ClipProblem>) -> (TagKind, &'static str) {
    if let Some(problem) = own {
        return (TagKind::Warn, problem_id(problem));
    }
    match (session.state_of(Capability::Clipboard), session.clipboard.state) {
        (PowerState::Asked, _) => (TagKind::Accent, "console-clip-asked"),
        (PowerState::Refused(_), ClipState::Idle) => (TagKind::Warn, "console-clip-refused"),
        (_, ClipState::Idle) => (TagKind::Accent, "console-clip-idle"),
        (_, ClipState::Sending) => (TagKind::Accent, "console-clip-sending"),
        (_, ClipState::Sent) => (TagKind::Ok, "console-clip-sent"),
        (_, ClipState::Fetching) => (TagKind::Accent, "console-clip-fetching"),
        (_, ClipState::Fetched(ClipKind::Text)) => (TagKind::Ok, "console-clip-fetched-text"),
        (_, ClipState::Fetched(ClipKind::Picture)) => (TagKind::Ok, "console-clip-fetched-picture"),
        (_, ClipState::NotSent(problem)) => (TagKind::Warn, problem_id(problem)),
        (_, ClipState::NotFetched(ClipProblem::Empty)) => (TagKind::Warn, "console-clip-theirs-empty"),
        (_, ClipState::NotFetched(problem)) => (TagKind::Warn, problem_id(problem)),
    }
}

const fn problem_id(problem: ClipProblem) -> &'static str {
    match problem {
        ClipProblem::Empty => "console-clip-empty",
        ClipProblem::TooLarge => "console-clip-too-large",
        ClipProblem::Secret => "console-clip-secret",
        ClipProblem::Unavailable | ClipProblem::Malformed => "console-clip-unavailable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_after_the_operator_was_elsewhere_waits_and_what_was_put_is_not_put_again() {
        let mut panel = ClipPanel::default();
        assert!(!panel.comes(0) && panel.comes(1), "in front, once it is here");
        assert!(!panel.comes(1));
        panel.was_away = true;
        assert!(!panel.comes(1) && !panel.waits, "nothing has come meanwhile");
        assert!(!panel.comes(2) && panel.waits && panel.open);
        panel.was_away = false;
        assert!(panel.comes(3) && !panel.waits, "fetched anew in front");
    }
}
