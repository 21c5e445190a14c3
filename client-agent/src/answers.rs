//! Which answers count: what gives somebody a power must come from a person's own mouse or keyboard.
//!
//! Whoever has a shell on this machine can press in this window, or ask its controls through the
//! accessibility tree. What takes a power away counts whoever did it, and at once.

use crate::screens::{ScreenState, Shown};
use agent_core::origin::{Doubt, Means, Origin, Verdict};
use agent_core::view::{AgentCommand, AgentView};
use egui::{Context, Event, Pos2};
use std::time::{Duration, Instant};

/// For so long after the window was moved a click is not taken: it was aimed at something else.
const MOVED: Duration = Duration::from_millis(700);

/// Why an answer was not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No mouse and no keyboard was pressed.
    NotPressed,
    /// A program pressed a moment ago, or may have chosen what the key pressed.
    ProgramPressed,
    /// A program has put the pointer there.
    ProgramPointed,
    /// The window has only just come to where it is.
    WindowMoved,
    /// Nobody can tell any more.
    Blind,
}

impl Refusal {
    /// The message that says so; with `-do` after it, what to do.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::NotPressed => "refused-not-pressed",
            Self::ProgramPressed => "refused-program-pressed",
            Self::ProgramPointed => "refused-program-pointed",
            Self::WindowMoved => "refused-window-moved",
            Self::Blind => "refused-blind",
        }
    }
}

impl From<Doubt> for Refusal {
    fn from(doubt: Doubt) -> Self {
        match doubt {
            Doubt::NotPressed => Self::NotPressed,
            Doubt::ProgramPressed => Self::ProgramPressed,
            Doubt::ProgramPointed => Self::ProgramPointed,
            Doubt::Blind => Self::Blind,
        }
    }
}

/// Whether this command gives somebody a power, or lets them ask for one.
#[must_use]
pub const fn gives(command: &AgentCommand) -> bool {
    // Every command is named, so that a new one is thought about.
    match command {
        AgentCommand::RecogniseOperator(yes) | AgentCommand::AcceptTerms(yes) | AgentCommand::Answer(_, yes) => *yes,
        // A rating gives no power, but it is the person's word.
        AgentCommand::AllowAsking(_)
        // So is a word about files that are there already.
        | AgentCommand::Choose(..)
        | AgentCommand::Share(_)
        | AgentCommand::Resume
        | AgentCommand::KeepShare
        | AgentCommand::Rate { .. } => true,
        AgentCommand::SubmitKey(_)
        | AgentCommand::SubmitDomain(_)
        | AgentCommand::TryAgain
        | AgentCommand::QuestionShown(_)
        | AgentCommand::Revoke(_)
        | AgentCommand::StopTransfer(_)
        | AgentCommand::SendChat(_)
        | AgentCommand::SaveLog(_)
        | AgentCommand::ChangeShare
        | AgentCommand::Pause
        | AgentCommand::ShareGone
        | AgentCommand::SkipRating
        | AgentCommand::ReportScam
        | AgentCommand::End
        | AgentCommand::Quit
        | AgentCommand::NewKey => false,
    }
}

/// Watches over what is pressed in one window.
pub struct Answers {
    origin: Box<dyn Origin>,
    /// What is on the screen, and since when; anew after each refusal.
    stands: Option<(Shown, Instant)>,
    place: Option<Pos2>,
    moved: Option<Instant>,
    /// When a program asked for something through the accessibility tree.
    asked: Option<Instant>,
    now: Pressed,
}

/// What is pressed in this pass.
#[derive(Debug, Clone, Copy, Default)]
struct Pressed {
    button: bool,
    key: bool,
    by_request: bool,
}

impl Answers {
    /// For one window.
    #[must_use]
    pub fn new(origin: Box<dyn Origin>) -> Self {
        Self { origin, stands: None, place: None, moved: None, asked: None, now: Pressed::default() }
    }

    /// Looks at what is pressed in this pass; before anything is drawn.
    pub fn begin(&mut self, ctx: &Context, view: &AgentView) {
        let now = Instant::now();
        let shown = Shown::of(view);
        if self.stands.is_none_or(|(before, _)| before != shown) {
            self.stands = Some((shown, now));
        }
        self.now = ctx.input(|input| Pressed {
            button: input.pointer.any_released(),
            key: input.events.iter().any(|event| matches!(event, Event::Key { .. })),
            by_request: input.events.iter().any(|event| matches!(event, Event::AccessKitActionRequest(_))),
        });
        if self.now.by_request {
            self.asked = Some(now);
        }
        let place = ctx.input(|input| input.viewport().outer_rect.map(|rect| rect.min));
        if let Some(before) = std::mem::replace(&mut self.place, place)
            && place.is_some_and(|place| place.distance(before) > 0.5)
        {
            self.moved = Some(now);
        }
    }

    /// The commands that count. What does not is noted in `state`, which the screen then says.
    pub fn count(&mut self, commands: Vec<AgentCommand>, state: &mut ScreenState) -> Vec<AgentCommand> {
        commands.into_iter().filter(|command| !gives(command) || self.counts(state)).collect()
    }

    /// What is chosen to be shared is a person's choice as well: one that is not is taken back.
    pub fn heed_choice(&mut self, state: &mut ScreenState) {
        if let Some(before) = state.take_choice()
            && !self.counts(state)
        {
            state.choose(before);
        }
    }

    fn counts(&mut self, state: &mut ScreenState) -> bool {
        match self.judge(Instant::now()) {
            Ok(()) => {
                state.refusal = None;
                true
            }
            Err(refusal) => {
                tracing::warn!(?refusal, "an answer was not counted");
                // A key that comes next finds the safe answer under the focus.
                self.stands = self.stands.map(|(shown, _)| (shown, Instant::now()));
                state.refuse(refusal);
                false
            }
        }
    }

    fn judge(&mut self, now: Instant) -> Result<(), Refusal> {
        let since = self.stands.map_or(now, |(_, since)| since);
        // A program may have moved the focus to the yes long before the key.
        let was_asked = self.now.key && self.asked.is_some_and(|asked| asked >= since);
        if self.now.by_request || was_asked || !(self.now.button || self.now.key) {
            return Err(Refusal::NotPressed);
        }
        if self.now.button && self.moved.is_some_and(|moved| now.saturating_duration_since(moved) < MOVED) {
            return Err(Refusal::WindowMoved);
        }
        for (means, is_pressed) in [(Means::Pointer, self.now.button), (Means::Keyboard, self.now.key)] {
            if is_pressed && let Verdict::Refused(doubt) = self.origin.verdict(means, since) {
                return Err(doubt.into());
            }
        }
        Ok(())
    }
}
