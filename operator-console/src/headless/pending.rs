//! Commands that are answered later: what each waits for, and what answers it; pure.

use super::answer::{Code, Done, Id, Problem};
use super::command::Goal;
use super::names;
use super::state::stage_name;
use console_core::proto::session::Capability;
use console_core::view::{ConsoleView, PowerState, SessionView, Stage, TransferState};
use std::time::Instant;

/// Most commands that wait for their answer.
pub(super) const MOST: usize = 64;

/// A command without its answer.
pub(super) struct Pending {
    pub(super) id: Option<Id>,
    pub(super) until: Option<Instant>,
    pub(super) kind: Kind,
}

/// What it waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The gate's word.
    SignIn,
    /// A key, or why there is none; begun once the engine has taken the command.
    NewKey { begun: bool },
    /// The key is withdrawn, or a session began before.
    CancelKey,
    /// The session is over.
    End,
    /// Whatever the caller waits for.
    Wait { goal: Goal, after: u64 },
}

impl Pending {
    /// What this view answers, after the one before it.
    pub(super) fn look(&mut self, view: &ConsoleView, before: Option<&ConsoleView>) -> Option<Result<Done, Problem>> {
        let stage = stage_name(&view.stage);
        let is_other = before.is_none_or(|before| stage_name(&before.stage) != stage);
        let done = Some(Ok(Done::Nothing {}));
        match &mut self.kind {
            Kind::SignIn => None,
            Kind::NewKey { begun } => match &view.stage {
                Stage::Preparing => {
                    *begun = true;
                    None
                }
                Stage::Idle if *begun => {
                    let mut problem = Problem::new(Code::NoKey, "there is no key");
                    problem.detail = newest_notice(view);
                    Some(Err(problem))
                }
                Stage::Waiting(_) => done,
                _ => None,
            },
            Kind::CancelKey => match &view.stage {
                Stage::Preparing | Stage::Waiting(_) | Stage::Joining => None,
                Stage::Idle => done,
                Stage::Session(_) | Stage::Ended(_) => {
                    Some(Err(Problem::new(Code::WrongStage, "the session had begun before the key was withdrawn")))
                }
            },
            Kind::End => {
                if matches!(view.stage, Stage::Session(_)) {
                    None
                } else {
                    done
                }
            }
            Kind::Wait { goal, after } => match reached(*goal, *after, view, before) {
                Some(result) => Some(result.map(|()| Done::Nothing {})),
                None if is_other && before.is_some() && !(*goal == Goal::Ended && stage == "ended") => over(view),
                None => None,
            },
        }
    }
}

fn newest_notice(view: &ConsoleView) -> Option<&'static str> {
    view.notices.last().map(|notice| names::notice(&notice.kind).0)
}

/// Whether it has come to what is waited for.
fn reached(goal: Goal, after: u64, view: &ConsoleView, before: Option<&ConsoleView>) -> Option<Result<(), Problem>> {
    let session = session(view);
    let is_reached = match goal {
        Goal::Joined => matches!(view.stage, Stage::Joining | Stage::Session(_)),
        Goal::Session => session.is_some(),
        Goal::Recognised => session.is_some_and(|session| session.recognised),
        Goal::Picture => session.is_some_and(|session| session.pictures > after),
        Goal::Transfers => session.is_some_and(|session| {
            let moves = |state| matches!(state, TransferState::Asked | TransferState::Running);
            !session.transfers.is_empty() && !session.transfers.iter().any(|transfer| moves(transfer.state))
        }),
        Goal::Ending => matches!(view.stage, Stage::Ended(_)),
        Goal::Ended => matches!(&view.stage, Stage::Ended(end) if !end.is_closing),
        Goal::Idle => matches!(view.stage, Stage::Idle),
        Goal::View => return decided(Capability::View, view, before),
        Goal::Control => return decided(Capability::Control, view, before),
    };
    is_reached.then_some(Ok(()))
}

/// What the person said to a question, if they said it now.
fn decided(capability: Capability, view: &ConsoleView, before: Option<&ConsoleView>) -> Option<Result<(), Problem>> {
    let state = power(session(view)?, capability);
    match state? {
        PowerState::Granted => Some(Ok(())),
        PowerState::Refused(decision) => {
            let before = before.and_then(session).and_then(|before| power(before, capability));
            (before != state).then(|| {
                let mut problem = Problem::new(Code::Refused, "it was not granted");
                problem.detail = Some(names::decision(decision));
                Err(problem)
            })
        }
        PowerState::Off | PowerState::Asked | PowerState::Revoked => None,
    }
}

/// What is waited for cannot come any more.
fn over(view: &ConsoleView) -> Option<Result<Done, Problem>> {
    let detail = match &view.stage {
        Stage::Ended(end) => Some(names::end_reason(end.reason)),
        Stage::Idle => newest_notice(view),
        Stage::Preparing | Stage::Waiting(_) | Stage::Joining | Stage::Session(_) => return None,
    };
    let mut problem = Problem::new(Code::SessionOver, "what is waited for cannot come any more");
    problem.detail = detail;
    Some(Err(problem))
}

pub(super) fn session(view: &ConsoleView) -> Option<&SessionView> {
    match &view.stage {
        Stage::Session(session) => Some(session),
        _ => None,
    }
}

pub(super) fn power(session: &SessionView, capability: Capability) -> Option<PowerState> {
    session.powers.iter().find(|power| power.capability == capability).map(|power| power.state)
}
